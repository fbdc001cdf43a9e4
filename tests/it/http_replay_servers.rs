//! Several servers on one PostgreSQL and one store: any of them plays what one of them records.

use std::time::Duration;

use axum::http::Method;
use lectern::accounts::Role;
use lectern::args;
use lectern::jobs::{self, State, store};
use lectern::recordings::care::{Care, Next};
use lectern::recordings::folder;
use lectern::sessions;
use serde_json::json;

use crate::app::{Browser, TestApp};
use crate::bucket::Bucket;
use crate::databases::postgres_url;
use crate::http_replay_store::addresses;
use crate::made_recording::{Clip, H264};
use crate::recorded_class::RecordedClass;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

const SHORT: Clip = Clip { seconds: 4, ..H264 };

/// A class on one server, and another server that shares its database, its store and its key.
async fn two_servers(bucket: &Bucket, delivery: &str) -> (RecordedClass, TestApp) {
    let url = postgres_url().await;
    let settings = format!(
        "{}delivery = {delivery:?}\n[database]\nurl = {url:?}",
        bucket.settings()
    );
    let first = TestApp::with(&settings).await;
    let data = tempfile::tempdir().unwrap();
    std::fs::copy(first.data.path().join("secret.key"), data.path().join("secret.key")).unwrap();
    let second = TestApp::in_folder(data, &settings).await;
    (RecordedClass::live(first, true).await, second)
}

/// The addresses of all files that a player finds at a server.
async fn files(server: &TestApp, master: &str) -> Vec<String> {
    let nobody = Browser::default();
    let text = server.get(&nobody, master).await.text();
    let mut files = Vec::new();
    for playlist in addresses(&text) {
        let folder = playlist
            .split('?')
            .next()
            .unwrap()
            .rsplit_once('/')
            .unwrap()
            .0
            .to_owned();
        let text = server.get(&nobody, &playlist).await.text();
        files.extend(addresses(&text).into_iter().map(|file| format!("{folder}/{file}")));
    }
    files
}

#[tokio::test]
async fn any_server_plays_what_another_one_records_and_says_when_a_piece_is_on_its_way() {
    let bucket = Bucket::new().await;
    for delivery in ["server", "redirect"] {
        let (class, other) = two_servers(&bucket, delivery).await;
        let app = &class.test.app;
        let master = format!("/api/live/sessions/{}/hls/master.m3u8", class.id);
        let nobody = Browser::default();
        let made = class.made().part(SHORT, 0);
        let mut care = Care::new(app, class.id);
        for _ in 0..2 {
            assert_eq!(care.step(app).await.unwrap(), Next::Look);
        }
        let there = files(&other, &master).await;
        assert!(there.len() >= 6, "{there:?}");
        let good = if delivery == "server" { 200 } else { 307 };
        for file in &there {
            assert_eq!(other.get(&nobody, file).await.status, good, "{file}");
        }

        // A player that got its playlist from the server that records asks the other one for the newest.
        drop(made.part(SHORT, 10));
        let newest = files(&class.test, &master).await;
        let missing: Vec<&String> = newest.iter().filter(|file| file.contains("video0-1-")).collect();
        assert!(!missing.is_empty(), "{newest:?}");
        for file in &missing {
            assert_eq!(class.test.get(&nobody, file).await.status, 200, "{file}");
            let answer = other.get(&nobody, file).await;
            answer.is_problem(503, "unavailable");
            assert_eq!(answer.header("retry-after"), "2");
        }
        for _ in 0..2 {
            care.step(app).await.unwrap();
        }
        for file in &missing {
            assert_eq!(other.get(&nobody, file).await.status, good, "{file}");
        }
    }
}

