//! Real pictures with B-frames, and a change of their size, through the recorder, as other people's tools read them.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use lectern::live::{Beginning, Syncs, make_recording};
use lectern_media::codec::{Codec, CodecParameters};
use lectern_media::forward::batch::{Batch, PacketMeta};
use lectern_media::forward::feed::Feed;
use lectern_media::id::TrackId;
use lectern_media::record::Catalogue;
use rtc::rtp::codec::h264::H264Payloader;
use rtc::rtp::packetizer::Payloader;
use serde_json::Value;
use shiguredo_mp4::TrackKind;
use shiguredo_mp4::boxes::SampleEntry;

use crate::made_recording::{Clip, H264, Sample, demux, encode, probe};

/// As programs send them that are no browsers: two pictures between others, shown before what was sent ahead of them.
const WITH_B_FRAMES: Clip = Clip {
    encoder: "libx264 -preset medium -profile:v main -bf 2 -b_strategy 0 -sc_threshold 0",
    seconds: 6,
    ..H264
};
const SMALLER: Clip = Clip {
    size: "320x180",
    ..WITH_B_FRAMES
};

const TRACK: TrackId = TrackId(0);

/// How long a picture is shown, and how exactly that is kept, in ticks of 90 kHz.
const FRAME: i64 = 3000;
const EXACT: i64 = 3;

/// A publisher of one track.
struct Publisher {
    payloader: H264Payloader,
    began: Instant,
    seq: u64,
    feeds: Vec<(Duration, Feed)>,
}

impl Publisher {
    fn new() -> Publisher {
        let parameters = CodecParameters {
            codec: Codec::H264,
            profile: 0x4d00,
            packetization_mode: 1,
        };
        let announced = Feed::Track {
            track: TRACK,
            epoch: 0,
            parameters,
            starts_at: 0,
            name: "".into(),
        };
        Publisher {
            payloader: H264Payloader::default(),
            began: Instant::now(),
            seq: 0,
            feeds: vec![(Duration::ZERO, announced)],
        }
    }

    /// Sends a clip from `from` on, each picture when it is due to be decoded.
    fn send(&mut self, clip: Clip, from: Duration) {
        let file = encode(clip);
        let (entry, samples) = demux(&file, TrackKind::Video);
        for (number, sample) in (0u32..).zip(&samples) {
            let at = from + Duration::from_secs(1) * number / 30;
            let shown = from + Duration::from_nanos(u64::try_from(sample.at).unwrap());
            self.send_picture(at, shown, sample.key, &annex_b(&entry, sample));
        }
    }

    fn send_picture(&mut self, at: Duration, shown: Duration, key: bool, picture: &[u8]) {
        let payloads = self.payloader.payload(1160, &Bytes::copy_from_slice(picture)).unwrap();
        let rtp_time = u64::try_from((shown.as_nanos() * 9 + 50_000) / 100_000).unwrap();
        let mut batch = Batch::new();
        for (index, payload) in payloads.iter().enumerate() {
            let meta = PacketMeta {
                seq: self.seq,
                rtp_time,
                arrived: self.began + at,
                marker: index + 1 == payloads.len(),
                starts_key_frame: key && index == 0,
                switches_up: false,
            };
            batch.push(meta, payload);
            self.seq += 1;
        }
        let batch = Arc::new(batch);
        self.feeds.push((at, Feed::Packets { track: TRACK, batch }));
    }
}

/// A picture with start codes, a key frame behind its parameter sets.
fn annex_b(entry: &SampleEntry, sample: &Sample<'_>) -> Vec<u8> {
    let SampleEntry::Avc1(avc1) = entry else {
        panic!("{entry:?} is not H.264")
    };
    let mut stream = Vec::new();
    let mut push = |unit: &[u8]| {
        stream.extend([0, 0, 0, 1]);
        stream.extend_from_slice(unit);
    };
    if sample.key {
        avc1.avcc_box.sps_list.iter().for_each(|set| push(set));
        avc1.avcc_box.pps_list.iter().for_each(|set| push(set));
    }
    let mut rest = sample.bytes;
    while let Some((length, after)) = rest.split_first_chunk::<4>() {
        let (unit, after) = after.split_at(u32::from_be_bytes(*length) as usize);
        push(unit);
        rest = after;
    }
    stream
}

/// One part of the pictures as one file.
fn file_of(folder: &Path, catalogue: &Catalogue, part: u32) -> PathBuf {
    let init = catalogue.init("video0", part).unwrap();
    let mut bytes = std::fs::read(folder.join(init.file.as_str())).unwrap();
    for segment in catalogue.segments().iter().filter(|segment| segment.part == part) {
        bytes.extend(std::fs::read(folder.join(segment.file.as_str())).unwrap());
    }
    let path = folder.join(format!("part-{part}.mp4"));
    std::fs::write(&path, bytes).unwrap();
    path
}

/// The ticks of a file's pictures in a field of ffprobe's, in decoding order, from the first of all on.
fn ticks(packets: &[Value], field: &str) -> Vec<i64> {
    let ticks: Vec<i64> = packets.iter().map(|packet| packet[field].as_i64().unwrap()).collect();
    let first = ticks.iter().min().copied().unwrap_or_default();
    ticks.into_iter().map(|tick| tick - first).collect()
}

#[test]
fn pictures_between_others_are_shown_in_their_place_and_a_change_of_size_plays_on() {
    let data = tempfile::tempdir().unwrap();
    let folder = data.path().join("class");
    let mut publisher = Publisher::new();
    publisher.send(WITH_B_FRAMES, Duration::ZERO);
    publisher.send(SMALLER, Duration::from_secs(6));
    let began = Beginning {
        instant: publisher.began,
        unix_us: 1_795_176_000_000_000,
    };
    make_recording(&folder, began, publisher.feeds, Syncs::AtTheEnd).unwrap();
    let journal = std::fs::read(folder.join("journal.jsonl")).unwrap();
    let (catalogue, _) = Catalogue::read(&journal);
    assert_eq!(catalogue.last_part(), 1, "{catalogue:?}");
    for (part, clip, width) in [(0, WITH_B_FRAMES, 640), (1, SMALLER, 320)] {
        assert_eq!(catalogue.init("video0", part).unwrap().width, width);
        let file = encode(clip);
        let (_, samples) = demux(&file, TrackKind::Video);
        let first = samples.iter().map(|sample| sample.at).min().unwrap();
        let sent = samples.iter().map(|sample| (sample.at - first) * 9 / 100_000);
        let sent: Vec<i64> = sent.collect();
        assert!(!sent.is_sorted(), "there are pictures between others");

        let path = file_of(&folder, &catalogue, part);
        let seen = probe(&path, &["-show_packets", "-select_streams", "v"]);
        let packets = seen["packets"].as_array().unwrap();
        let shown = ticks(packets, "pts");
        assert_eq!(shown.len(), sent.len());
        for (number, (shown, sent)) in shown.iter().zip(&sent).enumerate() {
            assert!(
                (shown - sent).abs() <= EXACT,
                "part {part}, picture {number}: {shown}, sent {sent}"
            );
        }
        for (number, decoded) in (0..).zip(ticks(packets, "dts")) {
            let even = number * FRAME;
            assert!(
                (decoded - even).abs() <= EXACT,
                "part {part}, picture {number}: {decoded}, not {even}"
            );
        }
        let played = Command::new("ffmpeg")
            .args(["-nostdin", "-v", "warning", "-i"])
            .arg(&path)
            .args(["-f", "null", "-"])
            .output()
            .unwrap();
        assert!(played.stderr.is_empty(), "{}", String::from_utf8_lossy(&played.stderr));
    }
}
