//! A WHIP and WHEP server without media that keeps the rules, or breaks one of them on purpose.

mod negotiate;

use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use futures_util::stream;
use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use url::Url;

/// What a server can do wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    None,
    // any request
    GetIsMissing,
    SessionGetHasBody,
    NoCors,
    StarForAuthorization,
    NoAcceptPost,
    CredentialsOnPreflight,
    RedirectsSlash,
    OverloadedWithoutRetryAfter,
    // offers
    TakesAnyType,
    CrashesOnGarbage,
    TakesNul,
    TakesTruncated,
    PlainErrors,
    StrictMediaType,
    NoLocation,
    LocationIsEndpoint,
    AnswersSendrecv,
    TakesInactive,
    RefusesSendrecv,
    HalfAnswers,
    UnknownCodecsAreServerErrors,
    RefusesActive,
    AnswersActpass,
    SimulcastOutOfOrder,
    SimulcastWithoutPaused,
    SimulcastWithoutRid,
    // answers
    NoBundle,
    NoRtcpMuxOnly,
    NamesForAddresses,
    TcpFirst,
    NoCandidates,
    Slow,
    // PATCH
    PatchTakesAnyType,
    PatchCrashesOnGarbage,
    NoEtag,
    WeakEtag,
    SameEtag,
    NoPreconditionRequired,
    IgnoresIfMatch,
    TrickleIsOk,
    TrickleHasEtag,
    RefusesStrangeCandidates,
    RefusesStrangeMid,
    RestartKeepsCredentials,
    RestartKeepsEtag,
    RestartRefusesQuotedStar,
    RestartWithoutIceLite,
    FailedRestartEndsSession,
    TakesOldTag,
    // DELETE
    DeleteIsNoContent,
    DeleteEndsNothing,
    DeleteHeedsIfMatch,
    CountedAddresses,
    // access
    NoChallenge,
    PatchIsOpen,
    DeleteIsOpen,
    TakesOtherTokens,
    UnquotedLinks,
    LinksForStrangers,
    RelayWithoutCredential,
    // viewers
    NoHead,
    CounterOfferWithoutLocation,
    CounterOfferReceives,
    TakesBadAnswers,
    AnswerIsOk,
    NotAcceptableForCodecs,
    ConflictWithoutRetryAfter,
    TwoStreams,
    FirstCodecOnly,
    TakesUnknownEvents,
    EventsAreNoStream,
    EventsOutliveDelete,
    NoBareEvents,
    LayersNeedAName,
    LayersTakeAnything,
}

/// One running server. It ends with the test's runtime.
pub(crate) struct Fake {
    pub(crate) whip: Url,
    pub(crate) whep: Url,
}

/// The token that opens everything, and one that is good elsewhere.
pub(crate) const TOKEN: &str = "secret-of-this-class";
pub(crate) const OTHER: &str = "secret-of-another-class";

#[derive(Clone)]
struct Server {
    fault: Fault,
    sessions: Arc<Mutex<Sessions>>,
}

#[derive(Default)]
struct Sessions {
    opened: u64,
    open: HashMap<String, Session>,
    streams: HashMap<String, String>,
}

#[derive(Clone)]
struct Session {
    etag: String,
    ufrag: String,
    pwd: String,
    has_offered: bool,
}

type Answer = Response<Body>;

