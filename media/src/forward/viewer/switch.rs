//! How a viewer goes from one layer to another: where the new one can be decoded, behind a whole picture of the old
//! one, with numbers and times that go on.

use super::{Viewer, Written};
use crate::codec::Kind;
use crate::forward::layers::picture_id;
use crate::forward::layers::{LayerId, Layers};
use crate::forward::point::Point;
use crate::forward::track::Track;
use crate::forward::track::plan::Run;
use std::time::{Duration, Instant};

/// A key frame that is this much older than what the viewer was sent last is not gone back to, in 90 kHz.
const MAX_BACK: u64 = 9_000;

/// Encodings of one picture are this close together, in 90 kHz; their lines are aligned by when packets arrived.
const SAME_PICTURE: u64 = 900;

/// The rest of a picture is not waited for any longer than this.
const MAX_WAIT: Duration = Duration::from_millis(60);

/// Clocks that differ by more are not believed, in 90 kHz.
const MAX_CLOCK_DIFFERENCE: i64 = 90_000;

/// Where to leave one layer and enter another.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Crossing {
    /// The old layer is sent up to here.
    until: u64,
    /// The new layer is sent from here on.
    from: u64,
}

impl Viewer {
    /// The layer that the viewer is to be sent as soon as that is possible.
    pub fn want_layer(&mut self, layer: LayerId) {
        let present = self.lane(Kind::Video).map(|lane| lane.layer);
        self.wanted = (present != Some(layer)).then_some(layer);
    }

    /// The layer that the viewer waits for, and whether it needs a key frame to go there.
    pub fn waits_for(&self, layers: &Layers) -> Option<LayerId> {
        let to = self.wanted?;
        let from = self.lane(Kind::Video)?.layer;
        needs_key_frame(layers, from, to).then_some(to)
    }

    /// Goes over to the wanted layer if that is possible here, or writes what is to be sent before it. `None` when
    /// there is nothing to write before the crossing, or no crossing: live work goes on as ever.
    pub fn cross(&mut self, layers: &mut Layers, now: Instant, out: &mut [u8]) -> Option<Written> {
        let to = self.wanted?;
        let lane = self.lane(Kind::Video)?;
        let (from, cursor) = (lane.layer, lane.cursor());
        let crossing =
            find_crossing(layers, from, to, cursor, now).filter(|to_go| to_go.from >= lane.sent_until(to))?;
        if cursor < crossing.until {
            let run = layers
                .track_mut(from)?
                .run_at(cursor)
                .filter(|run| run.first < crossing.until);
            if let Some(run) = run {
                let end = run.end.min(crossing.until);
                let written = self.write_run(Some(Run { end, ..run }), layers.track(from)?, now, out);
                if written.is_some() {
                    return written;
                }
            }
        }
        self.enter(layers, to, crossing.from);
        None
    }

    /// Goes over to a layer. Its times are put where the old layer's would be, by the publisher's clock where that is
    /// known, and never back.
    pub fn enter(&mut self, layers: &Layers, to: LayerId, seq: u64) {
        let Some(track) = layers.track(to) else { return };
        let Some(lane) = self.lane_mut(Kind::Video) else { return };
        if lane.layer == to {
            lane.jump_to(seq);
        } else {
            let old = layers.track(lane.layer);
            let difference = old.map_or(0, |old| clock_difference(old, track));
            let aligned = lane.aligned_offset.wrapping_add(difference as u32);
            let last = old.and_then(|old| old.time_before(lane.cursor()));
            let last = last.map(|time| (time as u32).wrapping_add(lane.rtp_offset));
            // A layer that is only just starting goes on from the newest time of all.
            let first = track.history.packet(seq).map(|packet| packet.meta.rtp_time);
            let first = first.or(layers.newest()).map(|time| time as u32);
            let back = match (last, first) {
                (Some(last), Some(first)) if lane.has_started() => {
                    last.wrapping_sub(first.wrapping_add(aligned)).cast_signed()
                }
                _ => -1,
            };
            let forward = if back >= 0 { back.cast_unsigned() + 1 } else { 0 };
            lane.switch_to(to, seq, aligned, aligned.wrapping_add(forward));
        }
        self.wanted = self.wanted.filter(|wanted| *wanted != to);
        self.resolve_codec(track);
    }
}

/// How much is to be added to the timestamps of `new`'s line so that they lie on `old`'s.
fn clock_difference(old: &Track, new: &Track) -> i64 {
    let (Some(old), Some(new)) = (old.clock, new.clock) else {
        return 0;
    };
    let ntp = new.ntp_time.wrapping_sub(old.ntp_time).cast_signed();
    let ticks = (i128::from(ntp) * 90_000) >> 32;
    let apart = new.rtp_time.wrapping_sub(old.rtp_time).cast_signed();
    let difference = i64::try_from(ticks).unwrap_or(i64::MAX).saturating_sub(apart);
    if difference.abs() > MAX_CLOCK_DIFFERENCE {
        0
    } else {
        difference
    }
}

