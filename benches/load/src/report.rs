//! What a run found: for programs as JSON, for people as a table.

use crate::process::Usage;
use crate::publisher::{Published, most_within_a_second};
use crate::tally::{Flow, Tally, Times};
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::time::Duration;

/// Everything that a run found. Field names carry their units; percentiles of nothing are null.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The WHEP endpoint.
    pub target: String,
    /// Who came and what became of them.
    pub viewers: Viewers,
    /// How long coming took, from before the POST, in milliseconds.
    pub join_ms: Joins,
    /// RTP packets of all viewers over the whole run.
    pub packets: Packets,
    /// Of the measurement alone.
    pub steady: Steady,
    /// What those who came early felt while the others came; null without them.
    pub while_others_come: Option<Course>,
    /// The tester's own publisher; null without one.
    pub publisher: Option<PublisherReport>,
    /// The server's process; null without `--pid`.
    pub server: Option<ServerReport>,
    /// The tester itself: whether it was the bottleneck.
    pub tester: TesterReport,
    /// What went wrong, in words, and how often.
    pub errors: BTreeMap<String, u64>,
    /// Second by second.
    pub timeline: Vec<Second>,
}

/// Counts of viewers.
#[derive(Clone, Debug, Serialize)]
pub struct Viewers {
    /// Who asked.
    pub asked: u64,
    /// Who got an answer.
    pub admitted: u64,
    /// Whose keys came.
    pub connected: u64,
    /// Who got a whole key frame.
    pub with_picture: u64,
    /// Who was connected at the end.
    pub at_the_end: u64,
    /// Admitted viewers divided by the time from the first question to the last answer.
    pub joins_per_s: f64,
}

/// Percentiles of times in milliseconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Percentiles {
    pub count: u64,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    pub p99_9: Option<f64>,
    pub max: Option<f64>,
}

/// See [`Report::join_ms`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Joins {
    /// Until the HTTP answer.
    pub answered: Percentiles,
    /// Until the keys were there.
    pub connected: Percentiles,
    /// Until the first RTP packet.
    pub first_packet: Percentiles,
    /// Until the first key frame was whole: the first frame that can be decoded.
    pub first_key_frame: Percentiles,
    /// The same from the moment in which ICE had found a pair.
    pub first_key_frame_after_ice: Percentiles,
}

/// See [`Report::packets`].
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Packets {
    pub received: u64,
    pub lost: u64,
    pub loss_percent: f64,
    pub duplicates: u64,
    pub reordered: u64,
    /// Lost packets that a retransmission brought (`--nack`); they do not count as lost.
    pub recovered: u64,
    /// Decrypted to look at them: all until the first picture, stamps, and everything of one viewer in sixteen.
    pub opened: u64,
    /// Of those, packets that the keys did not open.
    pub unauthentic: u64,
}

/// See [`Report::steady`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Steady {
    /// Its length.
    pub seconds: f64,
    /// RTP packets received.
    pub packets: u64,
    /// All viewers together.
    pub packets_per_s: f64,
    /// All viewers together, UDP payload.
    pub bits_per_s: f64,
    /// The same of one.
    pub bits_per_s_and_viewer: f64,
    /// How the picture flowed.
    #[serde(flatten)]
    pub course: Course,
}

/// How the picture flowed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Course {
    /// From the send stamp to the arrival of a frame's first packet.
    pub delay_ms: Percentiles,
    /// To that of its last.
    pub frame_delay_ms: Percentiles,
    /// Each viewer's longest time between two packets of the picture.
    pub longest_gap_ms: Percentiles,
}

/// See [`Report::publisher`].
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct PublisherReport {
    pub packets: u64,
    pub frames: u64,
    pub retransmitted: u64,
    pub key_frame_requests: u64,
    pub most_key_frame_requests_in_a_second: u64,
    /// Why it ended before its time, if it did.
    pub ended: Option<&'static str>,
}

/// See [`Report::server`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ServerReport {
    /// Of one core, in the measurement.
    pub cpu_percent: f64,
    /// CPU time in the measurement, divided by the packets that arrived in it.
    pub cpu_us_per_packet: f64,
    /// Resident, before the viewers came.
    pub memory_before_bytes: u64,
    /// Resident, at the end of the measurement.
    pub memory_after_bytes: u64,
    /// What came in between, divided by the viewers.
    pub memory_bytes_per_viewer: f64,
}

/// See [`Report::tester`].
#[derive(Clone, Copy, Debug, Serialize)]
pub struct TesterReport {
    /// Threads that receive.
    pub threads: usize,
    /// Of one core, in the measurement.
    pub cpu_percent: f64,
    /// Datagrams that this machine dropped during the run because a socket's buffer was full: the tester's fault where
    /// the server is elsewhere. Null when the kernel does not say.
    pub receive_buffer_errors: Option<u64>,
}

