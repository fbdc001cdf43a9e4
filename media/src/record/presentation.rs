//! The parts of a recording: where all renditions begin and end together, and who is waited for.

use super::journal::Entry;
use super::rendition::{Cut, Lead, Rendition, duration_ns};
use super::source::Frame;
use super::timeline::NS_PER_S;
use super::{Config, Write};
use crate::codec::{Codec, Description, Kind};
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

/// The most bytes that wait for a part to start, or for the next fragment.
const MAX_WAITING_BYTES: usize = 16 << 20;

/// A track whose first frame is at most this much later than the part's joins it without further ado: its first picture
/// is shown from the part's beginning, its sound begins with silence.
const JOIN_NS: i64 = NS_PER_S / 10 * 25;

/// A part is at least this long: a publisher that changes its picture size with every frame does not get files for it.
const MIN_PART_NS: i64 = NS_PER_S / 2;

/// How often the first picture is repeated at most, where a camera was switched on long after the sound.
const MAX_STILLS: i64 = 150;

/// Sound that has been away for this long is filled with silence, up to [`LAG_NS`] before now.
const SOUND_AWAY_NS: i64 = NS_PER_S;

/// A picture that stood still for this long is repeated, so that sound can be heard and segments end meanwhile.
const PICTURE_AWAY_NS: i64 = 4 * NS_PER_S;

/// Sound may end this much before the picture.
const LAST_SOUND_NS: i64 = NS_PER_S / 10;

/// How far behind now something is filled in, so that what is on its way comes first.
const LAG_NS: i64 = NS_PER_S / 2;

/// All renditions of a recording.
#[derive(Debug)]
pub(super) struct Presentation {
    config: Config,
    /// Wall clock of time 0, in microseconds since 1970.
    start_us: i64,
    part: Part,
    next_part: u32,
    tracks: Vec<Track>,
    pub(super) writes: VecDeque<Write>,
}

#[derive(Debug)]
struct Track {
    rendition: Rendition,
    /// What sound is like; pictures say so themselves.
    sound: Option<Arc<Description>>,
    /// Whether anything has come for the present part.
    has_frames: bool,
    /// Whether only a key frame is of use.
    needs_key: bool,
}

/// A stretch of the recording in which every rendition goes on without a break.
#[derive(Debug)]
enum Part {
    /// Nothing has come.
    Empty,
    /// The first frames wait for those of the other tracks.
    Opening { since: Instant, frames: Vec<Waiting> },
    /// Segments are written.
    Running { number: u32, start: i64 },
}

#[derive(Debug)]
struct Waiting {
    track: usize,
    frame: Frame,
    bytes: Vec<u8>,
}

impl Presentation {
    /// Without tracks. The next part gets the number `next_part`.
    pub(super) fn new(config: Config, start_us: i64, next_part: u32) -> Presentation {
        let writes = VecDeque::new();
        Presentation {
            config,
            start_us,
            part: Part::Empty,
            next_part,
            tracks: Vec::new(),
            writes,
        }
    }

    /// Adds a track behind the others. `sound` is what sound is like.
    pub(super) fn add(&mut self, name: String, codec: Codec, sound: Option<Arc<Description>>) {
        let rendition = Rendition::new(name, codec, self.config);
        self.tracks.push(Track {
            rendition,
            sound,
            has_frames: false,
            needs_key: false,
        });
    }

    /// Takes a track away; the part must have ended.
    pub(super) fn remove(&mut self, index: usize) {
        self.tracks.remove(index);
    }

    /// Takes all tracks away; the part must have ended.
    pub(super) fn clear(&mut self) {
        self.tracks.clear();
    }

    /// Whether a track's frames are of no use before the next key frame; asking clears it.
    pub(super) fn take_needs_key(&mut self, index: usize) -> bool {
        self.tracks
            .get_mut(index)
            .is_some_and(|track| std::mem::take(&mut track.needs_key))
    }

    /// Whether a key frame of this track is wanted to end a segment.
    pub(super) fn is_key_due(&self, index: usize, time: i64) -> bool {
        let target = duration_ns(self.config.segment_target);
        self.leader() == Some(index)
            && self
                .tracks
                .get(index)
                .is_some_and(|track| track.rendition.since_cut(time) >= target)
    }

