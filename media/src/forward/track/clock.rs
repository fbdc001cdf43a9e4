//! The stream's own wall clock, as sender reports tell it to viewers (RFC 3550 section 6.4.1).
//!
//! Every publisher has a clock of its own, and a track's first packet says little about when it was captured: the
//! first picture of an encoder is late by its start. A viewer that was told of another relation between sound and
//! picture than before would delay one of them until it has forgotten the old reports, which takes a browser 20 s. So
//! publishers are put on one clock: of each, one amount is added to all its reports, so that the sound (or else the
//! picture) goes on where the line says, and the other's place on the line is mended once, by its first report.

use super::SenderClock;
use super::line::Placement;
use crate::codec::Kind;
use std::time::Instant;

/// A report that disagrees with the earlier ones by more than this comes from a clock that was set.
const STEP_S: f64 = 1.0;

/// Of how much a report disagrees with the earlier ones, this is believed: publishers' reports of their sound are off
/// by up to the length of a packet.
const BELIEF: f64 = 0.25;

/// A place on the line that is wrong by less than this is left.
const EXACT_S: f64 = 0.002;

/// 32.32 fixed-point seconds.
const NTP_UNITS_PER_S: f64 = 4_294_967_296.0;

/// One moment, as viewers are told of it.
#[derive(Clone, Copy, Debug)]
struct Mark {
    ntp_time: u64,
    rtp_time: u64,
}

/// See the module.
#[derive(Clone, Copy, Default, Debug)]
pub struct WallClock {
    audio: Option<Mark>,
    video: Option<Mark>,
    /// What the present publisher's clock lacks; `None` before that is known.
    offset: Option<u64>,
}

/// What a source says of its clock.
#[derive(Clone, Copy, Debug)]
pub struct Report {
    /// Sound or picture.
    pub kind: Kind,
    /// 32.32 fixed-point seconds since 1900.
    pub ntp_time: u64,
    /// The same moment in the source's own timestamps.
    pub timestamp: u32,
    /// When the report arrived.
    pub arrived: Instant,
}

impl WallClock {
    /// Another publisher.
    pub fn start_epoch(&mut self) {
        self.offset = None;
    }

    /// Takes a report, mends the source's place on the line where it is the source's first, and gives what viewers
    /// are to be told. `None` while that is not known: the publisher's sound has not reported yet.
    pub fn take(&mut self, report: Report, placement: &mut Placement, has_sound: bool) -> Option<SenderClock> {
        let rate = f64::from(report.kind.clock_rate());
        let rtp_time = placement.rtp_time(report.timestamp)?;
        let offset = match self.offset {
            Some(offset) => offset,
            None => {
                let offset = self.offset_for(report, rtp_time, has_sound)?;
                *self.offset.insert(offset)
            }
        };
        let ntp_time = report.ntp_time.wrapping_add(offset);
        let mark = self.mark_mut(report.kind);
        let (mut told, mut moved) = (Mark { ntp_time, rtp_time }, 0);
        if let Some(before) = *mark {
            let error_s = seconds(ntp_time, before.ntp_at(rtp_time, rate));
            if placement.take_first_report() {
                if (EXACT_S..STEP_S).contains(&error_s.abs()) {
                    moved = (error_s * rate) as i64;
                    placement.shift(moved);
                }
                told.rtp_time = rtp_time.saturating_add_signed(moved);
            } else if error_s.abs() < STEP_S {
                let believed = ((BELIEF - 1.0) * error_s * NTP_UNITS_PER_S) as i64;
                told.ntp_time = ntp_time.wrapping_add_signed(believed);
            }
        } else {
            placement.take_first_report();
        }
        *mark = Some(told);
        Some(SenderClock {
            ntp_time: told.ntp_time,
            rtp_time: told.rtp_time,
            arrived: report.arrived,
        })
    }

    /// What to add to this publisher's clock so that its sound goes on where the line says.
    fn offset_for(&self, report: Report, rtp_time: u64, has_sound: bool) -> Option<u64> {
        let leads = match report.kind {
            Kind::Audio => self.audio.or(self.video).is_none() || self.audio.is_some(),
            Kind::Video => !has_sound || self.audio.is_none(),
        };
        let mark = match report.kind {
            Kind::Audio => self.audio,
            Kind::Video => self.video,
        };
        let rate = f64::from(report.kind.clock_rate());
        leads.then(|| mark.map_or(0, |mark| mark.ntp_at(rtp_time, rate).wrapping_sub(report.ntp_time)))
    }

    fn mark_mut(&mut self, kind: Kind) -> &mut Option<Mark> {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }
}

