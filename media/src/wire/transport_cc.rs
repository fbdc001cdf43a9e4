//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): which packets of a
//! publisher arrived when. Without it Chromium's encoder stays at its starting bitrate.

use super::extend_u16;
use std::time::{Duration, Instant};

/// Packets remembered between two feedback messages; at 50 ms that is 40,000 packets a second.
const MAX_PENDING: usize = 2000;

/// The unit of the reference time.
const REFERENCE_US: u128 = 64_000;

/// The unit of an arrival delta.
const DELTA_US: i128 = 250;

/// Notes arrivals and writes the feedback message.
#[derive(Debug)]
pub struct Arrivals {
    epoch: Instant,
    pending: Vec<(u64, Duration)>,
    highest: Option<u64>,
    feedback_count: u8,
    deltas: Vec<(u64, i16)>,
}

impl Arrivals {
    /// Starts at `now`, the zero of the reference time.
    pub fn new(now: Instant) -> Arrivals {
        Arrivals {
            epoch: now,
            pending: Vec::with_capacity(64),
            highest: None,
            feedback_count: 0,
            deltas: Vec::new(),
        }
    }

    /// Notes the transport-wide number of a packet that arrived. Beyond 2,000 unreported packets it forgets the new ones.
    pub fn note(&mut self, number: u16, now: Instant) {
        // The first number is lifted by one rollover, so that an earlier one that arrives late is not below zero.
        let reference = self.highest.unwrap_or(0x1_0000 | u64::from(number));
        let Some(extended) = extend_u16(number, reference) else {
            return;
        };
        self.highest = Some(reference.max(extended));
        if self.pending.len() < MAX_PENDING {
            self.pending.push((extended, now.saturating_duration_since(self.epoch)));
        }
    }

    /// Whether there is anything to report.
    pub fn is_empty(&self) -> bool {
        self.pending.is_empty()
    }

    /// Appends one RTCP packet about what was noted since the last, and forgets it.
    pub fn write_feedback(&mut self, from: u32, media_ssrc: u32, out: &mut Vec<u8>) {
        self.pending.sort_unstable();
        self.pending.dedup_by_key(|(number, _)| *number);
        let (Some(&(base, first)), Some(&(last, _))) = (self.pending.first(), self.pending.last()) else {
            return;
        };
        let count = (last - base + 1).min(MAX_PENDING as u64);
        let reference = first.as_micros() / REFERENCE_US;

        let start = out.len();
        out.extend_from_slice(&[0x8f, 205, 0, 0]);
        out.extend_from_slice(&from.to_be_bytes());
        out.extend_from_slice(&media_ssrc.to_be_bytes());
        out.extend_from_slice(&((base & 0xffff) as u16).to_be_bytes());
        out.extend_from_slice(&(count as u16).to_be_bytes());
        let [_, reference_bytes @ ..] = ((reference & 0xff_ffff) as u32).to_be_bytes();
        out.extend_from_slice(&reference_bytes);
        out.push(self.feedback_count);
        self.write_chunks(base, count, reference, out);
        while !(out.len() - start).is_multiple_of(4) {
            out.push(0);
        }
        let words = u16::try_from((out.len() - start) / 4 - 1).unwrap_or(0);
        if let Some(field) = out.get_mut(start + 2..start + 4) {
            field.copy_from_slice(&words.to_be_bytes());
        }
        self.feedback_count = self.feedback_count.wrapping_add(1);
        self.pending.clear();
    }

    /// Two-bit status vectors of seven packets each, then the deltas.
    fn write_chunks(&mut self, base: u64, count: u64, reference: u128, out: &mut Vec<u8>) {
        let mut clock = (reference * REFERENCE_US) as i128;
        self.deltas.clear();
        for (number, at) in self.pending.iter().take_while(|(number, _)| number - base < count) {
            let ticks = (at.as_micros() as i128 - clock).div_euclid(DELTA_US);
            let delta = ticks.clamp(-0x8000, 0x7fff) as i16;
            clock += i128::from(delta) * DELTA_US;
            self.deltas.push((number - base, delta));
        }
        let mut next = self.deltas.iter().peekable();
        for chunk in 0..count.div_ceil(7) {
            let mut word = 0xC000u16;
            for slot in 0..7 {
                if let Some((_, delta)) = next.next_if(|(number, _)| *number == chunk * 7 + slot) {
                    word |= (if u8::try_from(*delta).is_ok() { 1 } else { 2 }) << (12 - 2 * slot);
                }
            }
            out.extend_from_slice(&word.to_be_bytes());
        }
        for &(_, delta) in &self.deltas {
            match u8::try_from(delta) {
                Ok(small) => out.push(small),
                Err(_) => out.extend_from_slice(&delta.to_be_bytes()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feedback_tells_gaps_and_times() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let start = Instant::now();
        let mut arrivals = Arrivals::new(start);
        for (number, ms) in [(65534u16, 70), (65535, 71), (1, 90), (0, 300)] {
            arrivals.note(number, start + Duration::from_millis(ms));
        }
        let mut out = vec![];
        arrivals.write_feedback(1, 2, &mut out);
        let want: &[u8] = &[
            0x8f, 205, 0, 6, 0, 0, 0, 1, 0, 0, 0, 2, // header
            0xff, 0xfe, 0, 4, 0, 0, 1, 0, // base, four packets, reference 64 ms, first feedback
            0xd6, 0x80, // small, small, large, large (the number 0 came after 1, so the clock goes back)
            24, 4, 0x03, 0x94, 0xfc, 0xb8, // 6 ms, 1 ms, 229 ms, -210 ms
        ];
        assert_eq!(out, want);
        assert!(arrivals.is_empty());
    }
}
