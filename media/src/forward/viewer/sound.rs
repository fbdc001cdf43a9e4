//! A viewer's sound: behind the picture where it fits, and with earlier frames where the viewer takes them (RFC 2198), so
//! that a lost packet is made good by the next one.

use super::header::{HEADER_WITH_NUMBER_BYTES, write_header};
use super::{Viewer, Written};
use crate::codec::Kind;
use crate::forward::batch::Packet;
use crate::forward::track::Track;
use smallvec::SmallVec;
use std::time::Instant;

/// Earlier frames that go with each one, by the share of packets lost: of 10 % lost at random, three more leave one
/// frame in ten thousand missing.
const DEPTHS: [(f32, u64); 3] = [(0.05, 3), (0.01, 2), (0.0, 1)];

/// On a line of known width, one earlier frame, and another for so many bit/s of it.
const BPS_PER_FRAME: u64 = 400_000;

/// Header of an earlier frame's block, and of the last block.
const BLOCK_HEADER_BYTES: usize = 4;
const LAST_HEADER_BYTES: usize = 1;

/// What a block's header has room for (RFC 2198 section 3): 10 bits of length, 14 of timestamp offset.
const MAX_BLOCK_BYTES: usize = 0x3ff;
const MAX_OFFSET: u64 = 0x3fff;

/// All blocks together, so that the packet fits every path.
const MAX_BYTES: usize = 1100;

/// Earlier frames, newest first.
type Blocks<'a> = SmallVec<[Packet<'a>; 3]>;

/// The frames before `packet` that go with it, at most `depth`.
fn earlier<'a>(track: &'a Track, packet: &Packet<'_>, depth: u64) -> Blocks<'a> {
    let mut bytes = LAST_HEADER_BYTES + packet.payload.len();
    (1..=depth)
        .map_while(|back| packet.meta.seq.checked_sub(back))
        .take_while(|&seq| seq >= track.epoch_start)
        .filter_map(|seq| track.history.packet(seq))
        .take_while(|earlier| {
            let offset = packet.meta.rtp_time.wrapping_sub(earlier.meta.rtp_time);
            bytes += BLOCK_HEADER_BYTES + earlier.payload.len();
            (1..=MAX_OFFSET).contains(&offset)
                && (1..=MAX_BLOCK_BYTES).contains(&earlier.payload.len())
                && bytes <= MAX_BYTES
        })
        .collect()
}

fn payload_bytes(blocks: &Blocks<'_>, packet: &Packet<'_>) -> usize {
    let earlier: usize = blocks
        .iter()
        .map(|block| BLOCK_HEADER_BYTES + block.payload.len())
        .sum();
    earlier + LAST_HEADER_BYTES + packet.payload.len()
}

/// Writes headers and frames, oldest first; `out` is as long as [`payload_bytes`] says.
fn write_blocks(blocks: &Blocks<'_>, packet: &Packet<'_>, payload_type: u8, out: &mut [u8]) -> Option<()> {
    let mut rest = out;
    let mut put = |bytes: &[u8]| {
        let (head, tail) = std::mem::take(&mut rest).split_at_mut_checked(bytes.len())?;
        head.copy_from_slice(bytes);
        rest = tail;
        Some(())
    };
    for block in blocks.iter().rev() {
        let offset = packet.meta.rtp_time.wrapping_sub(block.meta.rtp_time) & MAX_OFFSET;
        let word = 0x8000_0000 | u32::from(payload_type) << 24 | (offset as u32) << 10 | block.payload.len() as u32;
        put(&word.to_be_bytes())?;
    }
    put(&[payload_type])?;
    for block in blocks.iter().rev() {
        put(block.payload)?;
    }
    put(packet.payload)
}

impl Viewer {
    /// How many earlier frames go with each; `None` where the viewer does not take them.
    fn depth(&self) -> Option<u64> {
        self.audio.as_ref()?.red?;
        let loss = self.bandwidth.loss();
        let depth = DEPTHS.iter().find(|(from, _)| loss >= *from).map(|(_, depth)| *depth)?;
        // What a narrow line loses, it loses because it is full.
        let room = self
            .bandwidth
            .estimate_bps()
            .map_or(depth, |bps| (bps / BPS_PER_FRAME).max(1));
        Some(depth.min(room))
    }

    /// How often each frame of sound is sent.
    pub fn sound_copies(&self) -> u64 {
        1 + self.depth().unwrap_or(0)
    }

