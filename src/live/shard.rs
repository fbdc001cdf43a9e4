//! A shard's thread: moves datagrams and wishes between the world and its engine. It takes no decision about media.

use super::hub::{Hub, ShardCounters};
use super::inbox::{AcceptedReply, Arrivals, Message, WakeUp};
use super::recording::{Handed, RecorderInput};
use super::socket::{ReceiveBuf, Sent, Socket};
use super::tcp::{Arrived, Connections};
use super::types::{LiveError, Recording};
use lectern_media::engine::{Accepted, CloseReason, Engine, Event, Origin, Refused, Role, TransmitBuf, Verdict};
use lectern_media::forward::feed::Feed;
use lectern_media::id::{PeerId, StreamId};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::collections::{HashMap, HashSet};
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How often the counters are shown to others.
const COUNTERS_INTERVAL: Duration = Duration::from_millis(250);

/// One in so many sends of live media is timed. A prime, so that it meets all viewers of a round in turn.
const TIMED_ONE_IN: u32 = 31;

/// See the module.
pub(super) struct Shard {
    index: usize,
    engine: Engine,
    socket: Socket,
    connections: Connections,
    wake_up: WakeUp,
    hub: Arc<Hub>,
    subscribers: HashMap<StreamId, Vec<Subscriber>>,
    /// Publishers whose stream is to be recorded once they are connected.
    to_record: HashSet<PeerId>,
    transmit: TransmitBuf,
    received: Option<ReceiveBuf>,
    arrivals: Arrivals,
    counters: ShardCounters,
    counters_due: Instant,
    /// Viewers that have an answer and no picture yet, and since when.
    joining: HashMap<PeerId, Instant>,
    /// Sends of live media until the next one that is timed.
    until_timed: u32,
    is_stopping: bool,
    make_engine: MakeEngine,
}

/// Makes an engine in place of one that hit a bug; nothing when that cannot be.
pub(super) type MakeEngine = Box<dyn Fn() -> Option<Engine> + Send>;

/// Who gets a stream's facts besides its viewers here.
enum Subscriber {
    /// Another shard.
    Shard(usize),
    /// The stream's recorder.
    Recorder(RecorderInput),
}

impl Shard {
    /// A shard that is ready to run; nothing when it has no engine or the kernel gives nothing to wait with.
    pub(super) fn new(
        index: usize,
        make_engine: MakeEngine,
        socket: Socket,
        wake_up: WakeUp,
        hub: Arc<Hub>,
    ) -> Option<Shard> {
        let engine = make_engine()?;
        Some(Shard {
            index,
            engine,
            socket,
            connections: Connections::new().ok()?,
            wake_up,
            hub,
            subscribers: HashMap::new(),
            to_record: HashSet::new(),
            transmit: TransmitBuf::new(),
            received: Some(ReceiveBuf::new()),
            arrivals: Arrivals::default(),
            counters: ShardCounters::default(),
            counters_due: Instant::now(),
            joining: HashMap::new(),
            until_timed: TIMED_ONE_IN,
            is_stopping: false,
            make_engine,
        })
    }

    /// Runs until [`Message::Stop`]. A bug in the engine costs this shard's connections, which come back by themselves,
    /// and not the server.
    pub(super) fn run(mut self) {
        while !self.is_stopping {
            // What a panic leaves half done is thrown away with the engine.
            if catch_unwind(AssertUnwindSafe(|| self.run_engine())).is_err() {
                self.start_anew();
            }
        }
    }

    fn start_anew(&mut self) {
        tracing::error!(
            shard = self.index,
            "a bug stopped a media thread; its connections are lost, and it starts anew"
        );
        self.subscribers.clear();
        self.to_record.clear();
        self.joining.clear();
        self.connections.close_all();
        self.received = Some(ReceiveBuf::new());
        self.arrivals = Arrivals::default();
        self.counters.restarts += 1;
        match (self.make_engine)() {
            Some(engine) => self.engine = engine,
            None => self.is_stopping = true,
        }
        self.hub.lost(self.index);
    }

