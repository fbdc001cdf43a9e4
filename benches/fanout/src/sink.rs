//! A socket whose datagrams nobody reads.

use crate::network::Network;
use quinn_udp::{Transmit, UdpSocketState};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};

/// How datagrams are handed to the kernel.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Sends {
    /// None at all: the work before.
    None,
    /// Each by itself.
    Single,
    /// A train of one size at once (`UDP_SEGMENT`).
    Gso,
}

/// See the module.
pub(crate) struct Sink {
    sender: UdpSocket,
    state: UdpSocketState,
    to: SocketAddr,
    sends: Sends,
    _unread: Option<UdpSocket>,
}

impl Sink {
    /// A socket that sends so.
    pub(crate) fn new(network: Network, sends: Sends) -> Sink {
        let sender = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("there is a free port");
        let (to, unread) = match network.nobody() {
            Some(nobody) => (nobody, None),
            None => {
                let unread = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has a free port");
                // A small receive buffer: what is not kept costs the same for everybody.
                let _ = socket2::SockRef::from(&unread).set_recv_buffer_size(1);
                (unread.local_addr().expect("it is bound"), Some(unread))
            }
        };
        // As the server asks for it: what waits for a card must not stop the run.
        let _ = socket2::SockRef::from(&sender).set_send_buffer_size(8 << 20);
        let state = UdpSocketState::new((&sender).into()).expect("the kernel supports it");
        Sink {
            sender,
            state,
            to,
            sends,
            _unread: unread,
        }
    }

    /// Sends one buffer, cut into datagrams of `segment_bytes`.
    pub(crate) fn send(&self, contents: &[u8], segment_bytes: Option<usize>) {
        match self.sends {
            Sends::None => {}
            Sends::Gso => self.send_part(contents, segment_bytes),
            Sends::Single => {
                for datagram in contents.chunks(segment_bytes.unwrap_or(contents.len()).max(1)) {
                    self.send_part(datagram, None);
                }
            }
        }
    }

    fn send_part(&self, contents: &[u8], segment_size: Option<usize>) {
        let transmit = Transmit {
            destination: self.to,
            ecn: None,
            contents,
            segment_size,
            src_ip: None,
        };
        let sent = self.state.try_send((&self.sender).into(), &transmit);
        sent.expect("the kernel takes it");
    }
}
