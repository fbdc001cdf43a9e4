//! What is made of a recording after the class is made surely: tried again, also after a restart, and at last given up
//! for an admin to see, without keeping the replay from anybody.

use axum::http::Method;
use lectern::accounts::Role;
use lectern::args;
use lectern::jobs::{Job, State, store};
use lectern::recordings::folder;
use serde_json::json;

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

    let RecordedClass { test, id, instructor } = class;
    test.app.live.stop().await;
    let test = TestApp::in_folder(test.data, WITH_FFMPEG).await;
    let class = RecordedClass { test, id, instructor };
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

        let RecordedClass { test, id, instructor } = class;
        test.app.live.stop().await;
        let test = TestApp::in_folder(test.data, &format!("{WITH_FFMPEG}{storage}")).await;
        let class = RecordedClass { test, id, instructor };
        let admin = class.test.sign_in("ada", Role::Admin).await;
        let retry = format!("/api/admin/jobs/{}/retry", class.sound_job().await.id);
        let retried = class.test.ask(&admin, Method::POST, &retry, None).await;
        assert!(retried.status.is_success(), "{}", retried.text());
        let runner = tokio::spawn(lectern::jobs::run(
            class.test.app.clone(),
            lectern::handlers(&class.test.app),
        ));
        while class.sound_job().await.state != State::Done {
            assert_ne!(
                class.sound_job().await.state,
                State::Dead,
                "{:?}",
                class.sound_job().await
            );
            tokio::task::yield_now().await;
        }
        runner.abort();
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
