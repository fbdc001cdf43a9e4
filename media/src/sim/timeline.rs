//! What the timestamps and reports that a viewer gets say of time: whether its players would have to wait longer.

use crate::codec::Kind;
use std::time::Instant;

/// 32.32 fixed-point seconds in a millisecond.
const NTP_UNITS_PER_MS: f64 = 4_294_967.296;

/// What a viewer's players go by, in milliseconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct Timing {
    /// By how much the latest sound came later, by its timestamp, than the first did.
    pub sound_lag_ms: f64,
    /// The same for the picture.
    pub picture_lag_ms: f64,
    /// By how much the picture is told to be later than the sound that was made at the same moment; `None` before both
    /// have reported.
    pub skew_ms: Option<f64>,
}

/// See the module.
#[derive(Default)]
pub(super) struct Timeline {
    audio: Line,
    video: Line,
}

/// One kind's timestamps.
#[derive(Default)]
struct Line {
    /// The first packet ever: timestamp and arrival.
    first: Option<(u32, Instant)>,
    /// The latest report: the clock and the timestamp at it.
    report: Option<(u64, u32)>,
    lag_ms: f64,
    told_ms: Option<f64>,
}

impl Timeline {
    fn line(&mut self, kind: Kind) -> &mut Line {
        match kind {
            Kind::Audio => &mut self.audio,
            Kind::Video => &mut self.video,
        }
    }

    /// A packet that was made at `made_us` by its publisher's own time.
    pub(super) fn note_packet(&mut self, kind: Kind, timestamp: u32, made_us: u64, now: Instant) {
        let per_ms = f64::from(kind.clock_rate()) / 1000.0;
        let line = self.line(kind);
        let (first, at) = *line.first.get_or_insert((timestamp, now));
        let due_ms = f64::from(timestamp.wrapping_sub(first).cast_signed()) / per_ms;
        line.lag_ms = now.saturating_duration_since(at).as_secs_f64() * 1000.0 - due_ms;
        line.told_ms = line.report.map(|(ntp_time, reported)| {
            let since_ms = f64::from(timestamp.wrapping_sub(reported).cast_signed()) / per_ms;
            ntp_time as f64 / NTP_UNITS_PER_MS + since_ms - made_us as f64 / 1000.0
        });
    }

    /// A sender report of a kind.
    pub(super) fn note_report(&mut self, kind: Kind, ntp_time: u64, timestamp: u32) {
        self.line(kind).report = Some((ntp_time, timestamp));
    }

    /// As it stands.
    pub(super) fn timing(&self) -> Timing {
        let told = self.video.told_ms.zip(self.audio.told_ms);
        Timing {
            sound_lag_ms: self.audio.lag_ms,
            picture_lag_ms: self.video.lag_ms,
            skew_ms: told.map(|(picture, sound)| picture - sound),
        }
    }
}
