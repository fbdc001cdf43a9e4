//! Recordings in a store: on their way there, played from there, gone from there; on SQLite and on PostgreSQL.

use axum::body::Body;
use axum::http::Request;
use lectern::accounts::Role;
use lectern::args;
use lectern::db::Ts;
use lectern::recordings::care::{Care, Next};
use lectern::recordings::{self, folder, upkeep};
use lectern::workouts::{self, Workout};
use lectern::{id, sessions};
use serde_json::json;

use crate::app::{Answer, Browser, TestApp};
use crate::bucket::Bucket;
use crate::made_recording::{Clip, H264};
use crate::recorded_class::RecordedClass;

const SHORT: Clip = Clip { seconds: 4, ..H264 };

impl RecordedClass {
    async fn get(&self, path: &str) -> Answer {
        self.test.get(&Browser::default(), path).await
    }

    async fn master(&self) -> Answer {
        self.get(&format!("/api/live/sessions/{}/hls/master.m3u8", self.id))
            .await
    }

    /// The addresses of all files that a player finds.
    async fn addresses(&self, master: &str) -> Vec<String> {
        let mut all = Vec::new();
        for playlist in addresses(master) {
            let text = self.get(&playlist).await.text();
            let folder = playlist
                .split('?')
                .next()
                .unwrap()
                .rsplit_once('/')
                .unwrap()
                .0
                .to_owned();
            all.extend(addresses(&text).into_iter().map(|file| format!("{folder}/{file}")));
        }
        all
    }

    fn local_files(&self) -> Vec<String> {
        let entries = std::fs::read_dir(folder(&self.test.app, self.id)).into_iter().flatten();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }
}

/// What a playlist names.
pub(crate) fn addresses(playlist: &str) -> Vec<String> {
    let in_tags = playlist
        .lines()
        .filter_map(|line| line.split("URI=\"").nth(1)?.split('"').next());
    let lines = playlist
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty());
    lines.chain(in_tags).map(str::to_owned).collect()
}

#[tokio::test]
async fn a_recording_goes_into_the_store_while_the_class_runs_and_is_played_from_there() {
    let bucket = Bucket::new().await;
    for test in TestApp::on_both(&bucket.settings()).await {
        let class = RecordedClass::live(test, true).await;
        let prefix = format!("school/recordings/{}/", class.id);
        let mine = async || {
            let all = bucket.objects().await;
            let names = all.iter().filter_map(|name| name.strip_prefix(&prefix));
            names.map(str::to_owned).collect::<Vec<_>>()
        };
        let made = class.made().part(SHORT, 0);
        let mut care = Care::new(&class.test.app, class.id);
        for _ in 0..2 {
            care.step(&class.test.app).await.unwrap();
        }
        let there = mine().await;
        for file in [
            "video0-0.mp4",
            "video0-0-00000.m4s",
            "audio1-0-00001.m4s",
            "journal.jsonl",
        ] {
            assert!(there.iter().any(|name| name == file), "{file} is not in {there:?}");
            assert!(class.local_files().contains(&file.to_owned()), "the copy here is kept");
        }
        assert_eq!(class.session().await["recording"]["state"], "live");

        made.part(SHORT, 30).end();
        class.end().await;
        class.settle().await;
        assert_eq!(class.session().await["recording"]["state"], "stored");
        assert_eq!(class.local_files(), ["journal.jsonl"], "everything else is only there");
        // as on another machine
        std::fs::remove_dir_all(folder(&class.test.app, class.id)).unwrap();
        let files = class.addresses(&class.master().await.text()).await;
        assert!(files.len() >= 12, "{files:?}");
        for file in &files {
            let whole = class.get(file).await;
            assert_eq!(whole.status, 200, "{file}: {}", whole.text());
            let range = Request::get(file).header("range", "bytes=-10");
            let end = class.test.send(range.body(Body::empty()).unwrap()).await;
            assert_eq!(
                (end.status.as_u16(), &end.body[..]),
                (206, &whole.body[whole.body.len() - 10..])
            );
        }
        let index = class
            .get(&format!("/api/live/sessions/{}/hls/storyboard.vtt", class.id))
            .await
            .text();
        let sheet = index
            .lines()
            .find_map(|line| line.split_once('#'))
            .unwrap()
            .0
            .to_owned();
        assert_eq!(class.get(&sheet).await.status, 200);
        let download = format!("/api/instructor/streams/{}/download", class.id);
        let whole = class.test.get(&class.instructor, &download).await;
        assert_eq!(whole.header("content-length"), whole.body.len().to_string());

        bucket.cut(true);
        class.test.app.recordings.cache.forget_session(class.id);
        class.get(&files[0]).await.is_problem(503, "unavailable");
        bucket.cut(false);
        assert_eq!(class.get(&files[0]).await.status, 200);
    }
}

