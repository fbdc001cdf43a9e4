//! A recorded class whose server is killed again and again, at random moments: one replay, with all but the last second
//! before each kill.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lectern::accounts::{self, Role, login};
use lectern::config::Config;
use lectern::db::Db;
use lectern_media::record::Catalogue;
use serde_json::json;
use tempfile::TempDir;
use tokio::process::{Child, Command};

use crate::end_to_end_peer::PATIENCE;
use crate::process::{Process, lectern};

/// How much of what was sent a kill may cost.
const MOST_LOST: Duration = Duration::from_secs(1);

/// What stands between two looks at a file that is to grow.
const LOOK: Duration = Duration::from_millis(20);

/// A class on a server that is a process of its own, with the data folder that all its lives share.
struct Class {
    data: Arc<TempDir>,
    cookie: String,
    id: String,
    stream_key: String,
}

impl Class {
    async fn plan() -> (Class, Process) {
        let data = Arc::new(tempfile::tempdir().unwrap());
        let mut config = Config::from_toml("").unwrap();
        config.data.dir = data.path().to_owned();
        let db = Db::open(&config).await.unwrap();
        let user = accounts::without_password(&db, "Anna", "anna@example.org", Role::Instructor)
            .await
            .unwrap();
        let token = login::start(&db, user.id).await.unwrap();
        let cookie = format!("lectern_session={}", token.expose());
        db.close().await;

        let server = Process::start_in(Arc::clone(&data), &[]).await;
        let id = server.plan(&cookie, true).await;
        let stream_key = server.stream_key(&cookie, &id).await;
        let class = Class {
            data,
            cookie,
            id,
            stream_key,
        };
        (class, server)
    }

    fn folder(&self) -> PathBuf {
        self.data.path().join("recordings").join(&self.id)
    }

    fn catalogue(&self) -> Catalogue {
        let journal = std::fs::read(self.folder().join("journal.jsonl")).unwrap_or_default();
        Catalogue::read(&journal).0
    }

    /// A publisher that ends with the test.
    fn publish(&self, server: &Process) -> Child {
        lectern(self.data.path())
            .args(["demo", "--server", &server.url, "--session", &self.id])
            .env("LECTERN_STREAM_KEY", &self.stream_key)
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap()
    }

    /// Bytes of all files of the recording.
    fn size(&self) -> u64 {
        let entries = std::fs::read_dir(self.folder()).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().metadata().map_or(0, |known| known.len()))
            .sum()
    }

    /// Waits until the recording grows.
    async fn grows(&self) {
        let before = self.size();
        let growing = async {
            while self.size() <= before {
                tokio::time::sleep(LOOK).await;
            }
        };
        tokio::time::timeout(PATIENCE, growing)
            .await
            .expect("the class is recorded");
    }

    /// Fails where the journal lists what is not there as it says.
    fn check(&self, catalogue: &Catalogue) {
        for segment in catalogue.segments() {
            let found = std::fs::metadata(self.folder().join(segment.file.as_str())).unwrap();
            assert_eq!(found.len(), segment.bytes, "{segment:?}");
        }
    }
}

fn unix_us() -> i64 {
    i64::try_from(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros()).unwrap()
}

/// How often the server is killed: a few times in every run, by `make soak-kills` fifty times.
fn kills() -> u32 {
    std::env::var("KILLS").map_or(3, |text| text.parse().expect("KILLS is a number"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_at_any_moment_loses_less_than_a_second_and_goes_on_with_the_same_replay() {
    let (class, mut server) = Class::plan().await;
    let mut parts = 0;
    for kill in 0..kills() {
        let mut publisher = class.publish(&server);
        class.grows().await;
        // Anywhere in a segment, a fragment, or between the two.
        let mut random = [0u8; 2];
        getrandom::fill(&mut random).unwrap();
        let later = Duration::from_millis(300 + u64::from(u16::from_le_bytes(random)) % 4_000);
        tokio::time::sleep(later).await;
        class.grows().await;
        let killed_us = unix_us();
        server.kill().await;
        publisher.kill().await.unwrap();

        server = Process::start_in(Arc::clone(&class.data), &[]).await;
        let left = class.catalogue();
        let end_us = left.start_us().unwrap() + left.end_us();
        let lost_us = killed_us - end_us;
        assert!(
            lost_us <= i64::try_from(MOST_LOST.as_micros()).unwrap(),
            "kill {kill}, {later:?} after the start: {lost_us} µs lost"
        );
        assert!(!left.ended(), "it may go on");
        assert!(left.last_part() >= parts, "the same replay");
        parts = left.last_part() + 1;
        class.check(&left);
    }
    let mut publisher = class.publish(&server);
    class.grows().await;
    let end = format!("/api/instructor/streams/{}/end", class.id);
    server.post(&end, &class.cookie, json!({})).await;
    publisher.kill().await.unwrap();

    let whole = class.catalogue();
    class.check(&whole);
    assert!(
        whole.ended() && whole.last_part() == parts,
        "{} of {parts}",
        whole.last_part()
    );
    let decoded = decode(&format!(
        "{}/api/live/sessions/{}/hls/master.m3u8",
        server.url, class.id
    ))
    .await;
    assert_eq!(decoded, "", "a player reads it from beginning to end");
    server.kill().await;
}

/// What ffmpeg has to complain about when it plays a presentation from beginning to end.
pub(crate) async fn decode(url: &str) -> String {
    let arguments = ["-nostdin", "-v", "error", "-i", url, "-map", "0", "-f", "null", "-"];
    let played = Command::new("ffmpeg").args(arguments).output().await.unwrap();
    assert!(played.status.success(), "{played:?}");
    String::from_utf8(played.stderr).unwrap()
}
