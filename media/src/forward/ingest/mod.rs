//! What a publisher sends: its sources, opened, with retransmissions put back in their places.

pub mod missing;
mod structures;

use super::layers::{Layers, MAX_ENCODINGS};
use super::received::Received;
use super::track::line::Placement;
use crate::codec::{CodecParameters, Kind};
use crate::id::TrackId;
use crate::net::DropReason;
use crate::peer::replay::{IndexEstimate, ReplayWindow};
use crate::peer::sdp::{self, Negotiated};
use crate::peer::srtp::{Opener, Sealer};
use crate::wire::dependency::Unread;
use crate::wire::rtcp::{self, ReceptionReport};
use crate::wire::rtp::Header;
use crate::wire::{transport_cc::Arrivals, u16_at};
use missing::Missing;
use smallvec::SmallVec;
use std::time::Instant;
use structures::Structures;

/// Sources of one publisher: four encodings with retransmission, and sound, and as many again after a restart of its
/// own.
const MAX_SOURCES: usize = 20;

/// A descriptor with the structure of three by three layers has about 100.
const MAX_DESCRIPTOR_BYTES: usize = 128;

/// What we call ourselves in RTCP towards a publisher; it has no meaning there.
const OUR_SSRC: u32 = 1;

/// A publisher's media side.
pub struct Ingest {
    opener: Opener,
    sealer: Sealer,
    payload_types: Vec<PayloadType>,
    transport_cc: Option<u8>,
    dependency: Option<u8>,
    encodings: Encodings,
    sources: SmallVec<[Source; 4]>,
    arrivals: Arrivals,
}

#[derive(Clone, Copy)]
struct PayloadType {
    number: u8,
    kind: Kind,
    parameters: CodecParameters,
    is_rtx: bool,
    wants_nack: bool,
}

/// One SSRC.
pub struct Source {
    ssrc: u32,
    /// Sound or picture.
    pub kind: Kind,
    /// Which of the publisher's encodings.
    pub encoding: u8,
    is_rtx: bool,
    estimate: IndexEstimate,
    window: ReplayWindow,
    missing: Missing,
    wants_nack: bool,
    report: Reception,
    /// What its dependency descriptors speak of.
    structures: Structures,
    /// How its numbers lie on the track's line; `None` before its first useful packet.
    pub placement: Option<Placement>,
}

impl Ingest {
    /// A publisher that has just got its keys.
    pub fn new(opener: Opener, sealer: Sealer, negotiated: &[Negotiated], now: Instant) -> Ingest {
        let mut payload_types = Vec::new();
        for section in negotiated {
            for codec in &section.codecs {
                let entry = PayloadType {
                    number: codec.payload_type,
                    kind: section.kind,
                    parameters: codec.parameters,
                    is_rtx: false,
                    wants_nack: codec.feedback.nack && section.kind == Kind::Video,
                };
                payload_types.push(entry);
                payload_types.extend(codec.rtx.map(|number| PayloadType {
                    number,
                    is_rtx: true,
                    ..entry
                }));
            }
        }
        let transport_cc = negotiated.iter().find_map(|n| n.extensions.transport_cc);
        Ingest {
            opener,
            sealer,
            payload_types,
            transport_cc,
            dependency: negotiated
                .iter()
                .find(|section| section.kind == Kind::Video)
                .and_then(|video| video.extensions.dependency_descriptor),
            encodings: Encodings::new(negotiated),
            sources: SmallVec::new(),
            arrivals: Arrivals::new(now),
        }
    }