    fn run_engine(&mut self) {
        while !self.is_stopping {
            self.wait();
            let now = Instant::now();
            self.receive(now);
            self.receive_tcp(now);
            self.take_arrivals(now);
            if self.engine.poll_timeout().is_some_and(|at| at <= now) {
                self.engine.handle_timeout(now);
            }
            self.drain(now);
            if now >= self.counters_due {
                self.show_counters(now);
            }
        }
    }

    /// Sleeps until there is something to do.
    fn wait(&mut self) {
        let timeout = self
            .engine
            .poll_timeout()
            .map(|at| at.saturating_duration_since(Instant::now()));
        let timeout = timeout.map(|timeout| Timespec {
            tv_sec: i64::try_from(timeout.as_secs()).unwrap_or(i64::MAX),
            tv_nsec: i64::from(timeout.subsec_nanos()),
        });
        let for_socket = if self.socket.is_full() {
            PollFlags::IN | PollFlags::OUT
        } else {
            PollFlags::IN
        };
        let mut fds = [
            PollFd::new(&self.socket, for_socket),
            PollFd::new(&self.wake_up, PollFlags::IN),
            PollFd::new(&self.connections, PollFlags::IN),
        ];
        // Interrupted by a signal: look around and wait again.
        let _ = poll(&mut fds, timeout.as_ref());
        let [for_socket, ..] = &fds;
        if for_socket.revents().contains(PollFlags::OUT) {
            self.socket.flush();
        }
    }

    fn receive(&mut self, now: Instant) {
        let Some(mut received) = self.received.take() else {
            return;
        };
        let (engine, hub, counters) = (&mut self.engine, &self.hub, &mut self.counters);
        self.socket.receive(&mut received, |from, datagram| {
            if let Verdict::Foreign(shard) = engine.handle_datagram(now, from, datagram)
                && let Some(inbox) = hub.inboxes.get(usize::from(shard))
            {
                counters.passed_on += 1;
                inbox.push_datagram(from, datagram);
            }
        });
        self.received = Some(received);
    }

    fn receive_tcp(&mut self, now: Instant) {
        let engine = &mut self.engine;
        self.connections.receive(|arrived| match arrived {
            // A connection belongs to one shard, so there is nobody to pass anything on to.
            Arrived::Packet(from, packet) => drop(engine.handle_datagram(now, from, packet)),
            Arrived::Closed(gone) => engine.handle_closed(now, &gone),
        });
    }

    /// A connection stays if its first packet is a check that one of our peers has made.
    fn take_connection(&mut self, now: Instant, stream: TcpStream, remote: SocketAddr, mut first: Vec<u8>) {
        let is_ours = match self.connections.add(stream, remote) {
            Ok(from @ Origin::Tcp { connection, .. }) => {
                let verdict = self.engine.handle_datagram(now, from, &mut first);
                if verdict != Verdict::Taken {
                    self.connections.close(connection);
                }
                verdict == Verdict::Taken
            }
            _ => false,
        };
        if !is_ours {
            self.hub.note_refused_connection();
        }
    }

    fn take_arrivals(&mut self, now: Instant) {
        let Some(inbox) = self.hub.inboxes.get(self.index) else {
            return;
        };
        let mut arrivals = std::mem::take(&mut self.arrivals);
        if inbox.take(&self.wake_up, &mut arrivals) {
            // A datagram that is foreign here too was for a shard that does not exist.
            arrivals.datagrams.drain(|from, datagram| {
                self.engine.handle_datagram(now, from, datagram);
            });
            for message in arrivals.messages.drain(..) {
                self.take_message(now, message);
            }
        }
        self.arrivals = arrivals;
    }

