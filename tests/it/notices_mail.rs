//! Mails through a real SMTP server: each at most once, though the server process is killed in the middle of it, and
//! though two of them share a database.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use lectern::accounts::{Role, User, store as accounts};
use lectern::config::Config;
use lectern::db::{Db, Ts};
use lectern::id;
use lectern::jobs::admin::{self, Filter};
use lectern::jobs::{self, State, store_admin};
use lectern::notice::Notice;
use serde_json::json;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};

use crate::app::TestApp;
use crate::databases;
use crate::post_office::{PATIENCE, SmtpServer, work_off};

/// A database with people in it, and server processes that work on it.
struct Bureau {
    db: Db,
    url: String,
    folder: TempDir,
    people: Vec<User>,
}

/// A server process; whoever closes what it writes to ends it.
struct Server {
    child: Child,
    _output: Lines<BufReader<ChildStdout>>,
}

impl Bureau {
    async fn new(url: &str, people: usize) -> Bureau {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::from_toml(&format!("[database]\nurl = {url:?}")).unwrap();
        config.data.dir = folder.path().to_owned();
        let db = Db::open(&config).await.unwrap();
        let mut added = Vec::new();
        for number in 0..people {
            let user = User::new("Anna", &format!("anna{number}@example.org"), Role::Viewer);
            accounts::insert_user(&db, &user, None).await.unwrap();
            added.push(user);
        }
        Bureau {
            db,
            url: url.to_owned(),
            folder,
            people: added,
        }
    }