    /// Opens an RTP packet in place.
    pub fn open<'a>(&mut self, now: Instant, packet: &'a mut [u8]) -> Result<Received<'a>, DropReason> {
        let header = Header::parse(packet).ok_or(DropReason::Malformed)?;
        let payload_type = self.payload_types.iter().find(|p| p.number == header.payload_type);
        let payload_type = *payload_type.ok_or(DropReason::Unknown)?;
        let number = self
            .transport_cc
            .and_then(|id| u16_at(header.extension(packet, id)?, 0));

        // The header is not to be believed, and can be read no more, when the packet is open.
        let descriptor = self.dependency.and_then(|id| header.extension(packet, id));
        let descriptor = descriptor.map(SmallVec::<[u8; MAX_DESCRIPTOR_BYTES]>::from_slice);
        let known = self.sources.iter().position(|s| s.ssrc == header.ssrc);
        let encoding = match (known, payload_type.kind) {
            (None, Kind::Video) => self.encodings.of(&header, packet).ok_or(DropReason::Unknown)?,
            _ => 0,
        };
        let estimate = known
            .and_then(|at| self.sources.get(at))
            .map_or_else(IndexEstimate::default, |s| s.estimate);
        let extended = estimate.extend(header.seq).ok_or(DropReason::Late)?;
        let index = IndexEstimate::index(extended);
        let sealed = self
            .opener
            .open_rtp(packet, header.len, header.ssrc, index)
            .ok_or(DropReason::Unauthentic)?;

        let source = known.map_or_else(|| self.add_source(&header, payload_type, encoding), Ok)?;
        if let Some(number) = number {
            self.arrivals.note(number, now);
        }
        let payload = header.strip_padding(sealed).ok_or(DropReason::Malformed)?;
        let state = self.sources.get_mut(source).ok_or(DropReason::Full)?;
        if !state.window.accept(extended) {
            return Err(DropReason::Replayed);
        }
        state.note_arrival(extended, header.timestamp, now);
        let received = Received {
            kind: payload_type.kind,
            encoding: state.encoding,
            parameters: payload_type.parameters,
            source,
            extended,
            timestamp: header.timestamp,
            marker: header.marker,
            dependency: None,
            payload,
        };
        let mut received = if payload_type.is_rtx {
            self.restore(received)?
        } else {
            received
        };
        let state = self.sources.get_mut(received.source).ok_or(DropReason::Full)?;
        let read = descriptor.map(|descriptor| state.structures.read(received.extended, &descriptor));
        match read.transpose() {
            Ok(dependency) => received.dependency = dependency,
            Err(Unread::Malformed) => self.dependency = None,
            Err(Unread::Unknown) => {
                state.ask_again(received.extended, now);
                return Err(DropReason::Late);
            }
        }
        state.missing.note_arrival(received.extended);
        Ok(received)
    }

    /// Gives a retransmission its original number (RFC 4588 section 4).
    fn restore<'a>(&mut self, rtx: Received<'a>) -> Result<Received<'a>, DropReason> {
        let original = u16_at(rtx.payload, 0).ok_or(DropReason::Unknown)?;
        let payload = rtx.payload.get(2..).ok_or(DropReason::Malformed)?;
        let source = self
            .sources
            .iter()
            .rposition(|s| s.kind == rtx.kind && s.encoding == rtx.encoding && !s.is_rtx)
            .ok_or(DropReason::Unknown)?;
        let state = self.sources.get_mut(source).ok_or(DropReason::Unknown)?;
        let extended = state.estimate.extend(original).ok_or(DropReason::Late)?;
        if !state.window.accept(extended) {
            return Err(DropReason::Replayed);
        }
        Ok(Received {
            source,
            extended,
            payload,
            ..rtx
        })
    }

    fn add_source(&mut self, header: &Header, payload_type: PayloadType, encoding: u8) -> Result<usize, DropReason> {
        if self.sources.len() == MAX_SOURCES {
            return Err(DropReason::Full);
        }
        self.sources.push(Source {
            ssrc: header.ssrc,
            kind: payload_type.kind,
            encoding,
            is_rtx: payload_type.is_rtx,
            estimate: IndexEstimate::default(),
            window: ReplayWindow::default(),
            missing: Missing::default(),
            wants_nack: payload_type.wants_nack && !payload_type.is_rtx,
            report: Reception::default(),
            structures: Structures::default(),
            placement: None,
        });
        Ok(self.sources.len() - 1)
    }

    /// A source by the index that [`Received::source`] gives.
    pub fn source(&mut self, index: usize) -> Option<&mut Source> {
        self.sources.get_mut(index)
    }

    /// Opens a compound RTCP packet in place; `None` when it is not this publisher's.
    pub fn open_rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        self.opener.open_rtcp(packet)
    }

    /// Notes a sender report; gives its source, if it is one of media.
    pub fn note_sender_report(&mut self, ssrc: u32, ntp_time: u64, now: Instant) -> Option<&mut Source> {
        let source = self.sources.iter_mut().find(|s| s.ssrc == ssrc && !s.is_rtx)?;
        source.report.last_sender_report = Some(((ntp_time >> 16) as u32, now));
        Some(source)
    }

    /// Writes a sealed request for a key frame of an encoding; false before that has sent anything.
    pub fn write_key_frame_request(&mut self, track: TrackId, out: &mut Vec<u8>) -> bool {
        let is_wanted = |s: &&Source| s.kind == Kind::Video && !s.is_rtx && Layers::track_id(s.encoding) == track;
        let Some(video) = self.sources.iter().rfind(is_wanted) else {
            return false;
        };
        rtcp::write_receiver_report(OUR_SSRC, &[], out);
        rtcp::write_pli(OUR_SSRC, video.ssrc, out);
        self.sealer.seal_rtcp(out).is_some()
    }

    /// Writes what is to be said every 50 ms, sealed: which packets came when, and which are to be sent again, if their
    /// encoding is one that `is_mended`. False when there is nothing to say.
    pub fn write_feedback(&mut self, now: Instant, is_mended: impl Fn(u8) -> bool, out: &mut Vec<u8>) -> bool {
        let Some(first) = self.sources.first() else {
            return false;
        };
        if !self.arrivals.is_empty() {
            self.arrivals.write_feedback(OUR_SSRC, first.ssrc, out);
        }
        for source in self
            .sources
            .iter_mut()
            .filter(|s| s.wants_nack && !s.missing.is_empty())
        {
            if !is_mended(source.encoding) {
                source.missing.give_up(now);
                continue;
            }
            let mut numbers: SmallVec<[u16; 64]> = SmallVec::new();
            source.missing.requests(now, &mut numbers);
            if !numbers.is_empty() {
                rtcp::write_nack(OUR_SSRC, source.ssrc, &numbers, out);
            }
        }
        !out.is_empty() && self.sealer.seal_rtcp(out).is_some()
    }

    /// Writes a sealed receiver report about every source, for once a second; false before anything has come.
    pub fn write_receiver_report(&mut self, now: Instant, out: &mut Vec<u8>) -> bool {
        let blocks: SmallVec<[ReceptionReport; MAX_SOURCES]> = self
            .sources
            .iter_mut()
            .map(|source| source.report.block(source.ssrc, now))
            .collect();
        if blocks.is_empty() {
            return false;
        }
        rtcp::write_receiver_report(OUR_SSRC, &blocks, out);
        self.sealer.seal_rtcp(out).is_some()
    }
}

