//! The section of the settings about the web server.

use std::net::SocketAddr;
use std::time::Duration;

use serde::Deserialize;
use url::Url;

use super::read::{empty_is_none, is_origin, no_origin, seconds};

/// `[http]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {
    /// TCP address of everything but media.
    pub listen: SocketAddr,
    /// Scheme and authority that the world uses; `None`: as each request says.
    #[serde(deserialize_with = "empty_is_none")]
    pub public_url: Option<Url>,
    /// Whether X-Forwarded-For and X-Forwarded-Proto are believed.
    pub trust_proxy: bool,
    /// Longest time for one request.
    #[serde(rename = "request_timeout_s", deserialize_with = "seconds")]
    pub request_timeout: Duration,
    /// Longest time for open requests at the end.
    #[serde(rename = "shutdown_s", deserialize_with = "seconds")]
    pub shutdown: Duration,
}

impl Http {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self.public_url.as_ref().filter(|url| !is_origin(url)) {
            Some(url) => Err(("http.public_url", no_origin(url))),
            None => Ok(()),
        }
    }
}
