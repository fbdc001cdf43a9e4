//! HTTP of analytics.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::Deserialize;
use utoipa::ToSchema;

use super::overview::{self, Overview};
use super::replay;
use super::report::{self, Report};
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::http::extract::{Body, Id, Instructor, MaybeUser};
use crate::http::problem::Problem;
use crate::sessions;
use crate::sessions::access::authorize_replay;

/// What was played.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Known from the media connection: changes nothing.
    Live,
    /// The replay.
    Replay,
}

/// That something was played.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct Played {
    #[garde(skip)]
    kind: Kind,
    /// Since the last time that this was told.
    #[garde(range(min = 1, max = 60))]
    seconds: i64,
}

/// Shows how one session was watched, and what came of it
#[utoipa::path(get, path = "/api/instructor/streams/{id}/analytics", tag = "analytics", operation_id = "report",
    params(("id" = Uuid, Path)), responses((status = 200, body = Report),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn of_session(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<Json<Report>> {
    let session = sessions::get_own(&app, id, &user).await?;
    Ok(Json(report::of(&app, &session).await?))
}

/// The same as a table for spreadsheets
#[utoipa::path(get, path = "/api/instructor/streams/{id}/analytics.csv", tag = "analytics",
    operation_id = "report_table", params(("id" = Uuid, Path)), responses(
    (status = 200, body = String, content_type = "text/csv"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn table_of_session(
    State(app): State<App>,
    Instructor(user): Instructor,
    Id(id): Id,
) -> Result<impl IntoResponse> {
    let session = sessions::get_own(&app, id, &user).await?;
    Ok(table(report::of(&app, &session).await?.table(&session.title)))
}

/// Shows the caller's sessions of the last year together
#[utoipa::path(get, path = "/api/instructor/analytics", tag = "analytics", operation_id = "overview", responses(
    (status = 200, body = Overview), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn of_all(State(app): State<App>, Instructor(user): Instructor) -> Result<Json<Overview>> {
    Ok(Json(overview::of(&app, &user).await?))
}

/// The caller's sessions of the last year as a table for spreadsheets
#[utoipa::path(get, path = "/api/instructor/analytics.csv", tag = "analytics", operation_id = "overview_table",
    responses((status = 200, body = String, content_type = "text/csv"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn table_of_all(State(app): State<App>, Instructor(user): Instructor) -> Result<impl IntoResponse> {
    Ok(table(overview::table(&app, &user).await?))
}

/// Tells that a replay was really played for some seconds; of nobody signed in nothing is kept
#[utoipa::path(post, path = "/api/live/sessions/{id}/watched", tag = "analytics", operation_id = "played",
    params(("id" = Uuid, Path)), request_body = Played, responses((status = 204),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn played(
    State(app): State<App>,
    MaybeUser(user): MaybeUser,
    Id(id): Id,
    Body(played): Body<Played>,
) -> Result<StatusCode> {
    if played.kind == Kind::Replay {
        let session = authorize_replay(&app, id, user.as_ref()).await?;
        if let Some(user) = user {
            replay::played(&app, session.id, user.id, played.seconds, Ts::now()).await?;
        }
    }
    Ok(StatusCode::NO_CONTENT)
}

fn table(text: String) -> impl IntoResponse {
    let headers = [
        (CONTENT_TYPE, "text/csv; charset=utf-8"),
        (CONTENT_DISPOSITION, "attachment; filename=\"analytics.csv\""),
    ];
    (headers, text)
}
