//! What an RTP payload says about its frame: is it a key frame, where does the frame start, which parameters.
//!
//! Everything here reads bytes of strangers: no function panics, reserves by a length it read, or looks further than
//! the payload it was given.

pub mod av1;
pub mod h264;
pub mod h265;
pub mod opus;
mod read;
pub mod vp8;
pub mod vp9;

pub use read::Malformed;

/// Whether a decoder can start at this packet: the first packet of a key frame, or one that carries its parameter
/// sets. `payload` is the RTP payload without header and padding. H.264 and H.265 may say so for several packets of
/// one frame, which then have one timestamp. Always false for sound. Reads a few bytes, allocates nothing.
pub fn starts_key_frame(codec: Codec, payload: &[u8]) -> bool {
    match codec {
        Codec::H264 => h264::starts_key_frame(payload),
        Codec::H265 => h265::starts_key_frame(payload),
        Codec::Vp8 => vp8::starts_key_frame(payload),
        Codec::Vp9 => vp9::starts_key_frame(payload),
        Codec::Av1 => av1::starts_key_frame(payload),
        Codec::Opus => false,
    }
}

/// A codec that the server forwards. Names as registered for RTP.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Codec {
    /// RFC 6184.
    H264,
    /// RFC 7798.
    H265,
    /// RFC 7741.
    Vp8,
    /// RFC 9628.
    Vp9,
    /// AV1 RTP payload specification 1.0.
    Av1,
    /// RFC 7587.
    Opus,
}

/// Sound or picture.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Kind {
    /// Sound.
    Audio,
    /// Picture.
    Video,
}

impl Codec {
    /// Whether it codes sound or picture.
    pub fn kind(self) -> Kind {
        match self {
            Codec::Opus => Kind::Audio,
            _ => Kind::Video,
        }
    }

    /// RTP timestamp units per second.
    pub fn clock_rate(self) -> u32 {
        match self.kind() {
            Kind::Audio => 48_000,
            Kind::Video => 90_000,
        }
    }

    /// The encoding name of `a=rtpmap`, as browsers spell it.
    pub fn name(self) -> &'static str {
        match self {
            Codec::H264 => "H264",
            Codec::H265 => "H265",
            Codec::Vp8 => "VP8",
            Codec::Vp9 => "VP9",
            Codec::Av1 => "AV1",
            Codec::Opus => "opus",
        }
    }

    /// Whether CMAF can carry it (everything but VP8).
    pub fn can_record(self) -> bool {
        self != Codec::Vp8
    }
}

/// What a decoder must support, beyond the codec's name: decides which of a viewer's payload types fits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct CodecParameters {
    /// The codec.
    pub codec: Codec,
    /// H.264: `profile_idc << 8 | constraint flags` of `profile-level-id`; VP9, AV1 and H.265: the profile number.
    pub profile: u16,
    /// H.264 `packetization-mode`; 0 for every other codec.
    pub packetization_mode: u8,
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ALL: [Codec; 6] = [
        Codec::H264,
        Codec::H265,
        Codec::Vp8,
        Codec::Vp9,
        Codec::Av1,
        Codec::Opus,
    ];

    #[test]
    fn key_frames_are_seen_where_they_start_and_nowhere_else() {
        let table: &[(&str, Codec, &[u8], bool)] = &[
            ("SPS", Codec::H264, &[0x67, 0x42, 0xe0, 0x1f], true),
            ("PPS", Codec::H264, &[0x68, 0xce], false),
            ("IDR, first slice", Codec::H264, &[0x65, 0x88], true),
            ("IDR, later slice", Codec::H264, &[0x65, 0x40], false),
            ("P slice", Codec::H264, &[0x41, 0x9a], false),
            ("SEI", Codec::H264, &[0x06, 0x05], false),
            (
                "STAP-A: delimiter, SPS",
                Codec::H264,
                &[0x78, 0, 2, 9, 0xf0, 0, 2, 0x67, 0x42],
                true,
            ),
            (
                "STAP-A: SEI, P slice",
                Codec::H264,
                &[0x78, 0, 2, 6, 5, 0, 2, 0x41, 0x9a],
                false,
            ),
            ("STAP-A torn before its SPS", Codec::H264, &[0x78, 0, 9, 0x67], false),
            ("FU-A, start of IDR", Codec::H264, &[0x7c, 0x85, 0x88], true),
            ("FU-A, middle of IDR", Codec::H264, &[0x7c, 0x05, 0x88], false),
            ("FU-A, start of P", Codec::H264, &[0x7c, 0x81, 0x9a], false),
            ("VPS", Codec::H265, &[0x40, 0x01, 0x0c], true),
            ("SPS", Codec::H265, &[0x42, 0x01, 0x01], true),
            ("IDR_W_RADL", Codec::H265, &[0x26, 0x01, 0xaf], true),
            ("CRA, later slice", Codec::H265, &[0x2a, 0x01, 0x2f], false),
            ("TRAIL_R", Codec::H265, &[0x02, 0x01, 0xd0], false),
            (
                "AP: delimiter, VPS",
                Codec::H265,
                &[0x60, 0x01, 0, 3, 0x46, 1, 0x50, 0, 3, 0x40, 1, 0x0c],
                true,
            ),
            ("FU, start of IDR_N_LP", Codec::H265, &[0x62, 0x01, 0x94, 0xaf], true),
            ("FU, end of IDR_N_LP", Codec::H265, &[0x62, 0x01, 0x54, 0xaf], false),
            ("plain key", Codec::Vp8, &[0x10, 0x10, 0x02], true),
            ("plain inter", Codec::Vp8, &[0x10, 0x11, 0x02], false),
            (
                "key, 15-bit picture id, TL0, TID",
                Codec::Vp8,
                &[0x90, 0xe0, 0x80, 1, 7, 0x40, 0x10],
                true,
            ),
            ("key, later packet", Codec::Vp8, &[0x80, 0x80, 0x05, 0x10], false),
            ("key, partition 1", Codec::Vp8, &[0x11, 0x10], false),
            ("key", Codec::Vp9, &[0x8c, 0x05, 0x82, 0x49], true),
            (
                "key with scalability structure",
                Codec::Vp9,
                &[0x8a, 5, 0x18, 1, 64, 0, 180, 1, 0x04, 9, 0x82],
                true,
            ),
            (
                "key picture, upper spatial layer",
                Codec::Vp9,
                &[0xac, 0x05, 0x03, 0, 0x82],
                false,
            ),
            ("intra-only", Codec::Vp9, &[0x8c, 0x05, 0x84], false),
            ("inter", Codec::Vp9, &[0xcc, 0x05, 0x86], false),
            ("key, later packet", Codec::Vp9, &[0x84, 0x05, 0x82], false),
            ("profile 3 key", Codec::Vp9, &[0x08, 0xb1], true),
            ("new sequence", Codec::Av1, &[0x18, 0x0a, 0x0b], true),
            ("middle of a frame", Codec::Av1, &[0x90, 0x0a, 0x0b], false),
            ("inter frame", Codec::Av1, &[0x10, 0x32], false),
            ("music", Codec::Opus, &[0xfc, 0xff], false),
        ];
        for (name, codec, payload, want) in table {
            assert_eq!(starts_key_frame(*codec, payload), *want, "{codec:?} {name}");
        }
        assert!(ALL.iter().all(|codec| !starts_key_frame(*codec, &[])));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived(payload in prop::collection::vec(any::<u8>(), 0..64)) {
            for codec in ALL {
                starts_key_frame(codec, &payload);
            }
        }
    }
}
