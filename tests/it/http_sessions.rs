//! Sessions over HTTP: their JSON, their plan, their life.

use axum::http::Method;
use lectern::accounts::Role;
use serde_json::json;

use crate::app::{Browser, TestApp, plan};

#[tokio::test]
async fn a_session_has_the_fields_that_clients_know() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let new = json!({
        "title": "Live Q&A: Discovery Technieken",
        "description": "Leer de E.P.I.C. methode voor ontdekkingsgesprekken",
        "scheduledStart": "2025-01-22T15:00:00+01:00",
        "durationMinutes": 60,
        "topic": "Fase 2 • Ontdekkingsfase",
        "phaseId": 2,
        "isPublic": true,
        "timeZone": "Europe/Amsterdam",
    });
    let created = test.post(&anna, "/api/instructor/streams/create", new).await;
    assert_eq!(created.status, 201, "{}", created.text());
    let id = created.json()["id"].as_str().unwrap().to_owned();
    let session = test
        .get(&Browser::default(), &format!("/api/live/sessions/{id}"))
        .await
        .json();
    let want = json!({
        "id": id,
        "title": "Live Q&A: Discovery Technieken",
        "description": "Leer de E.P.I.C. methode voor ontdekkingsgesprekken",
        "scheduledDate": "2025-01-22T14:00:00Z",
        "duration": 60,
        "topic": "Fase 2 • Ontdekkingsfase",
        "phaseId": 2,
        "status": "upcoming",
        "videoUrl": null,
        "thumbnailUrl": null,
        "viewerCount": 0,
        "hasReminder": false,
        "isPublic": true,
        "level": null,
        "priceInTokens": 0,
        "isOpenToSubscribers": false,
        "goesLiveWithMedia": true,
        "isKeptForCatalogue": false,
        "isEnrolled": false,
        "totalEnrollments": 0,
        "maxViewers": 0,
        "instructorId": anna.user.as_ref().unwrap().id,
        "instructorName": "anna",
        "timeZone": "Europe/Amsterdam",
        "recordingEnabled": true,
        "recordingAvailable": false,
        "recordingExpiresAt": null,
        "recordingExpiresInS": null,
        "recording": null,
        "canWatch": true,
        "canBroadcast": false,
        "whepUrl": format!("/whep/{id}"),
        "hlsUrl": null,
        "actualStart": null,
        "actualEnd": null,
        "seriesId": null,
    });
    assert_eq!(session, want);
    assert_eq!(
        test.get(&Browser::default(), "/api/live/sessions").await.json(),
        json!({"sessions": [want], "hasMore": false})
    );
}

#[tokio::test]
async fn a_session_tells_each_caller_what_they_may() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let others = [
        (Browser::default(), false, false),
        (test.sign_in("vic", Role::Viewer).await, false, false),
        (test.sign_in("otto", Role::Instructor).await, false, false),
        (test.sign_in("ada", Role::Admin).await, true, true),
    ];
    let id = test.plan(&anna, false).await;
    for (caller, can_watch, can_broadcast) in others.into_iter().chain([(anna, true, true)]) {
        let session = test.get(&caller, &format!("/api/live/sessions/{id}")).await.json();
        assert_eq!(session["canWatch"], can_watch, "{caller:?}");
        assert_eq!(session["canBroadcast"], can_broadcast, "{caller:?}");
        assert_eq!(session["whepUrl"].is_string(), can_watch, "{caller:?}");
    }
}

#[tokio::test]
async fn a_session_lives_from_plan_to_end() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let id = test.plan(&anna, true).await;
    let step = |name: &str| {
        let path = format!("/api/instructor/streams/{id}/{name}");
        let (test, anna) = (&test, &anna);
        async move { test.ask(anna, Method::POST, &path, None).await }
    };
    let live = step("start").await.json();
    assert_eq!(
        (&live["status"], &live["videoUrl"]),
        (&json!("live"), &json!(format!("/whep/{id}")))
    );
    assert_eq!(
        step("start").await.json()["actualStart"],
        live["actualStart"],
        "pressed twice"
    );

    let path = format!("/api/instructor/streams/{id}");
    let change = |body| test.ask(&anna, Method::PATCH, &path, Some(body));
    change(json!({"durationMinutes": 90}))
        .await
        .is_problem(409, "session-started");
    assert_eq!(change(json!({"title": "Better"})).await.json()["title"], "Better");

    let ended = step("end").await.json();
    assert_eq!((&ended["status"], &ended["whepUrl"]), (&json!("ended"), &json!(null)));
    let (end, expiry) = (time(&ended["actualEnd"]), time(&ended["recordingExpiresAt"]));
    assert_eq!(expiry.duration_since(end).as_hours(), 7 * 24);
    assert_eq!(
        step("end").await.json()["actualEnd"],
        ended["actualEnd"],
        "pressed twice"
    );
    step("start").await.is_problem(409, "session-over");

    let path = format!("/api/live/sessions/{id}/publish-token");
    test.ask(&anna, Method::POST, &path, None)
        .await
        .is_problem(409, "session-over");
}

