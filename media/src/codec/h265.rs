//! H.265 in RTP (RFC 7798, without decoding order numbers): single NAL units, aggregation packets, fragments.

use super::read::Reader;

const VPS: u8 = 32;
const SPS: u8 = 33;
const AGGREGATION: u8 = 48;
const FRAGMENT: u8 = 49;

/// Whether a decoder can start at this packet: it has a video or sequence parameter set, or the first slice of an
/// intra random access picture. True for several packets of one frame where those are sent apart.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let mut r = Reader::new(payload, "H.265 payload");
    let Ok(header) = r.u16() else { return false };
    match nal_type(header) {
        AGGREGATION => std::iter::from_fn(|| next_aggregated(&mut r)).any(nal_starts_key_frame),
        FRAGMENT => match r.u8() {
            Ok(fu) => fu & 0x80 != 0 && starts(fu & 0x3f, r.rest()),
            Err(_) => false,
        },
        kind => starts(kind, r.rest()),
    }
}

/// The six type bits of a NAL unit header (RFC 7798 section 1.1.4).
fn nal_type(header: u16) -> u8 {
    u8::try_from(header >> 9 & 0x3f).expect("six bits fit a byte")
}

/// The next NAL unit of an aggregation packet (section 4.4.2), nothing at its end or where it is torn.
fn next_aggregated<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let size = r.u16().ok()?;
    r.take(usize::from(size)).ok()
}

fn nal_starts_key_frame(nal: &[u8]) -> bool {
    let mut r = Reader::new(nal, "H.265 NAL unit");
    r.u16().is_ok_and(|header| starts(nal_type(header), r.rest()))
}

/// Types 16 to 23 are intra random access pictures; `first_slice_segment_in_pic_flag` is their first bit (H.265
/// section 7.3.6.1).
fn starts(kind: u8, body: &[u8]) -> bool {
    match kind {
        VPS | SPS => true,
        16..=23 => body.first().is_some_and(|byte| byte & 0x80 != 0),
        _ => false,
    }
}
