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

/// A picture that stands still for so long at the end of a segment is no reason to show another rendition's.
const SHORT_STILL_NS: i64 = NS_PER_S / 4;

/// How long the last picture of a part lasts where nothing tells.
const LAST_PICTURE_NS: i64 = NS_PER_S / 30;

/// What a picture does to the segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cut {
    /// It begins a segment.
    Here,
    /// The segment goes on.
    NotYet,
}

/// Whether another rendition has the same picture for all of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Other {
    /// Players are given that one.
    HasIt,
    /// There is none.
    Missing,
}

/// Who decides where the segments of sound end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lead {
    /// The sound itself: there are no pictures.
    Own,
    /// The pictures; see [`Rendition::cut_at`].
    Pictures,
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
    /// A common cut that this one has not made: it is cut at its next frame from there on that allows it.
    pub(super) cut_at: Option<i64>,
    /// Its sender has stopped to send it for a while, though others of the same picture come.
    is_away: bool,
    /// Since when it goes on without a break.
    pub(super) here_since: i64,
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
            is_away: false,
            here_since: 0,
        }
    }

    /// Sound or picture.
    pub(super) fn kind(&self) -> Kind {
        self.codec.kind()
    }

    /// Whether it has begun in the present part, and is not away.
    pub(super) fn is_open(&self) -> bool {
        self.writer.is_some() && !self.is_away
    }

    /// Whether it has begun as a picture, and is not away.
    pub(super) fn is_open_picture(&self) -> bool {
        self.is_open() && self.kind() == Kind::Video
    }

    /// What the init segment of the present part says, once it is written.
    pub(super) fn described(&self) -> Option<&Arc<Description>> {
        self.described.as_ref()
    }

    /// When the newest frame begins, once there is one in the present part.
    pub(super) fn newest(&self) -> Option<i64> {
        self.writer.as_ref().and_then(|writer| writer.newest_ns())
    }

    /// Where the present segment begins, once it has a frame.
    pub(super) fn segment_start(&self) -> Option<i64> {
        self.writer.as_ref().and_then(|writer| writer.segment_start_ns())
    }

    /// How much of the present segment lies before `time`.
    fn since_cut(&self, time: i64) -> i64 {
        self.segment_start().map_or(0, |start| time - start)
    }

    /// Whether the segment is so long that it ends even without a key frame.
    pub(super) fn is_too_long(&self, time: i64) -> bool {
        self.since_cut(time) >= duration_ns(self.config.segment_limit)
    }

    /// Begins at `at`, or goes on there after it was away; writes the init segment of the part.
    pub(super) fn open(
        &mut self,
        part: u32,
        start_us: i64,
        at: i64,
        description: &Arc<Description>,
        writes: &mut VecDeque<Write>,
    ) {
        (self.here_since, self.is_away) = (at, false);
        if self.writer.is_some() {
            return;
        }
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
        if let Some(mut writer) = self.writer.take() {
            writer.close(self.end, writes);
        }
        self.forget();
    }

    /// Its sender has stopped to send it before the common cut that it has not made: the segment ends there with its
    /// last picture standing still, or is given up where `other` has all of it.
    pub(super) fn leave(&mut self, other: Other, writes: &mut VecDeque<Write>) {
        if let (Some(writer), Some(at)) = (&mut self.writer, self.cut_at.take()) {
            match other {
                Other::HasIt if at - self.end > SHORT_STILL_NS => writer.abandon(writes),
                _ => writer.close(at.max(self.end), writes),
            }
        }
        self.is_away = true;
    }

    /// Ends the part without writing anything.
    pub(super) fn forget(&mut self) {
        (self.writer, self.described, self.cut_at) = (None, None, None);
        self.is_away = false;
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
    pub(super) fn push_picture(&mut self, time: i64, key: bool, bytes: &[u8], cut: Cut, writes: &mut VecDeque<Write>) {
        let step = self.newest().map_or(LAST_PICTURE_NS, |newest| time - newest);
        let Some(writer) = &mut self.writer else { return };
        writer.push(time, key, bytes);
        self.end = self.end.max(time + step.clamp(1, 3 * LAST_PICTURE_NS));
        if key {
            self.still.clear();
            self.still.extend_from_slice(bytes);
        }
        if cut == Cut::Here {
            self.cut(writes);
        }
    }

    /// Shows the newest key frame again at `time`.
    pub(super) fn repeat_picture(&mut self, time: i64, cut: Cut, writes: &mut VecDeque<Write>) {
        let bytes = std::mem::take(&mut self.still);
        self.push_picture(time, true, &bytes, cut, writes);
    }

    /// Adds sound that is heard at `time`, after silence where it was away for long, or has not begun before.
    pub(super) fn push_sound(&mut self, time: i64, bytes: &[u8], lead: Lead, writes: &mut VecDeque<Write>) {
        let (begin, is_first) = (self.end, self.newest().is_none());
        let hole = if is_first { self.silence_ns() } else { SOUND_HOLE_NS };
        self.push_silence(time - hole, lead, writes);
        // No packet of silence is so short as what is left then: the first sound begins with the part.
        let at = if is_first && self.newest().is_none() {
            time.min(begin)
        } else {
            time
        };
        self.push_packet(at, bytes, lead, writes);
    }

    /// Adds silence from where the sound ends up to `until`, if that is later.
    pub(super) fn push_silence(&mut self, until: i64, lead: Lead, writes: &mut VecDeque<Write>) {
        let length = self.silence_ns();
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

    /// How long a packet of silence lasts.
    fn silence_ns(&self) -> i64 {
        ticks_to_ns(i64::from(opus::SILENCE_SAMPLES), self.codec.clock_rate())
    }

    fn is_due(&self, time: i64, lead: Lead) -> bool {
        match lead {
            Lead::Own => self.since_cut(time) >= duration_ns(self.config.segment_target),
            Lead::Pictures => self.cut_at.is_some_and(|at| time >= at),
        }
    }

    fn cut(&mut self, writes: &mut VecDeque<Write>) {
        if let Some(writer) = &mut self.writer {
            writer.cut(writes);
        }
        self.cut_at = None;
    }
}

/// A duration as nanoseconds of the time line.
pub(super) fn duration_ns(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
