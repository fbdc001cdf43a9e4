//! What this server does, in numbers: for Prometheus, and for the page of admins.
//!
//! Nothing is counted twice: the media threads keep their own counts, and this reads them when it is asked. Only
//! requests are counted here, and every few seconds the counts are remembered, so that "in the last minute" can be told.
//!
//! | file | what is in it |
//! |---|---|
//! | `requests` | how long requests took, by route |
//! | `snapshot` | all counts at one moment |
//! | `recent` | what happened in the last minute, and what is wrong since when |
//! | `process` | memory, processor time, disk |
//! | `text` | the form that Prometheus reads |
//! | `routes` | HTTP |

mod process;
mod recent;
pub mod requests;
pub mod routes;
mod snapshot;
mod text;

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::App;
use crate::error::Result;
use crate::jobs;

pub use recent::{Alert, Health};

use recent::Recent;
use requests::Requests;
use snapshot::Snapshot;

/// How often the counts are remembered.
const REMEMBER_EVERY: Duration = Duration::from_secs(5);

/// What is kept between two looks; cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    /// How long requests took.
    pub requests: Requests,
    started: Instant,
    recent: Arc<Mutex<Recent>>,
}

impl Default for Metrics {
    fn default() -> Metrics {
        Metrics {
            requests: Requests::default(),
            started: Instant::now(),
            recent: Arc::default(),
        }
    }
}

/// All numbers in the text form of Prometheus (version 0.0.4).
///
/// # Errors
/// The database's own.
pub async fn prometheus(app: &App) -> Result<String> {
    let jobs = jobs::admin::counts(&app.db).await?;
    Ok(text::render(
        &Snapshot::of(app),
        jobs,
        &app.metrics.requests,
        app.metrics.started.elapsed(),
    ))
}

/// How the server is doing.
///
/// # Errors
/// The database's own.
pub async fn health(app: &App) -> Result<Health> {
    let jobs = jobs::admin::counts(&app.db).await?;
    let now = Snapshot::of(app);
    let mut recent = app.metrics.recent.lock();
    recent.judge(&now, jobs);
    Ok(recent.health(&now, jobs, app.metrics.started.elapsed(), app.live.reachability()))
}

/// Remembers the counts now and then until the server stops.
pub async fn run(app: App) {
    let mut tick = tokio::time::interval(REMEMBER_EVERY);
    while app.shutdown.run_until_cancelled(tick.tick()).await.is_some() {
        let counted = jobs::admin::counts(&app.db).await;
        let now = Snapshot::of(&app);
        let mut recent = app.metrics.recent.lock();
        if let Ok(jobs) = counted {
            recent.judge(&now, jobs);
        }
        recent.remember(now);
    }
}
