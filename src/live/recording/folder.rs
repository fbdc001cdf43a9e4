//! One recording on the disk. Everything is written at a place that is known, so that a write that failed in the middle
//! can be done again, and the journal names a file only after the file is on the disk.

use super::disk::{Disk, DiskFile, RealDisk};
use lectern_media::record::{Catalogue, Entry, FileName, Write, repair};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

const JOURNAL: &str = "journal.jsonl";

/// The line that finishes a journal is shorter than this.
const LAST_LINE_BYTES: u64 = 256;

/// See the module.
pub(super) struct Folder<D: Disk = RealDisk> {
    disk: D,
    path: PathBuf,
    journal: D::File,
    journal_bytes: u64,
    /// Segments that grow, and whether they hold what is not on the disk for sure.
    growing: HashMap<FileName, (D::File, bool)>,
    /// Whether there are files whose names are not on the disk for sure.
    has_new_names: bool,
}

impl Folder {
    /// Opens a recording on this machine's disk; see [`Folder::open_on`].
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn open(path: &Path) -> io::Result<(Folder, Catalogue)> {
        Folder::open_on(RealDisk, path)
    }

    /// Whether there is a recording whose journal has no end.
    ///
    /// # Errors
    /// The disk's, except that there is none.
    pub(super) fn is_cut_off(path: &Path) -> io::Result<bool> {
        let mut journal = match File::open(path.join(JOURNAL)) {
            Ok(journal) => journal,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Ok(false);
            }
            Err(error) => return Err(error),
        };
        let length = journal.metadata()?.len();
        journal.seek(SeekFrom::Start(length.saturating_sub(LAST_LINE_BYTES)))?;
        let mut end = String::new();
        // What is cut in the middle of a letter has no end either.
        let is_text = journal.read_to_string(&mut end).is_ok();
        let last = end.strip_suffix('\n').and_then(|lines| lines.lines().next_back());
        let ends = is_text && last.is_some_and(|line| matches!(serde_json::from_str(line), Ok(Entry::End { .. })));
        Ok(!ends)
    }
}

