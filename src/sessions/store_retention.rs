//! SQL of how long recordings stay.

use uuid::Uuid;

use super::Session;
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Whether a session is kept for the catalogue; `$2` is the number of enrolments from which on it is (0: no number).
macro_rules! kept {
    () => {
        "(is_kept_for_catalogue OR ($2 > 0 AND total_enrollments >= $2))"
    };
}

/// Keys of sessions with media whose replay ended before `now`, and which are not kept.
///
/// # Errors
/// The database's own.
pub async fn list_expired(db: &Db, now: Ts, keep_from: i64) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = concat!(
        "SELECT id FROM live_sessions WHERE (recording_available OR recording_state = 'deleting') AND recording_expires_at <= $1 \
         AND migrated_to_workout_id IS NULL AND NOT ",
        kept!(),
        " ORDER BY recording_expires_at, id"
    );
    db.all(sql, args![now, keep_from]).await
}

/// Sessions that are kept and are to move to the catalogue before `now`.
///
/// # Errors
/// The database's own.
pub async fn list_to_migrate(db: &Db, now: Ts, keep_from: i64) -> sqlx::Result<Vec<Session>> {
    let sql = concat!(
        "SELECT * FROM live_sessions WHERE status = 'ended' AND migration_scheduled_at <= $1 \
         AND migrated_to_workout_id IS NULL AND deleted_at IS NULL AND ",
        kept!(),
        " ORDER BY migration_scheduled_at, id"
    );
    db.all(sql, args![now, keep_from]).await
}

/// Notes which entry of the catalogue a session became; false: it has one, or is deleted.
///
/// # Errors
/// The database's own.
pub async fn mark_migrated(tx: &mut Tx, id: Uuid, workout: Uuid, now: Ts) -> sqlx::Result<bool> {
    let sql = "UPDATE live_sessions SET migrated_to_workout_id = $2, updated_at = $3 \
               WHERE id = $1 AND migrated_to_workout_id IS NULL AND deleted_at IS NULL";
    Ok(tx.exec(sql, args![id, workout, now]).await? == 1)
}
