//! The real command: how it starts, what it says when it cannot, what it logs, how it ends.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

fn lectern(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lectern"));
    command
        .current_dir(data)
        .env("LECTERN_DATA__DIR", data)
        .env("LECTERN_HTTP__LISTEN", "127.0.0.1:0")
        .env("LECTERN_MEDIA__UDP_LISTEN", "127.0.0.1:0")
        .env("LECTERN_MEDIA__SHARDS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    command
}

/// Runs a command that should end by itself; gives its exit code and what it said.
async fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn check_names_what_is_wrong_and_where_it_was_set() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(
        outcome(lectern(data.path()).arg("check")).await,
        (Some(0), "the settings are right\n".into())
    );

    let by_environment = outcome(
        lectern(data.path())
            .arg("check")
            .env("LECTERN_HTTP__SHUTDOWN_S", "soon"),
    )
    .await;
    assert_eq!(by_environment.0, Some(1));
    assert!(by_environment.1.contains("http.shutdown_s: "), "{by_environment:?}");
    assert!(
        by_environment.1.contains("(set in LECTERN_HTTP__SHUTDOWN_S)"),
        "{by_environment:?}"
    );

    std::fs::write(data.path().join("config.toml"), "[recording]\nretension_days = 3\n").unwrap();
    let by_file = outcome(lectern(data.path()).arg("check")).await;
    assert_eq!(by_file.0, Some(1));
    assert!(by_file.1.contains("recording.retension_days"), "{by_file:?}");
    assert!(
        by_file.1.contains("did you mean `recording.retention_days`?"),
        "{by_file:?}"
    );
    assert!(by_file.1.contains("config.toml"), "{by_file:?}");
}

#[tokio::test]
async fn a_start_that_fails_names_the_setting() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let nothing_there = "postgres://nobody@127.0.0.1:1/none";
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    let cases = [
        ("LECTERN_HTTP__LISTEN", address.as_str(), "`http.listen`"),
        ("LECTERN_DATABASE__URL", nothing_there, "`database.url`"),
        ("LECTERN_DATA__DIR", file.to_str().unwrap(), "`data.dir`"),
    ];
    for (variable, value, setting) in cases {
        let (code, said) = outcome(lectern(data.path()).env(variable, value)).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with("lectern: ") && said.contains(setting), "{said}");
    }
}

struct Running {
    child: Child,
    output: Lines<BufReader<ChildStdout>>,
    url: String,
    data: TempDir,
    http: reqwest::Client,
}

impl Running {
    async fn start(variables: &[(&str, &str)]) -> Running {
        let data = tempfile::tempdir().unwrap();
        let log = std::fs::File::create(data.path().join("log")).unwrap();
        let mut child = lectern(data.path())
            .envs(variables.iter().copied())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = output.next_line().await.unwrap().expect("the address");
        let url = first.strip_prefix("Lectern is at ").expect("the address").to_owned();
        let http = reqwest::Client::builder().build().unwrap();
        Running {
            child,
            output,
            url,
            data,
            http,
        }
    }

