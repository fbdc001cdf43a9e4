//! HTTP of sessions for those who run them: planning, starting, ending, stream keys.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::ToSchema;

use super::view::{SessionView, Viewing};
use super::{Plan, Session, store};
use crate::App;
use crate::accounts::User;
use crate::db::Ts;
use crate::enrolments;
use crate::error::{Error, Result};
use crate::http::extract::{Body, Id, Instructor, Origin};
use crate::http::problem::Problem;
use crate::http::rules::not_blank;
use crate::tokens::MOST;

/// More sessions of one instructor than a page shows; older ones are found by search later on.
const MOST_LISTED: i64 = 500;

/// A plan for a session.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct NewSession {
    #[garde(length(chars, min = 1, max = 255), custom(not_blank))]
    title: String,
    #[garde(length(chars, max = 10_000))]
    description: Option<String>,
    /// Also taken as `scheduledStartTime`.
    #[serde(alias = "scheduledStartTime")]
    #[garde(custom(sensible_time))]
    scheduled_start: Ts,
    #[garde(range(min = 1, max = 24 * 60))]
    duration_minutes: i64,
    #[garde(length(chars, max = 255))]
    topic: Option<String>,
    /// 1 preparation, 2 discovery, 3 recommendation, 4 decision.
    #[garde(range(min = 1, max = 4))]
    phase_id: Option<i64>,
    /// For people, for example "Beginner".
    #[garde(length(chars, max = 100))]
    level: Option<String>,
    #[garde(length(bytes, max = 2000), inner(url))]
    thumbnail_url: Option<String>,
    /// What enrolling costs; nothing if not given.
    #[garde(range(min = 0, max = MOST))]
    price_in_tokens: Option<i64>,
    /// Watched without a login; false if not given.
    #[serde(default)]
    #[garde(skip)]
    is_public: bool,
    /// Watched live by subscribers without enrolling; false if not given.
    #[serde(default)]
    #[garde(skip)]
    is_open_to_subscribers: bool,
    /// Whether the first media makes it live, or only the button does; true if not given.
    #[garde(skip)]
    goes_live_with_media: Option<bool>,
    /// Whether its recording moves to the catalogue; false if not given.
    #[serde(default)]
    #[garde(skip)]
    is_kept_for_catalogue: bool,
    /// True if not given.
    #[garde(skip)]
    recording_enabled: Option<bool>,
    /// IANA name; UTC if not given.
    #[garde(length(bytes, max = 64))]
    time_zone: Option<String>,
}

/// What to change; what is not given stays. `null` takes a description, topic or phase away.
#[derive(Clone, Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct SessionChange {
    #[garde(length(chars, min = 1, max = 255), inner(custom(not_blank)))]
    title: Option<String>,
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(length(chars, max = 10_000)))]
    #[schema(value_type = Option<String>)]
    description: Option<Option<String>>,
    #[garde(inner(custom(sensible_time)))]
    scheduled_start: Option<Ts>,
    #[garde(range(min = 1, max = 24 * 60))]
    duration_minutes: Option<i64>,
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(length(chars, max = 255)))]
    #[schema(value_type = Option<String>)]
    topic: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(range(min = 1, max = 4)))]
    #[schema(value_type = Option<i64>)]
    phase_id: Option<Option<i64>>,
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(length(chars, max = 100)))]
    #[schema(value_type = Option<String>)]
    level: Option<Option<String>>,
    #[serde(default, deserialize_with = "given")]
    #[garde(inner(length(bytes, max = 2000), inner(url)))]
    #[schema(value_type = Option<String>)]
    thumbnail_url: Option<Option<String>>,
    #[garde(range(min = 0, max = MOST))]
    price_in_tokens: Option<i64>,
    #[garde(skip)]
    is_open_to_subscribers: Option<bool>,
    #[garde(skip)]
    goes_live_with_media: Option<bool>,
    #[garde(skip)]
    is_kept_for_catalogue: Option<bool>,
    #[garde(skip)]
    is_public: Option<bool>,
    #[garde(skip)]
    recording_enabled: Option<bool>,
    #[garde(length(bytes, max = 64))]
    time_zone: Option<String>,
}

/// What OBS, ffmpeg and the like need to publish.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Ingest {
    whip_url: String,
    /// Whoever has it can broadcast into this session.
    stream_key: String,
}

/// A session as who runs it sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSession {
    #[serde(flatten)]
    session: SessionView,
    /// What those enrolled have paid, without what was given back.
    revenue_tokens: i64,
}

