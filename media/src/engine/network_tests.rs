//! Clients whose network changes, in a simulated world: UDP, TCP, routers that forget, connections that break.

use super::{CloseReason, Event, IfMatch, Patched, Verdict};
use crate::id::StreamId;
use crate::peer::ice::Probe;
use crate::sim::{ClientId, Link, PublisherOptions, Sim, ViewerOptions};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const STREAM: StreamId = StreamId(1);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn near() -> Link {
    Link {
        delay: ms(20),
        ..Link::default()
    }
}

/// A class that has run for two seconds.
#[expect(
    clippy::disallowed_methods,
    reason = "the start of virtual time; any instant will do"
)]
fn class(seed: u8) -> (Sim, ClientId, ClientId) {
    let mut sim = Sim::new(Instant::now(), seed, |config| config.probe = Some(Probe::new([9; 32])));
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(2000));
    assert!(sim.seen(viewer).frames > 30);
    sim.reset_seen(viewer);
    (sim, publisher, viewer)
}

fn unused(sim: &Sim) -> Vec<u64> {
    let connection = |event: &Event| match event {
        Event::Unused { connection } => Some(*connection),
        _ => None,
    };
    sim.events.iter().filter_map(connection).collect()
}

#[test]
fn media_moves_between_udp_and_tcp_with_an_ice_restart() {
    let (mut sim, publisher, viewer) = class(61);
    for (step, mover) in [viewer, publisher, viewer, publisher].into_iter().enumerate() {
        if step < 2 {
            sim.move_to_tcp(mover, 70 + step as u64);
        } else {
            sim.move_client(mover);
        }
        let patched = sim.restart_ice(mover, IfMatch::Any, false);
        assert!(matches!(patched, Ok(Patched::Restarted { .. })), "{patched:?}");
        sim.run(ms(3000));
        let seen = sim.seen(viewer);
        assert!(
            seen.longest_freeze < ms(300) && seen.frames > 75,
            "step {step}: {seen:?}"
        );
        assert_eq!((seen.duplicates, seen.nonce_reuses), (0, 0));
        sim.reset_seen(viewer);
    }
    assert_eq!(
        unused(&sim),
        [70, 71],
        "each connection is given up when the restart has succeeded"
    );
}

#[test]
fn a_viewer_whose_router_forgot_it_is_found_again_by_its_next_check() {
    let (mut sim, _, viewer) = class(62);
    sim.stop_nominating(viewer);
    sim.move_client(viewer);
    sim.run(ms(5000));
    let seen = sim.seen(viewer);
    assert!(seen.longest_freeze < ms(2500) && seen.frames > 70, "{seen:?}");
}

#[test]
fn who_breaks_the_connection_and_does_not_come_back_is_removed_soon() {
    let (mut sim, publisher, viewer) = class(63);
    for (client, connection) in [(viewer, 1), (publisher, 2)] {
        sim.move_to_tcp(client, connection);
    }
    sim.run(ms(1000));
    sim.close_tcp(viewer);
    sim.close_tcp(publisher);
    // Each had an address before, over UDP, that it might still be at; with that it has the usual time.
    sim.run(ms(28_000));
    assert_eq!(sim.engine.size().0, 0);
    let silent = |event: &&Event| {
        matches!(
            event,
            Event::Closed {
                why: CloseReason::Silent,
                ..
            }
        )
    };
    assert_eq!(sim.events.iter().filter(silent).count(), 2);
}

#[test]
fn who_has_nothing_but_a_broken_connection_has_ten_seconds_to_come_back() {
    let (mut sim, _, viewer) = class(64);
    sim.move_to_tcp(viewer, 5);
    sim.restart_ice(viewer, IfMatch::Any, false).unwrap();
    sim.run(ms(1000));
    sim.close_tcp(viewer);
    sim.run(ms(8000));
    assert_eq!(sim.engine.size().2, 1);
    sim.run(ms(4000));
    assert_eq!(sim.engine.size().2, 0);
}

#[test]
fn a_probe_is_answered_and_opens_nothing() {
    let (mut sim, ..) = class(65);
    let before = sim.engine.size();
    let probe = Probe::new([9; 32]);
    let from: SocketAddr = ([203, 0, 113, 1], 1).into();
    let sent = sim.engine.counters().datagrams_out;
    assert_eq!(sim.inject(from, &mut probe.request([1; 12])), Verdict::Taken);
    assert_eq!(sim.engine.counters().datagrams_out, sent + 1);
    let mut wrong = probe.request([1; 12]);
    *wrong.last_mut().unwrap() ^= 1;
    sim.inject(from, &mut wrong);
    assert_eq!(
        sim.engine.counters().datagrams_out,
        sent + 1,
        "no answer without the password"
    );
    assert_eq!(sim.engine.size(), before);
}
