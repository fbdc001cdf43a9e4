//! SQL of a user's own data: their browsers, everything that is known of them, and its removal.

use uuid::Uuid;

use super::{Language, User};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// A signed-in browser.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Browser {
    /// SHA-256 of its token.
    pub token_hash: Vec<u8>,
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// Where it signed in from.
    pub address: Option<String>,
    /// When it signed in.
    pub created_at: Ts,
    /// When it was seen, give or take an hour.
    pub seen_at: Ts,
    /// When it has to sign in again.
    pub expires_at: Ts,
}

/// Changes what a user says of themselves.
///
/// # Errors
/// The database's own.
pub async fn update_profile(
    db: &Db,
    id: Uuid,
    name: &str,
    language: Language,
    zone: &str,
) -> sqlx::Result<Option<User>> {
    let sql = "UPDATE users SET name = $2, language = $3, time_zone = $4, updated_at = $5 WHERE id = $1 RETURNING *";
    db.write_opt(sql, args![id, name, language.as_str(), zone, Ts::now()])
        .await
}

/// Lists a user's signed-in browsers, last used first.
///
/// # Errors
/// The database's own.
pub async fn list_browsers(db: &Db, user: Uuid, now: Ts) -> sqlx::Result<Vec<Browser>> {
    let sql = "SELECT * FROM login_sessions WHERE user_id = $1 AND expires_at > $2 ORDER BY seen_at DESC LIMIT 100";
    db.all(sql, args![user, now]).await
}

/// Signs one browser of a user out; false: there is none whose token's digest begins so.
///
/// # Errors
/// The database's own.
pub async fn delete_browser(db: &Db, user: Uuid, digest_start: Uuid) -> sqlx::Result<bool> {
    let sql = "DELETE FROM login_sessions WHERE user_id = $1 AND substr(token_hash, 1, 16) = $2";
    Ok(db.exec(sql, args![user, digest_start.as_bytes().as_slice()]).await? == 1)
}

/// Signs all browsers of a user out but one.
///
/// # Errors
/// The database's own.
pub async fn delete_other_browsers(db: &Db, user: Uuid, kept: &[u8]) -> sqlx::Result<u64> {
    let sql = "DELETE FROM login_sessions WHERE user_id = $1 AND token_hash <> $2";
    db.exec(sql, args![user, kept]).await
}

