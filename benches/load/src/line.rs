//! What became of one source's sequence numbers: lost, doubled, overtaken.

use lectern_media::peer::replay::{IndexEstimate, ReplayWindow};

/// Counts of one or many lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Counts {
    /// Packets that came, each once.
    pub(crate) received: u64,
    /// Numbers between the first and the highest that never came.
    pub(crate) lost: u64,
    /// Packets that came again, or so late that it cannot be told.
    pub(crate) duplicates: u64,
    /// Packets that came after a higher number.
    pub(crate) reordered: u64,
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        self.received += other.received;
        self.lost += other.lost;
        self.duplicates += other.duplicates;
        self.reordered += other.reordered;
    }
}

/// The numbers of one SSRC.
#[derive(Debug, Default)]
pub(crate) struct Line {
    estimate: IndexEstimate,
    window: ReplayWindow,
    first: Option<u64>,
    counts: Counts,
}

/// What a packet is to its line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Arrival {
    /// The next, or one behind a gap of so many.
    Ahead {
        /// Without rollover.
        extended: u64,
        /// How many numbers before it have not come.
        gap: u64,
    },
    /// It fills a gap.
    Late(u64),
    /// It had come.
    Again,
}

impl Line {
    /// Takes a sequence number.
    pub(crate) fn take(&mut self, seq: u16) -> Arrival {
        let Some(extended) = self.estimate.extend(seq) else {
            self.counts.duplicates += 1;
            return Arrival::Again;
        };
        let highest = self.estimate.highest();
        if !self.window.accept(extended) {
            self.counts.duplicates += 1;
            return Arrival::Again;
        }
        self.estimate.note(extended);
        self.counts.received += 1;
        self.first = Some(self.first.map_or(extended, |first| first.min(extended)));
        match highest {
            Some(highest) if extended < highest => {
                self.counts.reordered += 1;
                Arrival::Late(extended)
            }
            Some(highest) => Arrival::Ahead {
                extended,
                gap: extended - highest - 1,
            },
            None => Arrival::Ahead { extended, gap: 0 },
        }
    }

    /// The counts so far.
    pub(crate) fn counts(&self) -> Counts {
        let expected = match (self.first, self.estimate.highest()) {
            (Some(first), Some(highest)) => highest - first + 1,
            _ => 0,
        };
        Counts {
            lost: expected - self.counts.received,
            ..self.counts
        }
    }

    /// The highest number as a receiver report says it: with 16 bits of rollover.
    pub(crate) fn highest(&self) -> u32 {
        let index = self.estimate.highest().map_or(0, IndexEstimate::index);
        (index & 0xffff_ffff) as u32
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(numbers: impl IntoIterator<Item = u16>) -> Counts {
        let mut line = Line::default();
        for number in numbers {
            line.take(number);
        }
        line.counts()
    }

    #[test]
    fn each_fault_is_counted_as_what_it_is() {
        let all = |received, lost, duplicates, reordered| Counts {
            received,
            lost,
            duplicates,
            reordered,
        };
        assert_eq!(counts([]), all(0, 0, 0, 0));
        assert_eq!(
            counts((65_000..=u16::MAX).chain(0..1000)),
            all(1536, 0, 0, 0),
            "over the rollover"
        );
        assert_eq!(counts([1, 2, 5]), all(3, 2, 0, 0));
        assert_eq!(counts([1, 2, 5, 4]), all(4, 1, 0, 1));
        assert_eq!(counts([1, 2, 2, 3, 1]), all(3, 0, 2, 0));
        assert_eq!(counts([10, 9, 11]), all(3, 0, 0, 1), "the first was not the lowest");
        assert_eq!(counts([0, 2000, 3]), all(2, 1999, 1, 0), "too late to tell");
    }

    #[test]
    fn a_gap_is_told_with_the_packet_behind_it() {
        let mut line = Line::default();
        line.take(7);
        assert!(matches!(line.take(10), Arrival::Ahead { gap: 2, .. }));
        assert!(matches!(line.take(8), Arrival::Late(_)));
        assert_eq!(line.take(8), Arrival::Again);
        assert_eq!(line.highest(), 10);
    }
}
