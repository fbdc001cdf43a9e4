//! SDP fragments by PATCH (`application/trickle-ice-sdpfrag`, RFC 8840): candidates that come later, and an ICE
//! restart (RFC 9725 section 4.3).

use super::answer::write_candidates;
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
    out.push_str("a=ice-lite\r\na=group:BUNDLE");
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
