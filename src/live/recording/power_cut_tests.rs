//! What a power cut leaves of a recording: any of the blocks and names that were not synced, in any combination. Whatever
//! it is, the replay has all that was synced, lists nothing else than what was written, and goes on.

use super::disk::{Disk, DiskFile};
use super::folder::Folder;
use bytes::Bytes;
use lectern_media::codec::{Codec, CodecParameters};
use lectern_media::forward::batch::{Batch, PacketMeta};
use lectern_media::forward::feed::Feed;
use lectern_media::id::TrackId;
use lectern_media::record::{Catalogue, Config, Recorder, repair};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What a disk keeps or loses as a whole.
const BLOCK_BYTES: usize = 512;

/// Power cuts, and what is left differs for each.
const CUTS: u64 = 400;

/// As the recorder's thread has it.
const SYNC_EVERY_MS: u64 = 500;

const START_US: i64 = 1_795_176_000_000_000;

/// What a file system was told, in order.
#[derive(Clone, Debug)]
enum Told {
    MakeFolder(PathBuf),
    SyncNames(PathBuf),
    Open(PathBuf),
    Write(PathBuf, u64, Bytes),
    SetLen(PathBuf, u64),
    SyncData(PathBuf),
    Remove(PathBuf),
}

/// A disk in memory that remembers what it was told. Clones are the same one.
#[derive(Clone)]
struct Recorded(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    told: Vec<Told>,
    files: BTreeMap<PathBuf, Vec<u8>>,
    folders: BTreeSet<PathBuf>,
}

struct RecordedFile(Recorded, PathBuf);

impl Recorded {
    /// With an empty data folder.
    fn empty() -> Recorded {
        let folders = ["/", "/data"].map(PathBuf::from).into();
        Recorded(Arc::new(Mutex::new(State {
            folders,
            ..State::default()
        })))
    }

    fn tell(&self, told: Told) {
        let mut state = self.0.lock();
        match &told {
            Told::MakeFolder(path) => drop(state.folders.insert(path.clone())),
            Told::Open(path) => drop(state.files.entry(path.clone()).or_default()),
            Told::Write(path, offset, bytes) => write(state.files.get_mut(path).expect("it is open"), *offset, bytes),
            Told::SetLen(path, length) => {
                let file = state.files.get_mut(path).expect("it is open");
                file.resize(usize::try_from(*length).expect("small"), 0);
            }
            Told::Remove(path) => drop(state.files.remove(path)),
            Told::SyncNames(_) | Told::SyncData(_) => {}
        }
        state.told.push(told);
    }

    fn told(&self) -> usize {
        self.0.lock().told.len()
    }
}

fn write(file: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let at = usize::try_from(offset).expect("small");
    file.resize(file.len().max(at + bytes.len()), 0);
    file[at..at + bytes.len()].copy_from_slice(bytes);
}

impl Disk for Recorded {
    type File = RecordedFile;

    fn make_folder(&self, path: &Path) -> io::Result<()> {
        let mut new: Vec<&Path> = path.ancestors().collect();
        new.retain(|path| !self.0.lock().folders.contains(*path));
        new.iter()
            .rev()
            .for_each(|path| self.tell(Told::MakeFolder((*path).into())));
        Ok(())
    }

    fn sync_names(&self, folder: &Path) -> io::Result<()> {
        self.tell(Told::SyncNames(folder.into()));
        Ok(())
    }

    fn open(&self, path: &Path) -> io::Result<RecordedFile> {
        self.tell(Told::Open(path.into()));
        Ok(RecordedFile(self.clone(), path.into()))
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        let found = self.0.lock().files.get(path).cloned();
        found.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.tell(Told::Remove(path.into()));
        Ok(())
    }
}

impl DiskFile for RecordedFile {
    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let bytes = Bytes::copy_from_slice(bytes);
        self.0.tell(Told::Write(self.1.clone(), offset, bytes));
        Ok(())
    }

    fn set_len(&self, length: u64) -> io::Result<()> {
        self.0.tell(Told::SetLen(self.1.clone(), length));
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.tell(Told::SyncData(self.1.clone()));
        Ok(())
    }
}

/// A file after a power cut that may come at any moment.
#[derive(Clone, Default)]
struct Survivor {
    synced: Vec<u8>,
    /// Since the last sync.
    waiting: Vec<Told>,
    has_name: bool,
    is_removed: bool,
}

