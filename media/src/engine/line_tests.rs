//! Viewers on lines of every kind, in virtual time: what they see and hear, and what they cost.

use super::tests::{STREAM, ms, near, sim};
use crate::sim::{ClientId, Clip, Link, PublisherOptions, Sim, ViewerOptions};
use std::time::Duration;

/// A round trip of 50 ms that loses packets both ways.
fn lossy(loss_per_mille: u32) -> Link {
    Link {
        delay: ms(25),
        jitter: ms(3),
        loss_per_mille,
        ..Link::default()
    }
}

/// A line of this many kb/s, with a router that queues for so long.
fn narrow(kbps: u64, queue: Duration) -> Link {
    Link {
        delay: ms(15),
        rate_bps: Some(kbps * 1000),
        queue,
        ..Link::default()
    }
}

fn stubborn() -> PublisherOptions {
    PublisherOptions {
        ignores_requests: true,
        ..PublisherOptions::default()
    }
}

/// Who is beside somebody on a bad line must not notice.
fn assert_undisturbed(sim: &Sim, viewer: ClientId) {
    let seen = sim.seen(viewer);
    assert!(seen.longest_freeze <= ms(40), "{seen:?}");
    assert_eq!(
        (seen.missing_sound, seen.lost, seen.nonce_reuses),
        (0, 0, 0),
        "{seen:?}"
    );
}

#[test]
fn five_percent_loss_freezes_nothing_in_five_minutes() {
    let mut sim = sim(1);
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), lossy(50));
    sim.run(ms(300_000));
    let seen = sim.seen(viewer);
    assert!(seen.longest_freeze < ms(1000), "{seen:?}");
    assert!(seen.frames >= 300 * 30 * 99 / 100, "{seen:?}");
    assert!(seen.missing_sound <= 8, "of 15,000 frames: {seen:?}");
    assert_eq!((seen.nonce_reuses, seen.time_jumps_back), (0, 0), "{seen:?}");
    assert!(
        sim.key_frame_requests(publisher) <= 3,
        "{}",
        sim.key_frame_requests(publisher)
    );
}

#[test]
fn ten_percent_loss_leaves_the_sound_whole() {
    let mut sim = sim(2);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    let with_red = sim.viewer(STREAM, ViewerOptions::default(), lossy(100));
    let options = ViewerOptions {
        red: false,
        ..ViewerOptions::default()
    };
    let without = sim.viewer(STREAM, options, lossy(100));
    sim.run(ms(10_000));
    sim.reset_seen(with_red);
    sim.run(ms(110_000));
    let (seen, plain) = (sim.seen(with_red), sim.seen(without));
    assert!(seen.missing_sound <= 11, "of 5,500 frames: {seen:?}");
    assert!(plain.missing_sound > 300, "the test can tell: {plain:?}");
    assert!(seen.longest_freeze < ms(1000), "{seen:?}");
}

#[test]
fn a_joining_viewer_is_at_the_live_edge_in_half_the_historys_time() {
    let mut sim = sim(3);
    sim.publisher(STREAM, stubborn(), near());
    sim.run(ms(9_000));
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), narrow(50_000, ms(50)));
    sim.run(ms(4_500));
    let seen = sim.seen(viewer);
    let wait = seen.first_frame.unwrap() - seen.connected.unwrap();
    assert!(wait < ms(100), "first picture after {wait:?}");
    assert!(seen.delay < ms(80), "the viewer is still {:?} behind", seen.delay);
    assert_eq!((seen.lost, seen.missing_sound), (0, 0), "{seen:?}");
    assert!(seen.longest_freeze <= ms(60), "{seen:?}");
    assert_eq!(seen.rtx_packets, 0, "nothing was lost to a burst: {seen:?}");
}

#[test]
fn on_a_line_that_cannot_carry_the_picture_the_sound_is_whole() {
    let mut missing = 0;
    for (queue, seed) in (4..10).map(|seed| (ms(100), seed)).chain([(ms(1000), 4)]) {
        let mut sim = sim(seed);
        let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
        let poor = sim.viewer(STREAM, ViewerOptions::default(), near());
        let other = sim.viewer(STREAM, ViewerOptions::default(), near());
        sim.run(ms(5_000));
        sim.set_link(poor, narrow(300, queue));
        sim.run(ms(3_000));
        sim.reset_seen(poor);
        let requests = sim.key_frame_requests(publisher);
        sim.run(ms(60_000));
        let seen = sim.seen(poor).clone();
        missing += seen.missing_sound;
        assert!(
            sim.key_frame_requests(publisher) - requests <= 7,
            "{}",
            sim.key_frame_requests(publisher)
        );
        assert_undisturbed(&sim, other);
        sim.set_link(poor, near());
        sim.run(ms(15_000));
        sim.reset_seen(poor);
        sim.run(ms(5_000));
        let after = sim.seen(poor);
        assert!(
            after.frames >= 145 && after.missing_sound == 0,
            "all is well again: {after:?}"
        );
    }
    // Each try to show a picture costs some sound: 1.2 % in all.
    assert!(missing <= 7 * 36, "of 21,000: {missing}");
}

