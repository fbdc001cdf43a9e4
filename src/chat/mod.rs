//! Chat: what people write in a session, in one order for everybody, and what its hosts do about it.
//!
//! | file | what it is for |
//! |---|---|
//! | `order` | keys and times that grow in the order of the commits |
//! | `words` | what a text must keep to |
//! | `initials` | how a name is shown in a circle |
//! | `history` | pages of messages, and what a client missed |
//! | `gestures` | reactions and raised hands |
//! | `routes`, `moderation_routes`, `gesture_routes` | HTTP |
//! | `store`, `store_gestures` | SQL |
//!
//! The WebSocket is `conversation`'s.

pub mod gesture_routes;
pub mod gestures;
pub mod history;
pub mod initials;
pub mod moderation_routes;
mod order;
pub mod routes;
pub mod store;
pub mod store_gestures;
mod words;

use std::time::Duration;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::accounts::User;
use crate::accounts::limits::Keyed;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::events::Push;
use crate::sessions::bans::{self, Ban, BanKind};
use crate::sessions::{Session, Status};
use crate::tracking::Event;

pub use words::check as check_text;

/// The time in which a user may write so many messages.
const PACE_S: i64 = 60;

/// What chat keeps beside the database. Clones are the same one.
#[derive(Clone)]
pub struct Shared {
    /// Reactions of one user.
    pub(crate) reactions: Keyed<Uuid>,
    /// How often one user raises or lowers a hand.
    pub(crate) hands: Keyed<Uuid>,
}

impl Default for Shared {
    fn default() -> Shared {
        Shared {
            reactions: Keyed::new(10, Duration::from_millis(500)),
            hands: Keyed::new(5, Duration::from_secs(2)),
        }
    }
}

/// A message as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Message {
    /// Key; those of a session grow.
    pub id: Uuid,
    /// Where it was written.
    pub session_id: Uuid,
    /// By whom.
    pub user_id: Uuid,
    /// Their name today.
    pub user_name: String,
    /// What they wrote.
    pub message: String,
    /// Whether they ran the session.
    pub is_host: bool,
    /// Whether it is shown above all others.
    pub is_pinned: bool,
    /// When; those of a session grow.
    pub created_at: Ts,
}

/// A message as clients see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatMessage {
    /// Key; messages are in the order of their keys.
    pub id: Uuid,
    session_id: Uuid,
    user_id: Uuid,
    user_name: String,
    /// For a circle beside the message.
    user_initials: String,
    message: String,
    /// Whether the session is the writer's own.
    is_host: bool,
    /// No two messages of a session have the same.
    created_at: Ts,
    /// Whether it is shown above all others.
    is_pinned: bool,
}

impl From<Message> for ChatMessage {
    fn from(message: Message) -> ChatMessage {
        ChatMessage {
            id: message.id,
            session_id: message.session_id,
            user_id: message.user_id,
            user_initials: initials::of(&message.user_name),
            user_name: message.user_name,
            message: message.message,
            is_host: message.is_host,
            created_at: message.created_at,
            is_pinned: message.is_pinned,
        }
    }
}

impl ChatMessage {
    /// `chat:message`
    #[must_use]
    pub fn push(&self) -> Push {
        Push::new(self.session_id, "chat:message", self).carrying(self.id)
    }
}

/// Writes a message of `user` into `session`, which they may converse in.
///
/// # Errors
/// 409 after the end; 422 for an empty text, one that is too long or has words that are not wanted; 403 for who is
/// muted; 429 for who writes too often.
pub async fn post(app: &App, session: &Session, user: &User, text: &str) -> Result<ChatMessage> {
    let settings = app.settings.now();
    let rules = &settings.conversation;
    let text = words::check(text, &rules.banned_words)?;
    may_write(app, session, user).await?;
    let mut tx = app.db.begin().await?;
    // Always the writer before the session, so that two writers never wait for each other in a circle.
    store::lock_writer(&mut tx, user.id).await?;
    let now = Ts::now();
    let recent = store::recent_of(&mut tx, user.id, now.plus_s(-PACE_S), rules.messages_per_minute.into()).await?;
    check_pace(&recent, rules.messages_per_minute, now)?;
    let order = store::lock_order(&mut tx, session.id).await?;
    if store::is_over(&mut tx, session.id).await? {
        return Err(not_live());
    }
    let (id, created_at) = order.next(now);
    let message = Message {
        id,
        session_id: session.id,
        user_id: user.id,
        user_name: user.name.clone(),
        message: text,
        is_host: session.is_run_by(user),
        is_pinned: false,
        created_at,
    };
    store::insert(&mut tx, &message).await?;
    let message = ChatMessage::from(message);
    app.events.commit(tx, vec![message.push()]).await?;
    let chars = message.message.chars().count();
    app.tracker.note(Event::chat_sent(session.id, user.id, chars));
    Ok(message)
}