/// The caller's own sessions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OwnSessionList {
    /// Latest first.
    sessions: Vec<OwnSession>,
    /// Whether there are older ones.
    has_more: bool,
}

/// Plans a session
#[utoipa::path(post, path = "/api/instructor/streams/create", tag = "instructor", request_body = NewSession, responses(
    (status = 201, body = SessionView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(app): State<App>,
    Instructor(user): Instructor,
    Body(new): Body<NewSession>,
) -> Result<(StatusCode, Json<SessionView>)> {
    let session = super::create(&app, &user, new.into()).await?;
    Ok((StatusCode::CREATED, view(&app, session, user).await?))
}

/// Lists the caller's own sessions, latest first
#[utoipa::path(get, path = "/api/instructor/streams", tag = "instructor", operation_id = "list_own", responses(
    (status = 200, body = OwnSessionList), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, Instructor(user): Instructor) -> Result<Json<OwnSessionList>> {
    let mut sessions = store::list_of_instructor(&app.db, user.id, MOST_LISTED + 1).await?;
    let has_more = sessions.len() > usize::try_from(MOST_LISTED).unwrap_or(usize::MAX);
    sessions.truncate(usize::try_from(MOST_LISTED).unwrap_or(usize::MAX));
    let revenue = enrolments::revenue_of_instructor(&app, user.id).await?;
    let viewing = Viewing::of(&app, Some(user), &sessions).await?;
    let own = |session: Session| OwnSession {
        revenue_tokens: revenue.get(&session.id).copied().unwrap_or(0),
        session: viewing.view(&app, session),
    };
    Ok(Json(OwnSessionList {
        sessions: sessions.into_iter().map(own).collect(),
        has_more,
    }))
}

/// Shows one of the caller's own sessions, with what it brings in
#[utoipa::path(get, path = "/api/instructor/streams/{id}", tag = "instructor", operation_id = "show_own",
    params(("id" = uuid::Uuid, Path)), responses((status = 200, body = OwnSession),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn show(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<Json<OwnSession>> {
    let session = super::get_own(&app, id, &user).await?;
    let revenue_tokens = enrolments::revenue_of_session(&app, id).await?;
    let session = SessionView::read(&app, session, Some(user)).await?;
    Ok(Json(OwnSession {
        revenue_tokens,
        session,
    }))
}

/// Changes the plan of a session
#[utoipa::path(patch, path = "/api/instructor/streams/{id}", tag = "instructor", params(("id" = uuid::Uuid, Path)),
    request_body = SessionChange, responses(
    (status = 200, body = SessionView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<App>,
    Instructor(user): Instructor,
    Id(id): Id,
    Body(change): Body<SessionChange>,
) -> Result<Json<SessionView>> {
    let session = super::get_own(&app, id, &user).await?;
    let plan = change.apply(session.plan());
    view(&app, super::change(&app, &session, plan).await?, user).await
}

/// Takes a session off the schedule, together with its replay
#[utoipa::path(delete, path = "/api/instructor/streams/{id}", tag = "instructor", params(("id" = uuid::Uuid, Path)),
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<StatusCode> {
    let session = super::get_own(&app, id, &user).await?;
    super::delete(&app, session.id, Some(user.id)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Marks a session as live
#[utoipa::path(post, path = "/api/instructor/streams/{id}/start", tag = "instructor",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = SessionView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn start(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<Json<SessionView>> {
    let session = super::get_own(&app, id, &user).await?;
    view(&app, super::start(&app, session).await?, user).await
}

/// Ends a session: the broadcast is closed, viewers are told, the replay begins
#[utoipa::path(post, path = "/api/instructor/streams/{id}/end", tag = "instructor",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = SessionView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn end(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<Json<SessionView>> {
    let session = super::get_own(&app, id, &user).await?;
    view(&app, super::end(&app, session).await?, user).await
}

/// Calls a session off: nobody gets in any more, and everybody gets their tokens back
#[utoipa::path(post, path = "/api/instructor/streams/{id}/cancel", tag = "instructor",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = SessionView), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<Json<SessionView>> {
    let session = super::get_own(&app, id, &user).await?;
    let cancelled = super::cancel(&app, session.id, Some(user.id)).await?;
    view(&app, cancelled, user).await
}

/// Shows the WHIP URL and the stream key
#[utoipa::path(get, path = "/api/instructor/streams/{id}/ingest", tag = "instructor",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = Ingest), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn ingest(
    State(app): State<App>,
    Instructor(user): Instructor,
    origin: Origin,
    Id(id): Id,
) -> Result<impl IntoResponse> {
    let session = super::get_own(&app, id, &user).await?;
    Ok(secret(Ingest::new(&session, &origin)))
}

/// Replaces the stream key; the old one is void at once
#[utoipa::path(post, path = "/api/instructor/streams/{id}/ingest/rotate", tag = "instructor",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = Ingest), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn rotate(
    State(app): State<App>,
    Instructor(user): Instructor,
    origin: Origin,
    Id(id): Id,
) -> Result<impl IntoResponse> {
    super::get_own(&app, id, &user).await?;
    let session = super::rotate_key(&app, id).await?;
    Ok(secret(Ingest::new(&session, &origin)))
}

