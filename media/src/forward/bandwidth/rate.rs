//! How much arrives at a viewer, and what is made of it: additive increase, multiplicative decrease
//! (draft-ietf-rmcat-gcc-02 section 5.5), and the part that goes by loss (section 6, changed as said below).

use super::delay::Usage;

/// No estimate goes below this: sound and a small picture.
pub(super) const MIN_BPS: u64 = 100_000;

/// Nor above this.
pub(super) const MAX_BPS: u64 = 100_000_000;

/// What is left after an overuse, of what arrived.
const DECREASE: f64 = 0.85;

/// Growth of the estimate a second while nothing is known about the line's limit.
const INCREASE_PER_S: f64 = 0.08;

/// An estimate grows to at most this multiple of what arrives, or nothing would have proved it.
const HEADROOM: f64 = 1.5;
const HEADROOM_BPS: f64 = 10_000.0;

/// Above this share of packets lost the line drops what it cannot carry. The draft has 10 %, which a radio line loses
/// without being full.
const HEAVY_LOSS: f32 = 0.2;

const BUCKETS: usize = 8;

/// The length of one bucket of the acknowledged rate; all of them are ten frames.
const BUCKET_US: i64 = 41_667;

/// Bytes by arrival time over the last third of a second.
#[derive(Debug, Default)]
pub(super) struct AcknowledgedRate {
    buckets: [u32; BUCKETS],
    newest: i64,
    first: Option<i64>,
}

impl AcknowledgedRate {
    /// Notes that a packet arrived, by the receiver's clock.
    pub(super) fn take(&mut self, arrived_us: i64, bytes: u16) {
        let bucket = arrived_us.div_euclid(BUCKET_US);
        let first = *self.first.get_or_insert(bucket);
        if self.newest < first || (bucket - self.newest).unsigned_abs() > 4 * BUCKETS as u64 {
            *self = AcknowledgedRate {
                newest: bucket,
                first: Some(bucket),
                ..AcknowledgedRate::default()
            };
        }
        while self.newest < bucket {
            self.newest += 1;
            if let Some(next) = self.bucket_mut(self.newest) {
                *next = 0;
            }
        }
        if self.newest - bucket < BUCKETS as i64
            && let Some(bucket) = self.bucket_mut(bucket)
        {
            *bucket = bucket.saturating_add(u32::from(bytes));
        }
    }

    fn bucket_mut(&mut self, bucket: i64) -> Option<&mut u32> {
        self.buckets.get_mut(bucket.rem_euclid(BUCKETS as i64) as usize)
    }

    /// In bit/s; `None` before there is that much to tell from.
    pub(super) fn bps(&self) -> Option<u64> {
        let is_full = self.newest - self.first? >= BUCKETS as i64;
        let bytes: u64 = self.buckets.iter().map(|&bytes| u64::from(bytes)).sum();
        is_full.then(|| bytes * 8 * 1_000_000 / (BUCKET_US as u64 * BUCKETS as u64))
    }
}

/// The share of packets that do not arrive, over some hundred of them.
#[derive(Debug, Default)]
pub(super) struct LossRate {
    received: u16,
    lost: u16,
    since_us: u64,
    /// Smoothed, 0 to 1.
    pub(super) fraction: f32,
    /// The line drops what it cannot carry: too much is lost for a coincidence.
    pub(super) is_heavy: bool,
}

impl LossRate {
    /// Packets, or time in microseconds with enough packets to tell a full line by.
    const WINDOW: u16 = 100;
    const WINDOW_US: u64 = 400_000;
    const MIN_WINDOW: u16 = 20;

    /// The same where a line was full, and only sound is sent.
    const CLEARING_US: u64 = 150_000;
    const MIN_CLEARING: u16 = 6;

    /// Notes what a feedback message told. True when a window is complete.
    pub(super) fn take(&mut self, received: u16, lost: u16, now_us: u64) -> bool {
        self.received = self.received.saturating_add(received);
        self.lost = self.lost.saturating_add(lost);
        let total = self.received.saturating_add(self.lost);
        let (time, enough) = if self.is_heavy {
            (LossRate::CLEARING_US, LossRate::MIN_CLEARING)
        } else {
            (LossRate::WINDOW_US, LossRate::MIN_WINDOW)
        };
        let is_long = now_us.saturating_sub(self.since_us) >= time;
        let is_complete = total >= LossRate::WINDOW || (is_long && total >= enough);
        if is_complete {
            let (total, lost) = (f32::from(total), f32::from(self.lost));
            self.fraction += 0.4 * (lost / total - self.fraction);
            // Two standard deviations above the limit.
            self.is_heavy = lost > HEAVY_LOSS * total + 2.0 * (HEAVY_LOSS * (1.0 - HEAVY_LOSS) * total).sqrt();
            (self.received, self.lost, self.since_us) = (0, 0, now_us);
        }
        is_complete
    }
}

/// The estimate and how it moves.
#[derive(Debug)]
pub(super) struct RateControl {
    /// `None` until the line has shown a limit: then whatever is sent arrives.
    bps: Option<f64>,
    /// What arrived at the last overuse, smoothed: where the limit is.
    limit_bps: Option<f64>,
    holds: bool,
    updated_us: u64,
}

impl RateControl {
    /// A line that has shown no limit.
    pub(super) fn new() -> RateControl {
        RateControl {
            bps: None,
            limit_bps: None,
            holds: false,
            updated_us: 0,
        }
    }

