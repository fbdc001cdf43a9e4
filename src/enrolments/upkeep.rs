//! Brings to its end what was left open: pending enrolments whose answer from the outside token service is not known,
//! and refunds that failed.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{enrol, refund_cancelled, store};
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::{App, accounts};

const EVERY: Duration = Duration::from_secs(30);
/// A pending enrolment is left to the request that made it for this long.
const PATIENCE_S: i64 = 60;
/// Pending enrolments looked at in one go.
const AT_ONCE: i64 = 100;

/// Runs until the server stops.
pub async fn run(app: App) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = once(&app, Ts::now().plus_s(-PATIENCE_S)).await {
            tracing::error!(error = format!("{error:#}"), "enrolments could not be looked after");
        }
    }
}

/// Settles the enrolments that are pending since before `since`, and refunds what is owed.
///
/// # Errors
/// The database's own.
pub async fn once(app: &App, since: Ts) -> Result<()> {
    settle_pending(app, since).await?;
    refund_cancelled(app).await.map(drop)
}

async fn settle_pending(app: &App, since: Ts) -> Result<()> {
    let Some(outside) = &app.outside_tokens else {
        return Ok(());
    };
    for pending in store::list_pending(&app.db, since, AT_ONCE).await? {
        let id = pending.id;
        let user = accounts::find(&app.db, pending.user_id).await?;
        match enrol::settle(app, outside, &user, pending).await {
            Ok(_) => tracing::info!(enrolment = %id, "a pending enrolment is settled"),
            Err(Error::InsufficientBalance { .. }) => tracing::info!(enrolment = %id, "a pending enrolment is undone"),
            Err(error) => tracing::warn!(enrolment = %id, error = format!("{error:#}"), "still not settled"),
        }
    }
    Ok(())
}
