//! Names of things that outlive one call: streams, peers, tracks.

use std::fmt;
use std::str::FromStr;

/// What the engine carries for one session. The control plane chooses it (a session's UUID as a number).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StreamId(pub u128);

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "stream-{:032x}", self.0)
    }
}

/// One WebRTC connection: the WHIP or WHEP resource. Secret and unguessable (128 random bits), so that nobody ends
/// somebody else's class by counting; it displays as 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PeerId(pub u128);

impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for PeerId {
    /// Only the first quarter: the whole id is a capability and must not reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "peer-{:08x}", self.0 >> 96)
    }
}

impl FromStr for PeerId {
    type Err = InvalidPeerId;

    fn from_str(text: &str) -> Result<PeerId, InvalidPeerId> {
        if text.len() != 32 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(InvalidPeerId);
        }
        u128::from_str_radix(text, 16).map(PeerId).map_err(|_| InvalidPeerId)
    }
}

/// Not 32 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InvalidPeerId;

/// A track of a stream, counted from 0 in the order in which the stream first saw it; the same over publisher
/// restarts when kind and position are the same.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct TrackId(pub u8);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_survives_its_url() {
        let id = PeerId(0x0123_4567_89ab_cdef_0000_0000_0000_0001);
        assert_eq!(id.to_string().parse(), Ok(id));
        for bad in ["", "1", "+0000000000000000000000000000001", "zz", &"0".repeat(33)] {
            assert_eq!(bad.parse::<PeerId>(), Err(InvalidPeerId), "{bad}");
        }
    }

    #[test]
    fn a_debug_print_does_not_give_the_id_away() {
        assert_eq!(
            format!("{:?}", PeerId(0x0123_4567_89ab_cdef_0000_0000_0000_0001)),
            "peer-01234567"
        );
    }
}
