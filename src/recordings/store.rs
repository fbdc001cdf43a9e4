//! SQL of recordings: the columns of a session's row that say what became of its recording and its picture.

use uuid::Uuid;

use super::Facts;
use crate::args;
use crate::db::{Db, Ts};
use crate::sessions::{Session, ThumbnailKind};

/// Notes what a recording that is being written has so far; `false`: it is not to be written any more.
///
/// # Errors
/// The database's own.
pub async fn note_live(db: &Db, session: Uuid, facts: &Facts) -> sqlx::Result<bool> {
    let sql = "UPDATE live_sessions SET recording_state = 'live', recording_bytes = $2, recording_duration_us = $3, \
               recording_codecs = $4, recording_audio_codecs = $5, updated_at = $6 \
               WHERE id = $1 AND recording_state IN ('none', 'live')";
    Ok(db.exec(sql, facts_args(session, facts)).await? > 0)
}

/// Notes that a recording is whole, and what it has.
///
/// # Errors
/// The database's own.
pub async fn note_whole(db: &Db, session: Uuid, facts: &Facts) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET recording_bytes = $2, recording_duration_us = $3, recording_codecs = $4, \
               recording_audio_codecs = $5, updated_at = $6, \
               recording_state = CASE WHEN recording_state IN ('none', 'live') THEN 'kept' ELSE recording_state END \
               WHERE id = $1 AND recording_state NOT IN ('deleting', 'deleted')";
    db.exec(sql, facts_args(session, facts)).await.map(drop)
}

fn facts_args(session: Uuid, facts: &Facts) -> Vec<crate::db::Val> {
    args![
        session,
        facts.bytes,
        facts.duration_us,
        facts.codecs.join(" "),
        facts.audio_codecs.join(" "),
        Ts::now()
    ]
}

/// Notes that what is made of a recording after the class is made, and whether that has pictures for the time line.
///
/// # Errors
/// The database's own.
pub async fn note_processed(db: &Db, session: Uuid, has_storyboard: bool, error: Option<&str>) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET recording_is_processed = TRUE, recording_has_storyboard = $2, \
               recording_error = $3, updated_at = $4 WHERE id = $1";
    db.exec(sql, args![session, has_storyboard, error, Ts::now()])
        .await
        .map(drop)
}

/// Notes that all of a recording is in the store.
///
/// # Errors
/// The database's own.
pub async fn note_stored(db: &Db, session: Uuid, now: Ts) -> sqlx::Result<bool> {
    let sql = "UPDATE live_sessions SET recording_stored_at = $2, updated_at = $2, recording_error = \
               CASE WHEN recording_error = 'upload-failing' THEN NULL ELSE recording_error END \
               WHERE id = $1 AND recording_state = 'kept'";
    Ok(db.exec(sql, args![session, now]).await? > 0)
}

/// Notes what cannot be done with a recording.
///
/// # Errors
/// The database's own.
pub async fn note_error(db: &Db, session: Uuid, error: &str) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET recording_error = $2, updated_at = $3 WHERE id = $1";
    db.exec(sql, args![session, error, Ts::now()]).await.map(drop)
}

/// Notes that it can be done again; what else was noted stays.
///
/// # Errors
/// The database's own.
pub async fn clear_error(db: &Db, session: Uuid, error: &str) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET recording_error = NULL, updated_at = $3 WHERE id = $1 AND recording_error = $2";
    db.exec(sql, args![session, error, Ts::now()]).await.map(drop)
}

/// The row of a session, also of a deleted one.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, session: Uuid) -> sqlx::Result<Option<Session>> {
    db.opt("SELECT * FROM live_sessions WHERE id = $1", args![session])
        .await
}

/// Closes a recording to everybody, to delete its media; `false`: there is no such session.
///
/// # Errors
/// The database's own.
pub async fn mark_deleting(db: &Db, session: Uuid) -> sqlx::Result<bool> {
    let sql = "UPDATE live_sessions SET recording_state = 'deleting', recording_available = FALSE, updated_at = $2 \
               WHERE id = $1";
    Ok(db.exec(sql, args![session, Ts::now()]).await? > 0)
}

/// Notes that a recording's media is gone, with the picture that was taken from it.
///
/// # Errors
/// The database's own.
pub async fn mark_deleted(db: &Db, session: Uuid) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET recording_state = 'deleted', recording_bytes = 0, recording_stored_at = NULL, \
               recording_has_storyboard = FALSE, recording_error = NULL, updated_at = $2, \
               thumbnail_kind = CASE WHEN thumbnail_kind = 'frame' OR deleted_at IS NOT NULL THEN 'none' ELSE thumbnail_kind END \
               WHERE id = $1 AND recording_state = 'deleting'";
    db.exec(sql, args![session, Ts::now()]).await.map(drop)
}

/// Sessions whose media is to go: its deletion was begun, or the session was deleted, it still is there, and is not played
/// from the catalogue.
///
/// # Errors
/// The database's own.
pub async fn list_to_delete(db: &Db) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = "SELECT id FROM live_sessions WHERE recording_state = 'deleting' OR (deleted_at IS NOT NULL \
               AND migrated_to_workout_id IS NULL AND (recording_available \
               OR recording_state IN ('live', 'kept') OR thumbnail_kind <> 'none'))";
    db.all(sql, args![]).await
}

/// Sessions with a recording, the latest first.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, limit: i64) -> sqlx::Result<Vec<Session>> {
    let sql = "SELECT * FROM live_sessions WHERE recording_state <> 'none' \
               ORDER BY actual_start DESC NULLS LAST, id LIMIT $1";
    db.all(sql, args![limit]).await
}

/// How many bytes all recordings take.
///
/// # Errors
/// The database's own.
pub async fn total_bytes(db: &Db) -> sqlx::Result<i64> {
    let sql = "SELECT CAST(COALESCE(SUM(recording_bytes), 0) AS BIGINT) FROM live_sessions";
    db.one::<(i64,)>(sql, args![]).await.map(|(bytes,)| bytes)
}

/// Sets the picture that stands for a session. A frame does not take the place of what the instructor has given; then
/// this says `false`.
///
/// # Errors
/// The database's own.
pub async fn set_thumbnail(db: &Db, session: Uuid, kind: ThumbnailKind, now: Ts) -> sqlx::Result<bool> {
    let sql = "UPDATE live_sessions SET thumbnail_kind = $2, thumbnail_at = $3, updated_at = $3 \
               WHERE id = $1 AND ($2 <> 'frame' OR thumbnail_kind <> 'custom')";
    Ok(db.exec(sql, args![session, kind.as_str(), now]).await? > 0)
}
