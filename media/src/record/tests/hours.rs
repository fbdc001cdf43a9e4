//! A class of three hours with clocks that run at different speeds, losses, and a publisher that starts again.

use super::world::STAMP;
use super::*;
use shiguredo_mp4::{Decode, boxes::MoofBox};

const HOURS_MS: u64 = 3 * 3_600_000;

/// Between these the publisher is gone.
const PAUSE_MS: (u64, u64) = (5_000_000, 5_007_000);

/// Sends until `until_ms` with a report of the clocks every five seconds.
fn teach(publisher: &mut Publisher, world: &mut World, until_ms: u64) {
    while world.now_ms < until_ms {
        let next_ms = (world.now_ms + 5_000).min(until_ms);
        publisher.send(world, next_ms);
        publisher.report(world);
        world.log.clear();
        world.asked.clear();
        publisher.asked_before = 0;
    }
}

fn record(sound_ppm: i64, wall_ppm: i64) -> Disk {
    let mut world = World::new();
    for (epoch, until_ms) in [(0, PAUSE_MS.0), (1, HOURS_MS)] {
        let mut publisher = Publisher::new(epoch, Some(Codec::H264), true);
        (publisher.sound_ppm, publisher.wall_ppm) = (sound_ppm, wall_ppm);
        (publisher.picture_delay_ms, publisher.obeys, publisher.is_stamping) = (150, true, true);
        // One packet in a hundred, as if by chance.
        publisher.lose = |_, seq| (seq.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 33).is_multiple_of(100);
        publisher.announce(&mut world);
        teach(&mut publisher, &mut world, until_ms);
        if epoch == 0 {
            world.feed(&Feed::PublisherGone);
            world.advance(PAUSE_MS.1);
        }
    }
    world.end().0
}

/// For each frame of a rendition's part when it is shown or heard, in nanoseconds, and the moment that it is of, in
/// milliseconds, by somebody else's parser. What stands in for lost sound is of no moment.
pub(super) fn moments(disk: &Disk, rendition: &str, part: u32) -> Vec<(i64, i64)> {
    let catalogue = disk.catalogue();
    let rate = i64::from(catalogue.init(rendition, part).unwrap().timescale);
    let mut moments = Vec::new();
    let own = catalogue
        .segments()
        .iter()
        .filter(|s| s.rendition == rendition && s.part == part);
    for segment in own {
        let mut file = disk.files[segment.file.as_str()].as_slice();
        while !file.is_empty() {
            let (moof, moof_bytes) = MoofBox::decode(file).unwrap();
            let traf = &moof.traf_boxes[0];
            let mut decoded = i64::try_from(traf.tfdt_box.as_ref().unwrap().base_media_decode_time).unwrap();
            let mut at = moof_bytes + 8;
            for sample in &traf.trun_boxes[0].samples {
                let end = at + sample.size.unwrap() as usize;
                let shown = (decoded + sample.composition_time_offset.unwrap_or(0)) * 1_000_000_000 / rate;
                let stamp = file[at..end].len().checked_sub(STAMP).map(|from| &file[at + from..end]);
                let stamp = stamp.and_then(|digits| str::from_utf8(digits).ok()?.parse().ok());
                moments.extend(stamp.map(|moment| (shown, moment)));
                decoded += i64::from(sample.duration.unwrap());
                at = end;
            }
            file = &file[at..];
        }
    }
    moments
}

/// How long each frame of a rendition lasts, in ticks.
pub(super) fn durations(disk: &Disk, rendition: &str) -> Vec<u32> {
    let mut durations = Vec::new();
    for segment in disk.catalogue().segments().iter().filter(|s| s.rendition == rendition) {
        for fragment in fragments(&disk.files[segment.file.as_str()]) {
            durations.extend(fragment.samples.iter().map(|sample| sample.duration));
        }
    }
    durations
}

#[test]
fn sound_and_picture_stay_together_for_three_hours_whatever_clocks_and_network_do() {
    for (sound_ppm, wall_ppm) in [(200, -200), (-200, 200)] {
        let disk = record(sound_ppm, wall_ppm);
        let catalogue = disk.catalogue();
        for part in 0..2 {
            let (pictures, sounds) = (moments(&disk, "video0", part), moments(&disk, "audio1", part));
            assert!(
                pictures.len() > 50_000 && sounds.len() > 200_000,
                "{} {}",
                pictures.len(),
                sounds.len()
            );
            let mut worst = 0;
            let settled_ms = pictures[0].1 + 10_000;
            for (shown, moment) in pictures.iter().filter(|(_, moment)| *moment > settled_ms) {
                let next = sounds.partition_point(|(_, heard)| heard <= moment);
                let (heard, at) = sounds[next - 1];
                worst = worst.max((shown - heard - (moment - at) * 1_000_000).abs());
            }
            assert!(
                worst < 40_000_000,
                "{sound_ppm} ppm, part {part}: {} ms apart",
                worst / 1_000_000
            );
        }
        for rendition in ["video0", "audio1"] {
            let [first, second] = spans(&catalogue, rendition)[..] else {
                panic!("one break, and no other")
            };
            let is_pause = close(first.1, PAUSE_MS.0, 250) && close(second.0, PAUSE_MS.1, 250);
            assert!(
                is_pause && close(second.1, HOURS_MS, 250),
                "{rendition}: {first:?} {second:?}"
            );
        }
    }
}
