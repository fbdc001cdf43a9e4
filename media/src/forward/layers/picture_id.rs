//! VP8's and VP9's picture ids and the frame numbers of dependency descriptors, rewritten once for all viewers so that
//! they go on over publishers and encodings.
//!
//! A receiver wants them to grow. Each encoding counts from a number of its own; so at each key frame, where viewers
//! may come over from other encodings, an encoding's ids are put above all others'. What refers to earlier pictures by
//! the difference of their ids stays right, since nothing refers across a key frame.

use crate::codec::{self, Codec};
use crate::forward::batch::Packet;
use crate::wire::dependency;

/// So far above the others' newest: a viewer may go over a little after the key frame.
const STEP: u64 = 16;

/// Where ids start: high enough that nothing is below zero.
const FIRST: u64 = 1 << 32;

/// Jumps that are remembered: packets do not come later than that.
const STEPS: usize = 4;

/// One kind of id of one encoding.
#[derive(Clone, Copy, Debug, Default)]
struct Ids {
    /// The source's last one, with rollover.
    last: Option<u64>,
    /// From the first of the source's on, the second is added; ascending, so that late packets get their picture's id.
    steps: [(u64, u64); STEPS],
    newest: u64,
}

/// The ids of one encoding.
#[derive(Clone, Copy, Debug, Default)]
pub struct PictureIds {
    picture: Ids,
    lowest_layer: Ids,
    frame: Ids,
}

/// The newest ids that were given in any encoding.
#[derive(Clone, Copy, Debug, Default)]
pub struct Newest {
    picture: u64,
    lowest_layer: u64,
    frame: u64,
}

/// Whether a viewer may be sent `next` after `last`: its id is a later one, or there are none.
pub fn goes_on(codec: Codec, last: &Packet<'_>, next: &Packet<'_>) -> bool {
    match (id_of(codec, last), id_of(codec, next)) {
        (Some((last, bits)), Some((next, same_bits))) if bits == same_bits => {
            let range = 1u32 << bits;
            let ahead = u32::from(next).wrapping_sub(u32::from(last)) & (range - 1);
            (1..range / 2).contains(&ahead)
        }
        _ => true,
    }
}

/// What a receiver goes by, and how many bits it has: the frame's number, or the picture's id.
fn id_of(codec: Codec, packet: &Packet<'_>) -> Option<(u16, u32)> {
    let frame = dependency::frame_number(packet.descriptor).map(|number| (number, 16));
    frame.or_else(|| picture_id(codec, packet.payload))
}

fn picture_id(codec: Codec, payload: &[u8]) -> Option<(u16, u32)> {
    let (at, is_long) = codec::picture_ids(codec, payload).picture?;
    match payload.get(at..)? {
        [high, low, ..] if is_long => Some((u16::from_be_bytes([*high & 0x7f, *low]), 15)),
        [short, ..] => Some((u16::from(*short & 0x7f), 7)),
        [] => None,
    }
}

impl PictureIds {
    /// Another publisher counts anew.
    pub fn start(&mut self) {
        (self.picture.last, self.lowest_layer.last, self.frame.last) = (None, None, None);
    }

    /// The newest ids of this encoding or of the others so far.
    pub fn newest(&self, others: Newest) -> Newest {
        Newest {
            picture: others.picture.max(self.picture.newest),
            lowest_layer: others.lowest_layer.max(self.lowest_layer.newest),
            frame: others.frame.max(self.frame.newest),
        }
    }

    /// Rewrites the beginning of a payload. `others` is the newest of all other encodings.
    pub fn rewrite(&mut self, codec: Codec, starts_key_frame: bool, others: Newest, payload: &mut [u8]) {
        let places = codec::picture_ids(codec, payload);
        if let Some((at, is_long)) = places.picture
            && let Some(bytes) = payload.get_mut(at..)
        {
            match bytes {
                [high, low, ..] if is_long => {
                    let id = u64::from(u16::from_be_bytes([*high & 0x7f, *low]));
                    let id = self.picture.rewrite(id, 15, starts_key_frame, others.picture);
                    *high = 0x80 | (id >> 8 & 0x7f) as u8;
                    *low = (id & 0xff) as u8;
                }
                [short, ..] => {
                    let id = self
                        .picture
                        .rewrite(u64::from(*short & 0x7f), 7, starts_key_frame, others.picture);
                    *short = (id & 0x7f) as u8;
                }
                [] => {}
            }
        }
        if let Some(byte) = places.lowest_layer.and_then(|at| payload.get_mut(at)) {
            let id = u64::from(*byte);
            *byte = (self.lowest_layer.rewrite(id, 8, starts_key_frame, others.lowest_layer) & 0xff) as u8;
        }
    }

