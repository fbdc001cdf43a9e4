//! Datagrams in.

use super::peer::{Media, Peer};
use super::timers::{SILENCE, TIME_TO_COME_BACK};
use super::transmit::Retransmit;
use super::{CloseReason, DropReason, Engine, Event, MAX_RETRANSMITS, Origin, Role, Verdict};
use crate::codec::Kind;
use crate::demux::Owner;
use crate::forward::feed::Feed;
use crate::forward::ingest::Ingest;
use crate::forward::track::clock::Report;
use crate::forward::viewer::Viewer;
use crate::id::StreamId;
use crate::peer::dtls::{End, Keying, Progress, Session};
use crate::peer::ice;
use crate::peer::srtp::{Opener, ReportOpener, Sealer, Side};
use crate::stream::Taken;
use crate::wire::rtcp::{self, Packet};
use crate::wire::stun::BindingRequest;
use crate::wire::{self, Protocol};
use rand_chacha::rand_core::Rng;
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// The largest datagram that is taken: no path of the internet carries more in one piece.
const MAX_DATAGRAM_BYTES: usize = 2048;

impl Engine {
    /// Takes a datagram. It is decrypted in place; what it asks for comes out of the `poll_*` functions.
    pub fn handle_datagram(&mut self, now: Instant, from: Origin, datagram: &mut [u8]) -> Verdict {
        self.now = now;
        self.counters.datagrams_in += 1;
        let verdict = self.take_datagram(from, datagram);
        if let Verdict::Dropped(reason) = verdict {
            self.counters.note_drop(reason);
        }
        verdict
    }

    fn take_datagram(&mut self, from: Origin, datagram: &mut [u8]) -> Verdict {
        if datagram.len() > MAX_DATAGRAM_BYTES {
            return Verdict::Dropped(DropReason::Malformed);
        }
        let protocol = match wire::protocol(datagram) {
            Some(Protocol::Stun) => return self.take_check(from, datagram),
            Some(protocol) => protocol,
            None => return Verdict::Dropped(DropReason::Malformed),
        };
        let key = match self.demux.by_address(&from) {
            Some(Owner::Peer(key)) => key,
            Some(Owner::Shard(shard)) => return Verdict::Foreign(shard),
            None => return Verdict::Dropped(DropReason::Unknown),
        };
        let taken = match protocol {
            Protocol::Rtp => self.take_rtp(key, datagram),
            Protocol::Rtcp => self.take_rtcp(key, datagram),
            // What a handshake says is not authentic yet.
            Protocol::Dtls | Protocol::Stun => {
                return self
                    .take_dtls(key, datagram)
                    .map_or_else(Verdict::Dropped, |()| Verdict::Taken);
            }
        };
        if taken.is_ok() {
            self.follow(key, &from);
        }
        taken.map_or_else(Verdict::Dropped, |()| Verdict::Taken)
    }

    /// An ICE check: answers it, learns the address, and starts the handshake with the first one.
    fn take_check(&mut self, from: Origin, datagram: &[u8]) -> Verdict {
        let Some(request) = BindingRequest::parse(datagram) else {
            return Verdict::Dropped(DropReason::Malformed);
        };
        if let Some(probe) = self.config.probe.as_ref().filter(|probe| probe.is_meant(&request)) {
            self.control.write(from, |reply| probe.answer(&request, from, reply));
            return Verdict::Taken;
        }
        let Some(key) = self.demux.by_ufrag(request.local_ufrag) else {
            return match ice::shard_of(request.local_ufrag) {
                Some(shard)
                    if shard != self.config.shard
                        && shard < self.config.shards
                        && request.local_ufrag.len() == ice::UFRAG_CHARS =>
                {
                    self.demux.add_foreign(&from, shard);
                    Verdict::Foreign(shard)
                }
                _ => Verdict::Dropped(DropReason::Unknown),
            };
        };
        let Some(peer) = self.peers.get_mut(key) else {
            return Verdict::Dropped(DropReason::Unknown);
        };
        let is_for_next = request.local_ufrag != peer.agent.ufrag;
        let agent = match &mut peer.next_agent {
            Some(next) if is_for_next => next,
            _ => &mut peer.agent,
        };
        let (mut checked, now) = (None, self.now);
        self.control.write(from, |reply| {
            checked = agent.handle_check(now, &request, from, reply);
            checked.is_some()
        });
        let Some(checked) = checked else {
            return Verdict::Dropped(DropReason::Unauthentic);
        };
        if let Some(next) = peer.next_agent.take_if(|_| is_for_next) {
            // The restart has succeeded: what was before it is gone.
            let old = std::mem::replace(&mut peer.agent, next);
            self.demux.remove(&old.ufrag, old.addresses(), key);
            note_unused(
                &mut self.events,
                old.addresses().iter().filter(|old| !old.is_same_remote(&from)),
            );
        }
        peer.last_heard = self.now;
        if checked.new_address {
            self.demux.add_address(&from, key);
        }
        if let Some(forgotten) = checked.forgotten {
            self.demux.remove_address(&forgotten, key);
            note_unused(&mut self.events, [&forgotten]);
        }
        if checked.new_selection
            && let Media::Views { viewer, .. } = peer.media
            && let Some(viewer) = self.viewers.get_mut(viewer)
        {
            viewer.to = from;
        }
        self.start_handshake(key);
        Verdict::Taken
    }

