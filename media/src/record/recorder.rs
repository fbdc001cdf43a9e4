//! The recorder's face: facts in, writes out.

use super::journal::{Catalogue, Entry, VERSION};
use super::presentation::Presentation;
use super::source::{Origin, Source};
use super::timeline::WallClock;
use super::{Config, Write};
use crate::codec::{Codec, CodecParameters, Kind};
use crate::forward::feed::Feed;
use crate::id::TrackId;
use std::time::{Duration, Instant};

/// How often time alone is looked at while a publisher is there.
const TICK: Duration = Duration::from_millis(100);

/// The most tracks of one publisher that are recorded.
const MAX_TRACKS: usize = 8;

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
    /// How much later than its packets tell this publisher's media is put, so that it does not begin before the recording
    /// or inside an earlier part; unknown before its first frame.
    shift: Option<i64>,
    /// In the presentation they have the same places.
    tracks: Vec<Track>,
    presentation: Presentation,
    not_recorded: Vec<Codec>,
    timeout: Option<Instant>,
    /// Wall clock of the end, once it has come.
    end_us: Option<i64>,
}

#[derive(Debug)]
struct Track {
    source: Source,
    /// When a key frame was asked for.
    asked: Option<Instant>,
}

impl Recorder {
    /// Begins a recording. `unix_us` is the server's wall clock at `now`, in microseconds since 1970; it is never
    /// asked for again, so a clock that is set during the class does no harm.
    pub fn new(config: Config, now: Instant, unix_us: i64) -> Recorder {
        let mut recorder = Recorder::at(config, Origin { instant: now, ns: 0 }, unix_us, 0);
        recorder.journal(Entry::Start {
            version: VERSION,
            unix_us,
        });
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
            shift: None,
            tracks: Vec::new(),
            presentation: Presentation::new(config, start_us, next_part),
            not_recorded: Vec::new(),
            timeout: None,
            end_us: None,
        }
    }

    /// Goes on after a write failed and the disk works again. What was to be written meanwhile is lost, and a new part
    /// begins at the next key frame. `catalogue` is what the journal says now; tails must have been repaired.
    pub fn recover(&mut self, catalogue: &Catalogue) {
        self.presentation.abandon_part(catalogue.last_part().saturating_add(1));
        if catalogue.start_us().is_none() {
            self.journal(Entry::Start {
                version: VERSION,
                unix_us: self.start_us,
            });
        }
        for index in 0..self.tracks.len() {
            self.obey(index);
        }
        self.journal_end();
    }

    /// Takes in one fact about the stream. After [`Feed::Ended`] everything is ignored.
    pub fn handle(&mut self, now: Instant, feed: &Feed) {
        if self.end_us.is_some() {
            return;
        }
        match feed {
            Feed::Track {
                track,
                epoch,
                parameters,
                starts_at,
                ..
            } => self.on_track(now, *track, *epoch, *starts_at, parameters),
            Feed::Packets { track, batch } => {
                if let Some(index) = self.position(*track)
                    && let Some(known) = self.tracks.get_mut(index)
                {
                    known.source.insert(batch, now, self.origin);
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
            Feed::Shape { .. } => {}
            Feed::PublisherGone => self.on_publisher_gone(now),
            Feed::Ended => {
                self.on_publisher_gone(now);
                self.end_us = Some(self.start_us.saturating_add(self.origin.ns(now) / 1000));
                self.journal_end();
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
        self.presentation.handle_timeout(now, self.time(now));
        for index in 0..self.tracks.len() {
            self.obey(index);
            self.ask_for_key_frame(index, now);
        }
    }

    /// When [`Recorder::handle_timeout`] is to be called next; never, while no publisher is there.
    pub fn poll_timeout(&self) -> Option<Instant> {
        self.timeout
    }

    /// What is to be written next.
    pub fn poll_write(&mut self) -> Option<Write> {
        self.presentation.writes.pop_front()
    }

    /// Whether everything has been said: the stream is over, and all writes are taken.
    pub fn is_finished(&self) -> bool {
        self.end_us.is_some() && self.presentation.writes.is_empty()
    }

    fn on_track(&mut self, now: Instant, track: TrackId, epoch: u32, starts_at: u64, parameters: &CodecParameters) {
        if self.epoch != Some(epoch) {
            self.on_publisher_gone(now);
            self.epoch = Some(epoch);
        }
        if let Some(index) = self.position(track) {
            if self
                .tracks
                .get(index)
                .is_some_and(|known| known.source.codec == parameters.codec)
            {
                return;
            }
            self.end_part(now);
            self.tracks.remove(index);
            self.presentation.remove(index);
        }
        let codec = parameters.codec;
        match Source::new(track, codec, starts_at) {
            Some(source) if self.tracks.len() < MAX_TRACKS => {
                let kind = match codec.kind() {
                    Kind::Audio => "audio",
                    Kind::Video => "video",
                };
                let name = format!("{kind}{}", track.0);
                self.presentation.add(name, codec, source.description().cloned());
                self.tracks.push(Track { source, asked: None });
                self.timeout.get_or_insert(now);
            }
            None if !self.not_recorded.contains(&codec) => {
                self.not_recorded.push(codec);
                self.journal(Entry::NotRecorded {
                    codec: codec.name().to_owned(),
                });
            }
            _ => {}
        }
    }

    fn on_publisher_gone(&mut self, now: Instant) {
        self.end_part(now);
        self.tracks.clear();
        self.presentation.clear();
        self.wall = WallClock::default();
        (self.epoch, self.timeout, self.shift) = (None, None, None);
    }

    /// Ends the part with what has come, without waiting for anything.
    fn end_part(&mut self, now: Instant) {
        for index in 0..self.tracks.len() {
            self.pump(index, now, Duration::ZERO);
        }
        self.presentation.end_part();
    }

    /// Hands on all frames of a track that are ready.
    fn pump(&mut self, index: usize, now: Instant, wait: Duration) {
        while let Some(track) = self.tracks.get_mut(index)
            && let Some(mut frame) = track.source.next(now, wait, self.origin, &mut self.wall)
        {
            frame.time = frame.time.saturating_add(self.shift());
            if let Some(track) = self.tracks.get_mut(index) {
                self.presentation
                    .handle_frame(index, frame, &mut track.source.sample, now);
            }
            (0..self.tracks.len()).for_each(|index| self.obey(index));
        }
    }

    /// Now, on the time line of this publisher's media.
    fn time(&self, now: Instant) -> i64 {
        self.origin.ns(now).saturating_add(self.shift.unwrap_or(0))
    }

    /// See the field.
    fn shift(&mut self) -> i64 {
        let begin = || self.tracks.iter().filter_map(|track| track.source.clock.begin()).min();
        let floor = self.origin.ns.max(self.presentation.end);
        *self
            .shift
            .get_or_insert_with(|| begin().map_or(0, |begin| floor.saturating_sub(begin)).max(0))
    }

    /// Waits for a key frame where the presentation has no use for anything else.
    fn obey(&mut self, index: usize) {
        if self.presentation.take_needs_key(index)
            && let Some(track) = self.tracks.get_mut(index)
        {
            track.source.resume_at_key();
        }
    }

    fn ask_for_key_frame(&mut self, index: usize, now: Instant) {
        let time = self.time(now);
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let is_broken = track.source.needs_key() && !track.source.is_settling(now);
        let is_wanted = self.presentation.wants_key(index, time, is_broken);
        let asked = track
            .asked
            .is_some_and(|at| now.saturating_duration_since(at) < ASK_AGAIN);
        if is_wanted && !asked && track.source.is_sending(now) {
            track.asked = Some(now);
            self.presentation.writes.push_back(Write::RequestKeyFrame {
                track: track.source.track,
            });
        }
    }

    fn position(&self, track: TrackId) -> Option<usize> {
        self.tracks.iter().position(|known| known.source.track == track)
    }

    fn journal_end(&mut self) {
        if let Some(unix_us) = self.end_us {
            self.journal(Entry::End { unix_us });
        }
    }

    fn journal(&mut self, entry: Entry) {
        self.presentation.writes.push_back(Write::Journal(entry));
    }
}
