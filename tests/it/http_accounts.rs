//! Setting up, signing up, in and out; and how often one may try.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Method, Request};
use lectern::accounts::{Role, limits};
use serde_json::{Value, json};

use crate::app::{Answer, Browser, TestApp};

fn account(name: &str) -> Value {
    json!({"name": name, "email": format!("{name}@Example.org"), "password": "correct horse"})
}

fn token_of(test: &TestApp) -> String {
    test.setup_link
        .as_ref()
        .unwrap()
        .split_once("token=")
        .unwrap()
        .1
        .to_owned()
}

fn setup_form(token: &str) -> Value {
    let mut form = account("Ann");
    form["token"] = token.into();
    form
}

#[tokio::test]
async fn the_set_up_link_makes_one_admin() {
    let test = TestApp::new().await;
    let nobody = Browser::default();
    assert_eq!(test.get(&nobody, "/api/setup").await.json(), json!({"needed": true}));
    test.post(&nobody, "/api/setup", setup_form("guess"))
        .await
        .is_problem(403, "forbidden");

    let answer = test.post(&nobody, "/api/setup", setup_form(&token_of(&test))).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["role"], "admin");
    let me = test.get(&answer.browser(), "/api/auth/me").await.json();
    assert_eq!(me["user"]["email"], "ann@example.org");

    assert_eq!(test.get(&nobody, "/api/setup").await.json(), json!({"needed": false}));
    test.post(&nobody, "/api/setup", setup_form(&token_of(&test)))
        .await
        .is_problem(409, "setup-done");
}

#[tokio::test]
async fn each_start_prints_a_new_link_until_there_is_an_admin() {
    let first = TestApp::new().await;
    let old = token_of(&first);
    let second = TestApp::in_folder(first.data, "").await;
    assert_ne!(old, token_of(&second));
    second
        .post(&Browser::default(), "/api/setup", setup_form(&old))
        .await
        .is_problem(403, "forbidden");
    let done = second
        .post(&Browser::default(), "/api/setup", setup_form(&token_of(&second)))
        .await;
    assert_eq!(done.status, 201);
    let third = TestApp::in_folder(second.data, "").await;
    assert_eq!(third.setup_link, None);
    assert!(
        third.get(&done.browser(), "/api/auth/me").await.json()["user"].is_object(),
        "logins survive a restart"
    );
}

#[tokio::test]
async fn a_viewer_signs_up_out_and_in() {
    let test = TestApp::new().await;
    let nobody = Browser::default();
    let signed_up = test.post(&nobody, "/api/auth/signup", account("Bob")).await;
    assert_eq!(
        (signed_up.status.as_u16(), &signed_up.json()["role"]),
        (201, &json!("viewer"))
    );
    let bob = signed_up.browser();

    assert_eq!(test.post(&bob, "/api/auth/logout", json!({})).await.status, 204);
    assert_eq!(
        test.get(&bob, "/api/auth/me").await.json(),
        json!({"user": null}),
        "the cookie is void"
    );

    let login = |password: &str| json!({"email": " BOB@example.org", "password": password});
    test.post(&nobody, "/api/auth/login", login("wrong horse"))
        .await
        .is_problem(401, "unauthenticated");
    let back = test.post(&nobody, "/api/auth/login", login("correct horse")).await;
    assert_eq!(back.json()["user"]["name"], "Bob");
    assert!(test.get(&back.browser(), "/api/auth/me").await.json()["user"].is_object());

    test.post(&nobody, "/api/auth/signup", account("Bob"))
        .await
        .is_problem(409, "email-taken");
}

#[tokio::test]
async fn the_cookie_is_out_of_reach_and_encrypted_where_the_site_is() {
    for (settings, secure) in [("", false), ("[http]\npublic_url = \"https://live.example.org\"", true)] {
        let test = TestApp::with(settings).await;
        let answer = test.post(&Browser::default(), "/api/auth/signup", account("Bob")).await;
        let cookie = answer.header("set-cookie");
        assert!(cookie.starts_with("lectern_session="), "{cookie}");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
            assert!(cookie.contains(part), "{cookie}");
        }
        assert_eq!(cookie.contains("Secure"), secure, "{cookie}");
    }
}

