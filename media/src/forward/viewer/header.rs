//! The header of a packet to a viewer, with the extensions that were agreed on (RFC 8285).

use crate::peer::sdp::Negotiated;
use crate::wire::rtp::FIXED_HEADER_BYTES;

/// A header with the transport-wide number and nothing else: the one-byte form, one word.
pub(super) const HEADER_WITH_NUMBER_BYTES: usize = FIXED_HEADER_BYTES + 8;

/// The extension bit of a header's first byte.
const HAS_EXTENSIONS: u8 = 0x10;

/// What extensions of the one-byte form hold at most.
const MAX_ONE_BYTE: usize = 16;

const ONE_BYTE_FORM: u16 = 0xBEDE;
const TWO_BYTE_FORM: u16 = 0x1000;

/// What a viewer calls the extensions that it takes.
#[derive(Clone, Copy, Debug)]
pub struct Extensions {
    /// The transport-wide number.
    pub transport_cc: Option<u8>,
    /// The dependency descriptor.
    pub descriptor: Option<u8>,
}

impl Extensions {
    /// Those of an answer; the one-byte form has ids 1 to 14.
    pub fn of(negotiated: &[Negotiated]) -> Extensions {
        let is_short = |id: &u8| (1..15).contains(id);
        let mut extensions = negotiated.iter().map(|section| section.extensions);
        let transport_cc = extensions.clone().find_map(|ids| ids.transport_cc).filter(is_short);
        let descriptor = extensions.find_map(|ids| ids.dependency_descriptor).filter(is_short);
        Extensions {
            transport_cc,
            descriptor,
        }
    }

    /// Writes them behind a header of `at` bytes and uses up a number; returns the length of the whole. Descriptors of
    /// one length give headers of one length.
    #[inline]
    pub(super) fn write(&self, out: &mut [u8], at: usize, number: &mut u16, descriptor: &[u8]) -> Option<usize> {
        let descriptor = self
            .descriptor
            .filter(|_| !descriptor.is_empty())
            .map(|id| (id, descriptor));
        if descriptor.is_some() {
            return self.write_both(out, at, number, descriptor);
        }
        let Some(id) = self.transport_cc else { return Some(at) };
        let [high, low] = next(number);
        *out.first_mut()? |= HAS_EXTENSIONS;
        let extension = out.get_mut(at..at + 8)?;
        extension.copy_from_slice(&[0xBE, 0xDE, 0, 1, id << 4 | 1, high, low, 0]);
        Some(at + 8)
    }

    fn write_both(
        &self,
        out: &mut [u8],
        at: usize,
        number: &mut u16,
        descriptor: Option<(u8, &[u8])>,
    ) -> Option<usize> {
        let number = self.transport_cc.map(|id| (id, next(number)));
        let elements = [number.as_ref().map(|(id, bytes)| (*id, bytes.as_slice())), descriptor];
        let is_short = elements.iter().flatten().all(|(_, bytes)| bytes.len() <= MAX_ONE_BYTE);
        let (form, head_len) = if is_short {
            (ONE_BYTE_FORM, 1)
        } else {
            (TWO_BYTE_FORM, 2)
        };
        let len: usize = elements.iter().flatten().map(|(_, bytes)| head_len + bytes.len()).sum();
        let words = len.div_ceil(4);
        let end = at + 4 + 4 * words;
        *out.first_mut()? |= HAS_EXTENSIONS;
        let (head, mut rest) = out.get_mut(at..end)?.split_first_chunk_mut::<4>()?;
        head[..2].copy_from_slice(&form.to_be_bytes());
        head[2..].copy_from_slice(&u16::try_from(words).ok()?.to_be_bytes());
        for (id, bytes) in elements.into_iter().flatten() {
            let len = u8::try_from(bytes.len()).ok()?;
            let element_head = if is_short { [id << 4 | (len - 1), 0] } else { [id, len] };
            let (into, behind) = rest.split_at_mut_checked(head_len + bytes.len())?;
            let (into_head, into_bytes) = into.split_at_mut_checked(head_len)?;
            into_head.copy_from_slice(element_head.get(..head_len)?);
            into_bytes.copy_from_slice(bytes);
            rest = behind;
        }
        rest.fill(0);
        Some(end)
    }
}

fn next(number: &mut u16) -> [u8; 2] {
    let bytes = number.to_be_bytes();
    *number = number.wrapping_add(1);
    bytes
}

/// Writes an RTP header without extensions; returns its length.
#[inline]
pub(super) fn write_header(out: &mut [u8], first_two: [u8; 2], index: u64, timestamp: u32, ssrc: u32) -> Option<usize> {
    let [first, second] = first_two;
    let [.., high, low] = index.to_be_bytes();
    let header = out.first_chunk_mut::<FIXED_HEADER_BYTES>()?;
    header[..4].copy_from_slice(&[first, second, high, low]);
    header[4..8].copy_from_slice(&timestamp.to_be_bytes());
    header[8..].copy_from_slice(&ssrc.to_be_bytes());
    Some(FIXED_HEADER_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::rtp::Header;

    fn written(extensions: Extensions, descriptor: &[u8]) -> (Vec<u8>, u16) {
        let (mut out, mut number) = (vec![0xff; 300], 0x0102);
        let at = write_header(&mut out, [0x80, 96], 7, 9, 11).unwrap();
        let end = extensions.write(&mut out, at, &mut number, descriptor).unwrap();
        out.truncate(end);
        (out, number)
    }

    #[test]
    fn each_reads_its_extensions_in_the_shortest_form() {
        let both = Extensions {
            transport_cc: Some(3),
            descriptor: Some(8),
        };
        for (len, header_len) in [(0, 20), (3, 24), (4, 24), (16, 36), (17, 40), (100, 124)] {
            let descriptor: Vec<u8> = (0..len).collect();
            let (packet, next) = written(both, &descriptor);
            let header = Header::parse(&packet).unwrap();
            assert_eq!(
                (header.len, packet.len(), next),
                (header_len, header_len, 0x0103),
                "{len}"
            );
            assert_eq!(header.extension(&packet, 3), Some(&[1, 2][..]));
            let read = header.extension(&packet, 8);
            assert_eq!(read, Some(descriptor.as_slice()).filter(|bytes| !bytes.is_empty()));
        }
    }

    #[test]
    fn who_has_agreed_on_nothing_gets_nothing() {
        let (transport_cc, descriptor) = (None, None);
        let none = Extensions {
            transport_cc,
            descriptor,
        };
        assert_eq!(written(none, &[1, 2, 3]).0.len(), FIXED_HEADER_BYTES);
        let (packet, next) = written(
            Extensions {
                descriptor: Some(8),
                ..none
            },
            &[1, 2, 3],
        );
        assert_eq!(
            Header::parse(&packet).unwrap().extension(&packet, 8),
            Some(&[1, 2, 3][..])
        );
        assert_eq!(next, 0x0102, "no number was used up");
    }
}
