//! A publisher: 30 frames and 50 pieces of sound a second, key frames by the clock and on request, retransmission.

use super::client::{Client, Opened};
use super::payload::{Coding, Frame, Piece, stamped};
use crate::codec::Codec;
use crate::wire::dependency::DescriptorBytes;
use crate::wire::rtcp::{self, Packet};
use crate::wire::rtp::FIXED_HEADER_BYTES;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The transport-wide number's extension id in both directions.
pub(super) const TRANSPORT_CC_ID: u8 = 3;

/// The encoding's name's extension id.
const RID_ID: u8 = 10;

/// The dependency descriptor's extension id, in both directions; AV1 goes with it.
pub(super) const DESCRIPTOR_ID: u8 = 11;

const AUDIO_TYPE: u8 = 111;
const FRAME_INTERVAL: Duration = Duration::from_micros(33_333);
const AUDIO_INTERVAL: Duration = Duration::from_millis(20);
const SENT_KEPT: usize = 2000;

/// What is published.
#[derive(Clone, Copy, Debug)]
pub struct Clip {
    /// The picture's codec: H.264, VP8, VP9 or AV1.
    pub codec: Codec,
    /// Packets in an ordinary frame; a key frame has four times as many.
    pub packets_per_frame: usize,
    /// Payload bytes of most packets.
    pub packet_bytes: usize,
    /// Key frames come this often by themselves.
    pub key_frame_interval: Duration,
}

impl Default for Clip {
    /// 2.5 Mb/s with a key frame every 10 s.
    fn default() -> Clip {
        let key_frame_interval = Duration::from_secs(10);
        Clip {
            codec: Codec::H264,
            packets_per_frame: 9,
            packet_bytes: 1130,
            key_frame_interval,
        }
    }
}

/// The names of a simulcast publisher's encodings, best first.
pub const RIDS: [&str; 3] = ["h", "m", "l"];

/// How a publisher behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublisherOptions {
    /// What it sends, in its best encoding.
    pub clip: Clip,
    /// Encodings that it sends of its picture, named by [`RIDS`], each with half the packets of the one before; 0 and 1
    /// are no simulcast.
    pub encodings: u8,
    /// Temporal layers in each encoding, for VP8; 0 and 1 are none.
    pub temporal_layers: u8,
    /// Spatial layers in each encoding, for VP9 and AV1, each with half the packets of the one above; 0 and 1 are none.
    pub spatial_layers: u8,
    /// Only key frames of a spatial layer need those of the layers below.
    pub independent_layers: bool,
    /// It does not answer requests for key frames.
    pub ignores_requests: bool,
    /// A padding-only packet, as browsers probe with, follows every frame.
    pub probes: bool,
    /// Its media clock against ours, in parts per million.
    pub skew_ppm: i64,
    /// How far its wall clock is ahead of others'.
    pub clock_ahead: Duration,
    /// Its first picture leaves so long after it was taken, as encoders need to start; those in between are left out.
    pub first_picture_late: Duration,
}

/// The payload type of a codec; that of its retransmissions is one more.
pub(super) fn payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Vp8 => 98,
        Codec::Vp9 => 100,
        Codec::Av1 => 102,
        _ => 96,
    }
}

/// What is coded in a payload type, or sent again in it.
pub(super) fn codec_of(payload_type: u8) -> Codec {
    let is_of = |codec: &Codec| self::payload_type(*codec) == payload_type & !1;
    ALL_CODECS.into_iter().find(is_of).unwrap_or(Codec::H264)
}

/// Every picture codec of the simulation.
const ALL_CODECS: [Codec; 4] = [Codec::H264, Codec::Vp8, Codec::Vp9, Codec::Av1];

/// An offer of one codec.
pub(super) const SECTIONS: fn(Codec) -> String = |codec| sections(&[codec]);

/// An offer of every codec.
pub(super) const ALL_SECTIONS: fn(Codec) -> String = |_| sections(&ALL_CODECS);

