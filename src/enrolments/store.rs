//! SQL of enrolments, and of the few columns of a session that they need.

use uuid::Uuid;

use super::{Enrolment, Watched};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// What enrolling needs of a session.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct OpenSession {
    /// For people.
    pub title: String,
    /// Whose it is.
    pub instructor_id: Uuid,
    /// What it costs.
    pub price_in_tokens: i64,
    /// When the replay ends, if that is known.
    pub recording_expires_at: Option<Ts>,
}

/// What became of a pending enrolment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Activated {
    /// It is good since now.
    Now,
    /// It was good.
    Before,
    /// There is no such row.
    Gone,
}

/// Counts one more in; `None`: there is no such session, or it is over and has no replay. The session's row stays
/// locked until the transaction ends, so that it cannot be cancelled meanwhile.
///
/// # Errors
/// The database's own.
pub async fn enter_session(tx: &mut Tx, session: Uuid, now: Ts) -> sqlx::Result<Option<OpenSession>> {
    let sql = "UPDATE live_sessions SET total_enrollments = total_enrollments + 1, updated_at = $2 \
               WHERE id = $1 AND deleted_at IS NULL AND (status IN ('scheduled', 'live') OR (status = 'ended' \
               AND recording_available AND (recording_expires_at IS NULL OR recording_expires_at > $2))) \
               RETURNING title, instructor_id, price_in_tokens, recording_expires_at";
    tx.opt(sql, args![session, now]).await
}

/// Counts one more in, whatever the session's state.
///
/// # Errors
/// The database's own.
pub async fn count_in(tx: &mut Tx, session: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET total_enrollments = total_enrollments + 1, updated_at = $2 WHERE id = $1";
    tx.exec(sql, args![session, now]).await.map(drop)
}

/// Counts one out, unless the tokens went back before; locks the session's row.
///
/// # Errors
/// The database's own.
pub async fn leave_session(tx: &mut Tx, enrolment: &Enrolment, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET total_enrollments = total_enrollments - 1, updated_at = $2 \
               WHERE id = $1 AND total_enrollments > 0";
    tx.exec(sql, args![enrolment.session_id, now]).await.map(drop)
}

/// Whether there is such a session.
///
/// # Errors
/// The database's own.
pub async fn is_session(tx: &mut Tx, session: Uuid) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM live_sessions WHERE id = $1 AND deleted_at IS NULL";
    let found: Option<(Uuid,)> = tx.opt(sql, args![session]).await?;
    Ok(found.is_some())
}

const FIND: &str = "SELECT * FROM enrolments WHERE session_id = $1 AND user_id = $2";

/// Finds an enrolment.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, session: Uuid, user: Uuid) -> sqlx::Result<Option<Enrolment>> {
    db.opt(FIND, args![session, user]).await
}

/// Finds an enrolment within a transaction.
///
/// # Errors
/// The database's own.
pub async fn find_in(tx: &mut Tx, session: Uuid, user: Uuid) -> sqlx::Result<Option<Enrolment>> {
    tx.opt(FIND, args![session, user]).await
}

/// Adds an enrolment.
///
/// # Errors
/// A duplicate when the user has one.
pub async fn insert(tx: &mut Tx, new: &Enrolment) -> sqlx::Result<()> {
    let sql = "INSERT INTO enrolments (id, session_id, user_id, state, tokens_paid, token_transaction_id, \
               replay_access_expires_at, enrolled_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let values = args![
        new.id,
        new.session_id,
        new.user_id,
        new.state.as_str(),
        new.tokens_paid,
        new.token_transaction_id.clone(),
        new.replay_access_expires_at,
        new.enrolled_at,
    ];
    tx.exec(sql, values).await.map(drop)
}

/// Makes a pending enrolment good.
///
/// # Errors
/// The database's own.
pub async fn activate(tx: &mut Tx, id: Uuid, transaction: &str, now: Ts) -> sqlx::Result<Activated> {
    let sql = "UPDATE enrolments SET state = 'active', token_transaction_id = $2, updated_at = $3 \
               WHERE id = $1 AND state = 'pending'";
    if tx.exec(sql, args![id, transaction, now]).await? == 1 {
        return Ok(Activated::Now);
    }
    let found: Option<(Uuid,)> = tx.opt("SELECT id FROM enrolments WHERE id = $1", args![id]).await?;
    Ok(found.map_or(Activated::Gone, |_| Activated::Before))
}

/// Takes a pending enrolment away and counts it out, if it is still pending.
///
/// # Errors
/// The database's own.
pub async fn drop_pending(db: &Db, pending: &Enrolment, now: Ts) -> sqlx::Result<()> {
    let mut tx = db.begin().await?;
    leave_session(&mut tx, pending, now).await?;
    let sql = "DELETE FROM enrolments WHERE id = $1 AND state = 'pending'";
    if tx.exec(sql, args![pending.id]).await? == 1 {
        tx.commit().await?;
    }
    Ok(())
}

