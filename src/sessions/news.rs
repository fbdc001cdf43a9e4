//! What happened to sessions, as jobs for whoever tells people of it. The jobs belong to the transaction of what happened.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Session;
use crate::db::{Ts, Tx};
use crate::error::Result;
use crate::jobs::{self, NewJob};

/// The kind of jobs that tell of a new session or series: [`Planned`].
pub const PLANNED: &str = "session-planned";
/// The kind of jobs that tell of a session that begins at another time: [`Moved`].
pub const MOVED: &str = "session-moved";
/// The kind of jobs that tell of a session that does not take place: [`Cancelled`].
pub const CANCELLED: &str = "session-cancelled";
/// The kind of jobs that tell of a series of which nothing takes place any more: [`SeriesCancelled`].
pub const SERIES_CANCELLED: &str = "series-cancelled";

/// A session, or a series of them, was planned.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Planned {
    /// The session; the first one of a series.
    pub session: Uuid,
    /// The series, if it is one. Sessions that it plans later are no news.
    pub series: Option<Uuid>,
}

/// A session begins at another time.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Moved {
    /// Which.
    pub session: Uuid,
    /// When it was to start before.
    pub from: Ts,
    /// When it is to start now.
    pub to: Ts,
}

/// A session does not take place. What it was is here: its row may be deleted.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Cancelled {
    /// Which.
    pub session: Uuid,
    /// Its title.
    pub title: String,
    /// Its instructor's name.
    pub instructor: String,
    /// When it was to start.
    pub start: Ts,
}

/// The sessions of a series that were to come do not take place. They are told of together.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct SeriesCancelled {
    /// Which.
    pub series: Uuid,
    /// What each of them was, soonest first.
    pub sessions: Vec<Cancelled>,
}

/// A job for what was planned.
///
/// # Errors
/// The database's own.
pub(super) async fn planned(tx: &mut Tx, session: &Session, series: Option<Uuid>) -> Result<()> {
    let news = Planned {
        session: session.id,
        series,
    };
    jobs::enqueue_in(tx, NewJob::new(PLANNED, &session.title, &news)).await?;
    Ok(())
}

/// A job for what was moved; `session` is as it is now.
///
/// # Errors
/// The database's own.
pub(super) async fn moved(tx: &mut Tx, session: &Session, from: Ts) -> Result<()> {
    let news = Moved {
        session: session.id,
        from,
        to: session.scheduled_start,
    };
    jobs::enqueue_in(tx, NewJob::new(MOVED, &session.title, &news)).await?;
    Ok(())
}

/// A job for what was cancelled.
///
/// # Errors
/// The database's own.
pub(super) async fn cancelled(tx: &mut Tx, session: &Session) -> Result<()> {
    let news = Cancelled::from(session);
    jobs::enqueue_in(tx, NewJob::new(CANCELLED, &session.title, &news)).await?;
    Ok(())
}

/// A job for the sessions of a series that are being cancelled, if there are any.
///
/// # Errors
/// The database's own.
pub(super) async fn series_cancelled(tx: &mut Tx, series: Uuid, sessions: &[Session]) -> Result<()> {
    let Some(first) = sessions.first() else { return Ok(()) };
    let news = SeriesCancelled {
        series,
        sessions: sessions.iter().map(Cancelled::from).collect(),
    };
    jobs::enqueue_in(tx, NewJob::new(SERIES_CANCELLED, &first.title, &news)).await?;
    Ok(())
}

impl From<&Session> for Cancelled {
    fn from(session: &Session) -> Cancelled {
        Cancelled {
            session: session.id,
            title: session.title.clone(),
            instructor: session.instructor_name.clone(),
            start: session.scheduled_start,
        }
    }
}
