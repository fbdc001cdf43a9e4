//! Writes the answer to an offer, and the server's own offer.

use super::attribute::{ExtensionIds, Fingerprint, IceCredentials, Setup, kind_name};
use super::candidate::Candidate;
use super::codec::parameter;
use super::negotiate::{Negotiated, NegotiatedCodec};
use crate::codec::Kind;
use std::fmt::{self, Write as _};

/// Everything that an answer says, or an offer of the server.
#[derive(Clone, Copy, Debug)]
pub struct AnswerDetails<'a> {
    /// Whether the sections form a BUNDLE group.
    pub bundled: bool,
    /// Whether the client takes one-byte and two-byte header extensions side by side (RFC 8285 section 6).
    pub extmap_allow_mixed: bool,
    /// What was agreed on: as many sections as the offer has, in its order. In an offer: what is offered.
    pub negotiated: &'a [Negotiated],
    /// The server's ICE credentials for this connection.
    pub ice: &'a IceCredentials,
    /// The server's certificate.
    pub fingerprint: &'a Fingerprint,
    /// The server's part in the DTLS handshake: active or passive; in an offer either.
    pub setup: Setup,
    /// Where the server listens, in any order.
    pub candidates: &'a [Candidate],
    /// Which way media flows, seen from the server.
    pub direction: AnswerDirection,
    /// The SSRCs that a viewer will be sent, by section; `None`, or a list that is too short, announces none.
    pub sources: &'a [Option<Sources>],
    /// The name of the one MediaStream that all tracks belong to; a token. Only for viewers.
    pub stream_label: &'a str,
    /// Names this description; the highest bit is not used (RFC 8829 section 5.2.1).
    pub session_id: u64,
    /// Accepts the layers of a simulcast publisher; otherwise it sends a single one.
    pub simulcast: bool,
    /// The bit rate in kb/s at which a browser should start to send video; without it, it starts at about 300 and needs
    /// seconds for a good picture. Only for publishers.
    pub start_kbps: Option<u32>,
}

/// Which way media flows, seen from the server.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AnswerDirection {
    /// To a publisher.
    RecvOnly,
    /// To a viewer.
    SendOnly,
}

/// The SSRCs of one track that a viewer is sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Sources {
    /// The media.
    pub primary: u32,
    /// Its retransmissions; announced only to a viewer that offers them.
    pub rtx: Option<u32>,
}

/// A client may send its candidates later, and the server keeps to RFC 8445 (RFC 8839 section 4.2.3, RFC 8445 section
/// 10). Said in every answer and in every restart (RFC 9725 section 4.3.3).
pub(super) const ICE_OPTIONS: &str = "a=ice-options:trickle ice2\r\n";

/// Writes the answer, or the server's offer: ICE-lite, one BUNDLE group, every section accepted, all candidates and
/// their end (there is no trickling from the server). Lines end with CR LF.
pub fn write_answer(details: &AnswerDetails<'_>) -> String {
    let mut answer = String::with_capacity(4096);
    write(&mut answer, details).expect("writing to a String does not fail");
    answer
}

fn write(out: &mut String, details: &AnswerDetails<'_>) -> fmt::Result {
    let session_id = details.session_id & (u64::MAX >> 1);
    write!(
        out,
        "v=0\r\no=- {session_id} 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=ice-lite\r\n{ICE_OPTIONS}"
    )?;
    if details.bundled {
        out.push_str("a=group:BUNDLE");
        details
            .negotiated
            .iter()
            .try_for_each(|agreed| write!(out, " {}", agreed.mid))?;
        out.push_str("\r\n");
    }
    // A dependency descriptor with its template structure does not fit the one-byte form.
    let has_descriptors = |agreed: &Negotiated| agreed.extensions.dependency_descriptor.is_some();
    if details.extmap_allow_mixed && details.negotiated.iter().any(has_descriptors) {
        out.push_str("a=extmap-allow-mixed\r\n");
    }
    if details.direction == AnswerDirection::SendOnly {
        write!(out, "a=msid-semantic: WMS {}\r\n", details.stream_label)?;
    }
    for (index, agreed) in details.negotiated.iter().enumerate() {
        write_section(out, details, index, agreed)?;
    }
    Ok(())
}

fn write_section(out: &mut String, details: &AnswerDetails<'_>, index: usize, agreed: &Negotiated) -> fmt::Result {
    write!(out, "m={} 9 {}", kind_name(agreed.kind), agreed.protocol)?;
    for codec in &agreed.codecs {
        write!(out, " {}", codec.payload_type)?;
        let mut others = [codec.rtx, codec.red].into_iter().flatten();
        others.try_for_each(|number| write!(out, " {number}"))?;
    }
    write!(out, "\r\nc=IN IP4 0.0.0.0\r\na=mid:{}\r\n", agreed.mid)?;
    write!(
        out,
        "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n",
        details.ice.ufrag, details.ice.pwd
    )?;
    write!(
        out,
        "a=fingerprint:{}\r\na=setup:{}\r\n",
        details.fingerprint,
        details.setup.name()
    )?;
    out.push_str(match details.direction {
        AnswerDirection::RecvOnly => "a=recvonly\r\n",
        AnswerDirection::SendOnly => "a=sendonly\r\n",
    });
    // WHIP wants both in every section, offered or not (RFC 9725 section 4.4.1); browsers pass over the second.
    out.push_str("a=rtcp-mux\r\na=rtcp-mux-only\r\n");
    if agreed.reduced_size_rtcp {
        out.push_str("a=rtcp-rsize\r\n");
    }
    for (id, uri) in answered_extensions(details, agreed).list() {
        write!(out, "a=extmap:{id} {uri}\r\n")?;
    }
    for codec in &agreed.codecs {
        write_codec(out, codec, details.start_kbps.filter(|_| agreed.kind == Kind::Video))?;
    }
    if details.simulcast {
        write_simulcast(out, agreed)?;
    }
    if details.direction == AnswerDirection::SendOnly {
        let sources = details.sources.get(index).copied().flatten();
        write_sources(out, details.stream_label, agreed, sources)?;
    }
    // One transport: its candidates stand in the first section of the group only (RFC 9143 section 7.1.3).
    if index == 0 {
        write_candidates(out, details.candidates)?;
    }
    Ok(())
}

