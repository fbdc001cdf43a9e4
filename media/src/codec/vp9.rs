//! VP9 in RTP (RFC 9628): the payload descriptor, and frames from packets.

use super::read::{Malformed, Reader};

/// What the payload descriptor says (section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// First packet of a layer's frame (`B`).
    pub starts_frame: bool,
    /// Last packet of a layer's frame (`E`).
    pub ends_frame: bool,
    /// Whether the frame refers to earlier pictures (`P`).
    pub inter_predicted: bool,
    /// Spatial layer, 0 where the sender has none.
    pub spatial: u8,
    /// Temporal layer, 0 where the sender has none.
    pub temporal: u8,
}

/// Splits a payload into its descriptor and the bytes of the frame.
pub fn parse(payload: &[u8]) -> Result<(Descriptor, &[u8]), Malformed> {
    let mut r = Reader::new(payload, "VP9 payload descriptor");
    let first = r.u8()?;
    let has = |bit: u8| first & bit != 0;
    let (flexible, inter_predicted) = (has(0x10), has(0x40));
    if has(0x80) && r.u8()? & 0x80 != 0 {
        r.u8()?; // the second byte of a 15-bit picture id
    }
    let (mut spatial, mut temporal) = (0, 0);
    if has(0x20) {
        let layers = r.u8()?;
        (temporal, spatial) = (layers >> 5, layers >> 1 & 0x07);
        if !flexible {
            r.u8()?; // TL0PICIDX
        }
    }
    if flexible && inter_predicted {
        // at most three references; the last has its N bit clear
        for _ in 0..3 {
            if r.u8()? & 0x01 == 0 {
                break;
            }
        }
    }
    if has(0x02) {
        skip_scalability_structure(&mut r)?;
    }
    let descriptor = Descriptor {
        starts_frame: has(0x08),
        ends_frame: has(0x04),
        inter_predicted,
        spatial,
        temporal,
    };
    Ok((descriptor, r.rest()))
}

/// Section 4.2.1.
fn skip_scalability_structure(r: &mut Reader<'_>) -> Result<(), Malformed> {
    let first = r.u8()?;
    if first & 0x10 != 0 {
        r.take(4 * (usize::from(first >> 5) + 1))?; // width and height of each spatial layer
    }
    if first & 0x08 != 0 {
        for _ in 0..r.u8()? {
            let picture = r.u8()?;
            r.take(usize::from(picture >> 2 & 0x03))?;
        }
    }
    Ok(())
}

/// Whether this is the first packet of a key frame: it begins the lowest spatial layer of a picture, and the frame
/// header says key frame (so that intra-only pictures, which need earlier ones, do not count).
pub fn starts_key_frame(payload: &[u8]) -> bool {
    parse(payload).is_ok_and(|(descriptor, frame)| {
        descriptor.starts_frame && !descriptor.inter_predicted && descriptor.spatial == 0 && is_key_frame(frame)
    })
}

/// Reads the head of the uncompressed header (VP9 bitstream specification section 6.2): marker `10`, two profile bits,
/// one reserved bit in profile 3, then `show_existing_frame` and `frame_type` are both 0 in a shown key frame.
fn is_key_frame(frame: &[u8]) -> bool {
    match frame.first() {
        Some(byte) if byte & 0xf0 == 0xb0 => byte & 0x06 == 0,
        Some(byte) => byte & 0xc0 == 0x80 && byte & 0x0c == 0,
        None => false,
    }
}
