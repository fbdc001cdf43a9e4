//! One recording in the care of the server that wrote it: step by step, from its first segment until it is in its last
//! place. What was done can be seen from outside (the session's row, the store), so that a server that is started again
//! goes on where it was.

use std::collections::HashMap;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use lectern_media::record::{Catalogue, Entry};
use tokio::io::AsyncWriteExt;
use tokio::time::Instant;
use uuid::Uuid;

use super::files::kind_of;
use super::playlists::JOURNAL;
use super::{Alarm, Facts, folder, making, object_name, objects, removal, store, thumbnail};
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::id::stream_of;
use crate::sessions::{RecordingState, Session};
use crate::storage::{Store, StoreError};

/// How often the row of a session that is being recorded is brought up to date.
const NOTE_EVERY: Duration = Duration::from_secs(10);

/// While a class runs, the store gets the journal of what it has this often: what a lost machine leaves can be played.
const JOURNAL_EVERY: Duration = Duration::from_secs(10);

/// The pause after the store has failed; each further failure doubles it.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
/// The longest pause before the store is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The store does not take what it should have.
const UPLOAD_FAILING: &str = "upload-failing";

/// See the module.
pub struct Care {
    session: Uuid,
    folder: PathBuf,
    journal: Follower,
    /// Next time that the row is brought up to date.
    note_at: Option<Instant>,
    pub(super) thumbnail: thumbnail::Plan,
    upload: Upload,
}

/// What is to happen next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// There may be more to do in a moment.
    Look,
    /// Nothing: it is in its last place.
    Settled,
}

impl Care {
    /// For the recording of `session`, if this server has one.
    #[must_use]
    pub fn new(app: &App, session: Uuid) -> Care {
        let folder = folder(app, session);
        Care {
            session,
            journal: Follower::new(folder.join(JOURNAL)),
            folder,
            note_at: None,
            thumbnail: thumbnail::Plan::default(),
            upload: Upload::default(),
        }
    }

    /// Does what can be done now.
    ///
    /// # Errors
    /// The database's and the disk's own. What a store refuses is noted in the session's row and tried again.
    pub async fn step(&mut self, app: &App) -> Result<Next> {
        let Some(session) = store::find(&app.db, self.session).await? else {
            return Ok(Next::Settled);
        };
        match session.recording_state {
            RecordingState::Deleting | RecordingState::Deleted => {
                removal::remove_local(app, self.session).await?;
                return Ok(Next::Settled);
            }
            _ if session.recording_stored_at.is_some() => {
                self.remove_media().await?;
                return Ok(Next::Settled);
            }
            _ => {}
        }
        self.journal.follow()?;
        if session.is_over() && !self.journal.catalogue.ended() {
            app.live.finish_recording(stream_of(session.id)).await;
            self.journal.follow()?;
        }
        let catalogue = &self.journal.catalogue;
        if catalogue.segments().is_empty() {
            return Ok(if session.is_over() { Next::Settled } else { Next::Look });
        }
        let is_whole = catalogue.ended() && session.is_over();
        if self.note_at.is_none_or(|at| at <= Instant::now()) || is_whole {
            self.note_at = Some(Instant::now() + NOTE_EVERY);
            self.note(app, &session, is_whole).await?;
        }
        self.thumbnail.step(app, &session, &self.folder, catalogue).await;
        let mut is_ready = is_whole && session.recording_is_processed;
        if is_whole && !is_ready && making::is_over(app, &session, &self.folder).await? {
            self.journal = Follower::new(self.folder.join(JOURNAL));
            self.journal.follow()?;
            is_ready = true;
        }
        match &app.recordings.store {
            None if is_ready => Ok(Next::Settled),
            None => Ok(Next::Look),
            Some(remote) => self.upload(app, remote, &session, is_ready).await,
        }
    }

    async fn note(&self, app: &App, session: &Session, is_whole: bool) -> Result<()> {
        let facts = Facts::of(&self.journal.catalogue);
        if is_whole {
            store::note_whole(&app.db, session.id, &facts).await?;
        } else {
            store::note_live(&app.db, session.id, &facts).await?;
        }
        Ok(())
    }

