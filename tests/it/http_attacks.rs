//! What somebody tries who means harm: rights set in bodies, other people's things by their keys, lines slipped into mails,
//! paths out of folders, bodies that are too long, and texts that no program expects.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Method, Request};
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp, plan};
use crate::post_office::{take_mails, work_off};

#[tokio::test]
async fn rights_are_not_set_by_fields_that_nobody_asked_for() {
    for test in TestApp::on_both("").await {
        let wishes = json!({"role": "admin", "tier": "team", "id": lectern::id::new(), "tokens": 1000, "email_verified": true,
            "passwordHash": "x", "instructorId": lectern::id::new(), "status": "live", "totalEnrollments": 7,
            "maxViewers": 7, "recordingAvailable": true, "streamKey": "x", "actualStart": "2020-01-01T00:00:00Z"});
        let with_wishes = |fields: Value| {
            let mut body = wishes.clone();
            body.as_object_mut()
                .unwrap()
                .extend(fields.as_object().unwrap().clone());
            body
        };
        let account = json!({"name": "Eve", "email": "eve@example.org", "password": "correct horse"});
        let made = test
            .post(&Browser::default(), "/api/auth/signup", with_wishes(account))
            .await;
        assert_eq!(made.status, 201, "{}", made.text());
        let eve = made.browser();
        let changed = with_wishes(json!({"name": "Eve the second"}));
        test.ask(&eve, Method::PATCH, "/api/auth/me", Some(changed)).await;
        let me = test.get(&eve, "/api/auth/me").await.json()["user"].take();
        assert_eq!(
            (&me["name"], &me["role"], &me["tier"], &me["email"]),
            (
                &json!("Eve the second"),
                &json!("viewer"),
                &json!("free"),
                &json!("eve@example.org")
            )
        );
        assert_eq!(test.get(&eve, "/api/tokens/balance").await.json()["balance"], 0);

        let anna = test.sign_in("anna", Role::Instructor).await;
        let own = anna.user.as_ref().unwrap().id;
        let new = with_wishes(plan(false));
        let made = test.post(&anna, "/api/instructor/streams/create", new).await.json();
        let id = made["id"].as_str().unwrap().to_owned();
        test.ask(
            &anna,
            Method::PATCH,
            &format!("/api/instructor/streams/{id}"),
            Some(wishes.clone()),
        )
        .await;
        let session = test.get(&anna, &format!("/api/live/sessions/{id}")).await.json();
        assert_eq!(session["instructorId"], json!(own), "{session}");
        assert_eq!(
            (
                &session["status"],
                &session["totalEnrollments"],
                &session["maxViewers"],
                &session["recordingAvailable"]
            ),
            (&json!("upcoming"), &json!(0), &json!(0), &json!(false)),
            "{session}"
        );
        assert_eq!(session["actualStart"], Value::Null, "{session}");
    }
}

#[tokio::test]
async fn other_peoples_things_cannot_be_had_by_their_keys() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (ann, eve) = (
            test.sign_in("ann", Role::Viewer).await,
            test.sign_in("eve", Role::Viewer).await,
        );
        let (first, second) = (test.plan(&anna, true).await, test.plan(&anna, true).await);
        for id in [&first, &second] {
            test.post(&anna, &format!("/api/instructor/streams/{id}/start"), json!({}))
                .await;
        }
        let path = |session: &str, rest: &str| format!("/api/live/sessions/{session}/{rest}");
        let message = test
            .post(&ann, &path(&first, "chat"), json!({"message": "mine"}))
            .await
            .json();
        let message = message["id"].as_str().unwrap().to_owned();
        let question = test
            .post(&ann, &path(&first, "questions"), json!({"question": "why?"}))
            .await
            .json();
        let question = question["id"].as_str().unwrap().to_owned();
        let mut polls = Vec::new();
        for id in [&first, &second] {
            let poll = json!({"question": "which?", "options": ["a", "b"]});
            polls.push(test.post(&anna, &path(id, "polls"), poll).await.json());
        }
        test.post(&ann, &path(&first, "hand"), json!({})).await;
        let browsers = test.get(&ann, "/api/auth/sessions").await.json();
        let browser = browsers["sessions"][0]["id"].as_str().unwrap().to_owned();
        let ann_id = ann.user.as_ref().unwrap().id;

        let poll = |n: usize| polls[n]["id"].as_str().unwrap();
        let foreign_option = json!({"optionId": polls[1]["options"][0]["id"]});
        let tries: Vec<(Method, String, Option<Value>, u16)> = vec![
            (Method::DELETE, path(&first, &format!("chat/{message}")), None, 403),
            (Method::DELETE, path(&second, &format!("chat/{message}")), None, 404),
            (Method::POST, path(&first, &format!("chat/{message}/pin")), None, 403),
            (Method::DELETE, format!("/api/live/questions/{question}"), None, 403),
            (
                Method::POST,
                format!("/api/live/questions/{question}/answered"),
                None,
                403,
            ),
            (Method::POST, format!("/api/live/polls/{}/close", poll(0)), None, 403),
            (Method::DELETE, format!("/api/live/polls/{}", poll(0)), None, 403),
            (
                Method::POST,
                format!("/api/live/polls/{}/vote", poll(0)),
                Some(foreign_option),
                404,
            ),
            (Method::DELETE, path(&first, &format!("hands/{ann_id}")), None, 403),
            (Method::DELETE, format!("/api/auth/sessions/{browser}"), None, 404),
            (
                Method::POST,
                path(&first, "chat"),
                Some(json!({"message": "x", "userId": ann_id})),
                403,
            ),
            (
                Method::POST,
                path(&first, "reminder"),
                Some(json!({"userId": ann_id})),
                403,
            ),
            (Method::GET, format!("/api/instructor/streams/{first}"), None, 403),
            (
                Method::GET,
                format!("/api/instructor/streams/{first}/ingest"),
                None,
                403,
            ),
            (
                Method::GET,
                format!("/api/instructor/streams/{first}/analytics.csv"),
                None,
                403,
            ),
        ];
        for (method, path, body, status) in tries {
            let answer = test.ask(&eve, method.clone(), &path, body).await;
            assert_eq!(answer.status.as_u16(), status, "{method} {path}: {}", answer.text());
        }
        assert_eq!(
            test.get(&ann, "/api/auth/me").await.json()["user"]["name"],
            "ann",
            "still signed in"
        );
        let left = test.get(&ann, &path(&first, "chat")).await.json();
        assert_eq!(left["messages"].as_array().unwrap().len(), 1, "{left}");
    }
}