    /// Takes in a frame. Its bytes are taken out of `bytes` while a part waits for its other tracks.
    pub(super) fn handle_frame(&mut self, index: usize, frame: Frame, bytes: &mut Vec<u8>, now: Instant) {
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        track.has_frames = true;
        match &mut self.part {
            Part::Running { .. } => {
                self.write(index, &frame, bytes);
                self.flush(index);
                return;
            }
            Part::Opening { frames, .. } => {
                frames.push(Waiting {
                    track: index,
                    frame,
                    bytes: std::mem::take(bytes),
                });
            }
            Part::Empty => {
                let frames = vec![Waiting {
                    track: index,
                    frame,
                    bytes: std::mem::take(bytes),
                }];
                self.part = Part::Opening { since: now, frames };
            }
        }
        if self.tracks.iter().all(|track| track.has_frames) {
            self.start_part();
        }
    }

    /// Does what time alone demands; `time` is `now` on the time line.
    pub(super) fn handle_timeout(&mut self, now: Instant, time: i64) {
        if let Part::Opening { since, frames } = &self.part {
            let waiting_bytes: usize = frames.iter().map(|waiting| waiting.bytes.len()).sum();
            let waited = now.saturating_duration_since(*since);
            if waited >= self.config.start_wait || waiting_bytes > MAX_WAITING_BYTES {
                self.start_part();
            }
        }
        for index in 0..self.tracks.len() {
            self.fill(index, time);
            self.flush(index);
        }
    }

    /// Ends the part for all tracks.
    pub(super) fn end_part(&mut self) {
        self.start_part();
        let open = self.tracks.iter().filter(|track| track.rendition.is_open());
        if let Some(end) = open.map(|track| track.rendition.end).max() {
            self.close_all(end);
        }
        self.part = Part::Empty;
    }

    /// Forgets the part and everything that waits to be written; the next part gets at least the number `next_part`.
    pub(super) fn abandon_part(&mut self, next_part: u32) {
        self.writes.clear();
        self.part = Part::Empty;
        self.next_part = self.next_part.max(next_part);
        for track in &mut self.tracks {
            track.rendition.forget();
            (track.has_frames, track.needs_key) = (false, true);
        }
    }

