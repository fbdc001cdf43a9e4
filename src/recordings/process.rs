//! What is made of a recording after the class: pictures for the time line, sound for more players, and what a download
//! needs. One recording at a time on the whole server; what fails is logged and told to those who run the session, and
//! never keeps the replay from its viewers. That it was done stands in the session's row: a server that stops in the middle
//! does it again.

use std::path::Path;

use lectern_media::record::Catalogue;

use super::playlists::JOURNAL;
use super::{Facts, download, sound, store, storyboard};
use crate::App;
use crate::error::Result;
use crate::sessions::Session;

/// Something of it could not be made.
const FAILED: &str = "processing-failed";

/// Makes what is to be made of the recording of `session` in `folder`, and notes that.
///
/// # Errors
/// The database's own, and a journal that cannot be read.
pub(super) async fn run(app: &App, session: &Session, folder: &Path) -> Result<()> {
    let _turn = app.recordings.processing.acquire().await;
    let read = async || -> Result<Catalogue> {
        let journal = tokio::fs::read(folder.join(JOURNAL)).await?;
        Ok(Catalogue::read(&journal).0)
    };
    let mut error = None;
    let mut failed = |what: &str, reason: anyhow::Error| {
        tracing::error!(session = %session.id, error = format!("{reason:#}"), "{what} could not be made of a recording");
        error = Some(FAILED);
    };
    let catalogue = read().await?;
    let has_storyboard = match storyboard::make(app, folder, &catalogue).await {
        Ok(has_storyboard) => has_storyboard,
        Err(reason) => {
            failed("pictures for the time line", reason);
            false
        }
    };
    if app.config.recording.aac
        && let Err(reason) = sound::add_aac(app, folder, &catalogue).await
    {
        failed("sound in AAC", reason);
    }
    if let Err(reason) = download::prepare(folder, &catalogue).await {
        failed("a download", reason);
    }
    store::note_whole(&app.db, session.id, &Facts::of(&read().await?)).await?;
    store::note_processed(&app.db, session.id, has_storyboard, error).await?;
    tracing::info!(session = %session.id, has_storyboard, "the recording is ready");
    Ok(())
}
