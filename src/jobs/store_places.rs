//! SQL of the servers that share the database.

use super::place::Server;
use crate::args;
use crate::db::{Db, Ts};

/// Notes that a server is there.
///
/// # Errors
/// The database's own.
pub async fn announce(db: &Db, id: &str, name: &str, now: Ts) -> sqlx::Result<()> {
    let sql = "INSERT INTO servers (id, name, seen_at) VALUES ($1, $2, $3) \
               ON CONFLICT (id) DO UPDATE SET name = excluded.name, seen_at = excluded.seen_at";
    db.exec(sql, args![id, name, now]).await.map(drop)
}

/// Forgets those that were there last before `before`.
///
/// # Errors
/// The database's own.
pub async fn forget(db: &Db, before: Ts) -> sqlx::Result<()> {
    let sql = "DELETE FROM servers WHERE seen_at < $1";
    db.exec(sql, args![before]).await.map(drop)
}

/// All that are known.
///
/// # Errors
/// The database's own.
pub async fn all(db: &Db) -> sqlx::Result<Vec<Server>> {
    db.all("SELECT * FROM servers ORDER BY id", args![]).await
}
