//! A recorder's thread: what the stream says goes into the recorder, what the recorder says goes to the disk.
//!
//! A disk that fails never touches the class: what cannot be written is dropped, the disk is tried again, and the
//! recording goes on as a new part when there is room. A disk that is stuck makes the thread late, and nothing else:
//! facts wait, and the recorder's clock is that of the facts until the thread has caught up.

use super::folder::Folder;
use super::{Progress, STUCK, unix_us};
use crate::live::hub::Hub;
use crate::live::types::LiveEvent;
use lectern_media::forward::feed::Feed;
use lectern_media::id::StreamId;
use lectern_media::record::{Config, Entry, Recorder, Write};
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// What is written reaches the disk after this.
pub(super) const SYNC_INTERVAL: Duration = Duration::from_millis(500);

/// A disk that failed is tried again after this.
const RETRY: Duration = Duration::from_secs(2);

/// The thread looks at this interval whether something is asked of it.
const LOOK: Duration = Duration::from_millis(500);

/// Facts that are remembered before the disk worked for the first time.
const MAX_EARLY: usize = 64;

/// See the module.
pub(super) struct Task {
    stream: StreamId,
    path: PathBuf,
    hub: Arc<Hub>,
    progress: Arc<Progress>,
    /// Missing while the disk fails.
    folder: Option<Folder>,
    /// Missing until the disk has worked once: then it is known whether this recording goes on.
    recorder: Option<Recorder>,
    early: Vec<Feed>,
    retry_at: Instant,
    sync_at: Option<Instant>,
    /// How far the stream is known: what waits is of later.
    stream_time: Instant,
    lost: u64,
    has_started: bool,
    has_ended: bool,
}

impl Task {
    /// A thread's work for the recording at `path`.
    pub(super) fn new(stream: StreamId, path: PathBuf, hub: Arc<Hub>, progress: Arc<Progress>) -> Task {
        Task {
            stream,
            path,
            hub,
            progress,
            folder: None,
            recorder: None,
            early: Vec::new(),
            retry_at: Instant::now(),
            sync_at: None,
            stream_time: Instant::now(),
            lost: 0,
            has_started: false,
            has_ended: false,
        }
    }

    /// Runs until the stream has ended, or the shard is gone because the server stops.
    pub(super) fn run(mut self, feeds: &Receiver<Feed>) {
        self.look_at_disk(Instant::now());
        while !self.has_ended {
            let waiting = feeds.try_recv().ok();
            let is_behind = waiting.is_some();
            let received = waiting.map_or_else(
                || {
                    self.progress.rest();
                    feeds.recv_timeout(self.patience(Instant::now()))
                },
                Ok,
            );
            let now = Instant::now();
            self.progress.work(now);
            let feed = match received {
                Ok(feed) => Some(feed),
                Err(RecvTimeoutError::Timeout) if self.progress.is_ending.load(Ordering::Acquire) => Some(Feed::Ended),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => break,
            };
            self.stream_time = match (is_behind, feed.as_ref().and_then(arrival)) {
                (false, _) => now,
                (true, arrived) => arrived.map_or(self.stream_time, |at| at.max(self.stream_time)),
            };
            if let Some(feed) = feed {
                self.take(self.stream_time, feed);
            }
            self.work(now);
            let took = now.elapsed();
            if took >= STUCK {
                let (seconds, folder) = (took.as_secs(), self.path.display());
                tracing::warn!(seconds, %folder, "the disk was stuck; what was sent meanwhile is recorded now");
            }
        }
        if !self.has_ended {
            // The publisher may come back after the restart; what it has sent until now is kept.
            self.stream_time = Instant::now();
            self.take(self.stream_time, Feed::PublisherGone);
            self.work(Instant::now());
        }
        self.sync_at = Some(Instant::now());
        self.sync(Instant::now());
        if self.has_ended {
            self.hub.tell(LiveEvent::RecordingEnded(self.stream));
        }
    }

