//! HTTP of replays: the master playlist by the caller's right, everything else by signature.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, Request, State};
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH, IF_RANGE,
    RANGE,
};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use tower_http::cors::{Any, CorsLayer};
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use uuid::Uuid;

use super::files::{self, Kind};
use super::signature::{MediaGrant, Scope};
use super::{delivery, playlists};
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::extract::{Id, MaybeUser, Params};
use crate::http::problem::Problem;
use crate::sessions::access;

/// RFC 8216 section 4.
const HLS: &str = "application/vnd.apple.mpegurl";

/// For how long other sites' players may remember that they may ask.
const PREFLIGHT_S: u64 = 86_400;

/// Gives the replay's master playlist, with signed addresses; of a live session what was recorded so far
#[utoipa::path(get, path = "/api/live/sessions/{id}/hls/master.m3u8", tag = "recordings",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = String, content_type = "application/vnd.apple.mpegurl"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn master(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Response> {
    let session = access::authorize_replay(&app, id, user.as_ref()).await?;
    let now = Ts::now();
    let end = session.recording_expires_at.filter(|end| *end > now); // those who may see it later are not cut off
    let grant = MediaGrant::new(id, now, end);
    let (prefix, query) = grant.address(&app, user.as_ref().map(|user| user.id));
    let journal = super::journal(&app, id).await?;
    let text = playlists::master(journal, prefix, query, session.is_over()).await?;
    Ok(([(CONTENT_TYPE, HLS), (CACHE_CONTROL, "private, no-cache")], text).into_response())
}

/// Gives small pictures for the replay's time line as WebVTT: which part of which sheet shows which moment
#[utoipa::path(get, path = "/api/live/sessions/{id}/hls/storyboard.vtt", tag = "recordings",
    params(("id" = Uuid, Path)), responses((status = 200, body = String, content_type = "text/vtt"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn storyboard(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Response> {
    let session = access::authorize_replay(&app, id, user.as_ref()).await?;
    if !session.recording_has_storyboard {
        return Err(Error::NotFound("storyboard"));
    }
    let now = Ts::now();
    let end = session.recording_expires_at.filter(|end| *end > now);
    let grant = MediaGrant::new(id, now, end);
    let text = super::addressed_storyboard(&app, &grant, user.as_ref().map(|user| user.id)).await?;
    Ok(time_line_response(text))
}

/// The pictures for a time line as a player reads them.
pub fn time_line_response(text: String) -> Response {
    let headers = [
        (CONTENT_TYPE, "text/vtt; charset=utf-8"),
        (CACHE_CONTROL, "private, max-age=3600"),
    ];
    (headers, text).into_response()
}

/// `/api/live/sessions/{id}/hls/master.m3u8`, readable by players on other sites where the session is public: their
/// requests come without the cookie.
#[must_use]
pub fn hls() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(master)).layer(cors())
}

/// `/api/live/sessions/{id}/hls/storyboard.vtt`, for the same players.
#[must_use]
pub fn time_line() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(storyboard)).layer(cors())
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
        .allow_headers([RANGE, IF_RANGE, IF_MATCH, IF_NONE_MATCH])
        .expose_headers([CONTENT_LENGTH, CONTENT_RANGE, ACCEPT_RANGES, ETAG])
        .max_age(std::time::Duration::from_secs(PREFLIGHT_S))
}

/// What stands behind the `?` of a signed address.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Holder {
    /// For whom it was made, signed.
    v: Option<String>,
}

/// Gives a media playlist, a piece of media, or pictures of the time line; the master playlist has the address
#[utoipa::path(get, path = "/media/{session}/{expires}/{signature}/{file}", tag = "recordings",
    params(("session" = Uuid, Path), ("expires" = i64, Path), ("signature" = String, Path), ("file" = String, Path), Holder),
    responses((status = 200, body = Vec<u8>, content_type = "video/mp4"), (status = 206), (status = 304), (status = 307),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn media_file(
    State(app): State<App>,
    path: Result<Path<(Uuid, i64, String, String)>, PathRejection>,
    Params(holder): Params<Holder>,
    request: Request,
) -> Result<Response> {
    let Path((session, expires_s, signature, name)) = path.map_err(|_| forged())?;
    let key = &app.keys.segments;
    let grant = MediaGrant::read(session, expires_s, &signature, key).ok_or_else(forged)?;
    let viewer = holder.v.and_then(|text| grant.viewer(&text, key)).ok_or_else(forged)?;
    app.recordings.admissions.check(&app, &grant, viewer).await?;
    if grant.is_over(Ts::now()) {
        return Err(expired());
    }
    match files::kind_of(&name) {
        Some(Kind::Playlist) => {
            let journal = super::journal(&app, session).await?;
            let (text, is_over) = playlists::media(journal, name, grant.query(viewer, key)).await?;
            let cache = if is_over {
                "private, max-age=60"
            } else {
                "private, no-cache"
            };
            Ok(([(CONTENT_TYPE, HLS), (CACHE_CONTROL, cache)], text).into_response())
        }
        Some(kind) => {
            let (parts, _) = request.into_parts();
            let until = Ts(0).plus_s(grant.expires_s);
            let response = delivery::serve(&app, session, &name, kind, until, &parts).await?;
            if let Some(viewer) = viewer.filter(|_| grant.scope == Scope::Replay && files::is_segment(&name)) {
                app.recordings.watchers.note(&app, session, viewer).await;
            }
            Ok(response)
        }
        None => Err(Error::NotFound("segment")),
    }
}

fn forged() -> Error {
    Error::Refused {
        status: StatusCode::FORBIDDEN,
        code: "link-invalid",
        detail: "this address was not made by this server, or not for this; load the page again".into(),
    }
}

fn expired() -> Error {
    Error::Refused {
        status: StatusCode::FORBIDDEN,
        code: "link-expired",
        detail: "the time of this address is over; load the page again".into(),
    }
}
