//! The made class that the demo publishes: half a minute of H.264 and Opus inside the binary.
//!
//! `scripts/demo-clip` makes the file. The reading is shiguredo_mp4's; here are only the two conversions that RTP needs:
//! from length-prefixed NAL units to Annex B, and from two tracks to one list in the order of time.

use anyhow::{Context, Result, ensure};
use bytes::{BufMut, Bytes, BytesMut};
use shiguredo_mp4::TrackKind;
use shiguredo_mp4::demux::{Input, Mp4FileDemuxer};
use std::time::Duration;

static FILE: &[u8] = include_bytes!("class.mp4");

/// Which of the two tracks a sample belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Opus, 48 kHz, stereo.
    Audio,
    /// H.264, constrained baseline, 1280 × 720.
    Video,
}

/// One coded picture, or 20 ms of sound.
#[derive(Debug, Clone)]
pub(super) struct Sample {
    pub(super) kind: Kind,
    /// When it is due, from the start of the clip.
    pub(super) at: Duration,
    /// How long it lasts, rounded up to the nanosecond so that it is never a tick short on the RTP clock.
    pub(super) duration: Duration,
    /// Annex B for video, an Opus packet for audio.
    pub(super) data: Bytes,
}

/// The whole clip, ready to be sent in a loop.
#[derive(Debug)]
pub(super) struct Clip {
    /// In the order of [`Sample::at`].
    pub(super) samples: Vec<Sample>,
    /// Where the next round starts; both tracks are exactly this long.
    pub(super) length: Duration,
}

impl Clip {
    /// Reads the clip inside the binary.
    ///
    /// # Errors
    /// When the file is not what `scripts/demo-clip` makes.
    pub(super) fn load() -> Result<Self> {
        let mut samples = demux(FILE).context("the demo clip cannot be read")?;
        let end = |kind| {
            samples
                .iter()
                .filter(|s: &&Sample| s.kind == kind)
                .map(|s| s.at + s.duration)
                .max()
        };
        let length = end(Kind::Video).context("the demo clip has no picture")?;
        ensure!(
            end(Kind::Audio) >= Some(length),
            "the demo clip's sound is shorter than its picture"
        );
        let length = Duration::from_millis(u64::try_from(length.as_millis())?);
        samples.retain(|sample| sample.at < length);
        samples.sort_by_key(|sample| sample.at);
        Ok(Self { samples, length })
    }
}

fn demux(file: &[u8]) -> Result<Vec<Sample>> {
    let mut demuxer = Mp4FileDemuxer::new();
    demuxer.handle_input(Input {
        position: 0,
        data: file,
    });
    let mut samples = Vec::new();
    while let Some(sample) = demuxer.next_sample().map_err(|error| anyhow::anyhow!("{error:?}"))? {
        let timescale = u64::from(sample.track.timescale.get());
        let start = usize::try_from(sample.data_offset)?;
        let data = file
            .get(start..)
            .and_then(|rest| rest.get(..sample.data_size))
            .context("a sample outside the file")?;
        let (kind, data) = match sample.track.kind {
            TrackKind::Audio => (Kind::Audio, Bytes::copy_from_slice(data)),
            TrackKind::Video => (Kind::Video, annex_b(data)?),
            TrackKind::Subtitle => continue,
        };
        let duration = time(u64::from(sample.duration), timescale);
        samples.push(Sample {
            kind,
            at: time(sample.timestamp, timescale),
            duration,
            data,
        });
    }
    Ok(samples)
}

fn time(ticks: u64, timescale: u64) -> Duration {
    Duration::from_nanos((ticks * 1_000_000_000).div_ceil(timescale))
}

/// From NAL units with a length of four bytes before each (ISO 14496-15) to units with a start code (H.264 annex B).
fn annex_b(mut sample: &[u8]) -> Result<Bytes> {
    let mut out = BytesMut::with_capacity(sample.len());
    while let Some((length, rest)) = sample.split_first_chunk::<4>() {
        let length = usize::try_from(u32::from_be_bytes(*length))?;
        let (unit, rest) = rest
            .split_at_checked(length)
            .context("a NAL unit longer than its sample")?;
        out.put_slice(&[0, 0, 0, 1]);
        out.put_slice(unit);
        sample = rest;
    }
    Ok(out.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clip_is_half_a_minute_of_both_without_a_gap() {
        let clip = Clip::load().unwrap();
        assert_eq!(clip.length, Duration::from_secs(30));
        for (kind, count, longest) in [(Kind::Video, 900, 34), (Kind::Audio, 1500, 20)] {
            let track: Vec<_> = clip.samples.iter().filter(|sample| sample.kind == kind).collect();
            assert_eq!(track.len(), count, "{kind:?}");
            assert!(
                track
                    .iter()
                    .all(|sample| sample.duration <= Duration::from_millis(longest))
            );
            let joined =
                |pair: &[&Sample]| pair[1].at.abs_diff(pair[0].at + pair[0].duration) <= Duration::from_nanos(2);
            assert!(track.windows(2).all(joined), "{kind:?} has a gap");
        }
    }

    #[test]
    fn every_second_second_starts_with_parameter_sets_and_a_key_frame() {
        let clip = Clip::load().unwrap();
        for picture in clip
            .samples
            .iter()
            .filter(|sample| sample.kind == Kind::Video)
            .step_by(60)
        {
            let types: Vec<u8> = picture
                .data
                .windows(5)
                .filter(|w| w[..4] == [0, 0, 0, 1])
                .map(|w| w[4] & 31)
                .collect();
            assert_eq!(types, [7, 8, 5], "at {:?}", picture.at);
        }
    }

    #[test]
    fn a_broken_sample_is_an_error() {
        assert!(annex_b(&[0, 0, 0, 9, 1]).is_err());
        assert_eq!(annex_b(&[0, 0, 0, 1, 7]).unwrap().as_ref(), [0, 0, 0, 1, 7]);
    }
}
