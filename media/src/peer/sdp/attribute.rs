//! The attributes that describe a connection and its sections, each read from the text after `a=name:`.
//!
//! Not here: codecs ([`super::codec`]), layers ([`super::simulcast`]), candidates ([`super::candidate`]).

use super::OfferError;
use crate::codec::Kind;
use std::fmt;
use std::fmt::Write as _;

/// The attributes of a session description or of one of its sections.
#[derive(Clone, Copy)]
pub(super) struct Attributes<'a>(pub(super) &'a [sdp::description::common::Attribute]);

impl<'a> Attributes<'a> {
    /// Whether there is an attribute `a=key` or `a=key:…`.
    pub(super) fn has(self, key: &str) -> bool {
        self.0.iter().any(|attribute| attribute.key == key)
    }

    /// The value of the first `a=key:value`.
    pub(super) fn value(self, key: &str) -> Option<&'a str> {
        self.values(key).next()
    }

    /// The values of every `a=key:value`, in order.
    pub(super) fn values(self, key: &str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |attribute| attribute.key == key)
            .filter_map(|a| a.value.as_deref())
    }
}

/// Who may ask whom for a connectivity check (RFC 8839 section 5.4). The password is secret and does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct IceCredentials {
    /// The user name fragment: 4 to 256 letters, digits, `+` and `/`.
    pub ufrag: String,
    /// The password: 22 to 256 of the same characters.
    pub pwd: String,
}

impl fmt::Debug for IceCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IceCredentials")
            .field("ufrag", &self.ufrag)
            .finish_non_exhaustive()
    }
}

impl IceCredentials {
    /// Takes them when both have a legal length and legal characters.
    pub(super) fn checked(ufrag: &str, pwd: &str) -> Option<IceCredentials> {
        let legal = |text: &str, min: usize| {
            (min..=256).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/".contains(&b))
        };
        (legal(ufrag, 4) && legal(pwd, 22)).then(|| IceCredentials {
            ufrag: ufrag.to_owned(),
            pwd: pwd.to_owned(),
        })
    }
}

/// What a certificate was hashed with (RFC 8122 section 5). MD5 and SHA-1 are not accepted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum HashFunction {
    /// 32 bytes.
    Sha256,
    /// 48 bytes.
    Sha384,
    /// 64 bytes.
    Sha512,
}

impl HashFunction {
    fn by_name(name: &str) -> Option<HashFunction> {
        [HashFunction::Sha256, HashFunction::Sha384, HashFunction::Sha512]
            .into_iter()
            .find(|function| function.name().eq_ignore_ascii_case(name))
    }

    fn name(self) -> &'static str {
        match self {
            HashFunction::Sha256 => "sha-256",
            HashFunction::Sha384 => "sha-384",
            HashFunction::Sha512 => "sha-512",
        }
    }

    fn len(self) -> usize {
        match self {
            HashFunction::Sha256 => 32,
            HashFunction::Sha384 => 48,
            HashFunction::Sha512 => 64,
        }
    }
}

/// The digest of the certificate that a DTLS handshake must present (RFC 8122 section 5). Displays as after
/// `a=fingerprint:`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fingerprint {
    /// What made the digest.
    pub algorithm: HashFunction,
    /// The digest, as long as the algorithm says.
    pub bytes: Vec<u8>,
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm.name())?;
        for (i, byte) in self.bytes.iter().enumerate() {
            f.write_char(if i == 0 { ' ' } else { ':' })?;
            write!(f, "{byte:02X}")?;
        }
        Ok(())
    }
}

impl Fingerprint {
    /// Reads `sha-256 AB:CD:…`. `Ok(None)` is a hash function that is not accepted.
    pub(super) fn parse(value: &str) -> Result<Option<Fingerprint>, OfferError> {
        const WRONG: OfferError = OfferError::Malformed("a=fingerprint");
        let (name, digits) = value.split_once(' ').ok_or(WRONG)?;
        let Some(algorithm) = HashFunction::by_name(name) else {
            return Ok(None);
        };
        let byte = |pair: &str| match pair.as_bytes() {
            [a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => u8::from_str_radix(pair, 16).map_err(|_| WRONG),
            _ => Err(WRONG),
        };
        let bytes = digits
            .trim()
            .split(':')
            .map(byte)
            .collect::<Result<Vec<u8>, OfferError>>()?;
        if bytes.len() == algorithm.len() {
            Ok(Some(Fingerprint { algorithm, bytes }))
        } else {
            Err(WRONG)
        }
    }
}

/// Who starts the DTLS handshake (RFC 8842 section 5).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Setup {
    /// The side that says it sends the ClientHello.
    Active,
    /// The side that says it waits for the ClientHello.
    Passive,
    /// The answer decides.
    Actpass,
}

impl Setup {
    /// Reads the value of `a=setup`.
    pub(super) fn parse(value: &str) -> Result<Setup, OfferError> {
        match value {
            "active" => Ok(Setup::Active),
            "passive" => Ok(Setup::Passive),
            "actpass" => Ok(Setup::Actpass),
            "holdconn" => Err(OfferError::UnsupportedSetup),
            _ => Err(OfferError::Malformed("a=setup")),
        }
    }

    /// As after `a=setup:`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Setup::Active => "active",
            Setup::Passive => "passive",
            Setup::Actpass => "actpass",
        }
    }
}

/// Which way media flows, seen from the side that says it (RFC 8866 section 6.7).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Direction {
    /// Both ways; what holds when nothing is said.
    SendRecv,
    /// From the side that says it.
    SendOnly,
    /// To the side that says it.
    RecvOnly,
    /// Not at all.
    Inactive,
}

