//! A shard's TCP connections, for networks that block UDP: ICE-TCP (RFC 6544), each packet behind its length in two
//! bytes (RFC 4571 section 2).
//!
//! A connection comes here when its first packet has said which shard it belongs to (see `tcp_accept`). All are
//! non-blocking and watched by one epoll instance, which the shard's thread waits for beside its UDP socket. What a
//! client does not read waits here, within bounds of bytes and time; beyond them it loses video first, whole frames of
//! it, and sound last. The kernel closes a connection whose other end takes nothing for 20 s.

use super::socket::{Sent, trailing_sound};
use lectern_media::engine::Origin;
use rustix::event::{Timespec, epoll};
use socket2::SockRef;
use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::{Duration, Instant};

/// The largest packet that is taken; none that a client has reason to send is larger than a UDP datagram.
pub(super) const MAX_FRAME_BYTES: usize = 2048;

/// Bytes in front of each packet.
const LENGTH_BYTES: usize = 2;

/// Connections of one shard; its engine has at most 20,000 peers.
const MAX_CONNECTIONS: usize = 20_000;

/// Taken from one connection before it is the next one's turn.
const READ_BYTES: usize = 65_536;

/// Waits for one client at most: a large key frame.
const MAX_WAITING_BYTES: usize = 384 * 1024;

/// More of that for packets that are sent one by one: sound, reports, ICE.
const SOUND_BYTES: usize = 64 * 1024;

/// Waits for all clients of a shard at most.
const MAX_ALL_WAITING_BYTES: usize = 64 << 20;

/// A client that has not taken all that waits for it for this long is sent no more video until it has.
const MAX_WAIT: Duration = Duration::from_secs(1);

/// What the kernel keeps that is not on the wire yet; more would only be late.
const UNSENT_BYTES: u32 = 64 * 1024;

/// The kernel closes a connection whose other end takes nothing for so long.
const GIVE_UP_AFTER: Duration = Duration::from_secs(20);

/// Connections looked after in one go.
const EVENTS: usize = 128;

/// See the module.
pub(super) struct Connections {
    epoll: OwnedFd,
    open: HashMap<u64, Connection>,
    next: u64,
    received: Box<[u8]>,
    framed: Vec<u8>,
    waiting_bytes: usize,
}

struct Connection {
    stream: TcpStream,
    remote: SocketAddr,
    /// The beginning of a packet.
    partial: Vec<u8>,
    /// What the kernel has not taken yet; it begins at `taken`.
    waiting: Vec<u8>,
    taken: usize,
    waits_since: Option<Instant>,
    /// A video frame was lost, so those after it are of no use until all that waits is gone.
    drops_video: bool,
}

/// What came from a client.
pub(super) enum Arrived<'a> {
    /// A packet.
    Packet(Origin, &'a mut [u8]),
    /// The end: the connection is closed.
    Closed(Origin),
}

impl Connections {
    /// None yet.
    ///
    /// # Errors
    /// The kernel's.
    pub(super) fn new() -> io::Result<Connections> {
        Ok(Connections {
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            open: HashMap::new(),
            next: 1,
            received: Box::default(),
            framed: Vec::new(),
            waiting_bytes: 0,
        })
    }

    /// Takes a connection over; gives its name.
    ///
    /// # Errors
    /// There are too many, or the kernel's.
    pub(super) fn add(&mut self, stream: TcpStream, remote: SocketAddr) -> io::Result<Origin> {
        if self.open.len() >= MAX_CONNECTIONS {
            return Err(io::ErrorKind::QuotaExceeded.into());
        }
        stream.set_nonblocking(true)?;
        let options = SockRef::from(&stream);
        options.set_tcp_nodelay(true)?;
        options.set_tcp_notsent_lowat(UNSENT_BYTES)?;
        options.set_tcp_user_timeout(Some(GIVE_UP_AFTER))?;
        let connection = self.next;
        let data = epoll::EventData::new_u64(connection);
        epoll::add(&self.epoll, &stream, data, epoll::EventFlags::IN)?;
        if self.received.is_empty() {
            self.received = vec![0; LENGTH_BYTES + MAX_FRAME_BYTES + READ_BYTES].into_boxed_slice();
        }
        self.next += 1;
        self.open.insert(
            connection,
            Connection {
                stream,
                remote,
                partial: Vec::new(),
                waiting: Vec::new(),
                taken: 0,
                waits_since: None,
                drops_video: false,
            },
        );
        Ok(Origin::Tcp { remote, connection })
    }