#[tokio::test]
async fn no_header_is_slipped_into_a_mail_and_every_script_is_shown() {
    let test = TestApp::new().await;
    let evil = "Eve\r\nBcc: victim@example.org\r\n\r\n<script>";
    let names = [
        evil,
        "Jürgen 👩‍🏫 Ωmega",
        "\"Bob\" <x@example.org>, y",
        "עברית",
        "\u{202e}gnirts",
    ];
    let anna = test.sign_in("anna", Role::Instructor).await;
    for (number, name) in names.into_iter().enumerate() {
        let account = json!({"name": name, "email": format!("n{number}@example.org"), "password": "correct horse"});
        let made = test.post(&Browser::default(), "/api/auth/signup", account).await;
        if made.status != 201 {
            assert_eq!((made.status.as_u16(), number), (422, 0), "{name}: {}", made.text());
            continue;
        }
        let viewer = made.browser();
        let title = format!("Yoga {name}");
        let session = test.plan_with(&anna, json!({"title": title, "isPublic": true})).await;
        test.post(&viewer, &format!("/api/live/sessions/{session}/reminder"), json!({}))
            .await;
        test.post(&anna, &format!("/api/instructor/streams/{session}/cancel"), json!({}))
            .await;
        work_off(&test).await;
        let mails = take_mails(&test);
        assert_eq!(mails.len(), 1, "{mails:?}");
        let headers = mails[0]["headers"].as_object().unwrap();
        assert!(!headers.contains_key("bcc"), "{headers:?}");
        assert_eq!(mails[0]["to"], format!("n{number}@example.org"));
        let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let subject = mails[0]["subject"].as_str().unwrap();
        assert!(
            subject.starts_with(&format!("Cancelled: {}", one_line(&title))),
            "{subject}"
        );
        assert!(!mails[0]["html"].as_str().unwrap().contains("<script>"));
    }
}

#[tokio::test]
async fn long_deep_and_broken_bodies_are_refused_in_words() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await;
    let send = async |body: String| {
        let request = Request::post("/api/instructor/streams/create")
            .header(COOKIE, anna.cookie.as_deref().unwrap())
            .header(CONTENT_TYPE, "application/json");
        let answer = test.send(request.body(Body::from(body)).unwrap()).await;
        assert_eq!(
            answer.header("content-type"),
            "application/problem+json",
            "{}",
            answer.text()
        );
        answer.status.as_u16()
    };
    assert_eq!(send(format!("{{\"title\": \"{}\"}}", "x".repeat(70_000))).await, 413);
    assert_eq!(send("[".repeat(30_000)).await, 422);
    assert_eq!(send("{\"title\": \"\\ud800\"}".into()).await, 400);
    assert_eq!(send("\u{feff}{}".into()).await, 400);
    let mut nul = plan(true);
    nul["title"] = "a\u{0}b".into();
    let status = send(nul.to_string()).await;
    assert_eq!(status, 400, "PostgreSQL knows no text with a zero in it");
    for path in [
        "/api/live/sessions?search=a%00b",
        "/api/live/sessions/%2e%2e%2f%2e%2e",
        "/..%2f..%2fetc%2fpasswd",
        "/%ff",
    ] {
        let status = test.get(&anna, path).await.status.as_u16();
        assert!(status < 500, "{path}: {status}");
    }
}

#[tokio::test]
async fn a_zero_in_a_text_is_no_failure_of_the_server_on_either_database() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let session = test.plan(&anna, true).await;
        test.post(&anna, &format!("/api/instructor/streams/{session}/start"), json!({}))
            .await;
        let path = |rest: &str| format!("/api/live/sessions/{session}/{rest}");
        let zero = "a\u{0}b";
        let tries = [
            (path("chat"), json!({"message": zero})),
            (path("questions"), json!({"question": zero})),
            (path("polls"), json!({"question": zero, "options": [zero, "b"]})),
            (
                "/api/instructor/streams/create".to_owned(),
                json!({"title": zero, "scheduledStart": "2027-01-01T00:00:00Z", "durationMinutes": 5}),
            ),
            (
                "/api/auth/signup".to_owned(),
                json!({"name": zero, "email": "z@example.org", "password": "correct horse"}),
            ),
            (
                "/api/auth/magic-link".to_owned(),
                json!({"email": "z\u{0}@example.org"}),
            ),
            (
                "/api/auth/login".to_owned(),
                json!({"email": "z\u{0}@example.org", "password": zero}),
            ),
        ];
        for (path, body) in tries {
            let answer = test.post(&anna, &path, body).await;
            assert!(
                answer.status.as_u16() < 500,
                "{path}: {} {}",
                answer.status,
                answer.text()
            );
        }
        let search = test.get(&anna, "/api/live/sessions?search=a%00b").await;
        assert!(search.status.as_u16() < 500, "{}", search.text());
    }
}
