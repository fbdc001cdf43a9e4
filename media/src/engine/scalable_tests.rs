//! Several sizes inside one stream (VP9, AV1) in a simulated world: each viewer is sent the largest that fits or the one
//! that it pins, and decodes all that it is sent.

use super::tests::{STREAM, ms, near, sim};
use super::{Event, LayerChoice, LayerInfo};
use crate::codec::Codec;
use crate::sim::{ClientId, Clip, Link, PublisherOptions, Seen, Sim, ViewerOptions};

/// Three sizes; with `independent_layers` as browsers send them that were asked for `L3T1_KEY`.
fn three_sizes(codec: Codec, independent_layers: bool) -> PublisherOptions {
    PublisherOptions {
        clip: Clip {
            codec,
            ..Clip::default()
        },
        spatial_layers: 3,
        independent_layers,
        ..PublisherOptions::default()
    }
}

const STREAMS: [(Codec, bool); 3] = [(Codec::Vp9, false), (Codec::Av1, false), (Codec::Av1, true)];

fn viewing(codec: Codec) -> ViewerOptions {
    ViewerOptions {
        codec,
        ..ViewerOptions::default()
    }
}

fn size(spatial: u8) -> LayerChoice {
    LayerChoice {
        max_spatial: Some(spatial),
        ..LayerChoice::default()
    }
}

fn choose(sim: &mut Sim, viewer: ClientId, choice: LayerChoice) {
    let (now, peer) = (sim.now(), sim.peer(viewer).expect("it has posted its offer"));
    assert!(sim.engine.choose_layer(now, peer, choice));
}

/// What must hold whatever is switched and lost.
fn assert_sound(seen: &Seen) {
    let never = [
        seen.nonce_reuses,
        seen.duplicates,
        seen.time_jumps_back,
        seen.undecodable,
        seen.picture_id_jumps,
        seen.undescribed,
    ];
    assert_eq!(never, [0; 6], "{seen:?}");
}

#[test]
fn the_largest_size_is_sent_and_each_can_be_pinned() {
    for (codec, independent) in STREAMS {
        let mut sim = sim(40);
        sim.publisher(STREAM, three_sizes(codec, independent), near());
        let viewer = sim.viewer(STREAM, viewing(codec), near());
        let other = sim.viewer(STREAM, viewing(codec), near());
        sim.run(ms(3000));
        assert_eq!(sim.seen(viewer).spatial, 2, "{codec:?}");
        let mut bytes = vec![];
        for spatial in [0, 2, 1, 0, 1, 2] {
            choose(&mut sim, viewer, size(spatial));
            sim.run(ms(300));
            sim.reset_seen(viewer);
            sim.run(ms(1000));
            let seen = sim.seen(viewer);
            assert_sound(seen);
            assert_eq!(seen.spatial, spatial, "{codec:?}, independent: {independent}");
            assert!((29..=31).contains(&seen.frames) && seen.lost == 0, "{seen:?}");
            bytes.push(seen.bytes);
        }
        assert!(
            bytes[0] * 3 < bytes[2] * 2 && bytes[2] * 3 < bytes[1] * 2,
            "smaller is less: {bytes:?}"
        );
        choose(&mut sim, viewer, LayerChoice::default());
        sim.run(ms(1000));
        assert_eq!(sim.seen(viewer).spatial, 2, "{codec:?}");
        let seen = sim.seen(other);
        assert_sound(seen);
        assert!(
            seen.longest_freeze <= ms(70) && seen.spatial == 2,
            "nobody else notices: {seen:?}"
        );
    }
}