    /// Ends the waiting: all tracks begin with the first frame of any.
    fn start_part(&mut self) {
        let Part::Opening { frames, .. } = &mut self.part else {
            return;
        };
        let frames = std::mem::take(frames);
        let start = frames.iter().map(|waiting| waiting.frame.time).min().unwrap_or(0);
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
            track.rendition.end = start;
        }
    }

    /// Ends all renditions together: the last picture stands and the sound is silent until `end`.
    fn close_all(&mut self, end: i64) {
        for index in 0..self.tracks.len() {
            let lead = self.lead(index);
            let Some(track) = self.tracks.get_mut(index) else {
                return;
            };
            match track.rendition.kind() {
                Kind::Video => track.rendition.end = end,
                Kind::Audio => track
                    .rendition
                    .push_silence(end - LAST_SOUND_NS, lead, &mut self.writes),
            }
        }
        for track in &mut self.tracks {
            track.rendition.close(&mut self.writes);
            track.has_frames = false;
        }
    }

    /// Ends the part and begins the next where track `index` changes or joins.
    fn split_part(&mut self, index: usize, at: i64) {
        self.close_all(at);
        for (_, track) in self.tracks.iter_mut().enumerate().filter(|(i, _)| *i != index) {
            track.needs_key = track.rendition.kind() == Kind::Video;
        }
        self.open_part(at);
    }

    fn write(&mut self, index: usize, frame: &Frame, bytes: &[u8]) {
        let Part::Running { start, .. } = self.part else { return };
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let is_open = track.rendition.is_open();
        if !is_open && !frame.key {
            track.needs_key = true;
            return;
        }
        let is_late = !is_open && track.rendition.kind() == Kind::Audio && frame.time - start > JOIN_NS;
        let described = track.rendition.described();
        let is_new = frame.key && described.is_some_and(|known| !Arc::ptr_eq(known, &frame.description));
        if is_new && frame.time - start < MIN_PART_NS {
            track.needs_key = true;
            return;
        }
        if is_late || is_new {
            self.split_part(index, frame.time);
        } else if frame.continues {
            track.rendition.extend(bytes);
            return;
        }
        let first_at = self.open(index, &frame.description);
        match frame.description.kind() {
            Kind::Video => self.write_picture(index, first_at, frame, bytes),
            Kind::Audio => {
                let lead = self.lead(index);
                if let Some(track) = self.tracks.get_mut(index) {
                    track.rendition.push_sound(frame.time, bytes, lead, &mut self.writes);
                }
            }
        }
    }

    /// Writes a picture. The first of a part is shown from the part's beginning, `first_at`: players play nothing where
    /// the pictures have a hole.
    fn write_picture(&mut self, index: usize, first_at: Option<i64>, frame: &Frame, bytes: &[u8]) {
        let lead = self.lead(index);
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        let mut time = frame.time;
        if let Some(start) = first_at {
            let late = time - start;
            if late <= JOIN_NS {
                time = start;
            } else {
                let step = duration_ns(self.config.segment_target).max(late / MAX_STILLS);
                for still in 0..late / step {
                    let at = start + still * step;
                    track.rendition.push_picture(at, true, bytes, lead, &mut self.writes);
                }
            }
        }
        let cut = track
            .rendition
            .push_picture(time, frame.key, bytes, lead, &mut self.writes);
        self.cut_others(index, time, cut);
    }

    /// Begins a track's part if that has not happened; then says where.
    fn open(&mut self, index: usize, description: &Arc<Description>) -> Option<i64> {
        let Part::Running { number, start } = self.part else {
            return None;
        };
        let track = self.tracks.get_mut(index).filter(|track| !track.rendition.is_open())?;
        track
            .rendition
            .open(number, self.start_us, description, &mut self.writes);
        Some(start)
    }

    /// The track whose key frames decide where all are cut: the first that has pictures in this part.
    fn leader(&self) -> Option<usize> {
        self.tracks
            .iter()
            .position(|t| t.rendition.is_open() && t.rendition.kind() == Kind::Video)
    }

    fn lead(&self, index: usize) -> Lead {
        if self.leader().is_none_or(|leader| leader == index) {
            Lead::Own
        } else {
            Lead::Other
        }
    }

    fn cut_others(&mut self, index: usize, at: i64, cut: Cut) {
        if cut == Cut::Here && self.leader() == Some(index) {
            for (_, track) in self.tracks.iter_mut().enumerate().filter(|(i, _)| *i != index) {
                track.rendition.cut_at = Some(at);
            }
        }
    }

    /// Gives a track that has been away for long something to show or to play, so that the others can go on.
    fn fill(&mut self, index: usize, now: i64) {
        let Part::Running { start, .. } = self.part else { return };
        let lead = self.lead(index);
        let Some(track) = self.tracks.get_mut(index) else {
            return;
        };
        match track.rendition.kind() {
            Kind::Audio => {
                let is_here = track.rendition.is_open() || now - start <= JOIN_NS;
                if is_here
                    && now - track.rendition.end > SOUND_AWAY_NS
                    && let Some(sound) = track.sound.clone()
                {
                    self.open(index, &sound);
                    if let Some(track) = self.tracks.get_mut(index) {
                        track.rendition.push_silence(now - LAG_NS, lead, &mut self.writes);
                    }
                }
            }
            Kind::Video => {
                if track
                    .rendition
                    .newest()
                    .is_some_and(|newest| now - newest > PICTURE_AWAY_NS)
                {
                    track.needs_key = true; // pictures that refer to others than the repeated one are of no use
                    let cut = track.rendition.repeat_picture(now - LAG_NS, lead, &mut self.writes);
                    self.cut_others(index, now - LAG_NS, cut);
                }
            }
        }
    }

    fn flush(&mut self, index: usize) {
        if let Some(track) = self.tracks.get_mut(index) {
            track.rendition.flush(MAX_WAITING_BYTES, &mut self.writes);
        }
    }
}
