//! A viewer: puts frames together, asks for what is missing, and notes what a person would notice.

use super::client::{Client, Opened};
use super::payload::{Frame, made_us};
use super::publisher::{self, TRANSPORT_CC_ID};
use super::timeline::{Timeline, Timing};
use crate::codec::{self, Codec, Kind};
use crate::wire::dependency::{self, Dependency, DescriptorBytes, Structure};
use crate::wire::rtcp;
use crate::wire::rtp::Header;
use crate::wire::transport_cc::Arrivals;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often a browser asks again for the same packet, and when it gives up.
const NACK_INTERVAL: Duration = Duration::from_millis(60);
const GIVE_UP: Duration = Duration::from_millis(1500);

/// How long it waits for a packet when there is a key frame behind it.
const PATIENCE: Duration = Duration::from_millis(200);

/// How often a browser reports on what arrived.
const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);

/// Sound is played so long after it came; browsers wait 40 to 120 ms where packets get lost.
const SOUND_DELAY: Duration = Duration::from_millis(80);

/// 20 ms of sound.
const SOUND_TICKS: u32 = 960;

const RED_TYPE: u8 = 63;

/// How a viewer behaves.
#[derive(Clone, Copy, Debug)]
pub struct ViewerOptions {
    /// The only picture codec it decodes.
    pub codec: Codec,
    /// It decodes every picture codec.
    pub plays_all: bool,
    /// It asks for packets that are missing.
    pub nacks: bool,
    /// It says which packets arrived when, every 100 ms.
    pub reports: bool,
    /// It takes sound together with earlier frames.
    pub red: bool,
    /// It takes dependency descriptors.
    pub descriptors: bool,
}

impl Default for ViewerOptions {
    fn default() -> ViewerOptions {
        ViewerOptions {
            codec: Codec::H264,
            plays_all: false,
            nacks: true,
            reports: true,
            red: true,
            descriptors: true,
        }
    }
}

/// What a person would notice, and what must never happen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// When keys were there.
    pub connected: Option<Instant>,
    /// When the first frame could be decoded.
    pub first_frame: Option<Instant>,
    /// Frames that could be decoded.
    pub frames: u64,
    /// The longest time without a new frame, since the first.
    pub longest_freeze: Duration,
    /// Packets of sound.
    pub audio_packets: u64,
    /// Frames of sound that were missing when their turn came.
    pub missing_sound: u64,
    /// Retransmitted packets of sound.
    pub repeated_sound: u64,
    /// Bytes of RTP payload, of everything.
    pub bytes: u64,
    /// Delay of the latest frame, from when it was made to when it was complete.
    pub delay: Duration,
    /// Sequence numbers of video that never came.
    pub lost: u64,
    /// The same packet twice.
    pub duplicates: u64,
    /// One nonce for different bytes: this breaks the encryption.
    pub nonce_reuses: u64,
    /// Retransmissions.
    pub rtx_packets: u64,
    /// The SSRC of the video.
    pub video_ssrc: Option<u32>,
    /// RTP timestamps of decoded frames that went back.
    pub time_jumps_back: u64,
    /// Frames that came whole and could not be decoded, since what they refer to was never sent.
    pub undecodable: u64,
    /// Picture ids and frame numbers of decoded pictures that went back.
    pub picture_id_jumps: u64,
    /// Packets of AV1 whose dependency descriptor is not there, cannot be understood or speaks of another layer.
    pub undescribed: u64,
    /// The highest spatial layer of the last decoded picture.
    pub spatial: u8,
    /// Decoded frames by the publisher's encoding, best first.
    pub frames_of: [u64; 4],
    /// The encoding of the last decoded frame.
    pub encoding: u8,
    /// What the last decoded picture was coded in.
    pub codec: Option<Codec>,
    last_frame: Option<Instant>,
}

struct VideoPacket {
    codec: Codec,
    timestamp: u32,
    marker: bool,
    starts_key_frame: bool,
    starts_frame: bool,
    /// It holds nothing: it only has a number.
    is_padding: bool,
    made_us: u64,
    frame: Option<Frame>,
    picture_id: Option<u16>,
    descriptor: DescriptorBytes,
}

