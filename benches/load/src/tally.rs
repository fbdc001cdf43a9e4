//! What one thread has seen of its viewers; the threads' tallies are added up at the end.

use crate::line::Counts;
use hdrhistogram::Histogram;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Two minutes; what is longer counts as that.
const LONGEST_US: u64 = 120_000_000;

/// Seconds of a run that are kept for the plot.
const MAX_SECONDS: usize = 24 * 3600;

/// Times in microseconds.
#[derive(Clone, Debug)]
pub(crate) struct Times(Histogram<u64>);

impl Times {
    /// Keeps three digits, for totals.
    pub(crate) fn new() -> Times {
        Times::with_digits(3)
    }

    fn with_digits(digits: u8) -> Times {
        Times(Histogram::new_with_max(LONGEST_US, digits).expect("the bounds are sound"))
    }

    /// Notes one.
    pub(crate) fn note(&mut self, us: u64) {
        self.0.saturating_record(us.min(LONGEST_US));
    }

    /// Adds another's.
    pub(crate) fn add(&mut self, other: &Times) {
        self.0.add(&other.0).expect("all have the same bounds");
    }

    /// How many there are.
    pub(crate) fn count(&self) -> u64 {
        self.0.len()
    }

    /// Milliseconds below which so much of them lie; `part` between 0 and 1; none when there are none.
    pub(crate) fn ms(&self, part: f64) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.value_at_quantile(part) as f64 / 1000.0)
    }

    /// The longest, in milliseconds.
    pub(crate) fn max_ms(&self) -> Option<f64> {
        (!self.0.is_empty()).then(|| self.0.max() as f64 / 1000.0)
    }
}

/// What is going on in the run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Phase {
    /// Viewers come; those who came early are watched.
    Coming,
    /// All have come; nothing is measured.
    Settling,
    /// The measurement.
    Steady,
}

/// How frames flow in one phase.
#[derive(Clone, Debug)]
pub(crate) struct Flow {
    /// From the stamp to the arrival of a frame's first packet.
    pub(crate) delay: Times,
    /// To that of its last.
    pub(crate) frame_delay: Times,
    /// Each viewer's longest time between two packets of the picture.
    pub(crate) longest_gap: Times,
}

impl Flow {
    fn new() -> Flow {
        Flow {
            delay: Times::new(),
            frame_delay: Times::new(),
            longest_gap: Times::new(),
        }
    }

    fn add(&mut self, other: &Flow) {
        self.delay.add(&other.delay);
        self.frame_delay.add(&other.frame_delay);
        self.longest_gap.add(&other.longest_gap);
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    /// Viewers whose keys came.
    pub(crate) connected: u64,
    /// Viewers who could show a picture.
    pub(crate) with_picture: u64,
    /// Connections that ended by themselves, by reason.
    pub(crate) ended: BTreeMap<&'static str, u64>,
    /// From asking to the keys.
    pub(crate) to_connection: Times,
    /// From asking to the first packet.
    pub(crate) to_packet: Times,
    /// From asking to the first whole key frame.
    pub(crate) to_picture: Times,
    /// From the pair of addresses being found to the first whole key frame.
    pub(crate) ice_to_picture: Times,
    pub(crate) video: Counts,
    pub(crate) audio: Counts,
    /// Lost packets that a retransmission brought.
    pub(crate) recovered: u64,
    /// Packets that the keys do not open, among those that were tried.
    pub(crate) unauthentic: u64,
    /// Packets that were opened.
    pub(crate) opened: u64,
    /// What those who came early felt of the others' coming.
    pub(crate) coming: Flow,
    pub(crate) steady: Flow,
    /// Frame delays by second of the run.
    pub(crate) seconds: Vec<Times>,
}

impl Tally {
    /// Nothing yet.
    pub(crate) fn new() -> Tally {
        Tally {
            connected: 0,
            with_picture: 0,
            ended: BTreeMap::new(),
            to_connection: Times::new(),
            to_packet: Times::new(),
            to_picture: Times::new(),
            ice_to_picture: Times::new(),
            video: Counts::default(),
            audio: Counts::default(),
            recovered: 0,
            unauthentic: 0,
            opened: 0,
            coming: Flow::new(),
            steady: Flow::new(),
            seconds: Vec::new(),
        }
    }

