//! From a stream to files: one thread a recorded stream, fed by the shard of its publisher through a bounded channel, so
//! that no disk can slow a class.
//!
//! | file | what is in it |
//! |---|---|
//! | `disk` | what is needed of a file system |
//! | `folder` | one recording on the disk: appending, repairing, syncing |
//! | `made` | a recording of media that is all there |
//! | `task` | the thread: packets in, writes out, what happens when the disk fails |

mod disk;
mod folder;
mod made;
#[cfg(test)]
mod power_cut_tests;
mod task;

pub use made::{Beginning, Syncs, make};

use super::hub::Hub;
use super::types::{LiveEvent, RecordingStatus};
use crate::id::session_of;
use folder::Folder;
use lectern_media::forward::feed::Feed;
use lectern_media::id::StreamId;
use lectern_media::record::Entry;
use parking_lot::{Condvar, Mutex};
use std::collections::{HashMap, VecDeque};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, TrySendError, sync_channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use task::Task;
use tokio::sync::watch;

/// Facts that wait for a recorder: some 20 seconds of a stream, which a disk may be stuck.
const MAX_WAITING: usize = 2048;

/// Facts without packets that are kept when even that is full. They are rare.
const MAX_HELD: usize = 256;

/// A disk that has not taken a write for so long is failing.
const STUCK: Duration = Duration::from_secs(5);

/// The end of a stream waits so long for its recording.
const FINISH_TIME: Duration = Duration::from_secs(10);

/// The recordings in progress.
pub(super) struct Recorders {
    folder: Option<PathBuf>,
    running: Mutex<HashMap<StreamId, Arc<Progress>>>,
    one_is_over: Condvar,
}

/// A recorder that has caught up with its stream.
const RESTING: u64 = u64::MAX;

/// What others see of a recording in progress.
#[derive(Debug)]
struct Progress {
    /// The stream is over: the thread is to finish the recording.
    is_ending: AtomicBool,
    is_failing: AtomicBool,
    /// Facts that were lost because the thread did not keep up.
    lost: AtomicU64,
    /// Since when the thread has been at work without a pause, in microseconds after `started`; [`RESTING`]: it has
    /// nothing to do.
    busy_since_us: AtomicU64,
    started: Instant,
    is_over: watch::Sender<bool>,
}

/// The shard's end of the channel to a recorder.
pub(super) struct RecorderInput {
    sender: SyncSender<Feed>,
    /// What has to arrive though the channel was full.
    held: VecDeque<Feed>,
    progress: Arc<Progress>,
}

/// What became of a fact.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Handed {
    /// It is on its way.
    Over,
    /// The recorder is behind: packets were lost.
    Lost,
    /// There is no recorder any more.
    Gone,
}

impl RecorderInput {
    /// Hands a fact over without ever waiting.
    pub(super) fn send(&mut self, feed: Feed) -> Handed {
        while let Some(held) = self.held.pop_front() {
            match self.sender.try_send(held) {
                Ok(()) => {}
                Err(TrySendError::Full(held)) => {
                    self.held.push_front(held);
                    return self.hold(feed);
                }
                Err(TrySendError::Disconnected(_)) => return Handed::Gone,
            }
        }
        match self.sender.try_send(feed) {
            Ok(()) => Handed::Over,
            Err(TrySendError::Full(feed)) => self.hold(feed),
            Err(TrySendError::Disconnected(_)) => Handed::Gone,
        }
    }

    fn hold(&mut self, feed: Feed) -> Handed {
        if !matches!(feed, Feed::Packets { .. }) && self.held.len() < MAX_HELD {
            self.held.push_back(feed);
            return Handed::Over;
        }
        self.progress.lost.fetch_add(1, Ordering::Relaxed);
        Handed::Lost
    }
}

impl Progress {
    /// The thread waits for its stream.
    fn rest(&self) {
        self.busy_since_us.store(RESTING, Ordering::Relaxed);
    }

    /// The thread has something to do.
    fn work(&self, now: Instant) {
        if self.busy_since_us.load(Ordering::Relaxed) == RESTING {
            let since = now.saturating_duration_since(self.started).as_micros();
            self.busy_since_us
                .store(u64::try_from(since).unwrap_or(RESTING), Ordering::Relaxed);
        }
    }

    /// Whether the disk does not take what is recorded.
    fn is_failing(&self) -> bool {
        self.is_failing.load(Ordering::Relaxed) || self.lag() >= STUCK
    }

    /// How far the thread is behind its stream.
    fn lag(&self) -> Duration {
        match self.busy_since_us.load(Ordering::Relaxed) {
            RESTING => Duration::ZERO,
            since => self.started.elapsed().saturating_sub(Duration::from_micros(since)),
        }
    }
}

impl Recorders {
    /// Recordings go into folders of `folder`; `None`: nothing is recorded. Recordings that a crash has cut off are made
    /// whole first.
    pub(super) fn new(folder: Option<PathBuf>) -> Recorders {
        if let Some(folder) = &folder {
            recover_all(folder);
        }
        Recorders {
            folder,
            running: Mutex::default(),
            one_is_over: Condvar::new(),
        }
    }

    /// Whether anything is recorded.
    pub(super) fn are_on(&self) -> bool {
        self.folder.is_some()
    }

