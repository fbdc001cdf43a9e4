//! Probing: a short burst at a higher rate, made of retransmissions, shows whether a viewer's line carries more than it
//! is sent. Only that way a viewer of a low layer can come back to a high one.

/// A burst lasts this long, and until it has enough packets to measure by.
const BURST_US: u64 = 25_000;
const MIN_PACKETS: u16 = 8;
const MAX_BURST_US: u64 = 200_000;

/// The burst is fed in steps of this length.
const STEP_US: u64 = 5_000;

/// One burst asks for at most this multiple of the estimate.
const MAX_FACTOR: u64 = 2;

/// After one that succeeded the next waits this long.
const PAUSE_US: u64 = 300_000;

/// After a burst that failed, and after an overuse, the next waits this long; doubling up to the second value.
const MIN_BACKOFF_US: u64 = 1_500_000;
const MAX_BACKOFF_US: u64 = 5_000_000;

/// Feedback about a burst comes within this time after it, or never.
const MAX_WAIT_US: u64 = 1_000_000;

#[derive(Debug)]
struct Burst {
    rate_bps: u64,
    started_us: u64,
    ended_us: Option<u64>,
    bytes: u64,
    packets: u16,
    seen: Seen,
}

/// What arrived of a burst.
#[derive(Debug, Default)]
struct Seen {
    packets: u16,
    bytes: u64,
    first_sent: i64,
    last_sent: i64,
    last_sent_bytes: u64,
    first_arrived: i64,
    first_bytes: u64,
    last_arrived: i64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct Prober {
    burst: Option<Burst>,
    id: u8,
    next_us: u64,
    backoff_us: u64,
}

impl Prober {
    /// Without a burst.
    pub(super) fn new() -> Prober {
        Prober {
            burst: None,
            id: 0,
            next_us: 0,
            backoff_us: MIN_BACKOFF_US,
        }
    }

    /// Starts a burst if it is time for one: `wanted_bps` is more than the line is believed to carry.
    pub(super) fn start(&mut self, estimate_bps: u64, wanted_bps: u64, now_us: u64) -> bool {
        if self.burst.is_some() || now_us < self.next_us || wanted_bps <= estimate_bps {
            return false;
        }
        self.id = self.id.checked_add(1).unwrap_or(1);
        self.burst = Some(Burst {
            rate_bps: wanted_bps.min(MAX_FACTOR * estimate_bps),
            started_us: now_us,
            ended_us: None,
            bytes: 0,
            packets: 0,
            seen: Seen::default(),
        });
        true
    }

    /// Whether a burst is being sent.
    pub(super) fn is_sending(&self) -> bool {
        self.burst.as_ref().is_some_and(|burst| burst.ended_us.is_none())
    }

    /// What marks the packets that are sent now; 0 outside a burst.
    pub(super) fn mark(&self) -> u8 {
        if self.is_sending() { self.id } else { 0 }
    }

    /// Notes what was sent, whatever it was.
    pub(super) fn note_sent(&mut self, packets: u16, bytes: u64) {
        if let Some(burst) = self.burst.as_mut().filter(|burst| burst.ended_us.is_none()) {
            burst.packets = burst.packets.saturating_add(packets);
            burst.bytes += bytes;
        }
    }

    /// Bytes that the burst lacks by now; ends it when it is complete.
    pub(super) fn due_bytes(&mut self, now_us: u64) -> u64 {
        let Some(burst) = self.burst.as_mut().filter(|burst| burst.ended_us.is_none()) else {
            return 0;
        };
        let elapsed = now_us.saturating_sub(burst.started_us);
        if (elapsed >= BURST_US && burst.packets >= MIN_PACKETS) || elapsed >= MAX_BURST_US {
            burst.ended_us = Some(now_us);
            return 0;
        }
        (burst.rate_bps * (elapsed + STEP_US) / 8_000_000).saturating_sub(burst.bytes)
    }

    /// Takes a marked packet that arrived.
    pub(super) fn take(&mut self, mark: u8, bytes: u16, sent: i64, arrived: i64) {
        let Some(burst) = self.burst.as_mut().filter(|_| mark == self.id) else {
            return;
        };
        let (seen, bytes) = (&mut burst.seen, u64::from(bytes));
        if seen.packets == 0 || arrived < seen.first_arrived {
            (seen.first_arrived, seen.first_bytes) = (arrived, bytes);
        }
        if seen.packets == 0 {
            (seen.first_sent, seen.last_sent, seen.last_arrived) = (sent, sent, arrived);
        }
        if sent > seen.last_sent {
            (seen.last_sent, seen.last_sent_bytes) = (sent, 0);
        }
        if sent == seen.last_sent {
            seen.last_sent_bytes += bytes;
        }
        seen.last_arrived = seen.last_arrived.max(arrived);
        seen.packets += 1;
        seen.bytes += bytes;
    }

