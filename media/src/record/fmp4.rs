//! One CMAF track (ISO/IEC 23000-19): the init segment, and fragments of movie fragment and media data boxes.
//!
//! The last bytes of each movie fragment box are a check sum of the whole fragment, in a box that players skip. A disk
//! that lost its power may have kept any of the blocks that it was not told to sync: without a check sum a fragment with
//! a block of zeros in its media looks whole.

use crate::codec::{Description, Kind};
use shiguredo_mp4::boxes::*;
use shiguredo_mp4::{BoxSize, BoxType, Either, Encode, FixedPointNumber, LanguageCode, Mp4FileTime, SampleFlags};
use std::num::NonZeroU32;

const TRACK_ID: u32 = 1;

/// The check sum's box (ISO/IEC 14496-12 section 8.1.2: free space, whose content may be ignored).
const CHECK_BOX: BoxType = BoxType::Normal(*b"free");
const CHECK_BYTES: usize = 4;
const CHECK_BOX_BYTES: u32 = 12;

/// A sample that can be decoded by itself.
const SYNC: SampleFlags = SampleFlags::from_fields(0, 2, 0, 0, 0, false, 0);

/// A sample that depends on others.
const DELTA: SampleFlags = SampleFlags::from_fields(0, 1, 0, 0, 0, true, 0);

/// A sample's line in a fragment; its bytes follow one another in the media data.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sample {
    /// Time until the next sample, in the track's clock rate.
    pub(super) duration: u32,
    /// Presentation after decoding, in the track's clock rate; negative in streams with B-frames.
    pub(super) offset: i32,
    /// In bytes.
    pub(super) size: u32,
    /// Whether a decoder can start at it.
    pub(super) key: bool,
}

/// The init segment: `ftyp` and `moov` of a track without samples, without edit list.
pub(super) fn init(kind: Kind, timescale: u32, description: &Description) -> Vec<u8> {
    let time = Mp4FileTime::from_secs(0);
    let movie = MvhdBox {
        creation_time: time,
        modification_time: time,
        timescale: NonZeroU32::new(1000).unwrap_or(NonZeroU32::MIN),
        duration: 0,
        rate: MvhdBox::DEFAULT_RATE,
        volume: MvhdBox::DEFAULT_VOLUME,
        matrix: MvhdBox::DEFAULT_MATRIX,
        next_track_id: TRACK_ID + 1,
    };
    let defaults = TrexBox {
        track_id: TRACK_ID,
        default_sample_description_index: 1,
        default_sample_duration: 0,
        default_sample_size: 0,
        default_sample_flags: SampleFlags::new(0),
    };
    let moov = MoovBox {
        mvhd_box: movie,
        trak_boxes: vec![track(kind, timescale, TRACK_ID, &description.entry)],
        mvex_box: Some(MvexBox {
            mehd_box: None,
            trex_boxes: vec![defaults],
            unknown_boxes: Vec::new(),
        }),
        unknown_boxes: Vec::new(),
    };
    let ftyp = FtypBox {
        major_brand: Brand::ISO6,
        minor_version: 0,
        compatible_brands: vec![Brand::ISO6, Brand::new(*b"cmfc")],
    };
    let mut bytes = encode(&ftyp);
    bytes.extend(encode(&moov));
    bytes
}

/// A track without samples.
pub(super) fn track(kind: Kind, timescale: u32, track_id: u32, entry: &SampleEntry) -> TrakBox {
    let time = Mp4FileTime::from_secs(0);
    let (handler_type, header, volume) = match kind {
        Kind::Video => (
            HdlrBox::HANDLER_TYPE_VIDE,
            MediaHeader::Vmhd(VmhdBox::default()),
            TkhdBox::DEFAULT_VIDEO_VOLUME,
        ),
        Kind::Audio => (
            HdlrBox::HANDLER_TYPE_SOUN,
            MediaHeader::Smhd(SmhdBox::default()),
            TkhdBox::DEFAULT_AUDIO_VOLUME,
        ),
    };
    let (width, height) = Description::size_of(entry);
    let pixels = |n: u16| FixedPointNumber::new(i16::try_from(n).unwrap_or(i16::MAX), 0);
    let tkhd_box = TkhdBox {
        flag_track_enabled: true,
        flag_track_in_movie: true,
        flag_track_in_preview: false,
        flag_track_size_is_aspect_ratio: false,
        creation_time: time,
        modification_time: time,
        track_id,
        duration: 0,
        layer: 0,
        alternate_group: 0,
        volume,
        matrix: TkhdBox::DEFAULT_MATRIX,
        width: pixels(width),
        height: pixels(height),
    };
    let mdhd_box = MdhdBox {
        creation_time: time,
        modification_time: time,
        timescale: NonZeroU32::new(timescale).unwrap_or(NonZeroU32::MIN),
        duration: 0,
        language: LanguageCode::UNDEFINED,
    };
    let minf_box = MinfBox {
        media_header: Some(header),
        dinf_box: DinfBox::LOCAL_FILE,
        stbl_box: empty_samples(entry),
        unknown_boxes: Vec::new(),
    };
    let hdlr_box = HdlrBox {
        handler_type,
        name: vec![0],
    };
    let mdia_box = MdiaBox {
        mdhd_box,
        hdlr_box,
        minf_box,
        unknown_boxes: Vec::new(),
    };
    TrakBox {
        tkhd_box,
        edts_box: None,
        mdia_box,
        unknown_boxes: Vec::new(),
    }
}

