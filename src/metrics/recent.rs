//! What happened in the last minute, and what is wrong since when.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;

use super::snapshot::Snapshot;
use crate::db::Ts;
use crate::jobs::admin::Counts;
use crate::live::{Histogram, ShardCounters};

/// A minute of them.
const MOST_SNAPSHOTS: usize = 12;

/// Less room on the disk is told, whichever is more.
const LOW_DISK_BYTES: u64 = 2 << 30;
const LOW_DISK_PERCENT: u64 = 5;
/// A recorder that is further behind is told.
const LONG_LAG: Duration = Duration::from_secs(2);
/// Delay in this server above which a class feels it.
const LONG_DELAY: Duration = Duration::from_millis(50);

/// What is remembered.
#[derive(Default)]
pub(super) struct Recent {
    snapshots: VecDeque<Snapshot>,
    wrong: BTreeMap<&'static str, (String, Ts)>,
}

/// How the server is doing. What has a time in its name is about the last minute.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Health)]
pub struct Health {
    uptime_s: u64,
    version: &'static str,
    cpu: Cpu,
    memory_bytes: u64,
    /// Connected.
    viewers: usize,
    /// Connected.
    publishers: usize,
    bitrate_out_bps: u64,
    packets_out_per_s: u64,
    /// Of the packets that viewers have reported on; `null`: nobody reported.
    loss_percent: Option<f64>,
    /// From a viewer's offer to the first of the picture that it is sent: half of them took no longer. `null`: nobody came
    /// while there was one.
    join_ms_p50: Option<f64>,
    /// From arrival to sending: 99 of 100 timed sends took no longer. `null`: nothing was forwarded.
    forward_delay_ms_p99: Option<f64>,
    recorder_lag_ms: u64,
    jobs: JobsHealth,
    disk: Disk,
    /// What is wrong.
    alerts: Vec<Alert>,
    /// What a viewer outside would see, in a sentence.
    reachability: String,
}

/// Processor time.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Cpu {
    /// Of one core; more than 100 with several.
    process_percent: f64,
}

/// Work that is done later.
#[derive(Serialize, ToSchema)]
struct JobsHealth {
    /// Waiting.
    ready: i64,
    /// Given up.
    dead: i64,
}

/// The disk of the data folder.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Disk {
    free_bytes: u64,
    total_bytes: u64,
}

/// Something that is wrong.
#[derive(Clone, Serialize, ToSchema)]
pub struct Alert {
    /// For programs: disk-low, recording-failing, recorder-behind, upload-failing, media-restarted, media-slow, jobs-dead.
    code: &'static str,
    /// For people.
    detail: String,
    since: Ts,
}

impl Recent {
    /// Keeps a snapshot, and forgets those from more than a minute ago.
    pub(super) fn remember(&mut self, snapshot: Snapshot) {
        if self.snapshots.len() >= MOST_SNAPSHOTS {
            self.snapshots.pop_front();
        }
        self.snapshots.push_back(snapshot);
    }

    /// Notes what is wrong now; what was wrong before keeps its time.
    pub(super) fn judge(&mut self, now: &Snapshot, jobs: Counts) {
        let mut wrong = BTreeMap::new();
        for (code, detail) in self.complaints(now, jobs) {
            let since = self.wrong.get(code).map_or_else(Ts::now, |(_, since)| *since);
            wrong.insert(code, (detail, since));
        }
        self.wrong = wrong;
    }

    fn complaints(&self, now: &Snapshot, jobs: Counts) -> Vec<(&'static str, String)> {
        let mut complaints = Vec::new();
        let process = &now.process;
        let low = LOW_DISK_BYTES.max(process.disk_total_bytes / 100 * LOW_DISK_PERCENT);
        if process.disk_total_bytes > 0 && process.disk_free_bytes < low {
            let detail = format!(
                "{} MB are free on the disk of the data folder",
                process.disk_free_bytes >> 20
            );
            complaints.push(("disk-low", detail));
        }
        if now.failing_recordings > 0 {
            let detail = format!(
                "the disk does not take {} recordings; the classes go on",
                now.failing_recordings
            );
            complaints.push(("recording-failing", detail));
        }
        if now.recorder_lag > LONG_LAG {
            let detail = format!(
                "a recorder is {} s behind its class: the disk is slow",
                now.recorder_lag.as_secs()
            );
            complaints.push(("recorder-behind", detail));
        }
        if now.failing_uploads > 0 {
            let detail = format!(
                "the store does not take {} recordings; they are kept here and tried again",
                now.failing_uploads
            );
            complaints.push(("upload-failing", detail));
        }
        let restarts = now.sum(|shard| shard.restarts);
        if restarts > 0 {
            let detail = format!("a bug has stopped media threads {restarts} times; please report it with the log");
            complaints.push(("media-restarted", detail));
        }
        let delay = self.times(now, |shard| &shard.forward_delay).quantile(0.99);
        if let Some(delay) = delay.filter(|delay| *delay > LONG_DELAY) {
            let detail = format!(
                "media waits up to {} ms in this server: it has too much to do",
                delay.as_millis()
            );
            complaints.push(("media-slow", detail));
        }
        if jobs.dead > 0 {
            complaints.push(("jobs-dead", format!("{} jobs were given up", jobs.dead)));
        }
        complaints
    }

