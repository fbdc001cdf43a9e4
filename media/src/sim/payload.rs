//! What simulated packets hold: the beginning of each codec's payload, what a frame refers to, and when it was made.

use crate::codec::Codec;
use crate::wire::dependency::{DescriptorBytes, pack};
use std::time::Duration;

/// Where in a payload it is said which frame it is of.
const FRAME_AT: usize = 16;

/// Where in a payload it is said when it was made.
const MADE_AT: usize = 8;

/// How a picture is coded: in one frame, or in one for each spatial layer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Coding {
    pub(super) codec: Codec,
    /// 0 and 1 are none.
    pub(super) temporal_layers: u8,
    /// 0 and 1 are none.
    pub(super) spatial_layers: u8,
    /// Only key frames of a spatial layer need those of the layers below (`L3T1_KEY`).
    pub(super) is_independent: bool,
}

/// What a payload says about its frame, for the simulated viewer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Frame {
    /// Which encoding; 0 is the best.
    pub(super) encoding: u8,
    pub(super) is_key: bool,
    pub(super) spatial: u8,
    pub(super) temporal: u8,
    pub(super) is_sync: bool,
    /// Counted from 1 in its encoding.
    pub(super) number: u32,
    /// The frame without which it cannot be decoded; 0 for none.
    pub(super) needs: u32,
    /// The same picture's frame of the spatial layer below, if that is needed as well; else 0.
    pub(super) needs_below: u32,
    /// Counts frames of the lowest temporal layer, somehow.
    pub(super) cycle: u8,
    /// Counts pictures.
    pub(super) picture: u32,
    /// Counts structures of dependency descriptors, which come with key frames.
    pub(super) structure: u32,
}

/// A packet's place in its frame.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) is_first: bool,
    pub(super) is_second: bool,
    pub(super) is_last: bool,
}

impl Frame {
    pub(super) fn write(&self, payload: &mut [u8]) {
        payload[FRAME_AT] = self.spatial << 4 | self.encoding << 1 | u8::from(self.is_key);
        for (at, number) in [self.number, self.needs, self.needs_below].into_iter().enumerate() {
            let at = FRAME_AT + 1 + 4 * at;
            payload[at..at + 4].copy_from_slice(&number.to_be_bytes());
        }
    }

    pub(super) fn read(payload: &[u8]) -> Option<Frame> {
        let said = payload.get(FRAME_AT..FRAME_AT + 13)?;
        let number = |at: usize| said.get(at..)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
        Some(Frame {
            encoding: said[0] >> 1 & 0x07,
            is_key: said[0] & 1 == 1,
            spatial: said[0] >> 4,
            number: number(1)?,
            needs: number(5)?,
            needs_below: number(9)?,
            temporal: 0,
            is_sync: false,
            cycle: 0,
            picture: 0,
            structure: 0,
        })
    }

    /// The first bytes of a payload, so that it looks like the codec's; at most eight.
    pub(super) fn head(&self, coding: Coding, piece: Piece) -> Vec<u8> {
        let Piece {
            is_first,
            is_second,
            is_last,
        } = piece;
        let [_, _, high, low] = (self.picture + 32_700).to_be_bytes();
        match coding.codec {
            // With picture id, TL0PICIDX and, where there are any, temporal layers (RFC 7741 section 4.2).
            Codec::Vp8 => {
                let has_layers = if coding.temporal_layers > 1 { 0x20 } else { 0 };
                let first = 0x80 | u8::from(is_first) << 4;
                let mut head = vec![first, 0xc0 | has_layers, 0x80 | high & 0x7f, low, self.cycle];
                if coding.temporal_layers > 1 {
                    head.push(self.temporal << 6 | u8::from(self.is_sync) << 5);
                }
                head.push(u8::from(!self.is_key));
                head
            }
            // With picture id and layers, and with their number in key frames (RFC 9628 section 4.2).
            Codec::Vp9 => {
                let structure = self.is_key && is_first;
                let refers = u8::from(self.needs != 0) << 6;
                let ends = u8::from(is_first) << 3 | u8::from(is_last) << 2 | u8::from(structure) << 1;
                let below = u8::from(self.needs_below != 0);
                let mut head = vec![0xa0 | refers | ends, 0x80 | high & 0x7f, low];
                head.extend_from_slice(&[self.spatial << 1 | below, self.cycle]);
                if structure {
                    head.push((coding.spatial_layers.max(1) - 1) << 5);
                }
                head.push(if self.is_key { 0x82 } else { 0x86 });
                head
            }
            // One OBU (AV1 RTP payload specification section 4.4).
            Codec::Av1 => {
                let new_sequence = self.is_key && is_first;
                let open = u8::from(!is_first) << 7 | u8::from(!is_last) << 6;
                vec![open | 0x10 | u8::from(new_sequence) << 3, 0x30]
            }
            // A parameter set in a packet of its own, then the picture in fragments (RFC 6184 section 5.8).
            _ if self.is_key && is_first => vec![0x67, 0x42, 0xe0, 0x1f],
            _ => {
                let starts = if self.is_key { is_second } else { is_first };
                let kind = if self.is_key { 5 } else { 1 };
                vec![0x7c, u8::from(starts) << 7 | u8::from(is_last) << 6 | kind]
            }
        }
    }

