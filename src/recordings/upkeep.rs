//! Keeping database and disk together: media of deleted sessions goes; media that a killed server did not tell the
//! database of is found again.

use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};

use super::{folder, playlists, store};
use crate::App;
use crate::error::Result;
use crate::sessions;

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
        if let Err(error) = once(&app).await {
            tracing::error!(error = format!("{error:#}"), "recordings could not be looked after");
        }
    }
}

/// Looks after all recordings once.
///
/// # Errors
/// The database's own. What cannot be deleted is logged and tried again next time.
pub async fn once(app: &App) -> Result<()> {
    find_unnoticed(app).await?;
    remove_deleted(app).await
}

async fn find_unnoticed(app: &App) -> Result<()> {
    for session in sessions::without_recording(app).await? {
        let Ok(journal) = tokio::fs::read(folder(app, session).join(playlists::JOURNAL)).await else {
            continue;
        };
        let is_playable = playlists::master(journal.into(), String::new(), String::new(), true)
            .await
            .is_ok();
        if is_playable {
            tracing::info!(%session, "found a recording that the database did not know of");
            sessions::set_recording_available(app, session, true).await?;
        }
    }
    Ok(())
}

/// Goes on with what was not deleted to its end: a server that stopped in the middle, a disk or a store that failed.
async fn remove_deleted(app: &App) -> Result<()> {
    for (session,) in store::list_to_delete(&app.db).await? {
        if let Err(error) = super::remove(app, session).await {
            tracing::error!(%session, error = format!("{error:#}"), "the media of a recording could not be deleted");
        }
    }
    Ok(())
}
