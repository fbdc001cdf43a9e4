//! Sound in AAC beside the recorded Opus, for players that do not know that (older Safari): made by ffmpeg after the class,
//! cut at the same moments, and listed in the journal as one more rendition.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use lectern_media::codec::{Description, Kind};
use lectern_media::record::{Catalogue, Entry, Init, Segment, TrackWriter, Write, time_ns};
use shiguredo_mp4::boxes::{AudioSampleEntryFields, EsdsBox, Mp4aBox, SampleEntry};
use shiguredo_mp4::descriptors::{DecoderConfigDescriptor, DecoderSpecificInfo, EsDescriptor, SlConfigDescriptor};
use shiguredo_mp4::{FixedPointNumber, Uint};
use tokio::io::AsyncWriteExt;

use super::ffmpeg::{Bounds, Ffmpeg};
use super::playlists::JOURNAL;
use crate::App;

/// How the rendition is called in the journal.
const RENDITION: &str = "aac";

/// Samples in a frame of AAC. Its encoder is one frame late: the first frame holds nothing of the sound.
const FRAME_SAMPLES: i64 = 1024;

const RATE: u32 = 48_000;

/// AAC-LC, 48 kHz, two channels (ISO/IEC 14496-3 section 1.6.2.1).
const CONFIG: [u8; 2] = [0x11, 0x90];

const BITRATE: &str = "96k";

/// Of one part; five hours of sound.
const MOST_BYTES: usize = 256 << 20;

/// Adds the rendition to the recording in `folder`, if it has sound, and not this already.
///
/// # Errors
/// There is no ffmpeg, or it fails; the disk's.
pub(super) async fn add_aac(app: &App, folder: &Path, catalogue: &Catalogue) -> Result<()> {
    let opus = |init: &&Init| init.kind == Kind::Audio && init.codecs.eq_ignore_ascii_case("opus");
    let inits: Vec<&Init> = catalogue.inits().iter().filter(opus).collect();
    if inits.is_empty() || catalogue.inits().iter().any(|init| init.rendition == RENDITION) {
        return Ok(());
    }
    let ffmpeg = app
        .recordings
        .ffmpeg
        .as_ref()
        .context("`recording.aac` needs ffmpeg, which is not there")?;
    let mut lines = String::new();
    for init in inits {
        let own = |segment: &&Segment| segment.rendition == init.rendition && segment.part == init.part;
        let segments: Vec<&Segment> = catalogue.segments().iter().filter(own).collect();
        if !segments.is_empty() {
            lines += &add_part(ffmpeg, folder, catalogue, init, &segments).await?;
        }
    }
    // An end was there, and there has to be one behind the rest.
    lines += &Entry::End {
        unix_us: crate::db::Ts::now().0,
    }
    .to_line();
    tokio::fs::File::open(folder).await?.sync_all().await?; // the names of what the lines name
    let mut journal = tokio::fs::OpenOptions::new()
        .append(true)
        .open(folder.join(JOURNAL))
        .await?;
    journal.write_all(lines.as_bytes()).await?;
    journal.sync_data().await?;
    Ok(())
}

/// Makes the sound of one part; gives its lines of the journal. The files they name are on the disk.
async fn add_part(
    ffmpeg: &Ffmpeg,
    folder: &Path,
    catalogue: &Catalogue,
    init: &Init,
    segments: &[&Segment],
) -> Result<String> {
    let mut opus = tokio::fs::read(folder.join(init.file.as_str())).await?;
    for segment in segments {
        opus.extend(tokio::fs::read(folder.join(segment.file.as_str())).await?);
    }
    let starts: Vec<i64> = segments
        .iter()
        .map(|segment| time_ns(segment.tfdt, init.timescale))
        .collect();
    let (first, last) = (
        segments.first().context("a part without sound")?,
        segments.last().context("as above")?,
    );
    let (start, end) = (
        time_ns(first.tfdt, init.timescale),
        time_ns(last.tfdt.saturating_add(last.duration), init.timescale),
    );
    let seconds = u64::try_from((end - start) / 1_000_000_000).unwrap_or(0);
    let bounds = Bounds {
        time: Duration::from_secs(60 + seconds / 4),
        output_bytes: MOST_BYTES,
    };
    #[rustfmt::skip] // pairs
    let arguments = [
        "-f", "mp4", "-i", "pipe:0", "-vn", "-af", "aresample=async=1000", "-ar", "48000", "-ac", "2",
        "-c:a", "aac", "-b:a", BITRATE, "-threads", "1", "-f", "adts", "pipe:1",
    ];
    let adts = ffmpeg.run(&arguments, opus, bounds).await?;
    let description = Description::new(sample_entry()).context("AAC has a codec string")?;
    let start_us = catalogue.start_us().unwrap_or(0);
    let mut writer = TrackWriter::new(RENDITION, init.part, start_us, &description);
    let mut cuts = starts.iter().skip(1).peekable();
    for (number, frame) in (0..).zip(frames(&adts).skip(1)) {
        let time = start + number * FRAME_SAMPLES * 1_000_000_000 / i64::from(RATE);
        if time >= end {
            break;
        }
        writer.push(time, true, frame);
        if cuts.next_if(|cut| **cut <= time).is_some() {
            writer.cut();
        }
    }
    write_all(folder, writer.finish(end)).await
}

