//! A viewer: where it is, its keys, its lanes, and how its packets are written.

pub mod header;
pub mod lane;
pub mod select;
pub mod sound;
pub mod step;
pub mod switch;

use super::bandwidth::{Bandwidth, Handed};
use super::batch::Packet;
use super::layers::{LayerId, Layers};
use super::track::Track;
use super::track::plan::{MAX_PADDING_BYTES, Run};
use crate::codec::Kind;
use crate::id::PeerId;
use crate::net::Origin;
use crate::peer::sdp::{Negotiated, PlayedCodec, payload_type_for};
use crate::peer::srtp::Sealer;
use crate::wire::rtcp;
use header::{Extensions, write_header};
use lane::Lane;
use select::Selector;
use std::time::{Duration, Instant};
use step::Held;

/// A key frame older than this is not worth catching up from: the viewer waits for the next one.
const MAX_CATCH_UP: Duration = Duration::from_secs(60);

/// A viewer is given this long after its handshake before the first picture: some clients cannot decrypt at once.
const SETTLE_TIME: Duration = Duration::from_millis(20);

/// A viewer joining on a key frame older than this has the publisher asked for a new one as well.
const OLD_KEY_FRAME: Duration = Duration::from_secs(2);

/// How the viewer's picture stands.
#[derive(Clone, Copy, Debug)]
pub enum Mode {
    /// Nothing can be shown before the next key frame.
    WaitsForKeyFrame,
    /// It is sent what came since the last key frame, faster than it came.
    CatchesUp {
        /// When that began.
        since: Instant,
        /// When the first packet of it had arrived at the server.
        from: Instant,
    },
    /// It gets what arrives.
    Live,
    /// It gets what arrives, in steps: there was more at once than may leave in one piece.
    Paced,
}

/// See the module.
pub struct Viewer {
    /// The connection.
    pub peer: PeerId,
    /// The stream, by its place in the engine.
    pub stream: usize,
    /// Where its packets go.
    pub to: Origin,
    /// Its keys.
    pub sealer: Sealer,
    /// How the picture stands.
    pub mode: Mode,
    /// When its next sender reports are due.
    pub next_report: Instant,
    /// Which layer it is to be sent.
    pub selector: Selector,
    /// What its line carries.
    pub bandwidth: Bandwidth,
    /// It is in the engine's list of viewers that are served in steps.
    pub is_stepped: bool,
    /// A picture was being sent when it came, and it has had nothing of it yet.
    pub waits_for_picture: bool,
    /// A layer that it is to go over to.
    pub(super) wanted: Option<LayerId>,
    /// Video is held back because of its line.
    held: Option<Held>,
    /// When it was last sent video again, and after what time of waiting.
    pub(super) tried: Option<(Instant, Duration)>,
    pub(super) audio: Option<Lane>,
    pub(super) video: Option<Lane>,
    /// How many packets back the next one is that a probe is made of.
    pub(super) probe_back: u64,
    codecs: Box<[PlayedCodec]>,
    pub(super) extensions: Extensions,
    pub(super) transport_number: u16,
}

/// A piece of work for one system call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    /// Bytes in the buffer.
    pub len: usize,
    /// The size of every datagram but the last; `None` for a single one.
    pub segment_bytes: Option<usize>,
    /// When the first packet in it had arrived at the server.
    pub arrived: Option<Instant>,
}

impl Viewer {
    /// A viewer that has just got its keys. `lanes` in the order of `negotiated`.
    pub fn new(
        peer: PeerId,
        stream: usize,
        to: Origin,
        sealer: Sealer,
        negotiated: &[Negotiated],
        lanes: Vec<Lane>,
        now: Instant,
    ) -> Viewer {
        let (mut audio, mut video) = (None, None);
        for (section, lane) in negotiated.iter().zip(lanes) {
            match section.kind {
                Kind::Audio => audio = Some(lane),
                Kind::Video => video = Some(lane),
            }
        }
        let extensions = Extensions::of(negotiated);
        Viewer {
            peer,
            stream,
            to,
            sealer,
            mode: Mode::WaitsForKeyFrame,
            next_report: now,
            selector: Selector::default(),
            bandwidth: Bandwidth::new(now, extensions.transport_cc.is_some()),
            is_stepped: false,
            waits_for_picture: false,
            wanted: None,
            held: None,
            tried: None,
            audio,
            video,
            probe_back: 0,
            codecs: negotiated
                .iter()
                .flat_map(|section| &section.codecs)
                .map(PlayedCodec::from)
                .collect(),
            extensions,
            transport_number: 0,
        }
    }

