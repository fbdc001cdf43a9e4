//! What a recording needs of a file system: little enough that tests can give it one that loses its power.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// A file system. What it was told is there at once; it is there after a power cut once it was synced.
pub(super) trait Disk {
    /// An open file.
    type File: DiskFile;

    /// Makes a folder and those that it is in; there may be one.
    ///
    /// # Errors
    /// The disk's.
    fn make_folder(&self, path: &Path) -> io::Result<()>;

    /// Makes sure that the names in a folder are on the disk: a file's own sync does not (POSIX `fsync`).
    ///
    /// # Errors
    /// The disk's.
    fn sync_names(&self, folder: &Path) -> io::Result<()>;

    /// Opens a file for writing; it is made if it is not there.
    ///
    /// # Errors
    /// The disk's.
    fn open(&self, path: &Path) -> io::Result<Self::File>;

    /// All of a file.
    ///
    /// # Errors
    /// There is none; the disk's.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Takes a file away.
    ///
    /// # Errors
    /// The disk's.
    fn remove(&self, path: &Path) -> io::Result<()>;
}

/// A file that is open for writing.
pub(super) trait DiskFile {
    /// Writes at a place.
    ///
    /// # Errors
    /// The disk's.
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Cuts the file off, or fills it up with zeros.
    ///
    /// # Errors
    /// The disk's.
    fn set_len(&self, length: u64) -> io::Result<()>;

    /// Makes sure that what was written is on the disk.
    ///
    /// # Errors
    /// The disk's.
    fn sync_data(&self) -> io::Result<()>;
}

/// The machine's own.
#[derive(Clone, Copy, Debug)]
pub(super) struct RealDisk;

impl Disk for RealDisk {
    type File = File;

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        std::fs::create_dir_all(path)
    }

    fn sync_names(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }

    fn open(&self, path: &Path) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(false).open(path)
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        std::fs::remove_file(path)
    }
}

impl DiskFile for File {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        FileExt::write_all_at(self, bytes, offset)
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        File::set_len(self, length)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }
}
