//! A publisher: 30 frames and 50 pieces of sound a second, key frames by the clock and on request, retransmission.

use super::client::{Client, Opened};
use crate::codec::Codec;
use crate::wire::rtcp::{self, Packet};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The transport-wide number's extension id in both directions.
pub(super) const TRANSPORT_CC_ID: u8 = 3;

/// The encoding's name's extension id.
const RID_ID: u8 = 10;

const VIDEO_TYPE: u8 = 96;
const AUDIO_TYPE: u8 = 111;
const FRAME_INTERVAL: Duration = Duration::from_micros(33_333);
const AUDIO_INTERVAL: Duration = Duration::from_millis(20);
const SENT_KEPT: usize = 2000;

/// What is published.
#[derive(Clone, Copy, Debug)]
pub struct Clip {
    /// The picture's codec: H.264 or VP8.
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

pub(super) fn sections(codec: Codec) -> String {
    let video = match codec {
        Codec::Vp8 => format!("a=rtpmap:{VIDEO_TYPE} VP8/90000\r\n"),
        _ => format!(
            "a=rtpmap:{VIDEO_TYPE} H264/90000\r\na=fmtp:{VIDEO_TYPE} level-asymmetry-allowed=1;packetization-mode=1;\
             profile-level-id=42e01f\r\n"
        ),
    };
    format!(
        "m=audio 9 UDP/TLS/RTP/SAVPF {AUDIO_TYPE}\r\na=mid:0\r\nTRANSPORT\r\na=rtpmap:{AUDIO_TYPE} opus/48000/2\r\n\
         a=extmap:{TRANSPORT_CC_ID} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
         m=video 9 UDP/TLS/RTP/SAVPF {VIDEO_TYPE} 97\r\na=mid:1\r\nTRANSPORT\r\n{video}\
         a=rtcp-fb:{VIDEO_TYPE} nack\r\na=rtcp-fb:{VIDEO_TYPE} nack pli\r\na=rtcp-fb:{VIDEO_TYPE} transport-cc\r\n\
         a=rtpmap:97 rtx/90000\r\na=fmtp:97 apt={VIDEO_TYPE}\r\n\
         a=extmap:{TRANSPORT_CC_ID} http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n"
    )
}

pub(super) const SECTIONS: fn(Codec) -> String = sections;

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
    /// Frames so far.
    frames: u32,
    /// The last frame of each temporal layer, and frames since the last key frame.
    last_of: [u32; 3],
    since_key_frame: u32,
    is_suspended: bool,
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
            last_of: [0; 3],
            since_key_frame: 0,
            is_suspended: false,
        };
        let mut video: Vec<Source> = (0..options.encodings.max(1))
            .map(|_| source(VIDEO_TYPE, 90_000))
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
            Packet::Nack { media_ssrc, items } => resend.extend(rtcp::nacked(items).map(|number| (media_ssrc, number))),
            _ => {}
        });
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
            self.send(client, None, &payload, true, at, started);
            self.next_audio += AUDIO_INTERVAL;
        }
        if self.next_report <= now {
            self.next_report = now + Duration::from_secs(1);
            self.report(client, now, started);
        }
    }

    fn send_frame(&mut self, client: &mut Client, encoding: usize, at: Instant, started: Instant) {
        let clip = self.options.clip;
        let temporal_layers = self.options.temporal_layers;
        let Some(source) = self.video.get_mut(encoding).filter(|source| !source.is_suspended) else {
            return;
        };
        let is_key = source.next_key_frame <= at;
        let mut packets = (clip.packets_per_frame >> encoding).max(1);
        if is_key {
            source.next_key_frame = at + clip.key_frame_interval;
            packets *= 4;
        }
        let frame = source.next_frame(is_key, temporal_layers, encoding);
        for number in 0..packets {
            let head = payload_head(clip.codec, &frame, number, packets, temporal_layers);
            // Browsers' packets of a frame differ by one byte.
            let mut payload = stamped(
                &head,
                at - started,
                clip.packet_bytes + usize::from(number * 2 >= packets),
            );
            frame.write(&mut payload);
            self.send(client, Some(encoding), &payload, number + 1 == packets, at, started);
        }
        if self.options.probes {
            self.send(client, Some(encoding), &[], false, at, started);
        }
    }

    /// Sends a packet of an encoding, or of the sound.
    fn send(
        &mut self,
        client: &mut Client,
        encoding: Option<usize>,
        payload: &[u8],
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
        let header_len = if source.rid.is_some() { 24 } else { 20 };
        let mut out = vec![0; header_len + payload.len() + padding.len() + sealer.rtp_overhead()];
        let second = source.payload_type | u8::from(marker && encoding.is_some()) << 7;
        out[..4].copy_from_slice(&[0x90 | u8::from(!padding.is_empty()) << 5, second, high, low]);
        out[4..8].copy_from_slice(&source.timestamp(at - started, skew_ppm).to_be_bytes());
        out[8..12].copy_from_slice(&source.ssrc.to_be_bytes());
        let [number_high, number_low] = self.transport_number.to_be_bytes();
        out[12..20].copy_from_slice(&[0xBE, 0xDE, 0, 1, TRANSPORT_CC_ID << 4 | 1, number_high, number_low, 0]);
        if let Some(rid) = source.rid {
            out[15] = 2;
            out[19..21].copy_from_slice(&[RID_ID << 4, rid]);
        }
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

    fn next_frame(&mut self, is_key: bool, temporal_layers: u8, encoding: usize) -> Frame {
        self.frames += 1;
        let cycle = if is_key { 0 } else { (self.since_key_frame + 1) % 4 };
        self.since_key_frame = if is_key { 0 } else { self.since_key_frame + 1 };
        let (temporal, needs, is_sync) = match (temporal_layers, cycle) {
            (3, 1) => (2, self.last_of[0], true),
            (3, 2) => (1, self.last_of[0], true),
            (3, 3) => (2, self.last_of[1], false),
            (2, 1 | 3) => (1, self.last_of[0], true),
            _ => (0, self.last_of[0], false),
        };
        self.last_of[usize::from(temporal)] = self.frames;
        let encoding = u8::try_from(encoding).unwrap_or(0);
        Frame {
            encoding,
            is_key,
            temporal,
            is_sync,
            number: self.frames,
            needs: if is_key { 0 } else { needs },
            cycle: (self.frames - cycle) as u8,
        }
    }
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

/// What a payload says about its frame, for the simulated viewer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Frame {
    /// Which encoding; 0 is the best.
    pub(super) encoding: u8,
    pub(super) is_key: bool,
    temporal: u8,
    is_sync: bool,
    /// Counted from 1 in its encoding.
    pub(super) number: u32,
    /// The frame without which it cannot be decoded; 0 for none.
    pub(super) needs: u32,
    /// Counts frames of the lowest temporal layer, somehow.
    cycle: u8,
}

