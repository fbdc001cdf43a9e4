//! The packets of one track since its last key frame: what a joining viewer is given, and what NACKs are answered from.
//! There is one per track and none per viewer.

use crate::forward::batch::{Batch, Packet, PacketMeta};
use std::sync::Arc;

/// A ring starts with this many packets (2 s of a 2.5 Mb/s stream) and doubles while a key frame would fall out.
const FIRST_CAPACITY: usize = 1024;

/// Batches kept for reuse, so that a steady stream allocates nothing.
const MAX_RECYCLED: usize = 64;

/// A ring of packets by sequence number.
pub struct History {
    slots: Vec<Slot>,
    max_packets: usize,
    end: u64,
    key_frame: Option<PacketMeta>,
    recycled: Vec<Arc<Batch>>,
}

#[derive(Clone, Default)]
struct Slot {
    seq: u64,
    index: u32,
    batch: Option<Arc<Batch>>,
}

impl History {
    /// An empty ring that grows to at most `max_packets` (rounded up to a power of two).
    pub fn new(max_packets: usize) -> History {
        let max_packets = max_packets.next_power_of_two();
        let slots = vec![Slot::default(); FIRST_CAPACITY.min(max_packets)];
        History {
            slots,
            max_packets,
            end: 0,
            key_frame: None,
            recycled: Vec::with_capacity(MAX_RECYCLED),
        }
    }

    /// One past the highest sequence number.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The first packet of the last key frame, if everything since is still here.
    pub fn key_frame(&self) -> Option<PacketMeta> {
        self.key_frame.filter(|key| self.packet(key.seq).is_some())
    }

    /// Forgets where the last key frame was: after a change of publisher nobody may start there.
    pub fn forget_key_frame(&mut self) {
        self.key_frame = None;
    }

