//! The load tester against this project's server: what it reports is what happened.

use clap::Parser;
use lectern::accounts::{self, Role, login};
use lectern::config::Config;
use lectern::{Listeners, Server};
use lectern_load::{Options, plot};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A server on ports of its own, with one planned class.
struct Class {
    whip: String,
    whep: String,
    key: String,
    _data: TempDir,
}

impl Class {
    async fn start() -> Class {
        let data = tempfile::tempdir().unwrap();
        let mut config = Config::from_toml("").unwrap();
        config.data.dir = data.path().to_owned();
        config.http.listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.udp_listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.shards = 2;
        let listeners = Listeners::bind(&config).await.unwrap();
        let url = format!("http://{}", listeners.http.local_addr().unwrap());
        let server = Server::start(config, listeners, CancellationToken::new())
            .await
            .unwrap();
        let db = server.app.db.clone();
        tokio::spawn(server.serve());
        let user = accounts::without_password(&db, "Anna", "anna@example.org", Role::Instructor)
            .await
            .unwrap();
        let token = login::start(&db, user.id).await.unwrap();
        let api = async |path: String, body: Option<Value>| {
            let http = reqwest::Client::new();
            let mut request = match body {
                Some(body) => http
                    .post(format!("{url}{path}"))
                    .header("content-type", "application/json")
                    .body(body.to_string()),
                None => http.get(format!("{url}{path}")),
            };
            request = request
                .header("cookie", format!("lectern_session={}", token.expose()))
                .header("origin", &url);
            let answer = request.send().await.unwrap().text().await.unwrap();
            serde_json::from_str::<Value>(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
        };
        let plan = json!({
            "title": "Load",
            "scheduledStart": "2026-12-02T14:00:00Z",
            "durationMinutes": 60,
            "isPublic": true,
        });
        let created = api("/api/instructor/streams/create".to_owned(), Some(plan)).await;
        let id = created["id"].as_str().unwrap();
        let ingest = api(format!("/api/instructor/streams/{id}/ingest"), None).await;
        Class {
            whip: format!("{url}/whip/{id}"),
            whep: format!("{url}/whep/{id}"),
            key: ingest["streamKey"].as_str().unwrap().to_owned(),
            _data: data,
        }
    }
}

async fn report(arguments: &[&str]) -> (Value, String) {
    let options = Options::parse_from([&["lectern-load"], arguments].concat());
    let report = lectern_load::run(options, CancellationToken::new()).await.unwrap();
    let json = serde_json::to_value(&report).unwrap();
    let text = report.to_string();
    assert!(plot::svg(&report).ends_with("</svg>\n"));
    (json, text)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_viewers_get_everything_and_the_report_says_so() {
    let class = Class::start().await;
    let pid = std::process::id().to_string();
    let (json, text) = report(&[
        &class.whep,
        "--publish",
        &class.whip,
        "--publish-token",
        &class.key,
        "--viewers",
        "45",
        "--early",
        "5",
        "--ramp",
        "0.5",
        "--settle",
        "1",
        "--seconds",
        "3",
        "--stamp-every",
        "2",
        "--pid",
        &pid,
    ])
    .await;
    for count in ["asked", "admitted", "connected", "with_picture", "at_the_end"] {
        assert_eq!(json["viewers"][count], 50, "{count}: {text}");
    }
    for fault in ["lost", "duplicates", "unauthentic"] {
        assert_eq!(json["packets"][fault], 0, "{fault}: {text}");
    }
    assert!(json["errors"].as_object().unwrap().is_empty(), "{text}");
    assert!(json["packets"]["opened"].as_u64() > Some(50), "{text}");
    // 50 pieces of sound and 30 frames of at least a packet, for three seconds.
    assert!(json["steady"]["packets"].as_u64() > Some(50 * 80 * 2), "{text}");
    for (name, count) in [("delay_ms", 500), ("frame_delay_ms", 500), ("longest_gap_ms", 49)] {
        let times = &json["steady"][name];
        assert!(times["count"].as_u64() > Some(count), "{name}: {text}");
        assert!(times["p50"].as_f64() <= times["max"].as_f64(), "{name}: {text}");
    }
    assert!(json["while_others_come"]["longest_gap_ms"]["count"] == 5, "{text}");
    assert_eq!(json["join_ms"]["first_key_frame"]["count"], 50, "{text}");
    assert!(json["publisher"]["frames"].as_u64() > Some(90), "{text}");
    assert!(json["server"]["cpu_us_per_packet"].as_f64() > Some(0.0), "{text}");
    assert!(json["timeline"].as_array().unwrap().len() >= 4, "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_that_leave_are_followed_by_others() {
    let class = Class::start().await;
    let (json, text) = report(&[
        &class.whep,
        "--publish",
        &class.whip,
        "--publish-token",
        &class.key,
        "--viewers",
        "4",
        "--ramp",
        "0",
        "--settle",
        "0",
        "--seconds",
        "3",
        "--stay",
        "0.5",
    ])
    .await;
    let asked = json["viewers"]["asked"].as_u64().unwrap();
    assert!(asked > 10, "{text}");
    assert_eq!(json["viewers"]["admitted"], asked, "{text}");
    assert!(json["errors"].as_object().unwrap().is_empty(), "{text}");
    assert_eq!(json["packets"]["lost"], 0, "{text}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_refuses_is_quoted() {
    let class = Class::start().await;
    let (json, text) = report(&[
        &format!("{}x", class.whep),
        "--viewers",
        "2",
        "--ramp",
        "0",
        "--settle",
        "0",
        "--seconds",
        "1",
    ])
    .await;
    assert_eq!(
        (&json["viewers"]["asked"], &json["viewers"]["admitted"]),
        (&json!(2), &json!(0)),
        "{text}"
    );
    assert!(text.contains("error      2 × the server answered 404"), "{text}");
}
