//! Setting up, signing up, in and out; and how often one may try.

use std::net::SocketAddr;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use serde_json::{Value, json};

use crate::app::{Answer, Browser, TestApp};

fn account(name: &str) -> Value {
    json!({"name": name, "email": format!("{name}@Example.org"), "password": "correct horse"})
}

fn token_of(test: &TestApp) -> String {
    test.setup_link.as_ref().unwrap().split_once("token=").unwrap().1.to_owned()
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
    test.post(&nobody, "/api/setup", setup_form("guess")).await.is_problem(403, "forbidden");

    let answer = test.post(&nobody, "/api/setup", setup_form(&token_of(&test))).await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    assert_eq!(answer.json()["role"], "admin");
    let me = test.get(&answer.browser(), "/api/auth/me").await.json();
    assert_eq!(me["user"]["email"], "ann@example.org");

    assert_eq!(test.get(&nobody, "/api/setup").await.json(), json!({"needed": false}));
    test.post(&nobody, "/api/setup", setup_form(&token_of(&test))).await.is_problem(409, "setup-done");
}

#[tokio::test]
async fn each_start_prints_a_new_link_until_there_is_an_admin() {
    let first = TestApp::new().await;
    let old = token_of(&first);
    let second = TestApp::in_folder(first.data, "").await;
    assert_ne!(old, token_of(&second));
    second.post(&Browser::default(), "/api/setup", setup_form(&old)).await.is_problem(403, "forbidden");
    let done = second.post(&Browser::default(), "/api/setup", setup_form(&token_of(&second))).await;
    assert_eq!(done.status, 201);
    let third = TestApp::in_folder(second.data, "").await;
    assert_eq!(third.setup_link, None);
    assert!(third.get(&done.browser(), "/api/auth/me").await.json()["user"].is_object(), "logins survive a restart");
}

#[tokio::test]
async fn a_viewer_signs_up_out_and_in() {
    let test = TestApp::new().await;
    let nobody = Browser::default();
    let signed_up = test.post(&nobody, "/api/auth/signup", account("Bob")).await;
    assert_eq!((signed_up.status.as_u16(), &signed_up.json()["role"]), (201, &json!("viewer")));
    let bob = signed_up.browser();

    assert_eq!(test.post(&bob, "/api/auth/logout", json!({})).await.status, 204);
    assert_eq!(test.get(&bob, "/api/auth/me").await.json(), json!({"user": null}), "the cookie is void");

    let login = |password: &str| json!({"email": " BOB@example.org", "password": password});
    test.post(&nobody, "/api/auth/login", login("wrong horse")).await.is_problem(401, "unauthenticated");
    let back = test.post(&nobody, "/api/auth/login", login("correct horse")).await;
    assert_eq!(back.json()["user"]["name"], "Bob");
    assert!(test.get(&back.browser(), "/api/auth/me").await.json()["user"].is_object());

    test.post(&nobody, "/api/auth/signup", account("Bob")).await.is_problem(409, "email-taken");
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

#[tokio::test]
async fn guessing_a_password_is_slowed_down() {
    let test = TestApp::new().await;
    let guess = |email: &str, from: &str| {
        let body = json!({"email": email, "password": "guess guess"}).to_string();
        let address: SocketAddr = format!("{from}:5000").parse().unwrap();
        let request = Request::post("/api/auth/login").header("content-type", "application/json");
        test.send(request.extension(ConnectInfo(address)).body(Body::from(body)).unwrap())
    };
    let mut from_anywhere: Vec<Answer> = Vec::new();
    for n in 0..11 {
        from_anywhere.push(guess("ann@example.org", &format!("10.0.0.{n}")).await);
    }
    let last = from_anywhere.pop().unwrap();
    last.is_problem(429, "too-many-requests");
    let wait: u64 = last.header("retry-after").parse().unwrap();
    assert!((1..=6).contains(&wait), "{wait}");
    assert!(from_anywhere.iter().all(|answer| answer.status == 401), "before that, only the password is wrong");

    for n in 0..30 {
        guess(&format!("user{n}@example.org"), "10.1.1.1").await.is_problem(401, "unauthenticated");
    }
    guess("one-more@example.org", "10.1.1.1").await.is_problem(429, "too-many-requests");
    guess("one-more@example.org", "10.1.1.2").await.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_proxy_is_believed_only_where_the_settings_say_so() {
    for (settings, limited) in [("", true), ("[http]\ntrust_proxy = true", false)] {
        let test = TestApp::with(settings).await;
        let mut statuses = Vec::new();
        for n in 0..31 {
            let body = json!({"email": format!("user{n}@example.org"), "password": "x"}).to_string();
            let request = Request::post("/api/auth/login")
                .header("content-type", "application/json")
                .header("x-forwarded-for", format!("203.0.113.9, 198.51.100.{n}"));
            statuses.push(test.send(request.body(Body::from(body)).unwrap()).await.status.as_u16());
        }
        assert_eq!(statuses.contains(&429), limited, "{settings}: {statuses:?}");
    }
}
