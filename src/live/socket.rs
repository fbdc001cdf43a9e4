//! A shard's UDP socket: many datagrams per system call in both directions.
//!
//! All shards listen on one port (`SO_REUSEPORT`); the kernel spreads clients over them by address, and a datagram that
//! arrives at the wrong shard is passed on. An answer leaves from the address that the question was sent to.
//!
//! Passing on costs 1 to 2 µs a datagram, and a viewer sends about ten a second while it is sent hundreds: some hundredths
//! of what the viewer costs. Steering by a BPF program could not know a peer's shard from its address, and a socket for
//! each viewer would cost more than it saves.

use lectern_media::engine::Origin;
use quinn_udp::{RecvMeta, UdpSockRef, UdpSocketState};
use socket2::{Domain, SockRef, Type};
use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};

/// System calls' worth of datagrams taken at once.
const BATCH: usize = 16;

/// The largest piece that the kernel puts together from datagrams of one sender.
const PIECE_BYTES: usize = 65_536;

/// Asked of the kernel for each direction: a second of 60 Mb/s. It gives at most `net.core.rmem_max` and `wmem_max`.
const SOCKET_BUFFER_BYTES: usize = 8 << 20;

/// Small packets that wait for room in the kernel: a few milliseconds' worth for a thousand viewers.
const MAX_WAITING_BYTES: usize = 256 * 1024;

/// Connections that the kernel keeps until they are accepted.
const WAITING_CONNECTIONS: i32 = 1024;

/// See the module.
pub(super) struct Socket {
    socket: UdpSocket,
    state: UdpSocketState,
    is_v6: bool,
    /// The kernel has no room: video is dropped and sound waits until it has.
    is_full: bool,
    waiting: Waiting,
}

/// Small packets that wait for room in the kernel: sound, reports, ICE. Their memory is used again.
#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    packets: Vec<(SocketAddr, Option<IpAddr>, usize)>,
}

/// Memory that datagrams are received into.
pub(super) struct ReceiveBuf(Box<[u8]>);

impl ReceiveBuf {
    /// One megabyte.
    pub(super) fn new() -> ReceiveBuf {
        ReceiveBuf(vec![0; BATCH * PIECE_BYTES].into_boxed_slice())
    }
}

/// What became of a send.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Sent {
    /// The kernel has all of it.
    Whole,
    /// The kernel had no room, or refused: at least a part is lost.
    Lost,
}

/// Binds a socket for UDP; an IPv6 one of all addresses takes IPv4 as well. On a machine without IPv6 that is an IPv4
/// one.
///
/// # Errors
/// The kernel's.
pub fn bind_udp(address: SocketAddr) -> io::Result<UdpSocket> {
    bind(address, Type::DGRAM).map(UdpSocket::from)
}

/// The same for TCP.
///
/// # Errors
/// The kernel's.
pub fn bind_tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = bind(address, Type::STREAM)?;
    socket.listen(WAITING_CONNECTIONS)?;
    Ok(socket.into())
}

fn bind(address: SocketAddr, kind: Type) -> io::Result<socket2::Socket> {
    let bind_to = |address: SocketAddr| {
        let socket = socket2::Socket::new(Domain::for_address(address), kind, None)?;
        if address.is_ipv6() {
            socket.set_only_v6(false)?;
        }
        if kind == Type::STREAM {
            // A server that starts again must not wait for the connections of the last one to be forgotten.
            socket.set_reuse_address(true)?;
        }
        socket.bind(&address.into())?;
        Ok(socket)
    };
    let has_no_v6 = |error: &io::Error| {
        let code = error.raw_os_error().map(rustix::io::Errno::from_raw_os_error);
        matches!(
            code,
            Some(rustix::io::Errno::AFNOSUPPORT | rustix::io::Errno::ADDRNOTAVAIL)
        )
    };
    match bind_to(address) {
        Err(error) if address.ip() == IpAddr::from(Ipv6Addr::UNSPECIFIED) && has_no_v6(&error) => {
            bind_to((Ipv4Addr::UNSPECIFIED, address.port()).into())
        }
        bound => bound,
    }
}

