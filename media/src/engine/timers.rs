//! What happens by time alone.

use super::peer::{Media, Peer};
use super::{CloseReason, Engine, Event};
use std::time::{Duration, Instant};

/// Feedback to publishers, and the search for what is due, happen this often.
pub(super) const TICK: Duration = Duration::from_millis(50);

/// Viewers that are behind are sent their next piece this often.
const STEP: Duration = Duration::from_millis(5);

/// Reports go out this often.
const REPORT_INTERVAL: Duration = Duration::from_secs(1);

/// A peer that has not been heard of for this long is gone (RFC 7675 section 5.1).
pub(super) const SILENCE: Duration = Duration::from_secs(25);

/// How long a peer whose only TCP connection was closed may take to connect again.
pub(super) const TIME_TO_COME_BACK: Duration = Duration::from_secs(10);

/// An offer whose peer has not connected after this long is dropped.
const CONNECT_TIME: Duration = Engine::OFFER_LIFETIME;

/// A stream without publisher, viewers and subscribers is kept this long, so that its line goes on after a break.
const IDLE_STREAM: Duration = Duration::from_secs(180);

impl Engine {
    /// How long an offer of either side waits for the client.
    pub const OFFER_LIFETIME: Duration = Duration::from_secs(30);

    /// When [`Engine::handle_timeout`] wants to be called; `None` when nothing will happen by itself.
    pub fn poll_timeout(&self) -> Option<Instant> {
        if self.peers.is_empty() && self.streams.is_empty() {
            return None;
        }
        let flush = self.streams.iter().filter_map(|(_, stream)| stream.flush_due).min();
        let dtls = self
            .handshaking
            .iter()
            .filter_map(|&key| self.peers.get(key)?.dtls.as_ref()?.timeout())
            .min();
        let step = (!self.stepped.is_empty()).then(|| self.now + STEP);
        [Some(self.next_tick), flush, dtls, step].into_iter().flatten().min()
    }

    /// Lets time pass.
    pub fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.flush_due_streams();
        self.drive_handshakes();
        if now >= self.next_tick {
            self.next_tick = now + TICK;
            self.ticks += 1;
            self.tick_streams();
            self.tick_publishers();
            self.tick_viewers();
            if self.ticks.is_multiple_of(20) {
                self.remove_the_silent();
            }
        }
    }

    fn flush_due_streams(&mut self) {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= self.now);
        let keys: Vec<usize> = self
            .streams
            .iter()
            .filter(|(_, s)| due(s.flush_due))
            .map(|(key, _)| key)
            .collect();
        for key in keys {
            if let Some(stream) = self.streams.get_mut(key) {
                stream.flush();
            }
            self.settle(key);
        }
    }

    fn drive_handshakes(&mut self) {
        let now = self.now;
        let is_due = |key: &usize| {
            let peer = self.peers.get(*key);
            peer.and_then(|peer| peer.dtls.as_ref()?.timeout())
                .is_some_and(|at| at <= now)
        };
        let due: Vec<usize> = self.handshaking.iter().copied().filter(is_due).collect();
        for key in due {
            // A peer that has gone meanwhile is no failure.
            let _ = self.drive_dtls(key, |session, send| session.handle_timeout(now, send));
        }
        let peers = &self.peers;
        self.handshaking.retain(|&key| {
            peers
                .get(key)
                .is_some_and(|peer| !peer.is_connected() || now - peer.created < CONNECT_TIME)
        });
    }

    fn tick_streams(&mut self) {
        let keys: Vec<usize> = self.streams.iter().map(|(key, _)| key).collect();
        for key in keys {
            let Some(stream) = self.streams.get_mut(key) else {
                continue;
            };
            stream.look_after_viewers(&mut self.viewers, self.now);
            let is_idle = stream.publisher.is_none() && stream.viewers.is_empty() && stream.subscribers == 0;
            stream.idle_since = is_idle.then(|| stream.idle_since.unwrap_or(self.now));
            let is_over = stream.idle_since.is_some_and(|since| self.now - since >= IDLE_STREAM);
            let id = stream.id;
            if stream.take_layers_changed(self.now) {
                self.events.push_back(Event::Layers { stream: id });
            }
            if is_over && !self.peers.iter().any(|(_, peer)| peer.stream == key) {
                self.stream_ids.remove(&id);
                self.streams.remove(key);
            } else {
                self.ask_for_key_frames(key);
            }
        }
    }

    fn tick_publishers(&mut self) {
        let now = self.now;
        let is_report_time = self.ticks.is_multiple_of(20);
        for (_, peer) in &mut self.peers {
            let (Media::Publishes(ingest), Some(to)) = (&mut peer.media, peer.agent.selected()) else {
                continue;
            };
            let stream = self.streams.get(peer.stream);
            let is_mended = |encoding| stream.is_some_and(|stream| stream.is_mended(encoding, &self.viewers, now));
            self.control.write(to, |out| ingest.write_feedback(now, is_mended, out));
            if is_report_time {
                self.control.write(to, |out| ingest.write_receiver_report(now, out));
            }
        }
    }

    fn tick_viewers(&mut self) {
        let now = self.now;
        for (key, viewer) in &mut self.viewers {
            if viewer.tick(now) {
                self.stepped.push((key, viewer.peer));
            }
            if viewer.next_report > now {
                continue;
            }
            viewer.next_report = now + REPORT_INTERVAL;
            let Some(stream) = self.streams.get_mut(viewer.stream) else {
                continue;
            };
            let (audio, video) = stream.media();
            self.control
                .write(viewer.to, |out| viewer.write_sender_reports(audio, video, now, out));
        }
    }

    fn remove_the_silent(&mut self) {
        let now = self.now;
        let reason = |peer: &Peer| {
            if !peer.is_connected() && now - peer.created >= CONNECT_TIME {
                Some(CloseReason::NeverConnected)
            } else if peer.is_connected() && now.saturating_duration_since(peer.last_heard) >= SILENCE {
                Some(CloseReason::Silent)
            } else {
                None
            }
        };
        let gone: Vec<_> = self
            .peers
            .iter()
            .filter_map(|(key, peer)| Some((key, reason(peer)?)))
            .collect();
        for (key, why) in gone {
            self.remove_peer(key, why);
        }
        let (ids, peers) = (&self.peer_ids, &self.peers);
        self.unconnected.retain(|id| {
            let peer = ids.get(id).and_then(|&key| peers.get(key));
            peer.is_some_and(|peer| !peer.is_connected())
        });
    }
}
