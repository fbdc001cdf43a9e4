//! The server's own offer to a viewer, and what the viewer's answer makes of it (RFC 3264 section 6).

use super::OfferError;
use super::attribute::{Direction, ExtensionIds};
use super::codec::Feedback;
use super::negotiate::{Negotiated, NegotiatedCodec, agree_to_view};
use super::offer::Offer;
use crate::codec::{Codec, CodecParameters, Kind};

/// One audio and one video section with everything that the server can forward, in its order of preference. The
/// payload types are those that browsers use themselves where they have a habit.
pub fn own_offer() -> Vec<Negotiated> {
    let section = |mid: &str, kind, codecs| Negotiated {
        mid: mid.to_owned(),
        kind,
        protocol: "UDP/TLS/RTP/SAVPF",
        codecs,
        extensions: ExtensionIds {
            mid: Some(1),
            transport_cc: Some(2),
            // Who takes it can be sent the larger sizes inside an AV1 stream.
            dependency_descriptor: (kind == Kind::Video).then_some(3),
            ..ExtensionIds::default()
        },
        rids: Vec::new(),
        sources: Vec::new(),
        reduced_size_rtcp: true,
    };
    let opus = NegotiatedCodec {
        parameters: CodecParameters {
            codec: Codec::Opus,
            profile: 0,
            packetization_mode: 0,
        },
        payload_type: 111,
        rtx: None,
        red: Some(63),
        fmtp: "minptime=10;stereo=1;useinbandfec=1;sprop-stereo=1".to_owned(),
        feedback: Feedback {
            transport_cc: true,
            ..Feedback::default()
        },
    };
    vec![
        section("0", Kind::Audio, vec![opus]),
        section(
            "1",
            Kind::Video,
            (0..).zip(VIDEO).map(|(i, codec)| video(i, codec)).collect(),
        ),
    ]
}

