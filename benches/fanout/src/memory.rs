//! What a connected viewer costs the engine in memory, its DTLS included.

use crate::engine::World;

/// Bytes for each viewer, as the engine asked the allocator for them.
pub(crate) fn per_viewer(viewers: usize) -> f64 {
    let few = engine_bytes(10);
    let many = engine_bytes(10 + viewers);
    (many as f64 - few as f64) / viewers as f64
}

/// What is left when everything of the simulated world but its engine has been thrown away.
fn engine_bytes(viewers: usize) -> u64 {
    let before = allocations::bytes();
    let engine = World::new(viewers, 9).sim.into_engine();
    let bytes = allocations::bytes().saturating_sub(before);
    drop(engine);
    bytes
}