    /// What was timed since the oldest snapshot.
    fn times(&self, now: &Snapshot, times: impl Fn(&ShardCounters) -> &Histogram) -> Histogram {
        let all = now.times(&times);
        self.snapshots
            .front()
            .map_or(all, |before| all.since(&before.times(&times)))
    }

    /// The state as it is told.
    pub(super) fn health(&self, now: &Snapshot, jobs: Counts, uptime: Duration, reachability: String) -> Health {
        let before = self.snapshots.front().unwrap_or(now);
        let seconds = now.at.saturating_duration_since(before.at).as_secs_f64().max(0.001);
        let grown = |count: fn(&ShardCounters) -> u64| now.sum(count).saturating_sub(before.sum(count));
        let per_s = |count: u64| (count as f64 / seconds).round() as u64;
        let (arrived, lost) = (
            grown(|shard| shard.engine.reported),
            grown(|shard| shard.engine.reported_lost),
        );
        let ms = |time: Duration| time.as_secs_f64() * 1000.0;
        let cpu = now.process.cpu.saturating_sub(before.process.cpu).as_secs_f64();
        let alert = |(code, (detail, since)): (&&'static str, &(String, Ts))| Alert {
            code,
            detail: detail.clone(),
            since: *since,
        };
        Health {
            uptime_s: uptime.as_secs(),
            version: env!("CARGO_PKG_VERSION"),
            cpu: Cpu {
                process_percent: tenths(cpu / seconds * 100.0),
            },
            memory_bytes: now.process.memory_bytes,
            viewers: now.viewers,
            publishers: now.publishers,
            bitrate_out_bps: per_s(grown(|shard| shard.engine.bytes_out) * 8),
            packets_out_per_s: per_s(grown(|shard| shard.engine.datagrams_out)),
            loss_percent: (arrived + lost > 0).then(|| tenths(lost as f64 / (arrived + lost) as f64 * 100.0)),
            join_ms_p50: self.times(now, |shard| &shard.join_time).quantile(0.5).map(ms),
            forward_delay_ms_p99: self.times(now, |shard| &shard.forward_delay).quantile(0.99).map(ms),
            recorder_lag_ms: u64::try_from(now.recorder_lag.as_millis()).unwrap_or(u64::MAX),
            jobs: JobsHealth {
                ready: jobs.ready,
                dead: jobs.dead,
            },
            disk: Disk {
                free_bytes: now.process.disk_free_bytes,
                total_bytes: now.process.disk_total_bytes,
            },
            alerts: self.wrong.iter().map(alert).collect(),
            reachability,
        }
    }
}

/// Nobody reads more digits.
fn tenths(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn snapshot(at: Instant) -> Snapshot {
        Snapshot {
            at,
            shards: vec![ShardCounters::default()],
            publishers: 1,
            viewers: 20,
            recorder_lag: Duration::ZERO,
            failing_recordings: 0,
            failing_uploads: 0,
            refused_connections: 0,
            process: crate::metrics::process::Process {
                disk_free_bytes: 50 << 30,
                disk_total_bytes: 100 << 30,
                ..Default::default()
            },
        }
    }

    #[test]
    fn rates_are_those_of_the_last_minute() {
        let start = Instant::now();
        let mut recent = Recent::default();
        let mut later = snapshot(start);
        for second in 0..30u64 {
            later = snapshot(start + Duration::from_secs(5 * second));
            later.shards[0].engine.bytes_out = 1_000_000 * 5 * second;
            later.shards[0].engine.reported = 99 * second;
            later.shards[0].engine.reported_lost = second;
            later.process.cpu = Duration::from_secs(second);
            later.shards[0].join_time.note(Duration::from_millis(40));
            recent.remember(later.clone());
        }
        let health = recent.health(&later, Counts::default(), Duration::from_secs(145), String::new());
        assert_eq!(recent.snapshots.len(), MOST_SNAPSHOTS);
        assert_eq!((health.bitrate_out_bps, health.loss_percent), (8_000_000, Some(1.0)));
        assert_eq!(
            (health.cpu.process_percent, health.join_ms_p50),
            (20.0, None),
            "one joined in all snapshots alike"
        );
        assert!(health.alerts.is_empty());
    }

    #[test]
    fn what_is_wrong_is_told_from_its_beginning_until_its_end() {
        let mut recent = Recent::default();
        let fine = snapshot(Instant::now());
        let mut bad = fine.clone();
        bad.process.disk_free_bytes = 1 << 30;
        (bad.failing_recordings, bad.failing_uploads) = (1, 1);
        bad.recorder_lag = Duration::from_secs(3);
        bad.shards[0].restarts = 1;
        bad.shards[0].forward_delay.note(Duration::from_millis(80));
        let dead = Counts {
            dead: 1,
            ..Counts::default()
        };
        recent.judge(&bad, dead);
        let first = recent.wrong.clone();
        let codes: Vec<_> = first.keys().copied().collect();
        let all = [
            "disk-low",
            "jobs-dead",
            "media-restarted",
            "media-slow",
            "recorder-behind",
            "recording-failing",
            "upload-failing",
        ];
        assert_eq!(codes, all);
        recent.judge(&bad, dead);
        assert_eq!(recent.wrong, first, "since the first time");
        recent.judge(&fine, Counts::default());
        assert!(recent.wrong.is_empty());
    }
}
