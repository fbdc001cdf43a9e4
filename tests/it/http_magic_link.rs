//! Signing in by a link in a mail, on both databases: who gets one, how often it works, and what it proves.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{ACCEPT_LANGUAGE, CONTENT_TYPE};
use lectern::accounts::magic_link::{self, Letter, Link};
use lectern::accounts::{Language, Role, limits, store_sign_in};
use lectern::args;
use lectern::db::Ts;
use lectern::id;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Answer, Browser, TestApp};

/// Asks for a link in a Dutch browser.
async fn ask(test: &TestApp, body: Value) -> Answer {
    let request = Request::post("/api/auth/magic-link")
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT_LANGUAGE, "fr, nl-NL;q=0.9, en;q=0.8");
    test.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// What the last job that was wanted writes.
async fn letter(test: &TestApp) -> Option<Letter> {
    let sql = "SELECT payload FROM jobs WHERE kind = 'mail.magic-link' ORDER BY id DESC LIMIT 1";
    let (payload,): (String,) = test.app.db.one(sql, args![]).await.unwrap();
    let payload: Value = serde_json::from_str(&payload).unwrap();
    let link: Uuid = payload["link"].as_str().unwrap().parse().unwrap();
    let letter = magic_link::letter(&test.app, link).await.unwrap();
    if let Some(letter) = &letter {
        let token = letter.url.split_once("token=").unwrap().1;
        assert!(
            !payload.to_string().contains(token),
            "the job holds nothing that signs in"
        );
    }
    letter
}

async fn redeem(test: &TestApp, letter: &Letter) -> Answer {
    let token = letter.url.split_once("/login/link?token=").unwrap().1;
    let form = json!({ "token": token });
    test.post(&Browser::default(), "/api/auth/magic-link/redeem", form)
        .await
}

#[tokio::test]
async fn a_link_makes_an_account_and_works_once() {
    for test in TestApp::on_both("[http]\npublic_url = \"https://live.example.org\"").await {
        let asked = ask(&test, json!({"email": "Ann@Example.org", "next": "/streams/1/watch"})).await;
        assert_eq!((asked.status.as_u16(), asked.text().as_str()), (202, ""));
        let letter = letter(&test).await.unwrap();
        assert_eq!((letter.email.as_str(), &letter.name), ("ann@example.org", &None));
        assert_eq!(letter.language, Language::Nl);
        assert!(
            letter.url.starts_with("https://live.example.org/login/link?token="),
            "{}",
            letter.url
        );

        let answer = redeem(&test, &letter).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let signed_in = answer.json();
        assert_eq!(signed_in["next"], "/streams/1/watch");
        assert_eq!(
            (&signed_in["user"]["name"], &signed_in["user"]["language"]),
            (&json!("ann"), &json!("nl"))
        );
        let me = test.get(&answer.browser(), "/api/auth/me").await.json();
        assert_eq!(me["user"]["email"], "ann@example.org");
        redeem(&test, &letter).await.is_problem(410, "link-expired");
    }
}

#[tokio::test]
async fn an_account_begins_in_the_language_and_zone_of_its_browser() {
    let rows = [
        // The page's language wins over the browser's; whoever redeems in another page gets that one's.
        (json!({"language": "en"}), Language::En, json!({}), "en", "UTC"),
        (
            json!({}),
            Language::Nl,
            json!({"timeZone": "Europe/Amsterdam"}),
            "nl",
            "Europe/Amsterdam",
        ),
        (
            json!({}),
            Language::Nl,
            json!({"language": "en", "timeZone": "Asia/Tokyo"}),
            "en",
            "Asia/Tokyo",
        ),
        (
            json!({}),
            Language::Nl,
            json!({"timeZone": "Europe/Atlantis"}),
            "nl",
            "UTC",
        ),
    ];
    for test in TestApp::on_both("").await {
        for (number, (asking, mail, redeeming, language, zone)) in rows.iter().enumerate() {
            let email = format!("new{number}@example.org");
            ask(&test, with(asking, "email", &email)).await;
            let letter = letter(&test).await.unwrap();
            assert_eq!(letter.language, *mail, "{email}");
            let token = letter.url.split_once("token=").unwrap().1;
            let form = with(redeeming, "token", token);
            let answer = test
                .post(&Browser::default(), "/api/auth/magic-link/redeem", form)
                .await;
            let user = &answer.json()["user"];
            assert_eq!(
                (&user["language"], &user["timeZone"]),
                (&json!(language), &json!(zone)),
                "{email}"
            );
        }
        // Who has an account keeps what it says.
        ask(&test, json!({"email": "new1@example.org"})).await;
        let token = letter(&test).await.unwrap().url;
        let form = json!({"token": token.split_once("token=").unwrap().1, "language": "en", "timeZone": "Asia/Tokyo"});
        let answer = test
            .post(&Browser::default(), "/api/auth/magic-link/redeem", form)
            .await;
        assert_eq!(answer.json()["user"]["timeZone"], "Europe/Amsterdam");
    }
}

fn with(object: &Value, key: &str, value: &str) -> Value {
    let mut object = object.clone();
    object[key] = json!(value);
    object
}