    fn take_message(&mut self, now: Instant, message: Message) {
        match message {
            Message::Publish {
                stream,
                offer,
                recording,
                reply,
            } => {
                let is_recorded = recording == Recording::Wanted && self.hub.recorders.are_on();
                let result = self.engine.publish(now, stream, &offer, is_recorded);
                if let (Ok(accepted), true) = (&result, is_recorded) {
                    self.to_record.insert(accepted.peer);
                }
                self.answer(now, stream, Role::Publisher, result, reply);
            }
            Message::View { stream, offer, reply } => {
                let result = self.engine.view(now, stream, &offer);
                self.answer(now, stream, Role::Viewer, result, reply);
            }
            Message::OfferView { stream, reply } => {
                let result = self.engine.offer_view(now, stream);
                self.answer(now, stream, Role::Viewer, result, reply);
            }
            Message::Answer {
                peer,
                answer,
                precondition,
                reply,
            } => drop(reply.send(self.engine.take_answer(now, peer, &answer, precondition.if_match()))),
            Message::Layers { stream, reply } => drop(reply.send(self.engine.layers(stream))),
            Message::ChooseLayer { peer, choice, reply } => {
                // Whoever asked may have stopped waiting.
                let _ = reply.send(self.engine.choose_layer(now, peer, choice));
            }
            Message::VideoSection { peer, reply } => drop(reply.send(self.engine.video_section(peer))),
            Message::Patch {
                peer,
                fragment,
                precondition,
                reply,
            } => drop(reply.send(self.engine.patch(now, peer, &fragment, precondition.if_match()))),
            Message::Close { peer, reply } => drop(reply.send(self.engine.close(now, peer))),
            Message::End { stream, reply } => {
                self.engine.end(now, stream);
                self.drain(now);
                self.subscribers.remove(&stream);
                // Whoever asked may have stopped waiting.
                let _ = reply.send(());
            }
            Message::Relay { stream, to } => self.subscribe(now, stream, Subscriber::Shard(to)),
            Message::StopRelay { stream, to } => {
                self.unsubscribe(stream, |who| matches!(who, Subscriber::Shard(shard) if *shard == to));
            }
            Message::Relayed { stream, feed } => self.engine.handle_relayed(now, stream, &feed),
            Message::KeyFrameWanted { stream, track } => self.engine.request_key_frame(now, stream, track),
            Message::Connection { stream, remote, first } => self.take_connection(now, stream, remote, first),
            Message::Candidates(candidates) => self.engine.set_candidates(candidates),
            #[cfg(test)]
            Message::Panic => panic!("a bug"),
            Message::Stop => {
                for peer in self.hub.peers_of(self.index) {
                    self.engine.close(now, peer);
                }
                self.is_stopping = true;
            }
        }
    }

    /// Notes a new peer before anything else can happen to it, and tells whoever asked.
    fn answer(
        &mut self,
        now: Instant,
        stream: StreamId,
        role: Role,
        result: Result<Accepted, Refused>,
        reply: AcceptedReply,
    ) {
        self.hub.answered(self.index, stream, role, result.as_ref().ok());
        if let (Ok(accepted), Role::Viewer) = (&result, role) {
            self.joining.insert(accepted.peer, now);
        }
        if let Err(Ok(abandoned)) = reply.send(result.map_err(LiveError::from)) {
            self.engine.close(now, abandoned.peer);
        }
    }

    fn subscribe(&mut self, now: Instant, stream: StreamId, mut subscriber: Subscriber) {
        let snapshot = self.engine.subscribe(now, stream);
        // What the snapshot holds is still on its way to the others; the new one must not get it twice.
        self.drain(now);
        let mut snapshot = snapshot.into_iter();
        if snapshot.all(|feed| self.pass_on(stream, feed, &mut subscriber)) {
            self.subscribers.entry(stream).or_default().push(subscriber);
        } else {
            self.engine.unsubscribe(stream);
        }
    }

    fn unsubscribe(&mut self, stream: StreamId, is_gone: impl Fn(&Subscriber) -> bool) {
        let Some(subscribers) = self.subscribers.get_mut(&stream) else {
            return;
        };
        let before = subscribers.len();
        subscribers.retain(|subscriber| !is_gone(subscriber));
        (subscribers.len()..before).for_each(|_| self.engine.unsubscribe(stream));
        if subscribers.is_empty() {
            self.subscribers.remove(&stream);
        }
    }

