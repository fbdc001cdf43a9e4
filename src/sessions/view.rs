//! Sessions as JSON: the fields that clients of `/api/live/…` know, and our own beside them.

use std::collections::{HashMap, HashSet};
use std::slice;

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{RecordingView, Session, Status, ThumbnailKind, access, pushes, store_viewers};
use crate::accounts::User;
use crate::db::Ts;
use crate::enrolments::{self, Enrolment};
use crate::error::Result;
use crate::{App, id};

/// A session as the caller may see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
pub struct SessionView {
    id: Uuid,
    title: String,
    description: Option<String>,
    scheduled_date: Ts,
    /// Minutes.
    duration: i64,
    topic: Option<String>,
    /// 1 preparation, 2 discovery, 3 recommendation, 4 decision.
    phase_id: Option<i64>,
    status: Status,
    /// What to play now: WHEP while live, HLS afterwards.
    video_url: Option<String>,
    thumbnail_url: Option<String>,
    /// Connected at this moment, on all servers.
    viewer_count: u32,
    has_reminder: bool,
    /// Watched without a login.
    is_public: bool,
    level: Option<String>,
    price_in_tokens: i64,
    /// Watched live by subscribers without enrolling.
    is_open_to_subscribers: bool,
    /// Whether the first media makes it live, or only the button does.
    goes_live_with_media: bool,
    is_kept_for_catalogue: bool,
    /// Whether the caller has a good enrolment.
    is_enrolled: bool,
    total_enrollments: i64,
    /// Most viewers at the same time.
    max_viewers: i64,
    instructor_id: Uuid,
    instructor_name: String,
    /// IANA name of the zone in which it was planned.
    time_zone: String,
    recording_enabled: bool,
    recording_available: bool,
    /// End of the replay, to the second.
    recording_expires_at: Option<Ts>,
    /// Seconds until then, as the server's clock has it; 0 when it is over.
    recording_expires_in_s: Option<i64>,
    /// What was recorded; null: nothing.
    recording: Option<RecordingView>,
    /// Whether the caller may watch what there is: live, or the replay.
    can_watch: bool,
    /// Whether the caller may broadcast, start and end it.
    can_broadcast: bool,
    whep_url: Option<String>,
    hls_url: Option<String>,
    actual_start: Option<Ts>,
    actual_end: Option<Ts>,
    /// The series that planned it.
    series_id: Option<Uuid>,
}

/// Several sessions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionList {
    /// In the order that the route promises.
    pub sessions: Vec<SessionView>,
    /// Whether the same question with a higher `skip` gives more.
    pub has_more: bool,
}

/// Who looks at sessions, with what the database knows of them and these sessions.
#[derive(Clone, Debug, Default)]
pub struct Viewing {
    user: Option<User>,
    /// By session.
    enrolments: HashMap<Uuid, Enrolment>,
    /// Sessions to be reminded of.
    reminders: HashSet<Uuid>,
}

impl Viewing {
    /// For these sessions.
    ///
    /// # Errors
    /// The database's own.
    pub async fn of(app: &App, user: Option<User>, sessions: &[Session]) -> Result<Viewing> {
        let Some(user) = user else {
            return Ok(Viewing::default());
        };
        let keys: Vec<Uuid> = sessions.iter().map(|session| session.id).collect();
        let enrolments = enrolments::among(app, user.id, &keys).await?;
        Ok(Viewing {
            enrolments: enrolments.into_iter().map(|one| (one.session_id, one)).collect(),
            reminders: store_viewers::reminders_among(&app.db, user.id, &keys).await?,
            user: Some(user),
        })
    }

    /// `session` as they may see it at this moment.
    #[must_use]
    pub fn view(&self, app: &App, session: Session) -> SessionView {
        SessionView::new(app, session, self)
    }

    /// `sessions` as they may see them at this moment.
    #[must_use]
    pub fn views(&self, app: &App, sessions: Vec<Session>) -> Vec<SessionView> {
        sessions.into_iter().map(|session| self.view(app, session)).collect()
    }
}

impl SessionView {
    /// One session, as `user` may see it at this moment.
    ///
    /// # Errors
    /// The database's own.
    pub async fn read(app: &App, session: Session, user: Option<User>) -> Result<SessionView> {
        let viewing = Viewing::of(app, user, slice::from_ref(&session)).await?;
        Ok(viewing.view(app, session))
    }

    fn new(app: &App, session: Session, viewing: &Viewing) -> SessionView {
        let now = Ts::now();
        let user = viewing.user.as_ref();
        let enrolment = viewing.enrolments.get(&session.id);
        let guest = access::guest(app, user, enrolment);
        let may_watch = access::may_watch(&session, None, guest, &app.keys.tokens, now).is_ok();
        let may_replay = access::may_replay(&session, guest, now).is_ok();
        let whep_url = may_watch.then(|| format!("/whep/{}", session.id));
        let hls_url = may_replay.then(|| format!("/api/live/sessions/{}/hls/master.m3u8", session.id));
        let is_live = session.status == Status::Live;
        let is_host = user.is_some_and(|user| session.is_run_by(user));
        let status = app.live.status(id::stream_of(session.id));
        let expires_in = |end: Ts| (end.unix_s() - now.unix_s()).max(0);
        SessionView {
            video_url: if is_live { whep_url.clone() } else { hls_url.clone() },
            viewer_count: if is_live { pushes::viewers(app, session.id) } else { 0 },
            can_watch: may_watch || may_replay,
            can_broadcast: !session.is_over() && is_host,
            recording: RecordingView::of(&session, &app.config, status.recording, is_host),
            recording_expires_in_s: session.recording_expires_at.map(expires_in),
            thumbnail_url: thumbnail_url(&session, may_watch || may_replay),
            whep_url,
            hls_url,
            id: session.id,
            title: session.title,
            description: session.description,
            scheduled_date: session.scheduled_start,
            duration: session.duration_minutes,
            topic: session.topic,
            phase_id: session.phase_id,
            status: session.status,
            has_reminder: viewing.reminders.contains(&session.id),
            is_public: session.is_public,
            level: session.level,
            price_in_tokens: session.price_in_tokens,
            is_open_to_subscribers: session.is_open_to_subscribers,
            goes_live_with_media: session.goes_live_with_media,
            is_kept_for_catalogue: session.is_kept_for_catalogue,
            is_enrolled: enrolment.is_some_and(|own| own.state == enrolments::State::Active),
            total_enrollments: session.total_enrollments,
            max_viewers: session.max_viewers,
            instructor_id: session.instructor_id,
            instructor_name: session.instructor_name,
            time_zone: session.time_zone,
            recording_enabled: session.recording_enabled,
            recording_available: session.recording_available,
            recording_expires_at: session.recording_expires_at,
            actual_start: session.actual_start,
            actual_end: session.actual_end,
            series_id: session.series_id,
        }
    }
}

/// The picture that stands for a session: what its instructor gave, else where they said that one is, else one from the
/// class itself for those who may watch it.
#[must_use]
pub fn thumbnail_url(session: &Session, may_watch: bool) -> Option<String> {
    let own = || {
        let version = session.thumbnail_at?.0;
        Some(format!("/api/live/sessions/{}/thumbnail.jpg?v={version}", session.id))
    };
    match session.thumbnail_kind {
        ThumbnailKind::Custom => own(),
        ThumbnailKind::Frame if session.thumbnail_url.is_none() && may_watch => own(),
        ThumbnailKind::Frame | ThumbnailKind::None => session.thumbnail_url.clone(),
    }
}