/// Random numbers that are the same in every run (SplitMix64).
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % end
    }

    fn coin(&mut self) -> bool {
        self.below(2) == 0
    }
}

/// What is left when the power goes after this much was told.
fn after_cut(told: &[Told], random: &mut Random) -> Recorded {
    let mut files: BTreeMap<PathBuf, Survivor> = BTreeMap::new();
    let mut folders: BTreeMap<PathBuf, bool> = BTreeMap::new();
    for told in told {
        match told {
            Told::MakeFolder(path) => drop(folders.insert(path.clone(), false)),
            Told::Open(path) => {
                let file = files.entry(path.clone()).or_default();
                if file.is_removed {
                    *file = Survivor::default();
                }
            }
            Told::Write(path, ..) | Told::SetLen(path, _) => {
                files.get_mut(path).expect("it is open").waiting.push(told.clone());
            }
            Told::SyncData(path) => {
                let file = files.get_mut(path).expect("it is open");
                for told in file.waiting.drain(..) {
                    apply(&mut file.synced, &told, &mut || true);
                }
            }
            Told::SyncNames(folder) => {
                let inside = |path: &PathBuf| path.parent() == Some(folder);
                files.retain(|path, file| !(inside(path) && file.is_removed));
                let names = files.iter_mut().filter(|(path, _)| inside(path));
                names.for_each(|(_, file)| file.has_name = true);
                let names = folders.iter_mut().filter(|(path, _)| inside(path));
                names.for_each(|(_, has_name)| *has_name = true);
            }
            Told::Remove(path) => files.get_mut(path).expect("it is there").is_removed = true,
        }
    }
    let mut lost: Vec<PathBuf> = Vec::new();
    for (path, has_name) in folders {
        if !has_name && random.coin() {
            lost.push(path);
        }
    }
    let left = Recorded::empty();
    for (path, mut file) in files {
        let may_go = !file.has_name || file.is_removed;
        let is_lost = lost.iter().any(|folder| path.starts_with(folder));
        if is_lost || (may_go && random.coin()) {
            continue;
        }
        for told in std::mem::take(&mut file.waiting) {
            apply(&mut file.synced, &told, &mut || random.coin());
        }
        left.0.lock().files.insert(path, file.synced);
    }
    left
}

/// Does what was told with those of its blocks that are `kept`; the others are as before, or zeros.
fn apply(file: &mut Vec<u8>, told: &Told, kept: &mut impl FnMut() -> bool) {
    match told {
        Told::SetLen(_, length) if kept() => file.resize(usize::try_from(*length).expect("small"), 0),
        Told::Write(_, offset, bytes) => {
            let mut at = usize::try_from(*offset).expect("small");
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let length = rest.len().min(BLOCK_BYTES - at % BLOCK_BYTES);
                let (block, after) = rest.split_at(length);
                if kept() {
                    write(file, at as u64, block);
                } else if kept() {
                    file.resize(file.len().max(at + length), 0); // its length is kept, its bytes are not
                }
                (at, rest) = (at + length, after);
            }
        }
        _ => {}
    }
}

/// A recorder with its folder, in virtual time.
struct Class {
    recorder: Recorder,
    folder: Folder<Recorded>,
    disk: Recorded,
    origin: Instant,
    now_ms: u64,
    sync_at_ms: u64,
    /// How much had been told when a sync was done, and where the recording ended for sure then.
    promised: Vec<(usize, i64)>,
}

fn path() -> PathBuf {
    PathBuf::from("/data/recordings/class")
}

impl Class {
    fn on(disk: Recorded, unix_us: i64) -> Class {
        let (folder, catalogue) = Folder::open_on(disk.clone(), &path()).unwrap();
        let origin = Instant::now();
        Class {
            recorder: Recorder::resume(Config::default(), &catalogue, origin, unix_us),
            folder,
            disk,
            origin,
            now_ms: 0,
            sync_at_ms: SYNC_EVERY_MS,
            promised: Vec::new(),
        }
    }

    fn now(&self) -> Instant {
        self.origin + Duration::from_millis(self.now_ms)
    }

    fn write(&mut self) {
        while let Some(write) = self.recorder.poll_write() {
            self.folder.apply(&write).unwrap();
        }
    }

    fn feed(&mut self, feed: &Feed) {
        self.recorder.handle(self.now(), feed);
        self.write();
    }