    /// Brings what is new into the store, and the recording to its last place when that was all (`is_ready`).
    async fn upload(&mut self, app: &App, remote: &Store, session: &Session, is_ready: bool) -> Result<Next> {
        if self.upload.retry_at.is_some_and(|at| at > Instant::now()) {
            return Ok(Next::Look);
        }
        let files = self.journal.files();
        let done = self
            .upload
            .run(remote, session.id, &self.folder, &files, is_ready)
            .await;
        let now = store::find(&app.db, session.id)
            .await?
            .map(|session| session.recording_state);
        if matches!(now, Some(RecordingState::Deleting | RecordingState::Deleted)) {
            // it was deleted meanwhile: so is what came into the store after that
            if let Err(error) = remote.delete_folder(&objects(session.id)).await {
                tracing::warn!(session = %session.id, %error, "what was uploaded during a deletion is still there");
                return Ok(Next::Look);
            }
            return Ok(Next::Look);
        }
        match done {
            Err(error) => {
                if self.upload.fail() {
                    self.upload.alarm = Some(app.recordings.alarms.raise());
                    tracing::error!(session = %session.id, %error, "the recording cannot be uploaded; it is kept here and tried again");
                    store::note_error(&app.db, session.id, UPLOAD_FAILING).await?;
                }
                Ok(Next::Look)
            }
            Ok(()) => {
                if self.upload.recover() {
                    tracing::info!(session = %session.id, "the recording can be uploaded again");
                    store::clear_error(&app.db, session.id, UPLOAD_FAILING).await?;
                }
                if !is_ready || !store::note_stored(&app.db, session.id, Ts::now()).await? {
                    return Ok(Next::Look);
                }
                tracing::info!(session = %session.id, "all of the recording is in the store");
                self.remove_media().await?;
                Ok(Next::Settled)
            }
        }
    }

    /// Removes everything but the journal, which playlists are written from.
    async fn remove_media(&self) -> Result<()> {
        let mut entries = tokio::fs::read_dir(&self.folder).await?;
        while let Some(entry) = entries.next_entry().await? {
            if entry.file_name() != JOURNAL {
                tokio::fs::remove_file(entry.path()).await?;
            }
        }
        Ok(())
    }
}

/// Brings what the store has of a recording back here.
///
/// # Errors
/// The store's and the disk's own.
pub(super) async fn fetch_media(app: &App, session: Uuid) -> Result<()> {
    let Some(remote) = &app.recordings.store else {
        return Ok(());
    };
    let folder = folder(app, session);
    tokio::fs::create_dir_all(&folder).await?;
    for name in remote.list(&objects(session)).await?.keys() {
        if name == JOURNAL || !tokio::fs::try_exists(folder.join(name)).await? {
            // Whole or not at all: half a file would be taken for the whole one, and go back into the store.
            let new = folder.join(format!("{name}.new"));
            let bytes = remote.get_all(&object_name(session, name)).await?;
            let mut file = tokio::fs::File::create(&new).await?;
            file.write_all(&bytes).await?;
            file.sync_data().await?; // or a power cut might leave the name without the bytes
            tokio::fs::rename(&new, folder.join(name)).await?;
        }
    }
    Ok(())
}

/// Brings what was made of a recording that [`fetch_media`] has brought back into the store.
///
/// # Errors
/// The store's and the disk's own.
pub(super) async fn store_products(app: &App, session: Uuid) -> Result<()> {
    let Some(remote) = &app.recordings.store else {
        return Ok(());
    };
    let mut care = Care::new(app, session);
    care.journal.follow()?;
    let files = care.journal.files();
    let done = care.upload.run(remote, session, &care.folder, &files, true).await;
    done.map_err(anyhow::Error::from)?;
    care.remove_media().await
}

/// Reads a journal as it grows.
struct Follower {
    path: PathBuf,
    /// What was read so far.
    at: u64,
    /// How long the file was when it was last looked at: that much is on the disk for sure by now.
    seen: u64,
    text: Vec<u8>,
    catalogue: Catalogue,
}

impl Follower {
    fn new(path: PathBuf) -> Follower {
        Follower {
            path,
            at: 0,
            seen: 0,
            text: Vec::new(),
            catalogue: Catalogue::default(),
        }
    }

