//! What a viewer is sent in steps of 5 ms and not at once: history, frames larger than its budget, probes; and when its
//! video is held back, because its line is full or because it does not read.

use super::{Mode, Viewer, Written};
use crate::codec::Kind;
use crate::forward::layers::Layers;
use crate::forward::track::Track;
use crate::forward::track::plan::{MAX_SEGMENTS, Run};
use std::time::{Duration, Instant};

/// On a full line, what is to be sent may be this old; then whole frames are left out, up to the next key frame.
const MAX_LAG: Duration = Duration::from_millis(500);

/// The same on a line whose queue is short because it is sent no more than it carries: an estimate that is too low has
/// been mended by then.
const MAX_UNSURE_LAG: Duration = Duration::from_millis(1500);

/// Who cannot even be sent the lowest layer waits until probes show that it fits, or tries after a while, which doubles
/// from the first to the second value: each try costs some sound, and each key frame costs everybody something.
const FIRST_TRY: Duration = Duration::from_secs(2);
const RARE_TRY: Duration = Duration::from_secs(30);

/// A try that lasted for so long has succeeded.
const SUCCESS: Duration = Duration::from_secs(20);

/// Where the layer should fit it has been a disturbance, and a viewer asks sooner.
const SOON: Duration = Duration::from_secs(1);

/// A key frame that is older is not worth starting from on a line that could not carry the layer.
const FRESH: Duration = Duration::from_secs(1);

/// A viewer that joined on a line that turns out to be full is given this much longer than a good line would need.
const CATCH_UP_GRACE: Duration = Duration::from_secs(2);

/// A probe sends the latest packets again, and goes round over so many.
const PROBE_PACKETS: u64 = 32;

/// Why video is held back, and since when.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Held {
    since: Instant,
    why: Why,
    /// When to try again though the layer is not known to fit.
    wait: Duration,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Why {
    /// The line carries less than the layer needs.
    Full,
    /// The viewer has stopped to report: it does not read, or is cut off.
    Silent,
}

impl Viewer {
    /// Whether it is to be served in steps now.
    pub fn needs_steps(&self) -> bool {
        matches!(self.mode, Mode::CatchesUp { .. } | Mode::Paced) || self.bandwidth.is_probing()
    }

    /// Holds video back where the line asks for it, and lets a viewer that waits begin at a key frame.
    pub(super) fn mind_line(&mut self, layers: &Layers, now: Instant) {
        if matches!(self.mode, Mode::WaitsForKeyFrame) {
            self.admit(layers, now);
        } else if self.bandwidth.is_troubled() {
            let is_full = self.bandwidth.is_full();
            if !is_full {
                self.hold(Why::Silent, now);
            } else if self.wanted.is_some() || self.lags(layers, MAX_LAG, now) {
                self.hold(Why::Full, now);
            }
        } else if self.needs_steps() && !self.fits() && self.lags(layers, MAX_UNSURE_LAG, now) {
            self.hold(Why::Full, now);
        }
    }

    fn hold(&mut self, why: Why, now: Instant) {
        self.mode = Mode::WaitsForKeyFrame;
        let wait = match self.tried {
            Some((at, wait)) if now.saturating_duration_since(at) < SUCCESS => (wait * 2).min(RARE_TRY),
            _ => FIRST_TRY,
        };
        self.held = Some(Held { since: now, why, wait });
    }

    /// Whether what is next to be sent has waited for longer than this, and a viewer that catches up has had its time.
    fn lags(&self, layers: &Layers, limit: Duration, now: Instant) -> bool {
        let has_had_time = match self.mode {
            Mode::CatchesUp { since, from } => {
                now.saturating_duration_since(since) > since.saturating_duration_since(from) / 2 + CATCH_UP_GRACE
            }
            _ => true,
        };
        let next = || {
            let lane = self.video.as_ref()?;
            layers.track(lane.layer)?.history.packet(lane.cursor())
        };
        has_had_time && next().is_some_and(|packet| now.saturating_duration_since(packet.meta.arrived) > limit)
    }

    /// A viewer that waits goes on with the first key frame that is there; of a layer that it is to go over to, where
    /// its line could not carry the one before.
    fn admit(&mut self, layers: &Layers, now: Instant) {
        if self.held.is_some() && self.bandwidth.is_troubled() {
            return;
        }
        let Some(lane) = &self.video else { return };
        let (present, cursor, has_started) = (lane.layer, lane.cursor(), lane.has_started());
        let to = self.held.and(self.wanted).unwrap_or(present);
        let Some(video) = layers.track(to) else { return };
        let Some(key) = video.history.key_frame().filter(|key| key.seq < video.flushed()) else {
            return;
        };
        let age = now.saturating_duration_since(key.arrived);
        let is_ahead = match self.held {
            Some(held) if to != present => {
                let old = layers.get(present);
                let last = old.and_then(|old| old.track.history.packet(cursor.checked_sub(1)?));
                let is_same = old
                    .zip(layers.get(to))
                    .is_some_and(|(old, new)| old.encoding == new.encoding);
                match last {
                    // The same picture is not sent twice.
                    Some(last) if is_same => key.rtp_time > last.meta.rtp_time,
                    last => key.arrived >= last.map_or(held.since, |last| last.meta.arrived),
                }
            }
            Some(held) if held.why == Why::Full => age <= FRESH && key.seq >= cursor && self.may_try(held, now),
            _ => !has_started || key.seq >= cursor,
        };
        if !is_ahead {
            return;
        }
        if to == present {
            self.advance_lane_to(key.seq);
        } else {
            self.enter(layers, to, key.seq);
        }
        self.mode = match self.held.take() {
            Some(held) => {
                self.tried = Some((now, held.wait));
                Mode::CatchesUp {
                    since: now,
                    from: key.arrived,
                }
            }
            None => Mode::Live,
        };
    }

