//! SQL of sessions.

use uuid::Uuid;

use super::{EndDates, Plan, Session, StreamKey};
use crate::accounts::User;
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Adds a session.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, id: Uuid, instructor: &User, plan: &Plan, key: &StreamKey) -> sqlx::Result<Session> {
    let sql = "INSERT INTO live_sessions (id, instructor_id, instructor_name, stream_key, created_at, updated_at, \
               title, description, scheduled_start, duration_minutes, time_zone, topic, phase_id, level, \
               thumbnail_url, price_in_tokens, is_public, is_open_to_subscribers, goes_live_with_media, \
               is_kept_for_catalogue, recording_enabled) \
               VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20) \
               RETURNING *";
    let mut values = args![id, instructor.id, &instructor.name, key.expose(), Ts::now()];
    values.extend(plan_args(plan));
    tx.one(sql, values).await
}

/// Changes the plan of a session.
///
/// # Errors
/// The database's own.
pub async fn update_plan(tx: &mut Tx, id: Uuid, plan: &Plan) -> sqlx::Result<Option<Session>> {
    let sql = "UPDATE live_sessions SET updated_at = $2, title = $3, description = $4, scheduled_start = $5, \
               duration_minutes = $6, time_zone = $7, topic = $8, phase_id = $9, level = $10, thumbnail_url = $11, \
               price_in_tokens = $12, is_public = $13, is_open_to_subscribers = $14, goes_live_with_media = $15, \
               is_kept_for_catalogue = $16, recording_enabled = $17, sequence = sequence + 1 WHERE id = $1 AND deleted_at IS NULL RETURNING *";
    let mut values = args![id, Ts::now()];
    values.extend(plan_args(plan));
    tx.opt(sql, values).await
}

pub(super) fn plan_args(plan: &Plan) -> Vec<crate::db::Val> {
    args![
        &plan.title,
        plan.description.clone(),
        plan.scheduled_start,
        plan.duration_minutes,
        &plan.time_zone,
        plan.topic.clone(),
        plan.phase_id,
        plan.level.clone(),
        plan.thumbnail_url.clone(),
        plan.price_in_tokens,
        plan.is_public,
        plan.is_open_to_subscribers,
        plan.goes_live_with_media,
        plan.is_kept_for_catalogue,
        plan.recording_enabled,
    ]
}

/// Finds a session that was not deleted.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, id: Uuid) -> sqlx::Result<Option<Session>> {
    db.opt(
        "SELECT * FROM live_sessions WHERE id = $1 AND deleted_at IS NULL",
        args![id],
    )
    .await
}

/// Finds the session that a stream key belongs to.
///
/// # Errors
/// The database's own.
pub async fn find_by_stream_key(db: &Db, key: &str) -> sqlx::Result<Option<Session>> {
    db.opt(
        "SELECT * FROM live_sessions WHERE stream_key = $1 AND deleted_at IS NULL",
        args![key],
    )
    .await
}

/// Lists the sessions of one instructor, latest first.
///
/// # Errors
/// The database's own.
pub async fn list_of_instructor(db: &Db, instructor: Uuid, limit: i64) -> sqlx::Result<Vec<Session>> {
    let sql = "SELECT * FROM live_sessions WHERE deleted_at IS NULL AND instructor_id = $1 \
               ORDER BY scheduled_start DESC, id LIMIT $2";
    db.all(sql, args![instructor, limit]).await
}

/// Lists the sessions that are live.
///
/// # Errors
/// The database's own.
pub async fn list_live(db: &Db) -> sqlx::Result<Vec<Session>> {
    db.all(
        "SELECT * FROM live_sessions WHERE deleted_at IS NULL AND status = 'live'",
        args![],
    )
    .await
}

/// Keys of the sessions that never started, whose planned end came before `before`, and that nobody changed since then.
///
/// # Errors
/// The database's own.
pub async fn list_never_started(db: &Db, before: Ts) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = "SELECT id FROM live_sessions WHERE deleted_at IS NULL AND status = 'scheduled' \
               AND scheduled_start + duration_minutes * 60000000 <= $1 AND updated_at <= $1";
    db.all(sql, args![before]).await
}

