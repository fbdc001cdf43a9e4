//! How sessions are watched: visits from media connections and from players, reports, the events and their webhook.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::routing::post;
use hmac::{Hmac, KeyInit, Mac};
use lectern::accounts::Role;
use lectern::analytics::replay;
use lectern::analytics::watch::Visits;
use lectern::args;
use lectern::db::Ts;
use lectern::{enrolments, handlers, jobs, sessions, tracking};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::sync::mpsc;
use uuid::Uuid;

use crate::app::{Browser, TestApp, plan};
use crate::end_to_end_peer::{GROUP, Publisher, Viewer};
use crate::follower::{live_session, servers, sign_in};

const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// The events of this name, latest last: user and properties.
async fn events(app: &lectern::App, name: &str) -> Vec<(Option<Uuid>, Value)> {
    tracking::write(app).await.unwrap();
    let sql = "SELECT user_id, properties FROM analytics_events WHERE name = $1 ORDER BY id";
    let rows: Vec<(Option<Uuid>, String)> = app.db.all(sql, args![name]).await.unwrap();
    rows.into_iter()
        .map(|(user, text)| (user, serde_json::from_str(&text).unwrap()))
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_watches_is_known_from_the_media_connection() {
    for server in servers().await {
        let id = live_session(&server).await;
        let class = server.class(id).await;
        let ben = sign_in(&server.app, "Ben", Role::Viewer).await.user.unwrap();
        enrolments::enrol(&server.app, &ben, id).await.unwrap();
        let enrolment = async || enrolments::find(&server.app, id, ben.id).await.unwrap().unwrap();
        let (token, _) = sessions::access::grant(&server.app, id, sessions::token::Purpose::Watch, Some(&ben));
        let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
        assert!(!enrolment().await.watched_live);
        let mut viewer = Viewer::connect(&class.whep, Some(&token)).await;
        publisher.send(GROUP).await;
        viewer.video_until(publisher.next_number() - 1).await;
        // The server looks once a second by itself; here the visit is awaited.
        let visit = "SELECT user_id, ended_at FROM watch_visits WHERE session_id = $1 AND kind = 'live'";
        let visits = async || {
            let rows: Vec<(Option<Uuid>, Option<Ts>)> = server.app.db.all(visit, args![id]).await.unwrap();
            rows
        };
        let until = async |is_ended: bool| {
            while visits()
                .await
                .first()
                .is_none_or(|(_, ended)| ended.is_some() != is_ended)
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), until(false))
            .await
            .unwrap();
        assert_eq!(visits().await[0].0, Some(ben.id));
        let watched = async {
            while !enrolment().await.watched_live {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), watched).await.unwrap();
        assert!(enrolment().await.last_watched_at.is_some());
        viewer.vanish().await;
        server.app.live.close_viewers_of(Some(ben.id), None);
        tokio::time::timeout(Duration::from_secs(30), until(true))
            .await
            .unwrap();
        let joined = events(&server.app, "live_session_joined").await;
        let want = json!({"sessionId": id, "sessionTitle": "Live Q&A", "userTier": "free"});
        assert_eq!(joined, [(Some(ben.id), want)]);
        server.stop().await;
    }
}

#[tokio::test]
async fn visits_of_a_server_that_died_end_with_its_last_sign() {
    for test in TestApp::on_both("").await {
        let hugo = test.sign_in("hugo", Role::Instructor).await;
        let id: Uuid = test.plan(&hugo, true).await.parse().unwrap();
        let mut tx = test.app.db.begin().await.unwrap();
        let (visit, now) = (Uuid::now_v7(), Ts::now());
        let insert = "INSERT INTO watch_visits (id, session_id, kind, server_id, began_at, seen_at) \
                      VALUES ($1, $2, 'live', $1, $3, $4)";
        tx.exec(insert, args![visit, id, now.plus_s(-500), now.plus_s(-100)])
            .await
            .unwrap();
        lectern::analytics::store::end_lost(&mut tx, now.plus_s(-60))
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let sql = "SELECT ended_at, seconds FROM watch_visits WHERE id = $1";
        let (ended, seconds): (Option<Ts>, i64) = test.app.db.one(sql, args![visit]).await.unwrap();
        assert_eq!((ended, seconds), (Some(now.plus_s(-100)), 400));
        Visits::default().look(&test.app, now).await.unwrap(); // nobody is there
    }
}

