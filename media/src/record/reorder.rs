//! Packets back into their order, waiting a little for those that are missing.

use crate::forward::batch::{Batch, Packet};
use crate::forward::point::Point;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The most packets that wait behind a missing one: two seconds of a 10 Mb/s stream.
const MAX_WAITING: usize = 2048;

/// A packet inside its batch; holding it copies nothing.
#[derive(Clone, Debug)]
pub(super) struct Held {
    batch: Arc<Batch>,
    index: usize,
}

impl Held {
    /// The packet itself.
    pub(super) fn packet(&self) -> Packet<'_> {
        self.batch
            .packet(self.index)
            .expect("held packets were found in their batch")
    }
}

/// What comes out, in order of sequence numbers.
#[derive(Debug)]
pub(super) enum Next {
    /// The next packet.
    Packet(Held),
    /// Packets before the next one are lost.
    Lost,
}

/// The packets of one track on their way from arrival order to sequence order.
#[derive(Debug)]
pub(super) struct Reorder {
    /// The sequence number of the first slot.
    next: u64,
    slots: VecDeque<Option<Held>>,
    blocked_since: Option<Instant>,
}

impl Reorder {
    /// Begins with sequence number `next`; earlier ones belong to somebody else.
    pub(super) fn new(next: u64) -> Reorder {
        Reorder {
            next,
            slots: VecDeque::new(),
            blocked_since: None,
        }
    }

    /// Takes in a batch. Packets that come twice or after they were given up are dropped.
    pub(super) fn insert(&mut self, batch: &Arc<Batch>) {
        let whole = batch.places().filter(|(_, point, _)| *point == Point::WHOLE);
        for (index, _, packet) in whole {
            let seq = packet.meta.seq;
            let Some(ahead) = seq.checked_sub(self.next) else {
                continue;
            };
            let slot = match usize::try_from(ahead) {
                Ok(slot) if slot < 2 * MAX_WAITING => slot,
                _ => {
                    // too far to wait for what lies between: begin again behind a hole of one
                    self.slots.clear();
                    self.next = seq - 1;
                    1
                }
            };
            if slot >= self.slots.len() {
                self.slots.resize(slot + 1, None);
            }
            if let Some(empty @ None) = self.slots.get_mut(slot) {
                *empty = Some(Held {
                    batch: batch.clone(),
                    index,
                });
            }
        }
    }

    /// The next packet, or that it is lost: missing for `wait` while later ones are there, or too many of them.
    pub(super) fn pop(&mut self, now: Instant, wait: Duration) -> Option<Next> {
        let front = self.slots.front_mut()?;
        if let Some(held) = front.take() {
            self.advance(1);
            self.blocked_since = None;
            return Some(Next::Packet(held));
        }
        let since = *self.blocked_since.get_or_insert(now);
        if now.saturating_duration_since(since) < wait && self.slots.len() <= MAX_WAITING {
            return None;
        }
        let missing = self.slots.iter().take_while(|slot| slot.is_none()).count();
        self.advance(missing);
        self.blocked_since = None;
        Some(Next::Lost)
    }

    fn advance(&mut self, slots: usize) {
        self.slots.drain(..slots.min(self.slots.len()));
        let slots = u64::try_from(slots).expect("a queue is shorter than 2^64");
        self.next = self.next.saturating_add(slots);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::batch::PacketMeta;

    const WAIT: Duration = Duration::from_millis(100);

    fn drive(seqs: &[u64], waited: bool) -> Vec<Option<u64>> {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        let mut queue = Reorder::new(seqs[0]);
        let mut out = Vec::new();
        for seq in seqs {
            let mut batch = Batch::new();
            let meta = PacketMeta {
                seq: *seq,
                rtp_time: 0,
                arrived: now,
                marker: false,
                starts_key_frame: false,
                switches_up: false,
            };
            batch.push(meta, &[]);
            queue.insert(&Arc::new(batch));
            collect(&mut queue, now, &mut out);
        }
        if waited {
            collect(&mut queue, now + WAIT, &mut out);
        }
        out
    }

    fn collect(queue: &mut Reorder, now: Instant, out: &mut Vec<Option<u64>>) {
        while let Some(next) = queue.pop(now, WAIT) {
            out.push(match next {
                Next::Packet(held) => Some(held.packet().meta.seq),
                Next::Lost => None,
            });
        }
    }

    #[test]
    fn late_packets_take_their_place_and_missing_ones_are_given_up_in_time() {
        type Row<'a> = (&'a str, &'a [u64], bool, &'a [Option<u64>]);
        let table: [Row<'_>; 5] = [
            ("in order", &[7, 8, 9], false, &[Some(7), Some(8), Some(9)]),
            ("swapped", &[7, 9, 8, 10], false, &[Some(7), Some(8), Some(9), Some(10)]),
            ("twice", &[7, 7, 8, 7], false, &[Some(7), Some(8)]),
            ("missing, not yet given up", &[7, 9], false, &[Some(7)]),
            ("missing", &[7, 10, 11], true, &[Some(7), None, Some(10), Some(11)]),
        ];
        for (name, seqs, waited, want) in table {
            assert_eq!(drive(seqs, waited), want, "{name}");
        }
    }

    #[test]
    fn a_leap_or_a_flood_does_not_grow_the_queue() {
        assert_eq!(drive(&[7, 1 << 40], true), [Some(7), None, Some(1 << 40)]);
        let flood: Vec<u64> = std::iter::once(0).chain(2..5000).collect();
        let out = drive(&flood, false);
        assert_eq!(out.iter().filter(|seq| seq.is_none()).count(), 1);
        assert_eq!(out.len(), 5000);
    }
}
