//! The description of the API (OpenAPI 3.1), put together from the handlers' own attributes.

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::routing::get;
use bytes::Bytes;
use utoipa::openapi::OpenApi as Document;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Where the description is.
const ADDRESS: &str = "/api/openapi.json";

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
        (name = "conversation", description = "Chat, reactions, raised hands, polls and questions; the WebSocket"),
        (name = "analytics", description = "How classes are watched"),
        (name = "calendar", description = "Classes as calendar files and feeds"),
        (name = "instructor", description = "Classes as their instructors run them"),
        (name = "media", description = "Connections of publishers (WHIP, RFC 9725) and viewers (WHEP); OPTIONS, HEAD and \
                                        CORS as these have it"),
        (name = "recordings", description = "Replays"),
        (name = "enrolments", description = "Rights to classes"),
        (name = "tokens", description = "What classes are paid with"),
        (name = "admin", description = "For admins"),
        (name = "operations", description = "For load balancers"),
    ),
    modifiers(&MediaToken),
)]
pub struct Api;

/// How publishers and viewers show their right.
struct MediaToken;

impl Modify for MediaToken {
    fn modify(&self, document: &mut Document) {
        let bearer = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A stream key, or a token of …/publish-token or …/watch-token"))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("media_token", SecurityScheme::Http(bearer));
    }
}

/// The routes that serve `document`, and a page to try it: all of it from this binary, within the rules for our pages.
pub fn router<S: Clone + Send + Sync + 'static>(document: &Document) -> Router<S> {
    let json = Bytes::from(document.to_pretty_json().expect("the document is plain JSON"));
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-cache")];
    let page = SwaggerUi::new("/docs").config(
        Config::new([ADDRESS])
            .validator_url("none") // or it asks a server on the internet
            .try_it_out_enabled(true)
            .display_request_duration(true),
    );
    Router::new()
        .route(ADDRESS, get(move || async move { (headers, json) }))
        .merge(page)
}