#[tokio::test]
async fn a_recording_whose_server_died_is_over_on_another_one_and_finished_when_its_server_is_back() {
    let bucket = Bucket::new().await;
    let (class, other) = two_servers(&bucket, "server").await;
    let master = format!("/api/live/sessions/{}/hls/master.m3u8", class.id);
    drop(class.made().part(SHORT, 0)); // without an end
    let mut care = Care::new(&class.test.app, class.id);
    for _ in 0..2 {
        care.step(&class.test.app).await.unwrap();
    }
    drop(care); // the server died; the instructor ends the class at the other one
    let instructor = class.instructor.clone();
    let end = format!("/api/instructor/streams/{}/end", class.id);
    let ended = other.post(&instructor, &end, json!({})).await;
    assert_eq!(ended.status, 200, "{}", ended.text());
    let there = files(&other, &master).await;
    assert!(there.iter().any(|file| file.contains("video0-0-00001")), "{there:?}");
    let playlist = addresses(&other.get(&Browser::default(), &master).await.text()).remove(0);
    let text = other.get(&Browser::default(), &playlist).await.text();
    assert!(text.contains("#EXT-X-ENDLIST"), "{text}");
    for file in &there {
        assert_eq!(other.get(&Browser::default(), file).await.status, 200, "{file}");
    }
    assert!(
        !folder(&other.app, class.id).exists(),
        "it is not the other server's to look after"
    );

    class.settle().await;
    assert_eq!(class.session().await["recording"]["state"], "stored");
    let session = sessions::get(&other.app, class.id).await.unwrap();
    assert!(session.recording_stored_at.is_some() && session.recording_is_processed);
    let storyboard = format!("/api/live/sessions/{}/hls/storyboard.vtt", class.id);
    assert_eq!(
        other
            .ask(&Browser::default(), Method::GET, &storyboard, None)
            .await
            .status,
        200
    );
    let viewer = other.sign_in("vic", Role::Viewer).await;
    assert_eq!(other.get(&viewer, &master).await.status, 200);
}

#[tokio::test]
async fn pieces_are_given_out_while_the_database_is_away_for_a_moment() {
    let bucket = Bucket::new().await;
    let (class, other) = two_servers(&bucket, "redirect").await;
    let master = format!("/api/live/sessions/{}/hls/master.m3u8", class.id);
    let nobody = Browser::default();
    drop(class.made().part(SHORT, 0)); // the class goes on: more may come into the store
    let mut care = Care::new(&class.test.app, class.id);
    for _ in 0..2 {
        care.step(&class.test.app).await.unwrap();
    }
    let there = files(&other, &master).await;
    let first = there.iter().find(|file| file.contains("-00000.m4s")).unwrap();
    let missing = first.replace("-00000.m4s", "-00099.m4s");
    let db = &other.app.db;
    // What was asked is believed for seconds, which a busy machine may take for one request: then it is asked once more.
    for _ in 0..10 {
        assert_eq!(other.get(&nobody, &there[0]).await.status, 307);
        db.exec("ALTER TABLE live_sessions RENAME TO away", args![])
            .await
            .unwrap();
        let answers = [
            other.get(&nobody, &there[1]).await.status.as_u16(),
            other.get(&nobody, &missing).await.status.as_u16(),
        ];
        db.exec("ALTER TABLE away RENAME TO live_sessions", args![])
            .await
            .unwrap();
        if answers == [307, 503] {
            return;
        }
        assert!(answers.contains(&500), "{answers:?}");
    }
    panic!("each piece asks the database");
}

#[tokio::test]
async fn what_only_the_disk_of_a_lost_server_could_give_is_given_up_with_the_reason_until_it_is_back() {
    let settings = format!("[database]\nurl = {:?}", postgres_url().await);
    let (first, other) = (TestApp::with(&settings).await, TestApp::with(&settings).await);
    let class = RecordedClass::live(first, true).await;
    class.made().part(SHORT, 0).end();
    class.end().await;
    let mut care = Care::new(&class.test.app, class.id);
    let key = format!("recording-storyboard:{}", class.id);
    let find = async || store::find_by_key(&other.app.db, &key).await.unwrap();
    while find().await.is_none() {
        care.step(&class.test.app).await.unwrap();
    }
    drop(care); // the server is gone, and with it its disk
    let long_ago = "UPDATE jobs SET created_at = 1, run_at = 1";
    other.app.db.exec(long_ago, args![]).await.unwrap();
    let runner = tokio::spawn(jobs::run(other.app.clone(), lectern::handlers(&other.app)));
    let given_up = async {
        while find().await.unwrap().state != State::Dead {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, given_up).await.expect("it is given up");
    let job = find().await.unwrap();
    assert_eq!(job.attempts, 1, "trying again would not help: {job:?}");
    assert!(
        job.last_error.as_ref().unwrap().contains("not on this server's disk"),
        "{job:?}"
    );
    assert!(!folder(&other.app, class.id).exists());
    runner.abort();

    // It is there again after all.
    let admin = other.sign_in("ada", Role::Admin).await;
    let retry = format!("/api/admin/jobs/{}/retry", job.id);
    assert_eq!(other.ask(&admin, Method::POST, &retry, None).await.status, 200);
    class.settle().await;
    assert_eq!(find().await.unwrap().state, State::Done);
}