    /// Whether the layer fits by what is known, or it is time to find out.
    fn may_try(&self, held: Held, now: Instant) -> bool {
        self.fits() || now.saturating_duration_since(held.since) >= held.wait
    }

    /// Whether the line is believed to carry the layer.
    fn fits(&self) -> bool {
        let (target, need) = (self.selector.target_bps, self.selector.need_bps);
        target.is_none_or(|target| target >= need)
    }

    fn advance_lane_to(&mut self, seq: u64) {
        if let Some(lane) = &mut self.video {
            lane.jump_to(seq);
        }
    }

    /// Whether a viewer that waits has the publisher asked for a key frame at `now`.
    pub fn asks_for_key_frame(&self, now: Instant) -> bool {
        match self.held {
            None => true,
            Some(_) if self.bandwidth.is_silent() => false,
            Some(held) if held.why == Why::Full && self.wanted.is_none() => {
                !self.bandwidth.is_full()
                    && now.saturating_duration_since(held.since) >= SOON
                    && self.may_try(held, now)
            }
            Some(_) => true,
        }
    }

    /// Looks after the line from time to time. True when the viewer has to be served in steps from now on.
    pub fn tick(&mut self, now: Instant) -> bool {
        self.bandwidth.tick(now);
        self.selector.target_bps = self.bandwidth.target_bps();
        let has_rtx = self
            .video
            .as_ref()
            .is_some_and(|lane| lane.rtx.is_some_and(|rtx| rtx.payload_type.is_some()));
        let is_held = self.held.is_some_and(|held| held.why == Why::Full);
        if has_rtx && (is_held || matches!(self.mode, Mode::Live)) {
            self.bandwidth.start_probe(self.selector.wish_bps, now);
        }
        self.needs_steps() && !std::mem::replace(&mut self.is_stepped, true)
    }

    /// Writes the next piece of what is due in steps: history by the pace (a multiple of real time), the rest of a
    /// large frame, or a probe.
    pub fn write_step(
        &mut self,
        audio: &Track,
        layers: &mut Layers,
        pace: u32,
        now: Instant,
        out: &mut [u8],
    ) -> Option<Written> {
        self.mind_line(layers, now);
        let written = self.write_waiting(layers, pace, now, out);
        written.or_else(|| self.write_probe(audio, layers, now, out))
    }

    fn write_waiting(&mut self, layers: &mut Layers, pace: u32, now: Instant, out: &mut [u8]) -> Option<Written> {
        let layer = self.layer()?;
        let video = layers.track_mut(layer)?;
        let newest = video.history.key_frame();
        let cursor = self.video.as_ref()?.cursor();
        let may_skip = match self.mode {
            Mode::CatchesUp { since, .. } if now < since => return None,
            Mode::CatchesUp { .. } => true,
            Mode::Paced => self.bandwidth.is_full(),
            Mode::WaitsForKeyFrame | Mode::Live => return None,
        };
        if let Some(key) = newest.filter(|key| may_skip && key.seq > cursor && key.seq < video.flushed()) {
            self.catch_up_from(key.seq, key.arrived, now);
        }
        let cursor = self.video.as_ref()?.cursor();
        if cursor >= video.flushed() {
            self.mode = Mode::Live;
            return None;
        }
        let due_until = match self.mode {
            Mode::CatchesUp { since, from } => Some(from + now.saturating_duration_since(since) * pace),
            _ => None,
        };
        if due_until.is_some() && newest.is_none() {
            // The key frame it started from has fallen out of the history.
            self.mode = Mode::WaitsForKeyFrame;
            layers.want_key_frame(layer);
            return None;
        }
        let Some(run) = video.run_at(cursor) else {
            self.advance(Kind::Video, cursor + MAX_SEGMENTS as u64);
            return None;
        };
        let mut room = self.bandwidth.step_bytes(now);
        let is_due = |seq: u64| {
            let packet = video.history.packet(seq)?;
            let fits = room > 0 && due_until.is_none_or(|until| packet.meta.arrived <= until);
            room = room.saturating_sub(packet.payload.len());
            Some(fits)
        };
        let end = first_refused(run, is_due);
        if end <= run.first {
            return None;
        }
        let written = self.write_run(Some(Run { end, ..run }), video, now, out);
        self.advance(Kind::Video, end);
        written
    }

    /// The latest packets once more: if one was lost, the viewer can even use it.
    fn write_probe(&mut self, audio: &Track, layers: &Layers, now: Instant, out: &mut [u8]) -> Option<Written> {
        if !self.bandwidth.is_probing() || self.bandwidth.probe_bytes(now) == 0 {
            return None;
        }
        for _ in 0..PROBE_PACKETS {
            self.probe_back = self.probe_back % PROBE_PACKETS + 1;
            let lane = self.video.as_ref()?;
            let index = lane
                .cursor()
                .checked_sub(self.probe_back)
                .and_then(|seq| lane.index(seq));
            let Some(index) = index else { continue };
            let number = (index & 0xffff) as u16;
            if let Some(written) = self.write_rtx(audio, layers, Kind::Video, number, now, out) {
                return Some(written);
            }
        }
        None
    }
}

/// The first packet of the run that may not be sent, or the run's end; packets that are not there do not count.
fn first_refused(run: Run, mut may_send: impl FnMut(u64) -> Option<bool>) -> u64 {
    (run.first..run.end)
        .find(|&seq| may_send(seq) == Some(false))
        .unwrap_or(run.end)
}
