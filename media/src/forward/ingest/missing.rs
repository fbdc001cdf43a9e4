//! Packets of a publisher that have not arrived: which to ask for again, and when (RFC 4585 section 6.2.1).

use std::time::{Duration, Instant};

/// Holes tracked at once. More at a time is not loss but an outage, which a key frame mends.
const MAX_MISSING: usize = 256;

/// Reordering is given this long before it counts as loss.
const FIRST_WAIT: Duration = Duration::from_millis(10);

/// Between two requests for the same packet: above most round trips, so that an answer on its way is not asked for twice.
const RETRY_WAIT: Duration = Duration::from_millis(80);

/// After this a packet is given up: the viewers' jitter buffers have moved on.
const GIVE_UP: Duration = Duration::from_secs(1);

#[derive(Clone, Copy, Debug)]
struct Hole {
    extended: u64,
    noticed: Instant,
    next_request: Instant,
}

/// The holes in one source's numbers, ascending.
#[derive(Debug, Default)]
pub struct Missing {
    holes: Vec<Hole>,
}

impl Missing {
    /// Notes that `[from, to)` was jumped over.
    pub fn note_gap(&mut self, from: u64, to: u64, now: Instant) {
        if to.saturating_sub(from) > MAX_MISSING as u64 {
            self.holes.clear();
            return;
        }
        let room = MAX_MISSING - self.holes.len().min(MAX_MISSING);
        let hole = |extended| Hole {
            extended,
            noticed: now,
            next_request: now + FIRST_WAIT,
        };
        self.holes.extend((from..to).take(room).map(hole));
    }

    /// Notes that `extended` is missing, if that is not known.
    pub fn note_hole(&mut self, extended: u64, now: Instant) {
        let at = self.holes.binary_search_by_key(&extended, |hole| hole.extended);
        if let Err(at) = at
            && self.holes.len() < MAX_MISSING
        {
            let (noticed, next_request) = (now, now + FIRST_WAIT);
            self.holes.insert(
                at,
                Hole {
                    extended,
                    noticed,
                    next_request,
                },
            );
        }
    }

    /// Notes that one of them has arrived after all.
    pub fn note_arrival(&mut self, extended: u64) {
        if let Ok(at) = self.holes.binary_search_by_key(&extended, |hole| hole.extended) {
            self.holes.remove(at);
        }
    }

    /// Appends the sequence numbers to ask for at `now`, ascending.
    pub fn requests(&mut self, now: Instant, out: &mut impl Extend<u16>) {
        self.give_up(now);
        for hole in self.holes.iter_mut().filter(|hole| hole.next_request <= now) {
            hole.next_request = now + RETRY_WAIT;
            out.extend([(hole.extended & 0xffff) as u16]);
        }
    }

    /// Forgets what is of no use any more.
    pub fn give_up(&mut self, now: Instant) {
        self.holes
            .retain(|hole| now.saturating_duration_since(hole.noticed) < GIVE_UP);
    }

    /// Whether nothing is missing.
    pub fn is_empty(&self) -> bool {
        self.holes.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(missing: &mut Missing, now: Instant) -> Vec<u16> {
        let mut out = vec![];
        missing.requests(now, &mut out);
        out
    }

    #[test]
    fn what_stays_away_is_asked_for_again_and_given_up() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut missing = Missing::default();
        missing.note_gap(65_535, 65_538, at(0));
        assert!(asked(&mut missing, at(5)).is_empty(), "it may only be reordered");
        missing.note_arrival(65_536);
        assert_eq!(asked(&mut missing, at(11)), [65_535, 1]);
        assert!(asked(&mut missing, at(50)).is_empty(), "an answer may be on its way");
        missing.note_arrival(65_535);
        assert_eq!(asked(&mut missing, at(120)), [1]);
        assert!(asked(&mut missing, at(1100)).is_empty() && missing.is_empty());
    }

    #[test]
    fn an_outage_is_not_asked_for() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        let mut missing = Missing::default();
        missing.note_gap(1, 100_000, now);
        assert!(missing.is_empty());
        for gap in 0..10_000 {
            missing.note_gap(gap * 2, gap * 2 + 1, now);
        }
        assert_eq!(missing.holes.len(), MAX_MISSING);
    }
}
