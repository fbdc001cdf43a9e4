//! Commands: what the control plane wants of the engine.

use super::peer::{Media, Peer};
use super::receive::note_unused;
use super::{Accepted, CloseReason, Engine, Event, Refused, Role};
use crate::codec::Kind;
use crate::forward::feed::Feed;
use crate::forward::viewer::lane::Lane;
use crate::id::{PeerId, StreamId, TrackId};
use crate::peer::ice;
use crate::peer::sdp::{self, AnswerDetails, AnswerDirection, IceCredentials, Negotiated, Offer, Setup, Sources};
use crate::peer::srtp::Side;
use crate::stream::Stream;
use rand_chacha::rand_core::Rng;
use std::time::Instant;

/// The one MediaStream that a viewer's tracks belong to (protocol rule E6).
const STREAM_LABEL: &str = "lectern";

/// A peer that is about to be.
pub(super) struct NewPeer<'a> {
    /// What is answered; `None`: the server offers, and the client will answer.
    pub(super) offer: Option<&'a Offer>,
    /// What is agreed on, or offered.
    pub(super) negotiated: Vec<Negotiated>,
    /// What it will do.
    pub(super) media: Media,
    /// Who starts the DTLS handshake.
    pub(super) our_side: Side,
    /// Which way media flows.
    pub(super) direction: AnswerDirection,
    /// What is announced to a viewer, by section.
    pub(super) sources: Vec<Option<Sources>>,
}

impl<'a> NewPeer<'a> {
    /// A publisher that offers.
    fn answering(offer: &'a Offer, negotiated: Vec<Negotiated>, media: Media) -> NewPeer<'a> {
        NewPeer {
            offer: Some(offer),
            negotiated,
            media,
            our_side: our_side(offer.setup),
            direction: AnswerDirection::RecvOnly,
            sources: Vec::new(),
        }
    }
}

/// The server waits for the handshake wherever the client lets it: then its order of ciphers counts.
pub(super) fn our_side(setup: Setup) -> Side {
    match setup {
        Setup::Passive => Side::Client,
        Setup::Active | Setup::Actpass => Side::Server,
    }
}

impl Engine {
    /// Takes a publisher's offer. It becomes the stream's publisher when it has connected; one that was there before
    /// is closed then. `prefer_recordable` puts codecs first that a recording can hold.
    ///
    /// # Errors
    /// The offer is malformed or asks for what is not supported, or the engine is full; nothing is kept then.
    pub fn publish(
        &mut self,
        now: Instant,
        stream: StreamId,
        offer: &[u8],
        prefer_recordable: bool,
    ) -> Result<Accepted, Refused> {
        self.now = now;
        let offer = sdp::parse(offer)?;
        let negotiated = sdp::negotiate_publish(&offer, prefer_recordable)?;
        self.make_room()?;
        let new = NewPeer::answering(&offer, negotiated, Media::WillPublish);
        Ok(self.add_peer(now, stream, new))
    }

    /// Takes a viewer's offer. It may come before the publisher and waits then.
    ///
    /// # Errors
    /// As for [`Engine::publish`].
    pub fn view(&mut self, now: Instant, stream: StreamId, offer: &[u8]) -> Result<Accepted, Refused> {
        self.now = now;
        let offer = sdp::parse(offer)?;
        let negotiated = sdp::negotiate_view(&offer)?;
        self.make_room()?;
        let (lanes, sources) = self.new_lanes(&negotiated);
        let mut new = NewPeer::answering(&offer, negotiated, Media::WillView(lanes));
        new.direction = AnswerDirection::SendOnly;
        new.sources = sources;
        Ok(self.add_peer(now, stream, new))
    }

    /// What a viewer of these sections will be sent, and as what it is announced.
    pub(super) fn new_lanes(&mut self, negotiated: &[Negotiated]) -> (Vec<Lane>, Vec<Option<Sources>>) {
        let mut new_lane = |section: &Negotiated| {
            let has_rtx = section.codecs.iter().any(|codec| codec.rtx.is_some());
            let primary = self.rng.next_u32();
            let rtx = has_rtx.then(|| self.rng.next_u32());
            let lane = Lane::new(primary, rtx, self.rng.next_u64(), self.rng.next_u32());
            (lane, Some(Sources { primary, rtx }))
        };
        negotiated.iter().map(&mut new_lane).unzip()
    }

