//! The section of the settings about HTTPS.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Deserialize;
use url::Url;

/// `[tls]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// PEM file with the certificate and those between it and the root; empty: none.
    pub certificate: PathBuf,
    /// PEM file with its private key.
    pub key: PathBuf,
    /// Names for which certificates are got; empty: none.
    pub acme_domains: Vec<String>,
    /// Who is told when something is wrong with them.
    pub acme_email: String,
    /// Where they are got.
    pub acme_directory: Url,
    /// PEM file with the root of that place's own certificate; empty: the usual roots.
    pub acme_root: PathBuf,
    /// Where plain HTTP is sent on to HTTPS.
    #[serde(deserialize_with = "super::read::empty_is_no_address")]
    pub redirect_listen: Option<SocketAddr>,
}

impl Tls {
    /// Whether this server itself speaks HTTPS.
    #[must_use]
    pub fn is_on(&self) -> bool {
        !self.certificate.as_os_str().is_empty() || !self.acme_domains.is_empty()
    }

    /// The rules that types cannot say.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let has_certificate = !self.certificate.as_os_str().is_empty();
        if has_certificate && !self.acme_domains.is_empty() {
            let message = "certificates are either given (tls.certificate) or got";
            return Err(("tls.acme_domains", message.into()));
        }
        if has_certificate == self.key.as_os_str().is_empty() {
            return Err(("tls.key", "and tls.certificate belong together".into()));
        }
        let is_name = |name: &String| {
            let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
            !name.is_empty() && name.chars().all(is_plain)
        };
        if let Some(name) = self.acme_domains.iter().find(|name| !is_name(name)) {
            return Err(("tls.acme_domains", format!("{name:?} is no domain name")));
        }
        if self.acme_directory.scheme() != "https" {
            return Err((
                "tls.acme_directory",
                format!("{} is not encrypted", self.acme_directory),
            ));
        }
        if self.redirect_listen.is_some() && !self.is_on() {
            let message = "there is no HTTPS to send anybody to: set tls.certificate or tls.acme_domains";
            return Err(("tls.redirect_listen", message.into()));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn what_cannot_work_is_refused() {
        let cases = [
            ("certificate = \"a.pem\"", "tls.key"),
            ("key = \"a.pem\"", "tls.key"),
            (
                "certificate = \"a\"\nkey = \"b\"\nacme_domains = [\"x.example\"]",
                "tls.acme_domains",
            ),
            ("acme_domains = [\"https://x.example\"]", "tls.acme_domains"),
            (
                "acme_domains = [\"x.example\"]\nacme_directory = \"http://x.example\"",
                "tls.acme_directory",
            ),
            ("redirect_listen = \"0.0.0.0:80\"", "tls.redirect_listen"),
            ("redirect_listen = \"80\"", "tls.redirect_listen"),
        ];
        for (toml, key) in cases {
            let error = Config::from_toml(&format!("[tls]\n{toml}"))
                .expect_err(toml)
                .to_string();
            assert!(error.contains(key), "{toml}: {error}");
        }
    }
}
