//! SQL of jobs. A claim is named by the job's key and its number of attempts: who has lost it changes nothing any more.

use uuid::Uuid;

use super::{Job, NewJob};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Adds a job; `None`: one with its key is there.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, id: Uuid, new: &NewJob, now: Ts) -> sqlx::Result<Option<Uuid>> {
    let sql = "INSERT INTO jobs (id, kind, summary, payload, unique_key, place, state, run_at, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, 'ready', $7, $8, $8) ON CONFLICT (unique_key) DO NOTHING RETURNING id";
    let values = args![
        id,
        new.kind,
        &new.summary,
        &new.payload,
        new.unique_key.clone(),
        new.place.clone(),
        new.run_at,
        now
    ];
    let added: Option<(Uuid,)> = tx.opt(sql, values).await?;
    Ok(added.map(|(id,)| id))
}

/// Keys of the jobs of `kind` that are due for the server `place`, those that wait longest first: those for nobody else, and
/// those for servers that have not been there since `absent`.
///
/// # Errors
/// The database's own.
pub async fn list_due(db: &Db, kind: &str, place: &str, absent: Ts, now: Ts, limit: i64) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = "SELECT id FROM jobs WHERE state = 'ready' AND kind = $1 AND run_at <= $2 \
               AND (place IS NULL OR place = $3 OR (created_at < $4 AND NOT EXISTS \
               (SELECT 1 FROM servers WHERE servers.id = jobs.place AND servers.seen_at >= $4))) \
               ORDER BY run_at LIMIT $5";
    db.all(sql, args![kind, now, place, absent, limit]).await
}

/// Claims a job until `until`; `None`: another server was faster.
///
/// # Errors
/// The database's own.
pub async fn claim(db: &Db, id: Uuid, now: Ts, until: Ts) -> sqlx::Result<Option<Job>> {
    let sql = "UPDATE jobs SET state = 'running', attempts = attempts + 1, locked_until = $3, updated_at = $2 \
               WHERE id = $1 AND state = 'ready' AND run_at <= $2 RETURNING *";
    db.write_opt(sql, args![id, now, until]).await
}

/// Claims a job for longer; false: the claim is lost.
///
/// # Errors
/// The database's own.
pub async fn renew(db: &Db, job: &Job, until: Ts) -> sqlx::Result<bool> {
    let sql =
        "UPDATE jobs SET locked_until = $3, updated_at = $4 WHERE id = $1 AND attempts = $2 AND state = 'running'";
    Ok(db.exec(sql, args![job.id, job.attempts, until, Ts::now()]).await? == 1)
}

/// Notes since when something outside may have happened by a job; false: the claim is lost.
///
/// # Errors
/// The database's own.
pub async fn mark_begun(db: &Db, job: &Job, at: Option<Ts>) -> sqlx::Result<bool> {
    let sql = "UPDATE jobs SET begun_at = $3, updated_at = $4 WHERE id = $1 AND attempts = $2 AND state = 'running'";
    Ok(db.exec(sql, args![job.id, job.attempts, at, Ts::now()]).await? == 1)
}

/// Notes that a job is done, and forgets what it was about; false: the claim is lost.
///
/// # Errors
/// The database's own.
pub async fn mark_done(db: &Db, job: &Job, now: Ts) -> sqlx::Result<bool> {
    let sql = "UPDATE jobs SET state = 'done', payload = '{}', locked_until = NULL, last_error = NULL, updated_at = $3 \
               WHERE id = $1 AND attempts = $2 AND state = 'running'";
    Ok(db.exec(sql, args![job.id, job.attempts, now]).await? == 1)
}

/// Puts a job back, to be tried again at `run_at`, or gives it up if something may have happened by it; false: the claim
/// is lost.
///
/// # Errors
/// The database's own.
pub async fn put_back(db: &Db, job: &Job, run_at: Ts, error: &str, now: Ts) -> sqlx::Result<bool> {
    let sql = "UPDATE jobs SET state = CASE WHEN begun_at IS NULL THEN 'ready' ELSE 'dead' END, run_at = $3, \
               locked_until = NULL, last_error = $4, updated_at = $5 \
               WHERE id = $1 AND attempts = $2 AND state = 'running'";
    Ok(db.exec(sql, args![job.id, job.attempts, run_at, error, now]).await? == 1)
}

/// Gives a job up; false: the claim is lost.
///
/// # Errors
/// The database's own.
pub async fn bury(db: &Db, job: &Job, error: &str, now: Ts) -> sqlx::Result<bool> {
    let sql = "UPDATE jobs SET state = 'dead', locked_until = NULL, last_error = $3, updated_at = $4 \
               WHERE id = $1 AND attempts = $2 AND state = 'running'";
    Ok(db.exec(sql, args![job.id, job.attempts, error, now]).await? == 1)
}

/// Puts the jobs back whose server did not renew its claim, and gives those up by which something may have happened.
/// Gives how many of each.
///
/// # Errors
/// The database's own.
pub async fn release_expired(db: &Db, before: Ts, now: Ts) -> sqlx::Result<(u64, u64)> {
    let put_back = "UPDATE jobs SET state = 'ready', locked_until = NULL, updated_at = $2, \
                    last_error = 'its server ended in the middle of it' \
                    WHERE state = 'running' AND locked_until < $1 AND begun_at IS NULL";
    let bury = "UPDATE jobs SET state = 'dead', locked_until = NULL, updated_at = $2, last_error = \
                'its server ended in the middle of it; it may have happened, so it is not tried again by itself' \
                WHERE state = 'running' AND locked_until < $1 AND begun_at IS NOT NULL";
    let mut tx = db.begin().await?;
    let released = (
        tx.exec(put_back, args![before, now]).await?,
        tx.exec(bury, args![before, now]).await?,
    );
    tx.commit().await?;
    Ok(released)
}

/// Whether there are claims that were not renewed.
///
/// # Errors
/// The database's own.
pub async fn has_expired(db: &Db, before: Ts) -> sqlx::Result<bool> {
    let sql = "SELECT id FROM jobs WHERE state = 'running' AND locked_until < $1 LIMIT 1";
    Ok(db.opt::<(Uuid,)>(sql, args![before]).await?.is_some())
}

/// Forgets what was done before `done`, and what was given up before `given_up`.
///
/// # Errors
/// The database's own.
pub async fn prune(db: &Db, done: Ts, given_up: Ts) -> sqlx::Result<()> {
    let sql = "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'done' AND updated_at < $1 LIMIT $2)";
    db.forget(sql, done).await?;
    let sql = "DELETE FROM jobs WHERE id IN (SELECT id FROM jobs WHERE state = 'dead' AND updated_at < $1 LIMIT $2)";
    db.forget(sql, given_up).await
}

/// Finds a job by the key that [`super::NewJob::once`] gave it.
///
/// # Errors
/// The database's own.
pub async fn find_by_key(db: &Db, key: &str) -> sqlx::Result<Option<Job>> {
    db.opt("SELECT * FROM jobs WHERE unique_key = $1", args![key]).await
}

/// Finds a job.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, id: Uuid) -> sqlx::Result<Option<Job>> {
    db.opt("SELECT * FROM jobs WHERE id = $1", args![id]).await
}
