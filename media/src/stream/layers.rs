//! Which layer each viewer is sent, and who needs a key frame of which.

use super::{Stream, kind_of};
use crate::codec::Kind;
use crate::forward::layers::{Layer, LayerId, LayerInfo};
use crate::forward::point::Point;
use crate::forward::viewer::{Mode, Viewer};
use crate::id::TrackId;
use slab::Slab;
use smallvec::SmallVec;
use std::time::{Duration, Instant};

/// How often it is looked at which layer each viewer is to be sent.
const SELECTION_INTERVAL: Duration = Duration::from_millis(200);

/// Opus as all clients send it: 20 ms in a packet.
const SOUND_PACKETS_PER_S: u32 = 50;

/// What most packets of a picture carry: encoders fill them up to a path's usual 1,200 bytes less headers.
const PICTURE_PACKET_BITS: u64 = 1_130 * 8;

impl Stream {
    /// A viewer needs a key frame of the layer that it is sent, or waits for.
    pub fn want_key_frame_for(&mut self, viewer: &Viewer) {
        if let Some(layer) = viewer.waits_for(&self.video).or(viewer.layer()) {
            self.video.want_key_frame(layer);
        }
    }

    /// Somebody needs a key frame of an encoding.
    pub fn want_key_frame(&mut self, track: TrackId) {
        if let (Kind::Video, encoding) = kind_of(track)
            && let Some(layer) = self.video.find(encoding, Point::WHOLE)
        {
            self.video.want_key_frame(layer);
        }
    }

    /// Whether anybody gets an encoding or is about to: a viewer here, a recorder, another shard. One that has not shown
    /// yet what it is counts as well, since nobody can choose it before that.
    pub fn is_watched(&self, encoding: u8, viewers: &Slab<Viewer>) -> bool {
        let whole = self
            .video
            .find(encoding, Point::WHOLE)
            .and_then(|id| self.video.track(id));
        let is_known = whole.is_some_and(|track| !track.waits_for_key_frame);
        let is_of = |id| self.video.get(id).is_some_and(|layer| layer.encoding == encoding);
        let gets =
            |viewer: &Viewer| viewer.layer().is_some_and(is_of) || viewer.waits_for(&self.video).is_some_and(is_of);
        let mut viewers = self.viewers.iter().filter_map(|&key| viewers.get(key));
        self.subscribers > 0 || !is_known || viewers.any(gets)
    }

    /// Whether what is lost of an encoding is to be asked for again: where it is watched, and where nobody watches
    /// anything, so that the next viewer can start at once, with the best.
    pub fn is_mended(&self, encoding: u8, viewers: &Slab<Viewer>, now: Instant) -> bool {
        let best = || self.video.infos(now).first().map(|(id, _)| *id);
        let is_best = || {
            best()
                .and_then(|id| self.video.get(id))
                .is_some_and(|layer| layer.encoding == encoding)
        };
        self.is_watched(encoding, viewers) || self.viewers.is_empty() && is_best()
    }

    /// About how many packets a second one viewer is sent whose line carries the best that there is; 0 while nothing
    /// comes.
    pub fn packets_per_s(&self, now: Instant) -> u32 {
        let encodings = self.video.iter().filter(|(_, layer)| layer.point == Point::WHOLE);
        let best_bps = encodings.map(|(_, layer)| layer.track.rate.bps(now)).max().unwrap_or(0);
        let sound = if self.audio.rate.is_active(now) {
            SOUND_PACKETS_PER_S
        } else {
            0
        };
        sound + u32::try_from(best_bps / PICTURE_PACKET_BITS).unwrap_or(u32::MAX - SOUND_PACKETS_PER_S)
    }

