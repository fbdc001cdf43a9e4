//! Layers in a simulated world: what viewers of a simulcast publisher notice.

use super::LayerChoice;
use super::tests::{STREAM, ms, near, sim};
use crate::codec::Codec;
use crate::id::PeerId;
use crate::sim::{ClientId, Clip, Link, PublisherOptions, RIDS, Seen, Sim, ViewerOptions};

fn simulcast(codec: Codec) -> PublisherOptions {
    PublisherOptions {
        clip: Clip {
            codec,
            ..Clip::default()
        },
        encodings: 3,
        ..PublisherOptions::default()
    }
}

fn viewing(codec: Codec) -> ViewerOptions {
    ViewerOptions {
        codec,
        ..ViewerOptions::default()
    }
}

fn pin(encoding: &str) -> LayerChoice {
    LayerChoice {
        encoding_id: Some(encoding.to_owned()),
        ..LayerChoice::default()
    }
}

fn choose(sim: &mut Sim, viewer: ClientId, choice: LayerChoice) -> bool {
    let (now, peer) = (sim.now(), sim.peer(viewer).unwrap_or(PeerId(0)));
    sim.engine.choose_layer(now, peer, choice)
}

/// What must hold whatever is switched and lost.
fn assert_sound(seen: &Seen) {
    let never = (
        seen.nonce_reuses,
        seen.duplicates,
        seen.time_jumps_back,
        seen.undecodable,
        seen.picture_id_jumps,
    );
    assert_eq!(never, (0, 0, 0, 0, 0), "{seen:?}");
}

#[test]
fn the_best_of_three_encodings_is_sent_and_each_can_be_chosen() {
    for codec in [Codec::H264, Codec::Vp8] {
        let mut sim = sim(1);
        let publisher = sim.publisher(STREAM, simulcast(codec), near());
        let viewer = sim.viewer(STREAM, viewing(codec), near());
        let other = sim.viewer(STREAM, viewing(codec), near());
        sim.run(ms(3000));
        let layers = sim.engine.layers(STREAM);
        let names: Vec<&str> = layers.iter().map(|layer| layer.encoding_id.as_str()).collect();
        assert_eq!(names, RIDS, "best first");
        assert!(
            layers.iter().all(|layer| layer.is_active) && layers[0].bitrate_bps > 2_000_000,
            "{layers:?}"
        );
        assert_eq!(sim.seen(viewer).encoding, 0);
        for (encoding, name) in RIDS.iter().enumerate().rev() {
            assert!(choose(&mut sim, viewer, pin(name)));
            sim.run(ms(1000));
            assert_eq!(usize::from(sim.seen(viewer).encoding), encoding);
        }
        assert!(!choose(&mut sim, viewer, pin("x")), "there is no such encoding");
        assert!(!choose_for_publisher(&mut sim, publisher), "a publisher is no viewer");
        assert!(choose(
            &mut sim,
            viewer,
            LayerChoice {
                lowest: true,
                ..LayerChoice::default()
            }
        ));
        sim.run(ms(1000));
        assert_eq!(sim.seen(viewer).encoding, 2);
        assert!(choose(&mut sim, viewer, LayerChoice::default()));
        sim.run(ms(1000));
        assert_eq!(sim.seen(viewer).encoding, 0);
        let seen = sim.seen(viewer);
        assert_sound(seen);
        assert!(seen.longest_freeze <= ms(70) && seen.lost == 0, "{seen:?}");
        let seen = sim.seen(other);
        assert_sound(seen);
        assert!(
            seen.longest_freeze <= ms(70) && seen.frames_of[1] + seen.frames_of[2] < 30,
            "{seen:?}"
        );
    }
}

fn choose_for_publisher(sim: &mut Sim, publisher: ClientId) -> bool {
    choose(sim, publisher, LayerChoice::default())
}

