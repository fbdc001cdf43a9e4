//! SQL of series.

use uuid::Uuid;

use super::series::Series;
use super::store::plan_args;
use super::{Plan, Session, StreamKey};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Adds a series.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, new: &Series) -> sqlx::Result<()> {
    let sql = "INSERT INTO session_series (id, instructor_id, rule, first_start, time_zone, plan, planned_until, \
               created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    let values = args![
        new.id,
        new.instructor_id,
        &new.rule,
        &new.first_start,
        &new.time_zone,
        &new.plan,
        new.planned_until,
        new.created_at,
    ];
    tx.exec(sql, values).await.map(drop)
}

/// Adds one session of a series; `None`: it is there.
///
/// # Errors
/// The database's own.
pub async fn insert_session(
    tx: &mut Tx,
    id: Uuid,
    series: &Series,
    instructor_name: &str,
    plan: &Plan,
    key: &StreamKey,
) -> sqlx::Result<Option<Session>> {
    let sql = "INSERT INTO live_sessions (id, instructor_id, instructor_name, stream_key, created_at, updated_at, \
               series_id, occurrence_start, title, description, scheduled_start, duration_minutes, time_zone, topic, \
               phase_id, level, thumbnail_url, price_in_tokens, is_public, is_open_to_subscribers, \
               goes_live_with_media, is_kept_for_catalogue, recording_enabled) \
               VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
               $21, $22) ON CONFLICT (series_id, occurrence_start) DO NOTHING RETURNING *";
    let mut values = args![
        id,
        series.instructor_id,
        instructor_name,
        key.expose(),
        Ts::now(),
        series.id,
        plan.scheduled_start,
    ];
    values.extend(plan_args(plan));
    tx.opt(sql, values).await
}

/// Notes up to when sessions are planned.
///
/// # Errors
/// The database's own.
pub async fn set_planned_until(tx: &mut Tx, id: Uuid, until: Ts, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE session_series SET planned_until = $2, updated_at = $3 WHERE id = $1";
    tx.exec(sql, args![id, until, now]).await.map(drop)
}

/// Changes what sessions are planned with, as JSON.
///
/// # Errors
/// The database's own.
pub async fn set_plan(db: &Db, id: Uuid, plan: &str, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE session_series SET plan = $2, updated_at = $3 WHERE id = $1";
    db.exec(sql, args![id, plan, now]).await.map(drop)
}

/// Series that go on and are not planned up to `horizon`.
///
/// # Errors
/// The database's own.
pub async fn list_open(db: &Db, horizon: Ts) -> sqlx::Result<Vec<Series>> {
    let sql = "SELECT * FROM session_series WHERE ended_at IS NULL AND planned_until < $1";
    db.all(sql, args![horizon]).await
}

/// The series of one instructor, latest first.
///
/// # Errors
/// The database's own.
pub async fn list_of_instructor(db: &Db, instructor: Uuid, limit: i64) -> sqlx::Result<Vec<Series>> {
    let sql = "SELECT * FROM session_series WHERE instructor_id = $1 ORDER BY id DESC LIMIT $2";
    db.all(sql, args![instructor, limit]).await
}

/// Finds a series.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, id: Uuid) -> sqlx::Result<Option<Series>> {
    db.opt("SELECT * FROM session_series WHERE id = $1", args![id]).await
}

/// Ends a series.
///
/// # Errors
/// The database's own.
pub async fn end(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE session_series SET ended_at = $2, updated_at = $2 WHERE id = $1 AND ended_at IS NULL";
    tx.exec(sql, args![id, now]).await.map(drop)
}

/// The sessions of a series that have not started, soonest first.
///
/// # Errors
/// The database's own.
pub async fn scheduled(tx: &mut Tx, series: Uuid) -> sqlx::Result<Vec<Session>> {
    let sql = "SELECT * FROM live_sessions WHERE series_id = $1 AND status = 'scheduled' AND deleted_at IS NULL \
               ORDER BY scheduled_start, id";
    tx.all(sql, args![series]).await
}

/// Keys of the sessions of a series that have not started, soonest first.
///
/// # Errors
/// The database's own.
pub async fn list_scheduled(db: &Db, series: Uuid) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = "SELECT id FROM live_sessions WHERE series_id = $1 AND status = 'scheduled' AND deleted_at IS NULL \
               ORDER BY scheduled_start, id";
    db.all(sql, args![series]).await
}