    /// The estimate in bit/s; `None` while the line has shown no limit.
    pub(super) fn bps(&self) -> Option<u64> {
        self.bps.map(|bps| bps as u64)
    }

    /// Takes what the delays say.
    pub(super) fn update(&mut self, usage: Usage, acknowledged: Option<u64>, rtt_us: u64, now_us: u64) {
        let elapsed_s = (now_us.saturating_sub(self.updated_us) as f64 / 1e6).min(1.0);
        self.updated_us = now_us;
        match (usage, acknowledged) {
            (Usage::Over, Some(acknowledged)) => self.decrease(acknowledged as f64),
            (Usage::Over | Usage::Under, _) => self.holds = true,
            (Usage::Normal, _) if self.holds => self.holds = false,
            (Usage::Normal, Some(acknowledged)) => self.increase(acknowledged as f64, rtt_us, elapsed_s),
            (Usage::Normal, None) => {}
        }
    }

    fn decrease(&mut self, acknowledged: f64) {
        self.holds = true;
        let below = (DECREASE * acknowledged).max(MIN_BPS as f64);
        if self.bps.is_none_or(|bps| below < bps) {
            self.bps = Some(below);
        }
        self.limit_bps = Some(match self.limit_bps {
            Some(limit) if (0.5..1.5).contains(&(acknowledged / limit)) => 0.95 * limit + 0.05 * acknowledged,
            _ => acknowledged,
        });
    }

    fn increase(&mut self, acknowledged: f64, rtt_us: u64, elapsed_s: f64) {
        let Some(bps) = self.bps else { return };
        if self.limit_bps.is_some_and(|limit| acknowledged > 1.5 * limit) {
            self.limit_bps = None;
        }
        // Near the limit a packet more per response time, else in proportion.
        let near = self
            .limit_bps
            .is_some_and(|limit| bps > 0.9 * limit && bps < 1.5 * limit);
        let step = if near {
            let response_s = (rtt_us as f64 / 1e6 + 0.1) * 2.0;
            (1200.0 * 8.0 / response_s).max(4_000.0) * elapsed_s
        } else {
            (bps * ((1.0 + INCREASE_PER_S).powf(elapsed_s) - 1.0)).max(1_000.0)
        };
        let bound = HEADROOM * acknowledged + HEADROOM_BPS;
        if bps < bound {
            self.bps = Some((bps + step).min(bound).min(MAX_BPS as f64));
        }
    }

    /// The line drops what it cannot carry. Loss below that says little: a radio line loses at random and is not full.
    pub(super) fn note_heavy_loss(&mut self, acknowledged: Option<u64>) {
        if let Some(acknowledged) = acknowledged {
            let carried = (acknowledged as f64).max(MIN_BPS as f64);
            if self.bps.is_none_or(|bps| carried < bps) {
                self.bps = Some(carried);
                self.holds = true;
            }
        }
    }

    /// A probe, or what arrives without a queue, has shown what the line carries at least.
    pub(super) fn note_carried(&mut self, carried_bps: u64) {
        if let Some(bps) = &mut self.bps {
            *bps = bps.max(carried_bps.min(MAX_BPS) as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT_US: u64 = 50_000;

    #[test]
    fn the_acknowledged_rate_is_what_arrived_lately() {
        let mut rate = AcknowledgedRate::default();
        assert_eq!(rate.bps(), None);
        for at in 0..200 {
            rate.take(-3_000_000 + at * 10_000, 1250);
        }
        let bps = rate.bps().expect("two seconds are enough");
        assert!((900_000..=1_050_000).contains(&bps), "{bps}");
        rate.take(60_000_000, 1250);
        assert_eq!(rate.bps(), None, "after a break it is not known");
    }

    #[test]
    fn a_line_without_a_limit_has_no_estimate() {
        let mut control = RateControl::new();
        for at in 0..100 {
            control.update(Usage::Normal, Some(2_500_000), RTT_US, at * 100_000);
        }
        assert_eq!(control.bps(), None);
    }

    #[test]
    fn overuse_lowers_below_what_arrives_and_quiet_lifts_again() {
        let mut control = RateControl::new();
        control.update(Usage::Over, Some(1_000_000), RTT_US, 0);
        assert_eq!(control.bps(), Some(850_000));
        for at in 1..200 {
            control.update(Usage::Normal, Some(800_000), RTT_US, at * 100_000);
        }
        let bps = control.bps().expect("it has been limited");
        assert!(
            (1_000_000..=1_210_000).contains(&bps),
            "{bps}: at most half more than what arrives"
        );
    }

    #[test]
    fn heavy_loss_lowers_to_what_arrives() {
        let mut control = RateControl::new();
        control.note_heavy_loss(Some(300_000));
        assert_eq!(control.bps(), Some(300_000));
        control.note_carried(900_000);
        assert_eq!(control.bps(), Some(900_000));
    }

    #[test]
    fn loss_is_told_by_the_hundred_or_soon() {
        let mut loss = LossRate::default();
        assert!(!loss.take(50, 2, 100_000));
        assert!(loss.take(45, 3, 200_000));
        assert!((0.01..0.06).contains(&loss.fraction) && !loss.is_heavy);
        assert!(!loss.take(5, 9, 300_000));
        assert!(loss.take(7, 0, 600_000), "little is sent");
        assert!(loss.is_heavy);
        assert!(loss.take(90, 10, 700_000) && !loss.is_heavy);
    }
}
