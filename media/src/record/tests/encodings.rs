//! A publisher that sends its picture in several encodings: common cuts, encodings that come and go, playlists that only grow.

use super::*;
use crate::codec::starts_key_frame;
use crate::codec::tests::packetise::{clip, packetise};

const ENCODINGS: usize = 3;

/// What its renditions are called.
const NAMES: [&str; ENCODINGS] = ["video0", "video2", "video3"];

/// Sends sound by [`Publisher`], and three encodings of 30 pictures a second.
struct Simulcast {
    sound: Publisher,
    clip: Vec<Vec<u8>>,
    positions: [usize; ENCODINGS],
    seqs: [u64; ENCODINGS],
    is_suspended: [bool; ENCODINGS],
    /// How many pictures after a request its key frame comes.
    key_delay: [usize; ENCODINGS],
    asked_before: [usize; ENCODINGS],
    key_due: [Option<usize>; ENCODINGS],
    /// What each rendition's playlist listed when it was last looked at.
    seen: [Vec<String>; ENCODINGS],
}

fn track(encoding: usize) -> TrackId {
    TrackId(NAMES[encoding][5..].parse().unwrap())
}

impl Simulcast {
    fn announce(world: &mut World) -> Simulcast {
        let first = clip(Codec::H264);
        let rest = first[1..].iter().cycle().take(10_000).cloned();
        let clip = std::iter::once(first[0].clone()).chain(rest).collect();
        let sound = Publisher::new(0, None, true);
        sound.announce(world);
        for (encoding, name) in NAMES.iter().enumerate() {
            let parameters = CodecParameters {
                codec: Codec::H264,
                profile: 0,
                packetization_mode: 0,
            };
            let name = Arc::from(*name);
            world.feed(&Feed::Track {
                track: track(encoding),
                epoch: 0,
                parameters,
                starts_at: 0,
                name,
            });
        }
        Simulcast {
            sound,
            clip,
            positions: [0; ENCODINGS],
            seqs: [0; ENCODINGS],
            is_suspended: [false; ENCODINGS],
            key_delay: [1; ENCODINGS],
            asked_before: [0; ENCODINGS],
            key_due: [None; ENCODINGS],
            seen: Default::default(),
        }
    }

    /// Sends until `until_ms`, and looks at every playlist meanwhile.
    fn send(&mut self, world: &mut World, until_ms: u64) {
        while world.now_ms < until_ms {
            // The small ones first, as browsers do.
            for encoding in (0..ENCODINGS).rev() {
                self.send_picture(world, encoding);
            }
            let next_ms = (world.now_ms + 33).min(until_ms);
            self.sound.send(world, next_ms);
            self.look(world);
        }
    }

    fn send_picture(&mut self, world: &mut World, encoding: usize) {
        let asked = world
            .asked
            .iter()
            .filter(|(_, asked)| *asked == track(encoding))
            .count();
        if std::mem::replace(&mut self.asked_before[encoding], asked) < asked {
            self.key_due[encoding] = Some(self.key_delay[encoding]);
        }
        self.key_due[encoding] = match self.key_due[encoding] {
            Some(0) => {
                self.positions[encoding] = 0;
                None
            }
            due => due.map(|pictures| pictures - 1),
        };
        let at = self.positions[encoding];
        self.positions[encoding] += 1;
        if self.is_suspended[encoding] {
            return;
        }
        let mut batch = Batch::new();
        let payloads = packetise(Codec::H264, &self.clip[at], at == 0, 300);
        for (index, payload) in payloads.iter().enumerate() {
            let meta = PacketMeta {
                seq: self.seqs[encoding],
                rtp_time: (world.now_ms + 1000) * 90,
                arrived: world.now(),
                marker: index + 1 == payloads.len(),
                starts_key_frame: starts_key_frame(Codec::H264, payload),
                switches_up: false,
            };
            batch.push(meta, payload);
            self.seqs[encoding] += 1;
        }
        world.feed(&Feed::Packets {
            track: track(encoding),
            batch: Arc::new(batch),
        });
    }

    /// A live playlist may only grow.
    fn look(&mut self, world: &World) {
        let catalogue = world.disk.catalogue();
        for (seen, name) in self.seen.iter_mut().zip(NAMES) {
            let files = files(&catalogue, name, false);
            assert_eq!(
                files.get(..seen.len()),
                Some(&seen[..]),
                "{name} at {} ms",
                world.now_ms
            );
            *seen = files;
        }
    }
}

fn files(catalogue: &Catalogue, rendition: &str, ended: bool) -> Vec<String> {
    let listed = listing::listed(catalogue, rendition, ended);
    listed.iter().map(|listed| listed.segment.file.to_string()).collect()
}

/// Fails where a rendition's playlist leaves a moment without a picture; returns how many segments are another's.
fn stand_ins(catalogue: &Catalogue, rendition: &str, until_ms: u64) -> usize {
    let listed = listing::listed(catalogue, rendition, true);
    let mut end = 0;
    for listed in &listed {
        let (begin, name) = (listed.segment.tfdt / 90, &listed.segment.file);
        assert!(
            close(begin, end, 40),
            "{rendition}: {name} begins at {begin} ms, not {end}"
        );
        end = begin + listed.segment.duration / 90;
    }
    assert!(close(end, until_ms, 40), "{rendition} ends at {end} ms");
    listed
        .iter()
        .filter(|listed| listed.segment.rendition != rendition)
        .count()
}

fn starts(catalogue: &Catalogue, rendition: &str) -> Vec<u64> {
    let own = catalogue.segments().iter().filter(|s| s.rendition == rendition);
    own.map(|s| s.tfdt / 90).collect()
}

