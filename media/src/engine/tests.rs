//! The engine in a simulated world: what publishers and viewers notice.

use super::{AnswerError, CloseReason, DropReason, Event, IfMatch, PatchError, Patched, Verdict};
use crate::codec::{Codec, Kind};
use crate::forward::feed::Feed;
use crate::id::StreamId;
use crate::sim::{Clip, Link, PublisherOptions, Sim, ViewerOptions};
use std::time::{Duration, Instant};

pub(super) const STREAM: StreamId = StreamId(1);

pub(super) fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

#[expect(
    clippy::disallowed_methods,
    reason = "the start of virtual time; any instant will do"
)]
pub(super) fn sim(seed: u8) -> Sim {
    Sim::new(Instant::now(), seed, |_| {})
}

pub(super) fn near() -> Link {
    Link {
        delay: ms(1),
        ..Link::default()
    }
}

fn stubborn() -> PublisherOptions {
    PublisherOptions {
        ignores_requests: true,
        ..PublisherOptions::default()
    }
}

#[test]
fn a_viewer_sees_and_hears_the_class() {
    let mut sim = sim(1);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(5000));
    let seen = sim.seen(viewer);
    assert!((135..=150).contains(&seen.frames), "{seen:?}");
    assert!((235..=250).contains(&seen.audio_packets), "{seen:?}");
    assert_eq!(
        (seen.lost, seen.duplicates, seen.nonce_reuses, seen.time_jumps_back),
        (0, 0, 0, 0)
    );
    assert!(seen.longest_freeze <= ms(40), "{seen:?}");
}

#[test]
fn the_first_picture_is_there_at_once_though_key_frames_are_rare() {
    let mut sim = sim(2);
    sim.publisher(STREAM, stubborn(), near());
    sim.run(ms(8000));
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(4500));
    let seen = sim.seen(viewer);
    let wait = seen.first_frame.unwrap() - seen.connected.unwrap();
    assert!(wait < ms(50), "first picture after {wait:?}");
    assert!(seen.delay < ms(50), "the viewer is still {:?} behind", seen.delay);
    assert_eq!((seen.lost, seen.duplicates, seen.nonce_reuses), (0, 0, 0));
}

#[test]
fn a_viewer_who_comes_before_the_publisher_waits() {
    let mut sim = sim(3);
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(3000));
    assert_eq!(sim.seen(viewer).frames, 0);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.run(ms(1000));
    assert!(sim.seen(viewer).frames >= 25, "{:?}", sim.seen(viewer));
}

#[test]
fn lost_and_overtaken_packets_are_mended() {
    let mut sim = sim(4);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    let lossy = Link {
        delay: ms(25),
        jitter: ms(5),
        loss_per_mille: 30,
        ..Link::default()
    };
    let first = sim.viewer(STREAM, ViewerOptions::default(), lossy);
    let second = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(30_000));
    let seen = sim.seen(first);
    assert!(seen.frames >= 860, "{seen:?}");
    assert!(seen.rtx_packets > 100, "{seen:?}");
    assert!(seen.longest_freeze < ms(500), "{seen:?}");
    assert_eq!((seen.nonce_reuses, seen.duplicates), (0, 0), "{seen:?}");
    let undisturbed = sim.seen(second);
    assert!(
        undisturbed.longest_freeze <= ms(40) && undisturbed.rtx_packets == 0,
        "{undisturbed:?}"
    );
}

#[test]
fn what_a_publisher_loses_is_asked_for_again() {
    let mut sim = sim(5);
    let lossy = Link {
        delay: ms(20),
        jitter: ms(3),
        loss_per_mille: 20,
        ..Link::default()
    };
    sim.publisher(STREAM, stubborn(), lossy);
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(20_000));
    let seen = sim.seen(viewer);
    assert!(seen.frames >= 560, "{seen:?}");
    assert_eq!((seen.nonce_reuses, seen.duplicates), (0, 0), "{seen:?}");
    assert!(seen.longest_freeze < ms(500), "{seen:?}");
}

