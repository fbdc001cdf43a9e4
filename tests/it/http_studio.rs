//! What instructors see of their own sessions, on both databases.

use axum::http::Method;
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::TestApp;

#[tokio::test]
async fn revenue_is_what_was_paid_and_not_given_back() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let otto = test.sign_in("otto", Role::Instructor).await;
        let paid = test.plan_with(&anna, json!({"priceInTokens": 30})).await;
        let free = test.plan(&anna, false).await;
        let others = test.plan_with(&otto, json!({"priceInTokens": 7})).await;
        for name in ["vic", "vera"] {
            let viewer = test.sign_in(name, Role::Viewer).await;
            test.give(&viewer, 100).await;
            for session in [&paid, &free, &others] {
                let enrol = format!("/api/live/sessions/{session}/enrol");
                assert_eq!(test.ask(&viewer, Method::POST, &enrol, None).await.status, 201);
            }
        }
        let list = test.get(&anna, "/api/instructor/streams").await.json();
        let mut sessions = list["sessions"].as_array().unwrap().clone();
        sessions.sort_by_key(|session| session["revenueTokens"].as_i64());
        let revenues: Vec<&Value> = sessions.iter().map(|session| &session["revenueTokens"]).collect();
        assert_eq!(revenues, [&json!(0), &json!(60)], "otto's is not there");

        let path = format!("/api/instructor/streams/{paid}");
        let one = test.get(&anna, &path).await.json();
        assert_eq!(
            (&one["revenueTokens"], &one["totalEnrollments"], &one["title"]),
            (&json!(60), &json!(2), &json!("Live Q&A"))
        );
        let cancelled = test.ask(&anna, Method::POST, &format!("{path}/cancel"), None).await;
        assert_eq!(cancelled.status, 200);
        assert_eq!(test.get(&anna, &path).await.json()["revenueTokens"], 0);
    }
}

#[tokio::test]
async fn a_series_is_changed_for_what_is_to_come_and_each_session_keeps_its_time() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let session = json!({
            "title": "Every Wednesday", "scheduledStart": "2099-03-25T14:00:00Z", "durationMinutes": 60,
        });
        let new = json!({ "rule": "FREQ=WEEKLY;COUNT=3", "session": session });
        let made = test.post(&anna, "/api/instructor/series", new).await.json();
        let ids: Vec<&str> = made["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["id"].as_str().unwrap())
            .collect();
        let moved = json!({ "scheduledStart": "2099-04-02T09:00:00Z" });
        let first = format!("/api/instructor/streams/{}", ids[0]);
        test.ask(&anna, Method::PATCH, &first, Some(moved.clone())).await;
        test.ask(
            &anna,
            Method::POST,
            &format!("/api/instructor/streams/{}/cancel", ids[2]),
            None,
        )
        .await;

        let series = format!("/api/instructor/series/{}", made["series"]["id"].as_str().unwrap());
        let change = json!({ "title": "Wednesdays", "priceInTokens": 5 });
        let changed = test.ask(&anna, Method::PATCH, &series, Some(change)).await;
        assert_eq!(changed.json(), json!({"changedSessions": 2}));
        let of = async |id: &str| test.get(&anna, &format!("/api/instructor/streams/{id}")).await.json();
        let (first, second, third) = (of(ids[0]).await, of(ids[1]).await, of(ids[2]).await);
        assert_eq!(
            (&first["title"], &first["scheduledDate"]),
            (&json!("Wednesdays"), &json!("2099-04-02T09:00:00Z"))
        );
        assert_eq!(
            (&second["title"], &second["priceInTokens"]),
            (&json!("Wednesdays"), &json!(5))
        );
        assert_eq!(second["scheduledDate"], "2099-04-01T14:00:00Z");
        assert_eq!(third["title"], "Every Wednesday", "it was cancelled before");
        let later = test.ask(&anna, Method::PATCH, &series, Some(moved)).await;
        later.is_problem(422, "invalid");
    }
}
