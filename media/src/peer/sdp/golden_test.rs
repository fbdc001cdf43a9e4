//! The answers to real clients' offers, word for word (`UPDATE_GOLDEN=1` rewrites them), and what must hold in each.

use super::samples::{Role, SAMPLES, answer, negotiate, sample};
use super::*;
use crate::codec::{Codec, Kind};

fn answer_to(name: &str) -> (Offer, Vec<Negotiated>, String) {
    let (_, role, _) = SAMPLES
        .iter()
        .find(|(known, ..)| *known == name)
        .expect("a sample of that name");
    let offer = parse(sample(name).as_bytes()).expect(name);
    let negotiated = negotiate(&offer, *role).expect(name);
    let text = answer(&offer, &negotiated, *role);
    (offer, negotiated, text)
}

#[test]
fn answers_are_those_that_were_tried_with_the_clients() {
    #[expect(clippy::disallowed_methods, reason = "how a developer asks for new golden files")]
    let update = std::env::var("UPDATE_GOLDEN").is_ok();
    for (name, ..) in SAMPLES {
        let path = format!("{}/src/peer/sdp/golden/{name}.answer.sdp", env!("CARGO_MANIFEST_DIR"));
        let text = answer_to(name).2.replace("\r\n", "\n");
        if update {
            std::fs::write(&path, &text).expect(&path);
        }
        assert_eq!(std::fs::read_to_string(&path).unwrap_or_default(), text, "{path}");
    }
}

#[test]
fn an_answer_keeps_every_section_on_one_connection() {
    for (name, role, _) in SAMPLES {
        let (offer, _, text) = answer_to(name);
        let sections = text.matches("\r\nm=").count();
        assert_eq!(sections, offer.media.len(), "{name}");
        for line in [
            "a=rtcp-mux",
            "a=rtcp-mux-only",
            "a=setup:",
            "a=ice-ufrag:serverufrag",
            "a=fingerprint:sha-256 00:01:02",
        ] {
            let exact = if line.contains(':') {
                format!("\r\n{line}")
            } else {
                format!("\r\n{line}\r\n")
            };
            assert_eq!(text.matches(&exact).count(), sections, "{name}: {line}");
        }
        let mids: Vec<&str> = offer.media.iter().map(|section| section.mid.as_str()).collect();
        assert!(
            text.contains(&format!("a=group:BUNDLE {}\r\n", mids.join(" "))),
            "{name}"
        );
        assert!(!text.contains("m=audio 0") && !text.contains("m=video 0"), "{name}");
        let direction = if *role == Role::View {
            "\r\na=sendonly\r\n"
        } else {
            "\r\na=recvonly\r\n"
        };
        assert_eq!(text.matches(direction).count(), sections, "{name}");
        assert!(text.len() < 8 * 1024, "ffmpeg reads at most 8 KiB: {name}");
        assert!(text.split("\r\n").all(|line| !line.contains(['\r', '\n'])), "{name}");
    }
}

#[test]
fn the_first_candidate_is_udp_over_ipv4() {
    let (.., text) = answer_to("ffmpeg-publish");
    let candidates: Vec<&str> = text.lines().filter(|line| line.starts_with("a=candidate")).collect();
    assert_eq!(
        candidates,
        [
            "a=candidate:1 1 udp 2130706431 192.0.2.1 8189 typ host",
            "a=candidate:2 1 udp 2130706175 2001:db8::1 8189 typ host",
            "a=candidate:3 1 tcp 1526726143 192.0.2.1 8189 typ host tcptype passive",
        ]
    );
    assert!(text.contains("\r\na=end-of-candidates\r\n"));
}

#[test]
fn a_publisher_is_asked_for_what_can_be_recorded() {
    let first = |name: &str, kind: Kind| {
        let (_, negotiated, _) = answer_to(name);
        let section = negotiated.iter().find(|section| section.kind == kind).expect(name);
        let codec = section.codecs.first().expect("negotiated sections have codecs");
        (
            codec.parameters.codec,
            codec.parameters.profile,
            codec.payload_type,
            codec.rtx,
        )
    };
    assert_eq!(
        first("chromium-publish", Kind::Video),
        (Codec::H264, 0x42e0, 108, Some(109))
    );
    assert_eq!(first("firefox-publish", Kind::Video), (Codec::Vp9, 0, 121, Some(125)));
    assert_eq!(
        first("ffmpeg-publish", Kind::Video),
        (Codec::H264, 0x4200, 106, Some(105))
    );
    assert_eq!(
        first("libdatachannel-publish", Kind::Video),
        (Codec::H264, 0x42e0, 96, None)
    );
    assert_eq!(first("aiortc-publish", Kind::Audio), (Codec::Opus, 0, 96, None));
}

#[test]
fn a_publisher_without_that_preference_keeps_its_own_order() {
    let offer = parse(sample("chromium-publish").as_bytes()).unwrap();
    let negotiated = negotiate_publish(&offer, false).unwrap();
    assert_eq!(negotiated[1].codecs[0].parameters.codec, Codec::Vp8);
}

#[test]
fn a_viewer_keeps_every_codec_and_variant() {
    let (offer, negotiated, _) = answer_to("chromium-view");
    let video = &negotiated[1];
    let variants = |codec| video.codecs.iter().filter(|c| c.parameters.codec == codec).count();
    let counts = [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1].map(variants);
    assert_eq!(counts, [1, 4, 8, 2]);
    assert!(video.codecs.iter().all(|codec| codec.rtx.is_some()));
    assert_eq!(video.codecs.len(), offer.media[1].codecs.len());
    assert_eq!(video.extensions.transport_cc, offer.media[1].extensions.transport_cc);
    assert_eq!(video.extensions.rid, None);
}

#[test]
fn simulcast_is_answered_layer_by_layer() {
    for (name, list) in [("chromium-simulcast", "h;m;~l"), ("firefox-simulcast", "h;m;l")] {
        let (offer, negotiated, text) = answer_to(name);
        assert!(text.contains(&format!("a=simulcast:recv {list}\r\n")), "{name}");
        assert!(
            text.contains("a=rid:h recv\r\na=rid:m recv\r\na=rid:l recv\r\n"),
            "{name}"
        );
        assert_eq!(negotiated[1].rids, offer.media[1].rids);
        let single = answer(&offer, &negotiated, Role::Publish);
        assert!(
            !single.contains("simulcast") && !single.contains("a=rid") && !single.contains("rtp-stream-id"),
            "{name}"
        );
    }
    let (.., svc) = answer_to("chromium-svc");
    assert!(svc.contains("dependency-descriptor") && svc.contains("a=extmap-allow-mixed\r\n"));
}

#[test]
fn sound_and_picture_of_a_viewer_are_one_stream() {
    let (.., text) = answer_to("chromium-view");
    assert!(text.contains("a=msid:class audio\r\n") && text.contains("a=msid:class video\r\n"));
    assert!(text.contains("a=ssrc-group:FID 2 3\r\na=ssrc:2 cname:class\r\na=ssrc:3 cname:class\r\n"));
    assert!(text.contains("a=ssrc:1 cname:class\r\n"));
}

#[test]
fn a_publishers_stereo_is_asked_for_and_its_own_properties_are_not_repeated() {
    let (.., text) = answer_to("libdatachannel-publish");
    assert!(
        text.contains("a=fmtp:111 minptime=10;maxaveragebitrate=96000;stereo=1;useinbandfec=1\r\n"),
        "{text}"
    );
    let (.., text) = answer_to("libdatachannel-view");
    assert!(text.contains("stereo=1;sprop-stereo=1"), "{text}");
}