    /// The lane of a kind, if the viewer asked for that kind.
    pub fn lane(&self, kind: Kind) -> Option<&Lane> {
        match kind {
            Kind::Audio => self.audio.as_ref(),
            Kind::Video => self.video.as_ref(),
        }
    }

    pub(super) fn lane_mut(&mut self, kind: Kind) -> Option<&mut Lane> {
        match kind {
            Kind::Audio => self.audio.as_mut(),
            Kind::Video => self.video.as_mut(),
        }
    }

    /// The track is (now) coded in something else: finds what this viewer calls it.
    pub fn resolve_codec(&mut self, track: &Track) {
        let Some(wanted) = track.parameters else { return };
        let codec = payload_type_for(&self.codecs, &wanted);
        let (payload_type, rtx) = (codec.map(|c| c.payload_type), codec.and_then(|c| c.rtx));
        let red = codec.and_then(|c| c.red);
        if let Some(lane) = self.lane_mut(track.kind) {
            lane.payload_type = payload_type;
            lane.red = red;
            if let Some(lane_rtx) = &mut lane.rtx {
                lane_rtx.payload_type = rtx;
            }
        }
    }

    /// Whether it takes dependency descriptors.
    pub fn takes_descriptors(&self) -> bool {
        self.extensions.descriptor.is_some()
    }

    /// The layer that the viewer is sent, if it asked for video.
    pub fn layer(&self) -> Option<LayerId> {
        self.video.as_ref().map(|lane| lane.layer)
    }

    /// Lets the viewer start with this layer: sound from now on, the picture from the last key frame if there is one to
    /// start from.
    pub fn start(&mut self, audio: &Track, layers: &mut Layers, layer: LayerId, now: Instant) {
        if let Some(lane) = &mut self.audio {
            lane.jump_to(audio.flushed());
        }
        let Some(lane) = &mut self.video else { return };
        lane.layer = layer;
        let Some(video) = layers.track(layer) else { return };
        self.resolve_codec(video);
        let key_frame = video.history.key_frame();
        let age = key_frame.map(|key| now.saturating_duration_since(key.arrived));
        if age.is_none_or(|age| age > OLD_KEY_FRAME) {
            layers.want_key_frame(layer);
        }
        if let Some(key) = key_frame.filter(|_| age.is_some_and(|age| age <= MAX_CATCH_UP)) {
            self.catch_up_from(key.seq, key.arrived, now + SETTLE_TIME);
        }
    }

    pub(super) fn catch_up_from(&mut self, seq: u64, from: Instant, since: Instant) {
        if let Some(lane) = &mut self.video {
            lane.jump_to(seq);
            self.mode = Mode::CatchesUp { since, from };
        }
    }

    /// True once: when the first packet of the picture has been written for a viewer that came while one was being sent.
    /// What it is sent first belongs to a key frame.
    #[inline]
    pub fn gets_first_picture(&mut self) -> bool {
        let is_first = self.waits_for_picture && self.video.as_ref().is_some_and(|lane| lane.packets > 0);
        self.waits_for_picture &= !is_first;
        is_first
    }

    /// Nobody sends: the viewer gets whatever comes first.
    pub fn wait_for_publisher(&mut self, audio: &Track) {
        if let Some(lane) = &mut self.audio {
            lane.jump_to(audio.flushed());
        }
        self.mode = Mode::WaitsForKeyFrame;
    }

    /// Another publisher or codec starts the sound at `seq`: what the viewer has not been sent of the one before is of
    /// no use any more.
    pub fn skip_audio_to(&mut self, seq: u64) {
        if let Some(lane) = &mut self.audio {
            lane.jump_to(seq);
        }
    }

    /// Another publisher or codec starts a layer, with a key frame: a viewer of that layer, or of one that is sent no
    /// more, goes on there.
    pub fn start_layer(&mut self, layers: &Layers, layer: LayerId) {
        let (Some(present), Some(track)) = (self.layer(), layers.track(layer)) else {
            return;
        };
        let is_orphan = layers.track(present).is_none_or(|track| track.parameters.is_none());
        if present == layer || is_orphan {
            self.enter(layers, layer, track.epoch_start);
            self.mode = Mode::Live;
        }
    }

