//! One stream: its tracks, its viewers, and the work of carrying what has arrived to each of them.

mod layers;
mod relayed;

use crate::codec::{self, Kind};
use crate::forward::batch::PacketMeta;
use crate::forward::feed::Feed;
use crate::forward::layers::{LayerId, Layers};
use crate::forward::point::Point;
use crate::forward::received::Received;
use crate::forward::track::clock::{Report, WallClock};
use crate::forward::track::line::Placement;
use crate::forward::track::{SenderClock, Track};
use crate::forward::viewer::{Viewer, Written};
use crate::id::{StreamId, TrackId};
use slab::Slab;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sound kept to be sent again: 5 s, more than any player waits for.
const MAX_AUDIO_PACKETS: usize = 256;

/// See the module.
pub struct Stream {
    /// Its name outside.
    pub id: StreamId,
    /// Who sends, by its place in the engine.
    pub publisher: Option<usize>,
    /// It comes from another shard or node.
    pub is_relayed: bool,
    /// How many recorders and relays want its [`Feed`].
    pub subscribers: usize,
    /// Its viewers, by their places in the engine.
    pub viewers: Vec<usize>,
    /// When what has gathered is forwarded though no frame has ended.
    pub flush_due: Option<Instant>,
    /// Since when nobody has sent or watched.
    pub idle_since: Option<Instant>,
    /// Already in the engine's list of work.
    pub is_queued: bool,
    audio: Track,
    video: Layers,
    epoch: u32,
    wall_clock: WallClock,
    feeds: Vec<Feed>,
    /// The layers that were active when they were last looked at.
    were_active: Vec<LayerId>,
    next_selection: Option<Instant>,
    next_viewer: usize,
    next_late: usize,
    again: bool,
    stepped: Vec<usize>,
}

/// What became of a packet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Taken {
    /// It is of no use: a probe, a duplicate, or video before the first key frame.
    Dropped,
    /// It waits for others of its frame.
    Gathered,
    /// It and what waited is ready to be forwarded.
    Flushed,
}

impl Stream {
    /// An empty stream.
    pub fn new(id: StreamId, max_history_packets: usize) -> Stream {
        Stream {
            id,
            publisher: None,
            is_relayed: false,
            subscribers: 0,
            viewers: Vec::new(),
            flush_due: None,
            idle_since: None,
            is_queued: false,
            audio: Track::new(Kind::Audio, max_history_packets.min(MAX_AUDIO_PACKETS)),
            video: Layers::new(max_history_packets),
            epoch: 0,
            wall_clock: WallClock::default(),
            feeds: Vec::new(),
            were_active: Vec::new(),
            next_selection: None,
            next_viewer: 0,
            next_late: 0,
            again: false,
            stepped: Vec::new(),
        }
    }

    /// The sound and the layers of the picture.
    pub fn media(&self) -> (&Track, &Layers) {
        (&self.audio, &self.video)
    }

    /// The sound and the layers of the picture.
    pub fn media_mut(&mut self) -> (&mut Track, &mut Layers) {
        (&mut self.audio, &mut self.video)
    }

    /// The sound, or an encoding of the picture as it comes; `None` for one encoding too many.
    fn track_mut(&mut self, kind: Kind, encoding: u8) -> Option<&mut Track> {
        match kind {
            Kind::Audio => Some(&mut self.audio),
            Kind::Video => self.video.encoding_mut(encoding).map(|layer| &mut layer.track),
        }
    }