/// Whether one layer holds all that a decoder of the other has had: then every picture will do.
fn is_part_of(layers: &Layers, part: LayerId, of: LayerId) -> bool {
    let (Some(part), Some(of)) = (layers.get(part), layers.get(of)) else {
        return false;
    };
    let whole = layers.find(of.encoding, Point::WHOLE).and_then(|id| layers.get(id));
    let Some((small, large)) = part
        .point
        .top()
        .zip(of.point.top().or(whole.and_then(|whole| whole.shape.top)))
    else {
        return false;
    };
    let is_nested = whole.is_some_and(|whole| whole.shape.is_nested);
    part.encoding == of.encoding
        && small.temporal <= large.temporal
        && (small.spatial == large.spatial || is_nested && small.spatial < large.spatial)
}

/// Whether the layers have the same picture size, so that the new one may be begun at a switching point.
fn is_faster(layers: &Layers, from: LayerId, to: LayerId) -> bool {
    let (Some(from), Some(to)) = (layers.get(from), layers.get(to)) else {
        return false;
    };
    let top = layers
        .find(to.encoding, Point::WHOLE)
        .and_then(|id| layers.get(id)?.shape.top);
    let spatial = |point: Point| point.top().or(top).map(|layer| layer.spatial);
    from.encoding == to.encoding && spatial(from.point).is_some() && spatial(from.point) == spatial(to.point)
}

fn needs_key_frame(layers: &Layers, from: LayerId, to: LayerId) -> bool {
    !is_part_of(layers, to, from) && !is_faster(layers, from, to)
}

fn find_crossing(layers: &Layers, from: LayerId, to: LayerId, cursor: u64, now: Instant) -> Option<Crossing> {
    let (old, new) = (layers.track(from)?, layers.track(to)?);
    at_key_frame(layers, from, to, cursor, now).or_else(|| {
        // Between two pictures of the same encoding: everything that has come of the old one first.
        let until = old.flushed();
        let time = old.time_before(until)?;
        let may = is_part_of(layers, to, from)
            || is_faster(layers, from, to) && new.switch_time.is_some_and(|switch| switch >= time);
        let from = first_after(new, time);
        // Where packets overtake one another, the new one's part of the picture may be yet to come.
        let has_come = new.time_before(from) == Some(time) && new.is_boundary(from);
        let may_cross = may && has_come && old.is_boundary(until);
        may_cross.then_some(Crossing { until, from })
    })
}

/// At the new layer's last key frame, if the viewer has not been sent anything that is much later.
fn at_key_frame(layers: &Layers, from: LayerId, to: LayerId, cursor: u64, now: Instant) -> Option<Crossing> {
    let (old, new) = (layers.get(from)?, layers.get(to)?);
    let key = new
        .track
        .history
        .key_frame()
        .filter(|key| key.seq < new.track.flushed())?;
    let is_same = old.encoding == new.encoding;
    let tolerance = if is_same { 0 } else { SAME_PICTURE };
    let at = key
        .rtp_time
        .saturating_add_signed(clock_difference(&old.track, &new.track));
    let (old, sent) = (&old.track, old.track.time_before(cursor));
    let is_gone = sent.is_some_and(|sent| if is_same { sent >= at } else { sent > at + MAX_BACK });
    // Something of the key frame may be missing before what looks like its beginning.
    if is_gone || !new.track.begins_picture(key.seq) {
        return None;
    }
    // The same picture, or a later one, of the old layer is not sent any more.
    let is_later = |seq: &u64| {
        let packet = old.history.packet(*seq);
        packet.is_some_and(|packet| packet.meta.rtp_time + tolerance >= at)
    };
    let until = (cursor..old.flushed()).find(is_later).unwrap_or(old.flushed());
    if let (Some(last), Some(next)) = (old.packet_before(until), new.track.history.packet(key.seq))
        && !is_same
        && !new
            .track
            .parameters
            .is_some_and(|to| picture_id::goes_on(to.codec, &last, &next))
    {
        // It came before what the viewer was sent last, and its ids are lower.
        return None;
    }
    let has_waited = now.saturating_duration_since(key.arrived) > MAX_WAIT;
    (old.is_boundary(until) || has_waited).then_some(Crossing { until, from: key.seq })
}

/// The first number of a track whose picture is later than `time`.
fn first_after(track: &Track, time: u64) -> u64 {
    let mut from = track.flushed();
    while let Some(packet) = from.checked_sub(1).and_then(|before| track.history.packet(before))
        && packet.meta.rtp_time > time
    {
        from -= 1;
    }
    from
}
