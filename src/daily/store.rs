//! SQL of runs.

use uuid::Uuid;

use super::Run;
use crate::args;
use crate::db::{Db, Ts};

/// Notes that a run begins.
///
/// # Errors
/// The database's own.
pub async fn insert(db: &Db, id: Uuid, name: &str, now: Ts) -> sqlx::Result<()> {
    let sql = "INSERT INTO runs (id, name, started_at) VALUES ($1, $2, $3)";
    db.exec(sql, args![id, name, now]).await.map(drop)
}

/// Notes what came of a run.
///
/// # Errors
/// The database's own.
pub async fn finish(
    db: &Db,
    id: Uuid,
    now: Ts,
    done: usize,
    failed: usize,
    error: Option<String>,
) -> sqlx::Result<Run> {
    let count = |things: usize| i64::try_from(things).unwrap_or(i64::MAX);
    let sql = "UPDATE runs SET finished_at = $2, done = $3, failed = $4, error = $5 WHERE id = $1 RETURNING *";
    db.write_one(sql, args![id, now, count(done), count(failed), error])
        .await
}

/// Lists runs, latest first.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, limit: i64) -> sqlx::Result<Vec<Run>> {
    db.all("SELECT * FROM runs ORDER BY id DESC LIMIT $1", args![limit])
        .await
}

/// Forgets runs from before `before`: a few a day, so it is never many.
///
/// # Errors
/// The database's own.
pub async fn prune(db: &Db, before: Ts) -> sqlx::Result<u64> {
    db.exec("DELETE FROM runs WHERE started_at < $1", args![before]).await
}
