//! Several servers on one PostgreSQL, one of which dies: how many watch is the sum over those that live.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;
use url::Url;
use uuid::Uuid;

use crate::app::Browser;
use crate::databases::postgres_url;
use crate::end_to_end_peer::{PATIENCE, Viewer};
use crate::follower::{Follower, live_session, on_postgres};
use crate::process::Process;

/// Somebody who follows a session on the server at `url`.
async fn follow(url: &Url, session: Uuid) -> Follower {
    let follower = Follower::try_new(url, &session.to_string(), &Browser::default(), None).await;
    follower.unwrap_or_else(|status| panic!("{status}"))
}

/// Waits until so many watch, as each of them is told; the last number that they hear is the right one.
async fn each_hears(followers: &mut [Follower], session: Uuid, viewers: u32) {
    for follower in followers {
        let want = json!({"sessionId": session, "viewerCount": viewers});
        let told = async { while follower.until("viewer:count").await != want {} };
        timeout(PATIENCE, told).await.expect("they are told");
    }
}

async fn seen_at(url: &Url, session: Uuid) -> Value {
    let address = url.join(&format!("/api/live/sessions/{session}")).unwrap();
    reqwest::get(address).await.unwrap().json().await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn how_many_watch_is_summed_over_servers_and_one_that_died_counts_no_more() {
    let database = postgres_url().await;
    let one = on_postgres(&database).await;
    let session = live_session(&one).await;
    let other = Process::start(&[("LECTERN_DATABASE__URL", &database)]).await;
    let [here, there]: [Url; 2] = [one.url.clone(), other.url.parse().unwrap()];
    let whep = |at: &Url| at.join(&format!("/whep/{session}")).unwrap();
    let mut both = [follow(&here, session).await, follow(&there, session).await];

    let of_one = Viewer::connect(&whep(&here), None).await;
    each_hears(&mut both, session, 1).await;
    let _second = Viewer::connect(&whep(&there), None).await;
    let _third = Viewer::connect(&whep(&there), None).await;
    each_hears(&mut both, session, 3).await;
    for url in [&here, &there] {
        assert_eq!(seen_at(url, session).await["viewerCount"], 3);
    }
    let status = follow(&here, session).await.until("session:status").await;
    assert_eq!(
        status["viewerCount"], 3,
        "also for who comes, before anything is told anew"
    );

    of_one.vanish().await;
    each_hears(&mut both, session, 2).await;
    let [mut of_here, _of_there] = both;
    other.kill().await;
    each_hears(std::slice::from_mut(&mut of_here), session, 0).await;
    let seen = seen_at(&here, session).await;
    assert_eq!((&seen["viewerCount"], &seen["maxViewers"]), (&json!(0), &json!(3)));

    // One that is told to stop says so at once.
    let next = Process::start(&[("LECTERN_DATABASE__URL", &database)]).await;
    let _fourth = Viewer::connect(&whep(&next.url.parse().unwrap()), None).await;
    each_hears(std::slice::from_mut(&mut of_here), session, 1).await;
    next.terminate().await;
    let told = each_hears(std::slice::from_mut(&mut of_here), session, 0);
    timeout(Duration::from_secs(60), told).await.expect("it says so");
    one.stop().await;
}
