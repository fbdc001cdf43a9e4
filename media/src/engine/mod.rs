//! One shard: its face to the shell, its peers and its streams.
//!
//! Facts come in by `handle_*`, wishes by commands ([`Engine::publish`] and the like). After each of them: drain
//! [`Engine::poll_transmit`], then [`Engine::poll_event`], then wait until [`Engine::poll_timeout`].
//!
//! | file | what is in it |
//! |---|---|
//! | `offers` | commands: publish, view, close, end, relay |
//! | `layers` | commands: which layers there are, and which a viewer gets |
//! | `counter_offer` | commands: offer to a viewer, take its answer |
//! | `patch` | commands: trickled candidates, ICE restart |
//! | `peer` | one connection, from its offer to its end |
//! | `receive` | datagrams in |
//! | `control` | small messages on their way out |
//! | `transmit` | datagrams out |
//! | `timers` | what happens by time alone |

#[cfg(test)]
mod change_tests;
mod control;
mod counter_offer;
mod layers;
#[cfg(test)]
mod layers_tests;
#[cfg(test)]
mod line_tests;
#[cfg(test)]
mod network_tests;
mod offers;
mod patch;
mod peer;
mod receive;
#[cfg(test)]
mod scalable_tests;
#[cfg(test)]
mod tests;
mod timers;
mod transmit;
mod types;

pub use crate::forward::layers::LayerInfo;
pub use crate::forward::viewer::select::LayerChoice;
pub use crate::net::{DropReason, Origin, Transmit, TransmitBuf};
pub use types::{
    Accepted, AnswerError, CloseReason, Counters, EngineConfig, Event, IfMatch, PatchError, Patched, Refused, Role,
    Verdict,
};

use crate::demux::Demux;
use crate::forward::viewer::Viewer;
use crate::id::{PeerId, StreamId};
use crate::peer::dtls::SharedConfig;
use crate::stream::Stream;
use control::ControlQueue;
use peer::Peer;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;
use rustc_hash::FxHashMap;
use slab::Slab;
use std::collections::VecDeque;
use std::time::Instant;

/// Retransmissions waiting to be sent.
const MAX_RETRANSMITS: usize = 16_384;

/// A media engine for the peers of one thread.
pub struct Engine {
    config: EngineConfig,
    dtls: SharedConfig,
    rng: ChaCha20Rng,
    now: Instant,
    demux: Demux,
    peers: Slab<Peer>,
    peer_ids: FxHashMap<PeerId, usize>,
    streams: Slab<Stream>,
    stream_ids: FxHashMap<StreamId, usize>,
    viewers: Slab<Viewer>,
    /// Peers without keys, oldest first; some may be gone or connected by now.
    unconnected: VecDeque<PeerId>,
    /// Peers whose DTLS timers run.
    handshaking: Vec<usize>,
    /// Streams with packets to carry.
    work: VecDeque<usize>,
    /// Viewers that are served in steps.
    stepped: Vec<(usize, PeerId)>,
    next_step: usize,
    control: ControlQueue,
    retransmits: VecDeque<transmit::Retransmit>,
    events: VecDeque<Event>,
    counters: Counters,
    next_tick: Instant,
    ticks: u64,
}

impl Engine {
    /// An engine without peers. `seed` makes its secrets; it must be unpredictable outside tests.
    ///
    /// # Errors
    /// The certificate cannot be used.
    pub fn new(config: EngineConfig, seed: [u8; 32], now: Instant) -> Result<Engine, dimpl::Error> {
        Ok(Engine {
            dtls: SharedConfig::new(config.certificate.clone())?,
            rng: ChaCha20Rng::from_seed(seed),
            now,
            demux: Demux::default(),
            peers: Slab::new(),
            peer_ids: FxHashMap::default(),
            streams: Slab::new(),
            stream_ids: FxHashMap::default(),
            viewers: Slab::new(),
            unconnected: VecDeque::new(),
            handshaking: Vec::new(),
            work: VecDeque::new(),
            stepped: Vec::new(),
            next_step: 0,
            control: ControlQueue::default(),
            retransmits: VecDeque::new(),
            events: VecDeque::new(),
            counters: Counters::default(),
            next_tick: now + timers::TICK,
            ticks: 0,
            config,
        })
    }

    /// What has happened, in order.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// What was dropped and why, and what was sent, since the start.
    pub fn counters(&self) -> Counters {
        self.counters
    }

    /// How many peers, streams and connected viewers there are.
    pub fn size(&self) -> (usize, usize, usize) {
        (self.peers.len(), self.streams.len(), self.viewers.len())
    }

    /// Puts a stream into the list of work if there is any, and passes on its facts.
    fn settle(&mut self, key: usize) {
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        let id = stream.id;
        self.events
            .extend(stream.take_feeds().map(|feed| Event::Feed { stream: id, feed }));
        if stream.has_work() && !std::mem::replace(&mut stream.is_queued, true) {
            self.work.push_back(key);
        }
    }
}
