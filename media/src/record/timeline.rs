//! RTP timestamps to one time line for all tracks of a recording.
//!
//! Times are nanoseconds since the recording began, on the server's clock. A publisher's sender reports (RFC 3550
//! section 6.4.1) tie each track's RTP clock to the publisher's wall clock, and so the tracks to each other. That wall
//! clock is tied to ours by the arrival of the reports: it may be wrong by hours, run fast or slow, or be set during
//! the class. Before the first report, arrival times stand in: those of the packets that were least late, for a burst of
//! packets that somebody held up says nothing of when the first of them was made. Corrections bend the line; they never
//! turn it back.

use crate::codec::Kind;

pub(super) const NS_PER_S: i64 = 1_000_000_000;

/// A report that disagrees with the earlier ones by more than this comes from a clock that was set, or is late.
const STEP_NS: i64 = NS_PER_S;

/// How long the least delayed report is looked for before the line is bent towards it.
const DRIFT_WINDOW_NS: i64 = 30 * NS_PER_S;

/// The line is bent by at most this in a window: 500 parts per million, more than any real clock is off.
const MAX_BEND_NS: i64 = DRIFT_WINDOW_NS / 2000;

/// A timestamp this far from its arrival is the sender's mistake.
const MAX_DISTANCE_NS: i64 = 10 * NS_PER_S;

/// Ticks of a clock of `rate` Hz as nanoseconds.
pub(super) fn ticks_to_ns(ticks: i64, rate: u32) -> i64 {
    let ns = i128::from(ticks) * i128::from(NS_PER_S) / i128::from(rate.max(1));
    i64::try_from(ns).unwrap_or(if ticks < 0 { i64::MIN / 4 } else { i64::MAX / 4 })
}

/// Nanoseconds since the recording began as ticks of a clock of `rate` Hz, rounded to the nearest; 0 before it.
pub(super) fn ns_to_ticks(ns: i64, rate: u32) -> u64 {
    let ticks = (i128::from(ns) * i128::from(rate) + i128::from(NS_PER_S / 2)) / i128::from(NS_PER_S);
    u64::try_from(ticks).unwrap_or(0)
}

/// `later - earlier` of two timestamps with rollover.
fn distance(later: u64, earlier: u64) -> i64 {
    i64::try_from(i128::from(later) - i128::from(earlier)).unwrap_or(0)
}

/// A publisher's wall clock against ours.
#[derive(Debug, Default)]
pub(super) struct WallClock {
    tie: Option<Tie>,
    /// Changes when earlier reports no longer hold.
    generation: u32,
}

#[derive(Debug)]
struct Tie {
    /// What to add to the publisher's wall clock.
    offset: i64,
    /// Sound leads: its timestamps are not bent to follow the picture's.
    kind: Kind,
    /// How late the least delayed report of the first window was.
    baseline: Option<i64>,
    window_start: i64,
    least_delay: i64,
    /// A delay far from the others, to be believed when it comes twice.
    suspect: Option<i64>,
}

/// One track's RTP clock.
#[derive(Debug)]
pub(super) struct TrackClock {
    kind: Kind,
    rate: u32,
    /// The packet that was least late while no frame had a time: its timestamp and arrival.
    earliest: Option<(u64, i64)>,
    /// The lowest timestamp until then.
    lowest: Option<u64>,
    /// The newest frame: its timestamp and time.
    last: Option<(u64, i64)>,
    report: Option<Report>,
}

#[derive(Clone, Copy, Debug)]
struct Report {
    rtp: u64,
    wall_ns: i64,
    arrived: i64,
    generation: u32,
}

/// What a report says, on the time line so far.
#[derive(Clone, Copy, Debug)]
struct Claim {
    wall_ns: i64,
    /// Where its track has it; nothing, while the track has no line of its own.
    here: Option<i64>,
    arrived: i64,
    /// Whether the publisher's wall clock went on with the track's clock since the report before: neither was set.
    is_steady: bool,
}

