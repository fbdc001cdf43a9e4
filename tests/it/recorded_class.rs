//! A class whose recording is made, not broadcast: what becomes of recordings, without media.

use std::time::Duration;

use lectern::accounts::Role;
use lectern::recordings::care::{Care, Next};
use lectern::recordings::folder;
use lectern::{jobs, sessions};
use serde_json::Value;
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::app::{Browser, TestApp};
use crate::made_recording::Made;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// What stands between two looks at a recording.
const LOOK: Duration = Duration::from_millis(20);

/// See the module.
pub(crate) struct RecordedClass {
    pub(crate) test: TestApp,
    pub(crate) id: Uuid,
    pub(crate) instructor: Browser,
}

impl RecordedClass {
    /// A session that is live, without a recording.
    pub(crate) async fn live(test: TestApp, is_public: bool) -> RecordedClass {
        let instructor = test.sign_in("anna", Role::Instructor).await;
        let id: Uuid = test.plan(&instructor, is_public).await.parse().unwrap();
        let session = sessions::get(&test.app, id).await.unwrap();
        sessions::start(&test.app, session).await.unwrap();
        sessions::set_recording_available(&test.app, id, true).await.unwrap();
        RecordedClass { test, id, instructor }
    }

    /// Its recording, to be made.
    pub(crate) fn made(&self) -> Made {
        Made::new(&folder(&self.test.app, self.id))
    }

    /// Ends the session.
    pub(crate) async fn end(&self) {
        let session = sessions::get(&self.test.app, self.id).await.unwrap();
        sessions::end(&self.test.app, session).await.unwrap();
    }

    /// Looks after the recording, and does its jobs, until there is nothing more to do.
    pub(crate) async fn settle(&self) {
        let app = &self.test.app;
        let mut runner = JoinSet::new(); // ends with this
        runner.spawn(jobs::run(app.clone(), lectern::handlers(app)));
        let mut care = Care::new(app, self.id);
        let settled = async {
            while care.step(app).await.unwrap() != Next::Settled {
                tokio::time::sleep(LOOK).await;
            }
        };
        let in_time = tokio::time::timeout(PATIENCE, settled).await;
        assert!(in_time.is_ok(), "it never settles: {}", self.session().await);
    }

    /// As its instructor sees it.
    pub(crate) async fn session(&self) -> Value {
        self.session_for(&self.instructor).await
    }

    /// As whoever sits at `browser` sees it.
    pub(crate) async fn session_for(&self, browser: &Browser) -> Value {
        let path = format!("/api/live/sessions/{}", self.id);
        self.test.get(browser, &path).await.json()
    }
}
