//! Mails through a real SMTP server: each at most once, though the server process is killed in the middle of it, and
//! though two of them share a database.

use std::sync::Arc;
use std::time::Duration;

use lectern::accounts::{Role, User};
use lectern::db::Ts;
use lectern::jobs::NewJob;
use lectern::notice::{Notice, Template};
use serde_json::json;

use crate::app::TestApp;
use crate::bureau::{Bureau, check, count};
use crate::databases;
use crate::post_office::{SmtpServer, work_off};

fn settings(port: &str) -> [(&str, &str); 3] {
    [
        ("LECTERN_MAIL__HOST", "127.0.0.1"),
        ("LECTERN_MAIL__PORT", port),
        ("LECTERN_MAIL__TLS", "off"),
    ]
}

/// What everybody is told in these tests.
pub(crate) fn cancelled(person: &User) -> Notice {
    Notice::new(person.id, Template::SessionCancelled)
        .with("title", "Yoga")
        .with("instructor", "Bob")
        .with("start", Ts::now().timestamp().to_string())
        .with("tokens", 0)
}

fn mail(person: &User) -> NewJob {
    cancelled(person)
        .by_mail(&person.email)
        .once(format!("mail:test:{}", person.id))
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_mails_nothing_twice_and_loses_nothing_unseen() {
    const PEOPLE: usize = 160;
    const KILLS: usize = 6;
    for url in [String::new(), databases::postgres_url().await] {
        let mut smtp = SmtpServer::start(0.05).await;
        let port = smtp.port.to_string();
        let bureau = Bureau::new(&url, PEOPLE).await;
        bureau.want_for_all(mail).await;
        let mut received = Vec::new();
        for _ in 0..KILLS {
            let server = bureau.server(&bureau.folder, &settings(&port)).await;
            for _ in 0..5 {
                received.push(smtp.next().await); // taken, and its sender does not know yet
            }
            server.kill().await;
        }
        let _last = bureau.server(&bureau.folder, &settings(&port)).await;
        let given_up = bureau.given_up("mail").await;
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
    let port = smtp.port.to_string();
    let bureau = Bureau::new(&databases::postgres_url().await, 200).await;
    let other = Arc::new(tempfile::tempdir().unwrap());
    let _one = bureau.server(&bureau.folder, &settings(&port)).await;
    let _two = bureau.server(&other, &settings(&port)).await;
    bureau.want_for_all(mail).await;
    let given_up = bureau.given_up("mail").await;
    assert!(given_up.is_empty(), "{given_up:?}");
    let counts = count(smtp.rest().await);
    assert_eq!(counts.len(), bureau.people.len());
    assert!(counts.values().all(|times| *times == 1), "{counts:?}");
}

#[tokio::test]
async fn two_servers_remind_of_a_session_once() {
    let mut smtp = SmtpServer::start(0.01).await;
    let port = smtp.port.to_string();
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
    let other = Arc::new(tempfile::tempdir().unwrap());
    let _one = bureau.server(&bureau.folder, &settings(&port)).await;
    let _two = bureau.server(&other, &settings(&port)).await;
    assert_eq!(smtp.next().await, "bob@example.org");
    // Both look again, and the second one's wish is settled as well.
    tokio::time::sleep(Duration::from_secs(12)).await;
    assert!(bureau.given_up("mail").await.is_empty());
    assert!(smtp.rest().await.is_empty());
}