impl Fake {
    pub(crate) async fn start(fault: Fault) -> Fake {
        let server = Server {
            fault,
            sessions: Arc::default(),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let router = axum::Router::new().fallback(serve).with_state(server);
        tokio::spawn(async move { axum::serve(listener, router).await });
        Fake {
            whip: format!("{base}/whip").parse().unwrap(),
            whep: format!("{base}/whep").parse().unwrap(),
        }
    }
}

async fn serve(State(server): State<Server>, request: Request<Body>) -> Answer {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 10_000_000).await.unwrap();
    if server.is(Fault::Slow) && parts.method == Method::POST {
        tokio::time::sleep(Duration::from_millis(120)).await;
    }
    let path: Vec<&str> = parts.uri.path().split('/').skip(1).collect();
    let mut answer = match path[..] {
        ["whip" | "whep"] => server.endpoint(
            path[0] == "whep",
            &parts.method,
            &parts.headers,
            &body,
            parts.uri.query(),
        ),
        [kind @ ("whip" | "whep"), ""] if server.is(Fault::RedirectsSlash) => {
            reply(301, &[("location", &format!("/{kind}"))], "")
        }
        ["s", id] => server.session(id, &parts.method, &parts.headers, &body),
        ["s", id, "events"] => server.events(id, &parts.method, &body),
        ["s", id, "events", stream] => server.stream(id, stream, &parts.method),
        ["s", _, "layer"] => server.layer(&body),
        _ => reply(404, &[], ""),
    };
    if !server.is(Fault::NoCors) {
        let star = HeaderValue::from_static("*");
        answer.headers_mut().insert("access-control-allow-origin", star);
    }
    answer
}

impl Server {
    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn problem(&self, status: u16) -> Answer {
        let media_type = if self.is(Fault::PlainErrors) {
            "text/plain"
        } else {
            "application/problem+json"
        };
        reply(status, &[("content-type", media_type)], "{}")
    }

    /// The refusal of who shows no good token.
    fn access(&self, headers: &HeaderMap) -> Result<(), Box<Answer>> {
        let bearer = headers.get("authorization").and_then(|value| value.to_str().ok());
        match bearer.and_then(|value| value.strip_prefix("Bearer ")) {
            Some(TOKEN) => Ok(()),
            Some(OTHER) if self.is(Fault::TakesOtherTokens) => Ok(()),
            Some(OTHER) => Err(Box::new(self.problem(403))),
            _ => {
                let mut answer = self.problem(401);
                if !self.is(Fault::NoChallenge) {
                    let challenge = HeaderValue::from_static("Bearer realm=\"class\"");
                    answer.headers_mut().insert("www-authenticate", challenge);
                }
                if self.is(Fault::LinksForStrangers) {
                    answer
                        .headers_mut()
                        .insert("link", HeaderValue::from_static(ICE_SERVERS));
                }
                Err(Box::new(answer))
            }
        }
    }

    fn options(&self, methods: &str) -> Answer {
        let allowed = if self.is(Fault::StarForAuthorization) {
            "*"
        } else {
            "authorization, content-type, if-match"
        };
        let mut headers = vec![
            ("access-control-allow-methods", methods),
            ("access-control-allow-headers", allowed),
        ];
        if !self.is(Fault::NoAcceptPost) {
            headers.push(("accept-post", "application/sdp"));
        }
        if self.is(Fault::CredentialsOnPreflight) {
            headers.push(("link", ICE_SERVERS));
        }
        reply(204, if self.is(Fault::NoCors) { &[] } else { &headers }, "")
    }

    fn endpoint(
        &self,
        is_viewer: bool,
        method: &Method,
        headers: &HeaderMap,
        body: &Bytes,
        query: Option<&str>,
    ) -> Answer {
        match *method {
            Method::GET if self.is(Fault::GetIsMissing) => reply(404, &[], ""),
            Method::HEAD if is_viewer && !self.is(Fault::NoHead) => {
                reply(200, &[("content-type", "application/sdp")], "")
            }
            Method::GET | Method::HEAD => reply(204, &[], ""),
            Method::OPTIONS => self.options("OPTIONS, GET, HEAD, POST"),
            Method::POST => match self.access(headers) {
                Err(refusal) => *refusal,
                Ok(()) if self.is(Fault::OverloadedWithoutRetryAfter) && body.len() < 10 => reply(503, &[], ""),
                Ok(()) if is_viewer && query == Some("wait=false") => self.conflict(),
                Ok(()) => self.post(is_viewer, headers, body),
            },
            _ => reply(405, &[], ""),
        }
    }

