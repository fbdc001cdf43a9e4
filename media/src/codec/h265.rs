//! H.265 in RTP (RFC 7798, without decoding order numbers): single NAL units, aggregation packets, fragments.

use super::Layer;
use super::nal::NalWriter;
use super::read::{Malformed, Reader};
use shiguredo_mp4::bitstream::h265::{H265ConstantFrameRate, H265SampleEntryConfig, LengthSize, build_hvc1_box};
use shiguredo_mp4::boxes::SampleEntry;

const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;
const AGGREGATION: u8 = 48;
const FRAGMENT: u8 = 49;

/// Whether a decoder can start at this packet: it has a video or sequence parameter set, or the first slice of an
/// intra random access picture. True for several packets of one frame where those are sent apart.
pub fn starts_key_frame(payload: &[u8]) -> bool {
    let mut r = Reader::new(payload, "H.265 payload");
    let Ok(header) = r.u16() else { return false };
    match nal_type(header) {
        AGGREGATION => std::iter::from_fn(|| next_aggregated(&mut r).ok()).any(nal_starts_key_frame),
        FRAGMENT => match r.u8() {
            Ok(fu) => fu & 0x80 != 0 && starts(fu & 0x3f, r.rest()),
            Err(_) => false,
        },
        kind => starts(kind, r.rest()),
    }
}

/// The temporal layer, from the payload header's `TID` (RFC 7798 section 1.1.4), and the `LayerId` as spatial layer.
pub fn layer(payload: &[u8]) -> Option<Layer> {
    let header = Reader::new(payload, "H.265 payload").u16().ok()?;
    let [spatial, temporal] = [header >> 3 & 0x3f, (header & 0x07).saturating_sub(1)].map(|bits| bits.to_be_bytes()[1]);
    Some(Layer { spatial, temporal })
}

/// The six type bits of a NAL unit header (RFC 7798 section 1.1.4).
fn nal_type(header: u16) -> u8 {
    header.to_be_bytes()[0] >> 1 & 0x3f
}

/// The next NAL unit of an aggregation packet (section 4.4.2).
fn next_aggregated<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Malformed> {
    let size = r.u16()?;
    r.take(usize::from(size))
}

fn nal_starts_key_frame(nal: &[u8]) -> bool {
    let mut r = Reader::new(nal, "H.265 NAL unit");
    r.u16().is_ok_and(|header| starts(nal_type(header), r.rest()))
}

/// Types 16 to 23 are intra random access pictures; `first_slice_segment_in_pic_flag` is their first bit (H.265
/// section 7.3.6.1).
fn starts(kind: u8, body: &[u8]) -> bool {
    match kind {
        VPS | SPS => true,
        16..=23 => body.first().is_some_and(|byte| byte & 0x80 != 0),
        _ => false,
    }
}

/// Puts frames together; keeps the parameter sets, which an `hvc1` track holds outside its samples.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    vps: Vec<Vec<u8>>,
    sps: Vec<Vec<u8>>,
    pps: Vec<Vec<u8>>,
}

impl Assembler {
    /// Appends the frame's NAL units to `sample`, each after its length in four bytes. Says whether it is a random
    /// access picture.
    pub(super) fn frame<'a>(
        &mut self,
        payloads: impl Iterator<Item = &'a [u8]>,
        sample: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let mut nals = NalWriter::new(sample, |nal| nal.first().map_or(0, |byte| byte >> 1 & 0x3f));
        for payload in payloads {
            let mut r = Reader::new(payload, "H.265 payload");
            let header = r.u16()?;
            match nal_type(header) {
                AGGREGATION => {
                    while !r.is_empty() {
                        nals.whole(next_aggregated(&mut r)?)?;
                    }
                }
                FRAGMENT => {
                    let fu = r.u8()?;
                    let [first, second] = header.to_be_bytes();
                    let start = (fu & 0x80 != 0).then_some([first & 0x81 | (fu & 0x3f) << 1, second]);
                    nals.fragment(start.as_ref().map(|h| &h[..]), r.rest(), fu & 0x40 != 0, r.malformed())?;
                }
                0..=47 => nals.whole(payload)?,
                _ => return Err(r.malformed()),
            }
        }
        let (mut vps, mut sps, mut pps, mut key) = (Vec::new(), Vec::new(), Vec::new(), false);
        nals.finish(|kind, nal| {
            match kind {
                VPS => vps.push(nal.to_vec()),
                SPS => sps.push(nal.to_vec()),
                PPS => pps.push(nal.to_vec()),
                35..=38 => {} // delimiters, ends and filler say nothing inside a sample
                _ => {
                    key |= (16..=23).contains(&kind);
                    return true;
                }
            }
            false
        })?;
        for (kept, seen) in [(&mut self.vps, vps), (&mut self.sps, sps), (&mut self.pps, pps)] {
            if !seen.is_empty() {
                *kept = seen;
            }
        }
        Ok(key)
    }

    /// `hvc1` from the newest parameter sets; nothing before they were seen, or where they make no sense.
    pub(super) fn entry(&self) -> Option<SampleEntry> {
        let config = H265SampleEntryConfig {
            length_size: LengthSize::FourBytes,
            avg_frame_rate: H265SampleEntryConfig::AVG_FRAME_RATE_UNSPECIFIED,
            constant_frame_rate: H265ConstantFrameRate::Unknown,
        };
        build_hvc1_box(&self.vps, &self.sps, &self.pps, &config)
            .ok()
            .map(SampleEntry::Hvc1)
    }
}
