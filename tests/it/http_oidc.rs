//! Signing in with an account elsewhere: what holds, what does not, and whose account it is.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE, LOCATION, ORIGIN};
use jsonwebtoken::{Algorithm, Validation};
use lectern::accounts::{Role, store};
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::app::{Answer, Browser, TestApp};
use crate::identity_provider::IdentityProvider;
use crate::key_pair::{FIRST, SECOND, now_s};

fn settings(provider: &IdentityProvider) -> String {
    format!(
        "[accounts]\noidc = [{{ id = \"school\", name = \"School\", issuer = {:?}, client_id = \"lectern\", \
         client_secret = \"the-client-secret\" }}]\n",
        provider.issuer
    )
}

/// Begins: where the browser is sent, and what it keeps.
async fn begin(test: &TestApp, next: &str) -> (String, Browser) {
    let answer = test
        .get(&Browser::default(), &format!("/api/auth/oidc/school/start?next={next}"))
        .await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    (answer.header("location").to_owned(), answer.browser())
}

/// Comes back with these parameters.
async fn come_back(test: &TestApp, browser: &Browser, parameters: &[(&str, &str)]) -> Answer {
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish();
    test.get(browser, &format!("/api/auth/oidc/school/callback?{query}"))
        .await
}

/// All of it, with a user who says yes.
async fn sign_in(test: &TestApp, provider: &IdentityProvider) -> Answer {
    let (url, browser) = begin(test, "/streams").await;
    let (code, asked) = provider.agree(&url);
    come_back(test, &browser, &[("code", &code), ("state", &asked["state"])]).await
}

/// Who an answer has signed in.
async fn me(test: &TestApp, answer: &Answer) -> Value {
    let mut cookies = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap());
    let login = cookies.rfind(|cookie| cookie.starts_with("lectern_session="));
    let browser = Browser {
        user: None,
        cookie: login.map(|cookie| cookie.split(';').next().unwrap().to_owned()),
    };
    test.get(&browser, "/api/auth/me").await.json()["user"].take()
}

#[track_caller]
fn is_sent_back(answer: &Answer, problem: &str) {
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("location"), format!("/login?problem=oidc-{problem}"));
    let cookies = answer
        .headers
        .get_all("set-cookie")
        .iter()
        .map(|value| value.to_str().unwrap());
    assert_eq!(
        cookies.filter(|cookie| cookie.starts_with("lectern_session=")).count(),
        0
    );
}

#[tokio::test]
async fn a_person_signs_in_and_is_known_again() {
    let provider = IdentityProvider::start().await;
    for (number, test) in TestApp::on_both(&settings(&provider)).await.into_iter().enumerate() {
        let ways = test.get(&Browser::default(), "/api/auth/providers").await.json();
        assert_eq!(
            ways,
            json!({"providers": [{"id": "school", "name": "School"}], "passwords": true, "signUp": true})
        );
        let subject = format!("person-{number}");
        provider.says(json!({"sub": subject}));
        let answer = sign_in(&test, &provider).await;
        assert_eq!((answer.status.as_u16(), answer.header("location")), (303, "/streams"));
        let first = me(&test, &answer).await;
        assert_eq!(
            (&first["email"], &first["name"], &first["role"]),
            (&json!("ann@example.org"), &json!("Ann Smith"), &json!("viewer"))
        );
        provider.says(json!({"sub": subject, "email": "new@example.org", "email_verified": false}));
        let again = me(&test, &sign_in(&test, &provider).await).await;
        assert_eq!(again["id"], first["id"], "the subject decides, not the address");
    }
}

#[tokio::test]
async fn a_new_account_begins_in_the_language_and_zone_that_the_button_was_pressed_in() {
    let provider = IdentityProvider::start().await;
    let rows = [
        (
            "/streams&language=nl&timeZone=Europe/Amsterdam",
            "nl",
            "Europe/Amsterdam",
        ),
        ("/streams&timeZone=Europe/Atlantis", "en", "UTC"),
    ];
    for (number, test) in TestApp::on_both(&settings(&provider)).await.into_iter().enumerate() {
        for (wish, language, zone) in rows {
            let name = format!("{language}-{number}");
            provider.says(json!({"sub": name, "email": format!("{name}@example.org")}));
            let (url, browser) = begin(&test, wish).await;
            let (code, asked) = provider.agree(&url);
            let answer = come_back(&test, &browser, &[("code", &code), ("state", &asked["state"])]).await;
            assert_eq!(answer.header("location"), "/streams");
            let user = me(&test, &answer).await;
            assert_eq!(
                (&user["language"], &user["timeZone"]),
                (&json!(language), &json!(zone)),
                "{wish}"
            );
        }
    }
}

