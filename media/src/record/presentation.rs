//! The parts of a recording: where all renditions begin and end together, and who is waited for.

use super::journal::Entry;
use super::rendition::{Cut, Lead, Other, Rendition, duration_ns};
use super::source::Frame;
use super::timeline::NS_PER_S;
use super::{Config, SAME_FRAME_NS, Write};
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

/// Sound that ends so little before the picture is not made up for by silence: its last packet lasts until then.
const LAST_SOUND_NS: i64 = NS_PER_S / 10;

/// An encoding that joins others may begin so long after a cut; its first picture is then shown from the cut on.
const JOIN_CUT_NS: i64 = NS_PER_S;

/// An encoding that sends nothing for so long after a cut, while others do, is away.
const AWAY_NS: i64 = NS_PER_S;

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
    /// Where the last part that is over ended.
    pub(super) end: i64,
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
    /// Segments are written; the newest of all pictures begins at `cut`.
    Running { number: u32, start: i64, cut: i64 },
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
            end: 0,
            writes,
        }
    }

    /// Adds a track behind the others. `sound` is what sound is like.
    pub(super) fn add(&mut self, name: String, codec: Codec, sound: Option<Arc<Description>>) {
        let mut rendition = Rendition::new(name, codec, self.config);
        if let Part::Running { start, .. } = self.part {
            rendition.end = start;
        }
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

    /// Whether a key frame of this track is of use now; `is_broken`: its frames cannot be decoded before one comes. All
    /// encodings of the picture need one at the same time, to be cut there together.
    pub(super) fn wants_key(&self, index: usize, time: i64, is_broken: bool) -> bool {
        let (Part::Running { cut, .. }, Some(track)) = (&self.part, self.tracks.get(index)) else {
            return is_broken;
        };
        let rendition = &track.rendition;
        if rendition.kind() != Kind::Video {
            return false;
        }
        let is_due = self.is_cut_due(time);
        match (rendition.is_open(), self.has_pictures()) {
            (true, _) => is_broken || is_due || rendition.cut_at.is_some(),
            (false, true) => is_due || time - cut < JOIN_CUT_NS,
            (false, false) => is_broken,
        }
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
        self.let_go();
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
        self.part = Part::Running {
            number,
            start,
            cut: start,
        };
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
        self.end = end;
        for index in 0..self.tracks.len() {
            let lead = self.lead();
            let Some(track) = self.tracks.get_mut(index) else {
                return;
            };
            match track.rendition.kind() {
                Kind::Video => track.rendition.end = end,
                Kind::Audio => {
                    let sound = &mut track.rendition;
                    sound.push_silence(end - LAST_SOUND_NS, lead, &mut self.writes);
                    sound.end = sound.end.max(end); // players show no picture where the sound has a hole
                }
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
        match frame.description.kind() {
            Kind::Video => self.write_picture(index, frame, bytes),
            Kind::Audio => {
                self.open(index, start, &frame.description);
                let lead = self.lead();
                if let Some(track) = self.tracks.get_mut(index) {
                    track.rendition.push_sound(frame.time, bytes, lead, &mut self.writes);
                }
            }
        }
    }

    fn write_picture(&mut self, index: usize, frame: &Frame, bytes: &[u8]) {
        let mut time = frame.time;
        if self.tracks.get(index).is_some_and(|track| !track.rendition.is_open()) {
            let Some(from) = self.entry(frame.time) else {
                if let Some(track) = self.tracks.get_mut(index) {
                    track.needs_key = true;
                }
                return;
            };
            self.open(index, from, &frame.description);
            time = self.bridge(index, from, frame.time, bytes);
        }
        self.show(index, time, frame.key, bytes);
    }

    /// From where on a picture may be shown whose encoding begins with a key frame at `time`: the first of a part from
    /// the part's beginning, another one from the common cut; nothing where it has to wait for the next.
    fn entry(&self, time: i64) -> Option<i64> {
        let Part::Running { start, cut, .. } = self.part else {
            return None;
        };
        if !self.has_pictures() {
            return Some(start);
        }
        let is_near = (-SAME_FRAME_NS..JOIN_CUT_NS).contains(&(time - cut));
        (is_near || self.is_cut_due(time)).then_some(if is_near { cut } else { time })
    }

    /// Shows the first picture of an encoding from `from` on: players play nothing where the pictures have a hole.
    /// Returns when it is to be shown itself.
    fn bridge(&mut self, index: usize, from: i64, time: i64, bytes: &[u8]) -> i64 {
        let late = time - from;
        if late <= JOIN_NS {
            return from;
        }
        let step = duration_ns(self.config.segment_target).max(late / MAX_STILLS);
        for still in 0..late / step {
            self.show(index, from + still * step, true, bytes);
        }
        time
    }

    /// Adds a picture, and cuts where that is due.
    fn show(&mut self, index: usize, time: i64, key: bool, bytes: &[u8]) {
        let cut = self.cut(index, time, key);
        if let Some(track) = self.tracks.get_mut(index) {
            track.rendition.push_picture(time, key, bytes, cut, &mut self.writes);
        }
    }

    /// Whether a segment begins with a picture: with the first key frame of any encoding after the target is reached,
    /// and then with the first of each other.
    fn cut(&mut self, index: usize, time: i64, key: bool) -> Cut {
        let Some(track) = self.tracks.get(index) else {
            return Cut::NotYet;
        };
        let is_too_long = track.rendition.is_too_long(time);
        let begins = match track.rendition.cut_at {
            Some(at) => is_too_long || (key && time >= at - SAME_FRAME_NS),
            None if is_too_long || (key && self.is_cut_due(time)) => {
                self.begin_cut(time);
                true
            }
            None => false,
        };
        if begins { Cut::Here } else { Cut::NotYet }
    }

    /// Cuts all renditions at `time`, each where it can be.
    fn begin_cut(&mut self, time: i64) {
        let Part::Running { cut, .. } = &mut self.part else {
            return;
        };
        *cut = time;
        self.writes.push_back(Write::Journal(Entry::Cut { at_ns: time }));
        for track in self.tracks.iter_mut().filter(|track| track.rendition.is_open()) {
            track.rendition.cut_at = Some(time);
        }
    }

    /// Whether the pictures are to be cut at their next key frame: all have made the cut before, and it was long ago.
    fn is_cut_due(&self, time: i64) -> bool {
        let Part::Running { cut, .. } = self.part else {
            return false;
        };
        let mut pictures = self.pictures();
        time - cut >= duration_ns(self.config.segment_target) && pictures.all(|picture| picture.cut_at.is_none())
    }

    /// Lets go the encodings that have not been sent since a cut, so that the next one need not wait for them.
    fn let_go(&mut self) {
        let newest = self.pictures().filter_map(Rendition::newest).max();
        let is_gone = |rendition: &Rendition| {
            let (Some(at), Some(own), Some(newest)) = (rendition.cut_at, rendition.newest(), newest) else {
                return false;
            };
            rendition.is_open_picture() && own < at && newest - at >= AWAY_NS
        };
        while let Some(index) = self.tracks.iter().position(|track| is_gone(&track.rendition)) {
            let begin = self.tracks.get(index).and_then(|track| track.rendition.segment_start());
            let has_all = |other: &Rendition| begin.is_some_and(|begin| other.here_since <= begin + SAME_FRAME_NS);
            let other = match self.pictures().any(|other| other.cut_at.is_none() && has_all(other)) {
                true => Other::HasIt,
                false => Other::Missing,
            };
            if let Some(track) = self.tracks.get_mut(index) {
                track.rendition.leave(other, &mut self.writes);
                track.needs_key = true;
            }
        }
    }

    /// Begins a track's part at `from`, or goes on with it there, if it is not open.
    fn open(&mut self, index: usize, from: i64, description: &Arc<Description>) {
        let Part::Running { number, .. } = self.part else {
            return;
        };
        let (start_us, writes) = (self.start_us, &mut self.writes);
        if let Some(track) = self.tracks.get_mut(index).filter(|track| !track.rendition.is_open()) {
            track.rendition.open(number, start_us, from, description, writes);
        }
    }

    /// The pictures that are written at present.
    fn pictures(&self) -> impl Iterator<Item = &Rendition> {
        let renditions = self.tracks.iter().map(|track| &track.rendition);
        renditions.filter(|rendition| rendition.is_open_picture())
    }

    fn has_pictures(&self) -> bool {
        self.pictures().next().is_some()
    }

    fn lead(&self) -> Lead {
        if self.has_pictures() { Lead::Pictures } else { Lead::Own }
    }

    /// Gives a track that has been away for long something to show or to play, so that the others can go on.
    fn fill(&mut self, index: usize, now: i64) {
        let Part::Running { start, .. } = self.part else { return };
        let lead = self.lead();
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
                    self.open(index, start, &sound);
                    if let Some(track) = self.tracks.get_mut(index) {
                        track.rendition.push_silence(now - LAG_NS, lead, &mut self.writes);
                    }
                }
            }
            Kind::Video => {
                let newest = track.rendition.newest().filter(|_| track.rendition.is_open());
                if newest.is_some_and(|newest| now - newest > PICTURE_AWAY_NS) {
                    track.needs_key = true; // pictures that refer to others than the repeated one are of no use
                    let cut = self.cut(index, now - LAG_NS, true);
                    if let Some(track) = self.tracks.get_mut(index) {
                        track.rendition.repeat_picture(now - LAG_NS, cut, &mut self.writes);
                    }
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
