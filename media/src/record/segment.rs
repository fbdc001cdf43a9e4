//! The samples of one rendition into fragments, and fragments into segment files.

use super::fmp4::{self, Sample};
use super::journal::{Entry, Init, Segment};
use super::timeline::{ns_to_ticks, ticks_to_ns};
use super::{FileName, Write};
use crate::codec::{Description, Kind};
use bytes::Bytes;
use smallvec::SmallVec;
use std::collections::VecDeque;

/// The most pictures that wait for one that is shown after all of them; a decoder holds no more (H.264 section A.3.1).
const MAX_WAITING: usize = 16;

/// Writes one rendition during one part. The newest sample is held back: only the next one tells its duration.
///
/// Where pictures may be shown in another order than they are decoded, times say when they are shown. They are decoded at
/// the same times, in their own order: those that a picture was sent ahead of wait for it, and share their times with it.
#[derive(Debug)]
pub(super) struct SegmentWriter {
    rendition: String,
    timescale: u32,
    part: u32,
    /// Wall clock of time 0, in microseconds since 1970.
    start_us: i64,
    may_reorder: bool,
    /// Bytes of the samples that are not written: `samples`, the one held back, then `waiting`.
    data: Vec<u8>,
    samples: Vec<Sample>,
    /// Decoding time of the first of `samples`, or of the one held back.
    tfdt: u64,
    held: Option<HeldSample>,
    /// A picture and those that are shown before it, until it is known that these are all.
    waiting: Vec<WaitingSample>,
    open: Option<OpenSegment>,
    segments: usize,
    fragments: u32,
}

#[derive(Clone, Copy, Debug)]
struct HeldSample {
    dts: u64,
    offset: i32,
    size: usize,
    key: bool,
}

/// A sample whose decoding time is not known yet.
#[derive(Clone, Copy, Debug)]
struct WaitingSample {
    shown: u64,
    size: usize,
    key: bool,
}

#[derive(Debug)]
struct OpenSegment {
    file: FileName,
    tfdt: u64,
    end: u64,
    bytes: u64,
    frames: u32,
    key: bool,
}

impl SegmentWriter {
    /// Begins a rendition's part with its init segment.
    pub(super) fn new(
        rendition: &str,
        kind: Kind,
        timescale: u32,
        part: u32,
        start_us: i64,
        description: &Description,
        out: &mut VecDeque<Write>,
    ) -> SegmentWriter {
        let file = FileName::init(rendition, part);
        let bytes = Bytes::from(fmp4::init(kind, timescale, description));
        out.push_back(Write::Append {
            file: file.clone(),
            offset: 0,
            bytes,
        });
        out.push_back(Write::Journal(Entry::Init(Init {
            rendition: rendition.to_owned(),
            kind,
            part,
            file,
            codecs: description.codecs.clone(),
            timescale,
            width: description.width,
            height: description.height,
        })));
        SegmentWriter {
            rendition: rendition.to_owned(),
            timescale,
            part,
            start_us,
            may_reorder: description.may_reorder(),
            data: Vec::new(),
            samples: Vec::new(),
            tfdt: 0,
            held: None,
            waiting: Vec::new(),
            open: None,
            segments: 0,
            fragments: 0,
        }
    }

    /// Where this segment, or the one that the next sample begins, started; nothing before the first sample.
    pub(super) fn segment_start_ns(&self) -> Option<i64> {
        let tfdt = match (&self.open, &self.held) {
            (Some(open), _) => open.tfdt,
            (None, Some(_)) => self.tfdt,
            (None, None) => return None,
        };
        Some(self.ns(tfdt))
    }

    /// When the sample begins that is shown last so far; nothing before the first.
    pub(super) fn newest_ns(&self) -> Option<i64> {
        let waiting = self.waiting.iter().map(|sample| sample.shown);
        let newest = waiting.chain(self.held.map(|held| held.dts)).max()?;
        Some(self.ns(newest))
    }

    /// How much media would be lost now if the server stopped, without the samples that are held back.
    pub(super) fn unwritten_ns(&self) -> i64 {
        self.samples
            .iter()
            .map(|sample| ticks_to_ns(i64::from(sample.duration), self.timescale))
            .sum()
    }

    /// How many bytes wait to be written.
    pub(super) fn unwritten_bytes(&self) -> usize {
        self.data.len()
    }

    /// Adds a sample that is shown at `time`. The one before it lasts until then.
    pub(super) fn push(&mut self, time: i64, key: bool, bytes: &[u8]) {
        let sample = WaitingSample {
            shown: ns_to_ticks(time, self.timescale),
            size: bytes.len(),
            key,
        };
        self.data.extend_from_slice(bytes);
        let follows_all = self.waiting.first().is_none_or(|first| sample.shown > first.shown);
        if key || follows_all || self.waiting.len() == MAX_WAITING {
            self.settle();
        }
        if key || !self.may_reorder {
            self.hold(sample, sample.shown); // nothing that is shown before it comes after it
        } else {
            self.waiting.push(sample);
        }
    }

