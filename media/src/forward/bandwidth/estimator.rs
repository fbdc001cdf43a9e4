//! What a viewer's transport-wide feedback says about its line.

use super::delay::{DelayTrend, Usage};
use super::probe::Prober;
use super::queue::QueueDelay;
use super::rate::{AcknowledgedRate, LossRate, RateControl};
use super::sent::{Send, SentLog};
use crate::wire::extend_u16;
use crate::wire::transport_cc::Feedback;

/// The unit of a feedback message's reference time.
const REFERENCE_US: i64 = 64_000;

/// A growing delay counts as overuse from this queue on: below it, it is jitter.
const MIN_OVERUSE_QUEUE_US: u64 = 30_000;

/// Of what arrives without a queue, in percent: so much the line carries for sure, whatever was believed before.
const PROVED_PERCENT: u64 = 85;

/// From this queue on nothing is sent faster than the line carries it.
const LONG_QUEUE_US: u64 = 60_000;

/// From this queue on a line is full: sound would come noticeably late.
const FULL_QUEUE_US: u64 = 150_000;

/// Feedback comes every 50 to 250 ms. After this long without, the viewer does not read.
const SILENCE_US: u64 = 2_000_000;

/// See the module.
#[derive(Debug)]
pub(super) struct Estimator {
    /// How the estimate moves.
    pub(super) rate: RateControl,
    /// Bursts that look for more.
    pub(super) prober: Prober,
    sent: SentLog,
    next: Option<u64>,
    reference: Option<(u32, i64)>,
    trend: DelayTrend,
    acknowledged: AcknowledgedRate,
    loss: LossRate,
    queue: QueueDelay,
    silent_since_us: Option<u64>,
}

impl Estimator {
    /// Knows nothing yet.
    pub(super) fn new() -> Estimator {
        Estimator {
            rate: RateControl::new(),
            prober: Prober::new(),
            sent: SentLog::new(),
            next: None,
            reference: None,
            trend: DelayTrend::new(),
            acknowledged: AcknowledgedRate::default(),
            loss: LossRate::default(),
            queue: QueueDelay::default(),
            silent_since_us: None,
        }
    }

    /// Notes a send. Silence counts from the first after feedback, and only for who has sent feedback before.
    #[inline]
    pub(super) fn note_sent(&mut self, mut send: Send, now_us: u64) {
        send.probe = self.prober.mark();
        if send.probe != 0 {
            let bytes =
                u64::from(send.segment_bytes) * u64::from(send.count.saturating_sub(1)) + u64::from(send.last_bytes);
            self.prober.note_sent(u16::from(send.count), bytes);
        }
        self.sent.push(send);
        if self.reference.is_some() {
            self.silent_since_us.get_or_insert(now_us);
        }
    }

    /// Takes a message of the viewer; says of how many packets it told that they arrived, and that they did not.
    pub(super) fn take_feedback(&mut self, feedback: &Feedback<'_>, rtt_us: u64, now_us: u64) -> (u16, u16) {
        self.silent_since_us = None;
        let base = self.unwrap_reference(feedback.reference) * REFERENCE_US;
        let (mut received, mut lost, mut shortest) = (0u16, 0u16, None);
        for (number, arrived) in feedback.packets() {
            let reference = self.next.unwrap_or(0x1_0000 | u64::from(number));
            let Some(extended) = extend_u16(number, reference).filter(|number| *number >= reference) else {
                continue;
            };
            let Some(packet) = self.sent.find(number) else { continue };
            self.next = Some(extended + 1);
            // A probe that overflows a line says nothing about what the line is sent otherwise.
            let counts = u16::from(packet.probe == 0);
            let Some(arrived) = arrived.map(|us| base + us) else {
                lost += counts;
                continue;
            };
            received += counts;
            let age = ((now_us & 0xffff_ffff) as u32).wrapping_sub(packet.at_us);
            let sent = i64::try_from(now_us).unwrap_or(i64::MAX) - i64::from(age);
            self.trend.take(sent, arrived);
            self.acknowledged.take(arrived, packet.bytes);
            self.prober.take(packet.probe, packet.bytes, sent, arrived);
            let delay = arrived - sent;
            shortest = Some(shortest.map_or(delay, |shortest: i64| shortest.min(delay)));
        }
        if let Some(delay) = shortest {
            self.queue.take(delay, now_us);
        }
        self.conclude(received, lost, rtt_us, now_us);
        (received, lost)
    }

    fn conclude(&mut self, received: u16, lost: u16, rtt_us: u64, now_us: u64) {
        let acknowledged = self.acknowledged.bps();
        if self.loss.take(received, lost, now_us) && self.loss.is_heavy {
            self.rate.note_heavy_loss(acknowledged);
        }
        let usage = match self.trend.usage() {
            Usage::Over if self.queue.us() < MIN_OVERUSE_QUEUE_US => Usage::Normal,
            usage => usage,
        };
        self.rate.update(usage, acknowledged, rtt_us, now_us);
        let is_easy = usage == Usage::Normal && !self.loss.is_heavy && self.queue.us() < MIN_OVERUSE_QUEUE_US;
        if let Some(carried) = acknowledged.filter(|_| is_easy) {
            self.rate.note_carried(carried * PROVED_PERCENT / 100);
        }
        if usage == Usage::Over {
            self.prober.put_off(now_us);
        } else if let Some(carried) = self.prober.result(now_us) {
            self.rate.note_carried(carried);
        }
    }

    /// The reference time has 24 bits: 12 days.
    fn unwrap_reference(&mut self, reference: u32) -> i64 {
        let extended = match self.reference {
            None => i64::from(reference),
            Some((last, extended)) => {
                let ahead = reference.wrapping_sub(last) << 8;
                extended + i64::from(ahead.cast_signed() >> 8)
            }
        };
        self.reference = Some((reference, extended));
        extended
    }

    /// What arrives, in bit/s.
    pub(super) fn acknowledged_bps(&self) -> Option<u64> {
        self.acknowledged.bps()
    }

    /// The share of packets lost lately, 0 to 1.
    pub(super) fn loss(&self) -> f32 {
        self.loss.fraction
    }

    /// Packets wait on the line: what it is sent has to stay below what it carries.
    pub(super) fn has_queue(&self) -> bool {
        self.queue.us() > LONG_QUEUE_US || self.loss.is_heavy
    }

    /// The line is given more than it carries, now.
    pub(super) fn is_full(&self) -> bool {
        self.queue.us() > FULL_QUEUE_US || self.loss.is_heavy
    }

    /// The viewer has not reported for long on what it is sent: it does not read, or its line is cut.
    pub(super) fn is_silent(&self, now_us: u64) -> bool {
        self.silent_since_us
            .is_some_and(|since| now_us.saturating_sub(since) > SILENCE_US)
    }

    /// Memory beyond the struct itself, in bytes.
    #[cfg(test)]
    pub(super) fn reserved_bytes(&self) -> usize {
        self.sent.reserved_bytes()
    }
}
