//! Lines to a real SMTP server: how they are protected, how this server logs in, and what is made of a refusal.

use std::path::Path;

use lectern::accounts::{Role, User, store as accounts};
use lectern::id;
use lectern::jobs::{self, Job, State};
use lectern::notice::{Notice, Template};
use serde_json::json;

use crate::app::TestApp;
use crate::post_office::{PATIENCE, SmtpServer};

/// Wants a mail to somebody of this name, and lets it be tried once; gives what became of it.
async fn try_once(test: &TestApp, name: &str) -> Job {
    let email = format!("{name}-{}@example.org", id::new().simple());
    let user = User::new(name, &email, Role::Viewer);
    accounts::insert_user(&test.app.db, &user, None).await.unwrap();
    let notice = Notice::new(user.id, Template::MagicLink).with("minutes", 15);
    let job = jobs::enqueue(&test.app, notice.by_mail("a test")).await.unwrap();
    let job = job.unwrap();
    let runner = tokio::spawn(jobs::run(test.app.clone(), lectern::handlers(&test.app)));
    let settled = async {
        loop {
            let row = jobs::store::find(&test.app.db, job).await.unwrap().unwrap();
            if row.last_error.is_some() || row.state == State::Done {
                return row;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    };
    let row = tokio::time::timeout(PATIENCE, settled).await.unwrap();
    runner.abort();
    row
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
            let row = try_once(&test, name).await;
            assert_eq!(row.state, want, "{name}");
            assert!(row.last_error.as_deref().unwrap().contains(why), "{:?}", row.last_error);
            assert_eq!(row.begun_at, None, "{name}: it is known that nothing was taken");
        }
    }
    let seen = smtp.rest().await;
    assert!(seen.iter().all(|address| address.starts_with("later")), "{seen:?}");
}

/// A file in `tests/it/tls`; `first` is for 127.0.0.1, by `root`.
fn file(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls").join(name);
    path.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn mails_go_over_protected_lines_with_a_login_and_to_nobody_else() {
    // How the line is protected, and the way to log in that the server does not have: the other one is used.
    for (tls, not, used) in [("starttls", "LOGIN", "PLAIN"), ("tls", "PLAIN", "LOGIN")] {
        let options = json!({"tls": tls, "certificate": [file("first.pem"), file("first.key")],
            "login": ["lectern", "s3cret"], "not": [not]});
        let mut smtp = SmtpServer::with(&options).await;
        let settings = |root: &str, password: &str| {
            format!(
                "[mail]\nhost = \"127.0.0.1\"\nport = {}\ntls = {tls:?}\nroot = {root:?}\n\
                 user = \"lectern\"\npassword = {password:?}\n",
                smtp.port
            )
        };
        let right = settings(&file("root.pem"), "s3cret");
        let wrong = [
            (settings("", "s3cret"), "no line to the mail server"), // a root that nobody knows
            (settings(&file("second.pem"), "s3cret"), "no line to the mail server"),
            (settings(&file("root.pem"), "wrong"), "it refused `mail.user`"),
        ];
        for (settings, why) in wrong {
            let test = TestApp::with(&settings).await;
            let row = try_once(&test, "anna").await;
            assert_eq!((row.state, row.begun_at), (State::Ready, None), "it is tried again");
            let admin = test.sign_in("admin", Role::Admin).await;
            let seen = test.get(&admin, "/api/admin/jobs?kind=mail&state=ready").await.json();
            let error = seen["jobs"][0]["lastError"].as_str().unwrap();
            assert!(error.contains(why), "{tls}: {error}");
            assert!(!error.contains("s3cret") && !error.contains("wrong"), "{error}");
        }
        assert!(smtp.rest().await.is_empty());
        let test = TestApp::with(&right).await;
        assert_eq!(try_once(&test, "anna").await.state, State::Done);
        let taken = smtp.next().await;
        assert!(taken.starts_with("anna-") && taken.ends_with(used), "{taken}");
    }
}
