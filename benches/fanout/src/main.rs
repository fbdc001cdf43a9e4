//! What the engine costs, in one table: CPU per forwarded packet beside a bare loop that does only what cannot be left out
//! (header, encryption, one send per viewer and frame), memory per viewer, two shards against one, and a thousand viewers
//! who join within a second; recording and replays; and one chat message to five thousand WebSockets. `make bench` runs it.
//!
//! Ratios and counts are what it is for: each is of one run, so a slow or busy machine changes them little.
//! `lectern-fanout soak MINUTES` lets viewers come and go instead; `lectern-fanout quick` leaves out the large cases;
//! `lectern-fanout recording` measures what recording costs and `lectern-fanout serving` what a replay costs beside nginx,
//! and nothing else; `lectern-fanout sockets N` times chat, and nothing else.

mod audience;
mod bare;
mod class;
mod engine;
mod memory;
mod network;
mod recording;
mod server;
mod serving;
mod shards;
mod sink;
mod sockets;

use anyhow::{Result, bail};
use engine::Extras;
use network::Network;
use sink::{Sends, Sink};
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: allocations::Counting = allocations::Counting;

/// How much of a 2.5 Mb/s stream is forwarded in one measurement. With the warm-up and the other runs it stays below the
/// time after which silent viewers are removed.
const MEDIA_TIME: Duration = Duration::from_secs(3);

/// Each number is the best of so many runs: what disturbs a run only makes it slower.
const RUNS: usize = 3;

/// What one run cost.
#[derive(Clone, Copy, Debug)]
struct Cost {
    packets: u64,
    sends: u64,
    cpu: Duration,
    allocations: u64,
}

/// One row's circumstances.
struct Case {
    viewers: usize,
    packets_per_frame: usize,
    sends: Sends,
    extras: Extras,
    bound: Option<f64>,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [server::SERVE] => server::serve(),
        ["soak", minutes] => server::soak(minutes.parse()?),
        [] => table(Network::enter(), 1000),
        ["sockets", sockets] => chat(sockets.parse()?),
        ["quick"] => table(Network::enter(), 100),
        ["recording"] => recording(),
        ["serving"] => serving(),
        _ => bail!("usage: lectern-fanout [quick | recording | serving | soak MINUTES | sockets N]"),
    }
}

#[expect(clippy::print_stdout, reason = "the table is the product")]
fn table(network: Network, many: usize) -> Result<()> {
    println!("One thread, H.264 at 2.5 Mb/s with sound, AES-256-GCM; ns of CPU per packet, best of {RUNS} runs.");
    println!("{}.\n", network.name());
    println!("| what | bare loop | ours | ratio or value | bound | |");
    println!("|---|---|---|---|---|---|");
    let case = |viewers, packets_per_frame, sends, extras, bound| Case {
        viewers,
        packets_per_frame,
        sends,
        extras,
        bound,
    };
    let (gso, none) = (Sends::Gso, Extras::None);
    for case in [
        case(10, 9, gso, none, None),
        case(many / 10, 9, gso, none, None),
        case(many, 9, gso, none, Some(1.2)),
        case(many, 9, gso, Extras::RecordingAndNacks, Some(1.2)),
        case(2 * many, 9, gso, none, None),
        case(many, 9, Sends::Single, none, None),
        case(many, 9, Sends::None, none, None),
        case(many / 5, 1, gso, none, None),
        case(many / 5, 4, gso, none, None),
        case(many / 5, 9, gso, none, None),
        case(many / 5, 16, gso, none, None),
    ] {
        measure(&case, network);
    }
    let bytes = memory::per_viewer(many);
    row(
        "memory per connected viewer, KB",
        bytes / 1024.0,
        Some(Bound::AtMost(16.0)),
    );
    let shards = shards::measure(many / 2, MEDIA_TIME, network);
    row(
        "viewers that two shards carry, times those of one",
        shards.ratio(),
        Some(Bound::AtLeast(1.7)),
    );
    storm(many)?;
    recording()?;
    serving()?;
    chat(5 * many)
}

/// What recording costs.
fn recording() -> Result<()> {
    let costs = recording::measure()?;
    let classes = recording::CLASSES;
    row(
        &format!("cores to record {classes} classes of 2.5 Mb/s"),
        costs.cores,
        Some(Bound::AtMost(0.5)),
    );
    row("  allocations of it, per packet", costs.allocations_per_packet, None);
    Ok(())
}

/// What a replay costs beside nginx.
#[expect(clippy::print_stdout, reason = "the table is the product")]
fn serving() -> Result<()> {
    match serving::measure()? {
        Some(costs) => row(
            &format!(
                "CPU per byte of a replay, times that of nginx ({:.0} and {:.0} ns/KB)",
                costs.ours, costs.nginx
            ),
            costs.ours / costs.nginx,
            Some(Bound::AtMost(1.5)),
        ),
        None => {
            println!("| CPU per byte of a replay: there is no nginx here (apt-get install nginx-light) | | | | | |")
        }
    }
    Ok(())
}

