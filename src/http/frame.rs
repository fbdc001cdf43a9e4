//! What every request passes through, from the outside in: id and log line, security headers, problem details, a
//! bounded time, a caught panic, compression.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{DefaultBodyLimit, MatchedPath, Request, State};
use axum::http::header::{
    AUTHORIZATION, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, HeaderName, HeaderValue, REFERRER_POLICY,
    RETRY_AFTER, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::middleware::{Next, from_fn_with_state, map_response};
use axum::response::Response;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate};
use tower_http::cors::CorsLayer;
use tower_http::csrf::CsrfLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::TimeoutLayer;
use tracing::{Instrument, Span, field};
use tracing_opentelemetry::OpenTelemetrySpanExt;

use super::{assets, problem};
use crate::App;
use crate::id;
use crate::metrics::requests::Requests;

/// Longest JSON body. Routes with longer ones set their own.
const BODY_BYTES: usize = 64 * 1024;

/// What a page of ours may load, beside pictures, media and answers; who may show it in a frame comes after it. `{own}` is
/// the script in the page itself. Styles there are its style sheet, and those of its components; hls.js runs a worker from
/// a `blob:`.
const CSP: &str = "default-src 'none'; script-src 'self'{own}; style-src 'self' 'unsafe-inline'; font-src 'self'; \
                   worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors ";

/// From where pictures, media and answers come besides: `{store}` is where the settings send players for replays. Media
/// comes from `blob:` (hls.js feeds the player through Media Source Extensions), thumbnails from wherever instructors say.
const CSP_SOURCES: &str = "; img-src 'self' data: blob: https:{store}; connect-src 'self'{store}; \
                           media-src 'self' blob:{store}";

const HEADERS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (
        HeaderName::from_static("permissions-policy"),
        "camera=(self), microphone=(self), display-capture=(self), geolocation=(), payment=()",
    ),
];

/// How long a browser remembers that a site may call us; more than two hours is cut by Chromium.
const PREFLIGHT_LIFETIME: Duration = Duration::from_secs(7200);

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Puts the frame around all routes.
pub fn around(router: Router, app: &App) -> Router {
    // media is compressed already; some WHIP clients want the length of the answer
    let compressible = DefaultPredicate::new()
        .and(NotForContentType::const_new("video/"))
        .and(NotForContentType::const_new("audio/"))
        .and(NotForContentType::const_new("application/sdp"));
    // innermost first
    router
        .layer(DefaultBodyLimit::max(BODY_BYTES))
        .layer(CatchPanicLayer::custom(problem::panicked))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::SERVICE_UNAVAILABLE,
            app.config.http.request_timeout,
        ))
        .layer(map_response(problem::complete))
        .layer(CompressionLayer::new().compress_when(compressible))
        .layer(from_fn_with_state(app.metrics.requests.clone(), identify))
        .layer(from_fn_with_state(Security::new(app), secure))
}

/// Refuses requests that change something and come from a page of another site. For routes that know the caller by
/// cookie; those with bearer tokens stay outside.
pub fn same_site_only<S: Clone + Send + Sync + 'static>(router: Router<S>, app: &App) -> anyhow::Result<Router<S>> {
    let mut csrf = CsrfLayer::new();
    if let Some(url) = &app.config.http.public_url {
        csrf = csrf.add_trusted_origin(url.origin().ascii_serialization())?;
    }
    for origin in app.config.embedding.origin_texts() {
        csrf = csrf.add_trusted_origin(origin)?;
    }
    Ok(router.layer(csrf.with_rejection_response(|_| problem::cross_site())))
}

