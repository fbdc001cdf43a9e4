//! A made publisher, a recorder with its shell, and a disk in memory, all in virtual time.

use crate::codec::tests::packetise::{clip, packetise};
use crate::codec::{Codec, CodecParameters, starts_key_frame};
use crate::forward::batch::{Batch, PacketMeta};
use crate::forward::feed::Feed;
use crate::id::TrackId;
use crate::record::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub(super) const VIDEO: TrackId = TrackId(0);
pub(super) const AUDIO: TrackId = TrackId(1);

/// 20 November 2026, 12:00 UTC.
pub(super) const START_US: i64 = 1_795_176_000_000_000;

/// The publisher's media clocks began this long before the recording.
const CLOCKS_AHEAD_MS: u64 = 1_000;

/// How long a moment is in a frame.
pub(super) const STAMP: usize = 10;

/// A recording folder in memory.
#[derive(Clone, Default)]
pub(super) struct Disk {
    pub(super) files: BTreeMap<String, Vec<u8>>,
    pub(super) journal: Vec<u8>,
}

impl Disk {
    pub(super) fn apply(&mut self, write: &Write) {
        match write {
            Write::Append { file, offset: 0, bytes } => {
                self.files.insert(file.to_string(), bytes.to_vec());
            }
            Write::Append { file, offset, bytes } => {
                let known = self.files.get_mut(file.as_str()).expect("a file begins at 0");
                assert_eq!(known.len() as u64, *offset, "{file} has no hole");
                known.extend_from_slice(bytes);
            }
            Write::Journal(entry) => self.journal.extend_from_slice(entry.to_line().as_bytes()),
            Write::RequestKeyFrame { .. } => {}
        }
    }

    pub(super) fn catalogue(&self) -> Catalogue {
        Catalogue::read(&self.journal).0
    }

    /// What the server does when it starts: cuts torn ends off and lists what is whole.
    pub(super) fn repair(&mut self) -> Catalogue {
        let (mut catalogue, whole) = Catalogue::read(&self.journal);
        self.journal.truncate(usize::try_from(whole).unwrap());
        for tail in catalogue.tails() {
            let Some(bytes) = self.files.get_mut(tail.file.as_str()) else {
                continue;
            };
            let repaired = repair(bytes);
            bytes.truncate(usize::try_from(repaired.valid_len).unwrap());
            match catalogue.adopt(&tail, &repaired) {
                Some(entry) => {
                    self.journal.extend_from_slice(entry.to_line().as_bytes());
                    catalogue.apply(&entry);
                }
                None => {
                    self.files.remove(tail.file.as_str());
                }
            }
        }
        catalogue
    }

    /// Fails where the catalogue lists what a player could not play.
    pub(super) fn check(&self) {
        let catalogue = self.catalogue();
        for init in catalogue.inits() {
            assert!(self.files.contains_key(init.file.as_str()), "{} is there", init.file);
        }
        // Of several encodings one may be away for a while.
        let is_picture = |name: &&str| name.starts_with("video");
        let encodings = catalogue.renditions().into_iter().filter(is_picture).count();
        let mut ends: BTreeMap<(&str, u32), u64> = BTreeMap::new();
        for segment in catalogue.segments() {
            let found = repair(&self.files[segment.file.as_str()]);
            let name = segment.file.as_str();
            assert_eq!(found.valid_len, segment.bytes, "{name}: bytes");
            assert_eq!(
                found.valid_len,
                self.files[name].len() as u64,
                "{name}: nothing after its fragments"
            );
            assert_eq!(
                (found.tfdt, found.duration),
                (segment.tfdt, segment.duration),
                "{name}: times"
            );
            assert_eq!(
                (found.frames, found.key),
                (segment.frames, segment.key),
                "{name}: frames"
            );
            assert!(
                catalogue.init(&segment.rendition, segment.part).is_some(),
                "{name}: init"
            );
            let end = ends.entry((&segment.rendition, segment.part)).or_insert(segment.tfdt);
            let is_next = segment.tfdt == *end || (encodings > 1 && segment.tfdt > *end);
            assert!(is_next, "{name} follows the one before it");
            *end = segment.tfdt + segment.duration;
        }
        for (rendition, ended) in catalogue.renditions().into_iter().flat_map(|r| [(r, false), (r, true)]) {
            let text = playlist::media(&catalogue, rendition, str::to_owned, ended).unwrap();
            let parsed = m3u8_rs::parse_media_playlist_res(text.as_bytes()).expect("a parser accepts it");
            assert_eq!(parsed.end_list, ended);
            assert!(
                parsed
                    .segments
                    .iter()
                    .all(|s| s.duration.round() <= parsed.target_duration as f32)
            );
        }
    }
}

