//! VP8 in RTP (RFC 7741). Forwarded, never recorded: CMAF has no VP8 that browsers play.

use super::read::{Malformed, Reader};
use super::{Layer, PictureIdPlaces};

/// What the payload descriptor says (section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// The packet begins partition 0, and so a frame.
    pub starts_frame: bool,
    /// The frame's temporal layer, 0 where the sender has none.
    pub temporal: u8,
    /// Whether the sender names temporal layers.
    pub has_layers: bool,
    /// The frame refers to the lowest temporal layer only (`Y`).
    pub is_sync: bool,
}

/// Splits a payload into its descriptor and the bytes of the frame.
pub fn parse(payload: &[u8]) -> Result<(Descriptor, &[u8]), Malformed> {
    let mut r = Reader::new(payload, "VP8 payload descriptor");
    let first = r.u8()?;
    let (mut temporal, mut has_layers, mut is_sync) = (0, false, false);
    if first & 0x80 != 0 {
        let extension = r.u8()?;
        if extension & 0x80 != 0 && r.u8()? & 0x80 != 0 {
            r.u8()?; // the second byte of a 15-bit picture id
        }
        if extension & 0x40 != 0 {
            r.u8()?; // TL0PICIDX
        }
        if extension & 0x30 != 0 {
            let layer = r.u8()?;
            has_layers = extension & 0x20 != 0;
            if has_layers {
                (temporal, is_sync) = (layer >> 6, layer & 0x20 != 0);
            }
        }
    }
    Ok((
        Descriptor {
            starts_frame: first & 0x10 != 0 && first & 0x07 == 0,
            temporal,
            has_layers,
            is_sync,
        },
        r.rest(),
    ))
}

/// Where the picture's ids are (section 4.2).
pub fn picture_ids(payload: &[u8]) -> PictureIdPlaces {
    let mut places = PictureIdPlaces::default();
    let [first, extension, rest @ ..] = payload else {
        return places;
    };
    if first & 0x80 == 0 {
        return places;
    }
    let mut at = 2;
    if extension & 0x80 != 0 {
        let is_long = rest.first().is_some_and(|byte| byte & 0x80 != 0);
        places.picture = Some((at, is_long));
        at += if is_long { 2 } else { 1 };
    }
    places.lowest_layer = (extension & 0x40 != 0).then_some(at);
    places
}

/// Width and height, from the first packet of a key frame (RFC 6386 section 9.1).
pub fn size(payload: &[u8]) -> Option<(u16, u16)> {
    let (_, frame) = parse(payload).ok()?;
    let [_, _, _, 0x9d, 0x01, 0x2a, w0, w1, h0, h1, ..] = *frame else {
        return None;
    };
    Some((
        u16::from_le_bytes([w0, w1]) & 0x3fff,
        u16::from_le_bytes([h0, h1]) & 0x3fff,
    ))
}

/// Whether this is the first packet of a key frame (RFC 6386 section 9.1: the first bit is 0 in key frames).
pub fn starts_key_frame(payload: &[u8]) -> bool {
    parse(payload)
        .is_ok_and(|(descriptor, frame)| descriptor.starts_frame && frame.first().is_some_and(|byte| byte & 0x01 == 0))
}

/// The temporal layer.
pub fn layer(payload: &[u8]) -> Option<Layer> {
    parse(payload).ok().map(|(descriptor, _)| Layer {
        spatial: 0,
        temporal: descriptor.temporal,
    })
}
