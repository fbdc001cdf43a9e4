//! HTTP of the catalogue: everybody sees what is in it; who has an account plays it.

use axum::Json;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Workout, store};
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::extract::{Id, Params, Viewer};
use crate::http::problem::Problem;
use crate::http::rules::{cut_page, page_size};
use crate::{App, recordings};

/// Deeper nobody pages.
const MOST_SKIPPED: i64 = 100_000;

/// Which part of the catalogue.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct WorkoutParams {
    /// At most this many, 1 to 100; 20 if not given.
    limit: Option<i64>,
    /// Leaves out the first so many; 0 if not given.
    skip: Option<i64>,
}

/// An entry of the catalogue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Workout)]
pub struct WorkoutView {
    id: Uuid,
    title: String,
    description: Option<String>,
    duration_minutes: i64,
    thumbnail_url: Option<String>,
    playback_id: Uuid,
    /// Plays for whoever is signed in.
    hls_url: String,
    /// Small pictures for its time line, as WebVTT; null where there are none.
    storyboard_url: Option<String>,
    created_at: Ts,
}

/// A page of the catalogue.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkoutList {
    /// Latest first.
    workouts: Vec<WorkoutView>,
    has_more: bool,
}

/// Lists the catalogue, latest first
#[utoipa::path(get, path = "/api/workouts", tag = "workouts", operation_id = "list_workouts", params(WorkoutParams),
    responses((status = 200, body = WorkoutList),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, Params(params): Params<WorkoutParams>) -> Result<Json<WorkoutList>> {
    let limit = page_size(params.limit, 20)?;
    let skip = params.skip.unwrap_or(0);
    if !(0..=MOST_SKIPPED).contains(&skip) {
        return Err(Error::BadRequest("skip must be 0 to 100000".into()));
    }
    let found = store::list(&app.db, limit + 1, skip).await?;
    let (workouts, has_more) = cut_page(found, limit);
    Ok(Json(WorkoutList {
        workouts: workouts.into_iter().map(WorkoutView::from).collect(),
        has_more,
    }))
}

/// Tells about one entry of the catalogue
#[utoipa::path(get, path = "/api/workouts/{id}", tag = "workouts", operation_id = "show_workout",
    params(("id" = Uuid, Path)), responses((status = 200, body = WorkoutView),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn show(State(app): State<App>, Id(id): Id) -> Result<Json<WorkoutView>> {
    Ok(Json(super::find(&app, id).await?.into()))
}

/// Gives the master playlist of an entry, with signed addresses
#[utoipa::path(get, path = "/api/workouts/{id}/hls/master.m3u8", tag = "workouts", operation_id = "play_workout",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = String, content_type = "application/vnd.apple.mpegurl"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn play(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<impl IntoResponse> {
    let workout = super::find(&app, id).await?;
    let text = recordings::library_master(&app, workout.playback_id, Some(user.id)).await?;
    let kind = "application/vnd.apple.mpegurl"; // RFC 8216 section 4
    Ok(([(CONTENT_TYPE, kind), (CACHE_CONTROL, "private, no-cache")], text))
}

/// Gives small pictures for the time line of an entry as WebVTT: which part of which sheet shows which moment
#[utoipa::path(get, path = "/api/workouts/{id}/hls/storyboard.vtt", tag = "workouts", operation_id = "workout_storyboard",
    params(("id" = Uuid, Path)), responses((status = 200, body = String, content_type = "text/vtt"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn storyboard(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Response> {
    let workout = super::find(&app, id).await?;
    let text = recordings::library_storyboard(&app, workout.playback_id, Some(user.id)).await?;
    Ok(recordings::routes::time_line_response(text))
}

impl From<Workout> for WorkoutView {
    fn from(workout: Workout) -> WorkoutView {
        let hls = format!("/api/workouts/{}/hls", workout.id);
        WorkoutView {
            hls_url: format!("{hls}/master.m3u8"),
            storyboard_url: workout.has_storyboard.then(|| format!("{hls}/storyboard.vtt")),
            id: workout.id,
            title: workout.title,
            description: workout.description,
            duration_minutes: workout.duration_minutes,
            thumbnail_url: workout.thumbnail_url,
            playback_id: workout.playback_id,
            created_at: workout.created_at,
        }
    }
}
