//! Traces of requests, as an OpenTelemetry collector gets them; and log lines that name their request.

use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as AnyValue;
use opentelemetry_proto::tonic::trace::v1::{Span, span::SpanKind};
use prost::Message;
use serde_json::Value;

use crate::process::Process;

type Received = Arc<Mutex<Vec<ExportTraceServiceRequest>>>;

/// A collector that keeps what it is sent.
async fn collector() -> (String, Received) {
    let received = Received::default();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1/traces", listener.local_addr().unwrap());
    let keep = async |State(received): State<Received>, body: Bytes| {
        received
            .lock()
            .unwrap()
            .push(ExportTraceServiceRequest::decode(body).unwrap());
    };
    let router = Router::new()
        .route("/v1/traces", post(keep))
        .with_state(Arc::clone(&received));
    tokio::spawn(async move { axum::serve(listener, router).await });
    (url, received)
}

fn text(attributes: &[KeyValue], name: &str) -> Option<String> {
    let found = attributes.iter().find(|one| one.key == name)?;
    match found.value.as_ref()?.value.as_ref()? {
        AnyValue::StringValue(text) => Some(text.clone()),
        AnyValue::IntValue(number) => Some(number.to_string()),
        _ => None,
    }
}

#[tokio::test]
async fn requests_are_traced_with_their_route_and_belong_to_their_caller() {
    let (url, received) = collector().await;
    let mut server = Process::start(&[
        ("LECTERN_TRACES__ENDPOINT", &url),
        ("LECTERN_LOG__FORMAT", "json"),
        ("LECTERN_LOG__LEVEL", "debug"),
    ])
    .await;
    let (trace, parent) = ("0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331");
    let path = "/api/live/sessions/01890000-0000-7000-8000-000000000000";
    let request = server.http.get(format!("{}{path}", server.url));
    let request = request.header("traceparent", format!("00-{trace}-{parent}-01"));
    let answer = request.send().await.unwrap();
    let id = answer.headers()["x-request-id"].to_str().unwrap().to_owned();
    server.terminate().await; // the last traces are sent at the end
    assert!(server.child.wait().await.unwrap().success());

    let received = received.lock().unwrap();
    let resources = received.iter().flat_map(|request| &request.resource_spans);
    let mut spans: Vec<&Span> = Vec::new();
    for resource in resources {
        let attributes = &resource.resource.as_ref().unwrap().attributes;
        assert_eq!(text(attributes, "service.name").as_deref(), Some("lectern"));
        spans.extend(resource.scope_spans.iter().flat_map(|scope| &scope.spans));
    }
    let span = spans
        .iter()
        .find(|span| text(&span.attributes, "id").as_ref() == Some(&id));
    let span = span.unwrap_or_else(|| panic!("{spans:?}"));
    assert_eq!(span.name, "GET /api/live/sessions/{id}");
    assert_eq!(
        (span.trace_id.clone(), span.parent_span_id.clone()),
        (bytes(trace), bytes(parent))
    );
    assert_eq!(span.kind, SpanKind::Server as i32);
    assert_eq!(
        text(&span.attributes, "http.response.status_code").as_deref(),
        Some("404")
    );
    assert!(span.end_time_unix_nano > span.start_time_unix_nano);
    assert!(!format!("{spans:?}").contains("01890000"), "an address may be a secret");

    let log = server.log();
    let lines = log.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let about: Vec<Value> = lines
        .filter(|line| line["message"] == "answered" && line["span"]["id"] == id)
        .collect();
    assert_eq!(about.len(), 1, "{log}");
    assert_eq!(
        (&about[0]["status"], &about[0]["span"]["route"]),
        (&404.into(), &"/api/live/sessions/{id}".into())
    );
}

#[tokio::test]
async fn a_collector_that_is_away_keeps_nobody_waiting() {
    let mut server = Process::start(&[("LECTERN_TRACES__ENDPOINT", "http://127.0.0.1:1/v1/traces")]).await;
    let answer = server.http.get(format!("{}/healthz", server.url)).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    server.terminate().await;
    assert!(server.child.wait().await.unwrap().success());
}

fn bytes(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}
