//! The sample tables of an ordinary MP4 (ISO/IEC 14496-12 section 8.6 and 8.7), for [`super::movie`].

use super::fmp4;
use super::fragments::Fragment;
use crate::codec::Kind;
use shiguredo_mp4::boxes::*;
use shiguredo_mp4::{Either, FixedPointNumber, Mp4FileTime};
use std::num::NonZeroU32;

/// Ticks a second of the movie itself, in which the tracks' lengths are told.
const MOVIE_RATE: u32 = 1000;

/// One track's samples.
#[derive(Debug)]
pub(super) struct Table {
    kind: Kind,
    descriptions: Vec<SampleEntry>,
    pub(super) chunks: Vec<Chunk>,
    samples: Vec<Sample>,
    /// Where the last sample ends, in the track's ticks.
    pub(super) end: u64,
}

/// Samples that stand one after the other.
#[derive(Debug)]
pub(super) struct Chunk {
    /// Where in the file.
    pub(super) offset: u64,
    samples: u32,
    description: NonZeroU32,
}

#[derive(Debug)]
struct Sample {
    /// Decoded at, in the track's ticks.
    at: u64,
    offset: i32,
    size: u32,
    key: bool,
}

impl Table {
    pub(super) fn new(kind: Kind) -> Table {
        Table {
            kind,
            descriptions: Vec::new(),
            chunks: Vec::new(),
            samples: Vec::new(),
            end: 0,
        }
    }

    /// The number of a sample description, which is added if it is new.
    pub(super) fn description(&mut self, entry: SampleEntry) -> NonZeroU32 {
        let at = self.descriptions.iter().position(|known| *known == entry);
        let at = at.unwrap_or_else(|| {
            self.descriptions.push(entry);
            self.descriptions.len() - 1
        });
        u32::try_from(at + 1)
            .ok()
            .and_then(NonZeroU32::new)
            .unwrap_or(NonZeroU32::MIN)
    }

    /// Adds a fragment's samples, the first of which is decoded at `at`; gives their chunk.
    pub(super) fn add(&mut self, fragment: &Fragment, mut at: u64, description: NonZeroU32) -> usize {
        for sample in &fragment.samples {
            let earliest = self.samples.last().map_or(0, |last| last.at + 1);
            self.samples.push(Sample {
                at: at.max(earliest),
                offset: sample.offset,
                size: sample.size,
                key: sample.key,
            });
            at += u64::from(sample.duration);
        }
        self.end = self.end.max(at);
        self.chunks.push(Chunk {
            offset: 0,
            samples: u32::try_from(fragment.samples.len()).unwrap_or(u32::MAX),
            description,
        });
        self.chunks.len() - 1
    }

    fn first(&self) -> u64 {
        self.samples.first().map_or(0, |sample| sample.at)
    }

    fn movie_ticks(&self, ticks: u64) -> u64 {
        ticks * u64::from(MOVIE_RATE) / u64::from(self.kind.clock_rate())
    }

    /// A track that begins later than the movie has nothing until then.
    fn edits(&self) -> Option<EdtsBox> {
        let rate = || FixedPointNumber::new(1, 0);
        let wait = self.movie_ticks(self.first());
        if wait == 0 {
            return None;
        }
        let nothing = ElstEntry {
            edit_duration: wait,
            media_time: -1,
            media_rate: rate(),
        };
        let everything = ElstEntry {
            edit_duration: self.movie_ticks(self.end - self.first()),
            media_time: 0,
            media_rate: rate(),
        };
        Some(EdtsBox {
            elst_box: Some(ElstBox {
                entries: vec![nothing, everything],
            }),
            unknown_boxes: Vec::new(),
        })
    }