/// One second of a run.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Second {
    pub second: usize,
    pub connected: u64,
    pub packets: u64,
    pub bits: u64,
    pub frame_delay_p50_ms: Option<f64>,
    pub frame_delay_p99_ms: Option<f64>,
}

/// The measurement's two ends.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) packets: u64,
    pub(crate) bytes: u64,
    pub(crate) connected: u64,
    pub(crate) tester: Usage,
    pub(crate) server: Option<Usage>,
}

/// What a run collects beside the threads' tallies.
#[derive(Debug)]
pub(crate) struct Collected {
    pub(crate) target: String,
    pub(crate) threads: usize,
    pub(crate) early: usize,
    pub(crate) asked: u64,
    pub(crate) admitted: u64,
    pub(crate) answered: Times,
    pub(crate) joining: Duration,
    pub(crate) server_before: Option<Usage>,
    pub(crate) start: Mark,
    pub(crate) end: Mark,
    pub(crate) time: Duration,
    pub(crate) receive_buffer_errors: Option<u64>,
    pub(crate) published: Option<Published>,
    pub(crate) errors: BTreeMap<String, u64>,
    /// Connected viewers, packets and bytes since the start, at the end of each second.
    pub(crate) seconds: Vec<(u64, u64, u64)>,
}

impl Percentiles {
    fn of(times: &Times) -> Percentiles {
        Percentiles {
            count: times.count(),
            p50: times.ms(0.5),
            p95: times.ms(0.95),
            p99: times.ms(0.99),
            p99_9: times.ms(0.999),
            max: times.max_ms(),
        }
    }
}

impl Course {
    fn of(flow: &Flow) -> Course {
        Course {
            delay_ms: Percentiles::of(&flow.delay),
            frame_delay_ms: Percentiles::of(&flow.frame_delay),
            longest_gap_ms: Percentiles::of(&flow.longest_gap),
        }
    }
}

impl Report {
    /// Puts together what the threads saw and what the run collected.
    pub(crate) fn new(tally: &Tally, run: Collected) -> Report {
        let mut counts = tally.video;
        counts += tally.audio;
        let mut errors = run.errors.clone();
        for (why, count) in &tally.ended {
            *errors.entry((*why).to_owned()).or_default() += count;
        }
        let seconds = run.time.as_secs_f64();
        let packets = run.end.packets - run.start.packets;
        let bits_per_s = per(8.0 * (run.end.bytes - run.start.bytes) as f64, seconds);
        Report {
            viewers: Viewers {
                asked: run.asked,
                admitted: run.admitted,
                connected: tally.connected,
                with_picture: tally.with_picture,
                at_the_end: run.end.connected,
                joins_per_s: per(run.admitted as f64, run.joining.as_secs_f64()),
            },
            join_ms: Joins {
                answered: Percentiles::of(&run.answered),
                connected: Percentiles::of(&tally.to_connection),
                first_packet: Percentiles::of(&tally.to_packet),
                first_key_frame: Percentiles::of(&tally.to_picture),
                first_key_frame_after_ice: Percentiles::of(&tally.ice_to_picture),
            },
            packets: Packets {
                received: counts.received,
                lost: counts.lost,
                loss_percent: per(100.0 * counts.lost as f64, (counts.lost + counts.received) as f64),
                duplicates: counts.duplicates,
                reordered: counts.reordered,
                recovered: tally.recovered,
                opened: tally.opened,
                unauthentic: tally.unauthentic,
            },
            steady: Steady {
                seconds,
                packets,
                packets_per_s: per(packets as f64, seconds),
                bits_per_s,
                bits_per_s_and_viewer: per(bits_per_s, run.end.connected as f64),
                course: Course::of(&tally.steady),
            },
            while_others_come: (run.early > 0).then(|| Course::of(&tally.coming)),
            publisher: run.published.as_ref().map(PublisherReport::of),
            server: server(&run, packets, seconds),
            tester: TesterReport {
                threads: run.threads,
                cpu_percent: per(
                    100.0 * (run.end.tester.cpu - run.start.tester.cpu).as_secs_f64(),
                    seconds,
                ),
                receive_buffer_errors: run.receive_buffer_errors,
            },
            errors,
            timeline: timeline(&run.seconds, &tally.seconds),
            target: run.target,
        }
    }
}

impl PublisherReport {
    fn of(published: &Published) -> PublisherReport {
        PublisherReport {
            packets: published.packets,
            frames: published.frames,
            retransmitted: published.retransmitted,
            key_frame_requests: published.key_frame_requests.len() as u64,
            most_key_frame_requests_in_a_second: most_within_a_second(&published.key_frame_requests) as u64,
            ended: published.ended,
        }
    }
}

fn server(run: &Collected, packets: u64, seconds: f64) -> Option<ServerReport> {
    let (before, start, end) = (run.server_before?, run.start.server?, run.end.server?);
    let cpu_s = end.cpu.saturating_sub(start.cpu).as_secs_f64();
    let grown = end.memory_bytes as f64 - before.memory_bytes as f64;
    Some(ServerReport {
        cpu_percent: per(100.0 * cpu_s, seconds),
        cpu_us_per_packet: per(1e6 * cpu_s, packets as f64),
        memory_before_bytes: before.memory_bytes,
        memory_after_bytes: end.memory_bytes,
        memory_bytes_per_viewer: per(grown, run.end.connected as f64),
    })
}

