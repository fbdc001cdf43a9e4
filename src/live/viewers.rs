//! What is asked of single connections: counter-offers, layers, whose they are, and their end.

use super::Live;
use super::inbox::Message;
use super::types::{LiveError, Precondition};
use bytes::Bytes;
use lectern_media::engine::{Accepted, AnswerError, LayerChoice, LayerInfo};
use lectern_media::id::{PeerId, StreamId};
use parking_lot::Mutex;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// How soon it is seen that the last connection has ended, while the server waits for that.
const LOOK_INTERVAL: Duration = Duration::from_millis(200);

/// Who is told when which connection has ended.
#[derive(Default)]
pub(super) struct Ends(Mutex<HashMap<PeerId, CancellationToken>>);

impl Ends {
    /// These connections are gone.
    pub(super) fn note(&self, gone: impl IntoIterator<Item = PeerId>) {
        let mut followed = self.0.lock();
        for peer in gone {
            if let Some(end) = followed.remove(&peer) {
                end.cancel();
            }
        }
    }
}

impl Live {
    /// Takes the offer of a viewer, of `user` if somebody is signed in. It may come before the publisher.
    ///
    /// # Errors
    /// The offer's fault, or no room.
    pub async fn view(&self, stream: StreamId, offer: Bytes, user: Option<Uuid>) -> Result<Accepted, LiveError> {
        self.place_viewer(stream, user, |reply| Message::View { stream, offer, reply })
            .await
    }

    /// Makes an offer to a viewer. It stands for [`lectern_media::engine::Engine::OFFER_LIFETIME`].
    ///
    /// # Errors
    /// No room.
    pub async fn offer_view(&self, stream: StreamId, user: Option<Uuid>) -> Result<Accepted, LiveError> {
        self.place_viewer(stream, user, |reply| Message::OfferView { stream, reply })
            .await
    }

    async fn place_viewer(
        &self,
        stream: StreamId,
        user: Option<Uuid>,
        message: impl FnOnce(oneshot::Sender<Result<Accepted, LiveError>>) -> Message,
    ) -> Result<Accepted, LiveError> {
        let (reply, answer) = oneshot::channel();
        self.hub.view(stream, message(reply));
        let accepted = answer.await.unwrap_or(Err(LiveError::Overloaded))?;
        self.hub.directory.lock().belongs_to(accepted.peer, user);
        Ok(accepted)
    }

    /// Takes a viewer's answer to the server's offer.
    ///
    /// # Errors
    /// No offer waits for it, or it does not fit; the offer stands then.
    pub async fn answer(&self, peer: PeerId, answer: Bytes, precondition: Precondition) -> Result<(), AnswerError> {
        let message = |reply| Message::Answer {
            peer,
            answer,
            precondition,
            reply,
        };
        let taken = self.hub.ask(peer, message).ok_or(AnswerError::Unknown)?;
        taken.await.unwrap_or(Err(AnswerError::Unknown))
    }

    /// What viewers can be sent of a stream's picture, best first; nothing before there is a picture.
    pub async fn layers(&self, stream: StreamId) -> Vec<LayerInfo> {
        let (reply, layers) = oneshot::channel();
        let home = self.hub.directory.lock().home(stream);
        self.hub.push(home, Message::Layers { stream, reply });
        layers.await.unwrap_or_default()
    }

    /// Lets a viewer choose. False when there is no such viewer, or its stream has no encoding of that name.
    pub async fn choose_layer(&self, peer: PeerId, choice: LayerChoice) -> bool {
        match self.hub.ask(peer, |reply| Message::ChooseLayer { peer, choice, reply }) {
            Some(is_chosen) => is_chosen.await.unwrap_or(false),
            None => false,
        }
    }

    /// Where a viewer's picture stands among the sections of its offer, counted from 0; `None` when there is no such
    /// viewer, or it has sound alone.
    pub async fn video_section(&self, peer: PeerId) -> Option<usize> {
        let section = self.hub.ask(peer, |reply| Message::VideoSection { peer, reply })?;
        section.await.ok()?
    }

