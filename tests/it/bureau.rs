//! Servers that are processes of their own and tell many people something, on one database: who was told, and who not.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use lectern::accounts::{Role, User, store as accounts};
use lectern::config::Config;
use lectern::db::Db;
use lectern::jobs::admin::{self, Filter};
use lectern::jobs::{self, NewJob, State, store_admin};
use tempfile::TempDir;

use crate::post_office::PATIENCE;
use crate::process::Process;

/// A database with people in it, and server processes that work on it.
pub(crate) struct Bureau {
    pub(crate) db: Db,
    url: String,
    pub(crate) folder: Arc<TempDir>,
    pub(crate) people: Vec<User>,
}

impl Bureau {
    pub(crate) async fn new(url: &str, people: usize) -> Bureau {
        let folder = Arc::new(tempfile::tempdir().unwrap());
        let mut config = Config::from_toml(&format!("[database]\nurl = {url:?}")).unwrap();
        config.data.dir = folder.path().to_owned();
        let db = Db::open(&config).await.unwrap();
        let mut added = Vec::new();
        for number in 0..people {
            let user = User::new("Anna", &format!("anna{number}@example.org"), Role::Viewer);
            accounts::insert_user(&db, &user, None).await.unwrap();
            added.push(user);
        }
        Bureau {
            db,
            url: url.to_owned(),
            folder,
            people: added,
        }
    }

    /// Wants done for each of them what `job` makes.
    pub(crate) async fn want_for_all(&self, job: impl Fn(&User) -> NewJob) {
        let mut tx = self.db.begin().await.unwrap();
        for person in &self.people {
            jobs::enqueue_in(&mut tx, job(person)).await.unwrap();
        }
        tx.commit().await.unwrap();
    }

    /// A real server process, once it answers, with these settings beside the usual ones.
    pub(crate) async fn server(&self, folder: &Arc<TempDir>, variables: &[(&str, &str)]) -> Process {
        let own = [
            ("LECTERN_DATABASE__URL", self.url.as_str()),
            ("LECTERN_JOBS__LEASE_S", "3"),
        ];
        Process::start_in(Arc::clone(folder), &[&own[..], variables].concat()).await
    }

    /// Waits until nothing is left to do; gives the summaries of the jobs of this kind that were given up.
    pub(crate) async fn given_up(&self, kind: &str) -> Vec<String> {
        let at_rest = async {
            loop {
                let counts = admin::counts(&self.db).await.unwrap();
                if (counts.ready, counts.running) == (0, 0) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, at_rest)
            .await
            .expect("all jobs are settled");
        let dead = Filter {
            state: Some(State::Dead),
            kind: Some(kind.into()),
        };
        let dead = store_admin::list(&self.db, &dead, None, 1000).await.unwrap();
        for job in &dead {
            let why = job.last_error.as_deref().unwrap();
            assert!(why.contains("it may have happened"), "{why}");
        }
        dead.into_iter().map(|job| job.summary).collect()
    }
}

pub(crate) fn count(received: Vec<String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for address in received {
        *counts.entry(address).or_default() += 1;
    }
    counts
}

/// Nobody got two; who got none is known, and why.
pub(crate) fn check(people: &[User], received: Vec<String>, given_up: &[String]) {
    let counts = count(received);
    for person in people {
        match counts.get(&person.email) {
            Some(1) => {}
            None => assert!(given_up.contains(&person.email), "{} is lost", person.email),
            Some(times) => panic!("{} got {times}", person.email),
        }
    }
}