#[tokio::test]
async fn the_request_is_bound_to_this_browser() {
    let provider = IdentityProvider::start().await;
    let test = TestApp::with(&settings(&provider)).await;
    let answer = test.get(&Browser::default(), "/api/auth/oidc/school/start").await;
    let cookie = answer.header("set-cookie");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/api/auth/oidc/school", "Max-Age=600"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    let (_, asked) = provider.agree(answer.header("location"));
    assert_eq!(asked["response_type"], "code");
    assert_eq!(asked["scope"], "openid email profile");
    assert_eq!(asked["redirect_uri"], "http://live.test/api/auth/oidc/school/callback");

    let (url, browser) = begin(&test, "/").await;
    let (code, asked) = provider.agree(&url);
    let back = [("code", code.as_str()), ("state", asked["state"].as_str())];
    is_sent_back(&come_back(&test, &Browser::default(), &back).await, "state");
    let (_, other) = begin(&test, "/").await;
    is_sent_back(&come_back(&test, &other, &back).await, "state");
    is_sent_back(&come_back(&test, &browser, &[("code", "code-0")]).await, "state");
    assert_eq!(come_back(&test, &browser, &back).await.header("location"), "/");
    is_sent_back(&come_back(&test, &browser, &back).await, "failed"); // the provider takes a code once
}

#[tokio::test]
async fn what_does_not_hold_signs_nobody_in() {
    let provider = IdentityProvider::start().await;
    let test = TestApp::with(&settings(&provider)).await;
    let lies = [
        ("for another attempt", json!({"nonce": "another"})),
        ("for another client", json!({"aud": "another"})),
        ("of another issuer", json!({"iss": "https://evil.example"})),
        ("out of date", json!({"exp": now_s() - 3600})),
        ("without a nonce", json!({"nonce": null})),
    ];
    for (name, lie) in lies {
        provider.says(lie);
        let answer = sign_in(&test, &provider).await;
        assert_eq!(answer.header("location"), "/login?problem=oidc-failed", "{name}");
        is_sent_back(&answer, "failed");
    }
    provider.says(json!({}));
    provider.signs_with(&SECOND, &[&FIRST]);
    is_sent_back(&sign_in(&test, &provider).await, "failed");

    let (url, browser) = begin(&test, "/").await;
    let (_, asked) = provider.agree(&url);
    let no = [("error", "access_denied"), ("state", asked["state"].as_str())];
    is_sent_back(&come_back(&test, &browser, &no).await, "cancelled");
    let user = store::user_by_email(&test.app.db, "ann@example.org").await.unwrap();
    assert!(user.is_none(), "nobody was let in, and no account was made");
}

#[tokio::test]
async fn a_provider_may_change_its_keys() {
    let provider = IdentityProvider::start().await;
    let test = TestApp::with(&settings(&provider)).await;
    assert!(me(&test, &sign_in(&test, &provider).await).await.is_object());
    provider.signs_with(&SECOND, &[&FIRST, &SECOND]);
    assert!(me(&test, &sign_in(&test, &provider).await).await.is_object());
}

