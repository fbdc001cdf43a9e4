//! Every example of the documents that clients were written by, as a row: the same request gets the same status and the
//! same fields in the same casing. More fields may stand beside them.

use axum::http::Method;
use jiff::Timestamp;
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::end_to_end_server::Running;
use crate::follower::{Follower, live_session, sign_in};

/// An example: who asks (a viewer or the host), what, with which body; status and body of the answer. `{…}` stands for what
/// the test has made.
type Row = (
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    u16,
    &'static str,
);

const SESSION: &str = r#"{"id": "x", "title": "x", "description": "x", "scheduledDate": "2025-01-22T14:00:00Z",
    "duration": 60, "topic": "x", "phaseId": 2, "status": "upcoming", "videoUrl": null,
    "thumbnailUrl": "https://x.example/x.jpg", "viewerCount": 0, "hasReminder": false}"#;
const LIST: &str = r#"{"sessions": [{"id": "x", "title": "x", "description": "x", "scheduledDate": "2025-01-22T14:00:00Z",
    "duration": 60, "topic": "x", "phaseId": 2, "status": "x", "videoUrl": null,
    "thumbnailUrl": "https://x.example/x.jpg", "viewerCount": 0}]}"#;
const MESSAGE: &str = r#"{"id": "x", "sessionId": "x", "userId": "x", "userName": "x", "userInitials": "HH",
    "message": "x", "isHost": false, "createdAt": "2025-01-15T14:15:00Z"}"#;
const MESSAGES: &str = r#"{"messages": [{"id": "x", "sessionId": "x", "userId": "x", "userName": "x",
    "userInitials": "HH", "message": "x", "isHost": true, "createdAt": "2025-01-15T14:02:00Z"}], "hasMore": false}"#;
const POLLS: &str = r#"{"polls": [{"id": "x", "sessionId": "x", "question": "x", "isActive": true,
    "options": [{"id": "x", "text": "x", "voteCount": 12}], "totalVotes": 40, "userVoted": false,
    "userVoteOptionId": null}]}"#;
const VOTED: &str = r#"{"success": true, "poll": {"id": "x", "question": "x",
    "options": [{"id": "x", "text": "x", "voteCount": 13}], "totalVotes": 41, "userVoted": true,
    "userVoteOptionId": "x"}}"#;
const DEDUCTION: &str = r#"{"amount": 10, "reason": "Stream enrollment", "metadata": {"streamId": "{live}"}}"#;
const NEW_STREAM: &str = r#"{"title": "Morning Dance Workout", "description": "High-energy dance cardio session",
    "scheduledStartTime": "2027-01-15T10:00:00Z", "durationMinutes": 60, "priceInTokens": 50}"#;
const UNAUTHORIZED: &str = r#"{"error": "Unauthorized"}"#;

