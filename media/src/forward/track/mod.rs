//! One track of a stream: its line, its history, and what has arrived and not been forwarded yet.

pub mod clock;
pub mod early;
pub mod history;
pub mod line;
pub mod plan;
pub mod rate;

use super::batch::{Batch, Packet, PacketMeta};
use super::point::Point;
use crate::codec::{CodecParameters, Kind};
use crate::id::TrackId;
use early::Early;
use history::History;
use line::{Line, Place};
use plan::Run;
use rate::Rate;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// A batch is forwarded at the latest with this many packets, so that a large key frame does not wait for its end.
const MAX_OPEN_PACKETS: usize = 48;

/// Key frames are asked for at most this often, however many want one.
const KEY_FRAME_INTERVAL: Duration = Duration::from_secs(1);

/// Packets looked at to find when something was sent.
const MAX_LOOK_BACK: u64 = 64;

/// The publisher's clock, as its last sender report told it, on the line.
#[derive(Clone, Copy, Debug)]
pub struct SenderClock {
    /// 32.32 fixed-point seconds since 1900.
    pub ntp_time: u64,
    /// The same moment on the line.
    pub rtp_time: u64,
    /// When the report arrived.
    pub arrived: Instant,
}

/// See the module.
pub struct Track {
    /// Its name outside.
    pub id: TrackId,
    /// Sound or picture.
    pub kind: Kind,
    /// What the present publisher sends; `None` before its first packet.
    pub parameters: Option<CodecParameters>,
    /// Where the line ends.
    pub line: Line,
    /// What can be sent (again).
    pub history: History,
    /// The publisher's clock.
    pub clock: Option<SenderClock>,
    /// Video before its first key frame is of no use to anybody.
    pub waits_for_key_frame: bool,
    /// Video that came before its first key frame.
    pub early: Early,
    /// Where the present publisher's part of the line starts.
    pub epoch_start: u64,
    /// How much of it comes.
    pub rate: Rate,
    /// The last moment at which those on lower temporal layers could have gone over to this one.
    pub switch_time: Option<u64>,
    open: Arc<Batch>,
    flushed: u64,
    late: Vec<u64>,
    key_frame_wanted: bool,
    key_frame_asked: Option<Instant>,
    runs: Vec<Run>,
    runs_from: u64,
    runs_until: u64,
    single_run: Vec<Run>,
}

impl Track {
    /// An empty track whose history holds at most `max_packets`.
    pub fn new(kind: Kind, max_packets: usize) -> Track {
        let (id, clock_rate) = match kind {
            Kind::Audio => (TrackId(0), 48_000),
            Kind::Video => (TrackId(1), 90_000),
        };
        let line = Line::new(clock_rate);
        let mut history = History::new(max_packets);
        Track {
            id,
            kind,
            parameters: None,
            open: history.empty_batch(),
            flushed: line.next_seq(),
            epoch_start: line.next_seq(),
            line,
            history,
            clock: None,
            waits_for_key_frame: kind == Kind::Video,
            early: Early::default(),
            rate: Rate::default(),
            switch_time: None,
            late: Vec::new(),
            key_frame_wanted: false,
            key_frame_asked: None,
            runs: Vec::new(),
            runs_from: 0,
            runs_until: 0,
            single_run: Vec::new(),
        }
    }

    /// One past what viewers may be sent.
    pub fn flushed(&self) -> u64 {
        self.flushed
    }

    /// Adds a packet that arrived. True when it should be forwarded now: a frame has ended, or much has gathered.
    pub fn push(&mut self, meta: PacketMeta, payload: &[u8]) -> bool {
        if meta.starts_key_frame {
            self.key_frame_wanted = false;
        }
        let Some(open) = Arc::get_mut(&mut self.open) else {
            return true;
        };
        open.push(meta, payload);
        open.len() >= MAX_OPEN_PACKETS || (self.kind == Kind::Video && meta.marker)
    }

    /// Whether packets wait to be forwarded.
    pub fn has_open(&self) -> bool {
        !self.open.is_empty()
    }

    /// The payload of the packet that was pushed last.
    pub fn last_payload_mut(&mut self) -> Option<&mut [u8]> {
        Arc::get_mut(&mut self.open)?.last_payload_mut()
    }

    /// Puts the packet that was pushed last into a part of the encoding as well; see [`Batch::push_again`].
    pub fn push_again(&mut self, point: Point, meta: PacketMeta, with_payload: bool) {
        if let Some(open) = Arc::get_mut(&mut self.open) {
            open.push_again(point, meta, with_payload);
        }
    }

