//! HTTP of the example data, for admins.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;
use crate::error::Result;
use crate::http::extract::Admin;
use crate::http::problem::Problem;

/// Whether the example data is there.
#[derive(Serialize, ToSchema)]
pub struct Sample {
    loaded: bool,
}

/// Says whether the example data is there
#[utoipa::path(get, path = "/api/admin/sample", tag = "admin", operation_id = "show_sample", responses(
    (status = 200, body = Sample), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn show(State(app): State<App>, _: Admin) -> Result<Json<Sample>> {
    let loaded = super::is_loaded(&app.db).await?;
    Ok(Json(Sample { loaded }))
}

/// Loads the example data, once
#[utoipa::path(post, path = "/api/admin/sample", tag = "admin", operation_id = "load_sample", responses(
    (status = 201, body = Sample), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn load(State(app): State<App>, _: Admin) -> Result<(StatusCode, Json<Sample>)> {
    super::load(&app.db, &app.config).await?;
    Ok((StatusCode::CREATED, Json(Sample { loaded: true })))
}

/// Takes the example data away; none is fine, too
#[utoipa::path(delete, path = "/api/admin/sample", tag = "admin", operation_id = "remove_sample", responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn remove(State(app): State<App>, _: Admin) -> Result<StatusCode> {
    super::remove(&app).await?;
    Ok(StatusCode::NO_CONTENT)
}
