//! Which segments a rendition's playlist lists.
//!
//! Publishers stop to send an encoding when their line is bad, and another publisher may send fewer of them, or no sound.
//! Players stop at a hole, so where a rendition has no segment, its playlist lists that of another one, or silence.

use super::SAME_FRAME_NS;
use super::journal::{Catalogue, Init, Segment};
use super::silence;
use super::timeline::{NS_PER_S, ns_to_ticks, ticks_to_ns};
use crate::codec::Kind;
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Sound that comes so long after a part's beginning begins a part of its own; until then it may still come.
const SOUND_MAY_COME_NS: i64 = 3 * NS_PER_S;

/// A segment in a playlist, and what it looks like.
#[derive(Clone, PartialEq, Debug)]
pub(super) struct Listed<'a> {
    pub(super) segment: Cow<'a, Segment>,
    pub(super) init: &'a Init,
}

/// The segments that a rendition's playlist lists, in order. Once listed they stay, and others only follow. `is_over`:
/// nothing will be added to the recording.
pub(super) fn listed<'a>(catalogue: &'a Catalogue, rendition: &str, is_over: bool) -> Vec<Listed<'a>> {
    match catalogue.inits().iter().find(|init| init.rendition == rendition) {
        Some(init) if init.kind == Kind::Audio => sounds(catalogue, init, is_over),
        Some(_) => pictures(catalogue, rendition, is_over),
        None => Vec::new(),
    }
}

/// Sound: in a part in which the rendition has none, that of another one in the same codec, or silence while there are
/// pictures.
fn sounds<'a>(catalogue: &'a Catalogue, own: &'a Init, is_over: bool) -> Vec<Listed<'a>> {
    let mut list: Vec<Listed<'a>> = Vec::new();
    for part in 0..=catalogue.last_part() {
        let is_same = |init: &&Init| init.part == part && init.kind == Kind::Audio && init.codecs == own.codecs;
        let others = || catalogue.inits().iter().filter(is_same);
        let of_own = others().find(|init| init.rendition == own.rendition);
        match of_own.or_else(|| others().next()) {
            Some(init) => list.extend(segments_of(catalogue, init)),
            None => list.extend(silences(catalogue, own, part, is_over)),
        }
    }
    let is_used = list.iter().any(|listed| listed.segment.rendition == own.rendition);
    if is_used { list } else { Vec::new() }
}

fn segments_of<'a>(catalogue: &'a Catalogue, init: &'a Init) -> impl Iterator<Item = Listed<'a>> {
    let is_own = |segment: &&Segment| segment.rendition == init.rendition && segment.part == init.part;
    let own = catalogue.segments().iter().filter(is_own);
    own.map(move |segment| Listed {
        segment: Cow::Borrowed(segment),
        init,
    })
}

/// Silence beside each segment of a part's pictures.
fn silences<'a>(catalogue: &'a Catalogue, own: &'a Init, part: u32, is_over: bool) -> Vec<Listed<'a>> {
    let mut inits = catalogue.inits().iter();
    let picture = inits.find(|init| init.part == part && init.kind == Kind::Video);
    let (Some(picture), Some(codec)) = (picture, silence::Codec::of(&own.codecs)) else {
        return Vec::new();
    };
    let mut pictures = pictures(catalogue, &picture.rendition, is_over);
    pictures.retain(|listed| listed.segment.part == part);
    let lasts = pictures
        .first()
        .zip(pictures.last())
        .map_or(0, |(first, last)| end(last) - begin(first));
    let may_come = !is_over && part == catalogue.last_part() && lasts < SOUND_MAY_COME_NS;
    if may_come {
        return Vec::new();
    }
    let beside = |(index, shown): (usize, &Listed<'_>)| {
        let until = pictures.get(index + 1).map_or_else(|| end(shown), begin);
        let tfdt = ns_to_ticks(begin(shown), own.timescale);
        let duration = ns_to_ticks(until, own.timescale).saturating_sub(tfdt).max(1);
        let (frames, bytes) = silence::size(codec, duration);
        let segment = Segment {
            rendition: own.rendition.clone(),
            part,
            file: silence::name(codec, tfdt, duration),
            tfdt,
            duration,
            bytes,
            frames,
            pdt_us: shown.segment.pdt_us,
            key: true,
        };
        Listed {
            segment: Cow::Owned(segment),
            init: own,
        }
    };
    pictures.iter().enumerate().map(beside).collect()
}