    /// How a recording in progress is doing; `None`: it is not in progress.
    pub(super) fn status(&self, stream: StreamId) -> Option<RecordingStatus> {
        let running = self.running.lock();
        Some(match running.get(&stream)?.is_failing() {
            true => RecordingStatus::DiskFailing,
            false => RecordingStatus::Writing,
        })
    }

    /// How far the one that is furthest behind is behind its stream.
    pub(super) fn lag(&self) -> Duration {
        let running = self.running.lock();
        running
            .values()
            .map(|progress| progress.lag())
            .max()
            .unwrap_or_default()
    }

    /// How many the disk does not take.
    pub(super) fn failing(&self) -> usize {
        let running = self.running.lock();
        running.values().filter(|progress| progress.is_failing()).count()
    }

    /// Starts the recorder of a stream; `None` when it is running or cannot be.
    pub(super) fn start(&self, stream: StreamId, hub: &Arc<Hub>) -> Option<RecorderInput> {
        let path = self.path(stream)?;
        let mut running = self.running.lock();
        if running.contains_key(&stream) {
            return None;
        }
        let progress = Arc::new(Progress {
            is_ending: false.into(),
            is_failing: false.into(),
            lost: AtomicU64::new(0),
            busy_since_us: AtomicU64::new(RESTING),
            started: Instant::now(),
            is_over: watch::channel(false).0,
        });
        let (sender, receiver) = sync_channel(MAX_WAITING);
        let (hub, progress_there) = (Arc::clone(hub), Arc::clone(&progress));
        let thread = std::thread::Builder::new().name("recorder".into()).spawn(move || {
            let _over = Over {
                stream,
                progress: Arc::clone(&progress_there),
                hub: Arc::clone(&hub),
            };
            Task::new(stream, path, hub, progress_there).run(&receiver);
        });
        if let Err(error) = thread {
            tracing::error!(%error, ?stream, "no thread for the recorder: the class is not recorded");
            return None;
        }
        running.insert(stream, Arc::clone(&progress));
        Some(RecorderInput {
            sender,
            held: VecDeque::new(),
            progress,
        })
    }

    /// Waits until the recording of a stream that has ended is finished, and finishes the one that an earlier run of the
    /// server has left.
    pub(super) async fn finish(&self, stream: StreamId, hub: &Arc<Hub>) {
        let running = self.running.lock().get(&stream).cloned();
        if let Some(progress) = running {
            progress.is_ending.store(true, Ordering::Release);
            let mut is_over = progress.is_over.subscribe();
            if tokio::time::timeout(FINISH_TIME, is_over.wait_for(|is_over| *is_over))
                .await
                .is_err()
            {
                tracing::error!(
                    ?stream,
                    "the recording is not finished yet: the disk is slow or failing"
                );
            }
            return;
        }
        let Some(path) = self.path(stream) else { return };
        match tokio::task::spawn_blocking(move || finish_folder(&path)).await {
            Ok(Ok(true)) => hub.tell(LiveEvent::RecordingEnded(stream)),
            Ok(Ok(false)) => {}
            Ok(Err(error)) => tracing::error!(%error, ?stream, "the recording cannot be finished"),
            Err(error) => tracing::error!(%error, ?stream, "the recording cannot be finished"),
        }
    }

    /// Waits until every thread has written what it has. Their inputs must be gone.
    pub(super) fn wait(&self) {
        let mut running = self.running.lock();
        self.one_is_over
            .wait_while_for(&mut running, |running| !running.is_empty(), FINISH_TIME);
    }

    fn path(&self, stream: StreamId) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.join(session_of(stream).to_string()))
    }
}

/// Tells that a recorder has stopped, however it stopped.
struct Over {
    stream: StreamId,
    progress: Arc<Progress>,
    hub: Arc<Hub>,
}

impl Drop for Over {
    fn drop(&mut self) {
        self.hub.recorders.running.lock().remove(&self.stream);
        self.hub.recorders.one_is_over.notify_all();
        self.progress.is_over.send_replace(true);
    }
}

/// Makes whole what a crash has cut off, so that every replay can be played up to where it was written.
fn recover_all(recordings: &Path) {
    let entries = match std::fs::read_dir(recordings) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => {
            return tracing::error!(%error, folder = %recordings.display(), "cannot look through the recordings");
        }
    };
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        match Folder::is_cut_off(&path) {
            Ok(false) => continue,
            Ok(true) => match Folder::open(&path) {
                Ok(_) => tracing::info!(folder = %path.display(), "made a recording whole that was not finished"),
                Err(error) => tracing::error!(%error, folder = %path.display(), "cannot repair a recording"),
            },
            Err(error) => tracing::error!(%error, folder = %path.display(), "cannot read a recording's journal"),
        }
    }
}

/// Writes the end of a recording that has none; false when there is nothing to end.
fn finish_folder(path: &Path) -> io::Result<bool> {
    if !Folder::is_cut_off(path)? {
        return Ok(false);
    }
    let (mut folder, _) = Folder::open(path)?;
    folder.append_entry(&Entry::End { unix_us: unix_us() })?;
    folder.sync()?;
    Ok(true)
}

/// Microseconds since 1970 by the machine's clock.
fn unix_us() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
