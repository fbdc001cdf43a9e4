//! Where notices end up in tests: the outbox folder read by a mail library that is not ours, a real SMTP server, and an
//! HTTP server that keeps what it is sent.

use std::io::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use lectern::jobs::{self, admin};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::sync::Notify;

use crate::app::TestApp;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);

/// Reads mail files (RFC 5322, MIME) into JSON.
const READER: &str = r#"
import email, email.policy, json, sys
def part(m, kind):
    found = [p for p in m.walk() if p.get_content_type() == kind]
    return found[0].get_content() if found else None
def mail(path):
    with open(path, "rb") as f:
        m = email.message_from_binary_file(f, policy=email.policy.default)
    defects = [str(d) for p in m.walk() for d in p.defects]
    headers = {k.lower(): str(v) for k, v in m.items()}
    return {"to": m["To"].addresses[0].addr_spec, "subject": m["Subject"], "headers": headers, "defects": defects,
            "text": part(m, "text/plain"), "html": part(m, "text/html"), "calendar": part(m, "text/calendar")}
print(json.dumps([mail(path) for path in sys.argv[1:]]))
"#;

/// An SMTP server: says its port, then the address of each mail that it has taken, before its sender hears of it, and
/// after it the way in which the sender has logged in. Argument: what it is to do, as [`SmtpServer::with`] has it.
const SMTP: &str = r#"
import asyncio, json, ssl, sys
from aiosmtpd.smtp import SMTP, AuthResult
options = json.loads(sys.argv[1])
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("nobody"):
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"
    async def handle_DATA(self, server, session, envelope):
        print(envelope.rcpt_tos[0], *([session.way_in] if session.authenticated else []), flush=True)
        if envelope.rcpt_tos[0].startswith("later"):
            return "451 not now"
        await asyncio.sleep(options.get("seconds", 0))
        return "250 taken"
def log_in(server, session, envelope, mechanism, login):
    session.way_in = mechanism
    is_right = [login.login.decode(), login.password.decode()] == options["login"]
    return AuthResult(success=is_right, handled=False)
async def main():
    loop = asyncio.get_running_loop()
    tls, at_start = None, None
    if "certificate" in options:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*options["certificate"])
        if options["tls"] == "tls":
            tls, at_start = None, tls
    wants = {}
    if "login" in options:
        wants = {"authenticator": log_in, "auth_required": True, "auth_exclude_mechanism": options["not"],
                 "auth_require_tls": at_start is None}
    make = lambda: SMTP(Handler(), loop=loop, tls_context=tls, require_starttls=tls is not None, **wants)
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=at_start)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()
asyncio.run(main())
"#;

pub(crate) fn python() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin/python")
}

/// Runs a Python script of the tests; gives what it printed.
pub(crate) fn run_python(script: &str, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = std::process::Command::new(python())
        .args(["-c", script])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("`scripts/test needs` makes the virtual environment");
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{complaints}\n`scripts/test needs` installs what it needs"
    );
    output.stdout
}

