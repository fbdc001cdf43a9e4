//! What the shard threads, the recorders and the [`Live`](super::Live) handle have in common.
//!
//! Where wishes to two shards must come in the right order (a viewer before the relay that feeds it), they are put into
//! the inboxes while the directory is locked. Nothing here runs per packet.

use super::directory::{Change, Directory, StopRelay};
use super::histogram::Histogram;
use super::inbox::{AcceptedReply, Inbox, Message};
use super::recording::Recorders;
use super::types::{LiveEvent, Offered, PeerInfo, Recording, RecordingStatus, StreamStatus};
use super::viewers::Ends;
use bytes::Bytes;
use lectern_media::engine::{Accepted, Counters, Role};
use lectern_media::id::{PeerId, StreamId, TrackId};
use lectern_media::peer::sdp::Candidate;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::runtime::Handle;
use tokio::sync::{broadcast, oneshot};
use tokio_util::sync::CancellationToken;

/// Events that a slow listener may be behind.
const EVENTS: usize = 4096;

/// See the module.
pub(super) struct Hub {
    /// One for each shard.
    pub(super) inboxes: Vec<Inbox>,
    /// The recordings in progress.
    pub(super) recorders: Recorders,
    /// What each shard has done, some milliseconds ago.
    pub(super) shard_counters: Vec<Mutex<ShardCounters>>,
    /// What answers list, for an engine that starts.
    pub(super) candidates: Mutex<Vec<Candidate>>,
    /// What is known of them.
    pub(super) offered: Mutex<Vec<Offered>>,
    refused_connections: AtomicU64,
    /// See [`super::viewers`].
    pub(super) ends: Ends,
    /// Cancelled when no new connections are wanted.
    pub(super) draining: CancellationToken,
    pub(super) directory: Mutex<Directory>,
    events: broadcast::Sender<LiveEvent>,
    grace: Duration,
    runtime: Handle,
}

/// What a shard has done since its start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ShardCounters {
    /// What its engine has done and dropped.
    pub engine: Counters,
    /// Peers, streams and connected viewers that it has.
    pub size: (usize, usize, usize),
    /// Open TCP connections.
    pub connections: usize,
    /// Bytes that wait for TCP clients to read.
    pub waiting_bytes: usize,
    /// Sends that the kernel had no room for or refused.
    pub sends_lost: u64,
    /// How long viewers who came while a picture was being sent took from their offer to its first packet.
    pub join_time: Histogram,
    /// How long live media took from its arrival to the kernel's send: a sample, and of each send the packet that waited
    /// longest.
    pub forward_delay: Histogram,
    /// Datagrams that were passed on to the right shard.
    pub passed_on: u64,
    /// Datagrams and relayed batches for this shard that were lost because it did not keep up.
    pub inbox_dropped: u64,
    /// Facts that its streams' recorders did not keep up with.
    pub recorder_dropped: u64,
    /// How often a bug has cost it all its connections; anything but 0 is to be reported.
    pub restarts: u64,
}

impl Hub {
    /// Needs a Tokio runtime for its clocks only.
    pub(super) fn new(inboxes: Vec<Inbox>, recorders: Recorders, grace: Duration, runtime: Handle) -> Arc<Hub> {
        let shards = inboxes.len();
        Arc::new(Hub {
            inboxes,
            recorders,
            shard_counters: (0..shards).map(|_| Mutex::default()).collect(),
            candidates: Mutex::default(),
            offered: Mutex::default(),
            refused_connections: AtomicU64::new(0),
            ends: Ends::default(),
            draining: CancellationToken::new(),
            directory: Mutex::new(Directory::new(shards)),
            events: broadcast::channel(EVENTS).0,
            grace,
            runtime,
        })
    }

    /// Publishers and viewers that are connected.
    pub(super) fn connected_peers(&self) -> (usize, usize) {
        self.directory.lock().connected_peers()
    }

