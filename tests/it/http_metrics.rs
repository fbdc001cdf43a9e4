//! The server's numbers: who may see them, in what form, and that they are those of a real class.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use lectern::accounts::Role;
use reqwest::Method;

use crate::app::{Answer, Browser, TestApp};
use crate::end_to_end_peer::{GROUP, Publisher, Viewer};
use crate::end_to_end_server::{Running, json};

/// Names with labels, and their values; checks the form on the way.
fn numbers(text: &str) -> HashMap<String, f64> {
    let (mut known, mut numbers) = (HashSet::new(), HashMap::new());
    for line in text.lines() {
        if let Some(about) = line.strip_prefix("# TYPE ") {
            let (name, kind) = about.split_once(' ').unwrap();
            assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
            assert!(known.insert(name.to_owned()), "{name} is described twice");
        } else if !line.starts_with("# HELP ") {
            let (name, value) = line.rsplit_once(' ').unwrap();
            let family = name.split('{').next().unwrap();
            let base = ["_bucket", "_sum", "_count"]
                .iter()
                .find_map(|end| family.strip_suffix(end));
            assert!(
                known.contains(family) || base.is_some_and(|base| known.contains(base)),
                "{line}"
            );
            let value = value.parse().unwrap_or_else(|error| panic!("{line}: {error}"));
            assert!(
                numbers.insert(name.to_owned(), value).is_none(),
                "{name} is there twice"
            );
        }
    }
    numbers
}