fn sections(codecs: &[Codec]) -> String {
    let types = codecs.iter().map(|codec| payload_type(*codec));
    let numbers: String = types.map(|number| format!(" {number} {}", number + 1)).collect();
    let codecs: String = codecs.iter().map(|codec| rtp_map(*codec)).collect();
    format!(
        "m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO_TYPE}\r\na=mid:0\r\nTRANSPORT\r\na=rtpmap:{AUDIO_TYPE} opus/48000/2\r\n\
         a=extmap:{TRANSPORT_CC_ID} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF{numbers}\r\na=mid:1\r\nTRANSPORT\r\n{codecs}\
         a=extmap:{TRANSPORT_CC_ID} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    )
}

fn rtp_map(codec: Codec) -> String {
    let (number, rtx, name) = (payload_type(codec), payload_type(codec) + 1, codec.name());
    let parameters = match codec {
        Codec::H264 => {
            format!("a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n")
        }
        _ => String::new(),
    };
    format!(
        "a=rtpmap:{number} {name}/90000\r\n{parameters}a=rtcp-fb:{number} nack\r\na=rtcp-fb:{number} nack pli\r\n\
         a=rtcp-fb:{number} transport-cc\r\na=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={number}\r\n"
    )
}

/// The offer with dependency descriptors for the picture, which is its last section.
pub(super) fn with_descriptors(offer: &str) -> String {
    let offer = offer.replace(
        "a=group:BUNDLE 0 1\r\n",
        "a=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\n",
    );
    format!(
        "{offer}a=extmap:{DESCRIPTOR_ID} \
         https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension\r\n"
    )
}

/// What a simulcast publisher's video section has besides.
pub(super) fn simulcast(encodings: u8) -> String {
    let rids = RIDS.get(..usize::from(encodings).min(RIDS.len())).unwrap_or_default();
    if rids.len() < 2 {
        return String::new();
    }
    let lines: String = rids.iter().map(|rid| format!("a=rid:{rid} send\r\n")).collect();
    let names = rids.join(";");
    format!("a=extmap:{RID_ID} urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n{lines}a=simulcast:send {names}\r\n")
}

struct Source {
    ssrc: u32,
    payload_type: u8,
    index: u64,
    base_time: u32,
    clock_rate: u32,
    packets: u32,
    sent: VecDeque<(u16, Vec<u8>)>,
    /// The encoding's name, where there are several.
    rid: Option<u8>,
    next_key_frame: Instant,
    /// Frames and pictures so far.
    frames: u32,
    pictures: u32,
    structures: u32,
    /// The last frame of each temporal or spatial layer, and pictures since the last key frame.
    last_of: [u32; 3],
    since_key_frame: u32,
    is_suspended: bool,
    /// Packets that it was asked to send again.
    repeats_asked: usize,
}

pub(super) struct Publisher {
    pub(super) key_frame_requests: usize,
    options: PublisherOptions,
    video: Vec<Source>,
    audio: Source,
    started: Option<Instant>,
    next_frame: Instant,
    next_audio: Instant,
    next_report: Instant,
    transport_number: u16,
    resend: Vec<(u32, u16)>,
}

impl Publisher {
    pub(super) fn new(options: PublisherOptions, now: Instant, rng: &mut ChaCha20Rng) -> Publisher {
        let mut source = |payload_type, clock_rate| Source {
            ssrc: rng.next_u32(),
            payload_type,
            index: u64::from(rng.next_u32() % 0x8000),
            base_time: rng.next_u32(),
            clock_rate,
            packets: 0,
            sent: VecDeque::new(),
            rid: None,
            next_key_frame: now,
            frames: 0,
            pictures: 0,
            structures: 0,
            last_of: [0; 3],
            since_key_frame: 0,
            is_suspended: false,
            repeats_asked: 0,
        };
        let mut video: Vec<Source> = (0..options.encodings.max(1))
            .map(|_| source(payload_type(options.clip.codec), 90_000))
            .collect();
        if options.encodings > 1 {
            for (source, rid) in video.iter_mut().zip(RIDS) {
                source.rid = rid.bytes().next();
            }
        }
        Publisher {
            key_frame_requests: 0,
            video,
            audio: source(AUDIO_TYPE, 48_000),
            options,
            started: None,
            next_frame: now,
            next_audio: now,
            next_report: now,
            transport_number: 0,
            resend: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, opened: Opened<'_>, now: Instant) {
        let Opened::Rtcp(compound) = opened else { return };
        let (resend, requests, options) = (&mut self.resend, &mut self.key_frame_requests, &self.options);
        let video = &mut self.video;
        rtcp::read_compound(compound, |packet| match packet {
            Packet::KeyFrameRequest { media_ssrc } => {
                *requests += 1;
                let wanted = video.iter_mut().find(|source| source.ssrc == media_ssrc);
                if let Some(wanted) = wanted.filter(|_| !options.ignores_requests) {
                    wanted.next_key_frame = now;
                }
            }
            Packet::Nack { media_ssrc, items } => {
                let before = resend.len();
                resend.extend(rtcp::nacked(items).map(|number| (media_ssrc, number)));
                if let Some(source) = video.iter_mut().find(|source| source.ssrc == media_ssrc) {
                    source.repeats_asked += resend.len() - before;
                }
            }
            _ => {}
        });
    }

    /// How many packets it was asked to send again, of each encoding.
    pub(super) fn repeats_asked(&self) -> Vec<usize> {
        self.video.iter().map(|source| source.repeats_asked).collect()
    }

    /// Stops or starts to send an encoding, as browsers do when they think that their line is bad.
    pub(super) fn suspend(&mut self, encoding: usize, is_suspended: bool, now: Instant) {
        if let Some(source) = self.video.get_mut(encoding) {
            (source.is_suspended, source.next_key_frame) = (is_suspended, now);
        }
    }

    pub(super) fn tick(&mut self, client: &mut Client, now: Instant) {
        if client.sealer.is_none() {
            return;
        }
        let started = *self.started.get_or_insert_with(|| {
            (self.next_frame, self.next_audio, self.next_report) = (now, now, now);
            now
        });
        for (ssrc, number) in std::mem::take(&mut self.resend) {
            let source = self.video.iter().find(|source| source.ssrc == ssrc);
            let sent = source.and_then(|source| source.sent.iter().find(|(n, _)| *n == number));
            client.out.extend(sent.map(|(_, bytes)| bytes.clone()));
        }
        let late = self.options.first_picture_late;
        while self.next_frame <= now && (self.next_frame > started || now >= started + late) {
            // The small ones first, as browsers do.
            for encoding in (0..self.video.len()).rev() {
                self.send_frame(client, encoding, self.next_frame, started);
            }
            let missed = if self.next_frame == started {
                late.as_micros() / FRAME_INTERVAL.as_micros()
            } else {
                0
            };
            self.next_frame += FRAME_INTERVAL * (1 + missed as u32);
        }
        while self.next_audio <= now {
            let payload = stamped(&[0xfc], self.next_audio - started, 90);
            let at = self.next_audio;
            self.send(client, None, (&payload, &[]), true, at, started);
            self.next_audio += AUDIO_INTERVAL;
        }
        if self.next_report <= now {
            self.next_report = now + Duration::from_secs(1);
            self.report(client, now, started);
        }
    }

    fn send_frame(&mut self, client: &mut Client, encoding: usize, at: Instant, started: Instant) {
        let clip = self.options.clip;
        let coding = self.options.coding();
        let Some(source) = self.video.get_mut(encoding).filter(|source| !source.is_suspended) else {
            return;
        };
        let is_key = source.next_key_frame <= at;
        let mut packets = clip.packets_per_frame >> encoding;
        if is_key {
            source.next_key_frame = at + clip.key_frame_interval;
            packets *= 4;
        }
        let frames = source.next_picture(is_key, coding, encoding);
        let above = (0..frames.len()).rev();
        for (frame, above) in frames.iter().zip(above) {
            let packets = (packets >> above).max(1);
            for number in 0..packets {
                let piece = Piece {
                    is_first: number == 0,
                    is_second: number == 1,
                    is_last: number + 1 == packets,
                };
                // Browsers' packets of a frame differ by one byte.
                let len = clip.packet_bytes + usize::from(number * 2 >= packets);
                let mut payload = stamped(&frame.head(coding, piece), at - started, len);
                frame.write(&mut payload);
                let descriptor = match coding.codec {
                    Codec::Av1 => frame.descriptor(coding, piece),
                    _ => DescriptorBytes::new(),
                };
                let marker = piece.is_last && above == 0;
                self.send(client, Some(encoding), (&payload, &descriptor), marker, at, started);
            }
        }
        if self.options.probes {
            self.send(client, Some(encoding), (&[], &[]), false, at, started);
        }
    }

    /// Sends a packet (payload and descriptor) of an encoding, or of the sound.
    fn send(
        &mut self,
        client: &mut Client,
        encoding: Option<usize>,
        (payload, descriptor): (&[u8], &[u8]),
        marker: bool,
        at: Instant,
        started: Instant,
    ) {
        let Some(sealer) = &client.sealer else { return };
        let skew_ppm = self.options.skew_ppm;
        let source = match encoding {
            Some(encoding) => &mut self.video[encoding],
            None => &mut self.audio,
        };
        let padding: &[u8] = if payload.is_empty() { &[0, 0, 3] } else { &[] };
        let index = source.index;
        source.index += 1;
        source.packets += 1;
        let [.., high, low] = index.to_be_bytes();
        let number = self.transport_number.to_be_bytes();
        let rid = source.rid.map(|rid| [rid]);
        let mut extensions: Vec<(u8, &[u8])> = vec![(TRANSPORT_CC_ID, &number)];
        extensions.extend(rid.as_ref().map(|rid| (RID_ID, rid.as_slice())));
        extensions.extend((!descriptor.is_empty()).then_some((DESCRIPTOR_ID, descriptor)));
        let extensions = two_byte_form(&extensions);
        let header_len = FIXED_HEADER_BYTES + extensions.len();
        let mut out = vec![0; header_len + payload.len() + padding.len() + sealer.rtp_overhead()];
        let second = source.payload_type | u8::from(marker && encoding.is_some()) << 7;
        out[..4].copy_from_slice(&[0x90 | u8::from(!padding.is_empty()) << 5, second, high, low]);
        out[4..8].copy_from_slice(&source.timestamp(at - started, skew_ppm).to_be_bytes());
        out[8..12].copy_from_slice(&source.ssrc.to_be_bytes());
        out[FIXED_HEADER_BYTES..header_len].copy_from_slice(&extensions);
        self.transport_number = self.transport_number.wrapping_add(1);
        if sealer
            .seal_rtp(&mut out, header_len, payload, padding, source.ssrc, index)
            .is_some()
        {
            if encoding.is_some() {
                source.sent.push_back(((index & 0xffff) as u16, out.clone()));
                if source.sent.len() > SENT_KEPT {
                    source.sent.pop_front();
                }
            }
            client.out.push(out);
        }
    }

    fn report(&mut self, client: &mut Client, now: Instant, started: Instant) {
        let since_start = now - started + self.options.clock_ahead;
        let ntp = ntp_time(since_start, self.options.skew_ppm);
        for source in self.video.iter().chain([&self.audio]) {
            let rtp_time = source.timestamp(now - started, self.options.skew_ppm);
            let mut report = Vec::new();
            rtcp::write_sender_report(source.ssrc, ntp, rtp_time, source.packets, 0, &mut report);
            client.send_rtcp(report);
        }
    }
}

impl Source {
    fn timestamp(&self, since_start: Duration, skew_ppm: i64) -> u32 {
        let ticks = skewed(since_start, skew_ppm) * u128::from(self.clock_rate) / 1_000_000_000;
        self.base_time.wrapping_add((ticks & 0xffff_ffff) as u32)
    }

    /// The frames of a picture: one, or one for each spatial layer.
    fn next_picture(&mut self, is_key: bool, coding: Coding, encoding: usize) -> Vec<Frame> {
        self.pictures += 1;
        self.structures += u32::from(is_key);
        let cycle = if is_key { 0 } else { (self.since_key_frame + 1) % 4 };
        self.since_key_frame = if is_key { 0 } else { self.since_key_frame + 1 };
        let encoding = u8::try_from(encoding).unwrap_or(0);
        let mut frames: Vec<Frame> = Vec::new();
        for spatial in 0..coding.spatial_layers.max(1) {
            self.frames += 1;
            let own = self.last_of[usize::from(spatial)];
            let (temporal, needs, is_sync) = match (coding.temporal_layers, cycle) {
                (3, 1) => (2, self.last_of[0], true),
                (3, 2) => (1, self.last_of[0], true),
                (3, 3) => (2, self.last_of[1], false),
                (2, 1 | 3) => (1, self.last_of[0], true),
                _ => (0, own, false),
            };
            self.last_of[usize::from(temporal + spatial)] = self.frames;
            let below = frames.last().filter(|_| is_key || !coding.is_independent);
            frames.push(Frame {
                encoding,
                is_key: is_key && spatial == 0,
                spatial,
                temporal,
                is_sync,
                number: self.frames,
                needs: if is_key { 0 } else { needs },
                needs_below: below.map_or(0, |below| below.number),
                cycle: (self.pictures - cycle) as u8,
                picture: self.pictures,
                structure: self.structures,
            });
        }
        frames
    }
}

impl PublisherOptions {
    fn coding(&self) -> Coding {
        Coding {
            codec: self.clip.codec,
            temporal_layers: self.temporal_layers,
            spatial_layers: self.spatial_layers,
            is_independent: self.independent_layers,
        }
    }
}

/// Header extensions in the two-byte form (RFC 8285 section 4.3).
fn two_byte_form(extensions: &[(u8, &[u8])]) -> Vec<u8> {
    let mut block = vec![0x10, 0, 0, 0];
    for (id, bytes) in extensions {
        block.extend_from_slice(&[*id, bytes.len() as u8]);
        block.extend_from_slice(bytes);
    }
    block.resize(block.len().next_multiple_of(4), 0);
    block[3] = (block.len() / 4 - 1) as u8;
    block
}

/// Nanoseconds by a clock that is off by so many parts per million.
fn skewed(time: Duration, ppm: i64) -> u128 {
    let ns = time.as_nanos();
    let off = ns * u128::from(ppm.unsigned_abs()) / 1_000_000;
    if ppm < 0 { ns - off } else { ns + off }
}

fn ntp_time(since_start: Duration, skew_ppm: i64) -> u64 {
    let ns = skewed(since_start, skew_ppm);
    (3_900_000_000_u64 << 32).wrapping_add(((ns << 32) / 1_000_000_000) as u64)
}
