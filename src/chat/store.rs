//! SQL of messages.

use uuid::Uuid;

use super::Message;
use super::order::Order;
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Has other messages of the same user wait until the end of the transaction.
///
/// # Errors
/// The database's own.
pub async fn lock_writer(tx: &mut Tx, user: Uuid) -> sqlx::Result<()> {
    let sql = "INSERT INTO chat_writers (user_id) VALUES ($1) \
               ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id";
    tx.exec(sql, args![user]).await.map(drop)
}

/// Has other messages in the same session wait until the end of the transaction; gives the last one.
///
/// # Errors
/// The database's own.
pub async fn lock_order(tx: &mut Tx, session: Uuid) -> sqlx::Result<Order> {
    let sql = "INSERT INTO chat_orders (session_id) VALUES ($1) \
               ON CONFLICT (session_id) DO UPDATE SET session_id = excluded.session_id \
               RETURNING last_message, last_at";
    tx.one(sql, args![session]).await
}

/// When a user's messages since `since` were written, in any session, latest first; deleted ones count.
///
/// # Errors
/// The database's own.
pub async fn recent_of(tx: &mut Tx, user: Uuid, since: Ts, limit: i64) -> sqlx::Result<Vec<Ts>> {
    let sql = "SELECT created_at FROM live_chat_messages WHERE user_id = $1 AND created_at > $2 \
               ORDER BY created_at DESC LIMIT $3";
    let rows: Vec<(Ts,)> = tx.all(sql, args![user, since, limit]).await?;
    Ok(rows.into_iter().map(|(at,)| at).collect())
}

/// Whether a session is over, or gone.
///
/// # Errors
/// The database's own.
pub async fn is_over(tx: &mut Tx, session: Uuid) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM live_sessions WHERE id = $1 AND deleted_at IS NULL AND status IN ('scheduled', 'live')";
    Ok(tx.opt::<(Uuid,)>(sql, args![session]).await?.is_none())
}

/// Adds a message as the last one of its session, whose order is locked.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, message: &Message) -> sqlx::Result<()> {
    let sql = "INSERT INTO live_chat_messages (id, session_id, user_id, message, is_host, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![
        message.id,
        message.session_id,
        message.user_id,
        &message.message,
        message.is_host,
        message.created_at
    ];
    tx.exec(sql, values).await?;
    let sql = "UPDATE chat_orders SET last_message = $2, last_at = $3 WHERE session_id = $1";
    tx.exec(sql, args![message.session_id, message.id, message.created_at])
        .await
        .map(drop)
}

/// Finds a message that was not deleted.
///
/// # Errors
/// The database's own.
pub async fn find(tx: &mut Tx, session: Uuid, id: Uuid) -> sqlx::Result<Option<Message>> {
    let sql = "SELECT m.*, u.name AS user_name FROM live_chat_messages m JOIN users u ON u.id = m.user_id \
               WHERE m.session_id = $1 AND m.id = $2 AND m.deleted_at IS NULL";
    tx.opt(sql, args![session, id]).await
}

/// Finds the pinned message.
///
/// # Errors
/// The database's own.
pub async fn find_pinned(db: &Db, session: Uuid) -> sqlx::Result<Option<Message>> {
    let sql = "SELECT m.*, u.name AS user_name FROM live_chat_messages m JOIN users u ON u.id = m.user_id \
               WHERE m.session_id = $1 AND m.is_pinned AND m.deleted_at IS NULL LIMIT 1";
    db.opt(sql, args![session]).await
}

/// Lists messages latest first, those before a key and a moment where these are given.
///
/// # Errors
/// The database's own.
pub async fn list_before(
    db: &Db,
    session: Uuid,
    key: Option<Uuid>,
    moment: Option<Ts>,
    limit: i64,
) -> sqlx::Result<Vec<Message>> {
    let sql = "SELECT m.*, u.name AS user_name FROM live_chat_messages m JOIN users u ON u.id = m.user_id \
               WHERE m.session_id = $1 AND m.deleted_at IS NULL AND ($2 IS NULL OR m.id < $2) \
               AND ($3 IS NULL OR m.created_at < $3) ORDER BY m.id DESC LIMIT $4";
    db.all(sql, args![session, key, moment, limit]).await
}

/// Lists messages after a key, oldest first.
///
/// # Errors
/// The database's own.
pub async fn list_after(db: &Db, session: Uuid, key: Uuid, limit: i64) -> sqlx::Result<Vec<Message>> {
    let sql = "SELECT m.*, u.name AS user_name FROM live_chat_messages m JOIN users u ON u.id = m.user_id \
               WHERE m.session_id = $1 AND m.deleted_at IS NULL AND m.id > $2 ORDER BY m.id LIMIT $3";
    db.all(sql, args![session, key, limit]).await
}

/// Keys of messages up to `key` that were deleted after that one was written.
///
/// # Errors
/// The database's own.
pub async fn list_deleted_since(db: &Db, session: Uuid, key: Uuid, limit: i64) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = "SELECT id FROM live_chat_messages WHERE session_id = $1 AND id <= $2 AND deleted_at IS NOT NULL \
               AND deleted_at >= (SELECT created_at FROM live_chat_messages WHERE session_id = $1 AND id = $2) \
               ORDER BY id LIMIT $3";
    db.all(sql, args![session, key, limit]).await
}

/// Takes a message and its text away.
///
/// # Errors
/// The database's own.
pub async fn mark_deleted(tx: &mut Tx, id: Uuid, by: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE live_chat_messages SET message = '', is_pinned = FALSE, deleted_at = $2, deleted_by = $3 \
               WHERE id = $1 AND deleted_at IS NULL";
    tx.exec(sql, args![id, now, by]).await.map(drop)
}

/// Pins a message; false: there is none.
///
/// # Errors
/// The database's own.
pub async fn mark_pinned(tx: &mut Tx, session: Uuid, id: Uuid) -> sqlx::Result<bool> {
    let sql = "UPDATE live_chat_messages SET is_pinned = TRUE \
               WHERE session_id = $1 AND id = $2 AND deleted_at IS NULL";
    Ok(tx.exec(sql, args![session, id]).await? == 1)
}

/// Pins no message.
///
/// # Errors
/// The database's own.
pub async fn unpin_all(tx: &mut Tx, session: Uuid) -> sqlx::Result<()> {
    let sql = "UPDATE live_chat_messages SET is_pinned = FALSE WHERE session_id = $1 AND is_pinned";
    tx.exec(sql, args![session]).await.map(drop)
}

/// Forgets messages from before `before`.
///
/// # Errors
/// The database's own.
pub async fn forget(db: &Db, before: Ts) -> sqlx::Result<()> {
    let sql = "DELETE FROM live_chat_messages WHERE id IN (SELECT id FROM live_chat_messages WHERE created_at < $1 \
               ORDER BY id LIMIT $2)";
    db.forget(sql, before).await
}
