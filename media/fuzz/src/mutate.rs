//! Makes new inputs out of known ones: bytes, numbers, lines and pieces are changed, doubled, left out and mixed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Longer than anything that a socket or the HTTP side lets through.
const LONGEST: usize = 70_000;

/// Numbers at the edges of what fields hold.
const EDGES: [u32; 12] = [
    0,
    1,
    2,
    0x7f,
    0x80,
    0xff,
    0x100,
    0x7fff,
    0x8000,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
];

pub(crate) struct Mutator {
    rng: ChaCha8Rng,
}

impl Mutator {
    pub(crate) fn new(seed: u64) -> Mutator {
        Mutator {
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        let random = usize::try_from(self.rng.next_u32()).unwrap_or(0);
        random.checked_rem(end).unwrap_or(0)
    }

    /// Puts a new input into `input`: one of `seeds`, changed a few times; now and then random bytes.
    pub(crate) fn mutate(&mut self, seeds: &[Vec<u8>], input: &mut Vec<u8>) {
        input.clear();
        let at = self.below(seeds.len());
        match seeds.get(at) {
            Some(seed) if self.below(50) > 0 => input.extend_from_slice(seed),
            _ => self.random(input),
        }
        // Mostly few changes: an input that is almost right gets furthest.
        let changes = 1 << self.below(5);
        for _ in 0..changes {
            self.change(seeds, input);
        }
        input.truncate(LONGEST);
    }

    fn random(&mut self, input: &mut Vec<u8>) {
        let length = self.below(1500);
        input.resize(length, 0);
        self.rng.fill_bytes(input);
    }

    fn change(&mut self, seeds: &[Vec<u8>], input: &mut Vec<u8>) {
        let at = self.below(input.len());
        match self.below(10) {
            0 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << (self.rng.next_u32() % 8);
                }
            }
            1 => {
                if let Some(byte) = input.get_mut(at) {
                    *byte = self.rng.next_u32().to_be_bytes()[0];
                }
            }
            2 => self.number(at, input),
            3 => input.truncate(at),
            4 => {
                let piece = self.piece(input);
                input.splice(at..at, piece);
            }
            5 => {
                let length = self.below(64).min(input.len() - at.min(input.len()));
                input.drain(at..at + length);
            }
            6 => {
                let other = self.below(seeds.len());
                let piece = seeds.get(other).map(|seed| self.piece(seed)).unwrap_or_default();
                input.splice(at..at, piece);
            }
            7 => self.lines(input),
            8 => self.digits(at, input),
            _ => {
                let byte = self.rng.next_u32().to_be_bytes()[0];
                let count = 1 << self.below(11);
                input.splice(at..at, std::iter::repeat_n(byte, count));
            }
        }
    }

    /// Up to a few hundred bytes of somewhere.
    fn piece(&mut self, from: &[u8]) -> Vec<u8> {
        let start = self.below(from.len());
        let length = 1 + self.below(300);
        let end = from.len().min(start + length);
        from.get(start..end).unwrap_or_default().to_vec()
    }

    /// Writes a number from the edge of its field, one, two or four bytes wide.
    fn number(&mut self, at: usize, input: &mut [u8]) {
        let edge = EDGES.get(self.below(EDGES.len())).copied().unwrap_or(0).to_be_bytes();
        let width = 1 << self.below(3);
        let tail = edge.get(4 - width..).unwrap_or_default();
        for (byte, new) in input.iter_mut().skip(at).zip(tail) {
            *byte = *new;
        }
    }

    /// Replaces a run of decimal digits near `at` with another number.
    fn digits(&mut self, at: usize, input: &mut Vec<u8>) {
        let tail = input.get(at..).unwrap_or_default();
        let Some(start) = tail.iter().position(u8::is_ascii_digit).map(|offset| at + offset) else {
            return;
        };
        let length = input
            .iter()
            .skip(start)
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let edge = EDGES.get(self.below(EDGES.len())).copied().unwrap_or(0);
        let number = if self.below(8) == 0 {
            format!("{edge}{edge}{edge}")
        } else {
            edge.to_string()
        };
        input.splice(start..start + length, number.into_bytes());
    }

    /// Takes a line out, doubles it, or moves it.
    fn lines(&mut self, input: &mut Vec<u8>) {
        let mut lines: Vec<Vec<u8>> = input
            .split_inclusive(|byte| *byte == b'\n')
            .map(<[u8]>::to_vec)
            .collect();
        let (from, to) = (self.below(lines.len()), self.below(lines.len()));
        if lines.len() < 2 {
            return;
        }
        match self.below(3) {
            0 => {
                lines.remove(from);
            }
            1 => lines.insert(to, lines[from].clone()),
            _ => lines.swap(from, to),
        }
        *input = lines.concat();
    }
}
