//! The journal of a recording: one JSON object a line, only ever appended to. What it lists is on the disk; playlists
//! are written from it.

use super::repair::Repaired;
use super::timeline::ticks_to_ns;
use super::{FileName, SAME_FRAME_NS};
use crate::codec::Kind;
use serde::{Deserialize, Serialize};

/// The version of the journal that this build writes. It reads this one and older ones.
pub const VERSION: u32 = 1;

/// One line of the journal. Times are microseconds since 1970, UTC. Readers skip fields that they do not know.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "snake_case")]
pub enum Entry {
    /// The recording began. Times inside the media count from here.
    Start {
        /// [`VERSION`] of the writer.
        version: u32,
        /// The server's wall clock.
        unix_us: i64,
    },
    /// From here on nothing continues what was before: another publisher, another codec or picture size, or a server
    /// that was started again. For all renditions at once.
    Discontinuity {
        /// Counts from 0, which has no entry of its own.
        part: u32,
        /// Where the part begins.
        pdt_us: i64,
    },
    /// All pictures of the newest part are cut here: each of its renditions has one segment from there on, or none while
    /// its publisher does not send it. A segment that begins later than the cut begins with that rendition's first key
    /// frame after it.
    Cut {
        /// In nanoseconds since the recording began.
        at_ns: i64,
    },
    /// An init segment is written.
    Init(Init),
    /// A media segment is written and will not change.
    Segment(Segment),
    /// A track cannot be recorded; viewers see it live only.
    NotRecorded {
        /// The codec as in the session description.
        codec: String,
    },
    /// The recording is over.
    End {
        /// The server's wall clock.
        unix_us: i64,
    },
}

/// What a rendition looks like during one part.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Init {
    /// Which rendition: a name that is unique within the recording.
    pub rendition: String,
    /// Sound or picture.
    #[serde(with = "kind_names")]
    pub kind: Kind,
    /// During which part.
    pub part: u32,
    /// The file.
    pub file: FileName,
    /// Codec and profile (RFC 6381).
    pub codecs: String,
    /// Ticks per second in this rendition's segments.
    pub timescale: u32,
    /// Pixels, 0 for sound.
    pub width: u16,
    /// Pixels, 0 for sound.
    pub height: u16,
}

/// A media segment.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Segment {
    /// Which rendition.
    pub rendition: String,
    /// In which part.
    pub part: u32,
    /// The file.
    pub file: FileName,
    /// Decoding time of the first frame, in ticks since the recording began.
    pub tfdt: u64,
    /// From the beginning of the first frame to the end of the last, in ticks.
    pub duration: u64,
    /// The file's size.
    pub bytes: u64,
    /// How many frames it holds.
    pub frames: u32,
    /// Wall clock time of its first frame.
    pub pdt_us: i64,
    /// Whether a decoder can start at its first frame.
    pub key: bool,
}

/// Spells [`Kind`] in the journal.
mod kind_names {
    use crate::codec::Kind;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(kind: &Kind, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(match kind {
            Kind::Audio => "audio",
            Kind::Video => "video",
        })
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Kind, D::Error> {
        match String::deserialize(from)?.as_str() {
            "audio" => Ok(Kind::Audio),
            "video" => Ok(Kind::Video),
            other => Err(serde::de::Error::custom(format!("no such kind of media: {other}"))),
        }
    }
}

impl Entry {
    /// The entry as a line of the journal, with its line end.
    pub fn to_line(&self) -> String {
        let mut line = serde_json::to_string(self).expect("an entry has no maps and no floats");
        line.push('\n');
        line
    }
}

/// What a journal says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalogue {
    start_us: Option<i64>,
    ended: bool,
    inits: Vec<Init>,
    segments: Vec<Segment>,
    last_part: u32,
    /// Of each cut, the part and the time in nanoseconds since the recording began.
    cuts: Vec<(u32, i64)>,
    not_recorded: Vec<String>,
}

/// A segment that was being written when the recorder stopped.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Tail {
    /// The file; it need not exist.
    pub file: FileName,
    rendition: String,
    part: u32,
}

impl Catalogue {
    /// Reads a journal. Lines that cannot be read are skipped: the last may be torn, and others may be of a newer
    /// version. The second value is the length in bytes of the whole lines, to which the file is to be cut before
    /// anything is appended.
    pub fn read(journal: &[u8]) -> (Catalogue, u64) {
        let mut catalogue = Catalogue::default();
        let mut whole = 0;
        for line in journal
            .split_inclusive(|byte| *byte == b'\n')
            .filter(|line| line.ends_with(b"\n"))
        {
            whole += u64::try_from(line.len()).unwrap_or(0);
            if let Ok(entry) = serde_json::from_slice(line) {
                catalogue.apply(&entry);
            }
        }
        (catalogue, whole)
    }

    /// Takes in one entry, as if it had been read after the others.
    pub fn apply(&mut self, entry: &Entry) {
        self.ended = matches!(entry, Entry::End { .. });
        match entry {
            Entry::Start { unix_us, .. } => self.start_us = self.start_us.or(Some(*unix_us)),
            Entry::Discontinuity { part, .. } => self.last_part = self.last_part.max(*part),
            Entry::Cut { at_ns } => self.cuts.push((self.last_part, *at_ns)),
            Entry::Init(init) => self.inits.push(init.clone()),
            Entry::Segment(segment) => self.segments.push(segment.clone()),
            Entry::NotRecorded { codec } => self.not_recorded.push(codec.clone()),
            Entry::End { .. } => {}
        }
    }

