//! What others want of a shard: a queue in front of its thread, and a way to wake it.

use super::{LiveError, Precondition, Recording};
use bytes::Bytes;
use lectern_media::engine::{Accepted, AnswerError, LayerChoice, LayerInfo, Origin, PatchError, Patched};
use lectern_media::forward::feed::Feed;
use lectern_media::id::{PeerId, StreamId, TrackId};
use lectern_media::peer::sdp::Candidate;
use parking_lot::Mutex;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tokio::sync::oneshot;

/// Datagrams of other shards' peers that wait here at once; a burst beyond it is lost like any other on the network.
const MAX_DATAGRAMS: usize = 4096;

/// Relayed batches that wait here at once: seconds of media of hundreds of streams, so only a stuck thread gets there.
const MAX_RELAYED: usize = 65_536;

/// How a new connection's answer goes back to whoever asked.
pub(super) type AcceptedReply = oneshot::Sender<Result<Accepted, LiveError>>;

/// How the answer to a patch goes back.
pub(super) type PatchReply = oneshot::Sender<Result<Patched, PatchError>>;

/// How the answer to an answer goes back.
pub(super) type AnswerReply = oneshot::Sender<Result<(), AnswerError>>;

/// One wish.
pub(super) enum Message {
    /// Take a publisher's offer.
    Publish {
        stream: StreamId,
        offer: Bytes,
        recording: Recording,
        reply: AcceptedReply,
    },
    /// Take a viewer's offer.
    View {
        stream: StreamId,
        offer: Bytes,
        reply: AcceptedReply,
    },
    /// Make an offer to a viewer.
    OfferView { stream: StreamId, reply: AcceptedReply },
    /// Take a viewer's answer.
    Answer {
        peer: PeerId,
        answer: Bytes,
        precondition: Precondition,
        reply: AnswerReply,
    },
    /// Say which layers there are.
    Layers {
        stream: StreamId,
        reply: oneshot::Sender<Vec<LayerInfo>>,
    },
    /// Let a viewer choose.
    ChooseLayer {
        peer: PeerId,
        choice: LayerChoice,
        reply: oneshot::Sender<bool>,
    },
    /// Say where a viewer's picture stands among its sections.
    VideoSection {
        peer: PeerId,
        reply: oneshot::Sender<Option<usize>>,
    },
    /// Take what a client says about its ICE session.
    Patch {
        peer: PeerId,
        fragment: Bytes,
        precondition: Precondition,
        reply: PatchReply,
    },
    /// Close a connection.
    Close { peer: PeerId, reply: oneshot::Sender<bool> },
    /// End a stream.
    End {
        stream: StreamId,
        reply: oneshot::Sender<()>,
    },
    /// Another shard has its first viewer of a stream whose publisher is, or will be, here.
    Relay { stream: StreamId, to: usize },
    /// Another shard has no viewer left.
    StopRelay { stream: StreamId, to: usize },
    /// A fact about a stream whose publisher is on another shard.
    Relayed { stream: StreamId, feed: Feed },
    /// A client that uses TCP has named this shard in its first packet.
    Connection {
        stream: TcpStream,
        remote: SocketAddr,
        first: Vec<u8>,
    },
    /// Answers list other addresses from now on.
    Candidates(Vec<Candidate>),
    /// Viewers on another shard need a key frame.
    KeyFrameWanted { stream: StreamId, track: TrackId },
    /// Close all connections and stop the thread.
    Stop,
    /// Hit a bug.
    #[cfg(test)]
    Panic,
}

/// Datagrams in one piece of memory, so that passing one on allocates nothing once the memory has grown.
#[derive(Default)]
pub(super) struct Datagrams {
    bytes: Vec<u8>,
    entries: Vec<(Origin, usize)>,
}

impl Datagrams {
    fn push(&mut self, from: Origin, datagram: &[u8]) -> bool {
        if self.entries.len() >= MAX_DATAGRAMS {
            return false;
        }
        self.bytes.extend_from_slice(datagram);
        self.entries.push((from, datagram.len()));
        true
    }

    /// Gives each datagram to `each` and keeps the memory.
    pub(super) fn drain(&mut self, mut each: impl FnMut(Origin, &mut [u8])) {
        let mut rest = self.bytes.as_mut_slice();
        for (from, len) in self.entries.drain(..) {
            let Some((datagram, after)) = rest.split_at_mut_checked(len) else {
                break;
            };
            each(from, datagram);
            rest = after;
        }
        self.bytes.clear();
    }
}

/// All that has come in since the last look.
#[derive(Default)]
pub(super) struct Arrivals {
    /// Wishes, in order.
    pub(super) messages: Vec<Message>,
    /// Datagrams that other shards' sockets received.
    pub(super) datagrams: Datagrams,
    relayed: usize,
}

