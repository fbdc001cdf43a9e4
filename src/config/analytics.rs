//! The section of the settings about how sessions are watched.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

/// `[analytics]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Analytics {
    /// Where events are sent.
    #[serde(deserialize_with = "super::read::empty_is_none")]
    pub webhook_url: Option<Url>,
    /// What they are signed with.
    pub webhook_secret: SecretString,
    /// Days that visits and events are kept; 0: for ever.
    pub retention_days: u32,
}

impl Analytics {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let Some(url) = &self.webhook_url else { return Ok(()) };
        if !matches!(url.scheme(), "http" | "https") {
            return Err(("analytics.webhook_url", format!("{url} is no web address")));
        }
        if self.webhook_secret.expose_secret().len() < 16 {
            return Err((
                "analytics.webhook_secret",
                "must have 16 characters or more, since webhook_url is set".into(),
            ));
        }
        Ok(())
    }
}