fn timeline(totals: &[(u64, u64, u64)], delays: &[Times]) -> Vec<Second> {
    let mut before = (0, 0);
    let mut timeline = Vec::with_capacity(totals.len());
    for (second, &(connected, packets, bytes)) in totals.iter().enumerate() {
        let delay = |part| delays.get(second).and_then(|times| times.ms(part));
        timeline.push(Second {
            second,
            connected,
            packets: packets - before.0,
            bits: 8 * (bytes - before.1),
            frame_delay_p50_ms: delay(0.5),
            frame_delay_p99_ms: delay(0.99),
        });
        before = (packets, bytes);
    }
    timeline
}

/// A ratio; of nothing, nothing.
fn per(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { part / whole } else { 0.0 }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Viewers {
            asked,
            admitted,
            connected,
            with_picture,
            at_the_end,
            joins_per_s,
        } = self.viewers;
        writeln!(f, "{}", self.target)?;
        writeln!(
            f,
            "viewers    asked {asked}, admitted {admitted}, connected {connected}, with picture {with_picture}, \
             at the end {at_the_end}; {joins_per_s:.0} joins/s"
        )?;
        let Packets {
            received,
            lost,
            loss_percent,
            duplicates,
            reordered,
            recovered,
            opened,
            unauthentic,
        } = self.packets;
        writeln!(
            f,
            "packets    received {received}, lost {lost} ({loss_percent:.3} %), recovered {recovered}, doubled {duplicates}, \
             out of order {reordered}; {unauthentic} of {opened} opened were not authentic"
        )?;
        let steady = &self.steady;
        writeln!(
            f,
            "steady     {:.0} s, {:.0} packets/s, {:.1} Mb/s, {:.2} Mb/s a viewer",
            steady.seconds,
            steady.packets_per_s,
            steady.bits_per_s / 1e6,
            steady.bits_per_s_and_viewer / 1e6
        )?;
        if let Some(server) = &self.server {
            writeln!(
                f,
                "server     {:.0} % of a core, {:.2} µs a packet; {:.1} MB before, {:.1} MB after, {:.1} KB a viewer",
                server.cpu_percent,
                server.cpu_us_per_packet,
                server.memory_before_bytes as f64 / 1e6,
                server.memory_after_bytes as f64 / 1e6,
                server.memory_bytes_per_viewer / 1e3
            )?;
        }
        let tester = &self.tester;
        let dropped = tester
            .receive_buffer_errors
            .map_or("?".to_owned(), |count| count.to_string());
        writeln!(
            f,
            "tester     {} threads, {:.0} % of a core, {dropped} datagrams found a full buffer",
            tester.threads, tester.cpu_percent
        )?;
        if let Some(publisher) = &self.publisher {
            write!(
                f,
                "publisher  {} packets, {} frames, {} sent again, {} key frames asked for, at most {} in a second",
                publisher.packets,
                publisher.frames,
                publisher.retransmitted,
                publisher.key_frame_requests,
                publisher.most_key_frame_requests_in_a_second
            )?;
            writeln!(
                f,
                "{}",
                publisher.ended.map_or(String::new(), |why| format!("; ended: {why}"))
            )?;
        }
        f.write_str(&self.times())?;
        for (error, count) in &self.errors {
            writeln!(f, "error      {count} × {error}")?;
        }
        Ok(())
    }
}

impl Report {
    fn times(&self) -> String {
        let joins = &self.join_ms;
        let steady = &self.steady.course;
        let mut rows = vec![
            ("answered", joins.answered),
            ("connected", joins.connected),
            ("first packet", joins.first_packet),
            ("first key frame", joins.first_key_frame),
            ("  after ICE", joins.first_key_frame_after_ice),
            ("delay", steady.delay_ms),
            ("delay of a frame", steady.frame_delay_ms),
            ("longest gap", steady.longest_gap_ms),
        ];
        if let Some(course) = &self.while_others_come {
            rows.push(("delay, others come", course.delay_ms));
            rows.push(("gap, others come", course.longest_gap_ms));
        }
        let mut text = format!(
            "\n{:<20}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}\n",
            "ms", "count", "p50", "p95", "p99", "p99.9", "max"
        );
        for (name, times) in rows {
            let cell = |ms: Option<f64>| ms.map_or("-".to_owned(), |ms| format!("{ms:.1}"));
            let _ = writeln!(
                text,
                "{name:<20}{:>10}{:>10}{:>10}{:>10}{:>10}{:>10}",
                times.count,
                cell(times.p50),
                cell(times.p95),
                cell(times.p99),
                cell(times.p99_9),
                cell(times.max)
            );
        }
        text
    }
}
