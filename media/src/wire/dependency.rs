//! The dependency descriptor: a header extension that says which layers a frame belongs to and who needs it (AV1 RTP
//! payload specification, appendix A). Publishers send it with any codec; viewers are sent it with AV1, whose payload does
//! not say enough.

use crate::codec::Layer;
use smallvec::SmallVec;
use std::sync::Arc;

/// Frames' patterns in one structure, by the width of their number.
const MAX_TEMPLATES: usize = 64;

/// Decode targets, by the width of their count.
const MAX_TARGETS: usize = 32;

/// Picture sizes, by the widths of a layer's number.
const MAX_SPATIAL_LAYERS: usize = 4;

/// Where the frame's number is.
const FRAME_NUMBER: std::ops::Range<usize> = 1..3;

/// Where the flag is that says that the active targets follow, in bits.
const ACTIVE_FLAG_AT: usize = 25;

/// A descriptor as it is sent; three bytes where it brings no structure and the frame follows a pattern.
pub type DescriptorBytes = SmallVec<[u8; 16]>;

/// What is the same for many frames; it comes with key frames.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Structure {
    /// The layers up to which a receiver may decode, each a list of frames of its own; at most 32.
    pub targets: SmallVec<[Layer; 9]>,
    /// Width and height of each spatial layer; empty where that is not said.
    pub sizes: SmallVec<[(u16, u16); MAX_SPATIAL_LAYERS]>,
    templates: Vec<Template>,
    first_template: u8,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Template {
    layer: Layer,
    uses: Uses,
}

/// How each decode target needs a frame; one bit each.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Uses {
    present: u32,
    switches: u32,
}

/// What a packet's descriptor says.
#[derive(Clone, Debug)]
pub struct Dependency {
    /// The packet is the first of its frame.
    pub starts_frame: bool,
    /// The packet is the last of its frame; a picture has a frame in each spatial layer.
    pub ends_frame: bool,
    /// The frame's own layer.
    pub layer: Layer,
    /// Bit for bit, the targets that have this frame.
    pub present: u32,
    /// Bit for bit, the targets that can be decoded from here on by whoever can decode this frame.
    pub switches: u32,
    /// What the bits mean.
    pub structure: Arc<Structure>,
    /// The descriptor as it came.
    pub bytes: DescriptorBytes,
    /// Where the active targets are said in it, or would be, if it brings a structure.
    active: Option<Active>,
}

/// Why a descriptor says nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unread {
    /// It is not what it claims.
    Malformed,
    /// It speaks of a structure that has not come.
    Unknown,
}

/// Bits of a descriptor.
#[derive(Clone, Copy, Debug)]
struct Active {
    /// The first bit behind the structure.
    at: usize,
    /// Whether the targets stand there.
    is_said: bool,
}

/// The number of a descriptor's frame, which counts all frames of a source; `None` where there is no descriptor.
pub fn frame_number(descriptor: &[u8]) -> Option<u16> {
    let bytes = descriptor.get(FRAME_NUMBER)?.first_chunk()?;
    Some(u16::from_be_bytes(*bytes))
}

/// Writes another number of the frame.
pub fn set_frame_number(descriptor: &mut [u8], number: u16) {
    if let Some(bytes) = descriptor.get_mut(FRAME_NUMBER) {
        bytes.copy_from_slice(&number.to_be_bytes());
    }
}

impl Structure {
    /// Whether a target leaves out frames of lower layers at some time: then nobody can go down to those without a key
    /// frame.
    pub fn leaves_out_lower(&self) -> bool {
        self.targets.iter().enumerate().any(|(bit, target)| {
            self.templates.iter().any(|template| {
                let is_lower = template.layer.spatial < target.spatial && template.layer.temporal <= target.temporal;
                is_lower && template.uses.present >> bit & 1 == 0
            })
        })
    }
}