    /// Writes the next packet or packets of sound.
    pub(super) fn write_audio(&mut self, audio: &mut Track, now: Instant, out: &mut [u8]) -> Option<Written> {
        let lane = self.audio.as_ref().filter(|lane| lane.has_started())?;
        let (cursor, is_redundant) = (lane.cursor(), lane.red.is_some());
        if cursor >= audio.flushed() {
            return None;
        }
        if is_redundant {
            return self.write_next_sound(audio, now, out);
        }
        let runs = audio.runs_from(cursor);
        let run = runs.first().copied();
        if runs.len() <= 1 {
            self.advance(Kind::Audio, audio.flushed());
        }
        self.write_run(run, audio, now, out)
    }

    /// Packets with earlier frames differ in size, so each goes by itself.
    fn write_next_sound(&mut self, audio: &Track, now: Instant, out: &mut [u8]) -> Option<Written> {
        loop {
            let cursor = self.audio.as_ref()?.cursor();
            if cursor >= audio.flushed() {
                return None;
            }
            let first = self.transport_number;
            let packet = audio.history.packet(cursor);
            let len = packet.and_then(|packet| self.write_sound(audio, &packet, out));
            self.advance(Kind::Audio, cursor + 1);
            if let Some(len) = len {
                let written = Written {
                    len,
                    segment_bytes: None,
                    arrived: packet.map(|packet| packet.meta.arrived),
                };
                return Some(self.note_first_time(written, first, now));
            }
        }
    }

    /// Puts one waiting packet of sound behind a run whose segments are all of one size and not smaller.
    pub(super) fn append_audio(&mut self, written: Written, audio: &Track, now: Instant, out: &mut [u8]) -> Written {
        let Some(segment_bytes) = written.segment_bytes else {
            return written;
        };
        let Some(lane) = &self.audio else { return written };
        let cursor = lane.cursor();
        if !written.len.is_multiple_of(segment_bytes) || cursor + 1 != audio.flushed() || !lane.has_started() {
            return written;
        }
        let Some(packet) = audio.history.packet(cursor) else {
            return written;
        };
        let payload = self.depth().map_or(packet.payload.len(), |depth| {
            payload_bytes(&earlier(audio, &packet, depth), &packet)
        });
        if payload + HEADER_WITH_NUMBER_BYTES + self.sealer.rtp_overhead() > segment_bytes {
            return written;
        }
        let first = self.transport_number;
        let Some(rest) = out.get_mut(written.len..) else {
            return written;
        };
        let Some(len) = self.write_sound(audio, &packet, rest) else {
            return written;
        };
        self.advance(Kind::Audio, cursor + 1);
        let sound = Written {
            len,
            segment_bytes: None,
            arrived: None,
        };
        self.note_first_time(sound, first, now);
        Written {
            len: written.len + len,
            segment_bytes: Some(segment_bytes),
            arrived: written.arrived,
        }
    }

    /// Writes a packet of sound as this viewer takes it.
    pub(super) fn write_sound(&mut self, audio: &Track, packet: &Packet<'_>, out: &mut [u8]) -> Option<usize> {
        let Some(depth) = self.depth() else {
            return self.write_packet(Kind::Audio, packet, 0, out);
        };
        let lane = self.audio.as_mut()?;
        let (payload_type, red) = (lane.payload_type?, lane.red?);
        let index = lane.index(packet.meta.seq)?;
        let timestamp = (packet.meta.rtp_time as u32).wrapping_add(lane.rtp_offset);
        let (ssrc, number) = (lane.ssrc, &mut self.transport_number);
        let second = red | u8::from(packet.meta.marker) << 7;
        let header_len = write_header(out, [0x80, second], index, timestamp, ssrc)?;
        let header_len = self.extensions.write(out, header_len, number, &[])?;
        lane.packets = lane.packets.wrapping_add(1);
        let blocks = earlier(audio, packet, depth);
        let plain_len = payload_bytes(&blocks, packet);
        lane.octets = lane.octets.wrapping_add(plain_len as u32);
        // The ciphers take one piece, so it is put together behind where the result goes.
        let (sealed, scratch) = out.split_at_mut_checked(header_len + plain_len + self.sealer.rtp_overhead())?;
        let plain = scratch.get_mut(..plain_len)?;
        write_blocks(&blocks, packet, payload_type, plain)?;
        self.sealer.seal_rtp(sealed, header_len, plain, &[], ssrc, index)
    }
}
