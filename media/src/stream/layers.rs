//! Which layer each viewer is sent, and who needs a key frame of which.

use super::{Stream, kind_of};
use crate::codec::Kind;
use crate::forward::layers::{LayerId, LayerInfo};
use crate::forward::point::Point;
use crate::forward::viewer::{Mode, Viewer};
use crate::id::TrackId;
use slab::Slab;
use smallvec::SmallVec;
use std::time::{Duration, Instant};

/// How often it is looked at which layer each viewer is to be sent.
const SELECTION_INTERVAL: Duration = Duration::from_millis(200);

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

    /// The tracks of which the publisher is to be asked for a key frame now; see [`Track::take_key_frame_request`].
    pub fn take_key_frame_requests(&mut self, now: Instant) -> impl Iterator<Item = TrackId> {
        let tracks = self.video.tracks_mut();
        let asked: SmallVec<[TrackId; 4]> = tracks
            .filter_map(|track| track.take_key_frame_request(now).then_some(track.id))
            .collect();
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
