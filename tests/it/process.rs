//! The real command as a process of its own, for tests from outside.

use std::io::Read;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

/// The command, with settings that keep tests apart.
pub(crate) fn lectern(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lectern"));
    command.env("LECTERN_DATA__DIR", data);
    settle(&mut command, data);
    command
}

fn settle(command: &mut Command, folder: &Path) {
    command
        .current_dir(folder)
        .env("LECTERN_HTTP__LISTEN", "127.0.0.1:0")
        .env("LECTERN_MEDIA__UDP_LISTEN", "127.0.0.1:0")
        .env("LECTERN_MEDIA__SHARDS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
}

/// A running server, as the command starts it.
pub(crate) struct Process {
    pub(crate) child: Child,
    pub(crate) output: Lines<BufReader<ChildStdout>>,
    pub(crate) url: String,
    pub(crate) data: Arc<TempDir>,
    pub(crate) http: reqwest::Client,
}

impl Process {
    pub(crate) async fn start(variables: &[(&str, &str)]) -> Process {
        Process::start_in(tempfile::tempdir().unwrap(), variables).await
    }

    /// On a data folder that is there already.
    pub(crate) async fn start_in(data: impl Into<Arc<TempDir>>, variables: &[(&str, &str)]) -> Process {
        let data = data.into();
        let mut command = lectern(data.path());
        command.envs(variables.iter().copied());
        Process::run(data, command).await
    }

    /// By a command that becomes the server, and has named its data folder.
    pub(crate) async fn run(data: impl Into<Arc<TempDir>>, mut command: Command) -> Process {
        let data = data.into();
        let log = std::fs::File::create(data.path().join("log")).unwrap();
        settle(&mut command, data.path());
        let mut child = command.stderr(log).spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = output.next_line().await.unwrap();
        let first = first.unwrap_or_else(|| panic!("{}", std::fs::read_to_string(data.path().join("log")).unwrap()));
        let url = first.strip_prefix("Lectern is at ").expect("the address").to_owned();
        let http = reqwest::Client::builder().build().unwrap();
        Process {
            child,
            output,
            url,
            data,
            http,
        }
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) async fn terminate(&self) {
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

    /// Ends it as a crash of the machine would.
    pub(crate) async fn kill(mut self) {
        self.child.kill().await.unwrap();
    }

    /// What it has logged.
    pub(crate) fn log(&self) -> String {
        let mut text = String::new();
        std::fs::File::open(self.data.path().join("log"))
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    /// Makes the first admin; gives the token of the set-up link and the admin's cookie.
    pub(crate) async fn set_up(&mut self, password: &str) -> (String, String) {
        let link = self.output.next_line().await.unwrap().expect("the set-up link");
        let token = link.split_once("token=").unwrap().1.to_owned();
        let account = json!({"token": token, "name": "Ann", "email": "ann@example.org", "password": password});
        let answer = self.post("/api/setup", "", account).await;
        let cookie = answer.headers()["set-cookie"]
            .to_str()
            .unwrap()
            .split(';')
            .next()
            .unwrap();
        (token, cookie.to_owned())
    }

    /// Sends JSON; what is not answered with success fails.
    pub(crate) async fn post(&self, path: &str, cookie: &str, body: Value) -> reqwest::Response {
        let request = self.http.post(format!("{}{path}", self.url)).header("cookie", cookie);
        request.json(&body).send().await.unwrap().error_for_status().unwrap()
    }

    /// Plans a session; gives its key.
    pub(crate) async fn plan(&self, cookie: &str, is_public: bool) -> String {
        let plan = json!({"title": "T", "scheduledStart": "2026-12-02T14:00:00Z", "durationMinutes": 60,
                          "isPublic": is_public});
        let created: Value = self
            .post("/api/instructor/streams/create", cookie, plan)
            .await
            .json()
            .await
            .unwrap();
        created["id"].as_str().unwrap().to_owned()
    }

    /// The stream key of a session.
    pub(crate) async fn stream_key(&self, cookie: &str, id: &str) -> String {
        let request = self
            .http
            .get(format!("{}/api/instructor/streams/{id}/ingest", self.url));
        let ingest: Value = request
            .header("cookie", cookie)
            .send()
            .await
            .unwrap()
            .json()
            .await
            .unwrap();
        ingest["streamKey"].as_str().unwrap().to_owned()
    }
}
