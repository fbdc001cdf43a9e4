//! An OpenID provider over real HTTP that says what a test wants it to say, also what no honest one would.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Form, Json, Router};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use url::Url;

use crate::key_pair::{FIRST, KeyPair, now_s};

/// A running provider; ends with the runtime of its test.
#[derive(Clone)]
pub(crate) struct IdentityProvider {
    pub(crate) issuer: String,
    inner: Arc<Mutex<Inner>>,
}

struct Inner {
    key: &'static KeyPair,
    published: Vec<Value>,
    /// Over the usual claims of the ID token.
    claims: Map<String, Value>,
    user_info: Value,
    /// What each code was given for.
    codes: HashMap<String, HashMap<String, String>>,
    token_requests: Vec<(HashMap<String, String>, HeaderMap)>,
}

impl IdentityProvider {
    pub(crate) async fn start() -> IdentityProvider {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let provider = IdentityProvider {
            issuer: format!("http://{}", listener.local_addr().unwrap()),
            inner: Arc::new(Mutex::new(Inner {
                key: &FIRST,
                published: vec![FIRST.jwk()],
                claims: Map::new(),
                user_info: Value::Null,
                codes: HashMap::new(),
                token_requests: Vec::new(),
            })),
        };
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/token", post(token))
            .route("/me", get(me))
            .with_state(provider.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        provider
    }

    /// Says this of its user from now on.
    pub(crate) fn says(&self, claims: Value) {
        self.inner.lock().unwrap().claims = claims.as_object().unwrap().clone();
    }

    /// Says this where the user's claims are asked for.
    pub(crate) fn tells(&self, user_info: Value) {
        self.inner.lock().unwrap().user_info = user_info;
    }

    /// Signs with this key from now on, and publishes those.
    pub(crate) fn signs_with(&self, key: &'static KeyPair, published: &[&KeyPair]) {
        let mut inner = self.inner.lock().unwrap();
        inner.key = key;
        inner.published = published.iter().map(|key| key.jwk()).collect();
    }

    /// The user says yes: a code for the request that the browser came with.
    pub(crate) fn agree(&self, request: &str) -> (String, HashMap<String, String>) {
        let url = Url::parse(request).unwrap();
        let asked: HashMap<String, String> = url.query_pairs().into_owned().collect();
        let mut inner = self.inner.lock().unwrap();
        let code = format!("code-{}", inner.codes.len());
        inner.codes.insert(code.clone(), asked.clone());
        (code, asked)
    }

    /// The body and headers of the last request for tokens.
    pub(crate) fn last_token_request(&self) -> (HashMap<String, String>, HeaderMap) {
        self.inner.lock().unwrap().token_requests.last().unwrap().clone()
    }
}

async fn discovery(State(provider): State<IdentityProvider>) -> Json<Value> {
    let at = |path: &str| format!("{}{path}", provider.issuer);
    Json(json!({
        "issuer": provider.issuer,
        "authorization_endpoint": at("/authorize"),
        "token_endpoint": at("/token"),
        "userinfo_endpoint": at("/me"),
        "jwks_uri": at("/keys"),
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256", "HS256"],
    }))
}

async fn keys(State(provider): State<IdentityProvider>) -> Json<Value> {
    Json(json!({"keys": provider.inner.lock().unwrap().published}))
}

/// Gives tokens for a code, once, to whoever knows the verifier of its challenge (RFC 7636 section 4.6).
async fn token(
    State(provider): State<IdentityProvider>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Response {
    let mut inner = provider.inner.lock().unwrap();
    inner.token_requests.push((form.clone(), headers));
    let Some(asked) = inner.codes.remove(&form["code"]) else {
        return (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response();
    };
    let challenge = BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(&form["code_verifier"]));
    assert_eq!(asked["code_challenge_method"], "S256");
    assert_eq!(asked["code_challenge"], challenge, "the verifier of another attempt");
    assert_eq!(asked["redirect_uri"], form["redirect_uri"]);
    let mut claims = json!({
        "iss": provider.issuer, "sub": "person-1", "aud": asked["client_id"], "nonce": asked["nonce"],
        "iat": now_s(), "exp": now_s() + 300, "email": "ann@example.org", "email_verified": true, "name": "Ann Smith",
    });
    for (claim, value) in &inner.claims {
        match value {
            Value::Null => drop(claims.as_object_mut().unwrap().remove(claim)),
            value => claims[claim] = value.clone(),
        }
    }
    let tokens = json!({"access_token": "at", "token_type": "Bearer", "id_token": inner.key.sign(&claims)});
    Json(tokens).into_response()
}

async fn me(State(provider): State<IdentityProvider>) -> Json<Value> {
    Json(provider.inner.lock().unwrap().user_info.clone())
}