impl Dependency {
    /// Reads a descriptor. `structure` is the source's last one and is replaced where a new one comes.
    ///
    /// # Errors
    /// See [`Unread`].
    pub fn read(bytes: &[u8], structure: &mut Option<Arc<Structure>>) -> Result<Dependency, Unread> {
        let mut r = Bits { bytes, at: 0 };
        let (starts_frame, ends_frame) = (r.flag()?, r.flag()?);
        let template = r.bits(6)?;
        r.bits(16)?; // the frame's number
        let (mut custom_uses, mut active) = (false, None);
        if bytes.len() > 3 {
            let (has_structure, has_active) = (r.flag()?, r.flag()?);
            custom_uses = r.flag()?;
            r.bits(2)?; // custom frame differences and chains follow behind what is of interest
            if has_structure {
                *structure = Some(Arc::new(read_structure(&mut r)?));
                let (at, is_said) = (r.at, has_active);
                active = Some(Active { at, is_said });
            }
            if has_active {
                let targets = structure.as_ref().ok_or(Unread::Unknown)?.targets.len();
                (0..targets).try_for_each(|_| r.flag().map(|_| ()))?;
            }
        }
        let structure = structure.clone().ok_or(Unread::Unknown)?;
        let index = (template + 64 - u32::from(structure.first_template)) % 64;
        let template = usize::try_from(index)
            .ok()
            .and_then(|index| structure.templates.get(index));
        let template = *template.ok_or(Unread::Unknown)?;
        let uses = if custom_uses {
            read_uses(&mut r, structure.targets.len())?
        } else {
            template.uses
        };
        Ok(Dependency {
            starts_frame,
            ends_frame,
            layer: template.layer,
            present: uses.present,
            switches: uses.switches,
            structure,
            bytes: DescriptorBytes::from_slice(bytes),
            active,
        })
    }

    /// Whether it says anew what all descriptors mean.
    pub fn brings_structure(&self) -> bool {
        self.active.is_some()
    }

    /// The descriptor for receivers that are sent the targets up to a spatial layer: where it brings a structure, it
    /// says that only those are active. All temporal layers are, since receivers go over to others without a new one.
    pub fn bytes_up_to(&self, spatial: u8) -> DescriptorBytes {
        let Some(active) = self.active else {
            return self.bytes.clone();
        };
        let targets = &self.structure.targets;
        let bit = |at: usize| self.bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
        let behind = active.at + if active.is_said { targets.len() } else { 0 };
        let head = (0..active.at).map(|at| at == ACTIVE_FLAG_AT || bit(at));
        // The last target has the first bit.
        let said = targets.iter().rev().map(|target| target.spatial <= spatial);
        let tail = (behind..self.bytes.len() * 8).map(bit);
        pack(head.chain(said).chain(tail))
    }
}

/// Bytes of single bits, the highest first.
pub(crate) fn pack(bits: impl Iterator<Item = bool>) -> DescriptorBytes {
    let mut bytes = DescriptorBytes::new();
    for (at, bit) in bits.enumerate() {
        if at % 8 == 0 {
            bytes.push(0);
        }
        if let Some(last) = bytes.last_mut() {
            *last |= u8::from(bit) << (7 - at % 8);
        }
    }
    bytes
}