/// Which encoding a source belongs to, told by what its packets or the offer say.
struct Encodings {
    /// In the order of the offer; empty without simulcast.
    rids: SmallVec<[Box<[u8]>; MAX_ENCODINGS]>,
    rid: Option<u8>,
    repaired_rid: Option<u8>,
    /// What the offer announced in the same order, media and retransmission; often nothing.
    announced: Vec<sdp::Source>,
}

impl Encodings {
    fn new(negotiated: &[Negotiated]) -> Encodings {
        let video = negotiated.iter().find(|section| section.kind == Kind::Video);
        let rids = video.iter().flat_map(|video| &video.rids);
        let rids: SmallVec<_> = rids.map(|rid| Box::from(rid.name.as_bytes())).collect();
        let announced = video.map_or_else(Vec::new, |video| video.sources.clone());
        Encodings {
            rid: video.and_then(|video| video.extensions.rid),
            repaired_rid: video.and_then(|video| video.extensions.repaired_rid),
            announced: if announced.len() == rids.len() {
                announced
            } else {
                Vec::new()
            },
            rids,
        }
    }

    /// The encoding of a source by its first packet. `None` while that cannot be told: senders put the name into their
    /// packets until they know that they were understood (RFC 8852 section 3).
    fn of(&self, header: &Header, packet: &[u8]) -> Option<u8> {
        if self.rids.is_empty() {
            return Some(0);
        }
        let named = |id: Option<u8>| {
            let name = header.extension(packet, id?)?;
            self.rids.iter().position(|rid| **rid == *name)
        };
        let is_announced = |source: &sdp::Source| source.ssrc == header.ssrc || source.rtx == Some(header.ssrc);
        let at = named(self.repaired_rid)
            .or_else(|| named(self.rid))
            .or_else(|| self.announced.iter().position(is_announced))?;
        u8::try_from(at).ok()
    }
}

