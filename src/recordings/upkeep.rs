//! Removing the media of sessions that were deleted.

use std::io::ErrorKind;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use crate::App;
use crate::error::Result;
use crate::sessions::store;

const EVERY: Duration = Duration::from_secs(600);

/// Runs until the server stops.
pub async fn run(app: App) {
    let mut tick = interval(EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = remove_deleted(&app).await {
            tracing::error!(
                error = format!("{error:#}"),
                "media of deleted sessions could not be removed"
            );
        }
    }
}

async fn remove_deleted(app: &App) -> Result<()> {
    for (session,) in store::list_deleted_with_recording(&app.db).await? {
        let folder = app.config.data.recordings().join(session.to_string());
        match tokio::fs::remove_dir_all(&folder).await {
            Ok(()) => tracing::info!(%session, "recording of a deleted session removed"),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => {
                tracing::error!(%session, %error, folder = %folder.display(), "recording could not be removed");
                continue; // tried again next time; one bad folder does not stop the rest
            }
        }
        store::set_recording_available(&app.db, session, false).await?;
    }
    Ok(())
}
