//! SQL of questions.

use uuid::Uuid;

use super::questions::Row;
use crate::args;
use crate::db::{Db, Ts, Tx};

const FIND: &str = "SELECT q.*, u.name AS user_name, \
                    (SELECT COUNT(*) FROM question_votes v WHERE v.question_id = q.id) AS upvotes \
                    FROM questions q JOIN users u ON u.id = q.user_id WHERE q.id = $1 AND q.deleted_at IS NULL";

/// Finds a question.
///
/// # Errors
/// The database's own.
pub async fn find(db: &Db, id: Uuid) -> sqlx::Result<Option<Row>> {
    db.opt(FIND, args![id]).await
}

/// The same in a transaction.
///
/// # Errors
/// The database's own.
pub async fn find_in(tx: &mut Tx, id: Uuid) -> sqlx::Result<Option<Row>> {
    tx.opt(FIND, args![id]).await
}

/// Lists the questions of a session: most upvotes first, then those that wait longest.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, session: Uuid, limit: i64) -> sqlx::Result<Vec<Row>> {
    let sql = "SELECT q.*, u.name AS user_name, \
               (SELECT COUNT(*) FROM question_votes v WHERE v.question_id = q.id) AS upvotes \
               FROM questions q JOIN users u ON u.id = q.user_id WHERE q.session_id = $1 AND q.deleted_at IS NULL \
               ORDER BY upvotes DESC, q.id LIMIT $2";
    db.all(sql, args![session, limit]).await
}

/// Keys of the questions that a user wants answered.
///
/// # Errors
/// The database's own.
pub async fn upvoted_by(db: &Db, session: Uuid, user: Uuid) -> sqlx::Result<Vec<Uuid>> {
    let sql = "SELECT v.question_id FROM question_votes v JOIN questions q ON q.id = v.question_id \
               WHERE q.session_id = $1 AND v.user_id = $2";
    let rows: Vec<(Uuid,)> = db.all(sql, args![session, user]).await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}

/// Has other questions of the same user wait until the end of the transaction.
///
/// # Errors
/// The database's own.
pub async fn lock_asker(tx: &mut Tx, user: Uuid) -> sqlx::Result<()> {
    let sql = "INSERT INTO chat_writers (user_id) VALUES ($1) \
               ON CONFLICT (user_id) DO UPDATE SET user_id = excluded.user_id";
    tx.exec(sql, args![user]).await.map(drop)
}

/// How many questions of a user wait for an answer.
///
/// # Errors
/// The database's own.
pub async fn count_open(tx: &mut Tx, session: Uuid, user: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM questions WHERE session_id = $1 AND user_id = $2 AND deleted_at IS NULL \
               AND answered_at IS NULL";
    let (count,): (i64,) = tx.one(sql, args![session, user]).await?;
    Ok(count)
}

/// Adds a question.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, row: &Row) -> sqlx::Result<()> {
    let sql = "INSERT INTO questions (id, session_id, user_id, question, created_at, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $5)";
    let values = args![row.id, row.session_id, row.user_id, &row.question, row.created_at];
    tx.exec(sql, values).await.map(drop)
}

/// Adds an upvote; false: it was there.
///
/// # Errors
/// The database's own.
pub async fn insert_vote(db: &Db, question: Uuid, user: Uuid, now: Ts) -> sqlx::Result<bool> {
    let sql = "INSERT INTO question_votes (question_id, user_id, created_at) VALUES ($1, $2, $3) \
               ON CONFLICT (question_id, user_id) DO NOTHING";
    Ok(db.exec(sql, args![question, user, now]).await? == 1)
}

/// Takes an upvote back; false: there was none.
///
/// # Errors
/// The database's own.
pub async fn delete_vote(db: &Db, question: Uuid, user: Uuid) -> sqlx::Result<bool> {
    let sql = "DELETE FROM question_votes WHERE question_id = $1 AND user_id = $2";
    Ok(db.exec(sql, args![question, user]).await? == 1)
}

/// Has others that change the question wait until the end of the transaction; false: there is none.
///
/// # Errors
/// The database's own.
pub async fn lock(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<bool> {
    let sql = "UPDATE questions SET updated_at = $2 WHERE id = $1 AND deleted_at IS NULL";
    Ok(tx.exec(sql, args![id, now]).await? == 1)
}

/// Notes when a question was answered.
///
/// # Errors
/// The database's own.
pub async fn set_answered(tx: &mut Tx, id: Uuid, at: Option<Ts>, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE questions SET answered_at = $2, updated_at = $3 WHERE id = $1 AND deleted_at IS NULL";
    tx.exec(sql, args![id, at, now]).await.map(drop)
}

/// Takes a question and its text away.
///
/// # Errors
/// The database's own.
pub async fn mark_deleted(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE questions SET question = '', deleted_at = $2, updated_at = $2 WHERE id = $1";
    tx.exec(sql, args![id, now]).await.map(drop)
}

/// Forgets questions from before `before`, with their votes.
///
/// # Errors
/// The database's own.
pub async fn forget(db: &Db, before: Ts) -> sqlx::Result<()> {
    let sql = "DELETE FROM questions WHERE id IN (SELECT id FROM questions WHERE created_at < $1 ORDER BY id LIMIT $2)";
    db.forget(sql, before).await
}