/// A login attempt from an address; behind a proxy, from the last one in `forwarded`.
async fn guess(test: &TestApp, email: &str, from: IpAddr, forwarded: &str) -> Answer {
    let body = json!({"email": email, "password": "guess guess"}).to_string();
    let request = Request::post("/api/auth/login")
        .header("content-type", "application/json")
        .header("x-forwarded-for", forwarded)
        .extension(ConnectInfo(SocketAddr::from((from, 5000))));
    test.send(request.body(Body::from(body)).unwrap()).await
}

/// Uses a limit up, faster than passwords can be checked.
fn exhaust(count: impl Fn() -> lectern::error::Result<()>) {
    while count().is_ok() {}
}

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 1));
const THERE: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 2));

#[tokio::test]
async fn guessing_at_one_account_is_slowed_down_from_everywhere() {
    let test = TestApp::new().await;
    guess(&test, "ann@example.org", HERE, "")
        .await
        .is_problem(401, "unauthenticated");
    exhaust(|| limits::login_to(&test.app, "ann@example.org"));
    let refused = guess(&test, "ANN@example.org", THERE, "").await;
    refused.is_problem(429, "too-many-requests");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    guess(&test, "bob@example.org", HERE, "")
        .await
        .is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn guessing_from_one_address_is_slowed_down_for_all_accounts() {
    let test = TestApp::new().await;
    exhaust(|| limits::login_from(&test.app, HERE));
    guess(&test, "ann@example.org", HERE, "")
        .await
        .is_problem(429, "too-many-requests");
    guess(&test, "ann@example.org", THERE, "")
        .await
        .is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_proxy_is_believed_only_where_the_settings_say_so() {
    for (settings, status) in [("", 401), ("[http]\ntrust_proxy = true", 429)] {
        let test = TestApp::with(settings).await;
        exhaust(|| limits::login_from(&test.app, THERE));
        let answer = guess(&test, "ann@example.org", HERE, &format!("198.51.100.7, {THERE}")).await;
        assert_eq!(answer.status, status, "{settings}");
        let claimed = guess(&test, "ann@example.org", HERE, &format!("{THERE}, 198.51.100.7")).await;
        assert_eq!(
            claimed.status, 401,
            "{settings}: what the client itself claims counts for nothing"
        );
    }
}

#[tokio::test]
async fn new_accounts_and_set_up_attempts_are_slowed_down_as_well() {
    let test = TestApp::new().await;
    exhaust(|| limits::sign_up_from(&test.app, crate::app::CLIENT));
    test.post(&Browser::default(), "/api/auth/signup", account("Bob"))
        .await
        .is_problem(429, "too-many-requests");
    exhaust(|| limits::login_from(&test.app, crate::app::CLIENT));
    let form = setup_form(&token_of(&test));
    test.post(&Browser::default(), "/api/setup", form)
        .await
        .is_problem(429, "too-many-requests");
}

#[tokio::test]
async fn the_limits_are_settings_and_change_at_once() {
    for test in TestApp::on_both("[limits]\nlogins_per_account = 1").await {
        let ask = async || guess(&test, "ann@example.org", HERE, "").await.status.as_u16();
        assert_eq!((ask().await, ask().await), (401, 429));
        let admin = test.sign_in("admin", Role::Admin).await;
        let more = json!({"limits.logins_per_account": 2});
        let changed = test.ask(&admin, Method::PATCH, "/api/admin/settings", Some(more)).await;
        assert_eq!(changed.status, 200, "{}", changed.text());
        assert_eq!((ask().await, ask().await, ask().await), (401, 401, 429));
    }
}
