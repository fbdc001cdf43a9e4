//! Sites that embed this one: the tokens of their users, calls from their scripts, frames in their pages.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, ORIGIN};
use axum::http::{Method, Request};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::{Answer, Browser, TestApp};
use crate::identity_provider::IdentityProvider;
use crate::key_pair::{FIRST, SECOND, now_s};

pub(crate) const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub(crate) const SCHOOL: &str = "https://school.example.org";

fn settings(keys: &str) -> String {
    format!(
        "[embedding]\norigins = [{SCHOOL:?}]\nissuer = \"school\"\naudience = \"live\"\n{keys}\n\
         roles = [{{ value = \"teacher\", role = \"instructor\" }}]\ntiers = [{{ value = \"gold\", tier = \"pro\" }}]\n"
    )
}

pub(crate) fn shared() -> String {
    settings(&format!("hs256_secret = {SECRET:?}"))
}

/// What an honest issuer says, with changes; `null` leaves a claim out.
pub(crate) fn claims(changes: Value) -> Value {
    let mut claims = json!({"iss": "school", "aud": "live", "sub": "pupil-1", "exp": now_s() + 300, "name": "Ann"});
    for (claim, value) in changes.as_object().unwrap() {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
            value => claims[claim] = value.clone(),
        }
    }
    claims
}