pub(super) struct Viewer {
    options: ViewerOptions,
    seen: Seen,
    rtx_ssrc: Option<u32>,
    bytes_by_nonce: HashMap<(u32, u64), u64>,
    packets: BTreeMap<u64, VideoPacket>,
    next: Option<u64>,
    missing: BTreeMap<u64, (Instant, Instant)>,
    last_timestamp: Option<u32>,
    last_picture_ids: HashMap<Codec, u16>,
    /// The last decoded frames, by encoding and number.
    decoded: VecDeque<(u8, u32)>,
    structure: Option<Arc<Structure>>,
    wants_key_frame: bool,
    next_report: Instant,
    publisher_start: Instant,
    arrivals: Arrivals,
    next_feedback: Instant,
    /// The middle of the last sender report's time, and when it came.
    last_report: Option<(u32, Instant)>,
    /// Frames of sound that have come and been played, by their number.
    sound: BTreeMap<u32, Instant>,
    played: Option<u32>,
    timeline: Timeline,
}

/// An offer of `red` for the sound.
pub(super) fn with_red(offer: &str) -> String {
    offer.replace("SAVPF 111\r\n", "SAVPF 111 63\r\n").replace(
        "opus/48000/2\r\n",
        "opus/48000/2\r\na=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n",
    )
}

/// What a receiver goes by: the frame's number, or the picture's id.
fn picture_id(codec: Codec, descriptor: &[u8], payload: &[u8]) -> Option<u16> {
    let id = || {
        let (at, _) = codec::picture_ids(codec, payload).picture?;
        Some(u16::from_be_bytes(*payload.get(at..)?.first_chunk()?) & 0x7fff)
    };
    dependency::frame_number(descriptor).or_else(id)
}

impl Viewer {
    pub(super) fn new(options: ViewerOptions, answer: &str, now: Instant) -> Viewer {
        let group = answer.lines().find_map(|line| line.strip_prefix("a=ssrc-group:FID "));
        let rtx_ssrc = group.and_then(|ids| ids.split(' ').nth(1)?.trim().parse().ok());
        Viewer {
            options,
            seen: Seen::default(),
            rtx_ssrc,
            bytes_by_nonce: HashMap::new(),
            packets: BTreeMap::new(),
            next: None,
            missing: BTreeMap::new(),
            last_timestamp: None,
            last_picture_ids: HashMap::new(),
            decoded: VecDeque::new(),
            structure: None,
            wants_key_frame: false,
            next_report: now,
            publisher_start: now,
            arrivals: Arrivals::new(now),
            next_feedback: now,
            last_report: None,
            sound: BTreeMap::new(),
            played: None,
            timeline: Timeline::default(),
        }
    }

    pub(super) fn seen(&self) -> &Seen {
        &self.seen
    }

    /// What its players go by.
    pub(super) fn timing(&self) -> Timing {
        self.timeline.timing()
    }

    pub(super) fn reset_seen(&mut self, now: Instant) {
        let old = std::mem::take(&mut self.seen);
        self.seen.connected = old.connected;
        self.seen.video_ssrc = old.video_ssrc;
        self.seen.last_frame = Some(now);
    }

