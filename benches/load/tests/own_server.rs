//! The load tester against this project's server: what it reports is what happened.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../fanout/src/class.rs"]
mod class;

use clap::Parser;
use class::Class;
use lectern_load::{Options, plot};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A server on ports of its own, with one planned class.
async fn start() -> (Class, TempDir) {
    let data = tempfile::tempdir().unwrap();
    let class = Class::start(data.path(), 2).await.unwrap();
    (class, data)
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
    let (class, _data) = start().await;
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
    let (class, _data) = start().await;
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
    let (class, _data) = start().await;
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