    /// Sends everything that is to be sent, then tells everything that has happened.
    fn drain(&mut self, now: Instant) {
        while let Some(transmit) = self.engine.poll_transmit(&mut self.transmit) {
            let contents = self.transmit.filled(&transmit);
            let sent = match transmit.to {
                Origin::Udp { remote, local } => self.socket.send(remote, local, contents, transmit.segment_bytes),
                Origin::Tcp { connection, .. } => {
                    self.connections.send(now, connection, contents, transmit.segment_bytes)
                }
            };
            if sent == Sent::Lost {
                self.counters.sends_lost += 1;
            }
            if let Some(arrived) = transmit.arrived {
                self.time_send(arrived);
            }
        }
        while let Some(event) = self.engine.poll_event() {
            self.take_event(now, event);
        }
    }

    /// Sees now and then how long live media took from its arrival until now.
    fn time_send(&mut self, arrived: Instant) {
        self.until_timed -= 1;
        if self.until_timed == 0 {
            self.until_timed = TIMED_ONE_IN;
            self.counters.forward_delay.note(arrived.elapsed());
        }
    }

    fn take_event(&mut self, now: Instant, event: Event) {
        match event {
            Event::Connected { peer, stream, role } => {
                tracing::debug!(?peer, ?stream, ?role, "connected");
                self.hub.connected(peer, stream);
                if self.to_record.remove(&peer) {
                    self.record(now, stream);
                }
            }
            Event::FirstPicture { peer } => {
                if let Some(since) = self.joining.remove(&peer) {
                    self.counters.join_time.note(now.saturating_duration_since(since));
                }
            }
            Event::Closed {
                peer,
                stream,
                role,
                why,
            } => {
                if let CloseReason::HandshakeFailed(why) = &why {
                    tracing::warn!(?peer, ?stream, ?role, why, "a DTLS handshake failed");
                } else {
                    tracing::debug!(?peer, ?stream, ?role, ?why, "closed");
                }
                self.to_record.remove(&peer);
                self.joining.remove(&peer);
                self.hub.closed(peer, stream, why == CloseReason::Replaced);
            }
            Event::Feed { stream, feed } => {
                let Some(mut subscribers) = self.subscribers.remove(&stream) else {
                    return;
                };
                let before = subscribers.len();
                subscribers.retain_mut(|subscriber| self.pass_on(stream, feed.clone(), subscriber));
                (subscribers.len()..before).for_each(|_| self.engine.unsubscribe(stream));
                if !matches!(feed, Feed::Ended) && !subscribers.is_empty() {
                    self.subscribers.insert(stream, subscribers);
                }
            }
            Event::KeyFrameWanted { stream, track } => self.hub.want_key_frame(stream, track),
            Event::Unused { connection } => self.connections.close(connection),
            Event::Layers { stream } => self.hub.layers_changed(self.index, stream),
        }
    }

    /// False when the subscriber is gone.
    fn pass_on(&mut self, stream: StreamId, feed: Feed, to: &mut Subscriber) -> bool {
        match to {
            Subscriber::Shard(shard) => self.hub.push(*shard, Message::Relayed { stream, feed }),
            Subscriber::Recorder(input) => match input.send(feed) {
                Handed::Over => {}
                Handed::Lost => self.counters.recorder_dropped += 1,
                Handed::Gone => return false,
            },
        }
        true
    }

    /// Starts the stream's recorder unless it is there already.
    fn record(&mut self, now: Instant, stream: StreamId) {
        let subscribers = self.subscribers.get(&stream);
        if subscribers.is_some_and(|all| all.iter().any(|who| matches!(who, Subscriber::Recorder(_)))) {
            return;
        }
        if let Some(input) = self.hub.recorders.start(stream, &self.hub) {
            self.subscribe(now, stream, Subscriber::Recorder(input));
        }
    }

    fn show_counters(&mut self, now: Instant) {
        self.counters_due = now + COUNTERS_INTERVAL;
        self.hub.weigh(self.engine.costs());
        self.counters.engine = self.engine.counters();
        self.counters.size = self.engine.size();
        (self.counters.connections, self.counters.waiting_bytes) = self.connections.size();
        self.counters.inbox_dropped = self.hub.inboxes.get(self.index).map_or(0, super::inbox::Inbox::dropped);
        if let Some(shown) = self.hub.shard_counters.get(self.index) {
            *shown.lock() = self.counters;
        }
    }
}
