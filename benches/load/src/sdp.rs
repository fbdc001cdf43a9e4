//! The session descriptions of a browser-like client: its offers, its answer to a server's offer, and what it reads of
//! the other side's. Only as much as a client needs that never shows a picture (RFC 8866, RFC 8829, RFC 8839).

use anyhow::{Context, Result, bail, ensure};
use lectern_media::codec::{Codec, Kind};
use lectern_media::peer::sdp::{Fingerprint, HashFunction};
use std::fmt::Write as _;
use std::net::{IpAddr, SocketAddr};

/// Remote candidates that are tried.
const MAX_CANDIDATES: usize = 8;

const TRANSPORT_CC: &str = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01";
const MID: &str = "urn:ietf:params:rtp-hdrext:sdes:mid";

/// Our side of the transport.
#[derive(Clone, Debug)]
pub(crate) struct Local {
    /// ICE user name fragment.
    pub(crate) ufrag: String,
    /// ICE password.
    pub(crate) pwd: String,
    /// Of the certificate that all connections of the tester show.
    pub(crate) fingerprint: Fingerprint,
    /// Where the socket can be reached.
    pub(crate) address: SocketAddr,
}

/// What a payload type carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Payload {
    /// Sound or picture.
    Media(Codec),
    /// Retransmissions of the section's kind (RFC 4588).
    Rtx(Kind),
}

/// The other side's description.
#[derive(Clone, Debug)]
pub(crate) struct Remote {
    pub(crate) ufrag: String,
    pub(crate) pwd: String,
    pub(crate) fingerprints: Vec<Fingerprint>,
    /// `active`, `passive` or `actpass`.
    pub(crate) setup: String,
    pub(crate) is_lite: bool,
    /// UDP, best first.
    pub(crate) candidates: Vec<SocketAddr>,
    pub(crate) payloads: Vec<(u8, Payload)>,
    /// The id of the transport-wide number, where it was agreed on.
    pub(crate) transport_cc: Option<u8>,
    sections: Vec<Section>,
}

/// One m-line.
#[derive(Clone, Debug)]
struct Section {
    kind: Option<Kind>,
    mid: String,
    /// Attribute lines that an answer repeats: rtpmap, fmtp, rtcp-fb, extmap.
    formats: Vec<String>,
    payload_types: String,
}

/// What a browser offers that wants to watch: Opus, and the picture in H.264, VP8, VP9 or AV1.
pub(crate) fn view_offer(local: &Local, origin: u64) -> String {
    let mut text = head(origin);
    media(&mut text, local, "audio", "0", "111", "recvonly", "actpass");
    text.push_str(OPUS);
    let video = "96 97 98 99 102 103 108 109 116 117 112 113 45 46";
    media(&mut text, local, "video", "1", video, "recvonly", "actpass");
    for (payload_type, codec, parameters) in [
        (96, "VP8", ""),
        (98, "VP9", "profile-id=0"),
        (
            102,
            "H264",
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f",
        ),
        (
            108,
            "H264",
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f",
        ),
        (
            116,
            "H264",
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=4d001f",
        ),
        (
            112,
            "H264",
            "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=64001f",
        ),
        (45, "AV1", "level-idx=5;profile=0;tier=0"),
    ] {
        video_codec(&mut text, payload_type, codec, parameters);
    }
    text
}

/// What a browser offers that sends H.264 of this profile, and Opus if there is sound.
pub(crate) fn publish_offer(local: &Local, origin: u64, profile: [u8; 3], ssrcs: (u32, Option<u32>)) -> String {
    let mut text = if ssrcs.1.is_some() {
        head(origin)
    } else {
        head(origin).replace("BUNDLE 0 1", "BUNDLE 1")
    };
    let source = |text: &mut String, ssrc: u32, track: &str| {
        let _ = write!(
            text,
            "a=msid:lectern-load {track}\r\na=ssrc:{ssrc} cname:lectern-load\r\n"
        );
    };
    if let Some(ssrc) = ssrcs.1 {
        media(&mut text, local, "audio", "0", "111", "sendonly", "actpass");
        text.push_str(OPUS);
        source(&mut text, ssrc, "audio");
    }
    media(&mut text, local, "video", "1", "102", "sendonly", "actpass");
    let parameters = format!(
        "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={}",
        hex::encode(profile)
    );
    let mut codec = String::new();
    video_codec(&mut codec, 102, "H264", &parameters);
    // Retransmissions come byte for byte, so no RTX is offered.
    let rtx = codec.find("a=rtpmap:103").unwrap_or(codec.len());
    text.push_str(&codec[..rtx]);
    source(&mut text, ssrcs.0, "video");
    text
}

