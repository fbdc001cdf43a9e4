//! From packets to CMAF segments and HLS playlists, without touching a disk or a clock.
//!
//! [`Recorder`] takes a stream's [`Feed`](crate::forward::feed::Feed) and says what to write, in the order in which it
//! must reach the disk. The journal ([`Entry`] by line) lists what is whole; [`Catalogue`] is what a journal says, and
//! [`playlist`] writes HLS from it. After a crash, [`repair`] finds what can be kept of the segments that were growing:
//!
//! ```text
//! packets → reorder → source: frames on one time line → presentation: parts → rendition → segment → fmp4 → Write
//! journal → Catalogue → playlist
//!            + tails + repair → the journal goes on (Recorder::resume)
//! ```
//!
//! Each encoding of the picture is a rendition. All of them begin their segments at common cuts, each at its own first key
//! frame from there on; sound follows the pictures.
//!
//! One file set holds one track. Times inside the media count from the beginning of the recording on the server's
//! clock, over publisher restarts and server restarts, in 90 kHz for pictures and 48 kHz for sound.

mod fmp4;
mod fragments;
mod journal;
mod listing;
pub mod movie;
mod movie_boxes;
pub mod playlist;
mod presentation;
mod recorder;
mod rendition;
mod reorder;
mod repair;
mod segment;
mod silence;
mod source;
#[cfg(test)]
mod tests;
mod timeline;
mod track;

pub use fragments::{Fragment, SampleInfo, fragments, sample_entry};
pub use journal::{Catalogue, Entry, Init, Segment, Tail, VERSION};
pub use recorder::Recorder;
pub use repair::{Repaired, repair};
pub use silence::silence;
pub use track::{TrackWriter, positions, time_ns};

use crate::id::TrackId;
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::time::Duration;

/// Encodings of a picture are of one camera: what they make of one moment may be timed this much differently.
const SAME_FRAME_NS: i64 = timeline::NS_PER_S / 10;

/// How a recording is cut.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Config {
    /// A segment ends at the first key frame after this; where none comes, the publisher is asked for one.
    pub segment_target: Duration,
    /// A segment ends after this even without a key frame.
    pub segment_limit: Duration,
    /// What was recorded is written at least this often: the most that a crash costs, together with `reorder_wait`.
    pub fragment_target: Duration,
    /// How long a missing packet is waited for.
    pub reorder_wait: Duration,
    /// How long the first track waits for the others, so that all begin together; nothing is written meanwhile.
    pub start_wait: Duration,
}

impl Default for Config {
    fn default() -> Config {
        Config {
            // Key frames that come every two seconds do not all come exactly then.
            segment_target: Duration::from_millis(1_900),
            segment_limit: Duration::from_secs(15),
            fragment_target: Duration::from_millis(400),
            reorder_wait: Duration::from_millis(400),
            start_wait: Duration::from_millis(800),
        }
    }
}

/// Something to do, in this order.
#[derive(Clone, PartialEq, Debug)]
pub enum Write {
    /// Put `bytes` at `offset` of the recording's file. With `offset` 0 the file is new: one that is there already is a
    /// leftover that no journal lists, and is replaced. Otherwise the file has just this length.
    Append {
        /// Which file of the recording's folder.
        file: FileName,
        /// Where, in bytes from the file's beginning.
        offset: u64,
        /// What.
        bytes: Bytes,
    },
    /// Append a line to the journal, after everything before it is written.
    Journal(Entry),
    /// Ask the publisher of the track for a key frame.
    RequestKeyFrame {
        /// Which track.
        track: TrackId,
    },
}

/// The name of a file in a recording's folder: lower-case letters, digits, `-` and `.`, never beginning with a dot; so
/// it is safe in a path and in a URL.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct FileName(String);

impl FileName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn init(rendition: &str, part: u32) -> FileName {
        FileName(format!("{rendition}-{part}.mp4"))
    }

    fn segment(rendition: &str, part: u32, index: usize) -> FileName {
        FileName(format!("{rendition}-{part}-{index:05}.m4s"))
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<FileName> for String {
    fn from(name: FileName) -> String {
        name.0
    }
}

impl TryFrom<String> for FileName {
    type Error = InvalidFileName;

    fn try_from(name: String) -> Result<FileName, InvalidFileName> {
        let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
        let is_name = !name.is_empty() && name.len() <= 64 && !name.starts_with('.') && name.bytes().all(is_allowed);
        if is_name {
            Ok(FileName(name))
        } else {
            Err(InvalidFileName)
        }
    }
}

/// Not a file name of a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("not a file name of a recording")]
pub struct InvalidFileName;
