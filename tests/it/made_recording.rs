//! Recordings of real media: pictures and sound that ffmpeg has made, cut and listed by our own writer.

use std::path::{Path, PathBuf};
use std::process::Command;

use lectern_media::codec::Description;
use lectern_media::record::{Entry, TrackWriter, VERSION, Write};
use shiguredo_mp4::TrackKind;
use shiguredo_mp4::boxes::SampleEntry;
use shiguredo_mp4::demux::{Input, Mp4FileDemuxer};

/// When the made recordings began, in microseconds since 1970.
const START_US: i64 = 1_790_000_000_000_000;
const NS_PER_S: i64 = 1_000_000_000;
/// Segments end at the first key frame after this.
const TARGET_NS: i64 = 19 * NS_PER_S / 10;

/// A clip of a moving pattern with a tone.
#[derive(Clone, Copy)]
pub(crate) struct Clip {
    /// ffmpeg's name of the encoder, with its arguments.
    pub(crate) encoder: &'static str,
    pub(crate) size: &'static str,
    pub(crate) seconds: u32,
    /// ffmpeg's source of pictures.
    pub(crate) source: &'static str,
}

/// H.264 as a browser sends it: no B-frames.
pub(crate) const H264: Clip = Clip {
    encoder: "libx264 -preset ultrafast -profile:v baseline -bf 0 -sc_threshold 0",
    size: "640x360",
    seconds: 8,
    source: "testsrc2",
};

pub(crate) const VP9: Clip = Clip {
    encoder: "libvpx-vp9 -deadline realtime -cpu-used 8",
    size: "320x180",
    seconds: 4,
    source: "testsrc2",
};

/// A recording that is being made in a folder.
pub(crate) struct Made {
    folder: PathBuf,
    journal: String,
    parts: u32,
}

impl Made {
    /// An empty one.
    pub(crate) fn new(folder: &Path) -> Made {
        std::fs::create_dir_all(folder).unwrap();
        let start = Entry::Start {
            version: VERSION,
            unix_us: START_US,
        };
        Made {
            folder: folder.to_owned(),
            journal: start.to_line(),
            parts: 0,
        }
    }

    /// Adds a part with what `clip` shows, from `at_s` after the beginning on.
    pub(crate) fn part(mut self, clip: Clip, at_s: i64) -> Made {
        let file = encode(clip);
        std::fs::create_dir_all(&self.folder).unwrap();
        let at = at_s * NS_PER_S;
        if self.parts > 0 {
            let pdt_us = START_US + at / 1000;
            let part = self.parts;
            self.journal += &Entry::Discontinuity { part, pdt_us }.to_line();
        }
        let mut cuts = Vec::new();
        for (kind, rendition) in [(TrackKind::Video, "video0"), (TrackKind::Audio, "audio1")] {
            let (entry, samples) = demux(&file, kind);
            let description = Description::new(entry).unwrap();
            let mut writer = TrackWriter::new(rendition, self.parts, START_US, &description);
            let mut last_cut = 0;
            for sample in &samples {
                writer.push(at + sample.at, sample.key, sample.bytes);
                let is_due = match kind {
                    TrackKind::Video => sample.key && sample.at - last_cut >= TARGET_NS,
                    _ => cuts.iter().any(|cut| *cut > last_cut && *cut <= sample.at),
                };
                if is_due {
                    last_cut = sample.at;
                    writer.cut();
                    if kind == TrackKind::Video {
                        cuts.push(sample.at);
                    }
                }
            }
            let end = at + i64::from(clip.seconds) * NS_PER_S;
            let writes = writer.finish(end);
            self.apply(writes);
        }
        self.parts += 1;
        self.flush();
        self
    }

    /// Writes the end.
    pub(crate) fn end(mut self) {
        self.journal += &Entry::End { unix_us: START_US }.to_line();
        self.flush();
    }

    fn apply(&mut self, writes: Vec<Write>) {
        use std::os::unix::fs::FileExt;
        for write in writes {
            match write {
                Write::Append { file, offset, bytes } => {
                    let mut options = std::fs::OpenOptions::new();
                    let path = self.folder.join(file.as_str());
                    let file = options.create(true).truncate(false).write(true).open(path).unwrap();
                    file.write_all_at(&bytes, offset).unwrap();
                }
                Write::Journal(entry) => self.journal += &entry.to_line(),
                Write::RequestKeyFrame { .. } => {}
            }
        }
    }

    fn flush(&self) {
        std::fs::write(self.folder.join("journal.jsonl"), &self.journal).unwrap();
    }
}

/// A picture, or a packet of sound.
pub(crate) struct Sample<'a> {
    /// When it is shown or heard, nanoseconds.
    pub(crate) at: i64,
    pub(crate) key: bool,
    pub(crate) bytes: &'a [u8],
}

/// The samples of a track of an MP4 in decoding order, and what its init segment says.
pub(crate) fn demux(file: &[u8], kind: TrackKind) -> (SampleEntry, Vec<Sample<'_>>) {
    let mut demuxer = Mp4FileDemuxer::new();
    demuxer.handle_input(Input {
        position: 0,
        data: file,
    });
    let (mut entry, mut samples) = (None, Vec::new());
    while let Some(sample) = demuxer.next_sample().unwrap() {
        if sample.track.kind != kind {
            continue;
        }
        entry = entry.or(sample.sample_entry.cloned());
        let start = usize::try_from(sample.data_offset).unwrap();
        let shown = i64::try_from(sample.timestamp).unwrap() + sample.composition_time_offset.unwrap_or(0);
        samples.push(Sample {
            at: shown * NS_PER_S / i64::from(sample.track.timescale.get()),
            key: sample.keyframe,
            bytes: &file[start..start + sample.data_size],
        });
    }
    (entry.unwrap(), samples)
}

/// A clip as MP4, with a key frame every second and Opus.
pub(crate) fn encode(clip: Clip) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("clip.mp4");
    let seconds = clip.seconds;
    let pictures = format!("{}=size={}:rate=30:duration={seconds}", clip.source, clip.size);
    let sound = format!("sine=frequency=440:sample_rate=48000:duration={seconds}");
    let status = Command::new("ffmpeg")
        .args([
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            &pictures,
            "-f",
            "lavfi",
            "-i",
            &sound,
            "-c:v",
        ])
        .args(clip.encoder.split(' '))
        .args([
            "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "libopus", "-ac", "2", "-b:a", "64k",
        ])
        .arg(&path)
        .status()
        .unwrap();
    assert!(status.success());
    std::fs::read(path).unwrap()
}

/// What ffprobe says of a file, as JSON.
pub(crate) fn probe(path: &Path, arguments: &[&str]) -> serde_json::Value {
    let output = Command::new("ffprobe")
        .args(["-v", "error", "-of", "json"])
        .args(arguments)
        .arg(path)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}
