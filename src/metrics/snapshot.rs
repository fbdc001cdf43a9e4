//! All counts of the server at one moment.

use std::time::{Duration, Instant};

use super::process::Process;
use crate::App;
use crate::live::{Histogram, ShardCounters};

/// See the module.
#[derive(Clone, Debug)]
pub(super) struct Snapshot {
    /// When.
    pub(super) at: Instant,
    /// One for each media thread.
    pub(super) shards: Vec<ShardCounters>,
    /// Connected.
    pub(super) publishers: usize,
    /// Connected.
    pub(super) viewers: usize,
    /// How far the slowest recorder is behind.
    pub(super) recorder_lag: Duration,
    /// Recordings that the disk does not take.
    pub(super) failing_recordings: usize,
    /// Recordings that the store does not take.
    pub(super) failing_uploads: usize,
    /// Connections over TCP that were of nobody.
    pub(super) refused_connections: u64,
    /// This process.
    pub(super) process: Process,
}

impl Snapshot {
    pub(super) fn of(app: &App) -> Snapshot {
        let (publishers, viewers) = app.live.connected();
        Snapshot {
            at: Instant::now(),
            shards: app.live.counters(),
            publishers,
            viewers,
            recorder_lag: app.live.recorder_lag(),
            failing_recordings: app.live.failing_recordings(),
            failing_uploads: app.recordings.failing_uploads(),
            refused_connections: app.live.refused_connections(),
            process: Process::now(&app.config.data.dir),
        }
    }

    /// The sum of one count over all media threads.
    pub(super) fn sum(&self, count: impl Fn(&ShardCounters) -> u64) -> u64 {
        self.shards.iter().map(count).sum()
    }

    /// All that the media threads have timed.
    pub(super) fn times(&self, times: impl Fn(&ShardCounters) -> &Histogram) -> Histogram {
        let mut all = Histogram::default();
        self.shards.iter().for_each(|shard| all.add(times(shard)));
        all
    }
}
