//! HTTP of the daily work: two routes for an outside clock that knows the secret of the settings, and what admins see.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret;
use serde::Serialize;
use serde_json::json;
use subtle::ConstantTimeEq;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{Chore, Run, store};
use crate::App;
use crate::accounts::audit::{self, Deed};
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::extract::Admin;
use crate::http::problem::Problem;

/// Runs that are shown.
const MOST_LISTED: i64 = 100;

/// One time that the daily work was done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Run)]
pub struct RunView {
    id: Uuid,
    /// `cleanup-recordings` or `migrate-streams-to-workouts`.
    name: String,
    started_at: Ts,
    /// `null`: it goes on, or its server ended in the middle of it.
    finished_at: Option<Ts>,
    /// Things that were done.
    done: i64,
    /// Things that were not.
    failed: i64,
    /// Why the first of them was not.
    error: Option<String>,
}

/// What the daily work did.
#[derive(Serialize, ToSchema)]
pub struct RunList {
    /// Latest first.
    runs: Vec<RunView>,
}

/// What the outside clock is told.
#[derive(Serialize, ToSchema)]
pub struct CronAnswer {
    /// Whether nothing failed.
    success: bool,
    #[serde(flatten)]
    run: RunView,
}

/// Deletes the media of replays that are over, for an outside clock
#[utoipa::path(get, path = "/api/cron/cleanup-recordings", tag = "admin", operation_id = "cron_cleanup_recordings",
    params(("Authorization" = String, Header, description = "`Bearer` and the secret of the settings")),
    responses((status = 200, body = CronAnswer),
    (status = 401, body = Problem, content_type = "application/problem+json")))]
pub async fn cleanup(State(app): State<App>, headers: HeaderMap) -> Result<Response> {
    by_clock(&app, &headers, Chore::CleanupRecordings).await
}

/// Moves kept sessions to the catalogue, for an outside clock
#[utoipa::path(get, path = "/api/cron/migrate-streams-to-workouts", tag = "admin", operation_id = "cron_migrate_streams",
    params(("Authorization" = String, Header, description = "`Bearer` and the secret of the settings")),
    responses((status = 200, body = CronAnswer),
    (status = 401, body = Problem, content_type = "application/problem+json")))]
pub async fn migrate(State(app): State<App>, headers: HeaderMap) -> Result<Response> {
    by_clock(&app, &headers, Chore::MigrateStreamsToWorkouts).await
}

/// Shows what the daily work did, latest first
#[utoipa::path(get, path = "/api/admin/runs", tag = "admin", operation_id = "list_runs",
    responses((status = 200, body = RunList),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, _: Admin) -> Result<Json<RunList>> {
    let runs = store::list(&app.db, MOST_LISTED).await?;
    Ok(Json(RunList {
        runs: runs.into_iter().map(RunView::from).collect(),
    }))
}

/// Does some of the daily work now
#[utoipa::path(post, path = "/api/admin/runs/{name}", tag = "admin", operation_id = "start_run",
    params(("name" = inline(Chore), Path)), responses((status = 200, body = RunView),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn start(State(app): State<App>, Admin(actor): Admin, Path(name): Path<String>) -> Result<Json<RunView>> {
    let chore = Chore::ALL.into_iter().find(|chore| chore.as_str() == name);
    let chore = chore.ok_or(Error::NotFound("run"))?;
    let run = super::perform(&app, chore).await?;
    let mut tx = app.db.begin().await?;
    let deed = Deed {
        actor: Some(actor.id),
        action: "run.start",
        subject: Some(run.id),
        detail: json!({ "name": run.name, "done": run.done, "failed": run.failed }),
    };
    audit::record(&mut tx, &deed).await?;
    tx.commit().await?;
    Ok(Json(run.into()))
}

async fn by_clock(app: &App, headers: &HeaderMap, chore: Chore) -> Result<Response> {
    if !knows_secret(app, headers) {
        return Ok(unauthorized());
    }
    let run = super::perform(app, chore).await?;
    let answer = CronAnswer {
        success: run.failed == 0,
        run: run.into(),
    };
    Ok(Json(answer).into_response())
}

fn knows_secret(app: &App, headers: &HeaderMap) -> bool {
    let secret = app.config.jobs.cron_secret.expose_secret();
    let given = headers.get(AUTHORIZATION).map_or(&[][..], |value| value.as_bytes());
    let given = given.strip_prefix(b"Bearer ").unwrap_or_default();
    !secret.is_empty() && bool::from(secret.as_bytes().ct_eq(given))
}

/// A problem like any other, with the one member more that outside clocks know: `error`.
fn unauthorized() -> Response {
    let body = json!({
        "error": "Unauthorized",
        "type": "/problems/unauthenticated",
        "title": "Unauthorized",
        "status": 401,
        "detail": "the secret is not the one of `jobs.cron_secret`, or there is none in the settings",
    });
    let headers = [(CONTENT_TYPE, "application/problem+json"), (WWW_AUTHENTICATE, "Bearer")];
    (StatusCode::UNAUTHORIZED, headers, body.to_string()).into_response()
}

impl From<Run> for RunView {
    fn from(run: Run) -> RunView {
        RunView {
            id: run.id,
            name: run.name,
            started_at: run.started_at,
            finished_at: run.finished_at,
            done: run.done,
            failed: run.failed,
            error: run.error,
        }
    }
}