    /// Takes in the whole lines that were there the last time, or all of them when the recording is over.
    fn follow(&mut self) -> std::io::Result<()> {
        let mut file = match std::fs::File::open(&self.path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        let mut new = Vec::new();
        file.seek(SeekFrom::Start(self.at))?;
        file.take(length.saturating_sub(self.at)).read_to_end(&mut new)?;
        let known = usize::try_from(self.seen.saturating_sub(self.at)).unwrap_or(usize::MAX);
        self.seen = length;
        let end = new.split_inclusive(|byte| *byte == b'\n').next_back();
        let is_over = end.is_some_and(|line| matches!(serde_json::from_slice(line), Ok(Entry::End { .. })));
        let settled = if is_over { new.len() } else { known.min(new.len()) };
        let whole = new[..settled]
            .iter()
            .rposition(|byte| *byte == b'\n')
            .map_or(0, |at| at + 1);
        for line in new[..whole].split_inclusive(|byte| *byte == b'\n') {
            if let Ok(entry) = serde_json::from_slice(line) {
                self.catalogue.apply(&entry);
            }
        }
        self.text.extend_from_slice(&new[..whole]);
        self.at += u64::try_from(whole).unwrap_or(0);
        Ok(())
    }

    /// The files that are whole, with their sizes where the journal has them, and the journal up to there.
    fn files(&self) -> Files {
        let inits = self.catalogue.inits().iter().map(|init| (init.file.to_string(), None));
        let segments = self.catalogue.segments().iter();
        let segments = segments.map(|segment| (segment.file.to_string(), Some(segment.bytes)));
        Files {
            media: inits.chain(segments).collect(),
            journal: self.text.clone(),
        }
    }
}

struct Files {
    media: Vec<(String, Option<u64>)>,
    journal: Vec<u8>,
}

/// How far the upload of a recording is.
#[derive(Default)]
struct Upload {
    /// What the store has, once it was asked: names and sizes.
    stored: Option<HashMap<String, u64>>,
    journal_at: Option<Instant>,
    failures: u32,
    alarm: Option<Alarm>,
    retry_at: Option<Instant>,
}

impl Upload {
    /// Puts what the store does not have there; with everything else in the folder and the journal at last when the
    /// recording is whole.
    async fn run(
        &mut self,
        remote: &Store,
        session: Uuid,
        folder: &Path,
        files: &Files,
        is_whole: bool,
    ) -> Result<(), UploadError> {
        if self.stored.is_none() {
            self.stored = Some(remote.list(&objects(session)).await?);
        }
        let stored = self.stored.get_or_insert_default();
        for (name, bytes) in &files.media {
            let is_there = stored
                .get(name)
                .is_some_and(|there| bytes.is_none_or(|bytes| bytes == *there));
            if !is_there {
                put(remote, session, folder, name, stored).await?;
            }
        }
        if is_whole {
            let mut entries = tokio::fs::read_dir(folder).await?;
            while let Some(entry) = entries.next_entry().await? {
                let name = entry.file_name().to_string_lossy().into_owned();
                if name != JOURNAL && !stored.contains_key(&name) {
                    put(remote, session, folder, &name, stored).await?;
                }
            }
        }
        if is_whole || self.journal_at.is_none_or(|at| at <= Instant::now()) {
            self.journal_at = Some(Instant::now() + JOURNAL_EVERY);
            let journal = files.journal.clone().into();
            let name = object_name(session, JOURNAL);
            remote.put(&name, journal, "application/jsonl").await?;
        }
        Ok(())
    }

    /// Notes a failure; says whether it is the first.
    fn fail(&mut self) -> bool {
        self.failures += 1;
        let pause = FIRST_PAUSE.saturating_mul(1 << self.failures.min(8)).min(LONGEST_PAUSE);
        self.retry_at = Some(Instant::now() + pause);
        self.failures == 1
    }

    /// Notes that it works; says whether it did not before.
    fn recover(&mut self) -> bool {
        (self.retry_at, self.alarm) = (None, None);
        std::mem::take(&mut self.failures) > 0
    }
}

/// Why something is not in the store.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("it cannot be read: {0}")]
    Disk(#[from] std::io::Error),
}

async fn put(
    remote: &Store,
    session: Uuid,
    folder: &Path,
    name: &str,
    stored: &mut HashMap<String, u64>,
) -> Result<(), UploadError> {
    let bytes = tokio::fs::read(folder.join(name)).await?;
    let size = u64::try_from(bytes.len()).unwrap_or(0);
    let content_type = kind_of(name).map_or("application/octet-stream", |kind| kind.content_type());
    remote
        .put(&object_name(session, name), bytes.into(), content_type)
        .await?;
    stored.insert(name.to_owned(), size);
    Ok(())
}
