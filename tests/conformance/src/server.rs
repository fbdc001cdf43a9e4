//! The server that is graded, as its HTTP requests and answers.

use crate::rule::{Miss, Outcome, broken, unknown};
use crate::session::Session;
use crate::target::{Kind, Target};
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Method, StatusCode, redirect};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::{Duration, Instant};
use url::Url;

/// The media type of offers and answers.
pub(crate) const SDP: &str = "application/sdp";
/// The media type of what comes later.
pub(crate) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// An answer takes no longer.
const PATIENCE: Duration = Duration::from_secs(15);
/// How long to wait in all for a server that limits the rate of requests.
const POLITE_WAIT: Duration = Duration::from_secs(60);
/// How often to follow a redirection.
const HOPS: usize = 5;

/// One endpoint, and how to speak with it.
pub(crate) struct Server {
    pub(crate) kind: Kind,
    pub(crate) url: Url,
    pub(crate) token: Option<String>,
    pub(crate) other_token: Option<String>,
    pub(crate) log: Option<PathBuf>,
    /// Where the same stream is published.
    pub(crate) publish: Option<Box<Server>>,
    http: reqwest::Client,
    /// What looked wrong in any answer at all: for the rules about every answer.
    odd: Mutex<Vec<String>>,
}

/// A request that is being made.
pub(crate) struct Ask<'a> {
    server: &'a Server,
    method: Method,
    url: Url,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    is_patient: bool,
    is_head_only: bool,
}

/// What the server answered.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    /// Where the answer came from.
    pub(crate) url: Url,
    pub(crate) took: Duration,
}

impl Server {
    pub(crate) fn new(target: &Target) -> Server {
        let publish = target.publish.as_ref().map(|(url, token)| {
            let mut target = Target::new(Kind::Whip, url.clone());
            target.token.clone_from(token);
            Box::new(Server::new(&target))
        });
        Server {
            kind: target.kind,
            url: target.url.clone(),
            token: target.token.clone(),
            other_token: target.other_token.clone(),
            log: target.log.clone(),
            publish,
            http: reqwest::Client::builder()
                .redirect(redirect::Policy::none())
                .timeout(PATIENCE)
                .build()
                .expect("the settings are constant, and good"),
            odd: Mutex::default(),
        }
    }

    /// A good offer for this kind of endpoint.
    pub(crate) fn offer(&self) -> String {
        match self.kind {
            Kind::Whip => crate::offer::publish(),
            Kind::Whep => crate::offer::view(),
        }
    }

    /// A request that shows the token.
    pub(crate) fn ask(&self, method: Method, url: &Url) -> Ask<'_> {
        let mut ask = Ask {
            server: self,
            method,
            url: url.clone(),
            headers: Vec::new(),
            body: Vec::new(),
            is_patient: true,
            is_head_only: false,
        };
        if let Some(token) = &self.token {
            ask.headers.push(("authorization", format!("Bearer {token}")));
        }
        ask
    }

    /// The POST of an offer. Redirections that keep the method are followed.
    pub(crate) async fn post(&self, offer: &str) -> Outcome<Reply> {
        let mut url = self.url.clone();
        for _ in 0..HOPS {
            let reply = self.ask(Method::POST, &url).body(SDP, offer).send().await?;
            let next = reply.header("location").and_then(|to| reply.url.join(to).ok());
            match (reply.status.as_u16(), next) {
                (307 | 308, Some(next)) => url = next,
                _ => return Ok(reply),
            }
        }
        broken(format!("redirected more than {HOPS} times"))
    }

    /// Opens a session that a rule needs. That this works is a rule of its own.
    pub(crate) async fn open(&self, offer: &str) -> Outcome<Session<'_>> {
        let reply = self.post(offer).await?;
        match Session::read(self, offer, &reply) {
            Ok(session) => Ok(session),
            Err(Miss::Broken(why) | Miss::Unknown(why)) => unknown(format!("no session to try it on: {why}")),
        }
    }

    /// Tries something on a session, and closes it whatever comes.
    pub(crate) async fn with_session(&self, offer: &str, check: impl AsyncFnOnce(&Session<'_>) -> Outcome) -> Outcome {
        let session = self.open(offer).await?;
        let outcome = check(&session).await;
        session.close().await;
        outcome
    }

    /// What looked wrong in any answer so far.
    pub(crate) fn odd(&self) -> Vec<String> {
        self.odd.lock().expect("no thread panics with it").clone()
    }

    /// Remembers what no answer may be, whatever was asked (RFC 9725 section 4.5).
    fn look_at(&self, method: &Method, reply: &Reply) {
        let status = reply.status.as_u16();
        let oddity = match status {
            301 | 302 => Some("sends a client elsewhere in a way that turns POST into GET"),
            503 if reply.header("retry-after").is_none() => Some("without Retry-After"),
            _ => None,
        };
        if let Some(oddity) = oddity {
            let text = format!("{status} to {method}: {oddity}");
            self.odd.lock().expect("no thread panics with it").push(text);
        }
    }
}

