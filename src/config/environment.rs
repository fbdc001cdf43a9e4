//! The environment as a source of settings: `LECTERN_SECTION__KEY`, and a few plain names.
//!
//! The defaults say what a key is. A text is taken as it stands, so that a password of digits, or one with brackets, is
//! what it is; numbers, booleans and lists are read as in the file.

use figment::value::{Dict, Map, Value};
use figment::{Error, Figment, Metadata, Profile, Provider, Source};

use super::ConfigError;

/// What the names of our variables begin with.
const PREFIX: &str = "LECTERN_";
/// What commands take from the environment (`--config`, `--stream-key`, a password): no keys of the file.
const NOT_KEYS: &[&str] = &["LECTERN_CONFIG", "LECTERN_PASSWORD", "LECTERN_STREAM_KEY"];
/// Names without the prefix that clocks and scripts of other systems use, and their keys. The full names win.
const PLAIN_NAMES: &[(&str, &str)] = &[
    ("CRON_SECRET", "jobs.cron_secret"),
    ("INSTRUCTOR_ACCESS_TOKEN", "accounts.instructor_access_token"),
];

/// Those of this process that are ours: name and text.
///
/// # Errors
/// Names those that are no text.
pub(super) fn variables() -> Result<Vec<(String, String)>, ConfigError> {
    let (mut texts, mut wrong) = (Vec::new(), Vec::new());
    for (name, text) in std::env::vars_os() {
        let Some(name) = name.into_string().ok().filter(|name| key_of(name).is_some()) else {
            continue;
        };
        match text.into_string() {
            Ok(text) => texts.push((name, text)),
            Err(_) => wrong.push(format!("{name}: is no text (UTF-8)")),
        }
    }
    match wrong.is_empty() {
        true => Ok(texts),
        false => Err(ConfigError(wrong)),
    }
}

/// Puts those of `variables` (name and text) that are ours over `settings`.
pub(super) fn over(
    settings: Figment,
    defaults: &Dict,
    variables: impl IntoIterator<Item = (String, String)>,
) -> Figment {
    let (full, plain): (Vec<_>, Vec<_>) = variables
        .into_iter()
        .filter_map(|(name, text)| {
            let key = key_of(&name)?;
            let value = value(text, default_of(defaults, &key));
            Some(Variable { name, key, value })
        })
        .partition(|variable| variable.name.starts_with(PREFIX));
    plain.into_iter().chain(full).fold(settings, Figment::merge)
}

/// `section.key` of a variable that is ours.
fn key_of(name: &str) -> Option<String> {
    if let Some((_, key)) = PLAIN_NAMES.iter().find(|(plain, _)| *plain == name) {
        return Some((*key).to_owned());
    }
    let key = name.strip_prefix(PREFIX).filter(|_| !NOT_KEYS.contains(&name))?;
    Some(key.to_ascii_lowercase().replace("__", "."))
}

fn default_of<'a>(defaults: &'a Dict, key: &str) -> Option<&'a Value> {
    let mut steps = key.split('.');
    let first = defaults.get(steps.next()?)?;
    steps.try_fold(first, |value, step| value.as_dict()?.get(step))
}

fn value(text: String, default: Option<&Value>) -> Value {
    match default {
        Some(Value::String(..)) => text.into(),
        _ => text.parse().unwrap_or_else(|never| match never {}),
    }
}

/// One variable.
struct Variable {
    name: String,
    key: String,
    value: Value,
}

