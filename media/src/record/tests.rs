//! Whole recordings in virtual time, and what a player would find on the disk.

mod encodings;
mod failures;
mod hours;
mod starts;
mod world;

use super::*;
use crate::codec::{Codec, CodecParameters};
use crate::forward::batch::{Batch, PacketMeta};
use crate::forward::feed::Feed;
use std::collections::BTreeMap;
use std::sync::Arc;
use world::{AUDIO, Disk, Publisher, START_US, VIDEO, World};

/// Begin and end of a rendition's part in milliseconds.
fn spans(catalogue: &Catalogue, rendition: &str) -> Vec<(u64, u64)> {
    let mut spans: BTreeMap<u32, (u64, u64)> = BTreeMap::new();
    for segment in catalogue.segments().iter().filter(|s| s.rendition == rendition) {
        let per_ms = u64::from(catalogue.init(rendition, segment.part).unwrap().timescale) / 1000;
        let (start, end) = (segment.tfdt / per_ms, (segment.tfdt + segment.duration) / per_ms);
        spans
            .entry(segment.part)
            .and_modify(|span| span.1 = end)
            .or_insert((start, end));
    }
    spans.into_values().collect()
}

fn close(a: u64, b: u64, by: u64) -> bool {
    a.abs_diff(b) <= by
}

#[test]
fn every_codec_is_recorded_whole_and_cut_at_the_same_times() {
    for codec in [Codec::H264, Codec::H265, Codec::Vp9, Codec::Av1] {
        let mut world = World::new();
        let mut publisher = Publisher::new(0, Some(codec), true);
        publisher.announce(&mut world);
        publisher.send(&mut world, 10_000);
        let (disk, _) = world.end();
        let catalogue = disk.catalogue();
        assert_eq!(catalogue.renditions(), ["video0", "audio1"], "{codec:?}");
        for rendition in ["video0", "audio1"] {
            let [(start, end)] = spans(&catalogue, rendition)[..] else {
                panic!("{codec:?}: one part")
            };
            assert!(
                start == 0 && close(end, 10_000, 35),
                "{codec:?} {rendition}: {start} to {end}"
            );
        }
        let starts = |rendition: &str, per_ms: u64| -> Vec<u64> {
            let own = catalogue.segments().iter().filter(|s| s.rendition == rendition);
            own.map(|s| s.tfdt / per_ms).collect()
        };
        let (pictures, sounds) = (starts("video0", 90), starts("audio1", 48));
        assert_eq!(pictures.len(), sounds.len());
        assert!(pictures.len() >= 4, "{pictures:?}");
        assert!(
            pictures.iter().zip(&sounds).all(|(p, s)| close(*p, *s, 20)),
            "{pictures:?} {sounds:?}"
        );
        let frames: u32 = catalogue
            .segments()
            .iter()
            .filter(|s| s.rendition == "video0")
            .map(|s| s.frames)
            .sum();
        assert_eq!(frames, 300, "{codec:?}: no frame is missing");
        assert!(catalogue.ended() && close(u64::try_from(catalogue.duration_us()).unwrap(), 10_000_000, 35_000));
    }
}

#[test]
fn sound_alone_and_pictures_alone_are_recorded() {
    for (video, has_audio, rendition) in [(None, true, "audio1"), (Some(Codec::H264), false, "video0")] {
        let mut world = World::new();
        let mut publisher = Publisher::new(0, video, has_audio);
        publisher.announce(&mut world);
        publisher.send(&mut world, 7_000);
        let (disk, _) = world.end();
        let catalogue = disk.catalogue();
        assert_eq!(catalogue.renditions(), [rendition]);
        assert!(catalogue.segments().len() >= 3);
        assert!(close(spans(&catalogue, rendition)[0].1, 7_000, 35));
        let master = playlist::master(&catalogue, |name| format!("{name}.m3u8")).unwrap();
        assert!(
            master.contains(&format!("{rendition}.m3u8")) && !master.contains("EXT-X-MEDIA:"),
            "{master}"
        );
    }
}

#[test]
fn a_key_frame_is_asked_for_when_a_segment_is_due() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), true);
    publisher.obeys = true;
    // no key frame of its own accord after the first
    let first = publisher.clips[0][0].clone();
    let rest: Vec<_> = publisher.clips[0][1..].iter().cycle().take(1000).cloned().collect();
    publisher.clips[0] = std::iter::once(first).chain(rest).collect();
    publisher.announce(&mut world);
    publisher.send(&mut world, 10_500);
    assert_eq!(world.asked.len(), 5, "{:?}", world.asked);
    let (disk, _) = world.end();
    let segments = disk.catalogue().segments().to_vec();
    assert!(segments.iter().all(|s| s.key));
    assert!(
        segments
            .iter()
            .filter(|s| s.rendition == "video0")
            .all(|s| s.duration <= 90 * 2_250)
    );
}