    pub(super) fn take(&mut self, opened: Opened<'_>, now: Instant) {
        let (header, index, descriptor, payload) = match opened {
            Opened::Rtp {
                header,
                index,
                transport_number,
                descriptor,
                payload,
            } => {
                if let Some(number) = transport_number {
                    self.arrivals.note(number, now);
                }
                (header, index, descriptor, payload)
            }
            Opened::Rtcp(compound) => {
                rtcp::read_compound(compound, |packet| {
                    if let rtcp::Packet::SenderReport {
                        ssrc,
                        ntp_time,
                        rtp_time,
                    } = packet
                    {
                        self.last_report = Some((((ntp_time >> 16) & 0xffff_ffff) as u32, now));
                        let is_video = self.seen.video_ssrc == Some(ssrc);
                        let kind = if is_video { Kind::Video } else { Kind::Audio };
                        self.timeline.note_report(kind, ntp_time, rtp_time);
                    }
                });
                return;
            }
        };
        self.seen.bytes += payload.len() as u64;
        let mut hasher = DefaultHasher::new();
        (header.payload_type, header.timestamp, payload).hash(&mut hasher);
        match self.bytes_by_nonce.insert((header.ssrc, index), hasher.finish()) {
            Some(before) if before == hasher.finish() => self.seen.duplicates += 1,
            Some(_) => self.seen.nonce_reuses += 1,
            None => {}
        }
        let kind = match header.payload_type {
            111 | RED_TYPE => Kind::Audio,
            _ => Kind::Video,
        };
        if Some(header.ssrc) != self.rtx_ssrc
            && header.payload_type != RED_TYPE
            && let Some(made_us) = made_us(payload)
        {
            self.timeline.note_packet(kind, header.timestamp, made_us, now);
        }
        if header.payload_type == 111 {
            self.seen.audio_packets += 1;
            self.take_sound(header.timestamp, now);
            return;
        }
        if header.payload_type == RED_TYPE {
            self.seen.audio_packets += 1;
            self.take_redundant_sound(header.timestamp, payload, now);
            return;
        }
        if Some(header.ssrc) == self.rtx_ssrc {
            let Some((number, payload)) = payload.split_first_chunk() else {
                return;
            };
            self.seen.rtx_packets += 1;
            let number = u16::from_be_bytes(*number);
            let reference = self.next.or_else(|| self.packets.keys().next().copied());
            let Some(index) = reference.and_then(|near| crate::wire::extend_u16(number, near)) else {
                return;
            };
            self.take_video(index, &header, descriptor, payload, now);
        } else {
            self.seen.video_ssrc = Some(header.ssrc);
            self.note_gap(index, now);
            self.take_video(index, &header, descriptor, payload, now);
        }
    }

    /// RFC 2198 section 3.
    fn take_redundant_sound(&mut self, timestamp: u32, mut payload: &[u8], now: Instant) {
        while let Some((&[first, a, b, c], rest)) = payload.split_first_chunk().filter(|(head, _)| head[0] & 0x80 != 0)
        {
            assert_eq!(first, 0x80 | 111, "a block of Opus");
            let offset = u32::from(a) << 6 | u32::from(b) >> 2;
            let len = usize::from(b & 3) << 8 | usize::from(c);
            assert!(len > 0, "a block holds a frame");
            self.take_sound(timestamp.wrapping_sub(offset), now);
            payload = rest;
        }
        self.take_sound(timestamp, now);
    }

    fn take_sound(&mut self, timestamp: u32, now: Instant) {
        let number = timestamp / SOUND_TICKS;
        if self.played.is_none_or(|played| number > played) {
            self.sound.entry(number).or_insert(now);
        }
    }

    /// Plays sound [`SOUND_DELAY`] after its first frame came, as a jitter buffer does.
    fn play_sound(&mut self, now: Instant) {
        while let Some((&number, &came)) = self.sound.first_key_value()
            && now - came >= SOUND_DELAY
        {
            self.sound.remove(&number);
            let expected = self.played.map_or(number, |played| played + 1);
            self.seen.missing_sound += u64::from(number.saturating_sub(expected).min(500));
            self.played = Some(number);
        }
    }

    fn note_gap(&mut self, index: u64, now: Instant) {
        let highest = self
            .packets
            .keys()
            .next_back()
            .copied()
            .max(self.missing.keys().next_back().copied());
        // Where a hole was given up, `next` is ahead of what is still missing.
        let expected = highest.map(|highest| highest + 1).max(self.next);
        for lost in expected.into_iter().flat_map(|from| from..index) {
            self.missing.insert(lost, (now, now));
        }
    }

    fn take_video(&mut self, index: u64, header: &Header, descriptor: DescriptorBytes, payload: &[u8], now: Instant) {
        self.missing.remove(&index);
        if self.next.is_some_and(|next| index < next) {
            return;
        }
        let codec = publisher::codec_of(header.payload_type);
        let starts_key_frame = codec::starts_key_frame(codec, payload);
        let first = payload.first().copied().unwrap_or(0);
        let starts_frame = starts_key_frame
            || match codec {
                Codec::Vp8 => first & 0x10 != 0,
                Codec::Vp9 => first & 0x08 != 0,
                Codec::Av1 => first & 0x80 == 0,
                _ => payload.get(1).is_some_and(|b| b & 0x80 != 0),
            };
        let made_us = made_us(payload).unwrap_or(0);
        self.packets.insert(
            index,
            VideoPacket {
                codec,
                timestamp: header.timestamp,
                marker: header.marker,
                starts_key_frame,
                starts_frame,
                is_padding: payload.is_empty(),
                made_us,
                frame: Frame::read(payload),
                picture_id: picture_id(codec, &descriptor, payload),
                descriptor,
            },
        );
        while self.decode_next(now) {}
    }

