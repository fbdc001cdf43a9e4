//! How fast a viewer is sent what is there. Small frames leave at once and in one piece; what exceeds the budget is fed
//! in steps, so that a key frame does not overflow the line's queue or the viewer's socket.

/// The rate while a line has shown no limit: a key frame of 40 kB is 10 ms late.
const OPEN_RATE_BPS: u64 = 40_000_000;

/// What may leave at once: a frame of a stream of 6 Mb/s.
const BURST_BYTES: u64 = 24_000;

/// What may leave at once on a line of known width lasts this long at most.
const BURST_US: u64 = 50_000;

/// The same on a line whose queue is full: two packets.
const SMALL_BURST_BYTES: u64 = 3_000;

/// What is sent at once all the same (sound, repetitions) delays the rest by this much at most.
const MAX_DEBT_US: u64 = 150_000;

/// The budget of one step has this length.
const STEP_US: u64 = 5_000;

/// What a rate stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Pace {
    /// The line has shown no limit.
    Open,
    /// The line carries about this many bit/s; its queue is short, so bursts may be faster.
    Limited(u64),
    /// The line carries about this many bit/s, and its queue has to shrink.
    Full(u64),
}

/// Bytes sent and not yet drained at the rate.
#[derive(Debug)]
pub(super) struct Pacer {
    pace: Pace,
    debt: u64,
    at_us: u64,
}

impl Pacer {
    /// An idle one.
    pub(super) fn new() -> Pacer {
        Pacer {
            pace: Pace::Open,
            debt: 0,
            at_us: 0,
        }
    }

    /// Changes the rate.
    pub(super) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
    }

    /// Whether the line's queue has to shrink.
    pub(super) fn is_braking(&self) -> bool {
        matches!(self.pace, Pace::Full(_))
    }

    fn rate_bps(&self) -> u64 {
        match self.pace {
            Pace::Open => OPEN_RATE_BPS,
            Pace::Limited(bps) => bps * 3 / 2,
            Pace::Full(bps) => bps * 9 / 10,
        }
    }

    fn drain(&mut self, now_us: u64) {
        let elapsed = now_us.saturating_sub(self.at_us);
        if elapsed > 0 {
            self.at_us = now_us;
            self.debt = self.debt.saturating_sub(self.rate_bps() * elapsed / 8_000_000);
        }
    }

    /// Notes what was sent.
    #[inline]
    pub(super) fn note_sent(&mut self, bytes: u64, now_us: u64) {
        self.drain(now_us);
        self.debt += bytes;
        if self.pace != Pace::Open {
            self.debt = self.debt.min(self.rate_bps() * MAX_DEBT_US / 8_000_000);
        }
    }

    /// Whether so many bytes may leave now and in one piece.
    #[inline]
    pub(super) fn may_burst(&mut self, bytes: u64, now_us: u64) -> bool {
        self.drain(now_us);
        let burst = match self.pace {
            Pace::Full(_) => SMALL_BURST_BYTES,
            Pace::Open => BURST_BYTES,
            // On a narrow line even a small frame takes long, and would be in the way of the sound.
            Pace::Limited(_) => (self.rate_bps() * BURST_US / 8_000_000).clamp(SMALL_BURST_BYTES, BURST_BYTES),
        };
        self.debt + bytes <= burst.max(self.rate_bps() * STEP_US / 8_000_000)
    }

    /// How many bytes one step may send now. Where it is more than nothing, a whole packet may leave; what it exceeds
    /// the step by is taken from the next ones.
    pub(super) fn step_bytes(&mut self, now_us: u64) -> u64 {
        self.drain(now_us);
        let step = (self.rate_bps() * STEP_US / 8_000_000).max(1);
        step.saturating_sub(self.debt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_leaves_in_one_piece_and_a_key_frame_does_not() {
        let mut pacer = Pacer::new();
        assert!(pacer.may_burst(10_400, 0));
        assert!(!pacer.may_burst(60_000, 0));
        pacer.note_sent(24_000, 0);
        assert!(!pacer.may_burst(10_400, 1_000));
        assert!(pacer.may_burst(10_400, 33_000));
    }

    #[test]
    fn steps_add_up_to_the_rate() {
        for (pace, rate) in [
            (Pace::Open, 40_000_000),
            (Pace::Limited(2_000_000), 3_000_000),
            (Pace::Full(1_000_000), 900_000),
        ] {
            let mut pacer = Pacer::new();
            pacer.set_pace(pace);
            let mut sent = 0;
            for step in 0..2000u64 {
                let now = step * STEP_US;
                while pacer.step_bytes(now) > 0 {
                    pacer.note_sent(1_200, now);
                    sent += 1_200;
                }
            }
            let bps = sent * 8 / 10;
            assert!(bps > rate * 8 / 10 && bps < rate * 11 / 10, "{pace:?}: {bps}");
        }
    }
}
