//! HTTP of replays: the master playlist by the caller's right, everything else by signature.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_NONE_MATCH, RANGE,
};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tower_http::cors::{Any, CorsLayer};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::files::{self, Kind};
use super::playlists;
use super::signature::MediaGrant;
use crate::App;
use crate::db::Ts;
use crate::enrolments::Watched;
use crate::error::{Error, Result};
use crate::http::extract::{Id, MaybeUser};
use crate::http::problem::Problem;
use crate::sessions::access;

/// RFC 8216 section 4.
const HLS: &str = "application/vnd.apple.mpegurl";

/// Gives the replay's master playlist, with signed addresses; of a live session what was recorded so far
#[utoipa::path(get, path = "/api/live/sessions/{id}/hls/master.m3u8", tag = "recordings",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = String, content_type = "application/vnd.apple.mpegurl"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn master(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Response> {
    let session = access::authorize_replay(&app, id, user.as_ref()).await?;
    let now = Ts::now();
    let end = session.recording_expires_at.filter(|end| *end > now); // those who may see it later are not cut off
    let prefix = MediaGrant::new(id, now, end).prefix(&app.keys.segments);
    let text = playlists::master(super::folder(&app, id), prefix, session.is_over()).await?;
    let what = if session.is_over() {
        Watched::Replay
    } else {
        Watched::Live
    };
    access::note_watching(&app, &session, None, user.as_ref(), what).await;
    Ok(([(CONTENT_TYPE, HLS), (CACHE_CONTROL, "private, no-cache")], text).into_response())
}

/// `/api/live/sessions/{id}/hls/master.m3u8`, readable by players on other sites where the session is public: their
/// requests come without the cookie.
#[must_use]
pub fn hls() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(master)).layer(cors())
}

/// `/media/{session}/{expires}/{signature}/{file}`, for players on any site: the address itself is the right.
#[must_use]
pub fn media() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(media_file)).layer(cors())
}

fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([RANGE, IF_NONE_MATCH])
        .expose_headers([CONTENT_LENGTH, CONTENT_RANGE, ACCEPT_RANGES, ETAG])
}

/// Gives a media playlist or a piece of media; the master playlist has the address
#[utoipa::path(get, path = "/media/{session}/{expires}/{signature}/{file}", tag = "recordings",
    params(("session" = Uuid, Path), ("expires" = i64, Path), ("signature" = String, Path), ("file" = String, Path)),
    responses((status = 200, body = Vec<u8>, content_type = "video/mp4"), (status = 206),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn media_file(
    State(app): State<App>,
    path: Result<Path<(Uuid, i64, String, String)>, PathRejection>,
    request: Request,
) -> Result<Response> {
    let Path((session, expires_s, signature, name)) = path.map_err(|_| forbidden())?;
    if !(MediaGrant { session, expires_s }).is_good(&signature, &app.keys.segments, Ts::now()) {
        return Err(forbidden());
    }
    let folder = super::folder(&app, session);
    match files::kind_of(&name) {
        Some(Kind::Media) => files::serve(&folder.join(&name), request).await,
        Some(Kind::Playlist) => {
            let (text, is_over) = playlists::media(folder, name).await?;
            let cache = if is_over { "public, max-age=60" } else { "no-cache" };
            Ok(([(CONTENT_TYPE, HLS), (CACHE_CONTROL, cache)], text).into_response())
        }
        None => Err(Error::NotFound("segment")),
    }
}

fn forbidden() -> Error {
    Error::Refused {
        status: StatusCode::FORBIDDEN,
        code: "link-expired",
        detail: "this address is not valid, or no longer; load the page again".into(),
    }
}