    /// Decodes the frame at `next` if it is complete; a decoder without a frame to go on from starts at a key frame.
    fn decode_next(&mut self, now: Instant) -> bool {
        let start = match self.next {
            Some(next) => next,
            None => match self.packets.iter().find(|(_, p)| p.starts_key_frame) {
                Some((&index, _)) => index,
                None => {
                    self.wants_key_frame = true;
                    return false;
                }
            },
        };
        let Some(first) = self.packets.get(&start) else {
            return self.skip_to_key_frame(start, now);
        };
        if first.is_padding {
            self.packets.remove(&start);
            self.next = Some(start + 1);
            return true;
        }
        if !first.starts_frame {
            return self.skip_to_key_frame(start, now);
        }
        let (timestamp, made_us) = (first.timestamp, first.made_us);
        let (codec, picture_id) = (first.codec, first.picture_id);
        let mut at = start;
        loop {
            match self.packets.get(&at) {
                Some(packet) if packet.timestamp == timestamp && packet.marker => break,
                Some(packet) if packet.timestamp == timestamp => at += 1,
                _ => return self.skip_to_key_frame(start, now),
            }
        }
        let rest = self.packets.split_off(&(at + 1));
        let picture = std::mem::replace(&mut self.packets, rest);
        self.next = Some(at + 1);
        if !self.decode_picture(picture.range(start..).map(|(_, packet)| packet)) {
            self.seen.undecodable += 1;
            return true;
        }
        if let Some(id) = picture_id
            && let Some(last) = self.last_picture_ids.insert(codec, id)
        {
            let ahead = id.wrapping_sub(last) & 0x7fff;
            self.seen.picture_id_jumps += u64::from(ahead == 0 || ahead > 0x3fff);
        }
        self.seen.codec = Some(codec);
        self.note_frame(timestamp, made_us, now);
        true
    }

