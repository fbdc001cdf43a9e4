//! Reactions, which pass, and raised hands, which stay until they are lowered.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{initials, not_live, store_gestures};
use crate::App;
use crate::accounts::User;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::events::{Push, Subject};
use crate::sessions::Session;

/// What there is to react with.
pub const EMOJIS: [&str; 6] = ["👍", "❤️", "😂", "👏", "🎉", "🤔"];

/// A raised hand.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Hand {
    user_id: Uuid,
    user_name: String,
    /// For a circle.
    user_initials: String,
    raised_at: Ts,
}

impl Hand {
    /// The hand of this user.
    #[must_use]
    pub fn new(user_id: Uuid, user_name: String, raised_at: Ts) -> Hand {
        Hand {
            user_initials: initials::of(&user_name),
            user_id,
            user_name,
            raised_at,
        }
    }
}

/// Shows a reaction of `user` to everybody in `session`, summed up with those of others.
///
/// # Errors
/// 422 for anything but [`EMOJIS`]; 409 after the end; 429 for too many.
pub fn react(app: &App, session: &Session, user: &User, emoji: &str) -> Result<()> {
    // With and without the selector that asks for colour (U+FE0F).
    let bare = |text: &str| text.trim_end_matches('\u{fe0f}').to_owned();
    let known = EMOJIS.into_iter().find(|one| bare(one) == bare(emoji));
    let emoji = known.ok_or_else(|| Error::field("emoji", format!("must be one of {}", EMOJIS.join(" "))))?;
    check_open(session)?;
    app.chat.reactions.check(&user.id)?;
    app.events.count(Subject::Reaction {
        session: session.id,
        emoji,
    });
    Ok(())
}

/// Shows so many reactions to everybody, and adds them up for the session's report.
///
/// # Errors
/// The database's own.
pub async fn tell(app: &App, session: Uuid, emoji: &'static str, count: u64) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let more = i64::try_from(count).unwrap_or(i64::MAX);
    store_gestures::add_reactions(&mut tx, session, emoji, more).await?;
    let told = Push::new(session, "reaction", &json!({ "emoji": emoji, "count": count }));
    app.events.commit(tx, vec![told]).await
}

/// Raises the hand of `user`; one that is up stays so.
///
/// # Errors
/// 409 after the end; 429 for too often.
pub async fn raise(app: &App, session: &Session, user: &User) -> Result<()> {
    check_open(session)?;
    app.chat.hands.check(&user.id)?;
    let now = Ts::now();
    let mut tx = app.db.begin().await?;
    if store_gestures::raise(&mut tx, session.id, user.id, now).await? {
        let hand = Hand::new(user.id, user.name.clone(), now);
        let told = Push::new(session.id, "hand:raised", &hand);
        app.events.commit(tx, vec![told]).await?;
    }
    Ok(())
}

/// Lowers the hand of `user`; one that is down stays so.
///
/// # Errors
/// The database's own.
pub async fn lower(app: &App, session: &Session, user: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if store_gestures::lower(&mut tx, session.id, user).await? {
        let told = Push::new(session.id, "hand:lowered", &json!({ "userId": user }));
        app.events.commit(tx, vec![told]).await?;
    }
    Ok(())
}

/// The hands that are up, those first that wait longest; none after the end.
///
/// # Errors
/// The database's own.
pub async fn hands(app: &App, session: &Session) -> Result<Vec<Hand>> {
    if session.is_over() {
        return Ok(Vec::new());
    }
    let rows = store_gestures::list(&app.db, session.id).await?;
    Ok(rows.into_iter().map(|(id, name, at)| Hand::new(id, name, at)).collect())
}

fn check_open(session: &Session) -> Result<()> {
    if session.is_over() { Err(not_live()) } else { Ok(()) }
}
