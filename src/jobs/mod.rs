//! Work that is done later, and surely: a queue in the database, worked off by every server that shares it.
//!
//! | file | what it is for |
//! |---|---|
//! | `runner` | takes what is due, a few of each kind at a time, and hands it to its handler |
//! | `work` | one job in the hands of its handler |
//! | `place` | which server this is, and whether the others are there |
//! | `admin` | what admins see and do |
//! | `routes` | HTTP |
//! | `store`, `store_admin`, `store_places` | SQL |
//!
//! A job runs **at least once**: it is claimed for a while (the lease), the claim is renewed while its handler works, and
//! when a server dies the next one takes it over. What must not happen twice in the world outside (a mail, a message, a
//! payment) is announced by [`Work::begin`] first: from then on the job is never run again by itself, so that such
//! work happens **at most once**, and what became of it is for an admin to see.
//!
//! This is ground level like `db`: every capability may enqueue. A kind of work is handled where it belongs; `lib.rs`
//! brings the handlers together.

pub mod admin;
pub mod place;
pub mod routes;
mod runner;
pub mod store;
pub mod store_admin;
pub mod store_places;
mod work;

use std::path::Path;
use std::sync::Arc;

use serde::Serialize;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::App;
use crate::db::{Ts, Tx};
use crate::error::{Error, Result};

pub use runner::{Effort, Handlers, run};
pub use work::{Failure, Work};

/// The queue of this server: whoever adds a job wakes it.
#[derive(Clone, Debug)]
pub struct Jobs {
    added: Arc<Notify>,
    place: place::Place,
}

impl Jobs {
    /// Of the server with the data folder `dir`.
    ///
    /// # Errors
    /// The disk's.
    pub fn at(dir: &Path) -> anyhow::Result<Jobs> {
        Ok(Jobs {
            added: Arc::default(),
            place: place::Place::of(dir)?,
        })
    }

    /// Has the queue looked through at once. To be called after the transaction of [`enqueue_in`] has been committed;
    /// without it the job starts within a second.
    pub fn wake(&self) {
        self.added.notify_one();
    }
}

/// Something that is to be done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewJob {
    kind: &'static str,
    summary: String,
    payload: String,
    unique_key: Option<String>,
    place: Option<String>,
    run_at: Ts,
}

impl NewJob {
    /// Work of `kind`, now. `summary` is what admins read of it, without secrets; `payload` what its handler gets. It
    /// is forgotten when the work is done.
    ///
    /// # Panics
    /// When the payload is no JSON object: it is a type of ours.
    #[must_use]
    pub fn new(kind: &'static str, summary: impl Into<String>, payload: &impl Serialize) -> NewJob {
        NewJob {
            kind,
            summary: summary.into(),
            payload: serde_json::to_string(payload).expect("a payload is a plain struct"),
            unique_key: None,
            place: None,
            run_at: Ts::now(),
        }
    }

    /// The same work, named by `key`, is not wanted again, also after it was done (for the month that it is kept).
    #[must_use]
    pub fn once(self, key: impl Into<String>) -> NewJob {
        NewJob {
            unique_key: Some(key.into()),
            ..self
        }
    }

    /// By this server alone, unless it is absent for long: what it is about is on its disk.
    #[must_use]
    pub fn here(self, jobs: &Jobs) -> NewJob {
        NewJob {
            place: Some(jobs.place.id.to_string()),
            ..self
        }
    }

    /// Not before `run_at`.
    #[must_use]
    pub fn at(self, run_at: Ts) -> NewJob {
        NewJob { run_at, ..self }
    }
}

/// A row of `jobs`.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Job {
    /// Key.
    pub id: Uuid,
    /// Who handles it.
    pub kind: String,
    /// For admins.
    pub summary: String,
    /// The server whose disk has what it is about; `None`: any may do it.
    pub place: Option<String>,
    /// A JSON object; empty when it is done.
    pub payload: String,
    /// Where it is in its life.
    #[sqlx(try_from = "String")]
    pub state: State,
    /// How often it was begun. With it a claim is known from a later one.
    pub attempts: i64,
    /// Not before.
    pub run_at: Ts,
    /// Until when a server has claimed it.
    pub locked_until: Option<Ts>,
    /// Since when something outside may have happened by it.
    pub begun_at: Option<Ts>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// When it was wanted.
    pub created_at: Ts,
    /// Last change.
    pub updated_at: Ts,
}

/// Where a job is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = JobState)]
pub enum State {
    /// Waits for its time, or for a server.
    Ready,
    /// A server has it.
    Running,
    /// Done.
    Done,
    /// Given up: an admin may try it again.
    Dead,
}

impl State {
    /// As in the database and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Running => "running",
            State::Done => "done",
            State::Dead => "dead",
        }
    }
}

impl TryFrom<String> for State {
    type Error = String;

    fn try_from(text: String) -> Result<State, String> {
        [State::Ready, State::Running, State::Done, State::Dead]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("unknown state {text}"))
    }
}

/// Adds a job; `None`: the same work was wanted before.
///
/// # Errors
/// The database's own.
pub async fn enqueue(app: &App, job: NewJob) -> Result<Option<Uuid>> {
    let mut tx = app.db.begin().await?;
    let id = enqueue_in(&mut tx, job).await?;
    tx.commit().await?;
    app.jobs.wake();
    Ok(id)
}

/// Adds a job in the transaction of what makes it necessary: neither lasts without the other. [`Jobs::wake`] after the
/// commit starts it at once. `None`: the same work was wanted before.
///
/// # Errors
/// The database's own.
pub async fn enqueue_in(tx: &mut Tx, job: NewJob) -> Result<Option<Uuid>> {
    Ok(store::insert(tx, crate::id::new(), &job, Ts::now()).await?)
}

/// The job that [`NewJob::once`] gave this key; done ones are known for a month.
///
/// # Errors
/// The database's own.
pub async fn find(app: &App, key: &str) -> Result<Option<Job>> {
    Ok(store::find_by_key(&app.db, key).await?)
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        Failure::Again(error.into())
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Failure {
        Failure::Again(error.into())
    }
}
