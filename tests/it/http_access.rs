//! Every route for every kind of caller, in one table; and the pure rules of access with each kind of token.

use axum::http::Method;
use lectern::accounts::Role;
use lectern::accounts::secret::SigningKey;
use lectern::db::Ts;
use lectern::http::router;
use lectern::jobs::{self, NewJob};
use lectern::polls;
use lectern::sessions::access::{self, Denied};
use lectern::sessions::token::{MediaToken, Purpose};
use lectern::sessions::{Plan, Session, series, store};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Browser, TestApp, plan};

/// What is asked of: a session that is scheduled, or live, a series, a viewer, the owner, a job that waits, a poll, a
/// question, or nothing at all.
enum On {
    Scheduled,
    Live,
    Repeated,
    Person,
    Waiting,
    Owner,
    Asked,
    Wondered,
    Nothing,
}
use On::{Asked, Live, Nothing, Owner, Person, Repeated, Scheduled, Waiting, Wondered};

/// Method and path; a body; what it is asked of; status for: nobody, a viewer, another instructor, the session's
/// instructor, an admin.
type Row = (&'static str, &'static str, fn() -> Value, On, [u16; 5]);

const NULL: fn() -> Value = || Value::Null;
const EMPTY: fn() -> Value = || json!({});

fn choices() -> Value {
    let events = json!({"reminder24h": true, "reminder15m": true, "newSession": false, "replayExpires": true});
    json!({"email": true, "push": false, "sms": false, "phone": null, "events": events})
}

