//! Reads an offer: bytes from anybody to a checked [`Offer`], or the reason why not.

use super::attribute::{Attributes, Direction, ExtensionIds, Fingerprint, IceCredentials, Setup, is_token};
use super::codec::{self, OfferedCodec};
use super::error::OfferError;
use super::simulcast::{self, Rid};
use crate::codec::Kind;
use sdp::{MediaDescription, SessionDescription};
use std::io::Cursor;

/// The largest session description that is read.
pub const MAX_BYTES: usize = 64 * 1024;

/// What a client offers, checked as far as it holds for publishers and viewers alike: one connection for all sections,
/// RTP over DTLS with RTCP on the same port.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The client's ICE credentials.
    pub ice: IceCredentials,
    /// Digests of the client's certificate; at least one, and one of them must fit.
    pub fingerprints: Vec<Fingerprint>,
    /// Who may start the DTLS handshake.
    pub setup: Setup,
    /// Whether the sections form a BUNDLE group; always, when there is more than one.
    pub bundled: bool,
    /// Whether one-byte and two-byte header extensions may be mixed (RFC 8285 section 6).
    pub extmap_allow_mixed: bool,
    /// The client answers connectivity checks and makes none; nobody would, if the server does the same.
    pub ice_lite: bool,
    /// The sections in order; at least one.
    pub media: Vec<OfferedMedia>,
}

/// One audio or video section (`m=` line and what follows it).
#[derive(Clone, Debug)]
pub struct OfferedMedia {
    /// The section's name, a token of at most 64 bytes.
    pub mid: String,
    /// Sound or picture.
    pub kind: Kind,
    /// The protocol of the `m=` line, which the answer repeats.
    pub protocol: &'static str,
    /// Which way media flows, seen from the client.
    pub direction: Direction,
    /// The codecs that the server can forward, in the client's order of preference; may be empty.
    pub codecs: Vec<OfferedCodec>,
    /// The header extensions that the server knows.
    pub extensions: ExtensionIds,
    /// Simulcast layers that the client offers to send, best first; empty without simulcast.
    pub rids: Vec<Rid>,
    /// The SSRCs that the client announces. Often none: browsers announce none for simulcast.
    pub sources: Vec<Source>,
    /// `a=rtcp-rsize`: RTCP packets need not be compound (RFC 5506).
    pub reduced_size_rtcp: bool,
}

/// An RTP stream that a client announces by `a=ssrc`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Source {
    /// The media.
    pub ssrc: u32,
    /// Its retransmissions (`a=ssrc-group:FID`).
    pub rtx: Option<u32>,
}

/// Reads an offer of at most [`MAX_BYTES`]. It is refused as a whole when anything in it that matters is malformed;
/// codecs, header extensions and attributes that the server does not know are passed over.
pub fn parse(bytes: &[u8]) -> Result<Offer, OfferError> {
    read(bytes, |_| true)
}

/// Reads an answer to the server's own offer, as [`parse`] reads an offer. Sections that it rejects (port 0) are left
/// out.
pub fn parse_answer(bytes: &[u8]) -> Result<Offer, OfferError> {
    let answer = read(bytes, |section| !is_switched_off(section))?;
    if answer.setup == Setup::Actpass {
        return Err(OfferError::Malformed("a=setup"));
    }
    Ok(answer)
}

fn is_switched_off(section: &MediaDescription) -> bool {
    section.media_name.port.value == 0 && !section.has_attribute("bundle-only")
}

fn read(bytes: &[u8], is_wanted: impl Fn(&MediaDescription) -> bool) -> Result<Offer, OfferError> {
    let text = check_text(bytes)?;
    let description = SessionDescription::unmarshal(&mut Cursor::new(text)).map_err(|_| OfferError::NotSdp)?;
    let session = Attributes(&description.attributes);
    let sections: Vec<_> = description.media_descriptions.iter().filter(|s| is_wanted(s)).collect();
    if sections.is_empty() {
        return Err(OfferError::NoMedia);
    }
    if sections.len() > MAX_SECTIONS {
        return Err(OfferError::TooManySections);
    }
    let media = sections
        .iter()
        .map(|section| read_section(section, session))
        .collect::<Result<Vec<_>, OfferError>>()?;
    check_unique(&media)?;
    let tagged = tagged_section(session, &media)?;
    // Everything about the connection: in the section itself, or for all sections at once.
    let section = sections
        .get(tagged)
        .map_or(session, |section| Attributes(&section.attributes));
    let value = |key| section.value(key).or_else(|| session.value(key));
    let ufrag = value("ice-ufrag").ok_or(OfferError::Missing("a=ice-ufrag"))?;
    let pwd = value("ice-pwd").ok_or(OfferError::Missing("a=ice-pwd"))?;
    let setup = value("setup").ok_or(OfferError::Missing("a=setup"))?;
    let certificate = if section.has("fingerprint") { section } else { session };
    let mixed = |section: &&MediaDescription| section.has_attribute("extmap-allow-mixed");
    Ok(Offer {
        ice: IceCredentials::checked(ufrag, pwd).ok_or(OfferError::Malformed("a=ice-ufrag or a=ice-pwd"))?,
        fingerprints: read_fingerprints(certificate)?,
        setup: Setup::parse(setup)?,
        bundled: bundle_group(session).is_some(),
        extmap_allow_mixed: session.has("extmap-allow-mixed") || sections.iter().all(mixed),
        ice_lite: session.has("ice-lite"),
        media,
    })
}