    /// Facts for recorders and relays, in order.
    pub fn take_feeds(&mut self) -> std::vec::Drain<'_, Feed> {
        self.feeds.drain(..)
    }

    /// Another publisher (or none) sends from here on, in encodings of these names (none without simulcast).
    pub fn set_publisher<'a>(&mut self, publisher: Option<usize>, encodings: impl Iterator<Item = &'a str>) {
        self.flush();
        let has_sent = self.audio.parameters.is_some() || self.video.iter().any(|(_, l)| l.track.parameters.is_some());
        if self.publisher.is_some() || has_sent {
            self.epoch += 1;
            if self.subscribers > 0 && publisher.is_none() {
                self.feeds.push(Feed::PublisherGone);
            }
        }
        self.publisher = publisher;
        self.audio.start_epoch();
        self.video.start_epoch();
        self.wall_clock.start_epoch();
        if publisher.is_some() {
            self.video.set_names(encodings);
        }
    }

    /// Takes a packet of the publisher onto the line.
    pub fn take(
        &mut self,
        received: &Received<'_>,
        placement: &mut Option<Placement>,
        viewers: &mut Slab<Viewer>,
        now: Instant,
        hold: Duration,
    ) -> Taken {
        let starts_key_frame = codec::starts_key_frame(received.parameters.codec, received.payload);
        let Some(track) = self.track_mut(received.kind, received.encoding) else {
            return Taken::Dropped;
        };
        let is_new = track.parameters != Some(received.parameters);
        let waits = received.kind == Kind::Video && (is_new || track.waits_for_key_frame) && !starts_key_frame;
        if received.payload.is_empty() || waits {
            if let Some(placement) = placement {
                placement.skip(received.extended);
            } else if waits {
                track.waits_for_key_frame = true;
                track.want_key_frame();
                track.early.push(received);
            }
            return Taken::Dropped;
        }
        if is_new {
            self.start_track(received, viewers, now);
        }
        let is_video = received.kind == Kind::Video && placement.is_none();
        let due = is_video.then(|| self.video.due()).flatten();
        let Some(track) = self.track_mut(received.kind, received.encoding) else {
            return Taken::Dropped;
        };
        let extended = received.extended;
        let placement = placement.get_or_insert_with(|| track.line.attach(extended, received.timestamp, due, now));
        let mut early = std::mem::take(&mut track.early);
        let mut taken = self.place(received, starts_key_frame, placement, now);
        // Of a key frame, a later packet may have come before the first.
        for packet in early.drain_after(received) {
            taken = taken.max(self.place(&packet, false, placement, now));
        }
        if taken == Taken::Gathered {
            self.flush_due.get_or_insert(now + hold);
        }
        taken
    }

    /// Puts a useful packet onto the line.
    fn place(
        &mut self,
        received: &Received<'_>,
        starts_key_frame: bool,
        placement: &mut Placement,
        now: Instant,
    ) -> Taken {
        let Some(track) = self.track_mut(received.kind, received.encoding) else {
            return Taken::Dropped;
        };
        let Some(place) = placement.place(received.extended, received.timestamp, now) else {
            return Taken::Dropped;
        };
        if place.seq < track.epoch_start || track.history.packet(place.seq).is_some() {
            return Taken::Dropped;
        }
        track.line.note(place, now);
        let meta = PacketMeta {
            seq: place.seq,
            rtp_time: place.rtp_time,
            arrived: now,
            marker: received.marker,
            starts_key_frame,
            switches_up: false,
        };
        let must_flush = match received.kind {
            Kind::Audio => self.audio.push(meta, received.payload),
            Kind::Video => self.video.push(received, meta),
        };
        if starts_key_frame && self.subscribers > 0 {
            self.tell_shape(received.encoding);
        }
        if must_flush {
            self.flush();
            return Taken::Flushed;
        }
        Taken::Gathered
    }

    fn tell_shape(&mut self, encoding: u8) {
        if let Some(shape) = self.video.take_shape_change(encoding) {
            let track = Layers::track_id(encoding);
            self.feeds.push(Feed::Shape { track, shape });
        }
    }

    /// The publisher's first packet of a track, or its first in this codec.
    fn start_track(&mut self, received: &Received<'_>, viewers: &mut Slab<Viewer>, now: Instant) {
        self.flush();
        let parameters = received.parameters;
        match received.kind {
            Kind::Audio => self.audio.start(parameters),
            Kind::Video => self.video.start_encoding(received.encoding, parameters),
        }
        let Some(track) = self.track_mut(received.kind, received.encoding) else {
            return;
        };
        let (track, starts_at) = (track.id, track.epoch_start);
        self.start_for_viewers(received.kind, received.encoding, viewers, now);
        if self.subscribers > 0 {
            let name = match received.kind {
                Kind::Audio => Arc::from(""),
                Kind::Video => self.video.name(received.encoding),
            };
            self.feeds.push(Feed::Track {
                track,
                epoch: self.epoch,
                parameters,
                starts_at,
                name,
            });
        }
    }

    fn start_for_viewers(&mut self, kind: Kind, encoding: u8, viewers: &mut Slab<Viewer>, now: Instant) {
        let layer = self.video.find(encoding, Point::WHOLE).unwrap_or_default();
        for &key in &self.viewers {
            let Some(viewer) = viewers.get_mut(key) else { continue };
            match kind {
                Kind::Audio => {
                    viewer.resolve_codec(&self.audio);
                    viewer.skip_audio_to(self.audio.epoch_start);
                }
                Kind::Video => {
                    viewer.start_layer(&self.video, layer);
                    // The new layer may be a better one, and it begins with a key frame.
                    self.next_selection = Some(now);
                }
            }
        }
    }

    /// Takes what the publisher says of its clock.
    pub fn take_report(&mut self, report: Report, encoding: u8, placement: &mut Placement) {
        let has_sound = self.audio.parameters.is_some();
        let Some(clock) = self.wall_clock.take(report, placement, has_sound) else {
            return;
        };
        let kind = report.kind;
        match kind {
            Kind::Audio => self.audio.clock = Some(clock),
            Kind::Video => self.video.set_clock(encoding, clock),
        }
        if let Some(track) = self.track_mut(kind, encoding).map(|track| track.id)
            && self.subscribers > 0
        {
            self.feeds.push(report_of(track, clock));
        }
    }

    /// Makes everything that has gathered ready to be forwarded.
    pub fn flush(&mut self) {
        self.flush_due = None;
        let mut tell = |track, batch| {
            self.again = true;
            if self.subscribers > 0 {
                self.feeds.push(Feed::Packets { track, batch });
            }
        };
        if let Some(batch) = self.audio.flush() {
            tell(self.audio.id, batch);
        }
        for encoding in 0..self.video.encodings() {
            if let Some(batch) = self.video.flush(encoding) {
                tell(Layers::track_id(encoding), batch);
            }
        }
    }

    /// Whether a viewer may be missing something that is ready.
    pub fn has_work(&self) -> bool {
        self.again || self.next_viewer > 0 || self.has_late()
    }

    /// Whether there are packets that filled a hole which viewers have passed.
    pub fn has_late(&self) -> bool {
        !self.audio.late().is_empty() || self.video.has_late()
    }

    /// Writes the next piece of live work, viewer by viewer; `None` when every viewer has what is there. Late packets
    /// come first: whether one is late for a viewer is told by the viewer's cursor, which only moves after them.
    pub fn write_next(&mut self, viewers: &mut Slab<Viewer>, now: Instant, out: &mut [u8]) -> Option<(usize, Written)> {
        if let Some(written) = self.write_next_late(viewers, now, out) {
            return Some(written);
        }
        self.select_if_due(viewers, now);
        loop {
            while let Some(&key) = self.viewers.get(self.next_viewer) {
                if let Some(viewer) = viewers.get_mut(key) {
                    let written = viewer.write_live(&mut self.audio, &mut self.video, now, out);
                    if viewer.needs_steps() && !std::mem::replace(&mut viewer.is_stepped, true) {
                        self.stepped.push(key);
                    }
                    if let Some(written) = written {
                        return Some((key, written));
                    }
                }
                self.next_viewer += 1;
            }
            self.next_viewer = 0;
            if !std::mem::take(&mut self.again) {
                return None;
            }
        }
    }

    fn write_next_late(
        &mut self,
        viewers: &mut Slab<Viewer>,
        now: Instant,
        out: &mut [u8],
    ) -> Option<(usize, Written)> {
        if !self.has_late() {
            return None;
        }
        let late = std::iter::once((LayerId::default(), &self.audio))
            .chain(self.video.iter().map(|(id, layer)| (id, &layer.track)))
            .flat_map(|(id, track)| track.late().iter().map(move |&seq| (id, track, seq)));
        let count = self.viewers.len().max(1);
        for (id, track, seq) in late.skip(self.next_late / count) {
            let from = self.next_late % count;
            for &key in self.viewers.get(from..).unwrap_or_default() {
                self.next_late += 1;
                if let Some(viewer) = viewers.get_mut(key)
                    && let Some(written) = viewer.write_late(track, id, seq, now, out)
                {
                    return Some((key, written));
                }
            }
            self.next_late = self.next_late.next_multiple_of(count);
        }
        self.next_late = 0;
        self.audio.clear_late();
        self.video.tracks_mut().for_each(Track::clear_late);
        None
    }

    /// Viewers that are to be served in steps from now on.
    pub fn take_stepped(&mut self) -> Option<usize> {
        self.stepped.pop()
    }

    /// A viewer has its keys: lets it start.
    pub fn add_viewer(&mut self, key: usize, viewer: &mut Viewer, now: Instant) {
        self.viewers.push(key);
        viewer.resolve_codec(&self.audio);
        viewer.waits_for_picture = self.video.infos(now).iter().any(|(_, info)| info.is_active);
        if self.publisher.is_some() || self.is_relayed {
            let layer = self.first_layer(viewer, now);
            viewer.start(&self.audio, &mut self.video, layer, now);
        } else {
            viewer.wait_for_publisher(&self.audio);
        }
    }

    /// A viewer is gone.
    pub fn remove_viewer(&mut self, key: usize) {
        if let Some(at) = self.viewers.iter().position(|&viewer| viewer == key) {
            self.viewers.swap_remove(at);
            // Whoever took its place may have been passed over.
            self.again = true;
        }
    }
}

fn kind_of(track: TrackId) -> (Kind, u8) {
    match Layers::encoding_of(track) {
        None => (Kind::Audio, 0),
        Some(encoding) => (Kind::Video, encoding),
    }
}

fn report_of(track: TrackId, clock: SenderClock) -> Feed {
    let SenderClock {
        ntp_time,
        rtp_time,
        arrived,
    } = clock;
    Feed::SenderReport {
        track,
        ntp_time,
        rtp_time,
        arrived,
    }
}