    /// Every connected viewer: the connection, its stream, and whose it is.
    #[must_use]
    pub fn watching(&self) -> Vec<(PeerId, StreamId, Option<Uuid>)> {
        self.hub.directory.lock().watching()
    }

    /// Whose the viewers of a stream are, each once.
    #[must_use]
    pub fn users_in(&self, stream: StreamId) -> HashSet<Option<Uuid>> {
        self.hub.directory.lock().users_in(stream)
    }

    /// Closes the viewers of a user (`None`: of nobody signed in) in one stream or in all, because they may no longer
    /// watch. Media stops at once; returns how many there were.
    pub fn close_viewers_of(&self, user: Option<Uuid>, stream: Option<StreamId>) -> usize {
        let mut directory = self.hub.directory.lock();
        directory.cuts += 1;
        let viewers = directory.viewers_of(user, stream);
        drop(directory);
        for &peer in &viewers {
            // Whether it was closed already does not matter.
            let _ = self.hub.ask(peer, |reply| Message::Close { peer, reply });
        }
        viewers.len()
    }

    /// How often somebody has lost a right to be here. Who checks a right before a connection is made, and finds
    /// another number after, checks again: what was cut meanwhile did not see the new one.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.hub.directory.lock().cuts
    }

    /// Cancelled when the connection is gone; `None` when it is gone already.
    #[must_use]
    pub fn end_of(&self, peer: PeerId) -> Option<CancellationToken> {
        let directory = self.hub.directory.lock();
        directory.peer(peer)?;
        let mut followed = self.hub.ends.0.lock();
        Some(followed.entry(peer).or_default().clone())
    }

    /// From now on the server wants no new connections; those that are there go on.
    pub fn drain(&self) {
        self.hub.draining.cancel();
    }

    /// Waits until there is no connection any more.
    pub async fn emptied(&self) {
        let mut look = tokio::time::interval(LOOK_INTERVAL);
        while !self.hub.directory.lock().is_empty() {
            look.tick().await;
        }
    }

    /// Cancelled by [`Live::drain`].
    #[must_use]
    pub fn draining(&self) -> &CancellationToken {
        &self.hub.draining
    }
}

#[cfg(test)]
mod tests {
    use super::super::{LiveConfig, LiveSockets};
    use super::*;
    use std::net::UdpSocket;

    const VIEW: &str = include_str!("../../media/src/peer/sdp/golden/chromium-view.offer.sdp");

    #[tokio::test]
    async fn who_loses_a_right_loses_the_connection() {
        let config = LiveConfig {
            public_addresses: Vec::new(),
            stun_server: None,
            pin_threads: true,
            shards: 2,
            grace: Duration::from_secs(1),
            lenient_trickle: true,
            recordings: None,
        };
        let sockets = LiveSockets {
            udp: UdpSocket::bind("127.0.0.1:0").unwrap(),
            tcp: None,
        };
        let live = Live::start(config, sockets).unwrap();
        let (anna, ben) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let mut peers = Vec::new();
        for (stream, user) in [(1, None), (1, anna), (1, ben), (2, anna), (2, ben), (2, None)] {
            let offer = Bytes::from_static(VIEW.as_bytes());
            let peer = live.view(StreamId(stream), offer, user).await.unwrap().peer;
            peers.push(live.end_of(peer).unwrap());
        }
        let mut gone = [false; 6];
        for (user, stream, cut) in [(None, Some(1), &[0][..]), (anna, None, &[1, 3]), (ben, Some(2), &[4])] {
            let before = live.cuts();
            assert_eq!(live.close_viewers_of(user, stream.map(StreamId)), cut.len());
            assert_ne!(live.cuts(), before);
            for &index in cut {
                peers[index].cancelled().await;
                gone[index] = true;
            }
            assert_eq!(
                peers.iter().map(CancellationToken::is_cancelled).collect::<Vec<_>>(),
                gone
            );
        }
        live.end(StreamId(1)).await;
        assert!(peers[2].is_cancelled() && !peers[5].is_cancelled());
        live.stop().await;
    }
}
