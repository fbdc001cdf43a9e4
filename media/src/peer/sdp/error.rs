//! Why an offer is refused.

use super::attribute::kind_name;
use crate::codec::Kind;

/// Why an offer is refused. Displays as a sentence for the person who runs the client; it repeats nothing that the
/// client sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum OfferError {
    /// There is nothing in it.
    #[error("The offer is empty.")]
    Empty,
    /// More than [`super::MAX_BYTES`].
    #[error("The offer is larger than 64 KiB.")]
    TooLarge,
    /// Not UTF-8, or with control characters such as NUL.
    #[error("The offer is not plain text in UTF-8.")]
    NotText,
    /// The last line does not end: a part of the offer is missing.
    #[error("The offer ends in the middle of a line; a part of it was lost.")]
    Truncated,
    /// A line that is not `letter=value`, or stands where RFC 8866 does not allow it.
    #[error("The offer is not a session description as in RFC 8866.")]
    NotSdp,
    /// What this attribute or line says cannot be understood, or contradicts another one.
    #[error("The offer's {0} is malformed.")]
    Malformed(&'static str),
    /// A WebRTC offer must have it.
    #[error("The offer has no {0}.")]
    Missing(&'static str),
    /// All sections share one connection, so a payload type means one thing (RFC 9143 section 9.1).
    #[error("The offer uses one payload type for two things.")]
    AmbiguousPayloadType,
    /// Neither sound nor picture is offered.
    #[error("The offer has no audio or video section.")]
    NoMedia,
    /// A section that is neither audio nor video, such as a data channel.
    #[error("The offer has a section that is neither audio nor video; only those are supported.")]
    UnsupportedMedia,
    /// Many more sections than a class has.
    #[error("The offer has too many sections.")]
    TooManySections,
    /// A section with port 0 that is not `bundle-only`.
    #[error("The offer has a section that is switched off (port 0).")]
    SwitchedOff,
    /// A section over something other than RTP secured by DTLS.
    #[error("The offer has a section that does not use RTP over DTLS (UDP/TLS/RTP/SAVPF).")]
    UnsupportedProtocol,
    /// The sections do not share one connection.
    #[error("The offer does not put all sections into one BUNDLE group.")]
    NotBundled,
    /// RTP and RTCP would need a port each.
    #[error("The offer has a section without rtcp-mux.")]
    NoRtcpMux,
    /// Server and client are both ICE-lite, so that nobody would check the path.
    #[error("The offer says ice-lite; the client must be a full ICE agent.")]
    IceLite,
    /// No certificate fingerprint by SHA-256, SHA-384 or SHA-512.
    #[error("The offer has no certificate fingerprint by SHA-256, SHA-384 or SHA-512.")]
    UnsupportedFingerprint,
    /// `setup:holdconn`.
    #[error("The offer's setup attribute is none of actpass, active and passive.")]
    UnsupportedSetup,
    /// A publisher that does not send, or a viewer that does not receive, in this kind of section.
    #[error("The offer's {} section has the wrong direction: a publisher sends, a viewer receives.", kind_name(*.0))]
    WrongDirection(Kind),
    /// One track of each kind is what a stream has.
    #[error("The offer has more than one {} section.", kind_name(*.0))]
    TooManyTracks(Kind),
    /// No codec that the server forwards.
    #[error("The offer's {} section has no codec that the server supports.", kind_name(*.0))]
    NoCommonCodec(Kind),
    /// More simulcast layers than the server keeps apart.
    #[error("The offer has too many simulcast layers.")]
    TooManyLayers,
}

impl OfferError {
    /// The HTTP status that says whose turn it is: 413 for an offer that is too large, 400 for one that cannot be
    /// read, 422 for one that is understood and not supported (RFC 9725 section 4.4).
    pub fn status(&self) -> u16 {
        match self {
            OfferError::TooLarge => 413,
            OfferError::Empty
            | OfferError::NotText
            | OfferError::Truncated
            | OfferError::NotSdp
            | OfferError::Malformed(_)
            | OfferError::Missing(_)
            | OfferError::AmbiguousPayloadType => 400,
            OfferError::NoMedia
            | OfferError::TooManySections
            | OfferError::IceLite
            | OfferError::UnsupportedMedia
            | OfferError::SwitchedOff
            | OfferError::UnsupportedProtocol
            | OfferError::NotBundled
            | OfferError::NoRtcpMux
            | OfferError::UnsupportedFingerprint
            | OfferError::UnsupportedSetup
            | OfferError::WrongDirection(_)
            | OfferError::TooManyTracks(_)
            | OfferError::NoCommonCodec(_)
            | OfferError::TooManyLayers => 422,
        }
    }
}
