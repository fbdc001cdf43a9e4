//! A rendition that is added to a recording from samples that are there already, for example sound in another codec.

use super::segment::SegmentWriter;
use super::timeline::ns_to_ticks;
use super::{Catalogue, Write};
use crate::codec::Description;
use std::collections::VecDeque;

/// Writes one rendition during one part of a recording: samples in decoding order, segments where they are cut.
#[derive(Debug)]
pub struct TrackWriter {
    writer: SegmentWriter,
    writes: VecDeque<Write>,
}

impl TrackWriter {
    /// Begins with the init segment of `rendition`'s part `part`, in a recording that began at `start_us` (in
    /// microseconds since 1970).
    pub fn new(rendition: &str, part: u32, start_us: i64, description: &Description) -> TrackWriter {
        let mut writes = VecDeque::new();
        let kind = description.kind();
        let rate = kind.clock_rate();
        TrackWriter {
            writer: SegmentWriter::new(rendition, kind, rate, part, start_us, description, &mut writes),
            writes,
        }
    }

    /// Adds a sample that is shown or heard at `time`, in nanoseconds since the recording began. The one before it lasts
    /// until then.
    pub fn push(&mut self, time: i64, key: bool, bytes: &[u8]) {
        self.writer.push(time, key, bytes);
    }

    /// Ends the segment; the newest sample begins the next one.
    pub fn cut(&mut self) {
        self.writer.cut(&mut self.writes);
    }

    /// What is to be written so far.
    pub fn take_writes(&mut self) -> Vec<Write> {
        self.writes.drain(..).collect()
    }

    /// Ends the part at `end`; gives the rest of what is to be written.
    pub fn finish(mut self, end: i64) -> Vec<Write> {
        self.writer.close(end, &mut self.writes);
        self.writes.into()
    }
}

/// Where each segment of a rendition begins when the recording is played from its beginning, and how long it is, in
/// microseconds: pauses between parts are skipped, as a player does it.
pub fn positions(catalogue: &Catalogue, rendition: &str) -> Vec<(usize, i64, i64)> {
    let own: Vec<(usize, &super::Segment)> = catalogue
        .segments()
        .iter()
        .enumerate()
        .filter(|(_, segment)| segment.rendition == rendition)
        .collect();
    let mut at = 0;
    let mut positions = Vec::with_capacity(own.len());
    for (i, (index, segment)) in own.iter().enumerate() {
        let next = own.get(i + 1).map(|(_, next)| *next);
        let length = super::playlist::length(segment, next);
        let rate = catalogue.init(rendition, segment.part).map_or(1, |init| init.timescale);
        let length_us = super::journal::ticks_to_us(length, rate);
        positions.push((*index, at, length_us));
        at += length_us;
    }
    positions
}

/// The moment of a tick of a rendition's clock, in nanoseconds since the recording began.
pub fn time_ns(ticks: u64, timescale: u32) -> i64 {
    super::timeline::ticks_to_ns(i64::try_from(ticks).unwrap_or(i64::MAX), timescale)
}

/// The other way round, rounded to the nearest tick.
pub(super) fn ticks(ns: i64, timescale: u32) -> u64 {
    ns_to_ticks(ns, timescale)
}