#[tokio::test]
async fn replays_are_counted_as_far_as_the_clock_allows() {
    for test in TestApp::on_both("").await {
        let hugo = test.sign_in("hugo", Role::Instructor).await;
        let ben = test.sign_in("ben", Role::Viewer).await.user.unwrap();
        let id: Uuid = test.plan(&hugo, true).await.parse().unwrap();
        enrolments::enrol(&test.app, &ben, id).await.unwrap();
        let start = Ts::now();
        let at = |seconds: i64| start.plus_s(seconds);
        for (now, seconds) in [(0, 15), (15, 15), (30, 60), (300, 15)] {
            replay::played(&test.app, id, ben.id, seconds, at(now)).await.unwrap();
        }
        let sql = "SELECT seconds FROM watch_visits WHERE session_id = $1 AND kind = 'replay' ORDER BY began_at";
        let rows: Vec<(i64,)> = test.app.db.all(sql, args![id]).await.unwrap();
        assert_eq!(
            rows,
            [(15 + 15 + 20,), (15,)],
            "60 s in 15 s are 20; after a long silence it is another visit"
        );
        let enrolment = enrolments::find(&test.app, id, ben.id).await.unwrap().unwrap();
        assert!(enrolment.watched_replay && !enrolment.watched_live);
        for _ in 0..2 {
            replay::end_silent(&test.app, at(1000)).await.unwrap();
        }
        let told = events(&test.app, "live_recording_watched").await;
        let want = |seconds: i64| (Some(ben.id), json!({"sessionId": id, "watchDuration": seconds}));
        assert_eq!(told, [want(50), want(15)], "each once");
    }
}

#[tokio::test]
async fn a_report_adds_up() {
    for test in TestApp::on_both("").await {
        let hugo = test.sign_in("hugo", Role::Instructor).await;
        let ben = test.sign_in("ben", Role::Viewer).await;
        let mut new = plan(true);
        new["title"] = "=1+1".into();
        let id = test.plan_with(&hugo, new).await;
        let act = |what: &str| format!("/api/instructor/streams/{id}/{what}");
        test.ask(&hugo, Method::POST, &act("start"), None).await;
        test.post(
            &ben,
            &format!("/api/live/sessions/{id}/chat"),
            json!({"message": "hello"}),
        )
        .await;
        let mut tx = test.app.db.begin().await.unwrap();
        let start = sessions::get(&test.app, id.parse().unwrap())
            .await
            .unwrap()
            .actual_start
            .unwrap();
        let insert = "INSERT INTO watch_visits (id, session_id, user_id, kind, server_id, began_at, seen_at, ended_at) \
                      VALUES ($1, $2, $3, 'live', $1, $4, $5, $5)";
        let session: Uuid = id.parse().unwrap();
        let user = ben.user.as_ref().unwrap().id;
        for (who, from, to) in [(Some(user), -50, 20), (Some(user), 30, 40), (None, 10, 40)] {
            let values = args![Uuid::now_v7(), session, who, start.plus_s(from), start.plus_s(to)];
            tx.exec(insert, values).await.unwrap();
        }
        let set_end = "UPDATE live_sessions SET status = 'ended', actual_end = $2 WHERE id = $1";
        tx.exec(set_end, args![session, start.plus_s(60)]).await.unwrap();
        tx.commit().await.unwrap();
        let mut report = test.get(&hugo, &act("analytics")).await.json();
        let points: Vec<i64> = report["points"]
            .as_array()
            .unwrap()
            .iter()
            .map(|point| point["viewers"].as_i64().unwrap())
            .collect();
        assert_eq!(points, [1, 2, 1, 2, 0, 0, 0], "every ten seconds");
        report["points"].take();
        let want = json!({
            "sessionId": id, "points": null, "joins": 3, "leaves": 3, "uniqueViewers": 2, "peakViewers": 2,
            "averageWatchSeconds": 30, "chatMessages": 1, "chatters": 1, "pollVotes": 0, "reactions": 0,
            "questions": 0, "enrolments": 0, "revenueTokens": 0, "replayViews": 0, "replaySeconds": 0,
        });
        assert_eq!(report, want);
        let table = test.get(&hugo, &act("analytics.csv")).await;
        assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
        assert!(
            table.text().starts_with("metric,at,value\r\njoins,,3\r\n"),
            "{}",
            table.text()
        );
        assert!(table.text().contains("title,,'=1+1\r\n"), "{}", table.text());
        let overview = test.get(&hugo, "/api/instructor/analytics").await.json();
        assert_eq!(overview["totals"]["sessions"], 1);
        assert_eq!(overview["totals"]["watchSeconds"], 110);
        let all = test.get(&hugo, "/api/instructor/analytics.csv").await.text();
        assert!(all.contains("\r\n'=1+1,"), "{all}");
    }
}

