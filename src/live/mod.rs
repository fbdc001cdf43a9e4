//! The shell around the media engine: threads, sockets and recorders behind one cloneable handle, [`Live`].
//!
//! It knows no HTTP and no SQL, and takes no decision about media.
//!
//! | file | what is in it |
//! |---|---|
//! | `hub` | what the threads and the handle have in common |
//! | `directory` | which stream, viewer and relay is on which shard |
//! | `shard` | a media thread: one engine, one socket, one inbox |
//! | `inbox` | wishes, relayed media and strayed datagrams for a shard |
//! | `socket` | UDP in batches |
//! | `tcp`, `tcp_accept` | TCP for networks that block UDP |
//! | `addresses`, `reach` | what the answers offer, and whether it can be reached |
//! | `histogram` | times in buckets |
//! | `viewers` | what is asked of single connections |
//! | `recording` | from a stream to files |

mod addresses;
mod directory;
mod histogram;
mod hub;
mod inbox;
mod reach;
mod recording;
mod shard;
mod socket;
mod tcp;
mod tcp_accept;
mod types;
mod viewers;

pub use histogram::{BOUNDS_US, Histogram};
pub use hub::ShardCounters;
pub use lectern_media::engine::{Accepted, AnswerError, LayerChoice, LayerInfo, PatchError, Patched, Role};
pub use recording::{Beginning, Syncs, make as make_recording};
pub use socket::{bind_tcp, bind_udp};
pub use types::{
    LiveConfig, LiveError, LiveEvent, LiveSockets, Offered, PeerInfo, Precondition, PublicAddress, Recording,
    RecordingStatus, StreamStatus,
};

use addresses::Bound;
use anyhow::Context;
use bytes::Bytes;
use hub::Hub;
use inbox::{Inbox, Message};
use lectern_media::engine::{Engine, EngineConfig};
use lectern_media::id::{PeerId, StreamId};
use lectern_media::peer::ice::Probe;
use parking_lot::Mutex;
use recording::Recorders;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use shard::Shard;
use socket::Socket;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;
use tokio::sync::{broadcast, oneshot};
use tokio::task::JoinSet;

/// How long an offer of the server waits for its answer.
pub const OFFER_LIFETIME: std::time::Duration = Engine::OFFER_LIFETIME;

/// A ufrag's first character names the shard, and there are 64 of those.
const MAX_SHARDS: usize = 64;

/// Less than this and a burst of a few hundred viewers' feedback is lost.
const GOOD_RECEIVE_BUFFER_BYTES: usize = 1 << 20;

/// The running media part. Clones are the same one.
#[derive(Clone)]
pub struct Live {
    hub: Arc<Hub>,
    threads: Arc<Mutex<Vec<JoinHandle<()>>>>,
    tasks: Arc<Mutex<JoinSet<()>>>,
}