/// The sample table of a fragmented file: a description and no samples.
fn empty_samples(entry: &SampleEntry) -> StblBox {
    StblBox {
        stsd_box: StsdBox {
            entries: vec![entry.clone()],
        },
        stts_box: SttsBox { entries: Vec::new() },
        ctts_box: None,
        cslg_box: None,
        stsc_box: StscBox { entries: Vec::new() },
        stsz_box: StszBox::Variable {
            entry_sizes: Vec::new(),
        },
        stco_or_co64_box: Either::A(StcoBox {
            chunk_offsets: Vec::new(),
        }),
        stss_box: None,
        sdtp_box: None,
        unknown_boxes: Vec::new(),
    }
}

/// A `moof` box and the header of the `mdat` box that `data`, the samples' bytes, must follow. `sequence` grows within a
/// recording, `tfdt` is the first sample's decoding time in the track's clock rate.
pub(super) fn fragment_header(sequence: u32, tfdt: u64, samples: &[Sample], data: &[u8]) -> Vec<u8> {
    const MDAT_HEADER_BYTES: usize = 8;
    let moof_bytes = encode(&moof(sequence, tfdt, samples, 0)).len();
    let data_offset = i32::try_from(moof_bytes + MDAT_HEADER_BYTES).expect("a fragment has few samples");
    let mut bytes = encode(&moof(sequence, tfdt, samples, data_offset));
    let check = check_sum(&bytes, data).to_be_bytes();
    bytes.truncate(moof_bytes - CHECK_BYTES);
    bytes.extend(check);
    let mdat_bytes = u32::try_from(data.len() + MDAT_HEADER_BYTES).expect("a fragment is bounded far below 4 GB");
    bytes.extend(mdat_bytes.to_be_bytes());
    bytes.extend(b"mdat");
    bytes
}

/// Whether a fragment is as it was written; `moof` with its header.
pub(super) fn is_whole(moof: &[u8], data: &[u8]) -> bool {
    let check = check_sum(moof, data).to_be_bytes();
    moof.last_chunk::<CHECK_BYTES>() == Some(&check)
}

/// Of everything but itself (CRC-32 of ISO 3309).
fn check_sum(moof: &[u8], data: &[u8]) -> u32 {
    let checked = moof.len().saturating_sub(CHECK_BYTES);
    let mut sum = crc32fast::Hasher::new();
    sum.update(moof.get(..checked).unwrap_or_default());
    sum.update(data);
    sum.finalize()
}

fn moof(sequence: u32, tfdt: u64, samples: &[Sample], data_offset: i32) -> MoofBox {
    let any_offset = samples.iter().any(|s| s.offset != 0);
    let lines = samples.iter().map(|s| TrunSample {
        duration: Some(s.duration),
        size: Some(s.size),
        flags: Some(if s.key { SYNC } else { DELTA }),
        composition_time_offset: any_offset.then_some(i64::from(s.offset)),
    });
    let run = TrunBox {
        data_offset: Some(data_offset),
        first_sample_flags: None,
        samples: lines.collect(),
    };
    let tfhd_box = TfhdBox {
        track_id: TRACK_ID,
        base_data_offset: None,
        sample_description_index: None,
        default_sample_duration: None,
        default_sample_size: None,
        default_sample_flags: None,
        duration_is_empty: false,
        default_base_is_moof: true,
    };
    let check = UnknownBox {
        box_type: CHECK_BOX,
        box_size: BoxSize::U32(CHECK_BOX_BYTES),
        payload: vec![0; CHECK_BYTES],
    };
    let traf = TrafBox {
        tfhd_box,
        // version 1: 32 bits of a 90 kHz clock end after 13 hours
        tfdt_box: Some(TfdtBox {
            version: 1,
            base_media_decode_time: tfdt,
        }),
        trun_boxes: vec![run],
        unknown_boxes: vec![check],
    };
    MoofBox {
        mfhd_box: MfhdBox {
            sequence_number: sequence,
        },
        traf_boxes: vec![traf],
        unknown_boxes: Vec::new(),
    }
}

fn encode(mp4_box: &impl Encode) -> Vec<u8> {
    mp4_box
        .encode_to_vec()
        .expect("all fields are in the ranges of their boxes")
}