    /// Begins the DTLS handshake, once, as soon as it is known where the peer is and who it must be.
    pub(super) fn start_handshake(&mut self, key: usize) {
        let Some(peer) = self.peers.get_mut(key) else { return };
        if peer.dtls.is_none() && !peer.awaits_answer && peer.agent.selected().is_some() {
            let session = Session::new(&self.dtls, peer.our_side, peer.fingerprints.clone(), self.now);
            peer.dtls = Some(Box::new(session));
            self.handshaking.push(key);
        }
    }

    /// Something authentic came from one of the peer's addresses: it may have moved there.
    fn follow(&mut self, key: usize, from: &Origin) {
        let now = self.now;
        if let Some(peer) = self.peers.get_mut(key)
            && peer.agent.note_heard(now, from)
            && let Media::Views { viewer, .. } = peer.media
            && let Some(viewer) = self.viewers.get_mut(viewer)
        {
            viewer.to = *from;
        }
    }

    /// A TCP connection is closed. Its peer goes on over another address that it is known by; without one it has 10 s
    /// to come back.
    pub fn handle_closed(&mut self, now: Instant, gone: &Origin) {
        self.now = now;
        let Some(key) = self.demux.peer_at(gone) else {
            return;
        };
        self.demux.remove_address(gone, key);
        let Some(peer) = self.peers.get_mut(key) else { return };
        if let Some(next) = &mut peer.next_agent {
            next.forget(now, gone);
        }
        let goes_on = peer.agent.forget(now, gone);
        if peer.agent.addresses().is_empty()
            && let Some(latest) = now.checked_sub(SILENCE - TIME_TO_COME_BACK)
        {
            peer.last_heard = peer.last_heard.min(latest);
        }
        if goes_on
            && let (Media::Views { viewer, .. }, Some(to)) = (&peer.media, peer.agent.selected())
            && let Some(viewer) = self.viewers.get_mut(*viewer)
        {
            viewer.to = to;
        }
    }

    fn take_dtls(&mut self, key: usize, datagram: &[u8]) -> Result<(), DropReason> {
        let now = self.now;
        self.drive_dtls(key, |session, send| session.handle_datagram(now, datagram, send))
    }

    /// Lets a handshake go on, sends what it has to say, and takes what it brought about.
    pub(super) fn drive_dtls(
        &mut self,
        key: usize,
        drive: impl FnOnce(&mut Session, &mut dyn FnMut(&[u8])) -> Progress,
    ) -> Result<(), DropReason> {
        let peer = self.peers.get_mut(key).ok_or(DropReason::Unknown)?;
        let (Some(session), Some(to)) = (&mut peer.dtls, peer.agent.selected()) else {
            return Err(DropReason::Unknown);
        };
        let control = &mut self.control;
        let progress = drive(session, &mut |datagram| control.push(to, datagram));
        if let Some(keying) = progress.keying {
            peer.last_heard = self.now;
            self.connect(key, &keying);
        }
        match progress.end {
            Some(End::ByPeer) => self.remove_peer(key, CloseReason::ByPeer),
            Some(End::HandshakeFailed(why)) => self.remove_peer(key, CloseReason::HandshakeFailed(why)),
            None => {}
        }
        Ok(())
    }

