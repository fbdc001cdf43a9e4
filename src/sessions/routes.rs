//! HTTP of sessions for viewers: the list, one session, tokens.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::token::Purpose;
use super::view::{SessionList, SessionView, Viewing};
use super::{Status, access, store};
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::extract::{Id, Instructor, MaybeUser, Params};
use crate::http::problem::Problem;

/// Which sessions to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ListParams {
    /// Only these; without it, all but cancelled ones.
    status: Option<Status>,
    /// At most this many, 1 to 100; 10 if not given.
    limit: Option<i64>,
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
    let limit = params.limit.unwrap_or(10);
    if !(1..=100).contains(&limit) {
        return Err(Error::BadRequest("limit must be 1 to 100".into()));
    }
    let sessions = store::list(&app.db, params.status, limit).await?;
    let viewing = Viewing::list(&app, user).await?;
    Ok(Json(viewing.views(&app, sessions)))
}

/// Tells about one session
#[utoipa::path(get, path = "/api/live/sessions/{id}", tag = "sessions", params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = SessionView), (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Json<SessionView>> {
    let session = super::get(&app, id).await?;
    let viewing = Viewing::one(&app, user, id).await?;
    Ok(Json(viewing.view(&app, session)))
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
