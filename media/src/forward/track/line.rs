//! The stream's own sequence and timestamp line. Publishers and codecs come and go; a viewer sees one line without a
//! jump, because every publisher's numbers are placed behind the last ones.

use crate::codec::Kind;
use crate::wire::extend_u32;
use smallvec::SmallVec;
use std::time::{Duration, Instant};

/// Where a line starts: high enough that a reordered first packet is not below zero.
const FIRST_SEQ: u64 = 0x1_0000;
const FIRST_RTP_TIME: u64 = 1 << 32;

/// Renumberings remembered: a packet from before the oldest of them is dropped as too late.
const MAX_STEPS: usize = 32;

/// Changes of a source's offset remembered: what arrives later than that keeps the oldest.
const MAX_SHIFTS: usize = 8;

/// How long a source may show that its first packet was late.
const SETTLE_TIME: Duration = Duration::from_secs(1);

/// The least delayed packet is looked for in this time and the one before.
const PACE_WINDOW: Duration = Duration::from_secs(2);

/// One track's line: where it ends.
#[derive(Clone, Copy, Debug)]
pub struct Line {
    clock_rate: u32,
    next_seq: u64,
    last_rtp_time: Option<u64>,
    pace: Option<Pace>,
}

/// When which timestamp is due: that of the packet that was delayed least lately.
#[derive(Clone, Copy, Debug)]
struct Pace {
    least: (u64, Instant),
    least_before: (u64, Instant),
    window_start: Instant,
}

/// How one source's numbers lie on the line.
#[derive(Clone, Debug)]
pub struct Placement {
    /// From this extended number on, this is added to it. Ascending, the last one rules what is to come.
    steps: Vec<(u64, i64)>,
    /// From this timestamp on, this is added to it; likewise.
    shifts: SmallVec<[(u64, i64); 2]>,
    /// Still to be added, as soon as that does not turn time back.
    shift_due: i64,
    highest: u64,
    last_timestamp: u64,
    newest_timestamp: u64,
    newest_rtp_time: u64,
    clock_rate: u32,
    /// When which timestamp was due before this source came, and until when it is held to that.
    settles: Option<((u64, Instant), Instant)>,
    has_reported: bool,
}

/// A packet's place on the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place {
    /// See [`crate::forward::batch::PacketMeta::seq`].
    pub seq: u64,
    /// See [`crate::forward::batch::PacketMeta::rtp_time`].
    pub rtp_time: u64,
}

impl Line {
    /// An empty line with timestamps of this many units a second.
    pub fn new(clock_rate: u32) -> Line {
        Line {
            clock_rate,
            next_seq: FIRST_SEQ,
            last_rtp_time: None,
            pace: None,
        }
    }

    /// The number that the next packet would get.
    pub fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// The highest timestamp so far.
    pub fn newest(&self) -> Option<u64> {
        self.last_rtp_time
    }

    /// A timestamp and when it was due: as if the packet that was delayed least lately had come at that moment.
    pub fn due(&self) -> Option<(u64, Instant)> {
        self.pace.map(|pace| pace.due(self.clock_rate))
    }

    /// Lets a source go on where the line ends: its packet `extended` is the next one, and its timestamp is the one
    /// that is due by the pace of those before. `due` is that of all lines that are to run side by side. Should its
    /// next packets come earlier than that, then the first one was late: the line is drawn back to where they are due.
    pub fn attach(&self, extended: u64, timestamp: u32, due: Option<(u64, Instant)>, now: Instant) -> Placement {
        let due = due.or(self.due());
        let aligned = due.map_or(FIRST_RTP_TIME, |due| due_at(due, now, self.clock_rate));
        let rtp_time = aligned.max(self.last_rtp_time.map_or(0, |last| last + self.ms()));
        let timestamp = FIRST_RTP_TIME | u64::from(timestamp);
        let offset = rtp_time.wrapping_sub(timestamp).cast_signed();
        Placement {
            steps: vec![(0, self.next_seq.wrapping_sub(extended).cast_signed())],
            shifts: smallvec::smallvec![(0, offset)],
            shift_due: 0,
            highest: extended.saturating_sub(1),
            last_timestamp: timestamp,
            newest_timestamp: timestamp,
            newest_rtp_time: rtp_time,
            clock_rate: self.clock_rate,
            settles: due.map(|due| (due, now + SETTLE_TIME)),
            has_reported: false,
        }
    }

