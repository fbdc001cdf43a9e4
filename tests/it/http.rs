//! What holds for every request: problem details, headers, limits, the description of the API, the web app.

use axum::body::Body;
use axum::http::{Method, Request};
use lectern::http::router;
use serde_json::json;

use crate::app::{Browser, TestApp, plan};

#[tokio::test]
async fn every_error_is_a_problem() {
    let test = TestApp::new().await;
    let nobody = Browser::default();
    test.get(&nobody, "/api/nothing").await.is_problem(404, "not-found");
    test.get(&nobody, "/nothing.js").await.is_problem(404, "not-found");
    test.get(&nobody, "/api/live/sessions/not-a-key")
        .await
        .is_problem(404, "not-found");
    test.get(&nobody, "/api/live/sessions?limit=0")
        .await
        .is_problem(400, "bad-request");
    test.get(&nobody, "/api/live/sessions?limit=many")
        .await
        .is_problem(400, "bad-request");
    test.get(&nobody, "/api/live/sessions?status=asleep")
        .await
        .is_problem(400, "bad-request");
    let wrong_method = test.ask(&nobody, Method::DELETE, "/api/live/sessions", None).await;
    wrong_method.is_problem(405, "method-not-allowed");
    assert_eq!(wrong_method.header("allow"), "GET,HEAD");
}

#[tokio::test]
async fn an_unreadable_body_is_told_from_an_unacceptable_one() {
    let test = TestApp::new().await;
    let login = |kind: &'static str, body: Vec<u8>| {
        let request = Request::post("/api/auth/login").header("content-type", kind);
        test.send(request.body(Body::from(body)).unwrap())
    };
    login("application/json", b"{".to_vec())
        .await
        .is_problem(400, "bad-request");
    login("application/json", b"{\"email\":\"\xff\"}".to_vec())
        .await
        .is_problem(400, "bad-request");
    login("application/json", b"{\"email\":1}".to_vec())
        .await
        .is_problem(422, "invalid");
    login("text/plain", b"{}".to_vec())
        .await
        .is_problem(415, "unsupported-media-type");
    let too_large = login("application/json", vec![b' '; 70_000]).await;
    too_large.is_problem(413, "too-large");
    assert_eq!(too_large.headers["connection"], "close", "its rest is not read");
}

#[tokio::test]
async fn a_form_gets_its_faults_by_field() {
    let test = TestApp::new().await;
    let body = json!({"name": " ", "email": "no address", "password": "short"});
    let answer = test.post(&Browser::default(), "/api/auth/signup", body).await;
    answer.is_problem(422, "invalid");
    let problem = answer.json();
    let mut fields: Vec<&str> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["path"].as_str().unwrap())
        .collect();
    fields.sort_unstable();
    assert_eq!(fields, ["email", "name", "password"]);
}