impl Provider for Variable {
    fn metadata(&self) -> Metadata {
        Metadata::from("environment", Source::Custom(self.name.clone()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let nested = figment::util::nest(&self.key, self.value.clone());
        Ok(Profile::Default.collect(nested.into_dict().unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use figment::providers::{Format, Toml};
    use secrecy::ExposeSecret;

    use crate::config::{Config, DEFAULTS};

    use super::*;

    /// The settings with these variables.
    fn with(variables: &[(&str, &str)]) -> Result<Config, String> {
        let defaults: Dict = Figment::from(Toml::string(DEFAULTS)).extract().unwrap();
        let variables = variables.iter().map(|(name, text)| ((*name).into(), (*text).into()));
        Config::from_sources(over(Figment::new(), &defaults, variables)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_text_is_taken_as_it_stands() {
        for text in [
            "0012345",
            "12345678901234567890123",
            "true",
            "1e5",
            "1.0",
            "[a]",
            "{a=1}",
            "a,b,c",
            "\"quoted\"",
            "'a'",
            " a ",
            "nul\\l",
            "#5",
            "a = b",
            "日本",
        ] {
            let config = with(&[
                ("LECTERN_MAIL__USER", "lectern"),
                ("LECTERN_MAIL__PASSWORD", text),
                ("LECTERN_METRICS__TOKEN", text),
                ("LECTERN_TRACES__SERVICE", text),
                ("LECTERN_STORAGE__ACCESS_KEY_ID", text),
                ("LECTERN_STORAGE__SECRET_ACCESS_KEY", text),
            ]);
            let config = config.unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(config.mail.password.expose_secret(), text);
            assert_eq!(config.metrics.token.expose_secret(), text);
            assert_eq!(config.traces.service, text);
            assert_eq!(config.storage.secret_access_key.expose_secret(), text);
        }
    }

    #[test]
    fn what_is_no_text_is_read_as_in_the_file() {
        let config = with(&[
            ("LECTERN_MAIL__PORT", "2525"),
            ("LECTERN_HTTP__TRUST_PROXY", "true"),
            ("LECTERN_TRACES__SAMPLE", "0.5"),
            ("LECTERN_RECORDING__RETENTION_DAYS", " 3 "),
            ("LECTERN_ACCESS__REPLAY_TIERS", "[\"pro\"]"),
            ("LECTERN_CONVERSATION__BANNED_WORDS", "[idiot, \"buy now\", \"007\"]"),
            (
                "LECTERN_MEDIA__ICE_SERVERS",
                "[{url=\"turn:x\", username=\"a\", credential=\"0012\"}]",
            ),
            ("LECTERN_HTTP__LISTEN", "127.0.0.1:1"),
        ])
        .unwrap();
        assert_eq!((config.mail.port, config.http.trust_proxy), (2525, true));
        assert_eq!(config.recording.retention_days, 3);
        assert_eq!(config.access.replay_tiers.len(), 1);
        assert_eq!(config.conversation.banned_words, ["idiot", "buy now", "007"]);
        assert_eq!(config.media.ice_servers[0].credential.expose_secret(), "0012");
        assert_eq!(config.http.listen.port(), 1);
        assert!((config.traces.sample - 0.5).abs() < f64::EPSILON);
    }

    #[test]
    fn plain_names_are_keys_too_and_commands_have_their_own() {
        let secret = "01234567890123456789012345678901";
        let config = with(&[("CRON_SECRET", secret), ("LECTERN_PASSWORD", "x"), ("PATH", "/bin")]).unwrap();
        assert_eq!(config.jobs.cron_secret.expose_secret(), secret);
        let other = "11111111111111111111111111111111";
        let config = with(&[("LECTERN_JOBS__CRON_SECRET", other), ("CRON_SECRET", secret)]).unwrap();
        assert_eq!(config.jobs.cron_secret.expose_secret(), other);
    }

    #[test]
    fn what_is_wrong_is_told_with_the_variables_name() {
        for (name, text, want) in [
            ("LECTERN_MAIL__PORT", "many", "mail.port: "),
            (
                "LECTERN_MAIL__PROT",
                "25",
                "mail.prot: there is no such key; did you mean `mail.port`?",
            ),
            ("LECTERN_MAIL", "25", "mail: "),
            ("CRON_SECRET", "short", "jobs.cron_secret: "),
        ] {
            let error = with(&[(name, text)]).unwrap_err();
            assert!(
                error.contains(want) && error.contains(&format!("(set in {name})")),
                "{error}"
            );
        }
    }
}