async fn view(app: &App, session: Session, user: User) -> Result<Json<SessionView>> {
    Ok(Json(SessionView::read(app, session, Some(user)).await?))
}

fn secret(ingest: Ingest) -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], Json(ingest))
}

impl Ingest {
    fn new(session: &Session, origin: &Origin) -> Ingest {
        Ingest {
            whip_url: origin.join(&format!("/whip/{}", session.id)),
            stream_key: session.stream_key.expose().to_owned(),
        }
    }
}

impl From<NewSession> for Plan {
    fn from(new: NewSession) -> Plan {
        Plan {
            title: new.title.trim().to_owned(),
            description: new.description,
            scheduled_start: new.scheduled_start,
            duration_minutes: new.duration_minutes,
            time_zone: new.time_zone.unwrap_or_else(|| "UTC".into()),
            topic: new.topic,
            phase_id: new.phase_id,
            level: new.level,
            thumbnail_url: new.thumbnail_url,
            price_in_tokens: new.price_in_tokens.unwrap_or(0),
            is_public: new.is_public,
            is_open_to_subscribers: new.is_open_to_subscribers,
            goes_live_with_media: new.goes_live_with_media.unwrap_or(true),
            is_kept_for_catalogue: new.is_kept_for_catalogue,
            recording_enabled: new.recording_enabled.unwrap_or(true),
        }
    }
}

impl SessionChange {
    /// # Errors
    /// 422 when it moves a session.
    pub(super) fn leaves_time_alone(&self) -> Result<()> {
        let moved = [
            ("scheduledStart", self.scheduled_start.is_some()),
            ("timeZone", self.time_zone.is_some()),
        ];
        match moved.into_iter().find(|(_, is_given)| *is_given) {
            Some((field, _)) => Err(Error::field(field, "is each session's own: move them one by one")),
            None => Ok(()),
        }
    }

    pub(super) fn apply(self, plan: Plan) -> Plan {
        Plan {
            title: self.title.map_or(plan.title, |title| title.trim().to_owned()),
            description: self.description.unwrap_or(plan.description),
            scheduled_start: self.scheduled_start.unwrap_or(plan.scheduled_start),
            duration_minutes: self.duration_minutes.unwrap_or(plan.duration_minutes),
            time_zone: self.time_zone.unwrap_or(plan.time_zone),
            topic: self.topic.unwrap_or(plan.topic),
            phase_id: self.phase_id.unwrap_or(plan.phase_id),
            level: self.level.unwrap_or(plan.level),
            thumbnail_url: self.thumbnail_url.unwrap_or(plan.thumbnail_url),
            price_in_tokens: self.price_in_tokens.unwrap_or(plan.price_in_tokens),
            is_open_to_subscribers: self.is_open_to_subscribers.unwrap_or(plan.is_open_to_subscribers),
            goes_live_with_media: self.goes_live_with_media.unwrap_or(plan.goes_live_with_media),
            is_kept_for_catalogue: self.is_kept_for_catalogue.unwrap_or(plan.is_kept_for_catalogue),
            is_public: self.is_public.unwrap_or(plan.is_public),
            recording_enabled: self.recording_enabled.unwrap_or(plan.recording_enabled),
        }
    }
}

/// Tells `null` (take it away) from a field that is not given.
fn given<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}

/// Between 2000 and 2100: outside of it somebody mixed up units.
fn sensible_time(at: &Ts, (): &()) -> garde::Result {
    match at.unix_s() {
        946_684_800..4_102_444_800 => Ok(()),
        _ => Err(garde::Error::new("must be a time between the years 2000 and 2100")),
    }
}
