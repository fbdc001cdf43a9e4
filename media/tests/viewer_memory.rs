//! What a connected viewer costs the engine in memory, its DTLS included. A test of its own, because it counts every
//! allocation of its process.

use lectern_media::id::StreamId;
use lectern_media::sim::{Link, PublisherOptions, Sim, ViewerOptions};
use std::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

const STREAM: StreamId = StreamId(1);

/// Thousands of viewers fit into a small machine.
const BOUND_BYTES: u64 = 16 << 10;

/// Bytes that an engine has asked for that serves so many viewers: what is left when everything else of the simulated
/// world has been thrown away.
fn engine_bytes(viewers: u32) -> u64 {
    let before = allocations::bytes();
    #[expect(
        clippy::disallowed_methods,
        reason = "the start of virtual time; any instant will do"
    )]
    let mut sim = Sim::new(Instant::now(), 1, |_| {});
    sim.publisher(STREAM, PublisherOptions::default(), Link::default());
    sim.run(Duration::from_millis(300));
    let viewers: Vec<_> = (0..viewers)
        .map(|_| sim.viewer(STREAM, ViewerOptions::default(), Link::default()))
        .collect();
    sim.run(Duration::from_secs(3));
    assert!(viewers.iter().all(|&viewer| sim.seen(viewer).frames > 60));
    let engine = sim.into_engine();
    drop(viewers);
    let bytes = allocations::bytes() - before;
    drop(engine);
    bytes
}

#[test]
fn a_connected_viewer_costs_little() {
    // With the publisher these fill the tables, which double when they are full.
    let (few, many) = (63, 127);
    let per_viewer = (engine_bytes(many) - engine_bytes(few)) / u64::from(many - few);
    assert!(
        per_viewer <= BOUND_BYTES,
        "{per_viewer} bytes a viewer, {BOUND_BYTES} at most"
    );
}
