//! The recorder: which frames make a part, where segments are cut, what fills a silence.

use super::journal::{Catalogue, Entry, VERSION};
use super::segment::SegmentWriter;
use super::source::{Frame, Origin, Source};
use super::timeline::{WallClock, ticks_to_ns};
use super::{Config, Write};
use crate::codec::{Codec, CodecParameters, Description, Kind, opus};
use crate::forward::feed::Feed;
use crate::id::TrackId;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often time alone is looked at while a publisher is there.
const TICK: Duration = Duration::from_millis(100);

/// The most tracks of one publisher that are recorded.
const MAX_TRACKS: usize = 8;

/// The most bytes that wait for a part to start, or for the next fragment.
const MAX_WAITING_BYTES: usize = 16 << 20;

/// A track whose first frame is this much later than the part's belongs to it: its first picture is shown from the
/// part's beginning, its sound begins with silence. A track that is later begins a part of its own.
const JOIN_NS: i64 = 2_500_000_000;

/// How long the last picture of a part lasts where nothing tells.
const LAST_PICTURE_NS: i64 = 33_333_333;

/// A hole in the sound that is longer than this is filled with silence; a shorter one belongs to the packet before it.
const SOUND_HOLE_NS: i64 = 60_000_000;

/// Sound that has been away for this long is filled with silence, up to [`SOUND_LAG_NS`] before now.
const SOUND_AWAY_NS: i64 = 1_000_000_000;
const SOUND_LAG_NS: i64 = 500_000_000;

/// The most silence that is written at once; a longer absence stays a hole.
const MAX_SILENCE_NS: i64 = 60_000_000_000;

/// A picture that stood still for this long is repeated, so that sound can be heard and segments end meanwhile.
const PICTURE_AWAY_NS: i64 = 4_000_000_000;

/// A key frame is asked for again after this.
const ASK_AGAIN: Duration = Duration::from_secs(1);

/// Records one stream. Give it every [`Feed`] in order, call [`Recorder::handle_timeout`] when
/// [`Recorder::poll_timeout`] says so, and after each do what [`Recorder::poll_write`] gives.
///
/// Memory is bounded: packets wait for missing ones for a fraction of a second, frames for the next fragment.
#[derive(Debug)]
pub struct Recorder {
    config: Config,
    origin: Origin,
    /// Wall clock of time 0, in microseconds since 1970.
    start_us: i64,
    epoch: Option<u32>,
    wall: WallClock,
    tracks: Vec<Track>,
    part: Part,
    next_part: u32,
    not_recorded: Vec<Codec>,
    timeout: Option<Instant>,
    is_over: bool,
    writes: VecDeque<Write>,
}

#[derive(Debug)]
struct Track {
    rendition: String,
    source: Source,
    /// Writes the present part, in which the track is as `described`.
    writer: Option<SegmentWriter>,
    described: Option<Arc<Description>>,
    /// The newest key frame, for a picture that stands still.
    still: Vec<u8>,
    /// Where the newest frame ends; for pictures a guess from the frame before.
    end: i64,
    /// Where this track is to be cut because the leading one was.
    cut_at: Option<i64>,
    /// When a key frame was asked for.
    asked: Option<Instant>,
    /// Whether anything has come for the present part.
    has_frames: bool,
}

/// A stretch of the recording in which every rendition goes on without a break.
#[derive(Debug)]
enum Part {
    /// Nothing has come.
    None,
    /// The first frames wait for those of the other tracks.
    Opening {
        since: Instant,
        bytes: usize,
        frames: Vec<Waiting>,
    },
    /// Segments are written.
    Running { number: u32, start: i64 },
}

#[derive(Debug)]
struct Waiting {
    track: usize,
    frame: Frame,
    bytes: Vec<u8>,
}

impl Recorder {
    /// Begins a recording. `unix_us` is the server's wall clock at `now`, in microseconds since 1970; it is never
    /// asked for again, so a clock that is set during the class does no harm.
    pub fn new(config: Config, now: Instant, unix_us: i64) -> Recorder {
        let mut recorder = Recorder::at(config, Origin { instant: now, ns: 0 }, unix_us, 0);
        recorder.writes.push_back(Write::Journal(Entry::Start {
            version: VERSION,
            unix_us,
        }));
        recorder
    }

