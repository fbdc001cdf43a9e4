//! The sections of the settings about work that is done later.

use std::time::Duration;

use serde::Deserialize;

/// `[jobs]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// How long a job is claimed for before its claim must be renewed.
    #[serde(rename = "lease_s", deserialize_with = "super::seconds")]
    pub lease: Duration,
}

impl Jobs {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self.lease.as_secs() {
            3..=3600 => Ok(()),
            _ => Err(("jobs.lease_s", "must be 3 to 3600".into())),
        }
    }
}