impl<D: Disk> Folder<D> {
    /// Opens a recording, or begins one, and repairs what an earlier run has left: lines and fragments that are not
    /// whole are cut off, and what is whole is listed. Returns what the journal says now.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn open_on(disk: D, path: &Path) -> io::Result<(Folder<D>, Catalogue)> {
        disk.make_folder(path)?;
        // The folder, and the one of all recordings, which may be new as well.
        let above = path.ancestors().skip(1).take(2);
        for above in above.filter(|above| !above.as_os_str().is_empty()) {
            disk.sync_names(above)?;
        }
        let name = path.join(JOURNAL);
        let journal = disk.open(&name)?;
        let text = disk.read(&name)?;
        let (mut catalogue, whole) = Catalogue::read(&text);
        if u64::try_from(text.len()).unwrap_or(u64::MAX) > whole {
            journal.set_len(whole)?;
        }
        let mut folder = Folder {
            disk,
            path: path.to_owned(),
            journal,
            journal_bytes: whole,
            growing: HashMap::new(),
            has_new_names: true,
        };
        folder.sync()?;
        folder.repair_tails(&mut catalogue)?;
        Ok((folder, catalogue))
    }

    fn repair_tails(&mut self, catalogue: &mut Catalogue) -> io::Result<()> {
        for tail in catalogue.tails() {
            let path = self.path.join(tail.file.as_str());
            let bytes = match self.disk.read(&path) {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            };
            let repaired = repair(&bytes);
            match catalogue.adopt(&tail, &repaired) {
                None => self.disk.remove(&path)?,
                Some(entry) => {
                    let file = self.disk.open(&path)?;
                    file.set_len(repaired.valid_len)?;
                    file.sync_data()?;
                    self.append_entry(&entry)?;
                    catalogue.apply(&entry);
                }
            }
        }
        Ok(())
    }

    /// Does what the recorder says; doing the same again after an error is right.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn apply(&mut self, write: &Write) -> io::Result<()> {
        match write {
            Write::Append { file, offset, bytes } => {
                let (open, is_dirty) = self.file(file, *offset)?;
                open.write_all_at(bytes, *offset)?;
                *is_dirty = true;
                Ok(())
            }
            Write::Journal(entry) => self.append_entry(entry),
            Write::RequestKeyFrame { .. } => Ok(()),
        }
    }

    fn file(&mut self, name: &FileName, offset: u64) -> io::Result<&mut (D::File, bool)> {
        use std::collections::hash_map::Entry::{Occupied, Vacant};
        match self.growing.entry(name.clone()) {
            Occupied(open) => {
                if offset == 0 {
                    open.get().0.set_len(0)?; // one that was given up, and is begun again
                }
                Ok(open.into_mut())
            }
            Vacant(place) => {
                let file = self.disk.open(&self.path.join(name.as_str()))?;
                if offset == 0 {
                    self.has_new_names = true;
                    file.set_len(0)?; // a leftover that no journal lists
                }
                Ok(place.insert((file, false)))
            }
        }
    }

    /// Appends a line to the journal, and has it on the disk; the file that it names, and is finished with that, is there
    /// first. Lines that wait for a sync together might be kept in another order.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn append_entry(&mut self, entry: &Entry) -> io::Result<()> {
        let finished = match entry {
            Entry::Init(init) => Some(&init.file),
            Entry::Segment(segment) => Some(&segment.file),
            _ => None,
        };
        if let Some((file, _)) = finished.and_then(|name| self.growing.get(name)) {
            file.sync_data()?;
            self.sync_new_names()?;
        }
        let line = entry.to_line();
        self.journal.write_all_at(line.as_bytes(), self.journal_bytes)?;
        self.journal.sync_data()?;
        self.journal_bytes += u64::try_from(line.len()).unwrap_or(0);
        if let Some(name) = finished {
            self.growing.remove(name);
        }
        Ok(())
    }

    /// Makes sure that everything written is on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        for (file, is_dirty) in self.growing.values_mut() {
            if std::mem::take(is_dirty) {
                file.sync_data()?;
            }
        }
        self.sync_new_names()?;
        self.journal.sync_data()
    }

    fn sync_new_names(&mut self) -> io::Result<()> {
        if self.has_new_names {
            self.disk.sync_names(&self.path)?;
            self.has_new_names = false;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use lectern_media::record::VERSION;

    fn start() -> Entry {
        Entry::Start {
            version: VERSION,
            unix_us: 5,
        }
    }

    #[test]
    fn a_journal_that_was_cut_in_a_line_goes_on_after_the_last_whole_one() {
        let data = tempfile::tempdir().unwrap();
        let path = data.path().join("class");
        assert!(!Folder::is_cut_off(&path).unwrap(), "there is none");
        let (mut folder, catalogue) = Folder::open(&path).unwrap();
        assert_eq!(catalogue, Catalogue::default());
        folder.append_entry(&start()).unwrap();
        drop(folder);
        let journal = path.join(JOURNAL);
        let whole = std::fs::read(&journal).unwrap();
        std::fs::write(&journal, [whole.as_slice(), b"{\"entry\":\"seg"].concat()).unwrap();
        assert!(Folder::is_cut_off(&path).unwrap());
        let (mut folder, catalogue) = Folder::open(&path).unwrap();
        assert_eq!(catalogue.start_us(), Some(5));
        folder.append_entry(&Entry::End { unix_us: 9 }).unwrap();
        assert!(!Folder::is_cut_off(&path).unwrap());
        let text = std::fs::read_to_string(&journal).unwrap();
        assert_eq!(text.lines().count(), 2, "{text}");
    }

    #[test]
    fn what_is_written_twice_is_there_once() {
        let data = tempfile::tempdir().unwrap();
        let (mut folder, _) = Folder::open(data.path()).unwrap();
        let file = FileName::try_from("video-0-00000.m4s".to_owned()).unwrap();
        let append = |offset, bytes: &'static [u8]| Write::Append {
            file: file.clone(),
            offset,
            bytes: bytes.into(),
        };
        for write in [append(0, b"abc"), append(3, b"def"), append(3, b"def")] {
            folder.apply(&write).unwrap();
        }
        folder.sync().unwrap();
        assert_eq!(std::fs::read(data.path().join(file.as_str())).unwrap(), b"abcdef");
    }

    #[test]
    fn a_file_that_is_begun_again_keeps_nothing_of_what_it_was() {
        let data = tempfile::tempdir().unwrap();
        let (mut folder, _) = Folder::open(data.path()).unwrap();
        let file = FileName::try_from("video-0-00000.m4s".to_owned()).unwrap();
        for bytes in [&b"a long one"[..], b"short"] {
            let bytes = bytes.into();
            let write = Write::Append {
                file: file.clone(),
                offset: 0,
                bytes,
            };
            folder.apply(&write).unwrap();
        }
        assert_eq!(std::fs::read(data.path().join(file.as_str())).unwrap(), b"short");
    }
}
