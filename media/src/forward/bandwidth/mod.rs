//! What the engine knows and does about one viewer's line: what it carries, how fast it is sent to, what is sent again.
//!
//! | file | what is in it |
//! |---|---|
//! | `sent` | what was sent when, by transport-wide number |
//! | `delay` | whether the queue on the line grows |
//! | `queue` | how long that queue is |
//! | `rate` | what arrives, and the estimate made of it |
//! | `probe` | bursts that look for more |
//! | `estimator` | the five above, fed by transport-wide feedback |
//! | `pacer` | how fast is sent |
//! | `repeat` | bounds on retransmissions |
//!
//! The estimator is ours rather than `rtc-interceptor`'s: that one keeps every packet of its windows with its time
//! (24 bytes each) and copies each feedback message into a list, and it has neither probing nor the length of the queue.
//! An estimate is a guess, and a wrong one must not harm: it chooses between layers and smooths bursts, and video is held
//! back only while the line's queue is seen to be long.

mod delay;
mod estimator;
mod pacer;
mod probe;
mod queue;
mod rate;
mod repeat;
mod sent;
#[cfg(test)]
mod tests;

use crate::codec::Kind;
use crate::wire::rtcp::ReceptionReport;
use crate::wire::transport_cc::Feedback;
use estimator::Estimator;
use pacer::{Pace, Pacer};
use repeat::Repeats;
use sent::Send;
use std::time::{Duration, Instant};

/// Of the estimate, while the line is full: what has just been measured still holds some of what was there before.
const FULL_SHARE: f64 = 0.6;

/// A round trip before the first is measured.
const FIRST_RTT: Duration = Duration::from_millis(50);

/// Longer ones are not believed.
const MAX_RTT: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub struct Bandwidth {
    epoch: Instant,
    rtt: Duration,
    report: Option<(u32, Instant)>,
    pacer: Pacer,
    repeats: Repeats,
    receiver_bps: Option<u64>,
    loss: f32,
    is_full: bool,
    is_silent: bool,
    estimator: Option<Box<Estimator>>,
}

/// What one call has handed over, in datagrams.
#[derive(Clone, Copy, Debug)]
pub struct Handed {
    /// The transport-wide number of the first.
    pub first: u16,
    /// How many.
    pub count: usize,
    /// The size of every one but the last.
    pub segment_bytes: usize,
    /// The size of the last.
    pub last_bytes: usize,
}

impl Bandwidth {
    /// A line of which nothing is known. The record of what was sent is kept only where the viewer reports on it.
    pub fn new(now: Instant, has_feedback: bool) -> Bandwidth {
        Bandwidth {
            epoch: now,
            rtt: FIRST_RTT,
            report: None,
            pacer: Pacer::new(),
            repeats: Repeats::new(),
            receiver_bps: None,
            loss: 0.0,
            is_full: false,
            is_silent: false,
            estimator: has_feedback.then(|| Box::new(Estimator::new())),
        }
    }

    fn us(&self, now: Instant) -> u64 {
        u64::try_from(now.saturating_duration_since(self.epoch).as_micros()).unwrap_or(u64::MAX)
    }

    /// Notes what has been written for the viewer.
    #[inline]
    pub fn note_sent(&mut self, handed: Handed, now: Instant) {
        let now_us = self.us(now);
        let bytes = handed.segment_bytes * handed.count.saturating_sub(1) + handed.last_bytes;
        self.pacer.note_sent(bytes as u64, now_us);
        if let Some(estimator) = &mut self.estimator {
            let send = Send {
                first: handed.first,
                segment_bytes: u16::try_from(handed.segment_bytes).unwrap_or(u16::MAX),
                last_bytes: u16::try_from(handed.last_bytes).unwrap_or(u16::MAX),
                count: u8::try_from(handed.count).unwrap_or(u8::MAX),
                probe: 0,
                at_us: (now_us & 0xffff_ffff) as u32,
            };
            estimator.note_sent(send, now_us);
        }
    }

    /// Notes bytes of media that were sent for the first time: retransmissions are bounded by them.
    #[inline]
    pub fn earn(&mut self, bytes: usize) {
        self.repeats.earn(u32::try_from(bytes).unwrap_or(u32::MAX >> 2));
    }

    /// Takes the viewer's transport-wide feedback; says of how many packets it told that they arrived, and that they did
    /// not.
    pub fn take_feedback(&mut self, message: &[u8], now: Instant) -> (u16, u16) {
        let (now_us, rtt_us) = (self.us(now), self.rtt_us());
        let mut told = (0, 0);
        if let (Some(estimator), Some(feedback)) = (&mut self.estimator, Feedback::parse(message)) {
            told = estimator.take_feedback(&feedback, rtt_us, now_us);
            (self.loss, self.is_full, self.is_silent) = (estimator.loss(), estimator.is_full(), false);
        }
        self.set_pace();
        told
    }

    /// Takes the viewer's own estimate (REMB); it counts where there is no transport-wide feedback.
    pub fn take_receiver_estimate(&mut self, bps: u64) {
        if self.estimator.is_none() {
            self.receiver_bps = Some(bps.clamp(rate::MIN_BPS, rate::MAX_BPS));
            self.set_pace();
        }
    }