#[tokio::test]
async fn the_link_never_leads_where_the_asking_request_says() {
    let test = TestApp::new().await;
    let request = Request::post("/api/auth/magic-link")
        .header(CONTENT_TYPE, "application/json")
        .header("host", "evil.example");
    let body = json!({"email": "ann@example.org"}).to_string();
    assert_eq!(test.send(request.body(Body::from(body)).unwrap()).await.status, 202);
    let url = letter(&test).await.unwrap().url;
    assert!(url.starts_with("http://localhost:"), "{url}");
    ask(&test, json!({"email": "ann@example.org", "next": "//evil.example"}))
        .await
        .is_problem(422, "invalid");
}

#[tokio::test]
async fn the_answer_tells_nobody_who_has_an_account() {
    for test in TestApp::on_both("[accounts]\nsign_up = false").await {
        test.sign_in("ann", Role::Viewer).await;
        let known = ask(&test, json!({"email": "ann@example.org"})).await;
        let found = letter(&test).await.unwrap();
        assert_eq!(
            (found.name.as_deref(), found.language),
            (Some("ann"), Language::En),
            "as the account has it"
        );
        let stranger = ask(&test, json!({"email": "eve@example.org"})).await;
        assert_eq!((known.status, known.body), (stranger.status, stranger.body));
        assert_eq!(
            letter(&test).await,
            None,
            "and a stranger gets no mail where accounts are made by admins"
        );
        assert_eq!(redeem(&test, &found).await.json()["user"]["name"], "ann");
    }
}

#[tokio::test]
async fn old_and_made_up_links_are_worth_nothing() {
    for test in TestApp::on_both("").await {
        let now = Ts::now();
        let link = Link {
            id: id::new(),
            email: "ann@example.org".into(),
            language: Language::En,
            next_path: None,
            created_at: now.plus_s(-901),
            expires_at: now.plus_s(-1),
        };
        let mut tx = test.app.db.begin().await.unwrap();
        store_sign_in::insert_link(&mut tx, &link).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(magic_link::letter(&test.app, link.id).await.unwrap(), None);
        let good = test.app.keys.login_links.seal(link.id.as_bytes());
        let other_key = test.app.keys.tokens.seal(link.id.as_bytes());
        for token in [good.as_str(), other_key.as_str(), "guess", ""] {
            let form = json!({ "token": token });
            let refused = test
                .post(&Browser::default(), "/api/auth/magic-link/redeem", form)
                .await;
            refused.is_problem(410, "link-expired");
        }
        assert_eq!(store_sign_in::delete_expired_links(&test.app.db, now).await.unwrap(), 1);
    }
}

#[tokio::test]
async fn the_first_proof_of_an_address_voids_what_was_set_up_without_it() {
    for test in TestApp::on_both("").await {
        let form = json!({"name": "Eve", "email": "ann@example.org", "password": "eves password"});
        let eve = test.post(&Browser::default(), "/api/auth/signup", form).await.browser();
        ask(&test, json!({"email": "ann@example.org"})).await;
        let ann = redeem(&test, &letter(&test).await.unwrap()).await;
        assert_eq!(ann.status, 200, "{}", ann.text());
        assert_eq!(test.get(&eve, "/api/auth/me").await.json(), json!({"user": null}));
        let login = |password: &str| json!({"email": "ann@example.org", "password": password});
        let refused = test
            .post(&Browser::default(), "/api/auth/login", login("eves password"))
            .await;
        refused.is_problem(401, "unauthenticated");

        let change = json!({"password": "anns password"});
        let set = test
            .ask(
                &ann.browser(),
                "PUT".parse().unwrap(),
                "/api/auth/me/password",
                Some(change),
            )
            .await;
        assert_eq!(set.status, 204, "{}", set.text());
        ask(&test, json!({"email": "ann@example.org"})).await;
        assert_eq!(redeem(&test, &letter(&test).await.unwrap()).await.status, 200);
        let back = test
            .post(&Browser::default(), "/api/auth/login", login("anns password"))
            .await;
        assert_eq!(back.status, 200, "a proven owner's own password stays");
    }
}

#[tokio::test]
async fn a_mailbox_cannot_be_flooded() {
    let test = TestApp::new().await;
    let same = json!({"email": "ann@example.org"});
    for _ in 0..3 {
        assert_eq!(ask(&test, same.clone()).await.status, 202);
    }
    let refused = ask(&test, json!({"email": "ANN@example.org"})).await;
    refused.is_problem(429, "too-many-requests");
    let wait: u64 = refused.header("retry-after").parse().unwrap();
    assert!((1..=300).contains(&wait), "{wait}");
    assert_eq!(ask(&test, json!({"email": "bob@example.org"})).await.status, 202);
    let one_more = |n: usize| limits::link(&test.app, crate::app::CLIENT, &format!("{n}@example.org"));
    assert!((0..).take(30).any(|n| one_more(n).is_err()));
    let refused = ask(&test, json!({"email": "new@example.org"})).await;
    refused.is_problem(429, "too-many-requests");
}