impl Mark {
    /// The moment of a timestamp on the line.
    fn ntp_at(self, rtp_time: u64, rate: f64) -> u64 {
        let ticks = rtp_time.wrapping_sub(self.rtp_time).cast_signed();
        let units = ticks as f64 / rate * NTP_UNITS_PER_S;
        self.ntp_time.wrapping_add_signed(units as i64)
    }
}

/// `a - b` in seconds.
fn seconds(a: u64, b: u64) -> f64 {
    a.wrapping_sub(b).cast_signed() as f64 / NTP_UNITS_PER_S
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::track::line::Line;
    use std::time::Duration;

    /// A publisher whose clock shows `ntp_s` when its timestamps are `audio` and `video`.
    struct Publisher {
        ntp_s: u64,
        audio: u32,
        video: u32,
    }

    impl Publisher {
        fn report(&self, kind: Kind, after_ms: u32, now: Instant) -> Report {
            let start = if kind == Kind::Audio { self.audio } else { self.video };
            Report {
                kind,
                ntp_time: (self.ntp_s << 32) + (u64::from(after_ms) << 32) / 1000,
                timestamp: start + after_ms * kind.clock_rate() / 1000,
                arrived: now,
            }
        }
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn now() -> Instant {
        Instant::now()
    }

    fn ms(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Milliseconds by which the picture is told to be ahead of the sound.
    fn relation(audio: SenderClock, video: SenderClock) -> i64 {
        let at = |clock: SenderClock, rate: f64| {
            clock.ntp_time as f64 / NTP_UNITS_PER_S - clock.rtp_time.cast_signed() as f64 / rate
        };
        ((at(video, 90_000.0) - at(audio, 48_000.0)) * 1000.0).round() as i64
    }

    #[test]
    fn viewers_are_told_of_one_clock_whoever_publishes() {
        let start = now();
        let (mut audio, mut video) = (Line::new(48_000), Line::new(90_000));
        let mut clock = WallClock::default();
        let first = Publisher {
            ntp_s: 1000,
            audio: 7,
            video: 9,
        };
        let mut sound = audio.attach(1, first.audio, None, start);
        let mut picture = video.attach(1, first.video, None, start);
        for (at, extended) in [(0, 1), (1000, 2)] {
            let (a, v) = (first.audio + at * 48, first.video + at * 90);
            let now = start + ms(u64::from(at));
            audio.note(sound.place(extended, a, now).unwrap(), now);
            video.note(picture.place(extended, v, now).unwrap(), now);
        }
        let told_video = clock
            .take(first.report(Kind::Video, 1000, start), &mut picture, true)
            .unwrap();
        let told_audio = clock
            .take(first.report(Kind::Audio, 1000, start), &mut sound, true)
            .unwrap();
        let before = relation(told_audio, told_video);

        // The second one's clock is a day ahead; its first picture takes 120 ms to be coded, the next ones take none.
        let second = Publisher {
            ntp_s: 90_000,
            audio: 40_000,
            video: 3_000_000,
        };
        clock.start_epoch();
        let began = start + ms(2000);
        let mut sound = audio.attach(50, second.audio, None, began);
        let mut picture = video.attach(50, second.video, None, began + ms(120));
        let late = clock.take(second.report(Kind::Video, 100, began), &mut picture, true);
        assert!(late.is_none(), "its sound, which leads, has not reported yet");
        let told_audio = clock
            .take(second.report(Kind::Audio, 200, began), &mut sound, true)
            .unwrap();
        assert_eq!(
            relation(told_audio, told_video),
            before,
            "the line of the sound goes on"
        );
        let told_video = clock
            .take(second.report(Kind::Video, 300, began), &mut picture, true)
            .unwrap();
        assert_eq!(relation(told_audio, told_video), before);
        let ahead = told_audio.ntp_time.wrapping_sub(told_video.ntp_time).cast_signed() as f64 / NTP_UNITS_PER_S;
        assert!((ahead + 0.1).abs() < 0.001, "one and the same amount is added to both");
        // The picture has moved to where its sound is.
        let placed = picture.place(51, second.video + 36_000, began + ms(400)).unwrap();
        let heard = sound.place(51, second.audio + 19_200, began + ms(400)).unwrap();
        let apart = seconds(
            told_video_at(told_video, placed.rtp_time),
            told_audio_at(told_audio, heard.rtp_time),
        );
        assert!(apart.abs() < 0.002, "{apart}");
    }

    fn told_video_at(told: SenderClock, rtp_time: u64) -> u64 {
        Mark {
            ntp_time: told.ntp_time,
            rtp_time: told.rtp_time,
        }
        .ntp_at(rtp_time, 90_000.0)
    }

    fn told_audio_at(told: SenderClock, rtp_time: u64) -> u64 {
        Mark {
            ntp_time: told.ntp_time,
            rtp_time: told.rtp_time,
        }
        .ntp_at(rtp_time, 48_000.0)
    }
}
