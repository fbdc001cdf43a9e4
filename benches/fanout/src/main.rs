//! CPU per forwarded packet: the real engine beside a bare loop that does only what cannot be left out (header,
//! encryption, one send per viewer and frame), in the same run. Prints a table; `make bench` runs it.
//!
//! Sends go to a socket on loopback that nobody reads, so both columns include the kernel's receive side alike.

mod allocations;
mod bare;
mod engine;
mod sink;

use sink::Sink;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// How much of a 2.5 Mb/s stream is forwarded in one measurement.
const MEDIA_TIME: Duration = Duration::from_secs(4);

/// Each cell is the best of so many runs: what disturbs a run only makes it slower.
const RUNS: usize = 3;

/// What one run cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    packets: u64,
    sends: u64,
    cpu: Duration,
    allocations: u64,
}

impl Cost {
    fn ns_per_packet(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e9 / self.packets as f64
    }
}

#[expect(clippy::print_stdout, reason = "the table is the product")]
fn main() {
    let viewer_counts: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|arg| arg.parse().ok())
        .collect::<Vec<_>>();
    let viewer_counts = if viewer_counts.is_empty() {
        vec![10, 100, 1000]
    } else {
        viewer_counts
    };
    println!("CPU per forwarded packet, one thread, 2.5 Mb/s and sound, AES-GCM; ns, best of {RUNS}");
    println!("| viewers | sends | bare loop | engine | ratio | packets a send | allocations per packet |");
    println!("|---|---|---|---|---|---|---|");
    for viewers in viewer_counts {
        for send in [false, true] {
            let mut best: Option<(Cost, Cost)> = None;
            for _ in 0..RUNS {
                let mut sink = send.then(Sink::new);
                let mut world = engine::World::new(viewers);
                let engine = world.forward(MEDIA_TIME, sink.as_mut());
                let bare = bare::forward(viewers, MEDIA_TIME, sink.as_mut());
                best = Some(match best {
                    None => (bare, engine),
                    Some((b, e)) => (cheaper(b, bare), cheaper(e, engine)),
                });
            }
            let (bare, engine) = best.expect("there is at least one run");
            println!(
                "| {viewers} | {} | {:.0} | {:.0} | {:.2} | {:.1} | {:.4} |",
                if send { "GSO" } else { "none" },
                bare.ns_per_packet(),
                engine.ns_per_packet(),
                engine.ns_per_packet() / bare.ns_per_packet(),
                engine.packets as f64 / engine.sends as f64,
                engine.allocations as f64 / engine.packets as f64,
            );
        }
    }
}

fn cheaper(a: Cost, b: Cost) -> Cost {
    if a.ns_per_packet() <= b.ns_per_packet() { a } else { b }
}

/// CPU time of this thread.
fn thread_cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}
