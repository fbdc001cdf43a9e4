//! What was sent to one viewer, by transport-wide number: one entry for packets that left together, which is what makes
//! seconds fit into 1.5 KB.

use std::collections::VecDeque;

/// Entries kept: at 30 frames and 50 pieces of sound a second 1.6 s, which is more than feedback takes.
const MAX_SENDS: usize = 128;

/// Entries that room is made for at first.
const FIRST_CAPACITY: usize = 64;

/// Packets with numbers that follow one another, handed over in one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Send {
    /// The transport-wide number of the first.
    pub(super) first: u16,
    /// The size of every packet but the last.
    pub(super) segment_bytes: u16,
    /// The size of the last packet.
    pub(super) last_bytes: u16,
    /// How many.
    pub(super) count: u8,
    /// Which probe they belong to; 0 for none.
    pub(super) probe: u8,
    /// When, in microseconds of the viewer's clock; rolls over every 71 minutes.
    pub(super) at_us: u32,
}

/// One packet of a [`Send`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct SentPacket {
    /// When, as in [`Send::at_us`].
    pub(super) at_us: u32,
    /// Bytes of the datagram.
    pub(super) bytes: u16,
    /// As in [`Send::probe`].
    pub(super) probe: u8,
}

/// The latest sends, oldest first.
#[derive(Debug)]
pub(super) struct SentLog {
    sends: VecDeque<Send>,
}

impl SentLog {
    /// An empty log.
    pub(super) fn new() -> SentLog {
        SentLog {
            sends: VecDeque::with_capacity(FIRST_CAPACITY),
        }
    }

    /// Notes a send; the oldest is forgotten where there is no more room.
    pub(super) fn push(&mut self, send: Send) {
        if self.sends.len() == MAX_SENDS {
            self.sends.pop_front();
        }
        self.sends.push_back(send);
    }

    /// The packet with this number, unless it was never sent or is forgotten.
    pub(super) fn find(&self, number: u16) -> Option<SentPacket> {
        let base = self.sends.front()?.first;
        let offset = number.wrapping_sub(base);
        let after = self
            .sends
            .partition_point(|send| send.first.wrapping_sub(base) <= offset);
        let send = self.sends.get(after.checked_sub(1)?)?;
        let place = number.wrapping_sub(send.first);
        let last = u16::from(send.count).checked_sub(1)?;
        (place <= last).then_some(SentPacket {
            at_us: send.at_us,
            bytes: if place == last {
                send.last_bytes
            } else {
                send.segment_bytes
            },
            probe: send.probe,
        })
    }

    /// Memory that it holds, in bytes.
    #[cfg(test)]
    pub(super) fn reserved_bytes(&self) -> usize {
        self.sends.capacity() * size_of::<Send>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn send(first: u16, count: u8, at_us: u32) -> Send {
        Send {
            first,
            segment_bytes: 1200,
            last_bytes: 300,
            count,
            probe: 0,
            at_us,
        }
    }

    #[test]
    fn packets_are_found_by_their_number_over_the_rollover() {
        let mut log = SentLog::new();
        assert_eq!(log.find(0), None);
        log.push(send(65_530, 9, 10));
        log.push(send(3, 1, 20));
        let found = |number| log.find(number).map(|packet| (packet.at_us, packet.bytes));
        assert_eq!(found(65_530), Some((10, 1200)));
        assert_eq!(found(1), Some((10, 1200)));
        assert_eq!(found(2), Some((10, 300)));
        assert_eq!(found(3), Some((20, 300)));
        assert_eq!((found(4), found(65_529)), (None, None));
    }

    #[test]
    fn it_stays_small() {
        let mut log = SentLog::new();
        for at in 0..10_000u16 {
            log.push(send(at.wrapping_mul(9), 9, u32::from(at)));
        }
        assert!(log.reserved_bytes() <= 1536, "{}", log.reserved_bytes());
        assert!(log.find(9999u16.wrapping_mul(9)).is_some());
        assert!(log.find(9700u16.wrapping_mul(9)).is_none(), "forgotten");
    }
}
