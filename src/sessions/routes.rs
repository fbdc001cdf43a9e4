//! HTTP of sessions for viewers: the list, one session, reminders, tokens.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::token::Purpose;
use super::view::{SessionList, SessionView, Viewing};
use super::{Search, Status, access, store_viewers};
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::extract::{Body, Id, Instructor, MaybeUser, OwnUser, Params, Viewer};
use crate::http::problem::Problem;
use crate::http::rules::{cut_page, page_size};

/// Which sessions to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Only these; without it, all but cancelled ones.
    status: Option<Status>,
    /// At most this many, 1 to 100; 10 if not given.
    limit: Option<i64>,
    /// Leaves out the first so many; 0 if not given.
    skip: Option<i64>,
    /// Words of the title, the topic or the instructor's name.
    search: Option<String>,
    /// Only sessions of this instructor.
    instructor: Option<Uuid>,
    /// Only sessions of this phase, 1 to 4.
    phase: Option<i64>,
    /// Only sessions that start at this moment or later.
    from: Option<Ts>,
    /// Only sessions that start before this moment.
    until: Option<Ts>,
}

/// A reminder that is set.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReminderSet {
    success: bool,
    reminder_id: Uuid,
}

/// It is as wished.
#[derive(Serialize, ToSchema)]
pub struct Success {
    success: bool,
}

/// A bearer token for WHIP or WHEP.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Granted {
    token: String,
    expires_at: Ts,
}

/// Lists sessions: live ones first, then upcoming ones soonest first, then ended ones latest first
#[utoipa::path(get, path = "/api/live/sessions", tag = "sessions", params(ListParams), responses(
    (status = 200, body = SessionList), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(app): State<App>,
    MaybeUser(user): MaybeUser,
    Params(params): Params<ListParams>,
) -> Result<Json<SessionList>> {
    let limit = page_size(params.limit, 10)?;
    let search = params.into_search()?;
    let found = store_viewers::search(&app.db, &search, limit + 1).await?;
    let (found, has_more) = cut_page(found, limit);
    let viewing = Viewing::of(&app, user, &found).await?;
    Ok(Json(SessionList {
        sessions: viewing.views(&app, found),
        has_more,
    }))
}

/// Tells about one session
#[utoipa::path(get, path = "/api/live/sessions/{id}", tag = "sessions", params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = SessionView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Json<SessionView>> {
    let session = super::get(&app, id).await?;
    Ok(Json(SessionView::read(&app, session, user).await?))
}

/// Reminds the caller of a session before it starts
#[utoipa::path(post, path = "/api/live/sessions/{id}/reminder", tag = "sessions", params(("id" = uuid::Uuid, Path)),
    request_body(content = Option<OwnUser>), responses((status = 200, body = ReminderSet),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn set_reminder(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    body: Option<Body<OwnUser>>,
) -> Result<Json<ReminderSet>> {
    OwnUser::check(body, &user)?;
    let reminder_id = super::set_reminder(&app, id, &user).await?;
    Ok(Json(ReminderSet {
        success: true,
        reminder_id,
    }))
}

/// Takes the caller's reminder back
#[utoipa::path(delete, path = "/api/live/sessions/{id}/reminder", tag = "sessions",
    params(("id" = uuid::Uuid, Path)), request_body(content = Option<OwnUser>), responses(
    (status = 200, body = Success), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn remove_reminder(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    body: Option<Body<OwnUser>>,
) -> Result<Json<Success>> {
    OwnUser::check(body, &user)?;
    super::remove_reminder(&app, id, &user).await?;
    Ok(Json(Success { success: true }))
}

/// Gives a token to broadcast with
#[utoipa::path(post, path = "/api/live/sessions/{id}/publish-token", tag = "instructor",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = Granted), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn publish_token(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<Json<Granted>> {
    let session = super::get_own(&app, id, &user).await?;
    if session.is_over() {
        return Err(super::over());
    }
    let (token, expires_at) = access::grant(&app, id, Purpose::Publish, Some(&user));
    Ok(Json(Granted { token, expires_at }))
}

/// Gives a token to watch with
#[utoipa::path(post, path = "/api/live/sessions/{id}/watch-token", tag = "sessions",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = Granted), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn watch_token(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Json<Granted>> {
    access::authorize_watch(&app, id, None, user.as_ref()).await?;
    let (token, expires_at) = access::grant(&app, id, Purpose::Watch, user.as_ref());
    Ok(Json(Granted { token, expires_at }))
}

impl ListParams {
    fn into_search(self) -> Result<Search> {
        let skip = self.skip.unwrap_or(0);
        if !(0..=MOST_SKIPPED).contains(&skip) {
            return Err(Error::BadRequest("skip must be 0 to 100000".into()));
        }
        let text = self
            .search
            .map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| text.len() > SEARCH_BYTES) {
            return Err(Error::BadRequest("search is too long".into()));
        }
        Ok(Search {
            status: self.status,
            text,
            instructor: self.instructor,
            phase: self.phase,
            from: self.from,
            until: self.until,
            skip,
        })
    }
}

const MOST_SKIPPED: i64 = 100_000;
const SEARCH_BYTES: usize = 200;