    /// Writes the next piece of what the viewer may have by now: live video, then live audio, which rides along with
    /// the video where it fits.
    pub fn write_live(
        &mut self,
        audio: &mut Track,
        layers: &mut Layers,
        now: Instant,
        out: &mut [u8],
    ) -> Option<Written> {
        self.mind_line(layers, now);
        if matches!(self.mode, Mode::Live) {
            if self.wanted.is_some()
                && let Some(written) = self.cross(layers, now, out)
            {
                return Some(written);
            }
            if let Some(lane) = &self.video
                && let (cursor, layer) = (lane.cursor(), lane.layer)
                && let Some(video) = layers.track_mut(layer)
                && cursor < video.flushed()
            {
                let runs = video.runs_from(cursor);
                let (run, is_last) = (runs.first().copied(), runs.len() <= 1);
                if run.is_some_and(|run| !self.bandwidth.may_burst(run.max_bytes(), now)) {
                    self.mode = Mode::Paced;
                    return self.write_audio(audio, now, out);
                }
                let written = self.write_run(run, video, now, out);
                if is_last {
                    self.advance(Kind::Video, video.flushed());
                }
                if let Some(written) = written {
                    return Some(if is_last {
                        self.append_audio(written, audio, now, out)
                    } else {
                        written
                    });
                }
            }
        }
        self.write_audio(audio, now, out)
    }

    pub(super) fn advance(&mut self, kind: Kind, to: u64) {
        if let Some(lane) = self.lane_mut(kind) {
            lane.advance_to(to);
        }
    }

    /// Writes the packets of a run back to back, padded to the same size; advances the lane behind them.
    pub(super) fn write_run(
        &mut self,
        run: Option<Run>,
        track: &Track,
        now: Instant,
        out: &mut [u8],
    ) -> Option<Written> {
        let run = run?;
        let first = self.transport_number;
        let (mut len, mut segment_bytes, mut segments) = (0, 0, 0);
        let mut packets = (run.first..run.end)
            .filter_map(|seq| track.history.packet(seq))
            .peekable();
        let arrived = packets.peek().map(|packet| packet.meta.arrived);
        while let Some(packet) = packets.next() {
            let is_last = packets.peek().is_none();
            let padding = if is_last {
                0
            } else {
                run.segment_bytes.saturating_sub(packet.payload.len())
            };
            let Some(written) = out
                .get_mut(len..)
                .and_then(|rest| self.write_packet(track.kind, &packet, padding, rest))
            else {
                break;
            };
            if segments == 0 {
                segment_bytes = written;
            }
            len += written;
            segments += 1;
        }
        self.advance(track.kind, run.end);
        let written = Written {
            len,
            segment_bytes: (segments > 1).then_some(segment_bytes),
            arrived,
        };
        (segments > 0).then(|| self.note_first_time(written, first, now))
    }

    /// Takes note of what has been written for the first time.
    #[inline]
    pub(super) fn note_first_time(&mut self, written: Written, first: u16, now: Instant) -> Written {
        self.bandwidth.earn(written.len);
        self.note_sent(written, first, now)
    }

    /// Takes note of what has been written: `first` is the transport-wide number of its first packet.
    #[inline]
    pub(super) fn note_sent(&mut self, written: Written, first: u16, now: Instant) -> Written {
        let segment_bytes = written.segment_bytes.unwrap_or(written.len).max(1);
        let count = written.len.div_ceil(segment_bytes);
        let last_bytes = written.len - segment_bytes * count.saturating_sub(1);
        let handed = Handed {
            first,
            count,
            segment_bytes,
            last_bytes,
        };
        self.bandwidth.note_sent(handed, now);
        written
    }

    /// Writes one packet of a layer's line (or of the sound's) that arrived after the viewer had passed it.
    pub fn write_late(
        &mut self,
        track: &Track,
        layer: LayerId,
        seq: u64,
        now: Instant,
        out: &mut [u8],
    ) -> Option<Written> {
        let lane = self.lane(track.kind).filter(|lane| lane.layer == layer)?;
        if seq >= lane.cursor() {
            return None;
        }
        let packet = track.history.packet(seq)?;
        let first = self.transport_number;
        let len = match track.kind {
            Kind::Audio => self.write_sound(track, &packet, out)?,
            Kind::Video => self.write_packet(Kind::Video, &packet, 0, out)?,
        };
        let written = Written {
            len,
            segment_bytes: None,
            arrived: Some(packet.meta.arrived),
        };
        Some(self.note_first_time(written, first, now))
    }

