//! Who may broadcast, watch and see the replay: rules without database and clock, then the few functions that gather
//! what the rules need.

use std::borrow::Cow;

use http::StatusCode;
use subtle::ConstantTimeEq;
use tokio::sync::broadcast::error::RecvError;
use uuid::Uuid;

use super::token::{LIFETIME_S, MediaToken, Purpose};
use super::{Session, Status, bans, store};
use crate::accounts::secret::SigningKey;
use crate::accounts::{self, User};
use crate::config::Access;
use crate::db::Ts;
use crate::enrolments::{self, Enrolment, Watched};
use crate::error::{Error, Result};
use crate::events::Rights;
use crate::{App, id};

/// Why somebody may not.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Denied {
    /// Nothing was shown, or nothing that is ours or still good: 401.
    Unknown,
    /// What was shown is good for something else: 403.
    NotThis,
    /// Signed in, but neither enrolled nor let in by a subscription: 403.
    NotEnrolled,
    /// Thrown out of this session by who runs it: 403.
    Banned,
    /// Its instructor has not let anybody in yet: 409.
    NotYet,
    /// The session is over: 409.
    Over,
    /// The replay's time is over: 403.
    Expired,
    /// There is nothing to replay: 404.
    NoRecording,
}

/// Somebody who is signed in, with what opens one session to them.
#[derive(Clone, Copy, Debug)]
pub struct Guest<'a> {
    /// Who.
    pub user: &'a User,
    /// Their enrolment in this session.
    pub enrolment: Option<&'a Enrolment>,
    has_live_tier: bool,
    has_replay_tier: bool,
}

impl<'a> Guest<'a> {
    /// `user` with their enrolment, where `tiers` says which tiers open what.
    #[must_use]
    pub fn new(user: &'a User, enrolment: Option<&'a Enrolment>, tiers: &Access) -> Guest<'a> {
        Guest {
            user,
            enrolment,
            has_live_tier: tiers.subscriber_tiers.contains(&user.tier),
            has_replay_tier: tiers.replay_tiers.contains(&user.tier),
        }
    }

    fn opens_live(&self, session: &Session) -> bool {
        let by_subscription = session.is_open_to_subscribers && self.has_live_tier;
        session.is_run_by(self.user) || by_subscription || self.enrolment.is_some_and(Enrolment::opens_live)
    }

    fn opens_replay(&self, session: &Session, now: Ts) -> bool {
        session.is_run_by(self.user)
            || self.has_replay_tier
            || self.enrolment.is_some_and(|enrolment| enrolment.opens_replay(now))
    }
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

/// Whether the holder of `bearer` (a watch token) or the signed-in `guest` may watch `session` live: by an enrolment, by
/// a subscription where the session is open to subscribers, or because they run it; anybody may when it is public.
///
/// # Errors
/// Why not.
pub fn may_watch(
    session: &Session,
    bearer: Option<&str>,
    guest: Option<Guest<'_>>,
    key: &SigningKey,
    now: Ts,
) -> Result<(), Denied> {
    let is_open = session.is_public || guest.is_some_and(|guest| guest.opens_live(session));
    match bearer {
        _ if is_open => {}
        Some(bearer) => {
            let token = check_token(Purpose::Watch, session, bearer, key, now)?;
            // Made for nobody while the session was public.
            token.user.ok_or(Denied::Unknown)?;
        }
        None if guest.is_some() => return Err(Denied::NotEnrolled),
        None => return Err(Denied::Unknown),
    }
    let is_waiting = session.status == Status::Scheduled && !session.goes_live_with_media;
    match session.is_over() {
        true => Err(Denied::Over),
        false if is_waiting && !guest.is_some_and(|guest| session.is_run_by(guest.user)) => Err(Denied::NotYet),
        false => Ok(()),
    }
}

/// Whether `guest` may see the replay of `session`, which grows while it is live: by an enrolment whose time is not
/// over, by a tier that includes replays, or because they run it; those may after the replay's time, too.
///
/// # Errors
/// Why not.
pub fn may_replay(session: &Session, guest: Option<Guest<'_>>, now: Ts) -> Result<(), Denied> {
    if !session.is_public && guest.is_none() {
        return Err(Denied::Unknown);
    }
    let is_open = session.is_public
        || guest
            .is_some_and(|guest| guest.opens_replay(session, now) || (!session.is_over() && guest.opens_live(session)));
    let is_expired = session.recording_expires_at.is_some_and(|end| end <= now)
        || (!is_open
            && guest
                .and_then(|guest| guest.enrolment)
                .is_some_and(|own| own.is_over_for_replay(now)));
    match session.recording_available {
        _ if !is_open && !is_expired => Err(Denied::NotEnrolled),
        false => Err(Denied::NoRecording),
        true if is_expired && !guest.is_some_and(|guest| session.is_run_by(guest.user)) => Err(Denied::Expired),
        true => Ok(()),
    }
}

