//! Who may broadcast, watch and see the replay: rules without database and clock, then the few functions that gather
//! what the rules need.

use std::borrow::Cow;

use http::StatusCode;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::token::{LIFETIME_S, MediaToken, Purpose};
use super::{Session, store};
use crate::App;
use crate::accounts::User;
use crate::accounts::secret::SigningKey;
use crate::db::Ts;
use crate::error::{Error, Result};

/// Why somebody may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denied {
    /// Nothing was shown, or nothing that is ours or still good: 401.
    Unknown,
    /// What was shown is good for something else: 403.
    NotThis,
    /// The session is over: 409.
    Over,
    /// The replay's time is over: 403.
    Expired,
    /// There is nothing to replay: 404.
    NoRecording,
}

/// Whether the holder of `bearer` (a publish token, or the session's stream key) may publish into `session`.
///
/// # Errors
/// Why not.
pub fn may_publish(session: &Session, bearer: Option<&str>, key: &SigningKey, now: Ts) -> Result<(), Denied> {
    let bearer = bearer.ok_or(Denied::Unknown)?;
    if !is_stream_key(session, bearer) {
        check_token(Purpose::Publish, session, bearer, key, now)?;
    }
    if session.is_over() { Err(Denied::Over) } else { Ok(()) }
}

/// Whether the holder of `bearer` (a watch token) or the signed-in `user` may watch `session` live; anybody may when it
/// is public.
///
/// # Errors
/// Why not.
pub fn may_watch(
    session: &Session,
    bearer: Option<&str>,
    user: Option<&User>,
    key: &SigningKey,
    now: Ts,
) -> Result<(), Denied> {
    match bearer {
        _ if session.is_public || user.is_some() => {}
        Some(bearer) => check_token(Purpose::Watch, session, bearer, key, now)?,
        None => return Err(Denied::Unknown),
    }
    if session.is_over() { Err(Denied::Over) } else { Ok(()) }
}

/// Whether `user` may see the replay of `session`. Its instructor and admins may after its time, too.
///
/// # Errors
/// Why not.
pub fn may_replay(session: &Session, user: Option<&User>, now: Ts) -> Result<(), Denied> {
    if !session.is_public && user.is_none() {
        return Err(Denied::Unknown);
    }
    if !session.recording_available {
        return Err(Denied::NoRecording);
    }
    let is_expired = session.recording_expires_at.is_some_and(|end| end <= now);
    if is_expired && !user.is_some_and(|user| session.is_run_by(user)) {
        return Err(Denied::Expired);
    }
    Ok(())
}

fn is_stream_key(session: &Session, bearer: &str) -> bool {
    session.stream_key.expose().as_bytes().ct_eq(bearer.as_bytes()).into()
}

fn check_token(purpose: Purpose, session: &Session, text: &str, key: &SigningKey, now: Ts) -> Result<(), Denied> {
    let token = MediaToken::read(text, key)
        .filter(|token| token.expires_at > now)
        .ok_or(Denied::Unknown)?;
    if token.purpose == purpose && token.session == session.id {
        Ok(())
    } else {
        Err(Denied::NotThis)
    }
}

/// The session `id`, if the holder of `bearer` may publish into it. What the WHIP routes ask.
///
/// # Errors
/// 404, 401, 403 (a good token or key, but another session's) or 409 (over).
pub async fn authorize_publish(app: &App, id: Uuid, bearer: Option<&str>) -> Result<Session> {
    let session = super::get(app, id).await?;
    let denied = match may_publish(&session, bearer, &app.keys.tokens, Ts::now()) {
        Ok(()) => return Ok(session),
        Err(denied) => denied,
    };
    if let (Denied::Unknown, Some(bearer)) = (denied, bearer)
        && store::find_by_stream_key(&app.db, bearer).await?.is_some()
    {
        return Err(Denied::NotThis.into());
    }
    Err(denied.into())
}

/// The session `id`, if the holder of `bearer`, or the signed-in `user`, may watch it live. What the WHEP routes ask.
///
/// # Errors
/// 404, 401, 403 (a good token, but for something else) or 409 (over).
pub async fn authorize_watch(app: &App, id: Uuid, bearer: Option<&str>, user: Option<&User>) -> Result<Session> {
    let session = super::get(app, id).await?;
    may_watch(&session, bearer, user, &app.keys.tokens, Ts::now())?;
    Ok(session)
}

/// Makes a token for `user`, good for `purpose` at `session` from now on.
#[must_use]
pub fn grant(app: &App, session: Uuid, purpose: Purpose, user: Option<&User>) -> (String, Ts) {
    let now = Ts(0).plus_s(Ts::now().unix_s());
    let token = MediaToken {
        purpose,
        session,
        user: user.map(|user| user.id),
        expires_at: now.plus_s(LIFETIME_S),
    };
    (token.sign(&app.keys.tokens), token.expires_at)
}

impl From<Denied> for Error {
    fn from(denied: Denied) -> Error {
        match denied {
            Denied::Unknown => Error::Unauthenticated("sign in, or show a token that is valid for this session"),
            Denied::NotThis => Error::Forbidden("this token is good for something else"),
            Denied::Over => super::over(),
            Denied::Expired => Error::Refused {
                status: StatusCode::FORBIDDEN,
                code: "replay-expired",
                detail: Cow::Borrowed("the replay is no longer available"),
            },
            Denied::NoRecording => Error::NotFound("recording"),
        }
    }
}
