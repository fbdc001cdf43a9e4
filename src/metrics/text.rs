//! The text form that Prometheus reads (exposition format 0.0.4).

use std::fmt::{Display, Write};
use std::time::Duration;

use super::requests::Requests;
use super::snapshot::Snapshot;
use crate::jobs::admin::Counts;
use crate::live::Histogram;

/// Text that grows.
#[derive(Default)]
struct Page(String);

impl Page {
    /// What the numbers under `name` are.
    fn about(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}"); // a String takes everything
    }

    fn line(&mut self, name: &str, labels: &str, value: impl Display) {
        let labels = if labels.is_empty() {
            String::new()
        } else {
            format!("{{{labels}}}")
        };
        let _ = writeln!(self.0, "{name}{labels} {value}");
    }

    fn gauge(&mut self, name: &str, help: &str, value: impl Display) {
        self.about(name, "gauge", help);
        self.line(name, "", value);
    }

    fn counter(&mut self, name: &str, help: &str, value: impl Display) {
        self.about(name, "counter", help);
        self.line(name, "", value);
    }

    fn histogram(&mut self, name: &str, labels: &str, times: &Histogram) {
        let comma = if labels.is_empty() { "" } else { "," };
        for (bound, count) in times.cumulative() {
            self.line(
                &format!("{name}_bucket"),
                &format!("{labels}{comma}le=\"{}\"", bound.as_secs_f64()),
                count,
            );
        }
        self.line(
            &format!("{name}_bucket"),
            &format!("{labels}{comma}le=\"+Inf\""),
            times.count(),
        );
        self.line(&format!("{name}_sum"), labels, times.sum().as_secs_f64());
        self.line(&format!("{name}_count"), labels, times.count());
    }
}

/// All of it.
pub(super) fn render(now: &Snapshot, jobs: Counts, requests: &Requests, uptime: Duration) -> String {
    let mut page = Page::default();
    process(&mut page, now, uptime);
    media(&mut page, now);
    drops(&mut page, now);
    page.about("lectern_jobs", "gauge", "Jobs by state.");
    for (state, count) in [
        ("ready", jobs.ready),
        ("running", jobs.running),
        ("done", jobs.done),
        ("dead", jobs.dead),
    ] {
        page.line("lectern_jobs", &format!("state=\"{state}\""), count);
    }
    let name = "lectern_http_request_seconds";
    page.about(name, "histogram", "Requests, until their answer began.");
    for (key, times) in requests.all() {
        let labels = format!(
            "method=\"{}\",route=\"{}\",status=\"{}\"",
            escaped(&key.method),
            escaped(&key.route),
            key.status
        );
        page.histogram(name, &labels, &times);
    }
    page.0
}

fn process(page: &mut Page, now: &Snapshot, uptime: Duration) {
    page.about("lectern_info", "gauge", "The version that runs.");
    page.line(
        "lectern_info",
        concat!("version=\"", env!("CARGO_PKG_VERSION"), "\""),
        1,
    );
    page.gauge("lectern_uptime_seconds", "Since the start.", uptime.as_secs());
    let process = &now.process;
    page.counter(
        "process_cpu_seconds_total",
        "Processor time.",
        process.cpu.as_secs_f64(),
    );
    page.gauge("process_resident_memory_bytes", "Memory.", process.memory_bytes);
    page.gauge("process_open_fds", "Open files and sockets.", process.open_files);
    page.gauge(
        "lectern_disk_free_bytes",
        "Room on the disk of the data folder.",
        process.disk_free_bytes,
    );
    page.gauge(
        "lectern_disk_total_bytes",
        "Size of that disk.",
        process.disk_total_bytes,
    );
}

