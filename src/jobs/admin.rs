//! What admins see of jobs and do with them.

use serde_json::json;
use uuid::Uuid;

use super::{Job, State, store, store_admin};
use crate::App;
use crate::accounts::audit::{self, Deed};
use crate::db::{Db, Ts};
use crate::error::{Error, Result};

/// Which jobs; what is not given does not matter.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// Of this kind.
    pub kind: Option<String>,
}

/// Which server is to try a job again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Retry {
    /// The one that it is for, if it is for one.
    InItsPlace,
    /// Any that is free, from now on.
    Anywhere,
}

/// How many jobs there are.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, serde::Serialize, utoipa::ToSchema)]
#[schema(as = JobCounts)]
pub struct Counts {
    /// Waiting.
    pub ready: i64,
    /// In hand.
    pub running: i64,
    /// Done within the last month.
    pub done: i64,
    /// Given up.
    pub dead: i64,
}

/// How many jobs there are.
///
/// # Errors
/// The database's own.
pub async fn counts(db: &Db) -> Result<Counts> {
    let mut counts = Counts::default();
    for (state, jobs) in store_admin::counts(db).await? {
        match State::try_from(state) {
            Ok(State::Ready) => counts.ready = jobs,
            Ok(State::Running) => counts.running = jobs,
            Ok(State::Done) => counts.done = jobs,
            Ok(State::Dead) => counts.dead = jobs,
            Err(unknown) => return Err(Error::Internal(anyhow::anyhow!(unknown))),
        }
    }
    Ok(counts)
}

/// Has a job that waits, or was given up, tried at once; one that was given up gets one more attempt. `actor`: who
/// wants it; `None`: the server's own machine.
///
/// # Errors
/// 404; 409 when a server has it, or it is done.
pub async fn retry(app: &App, actor: Option<Uuid>, id: Uuid, by: Retry) -> Result<Job> {
    let mut tx = app.db.begin().await?;
    let Some(job) = store_admin::retry(&mut tx, id, by, Ts::now()).await? else {
        drop(tx);
        return Err(refusal(&app.db, id).await?);
    };
    audit::record(&mut tx, &deed(actor, "job.retry", &job)).await?;
    tx.commit().await?;
    app.jobs.wake();
    Ok(job)
}

/// Removes a job: it is not done any more.
///
/// # Errors
/// 404; 409 when a server has it.
pub async fn delete(app: &App, actor: Option<Uuid>, id: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let Some(job) = store_admin::delete(&mut tx, id).await? else {
        drop(tx);
        return Err(refusal(&app.db, id).await?);
    };
    audit::record(&mut tx, &deed(actor, "job.delete", &job)).await?;
    Ok(tx.commit().await?)
}

async fn refusal(db: &Db, id: Uuid) -> Result<Error> {
    let (code, detail) = match store::find(db, id).await?.map(|job| job.state) {
        None => return Ok(Error::NotFound("job")),
        Some(State::Done) => ("job-done", "this job is done"),
        Some(_) => ("job-running", "a server is just doing this job"),
    };
    Ok(Error::Conflict { code, detail })
}

fn deed(actor: Option<Uuid>, action: &'static str, job: &Job) -> Deed {
    Deed {
        actor,
        action,
        subject: Some(job.id),
        detail: json!({ "kind": job.kind, "summary": job.summary }),
    }
}