    /// A peer has keys: a publisher takes the stream, a viewer starts to get it.
    fn connect(&mut self, key: usize, keying: &Keying) {
        let their_side = if keying.our_side == Side::Client {
            Side::Server
        } else {
            Side::Client
        };
        let Some(sealer) = Sealer::new(keying.profile, &keying.material, keying.our_side) else {
            return;
        };
        let now = self.now;
        let next_report = now + Duration::from_millis(u64::from(self.rng.next_u32() % 1000));
        let Some(peer) = self.peers.get_mut(key) else { return };
        let Some(stream) = self.streams.get_mut(peer.stream) else {
            return;
        };
        let (peer_id, stream_key, stream_id, role) = (peer.id, peer.stream, stream.id, peer.role());
        stream.idle_since = None;
        let mut replaced = None;
        match std::mem::replace(&mut peer.media, Media::WillPublish) {
            Media::WillPublish => {
                let Some(opener) = Opener::new(keying.profile, &keying.material, their_side) else {
                    return;
                };
                peer.media = Media::Publishes(Box::new(Ingest::new(opener, sealer, &peer.negotiated, now)));
                replaced = stream.publisher;
                let rids = peer.negotiated.iter().flat_map(|section| &section.rids);
                stream.set_publisher(Some(key), rids.map(|rid| rid.name.as_str()));
            }
            Media::WillView(lanes) => {
                let Some(to) = peer.agent.selected() else { return };
                let Some(opener) = ReportOpener::new(keying.profile, &keying.material, their_side) else {
                    return;
                };
                let mut viewer = Viewer::new(peer_id, stream_key, to, sealer, &peer.negotiated, lanes, now);
                for section in &mut peer.negotiated {
                    section.codecs = Vec::new();
                }
                viewer.next_report = next_report;
                viewer.selector.choice.clone_from(&peer.layer_choice);
                let viewer_key = self.viewers.insert(viewer);
                peer.media = Media::Views {
                    viewer: viewer_key,
                    opener: Box::new(opener),
                };
                if let Some(viewer) = self.viewers.get_mut(viewer_key) {
                    stream.add_viewer(viewer_key, viewer, now);
                    if viewer.needs_steps() {
                        viewer.is_stepped = true;
                        self.stepped.push((viewer_key, peer_id));
                    }
                }
            }
            // Keys are exported once.
            connected => peer.media = connected,
        }
        if let Some(old) = replaced {
            self.remove_peer(old, CloseReason::Replaced);
        }
        self.events.push_back(Event::Connected {
            peer: peer_id,
            stream: stream_id,
            role,
        });
        self.settle(stream_key);
        self.ask_for_key_frames(stream_key);
    }

    fn take_rtp(&mut self, key: usize, datagram: &mut [u8]) -> Result<(), DropReason> {
        let now = self.now;
        let peer = self.peers.get_mut(key).ok_or(DropReason::Unknown)?;
        let Media::Publishes(ingest) = &mut peer.media else {
            return Err(DropReason::Unknown);
        };
        let received = ingest.open(now, datagram)?;
        peer.last_heard = now;
        let (stream_key, source) = (peer.stream, received.source);
        let stream = self.streams.get_mut(stream_key).ok_or(DropReason::Unknown)?;
        if stream.publisher != Some(key) {
            return Err(DropReason::Late);
        }
        let source = ingest.source(source).ok_or(DropReason::Unknown)?;
        let taken = stream.take(
            &received,
            &mut source.placement,
            &mut self.viewers,
            now,
            self.config.hold,
        );
        if taken != Taken::Gathered {
            self.settle(stream_key);
        }
        Ok(())
    }