/// Lets scripts in the pages of embedding sites call the API with the tokens of their users. Never with cookies: a browser
/// sends those of its own accord.
pub fn called_from_other_sites<S: Clone + Send + Sync + 'static>(router: Router<S>, app: &App) -> Router<S> {
    let origins: Vec<HeaderValue> = app
        .config
        .embedding
        .origin_texts()
        .filter_map(|origin| origin.parse().ok())
        .collect();
    if origins.is_empty() {
        return router;
    }
    let cors = CorsLayer::new()
        .allow_origin(origins)
        .allow_methods([Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers([AUTHORIZATION, CONTENT_TYPE, HeaderName::from_static("idempotency-key")])
        .expose_headers([RETRY_AFTER, REQUEST_ID])
        .max_age(PREFLIGHT_LIFETIME);
    router.layer(cors)
}

/// Keeps answers out of caches, unless they say otherwise themselves.
pub fn never_stored<S: Clone + Send + Sync + 'static>(router: Router<S>) -> Router<S> {
    router.layer(SetResponseHeaderLayer::if_not_present(
        CACHE_CONTROL,
        HeaderValue::from_static("no-store"),
    ))
}

/// Gives the request an id, writes one log line about it, and tells the id to the client. The path is logged as its
/// pattern: real ones hold capabilities (`/whip/{session}/{peer}`, `/media/…/{signature}/…`).
async fn identify(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let request_id = id::new().simple().to_string();
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("(none)", MatchedPath::as_str)
        .to_owned();
    let method = request.method().clone();
    let span = tracing::info_span!("request", id = %request_id, %method, route, "otel.name" = field::Empty, "otel.kind" = "server",
        "http.response.status_code" = field::Empty);
    span.record("otel.name", format!("{method} {route}"));
    belong_to_callers_trace(&span, request.headers());
    async move {
        let started = Instant::now();
        let mut response = next.run(request).await;
        let (status, took) = (response.status().as_u16(), started.elapsed());
        requests.note(&route, known(&method), status, took);
        Span::current().record("http.response.status_code", status);
        tracing::debug!(status, ms = took.as_millis(), "answered");
        response
            .headers_mut()
            .insert(REQUEST_ID, request_id.parse().expect("hexadecimal digits"));
        response
    }
    .instrument(span)
    .await
}

/// Where the caller says by `traceparent` (W3C Trace Context) that the request is part of something larger, it is, in
/// the traces. Without traces this does nothing.
fn belong_to_callers_trace(span: &Span, headers: &HeaderMap) {
    let Some(parent) = headers.get("traceparent").and_then(|value| value.to_str().ok()) else {
        return;
    };
    let carrier = HashMap::from([("traceparent".to_owned(), parent.to_owned())]);
    let _ = span.set_parent(TraceContextPropagator::new().extract(&carrier)); // fails where there are no traces
}

/// A method that a route may have; anybody can make others up.
fn known(method: &Method) -> &'static str {
    let all = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    all.into_iter()
        .find(|known| *known == method.as_str())
        .unwrap_or("other")
}

/// What the settings make of the security headers.
#[derive(Clone)]
struct Security {
    csp: HeaderValue,
    is_https: bool,
}

impl Security {
    fn new(app: &App) -> Security {
        let embedding: Vec<String> = app.config.embedding.origin_texts().collect();
        let ancestors = if embedding.is_empty() {
            "'none'".to_owned()
        } else {
            format!("'self' {}", embedding.join(" "))
        };
        let store = app.config.storage.redirects_to().map(|origin| format!(" {origin}"));
        let sources = CSP_SOURCES.replace("{store}", &store.unwrap_or_default());
        let rules = CSP.replace("{own}", &assets::own_scripts());
        Security {
            csp: HeaderValue::from_str(&format!("{rules}{ancestors}{sources}")).expect("origins are plain ASCII"),
            is_https: app.config.is_https(),
        }
    }
}

async fn secure(State(security): State<Security>, request: Request, next: Next) -> Response {
    let is_preflight = request.method() == Method::OPTIONS;
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    if !is_preflight {
        headers.entry(CONTENT_SECURITY_POLICY).or_insert(security.csp);
        for (name, value) in HEADERS {
            headers.entry(name).or_insert(HeaderValue::from_static(value));
        }
    }
    if security.is_https {
        headers.insert(STRICT_TRANSPORT_SECURITY, HeaderValue::from_static("max-age=31536000"));
    }
    response
}
