//! Operating points: which packets of an encoding a layer has, and how they are numbered without holes.
//!
//! An encoding with layers inside (SVC) is forwarded whole, or up to a spatial and a temporal layer. Such a part is a
//! track of its own, with numbers of its own over the same packets, so that leaving layers out costs nothing per viewer.

use crate::codec::Layer;

/// Changes of the numbering that are remembered: about as many left-out frames. What is older counts as too late.
const MAX_STEPS: usize = 64;

/// Which packets of an encoding belong to a layer: those of its spatial layer and below, and of its temporal layer and
/// below; or all of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Point(u8);

impl Point {
    /// The encoding as it comes.
    pub const WHOLE: Point = Point(u8::MAX);

    /// Up to this layer. Spatial layers are at most 3 and temporal layers at most 7, by the formats they are read from.
    pub fn up_to(layer: Layer) -> Point {
        Point((layer.spatial & 0x07) << 4 | layer.temporal & 0x0f)
    }

    /// The highest layers in it; `None` for the whole.
    pub fn top(self) -> Option<Layer> {
        (self != Point::WHOLE).then_some(Layer {
            spatial: self.0 >> 4,
            temporal: self.0 & 0x0f,
        })
    }

    /// The highest spatial layer in it; 0 for the whole, which does not say.
    pub fn spatial(self) -> u8 {
        self.top().map_or(0, |top| top.spatial)
    }
}

/// From an encoding's numbers to those of one of its points.
#[derive(Clone, Debug)]
pub struct Renumber {
    /// From this number on, this is subtracted. Ascending; the last one rules what is to come.
    steps: Vec<(u64, u64)>,
    next: u64,
}

impl Renumber {
    /// The encoding's packet `from` is to be the point's packet `to`, which is not above it.
    pub fn new(from: u64, to: u64) -> Renumber {
        Renumber {
            steps: vec![(from, from.saturating_sub(to))],
            next: from,
        }
    }

    /// Notes that the encoding's packet `seq` has come, and says what its number is; `None` for a packet that has none:
    /// one that is left out, or that is too late. A late packet has a number though it does not belong, since its
    /// place was kept.
    pub fn place(&mut self, seq: u64, belongs: bool) -> Option<u64> {
        let is_late = seq < self.next;
        if !is_late && !belongs {
            self.leave_out(seq);
            return None;
        }
        self.next = self.next.max(seq + 1);
        let at = self.steps.iter().rev().find(|(from, _)| seq >= *from)?;
        // A number that was left out is that of the packet behind it.
        let until = self.steps.iter().find(|(from, _)| *from > seq);
        let place = seq - at.1;
        until.is_none_or(|(from, by)| place < from - by).then_some(place)
    }

    fn leave_out(&mut self, seq: u64) {
        self.next = seq + 1;
        let by = self.steps.last().map_or(0, |(_, by)| *by) + 1;
        match self.steps.last_mut() {
            Some(last) if last.0 == seq => *last = (seq + 1, by),
            _ => self.steps.push((seq + 1, by)),
        }
        if self.steps.len() > MAX_STEPS {
            self.steps.remove(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_leaves_no_hole() {
        let mut numbers = Renumber::new(1000, 50);
        let placed: Vec<_> = (1000..1008).map(|seq| numbers.place(seq, seq % 2 == 0)).collect();
        assert_eq!(placed, [Some(50), None, Some(51), None, Some(52), None, Some(53), None]);
    }

    #[test]
    fn a_place_is_kept_for_what_is_missing() {
        let mut numbers = Renumber::new(10, 10);
        assert_eq!(numbers.place(10, true), Some(10));
        assert_eq!(numbers.place(11, false), None);
        assert_eq!(numbers.place(13, true), Some(12));
        assert_eq!(numbers.place(14, false), None);
        assert_eq!(
            numbers.place(12, false),
            Some(11),
            "whatever it was, its place is there"
        );
        assert_eq!(numbers.place(11, false), None, "twice");
        assert_eq!(numbers.place(15, true), Some(13));
        assert_eq!(numbers.place(9, true), None);
    }

    #[test]
    fn points_tell_their_layers() {
        let layer = Layer {
            spatial: 2,
            temporal: 1,
        };
        assert_eq!(Point::up_to(layer).top(), Some(layer));
        assert_eq!(Point::WHOLE.top(), None);
    }
}
