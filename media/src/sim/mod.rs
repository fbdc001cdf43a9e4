//! A simulated world around one or more engines: virtual time, a network with delay, loss and reordering, publishers
//! and viewers that speak the real protocols. For tests and benches; the same seed gives the same run.

mod client;
mod payload;
mod publisher;
mod timeline;
mod viewer;

pub use publisher::{Clip, PublisherOptions, RIDS};
pub use timeline::Timing;
pub use viewer::{Seen, ViewerOptions};

use crate::engine::{Engine, EngineConfig, Event, IfMatch, Origin, PatchError, Patched, TransmitBuf, Verdict};
use crate::id::{PeerId, StreamId};
use crate::peer::sdp::{Candidate, Transport};
use client::Client;
use publisher::Publisher;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use viewer::Viewer;

/// Where the simulated server is.
const SERVER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)), 8189);

/// Nothing in the simulation waits longer than this between two looks at the clock.
const STEP: Duration = Duration::from_millis(1);

/// One direction of a client's line.
#[derive(Clone, Copy, Debug, Default)]
pub struct Link {
    /// One way.
    pub delay: Duration,
    /// Added to the delay, evenly spread from zero: packets overtake one another.
    pub jitter: Duration,
    /// In 1/1000 of the packets.
    pub loss_per_mille: u32,
    /// What it carries towards the client, in bit/s; `None` for anything.
    pub rate_bps: Option<u64>,
    /// How long a packet may wait for those before it on such a line; beyond it, it is dropped.
    pub queue: Duration,
}

/// A datagram on its way.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct InFlight {
    at: Instant,
    number: u64,
    to_client: Option<usize>,
    client: usize,
    bytes: Vec<u8>,
}

enum Actor {
    Publisher(Box<Publisher>),
    Viewer(Box<Viewer>),
}

/// See the module.
pub struct Sim {
    /// The engine under test.
    pub engine: Engine,
    /// Every event but media, in order.
    pub events: Vec<Event>,
    /// Every fact about subscribed streams, in order.
    pub feeds: Vec<(StreamId, crate::forward::feed::Feed)>,
    now: Instant,
    rng: ChaCha20Rng,
    buf: TransmitBuf,
    clients: Vec<(Client, Actor, Link, bool)>,
    network: BinaryHeap<Reverse<InFlight>>,
    sent: u64,
    /// Places of clients that left, to be taken by others.
    vacant: Vec<usize>,
    /// When each client's line has carried what it was given.
    free_at: Vec<Instant>,
    /// Clients that do not read, with what waits in their sockets.
    stopped: HashMap<usize, Vec<Vec<u8>>>,
}

/// What a client's socket holds while the client does not read: the usual size on Linux.
const SOCKET_BYTES: usize = 212_992;

/// A publisher or viewer of a [`Sim`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClientId(usize);

impl Sim {
    /// A world at `start`, with an engine of the default configuration changed by `configure`.
    pub fn new(start: Instant, seed: u8, configure: impl FnOnce(&mut EngineConfig)) -> Sim {
        let certificate = dimpl::certificate::generate_self_signed_certificate().expect("key generation works");
        let mut config = EngineConfig::new(
            certificate,
            vec![Candidate {
                addr: SERVER,
                transport: Transport::Udp,
            }],
        );
        configure(&mut config);
        Sim {
            engine: Engine::new(config, [seed; 32], start).expect("the certificate is good"),
            events: Vec::new(),
            feeds: Vec::new(),
            now: start,
            rng: ChaCha20Rng::from_seed([seed; 32]),
            buf: TransmitBuf::new(),
            clients: Vec::new(),
            network: BinaryHeap::new(),
            sent: 0,
            vacant: Vec::new(),
            free_at: Vec::new(),
            stopped: HashMap::new(),
        }
    }

    /// The present moment of the simulation.
    pub fn now(&self) -> Instant {
        self.now
    }

    /// Lets a publisher post its offer and connect over this line.
    pub fn publisher(&mut self, stream: StreamId, options: PublisherOptions, link: Link) -> ClientId {
        let mut client = Client::new(self.next_place(), self.now, &mut self.rng);
        let offer = client.offer(publisher::SECTIONS, "sendonly", options.clip.codec)
            + &publisher::simulcast(options.encodings);
        let offer = publisher::with_descriptors(&offer);
        let accepted = self
            .engine
            .publish(self.now, stream, offer.as_bytes(), true)
            .expect("the offer is good");
        client.take_answer(accepted.peer, &accepted.answer);
        let publisher = Publisher::new(options, self.now, &mut self.rng);
        self.add(client, Actor::Publisher(Box::new(publisher)), link)
    }

