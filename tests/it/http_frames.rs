//! People of an embedding site inside its pages: logins in frames, and WebSockets of its own scripts.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE, ORIGIN, SET_COOKIE};
use axum::http::{Method, Request};
use lectern::accounts::{self, Role, Tier, admin};
use lectern::config::Config;
use lectern::events::{Push, Rights};
use lectern::sessions::{self, Plan};
use serde_json::json;
use uuid::Uuid;

use crate::app::{Answer, TestApp};
use crate::end_to_end_server::Running;
use crate::follower::{Follower, live_session};
use crate::http_embedding::{SCHOOL, SECRET, claims, shared, sign};
use crate::key_pair::now_s;

/// A form that a page of `origin` sends into a frame.
async fn enter(test: &TestApp, origin: &str, token: &str, next: &str) -> Answer {
    let request = Request::post("/api/auth/frame")
        .header(ORIGIN, origin)
        .header("sec-fetch-site", "cross-site")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    let body = format!("token={token}&next={next}");
    test.send(request.body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn a_users_token_is_exchanged_for_a_login_in_frames() {
    for test in TestApp::on_both(&shared()).await {
        let token = sign(&claims(json!({})), SECRET);
        let entered = enter(&test, SCHOOL, &token, "%2Fstreams").await;
        assert_eq!(entered.status, 303, "{}", entered.text());
        assert_eq!(entered.header("location"), "/streams");
        let cookie = entered.header("set-cookie");
        for word in [
            "HttpOnly",
            "SameSite=None",
            "Secure",
            "Partitioned",
            "Path=/",
            "Max-Age=28800",
        ] {
            assert!(cookie.split("; ").any(|part| part == word), "{word}: {cookie}");
        }
        let frame = entered.browser();
        let me = test.get(&frame, "/api/auth/me").await;
        assert_eq!(me.json()["user"]["name"], "Ann");
        assert!(
            !me.headers.contains_key(SET_COOKIE),
            "it is no login of the browser itself"
        );
        let change = test
            .ask(&frame, Method::PATCH, "/api/auth/me", Some(json!({"name": "Anna"})))
            .await;
        assert_eq!(change.status, 200, "{}", change.text());

        // A page of somebody else, in a browser that sends the cookie from everywhere.
        let evil = Request::patch("/api/auth/me")
            .header(COOKIE, frame.cookie.as_deref().unwrap())
            .header(ORIGIN, "https://evil.example")
            .header("sec-fetch-site", "cross-site")
            .header(CONTENT_TYPE, "application/json");
        let forged = test.send(evil.body(Body::from(r#"{"name": "Eve"}"#)).unwrap()).await;
        forged.is_problem(403, "cross-site");

        let out = test.post(&frame, "/api/auth/logout", json!({})).await;
        let taken: Vec<_> = out.headers.get_all(SET_COOKIE).iter().collect();
        assert!(
            taken.iter().any(|cookie| {
                let cookie = cookie.to_str().unwrap();
                cookie.starts_with("lectern_frame=;") && cookie.contains("Partitioned") && cookie.contains("Max-Age=0")
            }),
            "{taken:?}"
        );
        assert_eq!(test.get(&frame, "/api/auth/me").await.json(), json!({"user": null}));
    }
}

#[tokio::test]
async fn nobody_is_signed_in_by_a_stranger_or_sent_to_one() {
    let test = TestApp::with(&shared()).await;
    let token = sign(&claims(json!({})), SECRET);
    enter(&test, "https://evil.example", &token, "%2F")
        .await
        .is_problem(403, "cross-site");
    for next in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%2F%09%2Fevil.example",
        "",
    ] {
        let entered = enter(&test, SCHOOL, &token, next).await;
        assert_eq!(
            (entered.status.as_u16(), entered.header("location")),
            (303, "/"),
            "{next}"
        );
    }
    let stale = sign(&claims(json!({"exp": now_s() - 120})), SECRET);
    let refused = enter(&test, SCHOOL, &stale, "%2F").await;
    refused.is_problem(401, "unauthenticated");
    assert!(!refused.headers.contains_key(SET_COOKIE));
    let closed = TestApp::new().await;
    let body = Body::from(format!("token={token}"));
    let own = Request::post("/api/auth/frame").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
    closed
        .send(own.body(body).unwrap())
        .await
        .is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn a_script_of_the_site_follows_a_class_with_its_users_token() {
    let embedding = Config::from_toml(&shared()).unwrap().embedding;
    let server = Running::with(|config| config.embedding = embedding).await;
    let class = live_session(&server).await;
    let path = class.to_string();
    let follow = async |origin: &str, token: &str| {
        let protocols = format!("lectern, lectern.bearer.{token}");
        let headers = [("origin", origin), ("sec-websocket-protocol", protocols.as_str())];
        Follower::with_headers(&server.url, &path, &headers).await
    };
    let token = sign(&claims(json!({})), SECRET);
    let mut follower = follow(SCHOOL, &token).await.unwrap_or_else(|status| panic!("{status}"));
    follower.send("chat:send", json!({"message": "hello"})).await;
    assert_eq!(follower.until("chat:message").await["userName"], "Ann");

    assert_eq!(follow("https://evil.example", &token).await.err(), Some(403));
    let other = sign(&claims(json!({})), "ffffffffffffffffffffffffffffffff");
    assert_eq!(follow(SCHOOL, &other).await.err(), Some(401));
    let without = [("origin", SCHOOL)];
    let without = Follower::with_headers(&server.url, &path, &without).await;
    assert_eq!(without.err(), Some(403), "no page of another site comes with a cookie");

    // Clocks may differ by a minute, so this token is good for some seconds more.
    let short = sign(&claims(json!({"exp": now_s() - 50})), SECRET);
    let short_lived = follow(SCHOOL, &short).await.unwrap_or_else(|status| panic!("{status}"));
    let ends = async {
        let outside = server.app.outside_logins.as_ref().unwrap();
        while outside.sign_in(&server.app, &short).await.is_ok() {
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
        let rights = Rights {
            session: Some(class),
            user: None,
        };
        server.app.events.rights_changed(&server.app.db, rights).await.unwrap();
    };
    let (closed, ()) = tokio::join!(short_lived.closed(), ends);
    assert_eq!(closed.0, 4403, "the right ends with the token");
    follower.send("chat:send", json!({"message": "still here"})).await;
    assert_eq!(follower.until("chat:message").await["message"], "still here");
    server.stop().await;
}

#[tokio::test]
async fn what_an_admin_changes_is_not_undone_by_a_token_that_opened_a_connection() {
    let url = crate::databases::postgres_url().await;
    for database in ["", &url] {
        let embedding = Config::from_toml(&shared()).unwrap().embedding;
        let server = Running::with(|config| {
            config.embedding = embedding;
            config.database.url = database.to_owned().into();
        })
        .await;
        let app = &server.app;
        let session = sessions::get(app, live_session(&server).await).await.unwrap();
        let plan = Plan {
            is_public: false,
            is_open_to_subscribers: true,
            ..session.plan()
        };
        sessions::change(app, &session, plan).await.unwrap();
        let token = sign(&claims(json!({"role": "pupil", "tier": "gold"})), SECRET);
        let protocols = format!("lectern, lectern.bearer.{token}");
        let headers = [("origin", SCHOOL), ("sec-websocket-protocol", protocols.as_str())];
        let follower = Follower::with_headers(&server.url, &session.id.to_string(), &headers).await;
        let mut follower = follower.unwrap_or_else(|status| panic!("{status}"));
        follower.send("chat:send", json!({"message": "hello"})).await;
        let key: Uuid = follower.until("chat:message").await["userId"]
            .as_str()
            .unwrap()
            .parse()
            .unwrap();

        // As `PATCH /api/admin/users/{id}` does.
        let change = async |role, tier| {
            admin::change_rights(&app.db, None, key, Some(role), Some(tier))
                .await
                .unwrap();
            let (session, user) = (None, Some(key));
            app.events
                .rights_changed(&app.db, Rights { session, user })
                .await
                .unwrap();
        };
        change(Role::Instructor, Tier::Pro).await;
        // What was told before has been heard when this is.
        app.events
            .push(&app.db, Push::new(session.id, "news", &1))
            .await
            .unwrap();
        follower.until("news").await;
        let user = accounts::find(&app.db, key).await.unwrap();
        assert_eq!((user.role, user.tier), (Role::Instructor, Tier::Pro));

        change(Role::Instructor, Tier::Free).await;
        assert_eq!(follower.closed().await.0, 4403, "it is for subscribers");
        let user = accounts::find(&app.db, key).await.unwrap();
        assert_eq!((user.role, user.tier), (Role::Instructor, Tier::Free));
        server.stop().await;
    }
}
