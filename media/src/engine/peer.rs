//! One connection, from its offer to its end.

use super::{LayerChoice, Role};
use crate::forward::ingest::Ingest;
use crate::forward::viewer::lane::Lane;
use crate::id::PeerId;
use crate::peer::{dtls, ice, sdp, srtp};
use std::time::Instant;

/// One connection, from its offer to its end.
pub(super) struct Peer {
    /// Its secret name.
    pub(super) id: PeerId,
    /// Its stream, by its place in the engine.
    pub(super) stream: usize,
    /// Where it is and who it is.
    pub(super) agent: ice::Agent,
    /// The same after an ICE restart, until the first check for it has come: a restart that fails changes nothing.
    pub(super) next_agent: Option<ice::Agent>,
    /// The ufrag of its offer or its last restart.
    pub(super) remote_ufrag: String,
    /// Changes with each restart; without quotes.
    pub(super) etag: String,
    /// Where its picture stands among the sections of the offer.
    pub(super) video_section: Option<usize>,
    /// What was agreed on; without the codecs once a viewer is connected, which has them then.
    pub(super) negotiated: Vec<sdp::Negotiated>,
    /// Digests of its certificate, from its offer.
    pub(super) fingerprints: Vec<sdp::Fingerprint>,
    /// Who starts the DTLS handshake.
    pub(super) our_side: srtp::Side,
    /// The server has made the offer, and the client has not answered yet; no handshake before that, since nothing says
    /// whose certificate is right.
    pub(super) awaits_answer: bool,
    /// The handshake; it begins with the first authentic check, so that an offer alone costs little.
    pub(super) dtls: Option<Box<dtls::Session>>,
    /// What it does, and with which keys.
    pub(super) media: Media,
    /// Which layer it asked for, if it is a viewer.
    pub(super) layer_choice: Option<Box<LayerChoice>>,
    /// When its offer came.
    pub(super) created: Instant,
    /// When it last proved to be there (RFC 7675).
    pub(super) last_heard: Instant,
}

/// What a peer does.
pub(super) enum Media {
    /// Will send, once it has keys.
    WillPublish,
    /// Sends.
    Publishes(Box<Ingest>),
    /// Will receive in these lanes, once it has keys.
    WillView(Vec<Lane>),
    /// Receives.
    Views {
        /// Its [`crate::forward::viewer::Viewer`], by its place in the engine.
        viewer: usize,
        /// For what it reports.
        opener: Box<srtp::ReportOpener>,
    },
}

impl Peer {
    /// Whether it sends or receives.
    pub(super) fn role(&self) -> Role {
        match self.media {
            Media::WillPublish | Media::Publishes(_) => Role::Publisher,
            Media::WillView(_) | Media::Views { .. } => Role::Viewer,
        }
    }

    /// Whether it has keys.
    pub(super) fn is_connected(&self) -> bool {
        matches!(self.media, Media::Publishes(_) | Media::Views { .. })
    }
}