/// Plain text, in whole lines: nothing in it can later break out of a line that the server writes.
fn check_text(bytes: &[u8]) -> Result<&str, OfferError> {
    if bytes.len() > MAX_BYTES {
        return Err(OfferError::TooLarge);
    }
    let text = str::from_utf8(bytes).map_err(|_| OfferError::NotText)?;
    if text.trim().is_empty() {
        return Err(OfferError::Empty);
    }
    let mut lines = text
        .split('\n')
        .map(|line| line.strip_suffix('\r').unwrap_or(line))
        .peekable();
    while let Some(line) = lines.next() {
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(OfferError::NotText);
        }
        match (line.as_bytes(), lines.peek()) {
            ([], _) => {}
            (_, None) => return Err(OfferError::Truncated),
            ([b'a'..=b'z', b'=', ..], _) => {}
            _ => return Err(OfferError::NotSdp),
        }
    }
    Ok(text)
}

fn read_section(section: &MediaDescription, session: Attributes<'_>) -> Result<OfferedMedia, OfferError> {
    let attributes = Attributes(&section.attributes);
    let kind = match section.media_name.media.as_str() {
        "audio" => Kind::Audio,
        "video" => Kind::Video,
        _ => return Err(OfferError::UnsupportedMedia),
    };
    let bundle_only = attributes.has("bundle-only");
    if is_switched_off(section) {
        return Err(OfferError::SwitchedOff);
    }
    let protocol = section.media_name.protos.join("/");
    let protocol = PROTOCOLS
        .into_iter()
        .find(|known| *known == protocol)
        .ok_or(OfferError::UnsupportedProtocol)?;
    // What concerns the transport need not be said where there is none of its own (RFC 9143 section 7.1.3).
    if !attributes.has("rtcp-mux") && !bundle_only {
        return Err(OfferError::NoRtcpMux);
    }
    let mid = attributes.value("mid").ok_or(OfferError::Missing("a=mid"))?;
    if !is_token(mid, MAX_MID_BYTES) {
        return Err(OfferError::Malformed("a=mid"));
    }
    let direction = Direction::of(attributes)
        .or_else(|| Direction::of(session))
        .unwrap_or(Direction::SendRecv);
    let mut extensions = ExtensionIds::default();
    for value in attributes.values("extmap").chain(session.values("extmap")) {
        extensions.add(value, direction)?;
    }
    if extensions.collide() {
        return Err(OfferError::Malformed("a=extmap"));
    }
    Ok(OfferedMedia {
        mid: mid.to_owned(),
        kind,
        protocol,
        direction: Direction::of(attributes)
            .or_else(|| Direction::of(session))
            .unwrap_or(Direction::SendRecv),
        codecs: codec::read(kind, &section.media_name.formats, attributes)?,
        extensions,
        rids: simulcast::read(attributes)?,
        sources: read_sources(attributes)?,
        reduced_size_rtcp: attributes.has("rtcp-rsize"),
    })
}

/// Section names and payload types must be unambiguous, since all sections share one connection (RFC 9143 section 9):
/// a number may stand in several sections, but only for the same codec.
fn check_unique(media: &[OfferedMedia]) -> Result<(), OfferError> {
    let mut meanings = Vec::new();
    for (i, section) in media.iter().enumerate() {
        if media.iter().take(i).any(|earlier| earlier.mid == section.mid) {
            return Err(OfferError::Malformed("a=mid"));
        }
        for codec in &section.codecs {
            let rtx = codec.rtx.map(|number| (number, i, codec.parameters, true));
            for meaning in std::iter::once((codec.payload_type, i, codec.parameters, false)).chain(rtx) {
                let (number, section, parameters, is_rtx) = meaning;
                let is_other =
                    |&(n, s, p, r): &(u8, usize, _, _)| n == number && (s == section || p != parameters || r != is_rtx);
                if meanings.iter().any(is_other) {
                    return Err(OfferError::AmbiguousPayloadType);
                }
                meanings.push(meaning);
            }
        }
    }
    Ok(())
}

