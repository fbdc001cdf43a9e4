//! The network as the engine sees it: where datagrams come from, what is to be sent, why something was dropped.

use std::net::{IpAddr, SocketAddr};
use std::time::Instant;

/// Where a datagram came from and where answers go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Origin {
    /// A UDP datagram.
    Udp {
        /// The peer.
        remote: SocketAddr,
        /// Which of the server's addresses it was sent to; answers must come from there.
        local: Option<IpAddr>,
    },
    /// A packet from a TCP connection (RFC 4571).
    Tcp {
        /// The peer.
        remote: SocketAddr,
        /// The shell's name for the connection; not 0.
        connection: u64,
    },
}

impl Origin {
    /// The address that the peer is told it has (RFC 8489 section 14.2).
    pub fn mapped_address(&self) -> SocketAddr {
        match *self {
            Origin::Udp { remote, .. } | Origin::Tcp { remote, .. } => remote,
        }
    }

    /// What tells remote ends apart.
    pub(crate) fn remote_key(&self) -> (SocketAddr, u64) {
        match *self {
            Origin::Udp { remote, .. } => (remote, 0),
            Origin::Tcp { remote, connection } => (remote, connection),
        }
    }

    /// Whether both have the same remote end.
    pub(crate) fn is_same_remote(&self, other: &Origin) -> bool {
        self.remote_key() == other.remote_key()
    }
}

/// Why something from the network was dropped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum DropReason {
    /// Not what its first bytes claim.
    Malformed,
    /// From or for nobody that is known.
    Unknown,
    /// Seen before.
    Replayed,
    /// Not made with the right key.
    Unauthentic,
    /// Too old to be of use.
    Late,
    /// A bound was reached.
    Full,
}

/// Something to send: the first `len` bytes of the buffer, cut into datagrams of `segment_bytes` (the last may be
/// shorter) or one datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Transmit {
    /// Where to.
    pub to: Origin,
    /// Bytes in the buffer.
    pub len: usize,
    /// The size of each datagram; `None` for a single one.
    pub segment_bytes: Option<usize>,
    /// When the first of the live media in it had arrived, so that the shell can see how long it took; `None` for anything
    /// else, and for history.
    pub arrived: Option<Instant>,
}

/// Memory that the engine writes what is to be sent into.
pub struct TransmitBuf {
    bytes: Box<[u8]>,
}

impl TransmitBuf {
    /// Room for the largest send: 64 KiB, and a packet's worth to work in.
    pub fn new() -> TransmitBuf {
        TransmitBuf {
            bytes: vec![0; 65_536 + 4096].into_boxed_slice(),
        }
    }

    /// What a [`Transmit`] speaks of.
    pub fn filled(&self, transmit: &Transmit) -> &[u8] {
        self.bytes.get(..transmit.len).unwrap_or_default()
    }

    pub(crate) fn space(&mut self) -> &mut [u8] {
        &mut self.bytes
    }
}

impl Default for TransmitBuf {
    fn default() -> TransmitBuf {
        TransmitBuf::new()
    }
}