#[test]
fn viewers_outlive_a_publishers_restart() {
    let mut sim = sim(6);
    let first = sim.publisher(STREAM, PublisherOptions::default(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(3000));
    let ssrc = sim.seen(viewer).video_ssrc;
    sim.kill(first);
    sim.run(ms(1000));
    sim.reset_seen(viewer);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.run(ms(3000));
    let seen = sim.seen(viewer);
    assert!(seen.frames >= 80, "{seen:?}");
    assert!(seen.longest_freeze < ms(300), "{seen:?}");
    assert_eq!(seen.video_ssrc, ssrc);
    assert_eq!(
        (seen.lost, seen.duplicates, seen.nonce_reuses, seen.time_jumps_back),
        (0, 0, 0, 0),
        "{seen:?}"
    );
    let replaced = |e: &&Event| {
        matches!(
            e,
            Event::Closed {
                why: CloseReason::Replaced,
                ..
            }
        )
    };
    assert_eq!(sim.events.iter().filter(replaced).count(), 1);
}

#[test]
fn probes_of_the_publisher_are_not_loss() {
    let mut sim = sim(7);
    sim.publisher(
        STREAM,
        PublisherOptions {
            probes: true,
            ..PublisherOptions::default()
        },
        near(),
    );
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(4000));
    let seen = sim.seen(viewer);
    assert!(
        seen.frames >= 100 && seen.lost == 0 && seen.rtx_packets == 0,
        "{seen:?}"
    );
}

#[test]
fn many_joins_ask_the_publisher_for_few_key_frames() {
    let mut sim = sim(8);
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.run(ms(3500));
    let before = sim.key_frame_requests(publisher);
    let viewers: Vec<_> = (0..30)
        .map(|_| sim.viewer(STREAM, ViewerOptions::default(), near()))
        .collect();
    sim.run(ms(2000));
    assert!(viewers.iter().all(|&viewer| sim.seen(viewer).frames > 30));
    assert!(sim.key_frame_requests(publisher) - before <= 2);
}

#[test]
fn a_viewer_that_moves_keeps_its_picture() {
    let mut sim = sim(9);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(2000));
    sim.move_client(viewer);
    sim.reset_seen(viewer);
    sim.run(ms(3000));
    assert!(sim.seen(viewer).longest_freeze < ms(1000), "{:?}", sim.seen(viewer));
    assert!(sim.seen(viewer).frames > 60);
}

#[test]
fn media_goes_on_after_an_ice_restart_from_another_network() {
    let mut sim = sim(19);
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(2000));
    for client in [publisher, viewer] {
        sim.move_client(client);
        let patched = sim.restart_ice(client, IfMatch::Any, false);
        assert!(matches!(patched, Ok(Patched::Restarted { .. })), "{patched:?}");
    }
    sim.reset_seen(viewer);
    sim.run(ms(3000));
    let seen = sim.seen(viewer);
    assert!(seen.longest_freeze < ms(200) && seen.frames > 80, "{seen:?}");
    assert_eq!((seen.duplicates, seen.nonce_reuses), (0, 0));
}

#[test]
fn a_restart_that_fails_changes_nothing() {
    let mut sim = sim(20);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(2000));
    sim.restart_ice(viewer, IfMatch::Any, true).unwrap();
    sim.reset_seen(viewer);
    sim.run(ms(3000));
    assert!(sim.seen(viewer).longest_freeze < ms(50), "{:?}", sim.seen(viewer));
}

#[test]
fn entity_tags_guard_the_connection() {
    let mut sim = sim(21);
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(1000));
    let (now, peer) = (sim.now(), sim.peer(viewer).unwrap());
    assert_eq!(
        sim.restart_ice(viewer, IfMatch::Missing, false),
        Err(PatchError::Unconditional)
    );
    assert_eq!(
        sim.restart_ice(viewer, IfMatch::Tag("old"), false),
        Err(PatchError::Stale)
    );
    let Ok(Patched::Restarted { etag, .. }) = sim.restart_ice(viewer, IfMatch::Any, false) else {
        panic!()
    };
    let trickle = b"a=ice-ufrag:again\r\na=ice-pwd:againagainagainagainagain\r\na=end-of-candidates\r\n";
    assert_eq!(
        sim.engine.patch(now, peer, trickle, IfMatch::Tag(&etag)),
        Ok(Patched::Trickled)
    );
    assert_eq!(
        sim.engine.patch(now, peer, trickle, IfMatch::Missing),
        Ok(Patched::Trickled),
        "many clients do so"
    );
    let malformed = sim.engine.patch(now, peer, b"\0", IfMatch::Any);
    assert!(matches!(malformed, Err(PatchError::Fragment(_))), "{malformed:?}");
    assert!(sim.engine.close(now, peer));
    assert_eq!(
        sim.engine.patch(now, peer, trickle, IfMatch::Any),
        Err(PatchError::Unknown)
    );
}