/// Does what a track's writer says; gives the lines of the journal.
async fn write_all(folder: &Path, writes: Vec<Write>) -> Result<String> {
    let mut lines = String::new();
    let mut open: Option<(String, tokio::fs::File)> = None;
    for write in writes {
        match write {
            Write::Append { file, offset, bytes } => {
                if offset == 0 {
                    let new = tokio::fs::File::create(folder.join(file.as_str())).await?;
                    if let Some((_, done)) = open.replace((file.to_string(), new)) {
                        done.sync_data().await?;
                    }
                }
                let (name, out) = open.as_mut().context("a file begins at its beginning")?;
                ensure!(*name == file.as_str(), "files are written one after the other");
                out.write_all(&bytes).await?;
            }
            Write::Journal(entry) => lines += &entry.to_line(),
            Write::RequestKeyFrame { .. } => {}
        }
    }
    if let Some((_, mut done)) = open {
        done.flush().await?;
        done.sync_data().await?;
    }
    Ok(lines)
}

/// The frames of an ADTS stream (ISO/IEC 14496-3 section 1.A.2), without their headers, up to one that is torn.
fn frames(mut adts: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let header = adts.first_chunk::<7>()?;
        let is_adts = header[0] == 0xff && header[1] & 0xf6 == 0xf0;
        let length = usize::from(header[3] & 3) << 11 | usize::from(header[4]) << 3 | usize::from(header[5] >> 5);
        let header_bytes = if header[1] & 1 == 1 { 7 } else { 9 };
        let (frame, rest) = adts.split_at_checked(length).filter(|_| is_adts)?;
        adts = rest;
        frame.get(header_bytes..)
    })
}

fn sample_entry() -> SampleEntry {
    let dec_config_descr = DecoderConfigDescriptor {
        object_type_indication: DecoderConfigDescriptor::OBJECT_TYPE_INDICATION_AUDIO_ISO_IEC_14496_3,
        stream_type: DecoderConfigDescriptor::STREAM_TYPE_AUDIO,
        up_stream: DecoderConfigDescriptor::UP_STREAM_FALSE,
        buffer_size_db: Uint::new(0),
        max_bitrate: 0,
        avg_bitrate: 0,
        dec_specific_info: Some(DecoderSpecificInfo {
            payload: CONFIG.to_vec(),
        }),
    };
    SampleEntry::Mp4a(Mp4aBox {
        audio: AudioSampleEntryFields {
            data_reference_index: AudioSampleEntryFields::DEFAULT_DATA_REFERENCE_INDEX,
            channelcount: 2,
            samplesize: AudioSampleEntryFields::DEFAULT_SAMPLESIZE,
            samplerate: FixedPointNumber::new(48_000, 0),
        },
        esds_box: EsdsBox {
            es: EsDescriptor {
                es_id: EsDescriptor::MIN_ES_ID,
                stream_priority: EsDescriptor::LOWEST_STREAM_PRIORITY,
                depends_on_es_id: None,
                url_string: None,
                ocr_es_id: None,
                dec_config_descr,
                sl_config_descr: SlConfigDescriptor,
            },
        },
        unknown_boxes: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_found_and_a_torn_one_ends_it() {
        let frame = |payload: &[u8]| {
            let length = u8::try_from(payload.len() + 7).unwrap();
            let mut bytes = vec![0xff, 0xf1, 0x4c, 0x80, length >> 3, length << 5, 0];
            bytes.extend_from_slice(payload);
            bytes
        };
        let stream = [frame(b"abc"), frame(b"defg"), frame(b"hi")[..8].to_vec()].concat();
        assert_eq!(frames(&stream).collect::<Vec<_>>(), [&b"abc"[..], b"defg"]);
        assert_eq!(frames(b"no sound at all").count(), 0);
    }

    #[test]
    fn the_track_is_called_what_players_ask_for() {
        assert_eq!(Description::new(sample_entry()).unwrap().codecs, "mp4a.40.2");
    }
}