fn read_structure(r: &mut Bits<'_>) -> Result<Structure, Unread> {
    let first_template = r.bits(6)? as u8;
    let targets = (r.bits(5)? as usize + 1).min(MAX_TARGETS);
    let mut templates = Vec::new();
    let mut layer = Layer {
        spatial: 0,
        temporal: 0,
    };
    loop {
        if templates.len() == MAX_TEMPLATES {
            return Err(Unread::Malformed);
        }
        templates.push(Template {
            layer,
            uses: Uses::default(),
        });
        match r.bits(2)? {
            0 => {}
            1 => layer.temporal += 1,
            2 => (layer.temporal, layer.spatial) = (0, layer.spatial + 1),
            _ => break,
        }
        if layer.temporal > 7 || layer.spatial > 3 {
            return Err(Unread::Malformed);
        }
    }
    for template in &mut templates {
        template.uses = read_uses(r, targets)?;
    }
    for _ in &templates {
        while r.flag()? {
            r.bits(4)?; // how far back a frame it refers to is
        }
    }
    read_chains(r, targets, templates.len())?;
    let mut sizes = SmallVec::new();
    if r.flag()? {
        for _ in 0..=layer.spatial {
            let width = (r.bits(16)? as u16).saturating_add(1);
            sizes.push((width, (r.bits(16)? as u16).saturating_add(1)));
        }
    }
    let targets = (0..targets).map(|bit| highest(&templates, bit)).collect();
    Ok(Structure {
        targets,
        sizes,
        templates,
        first_template,
    })
}

/// The highest layers that a target has.
fn highest(templates: &[Template], bit: usize) -> Layer {
    let used = || {
        templates
            .iter()
            .filter(|template| template.uses.present >> bit & 1 == 1)
    };
    Layer {
        spatial: used().map(|template| template.layer.spatial).max().unwrap_or(0),
        temporal: used().map(|template| template.layer.temporal).max().unwrap_or(0),
    }
}

fn read_uses(r: &mut Bits<'_>, targets: usize) -> Result<Uses, Unread> {
    let mut uses = Uses::default();
    for bit in 0..targets {
        let indication = r.bits(2)?;
        uses.present |= u32::from(indication != 0) << bit;
        uses.switches |= u32::from(indication == 2) << bit;
    }
    Ok(uses)
}

fn read_chains(r: &mut Bits<'_>, targets: usize, templates: usize) -> Result<(), Unread> {
    let chains = r.non_symmetric(targets as u32 + 1)?;
    if chains == 0 {
        return Ok(());
    }
    for _ in 0..targets {
        r.non_symmetric(chains)?;
    }
    for _ in 0..templates {
        for _ in 0..chains {
            r.bits(4)?;
        }
    }
    Ok(())
}

