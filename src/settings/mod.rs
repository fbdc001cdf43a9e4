//! Settings that admins change while the server runs: a few keys of `config.toml`, kept in the database, where they go
//! before the file and the environment.
//!
//! Whoever uses one of these keys asks [`Settings::now`] each time; all other keys are `app.config` for good. Another
//! server on the same database takes a change up within seconds.

pub mod routes;
pub mod store;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use serde_json::{Value, json};

use crate::App;
use crate::accounts::User;
use crate::accounts::audit::{self, Deed};
use crate::config::{Config, DEFAULTS};
use crate::db::{Db, Ts};
use crate::error::{Error, Result};

/// The keys that may change. Nothing that would lock everybody out, reach the network, or name a file.
const CHANGEABLE: &[&str] = &[
    "accounts.sign_up",
    "limits.logins_per_address",
    "limits.logins_per_account",
    "limits.sign_ups_per_address",
    "limits.links_per_address",
    "limits.links_per_mailbox",
    "recording.retention_days",
    "sessions.cancel_unstarted_after_minutes",
    "access.subscriber_tiers",
    "access.replay_tiers",
    "conversation.messages_per_minute",
    "conversation.banned_words",
    "conversation.retention_days",
];

/// How often other servers' changes are looked for.
const LOOK_EVERY: Duration = Duration::from_secs(5);

/// What was changed: key and JSON value.
type Changes = BTreeMap<String, Value>;

/// The settings as they are now; cheap to clone.
#[derive(Clone)]
pub struct Settings {
    base: Arc<Config>,
    now: Arc<RwLock<Arc<Config>>>,
}

/// One of them, as admins see it.
#[derive(Clone, PartialEq, Debug)]
pub struct Setting {
    /// As in `config.toml`.
    pub key: &'static str,
    /// Its value now.
    pub value: Value,
    /// What `config.toml` says about it.
    pub description: String,
}

impl Settings {
    /// Those of the file and the environment, with what was changed in the database.
    ///
    /// # Errors
    /// The database's own.
    pub async fn load(base: Arc<Config>, db: &Db) -> Result<Settings> {
        let settings = Settings {
            now: Arc::new(RwLock::new(Arc::clone(&base))),
            base,
        };
        settings.read(db).await?;
        Ok(settings)
    }

    /// All settings as they are now. To be asked again each time.
    #[must_use]
    pub fn now(&self) -> Arc<Config> {
        Arc::clone(&self.now.read())
    }

    /// Takes up what the database says.
    async fn read(&self, db: &Db) -> Result<()> {
        let changes = store::all(db).await?;
        let changes = changes
            .into_iter()
            .filter_map(|(key, value)| Some((key, serde_json::from_str(&value).ok()?)));
        // A key of a newer version, or a value that an older one has let in, counts for nothing.
        let known = changes.filter(|(key, _)| CHANGEABLE.contains(&key.as_str())).collect();
        match self.base.with(&known) {
            Ok(config) => *self.now.write() = Arc::new(config),
            Err(error) => tracing::warn!(%error, "the settings in the database are left alone"),
        }
        Ok(())
    }
}

/// The keys that may change, with their values.
#[must_use]
pub fn list(app: &App) -> Vec<Setting> {
    let now = app.settings.now();
    let setting = |key: &&'static str| Setting {
        key,
        value: now.value(key).unwrap_or_default(),
        description: description(key),
    };
    CHANGEABLE.iter().map(setting).collect()
}

/// Changes some of them; `null` gives a key back to the file and the environment.
///
/// # Errors
/// 422 for keys that may not change, and values that do not fit; nothing changes then.
pub async fn change(app: &App, actor: &User, wanted: Changes) -> Result<Vec<Setting>> {
    let mut tx = app.db.begin().await?;
    let before: BTreeMap<String, String> = store::all_in(&mut tx).await?.into_iter().collect();
    let parsed = before
        .iter()
        .filter_map(|(key, value)| Some((key.clone(), serde_json::from_str(value).ok()?)));
    let mut changes: Changes = parsed.collect();
    for (key, value) in &wanted {
        if !CHANGEABLE.contains(&key.as_str()) {
            return Err(Error::field(key, "does not change while the server runs"));
        }
        match value {
            Value::Null => drop(changes.remove(key)),
            value => drop(changes.insert(key.clone(), value.clone())),
        }
    }
    app.config.with(&changes).map_err(|error| {
        let text = error.to_string();
        let key = wanted.keys().find(|key| text.contains(key.as_str()));
        Error::field(
            key.map_or("settings", String::as_str),
            text.lines().last().unwrap_or_default().trim(),
        )
    })?;
    let now = app.settings.now();
    for (key, value) in &wanted {
        match value {
            Value::Null => store::delete(&mut tx, key).await?,
            value => store::set(&mut tx, key, &value.to_string(), Ts::now()).await?,
        }
        let deed = Deed {
            actor: Some(actor.id),
            action: "setting.change",
            subject: None,
            detail: json!({ "key": key, "from": now.value(key), "to": value }),
        };
        audit::record(&mut tx, &deed).await?;
    }
    tx.commit().await?;
    app.settings.read(&app.db).await?;
    tracing::info!(user = %actor.id, keys = ?wanted.keys(), "settings changed");
    Ok(list(app))
}

/// Looks for other servers' changes until the server stops.
pub async fn run(app: App) {
    let mut tick = tokio::time::interval(LOOK_EVERY);
    while app.shutdown.run_until_cancelled(tick.tick()).await.is_some() {
        if let Err(error) = app.settings.read(&app.db).await {
            tracing::warn!(%error, "changed settings could not be read");
        }
    }
}

/// The comment above a key in `config.toml`.
fn description(key: &str) -> String {
    let Some((section, name)) = key.split_once('.') else {
        return String::new();
    };
    let lines = DEFAULTS
        .lines()
        .skip_while(|line| *line != format!("[{section}]"))
        .skip(1);
    let mut comment = Vec::new();
    for line in lines {
        match line.strip_prefix("# ") {
            Some(text) => comment.push(text),
            None if line.starts_with(&format!("{name} = ")) => return comment.join(" "),
            None => comment.clear(),
        }
    }
    String::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_changeable_key_exists_and_is_described() {
        let config = Config::from_toml("").unwrap();
        for key in CHANGEABLE {
            assert!(config.value(key).is_some(), "{key}");
            assert!(description(key).len() > 10, "{key}");
        }
        assert_eq!(
            description("recording.retention_days"),
            "Days that a replay can be watched after its session has ended. 0: for ever."
        );
    }
}
