//! How long packets wait in the queues on a viewer's line: their one-way delay above the shortest one seen lately.

/// The shortest delay is forgotten after one to two of these, so that a new route counts.
const WINDOW_US: u64 = 15_000_000;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct QueueDelay {
    /// The shortest delay of this window and the one before, clocks' difference included.
    shortest: Option<i64>,
    before: Option<i64>,
    since_us: u64,
    latest: i64,
}

impl QueueDelay {
    /// Takes the shortest one-way delay (by two clocks, in microseconds) of a feedback message: what jitter adds to
    /// single packets is no queue.
    pub(super) fn take(&mut self, delay_us: i64, now_us: u64) {
        if now_us.saturating_sub(self.since_us) > WINDOW_US {
            self.before = self.shortest.take();
            self.since_us = now_us;
        }
        self.shortest = Some(self.shortest.map_or(delay_us, |shortest| shortest.min(delay_us)));
        self.latest = delay_us;
    }

    /// The last packets' waiting time in microseconds.
    pub(super) fn us(&self) -> u64 {
        let shortest = self.shortest.into_iter().chain(self.before).min();
        shortest.map_or(0, |shortest| u64::try_from(self.latest - shortest).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waiting_is_what_exceeds_the_shortest_delay() {
        let mut queue = QueueDelay::default();
        assert_eq!(queue.us(), 0);
        queue.take(-5_000_000, 0);
        queue.take(-4_700_000, 100_000);
        assert_eq!(queue.us(), 300_000);
        queue.take(-4_950_000, 200_000);
        assert_eq!(queue.us(), 50_000);
    }

    #[test]
    fn a_new_route_counts_after_a_while() {
        let mut queue = QueueDelay::default();
        queue.take(0, 0);
        for second in 1..60 {
            queue.take(80_000, second * 1_000_000);
        }
        assert_eq!(queue.us(), 0);
    }
}