/// Whether `guest` may take part in the conversation of `session`: who may watch it live may, also before it begins; after
/// its end those who may see the replay may read it, too.
///
/// # Errors
/// Why not.
pub fn may_converse(session: &Session, guest: Option<Guest<'_>>, now: Ts) -> Result<(), Denied> {
    let is_open = session.is_public
        || guest
            .is_some_and(|guest| guest.opens_live(session) || (session.is_over() && guest.opens_replay(session, now)));
    match guest {
        _ if is_open => Ok(()),
        Some(_) => Err(Denied::NotEnrolled),
        None => Err(Denied::Unknown),
    }
}

fn is_stream_key(session: &Session, bearer: &str) -> bool {
    session.stream_key.expose().as_bytes().ct_eq(bearer.as_bytes()).into()
}

fn check_token(
    purpose: Purpose,
    session: &Session,
    text: &str,
    key: &SigningKey,
    now: Ts,
) -> Result<MediaToken, Denied> {
    let token = MediaToken::read(text, key)
        .filter(|token| token.expires_at > now)
        .ok_or(Denied::Unknown)?;
    if token.purpose == purpose && token.session == session.id {
        Ok(token)
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
/// 404, 401, 403 (a good token, but for something else; not enrolled) or 409 (over, or not yet).
pub async fn authorize_watch(app: &App, id: Uuid, bearer: Option<&str>, user: Option<&User>) -> Result<Session> {
    let session = super::get(app, id).await?;
    let enrolment = enrolment_of(app, &session, user).await?;
    let guest = guest(app, user, enrolment.as_ref());
    may_watch(&session, bearer, guest, &app.keys.tokens, Ts::now())?;
    let holder = || MediaToken::read(bearer?, &app.keys.tokens)?.user;
    let viewer = user.map(|user| user.id).or_else(holder);
    bans::check(app, session.id, viewer).await?;
    Ok(session)
}

/// The session `id`, if the signed-in `user`, or anybody, may take part in its conversation.
///
/// # Errors
/// 404, 401 or 403 (not enrolled, banned).
pub async fn authorize_conversation(app: &App, id: Uuid, user: Option<&User>) -> Result<Session> {
    let session = super::get(app, id).await?;
    let enrolment = enrolment_of(app, &session, user).await?;
    may_converse(&session, guest(app, user, enrolment.as_ref()), Ts::now())?;
    bans::check(app, session.id, user.map(|user| user.id)).await?;
    Ok(session)
}

/// Ends the live connections of those who may not watch `session` any more; for whoever takes a right away.
///
/// # Errors
/// The database's own; then nobody more is cut off.
pub async fn cut_off(app: &App, session: &Session) -> Result<()> {
    cut_off_some(app, session, |_| true).await
}

async fn cut_off_some(app: &App, session: &Session, is_meant: impl Fn(Option<Uuid>) -> bool) -> Result<()> {
    let stream = id::stream_of(session.id);
    for viewer in app.live.users_in(stream).into_iter().filter(|&viewer| is_meant(viewer)) {
        let user = match viewer {
            Some(id) => accounts::store::user_by_id(&app.db, id).await?,
            None => None,
        };
        let enrolment = enrolment_of(app, session, user.as_ref()).await?;
        let guest = guest(app, user.as_ref(), enrolment.as_ref());
        let allowed = may_watch(session, None, guest, &app.keys.tokens, Ts::now());
        let is_banned = bans::is_banned(app, session.id, viewer).await?;
        if is_banned || matches!(allowed, Err(Denied::Unknown | Denied::NotEnrolled)) {
            app.live.close_viewers_of(viewer, Some(stream));
        }
    }
    Ok(())
}

/// Ends this server's live connections when a right has ended anywhere, until the server stops.
pub async fn follow_rights(app: App) {
    let mut rights = app.events.rights();
    loop {
        let changed = tokio::select! {
            () = app.shutdown.cancelled() => return,
            changed = rights.recv() => changed,
        };
        let changed = match changed {
            Ok(rights) => rights,
            Err(RecvError::Lagged(_)) => Rights {
                session: None,
                user: None,
            }, // then all of them
            Err(RecvError::Closed) => return,
        };
        if let Err(error) = apply_rights(&app, changed).await {
            tracing::error!(
                error = format!("{error:#}"),
                "whose right has ended could not be cut off"
            );
        }
    }
}

async fn apply_rights(app: &App, changed: Rights) -> Result<()> {
    let sessions = match changed.session {
        Some(session) => store::find(&app.db, session).await?.into_iter().collect(),
        None => store::list_live(&app.db).await?,
    };
    for session in sessions {
        cut_off_some(app, &session, |viewer| changed.user.is_none() || viewer == changed.user).await?;
    }
    Ok(())
}

/// The session `id`, if the signed-in `user` may see its replay.
///
/// # Errors
/// 404, 401, or 403 (not enrolled, or the replay's time is over).
pub async fn authorize_replay(app: &App, id: Uuid, user: Option<&User>) -> Result<Session> {
    let session = super::get(app, id).await?;
    let enrolment = enrolment_of(app, &session, user).await?;
    may_replay(&session, guest(app, user, enrolment.as_ref()), Ts::now())?;
    bans::check(app, session.id, user.map(|user| user.id)).await?;
    Ok(session)
}

/// What decides over the replay of one session for one user, as the database had it at one moment. The rule itself can be
/// asked again and again: it ends a replay at the second.
#[derive(Clone, Debug)]
pub struct ReplayRight {
    /// Whose replay.
    pub session: Session,
    user: Option<User>,
    enrolment: Option<Enrolment>,
}

impl ReplayRight {
    /// Reads it; a user who has no account any more counts as nobody.
    ///
    /// # Errors
    /// 404, and the database's own.
    pub async fn read(app: &App, session: Uuid, user: Option<Uuid>) -> Result<ReplayRight> {
        let session = super::get(app, session).await?;
        let user = match user {
            Some(user) => accounts::store::user_by_id(&app.db, user).await?,
            None => None,
        };
        Ok(ReplayRight {
            enrolment: enrolment_of(app, &session, user.as_ref()).await?,
            session,
            user,
        })
    }

    /// Whether the user may see the replay at `now`.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self, app: &App, now: Ts) -> Result<(), Denied> {
        may_replay(
            &self.session,
            guest(app, self.user.as_ref(), self.enrolment.as_ref()),
            now,
        )
    }
}

/// Whether the signed-in `user` may see what `session` looks like: whoever may watch it live or as a replay, or find it in
/// the catalogue.
///
/// # Errors
/// The database's own.
pub async fn may_look(app: &App, session: &Session, user: Option<&User>) -> Result<bool> {
    let enrolment = enrolment_of(app, session, user).await?;
    let guest = guest(app, user, enrolment.as_ref());
    let is_in_catalogue = session.migrated_to_workout_id.is_some() && user.is_some();
    Ok(session.is_public
        || is_in_catalogue
        || may_watch(session, None, guest, &app.keys.tokens, Ts::now()).is_ok()
        || may_replay(session, guest, Ts::now()).is_ok())
}

/// Notes that `viewer` was given media of the recording of `session`: as the class itself while it goes on, as its replay
/// afterwards. What is noted is not worth a class: a failure is logged.
pub async fn note_watching(app: &App, session: Uuid, viewer: Uuid) {
    let note = async {
        let what = match super::get(app, session).await?.status {
            Status::Scheduled => return Ok(()), // a rehearsal
            Status::Live => Watched::Live,
            Status::Ended | Status::Cancelled => Watched::Replay,
        };
        enrolments::note_watched(app, session, viewer, what).await
    };
    if let Err(error) = note.await {
        tracing::error!(%session, error = format!("{error:#}"), "could not note who watches");
    }
}

async fn enrolment_of(app: &App, session: &Session, user: Option<&User>) -> Result<Option<Enrolment>> {
    match user {
        Some(user) if !session.is_public && !session.is_run_by(user) => {
            enrolments::find(app, session.id, user.id).await
        }
        _ => Ok(None), // it would make no difference
    }
}

/// `user` with their enrolment, as the rules want them.
#[must_use]
pub fn guest<'a>(app: &App, user: Option<&'a User>, enrolment: Option<&'a Enrolment>) -> Option<Guest<'a>> {
    user.map(|user| Guest::new(user, enrolment, &app.settings.now().access))
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
        let refused = |status, code, detail| Error::Refused {
            status,
            code,
            detail: Cow::Borrowed(detail),
        };
        match denied {
            Denied::Unknown => Error::Unauthenticated("sign in, or show a token that is valid for this session"),
            Denied::NotThis => Error::Forbidden("this token is good for something else"),
            Denied::NotEnrolled => refused(StatusCode::FORBIDDEN, "not-enrolled", "enrol in this session first"),
            Denied::Banned => refused(
                StatusCode::FORBIDDEN,
                "chat-banned",
                "you were banned from this session",
            ),
            Denied::NotYet => refused(StatusCode::CONFLICT, "session-not-live", "the session has not started"),
            Denied::Over => super::over(),
            Denied::Expired => refused(
                StatusCode::FORBIDDEN,
                "replay-expired",
                "the replay is no longer available",
            ),
            Denied::NoRecording => Error::NotFound("recording"),
        }
    }
}