    fn ms(&self) -> u64 {
        u64::from(self.clock_rate / 1000)
    }

    /// Notes that a packet is on the line.
    pub fn note(&mut self, place: Place, now: Instant) {
        self.next_seq = self.next_seq.max(place.seq + 1);
        if self.last_rtp_time.is_some_and(|last| place.rtp_time <= last) {
            return;
        }
        self.last_rtp_time = Some(place.rtp_time);
        let arrived = (place.rtp_time, now);
        match &mut self.pace {
            Some(pace) => pace.note(arrived, self.clock_rate),
            None => {
                self.pace = Some(Pace {
                    least: arrived,
                    least_before: arrived,
                    window_start: now,
                });
            }
        }
    }
}

/// The timestamp that is due at `now`, when `due` was.
fn due_at((rtp_time, at): (u64, Instant), now: Instant, clock_rate: u32) -> u64 {
    let ticks = |apart: Duration| (apart.as_micros() * u128::from(clock_rate) / 1_000_000) as u64;
    match now.checked_duration_since(at) {
        Some(since) => rtp_time + ticks(since),
        None => rtp_time.saturating_sub(ticks(at - now)),
    }
}

impl Pace {
    fn note(&mut self, arrived: (u64, Instant), clock_rate: u32) {
        if arrived.1.saturating_duration_since(self.window_start) >= PACE_WINDOW {
            self.least_before = self.least;
            (self.least, self.window_start) = (arrived, arrived.1);
        } else if arrived.0 >= due_at(self.least, arrived.1, clock_rate) {
            self.least = arrived;
        }
    }

    fn due(&self, clock_rate: u32) -> (u64, Instant) {
        if self.least_before.0 >= due_at(self.least, self.least_before.1, clock_rate) {
            self.least_before
        } else {
            self.least
        }
    }
}

impl Placement {
    /// The place of a packet that has arrived; `None` when it is older than what is remembered.
    pub fn place(&mut self, extended: u64, timestamp: u32, now: Instant) -> Option<Place> {
        let own = extend_u32(timestamp, self.last_timestamp)?;
        if extended > self.highest {
            (self.highest, self.last_timestamp) = (extended, own);
            if own > self.newest_timestamp {
                self.settle(own, now);
            }
        }
        let offset = self.steps.iter().rev().find(|(from, _)| extended >= *from)?.1;
        Some(Place {
            seq: extended.checked_add_signed(offset)?,
            rtp_time: self.shifted(own)?,
        })
    }

    /// A new timestamp: adds what is to be added from here on.
    fn settle(&mut self, own: u64, now: Instant) {
        let offset = self.shifts.last().map_or(0, |(_, offset)| *offset);
        let (ms, mut wanted) = (i64::from(self.clock_rate / 1000), offset + self.shift_due);
        if let Some((due, until)) = self.settles {
            let at = due_at(due, now, self.clock_rate);
            let early = own.wrapping_add_signed(wanted).wrapping_sub(at).cast_signed();
            if now > until {
                self.settles = None;
            } else if early > self.tolerance() {
                wanted -= early;
            }
        }
        let least = self.newest_rtp_time.wrapping_sub(own).cast_signed() + ms;
        let possible = if wanted == offset { offset } else { wanted.max(least) };
        self.shift_due = wanted - possible;
        if possible != offset {
            if self.shifts.len() == MAX_SHIFTS {
                self.shifts.remove(0);
            }
            self.shifts.push((own, possible));
        }
        (self.newest_timestamp, self.newest_rtp_time) = (own, own.wrapping_add_signed(possible));
    }