    /// Drops the oldest peer that never connected when there are many of them; refuses when there is no room at all.
    pub(super) fn make_room(&mut self) -> Result<(), Refused> {
        while self.unconnected.len() >= self.config.max_unconnected
            && let Some(oldest) = self.unconnected.pop_front()
        {
            let key = self.peer_ids.get(&oldest).copied();
            if let Some(key) = key.filter(|&key| self.peers.get(key).is_some_and(|peer| !peer.is_connected())) {
                self.remove_peer(key, CloseReason::NeverConnected);
            }
        }
        if self.peers.len() >= self.config.max_peers {
            Err(Refused::Full)
        } else {
            Ok(())
        }
    }

    pub(super) fn add_peer(&mut self, now: Instant, stream: StreamId, new: NewPeer<'_>) -> Accepted {
        let agent = ice::Agent::new(self.config.shard, &mut self.rng);
        let answer = sdp::write_answer(&AnswerDetails {
            bundled: new.offer.is_none_or(|offer| offer.bundled),
            extmap_allow_mixed: new.offer.is_none_or(|offer| offer.extmap_allow_mixed),
            negotiated: &new.negotiated,
            ice: &IceCredentials {
                ufrag: agent.ufrag_text(),
                pwd: agent.password.clone(),
            },
            fingerprint: &self.dtls.fingerprint(),
            setup: match (new.offer, new.our_side) {
                (None, _) => Setup::Actpass,
                (Some(_), Side::Client) => Setup::Active,
                (Some(_), Side::Server) => Setup::Passive,
            },
            candidates: &self.config.candidates,
            direction: new.direction,
            sources: &new.sources,
            stream_label: STREAM_LABEL,
            session_id: self.rng.next_u64(),
            simulcast: true,
            start_kbps: self
                .config
                .start_kbps
                .filter(|_| new.direction == AnswerDirection::RecvOnly),
        });
        let id = PeerId(u128::from(self.rng.next_u64()) << 64 | u128::from(self.rng.next_u64()));
        let etag = self.new_etag();
        let stream = self.stream_key(stream);
        let ufrag = agent.ufrag;
        let key = self.peers.insert(Peer {
            id,
            stream,
            agent,
            next_agent: None,
            remote_ufrag: new.offer.map(|offer| offer.ice.ufrag.clone()).unwrap_or_default(),
            etag: etag.clone(),
            video_section: new.negotiated.iter().position(|section| section.kind == Kind::Video),
            negotiated: new.negotiated,
            fingerprints: new.offer.map(|offer| offer.fingerprints.clone()).unwrap_or_default(),
            our_side: new.our_side,
            awaits_answer: new.offer.is_none(),
            dtls: None,
            media: new.media,
            layer_choice: None,
            created: now,
            last_heard: now,
        });
        self.peer_ids.insert(id, key);
        self.demux.add_ufrag(ufrag, key);
        self.unconnected.push_back(id);
        Accepted { peer: id, answer, etag }
    }

    fn stream_key(&mut self, id: StreamId) -> usize {
        let (streams, max) = (&mut self.streams, self.config.max_history_packets);
        *self
            .stream_ids
            .entry(id)
            .or_insert_with(|| streams.insert(Stream::new(id, max)))
    }

    /// Ends a connection; false when there is none of this name.
    pub fn close(&mut self, now: Instant, peer: PeerId) -> bool {
        self.now = now;
        match self.peer_ids.get(&peer).copied() {
            Some(key) => {
                self.remove_peer(key, CloseReason::Asked);
                true
            }
            None => false,
        }
    }

    /// Ends a stream: closes its publisher and its viewers, and tells subscribers.
    pub fn end(&mut self, now: Instant, stream: StreamId) {
        self.now = now;
        let Some(&key) = self.stream_ids.get(&stream) else {
            return;
        };
        let peers: Vec<usize> = self
            .peers
            .iter()
            .filter(|(_, peer)| peer.stream == key)
            .map(|(key, _)| key)
            .collect();
        for peer in peers {
            self.remove_peer(peer, CloseReason::Ended);
        }
        self.settle(key);
        if self.streams.get(key).is_some_and(|stream| stream.subscribers > 0) {
            self.events.push_back(Event::Feed {
                stream,
                feed: Feed::Ended,
            });
        }
        self.stream_ids.remove(&stream);
        if self.streams.contains(key) {
            self.streams.remove(key);
        }
    }

