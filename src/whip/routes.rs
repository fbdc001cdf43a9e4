//! `/whip/{session}` and `/whep/{session}` to open a connection, and what follows at the address that it gets.

use super::{Caller, FRAGMENT, SDP, expect_type, limits, links, precondition, text};
use crate::App;
use crate::accounts::User;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::extract::{Bearer, ClientAddress, MaybeUser, Origin, Params};
use crate::http::problem::Problem;
use crate::id::stream_of;
use crate::live::{Accepted, OFFER_LIFETIME, Patched, PeerInfo, Recording, Role};
use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRequestParts, OriginalUri, Path, State};
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, CONTENT_TYPE, ETAG,
    HeaderMap, HeaderName, HeaderValue, IF_MATCH, LINK, LOCATION, ORIGIN, RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::http::{StatusCode, Uri};
use axum::middleware::{from_fn_with_state, map_response};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use bytes::Bytes;
use lectern_media::id::PeerId;
use serde::Deserialize;
use uuid::Uuid;

/// Seconds that a browser need not ask again what it may do.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("86400");

/// Adds what stands around the handlers: methods that the description of the API leaves out, limits, and headers for
/// pages of any site. A bearer token is what counts, so any page may ask.
pub fn complete(documented: Router<App>, app: &App) -> Router<App> {
    documented
        .route("/whip/{session}", endpoint::<Whip>())
        .route("/whep/{session}", endpoint::<Whep>())
        .route("/whip/{session}/{peer}", resource(FRAGMENT))
        .route("/whep/{session}/{peer}", resource(PATCHES))
        .route("/whep/{session}/{peer}/sse", extension("OPTIONS, GET, HEAD, POST"))
        .route(
            "/whep/{session}/{peer}/sse/{stream}",
            extension("OPTIONS, GET, HEAD, DELETE"),
        )
        .route("/whep/{session}/{peer}/layer", extension("OPTIONS, POST"))
        .layer(DefaultBodyLimit::max(app.config.media.max_sdp_bytes))
        .layer(from_fn_with_state(app.clone(), limits::count_failures))
        .layer(map_response(allow_all_sites))
}

/// What a viewer may PATCH.
const PATCHES: &str = "application/trickle-ice-sdpfrag, application/sdp";

fn endpoint<P: Protocol>() -> MethodRouter<App> {
    axum::routing::options(about_endpoint::<P>)
        .get(nothing_here)
        .head(is_an_endpoint)
}

fn resource(patches: &'static str) -> MethodRouter<App> {
    let options = move || async move { preflight("OPTIONS, GET, HEAD, PATCH, DELETE", "accept-patch", patches) };
    axum::routing::options(options).get(nothing_here)
}

fn extension(methods: &'static str) -> MethodRouter<App> {
    axum::routing::options(move || async move { preflight(methods, "accept-post", "application/json") })
}

/// Which of the two protocols an address belongs to.
trait Protocol: Send + 'static {
    const ROLE: Role;
}

struct Whip;
struct Whep;

impl Protocol for Whip {
    const ROLE: Role = Role::Publisher;
}

impl Protocol for Whep {
    const ROLE: Role = Role::Viewer;
}

/// Publishes into a session (WHIP, RFC 9725)
#[utoipa::path(post, path = "/whip/{session}", tag = "media", operation_id = "whip_publish",
    params(("session" = Uuid, Path)), request_body(content = String, content_type = "application/sdp"),
    security(("media_token" = [])), responses(
    (status = 201, body = String, content_type = "application/sdp",
        headers(("Location" = String), ("ETag" = String), ("Link" = String))),
    (status = 307, headers(("Location" = String))), (status = 503, headers(("Retry-After" = String))),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn publish(
    State(app): State<App>,
    Session(session): Session,
    OriginalUri(uri): OriginalUri,
    ClientAddress(from): ClientAddress,
    caller: Caller,
    headers: HeaderMap,
    offer: Bytes,
) -> Result<Response> {
    app.whip.limits.open(from, caller.bearer.as_deref())?;
    if let Some(elsewhere) = elsewhere(&app, &uri)? {
        return Ok(elsewhere);
    }
    let cuts = app.live.cuts();
    let session = caller.enter(&app, session, Role::Publisher).await?;
    expect_type(text(&headers, CONTENT_TYPE), SDP)?;
    let recording = if session.recording_enabled {
        Recording::Wanted
    } else {
        Recording::Off
    };
    let accepted = app.live.publish(stream_of(session.id), offer, recording).await?;
    caller
        .confirm(&app, session.id, Role::Publisher, cuts, accepted.peer)
        .await?;
    let at = format!("/whip/{}/{}", session.id, accepted.peer);
    let mut response = describe(&app, StatusCode::CREATED, SDP.to_owned(), &at, accepted);
    link(&mut response, links::ice_servers(&app));
    Ok(response)
}

/// What a viewer may say after the `?`.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ViewParams {
    /// Whether the connection waits for a publisher that is not there yet; true if not given.
    #[serde(default = "yes")]
    wait: bool,
    /// `server`: the server makes the offer, whatever the body says.
    #[param(inline)]
    offer: Option<Offerer>,
}