/// Works off everything that is due, as a running server does, and then the jobs that this made.
pub(crate) async fn work_off(test: &TestApp) {
    let runner = tokio::spawn(jobs::run(test.app.clone(), lectern::handlers(&test.app)));
    let all_done = async {
        loop {
            let counts = admin::counts(&test.app.db).await.unwrap();
            if (counts.ready, counts.running) == (0, 0) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, all_done)
        .await
        .expect("all jobs are done");
    runner.abort();
}

/// Empties the outbox of `test`: its mails, by recipient and subject.
pub(crate) fn take_mails(test: &TestApp) -> Vec<Value> {
    let folder = test.data.path().join("outbox");
    let mut files: Vec<String> = std::fs::read_dir(&folder)
        .into_iter()
        .flatten()
        .map(|file| file.unwrap().path().to_str().unwrap().to_owned())
        .collect();
    files.sort();
    if files.is_empty() {
        return Vec::new();
    }
    let paths: Vec<&str> = files.iter().map(String::as_str).collect();
    let mut mails: Vec<Value> = serde_json::from_slice(&run_python(READER, &paths, b"")).unwrap();
    for file in files {
        std::fs::remove_file(file).unwrap();
    }
    mails.sort_by_key(|mail| format!("{} {}", mail["to"], mail["subject"]));
    for mail in &mails {
        assert_eq!(mail["defects"], json!([]), "{mail}");
    }
    mails
}

/// Whom mails go to.
pub(crate) fn recipients(mails: &[Value]) -> Vec<&str> {
    mails.iter().map(|mail| mail["to"].as_str().unwrap()).collect()
}

/// A real SMTP server.
pub(crate) struct SmtpServer {
    _child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    pub(crate) port: u16,
}

impl SmtpServer {
    /// One that needs so many seconds for each mail.
    pub(crate) async fn start(seconds: f64) -> SmtpServer {
        SmtpServer::with(&json!({ "seconds": seconds })).await
    }

    /// One that does as `options` say: `seconds` for each mail; `tls` from the start (`tls`) or on demand (`starttls`) with
    /// a `certificate` and its key; `login`, a user and password that it wants, by any way that is `not` there.
    pub(crate) async fn with(options: &Value) -> SmtpServer {
        let mut child = Command::new(python())
            .args(["-c", SMTP, &options.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("`scripts/test needs` makes the virtual environment");
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines
            .next_line()
            .await
            .unwrap()
            .expect("`scripts/test needs` installs aiosmtpd");
        SmtpServer {
            _child: child,
            lines,
            port: port.parse().unwrap(),
        }
    }

    /// The recipient of the next mail that is taken.
    pub(crate) async fn next(&mut self) -> String {
        let line = tokio::time::timeout(PATIENCE, self.lines.next_line()).await;
        line.expect("a mail comes").unwrap().expect("the server lives")
    }

    /// The recipients of what was taken and not asked for yet.
    pub(crate) async fn rest(&mut self) -> Vec<String> {
        let mut rest = Vec::new();
        // What was taken has been printed before its sender knew of it; the pipe only has to be read.
        while let Ok(line) = tokio::time::timeout(Duration::from_millis(300), self.lines.next_line()).await {
            rest.extend(line.unwrap());
        }
        rest
    }
}

/// One request that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// An HTTP server that keeps what it is sent, and answers with the status that it is told.
#[derive(Clone)]
pub(crate) struct Sink {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
    answer: Arc<Mutex<StatusCode>>,
    came: Arc<Notify>,
    pause: Duration,
}

impl Sink {
    pub(crate) async fn start() -> Sink {
        Sink::slow(Duration::ZERO).await
    }

    /// One that takes its time to answer.
    pub(crate) async fn slow(pause: Duration) -> Sink {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let sink = Sink {
            address: listener.local_addr().unwrap(),
            received: Arc::default(),
            answer: Arc::new(Mutex::new(StatusCode::CREATED)),
            came: Arc::default(),
            pause,
        };
        let router = Router::new().fallback(keep).with_state(sink.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        sink
    }

    pub(crate) fn answer(&self, status: u16) {
        *self.answer.lock() = StatusCode::from_u16(status).unwrap();
    }

    /// Waits until so many requests wait to be taken.
    pub(crate) async fn until(&self, requests: usize) {
        let all = async {
            while self.received.lock().len() < requests {
                self.came.notified().await;
            }
        };
        tokio::time::timeout(PATIENCE, all).await.expect("they come");
    }

    pub(crate) fn take(&self) -> Vec<Received> {
        std::mem::take(&mut self.received.lock())
    }
}

async fn keep(State(sink): State<Sink>, uri: Uri, headers: HeaderMap, body: Bytes) -> StatusCode {
    let path = uri.path().to_owned();
    sink.received.lock().push(Received { path, headers, body });
    sink.came.notify_one();
    tokio::time::sleep(sink.pause).await; // it has it, and its sender does not know yet
    *sink.answer.lock()
}