/// A recorder with its shell: a clock, a disk, a log of what was written.
pub(super) struct World {
    pub(super) origin: Instant,
    pub(super) now_ms: u64,
    pub(super) recorder: Recorder,
    pub(super) disk: Disk,
    pub(super) log: Vec<Write>,
    pub(super) asked: Vec<(u64, TrackId)>,
}

impl World {
    pub(super) fn new() -> World {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let origin = Instant::now();
        let recorder = Recorder::new(Config::default(), origin, START_US);
        World {
            origin,
            now_ms: 0,
            recorder,
            disk: Disk::default(),
            log: Vec::new(),
            asked: Vec::new(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.origin + Duration::from_millis(self.now_ms)
    }

    pub(super) fn advance(&mut self, to_ms: u64) {
        while let Some(at) = self
            .recorder
            .poll_timeout()
            .filter(|at| *at <= self.origin + Duration::from_millis(to_ms))
        {
            self.now_ms = self.now_ms.max(u64::try_from((at - self.origin).as_millis()).unwrap());
            self.recorder.handle_timeout(self.now());
            self.drain();
        }
        self.now_ms = self.now_ms.max(to_ms);
    }

    pub(super) fn feed(&mut self, feed: &Feed) {
        self.recorder.handle(self.now(), feed);
        self.drain();
    }

    pub(super) fn drain(&mut self) {
        while let Some(write) = self.recorder.poll_write() {
            if let Write::RequestKeyFrame { track } = write {
                self.asked.push((self.now_ms, track));
            }
            self.disk.apply(&write);
            self.log.push(write);
        }
    }

    pub(super) fn end(mut self) -> (Disk, Vec<Write>) {
        self.feed(&Feed::Ended);
        assert!(self.recorder.is_finished());
        self.disk.check();
        (self.disk, self.log)
    }
}

/// Something that sends 30 frames and 50 packets of sound a second.
pub(super) struct Publisher {
    pub(super) epoch: u32,
    pub(super) video: Option<Codec>,
    pub(super) has_audio: bool,
    /// Sends a key frame when asked.
    pub(super) obeys: bool,
    pub(super) clips: [Vec<Vec<u8>>; 2],
    /// Next frame to be sent of either clip.
    pub(super) positions: [usize; 2],
    pub(super) seqs: [u64; 2],
    pub(super) mute_video: bool,
    pub(super) mute_audio: bool,
    pub(super) lose: fn(TrackId, u64) -> bool,
    /// How fast its sound card runs, and its wall clock, which the camera follows.
    pub(super) sound_ppm: i64,
    pub(super) wall_ppm: i64,
    /// How long a picture takes from the camera to the network.
    pub(super) picture_delay_ms: u64,
    pub(super) asked_before: usize,
    /// What it sends of a track before this moment is held up until then, and comes at once.
    pub(super) held_until_ms: [u64; 2],
    held: [Batch; 2],
    /// Its sound is of so much later than its timestamps and arrival tell of the pictures.
    pub(super) sound_late_ms: u64,
    /// So much media is sent at once at the beginning, and all that follows so much ahead of its time.
    pub(super) ahead_ms: u64,
    /// Its frames end with the moment that they show, in [`STAMP`] digits of milliseconds.
    pub(super) is_stamping: bool,
}

impl Publisher {
    pub(super) fn new(epoch: u32, video: Option<Codec>, has_audio: bool) -> Publisher {
        let clips = [video.map(clip).unwrap_or_default(), clip(Codec::Opus)];
        let base = u64::from(epoch) * 1_000_000;
        Publisher {
            epoch,
            video,
            has_audio,
            obeys: false,
            clips,
            positions: [0, 0],
            seqs: [base, base],
            mute_video: false,
            mute_audio: false,
            lose: |_, _| false,
            sound_ppm: 0,
            wall_ppm: 0,
            picture_delay_ms: 0,
            asked_before: 0,
            held_until_ms: [0, 0],
            held: [Batch::new(), Batch::new()],
            sound_late_ms: 0,
            ahead_ms: 0,
            is_stamping: false,
        }
    }

    pub(super) fn announce(&self, world: &mut World) {
        for (track, codec) in [(VIDEO, self.video), (AUDIO, self.has_audio.then_some(Codec::Opus))] {
            if let Some(codec) = codec {
                let parameters = CodecParameters {
                    codec,
                    profile: 0,
                    packetization_mode: 0,
                };
                world.feed(&Feed::Track {
                    track,
                    epoch: self.epoch,
                    parameters,
                    starts_at: u64::from(self.epoch) * 1_000_000,
                    name: Arc::from(""),
                });
            }
        }
    }

    /// Sends until `until_ms`; media time is the world's time, or ahead of it.
    pub(super) fn send(&mut self, world: &mut World, until_ms: u64) {
        let from_ms = world.now_ms;
        let mut media_ms = from_ms;
        while media_ms < until_ms + self.ahead_ms {
            if let Some(codec) = self.video
                && is_picture(media_ms)
            {
                self.send_picture(world, codec, media_ms);
            }
            if self.has_audio && media_ms.is_multiple_of(20) {
                self.send_sound(world, media_ms);
            }
            let next = (media_ms + 1..).find(|ms| is_picture(*ms) || ms.is_multiple_of(20));
            media_ms = next.unwrap().min(until_ms + self.ahead_ms);
            world.advance(media_ms.saturating_sub(self.ahead_ms).max(from_ms));
        }
    }

    fn send_sound(&mut self, world: &mut World, ms: u64) {
        let index = self.positions[1] % self.clips[1].len();
        self.positions[1] += 1;
        let frame = self.stamped(self.clips[1][index].clone(), ms);
        if !self.mute_audio {
            let rtp_time = skewed((ms + CLOCKS_AHEAD_MS + self.sound_late_ms) * 48, self.sound_ppm);
            self.send_packets(world, AUDIO, rtp_time, &[frame]);
        }
    }

    /// Tells the publisher's clocks (which are an hour wrong).
    pub(super) fn report(&self, world: &mut World) {
        let wall_us = skewed(world.now_ms * 1000, self.wall_ppm) + 3_600_000_000;
        let ntp_time = ((wall_us / 1_000_000) << 32) | (((wall_us % 1_000_000) << 32) / 1_000_000);
        let arrived = world.now();
        for (track, rate, ppm) in [(VIDEO, 90, self.wall_ppm), (AUDIO, 48, self.sound_ppm)] {
            let rtp_time = skewed((world.now_ms + CLOCKS_AHEAD_MS) * rate, ppm);
            world.feed(&Feed::SenderReport {
                track,
                ntp_time,
                rtp_time,
                arrived,
            });
        }
    }

    fn send_picture(&mut self, world: &mut World, codec: Codec, ms: u64) {
        let asked = world.asked.iter().filter(|(_, track)| *track == VIDEO).count();
        if self.obeys && asked > self.asked_before {
            self.positions[0] = 0;
        }
        self.asked_before = asked;
        let index = self.positions[0] % self.clips[0].len();
        self.positions[0] += 1;
        if !self.mute_video {
            let captured_ms = ms + CLOCKS_AHEAD_MS - self.picture_delay_ms;
            let frame = self.clips[0][index].clone();
            let frame = self.stamped(frame, captured_ms.saturating_sub(CLOCKS_AHEAD_MS));
            let packets = packetise(codec, &frame, index == 0, 300);
            self.send_packets(world, VIDEO, skewed(captured_ms * 90, self.wall_ppm), &packets);
        }
    }

    fn stamped(&self, mut frame: Vec<u8>, ms: u64) -> Vec<u8> {
        if self.is_stamping {
            frame.extend(format!("{ms:0STAMP$}").bytes());
        }
        frame
    }

    fn send_packets(&mut self, world: &mut World, track: TrackId, rtp_time: u64, payloads: &[Vec<u8>]) {
        let place = usize::from(track.0);
        let seq = &mut self.seqs[place];
        let codec = if track == VIDEO {
            self.video.unwrap()
        } else {
            Codec::Opus
        };
        let late_ms = if track == AUDIO { self.sound_late_ms } else { 0 };
        let arrived = world.origin + Duration::from_millis(world.now_ms.max(self.held_until_ms[place]) + late_ms);
        let batch = &mut self.held[place];
        for (index, payload) in payloads.iter().enumerate() {
            let meta = PacketMeta {
                seq: *seq,
                rtp_time,
                arrived,
                marker: track == VIDEO && index + 1 == payloads.len(),
                starts_key_frame: starts_key_frame(codec, payload),
                switches_up: false,
            };
            if !(self.lose)(track, *seq) {
                batch.push(meta, payload);
            }
            *seq += 1;
        }
        if world.now_ms >= self.held_until_ms[place] {
            let batch = Arc::new(std::mem::take(batch));
            world.feed(&Feed::Packets { track, batch });
        }
    }
}

/// Whether a picture is due in this millisecond.
fn is_picture(ms: u64) -> bool {
    [0, 33, 66].contains(&(ms % 100))
}

fn skewed(value: u64, ppm: i64) -> u64 {
    value.saturating_add_signed(i64::try_from(value).unwrap() / 1_000 * ppm / 1_000)
}
