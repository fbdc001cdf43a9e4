//! Packets that belong together, in one piece of memory: what the fan-out, the history, a relay and a recorder share.
//!
//! A batch is filled while packets arrive and is immutable once it is shared (`Arc`). One batch holds a video frame or
//! a part of one, or the audio of about 2 ms; so sharing costs one reference count a frame and no copy. The layers
//! inside an encoding (see [`super::point`]) are further lists of the same packets, with other numbers.

use super::point::Point;
use std::time::Instant;

/// Memory below this is not worth giving back: some frames of a small stream, one of a large one.
const SMALL_BYTES: usize = 8 * 1024;

/// One packet of a [`Batch`], on the stream's own sequence and timestamp line, which goes on over publisher restarts
/// and codec changes.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    /// What the header said, and what the payload is.
    pub meta: PacketMeta,
    /// The RTP payload: no header, no padding, decrypted.
    pub payload: &'a [u8],
    /// Its dependency descriptor, where viewers are to be sent one; else empty.
    pub descriptor: &'a [u8],
}

/// An RTP packet's place on the stream's line.
#[derive(Clone, Copy, Debug)]
pub struct PacketMeta {
    /// Sequence number with rollover; consecutive on the line. A hole is a packet that has not arrived.
    pub seq: u64,
    /// Timestamp with rollover, in the codec's clock rate.
    pub rtp_time: u64,
    /// When the server received it.
    pub arrived: Instant,
    /// The RTP marker: the last packet of a video frame.
    pub marker: bool,
    /// The first packet of a video frame that a decoder can start at.
    pub starts_key_frame: bool,
    /// Whoever has decoded the lower temporal layers of the same picture size until here can decode this layer from
    /// here on.
    pub switches_up: bool,
}

/// Packets received together, in order of their sequence numbers except for late ones, which have a batch of their own.
#[derive(Debug, Default)]
pub struct Batch {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    count: usize,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    meta: PacketMeta,
    start: u32,
    len: u16,
    point: Point,
    descriptor: Slice,
}

/// A part of a batch's bytes.
#[derive(Clone, Copy, Debug, Default)]
struct Slice {
    start: u32,
    len: u16,
}

impl Batch {
    /// An empty batch that reserves nothing.
    pub fn new() -> Batch {
        Batch::default()
    }

    /// Empties it and keeps its memory, so that a recycled batch costs no allocation.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.entries.clear();
        self.count = 0;
    }

    /// Whether it holds far more memory than what is in it needs: a key frame was in it before. Kept for reuse, such
    /// batches would fill the history with memory that nobody uses.
    pub fn wastes_memory(&self) -> bool {
        let bytes = self.bytes.capacity();
        bytes > SMALL_BYTES && bytes > 4 * self.bytes.len()
    }

    /// Memory reserved for payloads, used or not.
    pub fn reserved_bytes(&self) -> usize {
        self.bytes.capacity()
    }

    /// Appends a packet; its payload is copied. `payload` is at most one datagram, so its length fits.
    pub fn push(&mut self, meta: PacketMeta, payload: &[u8]) {
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        let len = u16::try_from(payload.len()).unwrap_or(u16::MAX);
        self.bytes
            .extend_from_slice(payload.get(..usize::from(len)).unwrap_or(payload));
        let point = Point::WHOLE;
        self.entries.push(Entry {
            meta,
            start,
            len,
            point,
            descriptor: Slice::default(),
        });
        self.count += 1;
    }

    /// Gives the packet that was pushed last, of the encoding or of a part of it, its own dependency descriptor.
    pub fn describe(&mut self, descriptor: &[u8]) {
        let start = u32::try_from(self.bytes.len()).unwrap_or(u32::MAX);
        if let Some(last) = self.entries.last_mut() {
            let len = u16::try_from(descriptor.len()).unwrap_or(u16::MAX);
            last.descriptor = Slice { start, len };
            self.bytes.extend_from_slice(descriptor);
        }
    }

    /// The payload of the packet that was pushed last.
    pub fn last_payload_mut(&mut self) -> Option<&mut [u8]> {
        let last = self.entries.iter().rfind(|entry| entry.point == Point::WHOLE)?;
        let start = last.start as usize;
        self.bytes.get_mut(start..start + usize::from(last.len))
    }

    /// Puts the packet that was pushed last into a part of the encoding as well, where it is called `meta`; without its
    /// payload where only its number is needed.
    pub fn push_again(&mut self, point: Point, meta: PacketMeta, with_payload: bool) {
        if let Some(last) = self.entries.iter().rfind(|entry| entry.point == Point::WHOLE) {
            let len = if with_payload { last.len } else { 0 };
            let start = last.start;
            let descriptor = if with_payload {
                last.descriptor
            } else {
                Slice::default()
            };
            self.entries.push(Entry {
                meta,
                start,
                len,
                point,
                descriptor,
            });
        }
    }

    /// How many packets of the whole encoding it holds.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it holds no packet.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// How many bytes of payloads and descriptors it holds.
    pub fn payload_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// The packet at `index`, as [`Batch::places`] gives it.
    pub fn packet(&self, index: usize) -> Option<Packet<'_>> {
        let entry = self.entries.get(index)?;
        let slice = |start: u32, len: u16| self.bytes.get(start as usize..start as usize + usize::from(len));
        Some(Packet {
            meta: entry.meta,
            payload: slice(entry.start, entry.len)?,
            descriptor: slice(entry.descriptor.start, entry.descriptor.len)?,
        })
    }

    /// All packets of the whole encoding in the order in which they were pushed.
    pub fn packets(&self) -> impl Iterator<Item = Packet<'_>> {
        self.places()
            .filter(|(_, point, _)| *point == Point::WHOLE)
            .map(|(_, _, packet)| packet)
    }

    /// All packets with their index, once for each part of the encoding that they belong to.
    pub fn places(&self) -> impl Iterator<Item = (usize, Point, Packet<'_>)> {
        self.entries
            .iter()
            .enumerate()
            .filter_map(|(index, entry)| Some((index, entry.point, self.packet(index)?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_come_back_as_they_were_pushed() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let arrived = Instant::now();
        let mut batch = Batch::new();
        for (seq, payload) in [(7u64, &b"seven"[..]), (8, b""), (9, b"nine")] {
            batch.push(
                PacketMeta {
                    seq,
                    rtp_time: 1,
                    arrived,
                    marker: seq == 9,
                    starts_key_frame: false,
                    switches_up: false,
                },
                payload,
            );
        }
        let back: Vec<_> = batch
            .packets()
            .map(|p| (p.meta.seq, p.payload.to_vec(), p.meta.marker))
            .collect();
        assert_eq!(
            back,
            [
                (7, b"seven".to_vec(), false),
                (8, b"".to_vec(), false),
                (9, b"nine".to_vec(), true)
            ]
        );
        assert_eq!(batch.payload_bytes(), 9);
        batch.clear();
        assert!(batch.is_empty() && batch.packet(0).is_none());
    }
}
