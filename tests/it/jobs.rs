//! The queue of work that is done later: nothing lost, nothing begun twice, whatever fails.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use lectern::App;
use lectern::db::{Db, Ts};
use lectern::jobs::admin::{self, Filter, Retry};
use lectern::jobs::{self, Effort, Failure, Handlers, Job, NewJob, State, store, store_admin};
use parking_lot::Mutex;
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::app::TestApp;
use crate::databases;

const EFFORT: Effort = Effort {
    at_once: 4,
    attempts: 3,
};
const PATIENCE: Duration = Duration::from_secs(60);

fn job(kind: &'static str) -> NewJob {
    NewJob::new(kind, "a test", &json!({ "number": 7 }))
}

/// Works off the queue of `test` until its server stops.
fn start(test: &TestApp, handlers: Handlers) -> JoinHandle<()> {
    tokio::spawn(jobs::run(test.app.clone(), handlers))
}

async fn stop(test: &TestApp, runner: JoinHandle<()>) {
    test.app.shutdown.cancel();
    tokio::time::timeout(PATIENCE, runner).await.unwrap().unwrap();
}

async fn enqueue(app: &App, job: NewJob) -> Uuid {
    jobs::enqueue(app, job).await.unwrap().unwrap()
}

/// Waits until the job is in this state.
async fn until(db: &Db, id: Uuid, state: State) -> Job {
    let look = async {
        loop {
            let job = store::find(db, id).await.unwrap().unwrap();
            if job.state == state {
                return job;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, look).await.expect("the job gets there")
}

#[tokio::test]
async fn work_about_what_is_on_a_servers_disk_is_for_that_server() {
    let url = databases::postgres_url().await;
    let settings = format!("[database]\nurl = {url:?}");
    let (here, there) = (TestApp::with(&settings).await, TestApp::with(&settings).await);
    let id = enqueue(&here.app, job("local").here(&here.app.jobs)).await;
    let anywhere = enqueue(&here.app, job("local")).await;
    let handlers = || {
        let mut handlers = Handlers::default();
        handlers.add("local", EFFORT, |_, _| async { Ok(()) });
        handlers
    };
    let other = start(&there, handlers());
    until(&there.app.db, anywhere, State::Done).await;
    let waiting = store::find(&there.app.db, id).await.unwrap().unwrap();
    assert_eq!(waiting.state, State::Ready, "it was due before the other one");
    let own = start(&here, handlers());
    until(&here.app.db, id, State::Done).await;
    stop(&there, other).await;
    stop(&here, own).await;
    let data = here.data;
    let again = TestApp::in_folder(data, &settings).await;
    let id = enqueue(&again.app, job("local").here(&again.app.jobs)).await;
    assert_eq!(
        store::list_due(&again.app.db, "local", "another", Ts(0), Ts::now(), 9)
            .await
            .unwrap(),
        []
    );
    let own = start(&again, handlers());
    until(&again.app.db, id, State::Done).await;
    stop(&again, own).await;
}

#[tokio::test]
async fn work_is_done_once_told_and_then_forgotten_but_not_wanted_again() {
    for test in TestApp::on_both("").await {
        let (done, mut seen) = mpsc::unbounded_channel();
        let mut handlers = Handlers::default();
        handlers.add("count", EFFORT, move |_, work| {
            let done = done.clone();
            async move {
                done.send(work.payload::<Value>()?).unwrap();
                Ok(())
            }
        });
        let runner = start(&test, handlers);
        let id = enqueue(&test.app, job("count").once("count:7")).await;
        assert_eq!(seen.recv().await.unwrap(), json!({ "number": 7 }));
        let row = until(&test.app.db, id, State::Done).await;
        assert_eq!(
            (row.payload.as_str(), row.attempts),
            ("{}", 1),
            "what it was about is gone"
        );
        let again = jobs::enqueue(&test.app, job("count").once("count:7")).await.unwrap();
        assert_eq!(again, None, "it is not wanted twice, also after it was done");
        assert!(seen.try_recv().is_err());
        stop(&test, runner).await;
    }
}

#[tokio::test]
async fn work_waits_for_its_time_and_for_the_transaction_it_belongs_to() {
    for (name, db, _folder) in databases::both().await {
        let now = Ts::now();
        let mut tx = db.begin().await.unwrap();
        jobs::enqueue_in(&mut tx, job("undone")).await.unwrap().unwrap();
        drop(tx);
        assert!(
            store::list_due(&db, "undone", "here", Ts(0), now.plus_s(9), 9)
                .await
                .unwrap()
                .is_empty(),
            "{name}"
        );

        let mut tx = db.begin().await.unwrap();
        let id = jobs::enqueue_in(&mut tx, job("later").at(now.plus_s(60)))
            .await
            .unwrap()
            .unwrap();
        tx.commit().await.unwrap();
        let due = async |at| store::list_due(&db, "later", "here", Ts(0), at, 9).await.unwrap();
        assert!(due(now.plus_s(59)).await.is_empty(), "{name}");
        assert_eq!(due(now.plus_s(60)).await, [(id,)], "{name}");
        assert!(
            store::claim(&db, id, now.plus_s(59), now).await.unwrap().is_none(),
            "{name}"
        );
    }
}

#[tokio::test]
async fn many_servers_share_the_work_and_none_is_done_twice() {
    const JOBS: usize = 200;
    for test in TestApp::on_both("").await {
        let seen: Arc<Mutex<HashMap<Uuid, usize>>> = Arc::default();
        let left = Arc::new(AtomicUsize::new(JOBS));
        let all_done = Arc::new(Notify::new());
        let mut runners = Vec::new();
        for _ in 0..JOBS {
            enqueue(&test.app, job("share")).await;
        }
        for _ in 0..3 {
            let (seen, left, all_done) = (seen.clone(), left.clone(), all_done.clone());
            let mut handlers = Handlers::default();
            handlers.add("share", EFFORT, move |_, work| {
                *seen.lock().entry(work.job.id).or_default() += 1;
                if left.fetch_sub(1, Ordering::SeqCst) == 1 {
                    all_done.notify_one();
                }
                async { Ok(()) }
            });
            runners.push(start(&test, handlers));
        }
        tokio::time::timeout(PATIENCE, all_done.notified())
            .await
            .expect("all are done");
        for runner in runners {
            stop(&test, runner).await;
        }
        let seen = seen.lock();
        assert_eq!(seen.len(), JOBS);
        assert!(seen.values().all(|times| *times == 1));
    }
}

#[tokio::test]
async fn what_fails_is_tried_again_later_and_given_up_in_the_end() {
    for test in TestApp::on_both("").await {
        let mut handlers = Handlers::default();
        handlers.add("fail", EFFORT, |_, _| async {
            Err(Failure::Again(anyhow::anyhow!("no luck")))
        });
        handlers.add("panic", EFFORT, |_, _| async { panic!("a bug") });
        handlers.add("never", EFFORT, |_, _| async {
            Err(Failure::Hopeless(anyhow::anyhow!("no such thing")))
        });
        let runner = start(&test, handlers);
        let db = &test.app.db;
        for kind in ["fail", "panic"] {
            let before = Ts::now();
            let id = enqueue(&test.app, job(kind)).await;
            let failed = async |attempt: i64| {
                loop {
                    let row = until(db, id, if attempt < 3 { State::Ready } else { State::Dead }).await;
                    if row.attempts == attempt {
                        return row;
                    }
                }
            };
            for attempt in [1, 2] {
                let row = failed(attempt).await;
                assert!(
                    row.run_at >= before.plus_s(7),
                    "{kind}: it waits before the next attempt"
                );
                assert_eq!(row.payload, r#"{"number":7}"#);
                admin::retry(&test.app, None, id, Retry::InItsPlace).await.unwrap();
            }
            let row = failed(3).await;
            assert!(row.last_error.is_some(), "{kind}");
        }
        let id = enqueue(&test.app, job("never")).await;
        let row = until(db, id, State::Dead).await;
        assert_eq!((row.attempts, row.last_error.as_deref()), (1, Some("no such thing")));
        stop(&test, runner).await;
    }
}

/// Claims a job as a server that dies would.
async fn claimed(db: &Db, kind: &'static str, now: Ts) -> Job {
    let mut tx = db.begin().await.unwrap();
    let id = jobs::enqueue_in(&mut tx, job(kind)).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    store::claim(db, id, now.plus_s(1), now.plus_s(30))
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn a_dead_servers_work_is_taken_over_unless_it_may_have_happened() {
    for (name, db, _folder) in databases::both().await {
        let now = Ts::now();
        let (plain, begun) = (claimed(&db, "plain", now).await, claimed(&db, "begun", now).await);
        assert!(store::mark_begun(&db, &begun, Some(now)).await.unwrap(), "{name}");
        assert!(!store::has_expired(&db, now.plus_s(30)).await.unwrap(), "{name}");
        assert!(store::has_expired(&db, now.plus_s(31)).await.unwrap(), "{name}");
        let released = store::release_expired(&db, now.plus_s(31), now).await.unwrap();
        assert_eq!(released, (1, 1), "{name}");
        let state = async |job: &Job| store::find(&db, job.id).await.unwrap().unwrap().state;
        assert_eq!(
            (state(&plain).await, state(&begun).await),
            (State::Ready, State::Dead),
            "{name}"
        );

        let taken = store::claim(&db, plain.id, now.plus_s(40), now.plus_s(70))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(taken.attempts, 2, "{name}");
        // The first server was only slow: whatever it does now changes nothing.
        assert!(!store::mark_begun(&db, &plain, Some(now)).await.unwrap(), "{name}");
        assert!(!store::renew(&db, &plain, now.plus_s(99)).await.unwrap(), "{name}");
        assert!(!store::mark_done(&db, &plain, now).await.unwrap(), "{name}");
        assert!(!store::put_back(&db, &plain, now, "x", now).await.unwrap(), "{name}");
        assert!(!store::bury(&db, &plain, "x", now).await.unwrap(), "{name}");
        assert!(store::mark_done(&db, &taken, now).await.unwrap(), "{name}");
    }
}

#[tokio::test]
async fn what_was_begun_is_never_tried_again_by_itself_unless_it_is_taken_back() {
    for test in TestApp::on_both("").await {
        let mut handlers = Handlers::default();
        handlers.add("unsure", EFFORT, |_, work| async move {
            work.begin().await?;
            Err(Failure::Unsure(anyhow::anyhow!("the line broke")))
        });
        handlers.add("refused", EFFORT, |_, work| async move {
            work.begin().await?;
            work.take_back().await?;
            Err(Failure::Again(anyhow::anyhow!("not now")))
        });
        handlers.add("careless", EFFORT, |_, work| async move {
            work.begin().await?;
            Err(Failure::Again(anyhow::anyhow!("forgot to take it back")))
        });
        let runner = start(&test, handlers);
        let (unsure, refused, careless) = (
            enqueue(&test.app, job("unsure")).await,
            enqueue(&test.app, job("refused")).await,
            enqueue(&test.app, job("careless")).await,
        );
        let row = loop {
            let row = until(&test.app.db, refused, State::Ready).await;
            if row.attempts > 0 {
                break row; // before, it waited for its first attempt
            }
        };
        assert_eq!(row.begun_at, None);
        let row = until(&test.app.db, unsure, State::Dead).await;
        assert!(row.last_error.unwrap().contains("it may have happened"));
        until(&test.app.db, careless, State::Dead).await;
        stop(&test, runner).await;
    }
}

#[tokio::test]
async fn slow_work_keeps_its_claim_and_is_finished_before_the_server_stops() {
    for test in TestApp::on_both("[jobs]\nlease_s = 3").await {
        let (begun, mut has_begun) = mpsc::unbounded_channel();
        let go_on = Arc::new(Notify::new());
        let mut handlers = Handlers::default();
        let wait = go_on.clone();
        handlers.add("slow", EFFORT, move |_, _| {
            let (begun, wait) = (begun.clone(), wait.clone());
            async move {
                begun.send(()).unwrap();
                wait.notified().await;
                Ok(())
            }
        });
        let runner = start(&test, handlers);
        let id = enqueue(&test.app, job("slow")).await;
        has_begun.recv().await.unwrap();
        let claimed_at = Ts::now();
        let renewed = async {
            while until(&test.app.db, id, State::Running).await.locked_until < Some(claimed_at.plus_s(4)) {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(PATIENCE, renewed)
            .await
            .expect("the claim is renewed");
        test.app.shutdown.cancel();
        go_on.notify_one();
        stop(&test, runner).await;
        until(&test.app.db, id, State::Done).await;
        assert!(has_begun.try_recv().is_err(), "nobody else began it");
    }
}

#[tokio::test]
async fn slow_work_of_one_kind_holds_up_no_other() {
    let test = TestApp::new().await;
    let (done, mut seen) = mpsc::unbounded_channel();
    let mut handlers = Handlers::default();
    handlers.add("stuck", EFFORT, |_, _| std::future::pending());
    handlers.add("quick", EFFORT, move |_, _| {
        done.send(()).unwrap();
        async { Ok(()) }
    });
    let runner = start(&test, handlers);
    for _ in 0..20 {
        enqueue(&test.app, job("stuck")).await;
    }
    enqueue(&test.app, job("quick")).await;
    tokio::time::timeout(PATIENCE, seen.recv()).await.unwrap().unwrap();
    let stuck = Filter {
        state: Some(State::Running),
        kind: Some("stuck".into()),
    };
    let running = store_admin::list(&test.app.db, &stuck, None, 100).await.unwrap();
    assert_eq!(running.len(), 4, "no more at once than was said");
    runner.abort();
}

#[tokio::test]
async fn done_work_is_forgotten_after_a_while() {
    for (name, db, _folder) in databases::both().await {
        let now = Ts::now();
        let (old, dead) = (claimed(&db, "old", now).await, claimed(&db, "dead", now).await);
        store::mark_done(&db, &old, now).await.unwrap();
        store::bury(&db, &dead, "x", now).await.unwrap();
        let kept = async |job: uuid::Uuid| store::find(&db, job).await.unwrap().is_some();
        store::prune(&db, now, now).await.unwrap();
        assert!(kept(old.id).await && kept(dead.id).await, "{name}: it is not old");
        store::prune(&db, now.plus_s(1), now).await.unwrap();
        assert!(
            !kept(old.id).await && kept(dead.id).await,
            "{name}: admins see what failed for longer"
        );
        store::prune(&db, now, now.plus_s(1)).await.unwrap();
        assert!(!kept(dead.id).await, "{name}");
    }
}