impl Direction {
    /// The direction that these attributes state, if they state one.
    pub(super) fn of(attributes: Attributes<'_>) -> Option<Direction> {
        attributes.0.iter().find_map(|attribute| match attribute.key.as_str() {
            "sendrecv" => Some(Direction::SendRecv),
            "sendonly" => Some(Direction::SendOnly),
            "recvonly" => Some(Direction::RecvOnly),
            "inactive" => Some(Direction::Inactive),
            _ => None,
        })
    }

    /// Whether the side that says it may send.
    pub fn sends(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::SendOnly)
    }

    /// Whether the side that says it may receive.
    pub fn receives(self) -> bool {
        matches!(self, Direction::SendRecv | Direction::RecvOnly)
    }
}

/// The number that stands for each RTP header extension in a section's packets, as the offer chose it (RFC 8285
/// section 5): 1 to 14, so that the one-byte form always does. `None`: not offered, offered with another number, or
/// not negotiated.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct ExtensionIds {
    /// Which section a packet belongs to (RFC 9143 section 15).
    pub mid: Option<u8>,
    /// Which layer a packet belongs to (RFC 8852 section 3.1).
    pub rid: Option<u8>,
    /// Which layer a retransmission belongs to (RFC 8852 section 3.2).
    pub repaired_rid: Option<u8>,
    /// Transport-wide sequence number (draft-holmer-rmcat-transport-wide-cc-extensions-01).
    pub transport_cc: Option<u8>,
    /// Absolute send time, 24 bits.
    pub abs_send_time: Option<u8>,
    /// How loud the packet is (RFC 6464).
    pub audio_level: Option<u8>,
    /// Dependency descriptor (AV1 RTP payload specification, appendix A).
    pub dependency_descriptor: Option<u8>,
    /// Coordination of video orientation (3GPP TS 26.114 section 7.4.5).
    pub video_orientation: Option<u8>,
    /// Least and greatest delay before a picture is shown.
    pub playout_delay: Option<u8>,
}

/// A field of [`ExtensionIds`].
type IdOf = fn(&mut ExtensionIds) -> &mut Option<u8>;

/// What each field of [`ExtensionIds`] is called in `a=extmap`, in the order in which an answer lists them.
const EXTENSIONS: [(&str, IdOf); 9] = [
    ("urn:ietf:params:rtp-hdrext:sdes:mid", |ids| &mut ids.mid),
    ("urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id", |ids| &mut ids.rid),
    ("urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id", |ids| {
        &mut ids.repaired_rid
    }),
    (
        "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        |ids| &mut ids.transport_cc,
    ),
    ("http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time", |ids| {
        &mut ids.abs_send_time
    }),
    ("urn:ietf:params:rtp-hdrext:ssrc-audio-level", |ids| {
        &mut ids.audio_level
    }),
    (DEPENDENCY_DESCRIPTOR, |ids| &mut ids.dependency_descriptor),
    ("urn:3gpp:video-orientation", |ids| &mut ids.video_orientation),
    ("http://www.webrtc.org/experiments/rtp-hdrext/playout-delay", |ids| {
        &mut ids.playout_delay
    }),
];

const DEPENDENCY_DESCRIPTOR: &str =
    "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension";

impl ExtensionIds {
    /// Notes one `a=extmap` value of a section with this direction. The first one of a URI counts. Passed over are
    /// unknown URIs, numbers above 14, and what is offered for the other direction only.
    pub(super) fn add(&mut self, value: &str, section: Direction) -> Result<(), OfferError> {
        const WRONG: OfferError = OfferError::Malformed("a=extmap");
        let mut words = value.split_ascii_whitespace();
        let (Some(number), Some(uri)) = (words.next(), words.next()) else {
            return Err(WRONG);
        };
        let (number, direction) = number.split_once('/').unwrap_or((number, ""));
        let number: u16 = number.parse().map_err(|_| WRONG)?;
        let Ok(id @ 1..=14) = u8::try_from(number) else {
            return Ok(());
        };
        match direction {
            "" | "sendrecv" => {}
            "sendonly" if section.sends() => {}
            "recvonly" if section.receives() => {}
            "sendonly" | "recvonly" | "inactive" => return Ok(()),
            _ => return Err(WRONG),
        }
        if let Some((_, field)) = EXTENSIONS.iter().find(|(known, _)| *known == uri) {
            field(self).get_or_insert(id);
        }
        Ok(())
    }

    /// What is negotiated, with its URI, in the order of the answer.
    pub(super) fn list(mut self) -> impl Iterator<Item = (u8, &'static str)> {
        EXTENSIONS
            .iter()
            .filter_map(move |(uri, field)| field(&mut self).map(|id| (id, *uri)))
    }

    /// Whether two different extensions have the same number.
    pub(super) fn collide(self) -> bool {
        let mut seen = 0u16;
        self.list().any(|(id, _)| {
            let bit = 1 << id;
            let twice = seen & bit != 0;
            seen |= bit;
            twice
        })
    }
}

/// Whether this is a token (RFC 8866 section 9) of at most `max` bytes: nothing in it can end a line or a word.
pub(super) fn is_token(text: &str, max: usize) -> bool {
    let legal = |b: u8| b.is_ascii_graphic() && !b"\"(),/:;<=>?@[\\]".contains(&b);
    (1..=max).contains(&text.len()) && text.bytes().all(legal)
}

/// The media type of an `m=` line.
pub(super) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Audio => "audio",
        Kind::Video => "video",
    }
}