async fn scrape(test: &TestApp, from: &str, headers: &[(&str, &str)]) -> Answer {
    let from: IpAddr = from.parse().unwrap();
    let mut request = Request::get("/metrics").extension(ConnectInfo(SocketAddr::from((from, 4000))));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    test.send(request.body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn strangers_see_no_numbers() {
    let test = TestApp::new().await;
    for near in [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.1.1",
        "::1",
        "fd00::1",
        "::ffff:10.0.0.1",
    ] {
        assert_eq!(scrape(&test, near, &[]).await.status, 200, "{near}");
    }
    for far in ["203.0.113.7", "2001:db8::1", "::ffff:203.0.113.7"] {
        scrape(&test, far, &[]).await.is_problem(403, "forbidden");
    }
    let passed_on = scrape(&test, "127.0.0.1", &[("x-forwarded-for", "203.0.113.7")]).await;
    passed_on.is_problem(403, "forbidden"); // a proxy on this machine that the settings do not know of
    let proxy = TestApp::with("[http]\ntrust_proxy = true").await;
    let outside = scrape(&proxy, "127.0.0.1", &[("x-forwarded-for", "203.0.113.7")]).await;
    outside.is_problem(403, "forbidden");
    let inside = scrape(&proxy, "127.0.0.1", &[("x-forwarded-for", "10.0.0.9")]).await;
    assert_eq!(inside.status, 200);

    let closed = TestApp::with("[metrics]\ntoken = \"prometheus-token\"").await;
    scrape(&closed, "127.0.0.1", &[])
        .await
        .is_problem(401, "unauthenticated");
    let wrong = scrape(&closed, "127.0.0.1", &[("authorization", "Bearer guess")]).await;
    wrong.is_problem(401, "unauthenticated");
    let right = scrape(&closed, "203.0.113.7", &[("authorization", "Bearer prometheus-token")]).await;
    assert_eq!(right.status, 200);
}

#[tokio::test]
async fn requests_are_counted_by_route_and_never_by_address() {
    for test in TestApp::on_both("").await {
        let nobody = Browser::default();
        test.get(&nobody, "/api/live/sessions/01890000-0000-7000-8000-000000000000")
            .await;
        test.get(&nobody, "/api/live/sessions/01890000-0000-7000-8000-000000000001")
            .await;
        test.ask(&nobody, Method::from_bytes(b"BREW").unwrap(), "/coffee", None)
            .await;
        let answer = scrape(&test, "127.0.0.1", &[]).await;
        assert_eq!(
            answer.header("content-type"),
            "text/plain; version=0.0.4; charset=utf-8"
        );
        let numbers = numbers(&answer.text());
        let count = |method, route, status| {
            let labels = format!("method=\"{method}\",route=\"{route}\",status=\"{status}\"");
            numbers
                .get(&format!("lectern_http_request_seconds_count{{{labels}}}"))
                .copied()
        };
        assert_eq!(count("GET", "/api/live/sessions/{id}", 404), Some(2.0), "{numbers:?}");
        assert_eq!(count("other", "(none)", 404), Some(1.0), "{numbers:?}");
        assert_eq!(numbers["lectern_jobs{state=\"dead\"}"], 0.0);
        assert!(!answer.text().contains("01890000"), "an address may be a secret");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_shows_in_the_numbers() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut viewer = Viewer::connect(&class.whep, None).await;
    publisher.send(8 * GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await;
    let scrape = async || numbers(&server.ask(Method::GET, "/metrics", None).await.1);
    // The media threads show their counts four times a second.
    let now = loop {
        let now = scrape().await;
        if now["lectern_forward_delay_seconds_count"] > 0.0 {
            break now;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((now["lectern_publishers"], now["lectern_viewers"]), (1.0, 1.0));
    assert_eq!(
        now["lectern_join_seconds_count"], 0.0,
        "there was nothing to see when it came"
    );
    assert!(
        now["lectern_sent_bytes_total"] > 10_000.0,
        "{}",
        now["lectern_sent_bytes_total"]
    );
    let (timed, sum) = (
        now["lectern_forward_delay_seconds_count"],
        now["lectern_forward_delay_seconds_sum"],
    );
    assert!(
        sum / timed < 1.0,
        "media does not wait for a second: {sum} s in {timed}"
    );
    assert!(now["lectern_recorder_lag_seconds"] < 10.0);

    publisher.send(GROUP).await;
    let is_counted = Cell::new(false);
    let join = async {
        let late = Viewer::connect(&class.whep, None).await;
        let now = loop {
            let now = scrape().await;
            if now["lectern_join_seconds_count"] > 0.0 {
                break now;
            }
            tokio::task::yield_now().await;
        };
        is_counted.set(true);
        (late, now)
    };
    let send = async {
        while !is_counted.get() {
            publisher.send(GROUP).await;
        }
    };
    let ((_late, now), ()) = tokio::join!(join, send);
    assert_eq!(now["lectern_join_seconds_count"], 1.0);
    assert!(now["lectern_join_seconds_sum"] < 15.0);

    let admin = server.admin().await;
    let health = reqwest::Client::new()
        .get(server.url.join("/api/admin/health").unwrap())
        .header("cookie", admin);
    let health = json(&health.send().await.unwrap().text().await.unwrap());
    assert_eq!(
        (&health["publishers"], &health["viewers"]),
        (&1.into(), &2.into()),
        "{health}"
    );
    assert!(
        health["forwardDelayMsP99"].is_number() && health["joinMsP50"].is_number(),
        "{health}"
    );
    assert!(health["disk"]["totalBytes"].as_u64().unwrap() > 0, "{health}");
    assert!(health["memoryBytes"].as_u64().unwrap() > 1 << 20, "{health}");
    server.stop().await;
}

#[tokio::test]
async fn a_job_that_was_given_up_is_an_alert() {
    for test in TestApp::on_both("").await {
        let admin = test.sign_in("ada", Role::Admin).await;
        let before = test.get(&admin, "/api/admin/health").await.json();
        let codes = |health: &serde_json::Value| -> Vec<String> {
            let alerts = health["alerts"].as_array().unwrap();
            alerts
                .iter()
                .map(|alert| alert["code"].as_str().unwrap().to_owned())
                .collect()
        };
        assert!(!codes(&before).contains(&"jobs-dead".into()), "{before}");
        let sql = "INSERT INTO jobs (id, kind, payload, state, run_at, created_at, updated_at) \
                   VALUES ($1, 'x', '{}', 'dead', $2, $2, $2)";
        test.app
            .db
            .exec(sql, lectern::args![lectern::id::new(), 1])
            .await
            .unwrap();
        let after = test.get(&admin, "/api/admin/health").await.json();
        assert_eq!(after["jobs"]["dead"], 1, "{after}");
        assert!(codes(&after).contains(&"jobs-dead".into()), "{after}");
    }
}
