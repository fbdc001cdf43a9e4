//! Offers as browsers write them, and what is made of them to try a rule.

/// A publisher's offer: Opus, and H.264 and VP8.
pub(crate) fn publish() -> String {
    build("sendonly", &video(&["H264", "VP8"]))
}

/// A viewer's offer: Opus, and all the video codecs that browsers play.
pub(crate) fn view() -> String {
    build("recvonly", &video(&VIDEO_CODECS))
}

/// A viewer's offer of Opus and this video codec alone.
pub(crate) fn view_one(codec: &str) -> String {
    build("recvonly", &video(&[codec]))
}

/// The codecs of [`view`]'s video, as an answer names them.
pub(crate) const VIDEO_CODECS: [&str; 4] = ["H264", "VP8", "VP9", "AV1"];

/// Two m-lines of kind video.
pub(crate) fn two_videos(offer: &str) -> String {
    let Some(at) = offer.find("m=video") else {
        return offer.to_owned();
    };
    let second = offer.get(at..).unwrap_or_default().replace("a=mid:1", "a=mid:2");
    offer.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + &second
}

/// Only codecs that nobody has.
pub(crate) fn unheard_of(offer: &str) -> String {
    let offer = ["H264/", "VP8/", "VP9/", "AV1/", "opus/"]
        .iter()
        .fold(offer.to_owned(), |text, name| text.replace(name, "X-NONE/"));
    let is_fmtp = |line: &&str| line.starts_with("a=fmtp:");
    offer.split_inclusive('\n').filter(|line| !is_fmtp(line)).collect()
}

/// A publisher's offer of three encodings, the last one paused (RFC 8853 section 5.1).
pub(crate) fn simulcast() -> String {
    publish() + "a=rid:q send\r\na=rid:h send\r\na=rid:f send\r\na=simulcast:send q;h;~f\r\n"
}

/// New credentials for the session, as a client sends to restart ICE (RFC 8840 section 4.4).
pub(crate) fn restart() -> String {
    let (ufrag, pwd) = (random(4), random(12));
    format!(
        "a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n\
         a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n\
         a=candidate:1 1 udp 2122260223 192.0.2.1 61764 typ host\r\na=end-of-candidates\r\n"
    )
}

/// Candidates that come later, with the credentials of `offer`. `lines` stand before the good one.
pub(crate) fn trickle(offer: &str, lines: &str) -> String {
    let (ufrag, pwd) = crate::sdp::credentials(offer).unwrap_or_default();
    let mid = crate::sdp::Description::read(offer)
        .all("mid")
        .first()
        .copied()
        .unwrap_or("0")
        .to_owned();
    format!(
        "a=group:BUNDLE 0 1\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:{mid}\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\n\
         {lines}a=candidate:1387637174 1 udp 2122260223 192.0.2.1 61764 typ host generation 0\r\n"
    )
}

/// So many random bytes, as text of twice the length.
pub(crate) fn random(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).expect("the system has random numbers");
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn build(direction: &str, video: &str) -> String {
    let (ufrag, pwd, session) = (random(4), random(12), random(8));
    let id = u64::from_str_radix(&session, 16).unwrap_or_default() >> 1;
    let mut offer =
        format!("v=0\r\no=- {id} 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\na=extmap-allow-mixed\r\n");
    for (mid, section) in [AUDIO, video].into_iter().enumerate() {
        let common = format!(
            "c=IN IP4 0.0.0.0\r\na=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=ice-options:trickle\r\n\
             a=fingerprint:sha-256 {FINGERPRINT}\r\na=setup:actpass\r\na=mid:{mid}\r\na={direction}\r\n\
             a=rtcp-mux\r\na=rtcp-mux-only\r\na=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid\r\n"
        );
        let (media, rest) = section.split_once("\r\n").unwrap_or((section, ""));
        offer += &format!("{media}\r\n{common}{rest}");
        if direction == "sendonly" {
            let ssrc = 1_000_000 + mid;
            offer += &format!("a=msid:class track{mid}\r\na=ssrc:{ssrc} cname:conformance\r\n");
        }
    }
    offer
}

/// An m-line of these codecs.
fn video(codecs: &[&str]) -> String {
    let known = || (96..).zip(VIDEO_CODECS).filter(|(_, name)| codecs.contains(name));
    let mut section = String::from("m=video 9 UDP/TLS/RTP/SAVPF");
    for (payload_type, _) in known() {
        section += &format!(" {payload_type}");
    }
    section += "\r\na=extmap:10 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\na=rtcp-rsize\r\n";
    for (number, name) in known() {
        section +=
            &format!("a=rtpmap:{number} {name}/90000\r\na=rtcp-fb:{number} nack\r\na=rtcp-fb:{number} nack pli\r\n");
        match name {
            "H264" => {
                section += &format!(
                    "a=fmtp:{number} level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n"
                );
            }
            "VP9" => section += &format!("a=fmtp:{number} profile-id=0\r\n"),
            _ => {}
        }
    }
    section
}

/// Of a certificate that nobody has.
pub(crate) const FINGERPRINT: &str =
    "DA:7B:57:DC:28:CE:04:4F:31:79:85:C4:31:67:EB:27:58:29:ED:77:2A:0D:24:AE:ED:AD:30:BC:BD:F1:9C:02";

const AUDIO: &str = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
    a=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sdp::Description;

    #[test]
    fn offers_are_what_they_say() {
        let (publish, view) = (publish(), view());
        for (offer, direction, codecs) in [
            (&publish, "sendonly", &["H264", "VP8"][..]),
            (&view, "recvonly", &VIDEO_CODECS[..]),
        ] {
            let read = Description::read(offer);
            assert_eq!(read.bundle(), ["0", "1"]);
            assert!(read.sections.iter().all(|section| section.direction() == direction));
            assert_eq!(read.sections[1].codecs(), codecs);
            assert!(offer.lines().all(|line| line.len() > 2 && line.as_bytes()[1] == b'='));
        }
        for codec in VIDEO_CODECS {
            let one = view_one(codec);
            assert_eq!(Description::read(&one).sections[1].codecs(), [codec], "{one}");
        }
        assert_eq!(Description::read(&two_videos(&publish)).sections.len(), 3);
        let none = unheard_of(&view);
        assert_eq!(Description::read(&none).sections[1].codecs(), ["X-NONE"; 4]);
        assert!(!none.contains("fmtp"));
    }
}
