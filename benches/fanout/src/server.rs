//! The whole server in a process of its own, and `lectern-load` against it.

use crate::class::{Class, Replay};
use anyhow::{Context, Result, ensure};
use clap::Parser;
use lectern_load::{Options, Report};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use tokio::runtime::Runtime;
use tokio_util::sync::CancellationToken;

/// The argument that makes this program a server.
pub(crate) const SERVE: &str = "serve";

/// What the memory may differ by from one minute of joins to another.
const GROWTH_BYTES: u64 = 4 << 20;

/// A server that ends with this value.
pub(crate) struct Server {
    pub(crate) class: Class,
    child: Child,
    /// Closed, it tells the server to end.
    _stdin: ChildStdin,
}

impl Server {
    /// Starts it, with two media threads.
    ///
    /// # Errors
    /// It does not come up.
    pub(crate) fn start() -> Result<Server> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg(SERVE)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let stdin = child.stdin.take().context("it was piped")?;
        let mut line = String::new();
        BufReader::new(child.stdout.take().context("it was piped")?).read_line(&mut line)?;
        let class = serde_json::from_str(&line).context("the server did not come up")?;
        Ok(Server {
            class,
            child,
            _stdin: stdin,
        })
    }

    /// The recording of its class.
    pub(crate) fn replay(&self) -> &Replay {
        &self.class.replay
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Runs the load tester with its own publisher.
    ///
    /// # Errors
    /// The run cannot begin.
    pub(crate) fn load(&self, arguments: &[&str]) -> Result<Report> {
        let pid = self.child.id().to_string();
        let Class { whip, whep, key, .. } = &self.class;
        let common = [
            "lectern-load",
            whep,
            "--publish",
            whip,
            "--publish-token",
            key,
            "--pid",
            &pid,
        ];
        let options = Options::try_parse_from([&common, arguments].concat())?;
        Runtime::new()?.block_on(lectern_load::run(options, CancellationToken::new()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is the server: says where its class is, and runs until its standard input is closed.
///
/// # Errors
/// The server's.
pub(crate) fn serve() -> Result<()> {
    lectern::allocator::bound();
    let data = tempfile::tempdir()?;
    let runtime = Runtime::new()?;
    let class = runtime.block_on(Class::start(data.path(), 2))?;
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", serde_json::to_string(&class)?)?;
    out.flush()?;
    std::io::copy(&mut std::io::stdin(), &mut std::io::sink())?;
    Ok(())
}

/// Minutes of viewers that come and go, and the server's memory after each.
///
/// # Errors
/// Somebody did not get in or lost packets, or the memory grows.
#[expect(clippy::print_stdout, reason = "the table is the product")]
pub(crate) fn soak(minutes: usize) -> Result<()> {
    let server = Server::start()?;
    println!("| minute | joins | lost packets | memory, MB |\n|---|---|---|---|");
    let mut memory = Vec::new();
    for minute in 1..=minutes {
        let report = server.load(&[
            "--viewers",
            "300",
            "--ramp",
            "5",
            "--settle",
            "1",
            "--seconds",
            "54",
            "--stay",
            "5",
        ])?;
        let used = report.server.map_or(0, |server| server.memory_after_bytes);
        let joins = report.viewers.admitted;
        println!(
            "| {minute} | {joins} | {} | {:.1} |",
            report.packets.lost,
            used as f64 / 1e6
        );
        ensure!(report.errors.is_empty(), "{:?}", report.errors);
        ensure!(report.viewers.admitted == report.viewers.asked, "all are admitted");
        memory.push(used);
    }
    // The first minute fills what is kept to be used again.
    let (Some(&second), Some(&last)) = (memory.get(1), memory.last()) else {
        return Ok(());
    };
    let bound = second + GROWTH_BYTES;
    ensure!(last <= bound, "the memory grew from {second} to {last} bytes");
    println!("flat: at most 4 MB above the second minute");
    Ok(())
}
