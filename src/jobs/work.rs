//! One job in the hands of its handler.

use serde::de::DeserializeOwned;

use super::{Job, store};
use crate::db::{Db, Ts};
use crate::error::Result;

/// A job that this server has claimed.
#[derive(Clone, Debug)]
pub struct Work {
    /// What is to be done.
    pub job: Job,
    db: Db,
}

/// Why a job is not done.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// It may work later.
    #[error("{0:#}")]
    Again(anyhow::Error),
    /// It never will.
    #[error("{0:#}")]
    Hopeless(anyhow::Error),
    /// It may have happened, so it must not be tried again by itself.
    #[error("it may have happened, so it is not tried again by itself: {0:#}")]
    Unsure(anyhow::Error),
}

impl Work {
    pub(super) fn new(job: Job, db: Db) -> Work {
        Work { job, db }
    }

    /// What is to be done, in the handler's own words.
    ///
    /// # Errors
    /// Something that another version of this server wrote: hopeless.
    pub fn payload<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        serde_json::from_str(&self.job.payload)
            .map_err(|error| Failure::Hopeless(anyhow::Error::new(error).context("its payload cannot be read")))
    }

    /// Announces that something outside may happen from now on that must not happen twice. When this server dies
    /// after it, the job is given up, not repeated.
    ///
    /// # Errors
    /// The claim is lost: somebody else has the job, and nothing must be done.
    pub async fn begin(&self) -> Result<(), Failure> {
        if store::mark_begun(&self.db, &self.job, Some(Ts::now())).await? {
            return Ok(());
        }
        Err(Failure::Again(anyhow::anyhow!(
            "another server has taken this job over"
        )))
    }

    /// Takes [`Work::begin`] back: it is known that nothing happened, so it may be tried again.
    ///
    /// # Errors
    /// The database's own; then it will not be tried again.
    pub async fn take_back(&self) -> Result<(), Failure> {
        store::mark_begun(&self.db, &self.job, None).await?;
        Ok(())
    }
}