    fn patience(&self, now: Instant) -> Duration {
        let recorder = self.recorder.as_ref().and_then(Recorder::poll_timeout);
        let due = [recorder, self.sync_at].into_iter().flatten().min();
        due.map_or(LOOK, |at| at.saturating_duration_since(now)).min(LOOK)
    }

    fn take(&mut self, now: Instant, feed: Feed) {
        self.has_ended |= matches!(feed, Feed::Ended);
        match &mut self.recorder {
            Some(recorder) => recorder.handle(now, &feed),
            None if matches!(feed, Feed::Packets { .. }) || self.early.len() >= MAX_EARLY => {}
            None => self.early.push(feed),
        }
    }

    fn work(&mut self, now: Instant) {
        if self.folder.is_none() && (now >= self.retry_at || self.has_ended) {
            self.look_at_disk(now);
        }
        if let Some(recorder) = &mut self.recorder {
            recorder.handle_timeout(self.stream_time);
        }
        self.write(now);
        self.sync(now);
        let lost = self.progress.lost.load(Ordering::Relaxed);
        if lost > self.lost {
            tracing::warn!(stream = ?self.stream, lost = lost - self.lost, "the disk is slow: the replay has gaps");
            self.lost = lost;
        }
    }

    fn write(&mut self, now: Instant) {
        while let Some(write) = self.recorder.as_mut().and_then(Recorder::poll_write) {
            if let Write::RequestKeyFrame { track } = write {
                self.hub.want_key_frame(self.stream, track);
                continue;
            }
            let Some(folder) = &mut self.folder else { continue };
            if let Err(error) = folder.apply(&write) {
                self.fail(now, &error);
                continue;
            }
            self.sync_at.get_or_insert(now + SYNC_INTERVAL);
            if let Write::Journal(Entry::Segment(_)) = write
                && !std::mem::replace(&mut self.has_started, true)
            {
                self.hub.tell(LiveEvent::RecordingStarted(self.stream));
            }
        }
    }

    fn sync(&mut self, now: Instant) {
        if self.sync_at.is_none_or(|at| now < at) {
            return;
        }
        self.sync_at = None;
        match self.folder.as_mut().map(Folder::sync) {
            Some(Err(error)) => self.fail(now, &error),
            Some(Ok(())) if self.progress.is_failing.swap(false, Ordering::Relaxed) => {
                tracing::info!(folder = %self.path.display(), "the recording goes on");
            }
            _ => {}
        }
    }

    fn fail(&mut self, now: Instant, error: &io::Error) {
        self.folder = None;
        self.sync_at = None;
        self.retry_at = now + RETRY;
        if !self.progress.is_failing.swap(true, Ordering::Relaxed) {
            let folder = self.path.display();
            tracing::error!(%error, %folder, "the recording cannot be written; the class goes on without it");
            self.hub.tell(LiveEvent::RecordingFailing(self.stream));
        }
    }

    /// Opens the folder, and lets the recorder begin or go on there.
    fn look_at_disk(&mut self, now: Instant) {
        let (folder, catalogue) = match Folder::open(&self.path) {
            Ok(opened) => opened,
            Err(error) => return self.fail(now, &error),
        };
        match &mut self.recorder {
            Some(recorder) => recorder.recover(&catalogue),
            None => {
                let mut recorder = Recorder::resume(Config::default(), &catalogue, now, unix_us());
                self.early.drain(..).for_each(|feed| recorder.handle(now, &feed));
                self.recorder = Some(recorder);
                self.has_started = !catalogue.segments().is_empty();
            }
        }
        self.folder = Some(folder);
    }
}

/// When the newest packet of a fact arrived.
fn arrival(feed: &Feed) -> Option<Instant> {
    match feed {
        Feed::Packets { batch, .. } => batch.packets().map(|packet| packet.meta.arrived).max(),
        _ => None,
    }
}
