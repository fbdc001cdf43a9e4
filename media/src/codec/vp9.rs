//! VP9 in RTP (RFC 9628): the payload descriptor, and frames from packets.

use super::read::{Malformed, Reader};
use super::{Layer, PictureIdPlaces};
use shiguredo_mp4::bitstream::vp9::{self, Vp9FrameSize, Vp9SampleEntryConfig};
use shiguredo_mp4::boxes::SampleEntry;

/// What the payload descriptor says (section 4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor {
    /// First packet of a layer's frame (`B`).
    pub starts_frame: bool,
    /// Last packet of a layer's frame (`E`).
    pub ends_frame: bool,
    /// Whether the frame refers to earlier pictures (`P`).
    pub inter_predicted: bool,
    /// Spatial layer, 0 where the sender has none.
    pub spatial: u8,
    /// Temporal layer, 0 where the sender has none.
    pub temporal: u8,
    /// Higher temporal layers can be decoded from here on (`U`).
    pub switches_up: bool,
    /// How many spatial layers there are, where the packet carries the scalability structure (`V`).
    pub spatial_layers: Option<u8>,
    /// Width and height of the highest spatial layer, where the packet carries the scalability structure (`V`).
    pub size: Option<(u16, u16)>,
}

/// Splits a payload into its descriptor and the bytes of the frame.
pub fn parse(payload: &[u8]) -> Result<(Descriptor, &[u8]), Malformed> {
    let mut r = Reader::new(payload, "VP9 payload descriptor");
    let first = r.u8()?;
    let has = |bit: u8| first & bit != 0;
    let (flexible, inter_predicted) = (has(0x10), has(0x40));
    if has(0x80) && r.u8()? & 0x80 != 0 {
        r.u8()?; // the second byte of a 15-bit picture id
    }
    let (mut spatial, mut temporal, mut switches_up) = (0, 0, false);
    if has(0x20) {
        let layers = r.u8()?;
        (temporal, spatial, switches_up) = (layers >> 5, layers >> 1 & 0x07, layers & 0x10 != 0);
        if !flexible {
            r.u8()?; // TL0PICIDX
        }
    }
    if flexible && inter_predicted {
        // at most three references; the last has its N bit clear
        for _ in 0..3 {
            if r.u8()? & 0x01 == 0 {
                break;
            }
        }
    }
    let spatial_layers = has(0x02)
        .then(|| r.rest().first().map(|byte| (byte >> 5) + 1))
        .flatten();
    let size = if has(0x02) {
        scalability_structure(&mut r)?
    } else {
        None
    };
    let descriptor = Descriptor {
        starts_frame: has(0x08),
        ends_frame: has(0x04),
        inter_predicted,
        spatial,
        temporal,
        switches_up,
        spatial_layers,
        size,
    };
    Ok((descriptor, r.rest()))
}

/// Where the picture's ids are (section 4.2).
pub fn picture_ids(payload: &[u8]) -> PictureIdPlaces {
    let mut places = PictureIdPlaces::default();
    let Some((&first, rest)) = payload.split_first() else {
        return places;
    };
    let mut at = 1;
    if first & 0x80 != 0 {
        let is_long = rest.first().is_some_and(|byte| byte & 0x80 != 0);
        places.picture = Some((at, is_long));
        at += if is_long { 2 } else { 1 };
    }
    // Layers without flexible mode have the second id behind the layers' byte.
    places.lowest_layer = (first & 0x30 == 0x20).then_some(at + 1);
    places
}

/// Width and height, from the first packet of a key frame.
pub fn size(payload: &[u8]) -> Option<(u16, u16)> {
    let (descriptor, frame) = parse(payload).ok()?;
    let own = || match vp9::parse_frame_header(frame).ok()?.frame_size {
        Vp9FrameSize::Resolved { width, height } => Some((u16::try_from(width).ok()?, u16::try_from(height).ok()?)),
        _ => None,
    };
    descriptor.size.or_else(own)
}

/// Section 4.2.1: sizes of the layers, of which the last is the highest, and the pictures of a group.
fn scalability_structure(r: &mut Reader<'_>) -> Result<Option<(u16, u16)>, Malformed> {
    let first = r.u8()?;
    let mut size = None;
    if first & 0x10 != 0 {
        for _ in 0..=first >> 5 {
            size = Some((r.u16()?, r.u16()?));
        }
    }
    if first & 0x08 != 0 {
        for _ in 0..r.u8()? {
            let picture = r.u8()?;
            r.take(usize::from(picture >> 2 & 0x03))?;
        }
    }
    Ok(size)
}

/// Whether this is the first packet of a key frame: it begins the lowest spatial layer of a picture, and the frame
/// header says key frame (so that intra-only pictures, which need earlier ones, do not count).
pub fn starts_key_frame(payload: &[u8]) -> bool {
    parse(payload).is_ok_and(|(descriptor, frame)| {
        descriptor.starts_frame && !descriptor.inter_predicted && descriptor.spatial == 0 && is_key_frame(frame)
    })
}

