//! What an RTP payload says about its frame: is it a key frame, where does the frame start, which parameters.
//!
//! Everything here reads bytes of strangers: no function panics, reserves by a length it read, or looks further than
//! the payload it was given.

pub mod av1;
mod depacketise;
pub mod h264;
pub mod h265;
mod nal;
pub mod opus;
mod read;
#[cfg(test)]
pub(crate) mod tests;
pub mod vp8;
pub mod vp9;

pub use depacketise::{Depacketiser, Description, MAX_FRAME_BYTES};
pub use read::Malformed;
pub(crate) use read::Reader;

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

/// Which layer of a scalable stream a packet belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layer {
    /// Counted from 0, the smallest picture.
    pub spatial: u8,
    /// Counted from 0, the lowest frame rate.
    pub temporal: u8,
}

/// The layer of a packet, where its payload names one: VP8, VP9 and H.265 by their headers, AV1 by the first OBU's.
pub fn layer(codec: Codec, payload: &[u8]) -> Option<Layer> {
    match codec {
        Codec::H265 => h265::layer(payload),
        Codec::Vp8 => vp8::layer(payload),
        Codec::Vp9 => vp9::layer(payload),
        Codec::Av1 => av1::layer(payload),
        Codec::H264 | Codec::Opus => None,
    }
}

/// Where a payload's picture ids are, in bytes from its beginning.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PictureIdPlaces {
    /// The picture's id, and whether it has 15 bits instead of 7.
    pub picture: Option<(usize, bool)>,
    /// The id of the last picture of the lowest temporal layer (`TL0PICIDX`), 8 bits.
    pub lowest_layer: Option<usize>,
}

/// Finds the picture ids; only VP8 and VP9 have any.
pub fn picture_ids(codec: Codec, payload: &[u8]) -> PictureIdPlaces {
    match codec {
        Codec::Vp8 => vp8::picture_ids(payload),
        Codec::Vp9 => vp9::picture_ids(payload),
        _ => PictureIdPlaces::default(),
    }
}

/// Width and height in pixels, where a packet that starts a key frame tells them. May allocate: for key frames only.
pub fn picture_size(codec: Codec, payload: &[u8]) -> Option<(u16, u16)> {
    match codec {
        Codec::Vp8 => vp8::size(payload),
        Codec::Vp9 => vp9::size(payload),
        Codec::H264 => h264::size(payload),
        Codec::Av1 => av1::size(payload),
        Codec::H265 | Codec::Opus => None,
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

impl Kind {
    /// RTP timestamp units a second, the same for all our codecs of a kind.
    pub fn clock_rate(self) -> u32 {
        match self {
            Kind::Audio => 48_000,
            Kind::Video => 90_000,
        }
    }
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
