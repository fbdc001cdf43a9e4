//! HTTP of following instructors.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::follows::{self, Instructor};
use crate::App;
use crate::error::Result;
use crate::http::extract::{Id, MaybeUser, Viewer};
use crate::http::problem::Problem;

/// Whether the caller follows.
#[derive(Serialize, ToSchema)]
pub struct Following {
    following: bool,
}

/// Tells about an instructor
#[utoipa::path(get, path = "/api/instructors/{id}", tag = "instructors", operation_id = "show_instructor",
    params(("id" = Uuid, Path)), responses((status = 200, body = Instructor),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Json<Instructor>> {
    Ok(Json(follows::show(&app, id, user.as_ref()).await?))
}

/// Tells the caller of new sessions of an instructor from now on
#[utoipa::path(post, path = "/api/instructors/{id}/follow", tag = "instructors", operation_id = "follow_instructor",
    params(("id" = Uuid, Path)), responses((status = 200, body = Following),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn follow(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<Following>> {
    follows::follow(&app, &user, id).await?;
    Ok(Json(Following { following: true }))
}

/// Tells the caller no more
#[utoipa::path(delete, path = "/api/instructors/{id}/follow", tag = "instructors",
    operation_id = "unfollow_instructor", params(("id" = Uuid, Path)), responses((status = 200, body = Following),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn unfollow(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<Following>> {
    follows::unfollow(&app, &user, id).await?;
    Ok(Json(Following { following: false }))
}
