//! SQL of raised hands.

use uuid::Uuid;

use crate::args;
use crate::db::{Db, Ts, Tx};

/// Raises a hand; false: it was up.
///
/// # Errors
/// The database's own.
pub async fn raise(tx: &mut Tx, session: Uuid, user: Uuid, now: Ts) -> sqlx::Result<bool> {
    let sql = "INSERT INTO raised_hands (session_id, user_id, raised_at) VALUES ($1, $2, $3) \
               ON CONFLICT (session_id, user_id) DO NOTHING";
    Ok(tx.exec(sql, args![session, user, now]).await? == 1)
}

/// Lowers a hand; false: it was down.
///
/// # Errors
/// The database's own.
pub async fn lower(tx: &mut Tx, session: Uuid, user: Uuid) -> sqlx::Result<bool> {
    let sql = "DELETE FROM raised_hands WHERE session_id = $1 AND user_id = $2";
    Ok(tx.exec(sql, args![session, user]).await? == 1)
}

/// Adds up the reactions of a session.
///
/// # Errors
/// The database's own.
pub async fn add_reactions(tx: &mut Tx, session: Uuid, emoji: &'static str, count: i64) -> sqlx::Result<()> {
    let sql = "INSERT INTO reaction_counts (session_id, emoji, count) VALUES ($1, $2, $3) \
               ON CONFLICT (session_id, emoji) DO UPDATE SET count = reaction_counts.count + excluded.count";
    tx.exec(sql, args![session, emoji, count]).await.map(drop)
}

/// Key, name and time of those whose hand is up; the first two hundred.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, session: Uuid) -> sqlx::Result<Vec<(Uuid, String, Ts)>> {
    let sql = "SELECT h.user_id, u.name, h.raised_at FROM raised_hands h JOIN users u ON u.id = h.user_id \
               WHERE h.session_id = $1 ORDER BY h.raised_at, h.user_id LIMIT 200";
    db.all(sql, args![session]).await
}
