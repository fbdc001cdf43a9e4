//! SDP fragments by PATCH (`application/trickle-ice-sdpfrag`, RFC 8840): candidates that come later, and an ICE
//! restart (RFC 9725 section 4.3).

use super::answer::{ICE_OPTIONS, write_candidates};
use super::attribute::{IceCredentials, is_token, kind_name};
use super::candidate::Candidate;
use super::negotiate::Negotiated;
use std::fmt::{self, Write as _};

/// The largest fragment that is read.
pub const MAX_BYTES: usize = 16 * 1024;

/// The most candidates that are kept; later ones are dropped. A client has a few for each of its networks.
pub const MAX_CANDIDATES: usize = 64;

/// What a client sends after its offer.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Fragment {
    /// The credentials that the candidates belong to. Others than those of the offer ask for an ICE restart.
    pub ice: Option<IceCredentials>,
    /// Where the client may be reached, in order, at most [`MAX_CANDIDATES`]: only those that can be used.
    pub candidates: Vec<Candidate>,
    /// No more candidates will come.
    pub end_of_candidates: bool,
}

/// Why a fragment is refused: the client's fault, HTTP status 400 (413 when it is too large). Displays as a sentence
/// for the person who runs the client.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum FragmentError {
    /// There is nothing in it.
    #[error("The SDP fragment is empty.")]
    Empty,
    /// More than [`MAX_BYTES`].
    #[error("The SDP fragment is larger than 16 KiB.")]
    TooLarge,
    /// Not UTF-8, or with control characters such as NUL.
    #[error("The SDP fragment is not plain text in UTF-8.")]
    NotText,
    /// A line that cannot stand in a fragment, or cannot be understood.
    #[error("Line {0} of the SDP fragment is malformed.")]
    Malformed(u32),
    /// Only one of `a=ice-ufrag` and `a=ice-pwd`, or of illegal length or characters.
    #[error("The SDP fragment's a=ice-ufrag and a=ice-pwd do not form a pair.")]
    Credentials,
}

impl FragmentError {
    /// The HTTP status.
    pub fn status(&self) -> u16 {
        match self {
            FragmentError::TooLarge => 413,
            _ => 400,
        }
    }
}

/// Reads a fragment of at most [`MAX_BYTES`]. A candidate with an unknown transport, or with a name instead of an
/// address, is passed over, and the others count; a line that is not a candidate at all is refused.
pub fn parse(bytes: &[u8]) -> Result<Fragment, FragmentError> {
    if bytes.len() > MAX_BYTES {
        return Err(FragmentError::TooLarge);
    }
    let text = str::from_utf8(bytes).map_err(|_| FragmentError::NotText)?;
    if text.trim().is_empty() {
        return Err(FragmentError::Empty);
    }
    let mut fragment = Fragment::default();
    let mut ufrag = None;
    let mut pwd = None;
    for (line, number) in text.lines().zip(1u32..) {
        if line.chars().any(|c| c.is_control() && c != '\t') {
            return Err(FragmentError::NotText);
        }
        let malformed = FragmentError::Malformed(number);
        let line = line.trim_end();
        let Some(attribute) = line.strip_prefix("a=") else {
            if line.is_empty() || line.starts_with("m=") {
                continue;
            } else {
                return Err(malformed);
            }
        };
        match attribute.split_once(':').unwrap_or((attribute, "")) {
            ("ice-ufrag", value) => ufrag = ufrag.or(Some(value)),
            ("ice-pwd", value) => pwd = pwd.or(Some(value)),
            ("mid", value) if !is_token(value, 256) => return Err(malformed),
            ("candidate", value) => {
                let candidate = Candidate::parse(value).map_err(|_| malformed)?;
                let room = fragment.candidates.len() < MAX_CANDIDATES;
                fragment.candidates.extend(candidate.filter(|_| room));
            }
            ("end-of-candidates", _) => fragment.end_of_candidates = true,
            ("", _) => return Err(malformed),
            _ => {}
        }
    }
    fragment.ice = match (ufrag, pwd) {
        (None, None) => None,
        (Some(ufrag), Some(pwd)) => Some(IceCredentials::checked(ufrag, pwd).ok_or(FragmentError::Credentials)?),
        _ => return Err(FragmentError::Credentials),
    };
    Ok(fragment)
}

/// Writes the server's part of an ICE restart: its new credentials and all its candidates, for the first section of
/// the BUNDLE group, whose transport is that of all. Lines end with CR LF.
pub fn write_restart(negotiated: &[Negotiated], ice: &IceCredentials, candidates: &[Candidate]) -> String {
    let mut text = String::with_capacity(1024);
    write(&mut text, negotiated, ice, candidates).expect("writing to a String does not fail");
    text
}

fn write(out: &mut String, negotiated: &[Negotiated], ice: &IceCredentials, candidates: &[Candidate]) -> fmt::Result {
    write!(out, "a=ice-lite\r\n{ICE_OPTIONS}a=group:BUNDLE")?;
    negotiated
        .iter()
        .try_for_each(|agreed| write!(out, " {}", agreed.mid))?;
    out.push_str("\r\n");
    if let Some(first) = negotiated.first() {
        let kind = kind_name(first.kind);
        // A pseudo m-line: only its place counts (RFC 8840 section 4.4).
        write!(out, "m={kind} 9 RTP/AVP 0\r\na=mid:{}\r\n", first.mid)?;
    }
    write!(out, "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", ice.ufrag, ice.pwd)?;
    write_candidates(out, candidates)
}

