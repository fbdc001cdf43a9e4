//! The file that is published: H.264 and Opus out of an MP4, ready to be cut into packets.

use anyhow::{Context, Result, anyhow, bail, ensure};
use shiguredo_mp4::TrackKind;
use shiguredo_mp4::boxes::SampleEntry;
use shiguredo_mp4::demux::{Input, Mp4FileDemuxer};
use std::path::Path;
use std::time::Duration;

/// The made clip of `lectern demo`: 30 s, 1280 × 720, 0.2 Mb/s, a key frame every 2 s.
static MADE: &[u8] = include_bytes!("../../../src/demo/class.mp4");

/// What a sample holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Content {
    /// An Opus packet.
    Sound(Vec<u8>),
    /// The NAL units of one picture; a key frame's with its parameter sets.
    Picture {
        /// Without start codes or lengths.
        units: Vec<Vec<u8>>,
        /// A decoder can start here.
        is_key: bool,
    },
}

/// One picture, or a piece of sound.
#[derive(Clone, Debug)]
pub(crate) struct Sample {
    /// From the start of the clip.
    pub(crate) at: Duration,
    pub(crate) content: Content,
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Clip {
    /// By time.
    pub(crate) samples: Vec<Sample>,
    /// Where the next round starts.
    pub(crate) length: Duration,
    /// The profile-level-id of the picture (RFC 6184 section 8.1).
    pub(crate) profile: [u8; 3],
    pub(crate) has_sound: bool,
}

/// The codec parameters of the picture, as the file keeps them beside it.
struct Parameters {
    profile: [u8; 3],
    sets: Vec<Vec<u8>>,
    length_bytes: usize,
}

impl Clip {
    /// Reads a file; the made clip when none is named.
    ///
    /// # Errors
    /// It is not H.264 without B-frames with, if any, Opus.
    pub(crate) fn read(file: Option<&Path>) -> Result<Clip> {
        let Some(path) = file else { return Clip::parse(MADE) };
        let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Clip::parse(&bytes).with_context(|| format!("{} cannot be published", path.display()))
    }