impl TrackClock {
    /// Of a track that has sent nothing.
    pub(super) fn new(kind: Kind, rate: u32) -> TrackClock {
        TrackClock {
            kind,
            rate,
            earliest: None,
            lowest: None,
            last: None,
            report: None,
        }
    }

    /// Takes note of a packet's arrival, as long as no frame has a time.
    pub(super) fn observe(&mut self, rtp: u64, arrived: i64) {
        if self.last.is_some() {
            return;
        }
        let sooner = self
            .expected(rtp)
            .map_or(0, |expected| expected.saturating_sub(arrived));
        if sooner.abs() >= MAX_DISTANCE_NS {
            return;
        }
        self.lowest = Some(self.lowest.map_or(rtp, |lowest| lowest.min(rtp)));
        if self.earliest.is_none() || sooner > 0 {
            self.earliest = Some((rtp, arrived));
        }
    }

    /// Whether a frame has a time.
    pub(super) fn has_begun(&self) -> bool {
        self.last.is_some()
    }

    /// Where the track's line begins as far as its arrivals tell; nothing before there was any.
    pub(super) fn begin(&self) -> Option<i64> {
        self.expected(self.lowest?)
    }

    /// When a packet with timestamp `rtp` arrives that is no later than the one that was least late.
    fn expected(&self, rtp: u64) -> Option<i64> {
        let (known, arrived) = self.earliest?;
        Some(arrived.saturating_add(ticks_to_ns(distance(rtp, known), self.rate)))
    }

    /// The time of the frame with timestamp `rtp`, whose first packet arrived at `arrived`. To be called in decoding
    /// order, once a frame. Later timestamps get later times.
    pub(super) fn time(&mut self, rtp: u64, arrived: i64, wall: &mut WallClock) -> i64 {
        let target = self.report.and_then(|report| wall.time(report, rtp, self.rate));
        let Some((last_rtp, last)) = self.last else {
            return self.first_time(rtp, arrived, target, wall);
        };
        let step = ticks_to_ns(distance(rtp, last_rtp), self.rate);
        let nominal = last.saturating_add(step);
        if step <= 0 && step > -MAX_DISTANCE_NS {
            return nominal; // a picture that is shown before the one sent ahead of it
        }
        let mut time = match target {
            // the sender stood still without its RTP clock noticing: that time is a gap
            Some(target) if target.saturating_sub(nominal) > STEP_NS => target,
            Some(target) => {
                let bend = step / self.bend();
                nominal + target.saturating_sub(nominal).clamp(-bend.max(0), bend.max(0))
            }
            None => nominal,
        };
        if step <= 0 || time.saturating_sub(arrived).abs() > MAX_DISTANCE_NS {
            time = arrived.max(last + NS_PER_S / 1000);
            self.report = None;
        }
        self.last = Some((rtp, time));
        time
    }

    fn first_time(&mut self, rtp: u64, arrived: i64, target: Option<i64>, wall: &mut WallClock) -> i64 {
        let is_near = |time: &i64| time.saturating_sub(arrived).abs() < MAX_DISTANCE_NS;
        let own = self.expected(rtp).filter(is_near).unwrap_or(arrived);
        let time = target.filter(|t| t.saturating_sub(own).abs() < STEP_NS).unwrap_or(own);
        self.last = Some((rtp, time));
        if let Some(report) = self.report {
            let here = time.saturating_add(ticks_to_ns(distance(report.rtp, rtp), self.rate));
            wall.tie(self.kind, report.wall_ns, here, report.arrived);
        }
        time
    }

    /// Which part of a step a correction may take: half for pictures, a fiftieth for sound, where more is heard.
    fn bend(&self) -> i64 {
        match self.kind {
            Kind::Video => 2,
            Kind::Audio => 50,
        }
    }

