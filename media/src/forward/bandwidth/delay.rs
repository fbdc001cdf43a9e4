//! Whether the queue on a viewer's line grows: the trend of the one-way delay over the latest groups of packets, against
//! a threshold that adapts (draft-ietf-rmcat-gcc-02 section 5, with the trendline filter that browsers use today in
//! place of the draft's Kalman filter).

/// Packets sent within this time are one group: what a frame's packets do to one another says nothing about the line.
const GROUP_US: i64 = 5_000;

/// Groups that the trend is taken over.
const WINDOW: usize = 20;

/// How much of the old value the smoothed delay keeps.
const SMOOTHING: f32 = 0.9;

/// The trend is so small a number that it is compared multiplied by this and by the count of groups, up to 60.
const GAIN: f32 = 4.0;
const MAX_COUNT: u16 = 60;

/// The threshold in ms: where it starts, and between what it adapts.
const FIRST_THRESHOLD: f32 = 12.5;
const MIN_THRESHOLD: f32 = 6.0;
const MAX_THRESHOLD: f32 = 600.0;

/// How fast the threshold follows a larger and a smaller trend, per ms (section 5.4).
const UP: f32 = 0.0087;
const DOWN: f32 = 0.039;

/// A trend this far above the threshold is a spike, which the threshold does not follow.
const SPIKE: f32 = 15.0;

/// A trend must stay above the threshold for this long, in ms.
const OVERUSE_TIME: f32 = 10.0;

/// A receiver's clock that jumps by more than this was changed.
const MAX_JUMP_US: i64 = 3_000_000;

/// What the trend says about the line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Usage {
    /// The queue is steady.
    Normal,
    /// The queue grows.
    Over,
    /// The queue shrinks.
    Under,
}

#[derive(Clone, Copy, Debug)]
struct Group {
    first_sent: i64,
    last_sent: i64,
    last_arrived: i64,
}

/// See the module.
#[derive(Debug)]
pub(super) struct DelayTrend {
    current: Option<Group>,
    previous: Option<Group>,
    points: [(f32, f32); WINDOW],
    count: u16,
    started: i64,
    accumulated: f32,
    smoothed: f32,
    threshold: f32,
    last_trend: f32,
    over_for: Option<f32>,
    over_count: u8,
    usage: Usage,
}

impl DelayTrend {
    /// Knows nothing yet.
    pub(super) fn new() -> DelayTrend {
        DelayTrend {
            current: None,
            previous: None,
            points: [(0.0, 0.0); WINDOW],
            count: 0,
            started: 0,
            accumulated: 0.0,
            smoothed: 0.0,
            threshold: FIRST_THRESHOLD,
            last_trend: 0.0,
            over_for: None,
            over_count: 0,
            usage: Usage::Normal,
        }
    }

    /// What the packets so far say.
    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    /// Takes a packet that arrived, in order of sending; both times in microseconds, each by its own clock.
    pub(super) fn take(&mut self, sent: i64, arrived: i64) {
        let Some(group) = &mut self.current else {
            self.current = Some(Group::new(sent, arrived));
            return;
        };
        if (arrived - group.last_arrived).abs() > MAX_JUMP_US {
            *self = DelayTrend::new();
            return;
        }
        if sent - group.first_sent <= GROUP_US {
            group.last_sent = group.last_sent.max(sent);
            group.last_arrived = group.last_arrived.max(arrived);
            return;
        }
        let complete = std::mem::replace(group, Group::new(sent, arrived));
        if let Some(previous) = self.previous.replace(complete) {
            self.take_groups(previous, complete);
        }
    }

    fn take_groups(&mut self, previous: Group, complete: Group) {
        let sent_ms = ms(complete.last_sent - previous.last_sent);
        let arrived_ms = ms(complete.last_arrived - previous.last_arrived);
        if self.count == 0 {
            self.started = complete.last_arrived;
        }
        self.accumulated += arrived_ms - sent_ms;
        self.smoothed = SMOOTHING * self.smoothed + (1.0 - SMOOTHING) * self.accumulated;
        self.points.rotate_left(1);
        if let Some(last) = self.points.last_mut() {
            *last = (ms(complete.last_arrived - self.started), self.smoothed);
        }
        self.count = self.count.saturating_add(1);
        if usize::from(self.count) >= WINDOW {
            let trend = slope(&self.points).unwrap_or(self.last_trend);
            self.detect(trend, sent_ms, arrived_ms);
        }
    }

    fn detect(&mut self, trend: f32, sent_ms: f32, arrived_ms: f32) {
        let modified = trend * f32::from(self.count.min(MAX_COUNT)) * GAIN;
        if modified > self.threshold {
            let over_for = self.over_for.map_or(sent_ms / 2.0, |time| time + sent_ms);
            self.over_for = Some(over_for);
            self.over_count = self.over_count.saturating_add(1);
            if over_for > OVERUSE_TIME && self.over_count > 1 && trend >= self.last_trend {
                (self.over_for, self.over_count) = (Some(0.0), 0);
                self.usage = Usage::Over;
            }
        } else {
            (self.over_for, self.over_count) = (None, 0);
            self.usage = if modified < -self.threshold {
                Usage::Under
            } else {
                Usage::Normal
            };
        }
        self.last_trend = trend;
        let size = modified.abs();
        if size <= self.threshold + SPIKE {
            let speed = if size < self.threshold { DOWN } else { UP };
            self.threshold += speed * (size - self.threshold) * arrived_ms.clamp(0.0, 100.0);
            self.threshold = self.threshold.clamp(MIN_THRESHOLD, MAX_THRESHOLD);
        }
    }
}

impl Group {
    fn new(sent: i64, arrived: i64) -> Group {
        Group {
            first_sent: sent,
            last_sent: sent,
            last_arrived: arrived,
        }
    }
}

fn ms(us: i64) -> f32 {
    us as f32 / 1000.0
}

/// The slope of the line of least squares; `None` when all points stand at one time.
fn slope(points: &[(f32, f32)]) -> Option<f32> {
    let count = points.len() as f32;
    let (sum_x, sum_y) = points
        .iter()
        .fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (over, under) = points.iter().fold((0.0, 0.0), |(over, under), (x, y)| {
        let x = x - mean_x;
        (over + x * (y - mean_y), under + x * x)
    });
    (under > 0.0).then(|| over / under)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends a packet every 20 ms whose delay grows by `growth` us each, with `jitter` us on every other one.
    fn usage(packets: i64, growth: i64, jitter: i64) -> Usage {
        let mut trend = DelayTrend::new();
        for at in 0..packets {
            let sent = at * 20_000;
            trend.take(sent, 5_000_000 + sent + at * growth + (at % 2) * jitter);
        }
        trend.usage()
    }

    #[test]
    fn a_growing_queue_is_overuse_and_a_shrinking_one_underuse() {
        assert_eq!(usage(60, 0, 0), Usage::Normal);
        assert_eq!(usage(60, 2_000, 0), Usage::Over);
        assert_eq!(usage(60, -2_000, 0), Usage::Under);
    }

    #[test]
    fn jitter_is_no_overuse() {
        assert_eq!(usage(300, 0, 15_000), Usage::Normal);
    }

    #[test]
    fn a_changed_clock_starts_it_anew() {
        let mut trend = DelayTrend::new();
        for at in 0..60 {
            let jump = if at > 30 { 60_000_000 } else { 0 };
            trend.take(at * 20_000, at * 20_000 + jump);
        }
        assert_eq!(trend.usage(), Usage::Normal);
    }
}
