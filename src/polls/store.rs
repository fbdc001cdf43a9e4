//! SQL of polls.

use uuid::Uuid;

use super::{OptionRow, Row};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Lists the polls of a session in the order in which they were made.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, session: Uuid, limit: i64) -> sqlx::Result<Vec<Row>> {
    let sql = "SELECT id, session_id, question, is_active, created_at FROM live_polls WHERE session_id = $1 \
               ORDER BY id LIMIT $2";
    db.all(sql, args![session, limit]).await
}

/// How many polls a session has.
///
/// # Errors
/// The database's own.
pub async fn count(tx: &mut Tx, session: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM live_polls WHERE session_id = $1";
    let (count,): (i64,) = tx.one(sql, args![session]).await?;
    Ok(count)
}

/// The options of all polls of a session, each poll's in their order.
///
/// # Errors
/// The database's own.
pub async fn options_of_session(db: &Db, session: Uuid) -> sqlx::Result<Vec<OptionRow>> {
    let sql = "SELECT o.id, o.poll_id, o.option_text, o.vote_count FROM live_poll_options o \
               JOIN live_polls p ON p.id = o.poll_id WHERE p.session_id = $1 ORDER BY o.poll_id, o.position";
    db.all(sql, args![session]).await
}

/// The options of a poll in their order.
///
/// # Errors
/// The database's own.
pub async fn options(tx: &mut Tx, poll: Uuid) -> sqlx::Result<Vec<OptionRow>> {
    let sql = "SELECT id, poll_id, option_text, vote_count FROM live_poll_options WHERE poll_id = $1 \
               ORDER BY position";
    tx.all(sql, args![poll]).await
}

/// What a user has chosen in a session: poll and option.
///
/// # Errors
/// The database's own.
pub async fn choices_of(db: &Db, session: Uuid, user: Uuid) -> sqlx::Result<Vec<(Uuid, Uuid)>> {
    let sql = "SELECT v.poll_id, v.option_id FROM live_poll_votes v JOIN live_polls p ON p.id = v.poll_id \
               WHERE p.session_id = $1 AND v.user_id = $2";
    db.all(sql, args![session, user]).await
}

/// What a user has chosen in a poll.
///
/// # Errors
/// The database's own.
pub async fn choice_of(tx: &mut Tx, poll: Uuid, user: Uuid) -> sqlx::Result<Option<Uuid>> {
    let sql = "SELECT option_id FROM live_poll_votes WHERE poll_id = $1 AND user_id = $2";
    let choice: Option<(Uuid,)> = tx.opt(sql, args![poll, user]).await?;
    Ok(choice.map(|(option,)| option))
}

/// The session of a poll.
///
/// # Errors
/// The database's own.
pub async fn session_of(db: &Db, poll: Uuid) -> sqlx::Result<Option<Uuid>> {
    let found: Option<(Uuid,)> = db
        .opt("SELECT session_id FROM live_polls WHERE id = $1", args![poll])
        .await?;
    Ok(found.map(|(session,)| session))
}

/// Adds a poll.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, row: &Row, by: Uuid) -> sqlx::Result<()> {
    let sql = "INSERT INTO live_polls (id, session_id, question, is_active, created_by, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $6)";
    let values = args![row.id, row.session_id, &row.question, row.is_active, by, row.created_at];
    tx.exec(sql, values).await.map(drop)
}

/// Adds an option.
///
/// # Errors
/// The database's own.
pub async fn insert_option(tx: &mut Tx, row: &OptionRow, position: usize) -> sqlx::Result<()> {
    let sql = "INSERT INTO live_poll_options (id, poll_id, position, option_text) VALUES ($1, $2, $3, $4)";
    let position = i64::try_from(position).unwrap_or(i64::MAX);
    tx.exec(sql, args![row.id, row.poll_id, position, &row.option_text])
        .await
        .map(drop)
}

/// Has others that change the poll, or vote, wait until the end of the transaction; `None`: there is none.
///
/// # Errors
/// The database's own.
pub async fn lock(tx: &mut Tx, poll: Uuid, now: Ts) -> sqlx::Result<Option<Row>> {
    let sql = "UPDATE live_polls SET updated_at = $2 WHERE id = $1 \
               RETURNING id, session_id, question, is_active, created_at";
    tx.opt(sql, args![poll, now]).await
}

/// The same for a poll that takes votes: it is open, and its session live.
///
/// # Errors
/// The database's own.
pub async fn lock_active(tx: &mut Tx, poll: Uuid, now: Ts) -> sqlx::Result<Option<Row>> {
    let sql = "UPDATE live_polls SET updated_at = $2 WHERE id = $1 AND is_active AND EXISTS (SELECT 1 FROM \
               live_sessions s WHERE s.id = live_polls.session_id AND s.status = 'live' AND s.deleted_at IS NULL) \
               RETURNING id, session_id, question, is_active, created_at";
    tx.opt(sql, args![poll, now]).await
}

/// Adds a vote.
///
/// # Errors
/// The database's own, also for a second vote of the same user.
pub async fn insert_vote(tx: &mut Tx, poll: Uuid, user: Uuid, option: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "INSERT INTO live_poll_votes (poll_id, user_id, option_id, created_at) VALUES ($1, $2, $3, $4)";
    tx.exec(sql, args![poll, user, option, now]).await.map(drop)
}

/// Counts a vote; false: the poll has no such option.
///
/// # Errors
/// The database's own.
pub async fn raise_count(tx: &mut Tx, poll: Uuid, option: Uuid) -> sqlx::Result<bool> {
    let sql = "UPDATE live_poll_options SET vote_count = vote_count + 1 WHERE poll_id = $1 AND id = $2";
    Ok(tx.exec(sql, args![poll, option]).await? == 1)
}

/// Opens or closes a poll.
///
/// # Errors
/// The database's own.
pub async fn set_active(tx: &mut Tx, poll: Uuid, is_active: bool, now: Ts) -> sqlx::Result<Option<Row>> {
    let sql = "UPDATE live_polls SET is_active = $2, updated_at = $3 WHERE id = $1 \
               RETURNING id, session_id, question, is_active, created_at";
    tx.opt(sql, args![poll, is_active, now]).await
}

/// Removes a poll with its options and votes; false: there is none.
///
/// # Errors
/// The database's own.
pub async fn delete(tx: &mut Tx, poll: Uuid) -> sqlx::Result<bool> {
    Ok(tx.exec("DELETE FROM live_polls WHERE id = $1", args![poll]).await? == 1)
}

/// Forgets polls from before `before`, with their votes.
///
/// # Errors
/// The database's own.
pub async fn forget(db: &Db, before: Ts) -> sqlx::Result<()> {
    let sql =
        "DELETE FROM live_polls WHERE id IN (SELECT id FROM live_polls WHERE created_at < $1 ORDER BY id LIMIT $2)";
    db.forget(sql, before).await
}