    /// How many there are, and how many bytes wait for them.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.open.len(), self.waiting_bytes)
    }

    /// Closes a connection; nothing happens when there is none of this name.
    pub(super) fn close(&mut self, connection: u64) {
        if let Some(gone) = self.open.remove(&connection) {
            self.waiting_bytes = self.waiting_bytes.saturating_sub(gone.waiting_bytes());
        }
    }

    /// Closes all of them.
    pub(super) fn close_all(&mut self) {
        self.open.clear();
        self.waiting_bytes = 0;
    }

    /// Sends what waits as far as it goes, and gives what has arrived to `each`: at most 64 KiB of each connection.
    pub(super) fn receive(&mut self, mut each: impl FnMut(Arrived<'_>)) {
        if self.open.is_empty() {
            return;
        }
        let mut events = [epoll::Event {
            flags: epoll::EventFlags::empty(),
            data: epoll::EventData::new_u64(0),
        }; EVENTS];
        let now = Timespec { tv_sec: 0, tv_nsec: 0 };
        let count = epoll::wait(&self.epoll, &mut events[..], Some(&now)).unwrap_or(0);
        for event in events.iter().take(count) {
            let key = event.data.u64();
            let Some(connection) = self.open.get_mut(&key) else {
                continue;
            };
            let origin = Origin::Tcp {
                remote: connection.remote,
                connection: key,
            };
            let mut is_open = true;
            if { event.flags }.contains(epoll::EventFlags::OUT) {
                let before = connection.waiting_bytes();
                is_open = connection.flush(&self.epoll, key).is_ok();
                self.waiting_bytes = (self.waiting_bytes + connection.waiting_bytes()).saturating_sub(before);
            }
            if { event.flags } != epoll::EventFlags::OUT {
                is_open &= connection.read(&mut self.received, |packet| each(Arrived::Packet(origin, packet)));
            }
            if !is_open {
                self.close(key);
                each(Arrived::Closed(origin));
            }
        }
    }

    /// Sends `contents`, cut into packets of `segment_bytes`, or one packet.
    pub(super) fn send(&mut self, now: Instant, to: u64, contents: &[u8], segment_bytes: Option<usize>) -> Sent {
        let Some(connection) = self.open.get_mut(&to) else {
            return Sent::Lost;
        };
        let (contents, mut sent) = match segment_bytes {
            Some(segment) if !connection.takes_video(now, contents.len(), self.waiting_bytes) => {
                connection.drops_video = true;
                (trailing_sound(contents, segment), Sent::Lost)
            }
            _ => (contents, Sent::Whole),
        };
        if contents.is_empty() || !connection.takes_sound(contents.len()) {
            return Sent::Lost;
        }
        self.framed.clear();
        for packet in contents.chunks(segment_bytes.unwrap_or(contents.len()).max(1)) {
            let Ok(len) = u16::try_from(packet.len()) else {
                return Sent::Lost;
            };
            self.framed.extend_from_slice(&len.to_be_bytes());
            self.framed.extend_from_slice(packet);
        }
        let before = connection.waiting_bytes();
        if connection.write(&self.epoll, to, now, &self.framed).is_err() {
            // The next look at the connection finds it closed.
            sent = Sent::Lost;
        }
        self.waiting_bytes = (self.waiting_bytes + connection.waiting_bytes()).saturating_sub(before);
        sent
    }
}

impl AsFd for Connections {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

impl Connection {
    fn waiting_bytes(&self) -> usize {
        self.waiting.len() - self.taken
    }

    fn takes_video(&self, now: Instant, bytes: usize, of_all: usize) -> bool {
        let waits_long = self
            .waits_since
            .is_some_and(|since| now.saturating_duration_since(since) > MAX_WAIT);
        !(self.drops_video || waits_long)
            && (self.waiting_bytes() == 0
                || self.waiting_bytes() + bytes <= MAX_WAITING_BYTES && of_all + bytes <= MAX_ALL_WAITING_BYTES)
    }

    fn takes_sound(&self, bytes: usize) -> bool {
        self.waiting_bytes() + bytes <= MAX_WAITING_BYTES + SOUND_BYTES
    }