#[test]
fn when_the_publisher_suspends_an_encoding_its_viewers_go_on_with_the_next() {
    let mut sim = sim(2);
    let publisher = sim.publisher(STREAM, simulcast(Codec::H264), near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    let watches_low = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(1000));
    assert!(choose(&mut sim, watches_low, pin("l")));
    sim.run(ms(2000));
    sim.reset_seen(watches_low);
    sim.suspend(publisher, 0, true);
    sim.run(ms(3000));
    let seen = sim.seen(viewer);
    assert_eq!(seen.encoding, 1);
    assert!(seen.longest_freeze < ms(900), "{seen:?}");
    assert_sound(seen);
    assert!(!sim.engine.layers(STREAM)[0].is_active || sim.engine.layers(STREAM)[0].encoding_id != "h");
    sim.suspend(publisher, 0, false);
    sim.run(ms(3000));
    assert_eq!(sim.seen(viewer).encoding, 0);
    assert_sound(sim.seen(viewer));
    let low = sim.seen(watches_low);
    assert!(low.longest_freeze <= ms(40), "nobody else notices: {low:?}");
}

#[test]
fn a_publisher_may_come_back_with_other_encodings() {
    let mut sim = sim(3);
    let viewers: Vec<_> = (0..3)
        .map(|_| sim.viewer(STREAM, viewing(Codec::Vp8), near()))
        .collect();
    for (round, encodings) in [3, 1, 2, 3, 0].into_iter().enumerate() {
        let options = PublisherOptions {
            encodings,
            ..simulcast(Codec::Vp8)
        };
        let publisher = sim.publisher(STREAM, options, near());
        sim.run(ms(1500));
        choose(&mut sim, viewers[1], pin("l"));
        choose(&mut sim, viewers[2], pin("m"));
        sim.run(ms(2500));
        sim.kill(publisher);
        for &viewer in &viewers {
            let seen = sim.seen(viewer);
            assert_sound(seen);
            assert!(seen.frames >= 85 && seen.lost == 0, "round {round}: {seen:?}");
            sim.reset_seen(viewer);
        }
    }
}

#[test]
fn whatever_is_switched_lost_and_restarted_the_numbers_go_on() {
    for seed in 10..18 {
        let codec = if seed % 2 == 0 { Codec::Vp8 } else { Codec::H264 };
        let mut sim = sim(seed);
        let lossy = Link {
            delay: ms(20),
            jitter: ms(4),
            loss_per_mille: 20,
            ..Link::default()
        };
        let mut publisher = sim.publisher(STREAM, simulcast(codec), lossy);
        let links = [near(), lossy, near()];
        let viewers: Vec<_> = links.map(|link| sim.viewer(STREAM, viewing(codec), link)).to_vec();
        let mut dice = u32::from(seed);
        let mut roll = move |sides: u32| {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (dice >> 16) % sides
        };
        sim.run(ms(1000));
        for step in 0..60 {
            sim.run(ms(u64::from(roll(400)) + 50));
            let viewer = viewers[(roll(3) % 3) as usize];
            let choice = match roll(5) {
                0 => LayerChoice::default(),
                1 => LayerChoice {
                    lowest: true,
                    ..LayerChoice::default()
                },
                n => pin(RIDS[(n % 3) as usize]),
            };
            choose(&mut sim, viewer, choice);
            if step % 7 == 3 {
                sim.suspend(publisher, (roll(3) % 3) as usize, roll(2) == 0);
            }
            if step % 20 == 19 {
                sim.kill(publisher);
                publisher = sim.publisher(STREAM, simulcast(codec), lossy);
            }
        }
        for &viewer in &viewers {
            let seen = sim.seen(viewer);
            assert_sound(seen);
            assert!(seen.frames > 200, "seed {seed}: {seen:?}");
        }
    }
}