impl Live {
    /// Starts the media threads on these sockets. Needs a Tokio runtime around it.
    ///
    /// # Errors
    /// Threads, sockets or a certificate cannot be had.
    pub fn start(config: LiveConfig, sockets: LiveSockets) -> anyhow::Result<Live> {
        let shards = match config.shards {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            count => count,
        };
        let shards = shards.min(MAX_SHARDS);
        let bound = Bound {
            udp: sockets.udp.local_addr()?,
            tcp: sockets
                .tcp
                .as_ref()
                .map(std::net::TcpListener::local_addr)
                .transpose()?,
        };
        let certificate = dimpl::certificate::generate_self_signed_certificate()
            .map_err(|error| anyhow::anyhow!("cannot make a certificate: {error}"))?;
        let udp = Socket::open(sockets.udp, shards).context("cannot open a socket for each media thread")?;
        note_small_buffers(udp.first());
        let inboxes = (0..shards).map(|_| Inbox::new()).collect::<std::io::Result<Vec<_>>>()?;
        let (inboxes, wake_ups): (Vec<_>, Vec<_>) = inboxes.into_iter().unzip();
        let recorders = Recorders::new(config.recordings);
        let hub = Hub::new(inboxes, recorders, config.grace, tokio::runtime::Handle::current());
        hub.set_candidates(&addresses::candidates(bound, &config.public_addresses));
        let live = Live {
            hub,
            threads: Arc::default(),
            tasks: Arc::default(),
        };
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).context("the system gives no random numbers")?;
        let probe = Probe::new(seed);
        for (index, (socket, wake_up)) in udp.into_iter().zip(wake_ups).enumerate() {
            let mut engine_config = EngineConfig::new(certificate.clone(), Vec::new());
            engine_config.shard = u8::try_from(index)?;
            engine_config.shards = u8::try_from(shards)?;
            engine_config.probe = Some(probe.clone());
            engine_config.lenient_trickle = config.lenient_trickle;
            let hub = Arc::clone(&live.hub);
            let make_engine = Box::new(move || new_engine(&engine_config, &hub));
            let shard = Shard::new(index, make_engine, socket, wake_up, Arc::clone(&live.hub))
                .context("cannot start a media engine; the log says why")?;
            live.threads
                .lock()
                .push(spawn_thread(index, shard, config.pin_threads)?);
        }
        let mut tasks = live.tasks.lock();
        if let Some(listener) = sockets.tcp {
            listener.set_nonblocking(true)?;
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tasks.spawn(tcp_accept::accept(listener, Arc::clone(&live.hub)));
        }
        let watch = addresses::watch(
            bound,
            config.public_addresses,
            config.stun_server,
            probe,
            Arc::clone(&live.hub),
        );
        tasks.spawn(watch);
        drop(tasks);
        Ok(live)
    }

    /// Takes a publisher's offer. When its connection is up it becomes the stream's publisher, in place of one that is
    /// there.
    ///
    /// # Errors
    /// The offer's fault, or no room.
    pub async fn publish(&self, stream: StreamId, offer: Bytes, recording: Recording) -> Result<Accepted, LiveError> {
        let (reply, answer) = oneshot::channel();
        self.hub.publish(stream, offer, recording, reply);
        answer.await.unwrap_or(Err(LiveError::Overloaded))
    }

    /// Takes what a client says about its ICE session after its offer: candidates, or the wish to restart it.
    ///
    /// # Errors
    /// No such connection, a malformed fragment, or a precondition that does not hold; nothing changes then.
    pub async fn patch(
        &self,
        peer: PeerId,
        fragment: Bytes,
        precondition: Precondition,
    ) -> Result<Patched, PatchError> {
        let message = |reply| Message::Patch {
            peer,
            fragment,
            precondition,
            reply,
        };
        let patched = self.hub.ask(peer, message).ok_or(PatchError::Unknown)?;
        patched.await.unwrap_or(Err(PatchError::Unknown))
    }

    /// Closes a connection; false when there is none of this name.
    pub async fn close(&self, peer: PeerId) -> bool {
        match self.hub.ask(peer, |reply| Message::Close { peer, reply }) {
            Some(closed) => closed.await.unwrap_or(false),
            None => false,
        }
    }

    /// Who a peer is.
    #[must_use]
    pub fn owner(&self, peer: PeerId) -> Option<PeerInfo> {
        self.hub.owner(peer)
    }

    /// Ends a stream: closes its publisher and its viewers and finishes its recording, which is whole when this
    /// returns.
    pub async fn end(&self, stream: StreamId) {
        for done in self.hub.end(stream) {
            // A shard that is stopping has closed everybody anyway.
            let _ = done.await;
        }
        self.hub.recorders.finish(stream, &self.hub).await;
    }

    /// Finishes the recording of a stream that is over, if that has not been done: its end may have come on another server,
    /// or this one may have stopped in the middle of it.
    pub async fn finish_recording(&self, stream: StreamId) {
        self.hub.recorders.finish(stream, &self.hub).await;
    }

    /// A stream at this moment.
    #[must_use]
    pub fn status(&self, stream: StreamId) -> StreamStatus {
        self.hub.status(stream)
    }

    /// What happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.hub.subscribe()
    }

    /// What each shard has done, up to a quarter of a second ago.
    #[must_use]
    pub fn counters(&self) -> Vec<ShardCounters> {
        self.hub
            .shard_counters
            .iter()
            .map(|counters| *counters.lock())
            .collect()
    }

    /// How far the recorder that is furthest behind is behind its stream.
    #[must_use]
    pub fn recorder_lag(&self) -> std::time::Duration {
        self.hub.recorders.lag()
    }

    /// How many recordings the disk does not take.
    #[must_use]
    pub fn failing_recordings(&self) -> usize {
        self.hub.recorders.failing()
    }

    /// Publishers and viewers that are connected.
    #[must_use]
    pub fn connected(&self) -> (usize, usize) {
        self.hub.connected_peers()
    }

    /// What the answers offer, and whether it can be reached; empty until it was tried.
    #[must_use]
    pub fn offered(&self) -> Vec<Offered> {
        self.hub.offered.lock().clone()
    }

    /// The same in one line for a person.
    #[must_use]
    pub fn reachability(&self) -> String {
        let offered = self.hub.offered.lock();
        if offered.is_empty() {
            return "the media addresses are being tried".into();
        }
        reach::describe(&offered)
    }

    /// TCP connections that were closed because nobody of ours had opened them, or because there was no room.
    #[must_use]
    pub fn refused_connections(&self) -> u64 {
        self.hub.refused_connections()
    }

    /// Closes all connections and waits for what was recorded to be on the disk. Recordings stay open: their
    /// publishers may come back after a restart.
    pub async fn stop(&self) {
        self.tasks.lock().abort_all();
        (0..self.hub.inboxes.len()).for_each(|shard| self.hub.push(shard, Message::Stop));
        let threads = std::mem::take(&mut *self.threads.lock());
        let hub = Arc::clone(&self.hub);
        let waited = tokio::task::spawn_blocking(move || {
            let panicked = threads.into_iter().filter_map(|thread| thread.join().err()).count();
            if panicked > 0 {
                tracing::error!(panicked, "media threads had stopped because of a bug");
            }
            hub.recorders.wait();
        });
        if let Err(error) = waited.await {
            tracing::error!(%error, "the media threads could not be waited for");
        }
    }
}

