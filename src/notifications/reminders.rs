//! What the clock makes due: reminders a day and a quarter of an hour before a session, and a word a day before a replay
//! ends.
//!
//! Nothing is planned ahead. Each server looks every few seconds which sessions are due, by the times that they have now:
//! one that was moved is due at its new time, one that was cancelled never, and what came due while no server ran is
//! told late only if it still helps. Several servers see the same; the job's key has it done once.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::announcements::{Audience, of_session, tell};
use super::{moment, store};
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::jobs::{self, Failure, NewJob, Work};
use crate::notice::{Provided, Template};
use crate::sessions::{self, Session};

/// The kind of jobs that remind all who are to be reminded of one session.
pub const REMIND: &str = "remind";
/// The kind of jobs that tell all whom it concerns that a replay ends.
pub const REPLAY_EXPIRES: &str = "replay-expires";

/// How often it is looked what is due.
const LOOK_EVERY: Duration = Duration::from_secs(10);

const MINUTE_S: i64 = 60;
const HOUR_S: i64 = 3600;
const DAY_S: i64 = 24 * HOUR_S;

/// How long before a session somebody is reminded.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reminder {
    /// A day.
    Day,
    /// A quarter of an hour.
    Quarter,
}

impl Reminder {
    /// How long before the start, in seconds.
    #[must_use]
    pub fn before_s(self) -> i64 {
        match self {
            Reminder::Day => DAY_S,
            Reminder::Quarter => 15 * MINUTE_S,
        }
    }

    /// How many seconds late it still helps to begin telling people: a server may have been down.
    #[must_use]
    pub fn late_s(self) -> i64 {
        match self {
            Reminder::Day => 3 * HOUR_S,
            Reminder::Quarter => 12 * MINUTE_S,
        }
    }

    fn template(self) -> Template {
        match self {
            Reminder::Day => Template::Reminder24h,
            Reminder::Quarter => Template::Reminder15m,
        }
    }
}

/// A session that people are to be reminded of.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Due {
    session: Uuid,
    start: Ts,
    reminder: Reminder,
}

/// A replay that ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Ending {
    session: Uuid,
    until: Ts,
}

/// Runs until the server stops.
pub async fn run(app: App) {
    let mut tick = interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = once(&app, Ts::now()).await {
            tracing::error!(error = format!("{error:#}"), "what is due could not be looked for");
        }
    }
}

/// Wants everything told that is due at `now`.
///
/// # Errors
/// The database's own.
pub async fn once(app: &App, now: Ts) -> Result<()> {
    let mut due = Vec::new();
    for reminder in [Reminder::Day, Reminder::Quarter] {
        let latest = now.plus_s(reminder.before_s());
        let earliest = latest.plus_s(-reminder.late_s());
        for (session, start) in store::sessions_between(&app.db, earliest, latest).await? {
            let key = format!("remind:{}:{session}:{}", reminder.template().as_str(), start.0);
            let what = Due {
                session,
                start,
                reminder,
            };
            due.push(NewJob::new(REMIND, format!("{} of {session}", reminder.template().as_str()), &what).once(key));
        }
    }
    let latest = now.plus_s(DAY_S);
    for (session, until) in store::replays_ending_between(&app.db, latest.plus_s(-12 * HOUR_S), latest).await? {
        let key = format!("replay-expires:{session}:{}", until.0);
        let what = Ending { session, until };
        due.push(NewJob::new(REPLAY_EXPIRES, format!("replay of {session}"), &what).once(key));
    }
    if due.is_empty() {
        return Ok(());
    }
    let mut tx = app.db.begin().await?;
    for job in due {
        jobs::enqueue_in(&mut tx, job).await?;
    }
    tx.commit().await?;
    app.jobs.wake();
    Ok(())
}

/// Reminds all who are to be reminded of one session; a job of the kind [`REMIND`].
///
/// # Errors
/// The database's own.
pub async fn remind(app: App, work: Work) -> Result<(), Failure> {
    let Due {
        session,
        start,
        reminder,
    } = work.payload()?;
    let due_at = start.plus_s(-reminder.before_s());
    if Ts::now() > due_at.plus_s(reminder.late_s()) {
        return Ok(());
    }
    let Some(session) = found(&app, session).await? else {
        return Ok(());
    };
    let mut notice = of_session(reminder.template(), &session).until(match reminder {
        Reminder::Day => due_at.plus_s(2 * reminder.late_s()),
        Reminder::Quarter => start,
    });
    notice.provided = Some(Provided {
        session: session.id,
        start: Some(start),
    });
    if reminder == Reminder::Day {
        notice.calendar = vec![session.id];
    }
    let key = format!("{}:{}:{}", reminder.template().as_str(), session.id, start.0);
    tell(&app, Audience::Expecting(session.id), &key, &notice).await?;
    Ok(())
}

/// Tells all whom it concerns that a replay ends; a job of the kind [`REPLAY_EXPIRES`].
///
/// # Errors
/// The database's own.
pub async fn replay_expires(app: App, work: Work) -> Result<(), Failure> {
    let Ending { session, until } = work.payload()?;
    let Some(session) = found(&app, session).await? else {
        return Ok(());
    };
    if session.recording_expires_at != Some(until) || !session.recording_available {
        return Ok(());
    }
    let notice = of_session(Template::ReplayExpires, &session)
        .with("until", moment(until))
        .until(until.plus_s(-HOUR_S));
    let key = format!("replay-expires:{}:{}", session.id, until.0);
    tell(&app, Audience::Replay(session.id), &key, &notice).await?;
    Ok(())
}

async fn found(app: &App, session: Uuid) -> Result<Option<Session>> {
    Ok(sessions::several(app, &[session]).await?.pop())
}
