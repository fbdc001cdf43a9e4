//! What is made of a recording after the class is made surely: tried again, also after a restart, and at last given up
//! for an admin to see, without keeping the replay from anybody.

use std::collections::BTreeMap;

use axum::http::Method;
use lectern::accounts::Role;
use lectern::args;
use lectern::jobs::{Job, State, store};
use lectern::recordings::folder;
use serde_json::json;
use tokio::task::JoinSet;

use crate::app::{Browser, TestApp};
use crate::bucket::Bucket;
use crate::made_recording::{Clip, H264};
use crate::recorded_class::RecordedClass;

const SHORT: Clip = Clip { seconds: 4, ..H264 };

/// Sound in AAC is wanted, and what makes it is not there.
const WITHOUT_FFMPEG: &str = "[recording]\naac = true\nffmpeg = \"/nowhere/ffmpeg\"\n";
const WITH_FFMPEG: &str = "[recording]\naac = true\n";

impl RecordedClass {
    async fn sound_job(&self) -> Job {
        let key = format!("recording-sound:{}", self.id);
        store::find_by_key(&self.test.app.db, &key).await.unwrap().unwrap()
    }

    /// The last attempt of the job that makes the sound is due now.
    async fn let_it_fail_for_good(&self) {
        let sql = "UPDATE jobs SET attempts = 11, run_at = 1 WHERE kind = 'recording-sound'";
        self.test.app.db.exec(sql, args![]).await.unwrap();
    }

    /// The same on a server that is started again with these settings.
    async fn restarted(self, settings: &str) -> RecordedClass {
        self.test.app.live.stop().await;
        RecordedClass {
            test: TestApp::in_folder(self.test.data, settings).await,
            ..self
        }
    }

    /// `admin` has the sound tried once more; what became of it.
    async fn retry(&self, admin: &Browser) -> Job {
        let retry = format!("/api/admin/jobs/{}/retry", self.sound_job().await.id);
        let retried = self.test.ask(admin, Method::POST, &retry, None).await;
        assert!(retried.status.is_success(), "{}", retried.text());
        let app = &self.test.app;
        let mut runner = JoinSet::new(); // ends with this
        runner.spawn(lectern::jobs::run(app.clone(), lectern::handlers(app)));
        loop {
            let job = self.sound_job().await;
            if matches!(job.state, State::Done | State::Dead) {
                return job;
            }
            tokio::task::yield_now().await;
        }
    }