    /// Decodes the frames of a picture, one for each spatial layer; false when what one refers to was not decoded.
    fn decode_picture<'a>(&mut self, packets: impl Iterator<Item = &'a VideoPacket>) -> bool {
        let mut last = None;
        for packet in packets.filter(|packet| !packet.is_padding) {
            self.describe(packet);
            let Some(frame) = packet.frame.filter(|frame| last != Some(frame.number)) else {
                continue;
            };
            last = Some(frame.number);
            if !self.decode(&frame) {
                return false;
            }
        }
        true
    }

    /// Reads a descriptor, as browsers do that are sent any.
    fn describe(&mut self, packet: &VideoPacket) {
        if packet.codec != Codec::Av1 || !self.options.descriptors {
            self.seen.undescribed += u64::from(!packet.descriptor.is_empty());
            return;
        }
        let read = Dependency::read(&packet.descriptor, &mut self.structure);
        let spatial = packet.frame.map(|frame| frame.spatial);
        self.seen.undescribed += u64::from(read.ok().map(|read| read.layer.spatial) != spatial);
    }

    /// Whether what a frame refers to was decoded.
    fn decode(&mut self, frame: &Frame) -> bool {
        if frame.is_key {
            self.decoded.clear();
        }
        let is_there = |needed: u32| needed == 0 || self.decoded.contains(&(frame.encoding, needed));
        if !is_there(frame.needs) || !is_there(frame.needs_below) {
            return false;
        }
        if self.decoded.len() == 16 {
            self.decoded.pop_front();
        }
        self.decoded.push_back((frame.encoding, frame.number));
        (self.seen.encoding, self.seen.spatial) = (frame.encoding, frame.spatial);
        if frame.spatial == 0
            && let Some(count) = self.seen.frames_of.get_mut(usize::from(frame.encoding))
        {
            *count += 1;
        }
        true
    }

    fn note_frame(&mut self, timestamp: u32, made_us: u64, now: Instant) {
        self.wants_key_frame = false;
        let seen = &mut self.seen;
        seen.frames += 1;
        seen.first_frame.get_or_insert(now);
        if let Some(last) = seen.last_frame.replace(now) {
            seen.longest_freeze = seen.longest_freeze.max(now - last);
        }
        seen.delay = now.saturating_duration_since(self.publisher_start + Duration::from_micros(made_us));
        if self
            .last_timestamp
            .replace(timestamp)
            .is_some_and(|last| timestamp.wrapping_sub(last).cast_signed() <= 0)
        {
            seen.time_jumps_back += 1;
        }
    }

    /// Whether all packets of the frame that starts at `at` are there.
    fn is_whole(&self, at: u64) -> bool {
        let frame = (at..).map_while(|index| self.packets.get(&index));
        frame.take(500).any(|packet| packet.marker)
    }

    /// A hole that will not be filled: goes on at a later complete key frame.
    fn skip_to_key_frame(&mut self, start: u64, now: Instant) -> bool {
        let gave_up = self
            .missing
            .range(start..)
            .next()
            .is_none_or(|(lost, _)| *lost > start + 200);
        let later = self
            .packets
            .iter()
            .find(|(index, p)| **index > start && p.starts_key_frame)
            .map(|(&i, _)| i);
        let mut holes = self.missing.range(start..);
        let is_overdue = holes.next().is_some_and(|(_, (noticed, _))| now - *noticed > PATIENCE);
        let mut keys = self
            .packets
            .range(start + 1..)
            .filter(|(_, packet)| packet.starts_key_frame);
        let whole = keys.find(|&(&at, _)| self.is_whole(at)).map(|(&at, _)| at);
        let later = if is_overdue { whole.or(later) } else { later };
        if gave_up || (is_overdue && whole.is_some()) {
            self.wants_key_frame |= later.is_none() && self.packets.len() > 100;
            if let Some(later) = later {
                self.packets = self.packets.split_off(&later);
                self.next = Some(later);
                return true;
            }
        }
        false
    }

    pub(super) fn tick(&mut self, client: &mut Client, now: Instant) {
        if client.sealer.is_none() {
            return;
        }
        self.seen.connected.get_or_insert(now);
        let seen = &mut self.seen;
        self.missing.retain(|_, (noticed, _)| {
            let keep = now - *noticed < GIVE_UP;
            seen.lost += u64::from(!keep);
            keep
        });
        self.play_sound(now);
        let mut compound = Vec::new();
        let ssrc = self.seen.video_ssrc.unwrap_or(0);
        if self.options.nacks {
            let mut numbers = Vec::new();
            for (index, (_, asked)) in self
                .missing
                .iter_mut()
                .filter(|(_, (noticed, asked))| noticed == asked || now - *asked >= NACK_INTERVAL)
            {
                *asked = now + Duration::from_nanos(1);
                numbers.push((index & 0xffff) as u16);
            }
            if !numbers.is_empty() {
                rtcp::write_nack(TRANSPORT_CC_ID.into(), ssrc, &numbers, &mut compound);
            }
        }
        if self.next_report <= now {
            self.next_report = now + Duration::from_millis(500);
            let block = self
                .last_report
                .map(|(last_sender_report, came)| rtcp::ReceptionReport {
                    ssrc,
                    last_sender_report,
                    delay_since: u32::try_from((now - came).as_micros() * 65_536 / 1_000_000).unwrap_or(u32::MAX),
                    ..rtcp::ReceptionReport::default()
                });
            rtcp::write_receiver_report(7, block.as_slice(), &mut compound);
            if self.wants_key_frame && ssrc != 0 {
                rtcp::write_pli(7, ssrc, &mut compound);
            }
        }
        if self.options.reports && self.next_feedback <= now && !self.arrivals.is_empty() {
            self.next_feedback = now + FEEDBACK_INTERVAL;
            self.arrivals.write_feedback(7, ssrc, &mut compound);
        }
        if !compound.is_empty() {
            client.send_rtcp(compound);
        }
    }
}
