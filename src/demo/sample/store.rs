//! SQL of the example data: rows of classes that have taken place, which no other part of the server ever writes at
//! once.

use uuid::Uuid;

use crate::accounts::User;
use crate::args;
use crate::db::{Db, Ts, Tx};
use crate::sessions::{EndDates, Plan, StreamKey};

/// The domain of all example people. It can never receive mail (RFC 2606).
pub(super) const DOMAIN: &str = "sample.invalid";

/// Adds a person.
///
/// # Errors
/// A duplicate when they are there.
pub(super) async fn insert_user(tx: &mut Tx, user: &User) -> sqlx::Result<()> {
    let sql = "INSERT INTO users (id, email, name, role, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)";
    let values = args![user.id, &user.email, &user.name, user.role.as_str(), Ts::now()];
    tx.exec(sql, values).await.map(drop)
}

/// Keys of the example people.
///
/// # Errors
/// The database's own.
pub(super) async fn list_people(db: &Db) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = "SELECT id FROM users WHERE email LIKE $1 AND deleted_at IS NULL ORDER BY id";
    db.all(sql, args![format!("%@{DOMAIN}")]).await
}

/// Keys of the sessions of one instructor.
///
/// # Errors
/// The database's own.
pub(super) async fn list_sessions(db: &Db, instructor: Uuid) -> sqlx::Result<Vec<(Uuid,)>> {
    let sql = "SELECT id FROM live_sessions WHERE instructor_id = $1 AND deleted_at IS NULL ORDER BY id";
    db.all(sql, args![instructor]).await
}

/// Adds a session that is to come.
///
/// # Errors
/// The database's own.
pub(super) async fn insert_session(tx: &mut Tx, id: Uuid, instructor: &User, plan: &Plan) -> sqlx::Result<()> {
    let sql = "INSERT INTO live_sessions (id, instructor_id, instructor_name, stream_key, created_at, updated_at, \
               title, description, scheduled_start, duration_minutes, time_zone, topic, phase_id, level, \
               price_in_tokens, is_public) VALUES ($1, $2, $3, $4, $5, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let key = StreamKey::random();
    let values = args![
        id,
        instructor.id,
        &instructor.name,
        key.expose(),
        Ts::now(),
        &plan.title,
        plan.description.clone(),
        plan.scheduled_start,
        plan.duration_minutes,
        &plan.time_zone,
        plan.topic.clone(),
        plan.phase_id,
        plan.level.clone(),
        plan.price_in_tokens,
        plan.is_public,
    ];
    tx.exec(sql, values).await.map(drop)
}

/// Notes that a session took place.
///
/// # Errors
/// The database's own.
pub(super) async fn mark_held(tx: &mut Tx, id: Uuid, began: Ts, end: EndDates, viewers: i64) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET status = 'ended', actual_start = $2, actual_end = $3, \
               recording_expires_at = $4, migration_scheduled_at = $5, max_viewers = $6 WHERE id = $1";
    let values = args![
        id,
        began,
        end.ended_at,
        end.recording_expires_at,
        end.migration_scheduled_at,
        viewers,
    ];
    tx.exec(sql, values).await.map(drop)
}

/// Enrols a person for nothing.
///
/// # Errors
/// The database's own.
pub(super) async fn enrol(tx: &mut Tx, session: Uuid, user: Uuid, at: Ts, watched: bool) -> sqlx::Result<()> {
    let sql = "INSERT INTO enrolments (id, session_id, user_id, state, tokens_paid, watched_live, enrolled_at, \
               updated_at) VALUES ($1, $2, $3, 'active', 0, $4, $5, $5)";
    tx.exec(sql, args![crate::id::new(), session, user, watched, at])
        .await?;
    let sql = "UPDATE live_sessions SET total_enrollments = total_enrollments + 1 WHERE id = $1";
    tx.exec(sql, args![session]).await.map(drop)
}

/// A message of the conversation; the keys' order is the conversation's.
pub(super) struct Message<'a> {
    pub(super) id: Uuid,
    pub(super) text: &'a str,
    pub(super) is_host: bool,
    pub(super) at: Ts,
}

/// Adds a message.
///
/// # Errors
/// The database's own.
pub(super) async fn say(tx: &mut Tx, session: Uuid, user: Uuid, message: &Message<'_>) -> sqlx::Result<()> {
    let sql = "INSERT INTO live_chat_messages (id, session_id, user_id, message, is_host, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![message.id, session, user, message.text, message.is_host, message.at];
    tx.exec(sql, values).await.map(drop)
}

/// Adds a poll that is closed.
///
/// # Errors
/// The database's own.
pub(super) async fn insert_poll(
    tx: &mut Tx,
    id: Uuid,
    session: Uuid,
    host: Uuid,
    question: &str,
    at: Ts,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO live_polls (id, session_id, question, is_active, created_by, created_at, updated_at) \
               VALUES ($1, $2, $3, FALSE, $4, $5, $5)";
    tx.exec(sql, args![id, session, question, host, at]).await.map(drop)
}

/// Adds an answer to a poll, with those who chose it.
///
/// # Errors
/// The database's own.
pub(super) async fn insert_option(
    tx: &mut Tx,
    poll: Uuid,
    position: i64,
    text: &str,
    voters: &[Uuid],
    at: Ts,
) -> sqlx::Result<()> {
    let id = crate::id::new();
    let count = i64::try_from(voters.len()).unwrap_or(i64::MAX);
    let sql =
        "INSERT INTO live_poll_options (id, poll_id, position, option_text, vote_count) VALUES ($1, $2, $3, $4, $5)";
    tx.exec(sql, args![id, poll, position, text, count]).await?;
    for voter in voters {
        let sql = "INSERT INTO live_poll_votes (poll_id, user_id, option_id, created_at) VALUES ($1, $2, $3, $4)";
        tx.exec(sql, args![poll, *voter, id, at]).await?;
    }
    Ok(())
}

/// Adds a question, with those who wanted to know it as well.
///
/// # Errors
/// The database's own.
pub(super) async fn ask(
    tx: &mut Tx,
    session: Uuid,
    user: Uuid,
    question: &str,
    answered_at: Option<Ts>,
    voters: &[Uuid],
    at: Ts,
) -> sqlx::Result<()> {
    let id = crate::id::new();
    let sql = "INSERT INTO questions (id, session_id, user_id, question, answered_at, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $6)";
    tx.exec(sql, args![id, session, user, question, answered_at, at])
        .await?;
    for voter in voters {
        let sql = "INSERT INTO question_votes (question_id, user_id, created_at) VALUES ($1, $2, $3)";
        tx.exec(sql, args![id, *voter, at]).await?;
    }
    Ok(())
}

/// Notes that there is something to replay.
///
/// # Errors
/// The database's own.
pub(super) async fn mark_recorded(tx: &mut Tx, session: Uuid) -> sqlx::Result<()> {
    let sql = "UPDATE live_sessions SET recording_available = TRUE WHERE id = $1";
    tx.exec(sql, args![session]).await.map(drop)
}
