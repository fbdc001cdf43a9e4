//! Decides what of an offer is used: codecs in order, header extensions, layers, feedback.

use super::OfferError;
use super::attribute::{Direction, ExtensionIds};
use super::codec::{Feedback, OfferedCodec, parameter, parameters};
use super::offer::{Offer, OfferedMedia, Source};
use super::play::h264_rank;
use super::simulcast::Rid;
use crate::codec::{Codec, CodecParameters, Kind};

/// What server and client agree on for one section; position and `mid` are the offer's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Negotiated {
    /// The section's name, also in the `mid` header extension.
    pub mid: String,
    /// Sound or picture.
    pub kind: Kind,
    /// At least one. A publisher is asked to use the first and may use any; a viewer may be sent any.
    pub codecs: Vec<NegotiatedCodec>,
    /// The header extensions that the answer lists. `rid`, `repaired_rid` and `dependency_descriptor` stand here when
    /// offered, and are answered only when [`super::AnswerDetails`] says so.
    pub extensions: ExtensionIds,
    /// A publisher's layers, best first; empty without simulcast and for viewers.
    pub rids: Vec<Rid>,
    /// The SSRCs that a publisher announced; often none.
    pub sources: Vec<Source>,
    /// Whether RTCP packets need not be compound, both ways.
    pub reduced_size_rtcp: bool,
}

/// A codec that both sides may use from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NegotiatedCodec {
    /// What it is.
    pub parameters: CodecParameters,
    /// Its number in RTP headers, the client's choice.
    pub payload_type: u8,
    /// The number of its retransmissions (RFC 4588).
    pub rtx: Option<u8>,
    /// The format parameters of the answer, without the payload type; may be empty.
    pub fmtp: String,
    /// What a receiver may send back.
    pub feedback: Feedback,
}

/// Agrees with a publisher. Every codec that the server can forward is kept; with `prefer_recordable` they are put in
/// the server's order ([`Codec::can_record`] first, VP8 last), without it they stay in the publisher's.
///
/// # Errors
/// More than one section of a kind, a section that does not send, a section without a usable codec.
pub fn negotiate_publish(offer: &Offer, prefer_recordable: bool) -> Result<Vec<Negotiated>, OfferError> {
    check_set(offer, Direction::sends)?;
    offer
        .media
        .iter()
        .map(|media| {
            let mut codecs: Vec<&OfferedCodec> = media.codecs.iter().collect();
            if prefer_recordable {
                codecs.sort_by_key(|codec| preference(codec.parameters));
            }
            let codecs: Vec<NegotiatedCodec> = codecs.into_iter().map(|c| accept(c, published_fmtp(c))).collect();
            let payload_types: Vec<u8> = codecs.iter().map(|codec| codec.payload_type).collect();
            let offered = media.extensions;
            Ok(Negotiated {
                rids: media
                    .rids
                    .iter()
                    .filter(|rid| rid.allows(&payload_types))
                    .cloned()
                    .collect(),
                sources: media.sources.clone(),
                // Without video-orientation a phone turns its pictures before it codes them, as a recording needs.
                extensions: ExtensionIds {
                    audio_level: None,
                    video_orientation: None,
                    playout_delay: None,
                    ..offered
                },
                ..agreed(media, codecs)?
            })
        })
        .collect()
}

/// Agrees with a viewer. Every codec that the server can forward is kept, every H.264 profile and packetization mode
/// apart, so that a publisher may come back with another one without a new session.
///
/// # Errors
/// More than one section of a kind, a section that does not receive, a section without a usable codec.
pub fn negotiate_view(offer: &Offer) -> Result<Vec<Negotiated>, OfferError> {
    check_set(offer, Direction::receives)?;
    offer
        .media
        .iter()
        .map(|media| {
            let codecs = media
                .codecs
                .iter()
                .map(|codec| accept(codec, viewed_fmtp(codec)))
                .collect();
            let ExtensionIds {
                mid,
                transport_cc,
                dependency_descriptor,
                ..
            } = media.extensions;
            Ok(Negotiated {
                extensions: ExtensionIds {
                    mid,
                    transport_cc,
                    dependency_descriptor,
                    ..ExtensionIds::default()
                },
                ..agreed(media, codecs)?
            })
        })
        .collect()
}

fn agreed(media: &OfferedMedia, codecs: Vec<NegotiatedCodec>) -> Result<Negotiated, OfferError> {
    if codecs.is_empty() {
        return Err(OfferError::NoCommonCodec(media.kind));
    }
    Ok(Negotiated {
        mid: media.mid.clone(),
        kind: media.kind,
        codecs,
        extensions: ExtensionIds::default(),
        rids: Vec::new(),
        sources: Vec::new(),
        reduced_size_rtcp: media.reduced_size_rtcp,
    })
}

fn check_set(offer: &Offer, flows: fn(Direction) -> bool) -> Result<(), OfferError> {
    if offer.ice_lite {
        return Err(OfferError::IceLite);
    }
    for kind in [Kind::Audio, Kind::Video] {
        if offer.media.iter().filter(|media| media.kind == kind).count() > 1 {
            return Err(OfferError::TooManyTracks(kind));
        }
    }
    match offer.media.iter().find(|media| !flows(media.direction)) {
        Some(media) => Err(OfferError::WrongDirection(media.kind)),
        None => Ok(()),
    }
}

fn accept(codec: &OfferedCodec, fmtp: String) -> NegotiatedCodec {
    let &OfferedCodec {
        parameters,
        payload_type,
        rtx,
        feedback,
        ..
    } = codec;
    NegotiatedCodec {
        parameters,
        payload_type,
        rtx,
        fmtp,
        feedback,
    }
}

/// The server's order: what every viewer plays and a recording holds at the least cost comes first; smaller is better.
fn preference(parameters: CodecParameters) -> (u8, u8) {
    match parameters.codec {
        Codec::H264 => (0, h264_rank(parameters)),
        Codec::Vp9 => (1, u8::from(parameters.profile != 0)),
        Codec::Av1 => (2, u8::from(parameters.profile != 0)),
        Codec::H265 => (3, u8::from(parameters.profile != 1)),
        Codec::Vp8 => (4, 0),
        Codec::Opus => (0, 0),
    }
}

/// What the server, as a receiver, asks of a publisher: what was offered, without what only describes the sender
/// (`sprop-…`); a publisher that says it sends stereo is asked for stereo.
fn published_fmtp(codec: &OfferedCodec) -> String {
    let mut parts: Vec<String> = parameters(&codec.fmtp)
        .filter(|(key, _)| !key.starts_with("sprop-"))
        .map(|(key, value)| {
            if value.is_empty() {
                key.to_owned()
            } else {
                format!("{key}={value}")
            }
        })
        .collect();
    let stereo = parameter(&codec.fmtp, "sprop-stereo") == Some("1") && parameter(&codec.fmtp, "stereo").is_none();
    if codec.parameters.codec == Codec::Opus && stereo {
        parts.push("stereo=1".to_owned());
    }
    parts.join(";")
}

/// What the server, as a sender, says to a viewer: what was offered; a viewer that can play stereo is told to expect
/// it (RFC 7587 section 7.1).
fn viewed_fmtp(codec: &OfferedCodec) -> String {
    let stereo = codec.parameters.codec == Codec::Opus && parameter(&codec.fmtp, "stereo") == Some("1");
    if stereo && parameter(&codec.fmtp, "sprop-stereo").is_none() {
        format!("{};sprop-stereo=1", codec.fmtp)
    } else {
        codec.fmtp.clone()
    }
}
