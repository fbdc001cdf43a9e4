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

/// How a publisher behaves.
#[derive(Clone, Copy, Debug, Default)]
pub struct PublisherOptions {
    /// What it sends.
    pub clip: Clip,
    /// It does not answer requests for key frames.
    pub ignores_requests: bool,
    /// A padding-only packet, as browsers probe with, follows every frame.
    pub probes: bool,
    /// Its media clock against ours, in parts per million.
    pub skew_ppm: i64,
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

struct Source {
    ssrc: u32,
    payload_type: u8,
    index: u64,
    base_time: u32,
    clock_rate: u32,
    packets: u32,
    sent: VecDeque<(u16, Vec<u8>)>,
}

pub(super) struct Publisher {
    pub(super) key_frame_requests: usize,
    options: PublisherOptions,
    video: Source,
    audio: Source,
    started: Option<Instant>,
    next_frame: Instant,
    next_audio: Instant,
    next_report: Instant,
    next_key_frame: Instant,
    transport_number: u16,
    resend: Vec<u16>,
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
        };
        Publisher {
            key_frame_requests: 0,
            video: source(VIDEO_TYPE, 90_000),
            audio: source(AUDIO_TYPE, 48_000),
            options,
            started: None,
            next_frame: now,
            next_audio: now,
            next_report: now,
            next_key_frame: now,
            transport_number: 0,
            resend: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, opened: Opened<'_>, now: Instant) {
        let Opened::Rtcp(compound) = opened else { return };
        let resend = &mut self.resend;
        let mut wants_key_frame = false;
        rtcp::read_compound(compound, |packet| match packet {
            Packet::KeyFrameRequest => wants_key_frame = true,
            Packet::Nack { media_ssrc, items } if media_ssrc == self.video.ssrc => resend.extend(rtcp::nacked(items)),
            _ => {}
        });
        if wants_key_frame {
            self.key_frame_requests += 1;
            if !self.options.ignores_requests {
                self.next_key_frame = now;
            }
        }
    }

    pub(super) fn tick(&mut self, client: &mut Client, now: Instant) {
        if client.sealer.is_none() {
            return;
        }
        let started = *self.started.get_or_insert_with(|| {
            (self.next_frame, self.next_audio, self.next_report, self.next_key_frame) = (now, now, now, now);
            now
        });
        for number in std::mem::take(&mut self.resend) {
            client.out.extend(
                self.video
                    .sent
                    .iter()
                    .find(|(n, _)| *n == number)
                    .map(|(_, bytes)| bytes.clone()),
            );
        }
        while self.next_frame <= now {
            self.send_frame(client, self.next_frame, started);
            self.next_frame += FRAME_INTERVAL;
        }
        while self.next_audio <= now {
            let payload = stamped(&[0xfc], self.next_audio - started, 90);
            let at = self.next_audio;
            self.send(client, false, &payload, true, at, started);
            self.next_audio += AUDIO_INTERVAL;
        }
        if self.next_report <= now {
            self.next_report = now + Duration::from_secs(1);
            self.report(client, now, started);
        }
    }

    fn send_frame(&mut self, client: &mut Client, at: Instant, started: Instant) {
        let is_key = self.next_key_frame <= at;
        let clip = self.options.clip;
        let mut packets = clip.packets_per_frame;
        if is_key {
            self.next_key_frame = at + clip.key_frame_interval;
            packets *= 4;
        }
        for number in 0..packets {
            let head = payload_head(clip.codec, is_key, number, packets);
            // Browsers' packets of a frame differ by one byte.
            let payload = stamped(
                &head,
                at - started,
                clip.packet_bytes + usize::from(number * 2 >= packets),
            );
            self.send(client, true, &payload, number + 1 == packets, at, started);
        }
        if self.options.probes {
            self.send(client, true, &[], false, at, started);
        }
    }

    fn send(&mut self, client: &mut Client, video: bool, payload: &[u8], marker: bool, at: Instant, started: Instant) {
        let Some(sealer) = &client.sealer else { return };
        let skew_ppm = self.options.skew_ppm;
        let source = if video { &mut self.video } else { &mut self.audio };
        let padding: &[u8] = if payload.is_empty() { &[0, 0, 3] } else { &[] };
        let index = source.index;
        source.index += 1;
        source.packets += 1;
        let [.., high, low] = index.to_be_bytes();
        let mut out = vec![0; 20 + payload.len() + padding.len() + sealer.rtp_overhead()];
        let second = source.payload_type | u8::from(marker && video) << 7;
        out[..4].copy_from_slice(&[0x90 | u8::from(!padding.is_empty()) << 5, second, high, low]);
        out[4..8].copy_from_slice(&source.timestamp(at - started, skew_ppm).to_be_bytes());
        out[8..12].copy_from_slice(&source.ssrc.to_be_bytes());
        let [number_high, number_low] = self.transport_number.to_be_bytes();
        out[12..20].copy_from_slice(&[0xBE, 0xDE, 0, 1, TRANSPORT_CC_ID << 4 | 1, number_high, number_low, 0]);
        self.transport_number = self.transport_number.wrapping_add(1);
        if sealer
            .seal_rtp(&mut out, 20, payload, padding, source.ssrc, index)
            .is_some()
        {
            if video {
                source.sent.push_back(((index & 0xffff) as u16, out.clone()));
                if source.sent.len() > SENT_KEPT {
                    source.sent.pop_front();
                }
            }
            client.out.push(out);
        }
    }

    fn report(&mut self, client: &mut Client, now: Instant, started: Instant) {
        let ntp = ntp_time(now - started, self.options.skew_ppm);
        for source in [&self.video, &self.audio] {
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

/// The first bytes of a payload, so that it looks like the codec's.
fn payload_head(codec: Codec, is_key: bool, number: usize, packets: usize) -> Vec<u8> {
    let (is_first, is_last) = (number == 0, number + 1 == packets);
    match codec {
        Codec::Vp8 => vec![u8::from(is_first) << 4, u8::from(!is_key)],
        // A parameter set in a packet of its own, then the picture in fragments (RFC 6184 section 5.8).
        _ if is_key && is_first => vec![0x67, 0x42, 0xe0, 0x1f],
        _ => {
            let starts = if is_key { number == 1 } else { is_first };
            let kind = if is_key { 5 } else { 1 };
            vec![0x7c, u8::from(starts) << 7 | u8::from(is_last) << 6 | kind]
        }
    }
}

/// A payload of `len` bytes that tells when it was made.
fn stamped(head: &[u8], since_start: Duration, len: usize) -> Vec<u8> {
    let mut payload = head.to_vec();
    payload.resize(8, 0x55);
    payload.extend_from_slice(&u64::try_from(since_start.as_micros()).unwrap_or(0).to_be_bytes());
    payload.resize(len.max(16), 0x55);
    payload
}