#[test]
fn a_viewer_that_is_made_an_offer_sees_the_class() {
    let mut sim = sim(22);
    sim.publisher(STREAM, stubborn(), near());
    sim.run(ms(1000));
    let viewer = sim.offered_viewer(STREAM, ViewerOptions::default(), near(), ms(200));
    sim.run(ms(3000));
    let seen = sim.seen(viewer);
    assert!(seen.frames > 80 && seen.audio_packets > 100, "{seen:?}");
    assert_eq!((seen.lost, seen.nonce_reuses), (0, 0));
    let (now, peer) = (sim.now(), sim.peer(viewer).unwrap());
    let again = sim.engine.take_answer(now, peer, b"v=0", IfMatch::Missing);
    assert_eq!(again, Err(AnswerError::NotAwaited));
}

#[test]
fn an_offer_of_the_server_stands_for_half_a_minute() {
    let mut sim = sim(23);
    let offered = sim.engine.offer_view(sim.now(), STREAM).unwrap();
    let answer = |sim: &mut Sim, text: &[u8], tag| sim.engine.take_answer(sim.now(), offered.peer, text, tag);
    assert_eq!(answer(&mut sim, b"", IfMatch::Tag("other")), Err(AnswerError::Stale));
    let empty = answer(&mut sim, b"", IfMatch::Tag(&offered.etag));
    assert_eq!(empty.unwrap_err().to_string(), "The answer is empty.");
    sim.run(ms(29_000));
    assert_eq!(sim.engine.size().0, 1);
    sim.run(ms(3_000));
    assert_eq!(answer(&mut sim, b"", IfMatch::Missing), Err(AnswerError::Unknown));
}

#[test]
fn vp8_is_forwarded_too() {
    let mut sim = sim(10);
    let clip = Clip {
        codec: Codec::Vp8,
        ..Clip::default()
    };
    sim.publisher(
        STREAM,
        PublisherOptions {
            clip,
            ..PublisherOptions::default()
        },
        near(),
    );
    let viewer = sim.viewer(
        STREAM,
        ViewerOptions {
            codec: Codec::Vp8,
            nacks: true,
            ..ViewerOptions::default()
        },
        near(),
    );
    let other = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(2000));
    assert!(sim.seen(viewer).frames > 50);
    let seen = sim.seen(other);
    assert!(
        seen.frames == 0 && seen.audio_packets > 90,
        "who cannot decode the picture still hears: {seen:?}"
    );
}

#[test]
fn garbage_is_counted_and_does_no_harm() {
    let mut sim = sim(11);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(1000));
    let stranger = ([203, 0, 113, 9], 9).into();
    for (bytes, why) in [
        (&mut [][..], DropReason::Malformed),
        (&mut [0xff; 50][..], DropReason::Malformed),
        (&mut [0x80; 50][..], DropReason::Unknown),
        (&mut [22; 50][..], DropReason::Unknown),
        (&mut [0; 50][..], DropReason::Malformed),
        (&mut [0x80; 4000][..], DropReason::Malformed),
    ] {
        assert_eq!(sim.inject(stranger, bytes), Verdict::Dropped(why), "{bytes:?}");
    }
    let known = ([198, 51, 0, 0], 40_000).into();
    for first in [22u8, 0x80, 0x81] {
        let mut bytes = [first; 60];
        bytes[1] = if first == 0x81 { 201 } else { 96 };
        sim.inject(known, &mut bytes);
    }
    sim.run(ms(1000));
    assert!(sim.seen(viewer).frames > 50, "{:?}", sim.seen(viewer));
}

#[test]
fn an_ended_stream_leaves_nothing() {
    let mut sim = sim(12);
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(1000));
    assert_eq!(sim.engine.size(), (2, 1, 1));
    let (now, peer) = (sim.now(), sim.peer(publisher).unwrap());
    assert!(sim.engine.close(now, peer));
    assert!(!sim.engine.close(now, peer), "a second time there is nothing to close");
    sim.engine.end(now, STREAM);
    assert_eq!(sim.engine.size(), (0, 0, 0));
    sim.run(ms(1000));
    let ends = sim.events.iter().filter(|e| matches!(e, Event::Closed { .. })).count();
    assert_eq!(ends, 2);
}

