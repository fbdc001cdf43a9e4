//! One WebRTC connection: the offer and its answer, ICE-lite, DTLS, SRTP.

pub mod dtls;
pub mod ice;
pub mod ingest;
pub mod missing;
pub mod sdp;
pub mod srtp;

use crate::engine::Role;
use crate::forward::lane::Lane;
use crate::id::PeerId;
use std::time::Instant;

/// One connection, from its offer to its end.
pub struct Peer {
    /// Its secret name.
    pub id: PeerId,
    /// Its stream, by its place in the engine.
    pub stream: usize,
    /// Where it is and who it is.
    pub agent: ice::Agent,
    /// The same after an ICE restart, until the first check for it has come: a restart that fails changes nothing.
    pub next_agent: Option<ice::Agent>,
    /// The ufrag of its offer or its last restart.
    pub remote_ufrag: String,
    /// Changes with each restart; without quotes.
    pub etag: String,
    /// What was agreed on.
    pub negotiated: Vec<sdp::Negotiated>,
    /// Digests of its certificate, from its offer.
    pub fingerprints: Vec<sdp::Fingerprint>,
    /// Who starts the DTLS handshake.
    pub our_side: srtp::Side,
    /// The handshake; it begins with the first authentic check, so that an offer alone costs little.
    pub dtls: Option<Box<dtls::Session>>,
    /// What it does, and with which keys.
    pub media: Media,
    /// When its offer came.
    pub created: Instant,
    /// When it last proved to be there (RFC 7675).
    pub last_heard: Instant,
}

/// What a peer does.
pub enum Media {
    /// Will send, once it has keys.
    WillPublish,
    /// Sends.
    Publishes(Box<ingest::Ingest>),
    /// Will receive in these lanes, once it has keys.
    WillView(Vec<Lane>),
    /// Receives.
    Views {
        /// Its [`crate::forward::viewer::Viewer`], by its place in the engine.
        viewer: usize,
        /// For what it reports.
        opener: Box<srtp::Opener>,
    },
}

impl Peer {
    /// Whether it sends or receives.
    pub fn role(&self) -> Role {
        match self.media {
            Media::WillPublish | Media::Publishes(_) => Role::Publisher,
            Media::WillView(_) | Media::Views { .. } => Role::Viewer,
        }
    }

    /// Whether it has keys.
    pub fn is_connected(&self) -> bool {
        matches!(self.media, Media::Publishes(_) | Media::Views { .. })
    }
}
