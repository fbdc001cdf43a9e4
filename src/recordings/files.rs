//! The files of a recording: which names there are, what they are, and which of them are whole.

use std::io::{Read, Seek, SeekFrom};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::playlists::JOURNAL;

/// A file that was not written to for this long is whole: the recorder adds to the open one twice a second.
const SETTLED: Duration = Duration::from_secs(30);

/// The end of a journal in which a file that is younger than [`SETTLED`] is listed, if it is whole: many times what is
/// written in that time.
const JOURNAL_END_BYTES: u64 = 64 << 10;

/// Longest name of a file in a recording.
const NAME_BYTES: usize = 64;

/// What a file of a recording is, by its name: lower-case letters, digits, `-`, `_` and one of the known endings. Nothing
/// else in the folder (the journal) is for viewers, and no name leads out of it.
#[must_use]
pub fn kind_of(name: &str) -> Option<Kind> {
    let (stem, ending) = name.rsplit_once('.')?;
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if name.len() > NAME_BYTES || stem.is_empty() || !stem.bytes().all(is_plain) {
        return None;
    }
    match ending {
        "m3u8" => Some(Kind::Playlist),
        "mp4" | "m4s" => Some(Kind::Media),
        "jpg" => Some(Kind::Picture),
        _ => None,
    }
}

/// Whether a file of a recording is one that is only asked for to be played.
#[must_use]
pub fn is_segment(name: &str) -> bool {
    name.ends_with(".m4s")
}

/// What a file of a recording is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A media playlist: written for each request, never stored.
    Playlist,
    /// An init segment or a media segment.
    Media,
    /// Small pictures for the time line.
    Picture,
}

impl Kind {
    /// The media type.
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Kind::Playlist => "application/vnd.apple.mpegurl",
            Kind::Media => "video/mp4",
            Kind::Picture => "image/jpeg",
        }
    }
}

/// The size of a file of a recording, if it is there and whole: listed in the journal, or written long ago. The one that
/// grows is not for viewers: a cache would keep the piece of it for good. Reads the disk.
#[must_use]
pub fn whole_size(folder: &Path, name: &str) -> Option<u64> {
    let metadata = std::fs::metadata(folder.join(name)).ok()?;
    let age = SystemTime::now().duration_since(metadata.modified().ok()?);
    let is_whole =
        age.is_ok_and(|age| age >= SETTLED) || kind_of(name) == Some(Kind::Picture) || is_listed(folder, name);
    (metadata.is_file() && is_whole).then_some(metadata.len())
}

fn is_listed(folder: &Path, name: &str) -> bool {
    let end = || -> std::io::Result<Vec<u8>> {
        let mut journal = std::fs::File::open(folder.join(JOURNAL))?;
        let length = journal.metadata()?.len();
        journal.seek(SeekFrom::Start(length.saturating_sub(JOURNAL_END_BYTES)))?;
        let mut end = Vec::new();
        journal.take(JOURNAL_END_BYTES).read_to_end(&mut end)?;
        Ok(end)
    };
    let text = end().unwrap_or_default();
    let field = format!("\"file\":\"{name}\"");
    text.split_inclusive(|byte| *byte == b'\n')
        .filter(|line| line.ends_with(b"\n"))
        .any(|line| std::str::from_utf8(line).is_ok_and(|line| line.contains(&field)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_playlists_segments_and_pictures_are_served() {
        let cases = [
            ("video.m3u8", Some(Kind::Playlist)),
            ("a0-init.mp4", Some(Kind::Media)),
            ("v0_000017.m4s", Some(Kind::Media)),
            ("storyboard-0.jpg", Some(Kind::Picture)),
            ("journal.jsonl", None),
            ("download.index", None),
            ("..", None),
            ("../secret.mp4", None),
            ("..%2fsecret.mp4", None),
            ("a/b.m4s", None),
            (".m4s", None),
            ("a.b.m4s", None),
            ("A.m4s", None),
            ("", None),
        ];
        for (name, want) in cases {
            assert_eq!(kind_of(name), want, "{name}");
        }
        assert_eq!(kind_of(&format!("{}.m4s", "a".repeat(61))), None);
    }

    #[test]
    fn a_file_that_grows_is_not_there_yet() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("v-0-00001.m4s"), b"12345").unwrap();
        assert_eq!(whole_size(folder.path(), "v-0-00001.m4s"), None);
        let torn = "{\"entry\":\"segment\",\"file\":\"v-0-00001.m4s\"";
        std::fs::write(folder.path().join(JOURNAL), torn).unwrap();
        assert_eq!(
            whole_size(folder.path(), "v-0-00001.m4s"),
            None,
            "the line is not whole"
        );
        std::fs::write(folder.path().join(JOURNAL), format!("{torn}}}\n")).unwrap();
        assert_eq!(whole_size(folder.path(), "v-0-00001.m4s"), Some(5));
        assert_eq!(whole_size(folder.path(), "v-0-00002.m4s"), None);
    }
}
