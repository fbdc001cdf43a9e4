//! A recorded class whose server is killed again and again, at random moments: one replay, with all but the last second
//! before each kill.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use lectern::accounts::{self, Role, login};
use lectern::config::Config;
use lectern::db::Db;
use lectern_media::record::Catalogue;
use reqwest::Method;
use reqwest::header::{COOKIE, ORIGIN};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::app::plan;
use crate::end_to_end_peer::PATIENCE;
use crate::end_to_end_server::json;

/// How much of what was sent a kill may cost.
const MOST_LOST: Duration = Duration::from_secs(1);

/// What stands between two looks at a file that is to grow.
const LOOK: Duration = Duration::from_millis(20);

/// A class on a server that is a process of its own, with the data folder that all its lives share.
struct Class {
    data: TempDir,
    cookie: String,
    id: String,
    stream_key: String,
}

/// A process that ends with the test.
struct Process {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Process {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lectern"))
            .args(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap()).lines();
        Process { child, output }
    }

    /// The first line that it says.
    async fn first_line(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.output.next_line()).await;
        line.expect("it starts in time").unwrap().expect("it starts")
    }

    /// As a crash of the machine would.
    async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }
}

/// A life of the server: its process and address.
struct Server {
    process: Process,
    url: String,
}

impl Server {
    async fn start(data: &TempDir) -> Server {
        let folder = data.path().to_str().unwrap();
        let variables = [
            ("LECTERN_DATA__DIR", folder),
            ("LECTERN_HTTP__LISTEN", "127.0.0.1:0"),
            ("LECTERN_MEDIA__UDP_LISTEN", "127.0.0.1:0"),
            ("LECTERN_MEDIA__SHARDS", "1"),
        ];
        let mut process = Process::start(&[], &variables);
        let line = process.first_line().await;
        let url = line.strip_prefix("Lectern is at ").unwrap().to_owned();
        Server { process, url }
    }

    async fn ask(&self, cookie: &str, method: Method, path: &str, body: Option<Value>) -> String {
        let mut request = reqwest::Client::new().request(method, format!("{}{path}", self.url));
        request = request.header(COOKIE, cookie).header(ORIGIN, &self.url);
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        let (status, text) = (response.status(), response.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {text}");
        text
    }
}

impl Class {
    async fn plan() -> (Class, Server) {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::from_toml("").unwrap();
        config.data.dir = data.path().to_owned();
        let db = Db::open(&config).await.unwrap();
        let user = accounts::without_password(&db, "Anna", "anna@example.org", Role::Instructor)
            .await
            .unwrap();
        let token = login::start(&db, user.id).await.unwrap();
        let cookie = format!("lectern_session={}", token.expose());
        db.close().await;

        let server = Server::start(&data).await;
        let path = "/api/instructor/streams";
        let created = server
            .ask(&cookie, Method::POST, &format!("{path}/create"), Some(plan(true)))
            .await;
        let id = json(&created)["id"].as_str().unwrap().to_owned();
        let ingest = server
            .ask(&cookie, Method::GET, &format!("{path}/{id}/ingest"), None)
            .await;
        let stream_key = json(&ingest)["streamKey"].as_str().unwrap().to_owned();
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

    fn publish(&self, server: &Server) -> Process {
        let arguments = ["demo", "--server", &server.url, "--session", &self.id];
        Process::start(&arguments, &[("LECTERN_STREAM_KEY", &self.stream_key)])
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
        let publisher = class.publish(&server);
        class.grows().await;
        // Anywhere in a segment, a fragment, or between the two.
        let mut random = [0u8; 2];
        getrandom::fill(&mut random).unwrap();
        let later = Duration::from_millis(300 + u64::from(u16::from_le_bytes(random)) % 4_000);
        tokio::time::sleep(later).await;
        class.grows().await;
        let killed_us = unix_us();
        server.process.kill().await;
        publisher.kill().await;

        server = Server::start(&class.data).await;
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
    let publisher = class.publish(&server);
    class.grows().await;
    let end = format!("/api/instructor/streams/{}/end", class.id);
    server.ask(&class.cookie, Method::POST, &end, None).await;
    publisher.kill().await;

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
    server.process.kill().await;
}

/// What ffmpeg has to complain about when it plays a presentation from beginning to end.
pub(crate) async fn decode(url: &str) -> String {
    let arguments = ["-nostdin", "-v", "error", "-i", url, "-map", "0", "-f", "null", "-"];
    let played = Command::new("ffmpeg").args(arguments).output().await.unwrap();
    assert!(played.status.success(), "{played:?}");
    String::from_utf8(played.stderr).unwrap()
}
