//! Decides what of an offer is used: codecs in order, header extensions, layers, feedback.

use super::OfferError;
use super::attribute::{Direction, ExtensionIds};
use super::codec::{Feedback, OfferedCodec, parameter, parameters};
use super::offer::{Offer, OfferedMedia, Source};
use super::play::h264_rank;
use super::simulcast::Rid;
use crate::codec::{Codec, CodecParameters, Kind};
use crate::forward::layers::MAX_ENCODINGS;

/// What server and client agree on for one section; position and `mid` are the offer's.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Negotiated {
    /// The section's name, also in the `mid` header extension.
    pub mid: String,
    /// Sound or picture.
    pub kind: Kind,
    /// The protocol of the `m=` line.
    pub protocol: &'static str,
    /// At least one. A publisher is asked to use the first and may use any; a viewer may be sent any.
    pub codecs: Vec<NegotiatedCodec>,
    /// The header extensions that the answer lists. `rid` and `repaired_rid` stand here when offered, and are answered
    /// only when [`super::AnswerDetails`] says so.
    pub extensions: ExtensionIds,
    /// A publisher's layers in its order, at most [`MAX_ENCODINGS`]: an answer may accept fewer than were offered (RFC
    /// 8853 section 5.3.2). Empty without simulcast and for viewers.
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
    /// The number under which a viewer takes it together with earlier frames (RFC 2198); `None` for publishers.
    pub red: Option<u8>,
    /// The format parameters of the answer, without the payload type; may be empty.
    pub fmtp: String,
    /// What a receiver may send back; `transport_cc` only where the header extension is agreed on too.
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
            let codecs: Vec<NegotiatedCodec> = codecs
                .into_iter()
                .map(|c| as_receiver(accept(media, c, published_fmtp(c))))
                .collect();
            let payload_types: Vec<u8> = codecs.iter().map(|codec| codec.payload_type).collect();
            let offered = media.extensions;
            Ok(Negotiated {
                rids: media
                    .rids
                    .iter()
                    .filter(|rid| rid.allows(&payload_types))
                    .take(MAX_ENCODINGS)
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
    let agree = |media| agree_to_view(media, offer.extmap_allow_mixed);
    offer.media.iter().map(agree).collect()
}

/// Agrees with a viewer on one section. Dependency descriptors need both forms of header extensions side by side.
pub(super) fn agree_to_view(media: &OfferedMedia, extmap_allow_mixed: bool) -> Result<Negotiated, OfferError> {
    let codecs = media
        .codecs
        .iter()
        .map(|codec| accept(media, codec, viewed_fmtp(codec)))
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
            dependency_descriptor: dependency_descriptor.filter(|_| extmap_allow_mixed && media.kind == Kind::Video),
            ..ExtensionIds::default()
        },
        ..agreed(media, codecs)?
    })
}