/// The names in the BUNDLE group.
fn bundle_group<'a>(session: Attributes<'a>) -> Option<Vec<&'a str>> {
    session.values("group").find_map(|value| {
        let mut words = value.split_ascii_whitespace();
        (words.next() == Some("BUNDLE")).then(|| words.collect())
    })
}

/// The position of the section whose ICE and DTLS attributes hold for all: the first one that the BUNDLE group names
/// (RFC 9143 section 7.2).
fn tagged_section(session: Attributes<'_>, media: &[OfferedMedia]) -> Result<usize, OfferError> {
    const WRONG: OfferError = OfferError::Malformed("a=group");
    let Some(group) = bundle_group(session) else {
        return if media.len() == 1 {
            Ok(0)
        } else {
            Err(OfferError::NotBundled)
        };
    };
    if group.iter().any(|mid| media.iter().all(|section| section.mid != *mid)) {
        return Err(WRONG);
    }
    if media.iter().any(|section| !group.contains(&section.mid.as_str())) {
        return Err(OfferError::NotBundled);
    }
    media
        .iter()
        .position(|section| Some(&section.mid.as_str()) == group.first())
        .ok_or(WRONG)
}

fn read_fingerprints(attributes: Attributes<'_>) -> Result<Vec<Fingerprint>, OfferError> {
    if !attributes.has("fingerprint") {
        return Err(OfferError::Missing("a=fingerprint"));
    }
    let mut fingerprints = Vec::new();
    for value in attributes.values("fingerprint").take(MAX_FINGERPRINTS) {
        fingerprints.extend(Fingerprint::parse(value)?);
    }
    if fingerprints.is_empty() {
        Err(OfferError::UnsupportedFingerprint)
    } else {
        Ok(fingerprints)
    }
}

fn read_sources(attributes: Attributes<'_>) -> Result<Vec<Source>, OfferError> {
    let number = |word: &str, wrong| word.parse::<u32>().map_err(|_| wrong);
    let mut sources: Vec<Source> = Vec::new();
    for value in attributes.values("ssrc") {
        let wrong = OfferError::Malformed("a=ssrc");
        let ssrc = number(value.split(' ').next().unwrap_or(value), wrong)?;
        if sources.len() < MAX_SOURCES && sources.iter().all(|source| source.ssrc != ssrc) {
            sources.push(Source { ssrc, rtx: None });
        }
    }
    for value in attributes.values("ssrc-group") {
        let wrong = OfferError::Malformed("a=ssrc-group");
        let words: Vec<&str> = value.split_ascii_whitespace().collect();
        let ["FID", ssrc, rtx] = words.as_slice() else { continue };
        let (ssrc, rtx) = (number(ssrc, wrong)?, number(rtx, wrong)?);
        sources.retain(|source| source.ssrc != rtx);
        if let Some(source) = sources.iter_mut().find(|source| source.ssrc == ssrc) {
            source.rtx = Some(rtx);
        }
    }
    Ok(sources)
}

/// What a section of a WebRTC offer may be sent over (RFC 8829 section 5.1.2).
const PROTOCOLS: [&str; 4] = [
    "UDP/TLS/RTP/SAVPF",
    "UDP/TLS/RTP/SAVP",
    "TCP/TLS/RTP/SAVPF",
    "RTP/SAVPF",
];

/// A class has two; more are refused one by one with a better reason.
const MAX_SECTIONS: usize = 16;

/// Real ones have one to seven; some services take a UUID.
const MAX_MID_BYTES: usize = 64;

/// One certificate hashed in every accepted way, with room for those that are not accepted.
const MAX_FINGERPRINTS: usize = 8;

/// Three layers with retransmission are six.
const MAX_SOURCES: usize = 16;

#[cfg(test)]
mod tests {
    use super::super::samples::sample;
    use super::*;