/// Makes a scheduled session live because media came; `None`: it is not scheduled, or waits for its instructor.
///
/// # Errors
/// The database's own.
pub async fn mark_live_with_media(db: &Db, id: Uuid, now: Ts) -> sqlx::Result<Option<Session>> {
    let sql = "UPDATE live_sessions SET status = 'live', actual_start = $2, updated_at = $2 WHERE id = $1 \
               AND status = 'scheduled' AND goes_live_with_media AND deleted_at IS NULL RETURNING *";
    db.write_opt(sql, args![id, now]).await
}

/// Makes a scheduled session live; `None`: it is not scheduled.
///
/// # Errors
/// The database's own.
pub async fn mark_live(db: &Db, id: Uuid, now: Ts) -> sqlx::Result<Option<Session>> {
    let sql = "UPDATE live_sessions SET status = 'live', actual_start = $2, updated_at = $2 \
               WHERE id = $1 AND status = 'scheduled' AND deleted_at IS NULL RETURNING *";
    db.write_opt(sql, args![id, now]).await
}

/// Ends a live session; `None`: it is not live.
///
/// # Errors
/// The database's own.
pub async fn mark_ended(db: &Db, id: Uuid, dates: EndDates) -> sqlx::Result<Option<Session>> {
    let sql = "UPDATE live_sessions SET status = 'ended', actual_end = $2, recording_expires_at = $3, \
               migration_scheduled_at = $4, updated_at = $2 \
               WHERE id = $1 AND status = 'live' AND deleted_at IS NULL RETURNING *";
    db.write_opt(
        sql,
        args![
            id,
            dates.ended_at,
            dates.recording_expires_at,
            dates.migration_scheduled_at
        ],
    )
    .await
}

/// Hides a session for good, and cancels it if it was still to come; `None`: it is live, or gone.
///
/// # Errors
/// The database's own.
pub async fn mark_deleted(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<Option<Session>> {
    let sql = "UPDATE live_sessions SET deleted_at = $2, updated_at = $2, \
               cancelled_at = CASE WHEN status = 'scheduled' THEN $2 ELSE cancelled_at END, \
               status = CASE WHEN status = 'scheduled' THEN 'cancelled' ELSE status END \
               WHERE id = $1 AND status <> 'live' AND deleted_at IS NULL RETURNING *";
    tx.opt(sql, args![id, now]).await
}

/// Calls a session off; `None`: it is over, or gone.
///
/// # Errors
/// The database's own.
pub async fn mark_cancelled(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<Option<Session>> {
    let sql = "UPDATE live_sessions SET status = 'cancelled', cancelled_at = $2, sequence = sequence + 1, \
               updated_at = $2 WHERE id = $1 AND status IN ('scheduled', 'live') AND deleted_at IS NULL RETURNING *";
    tx.opt(sql, args![id, now]).await
}

/// Replaces the stream key.
///
/// # Errors
/// The database's own.
pub async fn set_stream_key(db: &Db, id: Uuid, key: &StreamKey) -> sqlx::Result<Option<Session>> {
    let sql = "UPDATE live_sessions SET stream_key = $2, updated_at = $3 \
               WHERE id = $1 AND deleted_at IS NULL RETURNING *";
    db.write_opt(sql, args![id, key.expose(), Ts::now()]).await
}

/// Keeps the highest number of viewers.
///
/// # Errors
/// The database's own.
pub async fn raise_max_viewers(db: &Db, id: Uuid, viewers: i64) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET max_viewers = $2, updated_at = $3 WHERE id = $1 AND max_viewers < $2";
    db.exec(sql, args![id, viewers, Ts::now()]).await.map(drop)
}

/// Notes whether there is media to replay.
///
/// # Errors
/// The database's own.
pub async fn set_recording_available(db: &Db, id: Uuid, available: bool) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET recording_available = $2, updated_at = $3 \
               WHERE id = $1 AND recording_available <> $2";
    db.exec(sql, args![id, available, Ts::now()]).await.map(drop)
}

/// Keys of sessions that went live, were to be recorded, and have no media as far as is known; the newest thousand.
///
/// # Errors
/// The database's own.
pub async fn list_without_recording(db: &Db) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = "SELECT id FROM live_sessions WHERE actual_start IS NOT NULL AND recording_enabled \
               AND NOT recording_available AND recording_state IN ('none', 'live') AND deleted_at IS NULL ORDER BY actual_start DESC LIMIT 1000";
    db.all(sql, args![]).await
}
