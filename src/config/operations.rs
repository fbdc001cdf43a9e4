//! The sections of the settings for those who look after a server.

use secrecy::SecretString;
use serde::Deserialize;
use tracing_subscriber::EnvFilter;
use url::Url;

/// `[metrics]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// What Prometheus shows; empty: only near callers are answered.
    pub token: SecretString,
}

/// `[traces]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Traces {
    /// Where traces are sent; `None`: nowhere.
    #[serde(deserialize_with = "super::read::empty_is_none")]
    pub endpoint: Option<Url>,
    /// What this server is called there.
    pub service: String,
    /// Which share of requests is traced, 0 to 1.
    pub sample: f64,
}

impl Traces {
    /// The rules that types cannot say.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if !(0.0..=1.0).contains(&self.sample) {
            return Err(("traces.sample", "must be 0 to 1".into()));
        }
        if let Some(url) = self
            .endpoint
            .as_ref()
            .filter(|url| !matches!(url.scheme(), "http" | "https"))
        {
            return Err(("traces.endpoint", format!("{url} is not a web address")));
        }
        Ok(())
    }
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Filter in `tracing`'s syntax.
    pub level: String,
    /// For people or for machines.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line per event.
    Text,
    /// One JSON object per line.
    Json,
}

impl Log {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let filter = EnvFilter::try_new(&self.level).map(drop);
        filter.map_err(|error| ("log.level", format!("{error}")))
    }
}