/// Our answer to a server's offer: every section as it was offered, received.
pub(crate) fn view_answer(local: &Local, origin: u64, offer: &Remote) -> String {
    let mids: Vec<&str> = offer.sections.iter().map(|section| section.mid.as_str()).collect();
    let mut text = head(origin).replace("BUNDLE 0 1", &format!("BUNDLE {}", mids.join(" ")));
    for section in &offer.sections {
        let kind = if section.kind == Some(Kind::Audio) {
            "audio"
        } else {
            "video"
        };
        let setup = if offer.setup == "active" { "passive" } else { "active" };
        media(
            &mut text,
            local,
            kind,
            &section.mid,
            &section.payload_types,
            "recvonly",
            setup,
        );
        // The extensions that `media` names are ours; here they are the offer's.
        text.truncate(text.rfind("a=extmap:3 ").unwrap_or(text.len()));
        for line in &section.formats {
            let _ = write!(text, "{line}\r\n");
        }
    }
    text
}

const OPUS: &str =
    "a=rtpmap:111 opus/48000/2\r\na=rtcp-fb:111 transport-cc\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";

fn head(origin: u64) -> String {
    format!(
        "v=0\r\no=- {origin} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\n\
         a=msid-semantic: WMS\r\n"
    )
}

fn media(text: &mut String, local: &Local, kind: &str, mid: &str, formats: &str, direction: &str, setup: &str) {
    let Local {
        ufrag,
        pwd,
        fingerprint,
        address,
    } = local;
    let (ip, port) = (address.ip(), address.port());
    let family = if ip.is_ipv4() { 4 } else { 6 };
    let _ = write!(
        text,
        "m={kind} {port} UDP/TLS/RTP/SAVPF {formats}\r\nc=IN IP{family} {ip}\r\na=rtcp:9 IN IP4 0.0.0.0\r\n\
         a=candidate:1 1 udp 2122260223 {ip} {port} typ host generation 0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n\
         a=ice-options:trickle\r\na=fingerprint:{fingerprint}\r\na=setup:{setup}\r\na=mid:{mid}\r\na={direction}\r\n\
         a=rtcp-mux\r\na=rtcp-rsize\r\na=extmap:3 {TRANSPORT_CC}\r\na=extmap:4 {MID}\r\n"
    );
}

