//! Times, counted in buckets: cheap to note on a media thread, and the form that Prometheus reads.

use std::time::Duration;

/// Upper ends of the buckets in microseconds: 0.1 ms to 10 s; what took longer is in one more.
pub const BOUNDS_US: [u64; 16] = [
    100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000, 500_000, 1_000_000, 2_000_000,
    5_000_000, 10_000_000,
];

/// How many times fell into each bucket since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Histogram {
    counts: [u64; BOUNDS_US.len() + 1],
    sum_us: u64,
}

impl Histogram {
    /// Counts one time.
    pub fn note(&mut self, time: Duration) {
        let us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US.partition_point(|&bound| bound < us);
        if let Some(count) = self.counts.get_mut(bucket) {
            *count += 1;
        }
        self.sum_us = self.sum_us.saturating_add(us);
    }

    /// Adds what another one has counted.
    pub fn add(&mut self, other: &Histogram) {
        self.counts
            .iter_mut()
            .zip(other.counts)
            .for_each(|(count, more)| *count += more);
        self.sum_us = self.sum_us.saturating_add(other.sum_us);
    }

    /// What was counted since `before`, an earlier state of the same one.
    #[must_use]
    pub fn since(&self, before: &Histogram) -> Histogram {
        let mut counts = self.counts;
        counts
            .iter_mut()
            .zip(before.counts)
            .for_each(|(count, before)| *count = count.saturating_sub(before));
        Histogram {
            counts,
            sum_us: self.sum_us.saturating_sub(before.sum_us),
        }
    }

    /// How many times were counted.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// All of them together.
    #[must_use]
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_us)
    }

    /// Each bucket's upper end, and how many times fell into it or an earlier one.
    pub fn cumulative(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        let sums = self.counts.iter().scan(0, |sum, count| {
            *sum += count;
            Some(*sum)
        });
        BOUNDS_US.map(Duration::from_micros).into_iter().zip(sums)
    }

    /// A time that the share `quantile` (0 to 1) of all stayed below: the upper end of its bucket, or ten seconds where
    /// that has none. Nothing when nothing was counted.
    #[must_use]
    pub fn quantile(&self, quantile: f64) -> Option<Duration> {
        let wanted = (self.count() as f64 * quantile).ceil() as u64;
        let last = BOUNDS_US.last().copied().map(Duration::from_micros);
        (self.count() > 0).then(|| {
            self.cumulative()
                .find(|(_, sum)| *sum >= wanted)
                .map(|(bound, _)| bound)
                .or(last)
        })?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(times_ms: &[u64]) -> Histogram {
        let mut histogram = Histogram::default();
        times_ms
            .iter()
            .for_each(|&ms| histogram.note(Duration::from_millis(ms)));
        histogram
    }

    #[test]
    fn times_fall_into_their_buckets() {
        let all = of(&[0, 1, 1, 3, 20_000]);
        assert_eq!(all.count(), 5);
        assert_eq!(all.sum(), Duration::from_millis(20_005));
        let below = |ms| {
            let mut buckets = all.cumulative();
            buckets
                .find(|(bound, _)| *bound == Duration::from_millis(ms))
                .unwrap()
                .1
        };
        assert_eq!((below(1), below(5), below(10_000)), (3, 4, 4));
    }

    #[test]
    fn a_quantile_is_the_end_of_its_bucket() {
        assert_eq!(Histogram::default().quantile(0.5), None);
        let mut all = of(&[1; 98]);
        all.add(&of(&[40, 4000]));
        let ms = |quantile| all.quantile(quantile).unwrap().as_millis();
        assert_eq!((ms(0.5), ms(0.98), ms(0.99), ms(1.0)), (1, 1, 50, 5000));
        assert_eq!(all.since(&of(&[1; 98])).quantile(0.5).unwrap().as_millis(), 50);
        assert_eq!(of(&[60_000]).quantile(0.5).unwrap().as_millis(), 10_000);
    }
}