    /// When the recording began, by the server's wall clock.
    pub fn start_us(&self) -> Option<i64> {
        self.start_us
    }

    /// Whether the recording is over.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The number of the newest part.
    pub fn last_part(&self) -> u32 {
        self.last_part
    }

    /// The codecs of tracks that could not be recorded.
    pub fn not_recorded(&self) -> &[String] {
        &self.not_recorded
    }

    /// All init segments, oldest first.
    pub fn inits(&self) -> &[Init] {
        &self.inits
    }

    /// All finished media segments, oldest first.
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The names of the renditions that have media: pictures first.
    pub fn renditions(&self) -> Vec<&str> {
        let mut names: Vec<(&Init, &str)> = Vec::new();
        for init in &self.inits {
            let seen = names.iter().any(|(_, name)| *name == init.rendition);
            if !seen && self.segments.iter().any(|segment| segment.rendition == init.rendition) {
                names.push((init, &init.rendition));
            }
        }
        names.sort_by_key(|(init, _)| init.kind != Kind::Video);
        names.into_iter().map(|(_, name)| name).collect()
    }

    /// The init segment of a rendition in a part.
    pub fn init(&self, rendition: &str, part: u32) -> Option<&Init> {
        self.inits
            .iter()
            .find(|init| init.rendition == rendition && init.part == part)
    }

    /// Where the media ends, in microseconds since the recording began.
    pub fn end_us(&self) -> i64 {
        self.segments
            .iter()
            .map(|segment| self.segment_end_us(segment))
            .max()
            .unwrap_or(0)
    }

    /// From the beginning of the first segment to the end of the last, in microseconds, with the pauses between.
    pub fn duration_us(&self) -> i64 {
        let start = self
            .segments
            .iter()
            .map(|segment| self.ticks_to_us(segment, segment.tfdt))
            .min()
            .unwrap_or(0);
        self.end_us() - start
    }

    /// The segments that may have been growing when the recorder stopped: one file for each rendition of the newest
    /// part. Where the file exists, give its bytes to [`super::repair`] and the result to [`Catalogue::adopt`].
    pub fn tails(&self) -> Vec<Tail> {
        let newest = self.inits.iter().filter(|init| init.part == self.last_part);
        let tail = |init: &Init| {
            let finished = self
                .segments
                .iter()
                .filter(|s| s.rendition == init.rendition && s.part == init.part);
            Tail {
                file: FileName::segment(&init.rendition, init.part, finished.count()),
                rendition: init.rendition.clone(),
                part: init.part,
            }
        };
        newest.map(tail).collect()
    }

    /// The journal entry for a repaired tail, to be written after the file was cut to `valid_len`; nothing where no
    /// fragment was whole: then the file is to be removed.
    pub fn adopt(&self, tail: &Tail, repaired: &Repaired) -> Option<Entry> {
        let init = self.init(&tail.rendition, tail.part)?;
        if repaired.fragments == 0 {
            return None;
        }
        let since_start = ticks_to_us(repaired.tfdt, init.timescale);
        let segment = Segment {
            rendition: tail.rendition.clone(),
            part: tail.part,
            file: tail.file.clone(),
            tfdt: repaired.tfdt,
            duration: repaired.duration,
            bytes: repaired.valid_len,
            frames: repaired.frames,
            pdt_us: self.start_us.unwrap_or(0).saturating_add(since_start),
            key: repaired.key,
        };
        // Where others went on without it, players were told that it is not there.
        let is_passed = init.kind == Kind::Video && self.newest_slot(tail.part) > Some(self.slot(&segment));
        (!is_passed).then_some(Entry::Segment(segment))
    }

    /// The common cut with which a picture's segment begins, counted from 0 in its part.
    pub(super) fn slot(&self, segment: &Segment) -> usize {
        let rate = self
            .init(&segment.rendition, segment.part)
            .map_or(1, |init| init.timescale);
        let begin = ticks_to_ns(i64::try_from(segment.tfdt).unwrap_or(i64::MAX), rate);
        let before = |part: u32, until: i64| self.cuts.partition_point(|(p, at)| (*p, *at) <= (part, until));
        before(segment.part, begin.saturating_add(SAME_FRAME_NS)) - before(segment.part, i64::MIN)
    }

    /// The last slot of a part in which a picture's segment is finished.
    fn newest_slot(&self, part: u32) -> Option<usize> {
        let of_part = self.segments.iter().rev().filter(|segment| segment.part == part);
        let mut pictures = of_part.filter(|segment| {
            self.init(&segment.rendition, part)
                .is_some_and(|init| init.kind == Kind::Video)
        });
        pictures.next().map(|segment| self.slot(segment))
    }

    fn segment_end_us(&self, segment: &Segment) -> i64 {
        self.ticks_to_us(segment, segment.tfdt.saturating_add(segment.duration))
    }

    fn ticks_to_us(&self, segment: &Segment, ticks: u64) -> i64 {
        self.init(&segment.rendition, segment.part)
            .map_or(0, |init| ticks_to_us(ticks, init.timescale))
    }
}

/// Ticks of a clock as microseconds.
pub(super) fn ticks_to_us(ticks: u64, timescale: u32) -> i64 {
    let us = u128::from(ticks) * 1_000_000 / u128::from(timescale.max(1));
    i64::try_from(us).unwrap_or(i64::MAX)
}
