//! What is made of a recording after the class: pictures for the time line, sound for more players, what a download needs,
//! and a picture of the class where it has none. Each is a job of its own: what fails is tried again for some hours, also
//! after a restart, and then is for an admin to see, who may try it once more. It never keeps the replay from its viewers.

use std::path::Path;

use anyhow::anyhow;
use lectern_media::record::Catalogue;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::playlists::JOURNAL;
use super::{Facts, care, download, folder, sound, store, storyboard, thumbnail};
use crate::App;
use crate::error::{Error, Result};
use crate::jobs::{self, Effort, Failure, Handlers, NewJob, State, Work};
use crate::sessions::{RecordingState, Session};

/// One at a time of each kind; some three hours of attempts.
const EFFORT: Effort = Effort {
    at_once: 1,
    attempts: 12,
};

/// Something could not be made.
const FAILED: &str = "processing-failed";

/// Something that is made of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Product {
    Thumbnail,
    Storyboard,
    Sound,
    Download,
}

const ALL: [Product; 4] = [
    Product::Thumbnail,
    Product::Storyboard,
    Product::Sound,
    Product::Download,
];

/// Only the disk of the server that recorded it has what is needed, and this is not that server.
const ELSEWHERE: &str = "the recording is not on this server's disk, and not whole in the store: only the server that \
                         recorded it can do this, when it is there again";

#[derive(Serialize, Deserialize)]
struct Of {
    session: Uuid,
}

impl Product {
    fn kind(self) -> &'static str {
        match self {
            Product::Thumbnail => "recording-thumbnail",
            Product::Storyboard => "recording-storyboard",
            Product::Sound => "recording-sound",
            Product::Download => "recording-download",
        }
    }

    fn key(self, session: Uuid) -> String {
        format!("{}:{session}", self.kind())
    }

    async fn make(self, app: &App, session: &Session, folder: &Path, catalogue: &Catalogue) -> anyhow::Result<()> {
        match self {
            Product::Thumbnail => thumbnail::take_if_none(app, session, folder, catalogue).await?,
            Product::Storyboard => drop(storyboard::make(app, folder, catalogue).await?),
            Product::Sound if app.config.recording.aac => sound::add_aac(app, folder, catalogue).await?,
            Product::Sound => {}
            Product::Download => download::prepare(folder, catalogue).await?,
        }
        Ok(())
    }
}

/// Brings the handlers of these jobs.
pub fn add_handlers(handlers: &mut Handlers) {
    for product in ALL {
        handlers.add(product.kind(), EFFORT, move |app: App, work: Work| async move {
            let Of { session } = work.payload()?;
            perform(&app, session, product).await
        });
    }
}

/// Has everything made of the recording of `session`, whose media is in `folder`; says whether all of it is made, or was
/// given up.
///
/// # Errors
/// The database's own.
pub(super) async fn is_over(app: &App, session: &Session, folder: &Path) -> Result<bool> {
    let mut is_over = true;
    for product in ALL {
        let key = product.key(session.id);
        let known = jobs::find(app, &key).await?;
        if known.is_none() {
            let of = Of { session: session.id };
            let summary = format!("{} of {}", product.kind(), session.title);
            let job = NewJob::new(product.kind(), summary, &of).once(key).here(&app.jobs);
            jobs::enqueue(app, job).await?;
        }
        is_over &= known.is_some_and(|job| matches!(job.state, State::Done | State::Dead));
    }
    if is_over {
        note(app, session.id, folder, None).await?;
    }
    Ok(is_over)
}

async fn perform(app: &App, id: Uuid, product: Product) -> Result<(), Failure> {
    let _turn = app.recordings.processing.acquire().await;
    let Some(session) = store::find(&app.db, id).await? else {
        return Ok(());
    };
    if matches!(
        session.recording_state,
        RecordingState::Deleting | RecordingState::Deleted
    ) {
        return Ok(());
    }
    let folder = folder(app, id);
    let is_stored = session.recording_stored_at.is_some();
    if is_stored {
        care::fetch_media(app, id).await?; // an admin tries again what had been given up
    }
    let is_here = tokio::fs::try_exists(folder.join(JOURNAL)).await;
    if !is_here.map_err(Error::from)? {
        return Err(Failure::Hopeless(anyhow!(ELSEWHERE)));
    }
    let catalogue = read(&folder).await?;
    product
        .make(app, &session, &folder, &catalogue)
        .await
        .map_err(Failure::Again)?;
    if session.recording_is_processed {
        note(app, id, &folder, Some(product)).await?;
    }
    if is_stored {
        care::store_products(app, id).await?;
    }
    Ok(())
}

/// Notes what a recording has now; `made` is made, though its job is not over yet.
async fn note(app: &App, session: Uuid, folder: &Path, made: Option<Product>) -> Result<()> {
    let mut error = None;
    for product in ALL.into_iter().filter(|product| Some(*product) != made) {
        let job = jobs::find(app, &product.key(session)).await?;
        if job.is_some_and(|job| job.state == State::Dead) {
            error = Some(FAILED);
        }
    }
    let has_storyboard = tokio::fs::try_exists(folder.join(storyboard::INDEX)).await?;
    store::note_whole(&app.db, session, &Facts::of(&read(folder).await?)).await?;
    store::note_processed(&app.db, session, has_storyboard, error).await?;
    tracing::info!(%session, has_storyboard, "the recording is ready");
    Ok(())
}

async fn read(folder: &Path) -> Result<Catalogue> {
    let journal = tokio::fs::read(folder.join(JOURNAL)).await?;
    Ok(Catalogue::read(&journal).0)
}