fn agreed(media: &OfferedMedia, codecs: Vec<NegotiatedCodec>) -> Result<Negotiated, OfferError> {
    if codecs.is_empty() {
        return Err(OfferError::NoCommonCodec(media.kind));
    }
    Ok(Negotiated {
        mid: media.mid.clone(),
        kind: media.kind,
        protocol: media.protocol,
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

fn accept(media: &OfferedMedia, codec: &OfferedCodec, fmtp: String) -> NegotiatedCodec {
    let &OfferedCodec {
        parameters,
        payload_type,
        rtx,
        red,
        feedback,
        ..
    } = codec;
    // Feedback by transport-wide number needs the header extension that carries the number; GStreamer offers only one.
    let transport_cc = feedback.transport_cc && media.extensions.transport_cc.is_some();
    NegotiatedCodec {
        parameters,
        payload_type,
        rtx,
        red,
        fmtp,
        feedback: Feedback {
            transport_cc,
            // Who tells arrival times need not guess.
            remb: feedback.remb && !transport_cc,
            ..feedback
        },
    }
}

/// The server does not unpack earlier frames, and answers arrival times or nothing.
fn as_receiver(codec: NegotiatedCodec) -> NegotiatedCodec {
    let feedback = Feedback {
        remb: false,
        ..codec.feedback
    };
    NegotiatedCodec {
        red: None,
        feedback,
        ..codec
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
/// (`sprop-…`); a publisher that says it sends stereo is asked for stereo, and any for error correction in its sound.
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
    // A viewer that misses a packet of sound can hear it in the next one (RFC 7587 section 3.3).
    if codec.parameters.codec == Codec::Opus && parameter(&codec.fmtp, "useinbandfec").is_none() {
        parts.push("useinbandfec=1".to_owned());
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

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::super::samples::sample;
    use super::*;

    fn publish(text: &str) -> Result<Vec<Negotiated>, OfferError> {
        negotiate_publish(&parse(text.as_bytes()).expect("well-formed"), true)
    }

    fn view(text: &str) -> Result<Vec<Negotiated>, OfferError> {
        negotiate_view(&parse(text.as_bytes()).expect("well-formed"))
    }

    #[test]
    fn a_publisher_sends_and_a_viewer_receives() {
        let (publisher, viewer) = (sample("chromium-publish"), sample("chromium-view"));
        for (direction, may_publish, may_view) in [
            ("sendonly", true, false),
            ("recvonly", false, true),
            ("sendrecv", true, true),
            ("inactive", false, false),
        ] {
            let (text, line) = (publisher.replace("a=sendonly", "a=sendrecv"), format!("a={direction}"));
            assert_eq!(
                publish(&text.replace("a=sendrecv", &line)).is_ok(),
                may_publish,
                "{direction}"
            );
            assert_eq!(
                view(&viewer.replace("a=recvonly", &line)).is_ok(),
                may_view,
                "{direction}"
            );
        }
        assert_eq!(publish(&viewer).unwrap_err(), OfferError::WrongDirection(Kind::Audio));
        assert_eq!(view(&publisher).unwrap_err(), OfferError::WrongDirection(Kind::Audio));
    }

    #[test]
    fn a_set_that_the_server_does_not_support_is_refused_whole() {
        let good = sample("ffmpeg-publish");
        let (head, video) = good.split_once("m=video").unwrap();
        let second = video
            .replace("106", "116")
            .replace("105", "115")
            .replace("mid:1", "mid:2");
        let two = format!("{head}m=video{video}m=video{second}").replace("BUNDLE 0 1", "BUNDLE 0 1 2");
        let cases = [
            (OfferError::TooManyTracks(Kind::Video), two),
            (
                OfferError::NoCommonCodec(Kind::Audio),
                good.replace("opus/48000/2", "G722/8000"),
            ),
            (
                OfferError::NoCommonCodec(Kind::Audio),
                good.replace("opus/48000/2", "opus/48000/1"),
            ),
            (OfferError::NoCommonCodec(Kind::Video), good.replace("H264", "theora")),
            (
                OfferError::NoCommonCodec(Kind::Video),
                good.replace("packetization-mode=1", "packetization-mode=2"),
            ),
            (OfferError::IceLite, good.replace("t=0 0", "t=0 0\r\na=ice-lite")),
        ];
        for (reason, text) in cases {
            assert_eq!(publish(&text).unwrap_err(), reason);
            assert_eq!(reason.status(), 422);
        }
        assert!(publish(&good.replace("opus/48000/2", "opus/48000")).is_ok());
    }

    #[test]
    fn sound_alone_and_picture_alone_are_welcome() {
        let good = sample("ffmpeg-publish");
        let (head, video) = good.split_once("m=video").unwrap();
        let (session, _) = head.split_once("m=audio").unwrap();
        let audio_alone = publish(&head.replace("BUNDLE 0 1", "BUNDLE 0")).unwrap();
        assert_eq!(
            audio_alone.iter().map(|section| section.kind).collect::<Vec<_>>(),
            [Kind::Audio]
        );
        let unbundled = format!("{session}m=video{video}").replace("a=group:BUNDLE 0 1\r\n", "");
        assert_eq!(publish(&unbundled).unwrap().len(), 1);
    }

    #[test]
    fn layers_are_refused_when_malformed() {
        let good = sample("chromium-simulcast");
        let refused = |from: &str, to: &str| {
            assert!(good.contains(from), "{from:?} is in the sample");
            parse(good.replace(from, to).as_bytes()).expect_err(to)
        };
        let many: String = (0..9).map(|i| format!("a=rid:x{i} send\r\n")).collect();
        let list: Vec<String> = (0..9).map(|i| format!("x{i}")).collect();
        let nine = format!("{many}a=simulcast:send {}", list.join(";"));
        assert_eq!(refused("a=simulcast:send h;m;~l", &nine), OfferError::TooManyLayers);
        assert_eq!(refused("send h;m;~l", "send h;h"), OfferError::Malformed("a=simulcast"));
        assert_eq!(
            refused("send h;m;~l", "send h;;l"),
            OfferError::Malformed("a=simulcast")
        );
        assert_eq!(refused("send h;m;~l", "h;m;l"), OfferError::Malformed("a=simulcast"));
        assert_eq!(
            refused("send h;m;~l", "send h;x"),
            OfferError::Missing("a=rid for a simulcast layer")
        );
        assert_eq!(refused("a=rid:h send", "a=rid:h recv"), OfferError::Malformed("a=rid"));
    }

    #[test]
    fn restrictions_and_alternatives_of_layers_are_kept() {
        let text = sample("chromium-simulcast")
            .replace("a=rid:h send", "a=rid:h send pt=96,8,118;max-width=1280")
            .replace("a=rid:m send", "a=rid:m send pt=118")
            .replace("send h;m;~l", "send h,m;m;~l,h");
        let video = publish(&text).unwrap().remove(1);
        let rids: Vec<(&str, bool)> = video.rids.iter().map(|rid| (rid.name.as_str(), rid.paused)).collect();
        assert_eq!(
            rids,
            [("h", false), ("l", true)],
            "118 is not accepted, and with it layer m"
        );
        assert_eq!(video.rids[0].answered_restrictions(&[96, 108]), "pt=96;max-width=1280");
    }

    #[test]
    fn a_publishers_phone_turns_its_own_pictures() {
        let video = publish(&sample("chromium-publish")).unwrap().remove(1);
        assert_eq!(video.extensions.video_orientation, None);
        assert_eq!(
            (
                video.extensions.mid,
                video.extensions.rid,
                video.extensions.transport_cc
            ),
            (Some(4), Some(10), Some(3))
        );
    }
}
