//! What serving a replay's segments costs, beside nginx with the same files in the same run: CPU of the server's process
//! per byte that a few players fetch over connections that stay open.

use crate::RUNS;
use crate::server::Server;
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, geteuid, kill_process};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

/// Two seconds of 2.5 Mb/s.
const SEGMENT_BYTES: usize = 625_000;

/// Segments of the replay: more than any player fetches ahead.
const SEGMENTS: usize = 32;

/// Players that fetch at the same time.
const PLAYERS: usize = 4;

/// Each of them goes through the replay so often in a run.
const ROUNDS: usize = 16;

/// What both cost, in CPU nanoseconds per kilobyte.
pub(crate) struct Costs {
    pub(crate) ours: f64,
    pub(crate) nginx: f64,
}

/// Measures; nothing where the machine has no nginx.
///
/// # Errors
/// A server does not come up, or does not answer as it should.
pub(crate) fn measure() -> Result<Option<Costs>> {
    let Some(program) = ["/usr/sbin/nginx", "/usr/bin/nginx"]
        .into_iter()
        .find(|path| Path::new(path).exists())
    else {
        return Ok(None);
    };
    let server = Server::start()?;
    let replay = server.replay();
    for number in 0..SEGMENTS {
        let bytes: Vec<u8> = (0..SEGMENT_BYTES).map(|at| (at * 31 + number) as u8).collect();
        std::fs::write(replay.folder.join(name(number)), bytes)?;
    }
    let journal: String = (0..SEGMENTS)
        .map(|number| format!("{{\"entry\":\"segment\",\"file\":\"{}\"}}\n", name(number)))
        .collect();
    std::fs::write(replay.folder.join("journal.jsonl"), journal)?;
    let nginx = Nginx::start(program, &replay.folder)?;
    let ours = |number| format!("{}{}{}", replay.prefix, name(number), replay.query);
    let theirs = |number| format!("/{}", name(number));
    let mut best = Costs {
        ours: f64::INFINITY,
        nginx: f64::INFINITY,
    };
    for _ in 0..=RUNS {
        // the first run warms both up
        best.ours = best.ours.min(cost(server.pid(), replay.address, &ours)?);
        best.nginx = best.nginx.min(cost(
            nginx.pid.as_raw_nonzero().get().unsigned_abs(),
            nginx.address,
            &theirs,
        )?);
    }
    Ok(Some(best))
}

fn name(number: usize) -> String {
    format!("video0-0-{number:05}.m4s")
}

/// Fetches everything, and gives what that cost the process.
fn cost(pid: u32, address: SocketAddr, path: &(impl Fn(usize) -> String + Sync)) -> Result<f64> {
    let before = cpu(pid)?;
    thread::scope(|scope| {
        let players: Vec<_> = (0..PLAYERS).map(|_| scope.spawn(|| play(address, path))).collect();
        players
            .into_iter()
            .try_for_each(|player| player.join().unwrap_or_else(|_| bail!("a player failed")))
    })?;
    let spent = cpu(pid)? - before;
    let kilobytes = (PLAYERS * ROUNDS * SEGMENTS * SEGMENT_BYTES) as f64 / 1000.0;
    Ok(spent.as_secs_f64() * 1e9 / kilobytes)
}

fn play(address: SocketAddr, path: &impl Fn(usize) -> String) -> Result<()> {
    let mut stream = TcpStream::connect(address)?;
    let mut buffer = vec![0; 256 << 10];
    for number in (0..ROUNDS).flat_map(|_| 0..SEGMENTS) {
        // in one piece, as players send it: pieces wait for each other's acknowledgement
        let request = format!("GET {} HTTP/1.1\r\nHost: {address}\r\n\r\n", path(number));
        stream.write_all(request.as_bytes())?;
        let mut got = 0;
        let head = loop {
            let read = stream.read(&mut buffer[got..])?;
            ensure!(read > 0, "the server hung up");
            got += read;
            if let Some(end) = buffer[..got].windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
        };
        let status = String::from_utf8_lossy(buffer.get(..15).unwrap_or_default()).into_owned();
        ensure!(
            status == "HTTP/1.1 200 OK",
            "{}",
            String::from_utf8_lossy(&buffer[..got])
        );
        let mut left = SEGMENT_BYTES
            .checked_sub(got - head)
            .context("more than was asked for")?;
        while left > 0 {
            let room = left.min(buffer.len());
            let read = stream.read(&mut buffer[..room])?;
            ensure!(read > 0, "the server hung up");
            left -= read;
        }
    }
    Ok(())
}

struct Nginx {
    pid: Pid,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Nginx {
    /// One process, as Debian sets it up otherwise: `sendfile`, no log. It listens when the program that starts it ends,
    /// and has written who it is when it answers.
    fn start(program: &str, root: &Path) -> Result<Nginx> {
        let folder = tempfile::tempdir()?;
        let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let (own, root) = (folder.path().display(), root.display());
        let user = if geteuid().is_root() { "user root;" } else { "" };
        let config = format!(
            "{user} daemon on; master_process off; pid {own}/pid; error_log {own}/log crit;\n\
             events {{ worker_connections 64; }}\n\
             http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000;\n\
             client_body_temp_path {own}; proxy_temp_path {own}; fastcgi_temp_path {own};\n\
             uwsgi_temp_path {own}; scgi_temp_path {own}; types {{ video/mp4 m4s; }}\n\
             server {{ listen {address}; root {root}; }} }}\n"
        );
        let path = folder.path().join("nginx.conf");
        std::fs::write(&path, config)?;
        let status = Command::new(program)
            .arg("-c")
            .arg(&path)
            .stdin(Stdio::null())
            .status()?;
        ensure!(status.success(), "nginx does not come up");
        let mut stream = TcpStream::connect(address)?;
        write!(stream, "GET / HTTP/1.0\r\n\r\n")?;
        std::io::copy(&mut stream, &mut std::io::sink())?;
        let pid = std::fs::read_to_string(folder.path().join("pid"))?;
        let pid = Pid::from_raw(pid.trim().parse()?).context("nginx says who it is")?;
        Ok(Nginx {
            pid,
            address,
            _folder: folder,
        })
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        let _ = kill_process(self.pid, Signal::TERM);
    }
}

/// What a process has used so far, in user mode and in the kernel (proc(5), fields 14 and 15 of `stat`).
fn cpu(pid: u32) -> Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = stat
        .rsplit_once(") ")
        .context("the kernel's /proc is of another kind")?;
    let ticks: u64 = fields
        .split(' ')
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u64>().ok())
        .sum();
    Ok(Duration::from_nanos(
        ticks * 1_000_000_000 / rustix::param::clock_ticks_per_second().max(1),
    ))
}
