//! Random input for everything in the engine that reads what the network sends.
//!
//! A [`Target`] is a function from any bytes to nothing: it panics when the engine does, or when a bound is passed that
//! should hold. [`Fuzzer`] makes inputs out of known good ones and runs them, on the stable compiler and without
//! instrumentation: what guides it is the seeds, real offers and well-formed packets, and the kept corpus
//! (`corpus/<target>`), where every input that ever broke something stays.

mod corpus;
mod mutate;
mod targets;

pub use corpus::{keep, seeds};
pub use targets::{TARGETS, Target};

use mutate::Mutator;
use std::time::{Duration, Instant};

/// Runs one target on its seeds and on what can be made of them.
pub struct Fuzzer {
    target: &'static Target,
    seeds: Vec<Vec<u8>>,
    mutator: Mutator,
    input: Vec<u8>,
}

impl Fuzzer {
    /// `seed` decides all inputs.
    pub fn new(target: &'static Target, seed: u64) -> Fuzzer {
        Fuzzer {
            target,
            seeds: seeds(target.name),
            mutator: Mutator::new(seed),
            input: Vec::new(),
        }
    }

    /// Runs every seed as it is.
    pub fn replay(&mut self) {
        for seed in &self.seeds {
            self.input.clone_from(seed);
            (self.target.check)(&self.input);
        }
    }

    /// Makes inputs and runs them for so long. Returns how many.
    pub fn run(&mut self, time: Duration) -> u64 {
        let end = Instant::now() + time;
        let mut count = 0;
        while Instant::now() < end {
            self.mutator.mutate(&self.seeds, &mut self.input);
            (self.target.check)(&self.input);
            count += 1;
        }
        count
    }

    /// The last input: the one that broke something, when something broke.
    pub fn input(&self) -> &[u8] {
        &self.input
    }
}
