//! Another publisher, in virtual time: viewers see its picture at once, and their players have no reason to wait longer
//! than before. A player waits where packets come later than their timestamps say, and where sound and picture are told
//! to be further apart.

use super::Event;
use super::tests::{STREAM, ms, near, sim};
use crate::codec::Codec;
use crate::sim::{Clip, PublisherOptions, ViewerOptions};
use std::time::Duration;

/// What a player's delay may differ by after a change.
const TOLERANCE_MS: f64 = 20.0;

fn viewer() -> ViewerOptions {
    ViewerOptions {
        red: false,
        ..ViewerOptions::default()
    }
}

/// Publishers as they are met: with a clock of another day, with an encoder that takes its time, with another pace.
fn second_publishers() -> [PublisherOptions; 4] {
    let usual = PublisherOptions::default();
    [
        usual,
        PublisherOptions {
            clock_ahead: Duration::from_secs(86_400),
            ..usual
        },
        PublisherOptions {
            first_picture_late: ms(140),
            ..usual
        },
        PublisherOptions {
            clock_ahead: Duration::from_secs(100),
            first_picture_late: ms(300),
            skew_ppm: 100,
            clip: Clip {
                packets_per_frame: 3,
                ..Clip::default()
            },
            ..usual
        },
    ]
}

#[test]
fn after_a_change_of_publisher_every_delay_is_what_it_was() {
    for (number, second) in second_publishers().into_iter().enumerate() {
        for was_killed in [false, true] {
            let mut sim = sim(11);
            let first = PublisherOptions {
                first_picture_late: ms(100),
                ..PublisherOptions::default()
            };
            let first = sim.publisher(STREAM, first, near());
            sim.run(ms(300));
            let viewer = sim.viewer(STREAM, viewer(), near());
            sim.run(ms(10_000));
            let before = sim.timing(viewer);
            if was_killed {
                sim.kill(first);
                sim.run(ms(2_000));
            }
            sim.publisher(STREAM, second, near());
            sim.run(ms(5_000));
            let after = sim.timing(viewer);
            let what = format!("publisher {number}, killed: {was_killed}");
            for (name, before, after) in [
                ("sound", Some(before.sound_lag_ms), Some(after.sound_lag_ms)),
                ("picture", Some(before.picture_lag_ms), Some(after.picture_lag_ms)),
                ("picture to sound", before.skew_ms, after.skew_ms),
            ] {
                let moved = after.zip(before).map(|(after, before)| after - before);
                assert!(
                    moved.is_some_and(|moved| moved.abs() <= TOLERANCE_MS),
                    "{what}: {name} {before:?} -> {after:?} ms"
                );
            }
            assert_eq!(sim.seen(viewer).time_jumps_back, 0, "{what}");
        }
    }
}

#[test]
fn the_new_picture_is_there_with_the_new_publishers_first_packets() {
    for second in second_publishers() {
        let mut sim = sim(12);
        let first = sim.publisher(STREAM, PublisherOptions::default(), near());
        let viewer = sim.viewer(STREAM, viewer(), near());
        sim.run(ms(3_000));
        sim.kill(first);
        sim.run(ms(500));
        let frames = sim.seen(viewer).frames;
        sim.events.clear();
        sim.publisher(STREAM, second, near());
        while !sim.events.iter().any(|event| matches!(event, Event::Connected { .. })) {
            sim.run(ms(1));
        }
        let began = sim.now();
        while sim.seen(viewer).frames == frames && sim.now() - began < ms(2_000) {
            sim.run(ms(1));
        }
        let took = sim.now() - began;
        assert!(took <= second.first_picture_late + ms(150), "{took:?}: {second:?}");
    }
}

/// A publisher of this codec; AV1 says more in its packets' headers, and VP8 in its payloads.
fn coded(codec: Codec) -> PublisherOptions {
    PublisherOptions {
        clip: Clip {
            codec,
            ..Clip::default()
        },
        first_picture_late: ms(40),
        ..PublisherOptions::default()
    }
}

#[test]
fn after_a_change_of_codec_the_picture_is_there_at_once_and_every_delay_is_what_it_was() {
    let order = [Codec::H264, Codec::Vp8, Codec::Av1, Codec::Vp9, Codec::Av1, Codec::H264];
    for was_killed in [false, true] {
        let mut sim = sim(13);
        let mut publisher = sim.publisher(STREAM, coded(Codec::H264), near());
        let viewer = sim.viewer(
            STREAM,
            ViewerOptions {
                plays_all: true,
                ..viewer()
            },
            near(),
        );
        sim.run(ms(8_000));
        let before = sim.timing(viewer);
        for codec in order.into_iter().skip(1) {
            let what = format!("to {codec:?}, killed: {was_killed}");
            if was_killed {
                sim.kill(publisher);
                sim.run(ms(700));
            }
            sim.events.clear();
            publisher = sim.publisher(STREAM, coded(codec), near());
            while !sim.events.iter().any(|event| matches!(event, Event::Connected { .. })) {
                sim.run(ms(1));
            }
            let began = sim.now();
            while sim.seen(viewer).codec != Some(codec) && sim.now() - began < ms(2_000) {
                sim.run(ms(1));
            }
            let took = sim.now() - began;
            assert!(took <= ms(40 + 150), "{what}: {took:?}");
            sim.run(ms(5_000));
            let after = sim.timing(viewer);
            for (name, before, after) in [
                ("sound", Some(before.sound_lag_ms), Some(after.sound_lag_ms)),
                ("picture", Some(before.picture_lag_ms), Some(after.picture_lag_ms)),
                ("picture to sound", before.skew_ms, after.skew_ms),
            ] {
                let moved = after.zip(before).map(|(after, before)| (after - before).abs());
                assert!(
                    moved.is_some_and(|moved| moved <= TOLERANCE_MS),
                    "{what}: {name} {before:?} -> {after:?} ms"
                );
            }
            let seen = sim.seen(viewer);
            let never = [
                seen.lost,
                seen.nonce_reuses,
                seen.time_jumps_back,
                seen.undecodable,
                seen.picture_id_jumps,
                seen.undescribed,
            ];
            assert_eq!(never, [0; 6], "{what}: {seen:?}");
        }
    }
}

/// How often viewers were told of as having their first picture, by viewer.
fn first_pictures(events: &[Event]) -> usize {
    events
        .iter()
        .filter(|event| matches!(event, Event::FirstPicture { .. }))
        .count()
}

#[test]
fn a_viewer_of_a_running_picture_is_told_of_once_when_it_has_the_first_of_it() {
    let mut sim = sim(14);
    let early = sim.viewer(STREAM, viewer(), near());
    sim.run(ms(500));
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.run(ms(3_000));
    assert!(sim.seen(early).frames > 0);
    assert_eq!(first_pictures(&sim.events), 0, "there was nothing to see when it came");

    let late = sim.viewer(STREAM, viewer(), near());
    while first_pictures(&sim.events) == 0 {
        assert_eq!(sim.seen(late).frames, 0, "it is told of with the first packet");
        sim.run(ms(1));
    }
    sim.run(ms(200));
    assert!(sim.seen(late).frames > 0);
    sim.kill(publisher);
    sim.run(ms(5_000));
    sim.viewer(STREAM, viewer(), near());
    sim.run(ms(500));
    sim.publisher(STREAM, PublisherOptions::default(), near());
    sim.run(ms(3_000));
    assert_eq!(first_pictures(&sim.events), 1, "once, and not who came into a pause");
}
