//! How a recording begins when the first packets are held up: whatever the load, its times are those of the camera.

use super::*;

/// When each track's first packets come at last, and when the first report of the clocks does.
const STARTS_MS: [([u64; 2], u64); 10] = [
    ([0, 0], 1_000),
    ([490, 0], 1_000),
    ([490, 0], 5_000),
    ([490, 0], 0),
    ([0, 490], 1_000),
    ([490, 490], 1_000),
    ([700, 300], 600),
    ([0, 700], 2_500),
    ([2_000, 0], 3_000),
    ([1_500, 1_500], 2_000),
];

const LENGTH_MS: u64 = 12_000;

#[test]
fn the_replay_is_as_long_as_the_broadcast_however_late_its_first_packets_come() {
    for (held_until_ms, report_ms) in STARTS_MS {
        let mut world = World::new();
        let mut publisher = Publisher::new(0, Some(Codec::H264), true);
        (publisher.held_until_ms, publisher.is_stamping) = (held_until_ms, true);
        publisher.announce(&mut world);
        for until_ms in [report_ms, report_ms + 1_000, report_ms + 5_000, LENGTH_MS] {
            publisher.send(&mut world, until_ms);
            publisher.report(&mut world);
        }
        let (disk, _) = world.end();
        let case = format!("{held_until_ms:?}, reported at {report_ms}");
        for rendition in ["video0", "audio1"] {
            let [(start, end)] = spans(&disk.catalogue(), rendition)[..] else {
                panic!("{case}, {rendition}: one part")
            };
            assert!(
                start < 40 && close(end - start, LENGTH_MS, 40),
                "{case}: {rendition} from {start} to {end}"
            );
            let moments = hours::moments(&disk, rendition, 0);
            assert!(moments.len() > 300, "{case}, {rendition}: {}", moments.len());
            for (shown, moment) in moments {
                let off_ms = shown / 1_000_000 - moment;
                assert!(
                    off_ms.abs() < 40,
                    "{case}: {rendition} of {moment} ms is {off_ms} ms off"
                );
            }
        }
    }
}

#[test]
fn media_that_is_sent_ahead_of_its_time_begins_with_the_recording_and_never_inside_the_part_before() {
    let mut world = World::new();
    for (epoch, until_ms) in [(0, 4_000), (1, 8_000)] {
        let mut publisher = Publisher::new(epoch, Some(Codec::H264), true);
        publisher.announce(&mut world);
        // half a second of media comes at once, as from a program that reads a file
        publisher.ahead_ms = 500;
        publisher.send(&mut world, until_ms);
    }
    let (disk, _) = world.end();
    for rendition in ["video0", "audio1"] {
        let [first, second] = spans(&disk.catalogue(), rendition)[..] else {
            panic!("two parts")
        };
        assert!(
            first.0 == 0 && close(first.1, 4_500, 40) && second.0 >= first.1 && close(second.1 - second.0, 4_500, 40),
            "{rendition}: {first:?} {second:?}"
        );
    }
}

#[test]
fn sound_that_begins_a_moment_after_the_pictures_has_no_splinter_before_it() {
    for late_ms in [1, 10, 19, 50] {
        let mut world = World::new();
        let mut publisher = Publisher::new(0, Some(Codec::H264), true);
        publisher.sound_late_ms = late_ms;
        publisher.announce(&mut world);
        publisher.send(&mut world, 4_000);
        let (disk, _) = world.end();
        let sounds = hours::durations(&disk, "audio1");
        assert!(
            sounds.iter().all(|ticks| *ticks >= 960 - 1),
            "{late_ms} ms: {:?}",
            &sounds[..5]
        );
        let starts = ["video0", "audio1"].map(|rendition| spans(&disk.catalogue(), rendition)[0].0);
        assert_eq!(starts[0], starts[1], "{late_ms} ms");
    }
}