    /// Lets a viewer post its offer and connect over this line.
    pub fn viewer(&mut self, stream: StreamId, options: ViewerOptions, link: Link) -> ClientId {
        let mut client = Client::new(self.next_place(), self.now, &mut self.rng);
        let sections = if options.plays_all {
            publisher::ALL_SECTIONS
        } else {
            publisher::SECTIONS
        };
        let offer = client.offer(sections, "recvonly", options.codec);
        let offer = if options.red { viewer::with_red(&offer) } else { offer };
        let offer = match options.descriptors {
            true => publisher::with_descriptors(&offer),
            false => offer,
        };
        let accepted = self
            .engine
            .view(self.now, stream, offer.as_bytes())
            .expect("the offer is good");
        client.take_answer(accepted.peer, &accepted.answer);
        let viewer = Viewer::new(options, &accepted.answer, self.now);
        self.add(client, Actor::Viewer(Box::new(viewer)), link)
    }

    /// Adds a viewer to whom the server makes the offer; it answers `after` that, and checks the path at once.
    pub fn offered_viewer(
        &mut self,
        stream: StreamId,
        options: ViewerOptions,
        link: Link,
        after: Duration,
    ) -> ClientId {
        let mut client = Client::new(self.next_place(), self.now, &mut self.rng);
        let offered = self.engine.offer_view(self.now, stream).expect("there is room");
        let answer = client.offer(publisher::SECTIONS, "recvonly", options.codec);
        let answer = answer.replace("a=setup:actpass", "a=setup:active");
        client.take_answer(offered.peer, &offered.answer);
        let viewer = Viewer::new(options, &offered.answer, self.now);
        let id = self.add(client, Actor::Viewer(Box::new(viewer)), link);
        self.run(after);
        self.engine
            .take_answer(self.now, offered.peer, answer.as_bytes(), IfMatch::Missing)
            .expect("the answer is good");
        id
    }

    fn add(&mut self, client: Client, actor: Actor, link: Link) -> ClientId {
        let entry = (client, actor, link, true);
        let place = self.next_place();
        match (self.clients.get_mut(place), self.free_at.get_mut(place)) {
            (Some(left), Some(free_at)) => {
                self.vacant.pop();
                (*left, *free_at) = (entry, self.now);
            }
            _ => {
                self.free_at.push(self.now);
                self.clients.push(entry);
            }
        }
        ClientId(place)
    }

    /// Where the next client goes, and by that its address.
    fn next_place(&self) -> usize {
        self.vacant.last().copied().unwrap_or(self.clients.len())
    }

    /// A client closes its connection by HTTP and is gone; the next one may get its place and address.
    pub fn leave(&mut self, id: ClientId) {
        let Some((client, .., alive)) = self.clients.get_mut(id.0) else {
            return;
        };
        if std::mem::take(alive) {
            let peer = client.peer;
            self.vacant.push(id.0);
            peer.map(|peer| self.engine.close(self.now, peer));
            self.drain();
        }
    }

    /// The engine alone; everybody else is gone without a word.
    pub fn into_engine(self) -> Engine {
        self.engine
    }

    /// A compound RTCP packet as the client at this address sends it. For benches, which measure the engine alone.
    pub fn sealed(&mut self, client: SocketAddr, mut compound: Vec<u8>) -> Option<(Origin, Vec<u8>)> {
        let (sender, ..) = self.clients.iter_mut().find(|(known, ..)| known.address() == client)?;
        sender.sealer.as_mut()?.seal_rtcp(&mut compound)?;
        let from = Origin::Udp {
            remote: client,
            local: None,
        };
        Some((from, compound))
    }

    /// What a viewer has seen so far.
    ///
    /// # Panics
    /// The client is a publisher.
    pub fn seen(&self, id: ClientId) -> &Seen {
        match self.clients.get(id.0) {
            Some((_, Actor::Viewer(viewer), ..)) => viewer.seen(),
            _ => panic!("{id:?} is not a viewer"),
        }
    }

    /// What a viewer's players go by; nothing for a publisher.
    pub fn timing(&self, id: ClientId) -> Timing {
        match self.clients.get(id.0) {
            Some((_, Actor::Viewer(viewer), ..)) => viewer.timing(),
            _ => Timing::default(),
        }
    }

    /// Starts to count anew what a viewer sees.
    pub fn reset_seen(&mut self, id: ClientId) {
        let now = self.now;
        if let Some((_, Actor::Viewer(viewer), ..)) = self.clients.get_mut(id.0) {
            viewer.reset_seen(now);
        }
    }

