//! Events for analytics: kept in a table, and sent to a webhook if the settings name one.
//!
//! | file | what it is for |
//! |---|---|
//! | `webhook` | one signed request per batch, as a durable job |
//! | `store` | SQL |
//!
//! This is ground level like `jobs`: every capability may note an event. It is written with the others of the same second;
//! what waits is bounded, and a crash loses at most that second.

pub mod store;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::Notify;
use uuid::Uuid;

use crate::accounts::Tier;
use crate::db::Ts;
use crate::error::Result;
use crate::jobs::{Effort, Handlers};
use crate::{App, id};

/// Events that wait to be written; more are dropped and counted.
const MOST_WAITING: usize = 10_000;
/// Events of one batch.
const BATCH: usize = 500;
/// How often they are written.
const WRITE_EVERY: Duration = Duration::from_secs(1);
/// How often old ones are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// Something that happened, as analytics services know it.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Event {
    /// Key; also tells a service what it has seen already.
    pub id: Uuid,
    /// What happened.
    pub name: String,
    /// Where.
    pub session_id: Option<Uuid>,
    /// Who; `None`: nobody signed in.
    pub user_id: Option<Uuid>,
    /// A JSON object.
    pub properties: String,
    /// When.
    pub at: Ts,
}

impl Event {
    fn new(name: &'static str, session: Uuid, user: Option<Uuid>, mut properties: Value) -> Event {
        properties["sessionId"] = json!(session);
        Event {
            id: id::new(),
            name: name.to_owned(),
            session_id: Some(session),
            user_id: user,
            properties: properties.to_string(),
            at: Ts::now(),
        }
    }

    /// Somebody began to watch live; the tier is that of a signed-in user.
    #[must_use]
    pub fn joined(session: Uuid, title: &str, user: Option<(Uuid, Tier)>) -> Event {
        let properties = json!({ "sessionTitle": title, "userTier": user.map(|(_, tier)| tier) });
        Event::new("live_session_joined", session, user.map(|(id, _)| id), properties)
    }

    /// Somebody wrote a message of so many characters.
    #[must_use]
    pub fn chat_sent(session: Uuid, user: Uuid, chars: usize) -> Event {
        Event::new("live_chat_sent", session, Some(user), json!({ "messageLength": chars }))
    }

    /// Somebody voted.
    #[must_use]
    pub fn poll_voted(session: Uuid, user: Uuid, poll: Uuid, option: Uuid) -> Event {
        let properties = json!({ "pollId": poll, "optionId": option });
        Event::new("live_poll_voted", session, Some(user), properties)
    }

    /// Somebody took the calendar file of a session that starts at `start`.
    #[must_use]
    pub fn calendar_export(session: Uuid, user: Option<Uuid>, start: Ts) -> Event {
        let date = start.timestamp().strftime("%Y-%m-%d").to_string();
        Event::new(
            "live_session_calendar_export",
            session,
            user,
            json!({ "sessionDate": date }),
        )
    }

    /// Somebody wants to be reminded of a session that starts at `start`.
    #[must_use]
    pub fn reminder_set(session: Uuid, user: Uuid, start: Ts) -> Event {
        let days = (start.unix_s() - Ts::now().unix_s()).max(0) / 86_400;
        let properties = json!({ "daysUntilSession": days });
        Event::new("live_session_reminder_set", session, Some(user), properties)
    }

    /// Somebody has watched so many seconds of a replay.
    #[must_use]
    pub fn recording_watched(session: Uuid, user: Option<Uuid>, seconds: i64) -> Event {
        Event::new(
            "live_recording_watched",
            session,
            user,
            json!({ "watchDuration": seconds }),
        )
    }
}

/// The events of this server that wait to be written. Clones are the same ones.
#[derive(Clone, Debug, Default)]
pub struct Tracker(Arc<Waiting>);

#[derive(Debug, Default)]
struct Waiting {
    events: Mutex<Vec<Event>>,
    something: Notify,
}

impl Tracker {
    /// Notes an event.
    pub fn note(&self, event: Event) {
        let mut events = self.0.events.lock();
        if events.len() >= MOST_WAITING {
            tracing::warn!(
                name = event.name,
                "too many events wait for the database: one is dropped"
            );
            return;
        }
        events.push(event);
        self.0.something.notify_one();
    }
}

/// How much a batch for the webhook is worth: with 20 attempts it is given up after about half a day.
const EFFORT: Effort = Effort {
    at_once: 2,
    attempts: 20,
};

/// Has batches sent to the webhook.
pub fn add_handlers(handlers: &mut Handlers) {
    handlers.add(webhook::KIND, EFFORT, webhook::send);
}

/// Writes events down until the server stops, the last ones then, and removes old ones.
pub async fn run(app: App) {
    let mut prune = tokio::time::interval(PRUNE_EVERY);
    let stop = app.shutdown.clone();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            () = app.tracker.0.something.notified() => note(write(&app).await),
            _ = prune.tick() => note(remove_old(&app).await),
        }
        stop.run_until_cancelled(tokio::time::sleep(WRITE_EVERY)).await;
    }
    note(write(&app).await);
}

fn note(result: Result<()>) {
    if let Err(error) = result {
        tracing::error!(
            error = format!("{error:#}"),
            "events for analytics could not be written"
        );
    }
}

/// Writes what waits. What cannot be written waits on.
///
/// # Errors
/// The database's own.
pub async fn write(app: &App) -> Result<()> {
    loop {
        let events: Vec<Event> = {
            let mut waiting = app.tracker.0.events.lock();
            let most = waiting.len().min(BATCH);
            waiting.drain(..most).collect()
        };
        if events.is_empty() {
            return Ok(());
        }
        if let Err(error) = write_batch(app, &events).await {
            let mut waiting = app.tracker.0.events.lock();
            waiting.splice(..0, events);
            app.tracker.0.something.notify_one();
            return Err(error);
        }
    }
}

async fn write_batch(app: &App, events: &[Event]) -> Result<()> {
    let batch = app.config.analytics.webhook_url.is_some().then(id::new);
    let mut tx = app.db.begin().await?;
    for event in events {
        store::insert(&mut tx, event, batch).await?;
    }
    if let Some(batch) = batch {
        webhook::enqueue(&mut tx, batch, events.len()).await?;
    }
    tx.commit().await?;
    app.jobs.wake();
    Ok(())
}

async fn remove_old(app: &App) -> Result<()> {
    let days = i64::from(app.config.analytics.retention_days);
    if days > 0 {
        store::prune(&app.db, Ts::now().plus_s(-days * 86_400)).await?;
    }
    Ok(())
}
