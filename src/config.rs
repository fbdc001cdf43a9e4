//! The settings: `config.toml`, the environment, and clear words when one of them is wrong.
//!
//! The `config.toml` in the repository's root is compiled in and *is* the table of defaults, so a key without a
//! documented default does not exist. Later sources win: defaults, the operator's file, `LECTERN_SECTION__KEY`.

use std::fmt;
use std::path::Path;

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::Dict;
use serde::Deserialize;
use serde::de::DeserializeOwned;

mod analytics;
mod changes;
mod conversation;
mod data;
mod embedding;
mod environment;
mod http;
mod limits;
mod media;
mod operations;
mod people;
mod read;
mod storage;
mod tls;
mod unknown;
mod work;

pub use analytics::Analytics;
pub use conversation::Conversation;
pub use data::{Data, Database};
pub use embedding::Embedding;
pub use http::Http;
pub use limits::Limits;
pub use media::{IceServer, Media, TcpListen};
pub use operations::{Log, LogFormat, Metrics, Traces};
pub use people::{Access, Accounts, AppleKey, OidcProvider, Sessions, Tokens};
pub use storage::{Delivery, Recording, Storage};
pub use tls::Tls;
pub use work::{Catalogue, Jobs, Mail, MailTls, Push, Sms};

use unknown::{describe_source, describe_unknown, find_unknown, source_of};

/// The documented defaults, word for word.
pub const DEFAULTS: &str = include_str!("../config.toml");

/// The file that is read when none is named and it is there.
pub const DEFAULT_FILE: &str = "config.toml";

/// All settings, checked. One field per section of `config.toml`, which says what each key means.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// `[http]`
    pub http: Http,
    /// `[tls]`
    pub tls: Tls,
    /// `[media]`
    pub media: Media,
    /// `[data]`
    pub data: Data,
    /// `[database]`
    pub database: Database,
    /// `[recording]`
    pub recording: Recording,
    /// `[storage]`
    pub storage: Storage,
    /// `[accounts]`
    pub accounts: Accounts,
    /// `[limits]`
    pub limits: Limits,
    /// `[sessions]`
    pub sessions: Sessions,
    /// `[access]`
    pub access: Access,
    /// `[tokens]`
    pub tokens: Tokens,
    /// `[analytics]`
    pub analytics: Analytics,
    /// `[conversation]`
    pub conversation: Conversation,
    /// `[jobs]`
    pub jobs: Jobs,
    /// `[embedding]`
    pub embedding: Embedding,
    /// `[mail]`
    pub mail: Mail,
    /// `[push]`
    pub push: Push,
    /// `[sms]`
    pub sms: Sms,
    /// `[catalogue]`
    pub catalogue: Catalogue,
    /// `[log]`
    pub log: Log,
    /// `[metrics]`
    pub metrics: Metrics,
    /// `[traces]`
    pub traces: Traces,
    /// Where all of it came from.
    #[serde(skip)]
    sources: changes::Sources,
}

/// Everything that is wrong with the settings, one line each: the key, what is wrong, where it was set.
#[derive(Debug, thiserror::Error)]
pub struct ConfigError(Vec<String>);

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the settings are not right")?;
        self.0.iter().try_for_each(|line| write!(f, "\n  {line}"))
    }
}

impl Config {
    /// Reads the settings: defaults, then `file` (or `config.toml` if it is there), then the environment.
    ///
    /// # Errors
    /// All unknown keys at once, each with the nearest known one; otherwise the first value that does not fit.
    pub fn load(file: Option<&Path>) -> Result<Config, ConfigError> {
        let figment = match file {
            Some(path) if !path.is_file() => {
                return Err(ConfigError(vec![format!(
                    "--config: there is no file {}",
                    path.display()
                )]));
            }
            Some(path) => Figment::new().merge(Toml::file_exact(path)),
            None if Path::new(DEFAULT_FILE).is_file() => Figment::new().merge(Toml::file_exact(DEFAULT_FILE)),
            None => Figment::new(),
        };
        Config::from_sources(environment::over(figment, &defaults()?, environment::variables()?))
    }

    /// The defaults with a TOML text over them; for tests and for tools that embed the server.
    ///
    /// # Errors
    /// As [`Config::load`].
    pub fn from_toml(text: &str) -> Result<Config, ConfigError> {
        Config::from_sources(Figment::new().merge(Toml::string(text)))
    }

    fn from_sources(operator: Figment) -> Result<Config, ConfigError> {
        let defaults = defaults()?;
        let given: Dict = extract(&operator)?;
        let mut unknown = Vec::new();
        find_unknown(&given, &defaults, &mut Vec::new(), &mut |path, near| {
            unknown.push(describe_unknown(&operator, path, near));
        });
        if !unknown.is_empty() {
            return Err(ConfigError(unknown));
        }
        let merged = Figment::from(Toml::string(DEFAULTS)).merge(operator);
        Config::from_merged(merged)
    }

    fn from_merged(merged: Figment) -> Result<Config, ConfigError> {
        let mut config: Config = extract(&merged)?;
        config.check().map_err(|(key, message)| {
            let source = source_of(&merged, key).unwrap_or_default();
            ConfigError(vec![format!("{key}: {message}{source}")])
        })?;
        config.sources = changes::Sources(merged);
        Ok(config)
    }

    /// Whether browsers talk to this server encrypted, by itself or by the proxy in front of it.
    #[must_use]
    pub fn is_https(&self) -> bool {
        let public_url = self.http.public_url.as_ref();
        self.tls.is_on() || public_url.is_some_and(|url| url.scheme() == "https")
    }