#[tokio::test]
async fn every_answer_has_the_security_headers_and_an_id() {
    let test = TestApp::new().await;
    for path in ["/api/live/sessions", "/api/nothing", "/healthz", "/media/x", "/docs/"] {
        let answer = test.get(&Browser::default(), path).await;
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{path}: {policy}");
        let scripts = policy.split("; ").find(|rule| rule.starts_with("script-src")).unwrap();
        let is_ours = |source: &str| source == "'self'" || source.starts_with("'sha256-");
        assert!(scripts.split(' ').skip(1).all(is_ours), "{path}: {policy}");
        assert!(policy.contains("media-src 'self' blob:"), "{path}: {policy}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
        assert!(
            answer.headers.get("strict-transport-security").is_none(),
            "{path}: this server is plain http"
        );
    }
    let secure = TestApp::with("[http]\npublic_url = \"https://live.example.org\"").await;
    assert!(
        secure
            .get(&Browser::default(), "/healthz")
            .await
            .header("strict-transport-security")
            .contains("max-age")
    );
}

#[tokio::test]
async fn no_cache_keeps_what_the_api_said() {
    let test = TestApp::new().await;
    for path in ["/api/auth/me", "/api/live/sessions", "/api/live/sessions/x"] {
        assert_eq!(
            test.get(&Browser::default(), path).await.header("cache-control"),
            "no-store",
            "{path}"
        );
    }
}

#[tokio::test]
async fn another_sites_page_cannot_act_for_a_user() {
    let test = TestApp::with("[http]\npublic_url = \"https://live.example.org\"").await;
    let anna = test.sign_in("anna", lectern::accounts::Role::Instructor).await;
    let create = |name: &'static str, value: &'static str| {
        let request = Request::post("/api/instructor/streams/create")
            .header("cookie", anna.cookie.as_ref().unwrap())
            .header("content-type", "application/json")
            .header(name, value);
        test.send(request.body(Body::from(plan(true).to_string())).unwrap())
    };
    create("origin", "https://evil.example")
        .await
        .is_problem(403, "cross-site");
    create("sec-fetch-site", "cross-site")
        .await
        .is_problem(403, "cross-site");
    assert_eq!(create("origin", "https://live.example.org").await.status, 201);
    assert_eq!(
        create("origin", "http://live.test").await.status,
        201,
        "the Host that was asked for"
    );
    assert_eq!(create("sec-fetch-site", "same-origin").await.status, 201);
}

#[tokio::test]
async fn health_says_when_the_database_is_gone() {
    let test = TestApp::new().await;
    let nobody = Browser::default();
    assert_eq!(test.get(&nobody, "/healthz").await.text(), "ok");
    assert!(test.get(&nobody, "/readyz").await.text().starts_with("ok\n"));
    test.app.db.close().await;
    assert_eq!(test.get(&nobody, "/healthz").await.status, 200);
    test.get(&nobody, "/readyz").await.is_problem(503, "unavailable");
    let answer = test.get(&nobody, "/api/live/sessions").await;
    answer.is_problem(503, "unavailable");
    assert_eq!(answer.header("retry-after"), "2");
}

#[tokio::test]
async fn a_stopping_server_is_not_ready() {
    let test = TestApp::new().await;
    test.app.shutdown.cancel();
    test.get(&Browser::default(), "/readyz")
        .await
        .is_problem(503, "unavailable");
}

#[test]
fn the_list_of_routes_names_them_right() {
    let source = include_str!("../../src/http/router.rs");
    let source = source.split("use super::").nth(1).unwrap();
    let mut listed: Vec<String> = Vec::new();
    for line in source.lines().filter(|line| line.trim_start().starts_with('.')) {
        let Some((_, comment)) = line.split_once("// ") else {
            continue;
        };
        let Some((methods, path)) = comment.trim().rsplit_once(" /") else {
            continue;
        };
        listed.extend(methods.split_whitespace().map(|method| format!("{method} /{path}")));
    }
    let document = serde_json::to_value(router::document()).unwrap();
    let mut documented: Vec<String> = Vec::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        documented.extend(
            operations
                .as_object()
                .unwrap()
                .keys()
                .map(|m| format!("{} {path}", m.to_uppercase())),
        );
    }
    listed.sort();
    documented.sort();
    assert_eq!(listed, documented);
}

#[tokio::test]
async fn the_description_of_the_api_is_served_and_does_not_change_by_accident() {
    let test = TestApp::new().await;
    let answer = test.get(&Browser::default(), "/api/openapi.json").await;
    assert_eq!(answer.header("content-type"), "application/json");
    let mut document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    document["info"]["version"] = "0.0.0".into(); // a release changes it
    let mut golden = insta::Settings::clone_current();
    golden.set_snapshot_path("golden");
    golden.set_prepend_module_to_snapshot(false);
    golden.bind(|| insta::assert_json_snapshot!("openapi", document));
}

#[test]
fn every_operation_has_a_name_of_its_own() {
    let document = serde_json::to_value(router::document()).unwrap();
    let operations = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|path| path.as_object().unwrap().values());
    let mut names: Vec<&str> = operations
        .map(|operation| operation["operationId"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let all = names.len();
    names.dedup();
    assert_eq!(names.len(), all, "{names:?}");
}

#[tokio::test]
async fn the_web_app_answers_its_own_addresses_only() {
    let test = TestApp::new().await;
    let html = |path: &'static str| {
        let request = Request::get(path).header("accept", "text/html,application/xhtml+xml");
        test.send(request.body(Body::empty()).unwrap())
    };
    for path in ["/", "/streams/1/watch"] {
        let page = html(path).await;
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
        // Without a build there is a page that says so; with one, the app's.
        assert!(
            page.status == 200 || page.text().contains("make run"),
            "{path}: {}",
            page.text()
        );
    }
    html("/api/nothing").await.is_problem(404, "not-found");
    html("/assets/old-hash.js").await.is_problem(404, "not-found");
    let outside = html("/../Cargo.toml").await.text();
    assert!(!outside.contains("[package]"), "{outside}");
}
