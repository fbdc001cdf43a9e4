//! The end of a recording: its media is deleted, and nothing is left to replay.

use std::io::ErrorKind;

use uuid::Uuid;

use super::folder;
use crate::App;
use crate::error::{Error, Result};
use crate::sessions;

/// Deletes the media of a session; one that is deleted stays so. First the media, then the note that there is none: a
/// server that ends in between does it again.
///
/// # Errors
/// The disk's and the database's own.
pub async fn remove(app: &App, session: Uuid) -> Result<()> {
    let folder = folder(app, session);
    match tokio::fs::remove_dir_all(&folder).await {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            let what = format!("{} cannot be removed", folder.display());
            return Err(Error::Internal(anyhow::Error::new(error).context(what)));
        }
        _ => {}
    }
    sessions::set_recording_available(app, session, false).await?;
    tracing::info!(%session, "the media of a recording is deleted");
    Ok(())
}