    /// A reason, and how a real offer must change to meet it: what is replaced everywhere, and by what.
    const REFUSED: &[(OfferError, &str, &str)] = &[
        (OfferError::NotText, "s=-", "s=\0"),
        (OfferError::NotText, "s=-", "s=a\rb"),
        (OfferError::NotSdp, "v=0\r\n", ""),
        (OfferError::NotSdp, "v=0", "v=1"),
        (OfferError::NotSdp, "o=", "u=not a place\r\no="),
        (OfferError::NotSdp, "t=0 0", "t=never"),
        (OfferError::NotSdp, "t=0 0\r\n", "t=0 0\r\nA=1\r\n"),
        (OfferError::NotSdp, "t=0 0\r\n", "t=0 0\r\nhello\r\n"),
        (OfferError::NotSdp, "m=audio 40401", "m=audio 99999"),
        (OfferError::Malformed("m= line"), "SAVPF 111 63", "SAVPF 111 111"),
        (OfferError::Malformed("m= line"), "SAVPF 111 63", "SAVPF 128 63"),
        (
            OfferError::Missing("a=rtpmap for a payload type"),
            "a=rtpmap:111 opus/48000/2\r\n",
            "",
        ),
        (OfferError::Malformed("a=rtpmap"), "opus/48000/2", "opus"),
        (
            OfferError::Malformed("a=rtpmap"),
            "a=rtpmap:63 red/48000/2",
            "a=rtpmap:111 red/48000/2",
        ),
        (OfferError::Malformed("a=fmtp"), "a=fmtp:111 ", "a=fmtp:one "),
        (
            OfferError::Malformed("a=rtcp-fb"),
            "a=rtcp-fb:111 transport-cc",
            "a=rtcp-fb:111",
        ),
        (OfferError::Malformed("a=extmap"), "a=extmap:1 ", "a=extmap:one "),
        (OfferError::Malformed("a=extmap"), "a=extmap:3 ", "a=extmap:4 "),
        (OfferError::Malformed("a=ssrc"), "a=ssrc:", "a=ssrc:-"),
        (
            OfferError::Malformed("a=ssrc-group"),
            "a=ssrc-group:FID ",
            "a=ssrc-group:FID -",
        ),
        (OfferError::Missing("a=mid"), "a=mid:0\r\n", ""),
        (OfferError::Malformed("a=mid"), "a=mid:1", "a=mid:0"),
        (OfferError::Malformed("a=mid"), "a=mid:0", "a=mid:a b"),
        (OfferError::Malformed("a=group"), "BUNDLE 0 1", "BUNDLE 0 1 2"),
        (OfferError::NotBundled, "BUNDLE 0 1", "BUNDLE 0"),
        (OfferError::NotBundled, "a=group:BUNDLE 0 1", "a=group:LS 0 1"),
        (OfferError::NoRtcpMux, "a=rtcp-mux\r\n", ""),
        (OfferError::UnsupportedProtocol, "UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        (OfferError::SwitchedOff, "m=audio 40401", "m=audio 0"),
        (OfferError::UnsupportedMedia, "m=audio 40401", "m=text 40401"),
        (
            OfferError::UnsupportedMedia,
            "m=audio 40401 UDP/TLS/RTP/SAVPF",
            "m=application 9 UDP/DTLS/SCTP",
        ),
        (OfferError::AmbiguousPayloadType, "111", "96"),
        (OfferError::Missing("a=ice-ufrag"), "a=ice-ufrag:uFyp\r\n", ""),
        (OfferError::Missing("a=ice-pwd"), "a=ice-pwd:", "a=x-pwd:"),
        (
            OfferError::Malformed("a=ice-ufrag or a=ice-pwd"),
            "ice-ufrag:uFyp",
            "ice-ufrag:uFy",
        ),
        (
            OfferError::Malformed("a=ice-ufrag or a=ice-pwd"),
            "ice-ufrag:uFyp",
            "ice-ufrag:uF:yp",
        ),
        (OfferError::Missing("a=fingerprint"), "a=fingerprint:", "a=x:"),
        (
            OfferError::UnsupportedFingerprint,
            "fingerprint:sha-256",
            "fingerprint:sha-1",
        ),
        (
            OfferError::Malformed("a=fingerprint"),
            "fingerprint:sha-256",
            "fingerprint:sha-384",
        ),
        (
            OfferError::Malformed("a=fingerprint"),
            "fingerprint:sha-256 44:",
            "fingerprint:sha-256 +4:",
        ),
        (OfferError::Missing("a=setup"), "a=setup:actpass\r\n", ""),
        (OfferError::UnsupportedSetup, "setup:actpass", "setup:holdconn"),
        (OfferError::Malformed("a=setup"), "setup:actpass", "setup:both"),
    ];

    #[test]
    fn every_fault_has_its_reason() {
        let good = sample("chromium-publish");
        for (reason, from, to) in REFUSED {
            assert!(good.contains(from), "{from:?} is in the sample");
            assert_eq!(
                parse(good.replace(from, to).as_bytes()).unwrap_err(),
                *reason,
                "{from:?} -> {to:?}"
            );
        }
        assert_eq!(parse(b"").unwrap_err(), OfferError::Empty);
        assert_eq!(parse(b"\r\n \r\n").unwrap_err(), OfferError::Empty);
        assert_eq!(parse(&[b'a'; MAX_BYTES + 1]).unwrap_err(), OfferError::TooLarge);
        assert_eq!(parse(b"v=0\r\n\xff\r\n").unwrap_err(), OfferError::NotText);
        assert_eq!(parse(good.trim_end().as_bytes()).unwrap_err(), OfferError::Truncated);
        let (session, _) = good.split_once("m=").unwrap();
        assert_eq!(parse(session.as_bytes()).unwrap_err(), OfferError::NoMedia);
        let many = format!("{session}{}", "m=audio 9 RTP/SAVPF 0\r\n".repeat(MAX_SECTIONS + 1));
        assert_eq!(parse(many.as_bytes()).unwrap_err(), OfferError::TooManySections);
    }

    #[test]
    fn what_is_unknown_is_passed_over() {
        let plain = parse(sample("chromium-publish").as_bytes()).unwrap();
        for (from, to) in [
            ("a=rtcp-rsize", "a=rtcp-rsize\r\na=new-thing:1 2 3"),
            ("\r\n", "\n"),
            ("a=fingerprint:", "a=fingerprint:sha-999 xyz\r\na=fingerprint:"),
            ("a=group:BUNDLE", "a=group:LS 0 1\r\na=group:BUNDLE"),
            (
                "a=extmap:1 ",
                "a=extmap:4096 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:1 ",
            ),
        ] {
            let offer = parse(sample("chromium-publish").replace(from, to).as_bytes()).expect(to);
            assert_eq!(format!("{:?}", offer.media), format!("{:?}", plain.media), "{to:?}");
        }
    }

    #[test]
    fn what_a_browser_offers_is_understood() {
        let offer = parse(sample("chromium-publish").as_bytes()).unwrap();
        assert_eq!(
            (offer.ice.ufrag.as_str(), offer.ice.pwd.as_str()),
            ("uFyp", "IJhZfeVcQyZ7FMzVywwj+hcN")
        );
        assert_eq!(offer.setup, Setup::Actpass);
        let [audio, video] = offer.media.as_slice() else {
            panic!("two sections")
        };
        assert_eq!(
            (audio.kind, audio.direction, audio.codecs.len()),
            (Kind::Audio, Direction::SendOnly, 1)
        );
        assert_eq!(
            (video.kind, video.mid.as_str(), video.codecs.len()),
            (Kind::Video, "1", 10)
        );
        assert_eq!(
            video.sources,
            [Source {
                ssrc: 3_025_833_793,
                rtx: Some(86_819_229)
            }]
        );
        assert_eq!(
            (
                video.extensions.mid,
                video.extensions.transport_cc,
                video.extensions.rid
            ),
            (Some(4), Some(3), Some(10))
        );
        assert_eq!(
            parse(sample("ffmpeg-publish").as_bytes()).unwrap().setup,
            Setup::Passive
        );
        // Firefox and libdatachannel put the fingerprint at the session level; aiortc gives three.
        assert_eq!(parse(sample("firefox-view").as_bytes()).unwrap().fingerprints.len(), 1);
        assert_eq!(parse(sample("aiortc-view").as_bytes()).unwrap().fingerprints.len(), 3);
        // GStreamer's second section has port 0 and is bundle-only.
        assert_eq!(parse(sample("gstreamer-publish").as_bytes()).unwrap().media.len(), 2);
    }

    #[test]
    fn a_section_without_its_own_transport_need_not_repeat_it() {
        let text = sample("gstreamer-publish");
        let (tagged, bundled) = text.split_once("m=audio").unwrap();
        let transport = ["a=setup", "a=ice-", "a=rtcp-mux", "a=fingerprint", "a=candidate"];
        let bare = bundled
            .split_inclusive('\n')
            .filter(|line| !transport.iter().any(|start| line.starts_with(start)));
        let offer = parse(format!("{tagged}m=audio{}", bare.collect::<String>()).as_bytes()).unwrap();
        assert_eq!(offer.ice, parse(text.as_bytes()).unwrap().ice);
        assert_eq!(offer.media.len(), 2);
    }

    #[test]
    fn a_password_does_not_print() {
        let offer = parse(sample("chromium-publish").as_bytes()).unwrap();
        assert!(!format!("{offer:?}").contains(&offer.ice.pwd));
    }
}