    fn take_rtcp(&mut self, key: usize, datagram: &mut [u8]) -> Result<(), DropReason> {
        let peer = self.peers.get_mut(key).ok_or(DropReason::Unknown)?;
        let stream_key = peer.stream;
        match &mut peer.media {
            Media::Publishes(ingest) => {
                let compound = ingest.open_rtcp(datagram).ok_or(DropReason::Unauthentic)?.to_vec();
                peer.last_heard = self.now;
                let stream = self.streams.get_mut(stream_key).ok_or(DropReason::Unknown)?;
                let now = self.now;
                rtcp::read_compound(&compound, |packet| {
                    if let Packet::SenderReport {
                        ssrc,
                        ntp_time,
                        rtp_time,
                    } = packet
                        && let Some(source) = ingest.note_sender_report(ssrc, ntp_time, now)
                        && let Some(placement) = &mut source.placement
                    {
                        let report = Report {
                            kind: source.kind,
                            ntp_time,
                            timestamp: rtp_time,
                            arrived: now,
                        };
                        stream.take_report(report, source.encoding, placement);
                    }
                });
                self.settle(stream_key);
            }
            Media::Views { viewer, opener } => {
                let viewer_key = *viewer;
                let compound = opener.open_rtcp(datagram).ok_or(DropReason::Unauthentic)?;
                peer.last_heard = self.now;
                let viewer = self.viewers.get_mut(viewer_key).ok_or(DropReason::Unknown)?;
                let now = self.now;
                let stream = self.streams.get_mut(stream_key).ok_or(DropReason::Unknown)?;
                let (retransmits, mut wants_key_frame) = (&mut self.retransmits, false);
                let counters = &mut self.counters;
                rtcp::read_compound(compound, |packet| match packet {
                    Packet::KeyFrameRequest { .. } => wants_key_frame = true,
                    Packet::Nack { media_ssrc, items } => {
                        let is_of = |kind| viewer.lane(kind).is_some_and(|lane| lane.ssrc == media_ssrc);
                        let Some(kind) = [Kind::Video, Kind::Audio].into_iter().find(|&kind| is_of(kind)) else {
                            return;
                        };
                        counters.nacked += rtcp::nacked(items).count() as u64;
                        let room = MAX_RETRANSMITS.saturating_sub(retransmits.len());
                        let peer = viewer.peer;
                        let numbers =
                            rtcp::nacked(items).filter(|&number| viewer.bandwidth.may_repeat(kind, number, now));
                        retransmits.extend(numbers.take(room).map(|number| Retransmit {
                            viewer: viewer_key,
                            peer,
                            kind,
                            number,
                        }));
                    }
                    Packet::TransportCc(message) => {
                        let (received, lost) = viewer.bandwidth.take_feedback(message, now);
                        counters.reported += u64::from(received);
                        counters.reported_lost += u64::from(lost);
                    }
                    Packet::Remb(bps) => viewer.bandwidth.take_receiver_estimate(bps),
                    Packet::Reception(report) => viewer.bandwidth.take_reception(&report, now),
                    _ => {}
                });
                if wants_key_frame {
                    stream.want_key_frame_for(viewer);
                    self.ask_for_key_frames(stream_key);
                }
            }
            Media::WillPublish | Media::WillView(_) => return Err(DropReason::Unknown),
        }
        Ok(())
    }

    /// Takes a fact about a stream whose publisher is on another shard or node.
    pub fn handle_relayed(&mut self, now: Instant, stream: StreamId, feed: &Feed) {
        self.now = now;
        if matches!(feed, Feed::Ended) {
            self.end(now, stream);
            return;
        }
        let Some(&key) = self.stream_ids.get(&stream) else {
            return;
        };
        if let Some(stream) = self.streams.get_mut(key) {
            stream.take_relayed(feed, &mut self.viewers, now);
        }
        self.settle(key);
    }

    /// Which role a connected or connecting peer at this address has; for tests and diagnostics.
    pub fn role_at(&self, from: &Origin) -> Option<Role> {
        self.peers.get(self.demux.peer_at(from)?).map(Peer::role)
    }
}

/// Tells the shell which TCP connections nobody uses any more.
pub(super) fn note_unused<'a>(events: &mut VecDeque<Event>, addresses: impl IntoIterator<Item = &'a Origin>) {
    events.extend(addresses.into_iter().filter_map(|address| match *address {
        Origin::Tcp { connection, .. } => Some(Event::Unused { connection }),
        Origin::Udp { .. } => None,
    }));
}
