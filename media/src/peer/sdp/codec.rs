//! Codecs of a section: `a=rtpmap`, `a=fmtp` and `a=rtcp-fb` put together, with their retransmission payload types.

use super::OfferError;
use super::attribute::Attributes;
use crate::codec::{Codec, CodecParameters, Kind};

/// What a receiver of this codec may send back (RFC 4585 section 4.2, RFC 5104 section 7.1).
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Feedback {
    /// Lists of lost packets.
    pub nack: bool,
    /// Picture loss: "send a key frame".
    pub pli: bool,
    /// Full intra request: "send a key frame", for the same purpose.
    pub fir: bool,
    /// Arrival times by transport-wide number.
    pub transport_cc: bool,
    /// The receiver's own estimate of what its line carries.
    pub remb: bool,
}

impl Feedback {
    fn add(&mut self, what: &str) {
        match what {
            "nack" => self.nack = true,
            "nack pli" => self.pli = true,
            "ccm fir" => self.fir = true,
            "transport-cc" => self.transport_cc = true,
            "goog-remb" => self.remb = true,
            _ => {}
        }
    }

    /// As after `a=rtcp-fb:<payload type> `.
    pub(super) fn list(self) -> impl Iterator<Item = &'static str> {
        [
            (self.transport_cc, "transport-cc"),
            (self.remb, "goog-remb"),
            (self.fir, "ccm fir"),
            (self.nack, "nack"),
            (self.pli, "nack pli"),
        ]
        .into_iter()
        .filter_map(|(wanted, name)| wanted.then_some(name))
    }
}

/// A codec of an offer that the server can forward.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OfferedCodec {
    /// What it is.
    pub parameters: CodecParameters,
    /// Its number in RTP headers.
    pub payload_type: u8,
    /// The number of its retransmissions (RFC 4588), when offered.
    pub rtx: Option<u8>,
    /// The number under which it comes with earlier frames (RFC 2198), when offered; only sound has one.
    pub red: Option<u8>,
    /// The format parameters as offered, without the payload type; may be empty.
    pub fmtp: String,
    /// The feedback that was offered.
    pub feedback: Feedback,
}

/// The codecs among `formats` (the words at the end of an `m=` line) that the server can forward, in order.
pub(super) fn read(
    kind: Kind,
    formats: &[String],
    attributes: Attributes<'_>,
) -> Result<Vec<OfferedCodec>, OfferError> {
    let mut maps = read_maps(formats, attributes)?;
    for value in attributes.values("fmtp") {
        const WRONG: OfferError = OfferError::Malformed("a=fmtp");
        let (number, parameters) = value.split_once(' ').ok_or(WRONG)?;
        let number = payload_type(number).ok_or(WRONG)?;
        if let Some(map) = maps.iter_mut().find(|map| map.payload_type == number) {
            map.fmtp = parameters.trim();
        }
    }
    for value in attributes.values("rtcp-fb") {
        const WRONG: OfferError = OfferError::Malformed("a=rtcp-fb");
        let (number, what) = value.split_once(' ').ok_or(WRONG)?;
        let number = if number == "*" {
            None
        } else {
            Some(payload_type(number).ok_or(WRONG)?)
        };
        for map in maps
            .iter_mut()
            .filter(|map| number.is_none_or(|number| number == map.payload_type))
        {
            map.feedback.add(what.trim());
        }
    }
    Ok(maps.iter().filter_map(|map| map.codec(kind, &maps)).collect())
}

/// One payload type of a section: any codec, or something else such as `rtx` or `red`.
struct Map<'a> {
    payload_type: u8,
    name: &'a str,
    clock_rate: &'a str,
    channels: &'a str,
    fmtp: &'a str,
    feedback: Feedback,
}

fn read_maps<'a>(formats: &[String], attributes: Attributes<'a>) -> Result<Vec<Map<'a>>, OfferError> {
    const WRONG: OfferError = OfferError::Malformed("a=rtpmap");
    let mut maps: Vec<Map<'a>> = Vec::new();
    let mut listed = 0u128;
    for format in formats {
        let bit = 1u128 << payload_type(format).ok_or(OfferError::Malformed("m= line"))?;
        if listed & bit != 0 {
            return Err(OfferError::Malformed("m= line"));
        }
        listed |= bit;
    }
    let mut mapped = 0u128;
    for value in attributes.values("rtpmap") {
        let (number, encoding) = value.split_once(' ').ok_or(WRONG)?;
        let number = payload_type(number).ok_or(WRONG)?;
        let bit = 1u128 << number;
        if mapped & bit != 0 {
            return Err(WRONG);
        }
        mapped |= bit;
        let mut parts = encoding.trim().split('/');
        let (Some(name), Some(clock_rate)) = (parts.next(), parts.next()) else {
            return Err(WRONG);
        };
        // Opus always has two (RFC 7587 section 7), so GStreamer's `whepsrc` leaves the number out.
        let default = if name.eq_ignore_ascii_case("opus") { "2" } else { "1" };
        let channels = parts.next().unwrap_or(default);
        if listed & bit != 0 {
            maps.push(Map {
                payload_type: number,
                name,
                clock_rate,
                channels,
                fmtp: "",
                feedback: Feedback::default(),
            });
        }
    }
    // Numbers below 35 have a meaning without a=rtpmap (RFC 3551 section 6); any other number needs one.
    if listed & !mapped & !((1 << 35) - 1) != 0 {
        return Err(OfferError::Missing("a=rtpmap for a payload type"));
    }
    // In the offerer's order, which is that of the m= line.
    let position = |map: &Map<'_>| formats.iter().position(|f| payload_type(f) == Some(map.payload_type));
    maps.sort_by_key(position);
    Ok(maps)
}

