//! Push messages and SMS, too, go out at most once, though the server process is killed while they are on their way.

use std::time::Duration;

use lectern::accounts::User;
use lectern::jobs::NewJob;
use lectern::notice::{PUSH, SMS, ToBrowser};
use lectern::notifications::routes::Preferences;
use lectern::notifications::store::{self, Subscription};
use serde_json::Value;

use crate::bureau::{Bureau, check};
use crate::databases;
use crate::notices_mail::cancelled;
use crate::notices_push::NEW_BROWSER;
use crate::post_office::{Received, Sink, run_python};

const PEOPLE: usize = 60;
const KILLS: usize = 3;
/// How long the other side thinks about each message: time for a kill.
const PAUSE: Duration = Duration::from_millis(50);

/// Has everybody told by `job`, with kills in the middle; `whose` says whose a message was.
async fn tell_and_kill(
    bureau: &Bureau,
    sink: &Sink,
    variables: &[(&str, &str)],
    kind: &str,
    job: impl Fn(&User) -> NewJob,
    whose: impl Fn(&Received) -> String,
) {
    bureau.want_for_all(job).await;
    let mut received = Vec::new();
    for _ in 0..KILLS {
        let server = bureau.server(&bureau.folder, variables).await;
        sink.until(5).await; // taken, and the server does not know of all of them
        server.kill().await;
        received.extend(sink.take().iter().map(&whose));
    }
    let _last = bureau.server(&bureau.folder, variables).await;
    let given_up = bureau.given_up(kind).await;
    received.extend(sink.take().iter().map(&whose));
    check(&bureau.people, received, &given_up);
    assert!(
        !given_up.is_empty(),
        "the kills hit messages on their way, or this test tests nothing"
    );
    assert!(
        given_up.len() <= KILLS * 8,
        "only those on their way: {}",
        given_up.len()
    );
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_sends_no_sms_twice_and_loses_none_unseen() {
    let sink = Sink::slow(PAUSE).await;
    let bureau = Bureau::new("", PEOPLE).await;
    for (number, person) in bureau.people.iter().enumerate() {
        let chosen = Preferences {
            sms: true,
            phone: Some(format!("+3161234{number:04}")),
            ..Preferences::default()
        };
        store::set_preferences(&bureau.db, person.id, &chosen).await.unwrap();
    }
    let gateway = format!("http://{}/send", sink.address);
    let job =
        |person: &User| NewJob::new(SMS, &person.email, &cancelled(person)).once(format!("sms:test:{}", person.id));
    let whose = |message: &Received| {
        let body: Value = serde_json::from_slice(&message.body).unwrap();
        let number: usize = body["to"].as_str().unwrap()["+3161234".len()..].parse().unwrap();
        bureau.people[number].email.clone()
    };
    tell_and_kill(&bureau, &sink, &[("LECTERN_SMS__URL", &gateway)], SMS, job, whose).await;
}

#[tokio::test]
async fn a_server_that_is_killed_again_and_again_pushes_nothing_twice_and_loses_nothing_unseen() {
    let sink = Sink::slow(PAUSE).await;
    let bureau = Bureau::new(&databases::postgres_url().await, PEOPLE).await;
    let keys: Value = serde_json::from_slice(&run_python(NEW_BROWSER, &[], b"")).unwrap();
    let key = |name: &str| keys[name].as_str().unwrap().to_owned();
    let mut tx = bureau.db.begin().await.unwrap();
    for (number, person) in bureau.people.iter().enumerate() {
        let browser = Subscription {
            id: person.id,
            user_id: person.id,
            endpoint: format!("http://{}/push/{number}", sink.address),
            p256dh: key("p256dh"),
            auth: key("auth"),
        };
        store::subscribe(&mut tx, &browser).await.unwrap();
    }
    tx.commit().await.unwrap();
    let job = |person: &User| {
        let message = ToBrowser {
            subscription: person.id,
            notice: cancelled(person),
        };
        NewJob::new(PUSH, &person.email, &message).once(format!("push:test:{}", person.id))
    };
    let whose = |message: &Received| {
        let number: usize = message.path.rsplit('/').next().unwrap().parse().unwrap();
        bureau.people[number].email.clone()
    };
    let services = [("LECTERN_PUSH__SERVICES", r#"["127.0.0.1"]"#)];
    tell_and_kill(&bureau, &sink, &services, PUSH, job, whose).await;
}