/// Where in a payload it is said.
const FRAME_AT: usize = 16;

impl Frame {
    fn write(&self, payload: &mut [u8]) {
        let number = self.number.to_be_bytes();
        let needs = self.needs.to_be_bytes();
        payload[FRAME_AT] = self.encoding << 1 | u8::from(self.is_key);
        payload[FRAME_AT + 1..FRAME_AT + 5].copy_from_slice(&number);
        payload[FRAME_AT + 5..FRAME_AT + 9].copy_from_slice(&needs);
    }

    pub(super) fn read(payload: &[u8]) -> Option<Frame> {
        let said = payload.get(FRAME_AT..FRAME_AT + 9)?;
        Some(Frame {
            encoding: said[0] >> 1,
            is_key: said[0] & 1 == 1,
            number: u32::from_be_bytes(*said[1..].first_chunk()?),
            needs: u32::from_be_bytes(*said[5..].first_chunk()?),
            temporal: 0,
            is_sync: false,
            cycle: 0,
        })
    }
}

/// The first bytes of a payload, so that it looks like the codec's.
fn payload_head(codec: Codec, frame: &Frame, number: usize, packets: usize, temporal_layers: u8) -> Vec<u8> {
    let (is_first, is_last) = (number == 0, number + 1 == packets);
    match codec {
        // With picture id, TL0PICIDX and, where there are any, temporal layers (RFC 7741 section 4.2).
        Codec::Vp8 => {
            let [_, _, high, low] = (frame.number + 32_700).to_be_bytes();
            let has_layers = if temporal_layers > 1 { 0x20 } else { 0 };
            let mut head = vec![
                0x80 | u8::from(is_first) << 4,
                0xc0 | has_layers,
                0x80 | high & 0x7f,
                low,
                frame.cycle,
            ];
            if temporal_layers > 1 {
                head.push(frame.temporal << 6 | u8::from(frame.is_sync) << 5);
            }
            head.push(u8::from(!frame.is_key));
            head
        }
        // A parameter set in a packet of its own, then the picture in fragments (RFC 6184 section 5.8).
        _ if frame.is_key && is_first => vec![0x67, 0x42, 0xe0, 0x1f],
        _ => {
            let starts = if frame.is_key { number == 1 } else { is_first };
            let kind = if frame.is_key { 5 } else { 1 };
            vec![0x7c, u8::from(starts) << 7 | u8::from(is_last) << 6 | kind]
        }
    }
}

/// A payload of `len` bytes that tells when it was made.
fn stamped(head: &[u8], since_start: Duration, len: usize) -> Vec<u8> {
    let mut payload = head.to_vec();
    payload.resize(8, 0x55);
    payload.extend_from_slice(&u64::try_from(since_start.as_micros()).unwrap_or(0).to_be_bytes());
    payload.resize(len.max(32), 0x55);
    payload
}
