//! SQL of workouts.

use uuid::Uuid;

use super::Workout;
use crate::args;
use crate::db::{Db, Tx};

/// Adds a workout; false: its session has one.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, new: &Workout) -> sqlx::Result<bool> {
    let sql = "INSERT INTO workouts (id, title, description, duration_minutes, thumbnail_url, playback_id, created_at, \
               updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (playback_id) DO NOTHING";
    let values = args![
        new.id,
        &new.title,
        new.description.clone(),
        new.duration_minutes,
        new.thumbnail_url.clone(),
        new.playback_id,
        new.created_at,
    ];
    Ok(tx.exec(sql, values).await? == 1)
}

/// Finds a workout.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, id: Uuid) -> sqlx::Result<Option<Workout>> {
    let sql = "SELECT w.*, s.recording_has_storyboard FROM workouts w JOIN live_sessions s ON s.id = w.playback_id \
               WHERE w.id = $1";
    db.opt(sql, args![id]).await
}

/// Lists workouts, latest first.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, limit: i64, skip: i64) -> sqlx::Result<Vec<Workout>> {
    let sql = "SELECT w.*, s.recording_has_storyboard FROM workouts w JOIN live_sessions s ON s.id = w.playback_id \
               ORDER BY w.created_at DESC, w.id DESC LIMIT $1 OFFSET $2";
    db.all(sql, args![limit, skip]).await
}