#[test]
fn a_publisher_that_sends_no_key_frames_is_cut_anyway() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), false);
    let first = publisher.clips[0][0].clone();
    let rest: Vec<_> = publisher.clips[0][1..].iter().cycle().take(2000).cloned().collect();
    publisher.clips[0] = std::iter::once(first).chain(rest).collect();
    publisher.announce(&mut world);
    publisher.send(&mut world, 40_000);
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    assert_eq!(
        catalogue.segments().iter().map(|s| s.key).collect::<Vec<_>>(),
        [true, false, false]
    );
    let media = playlist::media(&catalogue, "video0", str::to_owned, true).unwrap();
    assert!(!media.contains("INDEPENDENT"), "{media}");
}

#[test]
fn after_a_lost_packet_the_picture_stands_still_until_a_key_frame_and_the_sound_goes_on() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), true);
    publisher.obeys = true;
    publisher.lose = |track, seq| track == VIDEO && seq == 100 || track == AUDIO && seq == 120;
    publisher.announce(&mut world);
    publisher.send(&mut world, 6_000);
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    let frames = |rendition: &str| -> u32 {
        catalogue
            .segments()
            .iter()
            .filter(|s| s.rendition == rendition)
            .map(|s| s.frames)
            .sum()
    };
    assert_eq!(
        frames("audio1"),
        299,
        "one packet of sound is missing, not a second of it"
    );
    let missing = 180 - frames("video0");
    assert!((1..30).contains(&missing), "{missing} frames dropped");
    assert!(spans(&catalogue, "video0").len() == 1, "no break");
}

#[test]
fn another_publisher_and_another_codec_are_a_discontinuity_of_the_same_recording() {
    let mut world = World::new();
    let mut first = Publisher::new(0, Some(Codec::H264), true);
    first.announce(&mut world);
    first.send(&mut world, 5_000);
    world.feed(&Feed::PublisherGone);
    world.advance(12_000);
    let mut second = Publisher::new(1, Some(Codec::Vp9), true);
    second.announce(&mut world);
    second.send(&mut world, 17_000);
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    for rendition in ["video0", "audio1"] {
        let spans = spans(&catalogue, rendition);
        assert_eq!(spans.len(), 2);
        assert!(close(spans[0].1, 5_000, 40) && close(spans[1].0, 12_000, 40) && close(spans[1].1, 17_000, 40));
        let media = playlist::media(&catalogue, rendition, str::to_owned, true).unwrap();
        assert_eq!(media.matches("#EXT-X-DISCONTINUITY").count(), 1);
        assert_eq!(media.matches("#EXT-X-MAP").count(), 2);
        assert!(
            media.contains("#EXT-X-PROGRAM-DATE-TIME:2026-11-20T12:00:12.0"),
            "{media}"
        );
    }
    let master = playlist::master(&catalogue, str::to_owned).unwrap();
    assert!(master.contains("avc1.42c00b,vp09.00.11.08,Opus"), "{master}");
}

#[test]
fn sound_that_is_announced_after_the_first_picture_of_another_publisher_is_silent_from_there_on_only() {
    let mut world = World::new();
    let mut first = Publisher::new(0, Some(Codec::H264), true);
    first.announce(&mut world);
    first.send(&mut world, 10_000);
    let mut second = Publisher::new(1, Some(Codec::H264), false);
    second.announce(&mut world);
    second.send(&mut world, 10_500);
    second.has_audio = true;
    second.announce(&mut world);
    second.send(&mut world, 15_000);
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    let (pictures, sounds) = (spans(&catalogue, "video0"), spans(&catalogue, "audio1"));
    assert_eq!((pictures.len(), sounds.len()), (2, 2));
    assert!(
        close(pictures[1].0, 10_000, 40) && close(sounds[1].0, 10_000, 40) && close(sounds[1].1, 15_000, 40),
        "{pictures:?} {sounds:?}"
    );
}

#[test]
fn a_new_picture_size_begins_a_part_for_all_renditions_at_once() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), true);
    // from its second round on, the clip's parameter sets claim another level
    let mut second = publisher.clips[0].clone();
    second[0][7] = 0x0c;
    publisher.clips[0].extend(second);
    publisher.announce(&mut world);
    publisher.send(&mut world, 2_000);
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    let (pictures, sounds) = (spans(&catalogue, "video0"), spans(&catalogue, "audio1"));
    assert_eq!((pictures.len(), sounds.len()), (2, 2));
    assert!(
        close(pictures[1].0, 1_000, 10) && close(sounds[1].0, 1_000, 25),
        "{pictures:?} {sounds:?}"
    );
}

