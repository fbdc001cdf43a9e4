//! The description of the API (OpenAPI 3.1), put together from the handlers' own attributes.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;
use bytes::Bytes;
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as Document;

/// Title, version and sections; the routes add themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Lectern",
        description = "Self-hosted live classes. Errors are problem details (RFC 9457); times are RFC 3339 in UTC. \
                       Browsers sign in by the cookie that `/api/auth/login` sets.",
    ),
    tags(
        (name = "accounts", description = "Signing up, in and out"),
        (name = "sessions", description = "Classes as viewers see them"),
        (name = "instructor", description = "Classes as their instructors run them"),
        (name = "recordings", description = "Replays"),
        (name = "enrolments", description = "Rights to classes"),
        (name = "tokens", description = "What classes are paid with"),
        (name = "admin", description = "For admins"),
        (name = "operations", description = "For load balancers"),
    )
)]
pub struct Api;

/// The route that serves `document`.
pub fn router<S: Clone + Send + Sync + 'static>(document: &Document) -> Router<S> {
    let json = Bytes::from(document.to_pretty_json().expect("the document is plain JSON"));
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    Router::new().route("/api/openapi.json", get(move || async move { (headers, json) }))
}