    /// Gives the packet that was pushed last its own descriptor; see [`Batch::describe`].
    pub fn describe(&mut self, descriptor: &[u8]) {
        if let Some(open) = Arc::get_mut(&mut self.open) {
            open.describe(descriptor);
        }
    }

    /// What has gathered, which is not visible yet: it is to be taken.
    pub fn close(&mut self) -> Option<Arc<Batch>> {
        if self.open.is_empty() {
            return None;
        }
        Some(std::mem::replace(&mut self.open, self.history.empty_batch()))
    }

    /// Makes what has gathered visible: into the history, and out to whoever shares batches.
    pub fn flush(&mut self) -> Option<Arc<Batch>> {
        let batch = self.close()?;
        self.take(&batch);
        Some(batch)
    }

    /// Takes a batch of a track that has no parts.
    pub fn take(&mut self, batch: &Arc<Batch>) {
        for (index, _, packet) in batch.places() {
            self.take_packet(batch, index, &packet);
        }
    }

    /// Takes the packet at `index` of a batch.
    pub fn take_packet(&mut self, batch: &Arc<Batch>, index: usize, packet: &Packet<'_>) {
        let meta = packet.meta;
        self.rate.note(packet.payload.len(), meta.arrived);
        let Packet {
            meta: PacketMeta { seq, rtp_time, .. },
            ..
        } = *packet;
        self.line.note(Place { seq, rtp_time }, meta.arrived);
        if meta.seq < self.flushed && self.history.packet(meta.seq).is_none() {
            self.late.push(meta.seq);
            // It is missing in the plan of those who have not passed it yet.
            self.runs_until = 0;
        }
        if meta.starts_key_frame {
            self.key_frame_wanted = false;
        }
        if meta.switches_up && self.switch_time.is_none_or(|time| time < meta.rtp_time) {
            self.switch_time = Some(meta.rtp_time);
        }
        self.history.insert(batch, index, meta);
        self.flushed = self.flushed.max(self.history.end());
    }

    /// A publisher sends this from here on.
    pub fn start(&mut self, parameters: CodecParameters) {
        self.parameters = Some(parameters);
        self.waits_for_key_frame = false;
        self.epoch_start = self.line.next_seq().max(self.flushed);
        self.switch_time = None;
        self.history.forget_key_frame();
    }

    /// Whether what has come until `seq` ends with a whole picture, as far as is known.
    pub fn is_boundary(&self, seq: u64) -> bool {
        let before = seq.checked_sub(1).and_then(|before| self.history.packet(before));
        before.is_none_or(|packet| packet.meta.marker)
    }

    /// Whether a packet is known to be the first of its picture: the one before it is there and ends another.
    pub fn begins_picture(&self, seq: u64) -> bool {
        let before = seq.checked_sub(1).and_then(|before| self.history.packet(before));
        seq == self.epoch_start || before.is_some_and(|packet| packet.meta.marker)
    }

    /// The time of the last packet before `seq` that is there, on the line.
    pub fn time_before(&self, seq: u64) -> Option<u64> {
        self.packet_before(seq).map(|packet| packet.meta.rtp_time)
    }