    fn set_pace(&mut self) {
        let estimate = self.estimate_bps();
        let pace = match &self.estimator {
            Some(line) if line.has_queue() => estimate.or(line.acknowledged_bps()).map(Pace::Full),
            Some(line) => estimate.map(|bps| Pace::Limited(bps.max(line.acknowledged_bps().unwrap_or(0)))),
            None => estimate.map(Pace::Limited),
        };
        self.pacer.set_pace(pace.unwrap_or(Pace::Open));
    }

    /// Remembers the sender report that was just written: a report of the viewer that answers it tells the round trip.
    pub fn note_sender_report(&mut self, ntp_time: u64, now: Instant) {
        self.report = Some((((ntp_time >> 16) & 0xffff_ffff) as u32, now));
    }

    /// Takes a report block (RFC 3550 section 6.4.1): the round trip, and the loss where no feedback tells it.
    pub fn take_reception(&mut self, report: &ReceptionReport, now: Instant) {
        if let Some((ntp, at)) = self.report
            && report.last_sender_report == ntp
        {
            let held = Duration::from_micros(u64::from(report.delay_since) * 1_000_000 / 65_536);
            let rtt = now.saturating_duration_since(at).saturating_sub(held);
            self.rtt = rtt.clamp(Duration::from_millis(1), MAX_RTT);
        }
        if self.estimator.is_none() {
            self.loss = f32::from(report.fraction_lost) / 256.0;
        }
    }

    /// The round trip as last measured; a guess before.
    pub fn rtt(&self) -> Duration {
        self.rtt
    }

    fn rtt_us(&self) -> u64 {
        u64::try_from(self.rtt.as_micros()).unwrap_or(u64::MAX)
    }

    /// The share of packets that get lost, 0 to 1.
    pub fn loss(&self) -> f32 {
        self.loss
    }

    /// What the line carries in bit/s; `None` while it has shown no limit.
    pub fn estimate_bps(&self) -> Option<u64> {
        match &self.estimator {
            Some(estimator) => estimator.rate.bps(),
            None => self.receiver_bps,
        }
    }

    /// What the viewer's media may need, in bit/s, sound included: the estimate without retransmissions, and without
    /// what a full line needs to become empty. `None` while the line has shown no limit.
    pub fn target_bps(&self) -> Option<u64> {
        let share = if self.is_full {
            FULL_SHARE
        } else {
            1.0 - f64::from(self.loss.min(0.5))
        };
        let media = self.estimate_bps()? as f64 * share;
        Some(media as u64)
    }

    /// Whether so many bytes may leave at once.
    #[inline]
    pub fn may_burst(&mut self, bytes: usize, now: Instant) -> bool {
        let now_us = self.us(now);
        self.pacer.may_burst(bytes as u64, now_us)
    }

    /// How many bytes of what waits may leave in the step that begins now.
    pub fn step_bytes(&mut self, now: Instant) -> usize {
        let now_us = self.us(now);
        usize::try_from(self.pacer.step_bytes(now_us)).unwrap_or(usize::MAX)
    }

    /// Whether the line is given more than it carries, now: video is held back then, so that sound comes through.
    #[inline]
    pub fn is_full(&self) -> bool {
        self.is_full
    }

    /// Whether the viewer has stopped to report on what it is sent.
    #[inline]
    pub fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// Whether it is full or silent.
    #[inline]
    pub fn is_troubled(&self) -> bool {
        self.is_full || self.is_silent
    }

    /// Notes what time alone tells.
    pub fn tick(&mut self, now: Instant) {
        let now_us = self.us(now);
        self.is_silent = self
            .estimator
            .as_ref()
            .is_some_and(|estimator| estimator.is_silent(now_us));
    }

    /// Whether the packet that the viewer calls `number` is to be sent again now. On a full line the viewer has to ask
    /// again.
    pub fn may_repeat(&mut self, kind: Kind, number: u16, now: Instant) -> bool {
        let (now_us, rtt_us) = (self.us(now), self.rtt_us());
        if kind == Kind::Video && self.pacer.is_braking() && self.pacer.step_bytes(now_us) == 0 {
            return false;
        }
        self.repeats.allow(kind, number, rtt_us, now_us)
    }

    /// Starts a probe if the viewer could use more than its line is known to carry. True: feed it by
    /// [`Bandwidth::probe_bytes`] every 5 ms.
    pub fn start_probe(&mut self, wanted_bps: u64, now: Instant) -> bool {
        let now_us = self.us(now);
        let Some(estimator) = &mut self.estimator else {
            return false;
        };
        let Some(estimate) = estimator.rate.bps() else {
            return false;
        };
        let wanted_bps = (wanted_bps as f64 / f64::from(1.0 - self.loss.min(0.5))) as u64;
        !estimator.is_full() && !estimator.is_silent(now_us) && estimator.prober.start(estimate, wanted_bps, now_us)
    }

    /// Whether a probe is being sent.
    pub fn is_probing(&self) -> bool {
        self.estimator
            .as_ref()
            .is_some_and(|estimator| estimator.prober.is_sending())
    }

    /// Bytes that a probe lacks by now.
    pub fn probe_bytes(&mut self, now: Instant) -> u64 {
        let now_us = self.us(now);
        self.estimator
            .as_mut()
            .map_or(0, |estimator| estimator.prober.due_bytes(now_us))
    }

    /// Memory beyond the struct itself, in bytes.
    #[cfg(test)]
    pub fn reserved_bytes(&self) -> usize {
        self.estimator
            .as_ref()
            .map_or(0, |estimator| size_of::<Estimator>() + estimator.reserved_bytes())
    }
}