    fn parse(file: &[u8]) -> Result<Clip> {
        let mut demuxer = Mp4FileDemuxer::new();
        demuxer.handle_input(Input {
            position: 0,
            data: file,
        });
        let mut samples = Vec::new();
        let mut parameters: Option<Parameters> = None;
        let (mut length, mut has_sound) = (Duration::ZERO, false);
        while let Some(sample) = demuxer
            .next_sample()
            .map_err(|error| anyhow!("it is no MP4: {error:?}"))?
        {
            let ticks_per_s = u64::from(sample.track.timescale.get());
            let at = time(sample.timestamp, ticks_per_s);
            let start = usize::try_from(sample.data_offset)?;
            let data = file.get(start..).and_then(|rest| rest.get(..sample.data_size));
            let data = data.context("a sample lies outside of it")?;
            if let Some(entry) = sample.sample_entry {
                match entry {
                    SampleEntry::Avc1(_) => parameters = Some(parameters_of(entry)?),
                    SampleEntry::Opus(_) => has_sound = true,
                    _ if sample.track.kind == TrackKind::Video => bail!("the picture is not H.264: {ADVICE}"),
                    _ if sample.track.kind == TrackKind::Audio => bail!("the sound is not Opus: {ADVICE}"),
                    _ => {}
                }
            }
            let content = match sample.track.kind {
                TrackKind::Audio => Content::Sound(data.to_vec()),
                TrackKind::Video => {
                    ensure!(
                        sample.composition_time_offset.unwrap_or(0) == 0,
                        "it has B-frames: {ADVICE}"
                    );
                    length = length.max(time(sample.timestamp + u64::from(sample.duration), ticks_per_s));
                    let parameters = parameters.as_ref().context("the picture has no parameters")?;
                    picture(data, parameters, sample.keyframe)?
                }
                TrackKind::Subtitle => continue,
            };
            samples.push(Sample { at, content });
        }
        let parameters = parameters.context("it has no picture")?;
        ensure!(
            length > Duration::from_millis(100),
            "it is shorter than a tenth of a second"
        );
        samples.retain(|sample| sample.at < length);
        samples.sort_by_key(|sample| sample.at);
        Ok(Clip {
            samples,
            length,
            profile: parameters.profile,
            has_sound,
        })
    }
}

const ADVICE: &str = "make one with ffmpeg -i FILE -c:v libx264 -bf 0 -g 60 -c:a libopus OUT.mp4";

fn time(ticks: u64, per_s: u64) -> Duration {
    Duration::from_nanos((ticks * 1_000_000_000).div_ceil(per_s.max(1)))
}

fn parameters_of(entry: &SampleEntry) -> Result<Parameters> {
    let SampleEntry::Avc1(entry) = entry else {
        bail!("the picture is not H.264: {ADVICE}")
    };
    let config = &entry.avcc_box;
    Ok(Parameters {
        profile: [
            config.avc_profile_indication,
            config.profile_compatibility,
            config.avc_level_indication,
        ],
        sets: config.sps_list.iter().chain(&config.pps_list).cloned().collect(),
        length_bytes: usize::from(config.length_size_minus_one.get()) + 1,
    })
}

/// The units of one sample (ISO 14496-15 section 5.3.3); a key frame's parameter sets go first.
fn picture(mut data: &[u8], parameters: &Parameters, is_key: bool) -> Result<Content> {
    let mut units = Vec::new();
    while !data.is_empty() {
        let (length, rest) = data
            .split_at_checked(parameters.length_bytes)
            .context("a sample ends in the middle of a length")?;
        let length = length.iter().fold(0, |length, &byte| length << 8 | usize::from(byte));
        let (unit, rest) = rest
            .split_at_checked(length)
            .context("a NAL unit is longer than its sample")?;
        if !unit.is_empty() {
            units.push(unit.to_vec());
        }
        data = rest;
    }
    let kind = |unit: &Vec<u8>| unit.first().map(|first| first & 0x1f);
    if is_key && !units.iter().any(|unit| kind(unit) == Some(7)) {
        units.splice(0..0, parameters.sets.iter().cloned());
    }
    Ok(Content::Picture { units, is_key })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_made_clip_is_half_a_minute_of_both() {
        let clip = Clip::read(None).unwrap();
        assert_eq!((clip.length, clip.has_sound), (Duration::from_secs(30), true));
        let keys = clip
            .samples
            .iter()
            .filter_map(|sample| match &sample.content {
                Content::Picture { units, is_key: true } => Some(units),
                _ => None,
            })
            .inspect(|units| assert_eq!([7, 8, 5], [0, 1, 2].map(|i| units[i][0] & 0x1f)));
        assert_eq!(keys.count(), 15);
    }

    #[test]
    fn parameter_sets_beside_the_picture_are_put_before_key_frames() {
        let parameters = Parameters {
            profile: [0; 3],
            sets: vec![vec![0x67, 1], vec![0x68, 2]],
            length_bytes: 2,
        };
        let units = |is_key| match picture(&[0, 2, 0x65, 9], &parameters, is_key).unwrap() {
            Content::Picture { units, .. } => units,
            Content::Sound(_) => unreachable!("it is a picture"),
        };
        assert_eq!(units(true), [vec![0x67, 1], vec![0x68, 2], vec![0x65, 9]]);
        assert_eq!(units(false), [vec![0x65, 9]]);
        assert!(picture(&[0, 9, 1], &parameters, true).is_err());
    }

    #[test]
    fn what_is_no_clip_is_refused_in_words() {
        assert!(Clip::parse(b"not an mp4").is_err());
        let error = Clip::read(Some(Path::new("no/such/file"))).unwrap_err();
        assert!(format!("{error:#}").contains("cannot be read"), "{error:#}");
    }
}