    /// What of the recording is here, by name.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let folder = folder(&self.test.app, self.id);
        let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|entry| {
                let name = entry.file_name().into_string().unwrap();
                (name, std::fs::read(entry.path()).unwrap())
            })
            .collect()
    }

    /// Looks after the recording until the job that makes the sound has failed `attempts` times.
    async fn fail(&self, attempts: i64) {
        tokio::select! {
            () = self.settle() => panic!("it waits for the sound"),
            () = async {
                let failed = |job: &Job| job.attempts == attempts && job.last_error.is_some();
                while store::find_by_key(&self.test.app.db, &format!("recording-sound:{}", self.id))
                    .await
                    .unwrap()
                    .is_none_or(|job| !failed(&job))
                {
                    tokio::task::yield_now().await;
                }
            } => {}
        }
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_also_by_a_server_that_was_started_again() {
    let class = RecordedClass::live(TestApp::with(WITHOUT_FFMPEG).await, true).await;
    class.made().part(SHORT, 0).end();
    class.end().await;
    class.fail(1).await;
    let job = class.sound_job().await;
    assert_eq!(job.state, State::Ready, "{job:?}");
    assert!(job.last_error.as_ref().unwrap().contains("ffmpeg"), "{job:?}");
    let master = format!("/api/live/sessions/{}/hls/master.m3u8", class.id);
    assert_eq!(class.test.get(&Browser::default(), &master).await.status, 200);

    let class = class.restarted(WITH_FFMPEG).await;
    let due = "UPDATE jobs SET run_at = 1 WHERE kind = 'recording-sound'";
    class.test.app.db.exec(due, args![]).await.unwrap();
    class.settle().await;
    let session = class.session().await;
    assert_eq!(
        (&session["recording"]["hasAac"], &session["recording"]["alert"]),
        (&json!(true), &json!(null)),
        "{session}"
    );
    assert_eq!(session["recording"]["hasStoryboard"], true, "{session}");
    assert!(session["thumbnailUrl"].is_string(), "{session}");
}

#[tokio::test]
async fn what_is_given_up_is_told_and_an_admin_may_try_it_again_wherever_the_media_is() {
    let bucket = Bucket::new().await;
    for storage in [String::new(), bucket.settings()] {
        let is_stored = !storage.is_empty();
        let class = RecordedClass::live(TestApp::with(&format!("{WITHOUT_FFMPEG}{storage}")).await, true).await;
        class.made().part(SHORT, 0).end();
        class.end().await;
        class.fail(1).await;
        class.let_it_fail_for_good().await;
        class.settle().await;
        assert_eq!(class.sound_job().await.state, State::Dead);
        let session = class.session().await;
        assert_eq!(session["recording"]["alert"], "processing-failed", "{session}");
        assert_eq!(
            session["recording"]["hasStoryboard"], true,
            "the others are made: {session}"
        );
        let place = if is_stored { "stored" } else { "local" };
        assert_eq!(session["recording"]["state"], place, "{session}");

        let class = class.restarted(&format!("{WITH_FFMPEG}{storage}")).await;
        let admin = class.test.sign_in("ada", Role::Admin).await;
        assert_eq!(
            class.retry(&admin).await.state,
            State::Done,
            "{:?}",
            class.sound_job().await
        );
        let session = class.session().await;
        assert_eq!(
            (&session["recording"]["hasAac"], &session["recording"]["alert"]),
            (&json!(true), &json!(null)),
            "{session}"
        );
        if is_stored {
            let objects = bucket.objects().await;
            assert!(
                objects.iter().any(|name| name.ends_with("aac-0-00000.m4s")),
                "{objects:?}"
            );
            let here = std::fs::read_dir(folder(&class.test.app, class.id)).unwrap().count();
            assert_eq!(here, 1, "only the journal is kept here");
        }
    }
}

#[tokio::test]
async fn a_recording_that_is_brought_back_by_half_is_not_used_and_is_whole_the_next_time() {
    let bucket = Bucket::new().await;
    let class = RecordedClass::live(
        TestApp::with(&format!("{WITHOUT_FFMPEG}{}", bucket.settings())).await,
        true,
    )
    .await;
    class.made().part(SHORT, 0).end();
    class.end().await;
    class.fail(1).await;
    class.let_it_fail_for_good().await;
    class.settle().await;
    let stored = bucket.contents().await;
    let id = class.id;
    let object = |name: &str| format!("school/recordings/{id}/{name}");
    let bytes: u64 = stored.values().map(|object| object.len() as u64).sum();
    let only_journal = ["journal.jsonl"];
    assert!(class.files().keys().eq(only_journal), "{:?}", class.files().keys());

    // the store goes away in the middle
    let class = class.restarted(&format!("{WITH_FFMPEG}{}", bucket.settings())).await;
    let admin = class.test.sign_in("ada", Role::Admin).await;
    bucket.cut_after(bytes * 3 / 4); // no file is so large
    let failed = class.retry(&admin).await;
    assert_eq!(failed.state, State::Dead, "{failed:?}");
    let here = class.files();
    assert!(here.len() > 1 && here.len() < stored.len(), "{:?}", here.keys());
    for (name, bytes) in &here {
        assert_eq!(stored.get(&object(name)), Some(bytes), "{name} is whole");
    }

    // the server was killed while it wrote one
    let names = stored.keys().map(|object| object.rsplit('/').next().unwrap());
    let missing = names.into_iter().find(|name| !here.contains_key(*name)).unwrap();
    let half = folder(&class.test.app, class.id).join(format!("{missing}.new"));
    std::fs::write(half, &stored[&object(missing)][..10]).unwrap();

    bucket.cut(false);
    assert_eq!(
        class.retry(&admin).await.state,
        State::Done,
        "{:?}",
        class.sound_job().await
    );
    assert_eq!(class.session().await["recording"]["hasAac"], true);
    assert!(class.files().keys().eq(only_journal), "{:?}", class.files().keys());
    let now = bucket.contents().await;
    assert!(now.contains_key(&object("aac-0-00000.m4s")), "{:?}", now.keys());
    for (name, bytes) in &stored {
        let is_same = now[name] == *bytes;
        assert!(is_same || name.ends_with("journal.jsonl"), "{name} is what it was");
    }
    assert!(!now.keys().any(|name| name.ends_with(".new")), "{:?}", now.keys());
}
