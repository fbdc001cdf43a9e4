//! The stream's own sequence and timestamp line. Publishers and codecs come and go; a viewer sees one line without a
//! jump, because every publisher's numbers are placed behind the last ones.

use crate::wire::extend_u32;
use std::time::Instant;

/// Where a line starts: high enough that a reordered first packet is not below zero.
const FIRST_SEQ: u64 = 0x1_0000;
const FIRST_RTP_TIME: u64 = 1 << 32;

/// Renumberings remembered: a packet from before the oldest of them is dropped as too late.
const MAX_STEPS: usize = 32;

/// One track's line: where it ends.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    clock_rate: u32,
    next_seq: u64,
    last: Option<(u64, Instant)>,
}

/// How one source's numbers lie on the line.
#[derive(Clone, Debug)]
pub struct Placement {
    /// From this extended number on, this is added to it. Ascending, the last one rules what is to come.
    steps: Vec<(u64, i64)>,
    rtp_offset: i64,
    highest: u64,
    last_timestamp: u64,
}

/// A packet's place on the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// See [`super::batch::PacketMeta::seq`].
    pub seq: u64,
    /// See [`super::batch::PacketMeta::rtp_time`].
    pub rtp_time: u64,
}

impl Line {
    /// An empty line with timestamps of this many units a second.
    pub fn new(clock_rate: u32) -> Line {
        Line {
            clock_rate,
            next_seq: FIRST_SEQ,
            last: None,
        }
    }

    /// The number that the next packet would get.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The newest timestamp and when its packet arrived.
    pub fn last(&self) -> Option<(u64, Instant)> {
        self.last
    }

    /// Lets a source go on where the line ends: its packet `extended` is the next one, and its timestamp lies as far
    /// behind the last one as the two arrived apart. `newest` is the last one of all lines that are to run side by
    /// side.
    pub fn attach(&self, extended: u64, timestamp: u32, newest: Option<(u64, Instant)>, now: Instant) -> Placement {
        let after = |(rtp_time, at): (u64, Instant)| {
            let gap_us = now.saturating_duration_since(at).as_micros();
            rtp_time + (gap_us * u128::from(self.clock_rate) / 1_000_000) as u64
        };
        let ms = u64::from(self.clock_rate / 1000);
        let aligned = newest.or(self.last).map_or(FIRST_RTP_TIME, after);
        let rtp_time = aligned.max(self.last.map_or(0, |(last, _)| last + ms));
        let timestamp = FIRST_RTP_TIME | u64::from(timestamp);
        Placement {
            steps: vec![(0, self.next_seq.wrapping_sub(extended).cast_signed())],
            rtp_offset: rtp_time.wrapping_sub(timestamp).cast_signed(),
            highest: extended.saturating_sub(1),
            last_timestamp: timestamp,
        }
    }

    /// Notes that a packet is on the line.
    pub fn note(&mut self, place: Place, now: Instant) {
        self.next_seq = self.next_seq.max(place.seq + 1);
        if self.last.is_none_or(|(rtp_time, _)| rtp_time < place.rtp_time) {
            self.last = Some((place.rtp_time, now));
        }
    }
}

impl Placement {
    /// The place of a packet; `None` when it is older than what is remembered.
    pub fn place(&mut self, extended: u64, timestamp: u32) -> Option<Place> {
        let rtp_time = self.rtp_time(timestamp)?;
        let offset = self.steps.iter().rev().find(|(from, _)| extended >= *from)?.1;
        if extended > self.highest {
            self.highest = extended;
            self.last_timestamp = extend_u32(timestamp, self.last_timestamp)?;
        }
        Some(Place {
            seq: extended.checked_add_signed(offset)?,
            rtp_time,
        })
    }

    /// Where a timestamp of the source lies, without noting anything.
    pub fn rtp_time(&self, timestamp: u32) -> Option<u64> {
        extend_u32(timestamp, self.last_timestamp)?.checked_add_signed(self.rtp_offset)
    }

    /// Takes a packet out of the numbering (a padding-only probe): what follows moves up. False when later ones were
    /// placed already; then the packet has to keep its number.
    pub fn skip(&mut self, extended: u64) -> bool {
        if extended <= self.highest {
            return false;
        }
        self.highest = extended;
        if self.steps.len() == MAX_STEPS {
            self.steps.remove(0);
        }
        let offset = self.steps.last().map_or(0, |(_, offset)| *offset);
        self.steps.push((extended + 1, offset - 1));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn now() -> Instant {
        Instant::now()
    }

    #[test]
    fn a_second_publisher_goes_on_where_the_first_stopped() {
        let start = now();
        let mut line = Line::new(90_000);
        let mut first = line.attach(70_000, 4_000_000_000, None, start);
        let a = first.place(70_000, 4_000_000_000).unwrap();
        line.note(a, start);
        let b = first.place(70_001, 4_000_003_000).unwrap();
        line.note(b, start + Duration::from_millis(33));
        assert_eq!((b.seq - a.seq, b.rtp_time - a.rtp_time), (1, 3000));

        let later = start + Duration::from_millis(1033);
        let mut second = line.attach(65_536, 17, None, later);
        let c = second.place(65_536, 17).unwrap();
        assert_eq!((c.seq - b.seq, c.rtp_time - b.rtp_time), (1, 90_000));
        let early = second.place(65_535, 17);
        assert_eq!(
            early.unwrap().seq,
            b.seq,
            "a packet from before the first one has an old number and is dropped as a duplicate"
        );
    }

    #[test]
    fn probes_leave_no_hole() {
        let mut line = Line::new(90_000);
        let mut source = line.attach(100, 0, None, now());
        let first = source.place(100, 0).unwrap();
        line.note(first, now());
        assert!(source.skip(101));
        assert!(source.skip(103), "while 102 is still on its way");
        assert_eq!(source.place(104, 0).unwrap().seq, first.seq + 2);
        assert_eq!(source.place(102, 0).unwrap().seq, first.seq + 1);
        assert!(!source.skip(90));
    }

    #[test]
    fn timestamps_roll_over() {
        let line = Line::new(90_000);
        let mut source = line.attach(1, u32::MAX, None, now());
        let first = source.place(1, u32::MAX).unwrap();
        assert_eq!(source.place(2, 2999).unwrap().rtp_time - first.rtp_time, 3000);
    }
}
