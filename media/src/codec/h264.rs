//! H.264 in RTP (RFC 6184, packetization modes 0 and 1): single NAL units, STAP-A, FU-A.

use super::read::Reader;

const IDR: u8 = 5;
const SPS: u8 = 7;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Whether a decoder can start at this packet: it has a sequence parameter set, or the first slice of an IDR picture.
/// True for several packets of one frame where parameter sets and picture are sent apart. Streams that never send an
/// IDR picture (recovery points only) are not served.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let mut r = Reader::new(payload, "H.264 payload");
    match r.u8().map(|header| header & 0x1f) {
        Ok(STAP_A) => std::iter::from_fn(|| next_aggregated(&mut r)).any(nal_starts_key_frame),
        Ok(FU_A) => match r.u8() {
            Ok(fu) => fu & 0x80 != 0 && starts(fu & 0x1f, r.rest()),
            Err(_) => false,
        },
        Ok(kind) => starts(kind, r.rest()),
        Err(_) => false,
    }
}

/// The next NAL unit of a STAP-A packet (section 5.7.1), nothing at its end or where it is torn.
fn next_aggregated<'a>(r: &mut Reader<'a>) -> Option<&'a [u8]> {
    let size = r.u16().ok()?;
    r.take(usize::from(size)).ok()
}

fn nal_starts_key_frame(nal: &[u8]) -> bool {
    nal.split_first()
        .is_some_and(|(header, body)| starts(header & 0x1f, body))
}

/// `first_mb_in_slice` is 0 (a single set bit) in the first slice of a picture (H.264 section 7.3.3).
fn starts(kind: u8, body: &[u8]) -> bool {
    match kind {
        SPS => true,
        IDR => body.first().is_some_and(|byte| byte & 0x80 != 0),
        _ => false,
    }
}
