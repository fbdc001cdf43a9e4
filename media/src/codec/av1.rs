//! AV1 in RTP (AV1 RTP payload specification 1.0): the aggregation header, and temporal units from packets.

use super::Layer;
use super::read::{Malformed, Reader, push_leb128};
use shiguredo_mp4::bitstream::av1::{Av1SampleEntryConfig, build_av01_box_from_config_obus};
use shiguredo_mp4::boxes::SampleEntry;

// Aggregation header bits (section 4.4).
const CONTINUES: u8 = 0x80;
const CONTINUED: u8 = 0x40;
const NEW_SEQUENCE: u8 = 0x08;

// OBU types (AV1 specification section 6.2.2).
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;
const TILE_LIST: u8 = 8;
const PADDING: u8 = 15;

// OBU header bits (section 5.3.2).
const HAS_EXTENSION: u8 = 0x04;
const HAS_SIZE: u8 = 0x02;

/// Whether this is the first packet of a coded video sequence: the `N` bit of the aggregation header (section 4.4).
pub fn starts_key_frame(payload: &[u8]) -> bool {
    match payload {
        // N without Z: a sequence cannot begin inside an OBU
        [header, _, ..] => header & (CONTINUES | NEW_SEQUENCE) == NEW_SEQUENCE,
        _ => false,
    }
}

/// The layers of the first OBU, where it begins in this packet and names them.
pub fn layer(payload: &[u8]) -> Option<Layer> {
    let mut r = Reader::new(payload, "AV1 payload");
    let aggregation = r.u8().ok()?;
    if aggregation & CONTINUES != 0 {
        return None;
    }
    if aggregation >> 4 & 0x03 != 1 {
        r.leb128().ok()?;
    }
    if r.u8().ok()? & HAS_EXTENSION == 0 {
        return None;
    }
    let extension = r.u8().ok()?;
    Some(Layer {
        spatial: extension >> 3 & 0x03,
        temporal: extension >> 5,
    })
}

/// Width and height, from the packet that starts a coded video sequence.
pub fn size(payload: &[u8]) -> Option<(u16, u16)> {
    let mut assembler = Assembler::default();
    // What is open at the packet's end is of no interest.
    let _ = assembler.frame(std::iter::once(payload), &mut Vec::new());
    match assembler.entry()? {
        SampleEntry::Av01(entry) => Some((entry.visual.width, entry.visual.height)),
        _ => None,
    }
}

/// Puts temporal units together.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    /// The newest sequence header as an OBU with a size field.
    sequence_header: Vec<u8>,
    /// The OBU under construction.
    obu: Vec<u8>,
}

impl Assembler {
    /// Appends the temporal unit's OBUs to `sample`, each with a size field and without delimiters (AV1 in ISOBMFF
    /// section 2.4). Says whether a decoder can start at it.
    pub(super) fn frame<'a>(
        &mut self,
        payloads: impl Iterator<Item = &'a [u8]>,
        sample: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        self.obu.clear();
        let mut unit = Unit::default();
        let mut open = false;
        for payload in payloads {
            let mut r = Reader::new(payload, "AV1 payload");
            let aggregation = r.u8()?;
            if (aggregation & CONTINUES != 0) != open {
                return Err(r.malformed());
            }
            let count = usize::from(aggregation >> 4 & 0x03);
            let mut index = 0_usize;
            while !r.is_empty() {
                index += 1;
                let len = if index == count { r.rest().len() } else { r.leb128()? };
                self.obu.extend_from_slice(r.take(len)?);
                open = r.is_empty() && aggregation & CONTINUED != 0;
                if !open {
                    self.end_obu(&mut unit, sample)?;
                }
            }
        }
        if open {
            return Err(Malformed {
                what: "AV1 temporal unit",
                at: sample.len(),
            });
        }
        Ok(unit.has_sequence_header && unit.first_frame_is_key == Some(true))
    }

    /// `av01` from the newest sequence header.
    pub(super) fn entry(&self) -> Option<SampleEntry> {
        let config = Av1SampleEntryConfig {
            initial_presentation_delay_minus_one: None,
        };
        build_av01_box_from_config_obus(&self.sequence_header, &config)
            .ok()
            .map(SampleEntry::Av01)
    }

    /// Moves the finished OBU into the sample.
    fn end_obu(&mut self, unit: &mut Unit, sample: &mut Vec<u8>) -> Result<(), Malformed> {
        let mut r = Reader::new(&self.obu, "AV1 OBU");
        let header = r.u8()?;
        let extension = if header & HAS_EXTENSION != 0 {
            Some(r.u8()?)
        } else {
            None
        };
        let body = if header & HAS_SIZE != 0 {
            let len = r.leb128()?;
            r.take(len)?
        } else {
            r.rest()
        };
        let kind = header >> 3 & 0x0f;
        if !matches!(kind, TEMPORAL_DELIMITER | TILE_LIST | PADDING) {
            let begin = sample.len();
            sample.push(header | HAS_SIZE);
            sample.extend(extension);
            push_leb128(sample, body.len());
            sample.extend_from_slice(body);
            if kind == SEQUENCE_HEADER {
                unit.has_sequence_header = true;
                self.sequence_header.clear();
                self.sequence_header
                    .extend_from_slice(sample.get(begin..).unwrap_or_default());
            } else if matches!(kind, FRAME | FRAME_HEADER) && unit.first_frame_is_key.is_none() {
                // show_existing_frame 0, frame_type KEY_FRAME, show_frame 1 (section 5.9.2)
                unit.first_frame_is_key = Some(body.first().is_some_and(|byte| byte & 0xf0 == 0x10));
            }
        }
        self.obu.clear();
        Ok(())
    }
}

#[derive(Default)]
struct Unit {
    has_sequence_header: bool,
    first_frame_is_key: Option<bool>,
}
