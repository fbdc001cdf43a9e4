//! A viewer's line as a simple model, with the real feedback messages.

use super::*;
use crate::wire::transport_cc::Arrivals;

const PACKET: usize = 1200;

/// A line with a queue, and a viewer at its end that reports every 100 ms.
struct Line {
    bandwidth: Bandwidth,
    start: Instant,
    now_ms: u64,
    rate_bps: u64,
    queue: Duration,
    delay: Duration,
    lost_per_mille: u32,
    free_at: Instant,
    number: u16,
    on_the_way: Vec<(Instant, u16)>,
    arrivals: Arrivals,
    random: u32,
}

impl Line {
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn new(rate_bps: u64) -> Line {
        let start = Instant::now();
        Line {
            bandwidth: Bandwidth::new(start, true),
            start,
            now_ms: 0,
            rate_bps,
            queue: Duration::from_secs(1),
            delay: Duration::from_millis(25),
            lost_per_mille: 0,
            free_at: start,
            number: 65_000,
            on_the_way: Vec::new(),
            arrivals: Arrivals::new(start - Duration::from_secs(7)),
            random: 1,
        }
    }

    fn now(&self) -> Instant {
        self.start + Duration::from_millis(self.now_ms)
    }

    fn send(&mut self, count: usize) {
        let now = self.now();
        let (segment_bytes, last_bytes) = (PACKET, PACKET);
        let first = self.number;
        self.bandwidth.note_sent(
            Handed {
                first,
                count,
                segment_bytes,
                last_bytes,
            },
            now,
        );
        for _ in 0..count {
            self.random = self.random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let is_lost = (self.random >> 16) % 1000 < self.lost_per_mille;
            let waits = self.free_at.max(now);
            if !is_lost && waits - now <= self.queue {
                self.free_at = waits + Duration::from_micros(PACKET as u64 * 8_000_000 / self.rate_bps);
                self.on_the_way.push((self.free_at + self.delay, self.number));
            }
            self.number = self.number.wrapping_add(1);
        }
    }

    /// Sends frames of `bps` for so many seconds, and probes when `wanted` is more than the estimate.
    fn run(&mut self, seconds: u64, bps: u64, wanted: u64) {
        let end = self.now_ms + seconds * 1000;
        let mut owed = 0;
        while self.now_ms < end {
            let now = self.now();
            if self.now_ms.is_multiple_of(33) {
                owed += bps * 33 / 8000;
                self.send(owed as usize / PACKET);
                owed %= PACKET as u64;
            }
            if self.now_ms.is_multiple_of(50) {
                self.bandwidth.start_probe(wanted, now);
            }
            if self.now_ms.is_multiple_of(5) {
                let due = self.bandwidth.probe_bytes(now);
                (0..due.div_ceil(PACKET as u64)).for_each(|_| self.send(1));
            }
            for (_, number) in self.on_the_way.extract_if(.., |(at, _)| *at <= now) {
                self.arrivals.note(number, now);
            }
            if self.now_ms.is_multiple_of(100) && !self.arrivals.is_empty() {
                let mut message = Vec::new();
                self.arrivals.write_feedback(1, 2, &mut message);
                self.bandwidth.take_feedback(&message[12..], now + self.delay);
            }
            self.now_ms += 1;
        }
    }
}

#[test]
fn a_wide_line_shows_no_limit() {
    for lost_per_mille in [0, 50, 100] {
        let mut line = Line::new(50_000_000);
        line.lost_per_mille = lost_per_mille;
        line.run(60, 2_500_000, 2_500_000);
        assert_eq!(line.bandwidth.target_bps(), None, "{lost_per_mille}");
        assert!(!line.bandwidth.is_full());
    }
}

#[test]
fn a_line_that_narrows_is_noticed_within_a_second() {
    let mut line = Line::new(50_000_000);
    line.run(10, 2_500_000, 2_500_000);
    line.rate_bps = 300_000;
    line.run(1, 2_500_000, 2_500_000);
    let estimate = line.bandwidth.estimate_bps().expect("it shows a limit");
    assert!((100_000..400_000).contains(&estimate), "{estimate}");
    assert!(line.bandwidth.is_full());
}

#[test]
fn a_line_that_drops_what_it_cannot_carry_is_noticed_too() {
    let mut line = Line::new(50_000_000);
    line.queue = Duration::from_millis(20);
    line.run(10, 2_500_000, 2_500_000);
    line.rate_bps = 300_000;
    line.run(2, 2_500_000, 2_500_000);
    let estimate = line.bandwidth.estimate_bps().expect("it shows a limit");
    assert!((100_000..500_000).contains(&estimate), "{estimate}");
}

#[test]
fn probes_find_the_way_back_up() {
    let mut line = Line::new(50_000_000);
    line.run(5, 2_500_000, 2_500_000);
    line.rate_bps = 300_000;
    line.run(2, 2_500_000, 3_000_000);
    line.run(20, 150_000, 3_000_000);
    let low = line.bandwidth.estimate_bps().expect("it shows a limit");
    assert!((150_000..450_000).contains(&low), "{low}");
    assert!(!line.bandwidth.is_full(), "probes do not fill it");
    line.rate_bps = 50_000_000;
    line.run(10, 150_000, 3_000_000);
    let high = line.bandwidth.estimate_bps().expect("it has shown a limit");
    assert!(high >= 2_600_000, "{high}");
}

#[test]
fn a_viewer_that_stops_reading_is_noticed() {
    let mut line = Line::new(50_000_000);
    line.run(3, 2_500_000, 2_500_000);
    line.bandwidth.tick(line.now());
    assert!(!line.bandwidth.is_silent());
    line.rate_bps = 1;
    line.queue = Duration::ZERO;
    line.run(3, 2_500_000, 2_500_000);
    line.bandwidth.tick(line.now());
    assert!(line.bandwidth.is_silent());
}

#[test]
fn a_receivers_own_estimate_counts_where_there_is_no_feedback() {
    let mut line = Line::new(1);
    line.bandwidth.take_receiver_estimate(500_000);
    assert_eq!(line.bandwidth.estimate_bps(), None, "feedback knows better");
    let mut plain = Bandwidth::new(line.start, false);
    plain.take_receiver_estimate(500_000);
    assert_eq!(plain.estimate_bps(), Some(500_000));
}

#[test]
fn the_round_trip_is_told_by_reports() {
    let mut bandwidth = Line::new(1).bandwidth;
    let start = bandwidth.epoch;
    bandwidth.note_sender_report(0x1234_5678_9abc_def0, start);
    let report = ReceptionReport {
        last_sender_report: 0x5678_9abc,
        delay_since: 65_536 / 2,
        ..ReceptionReport::default()
    };
    bandwidth.take_reception(&report, start + Duration::from_millis(580));
    assert_eq!(bandwidth.rtt(), Duration::from_millis(80));
}

#[test]
fn a_viewers_line_costs_little_memory() {
    let mut line = Line::new(50_000_000);
    line.run(30, 8_000_000, 0);
    let bytes = size_of::<Bandwidth>() + line.bandwidth.reserved_bytes();
    assert!(bytes <= 5_500, "{bytes}");
}