#[test]
fn a_picture_size_that_changes_with_every_frame_does_not_flood_the_disk() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), true);
    let key = publisher.clips[0][0].clone();
    let other = [&key[..7], &[0x0c], &key[8..]].concat();
    publisher.clips[0] = vec![key, other];
    publisher.announce(&mut world);
    publisher.send(&mut world, 5_000);
    let (disk, _) = world.end();
    assert!(
        disk.catalogue().inits().len() <= 22,
        "{}",
        disk.catalogue().inits().len()
    );
}

#[test]
fn all_renditions_end_together() {
    for (mute_video, mute_audio) in [(true, false), (false, true)] {
        let mut world = World::new();
        let mut publisher = Publisher::new(0, Some(Codec::Vp9), true);
        publisher.announce(&mut world);
        publisher.send(&mut world, 3_000);
        (publisher.mute_video, publisher.mute_audio) = (mute_video, mute_audio);
        publisher.send(&mut world, 6_000);
        let (disk, _) = world.end();
        let ends = ["video0", "audio1"].map(|rendition| spans(&disk.catalogue(), rendition)[0].1);
        assert!(
            ends.iter().all(|end| close(*end, 6_000, 110)) && close(ends[0], ends[1], 1),
            "{ends:?}"
        );
    }
}

#[test]
fn a_track_that_is_away_does_not_hold_up_the_other() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), true);
    publisher.obeys = true;
    publisher.announce(&mut world);
    publisher.mute_audio = true;
    publisher.send(&mut world, 5_000);
    publisher.mute_audio = false;
    publisher.send(&mut world, 10_000);
    publisher.mute_video = true;
    publisher.send(&mut world, 30_000);
    publisher.mute_video = false;
    publisher.send(&mut world, 35_000);
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    for rendition in ["video0", "audio1"] {
        let [(start, end)] = spans(&catalogue, rendition)[..] else {
            panic!("one part")
        };
        assert!(start == 0 && close(end, 35_000, 120), "{rendition}: {start} to {end}");
        let own = catalogue.segments().iter().filter(|s| s.rendition == rendition);
        let rate = catalogue.init(rendition, 0).unwrap().timescale;
        assert!(
            own.clone().all(|s| s.duration <= 9 * u64::from(rate)),
            "no endless segment"
        );
        assert!(own.clone().all(|s| s.key));
    }
}

#[test]
fn a_camera_that_is_switched_on_late_shows_its_first_picture_from_the_beginning() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), true);
    publisher.announce(&mut world);
    publisher.mute_video = true;
    publisher.send(&mut world, 25_000);
    publisher.mute_video = false;
    publisher.positions[0] = 0;
    publisher.send(&mut world, 30_000);
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    for rendition in ["video0", "audio1"] {
        let [(start, end)] = spans(&catalogue, rendition)[..] else {
            panic!("one part")
        };
        assert!(start == 0 && close(end, 30_000, 35), "{rendition}: {start} to {end}");
    }
    let pictures = catalogue.segments().iter().filter(|s| s.rendition == "video0");
    assert!(pictures.clone().all(|s| s.key && s.duration <= 90 * 3_100));
}

#[test]
fn the_first_picture_is_shown_from_the_first_sound() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::Vp9), true);
    publisher.announce(&mut world);
    publisher.mute_video = true;
    publisher.send(&mut world, 800);
    publisher.mute_video = false;
    publisher.positions[0] = 0;
    publisher.send(&mut world, 4_000);
    let (disk, _) = world.end();
    for rendition in ["video0", "audio1"] {
        assert_eq!(spans(&disk.catalogue(), rendition)[0].0, 0);
    }
}

#[test]
fn a_frame_shown_before_the_one_sent_ahead_of_it_keeps_its_place() {
    let mut writes = std::collections::VecDeque::new();
    let mut depacketiser = crate::codec::Depacketiser::new(Codec::Vp9).unwrap();
    let key = crate::codec::tests::packetise::packetise(
        Codec::Vp9,
        &crate::codec::tests::packetise::clip(Codec::Vp9)[0],
        true,
        1200,
    );
    depacketiser
        .frame(key.iter().map(Vec::as_slice), &mut Vec::new())
        .unwrap();
    let description = depacketiser.description().unwrap();
    let mut writer = segment::SegmentWriter::new("v", crate::codec::Kind::Video, 1000, 0, 0, &description, &mut writes);
    for (ms, key) in [
        (0, true),
        (3, false),
        (1, false),
        (2, false),
        (6, false),
        (4, false),
        (5, false),
    ] {
        writer.push(ms * 1_000_000, key, b"frame");
    }
    writer.close(7_000_000, &mut writes);
    let file: Vec<u8> = writes.iter().filter_map(segment_bytes).flatten().copied().collect();
    assert_eq!(shown(&file), [0, 3, 1, 2, 6, 4, 5]);
}