    /// Hands bytes to the kernel, behind those that wait; what it does not take waits as well.
    fn write(&mut self, epoll: &OwnedFd, key: u64, now: Instant, bytes: &[u8]) -> io::Result<()> {
        let taken = if self.waiting.is_empty() {
            write_some(&mut self.stream, bytes)?
        } else {
            0
        };
        let rest = bytes.get(taken..).unwrap_or_default();
        if self.waiting.is_empty() && !rest.is_empty() {
            self.waits_since = Some(now);
            self.watch(epoll, key, epoll::EventFlags::IN | epoll::EventFlags::OUT)?;
        }
        self.waiting.extend_from_slice(rest);
        Ok(())
    }

    /// The kernel takes more now.
    fn flush(&mut self, epoll: &OwnedFd, key: u64) -> io::Result<()> {
        self.taken += write_some(&mut self.stream, self.waiting.get(self.taken..).unwrap_or_default())?;
        if self.taken == self.waiting.len() {
            // The memory goes back as well: few ever have to wait.
            (self.waiting, self.taken) = (Vec::new(), 0);
            (self.waits_since, self.drops_video) = (None, false);
            self.watch(epoll, key, epoll::EventFlags::IN)?;
        } else if self.taken > self.waiting.len() / 2 {
            self.waiting.drain(..self.taken);
            self.taken = 0;
        }
        Ok(())
    }

    fn watch(&self, epoll: &OwnedFd, key: u64, flags: epoll::EventFlags) -> io::Result<()> {
        Ok(epoll::modify(
            epoll,
            &self.stream,
            epoll::EventData::new_u64(key),
            flags,
        )?)
    }