    async fn terminate(&self) {
        let id = self.child.id().expect("it runs").to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &id])
                .status()
                .await
                .unwrap()
                .success()
        );
    }

    fn log(&self) -> String {
        let mut text = String::new();
        std::fs::File::open(self.data.path().join("log"))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }
}

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let credential = "turn-5ecret";
    let servers = format!(r#"[{{url="turn:turn.example.org", username="class", credential="{credential}"}}]"#);
    let mut server = Running::start(&[
        ("LECTERN_LOG__LEVEL", "trace"),
        ("LECTERN_LOG__FORMAT", "json"),
        ("LECTERN_MEDIA__ICE_SERVERS", &servers),
    ])
    .await;
    let link = server.output.next_line().await.unwrap().expect("the set-up link");
    let setup = link.split_once("token=").unwrap().1.to_owned();
    let password = "correct horse battery";

    let post = async |path: &str, cookie: &str, body: Value| {
        let request = server
            .http
            .post(format!("{}{path}", server.url))
            .header("cookie", cookie)
            .json(&body);
        request.send().await.unwrap().error_for_status().unwrap()
    };
    let account = json!({"token": setup, "name": "Ann", "email": "ann@example.org", "password": password});
    let answer = post("/api/setup", "", account).await;
    let cookie = answer.headers()["set-cookie"]
        .to_str()
        .unwrap()
        .split(';')
        .next()
        .unwrap()
        .to_owned();
    let plan =
        json!({"title": "T", "scheduledStart": "2026-12-02T14:00:00Z", "durationMinutes": 60, "isPublic": false});
    let created: Value = post("/api/instructor/streams/create", &cookie, plan)
        .await
        .json()
        .await
        .unwrap();
    let id = created["id"].as_str().unwrap();
    let ingest = server
        .http
        .get(format!("{}/api/instructor/streams/{id}/ingest", server.url));
    let ingest: Value = ingest
        .header("cookie", &cookie)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let path = format!("/api/live/sessions/{id}/publish-token");
    let token: Value = post(&path, &cookie, json!({})).await.json().await.unwrap();
    let peer = "0123456789abcdef0123456789abcdef";
    for path in [
        format!("/whip/{id}/{peer}"),
        format!("/media/{id}/1/{peer}/a.m4s"),
        format!("/setup?token={setup}"),
    ] {
        server.http.get(format!("{}{path}", server.url)).send().await.unwrap();
    }
    let (key, token) = (ingest["streamKey"].as_str().unwrap(), token["token"].as_str().unwrap());
    let mut locations = vec![];
    for bearer in [key, token] {
        let offer = include_str!("../../media/src/peer/sdp/golden/chromium-publish.offer.sdp");
        let whip = server
            .http
            .post(format!("{}/whip/{id}", server.url))
            .bearer_auth(bearer);
        let made = whip
            .header("content-type", "application/sdp")
            .body(offer)
            .send()
            .await
            .unwrap();
        assert_eq!(made.status(), 201);
        assert!(made.headers()["link"].to_str().unwrap().contains(credential));
        let location = made.headers()["location"].to_str().unwrap().to_owned();
        for request in [
            server.http.patch(format!("{}{location}", server.url)).body("nonsense"),
            server.http.delete(format!("{}{location}", server.url)),
        ] {
            request.bearer_auth(bearer).send().await.unwrap();
        }
        locations.push(location.rsplit('/').next().unwrap().to_owned());
    }
    server.terminate().await;
    assert!(server.child.wait().await.unwrap().success());

    let log = server.log();
    assert!(log.contains("session planned"), "{log}");
    let login = cookie.split_once('=').unwrap().1;
    for secret in locations.iter().map(String::as_str).chain([credential]) {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for secret in [setup.as_str(), password, login, key, token, peer] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }
    for line in log.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

#[tokio::test]
async fn a_request_that_does_not_end_cannot_keep_the_server_from_stopping() {
    let mut server = Running::start(&[("LECTERN_HTTP__SHUTDOWN_S", "1")]).await;
    let address = server.url.strip_prefix("http://localhost:").unwrap();
    let mut stuck = tokio::net::TcpStream::connect(format!("127.0.0.1:{address}"))
        .await
        .unwrap();
    let half =
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    stuck.write_all(half.as_bytes()).await.unwrap();
    // Its connection was taken before this one, so the server has it when this one is answered.
    server.http.get(format!("{}/healthz", server.url)).send().await.unwrap();

    let asked = Instant::now();
    server.terminate().await;
    let status = tokio::time::timeout(Duration::from_secs(20), server.child.wait())
        .await
        .expect("it ends")
        .unwrap();
    assert!(status.success(), "{}", server.log());
    assert!(
        asked.elapsed() >= Duration::from_millis(900),
        "the request had its time"
    );
    assert_eq!(stuck.read(&mut [0]).await.unwrap_or(0), 0, "the connection is closed");
}