fn segment_bytes(write: &Write) -> Option<&[u8]> {
    match write {
        Write::Append { file, bytes, .. } if file.as_str().ends_with(".m4s") => Some(bytes),
        _ => None,
    }
}

/// When the frames of a segment are shown, in ticks and in decoding order, by somebody else's parser.
fn shown(mut file: &[u8]) -> Vec<i64> {
    use shiguredo_mp4::{Decode, boxes::MoofBox};
    let mut shown = Vec::new();
    while !file.is_empty() {
        let (moof, moof_bytes) = MoofBox::decode(file).unwrap();
        let traf = &moof.traf_boxes[0];
        let mut decoded = i64::try_from(traf.tfdt_box.as_ref().unwrap().base_media_decode_time).unwrap();
        for sample in &traf.trun_boxes[0].samples {
            shown.push(decoded + sample.composition_time_offset.unwrap_or(0));
            decoded += i64::from(sample.duration.unwrap());
        }
        let mdat = &file[moof_bytes..];
        file = &mdat[u32::from_be_bytes(mdat[..4].try_into().unwrap()) as usize..];
    }
    shown
}

#[test]
fn vp8_is_said_once_and_its_sound_is_recorded() {
    let mut world = World::new();
    for epoch in 0..2 {
        let mut publisher = Publisher::new(epoch, None, true);
        let parameters = CodecParameters {
            codec: Codec::Vp8,
            profile: 0,
            packetization_mode: 0,
        };
        world.feed(&Feed::Track {
            track: VIDEO,
            epoch,
            parameters,
            starts_at: 0,
            name: Arc::from(""),
        });
        publisher.announce(&mut world);
        let until = world.now_ms + 3_000;
        publisher.send(&mut world, until);
    }
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    assert_eq!(catalogue.not_recorded(), ["VP8"]);
    assert_eq!(catalogue.renditions(), ["audio1"]);
}

#[test]
fn playlists_are_written_to_the_letter() {
    let mut world = World::new();
    let mut publisher = Publisher::new(0, Some(Codec::H264), true);
    publisher.announce(&mut world);
    publisher.send(&mut world, 2_900);
    assert!(playlist::master(&world.disk.catalogue(), str::to_owned).is_some());
    let live = playlist::media(&world.disk.catalogue(), "video0", str::to_owned, false).unwrap();
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    let master = playlist::master(&catalogue, |name| format!("hls/{name}.m3u8?sig=1")).unwrap();
    let media = playlist::media(&catalogue, "audio1", |file| format!("media/{file}"), true).unwrap();
    assert_eq!(live, include_str!("tests/live.m3u8"));
    assert_eq!(master, include_str!("tests/master.m3u8"));
    assert_eq!(media, include_str!("tests/audio.m3u8"));
}

#[test]
fn sound_is_there_as_long_as_the_pictures_whoever_sent_none() {
    let mut world = World::new();
    for (epoch, has_audio) in [(0, false), (1, true), (2, false), (3, true)] {
        let mut publisher = Publisher::new(epoch, Some(Codec::H264), has_audio);
        publisher.announce(&mut world);
        let until = world.now_ms + 7_000;
        publisher.send(&mut world, until);
        if epoch == 2 {
            check_together(&world.disk.catalogue(), false);
        }
    }
    let (disk, _) = world.end();
    let catalogue = disk.catalogue();
    check_together(&catalogue, true);
    let text = playlist::media(&catalogue, "audio1", str::to_owned, true).unwrap();
    let silences = text.lines().filter(|line| line.starts_with("silence-opus-"));
    for name in silences.clone() {
        assert!(silence(name).is_some(), "{name}");
    }
    assert!(silences.count() >= 6, "{text}");
    assert_eq!(text.matches("#EXT-X-DISCONTINUITY").count(), 3, "{text}");
}

/// Fails where the playlists of sound and pictures do not reach equally far, or do not break together.
fn check_together(catalogue: &Catalogue, is_over: bool) {
    let lengths = ["video0", "audio1"].map(|rendition| {
        let text = playlist::media(catalogue, rendition, str::to_owned, is_over).unwrap();
        let parsed = m3u8_rs::parse_media_playlist_res(text.as_bytes()).expect("a parser accepts it");
        let mut parts = vec![0.0];
        for segment in &parsed.segments {
            if segment.discontinuity {
                parts.push(0.0);
            }
            *parts.last_mut().unwrap() += segment.duration;
        }
        parts
    });
    let [pictures, sounds] = &lengths;
    assert_eq!(pictures.len(), sounds.len(), "{lengths:?}");
    let mut pairs = pictures.iter().zip(sounds);
    assert!(
        pairs.all(|(picture, sound)| (picture - sound).abs() < 0.15),
        "{lengths:?}"
    );
}