#[tokio::test]
async fn each_event_has_the_properties_that_services_know() {
    for test in TestApp::on_both("").await {
        let hugo = test.sign_in("hugo", Role::Instructor).await;
        let ben = test.sign_in("ben", Role::Viewer).await;
        let user = ben.user.as_ref().map(|user| user.id);
        let id = test.plan(&hugo, true).await;
        let path = |rest: &str| format!("/api/live/sessions/{id}/{rest}");
        test.get(&Browser::default(), &path("calendar")).await;
        for _ in 0..2 {
            test.ask(&ben, Method::POST, &path("reminder"), None).await;
        }
        test.ask(
            &hugo,
            Method::POST,
            &format!("/api/instructor/streams/{id}/start"),
            None,
        )
        .await;
        test.post(&ben, &path("chat"), json!({"message": "Geweldig 👏"})).await;
        let poll = test
            .post(&hugo, &path("polls"), json!({"question": "?", "options": ["a", "b"]}))
            .await
            .json();
        let option = &poll["options"][0]["id"];
        let vote = format!("/api/live/polls/{}/vote", poll["id"].as_str().unwrap());
        for _ in 0..2 {
            test.post(&ben, &vote, json!({"optionId": option})).await;
        }
        let exported = events(&test.app, "live_session_calendar_export").await;
        assert_eq!(
            exported,
            [(None, json!({"sessionId": id, "sessionDate": "2026-12-02"}))]
        );
        let reminded = events(&test.app, "live_session_reminder_set").await;
        let days = reminded[0].1["daysUntilSession"].clone();
        assert_eq!(
            reminded,
            [(user, json!({"sessionId": id, "daysUntilSession": days}))],
            "once"
        );
        let sent = events(&test.app, "live_chat_sent").await;
        assert_eq!(sent, [(user, json!({"sessionId": id, "messageLength": 10}))]);
        let voted = events(&test.app, "live_poll_voted").await;
        assert_eq!(
            voted,
            [(user, json!({"sessionId": id, "pollId": poll["id"], "optionId": option}))],
            "once"
        );
    }
}

/// A receiver that refuses the first request and takes the others.
async fn receiver() -> (String, mpsc::UnboundedReceiver<(HeaderMap, String)>) {
    let (sender, requests) = mpsc::unbounded_channel();
    let is_first = Arc::new(AtomicBool::new(true));
    let take = move |headers: HeaderMap, body: String| async move {
        sender.send((headers, body)).unwrap();
        match is_first.swap(false, Ordering::SeqCst) {
            true => StatusCode::SERVICE_UNAVAILABLE,
            false => StatusCode::NO_CONTENT,
        }
    };
    let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = Router::new().route("/hook", post(take));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, requests)
}

