//! SQL of changed settings.

use crate::args;
use crate::db::{Db, Ts, Tx};

const ALL: &str = "SELECT key, value FROM changed_settings";

/// All of them: key and JSON value.
///
/// # Errors
/// The database's own.
pub async fn all(db: &Db) -> sqlx::Result<Vec<(String, String)>> {
    db.all(ALL, args![]).await
}

/// The same inside a transaction.
///
/// # Errors
/// The database's own.
pub async fn all_in(tx: &mut Tx) -> sqlx::Result<Vec<(String, String)>> {
    tx.all(ALL, args![]).await
}

/// Changes one.
///
/// # Errors
/// The database's own.
pub async fn set(tx: &mut Tx, key: &str, value: &str, now: Ts) -> sqlx::Result<()> {
    let sql = "INSERT INTO changed_settings (key, value, updated_at) VALUES ($1, $2, $3) \
               ON CONFLICT (key) DO UPDATE SET value = $2, updated_at = $3";
    tx.exec(sql, args![key, value, now]).await.map(drop)
}

/// Gives one back to the file and the environment.
///
/// # Errors
/// The database's own.
pub async fn delete(tx: &mut Tx, key: &str) -> sqlx::Result<()> {
    tx.exec("DELETE FROM changed_settings WHERE key = $1", args![key])
        .await
        .map(drop)
}
