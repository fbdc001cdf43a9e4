//! What a process on this machine uses, from `/proc` (proc(5)).

use anyhow::{Context, Result};
use std::time::Duration;

/// A process at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct Usage {
    /// In user mode and in the kernel, all threads.
    pub(crate) cpu: Duration,
    /// Resident memory.
    pub(crate) memory_bytes: u64,
}

impl Usage {
    /// Reads it.
    ///
    /// # Errors
    /// There is no such process.
    pub(crate) fn of(pid: u32) -> Result<Usage> {
        let read = |file: &str| {
            std::fs::read_to_string(format!("/proc/{pid}/{file}"))
                .with_context(|| format!("there is no process {pid} that may be looked at"))
        };
        let ticks = cpu_ticks(&read("stat")?).context("the kernel's /proc is of another kind")?;
        let pages = read("statm")?
            .split(' ')
            .nth(1)
            .and_then(|pages| pages.parse::<u64>().ok());
        let ticks_per_s = rustix::param::clock_ticks_per_second().max(1);
        Ok(Usage {
            cpu: Duration::from_nanos(ticks * 1_000_000_000 / ticks_per_s),
            memory_bytes: pages.unwrap_or(0) * rustix::param::page_size() as u64,
        })
    }
}

/// The 14th and 15th field; the second may hold blanks and brackets.
fn cpu_ticks(stat: &str) -> Option<u64> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ').skip(11);
    let mut next = || fields.next()?.parse::<u64>().ok();
    Some(next()? + next()?)
}

/// Datagrams that this machine (or network namespace) dropped since its start because a socket's buffer was full. None
/// when the kernel does not say.
pub(crate) fn receive_buffer_errors() -> Option<u64> {
    udp_counter(&std::fs::read_to_string("/proc/net/snmp").ok()?, "RcvbufErrors")
}

fn udp_counter(snmp: &str, name: &str) -> Option<u64> {
    let mut lines = snmp.lines().filter_map(|line| line.strip_prefix("Udp: "));
    let (names, values) = (lines.next()?, lines.next()?);
    let at = names.split(' ').position(|known| known == name)?;
    values.split(' ').nth(at)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_lines_are_read() {
        let stat = "7 (a (b) c) S 1 7 7 0 -1 4194304 100 0 0 0 25 17 0 0 20 0 1 0 5 1 2";
        assert_eq!(cpu_ticks(stat), Some(42));
        assert_eq!(cpu_ticks("7 (x"), None);
        let snmp = "Ip: A\nIp: 1\nUdp: InDatagrams RcvbufErrors\nUdp: 5 9\nUdpLite: RcvbufErrors\nUdpLite: 1\n";
        assert_eq!(udp_counter(snmp, "RcvbufErrors"), Some(9));
        assert_eq!(udp_counter(snmp, "Other"), None);
    }

    #[test]
    fn we_use_something_ourselves() {
        let usage = Usage::of(std::process::id()).unwrap();
        assert!(usage.memory_bytes > 100_000);
        assert!(Usage::of(u32::MAX).is_err());
    }
}