impl Waiting {
    /// False when there is nothing to keep, or no room for it.
    fn push(&mut self, to: SocketAddr, from: Option<IpAddr>, packet: &[u8]) -> bool {
        let fits = !packet.is_empty() && self.bytes.len() + packet.len() <= MAX_WAITING_BYTES;
        if fits {
            self.bytes.extend_from_slice(packet);
            self.packets.push((to, from, packet.len()));
        }
        fits
    }

    fn emptied(mut self) -> Waiting {
        self.bytes.clear();
        self.packets.clear();
        self
    }
}

impl Socket {
    /// Opens `count` sockets on the port of `first`, which is one of them. `first` was bound alone, so another program
    /// on this port would have been noticed.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn open(first: UdpSocket, count: usize) -> io::Result<Vec<Socket>> {
        let address = first.local_addr()?;
        if count > 1 {
            SockRef::from(&first).set_reuse_port(true)?;
        }
        let only_v6 = address.is_ipv6() && SockRef::from(&first).only_v6()?;
        let mut sockets = vec![Socket::new(first)?];
        for _ in 1..count {
            let socket = socket2::Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
            if address.is_ipv6() {
                socket.set_only_v6(only_v6)?;
            }
            socket.set_reuse_port(true)?;
            socket.bind(&address.into())?;
            sockets.push(Socket::new(socket.into())?);
        }
        Ok(sockets)
    }

    fn new(socket: UdpSocket) -> io::Result<Socket> {
        let options = SockRef::from(&socket);
        // The kernel takes what it allows; there is nothing better to do about less.
        let _ = options.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
        let _ = options.set_send_buffer_size(SOCKET_BUFFER_BYTES);
        let state = UdpSocketState::new(UdpSockRef::from(&socket))?;
        let is_v6 = socket.local_addr()?.is_ipv6();
        Ok(Socket {
            socket,
            state,
            is_v6,
            is_full: false,
            waiting: Waiting::default(),
        })
    }

    /// How many bytes the kernel keeps for datagrams that wait to be received.
    pub(super) fn receive_buffer_bytes(&self) -> io::Result<usize> {
        SockRef::from(&self.socket).recv_buffer_size()
    }

    /// Takes what has arrived, at most a megabyte, and gives each datagram to `each`. Returns how many pieces there
    /// were; 0: nothing has arrived.
    pub(super) fn receive(&self, buf: &mut ReceiveBuf, mut each: impl FnMut(Origin, &mut [u8])) -> usize {
        let mut metas = [RecvMeta::default(); BATCH];
        let mut pieces = buf.0.chunks_exact_mut(PIECE_BYTES);
        let mut slices: [IoSliceMut<'_>; BATCH] =
            std::array::from_fn(|_| IoSliceMut::new(pieces.next().unwrap_or_default()));
        // An error is that of an earlier send (ICMP) or nothing to receive: neither needs an answer.
        let Ok(count) = self.state.recv(UdpSockRef::from(&self.socket), &mut slices, &mut metas) else {
            return 0;
        };
        for (meta, piece) in metas.iter().zip(buf.0.chunks_exact_mut(PIECE_BYTES)).take(count) {
            let remote = SocketAddr::new(meta.addr.ip().to_canonical(), meta.addr.port());
            let from = Origin::Udp {
                remote,
                local: meta.dst_ip.map(|ip| ip.to_canonical()),
            };
            let Some(piece) = piece.get_mut(..meta.len) else {
                continue;
            };
            piece
                .chunks_mut(meta.stride.max(1))
                .for_each(|datagram| each(from, datagram));
        }
        count
    }

    /// Sends `contents` cut into datagrams of `segment_bytes`, in as few system calls as the network card allows. While
    /// the kernel has no room, runs are dropped, whole frames of video, and what is small waits, the sound that rides
    /// behind a run included; see [`Socket::flush`].
    pub(super) fn send(
        &mut self,
        to: SocketAddr,
        from: Option<IpAddr>,
        contents: &[u8],
        segment_bytes: Option<usize>,
    ) -> Sent {
        let segment = segment_bytes.unwrap_or(contents.len()).max(1);
        let at_once = segment * self.state.max_gso_segments().max(1);
        let mut sent = Sent::Whole;
        for part in contents.chunks(at_once) {
            if self.is_full {
                break;
            }
            match self.send_part(to, from, part, segment) {
                Ok(()) => continue,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.is_full = true;
                    break;
                }
                Err(_) => {}
            }
            // Cards without segmentation offload are found out by this error only; from then on parts are single.
            let is_over = part.len() <= segment || self.state.max_gso_segments() > 1;
            let retried = || {
                part.chunks(segment)
                    .all(|one| self.send_part(to, from, one, segment).is_ok())
            };
            if is_over || !retried() {
                sent = Sent::Lost;
            }
        }
        if !self.is_full {
            return sent;
        }
        let small = segment_bytes.map_or(contents, |segment| trailing_sound(contents, segment));
        if self.waiting.push(to, from, small) && segment_bytes.is_none() {
            sent
        } else {
            Sent::Lost
        }
    }

    /// Whether the kernel has no room for more; [`Socket::flush`] is to be called when it has.
    pub(super) fn is_full(&self) -> bool {
        self.is_full
    }

    /// The kernel has room again: sends what waits.
    pub(super) fn flush(&mut self) {
        self.is_full = false;
        let waiting = std::mem::take(&mut self.waiting);
        let mut rest = waiting.bytes.as_slice();
        for &(to, from, len) in &waiting.packets {
            let Some((packet, after)) = rest.split_at_checked(len) else {
                break;
            };
            rest = after;
            // What finds no room now waits once more.
            self.send(to, from, packet, None);
        }
        if self.waiting.packets.is_empty() {
            self.waiting = waiting.emptied();
        }
    }

    fn send_part(&self, to: SocketAddr, from: Option<IpAddr>, contents: &[u8], segment: usize) -> io::Result<()> {
        let transmit = quinn_udp::Transmit {
            destination: SocketAddr::new(self.as_bound(to.ip()), to.port()),
            ecn: None,
            contents,
            segment_size: Some(segment),
            src_ip: from.map(|ip| self.as_bound(ip)),
        };
        self.state.try_send(UdpSockRef::from(&self.socket), &transmit)
    }

    /// A socket for both families speaks of IPv4 addresses in IPv6 ones (RFC 4291 section 2.5.5.2).
    fn as_bound(&self, ip: IpAddr) -> IpAddr {
        match ip {
            IpAddr::V4(v4) if self.is_v6 => v4.to_ipv6_mapped().into(),
            other => other,
        }
    }
}

