//! An outside token service over real HTTP, as the settings can name one: it books once for each key, and fails on
//! demand.

use std::collections::HashMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What the service does to the next request that books.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// 500 before anything is booked.
    Broken,
    /// Books, and then answers 502: the caller cannot know.
    AnswerLost,
    /// Books, and then says nothing for longer than anybody waits.
    Silence,
}

/// A running service; ends with the runtime of its test.
#[derive(Clone)]
pub(crate) struct TokenService {
    pub(crate) url: String,
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    balances: HashMap<String, i64>,
    answers: HashMap<String, Value>,
    requests: Vec<(String, Value, HeaderMap)>,
    faults: Vec<Fault>,
}

impl TokenService {
    pub(crate) async fn start() -> TokenService {
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let service = TokenService {
            url: format!("http://{}/tokens", listener.local_addr().unwrap()),
            books: Arc::default(),
        };
        let router = Router::new()
            .route("/tokens/balance", get(balance))
            .route(
                "/tokens/deduct",
                post(async |state, headers, body| book("deduct", state, headers, body).await),
            )
            .route(
                "/tokens/refund",
                post(async |state, headers, body| book("refund", state, headers, body).await),
            )
            .with_state(service.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        service
    }

    /// Settings that name this service, with little patience.
    pub(crate) fn settings(&self) -> String {
        let url = &self.url;
        format!("[tokens]\napi_url = {url:?}\napi_key = \"outside-secret\"\ntimeout_s = 1\nattempts = 3\n")
    }

    pub(crate) fn give(&self, email: &str, tokens: i64) {
        self.books.lock().unwrap().balances.insert(email.into(), tokens);
    }

    pub(crate) fn balance_of(&self, email: &str) -> i64 {
        self.books.lock().unwrap().balances.get(email).copied().unwrap_or(0)
    }

    pub(crate) fn fail_next(&self, faults: &[Fault]) {
        self.books.lock().unwrap().faults = faults.to_vec();
    }

    /// Path, body and headers of every request that books.
    pub(crate) fn requests(&self) -> Vec<(String, Value, HeaderMap)> {
        self.books.lock().unwrap().requests.clone()
    }
}

fn user_of(headers: &HeaderMap) -> Result<String, StatusCode> {
    if headers.get("authorization").map(|value| value.as_bytes()) != Some(b"Bearer outside-secret") {
        return Err(StatusCode::UNAUTHORIZED);
    }
    let email = headers.get("x-user-email").and_then(|value| value.to_str().ok());
    email.map(str::to_owned).ok_or(StatusCode::BAD_REQUEST)
}

async fn balance(State(service): State<TokenService>, headers: HeaderMap) -> Result<Json<Value>, StatusCode> {
    Ok(Json(json!({ "balance": service.balance_of(&user_of(&headers)?) })))
}

async fn book(
    path: &str,
    State(service): State<TokenService>,
    headers: HeaderMap,
    Json(body): Json<Value>,
) -> Result<Response, StatusCode> {
    let user = user_of(&headers)?;
    let key = headers.get("idempotency-key").ok_or(StatusCode::BAD_REQUEST)?;
    let key = format!("{user} {}", key.to_str().unwrap());
    let (fault, answer) = {
        let mut books = service.books.lock().unwrap();
        books.requests.push((path.into(), body.clone(), headers.clone()));
        let fault = (!books.faults.is_empty()).then(|| books.faults.remove(0));
        if matches!(fault, Some(Fault::Broken)) {
            return Err(StatusCode::INTERNAL_SERVER_ERROR);
        }
        (fault, books.book(path, &user, key, &body))
    };
    match fault {
        Some(Fault::AnswerLost) => Err(StatusCode::BAD_GATEWAY),
        Some(Fault::Silence) => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Err(StatusCode::GATEWAY_TIMEOUT)
        }
        _ => Ok(Json(answer).into_response()),
    }
}

impl Books {
    fn book(&mut self, path: &str, user: &str, key: String, body: &Value) -> Value {
        if let Some(answer) = self.answers.get(&key) {
            return answer.clone();
        }
        let amount = body["amount"].as_i64().unwrap() * if path == "refund" { 1 } else { -1 };
        let balance = self.balances.entry(user.into()).or_default();
        if *balance + amount < 0 {
            return json!({ "success": false, "newBalance": *balance });
        }
        *balance += amount;
        let transaction = format!("outside-{}", self.answers.len() + 1);
        let answer = json!({ "success": true, "newBalance": *balance, "transactionId": transaction });
        self.answers.insert(key, answer.clone());
        answer
    }
}