    /// Takes in a sender report: at `ntp` (32.32 fixed point) by the publisher, its RTP clock stood at `rtp`.
    pub(super) fn report(&mut self, rtp: u64, ntp: u64, arrived: i64, wall: &mut WallClock) {
        let seconds = i64::try_from(ntp >> 32).unwrap_or(0);
        let fraction = i64::try_from(((ntp & 0xffff_ffff) * 1_000_000_000) >> 32).unwrap_or(0);
        let wall_ns = seconds * NS_PER_S + fraction;
        if seconds == 0 {
            return; // a sender without a clock (section 6.4.1)
        }
        let here = self
            .last
            .map(|(last, time)| time.saturating_add(ticks_to_ns(distance(rtp, last), self.rate)))
            .map(|here| match here.saturating_sub(arrived).abs() < MAX_DISTANCE_NS {
                true => here,
                false => arrived,
            });
        let is_steady = |before: &Report| {
            let gone = ticks_to_ns(distance(rtp, before.rtp), self.rate);
            before.generation == wall.generation && (wall_ns - before.wall_ns - gone).abs() < STEP_NS / 10
        };
        let claim = Claim {
            wall_ns,
            here,
            arrived,
            is_steady: self.report.as_ref().is_some_and(is_steady),
        };
        if wall.accept(self.kind, claim) {
            self.report = Some(Report {
                rtp,
                wall_ns,
                arrived,
                generation: wall.generation,
            });
        }
    }
}

impl WallClock {
    fn time(&self, report: Report, rtp: u64, rate: u32) -> Option<i64> {
        let tie = self.tie.as_ref().filter(|_| report.generation == self.generation)?;
        Some((report.wall_ns + tie.offset).saturating_add(ticks_to_ns(distance(rtp, report.rtp), rate)))
    }

    /// Ties the publisher's time `wall_ns`, in a report that came at `arrived`, to where its track has it; false where
    /// another track leads.
    fn tie(&mut self, kind: Kind, wall_ns: i64, here: i64, arrived: i64) -> bool {
        if self.tie.as_ref().is_some_and(|tie| tie.kind <= kind) {
            return false;
        }
        self.tie = Some(Tie {
            offset: here - wall_ns,
            kind,
            baseline: None,
            window_start: arrived,
            least_delay: arrived - here,
            suspect: None,
        });
        true
    }

