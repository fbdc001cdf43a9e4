//! The settings: `config.toml`, the environment, and clear words when one of them is wrong.
//!
//! The `config.toml` in the repository's root is compiled in and *is* the table of defaults, so a key without a
//! documented default does not exist. Later sources win: defaults, the operator's file, `LECTERN_SECTION__KEY`.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::Dict;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use tracing_subscriber::EnvFilter;
use url::Url;

use crate::live::PublicAddress;

mod analytics;
mod changes;
mod conversation;
mod embedding;
mod environment;
mod limits;
mod operations;
mod people;
mod read;
mod storage;
mod tls;
mod unknown;
mod work;

pub use analytics::Analytics;
pub use conversation::Conversation;
pub use embedding::Embedding;
pub use limits::Limits;
pub use operations::{Metrics, Traces};
pub use people::{Access, Accounts, AppleKey, OidcProvider, Sessions, Tokens};
pub use storage::{Delivery, Recording, Storage};
pub use tls::Tls;
pub use work::{Catalogue, Jobs, Mail, MailTls, Push, Sms};

use read::{empty_is_no_address, empty_is_no_text, empty_is_none, seconds, tcp_listen, texts};
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

/// `[media]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// UDP address of all publishers and viewers.
    pub udp_listen: SocketAddr,
    /// TCP address of the same, for networks that block UDP.
    #[serde(deserialize_with = "tcp_listen")]
    pub tcp_listen: TcpListen,
    /// Addresses announced before the machine's own.
    #[serde(deserialize_with = "texts")]
    pub public_addresses: Vec<PublicAddress>,
    /// A STUN server that is asked for the public address.
    #[serde(deserialize_with = "empty_is_no_text")]
    pub stun_server: Option<String>,
    /// Media threads; 0: one per core.
    pub shards: usize,
    /// Whether each media thread stays on one core.
    pub pin_threads: bool,
    /// How long a stream outlives its publisher.
    #[serde(rename = "grace_s", deserialize_with = "seconds")]
    pub grace: Duration,
    /// What clients are told to use besides this server.
    pub ice_servers: Vec<IceServer>,
    /// Whether trickled candidates are taken without `If-Match`.
    pub lenient_trickle: bool,
    /// Longest offer or answer.
    pub max_sdp_bytes: usize,
    /// Connections opened at once from one address or with one token.
    pub open_burst: u32,
    /// Connections opened a second after that.
    pub open_per_s: u32,
    /// How long running classes go on at the end.
    #[serde(rename = "drain_s", deserialize_with = "seconds")]
    pub drain: Duration,
    /// Where new connections are sent meanwhile.
    #[serde(deserialize_with = "empty_is_none")]
    pub drain_to: Option<Url>,
}

/// An entry of `media.ice_servers`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    /// As RFC 7064 and RFC 7065 have it: `stun:…`, `turns:…?transport=tcp`.
    pub url: String,
    /// For TURN.
    #[serde(default)]
    pub username: String,
    /// For TURN.
    #[serde(default)]
    pub credential: SecretString,
}

/// Where media over TCP is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TcpListen {
    /// At the address and port number of `udp_listen`.
    Same,
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

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
        if let Some(url) = &self.http.public_url
            && !is_origin(url)
        {
            return Err(("http.public_url", no_origin(url)));
        }
        self.tls.check()?;
        self.media.check()?;
        self.recording.check()?;
        self.storage.check()?;
        if self.data.dir.as_os_str().is_empty() {
            return Err(("data.dir", "needs the name of a folder".into()));
        }
        let database = self.database.url.expose_secret();
        if !(database.is_empty() || is_postgres(database)) {
            let message = "is neither empty (SQLite) nor a \"postgres://…\" address";
            return Err(("database.url", message.into()));
        }
        if let Some(url) = &self.tokens.api_url
            && (!matches!(url.scheme(), "http" | "https") || url.query().is_some())
        {
            return Err(("tokens.api_url", format!("{url} is not a plain web address")));
        }
        self.accounts.check()?;
        self.limits.check()?;
        self.embedding.check()?;
        self.traces.check()?;
        if !(1..=10).contains(&self.tokens.attempts) {
            return Err(("tokens.attempts", "must be 1 to 10".into()));
        }
        self.analytics.check()?;
        self.conversation.check()?;
        self.jobs.check()?;
        self.mail.check()?;
        self.sms.check()?;
        EnvFilter::try_new(&self.log.level).map_err(|error| ("log.level", format!("{error}")))?;
        Ok(())
    }
}

impl Media {
    fn check(&self) -> Result<(), (&'static str, String)> {
        if self.shards > 256 {
            return Err((
                "media.shards",
                "at most 256 threads make sense; 0 takes one for each core".into(),
            ));
        }
        if self
            .public_addresses
            .iter()
            .any(|address| address.ip.is_unspecified() || address.port == Some(0))
        {
            return Err((
                "media.public_addresses",
                "an address or a port of zeros reaches nobody".into(),
            ));
        }
        if let Some(server) = &self.stun_server
            && !server
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        {
            let message = format!("{server:?} is not host and port; write for example \"stun.example.org:3478\"");
            return Err(("media.stun_server", message));
        }
        if !(1..=65_536).contains(&self.max_sdp_bytes) {
            return Err(("media.max_sdp_bytes", "must be between 1 and 65536".into()));
        }
        if let Some(url) = self.drain_to.as_ref().filter(|url| !is_origin(url)) {
            return Err(("media.drain_to", no_origin(url)));
        }
        match self.ice_servers.iter().find(|server| !server.is_good()) {
            Some(server) => Err((
                "media.ice_servers",
                format!(
                    "{:?} cannot be told to clients: a url starts with stun:, stuns:, turn: or turns:, turn needs username and credential, and all are plain ASCII",
                    server.url
                ),
            )),
            None => Ok(()),
        }
    }
}

impl IceServer {
    /// Whether it can stand in a header, and a client can use it.
    fn is_good(&self) -> bool {
        let is_plain = |text: &str| text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        let (username, credential) = (self.username.as_str(), self.credential.expose_secret());
        let has_login = !username.is_empty() && !credential.is_empty();
        let is_url = self
            .url
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"<>\"\\".contains(&b));
        let is_kind = match self.url.split_once(':') {
            Some(("stun" | "stuns", host)) => !host.is_empty(),
            Some(("turn" | "turns", host)) => !host.is_empty() && has_login,
            _ => false,
        };
        is_url && is_kind && is_plain(username) && is_plain(credential)
    }
}

fn is_origin(url: &Url) -> bool {
    matches!(url.scheme(), "http" | "https") && url.path() == "/" && url.query().is_none()
}

fn no_origin(url: &Url) -> String {
    format!("{url} is not a plain web address; write for example \"https://live.example.org\"")
}

impl Database {
    /// PostgreSQL's address; `None`: SQLite in the data folder.
    #[must_use]
    pub fn postgres_url(&self) -> Option<&str> {
        Some(self.url.expose_secret()).filter(|url| !url.is_empty())
    }
}

impl Data {
    /// The folder of one recording per session.
    #[must_use]
    pub fn recordings(&self) -> PathBuf {
        self.dir.join("recordings")
    }
}

fn is_postgres(url: &str) -> bool {
    url.starts_with("postgres://") || url.starts_with("postgresql://")
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