    /// Header, encryption, counters: the innermost step. `None` when this viewer does not get the packet.
    #[inline]
    pub(super) fn write_packet(
        &mut self,
        kind: Kind,
        packet: &Packet<'_>,
        padding: usize,
        out: &mut [u8],
    ) -> Option<usize> {
        let lane = match kind {
            Kind::Audio => self.audio.as_mut()?,
            Kind::Video => self.video.as_mut()?,
        };
        let payload_type = lane.payload_type?;
        let index = lane.index(packet.meta.seq)?;
        let first = 0x80 | u8::from(padding > 0) << 5;
        let second = payload_type | u8::from(packet.meta.marker) << 7;
        let timestamp = (packet.meta.rtp_time as u32).wrapping_add(lane.rtp_offset);
        let number = &mut self.transport_number;
        let header_len = write_header(out, [first, second], index, timestamp, lane.ssrc)?;
        let header_len = self.extensions.write(out, header_len, number, packet.descriptor)?;
        lane.packets = lane.packets.wrapping_add(1);
        lane.octets = lane.octets.wrapping_add(packet.payload.len() as u32);
        let mut pad = [0; MAX_PADDING_BYTES];
        let pad = pad.get_mut(..padding)?;
        if let Some(count) = pad.last_mut() {
            *count = padding as u8;
        }
        self.sealer
            .seal_rtp(out, header_len, packet.payload, pad, lane.ssrc, index)
    }

    /// Writes a retransmission of what the viewer calls `number` (RFC 4588 section 4); `None` when that is not
    /// possible: not negotiated, never sent, no longer there, or from before a change of publisher.
    pub fn write_rtx(
        &mut self,
        audio: &Track,
        layers: &Layers,
        kind: Kind,
        number: u16,
        now: Instant,
        out: &mut [u8],
    ) -> Option<Written> {
        let first = self.transport_number;
        let lane = match kind {
            Kind::Audio => self.audio.as_mut()?,
            Kind::Video => self.video.as_mut()?,
        };
        let sent = lane.sent_as(number)?;
        let track = match kind {
            Kind::Audio => audio,
            Kind::Video => layers.track(sent.layer)?,
        };
        let packet = track
            .history
            .packet(sent.seq)
            .filter(|_| sent.seq >= track.epoch_start)?;
        let timestamp = (packet.meta.rtp_time as u32).wrapping_add(sent.rtp_offset);
        let rtx = lane.rtx.as_mut()?;
        let second = rtx.payload_type? | u8::from(packet.meta.marker) << 7;
        let (ssrc, index) = (rtx.ssrc, rtx.next_index);
        let number_bytes = number.to_be_bytes();
        let transport_number = &mut self.transport_number;
        let header_len = write_header(out, [0x80, second], index, timestamp, ssrc)?;
        let header_len = self
            .extensions
            .write(out, header_len, transport_number, packet.descriptor)?;
        rtx.next_index += 1;
        // The original number is the first two bytes of the payload; the ciphers take one piece, so it is put together
        // behind where the result goes.
        let plain_len = 2 + packet.payload.len();
        let (sealed, scratch) = out.split_at_mut_checked(header_len + plain_len + self.sealer.rtp_overhead())?;
        let plain = scratch.get_mut(..plain_len)?;
        plain.get_mut(..2)?.copy_from_slice(&number_bytes);
        plain.get_mut(2..)?.copy_from_slice(packet.payload);
        let len = self.sealer.seal_rtp(sealed, header_len, plain, &[], ssrc, index)?;
        let written = Written {
            len,
            segment_bytes: None,
            arrived: None,
        };
        Some(self.note_sent(written, first, now))
    }

    /// Writes sender reports for the lanes that send, sealed; false when there is nothing to report.
    pub fn write_sender_reports(&mut self, audio: &Track, layers: &Layers, now: Instant, out: &mut Vec<u8>) -> bool {
        let video = self.layer().and_then(|layer| layers.track(layer));
        for track in [Some(audio), video].into_iter().flatten() {
            let (Some(lane), Some((ntp, rtp))) = (self.lane(track.kind), track.sender_clock_at(now)) else {
                continue;
            };
            if lane.packets > 0 {
                let rtp = (rtp as u32).wrapping_add(lane.rtp_offset);
                rtcp::write_sender_report(lane.ssrc, ntp, rtp, lane.packets, lane.octets, out);
                self.bandwidth.note_sender_report(ntp, now);
            }
        }
        !out.is_empty() && self.sealer.seal_rtcp(out).is_some()
    }
}
