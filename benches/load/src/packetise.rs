//! H.264 into RTP payloads (RFC 6184): parameter sets and stamps together, slices in fragments of one size.

/// As browsers have it: fits every path with headers and extensions.
const MAX_PAYLOAD_BYTES: usize = 1160;

const STAP_A: u8 = 24;
const FU_A: u8 = 28;
const FIRST_SLICE: u8 = 1;
const LAST_SLICE: u8 = 5;

/// The payloads of one picture, in order; the last one gets the marker.
pub(crate) fn payloads(units: &[&[u8]]) -> Vec<Vec<u8>> {
    let mut payloads = Vec::new();
    let mut small: Vec<&[u8]> = Vec::new();
    for unit in units {
        let Some(first) = unit.first() else { continue };
        let is_slice = (FIRST_SLICE..=LAST_SLICE).contains(&(first & 0x1f));
        if !is_slice && aggregate_bytes(&small) + 2 + unit.len() <= MAX_PAYLOAD_BYTES {
            small.push(unit);
            continue;
        }
        flush(&mut small, &mut payloads);
        fragments(unit, &mut payloads);
    }
    flush(&mut small, &mut payloads);
    payloads
}

fn aggregate_bytes(units: &[&[u8]]) -> usize {
    1 + units.iter().map(|unit| 2 + unit.len()).sum::<usize>()
}

/// One unit alone, several as one STAP-A (section 5.7.1).
fn flush(small: &mut Vec<&[u8]>, payloads: &mut Vec<Vec<u8>>) {
    match small[..] {
        [] => {}
        [unit] => payloads.push(unit.to_vec()),
        _ => {
            let importance = small.iter().map(|unit| unit[0] & 0x60).max().unwrap_or(0);
            let mut payload = vec![importance | STAP_A];
            for unit in small.iter() {
                payload.extend_from_slice(&u16::try_from(unit.len()).unwrap_or(0).to_be_bytes());
                payload.extend_from_slice(unit);
            }
            payloads.push(payload);
        }
    }
    small.clear();
}

/// Whole if it fits, else FU-A (section 5.8) in pieces of one size.
fn fragments(unit: &[u8], payloads: &mut Vec<Vec<u8>>) {
    if unit.len() <= MAX_PAYLOAD_BYTES {
        payloads.push(unit.to_vec());
        return;
    }
    let Some((&first, body)) = unit.split_first() else {
        return;
    };
    let count = body.len().div_ceil(MAX_PAYLOAD_BYTES - 2);
    let size = body.len().div_ceil(count);
    for (at, piece) in body.chunks(size).enumerate() {
        let start = u8::from(at == 0) << 7;
        let end = u8::from((at + 1) * size >= body.len()) << 6;
        let mut payload = vec![first & 0xe0 | FU_A, start | end | first & 0x1f];
        payload.extend_from_slice(piece);
        payloads.push(payload);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_units_go_together_and_large_ones_in_equal_parts() {
        let slice: Vec<u8> = std::iter::once(0x65).chain((0..4000u32).map(|i| i as u8)).collect();
        let payloads = payloads(&[&[0x67, 1, 2], &[0x68, 3], &slice]);
        assert_eq!(payloads[0], [0x78, 0, 3, 0x67, 1, 2, 0, 2, 0x68, 3]);
        let parts = &payloads[1..];
        assert_eq!(parts.iter().map(Vec::len).collect::<Vec<_>>(), [1002; 4]);
        assert_eq!(parts.iter().map(|p| p[1]).collect::<Vec<_>>(), [0x85, 5, 5, 0x45]);
        let body: Vec<u8> = parts.iter().flat_map(|p| p[2..].iter().copied()).collect();
        assert_eq!(body, slice[1..]);
    }

    #[test]
    fn a_unit_that_fits_stays_whole() {
        assert_eq!(payloads(&[&[0x41, 1, 2]]), [[0x41, 1, 2]]);
        assert_eq!(payloads(&[&[6, 5], &[0x41, 1]]), [[6, 5], [0x41, 1]]);
        assert!(payloads(&[&[]]).is_empty());
    }
}
