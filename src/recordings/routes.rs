//! HTTP of replays: the master playlist by the caller's right, everything else by signature.

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::Method;
use axum::http::StatusCode;
use axum::http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, ETAG, IF_NONE_MATCH, RANGE};
use axum::response::Response;
use axum::routing::get;
use tower_http::cors::{Any, CorsLayer};
use uuid::Uuid;

use super::files::{self, Kind};
use super::signature::MediaGrant;
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::extract::{Id, MaybeUser};
use crate::http::problem::Problem;
use crate::sessions::{self, access};

/// Gives the replay's master playlist, with signed addresses
#[utoipa::path(get, path = "/api/live/sessions/{id}/hls/master.m3u8", tag = "recordings",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = String, content_type = "application/vnd.apple.mpegurl"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn master(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Response> {
    let session = sessions::get(&app, id).await?;
    let now = Ts::now();
    access::may_replay(&session, user.as_ref(), now)?;
    let end = session.recording_expires_at.filter(|end| *end > now); // those who may see it later are not cut off
    let _prefix = MediaGrant::new(id, now, end).prefix(&app.keys.segments);
    Err(Error::NotFound("recording"))
}

/// `/media/{session}/{expires}/{signature}/{file}`, for players of any site: the address itself is the right.
pub fn media() -> Router<App> {
    let cors = CorsLayer::new()
        .allow_origin(Any)
        .allow_methods([Method::GET, Method::HEAD])
        .allow_headers([RANGE, IF_NONE_MATCH])
        .expose_headers([CONTENT_LENGTH, CONTENT_RANGE, ACCEPT_RANGES, ETAG]);
    Router::new()
        .route("/media/{session}/{expires}/{signature}/{file}", get(media_file))
        .layer(cors)
}

async fn media_file(
    State(app): State<App>,
    path: Result<Path<(Uuid, i64, String, String)>, axum::extract::rejection::PathRejection>,
    request: Request,
) -> Result<Response> {
    let Path((session, expires_s, signature, name)) = path.map_err(|_| forbidden())?;
    let grant = MediaGrant { session, expires_s };
    if !grant.is_good(&signature, &app.keys.segments, Ts::now()) {
        return Err(forbidden());
    }
    let folder = app.config.data.recordings().join(session.to_string());
    match files::kind_of(&name) {
        Some(Kind::Media) => files::serve(&folder.join(&name), request).await,
        Some(Kind::Playlist) => Err(Error::NotFound("playlist")),
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