#[test]
fn temporal_layers_are_left_out_and_taken_in_again_without_a_key_frame() {
    let mut sim = sim(30);
    let options = PublisherOptions {
        encodings: 0,
        temporal_layers: 3,
        ignores_requests: true,
        ..simulcast(Codec::Vp8)
    };
    sim.publisher(STREAM, options, near());
    let viewer = sim.viewer(STREAM, viewing(Codec::Vp8), near());
    let other = sim.viewer(STREAM, viewing(Codec::Vp8), near());
    sim.run(ms(2500));
    let few = LayerChoice {
        max_temporal: Some(0),
        ..LayerChoice::default()
    };
    for _ in 0..3 {
        assert!(choose(&mut sim, viewer, few.clone()));
        sim.run(ms(200));
        sim.reset_seen(viewer);
        sim.run(ms(2000));
        let seen = sim.seen(viewer);
        assert_sound(seen);
        assert!(
            (13..=17).contains(&seen.frames) && seen.lost == 0,
            "a quarter of them: {seen:?}"
        );
        assert!(choose(&mut sim, viewer, LayerChoice::default()));
        sim.run(ms(400));
        sim.reset_seen(viewer);
        sim.run(ms(1000));
        let seen = sim.seen(viewer);
        assert_sound(seen);
        assert!(
            (29..=31).contains(&seen.frames) && seen.lost == 0,
            "all of them: {seen:?}"
        );
    }
    assert!(sim.seen(other).longest_freeze <= ms(40), "nobody else notices");
}

/// Which encodings a publisher is asked to repeat packets of in the next seconds, after some for going over to them.
fn repeated(sim: &mut Sim, publisher: ClientId) -> Vec<bool> {
    sim.run(ms(4000));
    let before = sim.repeats_asked(publisher);
    sim.run(ms(8000));
    let asked = sim.repeats_asked(publisher).into_iter().zip(before);
    asked.map(|(after, before)| after > before).collect()
}

#[test]
fn only_what_somebody_gets_is_asked_for_again() {
    let mut sim = sim(31);
    let lossy = Link {
        delay: ms(10),
        loss_per_mille: 30,
        ..Link::default()
    };
    let publisher = sim.publisher(STREAM, simulcast(Codec::H264), lossy);
    assert_eq!(
        repeated(&mut sim, publisher),
        [true, false, false],
        "what the next viewer will begin with"
    );
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    for (name, asked) in [("m", [false, true, false]), ("l", [false, false, true])] {
        sim.run(ms(1000));
        assert!(choose(&mut sim, viewer, pin(name)));
        assert_eq!(repeated(&mut sim, publisher), asked, "{name}");
        assert_sound(sim.seen(viewer));
    }
    let now = sim.now();
    sim.engine.subscribe(now, STREAM);
    assert_eq!(repeated(&mut sim, publisher), [true; 3], "a recorder takes all");
    sim.engine.unsubscribe(STREAM);
    assert_eq!(repeated(&mut sim, publisher), [false, false, true]);
}

#[test]
fn key_frames_are_asked_for_as_long_as_somebody_waits_for_them() {
    let mut sim = sim(32);
    let options = PublisherOptions {
        ignores_requests: true,
        ..simulcast(Codec::H264)
    };
    let publisher = sim.publisher(STREAM, options, near());
    let viewer = sim.viewer(STREAM, ViewerOptions::default(), near());
    sim.run(ms(1500));
    assert_eq!(sim.key_frame_requests(publisher), 0);
    assert!(choose(&mut sim, viewer, pin("l")));
    sim.run(ms(2500));
    let asked = sim.key_frame_requests(publisher);
    assert!(asked >= 2, "it waits for the smallest: {asked}");
    assert!(choose(&mut sim, viewer, pin("h")));
    sim.run(ms(4000));
    assert_eq!(sim.key_frame_requests(publisher), asked, "nobody waits any more");
}

#[test]
fn a_class_costs_what_its_viewers_are_sent() {
    let mut sim = sim(33);
    let publisher = sim.publisher(STREAM, PublisherOptions::default(), near());
    let cost = |sim: &Sim| sim.engine.costs().collect::<Vec<_>>();
    assert_eq!(cost(&sim), [], "nothing comes yet");
    sim.run(ms(4000));
    let [(STREAM, with_picture)] = cost(&sim)[..] else {
        panic!("{:?}", cost(&sim))
    };
    // Nine packets in each of 30 pictures and 50 of sound.
    assert!((290..=350).contains(&with_picture), "{with_picture}");
    sim.suspend(publisher, 0, true);
    sim.run(ms(4000));
    assert_eq!(cost(&sim), [(STREAM, 50)], "sound alone");
}