    /// Takes what has come; false when the connection is over: closed, broken, or not what RFC 4571 says.
    fn read(&mut self, buf: &mut [u8], mut each: impl FnMut(&mut [u8])) -> bool {
        let kept = self.partial.len();
        let Some((front, free)) = buf.split_at_mut_checked(kept) else {
            return false;
        };
        front.copy_from_slice(&self.partial);
        let arrived = match self.stream.read(free) {
            Ok(0) => return false,
            Ok(arrived) => arrived,
            Err(error) => return is_patience(&error),
        };
        self.partial.clear();
        let filled = buf.get_mut(..kept + arrived).unwrap_or_default();
        let mut at = 0;
        while let Some(length) = filled.get(at..).and_then(|rest| rest.first_chunk::<LENGTH_BYTES>()) {
            let len = usize::from(u16::from_be_bytes(*length));
            if len > MAX_FRAME_BYTES {
                return false;
            }
            let Some(packet) = filled.get_mut(at + LENGTH_BYTES..at + LENGTH_BYTES + len) else {
                break;
            };
            each(packet);
            at += LENGTH_BYTES + len;
        }
        self.partial.extend_from_slice(filled.get(at..).unwrap_or_default());
        true
    }
}

fn write_some(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    match stream.write(bytes) {
        Ok(count) => Ok(count),
        Err(error) if is_patience(&error) => Ok(0),
        Err(error) => Err(error),
    }
}

fn is_patience(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// A connection that a shard has, and its other end.
    fn pair() -> (Connections, u64, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (server, remote) = listener.accept().unwrap();
        let mut connections = Connections::new().unwrap();
        let Origin::Tcp { connection, .. } = connections.add(server, remote).unwrap() else {
            panic!("a TCP connection");
        };
        (connections, connection, client)
    }

    /// Looks after the connections once something has happened; what arrived, `None` for the end.
    fn next(connections: &mut Connections) -> Vec<Option<Vec<u8>>> {
        let mut fds = [rustix::event::PollFd::new(&*connections, rustix::event::PollFlags::IN)];
        let timeout = Timespec { tv_sec: 10, tv_nsec: 0 };
        assert_eq!(rustix::event::poll(&mut fds, Some(&timeout)), Ok(1), "nothing happens");
        let mut arrived = vec![];
        connections.receive(|what| {
            arrived.push(match what {
                Arrived::Packet(_, packet) => Some(packet.to_vec()),
                Arrived::Closed(_) => None,
            });
        });
        arrived
    }

    fn read_frame(client: &mut TcpStream) -> Vec<u8> {
        let mut length = [0; 2];
        client.read_exact(&mut length).unwrap();
        let mut packet = vec![0; usize::from(u16::from_be_bytes(length))];
        client.read_exact(&mut packet).unwrap();
        packet
    }

    #[test]
    fn packets_are_found_however_the_bytes_are_cut() {
        let (mut connections, _, mut client) = pair();
        let packets = [vec![1; 20], vec![], vec![2; MAX_FRAME_BYTES], vec![3; 7]];
        let mut bytes = vec![];
        for packet in &packets {
            bytes.extend_from_slice(&u16::try_from(packet.len()).unwrap().to_be_bytes());
            bytes.extend_from_slice(packet);
        }
        let mut arrived = vec![];
        for piece in bytes.chunks(23) {
            client.write_all(piece).unwrap();
            arrived.extend(next(&mut connections));
        }
        assert_eq!(arrived.into_iter().map(Option::unwrap).collect::<Vec<_>>(), packets);
        drop(client);
        assert_eq!(next(&mut connections), [None]);
        assert_eq!(connections.size(), (0, 0));
    }

    #[test]
    fn a_client_that_breaks_the_rules_is_cut_off() {
        let (mut connections, _, mut client) = pair();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        assert_eq!(next(&mut connections), [None]);
        assert_eq!(client.read(&mut [0; 9]).unwrap_or(0), 0);
    }

    #[test]
    fn a_run_for_udp_goes_out_as_single_packets() {
        let (mut connections, to, mut client) = pair();
        let now = Instant::now();
        assert_eq!(connections.send(now, to, &[7; 250], Some(100)), Sent::Whole);
        assert_eq!(connections.send(now, to, &[8; 30], None), Sent::Whole);
        assert_eq!(
            connections.send(now, to + 1, &[8; 30], None),
            Sent::Lost,
            "nobody of that name"
        );
        for (byte, len) in [(7, 100), (7, 100), (7, 50), (8, 30)] {
            assert_eq!(read_frame(&mut client), vec![byte; len]);
        }
    }

    /// An RTP packet as far as this layer looks at it.
    fn rtp(ssrc: u32, len: usize) -> Vec<u8> {
        let mut packet = vec![0x80; len];
        packet[8..12].copy_from_slice(&ssrc.to_be_bytes());
        packet
    }

    #[test]
    fn a_client_that_does_not_read_loses_whole_frames_and_keeps_its_sound() {
        let (mut connections, to, mut client) = pair();
        let now = Instant::now();
        // Ten packets of video with one of sound behind them, as the engine puts them together.
        let frame: Vec<u8> = (0..10).flat_map(|_| rtp(1, 1200)).chain(rtp(2, 120)).collect();
        let mut lost = 0;
        for _ in 0..1000 {
            lost += usize::from(connections.send(now, to, &frame, Some(1200)) == Sent::Lost);
            assert!(connections.size().1 <= MAX_WAITING_BYTES + SOUND_BYTES);
        }
        assert!(lost > 500, "{lost}: the kernel alone does not keep that much");
        // Everything that was kept comes whole and in order: a frame is there or it is not.
        let (mut video, mut sound, mut since_sound) = (0, 0, 0);
        while connections.size().1 > 0 || sound < 300 {
            if connections.size().1 > 0 {
                connections.receive(|_| panic!("it says nothing"));
            }
            let packet = read_frame(&mut client);
            if packet[11] == 1 {
                (video, since_sound) = (video + 1, since_sound + 1);
            } else {
                assert!(since_sound == 10 || since_sound == 0, "half a frame");
                (sound, since_sound) = (sound + 1, 0);
            }
            if connections.size().1 == 0 && video == (1000 - lost) * 10 {
                break;
            }
        }
        assert_eq!(video, (1000 - lost) * 10);
        assert!(sound > 1000 - lost, "{sound}: sound goes on where video does not");
        assert_eq!(
            connections.send(now, to, &frame, Some(1200)),
            Sent::Whole,
            "it reads again"
        );
    }

    #[test]
    fn what_waits_long_is_followed_by_no_more_video() {
        let (mut connections, to, client) = pair();
        let now = Instant::now();
        while connections.size().1 == 0 {
            assert_eq!(connections.send(now, to, &[0x80; 60_000], Some(1200)), Sent::Whole);
        }
        assert_eq!(connections.send(now, to, &[0x80; 2400], Some(1200)), Sent::Whole);
        let later = now + MAX_WAIT + Duration::from_millis(1);
        assert_eq!(connections.send(later, to, &[0x80; 2400], Some(1200)), Sent::Lost);
        assert_eq!(connections.send(later, to, &[0x80; 120], None), Sent::Whole);
        connections.close(to);
        assert_eq!(connections.size(), (0, 0));
        drop(client);
    }
}
