//! Recording costs no memory that grows with the packets: what is allocated for a minute of a class is for its segments
//! and fragments, however many packets a frame has. A test of its own, because it counts every allocation of its process.

use lectern_media::codec::{Codec, CodecParameters};
use lectern_media::forward::batch::{Batch, PacketMeta};
use lectern_media::forward::feed::Feed;
use lectern_media::id::TrackId;
use lectern_media::record::{Config, Recorder};
use std::sync::Arc;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

const VIDEO: TrackId = TrackId(0);
const AUDIO: TrackId = TrackId(1);

const FRAMES_PER_S: u64 = 30;
const GROUP: u64 = 2 * FRAMES_PER_S;

/// After it everything has its size.
const WARM_UP_S: u64 = 20;
const MEASURED_S: u64 = 60;

/// Bytes of a frame, in however many packets they come.
const FRAME_BYTES: usize = 9600;

const SPS: [u8; 25] = [
    0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x80, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00, 0x03,
    0x03, 0xc8, 0xf1, 0x83, 0x26, 0x80,
];
const PPS: [u8; 5] = [0x68, 0xc9, 0x61, 0x4b, 0x20];

/// A class whose frames have so many packets, and a recorder for it.
struct Class {
    recorder: Recorder,
    began: Instant,
    packets_per_frame: usize,
    seqs: [u64; 2],
    packets: u64,
}

impl Class {
    fn new(packets_per_frame: usize) -> Class {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let began = Instant::now();
        let mut class = Class {
            recorder: Recorder::new(Config::default(), began, 1_795_176_000_000_000),
            began,
            packets_per_frame,
            seqs: [0, 0],
            packets: 0,
        };
        for (track, codec) in [(VIDEO, Codec::H264), (AUDIO, Codec::Opus)] {
            let parameters = CodecParameters {
                codec,
                profile: 0x42e0,
                packetization_mode: 1,
            };
            let announced = Feed::Track {
                track,
                epoch: 0,
                parameters,
                starts_at: 0,
                name: "".into(),
            };
            class.recorder.handle(began, &announced);
        }
        class
    }

    /// Records from one second to another; how often memory was asked for, without what the packets themselves are in.
    fn record(&mut self, from_s: u64, to_s: u64) -> u64 {
        let mut asked = 0;
        for frame in from_s * FRAMES_PER_S..to_s * FRAMES_PER_S {
            let now = self.began + Duration::from_millis(frame * 1000 / FRAMES_PER_S);
            let picture = self.picture(frame, now);
            let sound = self.packets(AUDIO, frame * 1600, now, &[vec![0xfc, 0xff, 0xfe]]);
            let before = allocations::count();
            for feed in [&picture, &sound] {
                self.recorder.handle(now, feed);
            }
            self.recorder.handle_timeout(now);
            while let Some(write) = self.recorder.poll_write() {
                drop(write);
            }
            asked += allocations::count() - before;
        }
        asked
    }

    fn picture(&mut self, frame: u64, now: Instant) -> Feed {
        let is_key = frame.is_multiple_of(GROUP);
        let size = FRAME_BYTES / self.packets_per_frame;
        let slice = |_| {
            let mut slice = vec![0x5a; size];
            slice[0] = if is_key { 0x65 } else { 0x41 };
            slice
        };
        let mut payloads: Vec<Vec<u8>> = (0..self.packets_per_frame).map(slice).collect();
        if is_key {
            payloads.insert(0, [&[0x78, 0, 25][..], &SPS, &[0, 5], &PPS].concat());
        }
        self.packets(VIDEO, frame * 3000, now, &payloads)
    }

    fn packets(&mut self, track: TrackId, rtp_time: u64, arrived: Instant, payloads: &[Vec<u8>]) -> Feed {
        let mut batch = Batch::new();
        for (index, payload) in payloads.iter().enumerate() {
            let seq = &mut self.seqs[usize::from(track == AUDIO)];
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
            self.packets += 1;
        }
        Feed::Packets {
            track,
            batch: Arc::new(batch),
        }
    }
}

#[test]
fn recording_asks_for_no_memory_per_packet() {
    let asked = [4, 16].map(|packets_per_frame| {
        let mut class = Class::new(packets_per_frame);
        class.record(0, WARM_UP_S);
        let before = class.packets;
        let asked = class.record(WARM_UP_S, WARM_UP_S + MEASURED_S);
        (asked, class.packets - before)
    });
    let [(few, few_packets), (many, many_packets)] = asked;
    assert!(many_packets > 3 * few_packets, "{asked:?}");
    assert!(
        many <= few + few / 100,
        "with four times the packets memory is asked for as often: {asked:?}"
    );
    assert!(few < 60 * 200, "some dozens a fragment: {asked:?}");
}
