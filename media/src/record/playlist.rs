//! HLS playlists from a [`Catalogue`] (RFC 8216).

use super::journal::{Catalogue, Init, Segment};
use super::listing::{Listed, listed, pixels};
use crate::codec::Kind;
use chrono::DateTime;
use m3u8_rs::{
    AlternativeMedia, AlternativeMediaType, ExtTag, Map, MasterPlaylist, MediaPlaylist, MediaPlaylistType,
    MediaSegment, Resolution, VariantStream,
};

/// fMP4 segments need 6, `EXT-X-MAP` without I-frames 6, and everything newer that we use 7.
const HLS_VERSION: usize = 7;

/// The smallest `EXT-X-TARGETDURATION` in seconds: segments of two seconds end at the next key frame, and the value
/// should not change while a class runs.
const MIN_TARGET_DURATION_S: u64 = 4;

const AUDIO_GROUP: &str = "audio";

/// The master playlist: a variant for each picture rendition, best first, with the sound beside it, once for each codec
/// of sound that it needs, and the sound alone. `uri` gives the address of a rendition's media playlist. Nothing before each rendition
/// has a segment: players read a master playlist once, and would never hear sound that is added a moment later.
pub fn master(catalogue: &Catalogue, uri: impl Fn(&str) -> String) -> Option<String> {
    if !is_complete(catalogue) {
        return None;
    }
    let renditions: Vec<Summary<'_>> = catalogue
        .renditions()
        .into_iter()
        .filter_map(|name| Summary::of(catalogue, name))
        .collect();
    let (mut pictures, sounds): (Vec<&Summary<'_>>, Vec<&Summary<'_>>) =
        renditions.iter().partition(|summary| summary.kind == Kind::Video);
    pictures.sort_by_key(|picture| std::cmp::Reverse(picture.pixels));
    let families = families(catalogue, &sounds);
    let is_needed = |picture: &Summary<'_>, family: &Family<'_>| {
        !has_aac_too(picture) || is_aac(family) || !families.iter().any(is_aac)
    };
    let mut variants = Vec::new();
    for family in &families {
        let pictures = pictures.iter().filter(|picture| is_needed(picture, family));
        variants.extend(pictures.map(|picture| variant(picture, Some(family), &uri)));
    }
    if families.is_empty() {
        variants.extend(pictures.iter().map(|picture| variant(picture, None, &uri)));
    }
    variants.extend(families.iter().map(|family| variant(family.sounds[0], None, &uri)));
    if variants.is_empty() {
        return None;
    }
    let beside_pictures = |family: &&Family<'_>| pictures.iter().any(|picture| is_needed(picture, family));
    let alternatives = families.iter().filter(beside_pictures).flat_map(|family| {
        family.sounds.iter().enumerate().map(|(index, sound)| AlternativeMedia {
            media_type: AlternativeMediaType::Audio,
            group_id: family.group.clone(),
            name: if index == 0 {
                "Sound".to_owned()
            } else {
                format!("Sound {}", index + 1)
            },
            default: index == 0,
            autoselect: true,
            channels: Some("2".to_owned()),
            uri: Some(uri(sound.name)),
            ..Default::default()
        })
    });
    let playlist = MasterPlaylist {
        version: Some(HLS_VERSION),
        independent_segments: catalogue.segments().iter().all(|segment| segment.key),
        alternatives: alternatives.collect(),
        variants,
        ..Default::default()
    };
    Some(text(|out| playlist.write_to(out)))
}

/// The media playlist of a rendition: `EVENT` while the class runs, so that a player may rewind to the beginning, and
/// `VOD` when it is over. `uri` gives the address of a file. Nothing for a rendition without finished segments.
pub fn media(catalogue: &Catalogue, rendition: &str, uri: impl Fn(&str) -> String, ended: bool) -> Option<String> {
    let parts = used_parts(catalogue);
    let list = listed(catalogue, rendition, ended);
    let mut segments = Vec::with_capacity(list.len());
    let mut before: Option<(&Init, usize)> = None;
    for (i, Listed { segment, init }) in list.iter().enumerate() {
        let position = parts.iter().position(|part| *part == segment.part)?;
        let is_new = before.is_none_or(|(known, _)| known.file != init.file);
        // a rendition that missed whole parts has their discontinuities as well, or its count would fall behind
        let breaks = position - before.map_or(0, |(_, position)| position);
        let extra = ExtTag {
            tag: "X-DISCONTINUITY".to_owned(),
            rest: None,
        };
        segments.push(MediaSegment {
            uri: uri(segment.file.as_str()),
            duration: seconds(
                length(segment, list.get(i + 1).map(|next| &*next.segment)),
                init.timescale,
            ),
            discontinuity: breaks > 0,
            unknown_tags: vec![extra; breaks.saturating_sub(1)],
            map: is_new.then(|| Map {
                uri: uri(init.file.as_str()),
                ..Default::default()
            }),
            program_date_time: DateTime::from_timestamp_micros(segment.pdt_us).map(|time| time.fixed_offset()),
            ..Default::default()
        });
        before = Some((*init, position));
    }
    let longest = segments.iter().map(|segment| segment.duration).fold(0.0, f32::max);
    let playlist = MediaPlaylist {
        version: Some(HLS_VERSION),
        target_duration: whole_seconds(longest).max(MIN_TARGET_DURATION_S),
        independent_segments: list.iter().all(|listed| listed.segment.key),
        playlist_type: Some(if ended {
            MediaPlaylistType::Vod
        } else {
            MediaPlaylistType::Event
        }),
        end_list: ended,
        segments,
        ..Default::default()
    };
    (!list.is_empty()).then(|| text(|out| playlist.write_to(out)))
}

