//! The sections of the settings about where everything is kept.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// `[data]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Data {
    /// Folder of everything that must survive a restart.
    pub dir: PathBuf,
}

/// `[database]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// PostgreSQL's address with its password, or empty for SQLite in the data folder.
    pub url: SecretString,
}

impl Data {
    /// The folder of one recording per session.
    #[must_use]
    pub fn recordings(&self) -> PathBuf {
        self.dir.join("recordings")
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self.dir.as_os_str().is_empty() {
            true => Err(("data.dir", "needs the name of a folder".into())),
            false => Ok(()),
        }
    }
}

impl Database {
    /// PostgreSQL's address; `None`: SQLite in the data folder.
    #[must_use]
    pub fn postgres_url(&self) -> Option<&str> {
        Some(self.url.expose_secret()).filter(|url| !url.is_empty())
    }

    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self.postgres_url().is_none_or(is_postgres) {
            true => Ok(()),
            false => Err((
                "database.url",
                "is neither empty (SQLite) nor a \"postgres://…\" address".into(),
            )),
        }
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
}