/// The packet behind a run that is not of its track: sound that rides along with a frame of video. Empty if there is
/// none.
pub(super) fn trailing_sound(run: &[u8], segment_bytes: usize) -> &[u8] {
    let ssrc = |packet: &[u8]| packet.get(8..12).and_then(|ssrc| ssrc.first_chunk::<4>()).copied();
    let last = run.chunks(segment_bytes.max(1)).next_back().unwrap_or_default();
    if last.len() < run.len() && ssrc(last) != ssrc(run) {
        last
    } else {
        &[]
    }
}

impl std::os::fd::AsFd for Socket {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn local(origin: Origin) -> Option<IpAddr> {
        match origin {
            Origin::Udp { local, .. } => local,
            Origin::Tcp { .. } => None,
        }
    }

    /// Waits for one receive that brings something.
    fn receive(socket: &Socket) -> Vec<(Origin, Vec<u8>)> {
        let mut buf = ReceiveBuf::new();
        let mut got = vec![];
        let mut fds = [rustix::event::PollFd::new(socket, rustix::event::PollFlags::IN)];
        let timeout = rustix::event::Timespec { tv_sec: 5, tv_nsec: 0 };
        assert_eq!(rustix::event::poll(&mut fds, Some(&timeout)), Ok(1), "nothing arrived");
        socket.receive(&mut buf, |from, datagram| got.push((from, datagram.to_vec())));
        got
    }

