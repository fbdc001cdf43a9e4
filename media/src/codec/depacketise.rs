//! Frames from packets, in the shape in which MP4 stores them, and what an init segment must say about them.

use super::{Codec, Kind, Malformed, av1, h264, h265, opus, vp9};
use shiguredo_mp4::boxes::SampleEntry;
use shiguredo_mp4::codec_string;

/// The largest frame that is put together. A 4K key frame of a screen stays far below.
pub const MAX_FRAME_BYTES: usize = 8 << 20;

/// The only `profile_idc` of H.264 without B-frames (section A.2.1).
const H264_BASELINE: u8 = 66;

/// Puts the packets of one track together, frame by frame, in decoding order.
#[derive(Debug)]
pub struct Depacketiser(Assembler);

#[derive(Debug)]
enum Assembler {
    H264(h264::Assembler),
    H265(h265::Assembler),
    Vp9(vp9::Assembler),
    Av1(av1::Assembler),
    Opus,
}

impl Depacketiser {
    /// For a track of this codec; nothing for VP8, which MP4 players do not play.
    pub fn new(codec: Codec) -> Option<Depacketiser> {
        Some(Depacketiser(match codec {
            Codec::H264 => Assembler::H264(Default::default()),
            Codec::H265 => Assembler::H265(Default::default()),
            Codec::Vp9 => Assembler::Vp9(Default::default()),
            Codec::Av1 => Assembler::Av1(Default::default()),
            Codec::Opus => Assembler::Opus,
            Codec::Vp8 => return None,
        }))
    }

    /// Appends one frame to `sample`, as one MP4 sample. `payloads` are the RTP payloads of all its packets in order.
    /// Says whether a decoder can start at it (always for sound). On an error `sample` is as it was before. Copies
    /// every byte once (AV1: twice) and grows `sample` by no more than it was given plus a few bytes a packet.
    pub fn frame<'a>(
        &mut self,
        payloads: impl IntoIterator<Item = &'a [u8]>,
        sample: &mut Vec<u8>,
    ) -> Result<bool, Malformed> {
        let begin = sample.len();
        let too_large = Malformed {
            what: "frame",
            at: MAX_FRAME_BYTES,
        };
        let mut budget = MAX_FRAME_BYTES;
        let payloads = payloads.into_iter().take_while(|payload| {
            budget = budget.saturating_sub(payload.len());
            budget > 0
        });
        let result = match &mut self.0 {
            Assembler::H264(assembler) => assembler.frame(payloads, sample),
            Assembler::H265(assembler) => assembler.frame(payloads, sample),
            Assembler::Vp9(assembler) => assembler.frame(payloads, sample),
            Assembler::Av1(assembler) => assembler.frame(payloads, sample),
            Assembler::Opus => {
                payloads.for_each(|payload| sample.extend_from_slice(payload));
                Ok(true)
            }
        };
        let result = if budget == 0 { Err(too_large) } else { result };
        if result.is_err() {
            sample.truncate(begin);
        }
        result
    }

    /// What the frames so far say about the track: nothing until the first parameter sets came. Builds it anew, so
    /// ask after key frames only.
    pub fn description(&self) -> Option<Description> {
        let entry = match &self.0 {
            Assembler::H264(assembler) => assembler.entry(),
            Assembler::H265(assembler) => assembler.entry(),
            Assembler::Vp9(assembler) => assembler.entry(),
            Assembler::Av1(assembler) => assembler.entry(),
            Assembler::Opus => Some(opus::entry()),
        }?;
        Description::new(entry)
    }
}

/// What an init segment says about its track. Two that are equal need no new init segment between them.
#[derive(Clone, PartialEq, Debug)]
pub struct Description {
    /// The MP4 sample entry, with the decoder's configuration.
    pub entry: SampleEntry,
    /// The codec and its profile as in HLS `CODECS` (RFC 6381).
    pub codecs: String,
    /// Picture width in pixels, 0 for sound.
    pub width: u16,
    /// Picture height in pixels, 0 for sound.
    pub height: u16,
}

impl Description {
    /// Sound or picture.
    pub fn kind(&self) -> Kind {
        if self.width == 0 { Kind::Audio } else { Kind::Video }
    }

    /// Of a track with this sample entry; nothing for codecs that are not ours.
    pub fn new(entry: SampleEntry) -> Option<Description> {
        let codecs = codec_string::from_sample_entry(&entry).ok()?;
        let (width, height) = Description::size_of(&entry);
        Some(Description {
            codecs,
            width,
            height,
            entry,
        })
    }

    /// Whether its pictures may be shown in another order than the one they are decoded in: the profile has B-frames
    /// (H.264 section A.2, H.265). VP9 and AV1 send what is shown later inside the picture that is shown first.
    pub(crate) fn may_reorder(&self) -> bool {
        match &self.entry {
            SampleEntry::Avc1(avc1) => avc1.avcc_box.avc_profile_indication != H264_BASELINE,
            SampleEntry::Hvc1(_) => true,
            _ => false,
        }
    }

    /// Width and height in pixels, 0 for sound.
    pub(crate) fn size_of(entry: &SampleEntry) -> (u16, u16) {
        let visual = match entry {
            SampleEntry::Avc1(b) => Some(&b.visual),
            SampleEntry::Hvc1(b) => Some(&b.visual),
            SampleEntry::Vp09(b) => Some(&b.visual),
            SampleEntry::Av01(b) => Some(&b.visual),
            _ => None,
        };
        visual.map_or((0, 0), |v| (v.width, v.height))
    }
}