    /// What the line carries by the burst that has just been reported on; `None` while there is none, or when it
    /// showed nothing. To be called after every feedback message.
    pub(super) fn result(&mut self, now_us: u64) -> Option<u64> {
        let burst = self.burst.as_ref()?;
        let ended = burst.ended_us?;
        // Nearly all have arrived; a random loss or two say nothing.
        let is_whole = u32::from(burst.seen.packets) * 10 >= u32::from(burst.packets) * 8;
        if !is_whole {
            if now_us > ended + MAX_WAIT_US {
                self.fail(now_us);
            }
            return None;
        }
        let (carried, wanted) = (burst.seen.carried_bps(), burst.rate_bps);
        self.burst = None;
        if carried.is_some_and(|carried| carried * 10 >= wanted * 7) {
            (self.next_us, self.backoff_us) = (now_us + PAUSE_US, MIN_BACKOFF_US);
        } else {
            self.fail(now_us);
        }
        carried
    }

    /// The line is full: no burst for a while.
    pub(super) fn put_off(&mut self, now_us: u64) {
        if self.burst.is_some() {
            self.fail(now_us);
        } else {
            self.next_us = self.next_us.max(now_us + MIN_BACKOFF_US);
        }
    }

    fn fail(&mut self, now_us: u64) {
        self.burst = None;
        self.next_us = now_us + self.backoff_us;
        self.backoff_us = (self.backoff_us * 2).min(MAX_BACKOFF_US);
    }
}

impl Seen {
    /// What went through by the slower of both ends: the last packets sent and the first that arrived have no time of
    /// their own.
    fn carried_bps(&self) -> Option<u64> {
        let rate = |bytes: u64, us: i64| Some(bytes * 8_000_000 / u64::try_from(us).ok().filter(|us| *us > 0)?);
        let sent = rate(self.bytes - self.last_sent_bytes, self.last_sent - self.first_sent)?;
        let arrived = rate(self.bytes - self.first_bytes, self.last_arrived - self.first_arrived)?;
        Some(if arrived * 10 < sent * 9 {
            arrived * 95 / 100
        } else {
            sent.min(arrived)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A burst for `wanted` over a line of `line_bps`, all packets of 1,000 bytes.
    fn probe(prober: &mut Prober, estimate: u64, wanted: u64, line_bps: i64, start_us: u64) -> Option<u64> {
        assert!(prober.start(estimate, wanted, start_us));
        let (mut now, mut free_at) = (start_us, 0i64);
        let mut arrivals = vec![];
        while prober.is_sending() {
            let mut due = prober.due_bytes(now);
            while due > 0 {
                prober.note_sent(1, 1000);
                free_at = free_at.max(now as i64) + 8_000_000_000 / line_bps;
                arrivals.push((now as i64, free_at));
                due = due.saturating_sub(1000);
            }
            now += STEP_US;
        }
        let mark = prober.id;
        for (sent, arrived) in arrivals {
            prober.take(mark, 1000, sent, arrived);
        }
        prober.result(now + 50_000)
    }

    #[test]
    fn a_wide_line_shows_what_was_asked_of_it() {
        let mut prober = Prober::new();
        let carried = probe(&mut prober, 2_000_000, 3_000_000, 100_000_000, 0).expect("a result");
        assert!((2_700_000..=3_600_000).contains(&carried), "{carried}");
        assert!(
            prober.start(2_700_000, 3_000_000, 500_000),
            "success leads to the next soon"
        );
    }

    #[test]
    fn a_narrow_line_shows_what_it_carries_and_is_left_alone_then() {
        let mut prober = Prober::new();
        let carried = probe(&mut prober, 1_000_000, 2_000_000, 800_000, 0).expect("a result");
        assert!((650_000..=850_000).contains(&carried), "{carried}");
        assert!(!prober.start(800_000, 2_000_000, 1_000_000));
        assert!(prober.start(800_000, 2_000_000, 4_000_000));
    }

    #[test]
    fn at_most_twice_the_estimate_is_tried() {
        let mut prober = Prober::new();
        let carried = probe(&mut prober, 300_000, 9_000_000, 100_000_000, 0).expect("a result");
        assert!(carried < 750_000, "{carried}");
    }
}