#[test]
fn sizes_are_told_where_the_publisher_tells_them() {
    let mut sim = sim(41);
    sim.publisher(STREAM, three_sizes(Codec::Av1, true), near());
    let viewer = sim.viewer(STREAM, viewing(Codec::Av1), near());
    sim.run(ms(1000));
    let told = |layer: &LayerInfo| (layer.spatial, layer.width, layer.height);
    let layers: Vec<_> = sim.engine.layers(STREAM).iter().map(told).collect();
    assert_eq!(
        layers,
        [
            (Some(2), Some(1280), Some(720)),
            (Some(1), Some(640), Some(360)),
            (Some(0), Some(320), Some(180))
        ]
    );
    let no_wider = LayerChoice {
        max_width: Some(700),
        ..LayerChoice::default()
    };
    choose(&mut sim, viewer, no_wider);
    sim.run(ms(1000));
    assert_eq!(sim.seen(viewer).spatial, 1);
}

#[test]
fn who_takes_no_descriptors_is_sent_the_smallest_of_av1_and_all_of_vp9() {
    for (codec, spatial) in [(Codec::Av1, 0), (Codec::Vp9, 2)] {
        let mut sim = sim(42);
        sim.publisher(STREAM, three_sizes(codec, false), near());
        let options = ViewerOptions {
            descriptors: false,
            ..viewing(codec)
        };
        let viewer = sim.viewer(STREAM, options, near());
        sim.run(ms(1000));
        sim.reset_seen(viewer);
        sim.run(ms(2000));
        choose(&mut sim, viewer, size(2));
        sim.run(ms(1000));
        let seen = sim.seen(viewer);
        assert_sound(seen);
        assert!(seen.spatial == spatial && seen.frames > 85, "{codec:?}: {seen:?}");
    }
}

#[test]
fn a_line_that_narrows_takes_its_viewer_down_a_size_and_up_again() {
    for (codec, independent) in STREAMS {
        let mut sim = sim(43);
        sim.publisher(STREAM, three_sizes(codec, independent), near());
        let narrow = |rate_bps| Link {
            delay: ms(20),
            rate_bps: Some(rate_bps),
            queue: ms(300),
            ..Link::default()
        };
        let viewer = sim.viewer(STREAM, viewing(codec), narrow(8_000_000));
        let other = sim.viewer(STREAM, viewing(codec), near());
        sim.run(ms(8000));
        assert_eq!(sim.seen(viewer).spatial, 2, "{codec:?}");
        sim.set_link(viewer, narrow(1_500_000));
        sim.run(ms(6000));
        assert!(sim.seen(viewer).spatial < 2, "{codec:?}: {:?}", sim.seen(viewer));
        sim.reset_seen(viewer);
        sim.run(ms(4000));
        let seen = sim.seen(viewer);
        assert!(seen.longest_freeze < ms(500), "{codec:?}: {seen:?}");
        sim.set_link(viewer, narrow(8_000_000));
        sim.run(ms(20_000));
        let seen = sim.seen(viewer);
        assert_eq!(seen.spatial, 2, "{codec:?}, independent: {independent}: {seen:?}");
        assert_sound(seen);
        assert!(
            sim.seen(other).longest_freeze <= ms(70),
            "{codec:?}: nobody else notices"
        );
    }
}

#[test]
fn whatever_is_switched_lost_and_restarted_every_picture_can_be_decoded() {
    for seed in 44..50 {
        let (codec, independent) = STREAMS[usize::from(seed) % STREAMS.len()];
        let mut sim = sim(seed);
        let lossy = Link {
            delay: ms(20),
            jitter: ms(4),
            loss_per_mille: 20,
            ..Link::default()
        };
        let options = three_sizes(codec, independent);
        let mut publisher = sim.publisher(STREAM, options, lossy);
        let viewers = [near(), lossy, near()].map(|link| sim.viewer(STREAM, viewing(codec), link));
        let mut dice = u32::from(seed);
        let mut roll = move |sides: u32| {
            dice = dice.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (dice >> 16) % sides
        };
        sim.run(ms(1000));
        for step in 0..60 {
            sim.run(ms(u64::from(roll(400)) + 50));
            let viewer = viewers[roll(3) as usize];
            let choice = match roll(5) {
                0 => LayerChoice::default(),
                1 => LayerChoice {
                    lowest: true,
                    ..LayerChoice::default()
                },
                n => size((n % 3) as u8),
            };
            choose(&mut sim, viewer, choice);
            if step % 20 == 19 {
                sim.kill(publisher);
                publisher = sim.publisher(STREAM, options, lossy);
            }
        }
        for viewer in viewers {
            let seen = sim.seen(viewer);
            assert_sound(seen);
            assert!(seen.frames > 200, "seed {seed}: {seen:?}");
        }
    }
}

