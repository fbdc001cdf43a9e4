//! One connection's UDP socket: each viewer has its own, because a server may tell clients apart by their address.

use anyhow::{Context, Result};
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use std::io::IoSliceMut;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What the kernel hands over at once: pieces put together from datagrams (GRO).
const BATCH: usize = 4;
const PIECE_BYTES: usize = 65_536;

/// Asked of the kernel for what waits to be read: a second of 8 Mb/s.
const BUFFER_BYTES: usize = 1 << 20;

/// Memory that datagrams are received into; one per thread.
pub(crate) struct ReceiveBuf(Box<[u8]>);

impl ReceiveBuf {
    pub(crate) fn new() -> ReceiveBuf {
        ReceiveBuf(vec![0; BATCH * PIECE_BYTES].into_boxed_slice())
    }
}

/// See the module.
pub(crate) struct Port {
    socket: UdpSocket,
    state: UdpSocketState,
}

/// When a datagram arrived, by the kernel where it says so: microseconds since 1970.
pub(crate) type ArrivalUs = u64;

impl Port {
    /// Opens a socket of the family of `local`, on a free port.
    ///
    /// # Errors
    /// The kernel has no socket to give.
    pub(crate) fn open(local: IpAddr) -> Result<Port> {
        let any: SocketAddr = match local {
            IpAddr::V4(_) => ([0, 0, 0, 0], 0).into(),
            IpAddr::V6(_) => ([0u16; 8], 0).into(),
        };
        let socket = UdpSocket::bind(any).context("no more UDP sockets can be opened (see ulimit -n)")?;
        // The kernel takes what it allows.
        let _ = socket2::SockRef::from(&socket).set_recv_buffer_size(BUFFER_BYTES);
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        Ok(Port { socket, state })
    }

    /// The port's number.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn number(&self) -> Result<u16> {
        Ok(self.socket.local_addr()?.port())
    }

    /// Sends one datagram. What cannot be sent is lost, as on any line.
    pub(crate) fn send(&self, to: SocketAddr, datagram: &[u8]) {
        let _ = self.socket.send_to(datagram, to);
    }

    /// Gives each datagram that has arrived to `each`; false when there was none.
    pub(crate) fn receive(&self, buf: &mut ReceiveBuf, mut each: impl FnMut(SocketAddr, ArrivalUs, &mut [u8])) -> bool {
        let mut metas = [RecvMeta::default(); BATCH];
        let mut pieces = buf.0.chunks_exact_mut(PIECE_BYTES);
        let mut slices: [IoSliceMut<'_>; BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(pieces.next().unwrap_or_default()));
        // An error is that of an earlier send (ICMP) or nothing to receive.
        let Ok(count) = self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut metas) else {
            return false;
        };
        for (meta, piece) in metas.iter().zip(buf.0.chunks_exact_mut(PIECE_BYTES)).take(count) {
            let arrival_us = meta.timestamp.map_or_else(now_us, micros);
            let remote = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let Some(piece) = piece.get_mut(..meta.len) else {
                continue;
            };
            piece
                .chunks_mut(meta.stride.max(1))
                .for_each(|datagram| each(remote, arrival_us, datagram));
        }
        true
    }
}

impl AsFd for Port {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Microseconds since 1970: the clock of the stamps and of the kernel's receive times.
pub(crate) fn now_us() -> u64 {
    micros(SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default())
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
