//! `lectern-fuzz [--seconds N] [TARGET…]`: runs targets for as long as one likes, in turns of a minute at most, and keeps
//! what breaks one in the corpus. Exit code 1 when something broke.

#![expect(clippy::print_stdout, reason = "a command's own output")]

use lectern_fuzz::{Fuzzer, TARGETS, Target, keep};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// A target's turn, where there is time for so long ones.
const TURN: Duration = Duration::from_secs(60);
/// Memory that the process may have, in bytes, whatever it was given.
const MOST_MEMORY: u64 = 1 << 30;

fn main() -> ExitCode {
    let mut seconds = 60;
    let mut names: Vec<String> = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--seconds" => seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(seconds),
            _ => names.push(argument),
        }
    }
    let wanted = |target: &&Target| names.is_empty() || names.iter().any(|name| name == target.name);
    let targets: Vec<&'static Target> = TARGETS.iter().filter(wanted).collect();
    let time = Duration::from_secs(seconds);
    let end = Instant::now() + time;
    // Each gets its share of a short run.
    let share = time / u32::try_from(targets.len().max(1)).unwrap_or(1);
    // Another run tries other inputs; a failing one is kept, so nothing is lost by it.
    let clock = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let mut seed = clock.map_or(0, |since| since.as_secs());
    let mut broken = 0;
    while Instant::now() < end && !targets.is_empty() {
        for target in &targets {
            let left = end.saturating_duration_since(Instant::now());
            seed += 1;
            broken += turn(target, seed, left.min(share).min(TURN));
        }
    }
    ExitCode::from(u8::from(broken > 0))
}

/// Runs a target for a while and says how it went. Returns how many inputs broke it: one at most.
fn turn(target: &'static Target, seed: u64, time: Duration) -> usize {
    let mut fuzzer = Fuzzer::new(target, seed);
    let ran = catch_unwind(AssertUnwindSafe(|| {
        fuzzer.replay();
        fuzzer.run(time)
    }));
    let memory = resident_bytes();
    println!(
        "{:<9} seed {seed}: {ran:?} inputs, {} MB resident",
        target.name,
        memory >> 20
    );
    if ran.is_ok() && memory < MOST_MEMORY {
        return 0;
    }
    match keep(target.name, fuzzer.input()) {
        Ok(path) => println!("kept {}", path.display()),
        Err(error) => println!("cannot keep the input: {error}"),
    }
    1
}

/// What the system says that this process has in memory; 0 where it does not say.
fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes: Option<u64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    kilobytes.unwrap_or(0) << 10
}
