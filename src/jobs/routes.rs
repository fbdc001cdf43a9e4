//! HTTP of jobs, for admins.

use axum::Json;
use axum::extract::State as AxumState;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::admin::{self, Counts, Filter, Retry};
use super::place::{self, Server};
use super::{Job, State, store_admin};
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::http::extract::{Admin, Id, Params};
use crate::http::problem::Problem;
use crate::http::rules::{cut_page, page_size};

/// Which jobs.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct JobParams {
    /// Only jobs in this state.
    state: Option<State>,
    /// Only jobs of this kind.
    kind: Option<String>,
    /// At most this many, 1 to 100; 50 if not given.
    limit: Option<i64>,
    /// Those before this one: the last of the page before.
    before: Option<Uuid>,
}

/// A job as admins see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Job)]
pub struct JobView {
    id: Uuid,
    kind: String,
    /// What it is about.
    summary: String,
    state: State,
    attempts: i64,
    /// Not before.
    run_at: Ts,
    /// Why the last attempt failed.
    last_error: Option<String>,
    /// The server that it is for, since that one's disk has what it is about; `null`: any may do it.
    server: Option<JobServer>,
    created_at: Ts,
    updated_at: Ts,
}

/// A server that work is for.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobServer {
    /// The machine, and the data folder there; empty for one that has not been there for a year.
    name: String,
    /// When it was there last.
    seen_at: Option<Ts>,
    /// Whether it is not there, so that the job waits for it.
    is_away: bool,
}

/// How a job is tried again.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RetryParams {
    /// By any server, though it is for one: what it is about may be in the store.
    #[serde(default)]
    anywhere: bool,
}

/// A page of jobs.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct JobList {
    /// Latest first.
    jobs: Vec<JobView>,
    /// Of all jobs, whatever was asked for.
    counts: Counts,
    has_more: bool,
}

/// Lists what is to be done, was done and was given up, latest first
#[utoipa::path(get, path = "/api/admin/jobs", tag = "admin", operation_id = "list_jobs", params(JobParams),
    responses((status = 200, body = JobList),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    AxumState(app): AxumState<App>,
    _: Admin,
    Params(params): Params<JobParams>,
) -> Result<Json<JobList>> {
    let limit = page_size(params.limit, 50)?;
    let filter = Filter {
        state: params.state,
        kind: params.kind,
    };
    let found = store_admin::list(&app.db, &filter, params.before, limit + 1).await?;
    let (jobs, has_more) = cut_page(found, limit);
    Ok(Json(JobList {
        jobs: views(&app, jobs).await?,
        counts: admin::counts(&app.db).await?,
        has_more,
    }))
}

/// Has a job tried at once
#[utoipa::path(post, path = "/api/admin/jobs/{id}/retry", tag = "admin", operation_id = "retry_job",
    params(("id" = Uuid, Path), RetryParams), responses((status = 200, body = JobView),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn retry(
    AxumState(app): AxumState<App>,
    Admin(actor): Admin,
    Id(id): Id,
    Params(params): Params<RetryParams>,
) -> Result<Json<JobView>> {
    let by = match params.anywhere {
        true => Retry::Anywhere,
        false => Retry::InItsPlace,
    };
    let job = admin::retry(&app, Some(actor.id), id, by).await?;
    let servers = place::servers_of(&app, std::slice::from_ref(&job)).await?;
    Ok(Json(view(job, &servers)))
}

/// Removes a job, so that it is not done
#[utoipa::path(delete, path = "/api/admin/jobs/{id}", tag = "admin", operation_id = "delete_job",
    params(("id" = Uuid, Path)), responses((status = 204),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(AxumState(app): AxumState<App>, Admin(actor): Admin, Id(id): Id) -> Result<StatusCode> {
    admin::delete(&app, Some(actor.id), id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn views(app: &App, jobs: Vec<Job>) -> Result<Vec<JobView>> {
    let servers = place::servers_of(app, &jobs).await?;
    Ok(jobs.into_iter().map(|job| view(job, &servers)).collect())
}

fn view(job: Job, servers: &[Server]) -> JobView {
    let server = job.place.map(|place| {
        let known = servers.iter().find(|server| server.id == place);
        JobServer {
            name: known.map(|server| server.name.clone()).unwrap_or_default(),
            seen_at: known.map(|server| server.seen_at),
            is_away: known.is_none_or(|server| server.is_away(Ts::now())),
        }
    });
    JobView {
        id: job.id,
        kind: job.kind,
        summary: job.summary,
        state: job.state,
        attempts: job.attempts,
        run_at: job.run_at,
        last_error: job.last_error,
        server,
        created_at: job.created_at,
        updated_at: job.updated_at,
    }
}
