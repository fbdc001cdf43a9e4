//! An outside token service: three requests to the address of the settings, each in the name of one user.
//!
//! | request | body | answer |
//! |---|---|---|
//! | `GET …/balance` | | `{"balance": 120}` |
//! | `POST …/deduct` | `{"amount": 10, "reason": "…", "metadata": {"streamId": "…"}}` | `{"success": true, "newBalance": 110, "transactionId": "…"}` |
//! | `POST …/refund` | as `deduct`, with the `transactionId` in the metadata | as `deduct` |
//!
//! Each carries `Authorization: Bearer` with the key of the settings, and the user as `X-User-Id` and `X-User-Email`.
//! 402, or `"success": false`, says that the balance is too low. `deduct` and `refund` carry an `Idempotency-Key`, the
//! same in every retry: the service books once for each key and answers the same again.

use std::time::Duration;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Method, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;

use crate::accounts::User;
use crate::error::Error;

/// Between the first two attempts; doubles each time.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longer answers are none of these.
const ANSWER_BYTES: usize = 64 * 1024;

const USER_ID: HeaderName = HeaderName::from_static("x-user-id");
const USER_EMAIL: HeaderName = HeaderName::from_static("x-user-email");
const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// A client of the outside service; cheap to clone.
#[derive(Clone, Debug)]
pub struct Outside {
    http: reqwest::Client,
    base: Url,
    key: SecretString,
    attempts: u32,
}

/// What the service booked.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Charge {
    /// Its name there.
    pub transaction_id: String,
    /// What is left there.
    pub new_balance: i64,
}

/// Why a request did not succeed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Failure {
    /// The balance is too low; nothing was booked.
    Insufficient {
        /// What is there, if the service said so.
        balance: Option<i64>,
        /// What was asked for.
        price: i64,
    },
    /// The service refused for another reason, or could not be reached at all; nothing was booked.
    Refused(String),
    /// No answer came; whether it was booked is not known. The same key finds out.
    Unknown(String),
}

#[derive(Deserialize)]
struct Balance {
    balance: i64,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    success: bool,
    new_balance: Option<i64>,
    transaction_id: Option<String>,
}

impl Outside {
    /// A client for the service at `base`, which waits `timeout` for each of at most `attempts` attempts.
    ///
    /// # Errors
    /// No TLS on this machine.
    pub fn new(base: Url, key: SecretString, timeout: Duration, attempts: u32) -> anyhow::Result<Outside> {
        let http = reqwest::Client::builder()
            .timeout(timeout)
            .redirect(reqwest::redirect::Policy::none()) // a key is not carried elsewhere
            .build()?;
        Ok(Outside {
            http,
            base,
            key,
            attempts,
        })
    }

    /// How many tokens `user` has there.
    ///
    /// # Errors
    /// No answer, or none that can be read.
    pub async fn balance(&self, user: &User) -> Result<i64, Failure> {
        let answer = self.ask(&|| self.request(Method::GET, "balance", user, None)).await?;
        Ok(read::<Balance>(answer, 0).await?.balance)
    }

    /// Takes `amount` tokens from `user`, once for each `key`.
    ///
    /// # Errors
    /// See [`Failure`]: only [`Failure::Unknown`] leaves it open whether they were taken.
    pub async fn deduct(
        &self,
        user: &User,
        amount: i64,
        reason: &str,
        metadata: &Value,
        key: &str,
    ) -> Result<Charge, Failure> {
        let body = json!({ "amount": amount, "reason": reason, "metadata": metadata });
        self.book("deduct", user, amount, &body, key).await
    }

    /// Gives `amount` tokens of an earlier transaction back to `user`, once for each `key`.
    ///
    /// # Errors
    /// As [`Outside::deduct`].
    pub async fn refund(
        &self,
        user: &User,
        amount: i64,
        reason: &str,
        metadata: &Value,
        key: &str,
    ) -> Result<Charge, Failure> {
        let body = json!({ "amount": amount, "reason": reason, "metadata": metadata });
        self.book("refund", user, amount, &body, key).await
    }

    async fn book(&self, path: &str, user: &User, amount: i64, body: &Value, key: &str) -> Result<Charge, Failure> {
        let request = || self.request(Method::POST, path, user, Some(key)).json(body);
        let answer = read::<Answer>(self.ask(&request).await?, amount).await?;
        if !answer.success {
            return Err(Failure::Insufficient {
                balance: answer.new_balance,
                price: amount,
            });
        }
        match (answer.transaction_id, answer.new_balance) {
            (Some(transaction_id), Some(new_balance)) => Ok(Charge {
                transaction_id,
                new_balance,
            }),
            _ => Err(Failure::Unknown("the answer names no transaction".into())),
        }
    }

    fn request(&self, method: Method, path: &str, user: &User, key: Option<&str>) -> RequestBuilder {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push(path);
        }
        let mut headers = HeaderMap::new();
        let texts = [
            (USER_ID, Some(user.id.to_string())),
            (USER_EMAIL, Some(user.email.clone())),
            (IDEMPOTENCY_KEY, key.map(str::to_owned)),
        ];
        for (name, text) in texts {
            if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
                headers.insert(name, value);
            }
        }
        self.http
            .request(method, url)
            .bearer_auth(self.key.expose_secret())
            .headers(headers)
    }

    /// Asks until there is an answer that will not change: not a broken connection, not 429, not 5xx.
    async fn ask(&self, request: &(dyn Fn() -> RequestBuilder + Send + Sync)) -> Result<Response, Failure> {
        let mut pause = FIRST_PAUSE;
        let mut arrived = false;
        let mut why = String::new();
        for attempt in 0..self.attempts.max(1) {
            if attempt > 0 {
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            match request().send().await {
                Ok(answer) if is_passing(answer.status()) => {
                    arrived = true;
                    why = format!("the token service answered {}", answer.status());
                }
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    arrived |= !error.is_connect();
                    why = format!("the token service did not answer: {}", error.without_url());
                }
            }
        }
        tracing::warn!(why, "the outside token service is not answering");
        Err(if arrived {
            Failure::Unknown(why)
        } else {
            Failure::Refused(why)
        })
    }
}

fn is_passing(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS || status == StatusCode::REQUEST_TIMEOUT
}

async fn read<T: DeserializeOwned>(mut answer: Response, price: i64) -> Result<T, Failure> {
    let status = answer.status();
    let mut body = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Err(Failure::Unknown("the answer is too long".into())),
            Ok(None) => break,
            Err(error) => {
                return Err(Failure::Unknown(format!(
                    "the answer broke off: {}",
                    error.without_url()
                )));
            }
        }
    }
    if status == StatusCode::PAYMENT_REQUIRED {
        let said = serde_json::from_slice::<Balance>(&body).ok();
        return Err(Failure::Insufficient {
            balance: said.map(|said| said.balance),
            price,
        });
    }
    if !status.is_success() {
        return Err(Failure::Refused(format!("the token service answered {status}")));
    }
    serde_json::from_slice(&body).map_err(|error| Failure::Unknown(format!("the answer cannot be read: {error}")))
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Error {
        match failure {
            Failure::Insufficient { balance, price } => Error::InsufficientBalance { balance, price },
            Failure::Refused(_) | Failure::Unknown(_) => Error::Unavailable {
                detail: "the token service is not answering; nothing is charged twice when you try again",
                retry_after: Duration::from_secs(30),
            },
        }
    }
}