    fn conflict(&self) -> Answer {
        let headers: &[_] = if self.is(Fault::ConflictWithoutRetryAfter) {
            &[]
        } else {
            &[("retry-after", "2")]
        };
        reply(409, headers, "")
    }

    fn post(&self, is_viewer: bool, headers: &HeaderMap, body: &Bytes) -> Answer {
        if !self.is_type(headers, "application/sdp", Fault::TakesAnyType) {
            return self.problem(415);
        }
        if is_viewer && body.is_empty() {
            return self.counter_offer();
        }
        let text = match std::str::from_utf8(body) {
            Ok(text) => text,
            Err(_) if self.is(Fault::CrashesOnGarbage) => return reply(500, &[], ""),
            Err(_) => return self.problem(400),
        };
        match self.negotiate(is_viewer, text) {
            Ok(answer) => self.created(is_viewer, &answer),
            Err(status) => self.problem(status),
        }
    }

    /// Opens a session and gives its name.
    fn open(&self, has_offered: bool) -> (String, Session) {
        let mut sessions = self.sessions.lock().unwrap();
        sessions.opened += 1;
        let number = sessions.opened;
        let random = |salt: u64| {
            format!(
                "{:032x}",
                u128::from(number * 7919 + salt).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834)
            )
        };
        let id = if self.is(Fault::CountedAddresses) {
            format!("{number:032}")
        } else {
            random(1)
        };
        let session = Session {
            etag: if self.is(Fault::SameEtag) {
                "same".into()
            } else {
                random(2)
            },
            ufrag: random(3),
            pwd: random(4),
            has_offered,
        };
        sessions.open.insert(id.clone(), session.clone());
        (id, session)
    }

    fn created(&self, is_viewer: bool, answer: &str) -> Answer {
        let (id, session) = self.open(false);
        let answer = answer.replace("UFRAG", &session.ufrag).replace("PWD", &session.pwd);
        let etag = match self.fault {
            Fault::WeakEtag => format!("W/\"{}\"", session.etag),
            _ => format!("\"{}\"", session.etag),
        };
        let location = if self.is(Fault::LocationIsEndpoint) {
            "/whip".to_owned()
        } else {
            format!("/s/{id}")
        };
        let mut links = match self.fault {
            Fault::UnquotedLinks => "<turn:turn.example>; rel=ice-server; username=a:b c; credential=x".to_owned(),
            Fault::RelayWithoutCredential => "<turn:turn.example>; rel=\"ice-server\"; username=\"a\"".to_owned(),
            _ => ICE_SERVERS.to_owned(),
        };
        if is_viewer {
            links += &format!(
                ", </s/{id}/events>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; \
                 events=\"active,inactive,layers\", </s/{id}/layer>; rel=\"urn:ietf:params:whep:ext:core:layer\""
            );
        }
        let mut headers = vec![("content-type", "application/sdp"), ("link", links.as_str())];
        if !self.is(Fault::NoLocation) {
            headers.push(("location", &location));
        }
        if !self.is(Fault::NoEtag) {
            headers.push(("etag", &etag));
        }
        reply(201, &headers, answer)
    }

    fn session(&self, id: &str, method: &Method, headers: &HeaderMap, body: &Bytes) -> Answer {
        let is_open = self.is(Fault::PatchIsOpen) && *method == Method::PATCH
            || self.is(Fault::DeleteIsOpen) && *method == Method::DELETE;
        match *method {
            Method::GET if self.is(Fault::SessionGetHasBody) => return reply(200, &[], "here"),
            Method::GET => return reply(204, &[], ""),
            Method::OPTIONS => return self.options("OPTIONS, GET, PATCH, DELETE"),
            _ => {}
        }
        if !is_open && let Err(refusal) = self.access(headers) {
            return *refusal;
        }
        let Some(session) = self.sessions.lock().unwrap().open.get(id).cloned() else {
            return self.problem(404);
        };
        match *method {
            Method::DELETE => self.delete(id, &session, headers),
            Method::PATCH => self.patch(id, session, headers, body),
            _ => reply(405, &[], ""),
        }
    }

    fn delete(&self, id: &str, session: &Session, headers: &HeaderMap) -> Answer {
        let tag = headers.get("if-match").and_then(|tag| tag.to_str().ok());
        if self.is(Fault::DeleteHeedsIfMatch) && tag.is_some_and(|tag| tag.trim_matches('"') != session.etag) {
            return self.problem(412);
        }
        if !self.is(Fault::DeleteEndsNothing) {
            self.sessions.lock().unwrap().open.remove(id);
        }
        reply(if self.is(Fault::DeleteIsNoContent) { 204 } else { 200 }, &[], "")
    }

    fn events(&self, id: &str, method: &Method, body: &Bytes) -> Answer {
        if *method == Method::GET {
            return if self.is(Fault::NoBareEvents) {
                reply(405, &[], "")
            } else {
                self.event_stream()
            };
        }
        let names: Vec<String> = serde_json::from_slice(body).unwrap_or_default();
        let known = |name: &String| ["active", "inactive", "layers"].contains(&name.as_str());
        if !names.iter().all(known) && !self.is(Fault::TakesUnknownEvents) {
            return self.problem(400);
        }
        let mut sessions = self.sessions.lock().unwrap();
        sessions.streams.insert("1".into(), id.to_owned());
        reply(201, &[("location", &format!("/s/{id}/events/1"))], "")
    }

    fn stream(&self, id: &str, stream: &str, method: &Method) -> Answer {
        let mut sessions = self.sessions.lock().unwrap();
        if sessions.streams.get(stream).is_none_or(|owner| owner != id) {
            return self.problem(404);
        }
        if *method == Method::DELETE {
            if !self.is(Fault::EventsOutliveDelete) {
                sessions.streams.remove(stream);
            }
            return reply(200, &[], "");
        }
        self.event_stream()
    }

    fn event_stream(&self) -> Answer {
        let media_type = if self.is(Fault::EventsAreNoStream) {
            "application/json"
        } else {
            "text/event-stream"
        };
        let mut answer = reply(200, &[("content-type", media_type)], "");
        *answer.body_mut() = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
        answer
    }

    fn layer(&self, body: &Bytes) -> Answer {
        let wish: Option<serde_json::Value> = serde_json::from_slice(body).ok();
        match wish {
            None if self.is(Fault::LayersTakeAnything) => reply(200, &[], ""),
            None => self.problem(400),
            Some(wish) if self.is(Fault::LayersNeedAName) && wish.get("rid").is_none() => self.problem(422),
            Some(_) => reply(200, &[], ""),
        }
    }

    fn is_type(&self, headers: &HeaderMap, wanted: &str, lax: Fault) -> bool {
        let given = headers
            .get("content-type")
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        if self.is(Fault::StrictMediaType) {
            return given == wanted;
        }
        self.is(lax)
            || given
                .split(';')
                .next()
                .is_some_and(|given| given.trim().eq_ignore_ascii_case(wanted))
    }
}

const ICE_SERVERS: &str = "<stun:stun.example>; rel=\"ice-server\", \
    <turn:turn.example?transport=udp>; rel=\"ice-server\"; username=\"u\"; credential=\"c:d\"; credential-type=\"password\"";

fn reply(status: u16, headers: &[(&'static str, &str)], body: impl Into<Body>) -> Answer {
    let mut answer = Response::new(body.into());
    *answer.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        let name = HeaderName::from_static(name);
        answer.headers_mut().append(name, HeaderValue::from_str(value).unwrap());
    }
    answer
}