#[rustfmt::skip] // a table
const TABLE: &[Row] = &[
    ("GET", "/healthz", NULL, Nothing, [200; 5]),
    ("GET", "/readyz", NULL, Nothing, [200; 5]),
    ("GET", "/api/setup", NULL, Nothing, [200; 5]),
    ("POST", "/api/setup", || json!({"token": "x", "name": "X", "email": "x@example.org", "password": "12345678"}), Nothing, [409; 5]),
    ("GET", "/api/auth/me", NULL, Nothing, [200; 5]),
    ("PATCH", "/api/auth/me", || json!({"name": "New"}), Nothing, [401, 200, 200, 200, 200]),
    ("DELETE", "/api/auth/me", || json!({"email": "else@example.org"}), Nothing, [401, 422, 422, 422, 422]),
    ("PUT", "/api/auth/me/password", || json!({"password": "12345678"}), Nothing, [401, 204, 204, 204, 204]),
    ("GET", "/api/auth/providers", NULL, Nothing, [200; 5]),
    ("POST", "/api/auth/magic-link", EMPTY, Nothing, [422; 5]),
    ("POST", "/api/auth/magic-link/redeem", || json!({"token": "x"}), Nothing, [410; 5]),
    ("GET", "/api/auth/oidc/{provider}/start", NULL, Nothing, [404; 5]),
    ("GET", "/api/auth/oidc/{provider}/callback", NULL, Nothing, [404; 5]),
    ("POST", "/api/auth/oidc/{provider}/callback", NULL, Nothing, [415; 5]),
    ("POST", "/api/auth/frame", NULL, Nothing, [415; 5]),
    ("GET", "/api/auth/me/export", NULL, Nothing, [401, 200, 200, 200, 200]),
    ("GET", "/api/auth/sessions", NULL, Nothing, [401, 200, 200, 200, 200]),
    ("DELETE", "/api/auth/sessions", NULL, Nothing, [401, 204, 204, 204, 204]),
    ("DELETE", "/api/auth/sessions/{id}", NULL, Nothing, [401, 404, 404, 404, 404]),
    ("POST", "/api/instructor/login", || json!({"token": "x"}), Nothing, [401; 5]),
    ("GET", "/api/admin/users", NULL, Nothing, [401, 403, 403, 403, 200]),
    ("PATCH", "/api/admin/users/{id}", || json!({"tier": "pro"}), Person, [401, 403, 403, 403, 200]),
    ("PATCH", "/api/admin/users/{id}", || json!({"tier": "pro"}), Nothing, [401, 403, 403, 403, 404]),
    ("GET", "/api/admin/settings", NULL, Nothing, [401, 403, 403, 403, 200]),
    ("PATCH", "/api/admin/settings", || json!({"recording.retention_days": 7}), Nothing, [401, 403, 403, 403, 200]),
    ("GET", "/api/admin/health", NULL, Nothing, [401, 403, 403, 403, 200]),
    ("GET", "/metrics", NULL, Nothing, [200; 5]),
    ("GET", "/api/admin/audit", NULL, Nothing, [401, 403, 403, 403, 200]),
    ("GET", "/api/admin/sample", NULL, Nothing, [401, 403, 403, 403, 200]),
    ("POST", "/api/admin/sample", NULL, Nothing, [401, 403, 403, 403, 201]),
    ("DELETE", "/api/admin/sample", NULL, Nothing, [401, 403, 403, 403, 204]),
    ("GET", "/api/admin/jobs", NULL, Nothing, [401, 403, 403, 403, 200]),
    ("POST", "/api/admin/jobs/{id}/retry", NULL, Waiting, [401, 403, 403, 403, 200]),
    ("POST", "/api/admin/jobs/{id}/retry", NULL, Nothing, [401, 403, 403, 403, 404]),
    ("DELETE", "/api/admin/jobs/{id}", NULL, Waiting, [401, 403, 403, 403, 204]),
    ("DELETE", "/api/admin/jobs/{id}", NULL, Nothing, [401, 403, 403, 403, 404]),
    ("GET", "/api/admin/runs", NULL, Nothing, [401, 403, 403, 403, 200]),
    ("POST", "/api/admin/runs/{name}", NULL, Nothing, [401, 403, 403, 403, 404]),
    ("GET", "/api/cron/cleanup-recordings", NULL, Nothing, [401; 5]),
    ("GET", "/api/cron/migrate-streams-to-workouts", NULL, Nothing, [401; 5]),
    ("GET", "/api/workouts", NULL, Nothing, [200; 5]),
    ("GET", "/api/workouts/{id}", NULL, Nothing, [404; 5]),
    ("GET", "/api/workouts/{id}/hls/master.m3u8", NULL, Nothing, [401, 404, 404, 404, 404]),
    ("GET", "/api/workouts/{id}/hls/storyboard.vtt", NULL, Nothing, [401, 404, 404, 404, 404]),
    ("POST", "/api/auth/login", || json!({"email": "x@example.org", "password": "x"}), Nothing, [401; 5]),
    ("POST", "/api/auth/signup", EMPTY, Nothing, [422; 5]),
    ("POST", "/api/auth/logout", NULL, Nothing, [204; 5]),

    ("GET", "/api/live/sessions", NULL, Nothing, [200; 5]),
    ("GET", "/api/live/sessions/{id}", NULL, Scheduled, [200; 5]),
    ("GET", "/api/live/sessions/{id}", NULL, Nothing, [404; 5]),
    ("POST", "/api/live/sessions/{id}/reminder", NULL, Scheduled, [401, 200, 200, 200, 200]),
    ("POST", "/api/live/sessions/{id}/reminder", NULL, Nothing, [401, 404, 404, 404, 404]),
    ("DELETE", "/api/live/sessions/{id}/reminder", NULL, Scheduled, [401, 200, 200, 200, 200]),
    ("DELETE", "/api/live/sessions/{id}/reminder", NULL, Nothing, [401, 404, 404, 404, 404]),
    ("GET", "/api/live/sessions/{id}/calendar", NULL, Scheduled, [200; 5]),
    ("GET", "/api/live/sessions/{id}/calendar", NULL, Nothing, [404; 5]),
    ("GET", "/api/calendar", NULL, Nothing, [401, 200, 200, 200, 200]),
    ("POST", "/api/calendar/rotate", NULL, Nothing, [401, 200, 200, 200, 200]),
    ("GET", "/api/calendar/{file}", NULL, Nothing, [404; 5]),
    ("POST", "/api/live/sessions/{id}/watch-token", NULL, Scheduled, [401, 403, 403, 200, 200]),
    ("POST", "/api/live/sessions/{id}/watch-token", NULL, Nothing, [404; 5]),
    ("POST", "/api/live/sessions/{id}/publish-token", NULL, Scheduled, [401, 403, 403, 200, 200]),
    ("POST", "/api/live/sessions/{id}/publish-token", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("GET", "/api/live/sessions/{id}/hls/master.m3u8", NULL, Live, [401, 403, 403, 404, 404]),
    ("GET", "/api/live/sessions/{id}/hls/master.m3u8", NULL, Nothing, [404; 5]),
    ("GET", "/api/live/sessions/{id}/hls/storyboard.vtt", NULL, Live, [401, 403, 403, 404, 404]),
    ("GET", "/api/live/sessions/{id}/hls/storyboard.vtt", NULL, Nothing, [404; 5]),
    ("GET", "/api/instructor/streams/{id}/download", NULL, Live, [401, 403, 403, 404, 404]),
    ("GET", "/api/instructor/streams/{id}/download", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("GET", "/api/admin/recordings", NULL, Nothing, [401, 403, 403, 403, 200]),
    ("GET", "/api/live/sessions/{id}/thumbnail.jpg", NULL, Scheduled, [404; 5]),
    ("GET", "/api/live/sessions/{id}/thumbnail.jpg", NULL, Nothing, [404; 5]),
    ("POST", "/api/instructor/streams/{id}/thumbnail", NULL, Scheduled, [401, 403, 403, 400, 400]), // no form
    ("POST", "/api/instructor/streams/{id}/thumbnail", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("DELETE", "/api/instructor/streams/{id}/thumbnail", NULL, Scheduled, [401, 403, 403, 204, 204]),
    ("DELETE", "/api/instructor/streams/{id}/thumbnail", NULL, Nothing, [401, 403, 404, 404, 404]),

    ("GET", "/live/{id}", NULL, Scheduled, [401, 403, 403, 426, 426]),
    ("GET", "/live/{id}", NULL, Nothing, [404; 5]),
    ("GET", "/api/live/sessions/{id}/chat", NULL, Live, [401, 403, 403, 200, 200]),
    ("GET", "/api/live/sessions/{id}/chat", NULL, Nothing, [404; 5]),
    ("POST", "/api/live/sessions/{id}/chat", || json!({"message": "x"}), Live, [401, 403, 403, 201, 201]),
    ("POST", "/api/live/sessions/{id}/chat", || json!({"message": "x"}), Nothing, [401, 404, 404, 404, 404]),
    ("DELETE", "/api/live/sessions/{id}/chat/{message}", NULL, Live, [401, 403, 403, 404, 404]),
    ("POST", "/api/live/sessions/{id}/chat/{message}/pin", NULL, Live, [401, 403, 403, 404, 404]),
    ("DELETE", "/api/live/sessions/{id}/chat/{message}/pin", NULL, Live, [401, 403, 403, 404, 404]),
    ("GET", "/api/live/sessions/{id}/chat/bans", NULL, Live, [401, 403, 403, 200, 200]),
    ("POST", "/api/live/sessions/{id}/chat/bans", || json!({"userId": Uuid::nil(), "kind": "mute"}), Live, [401, 403, 403, 404, 404]),
    ("DELETE", "/api/live/sessions/{id}/chat/bans/{user}", NULL, Live, [401, 403, 403, 204, 204]),
    ("POST", "/api/live/sessions/{id}/reactions", || json!({"emoji": "👍"}), Live, [401, 403, 403, 204, 204]),
    ("POST", "/api/live/sessions/{id}/hand", NULL, Live, [401, 403, 403, 204, 204]),
    ("DELETE", "/api/live/sessions/{id}/hand", NULL, Live, [401, 403, 403, 204, 204]),
    ("GET", "/api/live/sessions/{id}/hands", NULL, Live, [401, 403, 403, 200, 200]),
    ("DELETE", "/api/live/sessions/{id}/hands/{user}", NULL, Live, [401, 403, 403, 204, 204]),
    ("GET", "/api/live/sessions/{id}/polls", NULL, Live, [401, 403, 403, 200, 200]),
    ("POST", "/api/live/sessions/{id}/polls", || json!({"question": "?", "options": ["a", "b"]}), Live, [401, 403, 403, 201, 201]),
    ("POST", "/api/live/sessions/{id}/polls", || json!({"question": "?", "options": ["a", "b"]}), Scheduled, [401, 403, 403, 409, 409]),
    ("POST", "/api/live/polls/{id}/vote", || json!({"optionId": Uuid::nil()}), Asked, [401, 403, 403, 404, 404]),
    ("POST", "/api/live/polls/{id}/vote", || json!({"optionId": Uuid::nil()}), Nothing, [401, 404, 404, 404, 404]),
    ("POST", "/api/live/polls/{id}/close", NULL, Asked, [401, 403, 403, 200, 200]),
    ("POST", "/api/live/polls/{id}/reopen", NULL, Asked, [401, 403, 403, 200, 200]),
    ("DELETE", "/api/live/polls/{id}", NULL, Asked, [401, 403, 403, 204, 204]),
    ("GET", "/api/live/sessions/{id}/questions", NULL, Live, [401, 403, 403, 200, 200]),
    ("POST", "/api/live/sessions/{id}/questions", || json!({"question": "?"}), Live, [401, 403, 403, 201, 201]),
    ("POST", "/api/live/questions/{id}/upvote", NULL, Wondered, [401, 403, 403, 200, 200]),
    ("DELETE", "/api/live/questions/{id}/upvote", NULL, Wondered, [401, 403, 403, 200, 200]),
    ("POST", "/api/live/questions/{id}/answered", NULL, Wondered, [401, 403, 403, 200, 200]),
    ("DELETE", "/api/live/questions/{id}/answered", NULL, Wondered, [401, 403, 403, 200, 200]),
    ("DELETE", "/api/live/questions/{id}", NULL, Wondered, [401, 403, 403, 204, 204]),
    ("DELETE", "/api/live/questions/{id}", NULL, Nothing, [401, 404, 404, 404, 404]),

    ("GET", "/api/instructor/streams/{id}/analytics", NULL, Live, [401, 403, 403, 200, 200]),
    ("GET", "/api/instructor/streams/{id}/analytics", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("GET", "/api/instructor/streams/{id}/analytics.csv", NULL, Live, [401, 403, 403, 200, 200]),
    ("GET", "/api/instructor/streams/{id}/analytics.csv", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("GET", "/api/instructor/analytics", NULL, Nothing, [401, 403, 200, 200, 200]),
    ("GET", "/api/instructor/analytics.csv", NULL, Nothing, [401, 403, 200, 200, 200]),
    ("POST", "/api/live/sessions/{id}/watched", || json!({"kind": "replay", "seconds": 15}), Live, [401, 403, 403, 404, 404]),
    ("POST", "/api/live/sessions/{id}/watched", || json!({"kind": "replay", "seconds": 15}), Nothing, [404; 5]),

    ("POST", "/api/live/sessions/{id}/enrol", NULL, Scheduled, [401, 201, 201, 409, 201]),
    ("POST", "/api/live/sessions/{id}/enrol", NULL, Nothing, [401, 404, 404, 404, 404]),
    ("GET", "/api/live/sessions/{id}/enrolment", NULL, Scheduled, [401, 200, 200, 200, 200]),
    ("GET", "/api/live/sessions/{id}/enrolment", NULL, Nothing, [401, 200, 200, 200, 200]),
    ("GET", "/api/live/enrolments", NULL, Nothing, [401, 200, 200, 200, 200]),

    ("GET", "/api/instructor/streams", NULL, Nothing, [401, 403, 200, 200, 200]),
    ("POST", "/api/instructor/streams/create", || plan(true), Nothing, [401, 403, 201, 201, 201]),
    ("GET", "/api/instructor/series", NULL, Nothing, [401, 403, 200, 200, 200]),
    ("POST", "/api/instructor/series", || json!({"rule": "FREQ=WEEKLY;COUNT=2", "session": plan(true)}), Nothing, [401, 403, 201, 201, 201]),
    ("PATCH", "/api/instructor/series/{id}", || json!({"title": "New"}), Repeated, [401, 403, 403, 200, 200]),
    ("PATCH", "/api/instructor/series/{id}", EMPTY, Nothing, [401, 403, 404, 404, 404]),
    ("POST", "/api/instructor/series/{id}/cancel", NULL, Repeated, [401, 403, 403, 200, 200]),
    ("POST", "/api/instructor/series/{id}/cancel", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("GET", "/api/instructor/streams/{id}", NULL, Scheduled, [401, 403, 403, 200, 200]),
    ("GET", "/api/instructor/streams/{id}", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("PATCH", "/api/instructor/streams/{id}", || json!({"title": "New"}), Scheduled, [401, 403, 403, 200, 200]),
    ("PATCH", "/api/instructor/streams/{id}", EMPTY, Nothing, [401, 403, 404, 404, 404]),
    ("DELETE", "/api/instructor/streams/{id}", NULL, Scheduled, [401, 403, 403, 204, 204]),
    ("DELETE", "/api/instructor/streams/{id}", NULL, Live, [401, 403, 403, 409, 409]),
    ("DELETE", "/api/instructor/streams/{id}", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("POST", "/api/instructor/streams/{id}/start", NULL, Scheduled, [401, 403, 403, 200, 200]),
    ("POST", "/api/instructor/streams/{id}/start", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("POST", "/api/instructor/streams/{id}/end", NULL, Live, [401, 403, 403, 200, 200]),
    ("POST", "/api/instructor/streams/{id}/end", NULL, Scheduled, [401, 403, 403, 409, 409]),
    ("POST", "/api/instructor/streams/{id}/end", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("POST", "/api/instructor/streams/{id}/cancel", NULL, Scheduled, [401, 403, 403, 200, 200]),
    ("POST", "/api/instructor/streams/{id}/cancel", NULL, Live, [401, 403, 403, 200, 200]),
    ("POST", "/api/instructor/streams/{id}/cancel", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("GET", "/api/instructor/streams/{id}/ingest", NULL, Scheduled, [401, 403, 403, 200, 200]),
    ("GET", "/api/instructor/streams/{id}/ingest", NULL, Nothing, [401, 403, 404, 404, 404]),
    ("POST", "/api/instructor/streams/{id}/ingest/rotate", NULL, Scheduled, [401, 403, 403, 200, 200]),
    ("POST", "/api/instructor/streams/{id}/ingest/rotate", NULL, Nothing, [401, 403, 404, 404, 404]),

    ("GET", "/api/notifications/preferences", NULL, Nothing, [401, 200, 200, 200, 200]),
    ("PUT", "/api/notifications/preferences", NULL, Nothing, [401, 415, 415, 415, 415]),
    ("PUT", "/api/notifications/preferences", choices, Nothing, [401, 200, 200, 200, 200]),
    ("GET", "/api/notifications/unsubscribe/{token}", NULL, Nothing, [404; 5]),
    ("POST", "/api/notifications/unsubscribe/{token}", NULL, Nothing, [404; 5]),
    ("GET", "/api/push/key", NULL, Nothing, [200; 5]),
    ("POST", "/api/push/subscriptions", || json!({"endpoint": "https://x.example", "keys": {"p256dh": "x", "auth": "x"}}), Nothing, [401, 422, 422, 422, 422]),
    ("DELETE", "/api/push/subscriptions", || json!({"endpoint": "https://x.example"}), Nothing, [401, 204, 204, 204, 204]),
    ("GET", "/api/instructors/{id}", NULL, Owner, [200; 5]),
    ("GET", "/api/instructors/{id}", NULL, Person, [404; 5]),
    ("POST", "/api/instructors/{id}/follow", NULL, Owner, [401, 200, 200, 200, 200]),
    ("POST", "/api/instructors/{id}/follow", NULL, Nothing, [401, 404, 404, 404, 404]),
    ("DELETE", "/api/instructors/{id}/follow", NULL, Owner, [401, 200, 200, 200, 200]),
    ("DELETE", "/api/instructors/{id}/follow", NULL, Person, [401, 404, 404, 404, 404]),

    ("GET", "/api/tokens/balance", NULL, Nothing, [401, 200, 200, 200, 200]),
    ("POST", "/api/tokens/deduct", || json!({"amount": 1, "reason": "x"}), Nothing, [401, 402, 402, 402, 402]),
    ("GET", "/api/tokens/transactions", NULL, Nothing, [401, 200, 200, 200, 200]),
    ("POST", "/api/admin/users/{id}/tokens", || json!({"amount": 1, "reason": "x"}), Person, [401, 403, 403, 403, 201]),
    ("POST", "/api/admin/users/{id}/tokens", || json!({"amount": 1, "reason": "x"}), Nothing, [401, 403, 403, 403, 404]),
];

#[tokio::test]
async fn every_route_answers_everybody_as_it_should() {
    let test = TestApp::new().await;
    let callers = [
        ("nobody", None),
        ("a viewer", Some(Role::Viewer)),
        ("another instructor", Some(Role::Instructor)),
        ("its instructor", None),
        ("an admin", Some(Role::Admin)),
    ];
    test.sign_in("first-admin", Role::Admin).await; // the server is set up
    let mut wrong = Vec::new();
    for (row, (method, pattern, body, on, want)) in TABLE.iter().enumerate() {
        let owner = test.sign_in(&format!("owner-{row}"), Role::Instructor).await;
        for ((name, role), want) in callers.iter().zip(want) {
            let caller = match role {
                Some(role) => test.sign_in(&format!("{}-{row}", role.as_str()), *role).await,
                None if *name == "nobody" => Browser::default(),
                None => owner.clone(),
            };
            let id = thing_for(&test, &owner, on).await;
            let nothing = Uuid::nil().to_string();
            let path = pattern
                .replace("{id}", &id)
                .replace("{message}", &nothing)
                .replace("{user}", &nothing);
            let body = Some(body()).filter(|body| !body.is_null());
            let answer = test
                .ask(&caller, Method::from_bytes(method.as_bytes()).unwrap(), &path, body)
                .await;
            if answer.status != *want {
                wrong.push(format!(
                    "{method} {pattern} as {name}: {} not {want}: {}",
                    answer.status,
                    answer.text()
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

async fn thing_for(test: &TestApp, owner: &Browser, on: &On) -> String {
    match on {
        Nothing => return Uuid::nil().to_string(),
        Owner => return owner.user.as_ref().unwrap().id.to_string(),
        Person => {
            let person = test.sign_in(&Uuid::now_v7().to_string(), Role::Viewer).await;
            return person.user.unwrap().id.to_string();
        }
        Repeated => {
            let owner = owner.user.as_ref().unwrap();
            let made = series::create(&test.app, owner, "FREQ=WEEKLY", any_plan(false)).await;
            return made.unwrap().0.id.to_string();
        }
        Waiting => {
            let job = NewJob::new("nothing", "a test", &json!({}));
            return jobs::enqueue(&test.app, job).await.unwrap().unwrap().to_string();
        }
        Scheduled | Live | Asked | Wondered => {}
    }
    let session = lectern::sessions::create(&test.app, owner.user.as_ref().unwrap(), any_plan(false))
        .await
        .unwrap();
    if matches!(on, Scheduled) {
        return session.id.to_string();
    }
    let session = lectern::sessions::start(&test.app, session).await.unwrap();
    let owner = owner.user.as_ref().unwrap();
    let made = match on {
        Asked => {
            let options = ["a".to_owned(), "b".to_owned()];
            json!(polls::create(&test.app, &session, owner, "?", &options).await.unwrap())
        }
        Wondered => json!(polls::questions::ask(&test.app, &session, owner, "?").await.unwrap()),
        _ => json!({ "id": session.id }),
    };
    made["id"].as_str().unwrap().to_owned()
}

fn any_plan(is_public: bool) -> Plan {
    Plan {
        is_public,
        ..Plan::new("Live Q&A", Ts(1_790_000_000_000_000))
    }
}

#[test]
fn the_table_leaves_no_route_out() {
    let document = serde_json::to_value(router::api().merge(router::callbacks()).into_openapi()).unwrap();
    let is_in_table = |method: &str, path: &str| TABLE.iter().any(|row| row.0 == method && row.1 == path);
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            assert!(
                is_in_table(&method.to_uppercase(), path),
                "{method} {path} is not in the access table"
            );
        }
    }
}

type Verdict = Result<(), Denied>;

async fn a_session(test: &TestApp, is_public: bool) -> Session {
    let owner = test.sign_in(&format!("owner-{is_public}"), Role::Instructor).await;
    lectern::sessions::create(&test.app, &owner.user.unwrap(), any_plan(is_public))
        .await
        .unwrap()
}

#[tokio::test]
async fn only_the_right_token_opens_a_session() {
    let test = TestApp::new().await;
    let session = a_session(&test, false).await;
    let key = SigningKey::from_bytes([1; 32]);
    let now = Ts(1_790_000_000_000_000);
    let good = |purpose| MediaToken {
        purpose,
        session: session.id,
        user: Some(Uuid::from_u128(7)),
        expires_at: now.plus_s(60),
    };
    let sign = |token: MediaToken| token.sign(&key);
    let (publish, watch) = (good(Purpose::Publish), good(Purpose::Watch));
    let elsewhere = Uuid::from_u128(1);

    // bearer, may publish, may watch
    let table: [(&str, Option<String>, Verdict, Verdict); 11] = [
        ("nothing", None, Err(Denied::Unknown), Err(Denied::Unknown)),
        (
            "a word",
            Some("guess".into()),
            Err(Denied::Unknown),
            Err(Denied::Unknown),
        ),
        (
            "the stream key",
            Some(session.stream_key.expose().into()),
            Ok(()),
            Err(Denied::Unknown),
        ),
        ("a publish token", Some(sign(publish)), Ok(()), Err(Denied::NotThis)),
        ("a watch token", Some(sign(watch)), Err(Denied::NotThis), Ok(())),
        (
            "a watch token from when the session was public",
            Some(sign(MediaToken { user: None, ..watch })),
            Err(Denied::NotThis),
            Err(Denied::Unknown),
        ),
        (
            "another session's publish token",
            Some(sign(MediaToken {
                session: elsewhere,
                ..publish
            })),
            Err(Denied::NotThis),
            Err(Denied::NotThis),
        ),
        (
            "another session's watch token",
            Some(sign(MediaToken {
                session: elsewhere,
                ..watch
            })),
            Err(Denied::NotThis),
            Err(Denied::NotThis),
        ),
        (
            "an expired publish token",
            Some(sign(MediaToken {
                expires_at: now,
                ..publish
            })),
            Err(Denied::Unknown),
            Err(Denied::Unknown),
        ),
        (
            "an expired watch token",
            Some(sign(MediaToken {
                expires_at: now,
                ..watch
            })),
            Err(Denied::Unknown),
            Err(Denied::Unknown),
        ),
        (
            "a forged token",
            Some(publish.sign(&SigningKey::from_bytes([2; 32]))),
            Err(Denied::Unknown),
            Err(Denied::Unknown),
        ),
    ];
    for (name, bearer, may_publish, may_watch) in &table {
        assert_eq!(
            access::may_publish(&session, bearer.as_deref(), &key, now),
            *may_publish,
            "{name}"
        );
        assert_eq!(
            access::may_watch(&session, bearer.as_deref(), None, &key, now),
            *may_watch,
            "{name}"
        );
    }
    let public = Session {
        is_public: true,
        ..session.clone()
    };
    assert_eq!(access::may_watch(&public, None, None, &key, now), Ok(()), "public");
    assert_eq!(
        access::may_publish(&public, None, &key, now),
        Err(Denied::Unknown),
        "public to watch, not to publish"
    );

    let over = Session {
        status: lectern::sessions::Status::Ended,
        is_public: true,
        ..session.clone()
    };
    assert_eq!(
        access::may_publish(&over, Some(&sign(publish)), &key, now),
        Err(Denied::Over)
    );
    assert_eq!(access::may_watch(&over, None, None, &key, now), Err(Denied::Over));
}

#[tokio::test]
async fn a_stream_key_opens_its_own_session_only_and_until_it_is_replaced() {
    let test = TestApp::new().await;
    let (one, two) = (a_session(&test, false).await, a_session(&test, true).await);
    let code = async |session: &Session, key: &str| {
        let result = access::authorize_publish(&test.app, session.id, Some(key)).await;
        result.map(|session| session.id).map_err(|error| {
            use axum::response::IntoResponse;
            error.into_response().status().as_u16()
        })
    };
    let key = one.stream_key.expose();
    assert_eq!(code(&one, key).await, Ok(one.id));
    assert_eq!(code(&two, key).await, Err(403), "good, but for another session");
    assert_eq!(code(&two, "sk_guess").await, Err(401));
    lectern::sessions::rotate_key(&test.app, one.id).await.unwrap();
    assert_eq!(code(&one, key).await, Err(401));
}

#[tokio::test]
async fn a_replay_ends_for_viewers_and_stays_for_those_who_run_it() {
    let test = TestApp::new().await;
    let session = a_session(&test, true).await;
    let owner = test.sign_in("another-instructor", Role::Instructor).await.user.unwrap();
    let admin = test.sign_in("admin", Role::Admin).await.user.unwrap();
    let now = Ts(1_790_000_000_000_000);
    assert_eq!(access::may_replay(&session, None, now), Err(Denied::NoRecording));
    store::set_recording_available(&test.app.db, session.id, true)
        .await
        .unwrap();
    let session = lectern::sessions::get(&test.app, session.id).await.unwrap();
    assert_eq!(access::may_replay(&session, None, now), Ok(()));
    let private = Session {
        is_public: false,
        ..session.clone()
    };
    assert_eq!(access::may_replay(&private, None, now), Err(Denied::Unknown));
    let guest = |user| access::guest(&test.app, Some(user), None);
    let expired = Session {
        recording_expires_at: Some(now),
        ..session
    };
    assert_eq!(access::may_replay(&expired, None, now), Err(Denied::Expired));
    assert_eq!(access::may_replay(&expired, guest(&owner), now), Err(Denied::Expired));
    assert_eq!(access::may_replay(&expired, guest(&admin), now), Ok(()));
}