#[tokio::test]
async fn the_webhook_gets_signed_batches_and_is_asked_again() {
    let (url, mut requests) = receiver().await;
    let settings = format!("[analytics]\nwebhook_url = {url:?}\nwebhook_secret = {SECRET:?}");
    let test = TestApp::with(&settings).await;
    let runner = tokio::spawn(jobs::run(test.app.clone(), handlers(&test.app)));
    let session = Uuid::now_v7();
    for n in 0..3 {
        test.app
            .tracker
            .note(tracking::Event::chat_sent(session, Uuid::nil(), n));
    }
    tracking::write(&test.app).await.unwrap();
    let (_, refused) = tokio::time::timeout(Duration::from_secs(30), requests.recv())
        .await
        .unwrap()
        .unwrap();
    // The pause before the next attempt is ended, as an admin can.
    let sql = "SELECT id FROM jobs WHERE kind = 'analytics-webhook' AND state = 'ready' AND attempts = 1";
    let job: (Uuid,) = loop {
        match test.app.db.opt(sql, vec![]).await.unwrap() {
            Some(job) => break job,
            None => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    };
    let admin = test.sign_in("admin", Role::Admin).await;
    let retry = format!("/api/admin/jobs/{}/retry", job.0);
    assert_eq!(test.ask(&admin, Method::POST, &retry, None).await.status, 200);
    let (headers, body) = tokio::time::timeout(Duration::from_secs(30), requests.recv())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(body, refused, "the same batch");
    let signature = headers["lectern-signature"].to_str().unwrap();
    let (at, digest) = signature.strip_prefix("t=").unwrap().split_once(",v1=").unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(format!("{at}.{body}").as_bytes());
    assert_eq!(hex::encode(mac.finalize().into_bytes()), digest);
    let body: Value = serde_json::from_str(&body).unwrap();
    let lengths: Vec<&Value> = body["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| &event["properties"]["messageLength"])
        .collect();
    assert_eq!(lengths, [0, 1, 2]);
    assert_eq!(body["events"][0]["event"], "live_chat_sent");
    test.app.shutdown.cancel();
    runner.await.unwrap();
}

#[tokio::test]
async fn a_kill_costs_the_events_of_the_last_second_and_the_reports_nothing() {
    let test = TestApp::new().await;
    let hugo = test.sign_in("hugo", Role::Instructor).await;
    let ben = test.sign_in("ben", Role::Viewer).await;
    let id = test.plan(&hugo, true).await;
    let start = format!("/api/instructor/streams/{id}/start");
    assert_eq!(test.ask(&hugo, Method::POST, &start, None).await.status, 200);
    let say = async |text: &str| {
        let said = test
            .post(&ben, &format!("/api/live/sessions/{id}/chat"), json!({"message": text}))
            .await;
        assert_eq!(said.status, 201, "{}", said.text());
    };
    say("hello").await;
    tracking::write(&test.app).await.unwrap();
    say("there").await;
    let poll = json!({"question": "Which?", "options": ["a", "b"]});
    let poll = test
        .post(&hugo, &format!("/api/live/sessions/{id}/polls"), poll)
        .await
        .json();
    let vote = format!("/api/live/polls/{}/vote", poll["id"].as_str().unwrap());
    let voted = test
        .post(&ben, &vote, json!({"optionId": poll["options"][0]["id"]}))
        .await;
    assert_eq!(voted.status, 200, "{}", voted.text());
    let report = format!("/api/instructor/streams/{id}/analytics");
    let before = test.get(&hugo, &report).await.json();
    assert_eq!((&before["chatMessages"], &before["pollVotes"]), (&json!(2), &json!(1)));

    // Killed before the second write; what is on the disk is all that the next run has.
    test.app.live.stop().await;
    let again = TestApp::in_folder(test.data, "").await;
    let mut after = again.get(&hugo, &report).await.json();
    after["points"] = before["points"].clone(); // time goes on
    assert_eq!(after, before, "messages and votes are written before they are answered");
    tracking::write(&again.app).await.unwrap();
    assert_eq!(events(&again.app, "live_chat_sent").await.len(), 1);
    assert_eq!(events(&again.app, "live_poll_voted").await.len(), 0);
}
