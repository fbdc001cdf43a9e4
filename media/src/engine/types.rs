//! What goes in and out of an engine.

use crate::forward::feed::Feed;
use crate::id::{PeerId, StreamId, TrackId};
use crate::net::DropReason;
use crate::peer::ice::Probe;
use crate::peer::sdp::fragment::FragmentError;
use crate::peer::sdp::{Candidate, OfferError};
use dimpl::DtlsCertificate;
use std::time::Duration;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct EngineConfig {
    /// Which shard it is, below 64: its peers' ufrags say so.
    pub shard: u8,
    /// How many there are, at most 64: a check for any other is for nobody.
    pub shards: u8,
    /// Who the server is to its peers; the same for all shards.
    pub certificate: DtlsCertificate,
    /// Where peers can reach the shard; every answer lists them.
    pub candidates: Vec<Candidate>,
    /// With what the server tests its own addresses; the same for all shards.
    pub probe: Option<Probe>,
    /// Connections at once; more offers are refused.
    pub max_peers: usize,
    /// Offers whose peer has not connected; beyond it the oldest is dropped.
    pub max_unconnected: usize,
    /// Packets of one track kept since its last key frame.
    pub max_history_packets: usize,
    /// How long a packet waits for the rest of its frame.
    pub hold: Duration,
    /// How much faster than real time a joining viewer is sent what came since the last key frame.
    pub catch_up_pace: u32,
    /// Takes a trickled fragment without `If-Match`, as many clients send it.
    pub lenient_trickle: bool,
    /// The bit rate at which browsers are asked to start to publish, in kb/s.
    pub start_kbps: Option<u32>,
}

impl EngineConfig {
    /// The values that were measured to be good.
    pub fn new(certificate: DtlsCertificate, candidates: Vec<Candidate>) -> EngineConfig {
        EngineConfig {
            shard: 0,
            shards: 64,
            certificate,
            candidates,
            probe: None,
            max_peers: 20_000,
            max_unconnected: 2_000,
            max_history_packets: 16_384,
            hold: Duration::from_millis(2),
            catch_up_pace: 4,
            lenient_trickle: true,
            start_kbps: Some(2_500),
        }
    }
}

/// What a peer does.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Role {
    /// Sends (WHIP).
    Publisher,
    /// Receives (WHEP).
    Viewer,
}

/// An accepted offer, or one of the server.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The new connection; secret.
    pub peer: PeerId,
    /// The SDP answer; the server's offer where it makes one.
    pub answer: String,
    /// Changes with each ICE restart; without quotes.
    pub etag: String,
}

/// Why an offer was not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Refused {
    /// The offer itself.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// The engine has as many peers as it may have.
    #[error("the server is full")]
    Full,
}

/// Which version of a connection's ICE state a client believes to change (`If-Match`, RFC 9110 section 13.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IfMatch<'a> {
    /// It does not say.
    Missing,
    /// `*`.
    Any,
    /// An entity tag without quotes.
    Tag(&'a str),
}

/// What a fragment did.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Patched {
    /// The client's candidates are noted; there is nothing to answer.
    Trickled,
    /// ICE was restarted.
    Restarted {
        /// Our new credentials and candidates, `application/trickle-ice-sdpfrag`.
        fragment: String,
        /// See [`Accepted::etag`].
        etag: String,
    },
}

/// Why a fragment did nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum PatchError {
    /// No such connection.
    #[error("there is no such connection")]
    Unknown,
    /// The fragment itself.
    #[error(transparent)]
    Fragment(#[from] FragmentError),
    /// The entity tag is of an earlier version.
    #[error("the connection has changed since; its entity tag is another one now")]
    Stale,
    /// The client has to say which version it means.
    #[error("an If-Match header is required")]
    Unconditional,
}

