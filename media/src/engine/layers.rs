//! Commands: which layers a stream has, and which of them a viewer gets.

use super::peer::Media;
use super::{Engine, LayerChoice, LayerInfo, Role};
use crate::id::{PeerId, StreamId};
use std::time::Instant;

impl Engine {
    /// What viewers can be sent of a stream's picture, best first, active or not; nothing before there is a picture.
    pub fn layers(&self, stream: StreamId) -> Vec<LayerInfo> {
        let stream = self.stream_ids.get(&stream).and_then(|&key| self.streams.get(key));
        stream.map_or_else(Vec::new, |stream| stream.layers(self.now))
    }

    /// About how many packets a second a viewer of each stream is sent whose publisher is here, as far as something
    /// comes; see [`Stream::packets_per_s`](crate::stream::Stream::packets_per_s).
    pub fn costs(&self) -> impl Iterator<Item = (StreamId, u32)> {
        let published = self.streams.iter().filter(|(_, stream)| stream.publisher.is_some());
        let costs = published.map(|(_, stream)| (stream.id, stream.packets_per_s(self.now)));
        costs.filter(|(_, cost)| *cost > 0)
    }

    /// Lets a viewer choose, from now on and over restarts of the publisher. False when there is no such viewer, or its
    /// stream has no encoding of that name.
    pub fn choose_layer(&mut self, now: Instant, peer: PeerId, choice: LayerChoice) -> bool {
        self.now = now;
        let Some(peer) = self.peer_ids.get(&peer).and_then(|&key| self.peers.get_mut(key)) else {
            return false;
        };
        let Some(stream) = self.streams.get_mut(peer.stream) else {
            return false;
        };
        let exists = |name: &String| stream.layers(now).iter().any(|layer| layer.encoding_id == *name);
        if !choice.encoding_id.as_ref().is_none_or(exists) || peer.role() != Role::Viewer {
            return false;
        }
        peer.layer_choice = (choice != LayerChoice::default()).then(|| Box::new(choice));
        if let Media::Views { viewer, .. } = peer.media
            && let Some(viewer) = self.viewers.get_mut(viewer)
        {
            viewer.selector.choice.clone_from(&peer.layer_choice);
        }
        let key = peer.stream;
        stream.select_soon();
        stream.look_after_viewers(&mut self.viewers, now);
        self.ask_for_key_frames(key);
        true
    }
}
