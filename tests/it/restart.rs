//! A restart in the middle of a class, of a real process under real peers: new ones are sent away, those that are there go
//! on for their time, and after it everybody comes back by themselves and the class is one replay.

use std::path::Path;
use std::time::{Duration, Instant};

use lectern_media::record::Catalogue;
use reqwest::{Method, StatusCode};
use url::Url;

use crate::app::Browser;
use crate::end_to_end_peer::{GROUP, PATIENCE, Publisher, Viewer};
use crate::follower::Follower;
use crate::process::Process;

/// Seconds that running classes go on.
const DRAIN_S: u64 = 3;

struct Class {
    whip: Url,
    whep: Url,
    key: String,
}

async fn class(server: &Process, cookie: &str, id: &str) -> Class {
    let at = |path: &str| format!("{}{path}/{id}", server.url).parse().unwrap();
    Class {
        whip: at("/whip"),
        whep: at("/whep"),
        key: server.stream_key(cookie, id).await,
    }
}

async fn status(server: &Process, method: Method, path: &str) -> (StatusCode, Option<String>) {
    let offer = include_str!("../../media/src/peer/sdp/golden/chromium-view.offer.sdp");
    let request = server.http.request(method, format!("{}{path}", server.url));
    let answer = request
        .header("content-type", "application/sdp")
        .body(offer)
        .send()
        .await
        .unwrap();
    let wait = answer
        .headers()
        .get("retry-after")
        .map(|value| value.to_str().unwrap().to_owned());
    (answer.status(), wait)
}

async fn follow(server: &Process, id: &str) -> Follower {
    let followed = Follower::try_new(&server.url.parse().unwrap(), id, &Browser::default(), None).await;
    followed.unwrap_or_else(|status| panic!("{status}"))
}

/// Media segments of all tracks, as the journal of the recording has them.
fn segments(data: &Path, id: &str) -> usize {
    let journal = std::fs::read(data.join("recordings").join(id).join("journal.jsonl")).unwrap();
    Catalogue::read(&journal).0.segments().len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_costs_a_class_seconds_and_nothing_more() {
    let drain = DRAIN_S.to_string();
    let mut server = Process::start(&[("LECTERN_MEDIA__DRAIN_S", &drain), ("LECTERN_HTTP__SHUTDOWN_S", "5")]).await;
    let (_, cookie) = server.set_up("correct horse").await;
    let id = server.plan(&cookie, true).await;
    let before = class(&server, &cookie, &id).await;
    let mut publisher = Publisher::connect(&before.whip, &before.key, 0).await;
    let mut viewer = Viewer::connect(&before.whep, None).await;
    publisher.send(4 * GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await;
    let mut follower = follow(&server, &id).await;
    assert_eq!(follower.until("session:status").await["status"], "live");

    server.terminate().await;
    let whep = format!("/whep/{id}");
    let refused = async {
        loop {
            match status(&server, Method::POST, &whep).await {
                (StatusCode::CREATED, _) => tokio::task::yield_now().await, // the signal is on its way
                other => break other,
            }
        }
    };
    let (code, wait) = tokio::time::timeout(PATIENCE, refused)
        .await
        .expect("new viewers are sent away");
    assert_eq!(code, 503);
    assert!(
        wait.is_some_and(|wait| wait.parse::<u32>().is_ok()),
        "and told when to try again"
    );
    assert_eq!(
        status(&server, Method::GET, "/readyz").await.0,
        503,
        "balancers send nobody here"
    );
    assert_eq!(status(&server, Method::GET, "/healthz").await.0, 200);
    publisher.send(GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await; // who is there goes on
    // Who listens is told to come back, and when, before the socket is closed.
    let told_at = Instant::now();
    let (code, events) = follower.closed().await;
    assert_eq!(code, 1012);
    let told = events.last().expect("it is told");
    assert_eq!(told["type"], "server:restart", "{events:?}");
    let wait = Duration::from_millis(told["data"]["retryAfterMs"].as_u64().unwrap());
    assert!(wait <= Duration::from_secs(3), "{wait:?}");
    publisher.wait_until_gone().await;
    viewer.wait_until_gone().await;
    let ended = tokio::time::timeout(Duration::from_secs(DRAIN_S + 5) + PATIENCE, server.child.wait()).await;
    assert!(ended.expect("it ends in time").unwrap().success(), "{}", server.log());
    let kept = segments(server.data.path(), &id);
    assert!(kept > 0, "what was said is on the disk");

    let again = Process::start_in(server.data, &[]).await;
    tokio::time::sleep_until((told_at + wait).into()).await; // as its page does
    let mut follower = follow(&again, &id).await;
    follower.until("session:status").await;
    let after = class(&again, &cookie, &id).await;
    assert_eq!(after.key, before.key);
    let first = 30_000;
    let mut publisher = Publisher::connect(&after.whip, &after.key, first).await;
    let mut viewer = Viewer::connect(&after.whep, None).await;
    publisher.send(4 * GROUP).await;
    let (start, _) = viewer.video_until(publisher.next_number() - 1).await;
    assert!(start.number >= first, "{start:?}");
    let end = format!("/api/instructor/streams/{id}/end");
    again.post(&end, &cookie, serde_json::json!({})).await;
    assert_eq!(follower.until("session:status").await["status"], "ended");
    assert!(segments(again.data.path(), &id) > kept, "the same replay goes on");
    let playlist = again
        .http
        .get(format!("{}/api/live/sessions/{id}/hls/master.m3u8", again.url))
        .send()
        .await
        .unwrap();
    assert_eq!(playlist.status(), 200);
    again.terminate().await;
}
