//! The one example replay that plays: the demo's clip, packetised as a publisher would and recorded as a class is.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Result;
use bytes::Bytes;
use lectern_media::codec::{Codec, CodecParameters};
use lectern_media::forward::batch::{Batch, PacketMeta};
use lectern_media::forward::feed::Feed;
use lectern_media::id::TrackId;
use rtc::rtp::codec::h264::H264Payloader;
use rtc::rtp::packetizer::Payloader;

use crate::demo::clip::{Clip, Kind, Sample};
use crate::live;

/// Times that the clip is played: two minutes.
const ROUNDS: u32 = 4;
/// As browsers have it.
const MOST_PAYLOAD_BYTES: usize = 1160;

const VIDEO: TrackId = TrackId(0);
const AUDIO: TrackId = TrackId(1);

/// Records the clip into `folder`, as if it had been broadcast from `unix_us` (microseconds since 1970) on. Takes
/// some tenths of a second and the disk.
///
/// # Errors
/// The disk's.
pub(super) fn make(folder: &Path, unix_us: i64) -> Result<()> {
    let instant = Instant::now();
    let clip = Clip::load()?;
    let tracks = [track(VIDEO, Codec::H264, 0x42e0, 1), track(AUDIO, Codec::Opus, 0, 0)];
    let media = (0..ROUNDS)
        .flat_map(|round| {
            clip.samples
                .iter()
                .map(move |sample| (clip.length * round + sample.at, sample))
        })
        .scan(Packetiser::new(instant), |packetiser, (at, sample)| {
            Some((at, packetiser.feed(at, sample)))
        });
    let announced = tracks.into_iter().map(|track| (Duration::ZERO, track));
    let began = live::Beginning { instant, unix_us };
    live::make_recording(folder, began, announced.chain(media), live::Syncs::AtTheEnd)?;
    Ok(())
}

fn track(track: TrackId, codec: Codec, profile: u16, packetization_mode: u8) -> Feed {
    Feed::Track {
        track,
        epoch: 0,
        parameters: CodecParameters {
            codec,
            profile,
            packetization_mode,
        },
        starts_at: 0,
        name: "".into(),
    }
}

/// Numbers packets as the stream's line does.
struct Packetiser {
    h264: H264Payloader,
    began: Instant,
    /// Of the next packet: of the picture, of the sound.
    next: [u64; 2],
}

impl Packetiser {
    fn new(began: Instant) -> Packetiser {
        Packetiser {
            h264: H264Payloader::default(),
            began,
            next: [0, 0],
        }
    }

    fn feed(&mut self, at: Duration, sample: &Sample) -> Feed {
        let is_video = sample.kind == Kind::Video;
        let (track, rate, payloads) = if is_video {
            let payloads = self.h264.payload(MOST_PAYLOAD_BYTES, &sample.data);
            (VIDEO, 90_000, payloads.unwrap_or_default())
        } else {
            (AUDIO, 48_000, vec![sample.data.clone()])
        };
        let rtp_time = u64::try_from(at.as_nanos() * rate / 1_000_000_000).unwrap_or(u64::MAX);
        let starts_key_frame = is_video && starts_with_parameter_sets(&sample.data);
        let mut batch = Batch::new();
        let count = payloads.len();
        for (index, payload) in payloads.into_iter().enumerate() {
            let next = &mut self.next[usize::from(track.0)];
            let meta = PacketMeta {
                seq: *next,
                rtp_time,
                arrived: self.began + at,
                marker: is_video && index + 1 == count,
                starts_key_frame: starts_key_frame && index == 0,
                switches_up: false,
            };
            batch.push(meta, &payload);
            *next += 1;
        }
        Feed::Packets {
            track,
            batch: Arc::new(batch),
        }
    }
}

/// Key frames of the clip, and only they, begin with their sequence parameter set (NAL unit type 7).
fn starts_with_parameter_sets(picture: &Bytes) -> bool {
    picture.get(4).is_some_and(|first| first & 31 == 7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use lectern_media::record::Catalogue;

    #[test]
    fn the_replay_is_two_minutes_of_picture_and_sound() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("class");
        make(&path, 1_795_176_000_000_000).unwrap();
        let journal = std::fs::read(path.join("journal.jsonl")).unwrap();
        let (catalogue, whole) = Catalogue::read(&journal);
        assert_eq!(whole, journal.len() as u64);
        assert!(catalogue.ended());
        assert_eq!(catalogue.renditions().len(), 2);
        for rendition in catalogue.renditions() {
            let own = || {
                catalogue
                    .segments()
                    .iter()
                    .filter(|segment| segment.rendition == rendition)
            };
            let timescale = catalogue.init(rendition, 0).unwrap().timescale;
            let ticks: u64 = own().map(|segment| segment.duration).sum();
            let seconds = ticks as f64 / f64::from(timescale);
            assert!((119.0..121.0).contains(&seconds), "{rendition}: {seconds} s");
            assert!(own().all(|segment| segment.key && segment.part == 0), "{rendition}");
        }
    }
}
