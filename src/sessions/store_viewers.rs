//! SQL of what viewers have with sessions: reminders, calendars, search.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Search, Session, Status};
use crate::args;
use crate::db::{Db, Ts, like};

/// Sets a reminder; gives its key, also if it was set before.
///
/// # Errors
/// The database's own.
pub async fn set_reminder(db: &Db, id: Uuid, session: Uuid, user: Uuid, now: Ts) -> sqlx::Result<Uuid> {
    let sql = "INSERT INTO live_session_reminders (id, session_id, user_id, created_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT (session_id, user_id) DO UPDATE SET user_id = excluded.user_id RETURNING id";
    let (id,): (Uuid,) = db.write_one(sql, args![id, session, user, now]).await?;
    Ok(id)
}

/// Removes a reminder, if there is one.
///
/// # Errors
/// The database's own.
pub async fn delete_reminder(db: &Db, session: Uuid, user: Uuid) -> sqlx::Result<()> {
    let sql = "DELETE FROM live_session_reminders WHERE session_id = $1 AND user_id = $2";
    db.exec(sql, args![session, user]).await.map(drop)
}

/// Those of `sessions` that a user wants to be reminded of.
///
/// # Errors
/// The database's own.
pub async fn reminders_among(db: &Db, user: Uuid, sessions: &[Uuid]) -> sqlx::Result<HashSet<Uuid>> {
    let sql = "SELECT session_id FROM live_session_reminders WHERE user_id = $1 AND session_id IN ({keys})";
    let found: Vec<(Uuid,)> = db.among(sql, args![user], sessions).await?;
    Ok(found.into_iter().map(|(session,)| session).collect())
}

/// The sessions of a user's calendar that start after `since`: their own, those they are or were enrolled in, and those
/// they want to be reminded of; soonest first.
///
/// # Errors
/// The database's own.
pub async fn calendar_of(db: &Db, user: Uuid, since: Ts, limit: i64) -> sqlx::Result<Vec<Session>> {
    let sql = "SELECT * FROM live_sessions WHERE deleted_at IS NULL AND scheduled_start > $2 AND (instructor_id = $1 \
               OR id IN (SELECT session_id FROM enrolments WHERE user_id = $1 AND state <> 'pending') \
               OR id IN (SELECT session_id FROM live_session_reminders WHERE user_id = $1)) \
               ORDER BY scheduled_start, id LIMIT $3";
    db.all(sql, args![user, since, limit]).await
}

/// Lists sessions: live ones, then upcoming ones soonest first, then the others latest first, which is the order of the
/// index `live_sessions_listing`. Without a status, cancelled ones are left out.
///
/// # Errors
/// The database's own.
pub async fn search(db: &Db, search: &Search, limit: i64) -> sqlx::Result<Vec<Session>> {
    let sql = "SELECT * FROM live_sessions WHERE deleted_at IS NULL \
               AND (status = $1 OR ($1 = '' AND status <> 'cancelled')) \
               AND ($3 IS NULL OR lower(title) LIKE lower($3) ESCAPE '!' OR lower(coalesce(topic, '')) LIKE lower($3) ESCAPE '!' \
               OR lower(instructor_name) LIKE lower($3) ESCAPE '!') \
               AND ($4 IS NULL OR instructor_id = $4) AND ($5 IS NULL OR phase_id = $5) \
               AND ($6 IS NULL OR scheduled_start >= $6) AND ($7 IS NULL OR scheduled_start < $7) \
               ORDER BY CASE status WHEN 'live' THEN 0 WHEN 'scheduled' THEN 1 ELSE 2 END, \
               CASE WHEN status IN ('live', 'scheduled') THEN scheduled_start ELSE -scheduled_start END, id \
               LIMIT $2 OFFSET $8";
    let values = args![
        search.status.map_or("", Status::as_str),
        limit,
        search.text.as_deref().map(like),
        search.instructor,
        search.phase,
        search.from,
        search.until,
        search.skip,
    ];
    db.all(sql, values).await
}
