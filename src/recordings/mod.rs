//! Replays: who may see one, its playlists with signed addresses, its segments, where they are kept, and their end.
//!
//! | file | what it is for |
//! |---|---|
//! | `playlists` | HLS, written from the recording's journal |
//! | `signature` | addresses that are good for a while, bound to a user, cacheable by their path |
//! | `admission` | whether the user of an address may still have what it leads to |
//! | `remembered` | what the database said some moments ago |
//! | `watchers` | who really watches |
//! | `files`, `cache`, `delivery` | one file of a recording: from memory, the disk or the store, by ranges |
//! | `keeper`, `care` | what happens to each recording while it is written and afterwards, until it is in its last place |
//! | `making`, `storyboard`, `sound` | what is made of a recording after the class |
//! | `download` | the whole of it as one MP4 |
//! | `thumbnail`, `picture`, `ffmpeg` | the picture that stands for a session |
//! | `removal`, `cleanup` | media goes from everywhere: of one session, of all whose replay is over |
//! | `routes`, `thumbnail_routes`, `download_routes`, `admin_routes` | HTTP |
//! | `upkeep` | media that the database does not know of, or should not have any more |

pub mod admin_routes;
pub mod admission;
pub mod cache;
pub mod care;
pub mod cleanup;
pub mod delivery;
pub mod download;
pub mod download_routes;
pub mod ffmpeg;
pub mod files;
pub mod keeper;
mod making;
pub mod picture;
pub mod playlists;
mod remembered;
mod removal;
pub mod routes;
pub mod signature;
mod sound;
pub mod store;
pub mod storyboard;
pub mod thumbnail;
pub mod thumbnail_routes;
pub mod upkeep;
mod watchers;

use std::io::ErrorKind;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use lectern_media::codec::Kind;
use lectern_media::record::Catalogue;
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::App;
use crate::config::Config;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::storage::Store;
use admission::Admissions;
use cache::{Admit, Cache};
use delivery::Uploads;
use ffmpeg::Ffmpeg;
use signature::MediaGrant;
use watchers::Watchers;

pub use making::add_handlers;
pub use removal::remove;

/// The journal of another server's recording is good for so many seconds.
const JOURNAL_GOOD_S: i64 = 5;

/// What recordings keep beside the database and the disk. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Shared {
    /// Where recordings go when they are finished, if not into the data folder.
    pub store: Option<Store>,
    /// What is asked for again and again.
    pub cache: Arc<Cache>,
    /// Rights that were read some moments ago.
    pub admissions: Admissions,
    /// Which recordings are on their way to the store.
    pub uploads: Uploads,
    /// Who was seen watching lately.
    pub watchers: Watchers,
    /// For codecs that the server does not know itself, where the machine has it.
    pub ffmpeg: Option<Ffmpeg>,
    /// What the store does not take.
    alarms: Alarms,
    /// One turn: pictures are made one at a time.
    pub pictures: Arc<Semaphore>,
    /// One turn: so is what is made of recordings after the class.
    pub processing: Arc<Semaphore>,
}

impl Shared {
    /// Nothing yet.
    ///
    /// # Errors
    /// Settings of a store that make no address.
    pub fn new(config: &Config) -> anyhow::Result<Shared> {
        let cache_bytes = usize::try_from(config.storage.cache_mb).unwrap_or(usize::MAX);
        Ok(Shared {
            store: Store::open(&config.storage)?,
            cache: Arc::new(Cache::new(cache_bytes.saturating_mul(1 << 20))),
            admissions: Admissions::default(),
            uploads: Uploads::default(),
            watchers: Watchers::default(),
            ffmpeg: Ffmpeg::find(&config.recording.ffmpeg),
            alarms: Alarms::default(),
            pictures: Arc::new(Semaphore::new(1)),
            processing: Arc::new(Semaphore::new(1)),
        })
    }

    /// How many recordings the store does not take.
    #[must_use]
    pub fn failing_uploads(&self) -> usize {
        self.alarms.0.load(Ordering::Relaxed)
    }
}

/// Counts recordings that something is wrong with.
#[derive(Clone, Debug, Default)]
struct Alarms(Arc<AtomicUsize>);

/// As long as it lives, something is wrong with a recording.
#[derive(Debug)]
struct Alarm(Alarms);