/// See the module.
pub(super) struct Inbox {
    arrivals: Mutex<Arrivals>,
    is_signalled: AtomicBool,
    waker: UnixStream,
    dropped: AtomicU64,
}

/// The shard's end of the wake-up; readable when there is something in the inbox.
pub(super) struct WakeUp(UnixStream);

impl Inbox {
    /// An empty inbox, and what its thread waits on.
    pub(super) fn new() -> io::Result<(Inbox, WakeUp)> {
        let (waker, sleeper) = UnixStream::pair()?;
        waker.set_nonblocking(true)?;
        sleeper.set_nonblocking(true)?;
        let inbox = Inbox {
            arrivals: Mutex::default(),
            is_signalled: AtomicBool::new(false),
            waker,
            dropped: AtomicU64::new(0),
        };
        Ok((inbox, WakeUp(sleeper)))
    }

    /// Adds a wish. Only relayed packets are lost when the thread does not keep up; what they belong to never is.
    pub(super) fn push(&self, message: Message) {
        let is_packets = matches!(
            message,
            Message::Relayed {
                feed: Feed::Packets { .. },
                ..
            }
        );
        let mut arrivals = self.arrivals.lock();
        if is_packets {
            if arrivals.relayed >= MAX_RELAYED {
                self.dropped.fetch_add(1, Ordering::Relaxed);
                return;
            }
            arrivals.relayed += 1;
        }
        arrivals.messages.push(message);
        drop(arrivals);
        self.wake();
    }

    /// Passes on a datagram that arrived at another shard's socket.
    pub(super) fn push_datagram(&self, from: Origin, datagram: &[u8]) {
        if !self.arrivals.lock().datagrams.push(from, datagram) {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        self.wake();
    }

    fn wake(&self) {
        if !self.is_signalled.swap(true, Ordering::AcqRel) {
            // A full pipe wakes as well as one more byte would.
            let _ = (&self.waker).write(&[1]);
        }
    }

    /// Exchanges what has come in for the emptied `taken`; false when there is nothing.
    pub(super) fn take(&self, wake_up: &WakeUp, taken: &mut Arrivals) -> bool {
        if !self.is_signalled.load(Ordering::Acquire) {
            return false;
        }
        while matches!((&wake_up.0).read(&mut [0; 16]), Ok(16)) {}
        self.is_signalled.store(false, Ordering::Release);
        taken.relayed = 0;
        std::mem::swap(&mut *self.arrivals.lock(), taken);
        true
    }

    /// How many datagrams and relayed batches were lost here.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }
}

impl std::os::fd::AsFd for WakeUp {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(port: u16) -> Origin {
        Origin::Udp {
            remote: ([127, 0, 0, 1], port).into(),
            local: None,
        }
    }

    #[test]
    fn what_is_pushed_comes_out_once_and_in_order() {
        let (inbox, wake_up) = Inbox::new().unwrap();
        let mut taken = Arrivals::default();
        assert!(!inbox.take(&wake_up, &mut taken));
        for id in 0..3 {
            inbox.push(Message::KeyFrameWanted {
                stream: StreamId(id),
                track: TrackId(1),
            });
        }
        inbox.push_datagram(origin(1), b"one");
        inbox.push_datagram(origin(2), b"");
        inbox.push_datagram(origin(3), b"three");
        assert!(inbox.take(&wake_up, &mut taken));
        let streams: Vec<_> = taken
            .messages
            .drain(..)
            .map(|message| match message {
                Message::KeyFrameWanted { stream, .. } => stream.0,
                _ => unreachable!(),
            })
            .collect();
        assert_eq!(streams, [0, 1, 2]);
        let mut datagrams = vec![];
        taken
            .datagrams
            .drain(|from, bytes| datagrams.push((from, bytes.to_vec())));
        assert_eq!(
            datagrams,
            [
                (origin(1), b"one".to_vec()),
                (origin(2), vec![]),
                (origin(3), b"three".to_vec())
            ]
        );
        assert!(!inbox.take(&wake_up, &mut taken));
    }

    #[test]
    fn a_flood_of_datagrams_is_bounded_and_counted() {
        let (inbox, wake_up) = Inbox::new().unwrap();
        for _ in 0..MAX_DATAGRAMS + 10 {
            inbox.push_datagram(origin(1), b"x");
        }
        assert_eq!(inbox.dropped(), 10);
        let mut taken = Arrivals::default();
        inbox.take(&wake_up, &mut taken);
        let mut count = 0;
        taken.datagrams.drain(|_, _| count += 1);
        assert_eq!(count, MAX_DATAGRAMS);
    }
}
