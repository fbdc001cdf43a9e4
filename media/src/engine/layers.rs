//! Commands: which layers a stream has, and which of them a viewer gets.

use super::peer::Media;
use super::{Engine, LayerChoice, LayerInfo};
use crate::id::{PeerId, StreamId};
use std::time::Instant;

impl Engine {
    /// What viewers can be sent of a stream's picture, best first, active or not; nothing before there is a picture.
    pub fn layers(&self, stream: StreamId) -> Vec<LayerInfo> {
        let stream = self.stream_ids.get(&stream).and_then(|&key| self.streams.get(key));
        stream.map_or_else(Vec::new, |stream| stream.layers(self.now))
    }

    /// Lets a viewer choose, from now on and over restarts of the publisher. False when there is no such viewer, or its
    /// stream has no encoding of that name.
    pub fn choose_layer(&mut self, now: Instant, peer: PeerId, choice: LayerChoice) -> bool {
        self.now = now;
        let Some(peer) = self.peer_ids.get(&peer).and_then(|&key| self.peers.get(key)) else {
            return false;
        };
        let Some(stream) = self.streams.get(peer.stream) else {
            return false;
        };
        let is_viewer = matches!(peer.media, Media::Views { .. } | Media::WillView(_));
        let exists = |name: &String| stream.layers(now).iter().any(|layer| layer.encoding_id == *name);
        is_viewer && choice.encoding_id.as_ref().is_none_or(exists)
    }
}
