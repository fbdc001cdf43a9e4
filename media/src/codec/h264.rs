//! H.264 in RTP (RFC 6184, packetization modes 0 and 1): single NAL units, STAP-A, FU-A.

use super::nal::NalWriter;
use super::read::{Malformed, Reader};
use shiguredo_mp4::bitstream::h264::{H264SampleEntryConfig, LengthSize, build_avc1_box, parse_sps};
use shiguredo_mp4::boxes::SampleEntry;

const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

/// Whether a decoder can start at this packet: it has a sequence parameter set, or the first slice of an IDR picture.
/// True for several packets of one frame where parameter sets and picture are sent apart. Streams that never send an
/// IDR picture (recovery points only) are not served.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let mut r = Reader::new(payload, "H.264 payload");
    match r.u8().map(|header| header & 0x1f) {
        Ok(STAP_A) => std::iter::from_fn(|| next_aggregated(&mut r).ok()).any(nal_starts_key_frame),
        Ok(FU_A) => match r.u8() {
            Ok(fu) => fu & 0x80 != 0 && starts(fu & 0x1f, r.rest()),
            Err(_) => false,
        },
        Ok(kind) => starts(kind, r.rest()),
        Err(_) => false,
    }
}

/// The next NAL unit of a STAP-A packet (section 5.7.1).
fn next_aggregated<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let size = r.u16()?;
    r.take(usize::from(size))
}

fn nal_starts_key_frame(nal: &[u8]) -> bool {
    nal.split_first()
        .is_some_and(|(header, body)| starts(header & 0x1f, body))
}

/// `first_mb_in_slice` is 0 (a single set bit) in the first slice of a picture (H.264 section 7.3.3).
fn starts(kind: u8, body: &[u8]) -> bool {
    match kind {
        SPS => true,
        IDR => body.first().is_some_and(|byte| byte & 0x80 != 0),
        _ => false,
    }
}

/// Width and height, from a packet with a sequence parameter set.
pub fn size(payload: &[u8]) -> Option<(u16, u16)> {
    let mut r = Reader::new(payload, "H.264 payload");
    let is_sps = |nal: &&[u8]| nal.first().is_some_and(|header| header & 0x1f == SPS);
    let sps = match r.u8().ok()? & 0x1f {
        STAP_A => std::iter::from_fn(|| next_aggregated(&mut r).ok()).find(is_sps)?,
        SPS => payload,
        _ => return None,
    };
    let sps = parse_sps(sps).ok()?;
    Some((sps.width, sps.height))
}

/// Puts frames together; keeps the parameter sets, which an `avc1` track holds outside its samples.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    sps: Vec<Vec<u8>>,
    pps: Vec<Vec<u8>>,
}

impl Assembler {
    /// Appends the frame's NAL units to `sample`, each after its length in four bytes. Says whether it is an IDR
    /// picture.
    pub(super) fn frame<'a>(
        &mut self,
        payloads: impl Iterator<Item = &'a [u8]>,
        sample: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let mut nals = NalWriter::new(sample, |nal| nal.first().map_or(0, |header| header & 0x1f));
        for payload in payloads {
            let mut r = Reader::new(payload, "H.264 payload");
            let header = r.u8()?;
            match header & 0x1f {
                1..=23 => nals.whole(payload)?,
                STAP_A => {
                    while !r.is_empty() {
                        nals.whole(next_aggregated(&mut r)?)?;
                    }
                }
                FU_A => {
                    let fu = r.u8()?;
                    let start = (fu & 0x80 != 0).then_some([header & 0xe0 | fu & 0x1f]);
                    nals.fragment(start.as_ref().map(|h| &h[..]), r.rest(), fu & 0x40 != 0, r.malformed())?;
                }
                _ => return Err(r.malformed()),
            }
        }
        let (mut sps, mut pps, mut key) = (Vec::new(), Vec::new(), false);
        nals.finish(|kind, nal| {
            match kind {
                SPS => sps.push(nal.to_vec()),
                PPS => pps.push(nal.to_vec()),
                9..=12 => {} // delimiters, ends and filler say nothing inside a sample
                _ => {
                    key |= kind == IDR;
                    return true;
                }
            }
            false
        })?;
        if !sps.is_empty() {
            self.sps = sps;
        }
        if !pps.is_empty() {
            self.pps = pps;
        }
        Ok(key)
    }

    /// `avc1` from the newest parameter sets; nothing before they were seen, or where they make no sense.
    pub(super) fn entry(&self) -> Option<SampleEntry> {
        let config = H264SampleEntryConfig {
            length_size: LengthSize::FourBytes,
        };
        build_avc1_box(&self.sps, &self.pps, &config)
            .ok()
            .map(SampleEntry::Avc1)
    }
}
