//! An hour of viewers that come and go, in virtual time: what the engine holds at its end is what it held after the
//! first minutes. A test of its own, because it counts every allocation of its process.

use lectern_media::engine::EngineConfig;
use lectern_media::id::StreamId;
use lectern_media::sim::{ClientId, Clip, Link, PublisherOptions, Sim, ViewerOptions};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

const STREAM: StreamId = StreamId(1);

/// One comes so often, and one that came before leaves.
const BETWEEN: Duration = Duration::from_secs(2);

/// Viewers at once.
const AT_ONCE: usize = 4;

/// What may be allocated more at the end than after the first ten minutes: tables that doubled once, of a few peers.
const SLACK_BYTES: u64 = 64 << 10;

/// A class of few and tiny packets: an hour of it takes seconds, and memory that is used again for frames of another size
/// hardly differs.
fn thin_class() -> PublisherOptions {
    PublisherOptions {
        clip: Clip {
            packets_per_frame: 1,
            packet_bytes: 16,
            key_frame_interval: Duration::from_secs(4),
            ..Clip::default()
        },
        ..PublisherOptions::default()
    }
}

/// Lets viewers come and go for a while, until all have gone; how many of them saw the class.
fn come_and_go(sim: &mut Sim, time: Duration) -> usize {
    let mut there: VecDeque<ClientId> = VecDeque::new();
    let rounds = (time.as_secs() / BETWEEN.as_secs()) as usize;
    let mut saw = 0;
    for _ in 0..rounds {
        there.push_back(sim.viewer(STREAM, ViewerOptions::default(), Link::default()));
        sim.run(BETWEEN);
        if there.len() == AT_ONCE
            && let Some(first) = there.pop_front()
        {
            saw += usize::from(sim.seen(first).frames > 30);
            sim.leave(first);
        }
        sim.events.clear();
    }
    there.into_iter().for_each(|viewer| sim.leave(viewer));
    // Who left is forgotten, and the publisher's history has gone round.
    sim.run(Duration::from_secs(40));
    sim.events.clear();
    saw
}

/// The least that is allocated over two groups of pictures: the history since the last key frame comes and goes.
fn held(sim: &mut Sim) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..100 {
        sim.run(Duration::from_millis(100));
        least = least.min(allocations::bytes());
    }
    least
}

#[test]
fn an_hour_of_joins_and_leaves_leaves_nothing_behind() {
    let shard = |config: &mut EngineConfig| config.max_history_packets = 1024;
    #[expect(
        clippy::disallowed_methods,
        reason = "the start of virtual time; any instant will do"
    )]
    let mut sim = Sim::new(Instant::now(), 1, shard);
    sim.publisher(STREAM, thin_class(), Link::default());
    sim.run(Duration::from_secs(1));

    come_and_go(&mut sim, Duration::from_secs(600));
    let (size, bytes) = (sim.engine.size(), held(&mut sim));
    assert_eq!((size.0, size.2), (1, 0), "the publisher alone is left");

    let saw = come_and_go(&mut sim, Duration::from_secs(3000));
    assert!(saw > 1400, "viewers saw the class: {saw}");
    assert_eq!(sim.engine.size(), size);
    let later = held(&mut sim);
    assert!(
        later <= bytes + SLACK_BYTES,
        "{bytes} bytes after ten minutes, {later} after an hour"
    );
}