fn pictures<'a>(catalogue: &'a Catalogue, rendition: &str, is_over: bool) -> Vec<Listed<'a>> {
    let all = catalogue.segments().iter().filter_map(|segment| {
        let init = catalogue.init(&segment.rendition, segment.part)?;
        let segment = Cow::Borrowed(segment);
        (init.kind == Kind::Video).then_some(Listed { segment, init })
    });
    let all: Vec<Listed<'a>> = all.collect();
    let is_own = |listed: &&Listed<'a>| listed.segment.rendition == rendition;
    let own: Vec<&Listed<'a>> = all.iter().filter(is_own).collect();
    let Some(size) = own.iter().map(|own| pixels(own.init)).max() else {
        return Vec::new();
    };
    let mut slots: BTreeMap<(u32, usize), Vec<Listed<'a>>> = BTreeMap::new();
    for picture in &all {
        let slot = (picture.segment.part, catalogue.slot(&picture.segment));
        slots.entry(slot).or_default().push(picture.clone());
    }
    // The recorder lets nobody begin the slot after the next before all have finished this one or are away.
    let newest = slots.last_key_value().map(|(slot, _)| *slot);
    let mut list = Vec::with_capacity(own.len());
    for (slot, pictures) in slots {
        let may_come = !is_over && Some(slot) == newest && slot.0 == catalogue.last_part();
        let is_there = pictures.iter().any(|picture| is_own(&picture));
        // A part may end between one encoding's cut and another's, whose segment then goes on to the end.
        let is_covered = list
            .last()
            .is_some_and(|last| pictures.iter().all(|picture| covers(last, picture)));
        let name = match stand_in(&pictures, size) {
            _ if is_there => rendition.to_owned(),
            Some(other) if !may_come && !is_covered => other.to_owned(),
            _ => continue,
        };
        list.extend(pictures.into_iter().filter(|picture| picture.segment.rendition == name));
    }
    list
}

/// The largest rendition that is no larger than `size` in pixels, or else the smallest.
fn stand_in<'a>(pictures: &'a [Listed<'_>], size: u32) -> Option<&'a str> {
    let rank = |picture: &&Listed<'a>| match pixels(picture.init) {
        small if small <= size => (true, i64::from(small)),
        large => (false, -i64::from(large)),
    };
    pictures
        .iter()
        .max_by_key(rank)
        .map(|picture| picture.segment.rendition.as_str())
}

/// Whether nothing of `later` is shown after `listed`.
fn covers(listed: &Listed<'_>, later: &Listed<'_>) -> bool {
    listed.segment.part == later.segment.part && end(listed) + SAME_FRAME_NS >= end(later)
}

/// When a segment begins, in nanoseconds since the recording began.
fn begin(of: &Listed<'_>) -> i64 {
    ticks_to_ns(i64::try_from(of.segment.tfdt).unwrap_or(i64::MAX), of.init.timescale)
}

/// When it ends.
fn end(of: &Listed<'_>) -> i64 {
    let ticks = of.segment.tfdt.saturating_add(of.segment.duration);
    ticks_to_ns(i64::try_from(ticks).unwrap_or(i64::MAX), of.init.timescale)
}

/// How many pixels a picture has.
pub(super) fn pixels(init: &Init) -> u32 {
    u32::from(init.width) * u32::from(init.height)
}