#[tokio::test]
async fn a_store_that_goes_away_costs_the_class_nothing_and_gets_the_rest_later() {
    let bucket = Bucket::new().await;
    for test in TestApp::on_both(&bucket.settings()).await {
        let class = RecordedClass::live(test, true).await;
        let app = &class.test.app;
        let made = class.made().part(SHORT, 0);
        let mut care = Care::new(app, class.id);
        for _ in 0..2 {
            assert_eq!(care.step(app).await.unwrap(), Next::Look);
        }
        let before = bucket.objects().await.len();
        bucket.cut(true);
        let made = made.part(SHORT, 10);
        for _ in 0..3 {
            assert_eq!(care.step(app).await.unwrap(), Next::Look, "it waits");
        }
        let session = class.session().await;
        assert_eq!(
            (&session["status"], &session["recording"]["alert"]),
            (&json!("live"), &json!("upload-failing"))
        );
        assert_eq!(bucket.objects().await.len(), before);
        let files = class.addresses(&class.master().await.text()).await;
        assert!(
            files.iter().any(|file| file.contains("video0-1-")),
            "what is only here is listed: {files:?}"
        );
        for file in &files {
            assert_eq!(class.get(file).await.status, 200, "{file}");
        }
        made.end();
        class.end().await;
        care.step(app).await.unwrap();
        assert!(!class.local_files().is_empty(), "nothing is lost");

        // the server is started again, and the store is back
        drop(care);
        bucket.cut(false);
        let sent = bucket.sent_bytes();
        class.settle().await;
        let session = class.session().await;
        assert_eq!(
            (&session["recording"]["state"], &session["recording"]["alert"]),
            (&json!("stored"), &json!(null))
        );
        let all = u64::try_from(sessions::get(app, class.id).await.unwrap().recording_bytes).unwrap();
        assert!(bucket.sent_bytes() - sent < all, "what was there is not sent again");
        for file in class.addresses(&class.master().await.text()).await {
            assert_eq!(class.get(&file).await.status, 200, "{file}");
        }
    }
}

#[tokio::test]
async fn deletion_reaches_every_place_once_also_when_it_is_stopped_in_the_middle() {
    let bucket = Bucket::new().await;
    for test in TestApp::on_both(&bucket.settings()).await {
        let class = RecordedClass::live(test, true).await;
        let app = &class.test.app;
        class.made().part(SHORT, 0).end();
        class.end().await;
        class.settle().await;
        let files = class.addresses(&class.master().await.text()).await;
        bucket.cut(true);
        assert!(recordings::remove(app, class.id).await.is_err());
        class.master().await.is_problem(404, "not-found");
        class.get(&files[0]).await.is_problem(404, "not-found");
        assert_eq!(
            class.session().await["recording"]["state"],
            "deleted",
            "nobody sees it any more"
        );
        bucket.cut(false);
        assert!(
            bucket
                .objects()
                .await
                .iter()
                .any(|name| name.contains(&class.id.to_string()))
        );

        upkeep::once(app).await.unwrap();
        let left = bucket.objects().await;
        assert!(
            !left.iter().any(|name| name.contains(&class.id.to_string())),
            "{left:?}"
        );
        assert!(class.local_files().is_empty());
        let row = recordings::store::find(&app.db, class.id).await.unwrap().unwrap();
        assert_eq!(row.recording_state, sessions::RecordingState::Deleted);
        recordings::remove(app, class.id).await.unwrap();
    }
}

