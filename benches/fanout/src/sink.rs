//! A socket that sends to one that nobody reads.

use quinn_udp::{Transmit, UdpSocketState};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// See the module.
pub(crate) struct Sink {
    sender: UdpSocket,
    state: UdpSocketState,
    to: SocketAddr,
    _unread: UdpSocket,
}

impl Sink {
    /// Two sockets on loopback.
    pub(crate) fn new() -> Sink {
        let bind = || UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
        let (sender, unread) = (bind(), bind());
        // A small receive buffer: what is not kept costs the same for everybody.
        socket2::SockRef::from(&unread)
            .set_recv_buffer_size(1)
            .expect("the size is the system's to choose");
        let state = UdpSocketState::new((&sender).into()).expect("loopback supports it");
        let to = unread.local_addr().expect("it is bound");
        Sink {
            sender,
            state,
            to,
            _unread: unread,
        }
    }

    /// Sends one buffer, cut into datagrams of `segment_bytes`.
    pub(crate) fn send(&self, contents: &[u8], segment_bytes: Option<usize>) {
        let transmit = Transmit {
            destination: self.to,
            ecn: None,
            contents,
            segment_size: segment_bytes,
            src_ip: None,
        };
        self.state
            .try_send((&self.sender).into(), &transmit)
            .expect("loopback takes it");
    }
}
