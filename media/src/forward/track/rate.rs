//! How many bits a second a layer has lately.

use std::time::{Duration, Instant};

/// What is summed up at once.
const SLICE: Duration = Duration::from_millis(250);

/// The rate is that of so many slices: key frames, which are large, come less often than once in one of them.
const SLICES: usize = 8;

/// A layer that has sent nothing for this long is not active: its publisher has suspended it.
const SILENCE: Duration = Duration::from_millis(1500);

/// The bits of the last two seconds.
#[derive(Clone, Debug, Default)]
pub struct Rate {
    bytes: [u64; SLICES],
    at: usize,
    filled: usize,
    slice_start: Option<Instant>,
    last: Option<Instant>,
}

impl Rate {
    /// Notes bytes that arrived.
    pub fn note(&mut self, bytes: usize, now: Instant) {
        self.last = Some(now);
        self.turn_to(now);
        if let Some(slice) = self.bytes.get_mut(self.at) {
            *slice += bytes as u64;
        }
    }

    /// Bits a second over the last two seconds, or over what there was of them; 0 for a layer that is not active.
    pub fn bps(&self, now: Instant) -> u64 {
        let Some(start) = self.slice_start.filter(|_| self.is_active(now)) else {
            return 0;
        };
        let span = SLICE * u32::try_from(self.filled).unwrap_or(0) + now.saturating_duration_since(start);
        let bytes: u64 = self.bytes.iter().sum();
        (bytes as f64 * 8.0 / span.max(SLICE).as_secs_f64()) as u64
    }

    /// Whether anything came lately.
    pub fn is_active(&self, now: Instant) -> bool {
        self.last
            .is_some_and(|last| now.saturating_duration_since(last) < SILENCE)
    }

    /// When something came last.
    pub fn last(&self) -> Option<Instant> {
        self.last
    }

    fn turn_to(&mut self, now: Instant) {
        let start = *self.slice_start.get_or_insert(now);
        let passed = now.saturating_duration_since(start);
        if passed < SLICE {
            return;
        }
        let slices = passed.as_millis() / SLICE.as_millis();
        if slices as usize >= SLICES {
            *self = Rate {
                last: self.last,
                slice_start: Some(now),
                ..Rate::default()
            };
            return;
        }
        for _ in 0..slices {
            self.at = (self.at + 1) % SLICES;
            self.filled = (self.filled + 1).min(SLICES - 1);
            if let Some(slice) = self.bytes.get_mut(self.at) {
                *slice = 0;
            }
        }
        self.slice_start = Some(start + SLICE * slices as u32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_rate_of_the_last_two_seconds() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut rate = Rate::default();
        assert_eq!(rate.bps(start), 0);
        for ms in (0..3000).step_by(10) {
            rate.note(1250, at(ms));
        }
        assert!(
            (900_000..1_100_000).contains(&rate.bps(at(3000))),
            "{}",
            rate.bps(at(3000))
        );
        for ms in (3000..6000).step_by(10) {
            rate.note(125, at(ms));
        }
        assert!(
            (90_000..110_000).contains(&rate.bps(at(6000))),
            "{}",
            rate.bps(at(6000))
        );
        assert_eq!(rate.bps(at(8000)), 0, "nothing came for two seconds");
        rate.note(125, at(20_000));
        assert!(rate.bps(at(20_100)) > 0 && rate.is_active(at(20_100)));
    }
}