/// Who makes the offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Offerer {
    /// The viewer, as it is usual.
    Client,
    /// The server.
    Server,
}

fn yes() -> bool {
    true
}

/// Watches a session (WHEP, draft-ietf-wish-whep)
///
/// Without a body the server makes the offer (406), and the answer is to come by PATCH.
#[utoipa::path(post, path = "/whep/{session}", tag = "media", operation_id = "whep_view",
    params(("session" = Uuid, Path), ViewParams), request_body(content = String, content_type = "application/sdp"),
    security((), ("media_token" = [])), responses(
    (status = 201, body = String, content_type = "application/sdp",
        headers(("Location" = String), ("ETag" = String), ("Link" = String))),
    (status = 406, body = String, content_type = "application/sdp", description = "The server's offer",
        headers(("Location" = String), ("ETag" = String), ("Link" = String))),
    (status = 307, headers(("Location" = String))), (status = 503, headers(("Retry-After" = String))),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub async fn view(
    State(app): State<App>,
    Session(session): Session,
    OriginalUri(uri): OriginalUri,
    Params(params): Params<ViewParams>,
    ClientAddress(from): ClientAddress,
    caller: Caller,
    headers: HeaderMap,
    offer: Bytes,
) -> Result<Response> {
    app.whip.limits.open(from, caller.bearer.as_deref())?;
    if let Some(elsewhere) = elsewhere(&app, &uri)? {
        return Ok(elsewhere);
    }
    let cuts = app.live.cuts();
    let session = caller.enter(&app, session, Role::Viewer).await?;
    let content_type = text(&headers, CONTENT_TYPE);
    if content_type.is_some() || !offer.is_empty() {
        expect_type(content_type, SDP)?;
    }
    let stream = stream_of(session.id);
    if !params.wait && !app.live.status(stream).publishing {
        let error = Error::Conflict {
            code: "not-publishing",
            detail: "nobody is broadcasting yet",
        };
        let retry = super::RETRY_AFTER.as_secs().to_string();
        return Ok(([(RETRY_AFTER, retry)], error).into_response());
    }
    let we_offer = offer.is_empty() || params.offer == Some(Offerer::Server);
    let viewer = caller.viewer(&app);
    let accepted = if we_offer {
        app.live.offer_view(stream, viewer).await?
    } else {
        app.live.view(stream, offer, viewer).await?
    };
    let peer = accepted.peer;
    caller.confirm(&app, session.id, Role::Viewer, cuts, peer).await?;
    let at = format!("/whep/{}/{peer}", session.id);
    let mut response = if we_offer {
        let content_type = format!("{SDP}; valid-until=\"{}\"", offer_end());
        describe(&app, StatusCode::NOT_ACCEPTABLE, content_type, &at, accepted)
    } else {
        let mut response = describe(&app, StatusCode::CREATED, SDP.to_owned(), &at, accepted);
        link(&mut response, links::ice_servers(&app));
        response
    };
    link(&mut response, links::extensions(&app, session.id, peer));
    Ok(response)
}

/// When an offer that the server makes now is void, as an HTTP-date (RFC 9110 section 5.6.7).
fn offer_end() -> String {
    let seconds = i64::try_from(OFFER_LIFETIME.as_secs()).unwrap_or(i64::MAX);
    let end = Ts::now().plus_s(seconds).timestamp();
    end.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// Where a new connection has to go, when this server takes none any more.
///
/// # Errors
/// 503 when it is to wait.
fn elsewhere(app: &App, uri: &Uri) -> Result<Option<Response>> {
    if !app.live.draining().is_cancelled() && !app.shutdown.is_cancelled() {
        return Ok(None);
    }
    let Some(url) = &app.config.media.drain_to else {
        return Err(super::unavailable("the server is being restarted"));
    };
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let location = format!("{}{path}", url.origin().ascii_serialization());
    Ok(Some(
        (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, location)]).into_response(),
    ))
}

