//! One ordinary MP4 of a whole recording, without another coding of anything: the tables of all samples, and where in the
//! recording's files their bytes are. Nothing is copied: the file exists while it is read.
//!
//! Pauses between parts are left out, as in the replay; a hole within a part stays one, by the length of the sample before
//! it. Sizes and parameters may change between parts: each has its own sample description, and for players that read the
//! first one only, H.264's parameter sets stand before every key frame of the later ones as well. Another codec cannot go on
//! in the same track: what was recorded in it is a file of its own.

use super::fragments::{Fragment, fragments, sample_entry};
use super::listing::pixels;
use super::movie_boxes::{Chunk, Table, moov};
use super::track::{ticks, time_ns};
use super::{Catalogue, FileName, Init, Segment};
use crate::codec::Kind;
use shiguredo_mp4::Encode;
use shiguredo_mp4::boxes::{Brand, FtypBox, SampleEntry};

/// The file: its beginning, and what follows it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Movie {
    /// Everything up to the first sample.
    pub header: Vec<u8>,
    /// The samples, in this order.
    pub pieces: Vec<Piece>,
}

/// Bytes of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    /// A stretch of one of the recording's files.
    Stored {
        /// Which file.
        file: FileName,
        /// Where in it.
        offset: u64,
        /// How long.
        bytes: u64,
    },
    /// These, which are in no file.
    Added(Vec<u8>),
}

impl Piece {
    fn bytes(&self) -> u64 {
        match self {
            Piece::Stored { bytes, .. } => *bytes,
            Piece::Added(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
        }
    }
}

/// Parts that fit into one file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Reel {
    /// In order: the part, its pictures' rendition and its sound's.
    parts: Vec<(u32, Option<String>, Option<String>)>,
}

/// Which files a recording makes: one, and another one from wherever its pictures are in another codec. Of several
/// sizes of the same picture the largest is taken that was sent nearly all the time.
pub fn reels(catalogue: &Catalogue) -> Vec<Reel> {
    let mut reels: Vec<(Option<String>, Reel)> = Vec::new();
    for part in 0..=catalogue.last_part() {
        let has_media = |init: &&Init| {
            let mut all = catalogue.segments().iter();
            all.any(|segment| segment.part == part && segment.rendition == init.rendition)
        };
        let inits = || {
            catalogue
                .inits()
                .iter()
                .filter(|init| init.part == part)
                .filter(has_media)
        };
        let count = |init: &Init| own_segments(catalogue, &init.rendition, part).count();
        let pictures = || inits().filter(|init| init.kind == Kind::Video);
        let most = pictures().map(count).max().unwrap_or(0);
        // An encoding that was often not sent would leave holes.
        let picture = pictures()
            .filter(|init| count(init) * 10 >= most * 9)
            .max_by_key(|init| pixels(init));
        // sound in AAC is made from the Opus that stands beside it
        let sound = inits().find(|init| init.kind == Kind::Audio);
        if picture.is_none() && sound.is_none() {
            continue;
        }
        let codec = picture.map(|init| init.codecs.split('.').next().unwrap_or_default().to_owned());
        let name = |init: Option<&Init>| init.map(|init| init.rendition.clone());
        let entry = (part, name(picture), name(sound));
        match reels.last_mut() {
            Some((known, reel)) if known.is_none() || codec.is_none() || *known == codec => {
                *known = known.take().or(codec);
                reel.parts.push(entry);
            }
            _ => reels.push((codec, Reel { parts: vec![entry] })),
        }
    }
    reels.into_iter().map(|(_, reel)| reel).collect()
}

/// Makes the file of `reel`. `read` gives the bytes of a file of the recording; each is read once.
///
/// # Errors
/// Those of `read`.
pub fn movie<E>(
    catalogue: &Catalogue,
    reel: &Reel,
    mut read: impl FnMut(&FileName) -> Result<Vec<u8>, E>,
) -> Result<Movie, E> {
    let mut tables = [Table::new(Kind::Video), Table::new(Kind::Audio)];
    let mut places: Vec<Placed> = Vec::new();
    let mut at_ns = 0;
    for (part, picture, sound) in &reel.parts {
        let tracks = [picture, sound].map(|name| track(catalogue, name.as_deref(), *part));
        let spans = tracks
            .iter()
            .flatten()
            .filter_map(|(name, init)| span(catalogue, name, init));
        let Some((start_ns, end_ns)) = spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))) else {
            continue;
        };
        for (track, (name, init)) in tracks.into_iter().enumerate().filter_map(|(i, t)| Some((i, t?))) {
            let entry = sample_entry(&read(&init.file)?);
            let Some((table, entry)) = tables.get_mut(track).zip(entry) else {
                continue;
            };
            let sets = parameter_sets(&entry);
            let description = table.description(entry);
            let sets = sets.filter(|_| description.get() > 1);
            let place = |tfdt: u64| ticks(at_ns + time_ns(tfdt, init.timescale) - start_ns, init.timescale);
            for segment in own_segments(catalogue, name, *part) {
                for mut fragment in fragments(&read(&segment.file)?) {
                    let pieces = pieces(&segment.file, &mut fragment, sets.as_deref());
                    let starts_ns = at_ns + time_ns(fragment.tfdt, init.timescale) - start_ns;
                    let chunk = table.add(&fragment, place(fragment.tfdt), description);
                    places.push(Placed {
                        starts_ns,
                        track,
                        chunk,
                        pieces,
                    });
                }
            }
            table.end = table.end.max(ticks(at_ns + end_ns - start_ns, init.timescale));
        }
        at_ns += end_ns - start_ns;
    }
    places.sort_by_key(|place| (place.starts_ns, place.track));
    Ok(lay_out(&mut tables, places))
}