    /// A sound packet that overlaps with the one before is thrown away by the listener: that has to be worth it.
    fn tolerance(&self) -> i64 {
        let ms = i64::from(self.clock_rate / 1000);
        if self.clock_rate == Kind::Audio.clock_rate() {
            10 * ms
        } else {
            2 * ms
        }
    }

    /// Adds this to all timestamps to come.
    pub fn shift(&mut self, ticks: i64) {
        self.shift_due += ticks;
        self.settles = None;
    }

    /// Whether the source's clock has not been heard of before; from now on it has.
    pub fn take_first_report(&mut self) -> bool {
        !std::mem::replace(&mut self.has_reported, true)
    }

    /// Where a timestamp of the source lies, without noting anything.
    pub fn rtp_time(&self, timestamp: u32) -> Option<u64> {
        let place = self.shifted(extend_u32(timestamp, self.last_timestamp)?)?;
        place.checked_add_signed(self.shift_due)
    }

    fn shifted(&self, own: u64) -> Option<u64> {
        let shift = self.shifts.iter().rev().find(|(from, _)| own >= *from);
        own.checked_add_signed(shift.or(self.shifts.first())?.1)
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
        let a = first.place(70_000, 4_000_000_000, start).unwrap();
        line.note(a, start);
        let b = first
            .place(70_001, 4_000_003_000, start + Duration::from_millis(33))
            .unwrap();
        line.note(b, start + Duration::from_millis(33));
        assert_eq!((b.seq - a.seq, b.rtp_time - a.rtp_time), (1, 3000));

        let later = start + Duration::from_millis(1033);
        let mut second = line.attach(65_536, 17, None, later);
        let c = second.place(65_536, 17, later).unwrap();
        assert_eq!((c.seq - b.seq, c.rtp_time - b.rtp_time), (1, 90_000));
        let early = second.place(65_535, 17, later);
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
        let first = source.place(100, 0, now()).unwrap();
        line.note(first, now());
        assert!(source.skip(101));
        assert!(source.skip(103), "while 102 is still on its way");
        assert_eq!(source.place(104, 0, now()).unwrap().seq, first.seq + 2);
        assert_eq!(source.place(102, 0, now()).unwrap().seq, first.seq + 1);
        assert!(!source.skip(90));
    }

    #[test]
    fn timestamps_roll_over() {
        let line = Line::new(90_000);
        let mut source = line.attach(1, u32::MAX, None, now());
        let first = source.place(1, u32::MAX, now()).unwrap();
        assert_eq!(source.place(2, 2999, now()).unwrap().rtp_time - first.rtp_time, 3000);
    }

    #[test]
    fn a_first_packet_that_was_late_does_not_keep_the_others_late() {
        let (mut line, start) = (Line::new(90_000), now());
        let ms = |ms: u32| start + Duration::from_millis(u64::from(ms));
        let mut first = line.attach(1, 0, None, start);
        for number in 0..30 {
            let place = first
                .place(1 + u64::from(number), number * 3000, ms(number * 100 / 3))
                .unwrap();
            line.note(place, ms(number * 100 / 3));
        }
        let due = line.due().unwrap();
        // Its first picture comes 120 ms after it was taken, the others without delay.
        let mut second = line.attach(100, 0, None, ms(2000));
        let mut last = second.place(100, 0, ms(2000)).unwrap().rtp_time;
        for number in 1..20 {
            let (at, timestamp) = (ms(2000 + number * 100 / 3), 120 * 90 + number * 3000);
            let place = second.place(100 + u64::from(number), timestamp, at).unwrap();
            assert!(place.rtp_time > last, "time goes on at picture {number}");
            last = place.rtp_time;
            let early_ms = last.wrapping_sub(due_at(due, at, 90_000)).cast_signed() / 90;
            assert!(
                number < 4 || early_ms.abs() <= 2,
                "picture {number} is {early_ms} ms early"
            );
            let again = second.place(100 + u64::from(number), timestamp, at).unwrap();
            assert_eq!(again, place, "the other packets of a picture have its timestamp");
        }
    }
}