impl Alarms {
    fn raise(&self) -> Alarm {
        self.0.fetch_add(1, Ordering::Relaxed);
        Alarm(self.clone())
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a recording has, for its session's row.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Facts {
    /// How much room it takes.
    pub bytes: i64,
    /// How long it is.
    pub duration_us: i64,
    /// Of its pictures (RFC 6381).
    pub codecs: Vec<String>,
    /// Of its sound.
    pub audio_codecs: Vec<String>,
}

impl Facts {
    /// As its journal has it.
    #[must_use]
    pub fn of(catalogue: &Catalogue) -> Facts {
        let bytes: u64 = catalogue.segments().iter().map(|segment| segment.bytes).sum();
        let codecs = |kind| {
            let mut codecs: Vec<String> = Vec::new();
            for init in catalogue.inits().iter().filter(|init| init.kind == kind) {
                if !codecs.contains(&init.codecs) {
                    codecs.push(init.codecs.clone());
                }
            }
            codecs
        };
        Facts {
            bytes: i64::try_from(bytes).unwrap_or(i64::MAX),
            duration_us: catalogue.duration_us(),
            codecs: codecs(Kind::Video),
            audio_codecs: codecs(Kind::Audio),
        }
    }
}

/// The folder of a session's recording.
#[must_use]
pub fn folder(app: &App, session: Uuid) -> PathBuf {
    app.config.data.recordings().join(session.to_string())
}

/// How a file of a session's recording is called in the store.
#[must_use]
pub fn object_name(session: Uuid, file: &str) -> String {
    format!("{}/{file}", objects(session))
}

/// What the names of all objects of a session's recording begin with.
fn objects(session: Uuid) -> String {
    format!("recordings/{session}")
}

impl MediaGrant {
    /// What comes before and behind a file's name in addresses for `viewer`.
    #[must_use]
    pub fn address(&self, app: &App, viewer: Option<Uuid>) -> (String, String) {
        let key = &app.keys.segments;
        (self.prefix(key), self.query(viewer, key))
    }
}

/// The master playlist of a recording that is played from the catalogue, whatever has become of its replay, with addresses
/// for `viewer`. Whoever asks decides who may.
///
/// # Errors
/// 404 when there is none.
pub async fn library_master(app: &App, session: Uuid, viewer: Option<Uuid>) -> Result<String> {
    let grant = MediaGrant::for_library(session, Ts::now());
    app.recordings.admissions.check(app, &grant, viewer).await?;
    let (prefix, query) = grant.address(app, viewer);
    playlists::master(journal(app, session).await?, prefix, query, true).await
}

/// Small pictures for the time line of a recording that is played from the catalogue, as WebVTT with addresses for
/// `viewer`. Whoever asks decides who may.
///
/// # Errors
/// 404 when there are none.
pub async fn library_storyboard(app: &App, session: Uuid, viewer: Option<Uuid>) -> Result<String> {
    let grant = MediaGrant::for_library(session, Ts::now());
    app.recordings.admissions.check(app, &grant, viewer).await?;
    addressed_storyboard(app, &grant, viewer).await
}

/// The pictures for the time line of the recording that `grant` is for.
async fn addressed_storyboard(app: &App, grant: &MediaGrant, viewer: Option<Uuid>) -> Result<String> {
    let (prefix, query) = grant.address(app, viewer);
    let index = read_small(app, grant.session, storyboard::INDEX).await?;
    Ok(storyboard::addressed(&String::from_utf8_lossy(&index), &prefix, &query))
}

/// A small file of a session's recording, from the disk or the store.
///
/// # Errors
/// 404 when there is none; 503 when the store does not answer.
async fn read_small(app: &App, session: Uuid, name: &str) -> Result<Bytes> {
    match (
        tokio::fs::read(folder(app, session).join(name)).await,
        &app.recordings.store,
    ) {
        (Ok(bytes), _) => Ok(bytes.into()),
        (Err(_), None) => Err(Error::NotFound("recording")),
        (Err(_), Some(store)) => Ok(store.get_all(&object_name(session, name)).await?),
    }
}

/// The journal of a session's recording: from here, or else from the store, where the server that records it puts what
/// can be played already.
///
/// # Errors
/// 404 when there is none; 503 when the store does not answer.
async fn journal(app: &App, session: Uuid) -> Result<Bytes> {
    match (
        tokio::fs::read(folder(app, session).join(playlists::JOURNAL)).await,
        &app.recordings.store,
    ) {
        (Ok(bytes), _) => Ok(bytes.into()),
        (Err(error), None) if error.kind() == ErrorKind::NotFound => Err(Error::NotFound("recording")),
        (Err(error), None) => Err(error.into()),
        (Err(_), Some(store)) => {
            // It may grow: what is in memory under this name is asked for again when the time has another one.
            let name = format!("{}.{}", playlists::JOURNAL, Ts::now().unix_s() / JOURNAL_GOOD_S);
            let key = (session, name);
            let load = async || Ok(store.get_all(&object_name(session, playlists::JOURNAL)).await?);
            match app.recordings.cache.place(&key, Admit::Always) {
                Some(place) => app.recordings.cache.fill(&key, &place, load).await,
                None => load().await,
            }
        }
    }
}

/// Room that is left on the disk of the data folder.
///
/// # Errors
/// The disk's.
fn free_bytes(app: &App) -> Result<u64> {
    let disk = rustix::fs::statvfs(&app.config.data.dir).map_err(std::io::Error::from)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}
