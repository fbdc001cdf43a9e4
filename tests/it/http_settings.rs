//! Settings that admins change while the server runs, and the page to try the API.

use axum::http::Method;
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::{Answer, Browser, TestApp};

async fn change(test: &TestApp, who: &Browser, changes: Value) -> Answer {
    test.ask(who, Method::PATCH, "/api/admin/settings", Some(changes)).await
}

async fn value(test: &TestApp, who: &Browser, key: &str) -> Value {
    let all = test.get(who, "/api/admin/settings").await.json();
    let all = all["settings"].as_array().unwrap();
    all.iter().find(|one| one["key"] == key).unwrap()["value"].clone()
}

#[tokio::test]
async fn a_change_holds_at_once_and_after_a_restart() {
    for test in TestApp::on_both("[recording]\nretention_days = 5").await {
        let admin = test.sign_in("ada", Role::Admin).await;
        let listed = test.get(&admin, "/api/admin/settings").await.json();
        let days = listed["settings"].as_array().unwrap();
        let days = days
            .iter()
            .find(|one| one["key"] == "recording.retention_days")
            .unwrap();
        assert_eq!((&days["value"], &days["kind"]), (&json!(5), &json!("number")));
        assert!(
            days["description"].as_str().unwrap().starts_with("Days that a replay"),
            "{days}"
        );

        let both = json!({"recording.retention_days": 30, "accounts.sign_up": false});
        let changed = change(&test, &admin, both).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert_eq!(value(&test, &admin, "recording.retention_days").await, 30);
        let form = json!({"name": "Bob", "email": "bob@example.org", "password": "12345678"});
        let refused = test.post(&Browser::default(), "/api/auth/signup", form.clone()).await;
        refused.is_problem(403, "sign-up-closed");
        let log = test.get(&admin, "/api/admin/audit").await.json();
        let deeds = log["entries"].as_array().unwrap();
        let deed = deeds
            .iter()
            .find(|deed| deed["detail"]["key"] == "recording.retention_days")
            .unwrap();
        assert_eq!(
            (&deed["action"], &deed["detail"]["from"]),
            (&json!("setting.change"), &json!(5))
        );

        let loaded = lectern::settings::Settings::load(test.app.config.clone(), &test.app.db)
            .await
            .unwrap();
        assert_eq!(
            loaded.now().recording.retention_days,
            30,
            "another start, or another server"
        );

        assert_eq!(
            change(&test, &admin, json!({"accounts.sign_up": null})).await.status,
            200
        );
        assert_eq!(
            test.post(&Browser::default(), "/api/auth/signup", form).await.status,
            201
        );
    }
}

#[tokio::test]
async fn what_does_not_fit_changes_nothing() {
    let test = TestApp::new().await;
    let admin = test.sign_in("ada", Role::Admin).await;
    for (key, bad) in [
        ("recording.retention_days", json!("soon")),
        ("recording.retention_days", json!(-1)),
        ("access.replay_tiers", json!(["gold"])),
        ("database.url", json!("postgres://evil.example/x")),
        ("nothing.of_the_sort", json!(1)),
    ] {
        let mut changes = json!({"sessions.cancel_unstarted_after_minutes": 5});
        changes[key] = bad;
        let refused = change(&test, &admin, changes.clone()).await;
        refused.is_problem(422, "invalid");
        assert_eq!(refused.json()["errors"][0]["path"], key, "{changes}");
    }
    assert_eq!(
        value(&test, &admin, "sessions.cancel_unstarted_after_minutes").await,
        60
    );
    change(&test, &admin, json!({})).await.is_problem(422, "invalid");
}

#[tokio::test]
async fn the_page_to_try_the_api_comes_from_here_alone() {
    let test = TestApp::new().await;
    let nobody = Browser::default();
    let moved = test.get(&nobody, "/docs").await;
    assert_eq!((moved.status.as_u16(), moved.header("location")), (303, "/docs/"));
    let page = test.get(&nobody, "/docs/").await;
    assert_eq!(page.status, 200, "{}", page.text());
    let csp = page.header("content-security-policy");
    assert!(csp.contains("connect-src 'self';"), "{csp}");
    let html = page.text();
    assert!(!html.contains("//"), "nothing from elsewhere: {html}");
    let mut files = 0;
    for part in html
        .split(['"', '\''])
        .filter(|part| part.starts_with("./") || part.ends_with(".css"))
    {
        let file = test
            .get(&nobody, &format!("/docs/{}", part.trim_start_matches("./")))
            .await;
        assert_eq!(file.status, 200, "{part}");
        files += 1;
    }
    assert!(files >= 4, "{html}");
    let start = test.get(&nobody, "/docs/swagger-initializer.js").await.text();
    assert!(start.contains("/api/openapi.json") && !start.contains("://"), "{start}");
}
