//! Transport-wide congestion control feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01): which packets
//! arrived when. Written for publishers, without which Chromium's encoder stays at its starting bitrate, and read from
//! viewers.

use super::{extend_u16, u16_at};
use std::time::{Duration, Instant};

/// Packets remembered between two feedback messages; at 50 ms that is 40,000 packets a second.
const MAX_PENDING: usize = 2000;

/// The unit of the reference time.
const REFERENCE_US: u128 = 64_000;

/// The unit of an arrival delta.
const DELTA_US: i128 = 250;

/// Packets that one message may speak of: at 250 ms, the longest interval in use, 16,000 packets a second.
const MAX_REPORTED: u16 = 4000;

/// A feedback message, read in place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feedback<'a> {
    /// The transport-wide number of the first packet that it speaks of.
    pub first: u16,
    /// How many it speaks of, at most 4,000.
    pub count: u16,
    /// The receiver's clock when the first of them arrived, in 64 ms; 24 bits.
    pub reference: u32,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

impl<'a> Feedback<'a> {
    /// Reads what follows the SSRCs of the RTCP packet. `None` when it is cut off or speaks of too many packets.
    pub fn parse(message: &'a [u8]) -> Option<Feedback<'a>> {
        let (first, count) = (u16_at(message, 0)?, u16_at(message, 2)?);
        if count > MAX_REPORTED {
            return None;
        }
        let &[high, middle, low] = message.get(4..7)?.first_chunk()?;
        let body = message.get(8..)?;
        let (mut told, mut chunk) = (0u32, 0);
        while told < u32::from(count) {
            told += u32::from(Chunk::parse(u16_at(body, chunk)?).len());
            chunk += 2;
        }
        let (chunks, deltas) = body.split_at_checked(chunk)?;
        Some(Feedback {
            first,
            count,
            reference: u32::from_be_bytes([0, high, middle, low]),
            chunks,
            deltas,
        })
    }

    /// For every packet in order its number and, if it arrived, when: in microseconds since the reference time. Ends
    /// early where deltas are missing.
    pub fn packets(self) -> impl Iterator<Item = (u16, Option<i64>)> + 'a {
        let words = self.chunks.chunks_exact(2).filter_map(|word| u16_at(word, 0));
        let symbols = words.flat_map(|word| {
            let chunk = Chunk::parse(word);
            (0..chunk.len()).map(move |at| chunk.symbol(at))
        });
        let (mut deltas, mut clock_us) = (self.deltas, 0i64);
        (0..self.count).zip(symbols).map_while(move |(at, symbol)| {
            let ticks = match symbol {
                0 => return Some((self.first.wrapping_add(at), None)),
                1 => {
                    let (&small, rest) = deltas.split_first()?;
                    deltas = rest;
                    i64::from(small)
                }
                _ => {
                    let (&large, rest) = deltas.split_first_chunk()?;
                    deltas = rest;
                    i64::from(i16::from_be_bytes(large))
                }
            };
            clock_us += ticks * DELTA_US as i64;
            Some((self.first.wrapping_add(at), Some(clock_us)))
        })
    }
}

/// A run of one symbol, or a vector of them (sections 3.1.3 and 3.1.4 of the draft). Symbol 0: did not arrive; 1: small delta; 2: large.
#[derive(Clone, Copy)]
enum Chunk {
    Run { symbol: u8, len: u16 },
    OneBit(u16),
    TwoBit(u16),
}

impl Chunk {
    fn parse(word: u16) -> Chunk {
        match word >> 14 {
            0 | 1 => Chunk::Run {
                symbol: (word >> 13 & 3) as u8,
                len: word & 0x1fff,
            },
            2 => Chunk::OneBit(word),
            _ => Chunk::TwoBit(word),
        }
    }

    fn len(self) -> u16 {
        match self {
            Chunk::Run { len, .. } => len,
            Chunk::OneBit(_) => 14,
            Chunk::TwoBit(_) => 7,
        }
    }

    fn symbol(self, at: u16) -> u8 {
        match self {
            Chunk::Run { symbol, .. } => symbol,
            Chunk::OneBit(word) => (word >> 13u16.saturating_sub(at) & 1) as u8,
            Chunk::TwoBit(word) => (word >> 12u16.saturating_sub(2 * at) & 3) as u8,
        }
    }
}

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
    use proptest::prelude::*;

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
        let read = Feedback::parse(&out[12..]).expect("it is whole");
        assert_eq!((read.first, read.count, read.reference), (65534, 4, 1));
        let packets: Vec<_> = read.packets().collect();
        let arrived = [(65534, 6), (65535, 7), (0, 236), (1, 26)];
        assert_eq!(packets, arrived.map(|(number, ms)| (number, Some(ms * 1000))));
    }

    #[test]
    fn every_kind_of_chunk_is_read() {
        let message = [
            0,
            9,
            0,
            19,
            0,
            0,
            2,
            0, // from number 9, 19 packets, reference 128 ms
            0x20,
            3, // a run of three small deltas
            0xa0,
            0x00, // a vector of one bit each: the first arrived
            0b1100_1000,
            0, // a vector of two bits each: not arrived, then a large delta
            4,
            4,
            4,
            8,
            0xff,
            0xfc,
            0,
            0,
        ];
        let packets: Vec<_> = Feedback::parse(&message).expect("it is whole").packets().collect();
        assert_eq!(packets.len(), 19);
        let arrived: Vec<_> = packets.iter().filter_map(|(n, at)| Some((*n, (*at)?))).collect();
        assert_eq!(arrived, [(9, 1000), (10, 2000), (11, 3000), (12, 5000), (27, 4000)]);
    }

    #[test]
    fn messages_that_lie_about_their_length_are_cut_off() {
        let head = [0, 0, 0xff, 0xff, 0, 0, 0, 0];
        assert_eq!(Feedback::parse(&head), None, "65,535 packets");
        assert_eq!(Feedback::parse(&[0, 0, 0, 9, 0, 0, 0, 0, 0x20]), None, "no chunk");
        assert_eq!(
            Feedback::parse(&[0, 0, 0, 9, 0, 0, 0, 0, 0x20, 0]),
            None,
            "a run of nothing"
        );
        let short = Feedback::parse(&[0, 0, 0, 9, 0, 0, 0, 0, 0x20, 9, 4, 4]).expect("its chunks are there");
        assert_eq!(short.packets().count(), 2, "the deltas end");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(feedback) = Feedback::parse(&bytes) {
                prop_assert!(feedback.packets().count() <= usize::from(MAX_REPORTED));
            }
        }
    }
}
