//! One shard against two, on two threads at once: how many more viewers two carry. The stream's home shard receives and
//! relays; each forwards to its own viewers. What counts is the CPU time of the busier thread, which on two idle cores
//! is the time that passes.

use crate::audience::Audience;
use crate::engine::{STREAM, WARM_UP, World};
use crate::network::Network;
use crate::sink::{Sends, Sink};
use crate::thread_cpu;
use lectern_media::engine::{Event, TransmitBuf};
use lectern_media::forward::feed::Feed;
use lectern_media::sim::{Link, Sim, ViewerOptions};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

/// What two shards did.
pub(crate) struct Shards {
    /// Packets for each second of CPU, of one shard with all viewers.
    pub(crate) one_per_s: f64,
    /// Packets of both for each second of CPU of the busier one, each with half of the viewers.
    pub(crate) two_per_s: f64,
}

impl Shards {
    /// How many times the viewers.
    pub(crate) fn ratio(&self) -> f64 {
        self.two_per_s / self.one_per_s
    }
}

/// Measures with so many viewers on each shard.
pub(crate) fn measure(viewers: usize, time: Duration, network: Network) -> Shards {
    let (packets, cpu) = home(World::new(viewers, 9), time, network, None);
    let one_per_s = packets as f64 / cpu.as_secs_f64();

    let mut world = World::new(viewers, 9);
    let other = relayed(&mut world, viewers);
    let (sender, receiver) = channel();
    let there = std::thread::spawn(move || away(other, &receiver, network));
    let (packets, cpu) = home(world, time, network, Some(&sender));
    drop(sender);
    let (more, other_cpu) = there.join().expect("the other shard ends");
    Shards {
        one_per_s,
        two_per_s: (packets + more) as f64 / cpu.max(other_cpu).as_secs_f64(),
    }
}

/// A fact for the other shard, and whether what it brings about counts.
type Relayed = (Instant, Feed, bool);

/// The shard with the publisher.
fn home(mut world: World, time: Duration, network: Network, relay: Option<&Sender<Relayed>>) -> (u64, Duration) {
    let sink = Sink::new(network, Sends::Gso);
    let mut buf = TransmitBuf::new();
    let (mut packets, mut cpu) = (0, Duration::ZERO);
    for (time, counts) in [(WARM_UP, false), (time, true)] {
        let mut received = world.record(time);
        let World { sim, audience, .. } = &mut world;
        let before = sim.engine.counters().datagrams_out;
        cpu = Duration::ZERO;
        for (now, from, bytes) in &mut received {
            let start = thread_cpu();
            let engine = &mut sim.engine;
            if engine.poll_timeout().is_some_and(|at| at <= *now) {
                engine.handle_timeout(*now);
            }
            for (from, report) in &mut audience.says {
                engine.handle_datagram(*now, *from, report);
            }
            engine.handle_datagram(*now, *from, bytes);
            // The other shard hears of it before our own viewers do, as it has further to go.
            while let Some(event) = engine.poll_event() {
                if let (Some(relay), Event::Feed { feed, .. }) = (relay, event) {
                    let _ = relay.send((*now, feed, counts));
                }
            }
            let sink = counts.then_some(&sink);
            forward(sim, sink, &mut buf, audience);
            cpu += thread_cpu() - start;
            audience.answer(sim, *now);
        }
        packets = sim.engine.counters().datagrams_out - before;
    }
    (packets, cpu)
}

/// A second world whose stream comes from the first, with viewers of its own at the live edge.
fn relayed(world: &mut World, viewers: usize) -> Sim {
    let now = world.sim.now();
    let mut other = Sim::new(now, 2, |config| {
        config.max_unconnected = 10_000;
        config.shard = 1;
    });
    let pass_on = |world: &mut World, other: &mut Sim| {
        let now = other.now();
        for (_, feed) in world.sim.feeds.drain(..) {
            other.engine.handle_relayed(now, STREAM, &feed);
        }
    };
    let ids: Vec<_> = (0..viewers)
        .map(|_| other.viewer(STREAM, ViewerOptions::default(), Link::default()))
        .collect();
    // A shard knows a stream from its first viewer on.
    for feed in world.sim.engine.subscribe(now, STREAM) {
        other.engine.handle_relayed(now, STREAM, &feed);
    }
    for _ in 0..1500 {
        world.sim.run(Duration::from_millis(1));
        pass_on(world, &mut other);
        other.run(Duration::from_millis(1));
    }
    assert!(
        ids.iter().all(|&id| other.seen(id).frames > 10),
        "everybody on the other shard sees the class"
    );
    other
}

/// The shard that is relayed to.
fn away(mut world: Sim, feeds: &Receiver<Relayed>, network: Network) -> (u64, Duration) {
    let sink = Sink::new(network, Sends::Gso);
    let mut buf = TransmitBuf::new();
    let mut audience = Audience::default();
    let (mut before, mut cpu) = (None, Duration::ZERO);
    for (now, feed, counts) in feeds {
        let start = thread_cpu();
        let engine = &mut world.engine;
        if counts && before.is_none() {
            (before, cpu) = (Some(engine.counters().datagrams_out), Duration::ZERO);
        }
        if engine.poll_timeout().is_some_and(|at| at <= now) {
            engine.handle_timeout(now);
        }
        for (from, report) in &mut audience.says {
            engine.handle_datagram(now, *from, report);
        }
        engine.handle_relayed(now, STREAM, &feed);
        forward(&mut world, counts.then_some(&sink), &mut buf, &mut audience);
        while world.engine.poll_event().is_some() {}
        cpu += thread_cpu() - start;
        audience.answer(&mut world, now);
    }
    let packets = world.engine.counters().datagrams_out - before.unwrap_or(0);
    (packets, cpu)
}

/// Sends what there is.
fn forward(sim: &mut Sim, sink: Option<&Sink>, buf: &mut TransmitBuf, audience: &mut Audience) {
    while let Some(transmit) = sim.engine.poll_transmit(buf) {
        let contents = buf.filled(&transmit);
        if let Some(sink) = sink {
            sink.send(contents, transmit.segment_bytes);
        }
        audience.note(transmit.to.mapped_address(), contents, transmit.segment_bytes);
    }
}