/// A publisher on one shard, and viewers on another.
struct Shards {
    origin: Sim,
    edge: Sim,
}

impl Shards {
    /// With two viewers.
    fn new(seed: u8, options: PublisherOptions) -> (Shards, [ClientId; 2]) {
        let mut origin = sim(seed);
        origin.publisher(STREAM, options, near());
        origin.run(ms(1500));
        let mut edge = Sim::new(origin.now(), seed + 1, |config| config.shard = 1);
        let viewers = [0; 2].map(|_| edge.viewer(STREAM, viewing(options.clip.codec), near()));
        let now = origin.now();
        for feed in origin.engine.subscribe(now, STREAM) {
            edge.engine.handle_relayed(now, STREAM, &feed);
        }
        (Shards { origin, edge }, viewers)
    }

    fn run(&mut self, ms_to_run: u64) {
        for _ in 0..ms_to_run {
            self.origin.run(ms(1));
            for (stream, feed) in self.origin.feeds.drain(..) {
                self.edge.engine.handle_relayed(self.edge.now(), stream, &feed);
            }
            self.edge.run(ms(1));
            for event in self.edge.events.drain(..) {
                if let Event::KeyFrameWanted { stream, track } = event {
                    let now = self.origin.now();
                    self.origin.engine.request_key_frame(now, stream, track);
                }
            }
        }
    }
}

#[test]
fn sizes_inside_a_stream_are_chosen_on_every_shard() {
    for (codec, independent) in STREAMS {
        let (mut shards, [viewer, other]) = Shards::new(60, three_sizes(codec, independent));
        shards.run(2500);
        assert_eq!(shards.edge.engine.layers(STREAM), shards.origin.engine.layers(STREAM));
        for spatial in [2, 0, 1, 2, 0] {
            choose(&mut shards.edge, viewer, size(spatial));
            shards.run(300);
            shards.edge.reset_seen(viewer);
            shards.run(1000);
            let seen = shards.edge.seen(viewer);
            assert_sound(seen);
            assert_eq!(seen.spatial, spatial, "{codec:?}, independent: {independent}");
            assert!(
                (29..=31).contains(&seen.frames) && seen.lost == 0,
                "{codec:?}: {seen:?}"
            );
        }
        let seen = shards.edge.seen(other);
        assert_sound(seen);
        assert!(
            seen.longest_freeze <= ms(70) && seen.spatial == 2,
            "{codec:?}: {seen:?}"
        );
    }
}

#[test]
fn encodings_are_chosen_on_every_shard() {
    for codec in [Codec::H264, Codec::Vp8, Codec::Av1] {
        let options = PublisherOptions {
            spatial_layers: 0,
            encodings: 3,
            ..three_sizes(codec, false)
        };
        let (mut shards, [viewer, _]) = Shards::new(62, options);
        shards.run(2500);
        assert_eq!(shards.edge.seen(viewer).encoding, 0, "{codec:?}");
        for (encoding, name) in [(2, "l"), (0, "h"), (1, "m"), (2, "l")] {
            let pin = LayerChoice {
                encoding_id: Some(name.to_owned()),
                ..LayerChoice::default()
            };
            choose(&mut shards.edge, viewer, pin);
            shards.run(1000);
            let seen = shards.edge.seen(viewer);
            assert_eq!(seen.encoding, encoding, "{codec:?}");
            assert_sound(seen);
            assert!(seen.longest_freeze <= ms(100) && seen.lost == 0, "{codec:?}: {seen:?}");
        }
    }
}
