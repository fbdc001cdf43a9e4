//! What an RTP payload says about its frame: is it a key frame, where does the frame start, which parameters.

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
