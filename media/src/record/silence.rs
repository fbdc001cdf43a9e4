//! Sound where there was none: a segment of silence that no disk holds, made from its name whenever it is asked for.
//!
//! Players play pictures and sound together or not at all, so while a publisher sends no sound, the playlists of sound
//! that others sent list silence (see [`super::listing`]).

use super::FileName;
use super::fmp4::{self, Sample};
use crate::codec::opus;

const PREFIX: &str = "silence";
const ENDING: &str = ".m4s";

/// The longest segment, in samples: more than any segment of pictures lasts.
const MOST_SAMPLES: u64 = 60 * 48_000;

/// Codecs that silence is known of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Codec {
    Opus,
    Aac,
}

impl Codec {
    /// By what an init segment says (RFC 6381).
    pub(super) fn of(codecs: &str) -> Option<Codec> {
        match codecs.split('.').next()? {
            opus if opus.eq_ignore_ascii_case("opus") => Some(Codec::Opus),
            "mp4a" => Some(Codec::Aac),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Codec::Opus => "opus",
            Codec::Aac => "aac",
        }
    }

    /// A frame of silence in stereo, and how many samples it lasts.
    fn frame(self) -> (&'static [u8], u32) {
        match self {
            Codec::Opus => (&opus::SILENCE, opus::SILENCE_SAMPLES),
            // AAC-LC: a pair of channels without spectral data (ISO/IEC 14496-3 section 4.4.2.1)
            Codec::Aac => (&[0x21, 0x00, 0x49, 0x90, 0x02, 0x19, 0x00, 0x23, 0x80], 1024),
        }
    }
}

/// How many frames a segment of so many samples has, and about how many bytes.
pub(super) fn size(codec: Codec, duration: u64) -> (u32, u64) {
    let (frame, samples) = codec.frame();
    let frames = duration.div_ceil(u64::from(samples));
    let bytes = frames * (u64::try_from(frame.len()).unwrap_or(0) + 12);
    (u32::try_from(frames).unwrap_or(u32::MAX), bytes)
}

/// The name of a segment, from which it can be made. Times are in samples at 48 kHz.
pub(super) fn name(codec: Codec, tfdt: u64, duration: u64) -> FileName {
    FileName(format!("{PREFIX}-{}-{tfdt}-{duration}{ENDING}", codec.name()))
}

/// The segment of silence with this name; nothing for any other name.
pub fn silence(name: &str) -> Option<Vec<u8>> {
    let mut fields = name.strip_suffix(ENDING)?.split('-');
    let (prefix, codec) = (fields.next()?, fields.next()?);
    let codec = [Codec::Opus, Codec::Aac]
        .into_iter()
        .find(|known| known.name() == codec)?;
    let mut number = || fields.next()?.parse::<u64>().ok();
    let (tfdt, duration) = (number()?, number()?);
    let is_one = prefix == PREFIX && fields.next().is_none() && (1..=MOST_SAMPLES).contains(&duration);
    is_one.then(|| segment(codec, tfdt, duration))
}

fn segment(codec: Codec, tfdt: u64, duration: u64) -> Vec<u8> {
    let (frame, length) = codec.frame();
    let mut samples = Vec::new();
    let mut left = duration;
    while left > 0 {
        let duration = left.min(u64::from(length));
        samples.push(Sample {
            duration: u32::try_from(duration).unwrap_or(length),
            offset: 0,
            size: u32::try_from(frame.len()).unwrap_or(0),
            key: true,
        });
        left -= duration;
    }
    let data = frame.repeat(samples.len());
    let mut bytes = fmp4::fragment_header(1, tfdt, &samples, &data);
    bytes.extend(data);
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::repair;
    use super::*;

    #[test]
    fn a_segment_is_what_its_name_says() {
        for (codec, frames) in [(Codec::Opus, 101), (Codec::Aac, 94)] {
            let name = name(codec, 480_007, 96_007);
            let bytes = silence(name.as_str()).unwrap();
            let found = repair(&bytes);
            assert_eq!(found.valid_len, bytes.len() as u64);
            assert_eq!((found.tfdt, found.duration), (480_007, 96_007));
            assert_eq!((found.frames, size(codec, 96_007).0), (frames, frames));
        }
    }

    #[test]
    fn no_other_name_makes_one() {
        for name in [
            "audio1-0-00000.m4s",
            "silence-opus-1.m4s",
            "silence-opus-1-2-3.m4s",
            "silence-opus-1-0.m4s",
            "silence-opus-0-99999999999.m4s",
            "silence-flac-1-2.m4s",
            "silence-opus--1-2.m4s",
        ] {
            assert_eq!(silence(name), None, "{name}");
        }
    }
}
