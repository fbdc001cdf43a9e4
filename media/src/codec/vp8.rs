//! VP8 in RTP (RFC 7741). Forwarded, never recorded: CMAF has no VP8 that browsers play.

use super::Layer;
use super::read::{Malformed, Reader};

/// What the payload descriptor says (section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// The packet begins partition 0, and so a frame.
    pub starts_frame: bool,
    /// The frame's temporal layer, 0 where the sender has none.
    pub temporal: u8,
}

/// Splits a payload into its descriptor and the bytes of the frame.
pub fn parse(payload: &[u8]) -> Result<(Descriptor, &[u8]), Malformed> {
    let mut r = Reader::new(payload, "VP8 payload descriptor");
    let first = r.u8()?;
    let mut temporal = 0;
    if first & 0x80 != 0 {
        let extension = r.u8()?;
        if extension & 0x80 != 0 && r.u8()? & 0x80 != 0 {
            r.u8()?; // the second byte of a 15-bit picture id
        }
        if extension & 0x40 != 0 {
            r.u8()?; // TL0PICIDX
        }
        if extension & 0x30 != 0 {
            temporal = r.u8()? >> 6;
        }
        if extension & 0x20 == 0 {
            temporal = 0;
        }
    }
    Ok((
        Descriptor {
            starts_frame: first & 0x10 != 0 && first & 0x07 == 0,
            temporal,
        },
        r.rest(),
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