    /// Goes on with a recording after the server was started again; tails must have been repaired. What follows is a
    /// new part of the same replay, as much later as the wall clock says.
    pub fn resume(config: Config, catalogue: &Catalogue, now: Instant, unix_us: i64) -> Recorder {
        let Some(start_us) = catalogue.start_us() else {
            return Recorder::new(config, now, unix_us);
        };
        let since_start_us = unix_us
            .saturating_sub(start_us)
            .max(catalogue.end_us().saturating_add(1));
        let origin = Origin {
            instant: now,
            ns: since_start_us.saturating_mul(1000),
        };
        Recorder::at(config, origin, start_us, catalogue.last_part().saturating_add(1))
    }

    fn at(config: Config, origin: Origin, start_us: i64, next_part: u32) -> Recorder {
        Recorder {
            config,
            origin,
            start_us,
            epoch: None,
            wall: WallClock::default(),
            tracks: Vec::new(),
            part: Part::None,
            next_part,
            not_recorded: Vec::new(),
            timeout: None,
            is_over: false,
            writes: VecDeque::new(),
        }
    }

    /// Takes in one fact about the stream. After [`Feed::Ended`] everything is ignored.
    pub fn handle(&mut self, now: Instant, feed: &Feed) {
        if self.is_over {
            return;
        }
        match feed {
            Feed::Track {
                track,
                epoch,
                parameters,
                ..
            } => self.on_track(now, *track, *epoch, parameters),
            Feed::Packets { track, batch } => {
                if let Some(index) = self.tracks.iter().position(|t| t.source.track == *track)
                    && let Some(known) = self.tracks.get_mut(index)
                {
                    known.source.insert(batch);
                    self.pump(index, now, self.config.reorder_wait);
                }
            }
            Feed::SenderReport {
                track,
                ntp_time,
                rtp_time,
                arrived,
            } => {
                let arrived = self.origin.ns(*arrived);
                if let Some(known) = self.tracks.iter_mut().find(|t| t.source.track == *track) {
                    known.source.clock.report(*rtp_time, *ntp_time, arrived, &mut self.wall);
                }
            }
            Feed::PublisherGone => self.on_publisher_gone(now),
            Feed::Ended => {
                self.on_publisher_gone(now);
                self.is_over = true;
                let unix_us = self.start_us.saturating_add(self.origin.ns(now) / 1000);
                self.writes.push_back(Write::Journal(Entry::End { unix_us }));
            }
        }
    }

    /// Does what time alone demands: gives up missing packets, writes fragments, fills silences.
    pub fn handle_timeout(&mut self, now: Instant) {
        if self.timeout.is_none_or(|at| now < at) {
            return;
        }
        self.timeout = Some(now + TICK);
        for index in 0..self.tracks.len() {
            self.pump(index, now, self.config.reorder_wait);
        }
        if let Part::Opening { since, bytes, .. } = &self.part {
            let waited = now.saturating_duration_since(*since);
            if waited >= self.config.start_wait || *bytes > MAX_WAITING_BYTES {
                self.start_part();
            }
        }
        if let Part::Running { .. } = self.part {
            let time = self.origin.ns(now);
            for index in 0..self.tracks.len() {
                self.fill(index, time);
                self.flush(index);
            }
        }
        self.ask_for_key_frames(now);
    }