#[rustfmt::skip] // a table
const HTTP: &[Row] = &[
    ("viewer", "GET", "/api/live/sessions", "", 200, LIST),
    ("viewer", "GET", "/api/live/sessions?status=upcoming&limit=10", "", 200, LIST),
    ("viewer", "GET", "/api/live/sessions?status=live", "", 200, LIST),
    ("viewer", "GET", "/api/live/sessions/{upcoming}", "", 200, SESSION),
    ("viewer", "POST", "/api/live/sessions/{upcoming}/reminder", r#"{"userId": "{viewer}"}"#, 200, r#"{"success": true, "reminderId": "x"}"#),
    ("viewer", "DELETE", "/api/live/sessions/{upcoming}/reminder", "", 200, r#"{"success": true}"#),
    ("viewer", "POST", "/api/live/sessions/{live}/chat", r#"{"userId": "{viewer}", "message": "Geweldige sessie, Hugo!"}"#, 201, MESSAGE),
    ("viewer", "GET", "/api/live/sessions/{live}/chat?limit=50", "", 200, MESSAGES),
    ("viewer", "GET", "/api/live/sessions/{live}/chat?before=2030-01-15T14:02:00Z", "", 200, MESSAGES),
    ("viewer", "GET", "/api/live/sessions/{live}/polls", "", 200, POLLS),
    ("viewer", "POST", "/api/live/polls/{poll}/vote", r#"{"userId": "{viewer}", "optionId": "{option}"}"#, 200, VOTED),
    ("viewer", "GET", "/api/tokens/balance", "", 200, r#"{"balance": 40}"#),
    ("viewer", "POST", "/api/tokens/deduct", DEDUCTION, 200, r#"{"success": true, "newBalance": 30, "transactionId": "x"}"#),
    ("host", "POST", "/api/instructor/streams/create", NEW_STREAM, 201, r#"{"id": "x"}"#),
    ("host", "POST", "/api/instructor/streams/{upcoming}/start", "", 200, r#"{"id": "x", "status": "live"}"#),
    ("host", "POST", "/api/instructor/streams/{upcoming}/end", "", 200, r#"{"id": "x", "status": "ended"}"#),
    ("viewer", "GET", "/api/cron/cleanup-recordings", "", 401, UNAUTHORIZED),
    ("viewer", "GET", "/api/cron/migrate-streams-to-workouts", "", 401, UNAUTHORIZED),
    ("nobody", "POST", "/api/instructor/streams/create", NEW_STREAM, 401, "{}"),
    ("nobody", "POST", "/api/instructor/login", r#"{"token": "wrong"}"#, 401, "{}"),
];

/// What `example` has and `answer` has not, or not as such.
fn missing(example: &Value, answer: &Value, at: &str) -> Vec<String> {
    let is_moment = |value: &Value| value.as_str().is_some_and(|text| text.parse::<Timestamp>().is_ok());
    match (example, answer) {
        (Value::Null, _) => Vec::new(),
        (Value::Object(fields), Value::Object(given)) => fields
            .iter()
            .flat_map(|(name, example)| match given.get(name) {
                Some(value) => missing(example, value, &format!("{at}.{name}")),
                None => vec![format!("{at}.{name} is missing")],
            })
            .collect(),
        (Value::Array(examples), Value::Array(given)) if !given.is_empty() => given
            .iter()
            .flat_map(|value| missing(&examples[0], value, &format!("{at}[]")))
            .collect(),
        (Value::Bool(example), Value::Bool(_)) if at.ends_with(".success") && Some(*example) != answer.as_bool() => {
            vec![format!("{at} is {answer}")]
        }
        (Value::String(_), Value::String(_)) if is_moment(example) && !is_moment(answer) => {
            vec![format!("{at} is no moment: {answer}")]
        }
        (Value::String(_), Value::String(_))
        | (Value::Number(_), Value::Number(_))
        | (Value::Bool(_), Value::Bool(_)) => Vec::new(),
        _ => vec![format!("{at} is {answer}, not like {example}")],
    }
}

#[tokio::test]
async fn every_example_of_a_request_is_answered_as_it_says() {
    for test in TestApp::on_both("").await {
        let host = test.sign_in("Hugo Herbots", Role::Instructor).await;
        let viewer = test.sign_in("Jan de Vries", Role::Viewer).await;
        test.give(&viewer, 40).await;
        let fields = json!({"isPublic": true, "description": "E.P.I.C.", "topic": "Fase 2 • Ontdekkingsfase", "phaseId": 2,
            "thumbnailUrl": "https://x.example/x.jpg"});
        let [upcoming, live] = [
            test.plan_with(&host, fields.clone()).await,
            test.plan_with(&host, fields).await,
        ];
        let start = format!("/api/instructor/streams/{live}/start");
        test.ask(&host, Method::POST, &start, None).await;
        let poll = json!({"question": "Waar loop je tegenaan?", "options": ["Prijs", "Timing", "Techniek", "Budget"]});
        let poll = test
            .post(&host, &format!("/api/live/sessions/{live}/polls"), poll)
            .await
            .json();
        let fill = |text: &str| {
            text.replace("{upcoming}", &upcoming)
                .replace("{live}", &live)
                .replace("{viewer}", &viewer.user.as_ref().unwrap().id.to_string())
                .replace("{poll}", poll["id"].as_str().unwrap())
                .replace("{option}", poll["options"][0]["id"].as_str().unwrap())
        };
        for (who, method, path, body, status, example) in HTTP {
            let browser = match *who {
                "viewer" => viewer.clone(),
                "host" => host.clone(),
                _ => Browser::default(),
            };
            let body = (!body.is_empty()).then(|| serde_json::from_str(&fill(body)).unwrap());
            let answer = test.ask(&browser, method.parse().unwrap(), &fill(path), body).await;
            assert_eq!(answer.status.as_u16(), *status, "{method} {path}: {}", answer.text());
            let example: Value = serde_json::from_str(example).unwrap();
            let missing = missing(&example, &answer.json(), "");
            assert!(missing.is_empty(), "{method} {path}: {missing:?}");
        }
    }
}

#[tokio::test]
async fn every_example_of_an_event_is_sent_and_taken_as_it_says() {
    let server = Running::new().await;
    let id = live_session(&server).await;
    let sarah = sign_in(&server.app, "Sarah van Dijk", Role::Viewer).await;
    let mut follower = Follower::try_new(&server.url, &id.to_string(), &sarah, None)
        .await
        .unwrap_or_else(|status| panic!("{status}"));
    let session = lectern::sessions::get(&server.app, id).await.unwrap();
    let host = lectern::accounts::find(&server.app.db, session.instructor_id)
        .await
        .unwrap();
    let options = ["Prijs", "Timing"].map(str::to_owned);
    let poll = lectern::polls::create(&server.app, &session, &host, "Waar?", &options)
        .await
        .unwrap();
    let poll = serde_json::to_value(&poll).unwrap();
    let vote = json!({"pollId": poll["id"], "optionId": poll["options"][0]["id"]});
    let status = json!({"sessionId": "x", "status": "live", "viewerCount": 127});
    let message = json!({"id": "x", "userId": "x", "userName": "x", "userInitials": "SV", "message": "x", "isHost": false,
        "createdAt": "2025-01-15T14:10:00Z"});
    let update = json!({"pollId": "x", "optionId": "x", "voteCount": 14, "totalVotes": 42});
    let count = json!({"sessionId": "x", "viewerCount": 132});
    let heard = [
        ("session:status", status),
        ("chat:message", message),
        ("poll:update", update),
        ("viewer:count", count),
    ];
    follower
        .send("chat:send", json!({"message": "Geweldige sessie!"}))
        .await;
    follower.send("poll:vote", vote).await;
    for (kind, example) in heard {
        if kind == "viewer:count" {
            server.app.events.count(lectern::events::Subject::Viewers(id));
        }
        let missing = missing(&example, &follower.until(kind).await, kind);
        assert!(missing.is_empty(), "{missing:?}");
    }
    server.stop().await;
}

#[test]
fn an_answer_that_is_not_like_the_example_is_seen() {
    let example = json!({"a": 1, "list": [{"at": "2025-01-15T14:10:00Z"}], "success": true, "any": null});
    let good = json!({"a": 2, "list": [{"at": "2026-01-15T14:10:00.5Z", "more": 1}], "success": true, "any": "x"});
    assert!(missing(&example, &good, "").is_empty());
    for (field, value) in [
        ("a", json!("1")),
        ("a", json!(null)),
        ("list", json!([])),
        ("list", json!([{"at": "soon"}])),
    ] {
        let mut bad = good.clone();
        bad[field] = value;
        assert_eq!(missing(&example, &bad, "").len(), 1, "{bad}");
    }
    let unsuccessful = json!({"a": 1, "list": good["list"], "success": false, "any": 1});
    assert_eq!(missing(&example, &unsuccessful, "").len(), 1);
    assert_eq!(missing(&example, &json!({}), "").len(), 4);
}