fn video_codec(text: &mut String, payload_type: u8, codec: &str, parameters: &str) {
    let _ = write!(text, "a=rtpmap:{payload_type} {codec}/90000\r\n");
    for feedback in ["transport-cc", "ccm fir", "nack", "nack pli"] {
        let _ = write!(text, "a=rtcp-fb:{payload_type} {feedback}\r\n");
    }
    if !parameters.is_empty() {
        let _ = write!(text, "a=fmtp:{payload_type} {parameters}\r\n");
    }
    let rtx = payload_type + 1;
    let _ = write!(text, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={payload_type}\r\n");
}

impl Remote {
    /// Reads an answer or an offer.
    ///
    /// # Errors
    /// It is none, or lacks what a connection needs.
    pub(crate) fn parse(text: &str) -> Result<Remote> {
        let value = |name: &str| {
            text.lines()
                .find_map(|line| line.trim_end().strip_prefix(name))
                .map(str::to_owned)
        };
        ensure!(text.starts_with("v=0"), "what the server sent is not SDP");
        let mut remote = Remote {
            ufrag: value("a=ice-ufrag:").context("the server's SDP has no ice-ufrag")?,
            pwd: value("a=ice-pwd:").context("the server's SDP has no ice-pwd")?,
            fingerprints: text.lines().filter_map(fingerprint).collect(),
            setup: value("a=setup:").unwrap_or_else(|| "actpass".to_owned()),
            is_lite: text.lines().any(|line| line.trim_end() == "a=ice-lite"),
            candidates: candidates(text),
            payloads: Vec::new(),
            transport_cc: None,
            sections: Vec::new(),
        };
        for part in text.split("\nm=").skip(1) {
            remote.take_section(part);
        }
        ensure!(
            !remote.fingerprints.is_empty(),
            "the server's SDP has no fingerprint that is known"
        );
        if remote.candidates.is_empty() {
            bail!("the server's SDP has no UDP candidate; servers that only trickle theirs cannot be tested");
        }
        Ok(remote)
    }

    fn take_section(&mut self, part: &str) {
        let mut lines = part.lines().map(str::trim_end);
        let mut words = lines.next().unwrap_or_default().split(' ');
        let kind = match words.next() {
            Some("audio") => Some(Kind::Audio),
            Some("video") => Some(Kind::Video),
            _ => None,
        };
        let is_refused = words.next() == Some("0");
        let payload_types: Vec<&str> = words.skip(1).collect();
        let mut section = Section {
            kind,
            mid: String::new(),
            formats: Vec::new(),
            payload_types: payload_types.join(" "),
        };
        for line in lines {
            let is_format = ["a=rtpmap:", "a=fmtp:", "a=rtcp-fb:", "a=extmap:"]
                .iter()
                .any(|name| line.starts_with(name));
            if is_format {
                section.formats.push(line.to_owned());
            }
            if let Some(mid) = line.strip_prefix("a=mid:") {
                section.mid = mid.to_owned();
            }
            if let Some((id, uri)) = line.strip_prefix("a=extmap:").and_then(|rest| rest.split_once(' '))
                && uri.starts_with(TRANSPORT_CC)
            {
                self.transport_cc = id.split('/').next().and_then(|id| id.parse().ok());
            }
            if let (Some(kind), Some(map), false) = (kind, line.strip_prefix("a=rtpmap:"), is_refused) {
                self.payloads.extend(payload(kind, map));
            }
        }
        self.sections.push(section);
    }

    /// What a payload type is called by in the agreement.
    pub(crate) fn payload(&self, payload_type: u8) -> Option<Payload> {
        self.payloads
            .iter()
            .find(|(known, _)| *known == payload_type)
            .map(|(_, payload)| *payload)
    }

    /// The first payload type of a codec.
    pub(crate) fn payload_type(&self, codec: Codec) -> Option<u8> {
        self.payloads
            .iter()
            .find(|(_, payload)| *payload == Payload::Media(codec))
            .map(|(payload_type, _)| *payload_type)
    }
}

fn payload(kind: Kind, map: &str) -> Option<(u8, Payload)> {
    let (payload_type, name) = map.split_once(' ')?;
    let payload = match name.split('/').next()?.to_ascii_lowercase().as_str() {
        "opus" => Payload::Media(Codec::Opus),
        "h264" => Payload::Media(Codec::H264),
        "h265" => Payload::Media(Codec::H265),
        "vp8" => Payload::Media(Codec::Vp8),
        "vp9" => Payload::Media(Codec::Vp9),
        "av1" => Payload::Media(Codec::Av1),
        "rtx" => Payload::Rtx(kind),
        _ => return None,
    };
    Some((payload_type.parse().ok()?, payload))
}

fn fingerprint(line: &str) -> Option<Fingerprint> {
    let (algorithm, digits) = line.trim_end().strip_prefix("a=fingerprint:")?.split_once(' ')?;
    let algorithm = match algorithm.to_ascii_lowercase().as_str() {
        "sha-256" => HashFunction::Sha256,
        "sha-384" => HashFunction::Sha384,
        "sha-512" => HashFunction::Sha512,
        _ => return None,
    };
    let bytes = hex::decode(digits.trim().replace(':', "")).ok()?;
    Some(Fingerprint { algorithm, bytes })
}

/// UDP candidates by falling priority, each once.
fn candidates(text: &str) -> Vec<SocketAddr> {
    let mut found: Vec<(u32, SocketAddr)> = text.lines().filter_map(candidate).collect();
    found.sort_by_key(|(priority, _)| std::cmp::Reverse(*priority));
    let mut addresses = Vec::new();
    for (_, address) in found {
        if !addresses.contains(&address) && addresses.len() < MAX_CANDIDATES {
            addresses.push(address);
        }
    }
    addresses
}

fn candidate(line: &str) -> Option<(u32, SocketAddr)> {
    let words: Vec<&str> = line.trim_end().strip_prefix("a=candidate:")?.split(' ').collect();
    let [_, "1", transport, priority, ip, port, ..] = words[..] else {
        return None;
    };
    if !transport.eq_ignore_ascii_case("udp") {
        return None;
    }
    let address = SocketAddr::new(ip.parse::<IpAddr>().ok()?, port.parse().ok()?);
    Some((priority.parse().ok()?, address))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lectern_media::peer::sdp;

    fn local() -> Local {
        Local {
            ufrag: "ours".into(),
            pwd: "ourpasswordourpasswordour".into(),
            fingerprint: Fingerprint {
                algorithm: HashFunction::Sha256,
                bytes: vec![7; 32],
            },
            address: "127.0.0.1:4000".parse().unwrap(),
        }
    }

    #[test]
    fn the_engine_takes_our_offers() {
        let view = view_offer(&local(), 1);
        let offer = sdp::parse(view.as_bytes()).unwrap();
        let negotiated = sdp::negotiate_view(&offer).unwrap();
        assert_eq!(negotiated.len(), 2);
        for sound in [Some(2), None] {
            let publish = publish_offer(&local(), 1, [0x42, 0xe0, 0x1f], (1, sound));
            let offer = sdp::parse(publish.as_bytes()).unwrap();
            let negotiated = sdp::negotiate_publish(&offer, true).unwrap();
            assert_eq!(negotiated.len(), 1 + usize::from(sound.is_some()));
        }
    }

    #[test]
    fn an_answer_is_read() {
        let answer = "v=0\r\ns=-\r\na=ice-lite\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
            a=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 00:FF\r\na=setup:passive\r\n\
            a=extmap:5 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\na=rtpmap:111 opus/48000/2\r\n\
            a=candidate:1 1 udp 100 192.0.2.1 8189 typ host\r\na=candidate:1 1 tcp 900 192.0.2.1 8189 typ host\r\n\
            m=video 9 UDP/TLS/RTP/SAVPF 102 103\r\na=rtpmap:102 H264/90000\r\na=rtpmap:103 rtx/90000\r\n\
            a=candidate:2 1 UDP 200 2001:db8::1 8189 typ host\r\na=candidate:9 2 udp 900 192.0.2.9 1 typ host\r\n";
        let remote = Remote::parse(answer).unwrap();
        assert!(remote.is_lite && remote.setup == "passive" && remote.transport_cc == Some(5));
        assert_eq!(
            remote.candidates,
            ["[2001:db8::1]:8189", "192.0.2.1:8189"].map(|a| a.parse().unwrap())
        );
        assert_eq!(remote.payload(103), Some(Payload::Rtx(Kind::Video)));
        assert_eq!(remote.payload_type(Codec::H264), Some(102));
        assert_eq!(remote.fingerprints[0].bytes, [0, 255]);
        let ours = view_answer(&local(), 1, &remote);
        assert!(
            ours.contains("a=setup:active") && ours.contains("m=video 4000 UDP/TLS/RTP/SAVPF 102 103"),
            "{ours}"
        );
        assert!(ours.contains("a=rtpmap:103 rtx/90000") && ours.contains("a=extmap:5 ") && !ours.contains("extmap:3"));
    }

    #[test]
    fn what_cannot_be_used_is_told_in_words() {
        for (text, want) in [
            ("<html>", "not SDP"),
            ("v=0\r\n", "ice-ufrag"),
            ("v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\n", "fingerprint"),
            (
                "v=0\r\na=ice-ufrag:u\r\na=ice-pwd:p\r\na=fingerprint:sha-256 00\r\n",
                "UDP candidate",
            ),
        ] {
            let error = Remote::parse(text).unwrap_err().to_string();
            assert!(error.contains(want), "{error}");
        }
    }
}
