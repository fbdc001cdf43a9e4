//! Real file systems under the real server while a class runs: one that is full, one that turns read-only, one that is
//! stuck, and a store that is gone. The class goes on for its viewers, somebody is told, and the recording goes on by
//! itself.
//!
//! Each server has a mount namespace of its own, whose file systems end with it. Only root can mount.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use lectern::config::Config;
use lectern_media::record::{Catalogue, repair};
use serde_json::Value;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::bucket::Bucket;
use crate::end_to_end_kills::decode;
use crate::end_to_end_peer::{PATIENCE, Viewer};
use crate::process::{Process, lectern};

/// How long a disk is stuck.
const STUCK: Duration = Duration::from_secs(10);

/// Pictures of a second.
const SECOND: u32 = 30;

/// A file system of 24 MB in memory for all that the server keeps.
const SMALL: &str = "mount -t tmpfs -o size=24m none disk";
/// A disk of its own for all that the server keeps.
const ALL: &str = "truncate -s 256M image; mkfs.ext4 -qF image; mount -o loop image disk";
/// A disk of its own for recordings.
const RECORDINGS: &str =
    "mkdir disk/recordings; truncate -s 256M image; mkfs.ext4 -qF image; mount -o loop image disk/recordings";

/// Where somebody is told that a recording is in trouble.
struct Trouble {
    /// On the page of admins.
    alert: &'static str,
    /// On the page of the class.
    on_page: &'static str,
    number: &'static str,
    in_log: &'static str,
}

const DISK_FAILS: Trouble = Trouble {
    alert: "recording-failing",
    on_page: "disk-failing",
    number: "lectern_failing_recordings",
    in_log: "the recording cannot be written",
};
const STORE_FAILS: Trouble = Trouble {
    alert: "upload-failing",
    on_page: "upload-failing",
    number: "lectern_failing_uploads",
    in_log: "the recording cannot be uploaded",
};

/// A class that is broadcast and watched, on a server with file systems of its own.
struct Class {
    server: Process,
    cookie: String,
    id: String,
    viewer: Viewer,
    publisher: Child,
}

impl Class {
    /// Begins one on a server whose shell has said `mount` in a folder with an empty `disk` in it.
    async fn begin(mount: &str, settings: &str) -> Class {
        let data = tempfile::tempdir().unwrap();
        std::fs::create_dir(data.path().join("disk")).unwrap();
        std::fs::write(data.path().join("config.toml"), settings).unwrap();
        let mut server = start(data, mount).await;
        let (_, cookie) = server.set_up("correct horse").await;
        let id = server.plan(&cookie, true).await;
        let key = server.stream_key(&cookie, &id).await;
        let publisher = lectern(server.data.path())
            .args(["demo", "--server", &server.url, "--session", &id])
            .env("LECTERN_STREAM_KEY", key)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let whep = format!("{}/whep/{id}", server.url).parse().unwrap();
        let viewer = Viewer::connect(&whep, None).await;
        let mut class = Class {
            server,
            cookie,
            id,
            viewer,
            publisher,
        };
        class.until("it is recorded", async |class| class.segments() >= 4).await;
        class
    }

    /// Has the server's shell do something where its file systems are.
    fn shell(&self, script: &str) {
        shell(&self.server, script);
    }

    /// What the server has of the recording.
    fn folder(&self) -> PathBuf {
        let pid = self.server.child.id().expect("it runs");
        let data = self.server.data.path().display();
        PathBuf::from(format!("/proc/{pid}/root{data}/disk/recordings/{}", self.id))
    }

    fn catalogue(&self) -> Catalogue {
        let journal = std::fs::read(self.folder().join("journal.jsonl"));
        Catalogue::read(&journal.unwrap_or_default()).0
    }

    fn segments(&self) -> usize {
        self.catalogue().segments().len()
    }

    /// Watches until something is so.
    async fn until(&mut self, what: &str, is_so: impl AsyncFn(&Class) -> bool) {
        let wait = async {
            while !is_so(self).await {
                self.viewer.pictures(3).await;
            }
        };
        let came = tokio::time::timeout(2 * PATIENCE, wait).await;
        assert!(came.is_ok(), "{what}; {}", self.server.log());
    }