impl Source {
    /// A packet says what nobody can understand before an earlier one has come: it is to come again, behind that one.
    fn ask_again(&mut self, extended: u64, now: Instant) {
        self.window.forget(extended);
        self.missing.note_hole(extended, now);
    }

    fn note_arrival(&mut self, extended: u64, timestamp: u32, now: Instant) {
        if let Some(highest) = self.estimate.highest()
            && extended > highest + 1
        {
            self.missing.note_gap(highest + 1, extended, now);
        }
        self.estimate.note(extended);
        let clock_rate = if self.kind == Kind::Audio { 48_000 } else { 90_000 };
        self.report.note(extended, timestamp, clock_rate, now);
    }
}

/// Reception statistics (RFC 3550 appendix A.3 and A.8).
#[derive(Default)]
struct Reception {
    first: Option<u64>,
    highest: u64,
    received: u64,
    at_last_report: (u64, u64),
    transit: Option<(Instant, u32)>,
    jitter: f64,
    last_sender_report: Option<(u32, Instant)>,
}

impl Reception {
    fn note(&mut self, extended: u64, timestamp: u32, clock_rate: u32, now: Instant) {
        self.first.get_or_insert(extended);
        self.received += 1;
        self.highest = self.highest.max(extended);
        if let Some((then, earlier)) = self.transit.replace((now, timestamp)) {
            let apart = now.saturating_duration_since(then).as_secs_f64() * f64::from(clock_rate);
            let stamped = f64::from(timestamp.wrapping_sub(earlier).cast_signed());
            self.jitter += ((apart - stamped).abs() - self.jitter) / 16.0;
        }
    }

    fn block(&mut self, ssrc: u32, now: Instant) -> ReceptionReport {
        let expected = self.first.map_or(0, |first| self.highest + 1 - first);
        let (expected_before, received_before) = self.at_last_report;
        self.at_last_report = (expected, self.received);
        let expected_now = expected.saturating_sub(expected_before);
        let lost_now = expected_now.saturating_sub(self.received.saturating_sub(received_before));
        let (last_sender_report, delay_since) = self.last_sender_report.map_or((0, 0), |(middle, at)| {
            (
                middle,
                (now.saturating_duration_since(at).as_secs_f64() * 65_536.0) as u32,
            )
        });
        ReceptionReport {
            ssrc,
            fraction_lost: (lost_now * 256).checked_div(expected_now).unwrap_or(0).min(255) as u8,
            packets_lost: u32::try_from(expected.saturating_sub(self.received)).unwrap_or(u32::MAX),
            highest_seq: (IndexEstimate::index(self.highest) & 0xffff_ffff) as u32,
            jitter: self.jitter as u32,
            last_sender_report,
            delay_since,
        }
    }
}