pub(crate) fn sign(claims: &Value, secret: &str) -> String {
    let key = EncodingKey::from_secret(secret.as_bytes());
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

/// A request from a script in the school's page.
async fn call(test: &TestApp, token: &str, method: Method, path: &str, body: Option<Value>) -> Answer {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(AUTHORIZATION, format!("Bearer {token}"))
        .header(ORIGIN, SCHOOL)
        .header("sec-fetch-site", "cross-site");
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = body.map_or_else(Body::empty, |json| Body::from(json.to_string()));
    test.send(request.body(body).unwrap()).await
}

async fn me(test: &TestApp, token: &str) -> Answer {
    call(test, token, Method::GET, "/api/auth/me", None).await
}

#[tokio::test]
async fn a_users_token_is_their_login() {
    for test in TestApp::on_both(&shared()).await {
        let token = sign(&claims(json!({})), SECRET);
        let first = me(&test, &token).await;
        assert_eq!(first.header("access-control-allow-origin"), SCHOOL);
        assert!(!first.headers.contains_key("access-control-allow-credentials"));
        let user = first.json()["user"].take();
        assert_eq!(
            (&user["name"], &user["role"], &user["tier"]),
            (&json!("Ann"), &json!("viewer"), &json!("free"))
        );

        let instructor = test.sign_in("ida", Role::Instructor).await;
        let class = test.plan(&instructor, true).await;
        let reminder = format!("/api/live/sessions/{class}/reminder");
        let set = call(&test, &token, Method::POST, &reminder, Some(json!({}))).await;
        assert_eq!(set.status, 200, "{}", set.text());

        let promoted = sign(&claims(json!({"role": ["pupil", "teacher"], "tier": "gold"})), SECRET);
        let promoted = me(&test, &promoted).await.json()["user"].take();
        assert_eq!(promoted["id"], user["id"]);
        assert_eq!(
            (&promoted["role"], &promoted["tier"]),
            (&json!("instructor"), &json!("pro"))
        );
        let back = me(&test, &token).await.json()["user"].take();
        assert_eq!(
            (&back["role"], &back["tier"]),
            (&json!("viewer"), &json!("free")),
            "what it does not say is gone"
        );
    }
}

#[tokio::test]
async fn tokens_that_do_not_hold_are_refused() {
    let test = TestApp::with(&shared()).await;
    let unsigned = sign(&claims(json!({})), SECRET);
    let (head, _) = unsigned.rsplit_once('.').unwrap();
    let none = format!("eyJhbGciOiJub25lIn0.{}.", head.split_once('.').unwrap().1);
    let bad = [
        ("out of date", sign(&claims(json!({"exp": now_s() - 120})), SECRET)),
        ("without an end", sign(&claims(json!({"exp": null})), SECRET)),
        ("not yet good", sign(&claims(json!({"nbf": now_s() + 120})), SECRET)),
        ("for another site", sign(&claims(json!({"aud": "shop"})), SECRET)),
        ("for nobody", sign(&claims(json!({"aud": null})), SECRET)),
        ("of another issuer", sign(&claims(json!({"iss": "shop"})), SECRET)),
        ("of no issuer", sign(&claims(json!({"iss": null})), SECRET)),
        ("about nobody", sign(&claims(json!({"sub": null})), SECRET)),
        ("about an empty name", sign(&claims(json!({"sub": ""})), SECRET)),
        (
            "with another secret",
            sign(&claims(json!({})), "ffffffffffffffffffffffffffffffff"),
        ),
        ("with a key pair", FIRST.sign(&claims(json!({})))),
        ("without a signature", none),
        ("cut short", format!("{head}.")),
    ];
    for (name, token) in bad {
        let answer = me(&test, &token).await;
        assert_eq!(answer.status, 401, "{name}: {}", answer.text());
        answer.is_problem(401, "unauthenticated");
    }
    let plain = TestApp::new().await;
    let token = sign(&claims(json!({})), SECRET);
    assert_eq!(
        me(&plain, &token).await.json(),
        json!({"user": null}),
        "no issuer, no tokens"
    );
}

#[tokio::test]
async fn published_keys_are_read_and_read_again() {
    let issuer = IdentityProvider::start().await;
    let test = TestApp::with(&settings(&format!("jwks_url = \"{}/keys\"", issuer.issuer))).await;
    let by = |key: &crate::key_pair::KeyPair| key.sign(&claims(json!({})));
    assert_eq!(me(&test, &by(&FIRST)).await.status, 200);
    assert_eq!(me(&test, &by(&SECOND)).await.status, 401, "a key that is not published");
    issuer.signs_with(&SECOND, &[&SECOND]);
    assert_eq!(me(&test, &by(&SECOND)).await.status, 200, "a new key");
    assert_eq!(me(&test, &by(&FIRST)).await.status, 401, "the old one is gone");
    let confused = sign(&claims(json!({})), FIRST.pem);
    assert_eq!(
        me(&test, &confused).await.status,
        401,
        "a public key is no shared secret"
    );
}

#[tokio::test]
async fn an_account_here_is_theirs_only_with_a_verified_address() {
    let test = TestApp::with(&shared()).await;
    let ann = test.sign_in("ann", Role::Admin).await.user.unwrap();
    let said = claims(json!({"email": "ann@example.org", "sub": "pupil-2"}));
    let stranger = me(&test, &sign(&said, SECRET)).await.json()["user"].take();
    assert_ne!(stranger["id"], ann.id.to_string());
    let verified = claims(json!({"email": "ann@example.org", "email_verified": true, "sub": "pupil-3"}));
    let same = me(&test, &sign(&verified, SECRET)).await.json()["user"].take();
    assert_eq!(same["id"], ann.id.to_string());
    assert_eq!(same["role"], "admin", "admins are made and unmade here only");
}

#[tokio::test]
async fn only_sites_of_the_settings_call_and_frame() {
    let test = TestApp::with(&shared()).await;
    let preflight = async |origin: &str| {
        let request = Request::options("/api/auth/me")
            .header(ORIGIN, origin)
            .header("access-control-request-method", "PATCH")
            .header("access-control-request-headers", "authorization,content-type");
        test.send(request.body(Body::empty()).unwrap()).await
    };
    let known = preflight(SCHOOL).await;
    assert_eq!(known.header("access-control-allow-origin"), SCHOOL);
    assert!(known.header("access-control-allow-headers").contains("authorization"));
    let stranger = preflight("https://evil.example").await;
    assert!(!stranger.headers.contains_key("access-control-allow-origin"));
    let framed = test.get(&Browser::default(), "/api/auth/me").await;
    let csp = framed.header("content-security-policy");
    assert!(
        csp.contains("frame-ancestors 'self' https://school.example.org;"),
        "{csp}"
    );
    let evil = Request::post("/api/auth/logout")
        .header(ORIGIN, "https://evil.example")
        .header("sec-fetch-site", "cross-site");
    test.send(evil.body(Body::empty()).unwrap())
        .await
        .is_problem(403, "cross-site");
    let closed = TestApp::new().await.get(&Browser::default(), "/api/auth/me").await;
    assert!(
        closed
            .header("content-security-policy")
            .contains("frame-ancestors 'none';")
    );
}