    #[test]
    fn segments_arrive_as_datagrams_from_the_address_that_was_asked() {
        for bind in ["127.0.0.1:0", "0.0.0.0:0", "[::]:0"] {
            let mut socket = Socket::open(UdpSocket::bind(bind).unwrap(), 1).unwrap().remove(0);
            let port = socket.socket.local_addr().unwrap().port();
            let client = UdpSocket::bind("127.0.0.1:0").unwrap();
            client.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let asked: IpAddr = if bind.starts_with("127") {
                [127, 0, 0, 1]
            } else {
                [127, 0, 0, 5]
            }
            .into();
            client.send_to(b"hello", (asked, port)).unwrap();
            let (from, text) = receive(&socket).remove(0);
            assert_eq!(text, b"hello");
            assert_eq!(from.mapped_address(), client.local_addr().unwrap(), "{bind}");
            assert_eq!(local(from), Some(asked), "{bind}");
            assert_eq!(
                socket.send(from.mapped_address(), local(from), &[7; 250], Some(100)),
                Sent::Whole
            );
            for want in [100, 100, 50] {
                let mut buf = [0; 300];
                assert_eq!(
                    client.recv_from(&mut buf).unwrap(),
                    (want, (asked, port).into()),
                    "{bind}"
                );
            }
        }
    }

    #[test]
    fn the_shards_share_a_port_that_nobody_else_can_take() {
        let first = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = first.local_addr().unwrap();
        let sockets = Socket::open(first, 3).unwrap();
        assert!(
            sockets
                .iter()
                .all(|socket| socket.socket.local_addr().unwrap() == address)
        );
        assert!(
            UdpSocket::bind(address).is_err(),
            "another program could steal half of the packets"
        );
    }

    /// Runs one of these tests once more, alone, in a network of its own whose loopback lets 1 Mb/s through. Where the
    /// machine does not allow that, the test is not done.
    fn runs_on_a_slow_network(test: &str) -> bool {
        const MARK: &str = "LECTERN_TEST_SLOW_NETWORK";
        if std::env::var_os(MARK).is_some() {
            return true;
        }
        let script = "ip link set lo up && tc qdisc add dev lo root tbf rate 1mbit burst 8k limit 100m || exit 99
            exec \"$0\" --exact \"$1\"";
        let status = std::process::Command::new("unshare")
            .args(["--map-root-user", "--net", "sh", "-c", script])
            .arg(std::env::current_exe().unwrap())
            .arg(format!("live::socket::tests::{test}"))
            .env(MARK, "1")
            .status();
        if let Ok(status) = status {
            assert!(status.success() || matches!(status.code(), Some(1 | 99)), "{status}");
        }
        false
    }

    #[test]
    fn a_full_socket_drops_video_first_and_sound_never() {
        if !runs_on_a_slow_network("a_full_socket_drops_video_first_and_sound_never") {
            return;
        }
        let mut socket = Socket::open(UdpSocket::bind("127.0.0.1:0").unwrap(), 1)
            .unwrap()
            .remove(0);
        SockRef::from(&socket.socket).set_send_buffer_size(64 * 1024).unwrap();
        let client = UdpSocket::bind("127.0.0.1:0").unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let to = client.local_addr().unwrap();
        let packet = |ssrc: u8, number: u8, len: usize| {
            let mut packet = vec![ssrc; len];
            packet[0] = number;
            packet
        };
        // A hundred frames of ten packets, each with sound behind it: 1 MB at once into 64 KiB.
        let mut lost = 0;
        for number in 0..100 {
            let mut run: Vec<u8> = (0..10).flat_map(|_| packet(1, number, 1000)).collect();
            run.extend(packet(2, number, 100));
            lost += usize::from(socket.send(to, None, &run, Some(1000)) == Sent::Lost);
        }
        assert!(lost > 50 && socket.is_full(), "{lost} of 100");
        let (mut video, mut sound) = (0, vec![]);
        let mut buf = [0; 2000];
        while sound.len() < 100 {
            let mut fds = [rustix::event::PollFd::new(&socket, rustix::event::PollFlags::OUT)];
            let now = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
            if socket.is_full() && rustix::event::poll(&mut fds, Some(&now)) == Ok(1) {
                socket.flush();
            }
            let len = client.recv(&mut buf).unwrap();
            match buf[8] {
                1 => video += 1,
                _ => sound.push((len, buf[0])),
            }
        }
        assert_eq!(
            sound,
            (0..100).map(|number| (100, number)).collect::<Vec<_>>(),
            "all of it, in order"
        );
        assert_eq!(video % 10, 0, "whole frames");
        assert_eq!(video / 10 + lost, 100);
    }
}