/// One kind of rows about a user, each as a JSON object.
type Rows = (&'static str, Vec<serde_json::Value>);

/// Everything that is known of a user beside their account and browsers, by kind.
///
/// # Errors
/// The database's own.
pub async fn everything_of(db: &Db, user: Uuid) -> sqlx::Result<Vec<Rows>> {
    use serde_json::json;
    let enrolments: Vec<(Uuid, String, i64, Ts)> = db
        .all(
            "SELECT session_id, state, tokens_paid, enrolled_at FROM enrolments WHERE user_id = $1",
            args![user],
        )
        .await?;
    let tokens: Vec<(i64, String, Ts)> = db
        .all(
            "SELECT amount, reason, created_at FROM token_ledger WHERE user_id = $1 ORDER BY id",
            args![user],
        )
        .await?;
    let reminders: Vec<(Uuid, Ts)> = db
        .all(
            "SELECT session_id, created_at FROM live_session_reminders WHERE user_id = $1",
            args![user],
        )
        .await?;
    let follows: Vec<(Uuid, Ts)> = db
        .all(
            "SELECT instructor_id, created_at FROM instructor_follows WHERE user_id = $1",
            args![user],
        )
        .await?;
    let messages: Vec<(Uuid, String, Ts)> = db
        .all(
            "SELECT session_id, message, created_at FROM live_chat_messages WHERE user_id = $1 ORDER BY id",
            args![user],
        )
        .await?;
    let questions: Vec<(Uuid, String, Ts)> = db
        .all(
            "SELECT session_id, question, created_at FROM questions WHERE user_id = $1 ORDER BY id",
            args![user],
        )
        .await?;
    let votes: Vec<(Uuid, Uuid, Ts)> = db
        .all(
            "SELECT poll_id, option_id, created_at FROM live_poll_votes WHERE user_id = $1",
            args![user],
        )
        .await?;
    let identities: Vec<(String, String, Ts)> = db
        .all(
            "SELECT issuer, subject, created_at FROM outside_identities WHERE user_id = $1",
            args![user],
        )
        .await?;
    let phones: Vec<(String, Ts)> = db
        .all(
            "SELECT phone, updated_at FROM notification_preferences WHERE user_id = $1 AND phone IS NOT NULL",
            args![user],
        )
        .await?;
    let push: Vec<(String, Ts)> = db
        .all(
            "SELECT endpoint, created_at FROM push_subscriptions WHERE user_id = $1",
            args![user],
        )
        .await?;
    let said = |(session, text, at): (Uuid, String, Ts)| json!({"sessionId": session, "text": text, "at": at});
    Ok(vec![
        ("enrolments", enrolments.into_iter().map(|(session, state, paid, at)| {
            json!({"sessionId": session, "state": state, "tokensPaid": paid, "at": at})
        }).collect()),
        ("tokenTransactions", tokens.into_iter().map(|(amount, reason, at)| {
            json!({"amount": amount, "reason": reason, "at": at})
        }).collect()),
        ("outsideIdentities", identities.into_iter().map(|(issuer, subject, at)| {
            json!({"issuer": issuer, "subject": subject, "at": at})
        }).collect()),
        ("reminders", reminders.into_iter().map(|(session, at)| json!({"sessionId": session, "at": at})).collect()),
        ("follows", follows.into_iter().map(|(who, at)| json!({"instructorId": who, "at": at})).collect()),
        ("phones", phones.into_iter().map(|(number, at)| json!({"number": number, "at": at})).collect()),
        ("pushBrowsers", push.into_iter().map(|(endpoint, at)| json!({"endpoint": endpoint, "at": at})).collect()),
        ("chatMessages", messages.into_iter().map(said).collect()),
        ("questions", questions.into_iter().map(said).collect()),
        ("pollVotes", votes.into_iter().map(|(poll, option, at)| {
            json!({"pollId": poll, "optionId": option, "at": at})
        }).collect()),
    ])
}

/// How many sessions of an instructor are still to come or live.
///
/// # Errors
/// The database's own.
pub async fn count_open_sessions(tx: &mut Tx, instructor: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT COUNT(*) FROM live_sessions WHERE instructor_id = $1 AND status IN ('scheduled', 'live') \
               AND deleted_at IS NULL";
    let (open,): (i64,) = tx.one(sql, args![instructor]).await?;
    Ok(open)
}

/// Removes what is personal of a user: name, address, password, browsers, reminders, follows, what they wrote. What
/// was paid stays, under a key that names nobody.
///
/// # Errors
/// The database's own.
pub async fn erase(tx: &mut Tx, user: Uuid, now: Ts) -> sqlx::Result<()> {
    const BY_USER: [&str; 14] = [
        "DELETE FROM login_sessions WHERE user_id = $1",
        "DELETE FROM outside_identities WHERE user_id = $1",
        "DELETE FROM login_links WHERE email = (SELECT lower(email) FROM users WHERE id = $1)",
        "DELETE FROM live_session_reminders WHERE user_id = $1",
        "DELETE FROM instructor_follows WHERE user_id = $1 OR instructor_id = $1",
        "DELETE FROM notification_preferences WHERE user_id = $1",
        "DELETE FROM push_subscriptions WHERE user_id = $1",
        "DELETE FROM live_poll_votes WHERE user_id = $1",
        "DELETE FROM question_votes WHERE user_id = $1",
        "DELETE FROM chat_bans WHERE user_id = $1",
        "DELETE FROM chat_writers WHERE user_id = $1",
        "DELETE FROM raised_hands WHERE user_id = $1",
        "UPDATE watch_visits SET user_id = NULL WHERE user_id = $1",
        "UPDATE analytics_events SET user_id = NULL WHERE user_id = $1",
    ];
    const STAMPED: [&str; 5] = [
        "UPDATE jobs SET summary = 'for a deleted user', updated_at = $2 \
         WHERE summary LIKE '%' || (SELECT email FROM users WHERE id = $1)",
        "UPDATE live_chat_messages SET message = '', deleted_at = $2 WHERE user_id = $1",
        "UPDATE questions SET question = '', deleted_at = $2, updated_at = $2 WHERE user_id = $1",
        "UPDATE live_sessions SET instructor_name = 'Deleted user', updated_at = $2 WHERE instructor_id = $1",
        "UPDATE session_series SET ended_at = coalesce(ended_at, $2), updated_at = $2 WHERE instructor_id = $1",
    ];
    for sql in BY_USER {
        tx.exec(sql, args![user]).await?;
    }
    for sql in STAMPED {
        tx.exec(sql, args![user, now]).await?;
    }
    let sql = "UPDATE users SET email = $2, name = 'Deleted user', password_hash = NULL, role = 'viewer', \
               tier = 'free', calendar_version = calendar_version + 1, deleted_at = $3, updated_at = $3 WHERE id = $1";
    tx.exec(sql, args![user, format!("{user}@deleted.invalid"), now])
        .await
        .map(drop)
}
