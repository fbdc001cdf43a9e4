//! The few hot parsers, one file per format. They read from untrusted bytes: no indexing, no allocation, no panic.

pub mod dependency;
pub mod rtcp;
pub mod rtp;
pub mod stun;
pub mod transport_cc;

/// Which protocol a datagram on the media port speaks (RFC 7983 section 7), by its first byte.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protocol {
    /// 0..=3.
    Stun,
    /// 20..=63.
    Dtls,
    /// 128..=191, and not RTCP.
    Rtp,
    /// 128..=191 with an RTCP packet type (RFC 5761 section 4).
    Rtcp,
}

/// Tells the protocol of a datagram; `None` for anything that has no business here.
pub fn protocol(datagram: &[u8]) -> Option<Protocol> {
    match *datagram.first()? {
        0..=3 => Some(Protocol::Stun),
        20..=63 => Some(Protocol::Dtls),
        128..=191 => match *datagram.get(1)? {
            192..=223 => Some(Protocol::Rtcp),
            _ => Some(Protocol::Rtp),
        },
        _ => None,
    }
}

pub(crate) fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..)?.first_chunk().map(|b| u16::from_be_bytes(*b))
}

pub(crate) fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|b| u32::from_be_bytes(*b))
}

pub(crate) fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    bytes.get(at..)?.first_chunk().map(|b| u64::from_be_bytes(*b))
}

/// The 64-bit value nearest to `reference` whose low 16 bits are `low`: a sequence number with its rollover count
/// (RFC 3711 section 3.3.1). `None` when that would be below zero.
pub fn extend_u16(low: u16, reference: u64) -> Option<u64> {
    let ahead = low.wrapping_sub((reference & 0xffff) as u16).cast_signed();
    reference.checked_add_signed(i64::from(ahead))
}

/// The 64-bit value nearest to `reference` whose low 32 bits are `low`: a timestamp with its rollover count.
/// `None` when that would be below zero.
pub fn extend_u32(low: u32, reference: u64) -> Option<u64> {
    let ahead = low.wrapping_sub((reference & 0xffff_ffff) as u32).cast_signed();
    reference.checked_add_signed(i64::from(ahead))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_protocol() {
        let cases: [(&[u8], Option<Protocol>); 9] = [
            (&[0, 1], Some(Protocol::Stun)),
            (&[22, 254], Some(Protocol::Dtls)),
            (&[0x80, 96], Some(Protocol::Rtp)),
            (&[0x90, 0xe0], Some(Protocol::Rtp)),
            (&[0x81, 201], Some(Protocol::Rtcp)),
            (&[0x80], None),
            (&[], None),
            (&[64, 0], None),
            (b"GET / HTTP/1.1", None),
        ];
        for (bytes, want) in cases {
            assert_eq!(protocol(bytes), want, "{bytes:?}");
        }
    }

    #[test]
    fn numbers_roll_over_in_both_directions() {
        assert_eq!(extend_u16(2, 0xffff), Some(0x1_0002));
        assert_eq!(extend_u16(0xffff, 0x1_0002), Some(0xffff));
        assert_eq!(extend_u16(0xffff, 2), None);
        assert_eq!(extend_u32(5, 0xffff_fff0), Some(0x1_0000_0005));
        assert_eq!(extend_u32(0xffff_fff0, 0x1_0000_0005), Some(0xffff_fff0));
    }
}
