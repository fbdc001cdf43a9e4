//! A stream between shards and nodes: what is told to the others, and what is taken from them.

use super::{Stream, kind_of, report_of};
use crate::codec::Kind;
use crate::forward::feed::Feed;
use crate::forward::point::Point;
use crate::forward::track::{SenderClock, Track};
use crate::forward::viewer::Viewer;
use slab::Slab;
use std::sync::Arc;
use std::time::Instant;

impl Stream {
    /// Everything a recorder or relay that comes now has to know: the tracks, the clocks, and the packets since the
    /// last key frame.
    pub fn snapshot(&self) -> Vec<Feed> {
        let mut feeds = Vec::new();
        self.introduce(&self.audio, Arc::from(""), &mut feeds);
        for (_, layer) in self.video.iter().filter(|(_, layer)| layer.point == Point::WHOLE) {
            self.introduce(&layer.track, self.video.name(layer.encoding), &mut feeds);
            let track = layer.track.id;
            if layer.track.parameters.is_none() {
                continue;
            }
            let shape = layer.shape.clone();
            feeds.push(Feed::Shape { track, shape });
            let batches = layer.track.batches_since_key_frame();
            feeds.extend(batches.map(|batch| Feed::Packets { track, batch }));
        }
        feeds
    }

    fn introduce(&self, track: &Track, name: Arc<str>, feeds: &mut Vec<Feed>) {
        let Some(parameters) = track.parameters else { return };
        feeds.push(Feed::Track {
            track: track.id,
            epoch: self.epoch,
            parameters,
            starts_at: track.history.key_frame().map_or(track.flushed(), |key| key.seq),
            name,
        });
        feeds.extend(track.clock.map(|clock| report_of(track.id, clock)));
    }

    /// Takes a fact from the shard or node where the publisher is.
    pub fn take_relayed(&mut self, feed: &Feed, viewers: &mut Slab<Viewer>, now: Instant) {
        self.is_relayed = true;
        if self.subscribers > 0 {
            self.feeds.push(feed.clone());
        }
        match feed {
            Feed::Track {
                track,
                epoch,
                parameters,
                starts_at,
                name,
            } => {
                if std::mem::replace(&mut self.epoch, *epoch) != *epoch {
                    self.audio.start_epoch();
                    self.video.start_epoch();
                }
                let (kind, encoding) = kind_of(*track);
                if let Some(track) = self.track_mut(kind, encoding) {
                    track.begin_at(*starts_at);
                    track.start(*parameters);
                }
                if kind == Kind::Video {
                    self.video.set_name(encoding, name);
                    self.video.start_encoding(encoding, *parameters);
                }
                self.start_for_viewers(kind, encoding, viewers, now);
            }
            Feed::Shape { track, shape } => self.video.set_shape(kind_of(*track).1, shape.clone()),
            Feed::Packets { track, batch } => {
                match kind_of(*track) {
                    (Kind::Audio, _) => self.audio.take(batch),
                    (Kind::Video, encoding) => self.video.take(encoding, batch),
                }
                self.again = true;
            }
            Feed::SenderReport {
                track,
                ntp_time,
                rtp_time,
                ..
            } => {
                let clock = SenderClock {
                    ntp_time: *ntp_time,
                    rtp_time: *rtp_time,
                    arrived: now,
                };
                match kind_of(*track) {
                    (Kind::Audio, _) => self.audio.clock = Some(clock),
                    (Kind::Video, encoding) => self.video.set_clock(encoding, clock),
                }
            }
            Feed::PublisherGone | Feed::Ended => {}
        }
    }
}
