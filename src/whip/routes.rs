//! `/whip/{session}` and `/whep/{session}` to open a connection, and what follows at the address that it gets.

use super::{Caller, FRAGMENT, SDP, expect_type, precondition};
use crate::App;
use crate::accounts::User;
use crate::error::{Error, Result};
use crate::http::extract::{Bearer, MaybeUser, Origin, Params};
use crate::id::stream_of;
use crate::live::{Accepted, Patched, PeerInfo, Recording, Role};
use axum::Router;
use axum::extract::{FromRequestParts, Path, State};
use axum::http::StatusCode;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, HeaderValue,
    IF_MATCH, LOCATION, ORIGIN, RETRY_AFTER,
};
use axum::http::request::Parts;
use axum::middleware::map_response;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use bytes::Bytes;
use lectern_media::id::PeerId;
use serde::Deserialize;
use uuid::Uuid;

/// Seconds that a browser need not ask again what it may do.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("86400");

/// Routes of `/whip` and `/whep`. Pages of any site may use them: a bearer token is what counts.
pub fn router() -> Router<App> {
    Router::new()
        .route("/whip/{session}", endpoint().post(publish))
        .route(
            "/whip/{session}/{peer}",
            resource().patch(patch::<Whip>).delete(close::<Whip>),
        )
        .route("/whep/{session}", endpoint().post(view))
        .route(
            "/whep/{session}/{peer}",
            resource().patch(patch::<Whep>).delete(close::<Whep>),
        )
        .layer(map_response(allow_all_sites))
}

fn endpoint() -> MethodRouter<App> {
    let options = || async { preflight("OPTIONS, GET, HEAD, POST", "accept-post", SDP) };
    axum::routing::options(options).get(nothing_here).head(is_an_endpoint)
}

fn resource() -> MethodRouter<App> {
    let options = || async { preflight("OPTIONS, GET, HEAD, PATCH, DELETE", "accept-patch", FRAGMENT) };
    axum::routing::options(options).get(nothing_here)
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

async fn publish(
    State(app): State<App>,
    Session(session): Session,
    caller: Caller,
    headers: HeaderMap,
    offer: Bytes,
) -> Result<Response> {
    let session = caller.enter(&app, session, Role::Publisher).await?;
    expect_type(text(&headers, CONTENT_TYPE), SDP)?;
    let recording = if session.recording_enabled {
        Recording::Wanted
    } else {
        Recording::Off
    };
    let accepted = app.live.publish(stream_of(session.id), offer, recording).await?;
    Ok(created("whip", session.id, accepted))
}

#[derive(Debug, Deserialize)]
struct ViewParams {
    #[serde(default = "yes")]
    wait: bool,
}

fn yes() -> bool {
    true
}

async fn view(
    State(app): State<App>,
    Session(session): Session,
    Params(params): Params<ViewParams>,
    caller: Caller,
    headers: HeaderMap,
    offer: Bytes,
) -> Result<Response> {
    let session = caller.enter(&app, session, Role::Viewer).await?;
    expect_type(text(&headers, CONTENT_TYPE), SDP)?;
    let stream = stream_of(session.id);
    if !params.wait && !app.live.status(stream).publishing {
        let error = Error::Conflict {
            code: "not-publishing",
            detail: "nobody is broadcasting yet",
        };
        let retry = super::RETRY_AFTER.as_secs().to_string();
        return Ok(([(RETRY_AFTER, retry)], error).into_response());
    }
    let accepted = app.live.view(stream, offer).await?;
    Ok(created("whep", session.id, accepted))
}

/// RFC 9725 section 4.2. The body's length is told: some clients cannot read a chunked answer.
fn created(protocol: &str, session: Uuid, accepted: Accepted) -> Response {
    let Accepted { peer, answer, etag } = accepted;
    let headers = [
        (CONTENT_TYPE, SDP.to_owned()),
        (LOCATION, format!("/{protocol}/{session}/{peer}")),
        (ETAG, format!("\"{etag}\"")),
    ];
    (StatusCode::CREATED, headers, answer).into_response()
}

async fn patch<P: Protocol>(
    State(app): State<App>,
    Resource { session, peer }: Resource,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    caller.touch(&app, session, P::ROLE).await?;
    find::<P>(&app, session, peer)?;
    expect_type(text(&headers, CONTENT_TYPE), FRAGMENT)?;
    match app
        .live
        .patch(peer, body, precondition(text(&headers, IF_MATCH)))
        .await?
    {
        Patched::Trickled => Ok(StatusCode::NO_CONTENT.into_response()),
        Patched::Restarted { fragment, etag } => {
            let headers = [(CONTENT_TYPE, FRAGMENT.to_owned()), (ETAG, format!("\"{etag}\""))];
            Ok((headers, fragment).into_response())
        }
    }
}

async fn close<P: Protocol>(
    State(app): State<App>,
    Resource { session, peer }: Resource,
    caller: Caller,
) -> Result<StatusCode> {
    caller.touch(&app, session, P::ROLE).await?;
    find::<P>(&app, session, peer)?;
    if app.live.close(peer).await {
        Ok(StatusCode::OK)
    } else {
        Err(Error::NotFound("connection"))
    }
}

fn find<P: Protocol>(app: &App, session: Uuid, peer: PeerId) -> Result<PeerInfo> {
    app.live
        .owner(peer)
        .filter(|info| info.stream == stream_of(session) && info.role == P::ROLE)
        .ok_or(Error::NotFound("connection"))
}

/// RFC 9725 section 4.1 leaves GET to the future.
async fn nothing_here() -> StatusCode {
    StatusCode::NO_CONTENT
}

async fn is_an_endpoint() -> impl IntoResponse {
    [(CONTENT_TYPE, SDP)]
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

fn text(headers: &HeaderMap, name: HeaderName) -> Option<&str> {
    headers.get(name)?.to_str().ok()
}

/// The session in the path.
struct Session(Uuid);

impl FromRequestParts<App> for Session {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Session> {
        let path = Path::<Uuid>::from_request_parts(parts, app).await;
        path.map(|Path(id)| Session(id)).map_err(|_| Error::NotFound("session"))
    }
}

/// The connection in the path.
struct Resource {
    session: Uuid,
    peer: PeerId,
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
