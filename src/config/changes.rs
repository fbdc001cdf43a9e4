//! Single keys of the settings by name: their values, and the settings with some of them changed.

use std::collections::BTreeMap;
use std::fmt;

use figment::Figment;
use figment::providers::Serialized;
use serde_json::Value;

use super::{Config, ConfigError};

/// Where the settings came from. Not shown: secrets are in it.
#[derive(Clone, Default)]
pub(super) struct Sources(pub(super) Figment);

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}

impl Config {
    /// The value of `section.key` as it stands in the settings.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<Value> {
        let value = self.sources.0.find_value(key).ok()?;
        serde_json::to_value(value).ok()
    }

    /// The same settings with other values for these keys (`section.key`).
    ///
    /// # Errors
    /// Values that do not fit.
    pub fn with(&self, changes: &BTreeMap<String, Value>) -> Result<Config, ConfigError> {
        let change = |all: Figment, (key, value): (&String, &Value)| all.merge(Serialized::default(key, value));
        Config::from_merged(changes.iter().fold(self.sources.0.clone(), change))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn keys_are_read_and_changed_by_name() {
        let config = Config::from_toml("[recording]\nretention_days = 3").unwrap();
        assert_eq!(config.value("recording.retention_days"), Some(json!(3)));
        assert_eq!(config.value("recording.nothing"), None);
        let change = |key: &str, value: Value| config.with(&BTreeMap::from([(key.to_owned(), value)]));
        let changed = change("recording.retention_days", json!(30)).unwrap();
        assert_eq!(
            (changed.recording.retention_days, changed.recording.enabled),
            (30, true)
        );
        assert_eq!(changed.value("recording.retention_days"), Some(json!(30)));
        for (key, value) in [
            ("recording.retention_days", json!("soon")),
            ("recording.retention_days", json!(1_000_000)),
            ("access.replay_tiers", json!(["gold"])),
        ] {
            let error = change(key, value.clone()).expect_err(key).to_string();
            assert!(error.contains(key), "{value}: {error}");
        }
    }
}
