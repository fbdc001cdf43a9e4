//! Which of a viewer's payload types can play what a publisher sends.

use super::negotiate::NegotiatedCodec;
use crate::codec::{Codec, CodecParameters};

/// The payload type under which a viewer with these codecs is sent a stream of these parameters; `None` when it
/// cannot play it. Of several the best fit wins, then the first.
///
/// H.264 levels do not count: with `level-asymmetry-allowed=1`, which every browser offers, the sender's level is its
/// own (RFC 6184 section 8.2.2), and decoders take what their speed allows.
pub fn payload_type_for<'a>(codecs: &'a [PlayedCodec], wanted: &CodecParameters) -> Option<&'a PlayedCodec> {
    let fitting = codecs
        .iter()
        .filter_map(|codec| Some((fit(&codec.parameters, wanted)?, codec)));
    fitting.min_by_key(|(fit, _)| *fit).map(|(_, codec)| codec)
}

/// What a viewer calls a codec; the part of a [`NegotiatedCodec`] that its packets need.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PlayedCodec {
    /// What it is.
    pub parameters: CodecParameters,
    /// Its number in RTP headers.
    pub payload_type: u8,
    /// The number of its retransmissions (RFC 4588).
    pub rtx: Option<u8>,
    /// The number under which the viewer takes it together with earlier frames (RFC 2198).
    pub red: Option<u8>,
}

impl From<&NegotiatedCodec> for PlayedCodec {
    fn from(codec: &NegotiatedCodec) -> PlayedCodec {
        PlayedCodec {
            parameters: codec.parameters,
            payload_type: codec.payload_type,
            rtx: codec.rtx,
            red: codec.red,
        }
    }
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
            // A stream of single NAL units also plays where fragments are understood; for the other way round a
            // client that offers nothing else is worth a try: GStreamer understands fragments and does not say so.
            let mode = match (wanted.packetization_mode, offered.packetization_mode) {
                (wanted, offered) if wanted == offered => 0,
                (0, _) => 1,
                _ => 100,
            };
            let distance = if offered.profile == wanted.profile {
                0
            } else {
                h264_distance(Profile::of(offered.profile)?, Profile::of(wanted.profile)?)
            };
            Some(distance * 2 + mode)
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

#[cfg(test)]
mod tests {
    use super::super::samples::sample;
    use super::super::{negotiate_view, parse};
    use super::*;

    const fn h264(profile: u16, packetization_mode: u8) -> CodecParameters {
        CodecParameters {
            codec: Codec::H264,
            profile,
            packetization_mode,
        }
    }

    const fn profile(codec: Codec, profile: u16) -> CodecParameters {
        CodecParameters {
            codec,
            profile,
            packetization_mode: 0,
        }
    }

    #[test]
    fn each_browser_is_sent_what_it_can_play() {
        let cases = [
            // Chromium offers 42001f, 42e01f, 4d001f and f4001f, each with both packetization modes.
            ("chromium-view", h264(0x42e0, 1), Some("42e01f"), 1),
            ("chromium-view", h264(0x42c0, 1), Some("42e01f"), 1),
            ("chromium-view", h264(0x4240, 1), Some("42e01f"), 1),
            ("chromium-view", h264(0x4200, 1), Some("42001f"), 1),
            ("chromium-view", h264(0x42e0, 0), Some("42e01f"), 0),
            ("chromium-view", h264(0x4d00, 1), Some("4d001f"), 1),
            ("chromium-view", h264(0x4d40, 1), Some("4d001f"), 1),
            ("chromium-view", h264(0xf400, 1), Some("f4001f"), 1),
            // High is not in its list, and plays; 4:2:2 does not.
            ("chromium-view", h264(0x6400, 1), Some("4d001f"), 1),
            ("chromium-view", h264(0x7a00, 1), None, 0),
            // Safari offers 640c1f and 42e01f.
            ("safari-like-view", h264(0x6400, 1), Some("640c1f"), 1),
            ("safari-like-view", h264(0x640c, 1), Some("640c1f"), 1),
            ("safari-like-view", h264(0x4d00, 1), Some("640c1f"), 1),
            ("safari-like-view", h264(0x4200, 1), Some("640c1f"), 1),
            ("safari-like-view", h264(0x4240, 1), Some("42e01f"), 1),
            ("safari-like-view", profile(Codec::H265, 1), Some("profile-id=1"), 0),
            ("safari-like-view", profile(Codec::H265, 2), None, 0),
            ("safari-like-view", profile(Codec::Av1, 0), None, 0),
            ("libdatachannel-view", h264(0x42e0, 1), Some("42e01f"), 1),
            // GStreamer says nothing about its H.264.
            ("gstreamer-view", h264(0x42e0, 1), Some(""), 0),
            ("chromium-view", profile(Codec::Vp8, 0), Some(""), 0),
            ("chromium-view", profile(Codec::Vp9, 0), Some("profile-id=0"), 0),
            ("chromium-view", profile(Codec::Vp9, 2), Some("profile-id=2"), 0),
            ("chromium-view", profile(Codec::Av1, 0), Some("profile=0"), 0),
            ("chromium-view", profile(Codec::Av1, 1), Some("profile=1"), 0),
            ("firefox-view", profile(Codec::Vp9, 0), Some("max-fs"), 0),
            ("firefox-view", h264(0x42e0, 1), None, 0),
        ];
        for (name, wanted, fmtp, mode) in cases {
            let sections = negotiate_view(&parse(sample(name).as_bytes()).unwrap()).unwrap();
            let video = sections
                .iter()
                .find(|section| section.kind == wanted.codec.kind())
                .unwrap();
            let played: Vec<_> = video.codecs.iter().map(PlayedCodec::from).collect();
            let found = payload_type_for(&played, &wanted).map(|found| found.payload_type);
            let found = video.codecs.iter().find(|codec| Some(codec.payload_type) == found);
            assert_eq!(found.is_some(), fmtp.is_some(), "{name} {wanted:?}: {found:?}");
            if let (Some(found), Some(fmtp)) = (found, fmtp) {
                assert!(found.fmtp.contains(fmtp), "{name} {wanted:?}: {found:?}");
                assert_eq!(
                    found.parameters.packetization_mode, mode,
                    "{name} {wanted:?}: {found:?}"
                );
            }
        }
    }
}