/// Reads the head of the uncompressed header (VP9 bitstream specification section 6.2): marker `10`, two profile bits,
/// one reserved bit in profile 3, then `show_existing_frame` and `frame_type` are both 0 in a shown key frame.
fn is_key_frame(frame: &[u8]) -> bool {
    match frame.first() {
        Some(byte) if byte & 0xf0 == 0xb0 => byte & 0x06 == 0,
        Some(byte) => byte & 0xc0 == 0x80 && byte & 0x0c == 0,
        None => false,
    }
}

/// The layers that the descriptor names.
pub fn layer(payload: &[u8]) -> Option<Layer> {
    parse(payload).ok().map(|(descriptor, _)| Layer {
        spatial: descriptor.spatial,
        temporal: descriptor.temporal,
    })
}

/// The most frames that a superframe holds (VP9 bitstream specification annex B).
const MAX_LAYERS: usize = 8;

/// Puts frames together; spatial layers of one picture become a superframe.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    entry: Option<SampleEntry>,
}

impl Assembler {
    /// Appends the picture to `sample`. Says whether it is a key frame.
    pub(super) fn frame<'a>(
        &mut self,
        payloads: impl Iterator<Item = &'a [u8]>,
        sample: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let begin = sample.len();
        let malformed = Malformed {
            what: "VP9 frame",
            at: 0,
        };
        let (mut starts, mut layers, mut size) = ([0; MAX_LAYERS], 0, None);
        for payload in payloads {
            let (descriptor, body) = parse(payload)?;
            if descriptor.starts_frame {
                *starts.get_mut(layers).ok_or(malformed)? = sample.len();
                layers += 1;
            } else if layers == 0 {
                return Err(malformed);
            }
            size = size.max(descriptor.size);
            sample.extend_from_slice(body);
        }
        let key = is_key_frame(sample.get(begin..).unwrap_or_default());
        if key {
            self.entry = sample.get(begin..).and_then(|picture| entry(picture, size));
        }
        if layers > 1 {
            push_superframe_index(sample, starts.get(..layers).unwrap_or_default());
        }
        Ok(key)
    }

    /// `vp09` from the newest key frame.
    pub(super) fn entry(&self) -> Option<SampleEntry> {
        self.entry.clone()
    }
}

/// Annex B: sizes of the frames, in little-endian, between two equal marker bytes.
fn push_superframe_index(sample: &mut Vec<u8>, starts: &[usize]) {
    let end = sample.len();
    let last = u8::try_from(starts.len() - 1).expect("at most eight layers");
    let marker = 0xc0 | 3 << 3 | last;
    sample.push(marker);
    for (i, start) in starts.iter().enumerate() {
        let next = starts.get(i + 1).copied().unwrap_or(end);
        let size = u32::try_from(next - start).unwrap_or(u32::MAX);
        sample.extend_from_slice(&size.to_le_bytes());
    }
    sample.push(marker);
}

/// `vp09` for a stream that begins with this key frame. `size` is that of the highest spatial layer, where the lowest
/// alone is a key frame.
fn entry(key_frame: &[u8], size: Option<(u16, u16)>) -> Option<SampleEntry> {
    let header = vp9::parse_frame_header(key_frame).ok()?;
    let Vp9FrameSize::Resolved { width, height } = header.frame_size else {
        return None;
    };
    let own = (u16::try_from(width).ok()?, u16::try_from(height).ok()?);
    let (width, height) = size.map_or(own, |size| size.max(own));
    // ISO/IEC 23091-2 code points; 2 is unspecified
    let (colour_primaries, transfer_characteristics, matrix_coefficients) = match header.color_space {
        1 | 3 => (6, 6, 6),
        2 => (1, 1, 1),
        5 => (9, 14, 9),
        7 => (1, 13, 0),
        _ => (2, 2, 2),
    };
    let level = level(u64::from(width) * u64::from(height));
    let config = Vp9SampleEntryConfig {
        level,
        colour_primaries,
        transfer_characteristics,
        matrix_coefficients,
        width,
        height,
    };
    vp9::build_vp09_box(&header, &config).ok().map(SampleEntry::Vp09)
}

/// The lowest level that allows pictures of this many samples at 60 a second (VP9 levels, luma picture size).
fn level(samples: u64) -> u8 {
    const SAMPLES_PER_S: [(u64, u8); 11] = [
        (829_440, 10),
        (2_764_800, 11),
        (4_608_000, 20),
        (9_216_000, 21),
        (20_736_000, 30),
        (36_864_000, 31),
        (83_558_400, 40),
        (160_432_128, 41),
        (311_951_360, 50),
        (588_251_136, 51),
        (1_176_502_272, 52),
    ];
    SAMPLES_PER_S
        .iter()
        .find(|(limit, _)| samples * 60 <= *limit)
        .map_or(62, |(_, level)| *level)
}