#[test]
fn encodings_are_renditions_that_are_cut_together() {
    let mut world = World::new();
    let mut publisher = Simulcast::announce(&mut world);
    publisher.send(&mut world, 12_000);
    let catalogue = world.end().0.catalogue();
    let mut renditions = catalogue.renditions();
    assert_eq!(renditions.pop(), Some("audio1"), "pictures come first");
    renditions.sort_unstable();
    assert_eq!(renditions, ["video0", "video2", "video3"]);
    let first = starts(&catalogue, NAMES[0]);
    assert!((5..=7).contains(&first.len()), "{first:?}");
    for name in NAMES {
        assert_eq!(stand_ins(&catalogue, name, 12_000), 0);
        let others = starts(&catalogue, name);
        assert!(first.len() == others.len() && first.iter().zip(&others).all(|(a, b)| close(*a, *b, 1)));
    }
    let sounds = catalogue.segments().iter().filter(|s| s.rendition == "audio1");
    assert_eq!(sounds.count(), first.len(), "the sound is cut with the pictures");
    assert!(catalogue.segments().iter().all(|s| s.key));
    let master = playlist::master(&catalogue, str::to_owned).unwrap();
    assert_eq!(master.matches("#EXT-X-STREAM-INF").count(), 4, "{master}");
    assert_eq!(master.matches("#EXT-X-MEDIA").count(), 1, "sound once: {master}");
}

#[test]
fn an_encoding_that_comes_and_goes_leaves_no_hole() {
    let mut world = World::new();
    let mut publisher = Simulcast::announce(&mut world);
    // As a browser does: the small one first, the others when the line proves good.
    publisher.is_suspended = [true, true, false];
    publisher.send(&mut world, 3_100);
    publisher.is_suspended = [false; 3];
    publisher.send(&mut world, 11_700);
    publisher.is_suspended[0] = true;
    publisher.send(&mut world, 18_300);
    publisher.is_suspended[0] = false;
    publisher.send(&mut world, 26_000);
    let catalogue = world.end().0.catalogue();
    let borrowed = NAMES.map(|name| stand_ins(&catalogue, name, 26_000));
    assert!((4..=8).contains(&borrowed[0]), "{borrowed:?}");
    assert!((1..=3).contains(&borrowed[1]) && borrowed[2] == 0, "{borrowed:?}");
    assert_eq!(spans(&catalogue, "audio1").len(), 1, "all of it is one part");
}

#[test]
fn when_one_encoding_replaces_another_both_renditions_go_on() {
    let mut world = World::new();
    let mut publisher = Simulcast::announce(&mut world);
    publisher.is_suspended = [true, true, false];
    for (until_ms, is_suspended) in [
        (5_000, [true, true, false]),
        (11_000, [false, true, true]),
        (17_000, [true, true, false]),
    ] {
        publisher.is_suspended = is_suspended;
        publisher.send(&mut world, until_ms);
    }
    let catalogue = world.end().0.catalogue();
    assert!(stand_ins(&catalogue, "video0", 17_000) > 3);
    assert!(stand_ins(&catalogue, "video3", 17_000) > 1);
}

#[test]
fn encodings_whose_key_frames_do_not_meet_are_cut_at_their_own() {
    let mut world = World::new();
    let mut publisher = Simulcast::announce(&mut world);
    publisher.key_delay = [15, 1, 6];
    publisher.send(&mut world, 19_500);
    let catalogue = world.end().0.catalogue();
    let all = NAMES.map(|name| starts(&catalogue, name));
    for (name, own) in NAMES.iter().zip(&all) {
        assert_eq!(stand_ins(&catalogue, name, 19_500), 0);
        assert!(own.len() == all[1].len() && own.len() >= 7, "{all:?}");
        assert!(own.iter().zip(&all[1]).all(|(a, b)| close(*a, *b, 600)), "{all:?}");
    }
    assert!(catalogue.segments().iter().all(|s| s.key));
}

#[test]
fn a_crash_while_an_encoding_is_away_takes_back_nothing_that_was_listed() {
    let mut world = World::new();
    let mut publisher = Simulcast::announce(&mut world);
    publisher.send(&mut world, 5_000);
    publisher.is_suspended[0] = true;
    publisher.send(&mut world, 9_700);
    for len in (0..world.log.len()).step_by(7) {
        let mut disk = Disk::default();
        world.log.iter().take(len).for_each(|write| disk.apply(write));
        let listed = NAMES.map(|name| files(&disk.catalogue(), name, false));
        disk.repair();
        disk.check();
        for (before, name) in listed.iter().zip(NAMES) {
            let after = files(&disk.catalogue(), name, false);
            assert_eq!(
                after.get(..before.len()),
                Some(&before[..]),
                "{name} after {len} writes"
            );
        }
    }
}

#[test]
fn a_part_without_an_encoding_is_shown_from_another() {
    let mut world = World::new();
    let mut publisher = Simulcast::announce(&mut world);
    publisher.send(&mut world, 5_000);
    world.feed(&Feed::PublisherGone);
    let mut single = Publisher::new(1, Some(Codec::Vp9), true);
    single.announce(&mut world);
    single.send(&mut world, 10_000);
    let catalogue = world.end().0.catalogue();
    for name in NAMES {
        let media = playlist::media(&catalogue, name, str::to_owned, true).unwrap();
        assert!(
            media.contains("video0-1.mp4") && media.contains("#EXT-X-DISCONTINUITY\n"),
            "{media}"
        );
    }
    let master = playlist::master(&catalogue, str::to_owned).unwrap();
    assert_eq!(master.matches("avc1.42c00b,vp09.00.11.08,Opus").count(), 3, "{master}");
}