/// Whether all renditions of the first part with media have a segment, as they soon do, or nothing more will come.
fn is_complete(catalogue: &Catalogue) -> bool {
    let Some(first) = catalogue.segments().first() else {
        return false;
    };
    let mut inits = catalogue.inits().iter().filter(|init| init.part == first.part);
    let has_segment = |init: &Init| {
        catalogue
            .segments()
            .iter()
            .any(|segment| segment.rendition == init.rendition)
    };
    catalogue.ended() || catalogue.segments().len() > 1 || inits.all(has_segment)
}

/// The parts that have media in any rendition, in order.
fn used_parts(catalogue: &Catalogue) -> Vec<u32> {
    let mut parts: Vec<u32> = catalogue.segments().iter().map(|segment| segment.part).collect();
    parts.sort_unstable();
    parts.dedup();
    parts
}

/// A segment's length in ticks up to the next one of its part, so that a pause does not shift what follows.
pub(super) fn length(segment: &Segment, next: Option<&Segment>) -> u64 {
    let until_next = next
        .filter(|next| next.part == segment.part)
        .and_then(|next| next.tfdt.checked_sub(segment.tfdt))
        .filter(|ticks| *ticks > 0);
    until_next.unwrap_or(segment.duration)
}

/// What a master playlist says of a rendition.
struct Summary<'a> {
    name: &'a str,
    kind: Kind,
    codecs: Vec<&'a str>,
    size: (u16, u16),
    pixels: u32,
    peak_bps: u64,
    average_bps: u64,
    frames_per_s: f64,
}

impl<'a> Summary<'a> {
    fn of(catalogue: &'a Catalogue, name: &'a str) -> Option<Summary<'a>> {
        let own = || catalogue.inits().iter().filter(|init| init.rendition == name);
        let largest = own().max_by_key(|init| pixels(init))?;
        let mut inits: Vec<&Init> = own().collect();
        let (mut bytes, mut ticks, mut own_ticks, mut own_frames, mut peak_bps) = (0u64, 0u64, 0u64, 0u64, 0);
        for Listed { segment, init } in listed(catalogue, name, true) {
            bytes = bytes.saturating_add(segment.bytes);
            ticks = ticks.saturating_add(segment.duration);
            if segment.rendition == name {
                own_ticks = own_ticks.saturating_add(segment.duration);
                own_frames = own_frames.saturating_add(u64::from(segment.frames));
            } else if inits.iter().all(|known| known.file != init.file) {
                inits.push(init);
            }
            // a peak is over at least half a target duration (RFC 8216 section 4.3.4.2)
            let is_whole = segment.duration >= u64::from(init.timescale);
            if is_whole || peak_bps == 0 {
                peak_bps = peak_bps.max(bits_per_s(segment.bytes, segment.duration, init.timescale));
            }
        }
        let average_bps = bits_per_s(bytes, ticks, largest.timescale);
        let frames_per_s = per_s(own_frames, own_ticks, largest.timescale);
        Some(Summary {
            name,
            kind: largest.kind,
            codecs: distinct_codecs(&inits),
            size: (largest.width, largest.height),
            pixels: pixels(largest),
            peak_bps: peak_bps.max(average_bps),
            average_bps,
            frames_per_s: (frames_per_s * 1000.0).round() / 1000.0,
        })
    }
}

/// The codec strings of all parts; of those that differ in their level alone the highest.
fn distinct_codecs<'a>(inits: &[&'a Init]) -> Vec<&'a str> {
    let mut distinct: Vec<&str> = Vec::new();
    for init in inits {
        let codecs = init.codecs.as_str();
        match distinct
            .iter_mut()
            .find(|known| without_level(known) == without_level(codecs))
        {
            Some(known) => *known = codecs.max(known),
            None => distinct.push(codecs),
        }
    }
    distinct
}

