//! Which of a viewer's payload types can play what a publisher sends.

use super::negotiate::NegotiatedCodec;
use crate::codec::{Codec, CodecParameters};

/// The payload type under which a viewer with these codecs is sent a stream of these parameters; `None` when it
/// cannot play it. Of several the best fit wins, then the first.
///
/// H.264 levels do not count: with `level-asymmetry-allowed=1`, which every browser offers, the sender's level is its
/// own (RFC 6184 section 8.2.2), and decoders take what their speed allows.
pub fn payload_type_for<'a>(codecs: &'a [NegotiatedCodec], wanted: &CodecParameters) -> Option<&'a NegotiatedCodec> {
    let fitting = codecs
        .iter()
        .filter_map(|codec| Some((fit(&codec.parameters, wanted)?, codec)));
    fitting.min_by_key(|(fit, _)| *fit).map(|(_, codec)| codec)
}

/// How well a decoder for `offered` plays `wanted`; smaller is better.
fn fit(offered: &CodecParameters, wanted: &CodecParameters) -> Option<u8> {
    if offered.codec != wanted.codec {
        return None;
    }
    match wanted.codec {
        Codec::Vp8 | Codec::Opus => Some(0),
        Codec::Vp9 => (offered.profile == wanted.profile).then_some(0),
        // AV1 and H.265: a higher profile's decoder plays the lower ones (AV1 specification annex A.2, H.265 annex A.3).
        Codec::Av1 | Codec::H265 => u8::try_from(offered.profile.checked_sub(wanted.profile)?).ok(),
        Codec::H264 => {
            // A stream of single NAL units also plays where fragments are understood, not the other way round.
            let spare_mode = offered.packetization_mode.checked_sub(wanted.packetization_mode)?;
            let distance = if offered.profile == wanted.profile {
                0
            } else {
                h264_distance(Profile::of(offered.profile)?, Profile::of(wanted.profile)?)
            };
            Some(distance * 2 + spare_mode)
        }
    }
}

/// Where an H.264 variant stands in the server's order: one that every browser decodes, with fragments, comes first.
pub(super) fn h264_rank(parameters: CodecParameters) -> u8 {
    let profile = match Profile::of(parameters.profile) {
        Some(Profile::ConstrainedBaseline) => 0,
        Some(Profile::Baseline) => 1,
        Some(Profile::Main) => 2,
        Some(Profile::ConstrainedHigh) => 3,
        Some(Profile::High) => 4,
        None => 5,
    };
    profile + if parameters.packetization_mode == 1 { 0 } else { 10 }
}

/// The H.264 profiles in use on the web.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Profile {
    ConstrainedBaseline,
    Baseline,
    Main,
    ConstrainedHigh,
    High,
}

impl Profile {
    /// From `profile_idc << 8 | constraint flags` (RFC 6184 table 5). `None` for the professional profiles.
    fn of(profile: u16) -> Option<Profile> {
        let [idc, flags] = profile.to_be_bytes();
        match (idc, flags) {
            (0x42, flags) if flags & 0x40 != 0 => Some(Profile::ConstrainedBaseline),
            (0x4d, flags) if flags & 0x80 != 0 => Some(Profile::ConstrainedBaseline),
            (0x58, flags) if flags & 0xc0 == 0xc0 => Some(Profile::ConstrainedBaseline),
            (0x42, _) => Some(Profile::Baseline),
            (0x4d, _) => Some(Profile::Main),
            (0x64, flags) if flags & 0x0c == 0x0c => Some(Profile::ConstrainedHigh),
            (0x64, _) => Some(Profile::High),
            _ => None,
        }
    }

    /// The profiles whose decoders play it by definition, nearest first (H.264 annex A.2).
    fn played_by(self) -> &'static [Profile] {
        use Profile::{Baseline, ConstrainedBaseline, ConstrainedHigh, High, Main};
        match self {
            ConstrainedBaseline => &[ConstrainedBaseline, Baseline, Main, ConstrainedHigh, High],
            Baseline => &[Baseline],
            Main => &[Main, High],
            ConstrainedHigh => &[ConstrainedHigh, High],
            High => &[High],
        }
    }
}

/// How far `offered` is from `wanted`. Beyond what the decoder promises ([`OVERREACH`]) stands every other pair:
/// browsers name fewer profiles than they decode (Chromium on Linux names no High at all, and Baseline streams never
/// use what Constrained Baseline lacks), so trying is better than a black picture.
fn h264_distance(offered: Profile, wanted: Profile) -> u8 {
    let promised = (0..).zip(wanted.played_by()).find(|(_, profile)| **profile == offered);
    promised.map_or(OVERREACH - offered as u8, |(distance, _)| distance)
}

/// More than any promised distance; a richer decoder is nearer.
const OVERREACH: u8 = 20;