    /// Takes in what a report of a track says, and tells whether to believe it.
    fn accept(&mut self, kind: Kind, claim: Claim) -> bool {
        let Claim { wall_ns, arrived, .. } = claim;
        if claim.here.is_some_and(|here| self.tie(kind, wall_ns, here, arrived)) {
            return true;
        }
        let Some(tie) = &mut self.tie else {
            return true; // it is for later, when its track has a line
        };
        let delay = arrived - (wall_ns + tie.offset);
        let expected = tie.baseline.unwrap_or(tie.least_delay);
        // Where no clock was set, a report that comes much too late or too early says how late others were.
        if (delay - expected).abs() > STEP_NS && !claim.is_steady {
            if tie
                .suspect
                .replace(delay)
                .is_none_or(|before| (before - delay).abs() > STEP_NS / 10)
            {
                return false;
            }
            tie.offset += delay - expected;
            tie.suspect = None;
            self.generation += 1;
            return true;
        }
        tie.suspect = None;
        tie.least_delay = tie.least_delay.min(delay);
        if arrived - tie.window_start >= DRIFT_WINDOW_NS {
            let baseline = *tie.baseline.get_or_insert(tie.least_delay);
            tie.offset += (tie.least_delay - baseline).clamp(-MAX_BEND_NS, MAX_BEND_NS);
            tie.window_start = arrived;
            tie.least_delay = i64::MAX;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: i64 = 1_000_000;

    fn ntp(ns: i64) -> u64 {
        let seconds = u64::try_from(ns / NS_PER_S).unwrap();
        let fraction = u64::try_from(ns % NS_PER_S).unwrap();
        (seconds << 32) | ((fraction << 32) / 1_000_000_000)
    }

    #[test]
    fn ticks_and_nanoseconds_agree() {
        for ticks in [0, 1, 3000, 90_000, 90_000 * 3600 * 24] {
            assert_eq!(ns_to_ticks(ticks_to_ns(ticks, 90_000), 90_000), ticks.unsigned_abs());
        }
        assert_eq!(ns_to_ticks(-5, 90_000), 0);
    }

    #[test]
    fn reports_bring_sound_and_picture_together_and_time_never_turns_back() {
        let mut wall = WallClock::default();
        let mut audio = TrackClock::new(Kind::Audio, 48_000);
        let mut video = TrackClock::new(Kind::Video, 90_000);
        // the picture of an instant arrives 150 ms after its sound; the publisher's clock is 1,000 s ahead
        let wall_base = 1_000 * NS_PER_S;
        let (mut last_video, mut apart) = (i64::MIN, i64::MAX);
        for frame in 0..300i64 {
            let captured = frame * 33 * MS;
            let sound = audio.time(u64::try_from(7 + frame * 33 * 48).unwrap(), captured, &mut wall);
            let picture = video.time(
                u64::try_from(9 + frame * 33 * 90).unwrap(),
                captured + 150 * MS,
                &mut wall,
            );
            assert!(picture > last_video, "frame {frame}");
            last_video = picture;
            apart = (picture - sound).abs();
            if frame == 30 {
                let at = ntp(wall_base + captured);
                video.report(
                    u64::try_from(9 + frame * 33 * 90).unwrap(),
                    at,
                    captured + 5 * MS,
                    &mut wall,
                );
                audio.report(
                    u64::try_from(7 + frame * 33 * 48).unwrap(),
                    at,
                    captured + 5 * MS,
                    &mut wall,
                );
            }
        }
        assert!(apart < 2 * MS, "{apart} ns apart");
    }

    #[test]
    fn a_publishers_clock_that_is_set_during_the_class_moves_nothing() {
        let mut wall = WallClock::default();
        let mut clock = TrackClock::new(Kind::Audio, 48_000);
        for second in 0..120i64 {
            let arrived = second * NS_PER_S;
            let rtp = u64::try_from(second * 48_000).unwrap();
            let time = clock.time(rtp, arrived, &mut wall);
            assert!(
                (time - arrived).abs() < 5 * MS,
                "second {second}: {} ms",
                (time - arrived) / MS
            );
            let set = if second < 60 { 0 } else { -3600 * NS_PER_S };
            clock.report(rtp, ntp(10_000 * NS_PER_S + arrived + set), arrived, &mut wall);
        }
    }

    #[test]
    fn a_clock_that_runs_fast_does_not_make_the_class_longer() {
        let mut wall = WallClock::default();
        let mut audio = TrackClock::new(Kind::Audio, 48_000);
        let mut video = TrackClock::new(Kind::Video, 90_000);
        let fast = |ns: i64, ppm: i64| ns + ns / 1_000_000 * ppm;
        let (mut sound, mut picture) = (0, 0);
        for tick in 0..3 * 3600 * 10i64 {
            let arrived = tick * 100 * MS;
            // the sound card is 200 ppm fast, the publisher's wall clock 150 ppm slow, the camera follows that
            let wall_ns = 10_000 * NS_PER_S + fast(arrived, -150);
            let audio_rtp = ns_to_ticks(fast(arrived, 200), 48_000);
            let video_rtp = ns_to_ticks(fast(arrived, -150), 90_000);
            sound = audio.time(audio_rtp, arrived, &mut wall);
            picture = video.time(video_rtp, arrived, &mut wall);
            if tick % 50 == 0 {
                audio.report(audio_rtp, ntp(wall_ns), arrived, &mut wall);
                video.report(video_rtp, ntp(wall_ns), arrived, &mut wall);
            }
            assert!(
                (sound - picture).abs() < 40 * MS,
                "{} ms apart at {tick}",
                (sound - picture) / MS
            );
        }
        let end = (3 * 3600 * 10 - 1) * 100 * MS;
        assert!(
            (sound - end).abs() < 40 * MS && (picture - end).abs() < 40 * MS,
            "{sound} {picture} {end}"
        );
    }
}
