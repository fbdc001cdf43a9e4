//! Commands: the server makes the offer, and a viewer answers (draft-ietf-wish-whep, "Server Sends Counter-Offer").

use super::offers::{NewPeer, our_side};
use super::peer::Media;
use super::{Accepted, AnswerError, Engine, IfMatch, Refused};
use crate::codec::Kind;
use crate::id::{PeerId, StreamId};
use crate::peer::sdp::{self, AnswerDirection};
use crate::peer::srtp::Side;
use std::time::Instant;

impl Engine {
    /// Makes an offer to a viewer. It stands for as long as an offer waits for its connection
    /// ([`Engine::OFFER_LIFETIME`]); the answer comes by [`Engine::take_answer`].
    ///
    /// # Errors
    /// The engine is full.
    pub fn offer_view(&mut self, now: Instant, stream: StreamId) -> Result<Accepted, Refused> {
        self.now = now;
        self.make_room()?;
        let negotiated = sdp::own_offer();
        let (lanes, sources) = self.new_lanes(&negotiated);
        let new = NewPeer {
            offer: None,
            negotiated,
            media: Media::WillView(lanes),
            our_side: Side::Server,
            direction: AnswerDirection::SendOnly,
            sources,
        };
        Ok(self.add_peer(now, stream, new))
    }

    /// Takes a viewer's answer to [`Engine::offer_view`].
    ///
    /// # Errors
    /// No offer waits for it, the condition does not hold, or the answer does not fit; the offer stands then.
    pub fn take_answer(
        &mut self,
        now: Instant,
        peer: PeerId,
        answer: &[u8],
        if_match: IfMatch<'_>,
    ) -> Result<(), AnswerError> {
        self.now = now;
        let key = *self.peer_ids.get(&peer).ok_or(AnswerError::Unknown)?;
        let peer = self.peers.get_mut(key).ok_or(AnswerError::Unknown)?;
        let Media::WillView(lanes) = &mut peer.media else {
            return Err(AnswerError::NotAwaited);
        };
        if !peer.awaits_answer {
            return Err(AnswerError::NotAwaited);
        }
        if matches!(if_match, IfMatch::Tag(tag) if tag != peer.etag) {
            return Err(AnswerError::Stale);
        }
        let answer = sdp::parse_answer(answer)?;
        let agreed = sdp::negotiate_answer(&peer.negotiated, &answer)?;
        let taken = std::mem::take(lanes).into_iter().zip(agreed);
        let (kept, negotiated) = taken.filter_map(|(lane, agreed)| Some((lane, agreed?))).unzip();
        (*lanes, peer.negotiated) = (kept, negotiated);
        if !peer.negotiated.iter().any(|agreed| agreed.kind == Kind::Video) {
            peer.video_section = None;
        }
        for (lane, agreed) in lanes.iter_mut().zip(&peer.negotiated) {
            lane.rtx = lane
                .rtx
                .filter(|_| agreed.codecs.iter().any(|codec| codec.rtx.is_some()));
        }
        peer.remote_ufrag = answer.ice.ufrag;
        peer.fingerprints = answer.fingerprints;
        peer.our_side = our_side(answer.setup);
        peer.awaits_answer = false;
        peer.created = now;
        self.start_handshake(key);
        Ok(())
    }
}
