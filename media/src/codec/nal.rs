//! NAL units into an MP4 sample: what H.264 and H.265 have in common.

use super::read::Malformed;

const LENGTH_BYTES: usize = 4;

/// The most NAL units that one frame may have: sliced encoders send one per macroblock row or so.
const MAX_NALS: usize = 1024;

/// Writes NAL units behind four-byte lengths, and takes parameter sets out again when the frame is whole.
pub(super) struct NalWriter<'s> {
    sample: &'s mut Vec<u8>,
    /// Where this frame begins in `sample`.
    begin: usize,
    /// Where the unit under construction has its length.
    open: Option<usize>,
    count: usize,
    kind: fn(&[u8]) -> u8,
}

impl<'s> NalWriter<'s> {
    /// Appends to `sample`; `kind` reads a unit's type.
    pub(super) fn new(sample: &'s mut Vec<u8>, kind: fn(&[u8]) -> u8) -> NalWriter<'s> {
        NalWriter {
            begin: sample.len(),
            sample,
            open: None,
            count: 0,
            kind,
        }
    }

    /// Appends a unit that came in one piece.
    pub(super) fn whole(&mut self, nal: &[u8]) -> Result<(), Malformed> {
        self.begin_nal()?;
        self.sample.extend_from_slice(nal);
        self.end_nal()
    }

    /// Appends a piece of a unit; `start` is the unit's header where this is its first piece.
    pub(super) fn fragment(
        &mut self,
        start: Option<&[u8]>,
        body: &[u8],
        ends: bool,
        at: Malformed,
    ) -> Result<(), Malformed> {
        match start {
            Some(header) => {
                self.begin_nal()?;
                self.sample.extend_from_slice(header);
            }
            None if self.open.is_none() => return Err(at),
            None => {}
        }
        self.sample.extend_from_slice(body);
        if ends { self.end_nal() } else { Ok(()) }
    }

    /// Ends the frame. `keep` sees each unit with its type and says whether it stays in the sample.
    pub(super) fn finish(self, mut keep: impl FnMut(u8, &[u8]) -> bool) -> Result<(), Malformed> {
        if self.open.is_some() {
            return Err(self.malformed());
        }
        let (mut from, mut to) = (self.begin, self.begin);
        while let Some((length, rest)) = self.sample.get(from..).and_then(|rest| rest.split_first_chunk()) {
            let len = usize::try_from(u32::from_be_bytes(*length))
                .unwrap_or(usize::MAX)
                .min(rest.len());
            let nal = rest.get(..len).unwrap_or_default();
            let end = from + LENGTH_BYTES + len;
            if keep((self.kind)(nal), nal) {
                self.sample.copy_within(from..end, to);
                to += end - from;
            }
            from = end;
        }
        self.sample.truncate(to);
        Ok(())
    }

    fn begin_nal(&mut self) -> Result<(), Malformed> {
        if self.open.is_some() || self.count == MAX_NALS {
            return Err(self.malformed());
        }
        self.count += 1;
        self.open = Some(self.sample.len());
        self.sample.extend_from_slice(&[0; LENGTH_BYTES]);
        Ok(())
    }

    fn end_nal(&mut self) -> Result<(), Malformed> {
        let malformed = self.malformed();
        let start = self.open.take().ok_or(malformed)?;
        let len = u32::try_from(self.sample.len() - start - LENGTH_BYTES).map_err(|_| malformed)?;
        let slot = self.sample.get_mut(start..start + LENGTH_BYTES).ok_or(malformed)?;
        slot.copy_from_slice(&len.to_be_bytes());
        Ok(())
    }

    fn malformed(&self) -> Malformed {
        Malformed {
            what: "NAL units of a frame",
            at: self.sample.len() - self.begin,
        }
    }
}