    /// Rewrites a dependency descriptor. `others` is as above.
    pub fn rewrite_descriptor(&mut self, starts_key_frame: bool, others: Newest, descriptor: &mut [u8]) {
        if let Some(number) = dependency::frame_number(descriptor) {
            let number = self.frame.rewrite(number.into(), 16, starts_key_frame, others.frame);
            dependency::set_frame_number(descriptor, (number & 0xffff) as u16);
        }
    }
}

impl Ids {
    fn rewrite(&mut self, id: u64, bits: u32, starts_key_frame: bool, others: u64) -> u64 {
        let is_first = self.last.is_none();
        let last = self.last.unwrap_or(FIRST | id);
        let id = extend(id, bits, last);
        self.last = Some(last.max(id));
        let above = others.max(self.newest) + STEP;
        let natural = id.wrapping_add(self.steps[STEPS - 1].1);
        // A frame whose other packets were sent on already keeps its id.
        let must_jump = is_first || starts_key_frame && natural <= others + STEP && id > last;
        let add = above.wrapping_sub(id);
        if is_first {
            self.steps = [(0, add); STEPS];
        } else if must_jump {
            self.steps.rotate_left(1);
            self.steps[STEPS - 1] = (id, add);
        }
        let step = self.steps.iter().rev().find(|(since, _)| id >= *since);
        let add = step.map_or(self.steps[0].1, |(_, add)| *add);
        let id = id.wrapping_add(add);
        self.newest = self.newest.max(id);
        id
    }
}

/// The value nearest to `reference` whose low bits are `low`.
fn extend(low: u64, bits: u32, reference: u64) -> u64 {
    let range = 1u64 << bits;
    let ahead = low.wrapping_sub(reference) & (range - 1);
    if ahead < range / 2 {
        reference.wrapping_add(ahead)
    } else {
        reference.wrapping_add(ahead).wrapping_sub(range)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picture_id(payload: &[u8]) -> u16 {
        u16::from_be_bytes([payload[2] & 0x7f, payload[3]])
    }

    fn vp8(id: u16, is_key: bool) -> Vec<u8> {
        let [high, low] = id.to_be_bytes();
        vec![0x90, 0xc0, 0x80 | high, low, low / 2, u8::from(!is_key), 0, 0]
    }

    fn rewritten(ids: &mut PictureIds, others: Newest, id: u16, is_key: bool) -> u16 {
        let mut payload = vp8(id, is_key);
        ids.rewrite(Codec::Vp8, is_key, others, &mut payload);
        picture_id(&payload)
    }

    #[test]
    fn ids_go_on_over_the_rollover_and_over_publishers() {
        let mut ids = PictureIds::default();
        let none = Newest::default();
        let first = rewritten(&mut ids, none, 32_766, true);
        for (step, id) in [32_767, 0, 1].into_iter().enumerate() {
            assert_eq!(rewritten(&mut ids, none, id, false), first + 1 + step as u16);
        }
        assert_eq!(
            rewritten(&mut ids, none, 2, true),
            first + 4,
            "a key frame alone is no reason to jump"
        );
        ids.start();
        let restarted = rewritten(&mut ids, none, 9_000, true);
        assert_eq!(restarted, first + 4 + STEP as u16);
        assert_eq!(rewritten(&mut ids, none, 9_001, false), restarted + 1);
    }

    #[test]
    fn a_key_frame_is_above_all_other_encodings() {
        let (mut high, mut low) = (PictureIds::default(), PictureIds::default());
        let none = Newest::default();
        let mut last = 0;
        rewritten(&mut high, none, 5, true);
        for id in 100..200 {
            last = rewritten(&mut low, high.newest(none), id, id == 100);
        }
        let key = rewritten(&mut high, low.newest(none), 10, true);
        assert!(key > last, "{key} is not above {last}");
        assert_eq!(
            rewritten(&mut high, low.newest(none), 10, true),
            key,
            "the same picture"
        );
        assert!(
            rewritten(&mut high, low.newest(none), 9, false) < key,
            "a late packet of an earlier one"
        );
        assert_eq!(rewritten(&mut high, low.newest(none), 11, false), key + 1);
        rewritten(&mut high, low.newest(none), 12, false);
        let mut late = vp8(12, true);
        assert!(rewritten(&mut low, high.newest(none), 300, true) > key + 2);
        high.rewrite(Codec::Vp8, true, low.newest(none), &mut late);
        assert_eq!(picture_id(&late), key + 2, "its other packets have that id already");
    }
}