/// RFC 9725 section 4.2. The body's length is told: some clients cannot read a chunked answer.
fn describe(app: &App, status: StatusCode, content_type: String, at: &str, accepted: Accepted) -> Response {
    let headers = [
        (CONTENT_TYPE, content_type),
        (LOCATION, links::address(app, at)),
        (ETAG, format!("\"{}\"", accepted.etag)),
    ];
    (status, headers, accepted.answer).into_response()
}

fn link(response: &mut Response, links: impl Iterator<Item = HeaderValue>) {
    response.headers_mut().extend(links.map(|value| (LINK, value)));
}

/// Sends candidates of a publisher, or restarts its ICE session
#[utoipa::path(patch, path = "/whip/{session}/{peer}", tag = "media", operation_id = "whip_patch",
    params(("session" = Uuid, Path), ("peer" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = String, content_type = "application/trickle-ice-sdpfrag"),
    security(("media_token" = [])), responses(
    (status = 204), (status = 200, body = String, content_type = "application/trickle-ice-sdpfrag",
        headers(("ETag" = String))),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn patch_publisher(
    State(app): State<App>,
    Resource { session, peer }: Resource,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    allow_patch(&app, session, peer, Role::Publisher, &caller).await?;
    patch(&app, peer, &headers, body).await
}

/// Sends candidates of a viewer, restarts its ICE session, or answers the server's offer
#[utoipa::path(patch, path = "/whep/{session}/{peer}", tag = "media", operation_id = "whep_patch",
    params(("session" = Uuid, Path), ("peer" = String, Path), ("If-Match" = Option<String>, Header)),
    request_body(content = String, content_type = "application/trickle-ice-sdpfrag"),
    security((), ("media_token" = [])), responses(
    (status = 204), (status = 200, body = String, content_type = "application/trickle-ice-sdpfrag",
        headers(("ETag" = String))),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn patch_viewer(
    State(app): State<App>,
    Resource { session, peer }: Resource,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    allow_patch(&app, session, peer, Role::Viewer, &caller).await?;
    if expect_type(text(&headers, CONTENT_TYPE), SDP).is_err() {
        return patch(&app, peer, &headers, body).await;
    }
    app.live
        .answer(peer, body, precondition(text(&headers, IF_MATCH)))
        .await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

async fn allow_patch(app: &App, session: Uuid, peer: PeerId, role: Role, caller: &Caller) -> Result<()> {
    caller.touch(app, session, role).await?;
    find(app, session, peer, role)?;
    app.whip.limits.patch(peer)
}

async fn patch(app: &App, peer: PeerId, headers: &HeaderMap, body: Bytes) -> Result<Response> {
    expect_type(text(headers, CONTENT_TYPE), FRAGMENT)?;
    let condition = precondition(text(headers, IF_MATCH));
    match app.live.patch(peer, body, condition).await? {
        Patched::Trickled => Ok(StatusCode::NO_CONTENT.into_response()),
        Patched::Restarted { fragment, etag } => {
            let headers = [(CONTENT_TYPE, FRAGMENT.to_owned()), (ETAG, format!("\"{etag}\""))];
            Ok((headers, fragment).into_response())
        }
    }
}

/// Ends a publisher's connection
#[utoipa::path(delete, path = "/whip/{session}/{peer}", tag = "media", operation_id = "whip_close",
    params(("session" = Uuid, Path), ("peer" = String, Path)), security(("media_token" = [])), responses(
    (status = 200), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn close_publisher(State(app): State<App>, resource: Resource, caller: Caller) -> Result<StatusCode> {
    close(&app, resource, Role::Publisher, &caller).await
}

/// Ends a viewer's connection
#[utoipa::path(delete, path = "/whep/{session}/{peer}", tag = "media", operation_id = "whep_close",
    params(("session" = Uuid, Path), ("peer" = String, Path)), security((), ("media_token" = [])), responses(
    (status = 200), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn close_viewer(State(app): State<App>, resource: Resource, caller: Caller) -> Result<StatusCode> {
    close(&app, resource, Role::Viewer, &caller).await
}

async fn close(app: &App, at: Resource, role: Role, caller: &Caller) -> Result<StatusCode> {
    caller.touch(app, at.session, role).await?;
    find(app, at.session, at.peer, role)?;
    if app.live.close(at.peer).await {
        Ok(StatusCode::OK)
    } else {
        Err(Error::NotFound("connection"))
    }
}

/// The connection, if it belongs to this session and role.
pub(super) fn find(app: &App, session: Uuid, peer: PeerId, role: Role) -> Result<PeerInfo> {
    app.live
        .owner(peer)
        .filter(|info| info.stream == stream_of(session) && info.role == role)
        .ok_or(Error::NotFound("connection"))
}

/// RFC 9725 section 4.1 leaves GET to the future.
async fn nothing_here() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn is_an_endpoint() -> impl IntoResponse {
    [(CONTENT_TYPE, SDP)]
}

/// A browser's question before a request, or a client's that shows a token: that one is told the ICE servers.
async fn about_endpoint<P: Protocol>(
    State(app): State<App>,
    Session(session): Session,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response> {
    let mut response = preflight("OPTIONS, GET, HEAD, POST", "accept-post", SDP);
    let shows_something = caller.bearer.is_some() || caller.user.is_some();
    if shows_something && !headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD) {
        caller.enter(&app, session, P::ROLE).await?;
        link(&mut response, links::ice_servers(&app));
    }
    Ok(response)
}

fn preflight(methods: &'static str, accepts: &'static str, media_type: &'static str) -> Response {
    let headers = [
        (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods)),
        (
            ACCESS_CONTROL_ALLOW_HEADERS,
            HeaderValue::from_static("authorization, content-type, if-match"),
        ),
        (ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE),
        (HeaderName::from_static(accepts), HeaderValue::from_static(media_type)),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn allow_all_sites(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    let exposed = HeaderValue::from_static("location, etag, link, accept-post, accept-patch, retry-after");
    headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
    response
}

/// The session in the path.
pub struct Session(Uuid);

impl FromRequestParts<App> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Session> {
        let path = Path::<Uuid>::from_request_parts(parts, app).await;
        path.map(|Path(id)| Session(id)).map_err(|_| Error::NotFound("session"))
    }
}

/// The connection in the path.
pub struct Resource {
    /// The session.
    pub(super) session: Uuid,
    /// The connection's secret name.
    pub(super) peer: PeerId,
}

impl FromRequestParts<App> for Resource {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Resource> {
        let path = Path::<(Uuid, String)>::from_request_parts(parts, app).await;
        let Path((session, peer)) = path.map_err(|_| Error::NotFound("connection"))?;
        let peer = peer.parse().map_err(|_| Error::NotFound("connection"))?;
        Ok(Resource { session, peer })
    }
}

impl FromRequestParts<App> for Caller {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Caller> {
        let bearer = <Option<Bearer>>::from_request_parts(parts, app).await?;
        Ok(Caller {
            bearer: bearer.map(|Bearer(token)| token),
            user: user_of_our_page(parts, app).await?,
        })
    }
}

/// A cookie counts only for our own pages; other sites show a token.
async fn user_of_our_page(parts: &mut Parts, app: &App) -> Result<Option<User>> {
    if let Some(page) = parts.headers.get(ORIGIN).cloned() {
        let ours = Origin::from_request_parts(parts, app).await?;
        if page.as_bytes() != ours.join("").as_bytes() {
            return Ok(None);
        }
    }
    let MaybeUser(user) = MaybeUser::from_request_parts(parts, app).await?;
    Ok(user)
}