    /// The last packet before `seq` that is there.
    pub fn packet_before(&self, seq: u64) -> Option<Packet<'_>> {
        let mut before = (seq.saturating_sub(MAX_LOOK_BACK)..seq).rev();
        before.find_map(|seq| self.history.packet(seq))
    }

    /// What a decoder that starts now needs, oldest first.
    pub fn batches_since_key_frame(&self) -> impl Iterator<Item = Arc<Batch>> {
        let from = self.history.key_frame().map_or(self.flushed, |key| key.seq);
        self.history.batches(from, self.flushed)
    }

    /// Packets that filled a hole behind [`Track::flushed`]: viewers past them get them on their own.
    pub fn late(&self) -> &[u64] {
        &self.late
    }

    /// Every viewer has been given the late packets.
    pub fn clear_late(&mut self) {
        self.late.clear();
    }

    /// The runs from `from` to [`Track::flushed`]. The plan is kept, since most viewers stand at the same place.
    pub fn runs_from(&mut self, from: u64) -> &[Run] {
        let at = self.runs.partition_point(|run| run.first < from);
        let is_boundary = match at.checked_sub(1).and_then(|before| self.runs.get(before)) {
            Some(before) => before.end <= from,
            None => self.runs_from <= from,
        };
        let at = if is_boundary && self.runs_until == self.flushed {
            at
        } else {
            plan::plan(&self.history, from, self.flushed, &mut self.runs);
            (self.runs_from, self.runs_until) = (from, self.flushed);
            0
        };
        self.runs.get(at..).unwrap_or_default()
    }

    /// The first run at or soon behind `from`, for a viewer that stands alone; `None` when nothing is there for
    /// [`plan::MAX_SEGMENTS`] numbers.
    pub fn run_at(&mut self, from: u64) -> Option<Run> {
        let until = self.flushed.min(from + plan::MAX_SEGMENTS as u64);
        plan::plan(&self.history, from, until, &mut self.single_run);
        self.single_run.first().copied()
    }

    /// A viewer cannot go on without a key frame.
    pub fn want_key_frame(&mut self) {
        self.key_frame_wanted |= self.kind == Kind::Video;
    }

    /// Whether anybody has wanted one since the last.
    pub fn wants_key_frame(&self) -> bool {
        self.key_frame_wanted
    }

    /// Nobody wants one any more.
    pub fn forget_wish(&mut self) {
        self.key_frame_wanted = false;
    }

    /// Whether to ask the publisher for a key frame now; notes that it was asked. One request serves all viewers, and
    /// it is made again while nothing came.
    pub fn take_key_frame_request(&mut self, now: Instant) -> bool {
        if !self.key_frame_wanted {
            return false;
        }
        let is_due = self
            .key_frame_asked
            .is_none_or(|asked| now.saturating_duration_since(asked) >= KEY_FRAME_INTERVAL);
        if is_due {
            self.key_frame_asked = Some(now);
        }
        is_due
    }

    /// Another publisher: the line and the history go on, but nobody may start before its first key frame.
    pub fn start_epoch(&mut self) {
        self.parameters = None;
        self.clock = None;
        self.waits_for_key_frame = self.kind == Kind::Video;
        self.early = Early::default();
        self.key_frame_asked = None;
        self.switch_time = None;
        self.history.forget_key_frame();
    }

    /// What comes from elsewhere starts with this number.
    pub fn begin_at(&mut self, seq: u64) {
        self.flushed = self.flushed.max(seq);
        self.epoch_start = self.flushed;
    }

    /// The publisher's NTP and line time at `now`, carried on from its last sender report.
    pub fn sender_clock_at(&self, now: Instant) -> Option<(u64, u64)> {
        let clock = self.clock?;
        let elapsed = now.saturating_duration_since(clock.arrived);
        let rate = u128::from(if self.kind == Kind::Audio { 48_000u32 } else { 90_000 });
        let ntp = ((elapsed.as_nanos() << 32) / 1_000_000_000) as u64;
        let rtp = (elapsed.as_nanos() * rate / 1_000_000_000) as u64;
        Some((clock.ntp_time.wrapping_add(ntp), clock.rtp_time.wrapping_add(rtp)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn take(track: &mut Track, seqs: &[u64]) {
        let mut batch = Batch::new();
        for &seq in seqs {
            let (rtp_time, arrived) = (seq, Instant::now());
            let meta = PacketMeta {
                seq,
                rtp_time,
                arrived,
                marker: false,
                starts_key_frame: false,
                switches_up: false,
            };
            batch.push(meta, &[1; 100]);
        }
        track.take(&Arc::new(batch));
    }

    fn planned(track: &mut Track, from: u64) -> Vec<(u64, u64)> {
        track.runs_from(from).iter().map(|run| (run.first, run.end)).collect()
    }

    #[test]
    fn who_has_not_passed_a_hole_yet_gets_what_fills_it() {
        let mut track = Track::new(Kind::Video, 1024);
        let start = track.flushed();
        take(&mut track, &[start, start + 3]);
        assert_eq!(planned(&mut track, start), [(start, start + 4)]);
        assert_eq!(planned(&mut track, start + 1), [(start + 3, start + 4)]);
        take(&mut track, &[start + 1]);
        assert_eq!(track.late(), [start + 1]);
        assert_eq!(planned(&mut track, start + 1), [(start + 1, start + 4)]);
    }

    #[test]
    fn a_request_for_a_key_frame_is_merged_and_made_again() {
        let mut track = Track::new(Kind::Video, 1024);
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let start = Instant::now();
        let asks = |track: &mut Track, ms| track.take_key_frame_request(start + Duration::from_millis(ms));
        assert!(!asks(&mut track, 0), "nobody wants one");
        track.want_key_frame();
        assert!(asks(&mut track, 0));
        assert!(!asks(&mut track, 900), "one is on its way");
        assert!(asks(&mut track, 1000), "it never came");
    }
}