    /// The dependency descriptor of a packet; with the structure in the first of a key frame.
    pub(super) fn descriptor(&self, coding: Coding, piece: Piece) -> DescriptorBytes {
        let mut bits = Bits::default();
        let is_key = self.needs == 0;
        bits.push(piece.is_first.into(), 1).push(piece.is_last.into(), 1);
        // As browsers do, so that nobody takes one structure's patterns for another's.
        let first_template = self.structure * 2 * u32::from(coding.spatial_layers.max(1)) % 64;
        let template = u32::from(self.spatial) * 2 + u32::from(!is_key);
        bits.push((first_template + template) % 64, 6);
        bits.push(self.number & 0xffff, 16);
        if self.is_key && piece.is_first {
            bits.push(0b10000, 5);
            write_structure(coding, first_template, &mut bits);
        }
        pack(bits.0.into_iter())
    }
}

/// A template for key frames and one for others in each spatial layer; as many targets as layers.
fn write_structure(coding: Coding, first_template: u32, bits: &mut Bits) {
    let layers = u32::from(coding.spatial_layers.max(1));
    bits.push(first_template, 6).push(layers - 1, 5);
    for layer in 0..layers {
        bits.push(0, 2).push(if layer + 1 == layers { 3 } else { 2 }, 2);
    }
    for (layer, is_key) in templates(layers) {
        for target in 0..layers {
            let is_own = target == layer;
            let is_needed = target > layer && (is_key || !coding.is_independent);
            bits.push(
                if is_key && (is_own || is_needed) {
                    2
                } else {
                    u32::from(is_own || is_needed)
                },
                2,
            );
        }
    }
    for (layer, is_key) in templates(layers) {
        let before = (!is_key).then_some(layers);
        let below = (layer > 0 && (is_key || !coding.is_independent)).then_some(1);
        for difference in [before, below].into_iter().flatten() {
            bits.push(1, 1).push(difference - 1, 4);
        }
        bits.push(0, 1);
    }
    // No chains: 0 of one more than there are targets, in as few bits as possible.
    bits.push(0, u32::BITS - (layers + 1).leading_zeros() - 1);
    bits.push(1, 1);
    for layer in 0..layers {
        let width = 1280 >> (layers - 1 - layer);
        bits.push(width - 1, 16).push(width * 9 / 16 - 1, 16);
    }
}

fn templates(layers: u32) -> impl Iterator<Item = (u32, bool)> {
    (0..layers).flat_map(|layer| [(layer, true), (layer, false)])
}

#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn push(&mut self, value: u32, width: u32) -> &mut Bits {
        self.0.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
        self
    }
}

/// A payload of `len` bytes that tells when it was made.
pub(super) fn stamped(head: &[u8], since_start: Duration, len: usize) -> Vec<u8> {
    let mut payload = head.to_vec();
    payload.resize(MADE_AT, 0x55);
    payload.extend_from_slice(&u64::try_from(since_start.as_micros()).unwrap_or(0).to_be_bytes());
    payload.resize(len.max(32), 0x55);
    payload
}

/// When a payload was made, by its publisher's own time.
pub(super) fn made_us(payload: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(*payload.get(MADE_AT..)?.first_chunk()?))
}