#[tokio::test]
async fn an_account_here_goes_to_whoever_owns_its_address() {
    let provider = IdentityProvider::start().await;
    let test = TestApp::with(&settings(&provider)).await;
    let squatter = json!({"name": "Eve", "email": "ann@example.org", "password": "eves password"});
    let eve = test.post(&Browser::default(), "/api/auth/signup", squatter).await;
    let account = eve.json()["id"].clone();

    provider.says(json!({"email_verified": false}));
    is_sent_back(&sign_in(&test, &provider).await, "email-unverified");
    provider.says(json!({"email": null}));
    provider.tells(json!({"sub": "person-1"}));
    is_sent_back(&sign_in(&test, &provider).await, "email-unverified");

    provider.tells(json!({"sub": "person-1", "email": "ANN@example.org", "email_verified": true}));
    let ann = me(&test, &sign_in(&test, &provider).await).await;
    assert_eq!(ann["id"], account);
    let me = test.get(&eve.browser(), "/api/auth/me").await.json();
    assert_eq!(me, json!({"user": null}), "who set the account up before is out");
    let login = json!({"email": "ann@example.org", "password": "eves password"});
    let refused = test.post(&Browser::default(), "/api/auth/login", login).await;
    refused.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn where_sign_up_is_closed_only_those_with_accounts_come_in() {
    let provider = IdentityProvider::start().await;
    let test = TestApp::with(&(settings(&provider) + "sign_up = false\n")).await;
    is_sent_back(&sign_in(&test, &provider).await, "sign-up-closed");
    let known = test.sign_in("ann", Role::Instructor).await.user.unwrap();
    let ann = me(&test, &sign_in(&test, &provider).await).await;
    assert_eq!(ann["id"], known.id.to_string());
    let form = json!({"name": "Bob", "email": "bob@example.org", "password": "12345678"});
    let refused = test.post(&Browser::default(), "/api/auth/signup", form).await;
    refused.is_problem(403, "sign-up-closed");
}

#[tokio::test]
async fn nobody_is_sent_on_to_another_site() {
    let provider = IdentityProvider::start().await;
    let test = TestApp::with(&settings(&provider)).await;
    for elsewhere in ["//evil.example", "https%3A%2F%2Fevil.example", "%2F%5Cevil.example"] {
        let (url, browser) = begin(&test, elsewhere).await;
        let (code, asked) = provider.agree(&url);
        let answer = come_back(&test, &browser, &[("code", &code), ("state", &asked["state"])]).await;
        assert_eq!(answer.header("location"), "/", "{elsewhere}");
    }
    let unknown = test.get(&Browser::default(), "/api/auth/oidc/nobody/start").await;
    unknown.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_provider_that_is_away_keeps_nobody_from_starting() {
    let gone = "[accounts]\noidc = [{ id = \"school\", name = \"School\", issuer = \"http://127.0.0.1:1\", \
                client_id = \"x\" }]";
    let test = TestApp::with(gone).await;
    let answer = test.get(&Browser::default(), "/api/auth/oidc/school/start").await;
    is_sent_back(&answer, "failed");
}

#[tokio::test]
async fn apple_gets_a_signed_secret_and_answers_by_a_form() {
    let provider = IdentityProvider::start().await;
    let folder = tempfile::tempdir().unwrap();
    let key_file = folder.path().join("AuthKey_KEY1234567.p8");
    std::fs::write(&key_file, FIRST.pem).unwrap();
    let settings = format!(
        "[accounts]\noidc = [{{ id = \"school\", name = \"Apple\", issuer = {:?}, client_id = \"org.example.live\", \
         scopes = [\"email\", \"name\"], form_post = true, \
         apple = {{ team_id = \"TEAM123456\", key_id = \"KEY1234567\", key_file = {key_file:?} }} }}]\n\
         [http]\npublic_url = \"https://live.example.org\"\n",
        provider.issuer
    );
    let test = TestApp::with(&settings).await;
    provider.says(json!({"email_verified": "true", "name": null})); // as Apple writes it
    let answer = test.get(&Browser::default(), "/api/auth/oidc/school/start").await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.contains("SameSite=None") && cookie.contains("Secure"),
        "{cookie}"
    );
    let (code, asked) = provider.agree(answer.header("location"));
    assert_eq!(asked["response_mode"], "form_post");
    assert_eq!(
        asked["redirect_uri"],
        "https://live.example.org/api/auth/oidc/school/callback"
    );

    let user = json!({"name": {"firstName": "Ann", "lastName": "Smith"}, "email": "ann@example.org"}).to_string();
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("code", &code), ("state", &asked["state"]), ("user", &user)])
        .finish();
    let request = Request::post("/api/auth/oidc/school/callback")
        .header(COOKIE, answer.browser().cookie.unwrap())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ORIGIN, "https://appleid.apple.com")
        .header("sec-fetch-site", "cross-site");
    let answer = test.send(request.body(Body::from(form)).unwrap()).await;
    assert_eq!(answer.headers[LOCATION], "/", "{}", answer.text());
    assert_eq!(me(&test, &answer).await["name"], "Ann Smith");

    let (form, headers) = provider.last_token_request();
    assert!(
        !headers.contains_key("authorization"),
        "Apple takes it in the body only"
    );
    let mut rules = Validation::new(Algorithm::ES256);
    rules.set_audience(&["https://appleid.apple.com"]);
    rules.set_issuer(&["TEAM123456"]);
    rules.sub = Some("org.example.live".into());
    let secret = jsonwebtoken::decode::<Value>(&form["client_secret"], &FIRST.public(), &rules).unwrap();
    assert_eq!(secret.header.kid.as_deref(), Some("KEY1234567"));
    let lifetime = secret.claims["exp"].as_i64().unwrap() - secret.claims["iat"].as_i64().unwrap();
    assert!((1..=15_777_000).contains(&lifetime), "{lifetime}");
}