    /// A publisher stops or starts to send an encoding.
    pub fn suspend(&mut self, id: ClientId, encoding: usize, is_suspended: bool) {
        let now = self.now;
        if let Some((_, Actor::Publisher(publisher), ..)) = self.clients.get_mut(id.0) {
            publisher.suspend(encoding, is_suspended, now);
        }
    }

    /// How many key frames a publisher was asked for.
    pub fn key_frame_requests(&self, id: ClientId) -> usize {
        match self.clients.get(id.0) {
            Some((_, Actor::Publisher(publisher), ..)) => publisher.key_frame_requests,
            _ => 0,
        }
    }

    /// How many packets of its picture a publisher was asked to send again, of each encoding.
    pub fn repeats_asked(&self, id: ClientId) -> Vec<usize> {
        match self.clients.get(id.0) {
            Some((_, Actor::Publisher(publisher), ..)) => publisher.repeats_asked(),
            _ => Vec::new(),
        }
    }

    /// The connection's secret name.
    pub fn peer(&self, id: ClientId) -> Option<PeerId> {
        self.clients.get(id.0).and_then(|(client, ..)| client.peer)
    }

    /// A client's process is killed: nothing more comes from it, and nothing reaches it.
    pub fn kill(&mut self, id: ClientId) {
        if let Some((.., alive)) = self.clients.get_mut(id.0) {
            *alive = false;
        }
    }

    /// Changes a client's line.
    pub fn set_link(&mut self, id: ClientId, link: Link) {
        if let Some((.., old, _)) = self.clients.get_mut(id.0) {
            *old = link;
        }
    }

    /// A client stops to read and to send, as a process does that is halted; its socket takes what it has room for.
    pub fn stop(&mut self, id: ClientId) {
        self.stopped.entry(id.0).or_default();
    }

    /// A client that was stopped goes on, with what its socket holds.
    pub fn go_on(&mut self, id: ClientId) {
        for bytes in self.stopped.remove(&id.0).unwrap_or_default() {
            self.hand_over(id.0, bytes);
        }
    }

    /// A client goes on from a new connection over TCP, as in a network that blocks UDP. Connections have names of
    /// their own, not 0.
    pub fn move_to_tcp(&mut self, id: ClientId, connection: u64) {
        if let Some((client, ..)) = self.clients.get_mut(id.0) {
            client.move_away(connection);
        }
    }

    /// A client's connection over TCP breaks, and nothing comes from it or reaches it from then on.
    pub fn close_tcp(&mut self, id: ClientId) {
        if let Some((client, ..)) = self.clients.get(id.0) {
            let gone = client.origin();
            self.kill(id);
            self.engine.handle_closed(self.now, &gone);
            self.drain();
        }
    }

    /// A client's checks no longer say which address is to be used: it believes to be where it was.
    pub fn stop_nominating(&mut self, id: ClientId) {
        if let Some((client, ..)) = self.clients.get_mut(id.0) {
            client.nominates = false;
        }
    }

    /// A client's address changes, as when a phone leaves the Wi-Fi.
    pub fn move_client(&mut self, id: ClientId) {
        if let Some((client, ..)) = self.clients.get_mut(id.0) {
            client.move_away(0);
        }
    }

    /// A client restarts ICE; with `is_lost`, it never learns what the server answered.
    pub fn restart_ice(&mut self, id: ClientId, if_match: IfMatch<'_>, is_lost: bool) -> Result<Patched, PatchError> {
        let Some((client, ..)) = self.clients.get_mut(id.0) else {
            return Err(PatchError::Unknown);
        };
        let peer = client.peer.ok_or(PatchError::Unknown)?;
        let patched = self
            .engine
            .patch(self.now, peer, client.restart_fragment().as_bytes(), if_match)?;
        if let (Patched::Restarted { fragment, .. }, false) = (&patched, is_lost) {
            client.take_restart(fragment, self.now);
        }
        Ok(patched)
    }

    /// Gives the engine a datagram from nowhere.
    pub fn inject(&mut self, from: SocketAddr, bytes: &mut [u8]) -> Verdict {
        let verdict = self.engine.handle_datagram(
            self.now,
            Origin::Udp {
                remote: from,
                local: None,
            },
            bytes,
        );
        self.drain();
        verdict
    }

    /// A client seals this RTP or RTCP packet and sends it, as if it were its own. Before it has keys it sends nothing.
    pub fn send_sealed(&mut self, id: ClientId, packet: &[u8]) {
        if let Some((client, _, link, _)) = self.clients.get_mut(id.0)
            && let Some(sealed) = client.seal(packet)
        {
            let link = *link;
            self.send(id.0, None, link, sealed);
        }
    }

