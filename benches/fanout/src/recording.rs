//! What recording costs: classes of 2.5 Mb/s with sound through the recorder onto the disk, as a server's recorder threads
//! do it, one after the other and faster than they were made.

use crate::thread_cpu;
use anyhow::Result;
use lectern::live::{Beginning, Syncs, make_recording};
use lectern_media::codec::{Codec, CodecParameters};
use lectern_media::forward::batch::{Batch, PacketMeta};
use lectern_media::forward::feed::Feed;
use lectern_media::id::TrackId;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Classes that are recorded at the same time.
pub(crate) const CLASSES: u32 = 50;

/// Of each class.
const MEDIA_TIME: Duration = Duration::from_secs(20);

const FRAMES_PER_S: u64 = 30;
/// A key frame comes every two seconds.
const GROUP: u64 = 2 * FRAMES_PER_S;
/// With 30 frames a second: 2.5 Mb/s.
const PACKETS_PER_FRAME: usize = 9;
const PACKET_BYTES: usize = 1160;

const VIDEO: TrackId = TrackId(0);
const AUDIO: TrackId = TrackId(1);

/// What all classes together cost.
pub(crate) struct Costs {
    /// Processor cores.
    pub(crate) cores: f64,
    pub(crate) allocations_per_packet: f64,
}

/// Measures.
///
/// # Errors
/// The disk's.
pub(crate) fn measure() -> Result<Costs> {
    let folder = tempfile::tempdir()?;
    let (mut cpu, mut allocated, mut sent) = (Duration::ZERO, 0, 0);
    for number in 0..CLASSES {
        let began = Beginning {
            instant: Instant::now(),
            unix_us: 1_795_176_000_000_000,
        };
        let feeds = class(began.instant);
        sent += feeds.iter().map(|(_, feed)| packets(feed)).sum::<usize>();
        let path = folder.path().join(number.to_string());
        let before = (thread_cpu(), allocations::count());
        make_recording(&path, began, feeds, Syncs::AsLive)?;
        cpu += thread_cpu() - before.0;
        allocated += allocations::count() - before.1;
    }
    Ok(Costs {
        cores: cpu.as_secs_f64() / MEDIA_TIME.as_secs_f64(),
        allocations_per_packet: allocated as f64 / sent as f64,
    })
}

fn packets(feed: &Feed) -> usize {
    match feed {
        Feed::Packets { batch, .. } => batch.packets().count(),
        _ => 0,
    }
}

/// What a recorder is told of a class, and when.
fn class(began: Instant) -> Vec<(Duration, Feed)> {
    let mut feeds: Vec<(Duration, Feed)> = [(VIDEO, Codec::H264), (AUDIO, Codec::Opus)]
        .map(|(track, codec)| (Duration::ZERO, announced(track, codec)))
        .into();
    let mut seqs = [0, 0];
    let frames = MEDIA_TIME.as_secs() * FRAMES_PER_S;
    for frame in 0..frames {
        let at = Duration::from_secs(1) * u32::try_from(frame).unwrap_or(0) / u32::try_from(FRAMES_PER_S).unwrap_or(1);
        let is_key = frame.is_multiple_of(GROUP);
        let mut payloads: Vec<Vec<u8>> = (0..PACKETS_PER_FRAME).map(|_| slice(is_key)).collect();
        if is_key {
            payloads[0] = parameter_sets();
        }
        feeds.push((at, sent(VIDEO, &mut seqs[0], frame * 3000, began + at, &payloads)));
    }
    for packet in 0..MEDIA_TIME.as_secs() * 50 {
        let at = Duration::from_millis(packet * 20);
        feeds.push((at, sent(AUDIO, &mut seqs[1], packet * 960, began + at, &[sound()])));
    }
    feeds.sort_by_key(|(at, _)| *at);
    feeds
}

fn announced(track: TrackId, codec: Codec) -> Feed {
    Feed::Track {
        track,
        epoch: 0,
        parameters: CodecParameters {
            codec,
            profile: 0x42e0,
            packetization_mode: 1,
        },
        starts_at: 0,
        name: "".into(),
    }
}

fn sent(track: TrackId, seq: &mut u64, rtp_time: u64, arrived: Instant, payloads: &[Vec<u8>]) -> Feed {
    let mut batch = Batch::new();
    for (index, payload) in payloads.iter().enumerate() {
        let meta = PacketMeta {
            seq: *seq,
            rtp_time,
            arrived,
            marker: track == VIDEO && index + 1 == payloads.len(),
            starts_key_frame: payload.first() == Some(&0x78),
            switches_up: false,
        };
        batch.push(meta, payload);
        *seq += 1;
    }
    Feed::Packets {
        track,
        batch: Arc::new(batch),
    }
}

/// A whole slice (RFC 6184 section 5.6).
fn slice(is_key: bool) -> Vec<u8> {
    let mut payload = vec![0x5a; PACKET_BYTES];
    payload[..3].copy_from_slice(if is_key {
        &[0x65, 0x88, 0x84]
    } else {
        &[0x41, 0x9a, 0x24]
    });
    payload
}

/// Of 1280 by 720 pixels, in one packet (RFC 6184 section 5.7.1).
fn parameter_sets() -> Vec<u8> {
    const SPS: [u8; 25] = [
        0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x80, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00,
        0x03, 0x03, 0xc8, 0xf1, 0x83, 0x26, 0x80,
    ];
    const PPS: [u8; 5] = [0x68, 0xc9, 0x61, 0x4b, 0x20];
    [&[0x78, 0, 25][..], &SPS, &[0, 5], &PPS].concat()
}

/// 20 ms at 64 kb/s.
fn sound() -> Vec<u8> {
    let mut payload = vec![0x3c; 160];
    payload[0] = 0xfc;
    payload
}