fn time(value: &serde_json::Value) -> jiff::Timestamp {
    value.as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_plan_can_be_changed_in_part_and_null_takes_away() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let id = test.plan(&anna, true).await;
    let path = format!("/api/instructor/streams/{id}");
    let change = |body| test.ask(&anna, Method::PATCH, &path, Some(body));
    let changed = change(json!({"description": "What to bring", "phaseId": 3, "isPublic": false}))
        .await
        .json();
    assert_eq!(changed["description"], "What to bring");
    assert_eq!((&changed["phaseId"], &changed["isPublic"]), (&json!(3), &json!(false)));
    let changed = change(json!({"description": null, "scheduledStart": "2026-12-09T14:00:00Z"}))
        .await
        .json();
    assert_eq!(
        (&changed["description"], &changed["phaseId"]),
        (&json!(null), &json!(3))
    );
    assert_eq!(changed["scheduledDate"], "2026-12-09T14:00:00Z");
}

#[tokio::test]
async fn an_impossible_plan_is_refused_by_field() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let cases = [
        ("title", json!("   ")),
        ("title", json!("x".repeat(256))),
        ("durationMinutes", json!(0)),
        ("durationMinutes", json!(100_000)),
        ("phaseId", json!(5)),
        ("scheduledStart", json!("1970-01-01T00:00:00Z")),
        ("timeZone", json!("Europe/Atlantis")),
    ];
    for (field, value) in cases {
        let mut body = plan(true);
        body[field] = value.clone();
        let answer = test.post(&anna, "/api/instructor/streams/create", body).await;
        answer.is_problem(422, "invalid");
        assert_eq!(answer.json()["errors"][0]["path"], field, "{value}: {}", answer.text());
    }
}

#[tokio::test]
async fn the_ingest_page_shows_where_and_with_what_to_publish() {
    for (settings, want) in [
        ("", "http://live.test"),
        ("[http]\npublic_url = \"https://a.example\"", "https://a.example"),
    ] {
        let test = TestApp::with(settings).await;
        let anna = test.sign_in("anna", Role::Instructor).await;
        let id = test.plan(&anna, true).await;
        let answer = test.get(&anna, &format!("/api/instructor/streams/{id}/ingest")).await;
        assert_eq!(answer.header("cache-control"), "no-store");
        let ingest = answer.json();
        assert_eq!(ingest["whipUrl"], format!("{want}/whip/{id}"));
        assert!(ingest["streamKey"].as_str().unwrap().starts_with("sk_"));
        let rotated = test
            .ask(
                &anna,
                Method::POST,
                &format!("/api/instructor/streams/{id}/ingest/rotate"),
                None,
            )
            .await;
        assert_ne!(rotated.json()["streamKey"], ingest["streamKey"]);
        let again = test
            .get(&anna, &format!("/api/instructor/streams/{id}/ingest"))
            .await
            .json();
        assert_eq!(again, rotated.json());
    }
}

#[tokio::test]
async fn a_deleted_session_is_gone() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let id = test.plan(&anna, true).await;
    let path = format!("/api/instructor/streams/{id}");
    assert_eq!(test.ask(&anna, Method::DELETE, &path, None).await.status, 204);
    test.ask(&anna, Method::DELETE, &path, None)
        .await
        .is_problem(404, "not-found");
    test.get(&anna, &format!("/api/live/sessions/{id}"))
        .await
        .is_problem(404, "not-found");
    assert_eq!(
        test.get(&anna, "/api/instructor/streams").await.json(),
        json!({"sessions": [], "hasMore": false})
    );
}

#[tokio::test]
async fn a_watch_token_lasts_minutes() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let id = test.plan(&anna, true).await;
    let path = format!("/api/live/sessions/{id}/watch-token");
    let granted = test.ask(&Browser::default(), Method::POST, &path, None).await.json();
    let left = time(&granted["expiresAt"]).duration_since(jiff::Timestamp::now());
    assert!((500..=600).contains(&left.as_secs()), "{left:?}");
    assert!(granted["token"].as_str().unwrap().len() > 60);
}