/// The part of a codec string that must agree for one decoder: codec and profile.
fn without_level(codecs: &str) -> &str {
    match codecs.split('.').next() {
        Some("avc1") => codecs.get(..9).unwrap_or(codecs),
        Some("vp09" | "av01") => codecs.get(..7).unwrap_or(codecs),
        _ => codecs,
    }
}

/// Sounds of one codec: a player takes those that it can decode.
struct Family<'a> {
    group: String,
    sounds: Vec<&'a Summary<'a>>,
}

/// Whether what decodes these pictures decodes AAC as well: then one sound in AAC is for every player. Chromium's own
/// player may go on with any variant that it can decode, and stops where that changes the codec of the sound.
fn has_aac_too(picture: &Summary<'_>) -> bool {
    let is_mpeg = |codecs: &&str| codecs.starts_with("avc1.") || codecs.starts_with("hvc1.");
    picture.codecs.iter().all(is_mpeg)
}

fn is_aac(family: &Family<'_>) -> bool {
    let mut codecs = family.sounds.iter().flat_map(|sound| &sound.codecs);
    codecs.all(|codecs| codecs.starts_with("mp4a."))
}

/// One rendition stands for others of its codec that were never there together with it: its playlist has theirs.
fn families<'a>(catalogue: &Catalogue, sounds: &[&'a Summary<'a>]) -> Vec<Family<'a>> {
    let codec = |sound: &Summary<'_>| {
        let first = sound.codecs.first().and_then(|codecs| codecs.split('.').next());
        first.unwrap_or_default().to_owned()
    };
    let mut families: Vec<(String, Family<'a>)> = Vec::new();
    for sound in sounds {
        let codec = codec(sound);
        match families.iter_mut().find(|(known, _)| *known == codec) {
            Some((_, family)) => {
                if family
                    .sounds
                    .iter()
                    .any(|known| are_together(catalogue, known.name, sound.name))
                {
                    family.sounds.push(sound);
                }
            }
            None => {
                let group = match families.is_empty() {
                    true => AUDIO_GROUP.to_owned(),
                    false => format!("{AUDIO_GROUP}-{codec}"),
                };
                let sounds = vec![*sound];
                families.push((codec, Family { group, sounds }));
            }
        }
    }
    families.into_iter().map(|(_, family)| family).collect()
}

/// Whether two renditions are in one part.
fn are_together(catalogue: &Catalogue, one: &str, other: &str) -> bool {
    let mut inits = catalogue.inits().iter().filter(|init| init.rendition == one);
    inits.any(|init| catalogue.init(other, init.part).is_some())
}

fn variant(main: &Summary<'_>, family: Option<&Family<'_>>, uri: &impl Fn(&str) -> String) -> VariantStream {
    let sound = family.and_then(|family| family.sounds.first());
    let codecs: Vec<&str> = main
        .codecs
        .iter()
        .chain(sound.iter().flat_map(|s| &s.codecs))
        .copied()
        .collect();
    let (width, height) = main.size;
    let is_picture = main.kind == Kind::Video;
    VariantStream {
        uri: uri(main.name),
        bandwidth: main.peak_bps.saturating_add(sound.map_or(0, |s| s.peak_bps)),
        average_bandwidth: Some(main.average_bps.saturating_add(sound.map_or(0, |s| s.average_bps))),
        codecs: Some(codecs.join(",")),
        resolution: is_picture.then_some(Resolution {
            width: width.into(),
            height: height.into(),
        }),
        frame_rate: is_picture.then_some(main.frames_per_s),
        audio: family.map(|family| family.group.clone()),
        ..Default::default()
    }
}

fn bits_per_s(bytes: u64, ticks: u64, timescale: u32) -> u64 {
    let bits = u128::from(bytes) * 8 * u128::from(timescale) / u128::from(ticks.max(1));
    u64::try_from(bits).unwrap_or(u64::MAX)
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52 frames and ticks")]
fn per_s(count: u64, ticks: u64, timescale: u32) -> f64 {
    count as f64 * f64::from(timescale) / ticks.max(1) as f64
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "a segment lasts seconds"
)]
fn seconds(ticks: u64, timescale: u32) -> f32 {
    (ticks as f64 / f64::from(timescale.max(1))) as f32
}

/// Rounded as `EXT-X-TARGETDURATION` demands (RFC 8216 section 4.3.3.1).
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a segment lasts seconds, never less than none"
)]
fn whole_seconds(seconds: f32) -> u64 {
    seconds.round() as u64
}

fn text(write: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).expect("writing to memory succeeds");
    String::from_utf8(out).expect("names and addresses are text")
}
