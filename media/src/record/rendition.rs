//! One track's frames into its segments during one part, and what stands in for frames that do not come.

use super::segment::SegmentWriter;
use super::timeline::{NS_PER_S, ticks_to_ns};
use super::{Config, Write};
use crate::codec::{Codec, Description, Kind, opus};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

/// A hole in the sound that is longer than this is filled with silence; a shorter one belongs to the packet before it.
const SOUND_HOLE_NS: i64 = NS_PER_S / 1000 * 60;

/// The most silence that is written at once; a longer absence stays a hole.
const MAX_SILENCE_NS: i64 = 60 * NS_PER_S;

/// How long the last picture of a part lasts where nothing tells.
const LAST_PICTURE_NS: i64 = NS_PER_S / 30;

/// Whether a frame ended a segment, so that the other renditions end theirs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cut {
    /// The frame begins a segment.
    Here,
    /// The segment goes on.
    NotYet,
}

/// Whose key frames decide where segments end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lead {
    /// This rendition's own.
    Own,
    /// Those of the leading rendition; see [`Rendition::cut_at`].
    Other,
}

/// A rendition of the recording.
#[derive(Debug)]
pub(super) struct Rendition {
    name: String,
    codec: Codec,
    config: Config,
    writer: Option<SegmentWriter>,
    /// What the init segment of the present part says.
    described: Option<Arc<Description>>,
    /// The newest key frame, for a picture that stands still.
    still: Vec<u8>,
    /// Where the newest frame ends; for pictures a guess from the frame before.
    pub(super) end: i64,
    /// Where the leading rendition was cut; this one is cut at its next frame that allows it.
    pub(super) cut_at: Option<i64>,
}

impl Rendition {
    /// A rendition without media.
    pub(super) fn new(name: String, codec: Codec, config: Config) -> Rendition {
        Rendition {
            name,
            codec,
            config,
            writer: None,
            described: None,
            still: Vec::new(),
            end: 0,
            cut_at: None,
        }
    }

    /// Sound or picture.
    pub(super) fn kind(&self) -> Kind {
        self.codec.kind()
    }

    /// Whether it has begun in the present part.
    pub(super) fn is_open(&self) -> bool {
        self.writer.is_some()
    }

    /// What the init segment of the present part says, once it is written.
    pub(super) fn described(&self) -> Option<&Arc<Description>> {
        self.described.as_ref()
    }

    /// When the newest frame begins, once there is one in the present part.
    pub(super) fn newest(&self) -> Option<i64> {
        self.writer.as_ref().and_then(|writer| writer.newest_ns())
    }

    /// How much of the present segment lies before `time`.
    pub(super) fn since_cut(&self, time: i64) -> i64 {
        let start = self.writer.as_ref().and_then(|writer| writer.segment_start_ns());
        start.map_or(0, |start| time - start)
    }

    /// Writes the init segment of a part.
    pub(super) fn open(
        &mut self,
        part: u32,
        start_us: i64,
        description: &Arc<Description>,
        writes: &mut VecDeque<Write>,
    ) {
        let (kind, rate) = (self.codec.kind(), self.codec.clock_rate());
        self.described = Some(description.clone());
        self.writer = Some(SegmentWriter::new(
            &self.name,
            kind,
            rate,
            part,
            start_us,
            description,
            writes,
        ));
    }

    /// Ends the part at [`Rendition::end`].
    pub(super) fn close(&mut self, writes: &mut VecDeque<Write>) {
        if let Some(writer) = self.writer.take() {
            writer.close(self.end, writes);
        }
        self.forget();
    }

    /// Ends the part without writing anything.
    pub(super) fn forget(&mut self) {
        (self.writer, self.described, self.cut_at) = (None, None, None);
    }

    /// Adds to the newest picture.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        if self.kind() == Kind::Video
            && let Some(writer) = &mut self.writer
        {
            writer.extend(bytes);
        }
    }

    /// Adds a picture that is shown at `time`.
    pub(super) fn push_picture(
        &mut self,
        time: i64,
        key: bool,
        bytes: &[u8],
        lead: Lead,
        writes: &mut VecDeque<Write>,
    ) -> Cut {
        let step = self.newest().map_or(LAST_PICTURE_NS, |newest| time - newest);
        let Some(writer) = &mut self.writer else {
            return Cut::NotYet;
        };
        writer.push(time, key, bytes);
        self.end = self.end.max(time + step.clamp(1, 3 * LAST_PICTURE_NS));
        if key {
            self.still.clear();
            self.still.extend_from_slice(bytes);
        }
        let is_long = self.since_cut(time) >= duration_ns(self.config.segment_limit);
        if is_long || (key && self.is_due(time, lead)) {
            self.cut(writes)
        } else {
            Cut::NotYet
        }
    }

    /// Shows the newest key frame again at `time`.
    pub(super) fn repeat_picture(&mut self, time: i64, lead: Lead, writes: &mut VecDeque<Write>) -> Cut {
        let bytes = std::mem::take(&mut self.still);
        self.push_picture(time, true, &bytes, lead, writes)
    }

    /// Adds sound that is heard at `time`, after silence where it was away for long.
    pub(super) fn push_sound(&mut self, time: i64, bytes: &[u8], lead: Lead, writes: &mut VecDeque<Write>) {
        self.push_silence(time - SOUND_HOLE_NS, lead, writes);
        self.push_packet(time, bytes, lead, writes);
    }

    /// Adds silence from where the sound ends up to `until`, if that is later.
    pub(super) fn push_silence(&mut self, until: i64, lead: Lead, writes: &mut VecDeque<Write>) {
        let length = ticks_to_ns(i64::from(opus::SILENCE_SAMPLES), self.codec.clock_rate());
        let mut time = self.end.max(until.saturating_sub(MAX_SILENCE_NS));
        while time < until {
            self.push_packet(time, &opus::SILENCE, lead, writes);
            time += length;
        }
    }

    /// Writes what has waited long enough for the next fragment, or is more than `max_bytes`.
    pub(super) fn flush(&mut self, max_bytes: usize, writes: &mut VecDeque<Write>) {
        let target = duration_ns(self.config.fragment_target);
        if let Some(writer) = &mut self.writer
            && (writer.unwritten_ns() >= target || writer.unwritten_bytes() > max_bytes)
        {
            writer.flush(writes);
        }
    }

    fn push_packet(&mut self, time: i64, bytes: &[u8], lead: Lead, writes: &mut VecDeque<Write>) {
        if self.newest().is_some_and(|newest| time <= newest) {
            return; // came after silence was written in its place
        }
        let Some(writer) = &mut self.writer else { return };
        writer.push(time, true, bytes);
        self.end = time + ticks_to_ns(i64::from(opus::samples(bytes)), self.codec.clock_rate());
        if self.is_due(time, lead) {
            self.cut(writes);
        }
    }

    fn is_due(&self, time: i64, lead: Lead) -> bool {
        match lead {
            Lead::Own => self.since_cut(time) >= duration_ns(self.config.segment_target),
            Lead::Other => self.cut_at.is_some_and(|at| time >= at),
        }
    }

    fn cut(&mut self, writes: &mut VecDeque<Write>) -> Cut {
        if let Some(writer) = &mut self.writer {
            writer.cut(writes);
        }
        self.cut_at = None;
        Cut::Here
    }
}

/// A duration as nanoseconds of the time line.
pub(super) fn duration_ns(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
