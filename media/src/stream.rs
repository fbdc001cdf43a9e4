//! One stream: its tracks, its viewers, and the work of carrying what has arrived to each of them.

use crate::codec::{self, Kind};
use crate::engine::LayerInfo;
use crate::forward::batch::PacketMeta;
use crate::forward::feed::Feed;
use crate::forward::line::Placement;
use crate::forward::received::Received;
use crate::forward::track::{SenderClock, Track};
use crate::forward::viewer::{Mode, Viewer, Written};
use crate::id::StreamId;
use slab::Slab;
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
    video: Track,
    epoch: u32,
    feeds: Vec<Feed>,
    /// Whether there was a picture when it was last looked at.
    was_active: bool,
    next_viewer: usize,
    next_late: usize,
    again: bool,
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
            video: Track::new(Kind::Video, max_history_packets),
            epoch: 0,
            feeds: Vec::new(),
            was_active: false,
            next_viewer: 0,
            next_late: 0,
            again: false,
        }
    }

    /// The track of a kind.
    pub fn track(&self, kind: Kind) -> &Track {
        match kind {
            Kind::Audio => &self.audio,
            Kind::Video => &self.video,
        }
    }

    /// The track of a kind.
    pub fn track_mut(&mut self, kind: Kind) -> &mut Track {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }

    /// Audio and video together.
    pub fn tracks_mut(&mut self) -> (&mut Track, &mut Track) {
        (&mut self.audio, &mut self.video)
    }

    /// Facts for recorders and relays, in order.
    pub fn take_feeds(&mut self) -> std::vec::Drain<'_, Feed> {
        self.feeds.drain(..)
    }

    /// Everything a recorder or relay that comes now has to know: the tracks, the clocks, and the packets since the
    /// last key frame.
    pub fn snapshot(&self) -> Vec<Feed> {
        let mut feeds = Vec::new();
        for track in [&self.audio, &self.video] {
            let Some(parameters) = track.parameters else { continue };
            let starts_at = track.history.key_frame().map_or(track.flushed(), |key| key.seq);
            feeds.push(Feed::Track {
                track: track.id,
                epoch: self.epoch,
                parameters,
                starts_at,
            });
            if let Some(clock) = track.clock {
                feeds.push(report_of(track, clock));
            }
        }
        feeds.extend(self.video.batches_since_key_frame().map(|batch| Feed::Packets {
            track: self.video.id,
            batch,
        }));
        feeds
    }

    /// Another publisher (or none) sends from here on.
    pub fn set_publisher(&mut self, publisher: Option<usize>) {
        self.flush();
        if self.publisher.is_some() || self.audio.parameters.is_some() || self.video.parameters.is_some() {
            self.epoch += 1;
            if self.subscribers > 0 && publisher.is_none() {
                self.feeds.push(Feed::PublisherGone);
            }
        }
        self.publisher = publisher;
        self.audio.start_epoch();
        self.video.start_epoch();
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
        let track = self.track_mut(received.kind);
        let is_new = track.parameters != Some(received.parameters);
        let waits = received.kind == Kind::Video && (is_new || track.waits_for_key_frame) && !starts_key_frame;
        if received.payload.is_empty() || waits {
            if let Some(placement) = placement {
                placement.skip(received.extended);
            } else if waits {
                track.want_key_frame();
                track.early.push(received);
            }
            return Taken::Dropped;
        }
        if is_new {
            self.start_track(received, viewers);
        }
        let track = self.track_mut(received.kind);
        let extended = received.extended;
        let placement = placement.get_or_insert_with(|| track.line.attach(extended, received.timestamp, now));
        let mut taken = self.place(received, starts_key_frame, placement, now);
        // Of a key frame, a later packet may have come before the first.
        let mut early = std::mem::take(&mut self.track_mut(received.kind).early);
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
        let track = self.track_mut(received.kind);
        let Some(place) = placement.place(received.extended, received.timestamp) else {
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
        };
        if track.push(meta, received.payload) {
            self.flush();
            return Taken::Flushed;
        }
        Taken::Gathered
    }

    /// The publisher's first packet of this kind, or its first in this codec.
    fn start_track(&mut self, received: &Received<'_>, viewers: &mut Slab<Viewer>) {
        self.flush();
        let track = self.track_mut(received.kind);
        track.parameters = Some(received.parameters);
        track.waits_for_key_frame = false;
        track.epoch_start = track.line.next_seq();
        track.history.forget_key_frame();
        let (start, track_id) = (track.epoch_start, track.id);
        for &key in &self.viewers {
            let Some(viewer) = viewers.get_mut(key) else { continue };
            viewer.resolve_codec(match received.kind {
                Kind::Audio => &self.audio,
                Kind::Video => &self.video,
            });
            viewer.skip_to(received.kind, start);
        }
        if self.subscribers > 0 {
            let (epoch, parameters) = (self.epoch, received.parameters);
            self.feeds.push(Feed::Track {
                track: track_id,
                epoch,
                parameters,
                starts_at: start,
            });
        }
    }

    /// Takes the publisher's clock.
    pub fn take_clock(&mut self, kind: Kind, clock: SenderClock) {
        let track = self.track_mut(kind);
        track.clock = Some(clock);
        let feed = report_of(track, clock);
        if self.subscribers > 0 {
            self.feeds.push(feed);
        }
    }

    /// Takes a fact from the shard or node where the publisher is.
    pub fn take_relayed(&mut self, feed: &Feed, viewers: &mut Slab<Viewer>, now: Instant) {
        self.is_relayed = true;
        if self.subscribers > 0 {
            self.feeds.push(feed.clone());
        }
        match feed {
            Feed::Track {
                track,
                epoch,
                parameters,
                starts_at,
            } => {
                self.epoch = *epoch;
                let kind = self.kind_of(*track);
                let track = self.track_mut(kind);
                track.start_epoch();
                track.parameters = Some(*parameters);
                track.waits_for_key_frame = false;
                track.begin_at(*starts_at);
                let start = track.epoch_start;
                for &key in &self.viewers {
                    let Some(viewer) = viewers.get_mut(key) else { continue };
                    viewer.resolve_codec(self.track(kind));
                    viewer.skip_to(kind, start);
                }
            }
            Feed::Packets { track, batch } => {
                let kind = self.kind_of(*track);
                self.track_mut(kind).take(batch);
                self.again = true;
            }
            Feed::SenderReport {
                track,
                ntp_time,
                rtp_time,
                ..
            } => {
                let clock = SenderClock {
                    ntp_time: *ntp_time,
                    rtp_time: *rtp_time,
                    arrived: now,
                };
                let kind = self.kind_of(*track);
                self.track_mut(kind).clock = Some(clock);
            }
            Feed::PublisherGone | Feed::Ended => {}
        }
    }

    fn kind_of(&self, track: crate::id::TrackId) -> Kind {
        if track == self.audio.id {
            Kind::Audio
        } else {
            Kind::Video
        }
    }

    /// Makes everything that has gathered ready to be forwarded.
    pub fn flush(&mut self) {
        self.flush_due = None;
        for track in [&mut self.audio, &mut self.video] {
            let Some(batch) = track.flush() else { continue };
            self.again = true;
            if self.subscribers > 0 {
                self.feeds.push(Feed::Packets { track: track.id, batch });
            }
        }
    }

    /// Whether a viewer may be missing something that is ready.
    pub fn has_work(&self) -> bool {
        self.again || self.next_viewer > 0 || !self.audio.late().is_empty() || !self.video.late().is_empty()
    }

    /// Writes the next piece of live work, viewer by viewer; `None` when every viewer has what is there. Late packets
    /// come first: whether one is late for a viewer is told by the viewer's cursor, which only moves after them.
    pub fn write_next(&mut self, viewers: &mut Slab<Viewer>, out: &mut [u8]) -> Option<(usize, Written)> {
        if let Some(written) = self.write_next_late(viewers, out) {
            return Some(written);
        }
        loop {
            while let Some(&key) = self.viewers.get(self.next_viewer) {
                if let Some(viewer) = viewers.get_mut(key)
                    && let Some(written) = viewer.write_live(&mut self.audio, &mut self.video, out)
                {
                    return Some((key, written));
                }
                self.next_viewer += 1;
            }
            self.next_viewer = 0;
            if !std::mem::take(&mut self.again) {
                return None;
            }
        }
    }

    fn write_next_late(&mut self, viewers: &mut Slab<Viewer>, out: &mut [u8]) -> Option<(usize, Written)> {
        let count = self.viewers.len();
        let total = (self.audio.late().len() + self.video.late().len()) * count;
        while self.next_late < total {
            let (late, viewer) = (self.next_late / count, self.next_late % count);
            self.next_late += 1;
            let audio_count = self.audio.late().len();
            let (track, late) = if late < audio_count {
                (&self.audio, late)
            } else {
                (&self.video, late - audio_count)
            };
            let (Some(&seq), Some(&key)) = (track.late().get(late), self.viewers.get(viewer)) else {
                continue;
            };
            let Some(viewer) = viewers.get_mut(key) else { continue };
            if let Some(written) = viewer.write_late(track, seq, out) {
                return Some((key, written));
            }
        }
        self.next_late = 0;
        self.audio.clear_late();
        self.video.clear_late();
        None
    }

    /// A viewer has its keys: lets it start.
    pub fn add_viewer(&mut self, key: usize, viewer: &mut Viewer, now: Instant) {
        self.viewers.push(key);
        viewer.resolve_codec(&self.audio);
        viewer.resolve_codec(&self.video);
        if self.publisher.is_some() || self.is_relayed {
            viewer.start(&self.audio, &mut self.video, now);
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

    /// What a viewer can be sent of the picture, best first.
    pub fn layers(&self, now: Instant) -> Vec<LayerInfo> {
        if self.video.parameters.is_none() {
            return Vec::new();
        }
        vec![LayerInfo {
            bitrate_bps: self.video.rate.bps(now),
            is_active: self.video.rate.is_active(now),
            ..LayerInfo::default()
        }]
    }

    /// Whether the list of active layers is another one than when this was last asked.
    pub fn take_layers_changed(&mut self, now: Instant) -> bool {
        let is_active = self.video.rate.is_active(now);
        std::mem::replace(&mut self.was_active, is_active) != is_active
    }

    /// Asks for a key frame while somebody waits for one.
    pub fn note_waiting(&mut self, viewers: &Slab<Viewer>) {
        let waits = |&key: &usize| {
            viewers
                .get(key)
                .is_some_and(|v| matches!(v.mode, Mode::WaitsForKeyFrame) && v.lane(Kind::Video).is_some())
        };
        if self.viewers.iter().any(waits) {
            self.video.want_key_frame();
        }
    }
}

fn report_of(track: &Track, clock: SenderClock) -> Feed {
    let SenderClock {
        ntp_time,
        rtp_time,
        arrived,
    } = clock;
    Feed::SenderReport {
        track: track.id,
        ntp_time,
        rtp_time,
        arrived,
    }
}