    async fn get(&self, path: &str) -> String {
        let request = self.server.http.get(format!("{}{path}", self.server.url));
        let answer = request.header("cookie", &self.cookie).send().await.unwrap();
        answer.error_for_status().unwrap().text().await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.get(path).await).unwrap()
    }

    /// Watches until the page of admins, the page of the class, the numbers and the log all tell of it.
    async fn until_told(&mut self, trouble: &Trouble) {
        let is_told = async |class: &Class| {
            let health = class.json("/api/admin/health").await;
            let alerts = health["alerts"].as_array().unwrap();
            let session = class.json(&format!("/api/live/sessions/{}", class.id)).await;
            let numbers = class.get("/metrics").await;
            alerts.iter().any(|told| told["code"] == trouble.alert)
                && session["recording"]["alert"] == trouble.on_page
                && numbers.lines().any(|line| line == format!("{} 1", trouble.number))
                && class.server.log().contains(trouble.in_log)
        };
        self.until("somebody is told", is_told).await;
    }

    /// Watches until there are so many segments more than `before`, and nothing is wrong any more.
    async fn until_it_goes_on(&mut self, before: usize, more: usize) {
        let goes_on = async |class: &Class| class.segments() >= before + more && class.is_well().await;
        self.until("the recording goes on", goes_on).await;
    }

    /// Whether the page of admins shows nothing of the recording.
    async fn is_well(&self) -> bool {
        let health = self.json("/api/admin/health").await.to_string();
        !["recording-failing", "recorder-behind", "upload-failing"]
            .iter()
            .any(|code| health.contains(code))
    }

    /// Ends the class; gives what was recorded, which a player reads from beginning to end.
    async fn end(mut self) -> Catalogue {
        let end = format!("/api/instructor/streams/{}/end", self.id);
        self.server.post(&end, &self.cookie, serde_json::json!({})).await;
        self.publisher.kill().await.unwrap();
        let master = format!("{}/api/live/sessions/{}/hls/master.m3u8", self.server.url, self.id);
        assert_eq!(decode(&master).await, "", "a player reads it all");
        let catalogue = self.catalogue();
        assert!(catalogue.ended(), "{catalogue:?}");
        check(&self.folder(), &catalogue);
        catalogue
    }
}

/// Starts a server in a mount namespace of its own.
async fn start(data: TempDir, mount: &str) -> Process {
    let is_root = rustix::process::geteuid().is_root();
    assert!(is_root, "this test mounts file systems, as only root can");
    let program = lectern(data.path()).as_std().get_program().to_owned();
    let mut command = Command::new("unshare");
    command.args(["--mount", "--propagation", "private", "sh", "-ec"]);
    command.arg(format!("{mount}; exec \"$0\"")).arg(program);
    command.env("LECTERN_DATA__DIR", data.path().join("disk"));
    Process::run(data, command).await
}

fn shell(server: &Process, script: &str) {
    let status = std::process::Command::new("nsenter")
        .args(["--mount", "--target", &server.child.id().expect("it runs").to_string()])
        .args(["sh", "-ec", script])
        .current_dir("/")
        .env("DATA", server.data.path())
        .status()
        .unwrap();
    assert!(status.success(), "{script}");
}

