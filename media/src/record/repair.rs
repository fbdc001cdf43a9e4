//! The last segment of a recording that was cut off: which of its fragments are whole, and what they hold.
//!
//! What was not synced when the power went may be there, may be missing, or may be what was in its place before, block by
//! block: a fragment counts when its check sum is right and it continues the one before it.

use super::fmp4::is_whole;
use crate::codec::{Malformed, Reader};

/// What can be kept of a media segment file.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Repaired {
    /// Bytes up to the end of the last whole fragment; the rest of the file is to be cut off.
    pub valid_len: u64,
    /// How many fragments are whole. With none the file is to be removed.
    pub fragments: u32,
    /// How many frames they hold.
    pub frames: u32,
    /// Decoding time of the first frame, in the track's clock rate.
    pub tfdt: u64,
    /// From the first frame's beginning to the last frame's end, in the track's clock rate.
    pub duration: u64,
    /// Whether a decoder can start at the first frame.
    pub key: bool,
}

/// Reads the fragments of a media segment file, up to its end or the first that is torn. Never fails: a file of
/// garbage has no whole fragment.
pub fn repair(file: &[u8]) -> Repaired {
    let mut kept = Repaired::default();
    let mut r = Reader::new(file, "segment");
    while let Ok(fragment) = read_fragment(&mut r, file) {
        if kept.fragments == 0 {
            (kept.tfdt, kept.key) = (fragment.tfdt, fragment.key);
        } else if kept.tfdt + kept.duration != fragment.tfdt {
            break;
        }
        let Some(end) = fragment.tfdt.checked_add(fragment.duration) else {
            break;
        };
        kept.valid_len = u64::try_from(r.at()).unwrap_or(u64::MAX);
        kept.fragments += 1;
        kept.frames = kept.frames.saturating_add(fragment.frames);
        kept.duration = end - kept.tfdt;
    }
    kept
}

struct Fragment {
    tfdt: u64,
    duration: u64,
    frames: u32,
    key: bool,
}

fn read_fragment(r: &mut Reader<'_>, file: &[u8]) -> Result<Fragment, Malformed> {
    let begin = r.at();
    let moof = expect_box(r, b"moof")?;
    let end = r.at();
    let data = expect_box(r, b"mdat")?;
    if !file.get(begin..end).is_some_and(|moof| is_whole(moof, data)) {
        return Err(r.malformed());
    }
    let mut boxes = Reader::new(moof, "moof");
    let traf = find_box(&mut boxes, b"traf")?;
    let mut tfdt_box = Reader::new(find_box(&mut Reader::new(traf, "traf"), b"tfdt")?, "tfdt");
    let tfdt = match tfdt_box.u32()? >> 24 {
        0 => u64::from(tfdt_box.u32()?),
        _ => tfdt_box.u64()?,
    };
    let trun = find_box(&mut Reader::new(traf, "traf"), b"trun")?;
    read_run(&mut Reader::new(trun, "trun"), tfdt)
}

/// `trun` (ISO/IEC 14496-12 section 8.8.8) with a duration and flags for each sample, as the recorder writes it.
fn read_run(r: &mut Reader<'_>, tfdt: u64) -> Result<Fragment, Malformed> {
    let flags = r.u32()? & 0x00ff_ffff;
    let frames = r.u32()?;
    let has = |bit: u32| flags & bit != 0;
    if !has(0x100) || !has(0x400) || frames == 0 {
        return Err(r.malformed());
    }
    if has(0x1) {
        r.u32()?; // data offset
    }
    if has(0x4) {
        r.u32()?; // first sample flags
    }
    let mut fragment = Fragment {
        tfdt,
        duration: 0,
        frames,
        key: false,
    };
    for index in 0..frames {
        fragment.duration += u64::from(r.u32()?);
        if has(0x200) {
            r.u32()?; // size
        }
        let is_sync = r.u32()? & 0x0001_0000 == 0;
        if index == 0 {
            fragment.key = is_sync;
        }
        if has(0x800) {
            r.u32()?; // composition offset
        }
    }
    Ok(fragment)
}

/// The body of the next box, which must be of this kind.
pub(super) fn expect_box<'a>(r: &mut Reader<'a>, kind: &[u8; 4]) -> Result<&'a [u8], Malformed> {
    match next_box(r)? {
        (found, body) if found == *kind => Ok(body),
        _ => Err(r.malformed()),
    }
}

/// The body of the first box of this kind.
pub(super) fn find_box<'a>(r: &mut Reader<'a>, kind: &[u8; 4]) -> Result<&'a [u8], Malformed> {
    loop {
        let (found, body) = next_box(r)?;
        if found == *kind {
            return Ok(body);
        }
    }
}

/// The next box: its kind and body. Sizes are 32 bits; the recorder writes no others.
pub(super) fn next_box<'a>(r: &mut Reader<'a>) -> Result<([u8; 4], &'a [u8]), Malformed> {
    let size = usize::try_from(r.u32()?).unwrap_or(usize::MAX);
    let kind = r.array()?;
    let body = r.take(size.checked_sub(8).ok_or(r.malformed())?)?;
    Ok((kind, body))
}
