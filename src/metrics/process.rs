//! What the system says of this process and its disk.

use std::path::Path;
use std::time::Duration;

/// This process at one moment; what the system does not tell is 0.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub(super) struct Process {
    /// Processor time until now.
    pub(super) cpu: Duration,
    /// Memory that is really there.
    pub(super) memory_bytes: u64,
    /// Open files and sockets.
    pub(super) open_files: u64,
    /// Room on the disk of the data folder.
    pub(super) disk_free_bytes: u64,
    /// Its size.
    pub(super) disk_total_bytes: u64,
}

impl Process {
    /// Asks the system. `data` is the data folder.
    pub(super) fn now(data: &Path) -> Process {
        let disk = rustix::fs::statvfs(data).ok();
        let bytes = |blocks: u64| disk.as_ref().map_or(0, |disk| blocks.saturating_mul(disk.f_frsize));
        Process {
            cpu: cpu_time(),
            memory_bytes: memory_bytes(),
            open_files: std::fs::read_dir("/proc/self/fd").map_or(0, |files| files.count() as u64),
            disk_free_bytes: bytes(disk.as_ref().map_or(0, |disk| disk.f_bavail)),
            disk_total_bytes: bytes(disk.as_ref().map_or(0, |disk| disk.f_blocks)),
        }
    }
}

fn cpu_time() -> Duration {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    let seconds = u64::try_from(spent.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(spent.tv_nsec).unwrap_or_default())
}

/// `VmRSS:   12345 kB` in `/proc/self/status`.
fn memory_bytes() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kilobytes = line.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_system_tells_of_this_process() {
        let now = Process::now(Path::new("."));
        assert!(now.memory_bytes > 1 << 20 && now.open_files > 2, "{now:?}");
        assert!(
            now.disk_total_bytes >= now.disk_free_bytes && now.disk_total_bytes > 0,
            "{now:?}"
        );
        assert!(now.cpu > Duration::ZERO, "{now:?}");
    }
}
