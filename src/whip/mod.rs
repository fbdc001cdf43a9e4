//! WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep) over HTTP: who may do what with which connection.
//!
//! What a client sends is read by the media engine; here is what stands around it.
//!
//! | file | what it is for |
//! |---|---|
//! | `routes` | the endpoints, and the connections that they open |
//! | `extensions` | HTTP of the WHEP extensions: events, layers |
//! | `events`, `news` | which event streams there are, and what they tell |
//! | `links` | `Link` headers |
//! | `limits` | how often clients may ask |

pub mod events;
pub mod extensions;
pub mod limits;
pub mod links;
pub mod news;
pub mod routes;

use crate::App;
use crate::accounts::User;
use crate::error::{Error, Result};
use crate::live::{AnswerError, LiveError, PatchError, Precondition, Role};
use crate::sessions::Session;
use crate::sessions::access::{authorize_publish, authorize_watch};
use crate::sessions::token::{MediaToken, Purpose};
use axum::http::StatusCode;
use axum::http::header::{HeaderMap, HeaderName};
use lectern_media::id::PeerId;
use std::time::Duration;
use uuid::Uuid;

/// The media type of offers and answers (RFC 8866 section 8.1).
pub const SDP: &str = "application/sdp";

/// The media type of what a client sends later (RFC 8840 section 9).
pub const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// When a client may try again after 503, and when one that does not want to wait may ask for the publisher again.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// What these protocols keep beside the connections themselves. Clones are the same one.
#[derive(Clone)]
pub struct Shared {
    /// How often clients may ask.
    pub limits: limits::Limits,
    /// Viewers' event streams.
    pub events: events::EventStreams,
    /// What they tell about.
    pub news: news::Bulletin,
}

impl Shared {
    /// Nothing yet.
    #[must_use]
    pub fn new(config: &crate::config::Media) -> Shared {
        Shared {
            limits: limits::Limits::new(config),
            events: events::EventStreams::default(),
            news: news::Bulletin::default(),
        }
    }
}

/// Who asks: what the request showed.
#[derive(Clone, Debug, Default)]
pub struct Caller {
    /// The bearer token or stream key.
    pub bearer: Option<String>,
    /// Who is signed in, when the request comes from a page of ours.
    pub user: Option<User>,
}

impl Caller {
    /// The session, if the caller may open a connection of this role to it.
    ///
    /// # Errors
    /// 401, 403, 404, or 409 when the session is over.
    pub async fn enter(&self, app: &App, session: Uuid, role: Role) -> Result<Session> {
        match role {
            Role::Publisher => authorize_publish(app, session, self.bearer.as_deref()).await,
            Role::Viewer => authorize_watch(app, session, self.bearer.as_deref(), self.user.as_ref()).await,
        }
    }

    /// Makes sure that a connection was not opened in the instant in which its right ended: `cuts` is what
    /// [`crate::live::Live::cuts`] said before the right was checked.
    ///
    /// # Errors
    /// As [`Caller::enter`]; the connection is closed then.
    pub async fn confirm(&self, app: &App, session: Uuid, role: Role, cuts: u64, peer: PeerId) -> Result<()> {
        if app.live.cuts() == cuts {
            return Ok(());
        }
        if let Err(error) = self.enter(app, session, role).await {
            app.live.close(peer).await;
            return Err(error);
        }
        Ok(())
    }

    /// Who watches: the one who is signed in, or for whom the token was made.
    #[must_use]
    pub fn viewer(&self, app: &App) -> Option<Uuid> {
        let of_token = || MediaToken::read(self.bearer.as_deref()?, &app.keys.tokens)?.user;
        self.user.as_ref().map(|user| user.id).or_else(of_token)
    }

    /// Checks that the caller may change or close a connection that is there. The secret name of the connection does
    /// not replace the token (protocol rule W22), but a token that has expired meanwhile still closes what it opened.
    ///
    /// # Errors
    /// 401, 403 or 404.
    pub async fn touch(&self, app: &App, session: Uuid, role: Role) -> Result<()> {
        let Some(token) = self
            .bearer
            .as_deref()
            .and_then(|text| MediaToken::read(text, &app.keys.tokens))
        else {
            return self.enter(app, session, role).await.map(drop);
        };
        let purpose = match role {
            Role::Publisher => Purpose::Publish,
            Role::Viewer => Purpose::Watch,
        };
        if token.purpose == purpose && token.session == session {
            Ok(())
        } else {
            Err(Error::Forbidden("this token is good for something else"))
        }
    }
}

