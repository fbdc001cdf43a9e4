//! Work that goes on to its end, whoever waits for it.

use tracing::Instrument;

use crate::error::{Error, Result};

/// Runs `work` as a task of its own: a request's work is dropped when its client goes away; this is not.
///
/// # Errors
/// Those of `work`; 500 if it panicked.
pub async fn to_its_end<T: Send + 'static>(work: impl Future<Output = Result<T>> + Send + 'static) -> Result<T> {
    let task = tokio::spawn(work.in_current_span());
    task.await.map_err(|error| Error::Internal(error.into()))?
}