    /// A TCP connection was closed that nobody of ours had opened, or that came when there was no room.
    pub(super) fn note_refused_connection(&self) {
        self.refused_connections.fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub(super) fn refused_connections(&self) -> u64 {
        self.refused_connections.load(Ordering::Relaxed)
    }

    /// Answers list these addresses from now on.
    pub(super) fn set_candidates(&self, candidates: &[Candidate]) {
        *self.candidates.lock() = candidates.to_vec();
        (0..self.inboxes.len()).for_each(|shard| self.push(shard, Message::Candidates(candidates.to_vec())));
    }

    /// Puts a wish before a shard.
    pub(super) fn push(&self, shard: usize, message: Message) {
        if let Some(inbox) = self.inboxes.get(shard) {
            inbox.push(message);
        }
    }

    /// Sends a publisher's offer to its shard.
    pub(super) fn publish(&self, stream: StreamId, offer: Bytes, recording: Recording, reply: AcceptedReply) {
        let mut directory = self.directory.lock();
        let shard = directory.place_publisher(stream);
        self.push(
            shard,
            Message::Publish {
                stream,
                offer,
                recording,
                reply,
            },
        );
    }

    /// Sends a viewer's wish to the best shard, and the stream after it.
    pub(super) fn view(&self, stream: StreamId, message: Message) {
        let mut directory = self.directory.lock();
        let (shard, starts_relay) = directory.place_viewer(stream);
        self.push(shard, message);
        if starts_relay {
            self.push(directory.home(stream), Message::Relay { stream, to: shard });
        }
    }

    /// Sends a wish that concerns a peer to its shard; `None` when there is no such peer.
    pub(super) fn ask<T>(
        &self,
        peer: PeerId,
        message: impl FnOnce(oneshot::Sender<T>) -> Message,
    ) -> Option<oneshot::Receiver<T>> {
        let shard = self.directory.lock().peer(peer)?.shard;
        let (reply, answer) = oneshot::channel();
        self.push(shard, message(reply));
        Some(answer)
    }

    /// Ends a stream on all shards; returns one end of a channel for each.
    pub(super) fn end(&self, stream: StreamId) -> Vec<oneshot::Receiver<()>> {
        let mut directory = self.directory.lock();
        self.ends.note(directory.ended(stream));
        let end = |inbox: &Inbox| {
            let (reply, done) = oneshot::channel();
            inbox.push(Message::End { stream, reply });
            done
        };
        self.inboxes.iter().map(end).collect()
    }

    /// A shard took an offer, or refused it.
    pub(super) fn answered(&self, shard: usize, stream: StreamId, role: Role, accepted: Option<&Accepted>) {
        let mut directory = self.directory.lock();
        match accepted {
            Some(accepted) => directory.accepted(accepted.peer, stream, role, shard),
            None => {
                let stop = directory.refused(stream, role, shard);
                self.stop_relay(stream, stop);
            }
        }
    }

    /// Packets a second that a viewer of each stream is sent.
    pub(super) fn weigh(&self, costs: impl Iterator<Item = (StreamId, u32)>) {
        let mut directory = self.directory.lock();
        costs.for_each(|(stream, cost)| directory.weigh(stream, cost));
    }

    /// All peers of a shard.
    pub(super) fn peers_of(&self, shard: usize) -> Vec<PeerId> {
        self.directory.lock().peers_of(shard)
    }

    /// A shard has lost all that it knew. Its streams end everywhere, since their lines cannot go on; so do its viewers
    /// of others' streams. All of them come back by themselves.
    pub(super) fn lost(self: &Arc<Hub>, shard: usize) {
        let streams = self.directory.lock().streams_of(shard);
        for stream in streams {
            let was_publishing = self.status(stream).publishing;
            drop(self.end(stream));
            if was_publishing {
                self.tell(LiveEvent::PublisherGone(stream));
            }
        }
        for peer in self.peers_of(shard) {
            if let Some(info) = self.owner(peer) {
                self.closed(peer, info.stream, false);
            }
        }
    }

    /// A peer has keys.
    pub(super) fn connected(&self, peer: PeerId, stream: StreamId) {
        let change = self.directory.lock().connected(peer);
        self.announce(stream, change);
    }

    /// A peer is gone.
    pub(super) fn closed(self: &Arc<Hub>, peer: PeerId, stream: StreamId, is_replaced: bool) {
        let mut directory = self.directory.lock();
        let (change, stop) = directory.closed(peer, is_replaced);
        self.stop_relay(stream, stop);
        drop(directory);
        self.ends.note([peer]);
        self.announce(stream, change);
        if let Some(Change::PublisherGone(number)) = change {
            let hub = Arc::clone(self);
            self.runtime.spawn(async move {
                tokio::time::sleep(hub.grace).await;
                if hub.directory.lock().grace_over(stream, number) {
                    hub.tell(LiveEvent::GraceOver(stream));
                }
            });
        }
    }

    /// Only while the directory is locked, so that it cannot overtake a new relay.
    fn stop_relay(&self, stream: StreamId, stop: Option<StopRelay>) {
        if let Some(StopRelay { home, shard }) = stop {
            self.push(home, Message::StopRelay { stream, to: shard });
        }
    }

    fn announce(&self, stream: StreamId, change: Option<Change>) {
        match change {
            Some(Change::Published) => self.tell(LiveEvent::Published(stream)),
            Some(Change::PublisherGone(_)) => self.tell(LiveEvent::PublisherGone(stream)),
            Some(Change::Viewers(count)) => self.tell(LiveEvent::ViewerCount(stream, count)),
            None => {}
        }
    }

    /// Tells everybody who listens.
    pub(super) fn tell(&self, event: LiveEvent) {
        // Nobody listening is no failure.
        let _ = self.events.send(event);
    }

    /// What happens from now on.
    pub(super) fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.events.subscribe()
    }

    /// Who a peer is.
    pub(super) fn owner(&self, peer: PeerId) -> Option<PeerInfo> {
        let peer = self.directory.lock().peer(peer)?;
        Some(PeerInfo {
            stream: peer.stream,
            role: peer.role,
        })
    }

    /// A stream at this moment.
    pub(super) fn status(&self, stream: StreamId) -> StreamStatus {
        let (publishing, viewers) = self.directory.lock().status(stream);
        let recording = self.recorders.status(stream).unwrap_or(RecordingStatus::Off);
        StreamStatus {
            publishing,
            viewers,
            recording,
        }
    }

    /// Another list of layers is active. Only the publisher's shard is believed: the others hear of it later.
    pub(super) fn layers_changed(&self, shard: usize, stream: StreamId) {
        if self.directory.lock().home(stream) == shard {
            self.tell(LiveEvent::Layers(stream));
        }
    }

    /// Asks the shard of the stream's publisher for a key frame.
    pub(super) fn want_key_frame(&self, stream: StreamId, track: TrackId) {
        let home = self.directory.lock().home(stream);
        self.push(home, Message::KeyFrameWanted { stream, track });
    }
}
