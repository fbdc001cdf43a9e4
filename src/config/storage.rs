//! The sections of the settings about recordings and where they are kept.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

/// `[recording]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Whether anything is recorded.
    pub enabled: bool,
    /// Days of replay; 0: for ever.
    pub retention_days: u32,
    /// The program for pictures and sound that the server cannot work on itself; empty: none.
    pub ffmpeg: String,
    /// Whether replays get sound for players without Opus.
    pub aac: bool,
}

/// `[storage]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// Where recordings go when they are finished; `None`: they stay in the data folder.
    #[serde(deserialize_with = "super::read::empty_is_no_text")]
    pub bucket: Option<String>,
    /// Of the store; `None`: Amazon's own.
    #[serde(deserialize_with = "super::read::empty_is_none")]
    pub endpoint: Option<Url>,
    /// As the store calls it.
    pub region: String,
    /// Who we are for the store.
    pub access_key_id: SecretString,
    /// How we prove it.
    pub secret_access_key: SecretString,
    /// What the names of our objects begin with.
    pub prefix: String,
    /// How viewers get what is in the store.
    pub delivery: Delivery,
    /// Memory for what is asked for again and again.
    pub cache_mb: u32,
}

/// How viewers get what is in the store.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Delivery {
    /// Through this server.
    Server,
    /// From the store itself, by an address that is good for some minutes.
    Redirect,
}

impl Recording {
    /// The rules that types cannot say.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.retention_days > 36_500 {
            let message = "more than a century; 0 keeps replays for ever";
            return Err(("recording.retention_days", message.into()));
        }
        Ok(())
    }
}

impl Storage {
    /// Whether recordings go into a store.
    #[must_use]
    pub fn is_on(&self) -> bool {
        self.bucket.is_some()
    }

    /// Where players are sent for what is in the store, for pages that have to allow it; `None`: nowhere.
    #[must_use]
    pub fn redirects_to(&self) -> Option<String> {
        let is_redirecting = self.is_on() && self.delivery == Delivery::Redirect;
        is_redirecting.then(|| match &self.endpoint {
            Some(url) => url.origin().ascii_serialization(),
            None => format!("https://s3.{}.amazonaws.com", self.region),
        })
    }

    /// The rules that types cannot say.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if let Some(url) = &self.endpoint
            && (!matches!(url.scheme(), "http" | "https") || url.query().is_some())
        {
            return Err(("storage.endpoint", format!("{url} is not a plain web address")));
        }
        let (id, secret) = (&self.access_key_id, &self.secret_access_key);
        if id.expose_secret().is_empty() != secret.expose_secret().is_empty() {
            let message =
                "access_key_id and secret_access_key go together; without both, the machine's own role is used";
            return Err(("storage.secret_access_key", message.into()));
        }
        if self.is_on() && self.region.is_empty() {
            let message = "needs a name; stores that have no regions take \"us-east-1\"";
            return Err(("storage.region", message.into()));
        }
        if self.prefix.starts_with('/') || self.prefix.split('/').any(|part| part == "..") {
            return Err(("storage.prefix", "is a path inside the bucket, like \"lectern\"".into()));
        }
        Ok(())
    }
}
