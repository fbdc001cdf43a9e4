//! SQL of notifications: who is told, how they want it, which browsers take push messages.

use uuid::Uuid;

use super::Topic;
use super::announcements::{Audience, Reached};
use super::routes::{Events, Preferences};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Browsers of one user; the oldest give way.
const MOST_BROWSERS: i64 = 20;

/// People with an account who meet a condition on `$2` and want to be told of the topic `$3`, and how; from the one after `$1`
/// on. What has no topic is told to all of them, by mail in any case.
macro_rules! people {
    ($tokens:literal, $condition:literal) => {
        concat!(
            "SELECT u.id AS user_id, u.email, ($3 IS NULL OR COALESCE(p.by_mail, TRUE)) AS by_mail, \
             COALESCE(p.by_push, TRUE) AS by_push, COALESCE(p.by_sms, FALSE) AS by_sms, ",
            $tokens,
            " AS tokens FROM users u LEFT JOIN notification_preferences p ON p.user_id = u.id \
              WHERE u.deleted_at IS NULL AND u.id > $1 AND COALESCE(CASE $3 WHEN 'reminder24h' THEN p.reminder_24h \
              WHEN 'reminder15m' THEN p.reminder_15m WHEN 'new-session' THEN p.new_session \
              WHEN 'replay-expires' THEN p.replay_expires WHEN 'enrolled' THEN p.enrolled END, TRUE) AND ",
            $condition,
            " ORDER BY u.id LIMIT $4"
        )
    };
    ($condition:literal) => {
        people!("CAST(0 AS BIGINT)", $condition)
    };
}

/// The people of `audience` who want to be told of `topic`, from the one after `after` on.
///
/// # Errors
/// The database's own.
pub async fn audience(
    db: &Db,
    audience: Audience,
    topic: Option<Topic>,
    after: Uuid,
    limit: i64,
) -> sqlx::Result<Vec<Reached>> {
    let (sql, of) = match audience {
        Audience::Expecting(session) => (
            people!(
                "(u.id IN (SELECT user_id FROM live_session_reminders WHERE session_id = $2) OR u.id IN \
                 (SELECT user_id FROM enrolments WHERE session_id = $2 AND state = 'active'))"
            ),
            session,
        ),
        Audience::Followers(instructor) => (
            people!("u.id IN (SELECT user_id FROM instructor_follows WHERE instructor_id = $2)"),
            instructor,
        ),
        Audience::Replay(session) => (
            people!(
                "u.id IN (SELECT user_id FROM enrolments WHERE session_id = $2 AND state = 'active' \
                 AND can_watch_replay)"
            ),
            session,
        ),
        Audience::Disappointed(session) => (
            people!(
                "COALESCE((SELECT e.tokens_paid FROM enrolments e WHERE e.session_id = $2 AND e.user_id = u.id \
                 AND e.state <> 'pending'), 0)",
                "(u.id IN (SELECT user_id FROM live_session_reminders WHERE session_id = $2) OR u.id IN \
                 (SELECT user_id FROM enrolments WHERE session_id = $2 AND state <> 'pending'))"
            ),
            session,
        ),
        Audience::One(user) => (people!("u.id = $2"), user),
    };
    db.all(sql, args![after, of, topic.map(Topic::as_str), limit]).await
}

/// Sessions that start after `earliest` and at `latest` at the latest, with their start.
///
/// # Errors
/// The database's own.
pub async fn sessions_between(db: &Db, earliest: Ts, latest: Ts) -> sqlx::Result<Vec<(Uuid, Ts)>> {
    let sql = "SELECT id, scheduled_start FROM live_sessions WHERE deleted_at IS NULL \
               AND status IN ('scheduled', 'live') AND scheduled_start > $1 AND scheduled_start <= $2";
    db.all(sql, args![earliest, latest]).await
}

/// Sessions whose replay ends after `earliest` and at `latest` at the latest, with its end.
///
/// # Errors
/// The database's own.
pub async fn replays_ending_between(db: &Db, earliest: Ts, latest: Ts) -> sqlx::Result<Vec<(Uuid, Ts)>> {
    let sql = "SELECT id, recording_expires_at FROM live_sessions WHERE deleted_at IS NULL AND recording_available \
               AND recording_expires_at > $1 AND recording_expires_at <= $2";
    db.all(sql, args![earliest, latest]).await
}

#[derive(sqlx::FromRow)]
struct PreferencesRow {
    by_mail: bool,
    by_push: bool,
    by_sms: bool,
    phone: Option<String>,
    reminder_24h: bool,
    reminder_15m: bool,
    new_session: bool,
    replay_expires: bool,
    enrolled: bool,
}

/// What a user has chosen; `None`: nothing yet.
///
/// # Errors
/// The database's own.
pub async fn preferences(db: &Db, user: Uuid) -> sqlx::Result<Option<Preferences>> {
    let row: Option<PreferencesRow> = db
        .opt("SELECT * FROM notification_preferences WHERE user_id = $1", args![user])
        .await?;
    Ok(row.map(|row| Preferences {
        email: row.by_mail,
        push: row.by_push,
        sms: row.by_sms,
        phone: row.phone,
        events: Events {
            reminder24h: row.reminder_24h,
            reminder15m: row.reminder_15m,
            new_session: row.new_session,
            replay_expires: row.replay_expires,
            enrolled: row.enrolled,
        },
    }))
}