impl std::fmt::Debug for Live {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Live").finish_non_exhaustive()
    }
}

/// An engine with secrets of its own, that offers what the others offer.
fn new_engine(config: &EngineConfig, hub: &Hub) -> Option<Engine> {
    let mut seed = [0; 32];
    if let Err(error) = getrandom::fill(&mut seed) {
        tracing::error!(%error, "the system gives no random numbers");
        return None;
    }
    let mut config = config.clone();
    config.candidates.clone_from(&hub.candidates.lock());
    let engine = Engine::new(config, seed, Instant::now());
    engine
        .inspect_err(|error| tracing::error!(%error, "the server's certificate cannot be used"))
        .ok()
}

/// Lets a shard run on a thread, on a core of its own if wanted.
fn spawn_thread(index: usize, shard: Shard, is_pinned: bool) -> std::io::Result<JoinHandle<()>> {
    let run = move || {
        if is_pinned {
            pin(index);
        }
        shard.run();
    };
    std::thread::Builder::new().name(format!("media-{index}")).spawn(run)
}

/// Keeps this thread on one of the cores that the process may use.
fn pin(index: usize) {
    let pinned = sched_getaffinity(None).and_then(|allowed| {
        let cores: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|&core| allowed.is_set(core)).collect();
        let mut own = CpuSet::new();
        cores
            .get(index % cores.len().max(1))
            .into_iter()
            .for_each(|&core| own.set(core));
        sched_setaffinity(None, &own)
    });
    if let Err(error) = pinned {
        tracing::warn!(%error, "a media thread could not be kept on one core");
    }
}

/// Tells the operator when the kernel is stingy.
fn note_small_buffers(socket: Option<&Socket>) {
    if let Some(Ok(bytes)) = socket.map(Socket::receive_buffer_bytes)
        && bytes < GOOD_RECEIVE_BUFFER_BYTES
    {
        tracing::info!(
            bytes,
            "the kernel gives small UDP buffers; for hundreds of viewers raise net.core.rmem_max and wmem_max to 8388608"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lectern_media::peer::sdp::OfferError;

    #[tokio::test]
    async fn a_media_thread_that_hits_a_bug_serves_again() {
        let config = LiveConfig {
            public_addresses: Vec::new(),
            stun_server: None,
            pin_threads: true,
            shards: 2,
            grace: std::time::Duration::from_secs(1),
            lenient_trickle: true,
            recordings: None,
        };
        let sockets = LiveSockets {
            udp: std::net::UdpSocket::bind("127.0.0.1:0").unwrap(),
            tcp: None,
        };
        let live = Live::start(config, sockets).unwrap();
        for shard in 0..2 {
            live.hub.push(shard, Message::Panic);
            let asked = live
                .publish(StreamId(shard as u128), Bytes::new(), Recording::Off)
                .await;
            // The offer may have been lost together with the engine; the next one is not.
            assert!(matches!(
                asked,
                Err(LiveError::Overloaded | LiveError::Offer(OfferError::Empty))
            ));
            let asked = live
                .publish(StreamId(shard as u128), Bytes::new(), Recording::Off)
                .await;
            assert_eq!(asked.unwrap_err(), LiveError::Offer(OfferError::Empty));
        }
        live.stop().await;
    }
}