    fn sample_table(&self) -> StblBox {
        let ends = self.samples.iter().skip(1).map(|next| next.at).chain([self.end]);
        let lengths = self.samples.iter().zip(ends);
        let lengths = lengths.map(|(sample, end)| u32::try_from(end.saturating_sub(sample.at)).unwrap_or(u32::MAX));
        let has_offsets = self.samples.iter().any(|sample| sample.offset != 0);
        let offsets = || runs(self.samples.iter().map(|sample| i64::from(sample.offset)));
        let keys = || {
            let numbered = (1..).zip(&self.samples).filter(|(_, sample)| sample.key);
            numbered.filter_map(|(number, _)| NonZeroU32::new(number)).collect()
        };
        StblBox {
            stsd_box: StsdBox {
                entries: self.descriptions.clone(),
            },
            stts_box: SttsBox {
                entries: runs(lengths)
                    .map(|(sample_count, sample_delta)| SttsEntry {
                        sample_count,
                        sample_delta,
                    })
                    .collect(),
            },
            ctts_box: has_offsets.then(|| CttsBox {
                version: 1,
                entries: offsets()
                    .map(|(sample_count, sample_offset)| CttsEntry {
                        sample_count,
                        sample_offset,
                    })
                    .collect(),
            }),
            cslg_box: None,
            stsc_box: self.chunk_runs(),
            stsz_box: StszBox::Variable {
                entry_sizes: self.samples.iter().map(|sample| sample.size).collect(),
            },
            stco_or_co64_box: Either::B(Co64Box {
                chunk_offsets: self.chunks.iter().map(|chunk| chunk.offset).collect(),
            }),
            stss_box: self
                .samples
                .iter()
                .any(|sample| !sample.key)
                .then(|| StssBox { sample_numbers: keys() }),
            sdtp_box: None,
            unknown_boxes: Vec::new(),
        }
    }

    fn chunk_runs(&self) -> StscBox {
        let mut entries: Vec<StscEntry> = Vec::new();
        for (number, chunk) in (1..).zip(&self.chunks) {
            let is_same = entries.last().is_some_and(|last| {
                last.sample_per_chunk == chunk.samples && last.sample_description_index == chunk.description
            });
            if !is_same {
                entries.push(StscEntry {
                    first_chunk: NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN),
                    sample_per_chunk: chunk.samples,
                    sample_description_index: chunk.description,
                });
            }
        }
        StscBox { entries }
    }
}

/// The `moov` box of a movie with these tracks; those without samples are left out.
pub(super) fn moov(tables: &[Table]) -> MoovBox {
    let tables: Vec<&Table> = tables.iter().filter(|table| !table.samples.is_empty()).collect();
    let length = tables.iter().map(|table| table.movie_ticks(table.end)).max();
    let tracks = (1..).zip(&tables).map(|(id, table)| {
        let first = table.descriptions.first().expect("samples have a description");
        let mut track = fmp4::track(table.kind, table.kind.clock_rate(), id, first);
        track.tkhd_box.duration = table.movie_ticks(table.end);
        track.mdia_box.mdhd_box.duration = table.end - table.first();
        track.mdia_box.minf_box.stbl_box = table.sample_table();
        track.edts_box = table.edits();
        track
    });
    MoovBox {
        mvhd_box: MvhdBox {
            creation_time: Mp4FileTime::from_secs(0),
            modification_time: Mp4FileTime::from_secs(0),
            timescale: NonZeroU32::new(MOVIE_RATE).unwrap_or(NonZeroU32::MIN),
            duration: length.unwrap_or(0),
            rate: MvhdBox::DEFAULT_RATE,
            volume: MvhdBox::DEFAULT_VOLUME,
            matrix: MvhdBox::DEFAULT_MATRIX,
            next_track_id: u32::try_from(tables.len() + 1).unwrap_or(u32::MAX),
        },
        trak_boxes: tracks.collect(),
        mvex_box: None,
        unknown_boxes: Vec::new(),
    }
}

/// Equal values that follow one another, counted.
fn runs<T: PartialEq + Copy>(values: impl Iterator<Item = T>) -> impl Iterator<Item = (u32, T)> {
    let mut runs: Vec<(u32, T)> = Vec::new();
    for value in values {
        match runs.last_mut() {
            Some((count, known)) if *known == value => *count += 1,
            _ => runs.push((1, value)),
        }
    }
    runs.into_iter()
}
