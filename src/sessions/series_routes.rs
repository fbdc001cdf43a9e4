//! HTTP of series.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::instructor::{NewSession, SessionChange};
use super::series::{self, Series};
use super::store_series;
use super::view::{SessionView, Viewing};
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::http::extract::{Body, Id, Instructor};
use crate::http::problem::Problem;

/// More series of one instructor than a page shows.
const MOST_LISTED: i64 = 200;

/// A plan for a series.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct NewSeries {
    /// RRULE of RFC 5545: `FREQ=WEEKLY` with `BYDAY`, `INTERVAL`, `COUNT` or `UNTIL`; the time of day is the one of the
    /// first session in its time zone.
    #[garde(length(bytes, max = 500))]
    #[schema(example = "FREQ=WEEKLY;BYDAY=WE")]
    rule: String,
    /// The first session; the others are like it.
    #[garde(dive)]
    session: NewSession,
}

/// A series.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Series)]
pub struct SeriesView {
    id: Uuid,
    instructor_id: Uuid,
    rule: String,
    /// Local time of the first one.
    first_start: String,
    time_zone: String,
    /// Sessions that start before this moment are planned.
    planned_until: Ts,
    /// Nothing more is planned since then.
    ended_at: Option<Ts>,
}

/// A series, and what was planned of it.
#[derive(Serialize, ToSchema)]
pub struct SeriesMade {
    series: SeriesView,
    sessions: Vec<SessionView>,
}

/// Several series.
#[derive(Serialize, ToSchema)]
pub struct SeriesList {
    /// Latest first.
    series: Vec<SeriesView>,
}

/// What was cancelled.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeriesCancelled {
    cancelled_sessions: usize,
}

/// What was changed.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SeriesChanged {
    changed_sessions: usize,
}

/// Plans a weekly series; its sessions are planned a quarter of a year ahead
#[utoipa::path(post, path = "/api/instructor/series", tag = "instructor", operation_id = "create_series",
    request_body = NewSeries, responses((status = 201, body = SeriesMade),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(app): State<App>,
    Instructor(user): Instructor,
    Body(new): Body<NewSeries>,
) -> Result<(StatusCode, Json<SeriesMade>)> {
    let (series, sessions) = series::create(&app, &user, &new.rule, new.session.into()).await?;
    let viewing = Viewing::of(&app, Some(user), &sessions).await?;
    let made = SeriesMade {
        series: series.into(),
        sessions: viewing.views(&app, sessions),
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Lists the caller's series, latest first
#[utoipa::path(get, path = "/api/instructor/series", tag = "instructor", operation_id = "list_series", responses(
    (status = 200, body = SeriesList), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, Instructor(user): Instructor) -> Result<Json<SeriesList>> {
    let found = store_series::list_of_instructor(&app.db, user.id, MOST_LISTED).await?;
    Ok(Json(SeriesList {
        series: found.into_iter().map(SeriesView::from).collect(),
    }))
}

/// Changes a series: what is still to come, and what will be planned of it; each session keeps its own time
#[utoipa::path(patch, path = "/api/instructor/series/{id}", tag = "instructor", operation_id = "change_series",
    params(("id" = Uuid, Path)), request_body = SessionChange, responses((status = 200, body = SeriesChanged),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<App>,
    Instructor(user): Instructor,
    Id(id): Id,
    Body(change): Body<SessionChange>,
) -> Result<Json<SeriesChanged>> {
    let own = series::find_own(&app, id, &user).await?;
    change.leaves_time_alone()?;
    let changed_sessions = series::change(&app, &own, |plan| change.clone().apply(plan)).await?;
    Ok(Json(SeriesChanged { changed_sessions }))
}

/// Ends a series: what has not started is cancelled, with everybody's tokens given back
#[utoipa::path(post, path = "/api/instructor/series/{id}/cancel", tag = "instructor", operation_id = "cancel_series",
    params(("id" = Uuid, Path)), responses((status = 200, body = SeriesCancelled),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn cancel(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<Json<SeriesCancelled>> {
    let own = series::find_own(&app, id, &user).await?;
    let cancelled_sessions = series::cancel(&app, own.id, Some(user.id)).await?;
    Ok(Json(SeriesCancelled { cancelled_sessions }))
}

impl From<Series> for SeriesView {
    fn from(series: Series) -> SeriesView {
        SeriesView {
            id: series.id,
            instructor_id: series.instructor_id,
            rule: series.rule,
            first_start: series.first_start,
            time_zone: series.time_zone,
            planned_until: series.planned_until,
            ended_at: series.ended_at,
        }
    }
}
