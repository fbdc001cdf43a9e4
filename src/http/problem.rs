//! Errors as problem details (RFC 9457): one shape for everything that is not a success.

use std::any::Any;
use std::borrow::Cow;
use std::time::Duration;

use axum::http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use super::codes;
use crate::error::{Error, FieldError};

const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// An RFC 9457 problem.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// Which kind of problem, for programs: `/problems/` and a stable word.
    #[serde(rename = "type")]
    #[schema(schema_with = codes::schema)]
    pub kind: String,
    /// The HTTP status in words.
    pub title: Cow<'static, str>,
    /// The HTTP status.
    pub status: u16,
    /// This problem, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// The fields that are not acceptable.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub errors: Vec<FieldError>,
    /// With `insufficient-balance`: the tokens that are there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub balance: Option<i64>,
    /// With `insufficient-balance`: the tokens that it costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<i64>,
}

impl Problem {
    fn new(status: StatusCode, code: &str, detail: Option<String>) -> Problem {
        Problem {
            kind: codes::problem_type(code),
            title: status.canonical_reason().unwrap_or("Error").into(),
            status: status.as_u16(),
            detail,
            errors: Vec::new(),
            balance: None,
            price: None,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let body = serde_json::to_vec(&self).expect("a problem is plain JSON");
        let mut response = (status, [(CONTENT_TYPE, PROBLEM_JSON)], body).into_response();
        if status == StatusCode::PAYLOAD_TOO_LARGE {
            // The rest is not read (RFC 9110 section 15.5.14): no request may follow on this connection.
            response
                .headers_mut()
                .insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let mut headers = HeaderMap::new();
        if let Error::Unauthenticated(_) = self {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(wait) = self.retry_after() {
            headers.insert(RETRY_AFTER, whole_seconds(wait).into());
        }
        (headers, Problem::from(self)).into_response()
    }
}

impl From<Error> for Problem {
    /// Also writes what the client is not told into the log.
    fn from(error: Error) -> Problem {
        let (status, code) = error.status_and_code();
        let detail = match &error {
            Error::Internal(cause) => {
                tracing::error!(error = format!("{cause:#}"), "request failed");
                "something failed on the server; its log knows more under this x-request-id".into()
            }
            other => other.to_string(),
        };
        let mut problem = Problem::new(status, code, Some(detail));
        match error {
            Error::Invalid(errors) => problem.errors = errors,
            Error::InsufficientBalance { balance, price } => (problem.balance, problem.price) = (balance, Some(price)),
            _ => {}
        }
        problem
    }
}

/// A wait as `Retry-After` tells it (RFC 9110 section 10.2.3): rounded up, never 0.
#[must_use]
pub fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

impl Error {
    fn status_and_code(&self) -> (StatusCode, &'static str) {
        match self {
            Error::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad-request"),
            Error::Invalid(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid"),
            Error::Unauthenticated(_) => (StatusCode::UNAUTHORIZED, "unauthenticated"),
            Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
            Error::NotFound(_) => (StatusCode::NOT_FOUND, "not-found"),
            Error::Conflict { code, .. } => (StatusCode::CONFLICT, code),
            Error::InsufficientBalance { .. } => (StatusCode::PAYMENT_REQUIRED, "insufficient-balance"),
            Error::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too-many-requests"),
            Error::TooFast { code, .. } => (StatusCode::TOO_MANY_REQUESTS, code),
            Error::Unavailable { .. } => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Error::Refused { status, code, .. } => (*status, code),
            Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

/// Gives the errors that libraries answer (405, 413, 415, 416, 503 …) the same shape; their headers stay.
pub async fn complete(response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes);
    // 406 with a session description is no failure: it is how WHEP says "answer this".
    let is_ours = kind.is_some_and(|kind| {
        PROBLEM_JSON == kind || kind.starts_with(b"text/html") || kind.starts_with(b"application/sdp")
    });
    if !is_error || is_ours {
        return response;
    }
    let code = match status {
        StatusCode::BAD_REQUEST => "bad-request",
        StatusCode::FORBIDDEN => "forbidden",
        StatusCode::NOT_FOUND => "not-found",
        StatusCode::METHOD_NOT_ALLOWED => "method-not-allowed",
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "unsupported-media-type",
        StatusCode::RANGE_NOT_SATISFIABLE => "range-not-satisfiable",
        StatusCode::PRECONDITION_FAILED => "precondition-failed",
        StatusCode::SERVICE_UNAVAILABLE => "unavailable",
        _ => "error",
    };
    let (mut parts, _) = response.into_parts();
    parts.headers.remove(CONTENT_LENGTH);
    parts.headers.remove(CONTENT_TYPE);
    let mut problem = Problem::new(status, code, None).into_response();
    problem.headers_mut().extend(parts.headers);
    problem
}

/// A handler panicked: that is a bug of ours; the one request fails.
pub fn panicked(panic: Box<dyn Any + Send>) -> Response {
    let text = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    Error::Internal(anyhow::anyhow!("panic: {}", text.unwrap_or("?"))).into_response()
}

/// A state-changing request that another site made a browser send.
pub fn cross_site() -> Response {
    let detail = "this request came from a page of another site".to_owned();
    Problem::new(StatusCode::FORBIDDEN, "cross-site", Some(detail)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_internal_error_tells_the_client_nothing() {
        let response = Error::Internal(anyhow::anyhow!("password of the database is 123")).into_response();
        assert_eq!(response.status(), 500);
        let body = axum::body::to_bytes(response.into_body(), 1 << 16).await.unwrap();
        assert!(!String::from_utf8_lossy(&body).contains("123"));
    }

    #[test]
    fn a_wait_is_told_in_whole_seconds_rounded_up() {
        let response = Error::TooMany {
            retry_after: Duration::from_millis(1200),
        }
        .into_response();
        assert_eq!(response.headers()[RETRY_AFTER], "2");
    }

    #[tokio::test]
    async fn a_library_error_keeps_its_headers() {
        let response = complete((StatusCode::METHOD_NOT_ALLOWED, [("allow", "GET")], "no").into_response()).await;
        assert_eq!(response.headers()["allow"], "GET");
        assert_eq!(response.headers()[CONTENT_TYPE], PROBLEM_JSON);
    }
}