/// Why an answer to the server's offer was not taken; the offer stands until its time is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum AnswerError {
    /// No such connection, or the offer's time is over.
    #[error("there is no such connection")]
    Unknown,
    /// The connection is of an earlier version.
    #[error("the connection has changed since; its entity tag is another one now")]
    Stale,
    /// The client made the offer, or has answered before.
    #[error("this connection does not wait for an answer")]
    NotAwaited,
    /// The answer itself.
    #[error("{}", .0.to_string().replace("offer", "answer"))]
    Answer(#[from] OfferError),
}

/// Why a connection ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CloseReason {
    /// The shell asked for it: DELETE, or the right to be here ended.
    Asked,
    /// The stream ended.
    Ended,
    /// The peer said good-bye.
    ByPeer,
    /// No keys were agreed on: the reason, for people.
    HandshakeFailed(String),
    /// Another publisher took the stream over.
    Replaced,
    /// Nothing was heard of it for too long.
    Silent,
    /// It never connected.
    NeverConnected,
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A peer has keys: it is sending or receiving from now on.
    Connected {
        /// Who.
        peer: PeerId,
        /// Where.
        stream: StreamId,
        /// As what.
        role: Role,
    },
    /// A viewer that came while a picture was being sent has been sent the first packet of a key frame.
    FirstPicture {
        /// Who.
        peer: PeerId,
    },
    /// A peer is gone.
    Closed {
        /// Who.
        peer: PeerId,
        /// Where.
        stream: StreamId,
        /// As what.
        role: Role,
        /// Why.
        why: CloseReason,
    },
    /// A fact about a stream that somebody subscribed to.
    Feed {
        /// Which stream.
        stream: StreamId,
        /// The fact.
        feed: Feed,
    },
    /// No peer uses this TCP connection any more ([`super::Origin::Tcp`]).
    Unused {
        /// Its name.
        connection: u64,
    },
    /// Viewers of a relayed stream need a key frame: tell the shard or node where the publisher is.
    KeyFrameWanted {
        /// Which stream.
        stream: StreamId,
        /// Which encoding of its picture.
        track: TrackId,
    },
    /// The list of active layers has changed; [`super::Engine::layers`] gives it.
    Layers {
        /// Which stream.
        stream: StreamId,
    },
}

/// What became of a datagram.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It was for a peer of this engine.
    Taken,
    /// It is for a peer of this other shard: pass it on.
    Foreign(u8),
    /// It was for nobody, or not in order; counted.
    Dropped(DropReason),
}

/// Counts since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Counters {
    /// Datagrams given to the engine.
    pub datagrams_in: u64,
    /// Datagrams handed to the shell.
    pub datagrams_out: u64,
    /// System calls' worth of sends handed to the shell.
    pub sends: u64,
    /// Bytes handed to the shell.
    pub bytes_out: u64,
    /// RTP packets sent again on request.
    pub retransmits: u64,
    /// RTP packets that viewers have asked for again.
    pub nacked: u64,
    /// RTP packets of which viewers with transport-wide feedback have said that they arrived…
    pub reported: u64,
    /// …and that they did not.
    pub reported_lost: u64,
    /// Key frames asked of publishers.
    pub key_frame_requests: u64,
    /// [`DropReason::Malformed`].
    pub malformed: u64,
    /// [`DropReason::Unknown`].
    pub unknown: u64,
    /// [`DropReason::Replayed`].
    pub replayed: u64,
    /// [`DropReason::Unauthentic`].
    pub unauthentic: u64,
    /// [`DropReason::Late`].
    pub late: u64,
    /// [`DropReason::Full`].
    pub full: u64,
}

impl Counters {
    pub(crate) fn note_drop(&mut self, reason: DropReason) {
        let counter = match reason {
            DropReason::Malformed => &mut self.malformed,
            DropReason::Unknown => &mut self.unknown,
            DropReason::Replayed => &mut self.replayed,
            DropReason::Unauthentic => &mut self.unauthentic,
            DropReason::Late => &mut self.late,
            DropReason::Full => &mut self.full,
        };
        *counter += 1;
    }
}
