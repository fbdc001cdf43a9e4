//! Packet indexes: which one an arriving packet has, and whether it came before (RFC 3711 section 3.3).

/// For media, 1,024 indexes are remembered: at 20 Mb/s half a second, so that a retransmission over a long path is not
/// taken for a replay.
const MEDIA_WORDS: usize = 16;

/// Remembers which of the last `64 * WORDS` indexes were seen (RFC 3711 section 3.3.2).
#[derive(Clone, Copy, Debug)]
pub struct ReplayWindow<const WORDS: usize = MEDIA_WORDS> {
    highest: Option<u64>,
    /// One bit each, at the index modulo the window.
    seen: [u64; WORDS],
}

impl<const WORDS: usize> Default for ReplayWindow<WORDS> {
    fn default() -> Self {
        ReplayWindow {
            highest: None,
            seen: [0; WORDS],
        }
    }
}

impl<const WORDS: usize> ReplayWindow<WORDS> {
    const LEN: u64 = 64 * WORDS as u64;

    /// Notes an authenticated index; false when it was seen before or is too old to tell.
    pub fn accept(&mut self, index: u64) -> bool {
        let highest = *self.highest.get_or_insert(index);
        if index > highest {
            if index - highest >= Self::LEN {
                self.seen = [0; WORDS];
            } else {
                (highest + 1..index).for_each(|skipped| self.set(skipped, false));
            }
            self.highest = Some(index);
            self.set(index, true);
            return true;
        }
        if highest - index >= Self::LEN || self.is_set(index) {
            return false;
        }
        self.set(index, true);
        true
    }

    /// Takes an index back that was accepted and could not be used: it is accepted once more.
    pub fn forget(&mut self, index: u64) {
        if self
            .highest
            .is_some_and(|highest| highest.saturating_sub(index) < Self::LEN)
        {
            self.set(index, false);
        }
    }

    fn place(index: u64) -> (usize, u64) {
        let bit = index % Self::LEN;
        ((bit / 64) as usize, 1 << (bit % 64))
    }

    fn is_set(&self, index: u64) -> bool {
        let (word, bit) = Self::place(index);
        self.seen.get(word).is_some_and(|seen| seen & bit != 0)
    }

    fn set(&mut self, index: u64, to: bool) {
        let (word, bit) = Self::place(index);
        if let Some(seen) = self.seen.get_mut(word) {
            if to {
                *seen |= bit;
            } else {
                *seen &= !bit;
            }
        }
    }
}

/// The sequence number that decides an arriving packet's index (RFC 3711 section 3.3.1). The first packet is lifted by
/// one rollover in our own counting, so that an earlier one that arrives late has a number too; `index` takes it off.
#[derive(Clone, Copy, Debug, Default)]
pub struct IndexEstimate {
    highest: Option<u64>,
}

const FIRST_ROLLOVER: u64 = 0x1_0000;

impl IndexEstimate {
    /// Our extended number for a sequence number, if it is taken as the next to come or one of the recent.
    pub fn extend(&self, seq: u16) -> Option<u64> {
        match self.highest {
            None => Some(FIRST_ROLLOVER | u64::from(seq)),
            Some(highest) => crate::wire::extend_u16(seq, highest),
        }
    }

    /// The SRTP packet index of an extended number.
    pub fn index(extended: u64) -> u64 {
        extended.wrapping_sub(FIRST_ROLLOVER) & 0xffff_ffff_ffff
    }

    /// The highest extended number noted.
    pub fn highest(&self) -> Option<u64> {
        self.highest
    }

    /// Notes an extended number whose packet proved authentic.
    pub fn note(&mut self, extended: u64) {
        self.highest = Some(self.highest.map_or(extended, |h| h.max(extended)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_takes_each_index_once() {
        let mut window = ReplayWindow::<MEDIA_WORDS>::default();
        for (index, want) in [
            (5, true),
            (5, false),
            (4, true),
            (1000, true),
            (5, false),
            (700, true),
            (700, false),
            (1030, true),
            (6, false),
            (7, true),
            (1030, false),
            (1 << 40, true),
            (1030, false),
            ((1 << 40) - 1023, true),
            ((1 << 40) - 1024, false),
        ] {
            assert_eq!(window.accept(index), want, "{index}");
        }
    }

    #[test]
    fn the_window_agrees_with_a_list_of_all_that_came() {
        let mut window = ReplayWindow::<MEDIA_WORDS>::default();
        let (mut seen, mut state) = (std::collections::HashSet::new(), 1u64);
        let mut highest = 0;
        for _ in 0..20_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let index = (highest + state % 40).saturating_sub((state >> 40) % 1100);
            let is_old = highest > index && highest - index >= ReplayWindow::<MEDIA_WORDS>::LEN;
            assert_eq!(
                window.accept(index),
                !is_old && seen.insert(index),
                "{index} after {highest}"
            );
            highest = highest.max(index);
        }
    }

    #[test]
    fn the_index_follows_rollover_and_early_reordering() {
        let mut estimate = IndexEstimate::default();
        for (seq, want) in [
            (0u16, 0u64),
            (65535, 0xffff_ffff_ffff),
            (1, 1),
            (30_000, 30_000),
            (60_000, 60_000),
            (65_535, 65_535),
            (3, 65_539),
        ] {
            let extended = estimate.extend(seq).unwrap();
            assert_eq!(IndexEstimate::index(extended), want, "{seq}");
            estimate.note(extended);
        }
    }
}
