//! Enrolments: a user's right to one session, and the tokens that were paid for it.
//!
//! | file | what it is for |
//! |---|---|
//! | `enrol` | getting one: all or nothing, once |
//! | `refund` | giving the tokens back, once, when a session is cancelled |
//! | `upkeep` | what an outside token service left open is brought to its end |
//! | `news` | jobs that tell somebody what they have enrolled in |
//! | `routes` | HTTP |
//!
//! Sessions ask here who is enrolled; nothing here knows them but by their key and a few columns of their row, whose
//! lock is what makes enrolling and cancelling take turns.

mod enrol;
pub mod news;
mod refund;
pub mod routes;
pub mod store;
pub mod upkeep;

use std::collections::HashMap;

use uuid::Uuid;

use crate::App;
use crate::db::Ts;
use crate::error::Result;

pub use enrol::{Enrolled, enrol};
pub use refund::refund_cancelled;

/// A row of `enrolments`.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Enrolment {
    /// Key.
    pub id: Uuid,
    /// For what.
    pub session_id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Where it is in its life.
    #[sqlx(try_from = "String")]
    pub state: State,
    /// What it cost.
    pub tokens_paid: i64,
    /// The ledger's entry, or the outside service's; `None`: it was free.
    pub token_transaction_id: Option<String>,
    /// Whether it opens the live session.
    pub can_watch_live: bool,
    /// Whether it opens the replay.
    pub can_watch_replay: bool,
    /// Until when it opens the replay; `None`: as long as there is one.
    pub replay_access_expires_at: Option<Ts>,
    /// Whether they have watched it live.
    pub watched_live: bool,
    /// Whether they have watched the replay.
    pub watched_replay: bool,
    /// When they opened it last.
    pub last_watched_at: Option<Ts>,
    /// Since when.
    pub enrolled_at: Ts,
}

/// Where an enrolment is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// The outside token service was asked and has not answered.
    Pending,
    /// Good.
    Active,
    /// The outside token service is to give the tokens back.
    Refunding,
    /// The tokens were given back.
    Refunded,
}

impl State {
    /// As in the database and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            State::Pending => "pending",
            State::Active => "active",
            State::Refunding => "refunding",
            State::Refunded => "refunded",
        }
    }
}

impl TryFrom<String> for State {
    type Error = String;

    fn try_from(text: String) -> Result<State, String> {
        [State::Pending, State::Active, State::Refunding, State::Refunded]
            .into_iter()
            .find(|state| state.as_str() == text)
            .ok_or_else(|| format!("unknown state {text}"))
    }
}

/// What was opened.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watched {
    /// The live session.
    Live,
    /// The replay.
    Replay,
}

impl Enrolment {
    /// Whether it opens the session while it is live.
    #[must_use]
    pub fn opens_live(&self) -> bool {
        self.state == State::Active && self.can_watch_live
    }

    /// Whether it opened the replay until some time before `now`.
    #[must_use]
    pub fn is_over_for_replay(&self, now: Ts) -> bool {
        self.state == State::Active && self.replay_access_expires_at.is_some_and(|end| end <= now)
    }

    /// Whether it opens the replay at `now`.
    #[must_use]
    pub fn opens_replay(&self, now: Ts) -> bool {
        self.state == State::Active
            && self.can_watch_replay
            && self.replay_access_expires_at.is_none_or(|end| end > now)
    }
}

/// The enrolment of `user` in `session`, whatever its state.
///
/// # Errors
/// The database's own.
pub async fn find(app: &App, session: Uuid, user: Uuid) -> Result<Option<Enrolment>> {
    Ok(store::find(&app.db, session, user).await?)
}

/// The enrolments of `user` in any of `sessions`, whatever their state.
///
/// # Errors
/// The database's own.
pub async fn among(app: &App, user: Uuid, sessions: &[Uuid]) -> Result<Vec<Enrolment>> {
    Ok(store::list_among(&app.db, user, sessions).await?)
}

/// What those enrolled in `session` have paid, without what was given back.
///
/// # Errors
/// The database's own.
pub async fn revenue_of_session(app: &App, session: Uuid) -> Result<i64> {
    Ok(store::sum_paid(&app.db, session).await?)
}

/// The same for each session of `instructor`; those that brought in nothing may be missing.
///
/// # Errors
/// The database's own.
pub async fn revenue_of_instructor(app: &App, instructor: Uuid) -> Result<HashMap<Uuid, i64>> {
    Ok(store::list_paid(&app.db, instructor).await?.into_iter().collect())
}

/// Sets until when the enrolments in `session` open its replay; what its end calls.
///
/// # Errors
/// The database's own.
pub async fn set_replay_end(app: &App, session: Uuid, end: Option<Ts>) -> Result<()> {
    Ok(store::set_replay_end(&app.db, session, end, Ts::now()).await?)
}

/// Notes that `user` has opened `session`. Without an enrolment there is nothing to note.
///
/// # Errors
/// The database's own.
pub async fn note_watched(app: &App, session: Uuid, user: Uuid, what: Watched) -> Result<()> {
    Ok(store::note_watched(&app.db, session, user, what, Ts::now()).await?)
}
