//! Sessions as JSON: the fields that clients of `/api/live/…` know, and our own beside them.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Session, Status, access};
use crate::accounts::User;
use crate::db::Ts;
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
    /// Connected at this moment.
    viewer_count: u32,
    has_reminder: bool,
    /// Watched without a login.
    is_public: bool,
    instructor_id: Uuid,
    instructor_name: String,
    /// IANA name of the zone in which it was planned.
    time_zone: String,
    recording_enabled: bool,
    recording_available: bool,
    recording_expires_at: Option<Ts>,
    /// Whether the caller may watch what there is: live, or the replay.
    can_watch: bool,
    /// Whether the caller may broadcast, start and end it.
    can_broadcast: bool,
    whep_url: Option<String>,
    hls_url: Option<String>,
    actual_start: Option<Ts>,
    actual_end: Option<Ts>,
}

/// Several sessions.
#[derive(Serialize, ToSchema)]
pub struct SessionList {
    /// In the order that the route promises.
    pub sessions: Vec<SessionView>,
}

impl SessionView {
    /// `session` as `user` may see it at this moment.
    #[must_use]
    pub fn new(app: &App, session: Session, user: Option<&User>) -> SessionView {
        let now = Ts::now();
        let may_watch = access::may_watch(&session, None, user, &app.keys.tokens, now).is_ok();
        let may_replay = access::may_replay(&session, user, now).is_ok();
        let whep_url = may_watch.then(|| format!("/whep/{}", session.id));
        let hls_url = may_replay.then(|| format!("/api/live/sessions/{}/hls/master.m3u8", session.id));
        let is_live = session.status == Status::Live;
        SessionView {
            video_url: if is_live { whep_url.clone() } else { hls_url.clone() },
            viewer_count: if is_live {
                app.live.status(id::stream_of(session.id)).viewers
            } else {
                0
            },
            can_watch: may_watch || may_replay,
            can_broadcast: !session.is_over() && user.is_some_and(|user| session.is_run_by(user)),
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
            thumbnail_url: session.thumbnail_url,
            has_reminder: false,
            is_public: session.is_public,
            instructor_id: session.instructor_id,
            instructor_name: session.instructor_name,
            time_zone: session.time_zone,
            recording_enabled: session.recording_enabled,
            recording_available: session.recording_available,
            recording_expires_at: session.recording_expires_at,
            actual_start: session.actual_start,
            actual_end: session.actual_end,
        }
    }
}