#[tokio::test]
async fn a_recording_that_is_deleted_while_it_is_uploaded_stays_deleted() {
    let bucket = Bucket::new().await;
    let class = RecordedClass::live(TestApp::with(&bucket.settings()).await, true).await;
    let app = &class.test.app;
    let made = class.made().part(SHORT, 0);
    let mut care = Care::new(app, class.id);
    care.step(app).await.unwrap();
    recordings::remove(app, class.id).await.unwrap();
    // the recorder had not noticed yet
    drop(made.part(SHORT, 10));
    assert_eq!(care.step(app).await.unwrap(), Next::Settled);
    assert!(class.local_files().is_empty());
    let left = bucket.objects().await;
    assert!(
        !left.iter().any(|name| name.contains(&class.id.to_string())),
        "{left:?}"
    );
}

#[tokio::test]
async fn viewers_can_be_sent_to_the_store_itself() {
    let bucket = Bucket::new().await;
    let toml = format!("{}delivery = \"redirect\"\n", bucket.settings());
    let class = RecordedClass::live(TestApp::with(&toml).await, true).await;
    class.made().part(SHORT, 0).end();
    class.end().await;
    class.settle().await;
    let file = class.addresses(&class.master().await.text()).await.remove(0);
    let answer = class.get(&file).await;
    assert_eq!(answer.status, 307);
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let from_store = reqwest::get(answer.header("location")).await.unwrap();
    assert_eq!(from_store.status(), 200);
    assert!(from_store.bytes().await.unwrap().len() > 100);
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains("connect-src 'self' http://127.0.0.1:"),
        "pages may follow it: {policy}"
    );
}

#[tokio::test]
async fn a_recording_whose_time_is_over_is_closed_to_viewers_and_open_to_the_catalogue() {
    let bucket = Bucket::new().await;
    for test in TestApp::on_both(&bucket.settings()).await {
        let class = RecordedClass::live(test, true).await;
        let app = &class.test.app;
        class.made().part(SHORT, 0).end();
        class.end().await;
        class.settle().await;
        let before = class.addresses(&class.master().await.text()).await;
        let over = "UPDATE live_sessions SET recording_expires_at = $2 WHERE id = $1";
        app.db.exec(over, args![class.id, Ts::now()]).await.unwrap();
        app.recordings.admissions.forget(class.id);
        class.master().await.is_problem(403, "replay-expired");
        class.get(&before[0]).await.is_problem(403, "replay-expired");
        assert_eq!(class.session().await["recording"]["state"], "archived");
        let workout = Workout {
            id: id::new(),
            title: "Yoga".into(),
            description: None,
            duration_minutes: 1,
            thumbnail_url: None,
            playback_id: class.id,
            created_at: Ts::now(),
            has_storyboard: true,
        };
        let mut tx = app.db.begin().await.unwrap();
        assert!(workouts::store::insert(&mut tx, &workout).await.unwrap());
        tx.commit().await.unwrap();
        let viewer = class.test.sign_in("vic", Role::Viewer).await;
        let entry = class.get(&format!("/api/workouts/{}", workout.id)).await.json();
        let master = class.test.get(&viewer, entry["hlsUrl"].as_str().unwrap()).await;
        let files = class.addresses(&master.text()).await;
        assert!(!files.is_empty());
        for file in files {
            assert_eq!(class.get(&file).await.status, 200, "{file}");
        }
        let index = class.test.get(&viewer, entry["storyboardUrl"].as_str().unwrap()).await;
        assert_eq!(index.header("content-type"), "text/vtt; charset=utf-8");
        let text = index.text();
        let (sheet, _) = text.lines().find_map(|line| line.split_once('#')).expect("a picture");
        let sheet = class.get(sheet).await;
        assert_eq!(
            (sheet.status.as_u16(), sheet.header("content-type")),
            (200, "image/jpeg")
        );
    }
}
