//! What is left of a recording after a crash, a full disk, or a sender of garbage.

use super::*;
use proptest::prelude::*;

#[test]
fn what_a_crash_leaves_plays_to_the_last_second_and_goes_on() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::Av1), true);
    publisher.announce(&mut world);
    publisher.send(&mut world, 7_300);
    let mut disk = world.disk.clone();
    // the last writes of the killed server are torn
    let tails = disk.catalogue().tails();
    assert_eq!(tails.len(), 2);
    for tail in tails {
        let bytes = disk.files.get_mut(tail.file.as_str()).expect("a segment was growing");
        bytes.truncate(bytes.len() - 5);
    }
    disk.journal.extend_from_slice(b"{\"entry\":\"seg");
    let catalogue = disk.repair();
    disk.check();
    for rendition in ["video0", "audio1"] {
        assert!(
            spans(&catalogue, rendition)[0].1 > 6_300,
            "{rendition}: {:?}",
            spans(&catalogue, rendition)
        );
    }
    let mut world = World {
        now_ms: 0,
        disk,
        ..World::new()
    };
    world.recorder = Recorder::resume(Config::default(), &catalogue, world.now(), START_US + 20_000_000);
    world.log.clear();
    let mut publisher = Publisher::new(0, Some(Codec::Av1), true);
    publisher.announce(&mut world);
    publisher.send(&mut world, 5_000);
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    for rendition in ["video0", "audio1"] {
        let spans = spans(&catalogue, rendition);
        assert!(
            close(spans[1].0, 20_000, 40) && close(spans[1].1, 25_000, 40),
            "{rendition}: {spans:?}"
        );
    }
    assert_eq!(catalogue.start_us(), Some(START_US));
}

#[test]
fn a_disk_that_was_full_for_a_while_costs_that_while() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), true);
    publisher.announce(&mut world);
    publisher.send(&mut world, 5_000);
    let full = world.disk.clone();
    publisher.send(&mut world, 9_000);
    world.disk = full; // nothing of the last seconds was written
    let catalogue = world.disk.repair();
    world.recorder.recover(&catalogue);
    publisher.send(&mut world, 14_000);
    let (disk, _) = world.end();
    for rendition in ["video0", "audio1"] {
        let spans = spans(&disk.catalogue(), rendition);
        assert_eq!(spans.len(), 2);
        assert!(close(spans[0].1, 5_000, 600) && close(spans[1].0, 9_000, 1_100) && close(spans[1].1, 14_000, 40));
    }
}

#[test]
fn a_journal_survives_torn_and_unknown_lines() {
    let start = Entry::Start {
        version: VERSION,
        unix_us: 7,
    };
    let mut journal = start.to_line().into_bytes();
    journal.extend_from_slice(b"{\"entry\":\"hologram\",\"depth\":3}\n\xff\xfe\n");
    let whole = journal.len() as u64;
    journal.extend_from_slice(b"{\"entry\":\"end\",\"uni");
    let (catalogue, len) = Catalogue::read(&journal);
    assert_eq!((catalogue.start_us(), catalogue.ended(), len), (Some(7), false, whole));
    assert!(playlist::master(&catalogue, str::to_owned).is_none());
    let bad = "{\"entry\":\"segment\",\"rendition\":\"a\",\"part\":0,\"file\":\"../x\",\"tfdt\":0,\"duration\":1,\"bytes\":1,\"frames\":1,\"pdt_us\":0,\"key\":true}\n";
    assert!(
        Catalogue::read(bad.as_bytes()).0.segments().is_empty(),
        "no name leads out of the folder"
    );
}

/// Writes of a recording with a loss, another publisher and a mute, made once.
fn eventful() -> Vec<Write> {
    let mut world = World::new();
    let mut first = Publisher::new(0, Some(Codec::H264), true);
    first.lose = |track, seq| track == VIDEO && seq % 97 == 96;
    first.announce(&mut world);
    first.send(&mut world, 6_000);
    let mut second = Publisher::new(1, Some(Codec::Vp9), true);
    second.mute_audio = true;
    second.announce(&mut world);
    second.send(&mut world, 10_000);
    world.end().1
}

#[test]
fn whatever_prefix_of_the_writes_reached_the_disk_plays() {
    let writes = eventful();
    for len in 0..writes.len() {
        let mut disk = Disk::default();
        writes.iter().take(len).for_each(|write| disk.apply(write));
        disk.check();
        disk.repair();
        disk.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_torn_file_is_repaired_to_whole_fragments(cut in any::<prop::sample::Index>(), noise in prop::collection::vec(any::<u8>(), 0..40)) {
        let mut world = World::new();
        let mut publisher = Publisher::new(0, Some(Codec::Vp9), false);
        publisher.announce(&mut world);
        publisher.send(&mut world, 2_500);
        let file = world.disk.files.values().max_by_key(|bytes| bytes.len()).unwrap().clone();
        let cut = cut.index(file.len());
        let kept = repair(&file[..cut]);
        prop_assert!(kept.valid_len <= cut as u64);
        prop_assert_eq!(repair(&file[..usize::try_from(kept.valid_len).unwrap()]), kept);
        let noisy = [&file[..cut], &noise].concat();
        prop_assert!(repair(&noisy).valid_len <= noisy.len() as u64);
        repair(&noise);
    }

    #[test]
    fn any_packets_and_reports_are_survived(
        packets in prop::collection::vec((0u64..40, any::<u16>(), any::<bool>(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..24)), 0..60),
        reports in prop::collection::vec((any::<u64>(), any::<u64>()), 0..4),
        codec in prop::sample::select(vec![Codec::H264, Codec::H265, Codec::Vp9, Codec::Av1]),
    ) {
        let mut world = World::new();
        Publisher::new(0, Some(codec), true).announce(&mut world);
        for (ntp_time, rtp_time) in reports {
            let arrived = world.now();
            world.feed(&Feed::SenderReport { track: VIDEO, ntp_time, rtp_time, arrived });
        }
        for (seq, time, marker, starts_key_frame, payload) in packets {
            let mut batch = Batch::new();
            let rtp_time = u64::from(time) << (time % 48);
            batch.push(PacketMeta { seq, rtp_time, arrived: world.now(), marker, starts_key_frame, switches_up: false }, &payload);
            let track = if time % 3 == 0 { AUDIO } else { VIDEO };
            world.feed(&Feed::Packets { track, batch: Arc::new(batch) });
            world.advance(world.now_ms + u64::from(time % 200));
        }
        world.end();
    }
}