/// Codec, profile, packetization mode, format parameters.
type VideoCodec = (Codec, u16, u8, &'static str);

const VIDEO: [VideoCodec; 11] = [
    (
        Codec::H264,
        0x42e0,
        1,
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
    ),
    (
        Codec::H264,
        0x4200,
        1,
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
    ),
    (
        Codec::H264,
        0x4d00,
        1,
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f",
    ),
    (
        Codec::H264,
        0x640c,
        1,
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f",
    ),
    (
        Codec::H264,
        0x6400,
        1,
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f",
    ),
    (
        Codec::H264,
        0x42e0,
        0,
        "level-asymmetry-allowed=1;packetization-mode=0;profile-level-id=42e01f",
    ),
    (Codec::Vp9, 0, 0, "profile-id=0"),
    (Codec::Vp9, 2, 0, "profile-id=2"),
    (Codec::Av1, 0, 0, "level-idx=5;profile=0;tier=0"),
    (Codec::H265, 1, 0, "level-id=180;profile-id=1;tier-flag=0;tx-mode=SRST"),
    (Codec::Vp8, 0, 0, ""),
];

/// The codec at `index` of [`VIDEO`], with two of the dynamic payload types below 111 and above (RFC 3551 section 3).
fn video(index: u8, (codec, profile, packetization_mode, fmtp): VideoCodec) -> NegotiatedCodec {
    let first = 96 + 2 * index;
    // 111 is the sound's.
    let payload_type = if first < 110 { first } else { first + 2 };
    NegotiatedCodec {
        parameters: CodecParameters {
            codec,
            profile,
            packetization_mode,
        },
        payload_type,
        rtx: Some(payload_type + 1),
        red: None,
        fmtp: fmtp.to_owned(),
        feedback: Feedback {
            nack: true,
            pli: true,
            fir: true,
            transport_cc: true,
            remb: false,
        },
    }
}

/// Agrees with a viewer's answer: for each offered section what the viewer takes of it, `None` where it rejects it.
/// The payload types are the answer's.
///
/// # Errors
/// It rejects everything, has sections that were not offered, or one that does not receive or has no usable codec.
pub fn negotiate_answer(offered: &[Negotiated], answer: &Offer) -> Result<Vec<Option<Negotiated>>, OfferError> {
    if answer.ice_lite {
        return Err(OfferError::IceLite);
    }
    let is_offered = |mid: &str, kind| offered.iter().any(|section| section.mid == mid && section.kind == kind);
    if !answer.media.iter().all(|media| is_offered(&media.mid, media.kind)) {
        return Err(OfferError::Malformed("a=mid"));
    }
    let agree = |section: &Negotiated| {
        let Some(media) = answer.media.iter().find(|media| media.mid == section.mid) else {
            return Ok(None);
        };
        if !Direction::receives(media.direction) {
            return Err(OfferError::WrongDirection(media.kind));
        }
        let mut agreed = agree_to_view(media, answer.extmap_allow_mixed)?;
        let (ours, theirs) = (section.extensions, &mut agreed.extensions);
        theirs.mid = theirs.mid.filter(|_| theirs.mid == ours.mid);
        theirs.transport_cc = theirs.transport_cc.filter(|_| theirs.transport_cc == ours.transport_cc);
        let descriptor = &mut theirs.dependency_descriptor;
        *descriptor = descriptor.filter(|_| *descriptor == ours.dependency_descriptor);
        Ok(Some(agreed))
    };
    offered.iter().map(agree).collect()
}

#[cfg(test)]
mod tests {
    use super::super::samples::own_offer_text;
    use super::super::{parse, parse_answer};
    use super::*;

    /// As a client that takes everything would answer.
    fn full_answer() -> String {
        own_offer_text()
            .replace("a=setup:actpass", "a=setup:active")
            .replace("a=sendonly", "a=recvonly")
            .replace("a=ice-lite\r\n", "")
    }

    fn negotiate(answer: &str) -> Result<Vec<Option<Negotiated>>, OfferError> {
        negotiate_answer(&own_offer(), &parse_answer(answer.as_bytes())?)
    }

    /// What is agreed on for the picture.
    fn extensions_of(answer: &str) -> ExtensionIds {
        let agreed = negotiate(answer).unwrap();
        agreed[1].as_ref().expect("the picture is taken").extensions
    }

    #[test]
    fn the_offer_is_one_that_the_server_itself_would_understand() {
        let offer = parse(own_offer_text().as_bytes()).unwrap();
        assert!(offer.bundled && offer.ice_lite);
        let codecs = |media: &super::super::OfferedMedia| {
            media
                .codecs
                .iter()
                .map(|c| (c.parameters, c.payload_type, c.rtx))
                .collect::<Vec<_>>()
        };
        for (read, written) in offer.media.iter().zip(own_offer()) {
            let written: Vec<_> = written
                .codecs
                .iter()
                .map(|c| (c.parameters, c.payload_type, c.rtx))
                .collect();
            assert_eq!(codecs(read), written);
            assert_eq!(read.direction, Direction::SendOnly);
        }
    }

    #[test]
    fn an_answer_that_takes_everything_gets_everything() {
        let agreed = negotiate(&full_answer()).unwrap();
        for (agreed, offered) in agreed.iter().zip(own_offer()) {
            let agreed = agreed.as_ref().expect("it is taken");
            assert_eq!((&agreed.mid, agreed.extensions), (&offered.mid, offered.extensions));
            assert_eq!(agreed.codecs.len(), offered.codecs.len());
        }
    }

    #[test]
    fn a_viewer_may_take_less() {
        let (head, video) = full_answer()
            .split_once("m=video")
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .unwrap();
        let rejected = format!("{head}m=video 0 UDP/TLS/RTP/SAVPF 96\r\nc=IN IP4 0.0.0.0\r\na=mid:1\r\na=inactive\r\n");
        let agreed = negotiate(&rejected.replace("BUNDLE 0 1", "BUNDLE 0")).unwrap();
        assert!(agreed[0].is_some() && agreed[1].is_none(), "sound alone");
        let no_extension = format!("{head}m=video{}", video.replace("a=extmap:2 ", "a=extmap:5 "));
        assert_eq!(extensions_of(&no_extension).transport_cc, None);
        let not_mixed = full_answer().replace("a=extmap-allow-mixed\r\n", "");
        assert_eq!(
            extensions_of(&not_mixed).dependency_descriptor,
            None,
            "a descriptor does not always fit the short form"
        );
    }

    #[test]
    fn an_answer_that_does_not_fit_is_refused_with_its_reason() {
        let good = full_answer();
        for (reason, from, to) in [
            (OfferError::Malformed("a=setup"), "a=setup:active", "a=setup:actpass"),
            (OfferError::Malformed("a=mid"), "a=mid:1", "a=mid:7"),
            (OfferError::WrongDirection(Kind::Audio), "a=recvonly", "a=sendonly"),
            (OfferError::NoCommonCodec(Kind::Audio), "opus/48000/2", "G722/8000"),
            (OfferError::IceLite, "t=0 0", "t=0 0\r\na=ice-lite"),
            (OfferError::NoMedia, " 9 UDP", " 0 UDP"),
        ] {
            let text = good
                .replace(from, to)
                .replace(if to == "a=mid:7" { "BUNDLE 0 1" } else { "\0" }, "BUNDLE 0 7");
            assert_eq!(negotiate(&text).unwrap_err(), reason, "{to}");
        }
    }
}
