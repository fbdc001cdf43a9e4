//! SQL of jobs for admins.

use uuid::Uuid;

use super::admin::{Filter, Retry};
use super::{Job, State};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Lists jobs, latest first, from the one before `before` on.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, filter: &Filter, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<Job>> {
    let sql = "SELECT * FROM jobs WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR kind = $2) \
               AND ($3 IS NULL OR id < $3) ORDER BY id DESC LIMIT $4";
    let values = args![filter.state.map(State::as_str), filter.kind.clone(), before, limit];
    db.all(sql, values).await
}

/// How many jobs are in each state that there are jobs in.
///
/// # Errors
/// The database's own.
pub async fn counts(db: &Db) -> sqlx::Result<Vec<(String, i64)>> {
    db.all("SELECT state, COUNT(*) FROM jobs GROUP BY state", args![]).await
}

/// Makes a job that waits or was given up due at once, by the server that it is for or by any; `None`: it is neither.
///
/// # Errors
/// The database's own.
pub async fn retry(tx: &mut Tx, id: Uuid, by: Retry, now: Ts) -> sqlx::Result<Option<Job>> {
    let sql = "UPDATE jobs SET state = 'ready', run_at = $2, begun_at = NULL, updated_at = $2, \
               place = CASE WHEN $3 THEN NULL ELSE place END \
               WHERE id = $1 AND state IN ('ready', 'dead') RETURNING *";
    tx.opt(sql, args![id, now, by == Retry::Anywhere]).await
}

/// Removes a job that nobody works at; `None`: there is none.
///
/// # Errors
/// The database's own.
pub async fn delete(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<Job>> {
    tx.opt(
        "DELETE FROM jobs WHERE id = $1 AND state <> 'running' RETURNING *",
        args![id],
    )
    .await
}
