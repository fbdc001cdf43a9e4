//! A recording of media that is all there: made at once, by the recorder that live classes have.

use super::folder::Folder;
use super::task::SYNC_INTERVAL;
use lectern_media::forward::feed::Feed;
use lectern_media::record::{Catalogue, Config, Recorder};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

/// When what is recorded is brought onto the disk for sure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syncs {
    /// Once, when all is written.
    AtTheEnd,
    /// As often as in a live class.
    AsLive,
}

/// When a class began.
#[derive(Clone, Copy, Debug)]
pub struct Beginning {
    /// By the clock that says when its packets arrived.
    pub instant: Instant,
    /// Microseconds since 1970.
    pub unix_us: i64,
}

/// Records `feeds`, each so long after the beginning, into the folder `path`. What was there is replaced.
///
/// # Errors
/// The disk's.
pub fn make(
    path: &Path,
    began: Beginning,
    feeds: impl IntoIterator<Item = (Duration, Feed)>,
    syncs: Syncs,
) -> io::Result<()> {
    match std::fs::remove_dir_all(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let (mut folder, _) = Folder::open(path)?;
    let Beginning { instant, unix_us } = began;
    let mut recorder = Recorder::resume(Config::default(), &Catalogue::default(), instant, unix_us);
    let mut now = instant;
    let mut sync_at = instant + SYNC_INTERVAL;
    for (at, feed) in feeds {
        let next = instant + at;
        while let Some(due) = recorder.poll_timeout().filter(|due| *due <= next) {
            now = now.max(due);
            recorder.handle_timeout(now);
            write(&mut recorder, &mut folder)?;
        }
        now = now.max(next);
        recorder.handle(now, &feed);
        write(&mut recorder, &mut folder)?;
        if syncs == Syncs::AsLive && now >= sync_at {
            sync_at = now + SYNC_INTERVAL;
            folder.sync()?;
        }
    }
    recorder.handle(now, &Feed::Ended);
    write(&mut recorder, &mut folder)?;
    folder.sync()
}

fn write(recorder: &mut Recorder, folder: &mut Folder) -> io::Result<()> {
    while let Some(write) = recorder.poll_write() {
        folder.apply(&write)?;
    }
    Ok(())
}