    /// The packet with this number, if it arrived and has not been overwritten.
    #[inline]
    pub fn packet(&self, seq: u64) -> Option<Packet<'_>> {
        let slot = self.slots.get(self.slot_at(seq))?;
        if slot.seq != seq {
            return None;
        }
        slot.batch.as_ref()?.packet(slot.index as usize)
    }

    /// The batches that hold the packets of `[from, to)`, each once, in order.
    pub fn batches(&self, from: u64, to: u64) -> impl Iterator<Item = Arc<Batch>> {
        let slots = (from..to).filter_map(|seq| self.slots.get(self.slot_at(seq)).filter(|slot| slot.seq == seq));
        let mut last: Option<&Arc<Batch>> = None;
        slots.filter_map(move |slot| {
            let batch = slot.batch.as_ref()?;
            let is_same = last.replace(batch).is_some_and(|last| Arc::ptr_eq(last, batch));
            (!is_same).then(|| batch.clone())
        })
    }

    /// Adds the packet at `index` of a batch, unless it is there.
    pub fn insert(&mut self, batch: &Arc<Batch>, index: usize, meta: PacketMeta) {
        self.make_room(meta.seq);
        let at = self.slot_at(meta.seq);
        let Some(slot) = self.slots.get_mut(at) else { return };
        if slot.batch.is_some() && slot.seq >= meta.seq {
            if slot.seq == meta.seq {
                // A relay that starts again brings what it brought before, key frame and all.
                self.note_key_frame(meta);
            }
            return;
        }
        let old = std::mem::replace(
            slot,
            Slot {
                seq: meta.seq,
                index: u32::try_from(index).unwrap_or(u32::MAX),
                batch: Some(batch.clone()),
            },
        );
        self.recycle(old.batch);
        self.end = self.end.max(meta.seq + 1);
        self.note_key_frame(meta);
    }

    /// An empty batch to fill; a used one where possible.
    pub fn empty_batch(&mut self) -> Arc<Batch> {
        while let Some(mut batch) = self.recycled.pop() {
            if let Some(reused) = Arc::get_mut(&mut batch) {
                reused.clear();
                return batch;
            }
        }
        Arc::new(Batch::new())
    }

    fn slot_at(&self, seq: u64) -> usize {
        (seq as usize) & (self.slots.len() - 1)
    }

    /// Several packets of one frame may each look like its start (parameter sets, then the picture): the first counts.
    fn note_key_frame(&mut self, meta: PacketMeta) {
        if !meta.starts_key_frame {
            return;
        }
        match &mut self.key_frame {
            Some(known) if known.rtp_time == meta.rtp_time => known.seq = known.seq.min(meta.seq),
            Some(known) if known.rtp_time > meta.rtp_time => {}
            _ => self.key_frame = Some(meta),
        }
    }

    /// Doubles the ring while the new packet would overwrite the last key frame.
    fn make_room(&mut self, seq: u64) {
        while let Some(key) = self.key_frame
            && seq >= key.seq + self.slots.len() as u64
            && self.slots.len() < self.max_packets
        {
            let bigger = vec![Slot::default(); self.slots.len() * 2];
            let old = std::mem::replace(&mut self.slots, bigger);
            for slot in old.into_iter().filter(|slot| slot.batch.is_some()) {
                let at = self.slot_at(slot.seq);
                if let Some(place) = self.slots.get_mut(at) {
                    *place = slot;
                }
            }
        }
    }

    fn recycle(&mut self, batch: Option<Arc<Batch>>) {
        if let Some(batch) = batch
            && Arc::strong_count(&batch) == 1
            && self.recycled.len() < MAX_RECYCLED
            && !batch.wastes_memory()
        {
            self.recycled.push(batch);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn meta(seq: u64, rtp_time: u64, starts_key_frame: bool) -> PacketMeta {
        PacketMeta {
            seq,
            rtp_time,
            arrived: Instant::now(),
            marker: true,
            starts_key_frame,
            switches_up: false,
        }
    }

    fn insert(history: &mut History, metas: &[PacketMeta]) {
        let mut batch = history.empty_batch();
        for meta in metas {
            Arc::get_mut(&mut batch).unwrap().push(*meta, &meta.seq.to_be_bytes());
        }
        insert_all(history, &batch);
    }

    fn insert_all(history: &mut History, batch: &Arc<Batch>) {
        for (index, _, packet) in batch.places() {
            history.insert(batch, index, packet.meta);
        }
    }

    #[test]
    fn it_keeps_what_came_since_the_last_key_frame() {
        let mut history = History::new(4096);
        insert(&mut history, &[meta(10, 1, true)]);
        for seq in 11..3000 {
            insert(&mut history, &[meta(seq, seq, false)]);
        }
        assert_eq!(history.key_frame().unwrap().seq, 10);
        assert!((10..3000).all(|seq| history.packet(seq).unwrap().payload == seq.to_be_bytes()));
        assert!(history.packet(9).is_none() && history.packet(3000).is_none());
        assert_eq!(history.end(), 3000);
    }

    #[test]
    fn it_does_not_grow_beyond_its_bound() {
        let mut history = History::new(2048);
        insert(&mut history, &[meta(10, 1, true)]);
        for seq in 11..10_000 {
            insert(&mut history, &[meta(seq, seq, false)]);
        }
        assert_eq!(history.slots.len(), 2048);
        assert!(history.key_frame().is_none(), "the key frame has fallen out");
    }

    #[test]
    fn the_first_packet_of_a_key_frame_counts_also_when_it_comes_late() {
        let mut history = History::new(2048);
        insert(&mut history, &[meta(21, 5, true)]);
        insert(&mut history, &[meta(20, 5, true)]);
        insert(&mut history, &[meta(22, 5, true), meta(23, 6, false)]);
        assert_eq!(history.key_frame().unwrap().seq, 20);
    }

    #[test]
    fn a_forgotten_key_frame_that_comes_again_counts_again() {
        let mut history = History::new(2048);
        insert(&mut history, &[meta(10, 1, true), meta(11, 2, false)]);
        history.forget_key_frame();
        assert!(history.key_frame().is_none());
        insert(
            &mut history,
            &[meta(10, 1, true), meta(11, 2, false), meta(12, 3, false)],
        );
        assert_eq!(history.key_frame().unwrap().seq, 10);
    }

    #[test]
    fn a_duplicate_changes_nothing() {
        let mut history = History::new(2048);
        insert(&mut history, &[meta(5, 5, false)]);
        let mut batch = Batch::new();
        batch.push(meta(5, 5, false), b"other");
        insert_all(&mut history, &Arc::new(batch));
        assert_eq!(history.packet(5).unwrap().payload, 5u64.to_be_bytes());
    }

    #[test]
    fn the_memory_of_large_key_frames_does_not_pile_up() {
        let mut history = History::new(1024);
        for seq in 0..60_000 {
            let is_key = seq % 60 == 0;
            let mut batch = history.empty_batch();
            let payload = vec![0; if is_key { 40_000 } else { 500 }];
            Arc::get_mut(&mut batch).unwrap().push(meta(seq, seq, is_key), &payload);
            insert_all(&mut history, &batch);
        }
        let kept = history.slots.iter().filter_map(|slot| slot.batch.as_ref());
        let reserved: usize = kept.map(|batch| batch.reserved_bytes()).sum();
        assert!(
            reserved < 3_000_000,
            "{reserved} bytes for 18 key frames of 40 kB and 1,006 small ones"
        );
    }

    #[test]
    fn batches_are_used_again() {
        let mut history = History::new(16);
        for seq in 0..1000 {
            insert(&mut history, &[meta(seq, seq, false)]);
        }
        assert!(!history.recycled.is_empty());
    }
}
