//! The nightly work of a server process that is killed in the middle of it: everything is done, once, and nothing is left.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use lectern::accounts::Role;
use lectern::db::Db;
use lectern::sessions::store;
use serde_json::json;
use uuid::Uuid;

use crate::app::TestApp;
use crate::daily::class;
use crate::post_office::PATIENCE;
use crate::process::Process;

const CLASSES: usize = 120;
const KILLS: usize = 3;

/// Classes of long ago: half of them to be deleted, half to be moved to the catalogue.
struct Archive {
    test: TestApp,
    deleted: Vec<Uuid>,
    moved: Vec<Uuid>,
}

impl Archive {
    async fn new() -> Archive {
        let test = TestApp::new().await;
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (mut deleted, mut moved) = (Vec::new(), Vec::new());
        for _ in 0..CLASSES / 2 {
            deleted.push(class(&test, &anna, 9, json!({})).await);
            moved.push(class(&test, &anna, 100, json!({"isKeptForCatalogue": true})).await);
        }
        Archive { test, deleted, moved }
    }

    fn folder(&self, id: Uuid) -> PathBuf {
        lectern::recordings::folder(&self.test.app, id)
    }

    /// How many things are done: media that is gone, entries in the catalogue.
    async fn done(&self) -> usize {
        let gone = self.deleted.iter().filter(|id| !self.folder(**id).exists()).count();
        gone + self.catalogue().await.len()
    }

    async fn catalogue(&self) -> Vec<Uuid> {
        let sql = "SELECT playback_id FROM workouts";
        let rows: Vec<(Uuid,)> = self.test.app.db.all(sql, vec![]).await.unwrap();
        rows.into_iter().map(|(id,)| id).collect()
    }

    /// Waits until so many things are done.
    async fn until(&self, wanted: usize) {
        let progress = async {
            while self.done().await < wanted {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        tokio::time::timeout(PATIENCE, progress).await.expect("it goes on");
    }
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_of_the_night_does_everything_once_and_leaves_nothing() {
    let archive = Archive::new().await;
    let app = &archive.test.app;
    assert!(matches!(app.db, Db::Sqlite { .. }));
    let data = Arc::new(tempfile::tempdir().unwrap());
    let database = archive.test.data.path().to_str().unwrap().to_owned();
    for kill in 0..KILLS {
        let before = archive.done().await;
        let server = Process::start_in(Arc::clone(&data), &[("LECTERN_DATA__DIR", &database)]).await;
        archive.until((before + 5).min(CLASSES)).await;
        server.kill().await;
        let after = archive.done().await;
        assert!(
            kill > 0 || after < CLASSES,
            "killed in the middle, or this test tests nothing"
        );
    }
    let _last = Process::start_in(Arc::clone(&data), &[("LECTERN_DATA__DIR", &database)]).await;
    archive.until(CLASSES).await;

    let mut catalogue = archive.catalogue().await;
    catalogue.sort();
    let mut moved = archive.moved.clone();
    moved.sort();
    assert_eq!(catalogue, moved, "each once");
    let settled = async {
        for id in &archive.deleted {
            while store::find(&app.db, *id).await.unwrap().unwrap().recording_available {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    };
    tokio::time::timeout(PATIENCE, settled)
        .await
        .expect("the database says so, too");
    for id in &archive.moved {
        let session = store::find(&app.db, *id).await.unwrap().unwrap();
        assert!(session.migrated_to_workout_id.is_some(), "{id}");
        assert!(
            archive.folder(*id).join("v0-0-00000.m4s").exists(),
            "it plays from the catalogue"
        );
    }
    let left = std::fs::read_dir(app.config.data.recordings()).unwrap().count();
    assert_eq!(left, archive.moved.len(), "nothing else is left");
}