    /// Wants a mail to each of them.
    async fn write_to_all(&self) {
        let mut tx = self.db.begin().await.unwrap();
        for person in &self.people {
            let notice = Notice::new(person.id, "session-cancelled")
                .with("title", "Yoga")
                .with("instructor", "Bob")
                .with("start", Ts::now().timestamp().to_string())
                .with("tokens", 0);
            let job = notice.by_mail(&person.email).once(format!("mail:test:{}", person.id));
            jobs::enqueue_in(&mut tx, job).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// A real server process, once it answers.
    async fn server(&self, folder: &Path, smtp: &SmtpServer) -> Server {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lectern"))
            .current_dir(folder)
            .env("LECTERN_DATA__DIR", folder)
            .env("LECTERN_DATABASE__URL", &self.url)
            .env("LECTERN_HTTP__LISTEN", "127.0.0.1:0")
            .env("LECTERN_MEDIA__UDP_LISTEN", "127.0.0.1:0")
            .env("LECTERN_MEDIA__SHARDS", "1")
            .env("LECTERN_MAIL__HOST", "127.0.0.1")
            .env("LECTERN_MAIL__PORT", smtp.port.to_string())
            .env("LECTERN_MAIL__TLS", "off")
            .env("LECTERN_JOBS__LEASE_S", "3")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        lines.next_line().await.unwrap().expect("it says where it is");
        Server { child, _output: lines }
    }

    /// Waits until nothing is left to do; gives the recipients whose mail was given up.
    async fn given_up(&self) -> Vec<String> {
        let at_rest = async {
            loop {
                let counts = admin::counts(&self.db).await.unwrap();
                if (counts.ready, counts.running) == (0, 0) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, at_rest)
            .await
            .expect("all mails are settled");
        let dead = Filter {
            state: Some(State::Dead),
            kind: Some("mail".into()),
        };
        let dead = store_admin::list(&self.db, &dead, None, 1000).await.unwrap();
        for job in &dead {
            let why = job.last_error.as_deref().unwrap();
            assert!(why.contains("it may have happened"), "{why}");
        }
        dead.into_iter().map(|job| job.summary).collect()
    }
}

fn count(received: Vec<String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for address in received {
        *counts.entry(address).or_default() += 1;
    }
    counts
}

/// Nobody got two; who got none is known, and why.
fn check(people: &[User], received: Vec<String>, given_up: &[String]) {
    let counts = count(received);
    for person in people {
        match counts.get(&person.email) {
            Some(1) => {}
            None => assert!(given_up.contains(&person.email), "{} is lost", person.email),
            Some(times) => panic!("{} got {times}", person.email),
        }
    }
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_mails_nothing_twice_and_loses_nothing_unseen() {
    const PEOPLE: usize = 160;
    const KILLS: usize = 6;
    for url in [String::new(), databases::postgres_url().await] {
        let mut smtp = SmtpServer::start(0.05).await;
        let bureau = Bureau::new(&url, PEOPLE).await;
        bureau.write_to_all().await;
        let mut received = Vec::new();
        for _ in 0..KILLS {
            let mut server = bureau.server(bureau.folder.path(), &smtp).await;
            for _ in 0..5 {
                received.push(smtp.next().await); // taken, and its sender does not know yet
            }
            server.child.kill().await.unwrap();
        }
        let _last = bureau.server(bureau.folder.path(), &smtp).await;
        let given_up = bureau.given_up().await;
        received.extend(smtp.rest().await);
        check(&bureau.people, received, &given_up);
        assert!(
            !given_up.is_empty(),
            "the kills hit mails on their way, or this test tests nothing"
        );
        assert!(
            given_up.len() <= KILLS * 8,
            "only those that were just on their way: {}",
            given_up.len()
        );
    }
}

#[tokio::test]
async fn two_servers_on_one_database_mail_each_thing_once() {
    let mut smtp = SmtpServer::start(0.01).await;
    let bureau = Bureau::new(&databases::postgres_url().await, 200).await;
    let other = tempfile::tempdir().unwrap();
    let _one = bureau.server(bureau.folder.path(), &smtp).await;
    let _two = bureau.server(other.path(), &smtp).await;
    bureau.write_to_all().await;
    let given_up = bureau.given_up().await;
    assert!(given_up.is_empty(), "{given_up:?}");
    let counts = count(smtp.rest().await);
    assert_eq!(counts.len(), bureau.people.len());
    assert!(counts.values().all(|times| *times == 1), "{counts:?}");
}

#[tokio::test]
async fn two_servers_remind_of_a_session_once() {
    let mut smtp = SmtpServer::start(0.01).await;
    let url = databases::postgres_url().await;
    let test = TestApp::with(&format!("[database]\nurl = {url:?}")).await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let start = Ts::now().plus_s(15 * 60 + 5); // due when the servers run
    let session = test.plan_with(&anna, json!({ "scheduledStart": start })).await;
    let bob = test.sign_in("bob", Role::Viewer).await;
    test.post(&bob, &format!("/api/live/sessions/{session}/reminder"), json!({}))
        .await;
    work_off(&test).await;
    let bureau = Bureau::new(&url, 0).await;
    let other = tempfile::tempdir().unwrap();
    let _one = bureau.server(bureau.folder.path(), &smtp).await;
    let _two = bureau.server(other.path(), &smtp).await;
    assert_eq!(smtp.next().await, "bob@example.org");
    // Both look again, and the second one's wish is settled as well.
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(bureau.given_up().await.is_empty());
    assert!(smtp.rest().await.is_empty());
}

#[tokio::test]
async fn a_refused_mail_is_tried_again_or_given_up_as_the_server_says() {
    let mut smtp = SmtpServer::start(0.0).await;
    let settings = format!("[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = \"off\"\n", smtp.port);
    let encrypted = settings.replace("\"off\"", "\"starttls\"");
    let with_login = format!("{settings}user = \"lectern\"\npassword = \"s3cret\"\n");
    let nobody_there = "[mail]\nhost = \"127.0.0.1\"\nport = 1\ntls = \"off\"\n";
    let cases = [
        (settings.as_str(), "nobody", State::Dead, "no such person"),
        (settings.as_str(), "later", State::Ready, "not now"),
        (nobody_there, "anna", State::Ready, "no line to the mail server"),
        (encrypted.as_str(), "anna", State::Ready, "STARTTLS is not supported"),
        (with_login.as_str(), "anna", State::Ready, "it refused `mail.user`"),
    ];
    for (settings, name, want, why) in cases {
        for test in TestApp::on_both(settings).await {
            let user = User::new(
                name,
                &format!("{name}-{}@example.org", id::new().simple()),
                Role::Viewer,
            );
            accounts::insert_user(&test.app.db, &user, None).await.unwrap();
            let notice = Notice::new(user.id, "magic-link").with("minutes", 15);
            let job = jobs::enqueue(&test.app, notice.by_mail("a test"))
                .await
                .unwrap()
                .unwrap();
            let runner = tokio::spawn(jobs::run(test.app.clone(), lectern::handlers(&test.app)));
            let settled = async {
                loop {
                    let row = jobs::store::find(&test.app.db, job).await.unwrap().unwrap();
                    if row.last_error.is_some() {
                        return row;
                    }
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            };
            let row = tokio::time::timeout(PATIENCE, settled).await.unwrap();
            runner.abort();
            assert_eq!(row.state, want, "{name}");
            assert!(row.last_error.as_deref().unwrap().contains(why), "{:?}", row.last_error);
            assert_eq!(row.begun_at, None, "{name}: it is known that nothing was taken");
        }
    }
    let seen = smtp.rest().await;
    assert!(seen.iter().all(|address| address.starts_with("later")), "{seen:?}");
}
