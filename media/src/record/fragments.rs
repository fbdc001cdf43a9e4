//! Reads back what the recorder has written: what an init segment says of its track, and the samples of a media segment.

use super::repair::{expect_box, find_box};
use crate::codec::{Malformed, Reader};
use shiguredo_mp4::boxes::{FtypBox, MoovBox, SampleEntry};
use shiguredo_mp4::{BoxHeader, Decode};
use std::ops::Range;

/// A movie fragment and its media data.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fragment {
    /// Decoding time of the first sample, in the track's clock rate.
    pub tfdt: u64,
    /// In decoding order.
    pub samples: Vec<SampleInfo>,
    /// Where the samples' bytes are in the segment, one after the other.
    pub data: Range<usize>,
}

/// A sample of a fragment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SampleInfo {
    /// Time until the next one is decoded, in the track's clock rate.
    pub duration: u32,
    /// Presentation after decoding; negative in streams with B-frames.
    pub offset: i32,
    /// In bytes.
    pub size: u32,
    /// Whether a decoder can start at it.
    pub key: bool,
}

impl Fragment {
    /// The bytes of the first sample in `segment`, which it was read from.
    pub fn first_sample<'a>(&self, segment: &'a [u8]) -> Option<&'a [u8]> {
        let size = usize::try_from(self.samples.first()?.size).ok()?;
        segment.get(self.data.clone())?.get(..size)
    }
}

/// The whole fragments of a media segment of ours, up to the first that is torn. Never fails, and takes no more memory
/// than a few times what it is given.
pub fn fragments(segment: &[u8]) -> Vec<Fragment> {
    let mut r = Reader::new(segment, "segment");
    let mut fragments = Vec::new();
    while let Ok(fragment) = read(&mut r) {
        fragments.push(fragment);
    }
    fragments
}

/// What an init segment of ours says of its track: codec, parameter sets, size; nothing if it is none.
pub fn sample_entry(init: &[u8]) -> Option<SampleEntry> {
    let (_, ftyp_bytes) = FtypBox::decode(init).ok()?;
    let moov = init.get(ftyp_bytes..)?;
    let (header, _) = BoxHeader::decode(moov).ok()?;
    if header.box_type != MoovBox::TYPE {
        return None;
    }
    let (moov, _) = MoovBox::decode(moov).ok()?;
    let track = moov.trak_boxes.into_iter().next()?;
    track.mdia_box.minf_box.stbl_box.stsd_box.entries.into_iter().next()
}

fn read(r: &mut Reader<'_>) -> Result<Fragment, Malformed> {
    let moof = expect_box(r, b"moof")?;
    let data_bytes = expect_box(r, b"mdat")?.len();
    let data = r.at() - data_bytes..r.at();
    let traf = find_box(&mut Reader::new(moof, "moof"), b"traf")?;
    let mut tfdt_box = Reader::new(find_box(&mut Reader::new(traf, "traf"), b"tfdt")?, "tfdt");
    let tfdt = match tfdt_box.u32()? >> 24 {
        0 => u64::from(tfdt_box.u32()?),
        _ => tfdt_box.u64()?,
    };
    let trun = find_box(&mut Reader::new(traf, "traf"), b"trun")?;
    let samples = read_samples(&mut Reader::new(trun, "trun"))?;
    let bytes: u64 = samples.iter().map(|sample| u64::from(sample.size)).sum();
    if u64::try_from(data_bytes).is_ok_and(|data_bytes| bytes <= data_bytes) {
        Ok(Fragment { tfdt, samples, data })
    } else {
        Err(r.malformed())
    }
}

/// `trun` (ISO/IEC 14496-12 section 8.8.8) as the recorder writes it: with duration, size and flags of each sample.
fn read_samples(r: &mut Reader<'_>) -> Result<Vec<SampleInfo>, Malformed> {
    let flags = r.u32()? & 0x00ff_ffff;
    let count = r.u32()?;
    let has = |bit: u32| flags & bit != 0;
    if !has(0x100) || !has(0x200) || !has(0x400) || count == 0 {
        return Err(r.malformed());
    }
    if has(0x1) {
        r.u32()?; // data offset
    }
    if has(0x4) {
        r.u32()?; // first sample flags
    }
    let mut samples = Vec::new();
    for _ in 0..count {
        samples.push(SampleInfo {
            duration: r.u32()?,
            size: r.u32()?,
            key: r.u32()? & 0x0001_0000 == 0,
            offset: if has(0x800) { r.u32()?.cast_signed() } else { 0 },
        });
    }
    Ok(samples)
}