    /// From now on [`Event::Feed`] tells everything about this stream, for a recorder or a relay. Returns what such a
    /// one has to know to begin with: tracks, clocks, and the packets since the last key frame.
    pub fn subscribe(&mut self, now: Instant, stream: StreamId) -> Vec<Feed> {
        self.now = now;
        let key = self.stream_key(stream);
        let Some(stream) = self.streams.get_mut(key) else {
            return Vec::new();
        };
        stream.flush();
        let snapshot = stream.snapshot();
        stream.subscribers += 1;
        stream.idle_since = None;
        self.settle(key);
        snapshot
    }

    /// Takes one subscription back.
    pub fn unsubscribe(&mut self, stream: StreamId) {
        if let Some(stream) = self.stream_ids.get(&stream).and_then(|&key| self.streams.get_mut(key)) {
            stream.subscribers = stream.subscribers.saturating_sub(1);
        }
    }

    /// Asks the stream's publisher for a key frame of an encoding, merged with others' requests.
    pub fn request_key_frame(&mut self, now: Instant, stream: StreamId, track: TrackId) {
        self.now = now;
        let Some(&key) = self.stream_ids.get(&stream) else {
            return;
        };
        if let Some(stream) = self.streams.get_mut(key) {
            stream.want_key_frame(track);
        }
        self.ask_for_key_frames(key);
    }

    /// Passes the wish for key frames on to the publisher, or to where the publisher is.
    pub(super) fn ask_for_key_frames(&mut self, key: usize) {
        let Some(stream) = self.streams.get_mut(key) else {
            return;
        };
        if stream.publisher.is_none() && !stream.is_relayed {
            return;
        }
        let (id, publisher) = (stream.id, stream.publisher);
        for track in stream.take_key_frame_requests(&self.viewers, self.now) {
            let Some(peer) = publisher.and_then(|key| self.peers.get_mut(key)) else {
                self.events.push_back(Event::KeyFrameWanted { stream: id, track });
                continue;
            };
            if let (Media::Publishes(ingest), Some(to)) = (&mut peer.media, peer.agent.selected()) {
                self.counters.key_frame_requests += 1;
                self.control.write(to, |out| ingest.write_key_frame_request(track, out));
            }
        }
    }

    /// Forgets a peer, and tells it and the shell.
    pub(super) fn remove_peer(&mut self, key: usize, why: CloseReason) {
        let Some(mut peer) = self.peers.try_remove(key) else {
            return;
        };
        self.peer_ids.remove(&peer.id);
        for agent in [Some(&peer.agent), peer.next_agent.as_ref()].into_iter().flatten() {
            self.demux.remove(&agent.ufrag, agent.addresses(), key);
            note_unused(&mut self.events, agent.addresses());
        }
        self.handshaking.retain(|&other| other != key);
        if let (Some(mut dtls), Some(to)) = (peer.dtls.take(), peer.agent.selected())
            && peer.is_connected()
        {
            dtls.close(|datagram| self.control.push(to, datagram));
        }
        let Some(stream) = self.streams.get_mut(peer.stream) else {
            return;
        };
        if let Media::Views { viewer, .. } = peer.media {
            self.viewers.try_remove(viewer);
            stream.remove_viewer(viewer);
        }
        if stream.publisher == Some(key) {
            stream.set_publisher(None, std::iter::empty());
        }
        let stream_id = stream.id;
        self.settle(peer.stream);
        self.events.push_back(Event::Closed {
            peer: peer.id,
            stream: stream_id,
            role: peer.role(),
            why,
        });
    }

    /// Where a viewer's picture stands among the sections of its offer, counted from 0; `None` when there is no such
    /// viewer, or it has sound alone.
    pub fn video_section(&self, peer: PeerId) -> Option<usize> {
        let peer = self.peers.get(*self.peer_ids.get(&peer)?)?;
        peer.video_section.filter(|_| peer.role() == Role::Viewer)
    }

    /// Whether the peer exists, as what, and in which stream.
    pub fn peer(&self, peer: PeerId) -> Option<(StreamId, Role)> {
        let peer = self.peers.get(*self.peer_ids.get(&peer)?)?;
        Some((self.streams.get(peer.stream)?.id, peer.role()))
    }
}
