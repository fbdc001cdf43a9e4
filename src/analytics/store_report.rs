//! SQL of reports.

use uuid::Uuid;

use crate::args;
use crate::db::{Db, Ts};

/// A visit of a live session.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct VisitRow {
    /// Whose.
    pub user_id: Option<Uuid>,
    /// From when.
    pub began_at: Ts,
    /// To when, or when it was still going on.
    pub until: Ts,
}

/// What was done in a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, sqlx::FromRow)]
pub struct Counts {
    /// Messages that were not taken away.
    pub chat_messages: i64,
    /// Users who wrote them.
    pub chatters: i64,
    /// Votes in all polls.
    pub poll_votes: i64,
    /// Reactions.
    pub reactions: i64,
    /// Questions that were not taken away.
    pub questions: i64,
    /// Good enrolments.
    pub enrolments: i64,
    /// What was paid for them.
    pub revenue_tokens: i64,
    /// Visits of the replay.
    pub replay_views: i64,
    /// How long they were together.
    pub replay_seconds: i64,
}

/// A session that took place.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Held {
    /// Which.
    pub title: String,
    /// From when.
    pub actual_start: Ts,
    /// To when; `None`: it is live.
    pub actual_end: Option<Ts>,
    /// Most viewers at the same time.
    pub max_viewers: i64,
    /// Good enrolments.
    pub enrolments: i64,
    /// What was paid for them.
    pub revenue_tokens: i64,
    /// How long it was watched live by all together.
    pub watch_seconds: i64,
}

/// Lists the visits of a live session; the first hundred thousand.
///
/// # Errors
/// The database's own.
pub async fn live_visits(db: &Db, session: Uuid) -> sqlx::Result<Vec<VisitRow>> {
    let sql = "SELECT user_id, began_at, coalesce(ended_at, seen_at) AS until FROM watch_visits \
               WHERE session_id = $1 AND kind = 'live' ORDER BY began_at LIMIT 100000";
    db.all(sql, args![session]).await
}

/// Counts what was done in a session.
///
/// # Errors
/// The database's own.
pub async fn counts(db: &Db, session: Uuid) -> sqlx::Result<Counts> {
    let sql = "SELECT \
        (SELECT COUNT(*) FROM live_chat_messages WHERE session_id = $1 AND deleted_at IS NULL) AS chat_messages, \
        (SELECT COUNT(DISTINCT user_id) FROM live_chat_messages WHERE session_id = $1 AND deleted_at IS NULL) \
            AS chatters, \
        (SELECT COUNT(*) FROM live_poll_votes v JOIN live_polls p ON p.id = v.poll_id WHERE p.session_id = $1) \
            AS poll_votes, \
        (SELECT CAST(coalesce(SUM(count), 0) AS BIGINT) FROM reaction_counts WHERE session_id = $1) AS reactions, \
        (SELECT COUNT(*) FROM questions WHERE session_id = $1 AND deleted_at IS NULL) AS questions, \
        (SELECT COUNT(*) FROM enrolments WHERE session_id = $1 AND state = 'active') AS enrolments, \
        (SELECT CAST(coalesce(SUM(tokens_paid), 0) AS BIGINT) FROM enrolments WHERE session_id = $1 \
            AND state = 'active') AS revenue_tokens, \
        (SELECT COUNT(*) FROM watch_visits WHERE session_id = $1 AND kind = 'replay') AS replay_views, \
        (SELECT CAST(coalesce(SUM(seconds), 0) AS BIGINT) FROM watch_visits WHERE session_id = $1 \
            AND kind = 'replay') AS replay_seconds";
    db.one(sql, args![session]).await
}

/// Lists the sessions of an instructor that took place since `since`, latest first.
///
/// # Errors
/// The database's own.
pub async fn held(db: &Db, instructor: Uuid, since: Ts, limit: i64) -> sqlx::Result<Vec<Held>> {
    let sql = "SELECT s.title, s.actual_start, s.actual_end, s.max_viewers, \
        (SELECT COUNT(*) FROM enrolments e WHERE e.session_id = s.id AND e.state = 'active') AS enrolments, \
        (SELECT CAST(coalesce(SUM(e.tokens_paid), 0) AS BIGINT) FROM enrolments e WHERE e.session_id = s.id \
            AND e.state = 'active') AS revenue_tokens, \
        (SELECT CAST(coalesce(SUM(coalesce(v.ended_at, v.seen_at) - v.began_at), 0) AS BIGINT) / 1000000 \
            FROM watch_visits v WHERE v.session_id = s.id AND v.kind = 'live') AS watch_seconds \
        FROM live_sessions s WHERE s.instructor_id = $1 AND s.actual_start >= $2 AND s.deleted_at IS NULL \
        ORDER BY s.actual_start DESC, s.id LIMIT $3";
    db.all(sql, args![instructor, since, limit]).await
}
