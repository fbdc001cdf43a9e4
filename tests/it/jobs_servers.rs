//! Work that is for one of several servers, on one PostgreSQL, while that server is there and after it has gone.

use std::time::Duration;

use axum::http::Method;
use lectern::accounts::Role;
use lectern::args;
use lectern::db::{Db, Ts};
use lectern::jobs::{self, Effort, Handlers, NewJob, State, store, store_places};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::app::{Browser, TestApp};
use crate::databases;

const EFFORT: Effort = Effort {
    at_once: 4,
    attempts: 3,
};
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
const DAY_S: i64 = 24 * 3600;

/// Two servers that share a database.
async fn two() -> (TestApp, TestApp) {
    let settings = format!(
        "[database]\nurl = {:?}\n[jobs]\nabsent_days = 2\n",
        databases::postgres_url().await
    );
    (TestApp::with(&settings).await, TestApp::with(&settings).await)
}

/// Wants work that is for `server` alone.
async fn local(server: &TestApp) -> Uuid {
    let job = NewJob::new("local", "a picture", &json!({})).here(&server.app.jobs);
    jobs::enqueue(&server.app, job).await.unwrap().unwrap()
}

/// Works off what a server may, until it stops.
fn start(server: &TestApp) -> JoinHandle<()> {
    let mut handlers = Handlers::default();
    for kind in ["local", "anywhere"] {
        handlers.add(kind, EFFORT, |_, _| async { Ok(()) });
    }
    tokio::spawn(jobs::run(server.app.clone(), handlers))
}

/// Waits until a server that works has looked at everything that was due before.
async fn settled(server: &TestApp) {
    for _ in 0..2 {
        let job = NewJob::new("anywhere", "another", &json!({}));
        let id = jobs::enqueue(&server.app, job).await.unwrap().unwrap();
        until(&server.app.db, id, State::Done).await;
    }
}

async fn until(db: &Db, id: Uuid, state: State) {
    let look = async {
        while state_of(db, id).await != state {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("the job gets there");
}

async fn state_of(db: &Db, id: Uuid) -> State {
    store::find(db, id).await.unwrap().unwrap().state
}

/// A server says that it is there, works off nothing, and stops.
async fn was_there(server: &TestApp) {
    let runner = tokio::spawn(jobs::run(server.app.clone(), Handlers::default()));
    while store_places::all(&server.app.db).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    server.app.shutdown.cancel();
    runner.await.unwrap();
}

async fn seen(db: &Db, at: Ts) {
    db.exec("UPDATE servers SET seen_at = $1", args![at]).await.unwrap();
}

async fn listed(server: &TestApp, admin: &Browser, job: Uuid) -> Value {
    let list = server.get(admin, "/api/admin/jobs?kind=local").await.json();
    let jobs = list["jobs"].as_array().unwrap();
    jobs.iter().find(|one| one["id"] == json!(job)).unwrap().clone()
}

#[tokio::test]
async fn admins_see_which_server_work_waits_for_and_have_it_done_elsewhere() {
    let (gone, here) = two().await;
    let admin = here.sign_in("ada", Role::Admin).await;
    let id = local(&gone).await;
    let unknown = listed(&here, &admin, id).await;
    assert_eq!(
        unknown["server"],
        json!({"name": "", "seenAt": null, "isAway": true}),
        "it never said its name"
    );
    was_there(&gone).await;
    let shown = listed(&here, &admin, id).await;
    let folder = gone.data.path().canonicalize().unwrap();
    assert!(
        shown["server"]["name"]
            .as_str()
            .unwrap()
            .ends_with(folder.to_str().unwrap()),
        "{shown}"
    );
    assert_eq!(
        (&shown["state"], &shown["server"]["isAway"]),
        (&json!("ready"), &json!(false))
    );
    seen(&here.app.db, Ts::now().plus_s(-180)).await;
    let shown = listed(&here, &admin, id).await;
    assert_eq!(shown["server"]["isAway"], true, "{shown}");
    assert!(shown["server"]["seenAt"].is_string(), "{shown}");

    let runner = start(&here);
    settled(&here).await;
    let retry = format!("/api/admin/jobs/{id}/retry");
    assert_eq!(
        here.ask(&admin, Method::POST, &retry, None).await.json()["server"]["isAway"],
        true
    );
    settled(&here).await;
    assert_eq!(
        state_of(&here.app.db, id).await,
        State::Ready,
        "it is for the other one"
    );
    let elsewhere = here
        .ask(&admin, Method::POST, &format!("{retry}?anywhere=true"), None)
        .await;
    assert_eq!(
        (elsewhere.status.as_u16(), &elsewhere.json()["server"]),
        (200, &json!(null))
    );
    until(&here.app.db, id, State::Done).await;
    let audit = here.get(&admin, &format!("/api/admin/audit?subject={id}")).await.json();
    assert_eq!(audit["entries"].as_array().unwrap().len(), 2, "{audit}");
    here.app.shutdown.cancel();
    runner.await.unwrap();
}

#[tokio::test]
async fn work_of_a_server_that_has_been_gone_for_days_is_done_by_another() {
    let (gone, here) = two().await;
    let id = local(&gone).await;
    was_there(&gone).await;
    let made = "UPDATE jobs SET created_at = $1, run_at = $1";
    here.app
        .db
        .exec(made, args![Ts::now().plus_s(-9 * DAY_S)])
        .await
        .unwrap();
    let runner = start(&here);
    for (days, want) in [(0, State::Ready), (1, State::Ready), (3, State::Done)] {
        seen(&here.app.db, Ts::now().plus_s(-days * DAY_S)).await;
        if want == State::Done {
            until(&here.app.db, id, want).await;
        }
        settled(&here).await;
        assert_eq!(state_of(&here.app.db, id).await, want, "gone for {days} days");
    }
    here.app.shutdown.cancel();
    runner.await.unwrap();
}