    /// What a publisher sends in the time to come, with the moments at which it sends it; the engine is not given it.
    /// For benches, which measure the engine alone.
    pub fn record_publisher(&mut self, id: ClientId, time: Duration) -> Vec<(Instant, Origin, Vec<u8>)> {
        let mut sent = Vec::new();
        let end = self.now + time;
        while self.now < end {
            if let Some((client, Actor::Publisher(publisher), ..)) = self.clients.get_mut(id.0) {
                publisher.tick(client, self.now);
                let from = client.origin();
                sent.extend(client.out.drain(..).map(|bytes| (self.now, from, bytes)));
            }
            self.now += STEP;
        }
        sent
    }

    /// Lets time pass.
    pub fn run(&mut self, time: Duration) {
        let end = self.now + time;
        while self.now < end {
            self.deliver();
            self.act();
            if self.engine.poll_timeout().is_some_and(|at| at <= self.now) {
                self.engine.handle_timeout(self.now);
            }
            self.drain();
            self.now += STEP;
        }
    }

    /// Whatever has arrived by now.
    fn deliver(&mut self) {
        while self.network.peek().is_some_and(|Reverse(next)| next.at <= self.now) {
            let Some(Reverse(mut datagram)) = self.network.pop() else {
                return;
            };
            match datagram.to_client {
                None => {
                    let Some((client, ..)) = self.clients.get(datagram.client) else {
                        continue;
                    };
                    let from = client.origin();
                    self.engine.handle_datagram(self.now, from, &mut datagram.bytes);
                    self.drain();
                }
                Some(to) => self.hand_over(to, datagram.bytes),
            }
        }
    }

    fn hand_over(&mut self, to: usize, mut bytes: Vec<u8>) {
        if let Some(waiting) = self.stopped.get_mut(&to) {
            if waiting.iter().map(Vec::len).sum::<usize>() + bytes.len() <= SOCKET_BYTES {
                waiting.push(bytes);
            }
            return;
        }
        let Some((client, actor, _, true)) = self.clients.get_mut(to) else {
            return;
        };
        if let Some(media) = client.take_datagram(self.now, &mut bytes) {
            match actor {
                Actor::Publisher(publisher) => publisher.take(media, self.now),
                Actor::Viewer(viewer) => viewer.take(media, self.now),
            }
        }
    }

    /// What the clients do by themselves.
    fn act(&mut self) {
        for at in 0..self.clients.len() {
            if self.stopped.contains_key(&at) {
                continue;
            }
            let Some((client, actor, link, true)) = self.clients.get_mut(at) else {
                continue;
            };
            client.tick(self.now);
            match actor {
                Actor::Publisher(publisher) => publisher.tick(client, self.now),
                Actor::Viewer(viewer) => viewer.tick(client, self.now),
            }
            let (link, out) = (*link, std::mem::take(&mut client.out));
            for bytes in out {
                self.send(at, None, link, bytes);
            }
        }
    }

    /// What the engine has to say.
    fn drain(&mut self) {
        while let Some(transmit) = self.engine.poll_transmit(&mut self.buf) {
            let filled = self.buf.filled(&transmit).to_vec();
            let to = self
                .clients
                .iter()
                .position(|(client, ..)| client.origin().is_same_remote(&transmit.to));
            let Some(to) = to else { continue };
            let link = self.clients.get(to).map_or_else(Link::default, |(_, _, link, _)| *link);
            for datagram in filled.chunks(transmit.segment_bytes.unwrap_or(usize::MAX)) {
                self.send(to, Some(to), link, datagram.to_vec());
            }
        }
        while let Some(event) = self.engine.poll_event() {
            match event {
                Event::Feed { stream, feed } => self.feeds.push((stream, feed)),
                event => self.events.push(event),
            }
        }
    }

    fn send(&mut self, client: usize, to_client: Option<usize>, link: Link, bytes: Vec<u8>) {
        if self.rng.next_u32() % 1000 < link.loss_per_mille {
            return;
        }
        let jitter_us = u64::try_from(link.jitter.as_micros()).unwrap_or(0);
        let jitter = Duration::from_micros(self.rng.next_u64() % (jitter_us + 1));
        let mut leaves = self.now;
        if let (Some(rate_bps), Some(_), Some(free_at)) = (link.rate_bps, to_client, self.free_at.get_mut(client)) {
            let starts = self.now.max(*free_at);
            if starts - self.now > link.queue {
                return;
            }
            leaves = starts + Duration::from_nanos(bytes.len() as u64 * 8_000_000_000 / rate_bps);
            *free_at = leaves;
        }
        let at = leaves + link.delay + jitter;
        self.sent += 1;
        self.network.push(Reverse(InFlight {
            at,
            number: self.sent,
            to_client,
            client,
            bytes,
        }));
    }
}