fn chat(sockets: usize) -> Result<()> {
    let mut times = sockets::measure(sockets)?;
    times.sort_unstable();
    let ms = |time: Option<&Duration>| time.map_or(f64::NAN, |time| time.as_secs_f64() * 1000.0);
    let title = |what: &str| format!("ms from a chat message's post to the last of {sockets} sockets, {what}");
    row(&title("best"), ms(times.first()), None);
    row(&title("worst of 5"), ms(times.last()), Some(Bound::AtMost(200.0)));
    Ok(())
}

fn storm(many: usize) -> Result<()> {
    let server = server::Server::start()?;
    let viewers = many.to_string();
    let arguments = [
        "--viewers",
        &viewers,
        "--early",
        "20",
        "--ramp",
        "1",
        "--settle",
        "2",
        "--seconds",
        "5",
    ];
    let report = server.load(&arguments)?;
    let title = |what: &str| format!("{many} join within 1 s: {what}");
    let others = report.while_others_come;
    let seconds = report.viewers.admitted as f64 / report.viewers.joins_per_s.max(1.0);
    row(
        &title("refused"),
        (report.viewers.asked - report.viewers.connected) as f64,
        Some(Bound::AtMost(0.0)),
    );
    row(&title("seconds until all had an answer"), seconds, None);
    let requests = report
        .publisher
        .as_ref()
        .map_or(0, |p| p.most_key_frame_requests_in_a_second);
    row(
        &title("key frames asked for in a second"),
        requests as f64,
        Some(Bound::AtMost(1.0)),
    );
    let first = report.join_ms.first_key_frame;
    row(
        &title("ms to the first whole key frame, slowest"),
        first.max.unwrap_or(f64::NAN),
        Some(Bound::AtMost(2000.0)),
    );
    row(
        &title("  of it since ICE, slowest"),
        report.join_ms.first_key_frame_after_ice.max.unwrap_or(f64::NAN),
        None,
    );
    let delay = others.and_then(|course| course.frame_delay_ms.max).unwrap_or(f64::NAN);
    row(
        &title("delay of those there before, ms, worst frame"),
        delay,
        Some(Bound::AtMost(50.0)),
    );
    row(&title("packets lost"), report.packets.lost as f64, None);
    let memory = report.server.map_or(f64::NAN, |server| server.memory_bytes_per_viewer);
    row(
        "memory per viewer by the server's resident size, KB",
        memory / 1024.0,
        None,
    );
    Ok(())
}

/// What a value must keep to.
#[derive(Clone, Copy, Debug)]
enum Bound {
    AtMost(f64),
    AtLeast(f64),
}

#[expect(clippy::print_stdout, reason = "the table is the product")]
fn row(what: &str, value: f64, bound: Option<Bound>) {
    println!("| {what} | | | {} |{} |", rounded(value), verdict(value, bound));
}

fn verdict(value: f64, bound: Option<Bound>) -> String {
    let (sign, bound, is_kept) = match bound {
        None => return " | ".to_owned(),
        Some(Bound::AtMost(most)) => ("≤", most, value <= most),
        Some(Bound::AtLeast(least)) => ("≥", least, value >= least),
    };
    format!(" {sign} {bound} | {}", if is_kept { "kept" } else { "MISSED" })
}

fn rounded(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value}")
    } else {
        format!("{value:.2}")
    }
}

#[expect(clippy::print_stdout, reason = "the table is the product")]
fn measure(case: &Case, network: Network) {
    let sink = Sink::new(network, case.sends);
    let mut world = engine::World::new(case.viewers, case.packets_per_frame);
    world.warm_up(case.extras);
    let mut best: Option<(Cost, Cost)> = None;
    for _ in 0..RUNS {
        let ours = world.forward(MEDIA_TIME, &sink);
        let bare = bare::forward(case.viewers, case.packets_per_frame, MEDIA_TIME, &sink);
        best = Some(best.map_or((bare, ours), |(b, o)| (cheaper(b, bare), cheaper(o, ours))));
    }
    let (bare, ours) = best.expect("there is at least one run");
    let ratio = ours.ns_per_packet() / bare.ns_per_packet();
    println!(
        "| {case}: {:.1} packets a send, {:.4} allocations a packet | {:.0} | {:.0} | {ratio:.2} |{} |",
        ours.packets as f64 / ours.sends as f64,
        ours.allocations as f64 / ours.packets as f64,
        bare.ns_per_packet(),
        ours.ns_per_packet(),
        verdict(ratio, case.bound.map(Bound::AtMost)),
    );
}

impl Cost {
    fn ns_per_packet(&self) -> f64 {
        self.cpu.as_secs_f64() * 1e9 / self.packets as f64
    }
}

impl std::fmt::Display for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sends = match self.sends {
            Sends::Gso => "GSO",
            Sends::Single => "single sends",
            Sends::None => "no sends",
        };
        write!(
            f,
            "{} viewers, frames of {}, {sends}",
            self.viewers, self.packets_per_frame
        )?;
        match self.extras {
            Extras::None => Ok(()),
            Extras::RecordingAndNacks => f.write_str(", recorded, 1 % asked for again"),
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
