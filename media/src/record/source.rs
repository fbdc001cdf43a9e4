//! One track's packets into frames on the recording's time line.

use super::reorder::{Held, Next, Reorder};
use super::timeline::{TrackClock, WallClock};
use crate::codec::{Codec, Depacketiser, Description, Kind};
use crate::forward::batch::Batch;
use crate::id::TrackId;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The arrivals of so much of a track are looked at before its first frame gets a time: what was held up comes at once.
const SETTLE: Duration = Duration::from_millis(200);

/// The most packets that a frame may have.
const MAX_FRAME_PACKETS: usize = 8192;

/// Where the recording's time line touches the server's clock.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) instant: Instant,
    /// The time at `instant`, in nanoseconds since the recording began.
    pub(super) ns: i64,
}

impl Origin {
    /// An instant as nanoseconds since the recording began.
    pub(super) fn ns(&self, at: Instant) -> i64 {
        let signed = |d: Duration| i64::try_from(d.as_nanos()).unwrap_or(i64::MAX / 4);
        match at.checked_duration_since(self.instant) {
            Some(after) => self.ns.saturating_add(signed(after)),
            None => self
                .ns
                .saturating_sub(signed(self.instant.saturating_duration_since(at))),
        }
    }
}

/// A frame that is ready; its bytes are in [`Source::sample`].
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// When it is shown or heard, in nanoseconds since the recording began.
    pub(super) time: i64,
    /// Whether a decoder can start at it.
    pub(super) key: bool,
    /// Whether it belongs to the frame before it: the sender ended that too early.
    pub(super) continues: bool,
    /// What the newest key frame said about the track; the same `Arc` as long as it says the same.
    pub(super) description: Arc<Description>,
}

/// The packets of one track on their way to frames.
#[derive(Debug)]
pub(super) struct Source {
    pub(super) track: TrackId,
    pub(super) codec: Codec,
    pub(super) clock: TrackClock,
    queue: Reorder,
    depacketiser: Depacketiser,
    packets: Vec<Held>,
    /// A packet that was read and belongs to the frame after `packets`.
    ahead: Option<Held>,
    last_rtp_time: Option<u64>,
    needs_key: bool,
    newest_arrival: Option<Instant>,
    /// When the first packets were taken in, and when the first of them had arrived.
    began: Option<(Instant, Instant)>,
    /// The bytes of the frame that [`Source::next`] gave. May be taken; a buffer that is put back is used again.
    pub(super) sample: Vec<u8>,
    description: Option<Arc<Description>>,
}

impl Source {
    /// For a track that begins with sequence number `starts_at`; nothing where the codec cannot be recorded.
    pub(super) fn new(track: TrackId, codec: Codec, starts_at: u64) -> Option<Source> {
        let depacketiser = Depacketiser::new(codec)?;
        Some(Source {
            track,
            codec,
            clock: TrackClock::new(codec.kind(), codec.clock_rate()),
            queue: Reorder::new(starts_at),
            description: depacketiser.description().map(Arc::new),
            depacketiser,
            packets: Vec::new(),
            ahead: None,
            last_rtp_time: None,
            needs_key: codec.kind() == Kind::Video,
            newest_arrival: None,
            began: None,
            sample: Vec::new(),
        })
    }

    /// Takes in packets.
    pub(super) fn insert(&mut self, batch: &Arc<Batch>, now: Instant, origin: Origin) {
        for packet in batch.packets() {
            let arrived = packet.meta.arrived;
            self.newest_arrival = self.newest_arrival.max(Some(arrived));
            self.began.get_or_insert((now, arrived));
            self.clock.observe(packet.meta.rtp_time, origin.ns(arrived));
        }
        self.queue.insert(batch);
    }

    /// Whether more arrivals are to be looked at before the first frame gets its time.
    pub(super) fn is_settling(&self, now: Instant) -> bool {
        if self.clock.has_begun() {
            return false;
        }
        let (Some((taken, first)), Some(newest)) = (self.began, self.newest_arrival) else {
            return true;
        };
        now.saturating_duration_since(taken) < SETTLE && newest.saturating_duration_since(first) < SETTLE
    }

    /// Whether packets came within the last second.
    pub(super) fn is_sending(&self, now: Instant) -> bool {
        self.newest_arrival
            .is_some_and(|at| now.saturating_duration_since(at) < Duration::from_secs(1))
    }

    /// Whether frames are being dropped until a key frame comes.
    pub(super) fn needs_key(&self) -> bool {
        self.needs_key
    }

    /// Drops frames until a key frame comes.
    pub(super) fn resume_at_key(&mut self) {
        self.needs_key = self.codec.kind() == Kind::Video;
    }

    /// What the newest key frame said about the track; always known for sound.
    pub(super) fn description(&self) -> Option<&Arc<Description>> {
        self.description.as_ref()
    }

    /// The next frame, in decoding order. With a `wait` of zero nothing is waited for: the track is over.
    pub(super) fn next(&mut self, now: Instant, wait: Duration, origin: Origin, wall: &mut WallClock) -> Option<Frame> {
        if self.is_settling(now) && !wait.is_zero() {
            return None;
        }
        loop {
            let held = match self.ahead.take() {
                Some(held) => held,
                None => match self.queue.pop(now, wait) {
                    Some(Next::Packet(held)) => held,
                    Some(Next::Lost) => {
                        self.packets.clear();
                        self.resume_at_key();
                        continue;
                    }
                    None if wait.is_zero() && !self.packets.is_empty() => return self.finish(origin, wall),
                    None => return None,
                },
            };
            let meta = held.packet().meta;
            if self
                .packets
                .first()
                .is_some_and(|first| first.packet().meta.rtp_time != meta.rtp_time)
            {
                self.ahead = Some(held);
            } else {
                let unusable = self.needs_key && self.packets.is_empty() && !meta.starts_key_frame;
                if unusable {
                    continue;
                }
                if self.packets.len() == MAX_FRAME_PACKETS {
                    self.packets.clear();
                    self.resume_at_key();
                    continue;
                }
                self.packets.push(held);
                if !meta.marker && self.codec.kind() == Kind::Video {
                    continue;
                }
            }
            if let Some(frame) = self.finish(origin, wall) {
                return Some(frame);
            }
        }
    }

    /// Puts the collected packets together; nothing where they make no frame.
    fn finish(&mut self, origin: Origin, wall: &mut WallClock) -> Option<Frame> {
        let meta = self.packets.first()?.packet().meta;
        self.sample.clear();
        let result = self
            .depacketiser
            .frame(self.packets.iter().map(|held| held.packet().payload), &mut self.sample);
        self.packets.clear();
        let Ok(key) = result else {
            self.resume_at_key();
            return None;
        };
        if self.sample.is_empty() {
            return None; // parameter sets alone, or sound that says nothing
        }
        if key && self.codec.kind() == Kind::Video {
            let said = self.depacketiser.description();
            if said.as_ref() != self.description.as_deref() {
                self.description = said.map(Arc::new);
            }
        }
        let description = self.description.clone().filter(|_| key || !self.needs_key)?;
        self.needs_key = false;
        let continues = self.last_rtp_time.replace(meta.rtp_time) == Some(meta.rtp_time);
        let time = self.clock.time(meta.rtp_time, origin.ns(meta.arrived), wall);
        Some(Frame {
            time,
            key,
            continues,
            description,
        })
    }
}
