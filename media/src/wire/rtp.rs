//! The RTP header (RFC 3550 section 5.1) and its extensions (RFC 8285), read in place.

use super::{u16_at, u32_at};

/// Length of an RTP header without contributing sources and extensions.
pub const FIXED_HEADER_BYTES: usize = 12;

/// The longest header that is accepted: one Ethernet frame's worth of extensions would be an attack.
const MAX_HEADER_BYTES: usize = 600;

const ONE_BYTE_PROFILE: u16 = 0xBEDE;

/// What an RTP header says. Offsets are in bytes from the start of the packet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// 0..=127.
    pub payload_type: u8,
    /// For video: the last packet of a frame.
    pub marker: bool,
    /// Without rollover.
    pub seq: u16,
    /// In the codec's clock rate, without rollover.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
    /// Whether the (decrypted) payload ends in padding.
    pub has_padding: bool,
    /// Where the payload starts.
    pub len: usize,
    extensions: (usize, usize),
    two_byte: bool,
}

impl Header {
    /// Reads a header. `None` when it is not version 2, is cut off or is longer than this server accepts.
    pub fn parse(packet: &[u8]) -> Option<Header> {
        let first = *packet.first()?;
        let second = *packet.get(1)?;
        if first >> 6 != 2 {
            return None;
        }
        let mut len = FIXED_HEADER_BYTES + 4 * usize::from(first & 0x0f);
        let mut extensions = (len, len);
        let mut two_byte = false;
        if first & 0x10 != 0 {
            let profile = u16_at(packet, len)?;
            let words = usize::from(u16_at(packet, len + 2)?);
            let start = len + 4;
            len = start + 4 * words;
            two_byte = profile & 0xfff0 == 0x1000;
            if two_byte || profile == ONE_BYTE_PROFILE {
                extensions = (start, len);
            }
        }
        if len > packet.len() || len > MAX_HEADER_BYTES {
            return None;
        }
        Some(Header {
            payload_type: second & 0x7f,
            marker: second & 0x80 != 0,
            seq: u16_at(packet, 2)?,
            timestamp: u32_at(packet, 4)?,
            ssrc: u32_at(packet, 8)?,
            has_padding: first & 0x20 != 0,
            len,
            extensions,
            two_byte,
        })
    }

    /// The value of the extension with this id, in either form of RFC 8285. The header is not encrypted, so this
    /// works before and after SRTP.
    pub fn extension<'a>(&self, packet: &'a [u8], id: u8) -> Option<&'a [u8]> {
        let mut rest = packet.get(self.extensions.0..self.extensions.1)?;
        while let Some((&first, tail)) = rest.split_first() {
            if first == 0 {
                rest = tail;
                continue;
            }
            let (found, len, tail) = if self.two_byte {
                let (&len, tail) = tail.split_first()?;
                (first, usize::from(len), tail)
            } else {
                (first >> 4, usize::from(first & 0x0f) + 1, tail)
            };
            if !self.two_byte && found == 15 {
                return None;
            }
            if found == id {
                return tail.get(..len);
            }
            rest = tail.get(len..)?;
        }
        None
    }

    /// The payload without its padding. `payload` is what follows the header, decrypted. `None` when the padding
    /// count is zero or longer than the payload (RFC 3550 section 5.1); an empty payload is a probe.
    pub fn strip_padding<'a>(&self, payload: &'a [u8]) -> Option<&'a [u8]> {
        if !self.has_padding {
            return Some(payload);
        }
        let padding = usize::from(*payload.last()?);
        if padding == 0 {
            return None;
        }
        payload.get(..payload.len().checked_sub(padding)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn packet(first: u8, rest: &[u8]) -> Vec<u8> {
        let mut bytes = vec![first, 0xe0, 0x12, 0x34, 0, 0, 0, 9, 0xde, 0xad, 0xbe, 0xef];
        bytes.extend_from_slice(rest);
        bytes
    }

    #[test]
    fn a_plain_header() {
        let header = Header::parse(&packet(0x80, b"payload")).unwrap();
        assert_eq!((header.payload_type, header.marker, header.seq), (0x60, true, 0x1234));
        assert_eq!((header.timestamp, header.ssrc, header.len), (9, 0xdead_beef, 12));
    }

    #[test]
    fn extensions_in_both_forms() {
        let one_byte = packet(0x90, &[0xbe, 0xde, 0, 2, 0x31, 7, 8, 0, 0x50, b'1', 0, 0, b'p']);
        let header = Header::parse(&one_byte).unwrap();
        assert_eq!(header.len, 24);
        assert_eq!(header.extension(&one_byte, 3), Some(&[7, 8][..]));
        assert_eq!(header.extension(&one_byte, 5), Some(&b"1"[..]));
        assert_eq!(header.extension(&one_byte, 4), None);

        let two_byte = packet(0x90, &[0x10, 0, 0, 2, 3, 2, 7, 8, 20, 0, 5, 0]);
        let header = Header::parse(&two_byte).unwrap();
        assert_eq!(header.extension(&two_byte, 3), Some(&[7, 8][..]));
        assert_eq!(header.extension(&two_byte, 20), Some(&[][..]));
    }

    #[test]
    fn cut_off_and_foreign_packets_are_refused() {
        for bytes in [
            packet(0x40, b""),
            packet(0x8f, &[0; 59]),
            packet(0x90, &[0xbe, 0xde, 0xff, 0xff]),
            packet(0x90, &[0xbe]),
            packet(0x80, b"")[..11].to_vec(),
        ] {
            assert_eq!(Header::parse(&bytes), None, "{bytes:02x?}");
        }
    }

    #[test]
    fn padding_is_taken_off() {
        let header = Header::parse(&packet(0xa0, &[1, 2, 0, 2])).unwrap();
        assert_eq!(header.strip_padding(&[1, 2, 0, 2]), Some(&[1, 2][..]));
        assert_eq!(header.strip_padding(&[0, 0, 3]), Some(&[][..]));
        assert_eq!(header.strip_padding(&[1, 9]), None);
        assert_eq!(header.strip_padding(&[1, 0]), None);
        assert_eq!(header.strip_padding(&[]), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200), id in 0u8..=255) {
            if let Some(header) = Header::parse(&bytes) {
                let _ = header.extension(&bytes, id);
                let _ = header.strip_padding(&bytes[header.len..]);
            }
        }
    }
}
