//! Who may not speak, or not be there at all: mutes and bans of one session. A ban ends a right like a refund does, so it
//! is here, beside the rules of access, and not with the chat that it mostly comes from.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::access::Denied;
use super::{Session, store_bans};
use crate::App;
use crate::accounts::{self, User};
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::events::{Push, Rights};

/// What somebody may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum BanKind {
    /// Write.
    Mute,
    /// Be there.
    Ban,
}

impl BanKind {
    /// As in the database and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            BanKind::Mute => "mute",
            BanKind::Ban => "ban",
        }
    }
}

impl TryFrom<String> for BanKind {
    type Error = String;

    fn try_from(text: String) -> Result<BanKind, String> {
        let found = [BanKind::Mute, BanKind::Ban]
            .into_iter()
            .find(|kind| kind.as_str() == text);
        found.ok_or_else(|| format!("unknown kind of ban {text}"))
    }
}

/// A mute or ban that holds.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ban {
    /// Whose.
    pub user_id: Uuid,
    /// Their name.
    pub user_name: String,
    /// What they may not.
    #[sqlx(try_from = "String")]
    pub kind: BanKind,
    /// Until when; `None`: for the whole session.
    pub until_at: Option<Ts>,
}

/// What the one concerned is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Moderated {
    kind: Option<BanKind>,
    until_at: Option<Ts>,
}

/// What holds for `user` in `session` at this moment.
///
/// # Errors
/// The database's own.
pub async fn find(app: &App, session: Uuid, user: Uuid) -> Result<Option<Ban>> {
    Ok(store_bans::find(&app.db, session, user, Ts::now()).await?)
}

/// All that hold in `session` at this moment, latest first.
///
/// # Errors
/// The database's own.
pub async fn list(app: &App, session: Uuid) -> Result<Vec<Ban>> {
    Ok(store_bans::list(&app.db, session, Ts::now()).await?)
}

/// Mutes or bans `user` for so many minutes, or for the whole session; in place of what held before.
///
/// # Errors
/// 404 when there is no such user; 409 for who runs the session.
pub async fn set(
    app: &App,
    session: &Session,
    host: &User,
    user: Uuid,
    kind: BanKind,
    minutes: Option<i64>,
) -> Result<Ban> {
    let whom = accounts::find(&app.db, user).await?;
    if session.is_run_by(&whom) {
        return Err(Error::Conflict {
            code: "is-host",
            detail: "who runs a session cannot be muted or banned in it",
        });
    }
    let now = Ts::now();
    let until_at = minutes.map(|minutes| now.plus_s(60 * minutes));
    let mut tx = app.db.begin().await?;
    store_bans::set(&mut tx, session.id, user, kind, host.id, until_at, now).await?;
    let told = moderated(session.id, user, Some(kind), until_at);
    app.events.commit(tx, vec![told]).await?;
    if kind == BanKind::Ban {
        let rights = Rights {
            session: Some(session.id),
            user: Some(user),
        };
        app.events.rights_changed(&app.db, rights).await?;
    }
    tracing::info!(session = %session.id, %user, host = %host.id, kind = kind.as_str(), "moderated");
    Ok(Ban {
        user_id: user,
        user_name: whom.name,
        kind,
        until_at,
    })
}

/// Takes a mute or ban back; none is fine, too.
///
/// # Errors
/// The database's own.
pub async fn lift(app: &App, session: &Session, user: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if store_bans::delete(&mut tx, session.id, user).await? {
        let told = moderated(session.id, user, None, None);
        app.events.commit(tx, vec![told]).await?;
    }
    Ok(())
}

/// Checks that `user` may be in `session`, as far as bans go.
///
/// # Errors
/// 403, or the database's own.
pub(super) async fn check(app: &App, session: Uuid, user: Option<Uuid>) -> Result<()> {
    match is_banned(app, session, user).await? {
        true => Err(Denied::Banned.into()),
        false => Ok(()),
    }
}

/// Whether `user` may not be in `session`; nobody is not banned.
///
/// # Errors
/// The database's own.
pub(super) async fn is_banned(app: &App, session: Uuid, user: Option<Uuid>) -> Result<bool> {
    let Some(user) = user else { return Ok(false) };
    let ban = find(app, session, user).await?;
    Ok(ban.is_some_and(|ban| ban.kind == BanKind::Ban))
}

fn moderated(session: Uuid, user: Uuid, kind: Option<BanKind>, until_at: Option<Ts>) -> Push {
    Push::new(session, "chat:moderated", &Moderated { kind, until_at }).to(user)
}