/// Checks that `user` may write, or ask, in `session` now.
///
/// # Errors
/// 409 after the end; 403 for who is muted or banned.
pub async fn may_write(app: &App, session: &Session, user: &User) -> Result<()> {
    if session.is_over() {
        return Err(not_live());
    }
    let code = match bans::find(app, session.id, user.id).await? {
        None => return Ok(()),
        Some(Ban {
            kind: BanKind::Mute, ..
        }) => "chat-muted",
        Some(Ban { kind: BanKind::Ban, .. }) => "chat-banned",
    };
    Err(Error::Refused {
        status: StatusCode::FORBIDDEN,
        code,
        detail: "who runs this session does not let you write".into(),
    })
}

/// `recent`: when the user's latest messages were written, latest first.
fn check_pace(recent: &[Ts], most: u32, now: Ts) -> Result<()> {
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let Some(oldest) = most.checked_sub(1).and_then(|index| recent.get(index)) else {
        return Ok(());
    };
    let wait = oldest.plus_s(PACE_S).0.saturating_sub(now.0).max(1);
    Err(Error::TooFast {
        code: "chat-too-fast",
        detail: "you write faster than is allowed here",
        retry_after: Duration::from_micros(wait.unsigned_abs()),
    })
}

/// Takes a message away. Its writer may, and who runs the session.
///
/// # Errors
/// 404 when there is none; 403 for anybody else's.
pub async fn delete(app: &App, session: &Session, user: &User, message: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let found = store::find(&mut tx, session.id, message).await?;
    let found = found.ok_or(Error::NotFound("message"))?;
    if found.user_id != user.id && !session.is_run_by(user) {
        return Err(Error::Forbidden("this is somebody else's message"));
    }
    store::mark_deleted(&mut tx, message, user.id, Ts::now()).await?;
    let mut pushes = vec![deleted(session.id, message)];
    if found.is_pinned {
        pushes.push(pinned(session.id, None));
    }
    app.events.commit(tx, pushes).await
}

/// Shows a message above all others, in place of one that was.
///
/// # Errors
/// 404 when there is none.
pub async fn pin(app: &App, session: &Session, message: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::lock_order(&mut tx, session.id).await?; // one pin after the other
    store::unpin_all(&mut tx, session.id).await?;
    if !store::mark_pinned(&mut tx, session.id, message).await? {
        return Err(Error::NotFound("message"));
    }
    let found = store::find(&mut tx, session.id, message).await?.map(ChatMessage::from);
    app.events.commit(tx, vec![pinned(session.id, found.as_ref())]).await
}

/// Shows a message among the others again; one that was not pinned is fine, too.
///
/// # Errors
/// 404 when there is none.
pub async fn unpin(app: &App, session: &Session, message: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    store::lock_order(&mut tx, session.id).await?;
    let found = store::find(&mut tx, session.id, message).await?;
    if !found.ok_or(Error::NotFound("message"))?.is_pinned {
        return Ok(());
    }
    store::unpin_all(&mut tx, session.id).await?;
    app.events.commit(tx, vec![pinned(session.id, None)]).await
}

/// `chat:deleted`
fn deleted(session: Uuid, message: Uuid) -> Push {
    Push::new(session, "chat:deleted", &json!({ "id": message }))
}

/// `chat:pinned`
fn pinned(session: Uuid, message: Option<&ChatMessage>) -> Push {
    Push::new(session, "chat:pinned", &json!({ "message": message }))
}

fn not_live() -> Error {
    Error::Conflict {
        code: "session-not-live",
        detail: "the session is over",
    }
}

/// Whether something that is done only while a session is live may be done now.
///
/// # Errors
/// 409.
pub fn expect_live(session: &Session) -> Result<()> {
    match session.status {
        Status::Live => Ok(()),
        _ => Err(Error::Conflict {
            code: "session-not-live",
            detail: "this is possible only while the session is live",
        }),
    }
}

/// Forgets what was written before `before`.
///
/// # Errors
/// The database's own.
pub async fn forget(app: &App, before: Ts) -> Result<()> {
    Ok(store::forget(&app.db, before).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_is_that_of_any_minute() {
        let now = Ts(0).plus_s(1000);
        let ago = |seconds: i64| now.plus_s(-seconds);
        assert!(check_pace(&[], 5, now).is_ok());
        assert!(check_pace(&[ago(1), ago(2), ago(3), ago(4)], 5, now).is_ok());
        let full = [ago(1), ago(2), ago(3), ago(4), ago(59)];
        let Err(Error::TooFast { retry_after, .. }) = check_pace(&full, 5, now) else {
            panic!("not refused")
        };
        assert_eq!(retry_after, Duration::from_secs(1));
    }
}