    /// The rules that types cannot say.
    fn check(&self) -> Result<(), (&'static str, String)> {
        self.http.check()?;
        self.tls.check()?;
        self.media.check()?;
        self.recording.check()?;
        self.storage.check()?;
        self.data.check()?;
        self.database.check()?;
        self.tokens.check()?;
        self.accounts.check()?;
        self.limits.check()?;
        self.embedding.check()?;
        self.traces.check()?;
        self.analytics.check()?;
        self.conversation.check()?;
        self.jobs.check()?;
        self.mail.check()?;
        self.sms.check()?;
        self.log.check()
    }
}

fn defaults() -> Result<Dict, ConfigError> {
    extract(&Figment::from(Toml::string(DEFAULTS)))
}

fn extract<T: DeserializeOwned>(figment: &Figment) -> Result<T, ConfigError> {
    figment.extract().map_err(|errors| {
        let lines = errors.into_iter().map(|error| {
            let key = error.path.join(".");
            let source = error.metadata.as_ref().map(describe_source).unwrap_or_default();
            let key = if key.is_empty() {
                String::new()
            } else {
                format!("{key}: ")
            };
            format!("{key}{}{source}", error.kind)
        });
        ConfigError(lines.collect())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn refusal(toml: &str) -> String {
        Config::from_toml(toml).expect_err(toml).to_string()
    }

    #[test]
    fn the_documented_defaults_are_complete() {
        let config = Config::from_toml("").unwrap();
        assert_eq!(config.http.listen.port(), 8080);
        assert_eq!(config.media.grace, Duration::from_secs(120));
        assert_eq!(config.database.postgres_url(), None);
    }

    #[test]
    fn every_default_is_explained_by_a_comment_above_it() {
        let mut before = "";
        for line in DEFAULTS.lines() {
            if line.contains(" = ") && !line.starts_with('#') {
                assert!(before.starts_with('#'), "`{line}` has no comment");
            }
            before = line;
        }
    }

    #[test]
    fn an_unknown_key_is_refused_with_the_nearest_one() {
        let text = refusal("[http]\nlisten_on = \"0.0.0.0:1\"\n[recroding]\nenabled = true");
        assert!(
            text.contains("http.listen_on: there is no such key; did you mean `http.listen`?"),
            "{text}"
        );
        assert!(
            text.contains("recroding: there is no such key; did you mean `recording`?"),
            "{text}"
        );
    }

    #[test]
    fn a_wrong_value_is_refused_with_its_key() {
        let cases = [
            ("[http]\nlisten = \"here\"", "http.listen: "),
            ("[http]\npublic_url = \"live.example.org\"", "http.public_url: "),
            ("[http]\npublic_url = \"https://example.org/live\"", "http.public_url: "),
            ("[http]\nshutdown_s = -1", "http.shutdown_s: "),
            ("[media]\nshards = 1000", "media.shards: "),
            ("[media]\npublic_addresses = [\"0.0.0.0\"]", "media.public_addresses: "),
            (
                "[media]\npublic_addresses = [\"1.2.3.4:0\"]",
                "media.public_addresses: ",
            ),
            (
                "[media]\npublic_addresses = [\"live.example.org\"]",
                "media.public_addresses: ",
            ),
            ("[media]\ntcp_listen = \"443\"", "media.tcp_listen: "),
            ("[media]\nstun_server = \"stun.example.org\"", "media.stun_server: "),
            ("[media]\nmax_sdp_bytes = 0", "media.max_sdp_bytes: "),
            ("[media]\ndrain_to = \"ftp://x\"", "media.drain_to: "),
            ("[media]\nice_servers = [{ url = \"http://x\" }]", "media.ice_servers: "),
            ("[media]\nice_servers = [{ url = \"turn:x\" }]", "media.ice_servers: "),
            ("[media]\nice_servers = [{ url = \"stun:x>\" }]", "media.ice_servers: "),
            ("[database]\nurl = \"mysql://x\"", "database.url: "),
            (
                "[accounts]\ninstructor_access_token = \"short\"",
                "accounts.instructor_access_token: ",
            ),
            ("[limits]\nlogins_per_account = 0", "limits.logins_per_account: "),
            ("[mail]\nroot = \"/nowhere.pem\"", "mail.root: "),
            ("[storage]\nendpoint = \"s3://x\"", "storage.endpoint"),
            ("[storage]\naccess_key_id = \"x\"", "storage.secret_access_key: "),
            ("[storage]\nprefix = \"../x\"", "storage.prefix: "),
            ("[storage]\ndelivery = \"pigeon\"", "storage.delivery"),
            ("[access]\nreplay_tiers = [\"gold\"]", "access.replay_tiers"),
            ("[tokens]\napi_url = \"ftp://x\"", "tokens.api_url: "),
            ("[tokens]\nattempts = 0", "tokens.attempts: "),
            ("[jobs]\nlease_s = 1", "jobs.lease_s: "),
            ("[jobs]\nabsent_days = 0", "jobs.absent_days: "),
            ("[jobs]\ncron_secret = \"short\"", "jobs.cron_secret: "),
            ("[mail]\nfrom = \"nobody\"", "mail.from: "),
            ("[mail]\nuser = \"anna\"", "mail.user: "),
            ("[mail]\ntls = \"perhaps\"", "mail.tls"),
            ("[sms]\nurl = \"ftp://x\"", "sms.url: "),
            ("[sms]\nbody = \"{{ to\"", "sms.body: "),
            ("[log]\nlevel = \"=loud=\"", "log.level: "),
            ("[log]\nformat = \"xml\"", "log.format: "),
        ];
        for (toml, want) in cases {
            let text = refusal(toml);
            assert!(text.contains(want), "{toml}: {text}");
        }
    }

    #[test]
    fn a_database_password_is_not_printed() {
        let config = Config::from_toml("[database]\nurl = \"postgres://anna:hunter2@db/lectern\"").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
