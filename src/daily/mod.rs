//! What is done once a day, by one of the servers that share the database, or at once when somebody asks for it: deleting
//! the media of replays that are over, moving kept sessions to the catalogue. Each run is written down.
//!
//! The clock only wants a job, named by the day: the queue has it done once, also when a server ends in the middle of it.
//! What is old is forgotten by every server, every hour ([`forgetting`]).

pub mod forgetting;
pub mod routes;
pub mod store;

use std::time::Duration;

use jiff::civil::time;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use crate::db::Ts;
use crate::error::Result;
use crate::jobs::{self, Effort, Failure, Handlers, NewJob, Work};
use crate::task::to_its_end;
use crate::{App, id, recordings, workouts};

/// The kind of jobs that do a [`Chore`].
const KIND: &str = "daily";

/// How often it is looked what is too old.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// How often it is looked what is due.
const LOOK_EVERY: Duration = Duration::from_secs(30);

const EFFORT: Effort = Effort {
    at_once: 1,
    attempts: 8,
};

/// Something that is done every day.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Chore {
    /// Deletes the media of replays that are over.
    CleanupRecordings,
    /// Moves kept sessions to the catalogue.
    MigrateStreamsToWorkouts,
}

impl Chore {
    /// All of them.
    pub const ALL: [Chore; 2] = [Chore::CleanupRecordings, Chore::MigrateStreamsToWorkouts];

    /// As in the database and in addresses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Chore::CleanupRecordings => "cleanup-recordings",
            Chore::MigrateStreamsToWorkouts => "migrate-streams-to-workouts",
        }
    }

    /// The hour of the day (UTC) at which it is done.
    fn hour(self) -> i8 {
        match self {
            Chore::CleanupRecordings => 2,
            Chore::MigrateStreamsToWorkouts => 3,
        }
    }

    /// The last moment at or before `now` at which it was due, and the job for it.
    fn due(self, now: Ts) -> NewJob {
        let utc = now.timestamp().to_zoned(TimeZone::UTC);
        let today = utc.date().to_datetime(time(self.hour(), 0, 0, 0));
        let is_over = utc.datetime() >= today;
        let day = if is_over {
            utc.date()
        } else {
            utc.date().yesterday().unwrap_or(utc.date())
        };
        let key = format!("{}:{day}", self.as_str());
        NewJob::new(KIND, key.clone(), &Due { chore: self }).once(key)
    }
}

#[derive(Serialize, Deserialize)]
struct Due {
    chore: Chore,
}

/// A row of `runs`: one time that a chore was done.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Run {
    /// Key.
    pub id: Uuid,
    /// The chore.
    pub name: String,
    /// When it began.
    pub started_at: Ts,
    /// When it was through; `None`: it goes on, or its server ended in the middle of it.
    pub finished_at: Option<Ts>,
    /// Things that were done.
    pub done: i64,
    /// Things that were not.
    pub failed: i64,
    /// Why the first of them was not.
    pub error: Option<String>,
}

/// Adds who handles the jobs of this module.
pub fn add_handlers(handlers: &mut Handlers) {
    handlers.add(KIND, EFFORT, |app: App, work: Work| async move {
        let Due { chore } = work.payload()?;
        let run = perform(&app, chore).await?;
        match run.failed {
            0 => Ok(()),
            // What was done is done; the next attempt finds the rest.
            failed => Err(Failure::Again(anyhow::anyhow!(
                "{failed} failed: {}",
                run.error.unwrap_or_default()
            ))),
        }
    });
}

/// Runs until the server stops.
pub async fn run(app: App) {
    let [mut look, mut forget] = [LOOK_EVERY, FORGET_EVERY].map(|period| {
        let mut tick = interval(period);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        tick
    });
    loop {
        let (failure, result) = tokio::select! {
            () = app.shutdown.cancelled() => return,
            _ = look.tick() => ("the daily work could not be planned", once(&app, Ts::now()).await),
            _ = forget.tick() => ("what is old could not be forgotten", forgetting::once(&app, Ts::now()).await),
        };
        if let Err(error) = result {
            tracing::error!(error = format!("{error:#}"), "{failure}");
        }
    }
}

/// Wants done what is due at `now`, once for each day however many servers ask. A server that was down at the hour does it
/// when it is there again.
///
/// # Errors
/// The database's own.
pub async fn once(app: &App, now: Ts) -> Result<()> {
    for chore in Chore::ALL {
        jobs::enqueue(app, chore.due(now)).await?;
    }
    Ok(())
}

/// Does `chore` now, to its end even if nobody waits for it, and writes down what came of it.
///
/// # Errors
/// The database's own; what is about single things is in the run.
pub async fn perform(app: &App, chore: Chore) -> Result<Run> {
    let app = app.clone();
    to_its_end(async move {
        let id = id::new();
        store::insert(&app.db, id, chore.as_str(), Ts::now()).await?;
        let tally = match chore {
            Chore::CleanupRecordings => recordings::cleanup::once(&app, Ts::now()).await,
            Chore::MigrateStreamsToWorkouts => workouts::migrate(&app, Ts::now()).await,
        };
        let (done, failed, error) = match &tally {
            Ok(tally) => {
                let first = tally.failed.first();
                let first = first.map(|(session, error)| format!("{session}: {error:#}"));
                (tally.done.len(), tally.failed.len(), first)
            }
            Err(error) => (0, 0, Some(format!("{error:#}"))),
        };
        let run = store::finish(&app.db, id, Ts::now(), done, failed, error).await?;
        tracing::info!(chore = chore.as_str(), done, failed, "the daily work is done");
        tally.map(|_| run)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_chore_is_wanted_by_its_own_day() {
        let key = |chore: Chore, text: &str| {
            let now: jiff::Timestamp = text.parse().unwrap();
            format!("{:?}", chore.due(now.into()))
        };
        let cases = [
            (
                Chore::CleanupRecordings,
                "2026-03-01T01:59:59Z",
                "cleanup-recordings:2026-02-28",
            ),
            (
                Chore::CleanupRecordings,
                "2026-03-01T02:00:00Z",
                "cleanup-recordings:2026-03-01",
            ),
            (
                Chore::CleanupRecordings,
                "2026-03-01T23:59:59Z",
                "cleanup-recordings:2026-03-01",
            ),
            (
                Chore::MigrateStreamsToWorkouts,
                "2027-01-01T02:30:00Z",
                "migrate-streams-to-workouts:2026-12-31",
            ),
            (
                Chore::MigrateStreamsToWorkouts,
                "2027-01-01T03:00:00Z",
                "migrate-streams-to-workouts:2027-01-01",
            ),
        ];
        for (chore, now, want) in cases {
            assert!(key(chore, now).contains(want), "{now}: {}", key(chore, now));
        }
    }
}