/// A reader of single bits, the highest first.
struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn flag(&mut self) -> Result<bool, Unread> {
        let byte = self.bytes.get(self.at / 8).ok_or(Unread::Malformed)?;
        let bit = byte >> (7 - self.at % 8) & 1;
        self.at += 1;
        Ok(bit == 1)
    }

    fn bits(&mut self, count: u32) -> Result<u32, Unread> {
        (0..count).try_fold(0, |value, _| Ok(value << 1 | u32::from(self.flag()?)))
    }

    /// A value below `n` in as few bits as possible (AV1 specification section 4.10.7).
    fn non_symmetric(&mut self, n: u32) -> Result<u32, Unread> {
        let width = u32::BITS - n.leading_zeros();
        let short = (1u32 << width) - n;
        let value = self.bits(width.saturating_sub(1))?;
        if value < short {
            return Ok(value);
        }
        Ok((value << 1) - short + self.bits(1)?)
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Writes bits as text: `w.push("101")`, `w.number(5, 3)`.
    #[derive(Default)]
    pub(crate) struct Writer(Vec<bool>);

    impl Writer {
        pub(crate) fn number(&mut self, value: u32, width: u32) -> &mut Writer {
            self.0.extend((0..width).rev().map(|bit| value >> bit & 1 == 1));
            self
        }

        pub(crate) fn bytes(&self) -> Vec<u8> {
            let byte = |bits: &[bool]| (0..8).fold(0, |byte, i| byte << 1 | u8::from(*bits.get(i).unwrap_or(&false)));
            self.0.chunks(8).map(byte).collect()
        }
    }

    /// A descriptor with the structure of three temporal layers (L1T3), for a frame of template 0.
    pub(crate) fn with_structure_l1t3() -> Vec<u8> {
        let mut w = Writer::default();
        w.number(0b11, 2).number(0, 6).number(1, 16); // first and last packet, template 0, frame 1
        w.number(0b10000, 5); // a structure, nothing else
        w.number(0, 6).number(2, 5); // from template 0, three targets
        w.number(1, 2).number(1, 2).number(3, 2); // T0, T1, T2
        for uses in [[2, 2, 2], [0, 1, 2], [0, 0, 1]] {
            for indication in uses {
                w.number(indication, 2);
            }
        }
        w.number(0, 1); // T0 of a key frame refers to nothing
        w.number(1, 1).number(1, 4).number(0, 1);
        w.number(1, 1).number(0, 4).number(0, 1);
        w.number(0, 2); // no chains: 0 of 4 in two bits
        w.number(1, 1).number(1279, 16).number(719, 16);
        w.bytes()
    }

    /// A descriptor without a structure.
    pub(crate) fn short(template: u32, frame: u32) -> Vec<u8> {
        Writer::default()
            .number(0b11, 2)
            .number(template, 6)
            .number(frame, 16)
            .bytes()
    }

    #[test]
    fn three_temporal_layers_are_told_apart() {
        let mut structure = None;
        let read =
            |bytes: &[u8], structure: &mut Option<Arc<Structure>>| Dependency::read(bytes, structure).map(|_| ());
        assert_eq!(
            read(&short(1, 1), &mut structure),
            Err(Unread::Unknown),
            "nothing is known yet"
        );
        assert_eq!(read(&[0xc0], &mut structure), Err(Unread::Malformed));
        let key = Dependency::read(&with_structure_l1t3(), &mut structure).unwrap();
        assert!(key.starts_frame && key.ends_frame);
        assert_eq!((key.present, key.switches, key.layer.temporal), (0b111, 0b111, 0));
        let tops: Vec<u8> = key.structure.targets.iter().map(|target| target.temporal).collect();
        assert_eq!(
            (tops, key.structure.sizes.as_slice()),
            (vec![0, 1, 2], &[(1280, 720)][..])
        );
        assert!(!key.structure.leaves_out_lower());
        let middle = Dependency::read(&short(1, 2), &mut structure).unwrap();
        assert_eq!(
            (middle.present, middle.switches, middle.layer.temporal),
            (0b110, 0b100, 1)
        );
        let high = Dependency::read(&short(2, 3), &mut structure).unwrap();
        assert_eq!((high.present, high.switches, high.layer.temporal), (0b100, 0, 2));
        let none = read(&short(3, 4), &mut structure);
        assert_eq!(none, Err(Unread::Unknown), "there is no such template");
    }

    #[test]
    fn who_gets_less_is_told_so_with_the_structure() {
        let mut structure = None;
        let key = Dependency::read(&with_structure_l1t3(), &mut structure).unwrap();
        let bytes = key.bytes_up_to(0);
        let again = Dependency::read(&bytes, &mut structure).unwrap();
        assert_eq!(
            (again.layer, again.present, again.switches),
            (key.layer, key.present, key.switches)
        );
        assert_eq!(again.structure, key.structure);
        let active = again.active.unwrap();
        assert!(active.is_said);
        let mut said = Bits {
            bytes: &bytes,
            at: active.at,
        };
        assert_eq!(said.bits(3), Ok(0b111), "all are of the same size");
        let twice = again.bytes_up_to(0);
        assert_eq!(twice[..bytes.len()], bytes[..], "what is said already is said anew");
        let short = Dependency::read(&short(1, 2), &mut structure).unwrap();
        assert_eq!(short.bytes_up_to(0), short.bytes);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let mut structure = None;
            let _ = Dependency::read(&with_structure_l1t3(), &mut structure);
            let _ = Dependency::read(&bytes, &mut structure);
            if let Some(structure) = structure {
                prop_assert!(structure.targets.len() <= 32 && structure.templates.len() <= 64);
            }
        }
    }
}
