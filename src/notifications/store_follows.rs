//! SQL of following instructors.

use uuid::Uuid;

use crate::args;
use crate::db::{Db, Ts};

/// Follows, once.
///
/// # Errors
/// The database's own.
pub async fn follow(db: &Db, user: Uuid, instructor: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "INSERT INTO instructor_follows (user_id, instructor_id, created_at) VALUES ($1, $2, $3) \
               ON CONFLICT (user_id, instructor_id) DO NOTHING";
    db.exec(sql, args![user, instructor, now]).await.map(drop)
}

/// Follows no more.
///
/// # Errors
/// The database's own.
pub async fn unfollow(db: &Db, user: Uuid, instructor: Uuid) -> sqlx::Result<()> {
    let sql = "DELETE FROM instructor_follows WHERE user_id = $1 AND instructor_id = $2";
    db.exec(sql, args![user, instructor]).await.map(drop)
}

/// Whether a user follows an instructor.
///
/// # Errors
/// The database's own.
pub async fn follows(db: &Db, user: Uuid, instructor: Uuid) -> sqlx::Result<bool> {
    let sql = "SELECT instructor_id FROM instructor_follows WHERE user_id = $1 AND instructor_id = $2";
    Ok(db.opt::<(Uuid,)>(sql, args![user, instructor]).await?.is_some())
}

/// How many follow an instructor, and how many sessions they have.
///
/// # Errors
/// The database's own.
pub async fn counts(db: &Db, instructor: Uuid) -> sqlx::Result<(i64, i64)> {
    let sql = "SELECT (SELECT COUNT(*) FROM instructor_follows WHERE instructor_id = $1), \
               (SELECT COUNT(*) FROM live_sessions WHERE instructor_id = $1 AND deleted_at IS NULL \
               AND status <> 'cancelled')";
    db.one(sql, args![instructor]).await
}