    fn advance(&mut self, to_ms: u64) {
        while self.now_ms < to_ms {
            self.now_ms += 10;
            self.recorder.handle_timeout(self.now());
            self.write();
            if self.now_ms >= self.sync_at_ms {
                self.sync_at_ms += SYNC_EVERY_MS;
                self.folder.sync().unwrap();
                self.promised.push((self.disk.told(), written_until(&self.disk)));
            }
        }
    }

    /// Sends pictures, of which an encoding may be missing for a while, and sound, until `until_ms`.
    fn send(&mut self, publisher: &mut Publisher, until_ms: u64) {
        while self.now_ms < until_ms {
            for feed in publisher.next(self.now(), self.now_ms) {
                self.feed(&feed);
            }
            self.advance(self.now_ms + 20);
        }
    }
}

/// Where the media of a disk ends, listed or not, in microseconds.
fn written_until(disk: &Recorded) -> i64 {
    let files = disk.0.lock().files.clone();
    let ends = files
        .iter()
        .filter(|(path, _)| path.extension().is_some_and(|end| end == "m4s"));
    let ends = ends.map(|(path, bytes)| {
        let rate = if path.to_string_lossy().contains("audio") {
            48
        } else {
            90
        };
        let kept = repair(bytes);
        i64::try_from((kept.tfdt + kept.duration) * 1000 / rate).unwrap()
    });
    ends.max().unwrap_or(0)
}

struct Publisher {
    epoch: u32,
    frames: u64,
    seqs: [u64; 3],
}

const PICTURES: [TrackId; 2] = [TrackId(0), TrackId(2)];
const SOUND: TrackId = TrackId(1);

impl Publisher {
    fn announce(class: &mut Class, epoch: u32) -> Publisher {
        let codecs = [
            (PICTURES[0], Codec::H264),
            (PICTURES[1], Codec::H264),
            (SOUND, Codec::Opus),
        ];
        for (track, codec) in codecs {
            let parameters = CodecParameters {
                codec,
                profile: 0x42e0,
                packetization_mode: 1,
            };
            class.feed(&Feed::Track {
                track,
                epoch,
                parameters,
                starts_at: 0,
                name: "".into(),
            });
        }
        Publisher {
            epoch,
            frames: 0,
            seqs: [0; 3],
        }
    }

    /// A frame of 20 ms of everything; a key frame each second. The second encoding goes away now and then.
    fn next(&mut self, now: Instant, now_ms: u64) -> Vec<Feed> {
        let is_key = self.frames.is_multiple_of(50);
        let has_second = now_ms % 9_000 < 6_000 && self.epoch == 0;
        self.frames += 1;
        let mut feeds = vec![self.packets(SOUND, now, now_ms * 48, &[vec![0xfc, 0xff, 0xfe]])];
        for track in PICTURES.iter().filter(|track| **track == PICTURES[0] || has_second) {
            let unit = if is_key { 0x65 } else { 0x41 };
            let size = if is_key { 3000 } else { 700 };
            let slice: Vec<u8> = (0..size)
                .map(|at| if at == 0 { unit } else { (self.frames + at) as u8 | 1 })
                .collect();
            let mut payloads = vec![slice];
            if is_key {
                payloads.insert(0, parameter_sets());
            }
            feeds.push(self.packets(*track, now, now_ms * 90, &payloads));
        }
        feeds
    }

    fn packets(&mut self, track: TrackId, arrived: Instant, rtp_time: u64, payloads: &[Vec<u8>]) -> Feed {
        let mut batch = Batch::new();
        for (index, payload) in payloads.iter().enumerate() {
            let seq = &mut self.seqs[usize::from(track.0)];
            let meta = PacketMeta {
                seq: *seq,
                rtp_time,
                arrived,
                marker: track != SOUND && index + 1 == payloads.len(),
                starts_key_frame: payloads.len() == 2 && index == 0,
                switches_up: false,
            };
            *seq += 1;
            batch.push(meta, payload);
        }
        Feed::Packets {
            track,
            batch: Arc::new(batch),
        }
    }
}

/// Of 1280 by 720 pixels, in one packet (RFC 6184 section 5.7.1).
fn parameter_sets() -> Vec<u8> {
    let sps = [
        0x67, 0x42, 0xc0, 0x1f, 0xd9, 0x80, 0x50, 0x05, 0xbb, 0x01, 0x10, 0x00, 0x00, 0x03, 0x00, 0x10, 0x00, 0x00,
        0x03, 0x03, 0xc8, 0xf1, 0x83, 0x26, 0x80,
    ];
    let pps = [0x68, 0xc9, 0x61, 0x4b, 0x20];
    let mut packet = vec![0x78];
    for unit in [&sps[..], &pps[..]] {
        packet.extend(u16::try_from(unit.len()).unwrap().to_be_bytes());
        packet.extend(unit);
    }
    packet
}