/// Makes room for a new enrolment of the same user.
///
/// # Errors
/// The database's own.
pub async fn delete_refunded(tx: &mut Tx, id: Uuid) -> sqlx::Result<()> {
    let sql = "DELETE FROM enrolments WHERE id = $1 AND state = 'refunded'";
    tx.exec(sql, args![id]).await.map(drop)
}

/// Notes that tokens are about to go back.
///
/// # Errors
/// The database's own.
pub async fn mark_refunding(db: &Db, id: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE enrolments SET state = 'refunding', updated_at = $2 WHERE id = $1 AND state = 'active'";
    db.exec(sql, args![id, now]).await.map(drop)
}

/// Notes that the tokens went back; false: they had before.
///
/// # Errors
/// The database's own.
pub async fn mark_refunded(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<bool> {
    let sql = "UPDATE enrolments SET state = 'refunded', updated_at = $2 \
               WHERE id = $1 AND state IN ('active', 'refunding')";
    Ok(tx.exec(sql, args![id, now]).await? == 1)
}

/// Enrolments whose tokens are to go back, by key, those after `after`.
///
/// # Errors
/// The database's own.
pub async fn list_owed(db: &Db, after: Uuid, limit: i64) -> sqlx::Result<Vec<Enrolment>> {
    let sql = "SELECT enrolments.* FROM enrolments JOIN live_sessions ON live_sessions.id = enrolments.session_id \
               WHERE enrolments.id > $1 AND (enrolments.state = 'refunding' \
               OR (enrolments.state = 'active' AND live_sessions.status = 'cancelled')) \
               ORDER BY enrolments.id LIMIT $2";
    db.all(sql, args![after, limit]).await
}

/// Enrolments that are pending since before `since`, oldest first.
///
/// # Errors
/// The database's own.
pub async fn list_pending(db: &Db, since: Ts, limit: i64) -> sqlx::Result<Vec<Enrolment>> {
    let sql = "SELECT * FROM enrolments WHERE state = 'pending' AND enrolled_at <= $1 ORDER BY enrolled_at LIMIT $2";
    db.all(sql, args![since, limit]).await
}

/// A user's enrolments in any of these sessions, in any state.
///
/// # Errors
/// The database's own.
pub async fn list_among(db: &Db, user: Uuid, sessions: &[Uuid]) -> sqlx::Result<Vec<Enrolment>> {
    let sql = "SELECT * FROM enrolments WHERE user_id = $1 AND session_id IN ({keys})";
    db.among(sql, args![user], sessions).await
}

/// A user's enrolments in any state, latest first, those before the enrolment `before`.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, user: Uuid, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<Enrolment>> {
    let sql = "SELECT * FROM enrolments WHERE user_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
    db.all(sql, args![user, before, limit]).await
}

/// What good enrolments in one session have paid in all.
///
/// # Errors
/// The database's own.
pub async fn sum_paid(db: &Db, session: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT CAST(COALESCE(SUM(tokens_paid), 0) AS BIGINT) FROM enrolments \
               WHERE session_id = $1 AND state = 'active'";
    let (sum,): (i64,) = db.one(sql, args![session]).await?;
    Ok(sum)
}

/// The same for each session of an instructor that anybody has paid for.
///
/// # Errors
/// The database's own.
pub async fn list_paid(db: &Db, instructor: Uuid) -> sqlx::Result<Vec<(Uuid, i64)>> {
    let sql = "SELECT enrolments.session_id, CAST(SUM(enrolments.tokens_paid) AS BIGINT) FROM enrolments \
               JOIN live_sessions ON live_sessions.id = enrolments.session_id \
               WHERE live_sessions.instructor_id = $1 AND enrolments.state = 'active' GROUP BY enrolments.session_id";
    db.all(sql, args![instructor]).await
}

/// Sets until when the enrolments of a session open its replay.
///
/// # Errors
/// The database's own.
pub async fn set_replay_end(db: &Db, session: Uuid, end: Option<Ts>, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE enrolments SET replay_access_expires_at = $2, updated_at = $3 WHERE session_id = $1";
    db.exec(sql, args![session, end, now]).await.map(drop)
}

/// Notes that a user has opened a session; writes nothing when that was noted within the last minute.
///
/// # Errors
/// The database's own.
pub async fn note_watched(db: &Db, session: Uuid, user: Uuid, what: Watched, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE enrolments SET watched_live = watched_live OR $3, watched_replay = watched_replay OR $4, \
               last_watched_at = $5, updated_at = $5 WHERE session_id = $1 AND user_id = $2 AND state = 'active' \
               AND (last_watched_at IS NULL OR last_watched_at < $6 OR ($3 AND NOT watched_live) \
               OR ($4 AND NOT watched_replay))";
    let (live, replay) = (what == Watched::Live, what == Watched::Replay);
    let values = args![session, user, live, replay, now, now.plus_s(-60)];
    db.exec(sql, values).await.map(drop)
}