/// Three encodings of about 650, 290 and 145 kb/s.
fn simulcast() -> PublisherOptions {
    PublisherOptions {
        clip: Clip {
            packet_bytes: 300,
            ..Clip::default()
        },
        encodings: 3,
        ..PublisherOptions::default()
    }
}

#[test]
fn a_line_that_drops_costs_a_layer_within_two_seconds_and_gets_it_back() {
    for queue in [ms(50), ms(100), ms(200), ms(400), ms(1000)] {
        let mut sim = sim(7);
        sim.publisher(STREAM, simulcast(), near());
        let poor = sim.viewer(STREAM, ViewerOptions::default(), narrow(20_000, queue));
        let other = sim.viewer(STREAM, ViewerOptions::default(), near());
        sim.run(ms(8_000));
        assert_eq!(sim.seen(poor).encoding, 0, "{:?}", sim.seen(poor));
        sim.set_link(poor, narrow(300, queue));
        let dropped = sim.now();
        while sim.seen(poor).encoding != 2 && sim.now() - dropped < ms(10_000) {
            sim.run(ms(50));
        }
        let took = sim.now() - dropped;
        assert!(took <= ms(2_000), "{queue:?}: {took:?}: {:?}", sim.seen(poor));
        sim.run(ms(5_000));
        sim.reset_seen(poor);
        sim.run(ms(20_000));
        let seen = sim.seen(poor).clone();
        assert_eq!(seen.encoding, 2);
        assert!(
            seen.frames >= 590 && seen.missing_sound <= 10,
            "{queue:?}: it plays on: {seen:?}"
        );
        assert!(seen.delay < ms(300), "{queue:?}: {seen:?}");
        sim.set_link(poor, narrow(20_000, queue));
        sim.run(ms(15_000));
        assert_eq!(sim.seen(poor).encoding, 0, "{queue:?}: {:?}", sim.seen(poor));
        assert_eq!((sim.seen(poor).time_jumps_back, sim.seen(poor).nonce_reuses), (0, 0));
        assert_undisturbed(&sim, other);
    }
}

#[test]
fn who_stops_reading_for_ten_seconds_comes_back_with_a_key_frame() {
    let mut sim = sim(5);
    sim.publisher(STREAM, stubborn(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    let other = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(5_000));
    let before = sim.engine.counters().bytes_out;
    sim.stop(viewer);
    sim.run(ms(10_000));
    let to_both = sim.engine.counters().bytes_out - before;
    assert!(
        to_both < 10 * 2_700_000 / 8 * 14 / 10,
        "a deaf viewer is sent little: {to_both}"
    );
    sim.go_on(viewer);
    sim.reset_seen(viewer);
    sim.run(ms(6_000));
    let seen = sim.seen(viewer);
    assert!(seen.frames >= 100, "{seen:?}");
    assert!(seen.delay < ms(100), "{seen:?}");
    assert_eq!((seen.nonce_reuses, seen.time_jumps_back), (0, 0), "{seen:?}");
    assert_undisturbed(&sim, other);
}

#[test]
fn a_line_that_is_just_wide_enough_is_left_alone() {
    let mut sim = sim(8);
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    let radio = Link {
        jitter: ms(20),
        loss_per_mille: 10,
        ..narrow(4_000, ms(200))
    };
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), radio);
    sim.run(ms(60_000));
    let seen = sim.seen(viewer).clone();
    assert!(seen.frames >= 60 * 30 * 98 / 100, "{seen:?}");
    assert!(seen.longest_freeze < ms(600) && seen.missing_sound <= 3, "{seen:?}");
    let requests = sim.key_frame_requests(publisher);
    sim.set_link(viewer, narrow(500, ms(200)));
    sim.run(ms(1_000));
    sim.set_link(viewer, radio);
    sim.run(ms(8_000));
    sim.reset_seen(viewer);
    sim.run(ms(20_000));
    let seen = sim.seen(viewer);
    assert!(seen.frames >= 590, "a second of trouble is forgotten: {seen:?}");
    assert!(sim.key_frame_requests(publisher) - requests <= 2);
}

#[test]
fn a_large_key_frame_does_not_overflow_a_short_queue() {
    let mut sim = sim(6);
    let clip = Clip {
        packets_per_frame: 20,
        key_frame_interval: ms(2_000),
        ..Clip::default()
    };
    let options = PublisherOptions {
        clip,
        ..PublisherOptions::default()
    };
    sim.publisher(STREAM, options, near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), narrow(30_000, ms(16)));
    sim.run(ms(20_000));
    let seen = sim.seen(viewer);
    assert_eq!((seen.lost, seen.rtx_packets), (0, 0), "{seen:?}");
    assert!(seen.longest_freeze <= ms(70), "{seen:?}");
}