#[test]
fn silent_peers_are_removed_within_half_a_minute() {
    let mut sim = sim(13);
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.run(ms(1000));
    sim.kill(viewer);
    sim.run(ms(28_000));
    assert_eq!(sim.engine.size().2, 0);
    assert!(sim.events.iter().any(|e| matches!(
        e,
        Event::Closed {
            why: CloseReason::Silent,
            ..
        }
    )));
}

#[test]
fn offers_that_never_connect_are_bounded() {
    #[expect(
        clippy::disallowed_methods,
        reason = "the start of virtual time; any instant will do"
    )]
    let mut sim = Sim::new(Instant::now(), 14, |config| config.max_unconnected = 10);
    sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.run(ms(1000));
    for _ in 0..30 {
        let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
        sim.kill(viewer);
    }
    assert_eq!(sim.engine.size().0, 11, "ten that wait, and the publisher");
    sim.run(ms(33_000));
    assert_eq!(sim.engine.size().0, 1);
}

#[test]
fn two_shards_share_a_stream() {
    let mut origin = sim(15);
    #[expect(
        clippy::disallowed_methods,
        reason = "the start of virtual time; any instant will do"
    )]
    let mut edge = Sim::new(Instant::now(), 16, |config| config.shard = 1);
    origin.publisher(STREAM, stubborn(), near());
    origin.run(ms(4000));
    let viewer = edge.viewer(STREAM, ViewerOptions::default(), near());
    let now = origin.now();
    for feed in origin.engine.subscribe(now, STREAM) {
        edge.engine.handle_relayed(edge.now(), STREAM, &feed);
    }
    for _ in 0..4000 {
        origin.run(ms(1));
        for (stream, feed) in origin.feeds.drain(..) {
            edge.engine.handle_relayed(edge.now(), stream, &feed);
        }
        edge.run(ms(1));
    }
    let seen = edge.seen(viewer);
    assert!(
        seen.frames > 180,
        "since the key frame, four seconds before it came: {seen:?}"
    );
    assert_eq!((seen.lost, seen.duplicates, seen.nonce_reuses), (0, 0, 0), "{seen:?}");
    assert!(seen.longest_freeze < ms(100), "{seen:?}");
}

#[test]
fn a_check_for_another_shard_is_passed_on() {
    let mut sim = sim(17);
    let mut check = vec![];
    let key = crate::wire::stun::integrity_key("x");
    crate::wire::stun::write_request("Daaaaaaa:x", false, [0; 12], &key, &mut check);
    let from = ([203, 0, 113, 9], 9).into();
    assert_eq!(sim.inject(from, &mut check), Verdict::Foreign(3));
    assert_eq!(
        sim.inject(from, &mut [22; 30]),
        Verdict::Foreign(3),
        "and so is what follows from there"
    );
}

#[test]
fn a_recorder_hears_of_everything_in_order() {
    let mut sim = sim(18);
    let now = sim.now();
    assert!(sim.engine.subscribe(now, STREAM).is_empty());
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.run(ms(3000));
    let now = sim.now();
    sim.engine.close(now, sim.peer(publisher).unwrap());
    sim.engine.end(now, STREAM);
    sim.run(ms(10));
    let mut known = vec![];
    let mut last = [0u64; 2];
    let (mut reports, mut ended) = (0, false);
    for (_, feed) in &sim.feeds {
        match feed {
            Feed::Track { track, .. } => known.push(*track),
            Feed::Packets { track, batch } => {
                assert!(known.contains(track), "packets of a track that was not announced");
                for packet in batch.packets() {
                    let last = &mut last[usize::from(track.0)];
                    assert!(*last == 0 || packet.meta.seq == *last + 1, "a hole without loss");
                    *last = packet.meta.seq;
                }
            }
            Feed::SenderReport { .. } => reports += 1,
            Feed::Ended => ended = true,
            Feed::PublisherGone | Feed::Shape { .. } => {}
        }
    }
    assert!(known.len() == 2 && reports >= 4 && ended, "{known:?} {reports} {ended}");
    assert_eq!(Codec::H264.kind(), Kind::Video);
}