impl Ask<'_> {
    pub(crate) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE_NAME, media_type)
    }

    /// Shows this token, or none, in place of the right one.
    pub(crate) fn token(mut self, token: Option<&str>) -> Self {
        self.headers.retain(|(name, _)| *name != AUTHORIZATION.as_str());
        match token {
            Some(token) => self.header("authorization", format!("Bearer {token}")),
            None => self,
        }
    }

    /// Takes 429 for an answer, where others wait and try again.
    pub(crate) fn at_once(mut self) -> Self {
        self.is_patient = false;
        self
    }

    /// Leaves the body unread: an event stream never ends.
    pub(crate) fn head_only(mut self) -> Self {
        self.is_head_only = true;
        self
    }

    /// # Errors
    /// When no answer comes: no request may leave a client without one.
    pub(crate) async fn send(self) -> Outcome<Reply> {
        let began = Instant::now();
        loop {
            let reply = self.once().await?;
            self.server.look_at(&self.method, &reply);
            let wait = Duration::from_secs(reply.number(RETRY_AFTER.as_str()).unwrap_or(1).max(1));
            let is_limited = reply.status == StatusCode::TOO_MANY_REQUESTS;
            if !is_limited || !self.is_patient || began.elapsed() + wait > POLITE_WAIT {
                return Ok(reply);
            }
            tokio::time::sleep(wait).await;
        }
    }

    async fn once(&self) -> Outcome<Reply> {
        let mut request = self.server.http.request(self.method.clone(), self.url.clone());
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !self.body.is_empty() {
            request = request.body(self.body.clone());
        } else if self.method == Method::POST || self.method == Method::PATCH {
            request = request.header("content-length", "0");
        }
        let silent = |error: reqwest::Error| Miss::Broken(format!("no answer to {}: {}", self.method, causes(&error)));
        let began = Instant::now();
        let response = request.send().await.map_err(silent)?;
        let (status, headers, url) = (response.status(), response.headers().clone(), response.url().clone());
        let body = if self.is_head_only {
            Vec::new()
        } else {
            response.bytes().await.map_err(silent)?.to_vec()
        };
        Ok(Reply {
            status,
            headers,
            body,
            url,
            took: began.elapsed(),
        })
    }
}

/// An error and what caused it. The address is left out: it may be secret.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

const CONTENT_TYPE_NAME: &str = "content-type";

impl Reply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    fn number(&self, name: &str) -> Option<u64> {
        self.header(name)?.trim().parse().ok()
    }

    /// All values of a header that may come more than once, or as a list.
    pub(crate) fn list(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter();
        let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
        texts.join(", ")
    }

    /// The media type without its parameters, in small letters.
    pub(crate) fn media_type(&self) -> String {
        let value = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        let essence = value.unwrap_or_default().split(';').next().unwrap_or_default();
        essence.trim().to_ascii_lowercase()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    pub(crate) fn is(&self, status: u16) -> bool {
        self.status.as_u16() == status
    }

    /// Whether a client's fault is said to be the client's fault.
    pub(crate) fn is_refusal(&self) -> bool {
        self.status.is_client_error()
    }

    /// The status, and the start of what stands beside it when it is no success.
    pub(crate) fn brief(&self) -> String {
        let text = if self.status.is_success() {
            String::new()
        } else {
            self.text()
        };
        let text: String = text.chars().take(120).collect();
        format!("{} {text}", self.status.as_u16()).trim_end().to_owned()
    }
}
