//! SQL of visits.

use uuid::Uuid;

use crate::args;
use crate::db::{Db, Ts, Tx};

/// Adds a visit of a live session; nothing where the session is gone.
///
/// # Errors
/// The database's own.
pub async fn insert_live(
    tx: &mut Tx,
    id: Uuid,
    session: Uuid,
    user: Option<Uuid>,
    server: Uuid,
    now: Ts,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO watch_visits (id, session_id, user_id, kind, server_id, began_at, seen_at) \
               SELECT $1, s.id, $3, 'live', $4, $5, $5 FROM live_sessions s WHERE s.id = $2";
    tx.exec(sql, args![id, session, user, server, now]).await.map(drop)
}

/// Ends a live visit.
///
/// # Errors
/// The database's own.
pub async fn end(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE watch_visits SET ended_at = $2, seen_at = $2, seconds = ($2 - began_at) / 1000000 WHERE id = $1 \
               AND began_at <= $2";
    tx.exec(sql, args![id, now]).await.map(drop)
}

/// Says that a server's live visits are still going on.
///
/// # Errors
/// The database's own.
pub async fn give_sign(tx: &mut Tx, server: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE watch_visits SET seen_at = $2 WHERE server_id = $1 AND kind = 'live' AND ended_at IS NULL";
    tx.exec(sql, args![server, now]).await.map(drop)
}

/// Ends the live visits that gave no sign since `before`, with their last one.
///
/// # Errors
/// The database's own.
pub async fn end_lost(tx: &mut Tx, before: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE watch_visits SET ended_at = seen_at, seconds = (seen_at - began_at) / 1000000 \
               WHERE kind = 'live' AND ended_at IS NULL AND seen_at < $1";
    tx.exec(sql, args![before]).await.map(drop)
}

/// The visit of a replay that was heard of since `since`: its key, and when.
///
/// # Errors
/// The database's own.
pub async fn find_replay(tx: &mut Tx, session: Uuid, user: Uuid, since: Ts) -> sqlx::Result<Option<(Uuid, Ts)>> {
    let sql = "SELECT id, seen_at FROM watch_visits WHERE session_id = $1 AND user_id = $2 AND kind = 'replay' \
               AND ended_at IS NULL AND seen_at > $3 ORDER BY seen_at DESC LIMIT 1";
    tx.opt(sql, args![session, user, since]).await
}

/// Adds a visit of a replay.
///
/// # Errors
/// The database's own.
pub async fn insert_replay(
    tx: &mut Tx,
    id: Uuid,
    session: Uuid,
    user: Uuid,
    seconds: i64,
    now: Ts,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO watch_visits (id, session_id, user_id, kind, server_id, began_at, seen_at, seconds) \
               VALUES ($1, $2, $3, 'replay', $1, $4, $4, $5)";
    tx.exec(sql, args![id, session, user, now, seconds]).await.map(drop)
}

/// Makes a visit of a replay longer.
///
/// # Errors
/// The database's own.
pub async fn extend_replay(tx: &mut Tx, id: Uuid, seconds: i64, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE watch_visits SET seconds = seconds + $2, seen_at = $3 WHERE id = $1";
    tx.exec(sql, args![id, seconds, now]).await.map(drop)
}

/// Ends the visits of replays that were not heard of since `before`: session, user, seconds of each.
///
/// # Errors
/// The database's own.
pub async fn end_replays(tx: &mut Tx, before: Ts) -> sqlx::Result<Vec<(Uuid, Option<Uuid>, i64)>> {
    let sql = "UPDATE watch_visits SET ended_at = seen_at WHERE kind = 'replay' AND ended_at IS NULL AND seen_at < $1 \
               RETURNING session_id, user_id, seconds";
    tx.all(sql, args![before]).await
}

/// Removes visits from before `before`.
///
/// # Errors
/// The database's own.
pub async fn prune(db: &Db, before: Ts) -> sqlx::Result<()> {
    let sql = "DELETE FROM watch_visits WHERE id IN (SELECT id FROM watch_visits WHERE began_at < $1 LIMIT $2)";
    db.forget(sql, before).await
}