    /// The tracks of which the publisher is to be asked for a key frame now; see [`Track::take_key_frame_request`]. What
    /// was wanted of an encoding that nobody watches any more is forgotten.
    pub fn take_key_frame_requests(&mut self, viewers: &Slab<Viewer>, now: Instant) -> impl Iterator<Item = TrackId> {
        let mut asked: SmallVec<[TrackId; 4]> = SmallVec::new();
        for encoding in 0..self.video.encodings() {
            let wants = |layer: &mut Layer| layer.track.wants_key_frame();
            if !self.video.encoding_mut(encoding).is_some_and(wants) {
                continue;
            }
            let is_watched = self.is_watched(encoding, viewers);
            let Some(Layer { track, .. }) = self.video.encoding_mut(encoding) else {
                continue;
            };
            if !is_watched {
                track.forget_wish();
            } else if track.take_key_frame_request(now) {
                asked.push(track.id);
            }
        }
        asked.into_iter()
    }

    /// What a viewer can be sent of the picture, best first.
    pub fn layers(&self, now: Instant) -> Vec<LayerInfo> {
        self.video.infos(now).into_iter().map(|(_, info)| info).collect()
    }

    /// Whether the list of active layers is another one than when this was last asked.
    pub fn take_layers_changed(&mut self, now: Instant) -> bool {
        let are_active: Vec<LayerId> = self
            .video
            .iter()
            .filter(|(_, layer)| self.video.is_active(layer, now))
            .map(|(id, _)| id)
            .collect();
        let has_changed = are_active != self.were_active;
        self.were_active = are_active;
        has_changed
    }

    /// What is to be done from time to time: viewers go over to other layers, and who waits gets its key frame.
    pub fn look_after_viewers(&mut self, viewers: &mut Slab<Viewer>, now: Instant) {
        self.select_if_due(viewers, now);
        for &key in &self.viewers {
            let Some(viewer) = viewers.get_mut(key) else { continue };
            let layer = match viewer.mode {
                Mode::WaitsForKeyFrame => viewer
                    .asks_for_key_frame(now)
                    .then(|| viewer.waits_for(&self.video).or(viewer.layer()))
                    .flatten(),
                Mode::CatchesUp { .. } => None,
                Mode::Live | Mode::Paced => viewer.waits_for(&self.video),
            };
            if let Some(layer) = layer {
                self.video.want_key_frame(layer);
            }
        }
    }

    /// Looks at once which layer everybody is to be sent.
    pub fn select_soon(&mut self) {
        self.next_selection = None;
    }

    /// What viewers can be sent that take no dependency descriptors.
    fn without_descriptors(&self, infos: &[(LayerId, LayerInfo)]) -> Vec<(LayerId, LayerInfo)> {
        let plain = infos.iter().filter(|(id, _)| !self.video.needs_descriptors(*id));
        plain.cloned().collect()
    }

    /// The layer that a viewer is to be sent first.
    pub(super) fn first_layer(&self, viewer: &mut Viewer, now: Instant) -> LayerId {
        let mut infos = self.video.infos(now);
        if !viewer.takes_descriptors() {
            infos = self.without_descriptors(&infos);
        }
        let chosen = viewer.selector.choose(&infos, None, 0, now);
        chosen.or(infos.first().map(|(id, _)| *id)).unwrap_or_default()
    }

    pub(super) fn select_if_due(&mut self, viewers: &mut Slab<Viewer>, now: Instant) {
        if self.next_selection.is_some_and(|at| now < at) {
            return;
        }
        self.next_selection = Some(now + SELECTION_INTERVAL);
        let infos = self.video.infos(now);
        let plain = self.without_descriptors(&infos);
        let sound_bps = self.audio.rate.bps(now);
        for &key in &self.viewers {
            let Some(viewer) = viewers.get_mut(key) else { continue };
            let current = viewer.layer();
            let sound_bps = sound_bps * viewer.sound_copies();
            let infos = if viewer.takes_descriptors() { &infos } else { &plain };
            if let Some(layer) = viewer.selector.choose(infos, current, sound_bps, now) {
                viewer.want_layer(layer);
            }
        }
    }
}