/// Whether a Content-Type is `wanted`: without case, and with any parameters (protocol rule W3).
///
/// # Errors
/// 415.
pub fn expect_type(content_type: Option<&str>, wanted: &'static str) -> Result<()> {
    let essence = content_type
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim();
    if essence.eq_ignore_ascii_case(wanted) {
        return Ok(());
    }
    Err(Error::Refused {
        status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code: "unsupported-media-type",
        detail: format!("the body must be {wanted}").into(),
    })
}

/// Which version a client means, by its `If-Match` (RFC 9725 section 4.3.1). `*` is taken with quotes as well, as some
/// clients send it.
pub fn precondition(if_match: Option<&str>) -> Precondition {
    match if_match.map(|tag| tag.trim().trim_matches('"')) {
        None => Precondition::None,
        Some("*") => Precondition::Any,
        Some(tag) => Precondition::Tag(tag.to_owned()),
    }
}

/// The text of a header, if it is there and is text.
fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

fn unavailable(detail: &'static str) -> Error {
    Error::Unavailable {
        detail,
        retry_after: RETRY_AFTER,
    }
}

impl From<PatchError> for Error {
    fn from(error: PatchError) -> Error {
        let (status, code) = match error {
            PatchError::Unknown => return Error::NotFound("connection"),
            PatchError::Fragment(malformed) => {
                let status = StatusCode::from_u16(malformed.status()).unwrap_or(StatusCode::BAD_REQUEST);
                (status, "malformed-fragment")
            }
            PatchError::Stale => (StatusCode::PRECONDITION_FAILED, "precondition-failed"),
            PatchError::Unconditional => (StatusCode::PRECONDITION_REQUIRED, "precondition-required"),
        };
        Error::Refused {
            status,
            code,
            detail: error.to_string().into(),
        }
    }
}

impl From<LiveError> for Error {
    fn from(error: LiveError) -> Error {
        match error {
            LiveError::Overloaded => unavailable("the server has no room for another connection now"),
            LiveError::Offer(reason) => refused(
                reason.status(),
                ["unsupported-offer", "malformed-offer"],
                reason.to_string(),
            ),
        }
    }
}

impl From<AnswerError> for Error {
    fn from(error: AnswerError) -> Error {
        match error {
            AnswerError::Unknown => Error::NotFound("connection"),
            AnswerError::NotAwaited => Error::Conflict {
                code: "no-answer-awaited",
                detail: "this connection does not wait for an answer",
            },
            AnswerError::Stale => PatchError::Stale.into(),
            AnswerError::Answer(reason) => refused(
                reason.status(),
                ["unsupported-answer", "malformed-answer"],
                error.to_string(),
            ),
        }
    }
}

/// For a description that is understood and not supported (422), or not understood.
fn refused(status: u16, [unsupported, malformed]: [&'static str; 2], detail: String) -> Error {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let code = match status {
        StatusCode::UNPROCESSABLE_ENTITY => unsupported,
        StatusCode::PAYLOAD_TOO_LARGE => "too-large",
        _ => malformed,
    };
    Error::Refused {
        status,
        code,
        detail: detail.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn media_types_compare_without_case_and_parameters() {
        for good in [
            "application/sdp",
            "Application/SDP; charset=utf-8",
            " application/sdp ;x=y",
        ] {
            assert!(expect_type(Some(good), SDP).is_ok(), "{good}");
        }
        for bad in [
            None,
            Some(""),
            Some("text/plain"),
            Some("application/sdp2"),
            Some("application/json; application/sdp"),
        ] {
            assert!(expect_type(bad, SDP).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn if_match_is_read_with_and_without_quotes() {
        for (header, want) in [
            (None, Precondition::None),
            (Some("*"), Precondition::Any),
            (Some("\"*\""), Precondition::Any),
            (Some("\"abc\""), Precondition::Tag("abc".into())),
            (Some(" abc "), Precondition::Tag("abc".into())),
        ] {
            assert_eq!(precondition(header), want, "{header:?}");
        }
    }
}