/// A fragment's samples, and when they are due.
struct Placed {
    starts_ns: i64,
    track: usize,
    chunk: usize,
    pieces: Vec<Piece>,
}

/// The bytes of a fragment's samples, with `sets` before each key frame, which grows by them.
fn pieces(file: &FileName, fragment: &mut Fragment, sets: Option<&[u8]>) -> Vec<Piece> {
    let mut offset = u64::try_from(fragment.data.start).unwrap_or(u64::MAX);
    let mut pieces = Vec::new();
    let mut bytes = 0;
    for sample in &mut fragment.samples {
        let size = u64::from(sample.size);
        if let Some(sets) = sets.filter(|_| sample.key) {
            if bytes > 0 {
                pieces.push(stored(file, offset, bytes));
                (offset, bytes) = (offset + bytes, 0);
            }
            pieces.push(Piece::Added(sets.to_vec()));
            sample.size = sample
                .size
                .saturating_add(u32::try_from(sets.len()).unwrap_or(u32::MAX));
        }
        bytes += size;
    }
    pieces.push(stored(file, offset, bytes));
    pieces
}

fn stored(file: &FileName, offset: u64, bytes: u64) -> Piece {
    Piece::Stored {
        file: file.clone(),
        offset,
        bytes,
    }
}

/// What stands before a frame for a decoder that has to know the picture anew: H.264's parameter sets, each after its
/// length. Key frames of VP9 and AV1 say it themselves.
fn parameter_sets(entry: &SampleEntry) -> Option<Vec<u8>> {
    let SampleEntry::Avc1(avc1) = entry else { return None };
    let mut sets = Vec::new();
    for set in avc1.avcc_box.sps_list.iter().chain(&avc1.avcc_box.pps_list) {
        sets.extend(u32::try_from(set.len()).ok()?.to_be_bytes());
        sets.extend_from_slice(set);
    }
    Some(sets)
}

/// Gives every chunk its place in the file: sound and pictures of the same time stand beside each other. The tables stand
/// before the samples, and their size does not depend on what the places are, so they are written twice.
fn lay_out(tables: &mut [Table; 2], places: Vec<Placed>) -> Movie {
    let size = |place: &Placed| place.pieces.iter().map(Piece::bytes).sum::<u64>();
    let media_bytes: u64 = places.iter().map(size).sum();
    let write = |tables: &[Table; 2]| {
        let ftyp = FtypBox {
            major_brand: Brand::ISOM,
            minor_version: 512,
            compatible_brands: vec![Brand::ISOM, Brand::ISO2, Brand::MP41],
        };
        let mut header = encode(&ftyp);
        header.extend(encode(&moov(tables)));
        // a size of 64 bits, always: a class may have more than 4 GB
        header.extend(1u32.to_be_bytes());
        header.extend(b"mdat");
        header.extend((16 + media_bytes).to_be_bytes());
        header
    };
    let mut at = u64::try_from(write(tables).len()).unwrap_or(u64::MAX);
    for place in &places {
        if let Some(Chunk { offset, .. }) = tables
            .get_mut(place.track)
            .and_then(|table| table.chunks.get_mut(place.chunk))
        {
            *offset = at;
        }
        at += size(place);
    }
    Movie {
        header: write(tables),
        pieces: places.into_iter().flat_map(|place| place.pieces).collect(),
    }
}

fn track<'a>(catalogue: &'a Catalogue, rendition: Option<&'a str>, part: u32) -> Option<(&'a str, &'a Init)> {
    let rendition = rendition?;
    Some((rendition, catalogue.init(rendition, part)?))
}

fn own_segments<'a>(catalogue: &'a Catalogue, rendition: &'a str, part: u32) -> impl Iterator<Item = &'a Segment> {
    let all = catalogue.segments().iter();
    all.filter(move |segment| segment.rendition == rendition && segment.part == part)
}

/// Begin and end of a rendition's part, in nanoseconds since the recording began.
fn span(catalogue: &Catalogue, rendition: &str, init: &Init) -> Option<(i64, i64)> {
    let spans = own_segments(catalogue, rendition, init.part).map(|segment| {
        let end = segment.tfdt.saturating_add(segment.duration);
        (time_ns(segment.tfdt, init.timescale), time_ns(end, init.timescale))
    });
    spans.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1)))
}

fn encode(mp4_box: &impl Encode) -> Vec<u8> {
    mp4_box
        .encode_to_vec()
        .expect("all fields are in the ranges of their boxes")
}