/// Fails where something is listed that is not there as a whole.
fn check(folder: &Path, catalogue: &Catalogue) {
    for segment in catalogue.segments() {
        let bytes = std::fs::read(folder.join(segment.file.as_str())).unwrap();
        let found = repair(&bytes);
        let there = (bytes.len() as u64, found.valid_len, found.frames);
        assert_eq!(there, (segment.bytes, segment.bytes, segment.frames), "{segment:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_stops_the_recording_and_never_the_class() {
    let mut class = Class::begin(SMALL, "").await;
    class.shell("! cat /dev/zero > $DATA/disk/filler");
    class.until_told(&DISK_FAILS).await;
    let kept = class.catalogue();
    check(&class.folder(), &kept);
    class.viewer.pictures(3 * SECOND).await;
    let whep = format!("{}/whep/{}", class.server.url, class.id).parse().unwrap();
    let mut late = Viewer::connect(&whep, None).await;
    late.pictures(SECOND).await;
    let (now, before) = (class.catalogue(), kept.segments().len());
    assert_eq!(now.segments(), kept.segments(), "nothing half-written is listed");
    assert_eq!(now.inits(), kept.inits(), "nor what it begins with");

    class.shell("rm $DATA/disk/filler");
    class.until_it_goes_on(before, 4).await;
    let whole = class.end().await;
    let parts: BTreeSet<u32> = whole.segments().iter().map(|segment| segment.part).collect();
    assert_eq!(parts.len(), 2, "what was not recorded is left out: {parts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_turns_read_only_stops_the_recording_until_it_is_mended() {
    let mut class = Class::begin(RECORDINGS, "").await;
    class.shell("mount -o remount,abort $DATA/disk/recordings");
    class.until_told(&DISK_FAILS).await;
    class.viewer.pictures(3 * SECOND).await;
    let kept = class.catalogue();
    check(&class.folder(), &kept);

    // Exit code 1: errors were corrected.
    class.shell(
        "cd $DATA; umount -l disk/recordings; e2fsck -fy image >/dev/null 2>&1 || [ $? = 1 ]; \
         mount -o loop image disk/recordings",
    );
    let before = kept.segments().len();
    class.until_it_goes_on(before, 4).await;
    class.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_is_stuck_for_ten_seconds_costs_the_replay_nothing() {
    for (mount, place) in [(RECORDINGS, "disk/recordings"), (ALL, "disk")] {
        let mut class = Class::begin(mount, "").await;
        let frozen = Frozen::new(&class.server, place);
        let thaws_at = tokio::time::Instant::now() + STUCK;
        if place == "disk/recordings" {
            class
                .until("somebody is told", async |class| {
                    let health = class.json("/api/admin/health").await.to_string();
                    health.contains("recorder-behind") && health.contains("recording-failing")
                })
                .await;
        }
        while tokio::time::Instant::now() < thaws_at {
            class.viewer.pictures(SECOND / 2).await;
        }
        drop(frozen);
        let before = class.segments();
        class.until_it_goes_on(before, 8).await;
        let log = class.server.log();
        assert!(log.contains("the disk was stuck"), "{log}");
        let whole = class.end().await;
        assert_eq!(whole.last_part(), 0, "one part, without a gap");
        for rendition in whole.renditions() {
            let own: Vec<_> = whole.segments().iter().filter(|s| s.rendition == rendition).collect();
            let rate = whole.init(rendition, 0).unwrap().timescale;
            for pair in own.windows(2) {
                assert_eq!(pair[0].tfdt + pair[0].duration, pair[1].tfdt, "{:?}", pair[1]);
            }
            // 30 pictures and 50 packets of sound a second, all of them the publisher's.
            let per_s = if rate == 90_000 { 30.0 } else { 50.0 };
            let frames: u32 = own.iter().map(|s| s.frames).sum();
            let seconds = own.iter().map(|s| s.duration).sum::<u64>() as f64 / f64::from(rate);
            let expected = seconds * per_s;
            assert!(
                (f64::from(frames) - expected).abs() < 3.0,
                "{rendition}: {frames} frames of {expected} in {seconds} s"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_costs_the_class_nothing() {
    let bucket = Bucket::new().await;
    assert!(Config::from_toml(&bucket.settings()).unwrap().storage.is_on());
    let mut class = Class::begin(":", &bucket.settings()).await;
    bucket.cut(true);
    class.until_told(&STORE_FAILS).await;
    let before = class.segments();
    class
        .until("it is recorded here", async |class| class.segments() >= before + 4)
        .await;
    bucket.cut(false);
    class
        .until("it is uploaded again", async |class| class.is_well().await)
        .await;
    class.end().await;
}

/// A file system that takes nothing while this lives: a server that waits for it could not even be killed.
struct Frozen {
    pid: String,
    mount: PathBuf,
}

impl Frozen {
    fn new(server: &Process, place: &str) -> Frozen {
        let frozen = Frozen {
            pid: server.child.id().expect("it runs").to_string(),
            mount: server.data.path().join(place),
        };
        assert!(frozen.tell("--freeze"), "it can be frozen");
        frozen
    }

    fn tell(&self, what: &str) -> bool {
        let mut command = std::process::Command::new("nsenter");
        command
            .args(["--mount", "--target", &self.pid, "fsfreeze", what])
            .arg(&self.mount);
        command.current_dir("/").status().is_ok_and(|status| status.success())
    }
}

impl Drop for Frozen {
    fn drop(&mut self) {
        assert!(self.tell("--unfreeze"), "it can be thawed");
    }
}
