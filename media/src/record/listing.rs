//! Which segments a rendition's playlist lists.
//!
//! Publishers stop to send an encoding when their line is bad, and another publisher may send fewer of them. Players stop
//! at a hole in the pictures, so where a rendition has no segment, its playlist lists that of another one.

use super::SAME_FRAME_NS;
use super::journal::{Catalogue, Init, Segment};
use super::timeline::ticks_to_ns;
use crate::codec::Kind;
use std::collections::BTreeMap;

/// A segment in a playlist, and what it looks like.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(super) struct Listed<'a> {
    pub(super) segment: &'a Segment,
    pub(super) init: &'a Init,
}

/// The segments that a rendition's playlist lists, in order. Once listed they stay, and others only follow. `is_over`:
/// nothing will be added to the recording.
pub(super) fn listed<'a>(catalogue: &'a Catalogue, rendition: &str, is_over: bool) -> Vec<Listed<'a>> {
    let all: Vec<Listed<'a>> = catalogue
        .segments()
        .iter()
        .filter_map(|segment| {
            let init = catalogue.init(&segment.rendition, segment.part)?;
            Some(Listed { segment, init })
        })
        .collect();
    let is_own = |listed: &&Listed<'a>| listed.segment.rendition == rendition;
    let own: Vec<Listed<'a>> = all.iter().filter(is_own).copied().collect();
    let Some(size) = own.iter().map(|own| pixels(own.init)).max() else {
        return Vec::new();
    };
    if own.iter().any(|own| own.init.kind == Kind::Audio) {
        return own;
    }
    let mut slots: BTreeMap<(u32, usize), Vec<Listed<'a>>> = BTreeMap::new();
    for picture in all.iter().filter(|listed| listed.init.kind == Kind::Video) {
        let slot = (picture.segment.part, catalogue.slot(picture.segment));
        slots.entry(slot).or_default().push(*picture);
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
            _ if is_there => rendition,
            Some(other) if !may_come && !is_covered => other,
            _ => continue,
        };
        list.extend(pictures.into_iter().filter(|picture| picture.segment.rendition == name));
    }
    list
}

/// The largest rendition that is no larger than `size` in pixels, or else the smallest.
fn stand_in<'a>(pictures: &[Listed<'a>], size: u32) -> Option<&'a str> {
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
    let end = |of: &Listed<'_>| {
        let ticks = of.segment.tfdt.saturating_add(of.segment.duration);
        ticks_to_ns(i64::try_from(ticks).unwrap_or(i64::MAX), of.init.timescale)
    };
    listed.segment.part == later.segment.part && end(listed) + SAME_FRAME_NS >= end(later)
}

/// How many pixels a picture has.
pub(super) fn pixels(init: &Init) -> u32 {
    u32::from(init.width) * u32::from(init.height)
}