    /// When [`Recorder::handle_timeout`] is to be called next; never, while no publisher is there.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timeout
    }

    /// What is to be written next.
    pub fn poll_write(&mut self) -> Option<Write> {
        self.writes.pop_front()
    }

    /// Whether everything has been said: the stream is over, and all writes are taken.
    pub fn is_finished(&self) -> bool {
        self.is_over && self.writes.is_empty()
    }

    fn on_track(&mut self, now: Instant, track: TrackId, epoch: u32, parameters: &CodecParameters) {
        if self.epoch != Some(epoch) {
            self.on_publisher_gone(now);
            self.epoch = Some(epoch);
        }
        let known = self.tracks.iter().position(|t| t.source.track == track);
        if known
            .and_then(|index| self.tracks.get(index))
            .is_some_and(|t| t.source.codec == parameters.codec)
        {
            return;
        }
        if known.is_some() {
            self.end_part(now);
            self.tracks.retain(|t| t.source.track != track);
        }
        let Some(source) = Source::new(track, parameters.codec) else {
            if !self.not_recorded.contains(&parameters.codec) {
                self.not_recorded.push(parameters.codec);
                let codec = parameters.codec.name().to_owned();
                self.writes.push_back(Write::Journal(Entry::NotRecorded { codec }));
            }
            return;
        };
        if self.tracks.len() < MAX_TRACKS {
            let kind = match parameters.codec.kind() {
                Kind::Audio => "audio",
                Kind::Video => "video",
            };
            self.tracks.push(Track::new(format!("{kind}{}", track.0), source));
            self.timeout.get_or_insert(now);
        }
    }

    fn on_publisher_gone(&mut self, now: Instant) {
        self.end_part(now);
        self.tracks.clear();
        self.wall = WallClock::default();
        self.epoch = None;
        self.timeout = None;
    }

    /// Takes all frames of a track that are ready.
    fn pump(&mut self, index: usize, now: Instant, wait: Duration) {
        let origin = self.origin;
        while let Some(track) = self.tracks.get_mut(index) {
            let Some(frame) = track.source.next(now, wait, origin, &self.wall) else {
                break;
            };
            self.on_frame(index, frame, now);
            self.flush(index);
        }
    }

    /// A frame whose bytes are in the track's [`Source::sample`].
    fn on_frame(&mut self, index: usize, frame: Frame, now: Instant) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        track.has_frames = true;
        let bytes = std::mem::take(&mut track.source.sample);
        match &mut self.part {
            Part::Running { .. } => {
                self.write(index, &frame, &bytes);
                if let Some(track) = self.tracks.get_mut(index) {
                    track.source.sample = bytes;
                }
                return;
            }
            Part::Opening {
                bytes: waiting, frames, ..
            } => {
                *waiting += bytes.len();
                frames.push(Waiting {
                    track: index,
                    frame,
                    bytes,
                });
            }
            Part::None => {
                let waiting = bytes.len();
                let frames = vec![Waiting {
                    track: index,
                    frame,
                    bytes,
                }];
                self.part = Part::Opening {
                    since: now,
                    bytes: waiting,
                    frames,
                };
            }
        }
        if self.tracks.iter().all(|track| track.has_frames) {
            self.start_part();
        }
    }

    /// Ends the waiting: all tracks begin with the first frame of any.
    fn start_part(&mut self) {
        let Part::Opening { frames, .. } = std::mem::replace(&mut self.part, Part::None) else {
            return;
        };
        let Some(start) = frames.iter().map(|waiting| waiting.frame.time).min() else {
            return;
        };
        self.open_part(start.max(0));
        for Waiting { track, frame, bytes } in frames {
            self.write(track, &frame, &bytes);
        }
    }

    fn open_part(&mut self, start: i64) {
        let number = self.next_part;
        self.next_part = number.saturating_add(1);
        self.part = Part::Running { number, start };
        if number > 0 {
            let pdt_us = self.start_us.saturating_add(start / 1000);
            self.writes
                .push_back(Write::Journal(Entry::Discontinuity { part: number, pdt_us }));
        }
        for track in &mut self.tracks {
            track.end = start;
        }
    }

    /// Ends the part for all tracks, as far as their packets go.
    fn end_part(&mut self, now: Instant) {
        for index in 0..self.tracks.len() {
            self.pump(index, now, Duration::ZERO);
        }
        self.start_part();
        self.close_writers();
        self.part = Part::None;
    }

    fn close_writers(&mut self) {
        for track in &mut self.tracks {
            if let Some(writer) = track.writer.take() {
                writer.close(track.end, &mut self.writes);
            }
            (track.described, track.cut_at, track.has_frames) = (None, None, false);
        }
    }

    /// Begins a new part at a frame of track `index`, which looks different from here on.
    fn split_part(&mut self, index: usize, at: i64) {
        for (i, track) in self.tracks.iter_mut().enumerate() {
            if track.source.codec.kind() == Kind::Video {
                track.end = at;
                if i != index {
                    track.source.resume_at_key();
                }
            }
        }
        self.close_writers();
        self.open_part(at);
    }

    fn write(&mut self, index: usize, frame: &Frame, bytes: &[u8]) {
        let Part::Running { start, .. } = self.part else { return };
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let is_late = track.writer.is_none() && frame.time - start > JOIN_NS;
        let is_new = frame.key
            && track
                .described
                .as_ref()
                .is_some_and(|d| !Arc::ptr_eq(d, &frame.description));
        if track.writer.is_none() && !frame.key {
            track.source.resume_at_key();
        } else if frame.continues && !is_late && !is_new {
            track.extend(bytes);
        } else {
            if is_late || is_new {
                self.split_part(index, frame.time);
            }
            match frame.description.kind() {
                Kind::Video => self.write_picture(index, frame, bytes),
                Kind::Audio => self.write_sound(index, frame.time, bytes),
            }
        }
    }

    fn write_picture(&mut self, index: usize, frame: &Frame, bytes: &[u8]) {
        let Part::Running { start, .. } = self.part else { return };
        let is_first = self.tracks.get(index).is_some_and(|track| track.writer.is_none());
        let time = if is_first { start } else { frame.time };
        self.open_writer(index, &frame.description);
        let is_leader = self.leader() == Some(index);
        let target = duration_ns(self.config.segment_target);
        let limit = duration_ns(self.config.segment_limit);
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let Some(writer) = &mut track.writer else { return };
        let step = writer.newest_ns().map_or(LAST_PICTURE_NS, |newest| time - newest);
        writer.push(time, frame.key, bytes);
        track.end = track.end.max(frame.time + step.clamp(1, 3 * LAST_PICTURE_NS));
        if frame.key {
            track.still.clear();
            track.still.extend_from_slice(bytes);
        }
        let since_cut = time - writer.segment_start_ns().unwrap_or(time);
        let is_due = if is_leader {
            since_cut >= target
        } else {
            track.cut_at.is_some_and(|at| time >= at)
        };
        if (frame.key && is_due) || since_cut >= limit {
            writer.cut(&mut self.writes);
            track.cut_at = None;
            if is_leader {
                for (_, other) in self.tracks.iter_mut().enumerate().filter(|(i, _)| *i != index) {
                    other.cut_at = Some(time);
                }
            }
        }
    }

    fn write_sound(&mut self, index: usize, time: i64, bytes: &[u8]) {
        let Some(description) = self.tracks.get(index).and_then(|t| t.source.description()).cloned() else {
            return;
        };
        self.open_writer(index, &description);
        self.fill_with_silence(index, time - SOUND_HOLE_NS);
        self.push_sound(index, time, bytes);
    }

    /// Writes silence from where the sound ends up to `until`, if that is later.
    fn fill_with_silence(&mut self, index: usize, until: i64) {
        let length = ticks_to_ns(i64::from(opus::SILENCE_SAMPLES), Codec::Opus.clock_rate());
        let Some(end) = self.tracks.get(index).map(|track| track.end) else {
            return;
        };
        if until <= end || until - end > MAX_SILENCE_NS {
            return;
        }
        let mut at = end;
        while at < until {
            self.push_sound(index, at, &opus::SILENCE);
            at += length;
        }
    }

    fn push_sound(&mut self, index: usize, time: i64, bytes: &[u8]) {
        let target = duration_ns(self.config.segment_target);
        let follows = self.leader().is_some();
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let Some(writer) = &mut track.writer else { return };
        if writer.newest_ns().is_some_and(|newest| time <= newest) {
            return; // came after silence was written in its place
        }
        writer.push(time, true, bytes);
        track.end = time + ticks_to_ns(i64::from(opus::samples(bytes)), Codec::Opus.clock_rate());
        let since_cut = time - writer.segment_start_ns().unwrap_or(time);
        let is_due = if follows {
            track.cut_at.is_some_and(|at| time >= at)
        } else {
            since_cut >= target
        };
        if is_due {
            writer.cut(&mut self.writes);
            track.cut_at = None;
        }
    }

    /// The track whose key frames decide where all are cut: the first that has pictures in this part.
    fn leader(&self) -> Option<usize> {
        self.tracks
            .iter()
            .position(|t| t.writer.as_ref().is_some_and(|writer| writer.kind() == Kind::Video))
    }

    /// Begins a track's part, if that has not happened.
    fn open_writer(&mut self, index: usize, description: &Arc<Description>) {
        let Part::Running { number, .. } = self.part else {
            return;
        };
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        if track.writer.is_none() {
            let codec = track.source.codec;
            track.described = Some(description.clone());
            track.writer = Some(SegmentWriter::new(
                &track.rendition,
                codec.kind(),
                codec.clock_rate(),
                number,
                self.start_us,
                description,
                &mut self.writes,
            ));
        }
    }

    /// Gives a track that has been away for long something to show or to play, so that the others can go on.
    fn fill(&mut self, index: usize, now: i64) {
        let Part::Running { start, .. } = self.part else { return };
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let Some(description) = track.source.description().cloned() else {
            return;
        };
        match track.source.codec.kind() {
            Kind::Audio => {
                let is_here = track.writer.is_some() || now - start <= JOIN_NS;
                if is_here && now - track.end > SOUND_AWAY_NS {
                    self.open_writer(index, &description);
                    self.fill_with_silence(index, now - SOUND_LAG_NS);
                }
            }
            Kind::Video => {
                let newest = track.writer.as_ref().and_then(|writer| writer.newest_ns());
                if newest.is_some_and(|newest| now - newest > PICTURE_AWAY_NS) {
                    track.source.resume_at_key();
                    let Some(description) = track.described.clone() else {
                        return;
                    };
                    let bytes = std::mem::take(&mut track.still);
                    let frame = Frame {
                        time: now - SOUND_LAG_NS,
                        key: true,
                        continues: false,
                        description,
                    };
                    self.write_picture(index, &frame, &bytes);
                }
            }
        }
    }

    /// Writes what has waited long enough for the next fragment.
    fn flush(&mut self, index: usize) {
        let target = duration_ns(self.config.fragment_target);
        if let Some(writer) = self.tracks.get_mut(index).and_then(|track| track.writer.as_mut())
            && (writer.unwritten_ns() >= target || writer.unwritten_bytes() > MAX_WAITING_BYTES)
        {
            writer.flush(&mut self.writes);
        }
    }

    fn ask_for_key_frames(&mut self, now: Instant) {
        let time = self.origin.ns(now);
        let target = duration_ns(self.config.segment_target);
        let leader = self.leader();
        for (index, track) in self.tracks.iter_mut().enumerate() {
            let segment_start = track.writer.as_ref().and_then(|writer| writer.segment_start_ns());
            let is_due = leader == Some(index) && segment_start.is_some_and(|start| time - start >= target);
            let asked = track
                .asked
                .is_some_and(|at| now.saturating_duration_since(at) < ASK_AGAIN);
            if (is_due || track.source.needs_key()) && !asked && track.source.is_sending(now) {
                track.asked = Some(now);
                self.writes.push_back(Write::RequestKeyFrame {
                    track: track.source.track,
                });
            }
        }
    }
}

impl Track {
    fn new(rendition: String, source: Source) -> Track {
        Track {
            rendition,
            source,
            writer: None,
            described: None,
            still: Vec::new(),
            end: 0,
            cut_at: None,
            asked: None,
            has_frames: false,
        }
    }

    /// Adds to the newest frame.
    fn extend(&mut self, bytes: &[u8]) {
        if self.source.codec.kind() == Kind::Video
            && let Some(writer) = &mut self.writer
        {
            writer.extend(bytes);
        }
    }
}

fn duration_ns(duration: Duration) -> i64 {
    i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX)
}
