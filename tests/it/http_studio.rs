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