    /// Where what happens in a phase is noted; `is_early`: to a viewer who came early.
    pub(crate) fn flow(&mut self, phase: Phase, is_early: bool) -> Option<&mut Flow> {
        match phase {
            Phase::Coming if is_early => Some(&mut self.coming),
            Phase::Steady => Some(&mut self.steady),
            _ => None,
        }
    }

    /// Notes a frame's delay for the plot.
    pub(crate) fn note_second(&mut self, second: usize, delay_us: u64) {
        if second < MAX_SECONDS {
            let wanted = self.seconds.len().max(second + 1);
            self.seconds.resize_with(wanted, || Times::with_digits(2));
            self.seconds[second].note(delay_us);
        }
    }

    /// Adds another thread's.
    pub(crate) fn add(&mut self, other: &Tally) {
        self.connected += other.connected;
        self.with_picture += other.with_picture;
        for (why, count) in &other.ended {
            *self.ended.entry(why).or_default() += count;
        }
        self.to_connection.add(&other.to_connection);
        self.to_packet.add(&other.to_packet);
        self.to_picture.add(&other.to_picture);
        self.ice_to_picture.add(&other.ice_to_picture);
        self.video += other.video;
        self.audio += other.audio;
        self.recovered += other.recovered;
        self.unauthentic += other.unauthentic;
        self.opened += other.opened;
        self.coming.add(&other.coming);
        self.steady.add(&other.steady);
        let wanted = self.seconds.len().max(other.seconds.len());
        self.seconds.resize_with(wanted, || Times::with_digits(2));
        for (mine, theirs) in self.seconds.iter_mut().zip(&other.seconds) {
            mine.add(theirs);
        }
    }
}

/// What the run shows while it goes on; all threads add to it.
#[derive(Debug, Default)]
pub(crate) struct Live {
    /// Viewers with keys, now.
    pub(crate) connected: AtomicU64,
    /// Viewers with a picture, now.
    pub(crate) showing: AtomicU64,
    /// Viewers given to the threads so far that have got keys or have ended.
    pub(crate) settled: AtomicU64,
    /// RTP packets received.
    pub(crate) packets: AtomicU64,
    /// Bytes of those, as UDP payload.
    pub(crate) bytes: AtomicU64,
}

impl Live {
    /// Adds to one of the counters.
    pub(crate) fn add(counter: &AtomicU64, more: u64) {
        counter.fetch_add(more, Ordering::Relaxed);
    }

    /// Takes from one of the counters.
    pub(crate) fn take(counter: &AtomicU64, less: u64) {
        counter.fetch_sub(less, Ordering::Relaxed);
    }

    /// Reads one.
    pub(crate) fn read(counter: &AtomicU64) -> u64 {
        counter.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_numbers() {
        let mut times = Times::new();
        assert_eq!((times.ms(0.5), times.max_ms()), (None, None));
        (1..=1000).for_each(|ms| times.note(ms * 1000));
        for (part, want) in [(0.5, 500.0), (0.99, 990.0), (0.999, 999.0), (1.0, 1000.0)] {
            let got = times.ms(part).unwrap();
            assert!((got - want).abs() <= want / 1000.0, "{part}: {got}");
        }
        times.note(u64::MAX);
        assert!(times.max_ms().unwrap() >= 120_000.0, "too long counts as the longest");
    }

    #[test]
    fn tallies_add_up() {
        let mut one = Tally::new();
        one.connected = 2;
        one.ended.insert("x", 1);
        one.note_second(3, 5000);
        let mut two = one.clone();
        two.note_second(5, 7000);
        two.ended.insert("y", 4);
        one.add(&two);
        assert_eq!((one.connected, one.ended["x"], one.ended["y"]), (4, 2, 4));
        assert_eq!(
            one.seconds.iter().map(Times::count).collect::<Vec<_>>(),
            [0, 0, 0, 2, 0, 1]
        );
    }

    #[test]
    fn only_those_who_came_early_tell_of_the_coming() {
        let mut tally = Tally::new();
        assert!(tally.flow(Phase::Coming, false).is_none() && tally.flow(Phase::Settling, true).is_none());
        tally.flow(Phase::Coming, true).unwrap().delay.note(1);
        tally.flow(Phase::Steady, false).unwrap().delay.note(1);
        assert_eq!((tally.coming.delay.count(), tally.steady.delay.count()), (1, 1));
    }
}
