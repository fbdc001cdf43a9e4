//! The daily clean-up: the media of replays that are over is deleted, unless it is kept for the catalogue.

use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::sessions::retention;
use crate::tally::Tally;

/// Deletes all media that is due at `now`. What fails does not keep the others from being deleted, and is due again the
/// next time; so is what a server left that ended in the middle.
///
/// # Errors
/// The list of what is due cannot be read.
pub async fn once(app: &App, now: Ts) -> Result<Tally> {
    let mut tally = Tally::default();
    for session in retention::to_delete(app, now).await? {
        let removed = super::remove(app, session).await;
        if let Err(error) = &removed {
            tracing::error!(%session, error = format!("{error:#}"), "the media of a recording could not be deleted");
        }
        tally.note(session, removed);
    }
    Ok(tally)
}