#[cfg(test)]
mod tests {
    use super::super::samples::{ice, sample};
    use super::super::{Transport, negotiate_publish};
    use super::*;

    const TRICKLE: &str = "a=ice-ufrag:3fmL\r\na=ice-pwd:sxwfuSVM+bb2D6gPPcb/pbfr\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n\
        a=candidate:1 1 udp 2122194687 192.0.2.2 54905 typ host generation 0 ufrag 3fmL network-id 1\r\n\
        a=candidate:2 1 UDP 2122265343 2001:db8::2 41922 typ host\r\n\
        a=candidate:3 1 tcp 1518214911 192.0.2.2 9 typ host tcptype active generation 0\r\n\
        a=candidate:4 1 udp 1686052607 203.0.113.9 40000 typ srflx raddr 192.0.2.2 rport 54905\r\na=end-of-candidates\r\n";

    #[test]
    fn a_browsers_candidates_are_read() {
        let fragment = parse(TRICKLE.as_bytes()).unwrap();
        assert_eq!(fragment.ice.map(|ice| ice.ufrag), Some("3fmL".to_owned()));
        assert!(fragment.end_of_candidates);
        let read: Vec<(String, Transport)> = fragment
            .candidates
            .iter()
            .map(|c| (c.addr.to_string(), c.transport))
            .collect();
        let want = [
            ("192.0.2.2:54905", Transport::Udp),
            ("[2001:db8::2]:41922", Transport::Udp),
            ("192.0.2.2:9", Transport::TcpActive),
            ("203.0.113.9:40000", Transport::Udp),
        ];
        assert_eq!(read, want.map(|(addr, transport)| (addr.to_owned(), transport)));
    }

    #[test]
    fn good_lines_count_beside_those_that_cannot_be_used() {
        for (line, kept) in [
            ("a=mid:any-token_1.2~!*", 1),
            ("m=video 9 UDP/TLS/RTP/SAVPF 96", 1),
            ("a=candidate:9 1 sctp 1 192.0.2.9 1000 typ host", 1),
            (
                "a=candidate:9 1 udp 1 4f9c2a1e-66d1-4d4b-9c9a-1f3e5b7d9a10.local 1000 typ host",
                1,
            ),
            ("a=candidate:9 1 tcp 1 192.0.2.9 9 typ host", 1),
            ("a=candidate:9 2 udp 1 192.0.2.9 1000 typ host", 1),
            (
                "a=candidate:9 1 udp 1 192.0.2.9 1000 typ relay raddr 0.0.0.0 rport 0",
                2,
            ),
            ("a=new-attribute", 1),
            ("", 1),
        ] {
            let text = format!("{line}\r\na=candidate:1 1 udp 1 192.0.2.1 1 typ host\r\n");
            assert_eq!(parse(text.as_bytes()).expect(line).candidates.len(), kept, "{line}");
        }
    }

    #[test]
    fn what_is_no_fragment_is_refused() {
        for (text, reason) in [
            ("", FragmentError::Empty),
            ("\r\n", FragmentError::Empty),
            ("a=mid:\0", FragmentError::NotText),
            ("{\"candidate\":\"\"}", FragmentError::Malformed(1)),
            ("a=mid:0\r\nhello", FragmentError::Malformed(2)),
            ("a=mid:\"0\"", FragmentError::Malformed(1)),
            ("a=candidate:", FragmentError::Malformed(1)),
            (
                "a=candidate:1 1 udp 1 192.0.2.1 99999 typ host",
                FragmentError::Malformed(1),
            ),
            ("a=candidate:1 1 udp 1 192.0.2.1 1 host", FragmentError::Malformed(1)),
            ("a=ice-ufrag:abcd", FragmentError::Credentials),
            ("a=ice-ufrag:abcd\r\na=ice-pwd:short", FragmentError::Credentials),
        ] {
            assert_eq!(parse(text.as_bytes()), Err(reason), "{text:?}");
        }
        assert_eq!(parse(&[b'\n'; MAX_BYTES + 1]), Err(FragmentError::TooLarge));
        assert_eq!(parse(b"a=\xff"), Err(FragmentError::NotText));
    }

    #[test]
    fn candidates_are_bounded() {
        let text = "a=candidate:1 1 udp 1 192.0.2.1 1 typ host\n".repeat(MAX_CANDIDATES + 1);
        assert_eq!(parse(text.as_bytes()).unwrap().candidates.len(), MAX_CANDIDATES);
    }

    #[test]
    fn a_restart_is_read_as_it_was_written() {
        let offer = super::super::parse(sample("gstreamer-publish").as_bytes()).unwrap();
        let candidates = [Candidate {
            addr: ([192, 0, 2, 1], 8189).into(),
            transport: Transport::Udp,
        }];
        let text = write_restart(&negotiate_publish(&offer, true).unwrap(), &ice(), &candidates);
        let want = Fragment {
            ice: Some(ice()),
            candidates: candidates.to_vec(),
            end_of_candidates: true,
        };
        assert_eq!(parse(text.as_bytes()), Ok(want));
        assert!(
            text.starts_with(
                "a=ice-lite\r\na=ice-options:trickle ice2\r\na=group:BUNDLE video0 audio1\r\nm=video 9 RTP/AVP 0\r\na=mid:video0\r\n"
            )
        );
    }
}