fn media(page: &mut Page, now: &Snapshot) {
    let engine = |count: fn(&lectern_media::engine::Counters) -> u64| now.sum(|shard| count(&shard.engine));
    page.gauge("lectern_publishers", "Connected publishers.", now.publishers);
    page.gauge("lectern_viewers", "Connected viewers.", now.viewers);
    page.gauge(
        "lectern_streams",
        "Streams, each counted on every media thread that serves it.",
        now.sum(|shard| shard.size.1 as u64),
    );
    page.counter(
        "lectern_received_datagrams_total",
        "Datagrams in.",
        engine(|count| count.datagrams_in),
    );
    page.counter(
        "lectern_sent_datagrams_total",
        "Datagrams out.",
        engine(|count| count.datagrams_out),
    );
    page.counter(
        "lectern_sent_bytes_total",
        "Bytes out.",
        engine(|count| count.bytes_out),
    );
    page.counter(
        "lectern_sends_total",
        "System calls' worth of sends.",
        engine(|count| count.sends),
    );
    page.counter(
        "lectern_nacked_packets_total",
        "Packets that viewers have asked for again.",
        engine(|count| count.nacked),
    );
    page.counter(
        "lectern_retransmitted_packets_total",
        "Packets that were sent again.",
        engine(|count| count.retransmits),
    );
    page.counter(
        "lectern_key_frame_requests_total",
        "Key frames asked of publishers.",
        engine(|count| count.key_frame_requests),
    );
    let name = "lectern_reported_packets_total";
    page.about(name, "counter", "Packets that viewers have reported on.");
    page.line(name, "outcome=\"received\"", engine(|count| count.reported));
    page.line(name, "outcome=\"lost\"", engine(|count| count.reported_lost));
    page.about(
        "lectern_join_seconds",
        "histogram",
        "Viewers of a running picture, from their offer to the first packet of a key frame sent to them.",
    );
    page.histogram("lectern_join_seconds", "", &now.times(|shard| &shard.join_time));
    page.about(
        "lectern_forward_delay_seconds",
        "histogram",
        "A sample of sends, from the arrival of the packet that waited longest.",
    );
    page.histogram(
        "lectern_forward_delay_seconds",
        "",
        &now.times(|shard| &shard.forward_delay),
    );
    page.gauge(
        "lectern_recorder_lag_seconds",
        "How far the slowest recorder is behind its class.",
        now.recorder_lag.as_secs_f64(),
    );
    page.gauge(
        "lectern_failing_recordings",
        "Recordings that the disk does not take.",
        now.failing_recordings,
    );
    page.gauge(
        "lectern_failing_uploads",
        "Recordings that the store does not take.",
        now.failing_uploads,
    );
}

fn drops(page: &mut Page, now: &Snapshot) {
    let name = "lectern_dropped_datagrams_total";
    page.about(name, "counter", "Datagrams that were for nobody, or not in order.");
    type Count = fn(&lectern_media::engine::Counters) -> u64;
    let reasons: [(&str, Count); 6] = [
        ("malformed", |count| count.malformed),
        ("unknown", |count| count.unknown),
        ("replayed", |count| count.replayed),
        ("unauthentic", |count| count.unauthentic),
        ("late", |count| count.late),
        ("full", |count| count.full),
    ];
    for (reason, count) in reasons {
        page.line(
            name,
            &format!("reason=\"{reason}\""),
            now.sum(|shard| count(&shard.engine)),
        );
    }
    page.counter(
        "lectern_sends_lost_total",
        "Sends that the kernel had no room for.",
        now.sum(|shard| shard.sends_lost),
    );
    page.counter(
        "lectern_inbox_dropped_total",
        "Messages between media threads that were lost.",
        now.sum(|shard| shard.inbox_dropped),
    );
    page.counter(
        "lectern_recorder_dropped_total",
        "Facts that recorders did not keep up with.",
        now.sum(|shard| shard.recorder_dropped),
    );
    page.counter(
        "lectern_media_restarts_total",
        "Media threads that a bug has stopped.",
        now.sum(|shard| shard.restarts),
    );
    page.counter(
        "lectern_refused_connections_total",
        "TCP connections of nobody.",
        now.refused_connections,
    );
}

/// As the format has label values.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_histogram_is_cumulative_and_has_its_labels() {
        let mut times = Histogram::default();
        [1, 1, 30].iter().for_each(|&ms| times.note(Duration::from_millis(ms)));
        let mut page = Page::default();
        page.histogram("x_seconds", "route=\"/\"", &times);
        for line in [
            "x_seconds_bucket{route=\"/\",le=\"0.0005\"} 0",
            "x_seconds_bucket{route=\"/\",le=\"0.001\"} 2",
            "x_seconds_bucket{route=\"/\",le=\"0.05\"} 3",
            "x_seconds_bucket{route=\"/\",le=\"+Inf\"} 3",
            "x_seconds_sum{route=\"/\"} 0.032",
            "x_seconds_count{route=\"/\"} 3",
        ] {
            assert!(page.0.lines().any(|have| have == line), "{line}\n{}", page.0);
        }
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
    }
}
