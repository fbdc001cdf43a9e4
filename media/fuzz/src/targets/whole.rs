//! The engine as a whole: strangers' datagrams, authentic peers with nonsense to say, and any order of commands.

use lectern_media::engine::{Engine, EngineConfig, IfMatch, LayerChoice, Origin, TransmitBuf};
use lectern_media::id::{PeerId, StreamId, TrackId};
use lectern_media::sim::{Link, PublisherOptions, Sim, ViewerOptions};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// More than any input can make.
const MOST_PEERS: usize = 64;
/// An input is cut into about so many.
const COMMANDS: usize = 8;
const STREAM: StreamId = StreamId(7);

/// A world with a publisher and a viewer that are connected.
struct World {
    sim: Sim,
    clients: [lectern_media::sim::ClientId; 2],
    age: u32,
}

impl World {
    fn new() -> World {
        let mut sim = Sim::new(Instant::now(), 1, bounds);
        let clients = [
            sim.publisher(STREAM, PublisherOptions::default(), Link::default()),
            sim.viewer(STREAM, ViewerOptions::default(), Link::default()),
        ];
        sim.run(Duration::from_millis(200));
        assert_eq!(sim.engine.size(), (2, 1, 1), "both are connected");
        World { sim, clients, age: 0 }
    }
}

fn bounds(config: &mut EngineConfig) {
    config.max_peers = MOST_PEERS;
    config.max_unconnected = MOST_PEERS / 2;
}

thread_local! {
    /// Connecting costs more than an input, so a world serves for some hundred of them.
    static WORLD: RefCell<World> = RefCell::new(World::new());
}

/// Inputs that a world serves for: few enough that a failing one can be found again with those before it.
const LIFETIME: u32 = 200;

fn with_world(check: impl FnOnce(&mut World)) {
    WORLD.with_borrow_mut(|world| {
        if world.age >= LIFETIME {
            *world = World::new();
        }
        world.age += 1;
        check(world);
        let (peers, streams, viewers) = world.sim.engine.size();
        assert!(peers <= 2 && streams <= 1 && viewers <= 1, "a datagram makes no peer");
        // A peer that said good-bye, by an alert that was luckily right, is gone.
        if peers < 2 {
            world.age = LIFETIME;
        }
    });
}

/// A datagram from anywhere, and the same from where a peer is.
pub(super) fn datagram(bytes: &[u8]) {
    with_world(|world| {
        for from in [[203, 0, 113, 9], [198, 51, 0, 0], [198, 51, 0, 1]] {
            let from = SocketAddr::from((from, 40_000));
            world.sim.inject(from, &mut bytes.to_vec());
        }
        world.sim.run(Duration::from_millis(2));
    });
}

/// RTP or RTCP that a connected peer has sealed: it says what it likes, and is believed to be who it is.
pub(super) fn sealed(bytes: &[u8]) {
    with_world(|world| {
        for client in world.clients {
            world.sim.send_sealed(client, bytes);
        }
        world.sim.run(Duration::from_millis(5));
    });
}

/// A configuration with a certificate.
fn config() -> EngineConfig {
    let mut made = None;
    Sim::new(Instant::now(), 2, |config| {
        bounds(config);
        made = Some(config.clone());
    });
    made.expect("a world has a configuration")
}

/// Any order of commands, datagrams and time, with offers that are whatever the input holds.
pub(super) fn engine(bytes: &[u8]) {
    thread_local! {
        static CONFIG: EngineConfig = config();
    }
    let mut now = Instant::now();
    let config = CONFIG.with(Clone::clone);
    let mut engine = Engine::new(config, [3; 32], now).expect("the certificate is good");
    let mut peers: Vec<PeerId> = Vec::new();
    let mut buf = TransmitBuf::new();
    for (number, command) in bytes.chunks(1 + bytes.len() / COMMANDS).enumerate() {
        let Some((code, text)) = command.split_first() else {
            continue;
        };
        let stream = StreamId(u128::from(code >> 6));
        let peer = peers.get(number % 3).copied().unwrap_or(PeerId(u128::from(*code)));
        // The input as a whole is most likely to be an offer.
        match code % 16 {
            0..=2 => peers.extend(
                engine
                    .publish(now, stream, bytes, code % 2 == 0)
                    .map(|accepted| accepted.peer),
            ),
            3..=5 => peers.extend(engine.view(now, stream, bytes).map(|accepted| accepted.peer)),
            6 => peers.extend(engine.offer_view(now, stream).map(|accepted| accepted.peer)),
            7 => drop(engine.take_answer(now, peer, bytes, IfMatch::Missing)),
            8 => drop(engine.patch(now, peer, text, IfMatch::Any)),
            9 => drop(engine.close(now, peer)),
            10 => engine.end(now, stream),
            11 => drop(engine.subscribe(now, stream)),
            12 => engine.unsubscribe(stream),
            13 => {
                engine.request_key_frame(now, stream, TrackId(code >> 4));
                let choice = LayerChoice {
                    max_width: Some(u16::from(*code)),
                    ..LayerChoice::default()
                };
                engine.choose_layer(now, peer, choice);
            }
            _ => {
                let remote = SocketAddr::from(([203, 0, 113, 9], 40_000));
                engine.handle_datagram(now, Origin::Udp { remote, local: None }, &mut text.to_vec());
            }
        }
        let (count, streams, viewers) = engine.size();
        assert!(
            count <= MOST_PEERS && streams <= 4 && viewers <= count,
            "{:?}",
            engine.size()
        );
        now += Duration::from_millis(u64::from(*code) * 40);
        engine.handle_timeout(now);
        settle(&mut engine, &mut buf);
    }
    // Whatever was begun, nobody ever connected: after the time that a stream waits for its publisher it is all gone.
    // Subscriptions are counted.
    for stream in (0..4).cycle().take(4 * (COMMANDS + 1)) {
        engine.unsubscribe(StreamId(stream));
    }
    for _ in 0..150 {
        now += Duration::from_secs(2);
        engine.handle_timeout(now);
        settle(&mut engine, &mut buf);
    }
    assert_eq!(engine.size(), (0, 0, 0), "nothing stays behind");
}

fn settle(engine: &mut Engine, buf: &mut TransmitBuf) {
    let mut sends = 0;
    while engine.poll_transmit(buf).is_some() {
        sends += 1;
        assert!(sends < 10_000, "it comes to an end");
    }
    while engine.poll_event().is_some() {}
}
