//! Pages of messages, and what a client missed while it was away.

use uuid::Uuid;

use super::{ChatMessage, deleted, pinned, store};
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::events::Push;

/// Deletions that a client hears of when it comes back; it is told those of a longer absence by reading the page anew.
const MOST_DELETIONS: i64 = 500;
/// Messages read in one go when a client catches up.
const STEP: i64 = 100;

/// Where a page lies.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Where {
    /// At the end.
    Latest,
    /// Before the message with this key.
    Before(Uuid),
    /// Before this moment.
    Earlier(Ts),
    /// After the message with this key.
    After(Uuid),
}

impl Where {
    /// As a request says it: `before` is a key or a moment, `after` a key.
    ///
    /// # Errors
    /// 400 for anything else, or both.
    pub fn read(before: Option<&str>, after: Option<Uuid>) -> Result<Where> {
        match (before, after) {
            (None, None) => Ok(Where::Latest),
            (None, Some(after)) => Ok(Where::After(after)),
            (Some(_), Some(_)) => Err(Error::BadRequest("before and after exclude each other".into())),
            (Some(text), None) => {
                let as_time = || text.parse().ok().map(|at: jiff::Timestamp| Where::Earlier(at.into()));
                text.parse()
                    .ok()
                    .map(Where::Before)
                    .or_else(as_time)
                    .ok_or_else(|| Error::BadRequest("before must be the key of a message or a time".into()))
            }
        }
    }
}

/// A page of messages of `session`, oldest first, and whether there are more beyond it.
///
/// # Errors
/// The database's own.
pub async fn page(app: &App, session: Uuid, at: Where, limit: i64) -> Result<(Vec<ChatMessage>, bool)> {
    let rows = match at {
        Where::After(key) => store::list_after(&app.db, session, key, limit + 1).await?,
        Where::Latest => store::list_before(&app.db, session, None, None, limit + 1).await?,
        Where::Before(key) => store::list_before(&app.db, session, Some(key), None, limit + 1).await?,
        Where::Earlier(moment) => store::list_before(&app.db, session, None, Some(moment), limit + 1).await?,
    };
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > most;
    let mut messages: Vec<ChatMessage> = rows.into_iter().take(most).map(ChatMessage::from).collect();
    if !matches!(at, Where::After(_)) {
        messages.reverse();
    }
    Ok((messages, has_more))
}

/// The message that is shown above all others.
///
/// # Errors
/// The database's own.
pub async fn pinned_in(app: &App, session: Uuid) -> Result<Option<ChatMessage>> {
    Ok(store::find_pinned(&app.db, session).await?.map(ChatMessage::from))
}

/// What became of older messages while a client was away that has seen all up to `after`: which were deleted, which is
/// pinned.
///
/// # Errors
/// The database's own.
pub async fn changes_since(app: &App, session: Uuid, after: Uuid) -> Result<Vec<Push>> {
    let mut pushes = Vec::new();
    for (message,) in store::list_deleted_since(&app.db, session, after, MOST_DELETIONS).await? {
        pushes.push(deleted(session, message));
    }
    let shown = pinned_in(app, session).await?;
    pushes.push(pinned(session, shown.as_ref()));
    Ok(pushes)
}

/// The next messages after `after`, oldest first; none: that was all.
///
/// # Errors
/// The database's own.
pub async fn missed(app: &App, session: Uuid, after: Uuid) -> Result<Vec<Push>> {
    let rows = store::list_after(&app.db, session, after, STEP).await?;
    Ok(rows.into_iter().map(|row| ChatMessage::from(row).push()).collect())
}