    /// Adds bytes to the newest sample: a frame that came in two pieces.
    pub(super) fn extend(&mut self, bytes: &[u8]) {
        let waiting = self.waiting.last_mut().map(|sample| &mut sample.size);
        let newest = waiting.or(self.held.as_mut().map(|held| &mut held.size));
        if let Some(size) = newest {
            *size += bytes.len();
            self.data.extend_from_slice(bytes);
        }
    }

    /// Writes all samples but those that are held back as a fragment.
    pub(super) fn flush(&mut self, out: &mut VecDeque<Write>) {
        let Some(first) = self.samples.first() else { return };
        let waiting: usize = self.waiting.iter().map(|sample| sample.size).sum();
        let data_bytes = self.data.len() - waiting - self.held.map_or(0, |held| held.size);
        let rest = self.data.split_off(data_bytes);
        let data = std::mem::replace(&mut self.data, rest);
        self.fragments += 1;
        let header = fmp4::fragment_header(self.fragments, self.tfdt, &self.samples, &data);
        let duration: u64 = self.samples.iter().map(|sample| u64::from(sample.duration)).sum();
        let open = self.open.get_or_insert_with(|| OpenSegment {
            file: FileName::segment(&self.rendition, self.part, self.segments),
            tfdt: self.tfdt,
            end: self.tfdt,
            bytes: 0,
            frames: 0,
            key: first.key,
        });
        for bytes in [header, data] {
            let len = u64::try_from(bytes.len()).expect("a length fits 64 bits");
            out.push_back(Write::Append {
                file: open.file.clone(),
                offset: open.bytes,
                bytes: bytes.into(),
            });
            open.bytes += len;
        }
        open.frames += u32::try_from(self.samples.len()).expect("a fragment has few samples");
        open.end = self.tfdt + duration;
        self.tfdt = open.end;
        self.samples.clear();
    }

    /// Ends the segment; the newest sample begins the next one.
    pub(super) fn cut(&mut self, out: &mut VecDeque<Write>) {
        self.flush(out);
        let Some(open) = self.open.take() else { return };
        self.segments += 1;
        let since_start_us = self.ns(open.tfdt) / 1000;
        out.push_back(Write::Journal(Entry::Segment(Segment {
            rendition: self.rendition.clone(),
            part: self.part,
            file: open.file,
            tfdt: open.tfdt,
            duration: open.end - open.tfdt,
            bytes: open.bytes,
            frames: open.frames,
            pdt_us: self.start_us + since_start_us,
            key: open.key,
        })));
    }

    /// Ends the segment where nothing follows: the newest sample lasts until `end`.
    pub(super) fn close(&mut self, end: i64, out: &mut VecDeque<Write>) {
        self.settle();
        if let Some(held) = &self.held {
            let end = ns_to_ticks(end, self.timescale).max(held.dts + 1);
            self.end_held(end);
        }
        self.cut(out);
    }

    /// Gives up the segment: its file is emptied, and the next segment takes the name.
    pub(super) fn abandon(&mut self, out: &mut VecDeque<Write>) {
        self.data.clear();
        self.samples.clear();
        self.waiting.clear();
        self.held = None;
        if let Some(open) = self.open.take() {
            out.push_back(Write::Append {
                file: open.file,
                offset: 0,
                bytes: Bytes::new(),
            });
        }
    }

    /// Gives the samples that wait their decoding times: the times at which they are shown, one after the other.
    fn settle(&mut self) {
        let mut times: SmallVec<[u64; MAX_WAITING]> = self.waiting.iter().map(|sample| sample.shown).collect();
        times.sort_unstable();
        for (index, time) in times.into_iter().enumerate() {
            if let Some(sample) = self.waiting.get(index).copied() {
                self.hold(sample, time);
            }
        }
        self.waiting.clear();
    }

    /// Holds a sample back that is decoded at `dts`, or right after the one before it, which ends there.
    fn hold(&mut self, sample: WaitingSample, dts: u64) {
        let dts = self.held.map_or(dts, |held| dts.max(held.dts + 1));
        self.end_held(dts);
        if self.samples.is_empty() {
            self.tfdt = dts;
        }
        let offset = i128::from(sample.shown) - i128::from(dts);
        self.held = Some(HeldSample {
            dts,
            offset: i32::try_from(offset).unwrap_or(0),
            size: sample.size,
            key: sample.key,
        });
    }

    fn end_held(&mut self, end: u64) {
        let Some(held) = self.held.take() else { return };
        self.samples.push(Sample {
            duration: u32::try_from(end - held.dts).unwrap_or(u32::MAX),
            offset: held.offset,
            size: u32::try_from(held.size).expect("a frame is bounded far below 4 GB"),
            key: held.key,
        });
    }

    fn ns(&self, ticks: u64) -> i64 {
        ticks_to_ns(i64::try_from(ticks).unwrap_or(i64::MAX), self.timescale)
    }
}