/// Fails where the journal lists what is not there as it was `written`, or lists anything twice.
fn check(disk: &Recorded, written: &BTreeMap<PathBuf, Vec<Vec<u8>>>, case: &str) -> Catalogue {
    let catalogue = Catalogue::read(&disk.read(&path().join("journal.jsonl")).unwrap()).0;
    let is_as_written = |name: &str| {
        let path = path().join(name);
        let found = disk.read(&path).unwrap_or_else(|_| panic!("{case}: {name} is listed"));
        let versions = written
            .get(&path)
            .unwrap_or_else(|| panic!("{case}: {name} was never written"));
        assert!(
            versions.iter().any(|version| version.starts_with(&found)),
            "{case}: {name} is as it was written"
        );
        found.len() as u64
    };
    let mut names = HashSet::new();
    for init in catalogue.inits() {
        assert!(names.insert(init.file.clone()), "{case}: {} is listed once", init.file);
        assert!(is_as_written(init.file.as_str()) > 0);
    }
    for segment in catalogue.segments() {
        assert!(
            names.insert(segment.file.clone()),
            "{case}: {} is listed once",
            segment.file
        );
        assert_eq!(
            is_as_written(segment.file.as_str()),
            segment.bytes,
            "{case}: {segment:?}"
        );
        let has_init = catalogue.init(&segment.rendition, segment.part).is_some();
        assert!(has_init, "{case}: {} can be decoded", segment.file);
    }
    catalogue
}

/// For each file all that was ever in it, from each of its beginnings on.
fn versions(told: &[Told]) -> BTreeMap<PathBuf, Vec<Vec<u8>>> {
    let mut versions: BTreeMap<PathBuf, Vec<Vec<u8>>> = BTreeMap::new();
    for told in told {
        match told {
            Told::SetLen(path, 0) => versions.entry(path.clone()).or_default().push(Vec::new()),
            Told::Write(path, offset, bytes) => {
                let all = versions.entry(path.clone()).or_default();
                if all.is_empty() {
                    all.push(Vec::new());
                }
                write(all.last_mut().unwrap(), *offset, bytes);
            }
            _ => {}
        }
    }
    versions
}

#[test]
fn whatever_a_power_cut_leaves_has_all_that_was_synced_and_goes_on() {
    let disk = Recorded::empty();
    let mut class = Class::on(disk.clone(), START_US);
    for (epoch, until_ms) in [(0, 14_000), (1, 18_000)] {
        let mut publisher = Publisher::announce(&mut class, epoch);
        class.send(&mut publisher, until_ms);
    }
    let promised = class.promised;
    let told = disk.0.lock().told.clone();
    let written = versions(&told);
    let catalogue = check(&disk, &written, "no cut");
    assert_eq!(catalogue.renditions().len(), 3);
    assert!(
        catalogue.last_part() == 1 && catalogue.segments().len() > 15,
        "{catalogue:?}"
    );

    let mut random = Random(1);
    for cut in 0..CUTS {
        let at = usize::try_from(random.below(told.len() as u64 + 1)).unwrap();
        let case = format!("cut {cut} after {at} of {}", told.len());
        let left = after_cut(&told[..at], &mut random);
        drop(Folder::open_on(left.clone(), &path()).unwrap());
        let catalogue = check(&left, &written, &case);
        let promise = promised.iter().rev().find(|(told, _)| *told <= at);
        let promised_us = promise.map_or(0, |(_, end_us)| *end_us);
        let end_us = catalogue.end_us();
        assert!(end_us + 1_000 >= promised_us, "{case}: {end_us} of {promised_us} µs");

        // The power is back, and so is the publisher.
        let before = catalogue.segments().len();
        let mut class = Class::on(left.clone(), START_US + 60_000_000);
        let mut publisher = Publisher::announce(&mut class, 0);
        class.send(&mut publisher, 3_000);
        class.feed(&Feed::Ended);
        let mut written = written.clone();
        for (path, again) in versions(&left.0.lock().told) {
            written.entry(path).or_default().extend(again);
        }
        let whole = check(&left, &written, &format!("{case}, and later"));
        assert!(
            whole.ended() && whole.segments().len() >= before + 4,
            "{case}: {whole:?}"
        );
    }
}
