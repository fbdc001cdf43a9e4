//! Which packets of a frame go out in one system call.
//!
//! A generic-segmentation send (`UDP_SEGMENT`) cuts one buffer into datagrams of the same size; only the last may be
//! shorter. Browsers' packets of a frame differ by one byte, so padding them (RFC 3550 section 5.1) makes a frame one
//! send, for 0.04 % more bytes.

use super::history::History;

/// The most padding that is added to a packet. Larger bounds gain nothing with any encoder measured.
pub const MAX_PADDING_BYTES: usize = 8;

/// Datagrams in one send; the kernel's bound is 64.
pub const MAX_SEGMENTS: usize = 60;

/// Payload and descriptors in one send, so that headers and tags stay within the 65,507 bytes of a UDP datagram.
const MAX_RUN_BYTES: usize = 60_000;

/// Packets that go out together.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Run {
    /// The first sequence number.
    pub first: u64,
    /// One past the last. Numbers in between that have not arrived are left out.
    pub end: u64,
    /// Payload bytes of each segment, padding included; the last one may have less.
    pub segment_bytes: usize,
}

impl Run {
    /// Bytes of payload if every packet is there and as long as the longest.
    #[inline]
    pub fn max_bytes(&self) -> usize {
        usize::try_from(self.end - self.first).unwrap_or(usize::MAX) * self.segment_bytes
    }
}

/// Cuts the packets of `[from, to)` that are there into runs, in order.
pub fn plan(history: &History, from: u64, to: u64, runs: &mut Vec<Run>) {
    runs.clear();
    let mut packets = (from..to)
        .filter_map(|seq| {
            let packet = history.packet(seq)?;
            Some((seq, packet.payload.len(), packet.descriptor.len()))
        })
        .peekable();
    while let Some((first, len, described)) = packets.next() {
        let (mut longest, mut shortest, mut segments, mut end) = (len, len, 1, first + 1);
        let mut total = len + described;
        while let Some(&(seq, len, same)) = packets.peek() {
            // With descriptors of one length the headers have one length.
            if segments == MAX_SEGMENTS || total + len + described > MAX_RUN_BYTES || same != described {
                break;
            }
            let (new_longest, new_shortest) = (longest.max(len), shortest.min(len));
            let fits = new_longest - new_shortest <= MAX_PADDING_BYTES;
            let fits_as_last = len < shortest;
            if !fits && !fits_as_last {
                break;
            }
            packets.next();
            end = seq + 1;
            total += len + described;
            segments += 1;
            if !fits {
                break;
            }
            (longest, shortest) = (new_longest, new_shortest);
        }
        runs.push(Run {
            first,
            end,
            segment_bytes: longest,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::batch::{Batch, PacketMeta};
    use std::sync::Arc;
    use std::time::Instant;

    /// Packets of these sizes from number 100; 0 stands for one that is missing.
    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn planned(sizes: &[usize]) -> Vec<(u64, u64, usize)> {
        let mut batch = Batch::new();
        for (seq, &size) in (100..).zip(sizes).filter(|(_, size)| **size > 0) {
            let meta = PacketMeta {
                seq,
                rtp_time: 0,
                arrived: Instant::now(),
                marker: false,
                starts_key_frame: false,
                switches_up: false,
            };
            batch.push(meta, &vec![1; size]);
        }
        let (mut history, batch) = (History::new(2048), Arc::new(batch));
        for (index, _, packet) in batch.places() {
            history.insert(&batch, index, packet.meta);
        }
        let mut runs = vec![];
        plan(&history, 100, 100 + sizes.len() as u64, &mut runs);
        runs.iter().map(|run| (run.first, run.end, run.segment_bytes)).collect()
    }

    #[test]
    fn a_browsers_frame_is_one_send() {
        assert_eq!(planned(&[1130, 1130, 1131, 1131]), [(100, 104, 1131)]);
        assert_eq!(planned(&[1200, 1200, 1200, 310]), [(100, 104, 1200)]);
        assert_eq!(planned(&[77]), [(100, 101, 77)]);
        assert_eq!(planned(&[]), []);
    }

    #[test]
    fn sizes_that_differ_break_the_run() {
        assert_eq!(planned(&[500, 1200, 1200]), [(100, 101, 500), (101, 103, 1200)]);
        assert_eq!(planned(&[1200, 600, 1200]), [(100, 102, 1200), (102, 103, 1200)]);
        assert_eq!(planned(&[1200, 1205, 1192]), [(100, 103, 1205)]);
    }

    #[test]
    fn a_hole_is_left_out() {
        assert_eq!(planned(&[1000, 0, 1000, 0]), [(100, 103, 1000)]);
    }

    #[test]
    fn a_run_stays_within_the_kernels_bounds() {
        assert_eq!(
            planned(&[100; 130]).iter().map(|r| r.1 - r.0).collect::<Vec<_>>(),
            [60, 60, 10]
        );
        assert_eq!(
            planned(&[1200; 100]).iter().map(|r| r.1 - r.0).collect::<Vec<_>>(),
            [50, 50]
        );
    }
}