/// Remembers what a user has chosen.
///
/// # Errors
/// The database's own.
pub async fn set_preferences(db: &Db, user: Uuid, chosen: &Preferences) -> sqlx::Result<()> {
    let sql = "INSERT INTO notification_preferences (user_id, by_mail, by_push, by_sms, phone, reminder_24h, \
               reminder_15m, new_session, replay_expires, enrolled, updated_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (user_id) DO UPDATE SET \
               by_mail = excluded.by_mail, by_push = excluded.by_push, by_sms = excluded.by_sms, \
               phone = excluded.phone, reminder_24h = excluded.reminder_24h, reminder_15m = excluded.reminder_15m, \
               new_session = excluded.new_session, replay_expires = excluded.replay_expires, \
               enrolled = excluded.enrolled, updated_at = excluded.updated_at";
    let events = &chosen.events;
    let values = args![
        user,
        chosen.email,
        chosen.push,
        chosen.sms,
        chosen.phone.clone(),
        events.reminder24h,
        events.reminder15m,
        events.new_session,
        events.replay_expires,
        events.enrolled,
        Ts::now(),
    ];
    db.exec(sql, values).await.map(drop)
}

/// Ends what a user is told of `topic`, and nothing else.
///
/// # Errors
/// The database's own.
pub async fn turn_off(db: &Db, user: Uuid, topic: Topic) -> sqlx::Result<()> {
    macro_rules! off {
        ($column:literal) => {
            concat!(
                "INSERT INTO notification_preferences (user_id, ",
                $column,
                ", updated_at) VALUES ($1, FALSE, $2) ON CONFLICT (user_id) DO UPDATE SET ",
                $column,
                " = FALSE, updated_at = excluded.updated_at"
            )
        };
    }
    let sql = match topic {
        Topic::Reminder24h => off!("reminder_24h"),
        Topic::Reminder15m => off!("reminder_15m"),
        Topic::NewSession => off!("new_session"),
        Topic::ReplayExpires => off!("replay_expires"),
        Topic::Enrolled => off!("enrolled"),
    };
    db.exec(sql, args![user, Ts::now()]).await.map(drop)
}

/// A browser that takes push messages.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Subscription {
    /// Key.
    pub id: Uuid,
    /// Whose.
    pub user_id: Uuid,
    /// Where messages for it go.
    pub endpoint: String,
    /// Its public key, base64url.
    pub p256dh: String,
    /// What both know, base64url.
    pub auth: String,
}

/// Remembers a browser; one that is there is this user's from now on. The oldest of too many are forgotten.
///
/// # Errors
/// The database's own.
pub async fn subscribe(tx: &mut Tx, new: &Subscription) -> sqlx::Result<()> {
    let sql = "INSERT INTO push_subscriptions (id, user_id, endpoint, p256dh, auth, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (endpoint) DO UPDATE SET user_id = excluded.user_id, \
               p256dh = excluded.p256dh, auth = excluded.auth";
    let values = args![new.id, new.user_id, &new.endpoint, &new.p256dh, &new.auth, Ts::now()];
    tx.exec(sql, values).await?;
    let sql = "DELETE FROM push_subscriptions WHERE user_id = $1 AND id NOT IN \
               (SELECT id FROM push_subscriptions WHERE user_id = $1 ORDER BY id DESC LIMIT $2)";
    tx.exec(sql, args![new.user_id, MOST_BROWSERS]).await.map(drop)
}

/// Forgets a user's browser.
///
/// # Errors
/// The database's own.
pub async fn unsubscribe(db: &Db, user: Uuid, endpoint: &str) -> sqlx::Result<()> {
    let sql = "DELETE FROM push_subscriptions WHERE user_id = $1 AND endpoint = $2";
    db.exec(sql, args![user, endpoint]).await.map(drop)
}

/// Forgets a browser that its push service does not know any more.
///
/// # Errors
/// The database's own.
pub async fn forget_subscription(db: &Db, id: Uuid) -> sqlx::Result<()> {
    db.exec("DELETE FROM push_subscriptions WHERE id = $1", args![id])
        .await
        .map(drop)
}

/// Finds a browser.
///
/// # Errors
/// The database's own.
pub async fn subscription(db: &Db, id: Uuid) -> sqlx::Result<Option<Subscription>> {
    db.opt("SELECT * FROM push_subscriptions WHERE id = $1", args![id])
        .await
}

/// Keys of a user's browsers.
///
/// # Errors
/// The database's own.
pub async fn subscriptions_of(tx: &mut Tx, user: Uuid) -> sqlx::Result<Vec<(Uuid,)>> {
    tx.all("SELECT id FROM push_subscriptions WHERE user_id = $1", args![user])
        .await
}
