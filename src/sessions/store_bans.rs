//! SQL of mutes and bans.

use uuid::Uuid;

use super::bans::{Ban, BanKind};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// What holds for a user at `now`.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, session: Uuid, user: Uuid, now: Ts) -> sqlx::Result<Option<Ban>> {
    let sql = "SELECT b.user_id, u.name AS user_name, b.kind, b.until_at FROM chat_bans b \
               JOIN users u ON u.id = b.user_id WHERE b.session_id = $1 AND b.user_id = $2 \
               AND (b.until_at IS NULL OR b.until_at > $3)";
    db.opt(sql, args![session, user, now]).await
}

/// All that hold at `now`, latest first; the newest five hundred.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, session: Uuid, now: Ts) -> sqlx::Result<Vec<Ban>> {
    let sql = "SELECT b.user_id, u.name AS user_name, b.kind, b.until_at FROM chat_bans b \
               JOIN users u ON u.id = b.user_id WHERE b.session_id = $1 \
               AND (b.until_at IS NULL OR b.until_at > $2) ORDER BY b.created_at DESC, b.user_id LIMIT 500";
    db.all(sql, args![session, now]).await
}

/// Sets what holds for a user.
///
/// # Errors
/// The database's own.
pub async fn set(
    tx: &mut Tx,
    session: Uuid,
    user: Uuid,
    kind: BanKind,
    host: Uuid,
    until_at: Option<Ts>,
    now: Ts,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO chat_bans (session_id, user_id, kind, created_by, created_at, until_at) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (session_id, user_id) DO UPDATE SET \
               kind = excluded.kind, created_by = excluded.created_by, created_at = excluded.created_at, \
               until_at = excluded.until_at";
    tx.exec(sql, args![session, user, kind.as_str(), host, now, until_at])
        .await
        .map(drop)
}

/// Takes it back; false: there was nothing.
///
/// # Errors
/// The database's own.
pub async fn delete(tx: &mut Tx, session: Uuid, user: Uuid) -> sqlx::Result<bool> {
    let sql = "DELETE FROM chat_bans WHERE session_id = $1 AND user_id = $2";
    Ok(tx.exec(sql, args![session, user]).await? == 1)
}