/// All candidates in their order, and that there are no more.
pub(super) fn write_candidates(out: &mut String, candidates: &[Candidate]) -> fmt::Result {
    for (index, candidate) in Candidate::sorted(candidates).iter().enumerate() {
        write!(out, "a={}\r\n", candidate.line(index))?;
    }
    out.push_str("a=end-of-candidates\r\n");
    Ok(())
}

fn answered_extensions(details: &AnswerDetails<'_>, agreed: &Negotiated) -> ExtensionIds {
    let layers = details.simulcast && !agreed.rids.is_empty();
    let ExtensionIds { rid, repaired_rid, .. } = agreed.extensions;
    ExtensionIds {
        rid: rid.filter(|_| layers),
        repaired_rid: repaired_rid.filter(|_| layers),
        ..agreed.extensions
    }
}

fn write_codec(out: &mut String, codec: &NegotiatedCodec, start_kbps: Option<u32>) -> fmt::Result {
    let number = codec.payload_type;
    let name = codec.parameters.codec;
    let clock_rate = name.clock_rate();
    let channels = if name.kind() == Kind::Audio { "/2" } else { "" };
    write!(out, "a=rtpmap:{number} {}/{clock_rate}{channels}\r\n", name.name())?;
    for what in codec.feedback.list() {
        write!(out, "a=rtcp-fb:{number} {what}\r\n")?;
    }
    let start = start_kbps.filter(|_| parameter(&codec.fmtp, "x-google-start-bitrate").is_none());
    match (codec.fmtp.as_str(), start) {
        ("", None) => {}
        ("", Some(kbps)) => write!(out, "a=fmtp:{number} x-google-start-bitrate={kbps}\r\n")?,
        (fmtp, None) => write!(out, "a=fmtp:{number} {fmtp}\r\n")?,
        (fmtp, Some(kbps)) => write!(out, "a=fmtp:{number} {fmtp};x-google-start-bitrate={kbps}\r\n")?,
    }
    if let Some(rtx) = codec.rtx {
        write!(out, "a=rtpmap:{rtx} rtx/{clock_rate}\r\na=fmtp:{rtx} apt={number}\r\n")?;
    }
    if let Some(red) = codec.red {
        write!(
            out,
            "a=rtpmap:{red} red/{clock_rate}{channels}\r\na=fmtp:{red} {number}/{number}\r\n"
        )?;
    }
    Ok(())
}

/// The offered layers turned round: what was `send` is `recv` (RFC 8853 section 5.3.2).
fn write_simulcast(out: &mut String, agreed: &Negotiated) -> fmt::Result {
    if agreed.rids.is_empty() {
        return Ok(());
    }
    let payload_types: Vec<u8> = agreed.codecs.iter().map(|codec| codec.payload_type).collect();
    for rid in &agreed.rids {
        let restrictions = rid.answered_restrictions(&payload_types);
        let space = if restrictions.is_empty() { "" } else { " " };
        write!(out, "a=rid:{} recv{space}{restrictions}\r\n", rid.name)?;
    }
    out.push_str("a=simulcast:recv ");
    for (i, rid) in agreed.rids.iter().enumerate() {
        write!(
            out,
            "{}{}{}",
            if i == 0 { "" } else { ";" },
            if rid.paused { "~" } else { "" },
            rid.name
        )?;
    }
    out.push_str("\r\n");
    Ok(())
}

/// The one stream that all tracks belong to, so that a player keeps sound and picture together (RFC 8830), and the
/// track's SSRCs (RFC 5576).
fn write_sources(out: &mut String, label: &str, agreed: &Negotiated, sources: Option<Sources>) -> fmt::Result {
    let track = kind_name(agreed.kind);
    write!(out, "a=msid:{label} {track}\r\n")?;
    let Some(Sources { primary, rtx }) = sources else {
        return Ok(());
    };
    let rtx = rtx.filter(|_| agreed.codecs.iter().any(|codec| codec.rtx.is_some()));
    if let Some(rtx) = rtx {
        write!(out, "a=ssrc-group:FID {primary} {rtx}\r\n")?;
    }
    for ssrc in [Some(primary), rtx].into_iter().flatten() {
        write!(out, "a=ssrc:{ssrc} cname:{label}\r\n")?;
    }
    Ok(())
}