/// 0 to 127.
fn payload_type(text: &str) -> Option<u8> {
    text.parse().ok().filter(|&number| number < 128)
}

impl Map<'_> {
    /// What the server makes of it; `None` for what it does not forward.
    fn codec(&self, kind: Kind, all: &[Map<'_>]) -> Option<OfferedCodec> {
        // With RTP and RTCP on one port, 64 to 95 look like RTCP (RFC 5761 section 4).
        let looks_like_rtcp = |map: &Map<'_>| (64..96).contains(&map.payload_type);
        if looks_like_rtcp(self) || self.fmtp.len() > MAX_FMTP_BYTES {
            return None;
        }
        let parameters = self.parameters().filter(|parameters| parameters.codec.kind() == kind)?;
        let rtx = all.iter().find(|map| {
            map.name.eq_ignore_ascii_case("rtx")
                && !looks_like_rtcp(map)
                && parameter(map.fmtp, "apt").and_then(payload_type) == Some(self.payload_type)
        });
        // `a=fmtp:63 111/111` (RFC 2198 section 5): all blocks are of this codec.
        let red = all.iter().find(|map| {
            kind == Kind::Audio
                && map.name.eq_ignore_ascii_case("red")
                && (map.clock_rate, map.channels) == (self.clock_rate, self.channels)
                && !looks_like_rtcp(map)
                && map
                    .fmtp
                    .split('/')
                    .all(|block| payload_type(block) == Some(self.payload_type))
        });
        Some(OfferedCodec {
            parameters,
            payload_type: self.payload_type,
            rtx: rtx.map(|map| map.payload_type),
            red: red.map(|map| map.payload_type),
            fmtp: self.fmtp.to_owned(),
            feedback: self.feedback,
        })
    }

    fn parameters(&self) -> Option<CodecParameters> {
        let codec = [
            Codec::H264,
            Codec::H265,
            Codec::Vp8,
            Codec::Vp9,
            Codec::Av1,
            Codec::Opus,
        ]
        .into_iter()
        .find(|codec| codec.name().eq_ignore_ascii_case(self.name))?;
        let channels = if codec == Codec::Opus { "2" } else { "1" };
        if self.clock_rate.parse() != Ok(codec.clock_rate()) || self.channels != channels {
            return None;
        }
        let number = |key: &str, default: u16| parameter(self.fmtp, key).map_or(Some(default), |v| v.parse().ok());
        let profile = match codec {
            Codec::H264 => h264_profile(self.fmtp)?,
            Codec::H265 => number("profile-id", 1)?,
            Codec::Vp9 => number("profile-id", 0)?,
            Codec::Av1 => number("profile", 0)?,
            Codec::Vp8 | Codec::Opus => 0,
        };
        let packetization_mode = match codec {
            Codec::H264 => number("packetization-mode", 0)?,
            _ => 0,
        };
        // Mode 2 is interleaved: nobody uses it, and the server could not tell frames apart.
        let packetization_mode = u8::try_from(packetization_mode).ok().filter(|&mode| mode < 2)?;
        Some(CodecParameters {
            codec,
            profile,
            packetization_mode,
        })
    }
}

/// `profile_idc << 8 | constraint flags`; Baseline without flags when nothing is said (RFC 6184 section 8.1).
fn h264_profile(fmtp: &str) -> Option<u16> {
    let Some(text) = parameter(fmtp, "profile-level-id") else {
        return Some(0x42_00);
    };
    if text.len() != 6 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(text, 16)
        .ok()
        .and_then(|value| u16::try_from(value >> 8).ok())
}

/// The value of `key` in format parameters `a=1;b=2`; keys compare without case.
pub(super) fn parameter<'a>(fmtp: &'a str, key: &str) -> Option<&'a str> {
    parameters(fmtp)
        .find(|(k, _)| k.eq_ignore_ascii_case(key))
        .map(|(_, value)| value)
}

/// Keys and values of format parameters `a=1;b=2`; a lone word has an empty value.
pub(super) fn parameters(fmtp: &str) -> impl Iterator<Item = (&str, &str)> {
    fmtp.split(';')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.split_once('=').unwrap_or((part, "")))
}

/// Real ones have up to 250 bytes (H.264 with parameter sets); a codec with more is passed over.
const MAX_FMTP_BYTES: usize = 1024;
