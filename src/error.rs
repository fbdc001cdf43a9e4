//! What can go wrong with a request: one variant per meaning that HTTP has for it.
//!
//! `http::problem` renders these as problem details (RFC 9457). Start-up failures are `anyhow` and end in `main`.

use std::borrow::Cow;
use std::time::Duration;

use http::StatusCode;

/// Why a request is not answered as it hoped. The text of a variant is read by people, never by programs.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// 400: it cannot be read at all.
    #[error("{0}")]
    BadRequest(Cow<'static, str>),
    /// 422: it can be read, and these fields are not acceptable.
    #[error("some fields are not right")]
    Invalid(Vec<FieldError>),
    /// 401: nobody is signed in (or the token is not one of ours).
    #[error("{0}")]
    Unauthenticated(&'static str),
    /// 403: somebody, but not somebody who may.
    #[error("{0}")]
    Forbidden(&'static str),
    /// 404: there is no such thing, or none that the caller may know of.
    #[error("there is no such {0}")]
    NotFound(&'static str),
    /// 409: not in the state that things are in; the code names the reason for programs.
    #[error("{detail}")]
    Conflict {
        /// Last part of the problem's `type`.
        code: &'static str,
        /// For people.
        detail: &'static str,
    },
    /// 402: fewer tokens are there than it costs.
    #[error("this costs {price} tokens, and fewer are there")]
    InsufficientBalance {
        /// What is there; `None`: the outside token service did not say.
        balance: Option<i64>,
        /// What it costs.
        price: i64,
    },
    /// 429: too often.
    #[error("too many attempts")]
    TooMany {
        /// When one more is allowed.
        retry_after: Duration,
    },
    /// 429: too often, by a rule that clients tell from others; the code names it.
    #[error("{detail}")]
    TooFast {
        /// Last part of the problem's `type`.
        code: &'static str,
        /// For people.
        detail: &'static str,
        /// When one more is allowed.
        retry_after: Duration,
    },
    /// 503: not now.
    #[error("{detail}")]
    Unavailable {
        /// For people.
        detail: &'static str,
        /// When to try again.
        retry_after: Duration,
    },
    /// A status of the caller's own, for protocols with their own table (WHIP, WHEP).
    #[error("{detail}")]
    Refused {
        /// 4xx or 5xx.
        status: StatusCode,
        /// Last part of the problem's `type`.
        code: &'static str,
        /// For people.
        detail: Cow<'static, str>,
    },
    /// 500: the host's fault or ours. Logged where it is rendered; the caller only gets the request's id.
    #[error("{0:#}")]
    Internal(#[source] anyhow::Error),
}

/// One field that is not acceptable.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
pub struct FieldError {
    /// Where in the body, for example `title`.
    pub path: String,
    /// What is wrong with it.
    pub message: String,
}

/// What handlers and the functions under them return.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// One unacceptable field.
    pub fn field(path: &str, message: impl Into<String>) -> Error {
        Error::Invalid(vec![FieldError {
            path: path.into(),
            message: message.into(),
        }])
    }
}

impl Error {
    /// When to try again, if that is known.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        match self {
            Error::TooMany { retry_after }
            | Error::TooFast { retry_after, .. }
            | Error::Unavailable { retry_after, .. } => Some(*retry_after),
            _ => None,
        }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Error {
        match error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => Error::Unavailable {
                detail: "the database is not answering",
                retry_after: Duration::from_secs(2),
            },
            error => Error::Internal(anyhow::Error::new(error).context("database")),
        }
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Error {
        Error::Internal(error)
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Error {
        Error::Internal(error.into())
    }
}
