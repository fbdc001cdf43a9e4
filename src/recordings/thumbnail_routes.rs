//! HTTP of thumbnails.

use axum::Json;
use axum::body::Body;
use axum::extract::multipart::{Multipart, MultipartError, MultipartRejection};
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::thumbnail;
use crate::App;
use crate::error::{Error, Result};
use crate::http::extract::{Id, Instructor, MaybeUser, Params};
use crate::http::problem::Problem;
use crate::http::range::Representation;
use crate::sessions::{self, ThumbnailKind, access};

/// Largest picture that is taken.
const MOST_BYTES: usize = 5 << 20;
/// What a form needs around it.
const FORM_BYTES: usize = 16 << 10;

/// A picture in a form.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; it is read field by field")]
pub struct ThumbnailForm {
    /// PNG, JPEG or WebP of at most 5 MB.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Where a picture is now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ThumbnailSet {
    thumbnail_url: Option<String>,
}

/// Which one is meant.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ThumbnailParams {
    /// The version that the session names; caches keep it for good.
    v: Option<i64>,
}

/// `/api/instructor/streams/{id}/thumbnail`, with room for a picture.
#[must_use]
pub fn upload() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(set, remove))
        .layer(DefaultBodyLimit::max(MOST_BYTES + FORM_BYTES))
}

/// Gives a session the picture that stands for it; it is made anew as JPEG, without what else was in the file
#[utoipa::path(post, path = "/api/instructor/streams/{id}/thumbnail", tag = "recordings",
    operation_id = "set_thumbnail", params(("id" = uuid::Uuid, Path)), request_body(content = ThumbnailForm, content_type = "multipart/form-data"), responses(
    (status = 200, body = ThumbnailSet), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn set(
    State(app): State<App>,
    Instructor(user): Instructor,
    Id(id): Id,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Json<ThumbnailSet>> {
    let session = sessions::get_own(&app, id, &user).await?;
    let mut form = form.map_err(|error| Error::BadRequest(error.body_text().into()))?;
    let mut picture = None;
    while let Some(field) = form.next_field().await.map_err(unreadable)? {
        if field.name() == Some("file") {
            picture = Some(field.bytes().await.map_err(unreadable)?);
        }
    }
    let picture = picture.ok_or_else(|| Error::field("file", "is missing"))?;
    if picture.len() > MOST_BYTES {
        return Err(too_large());
    }
    thumbnail::set_custom(&app, &session, picture.into()).await?;
    let session = sessions::get(&app, id).await?;
    Ok(Json(ThumbnailSet {
        thumbnail_url: sessions::thumbnail_url(&session, true),
    }))
}

/// Takes a session's picture away; one from the class itself comes in its place
#[utoipa::path(delete, path = "/api/instructor/streams/{id}/thumbnail", tag = "recordings",
    operation_id = "remove_thumbnail", params(("id" = uuid::Uuid, Path)), responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn remove(State(app): State<App>, Instructor(user): Instructor, Id(id): Id) -> Result<StatusCode> {
    let session = sessions::get_own(&app, id, &user).await?;
    thumbnail::remove_custom(&app, &session).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives a session's picture: to everybody, if the session is public or its instructor gave it; otherwise to those who
/// may watch
#[utoipa::path(get, path = "/api/live/sessions/{id}/thumbnail.jpg", tag = "recordings", operation_id = "thumbnail",
    params(("id" = uuid::Uuid, Path), ThumbnailParams), responses((status = 200, body = Vec<u8>, content_type = "image/jpeg"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn show(
    State(app): State<App>,
    MaybeUser(user): MaybeUser,
    Id(id): Id,
    Params(params): Params<ThumbnailParams>,
    request: Request,
) -> Result<Response> {
    let session = sessions::get(&app, id).await?;
    let is_for_all = session.thumbnail_kind == ThumbnailKind::Custom || session.is_public;
    let is_hidden = session.thumbnail_kind == ThumbnailKind::None
        || (session.thumbnail_kind == ThumbnailKind::Frame && !access::may_look(&app, &session, user.as_ref()).await?);
    let Some(version) = session.thumbnail_at.filter(|_| !is_hidden) else {
        return Err(Error::NotFound("thumbnail"));
    };
    let bytes = thumbnail::read(&app, &session).await?;
    let picture = Representation {
        etag: format!("\"{:x}\"", version.0),
        bytes: u64::try_from(bytes.len()).unwrap_or(0),
        content_type: "image/jpeg",
        cache: match (params.v == Some(version.0), is_for_all) {
            (false, true) => "public, no-cache".to_owned(),
            (false, false) => "private, no-cache".to_owned(),
            (true, true) => "public, max-age=31536000, immutable".to_owned(),
            (true, false) => "private, max-age=86400, immutable".to_owned(),
        },
    };
    let body = async |range: std::ops::Range<u64>| {
        let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap_or(bytes.len()));
        Ok(Body::from(bytes.slice(start..end)))
    };
    picture.answer(request.method(), request.headers(), body).await
}

fn unreadable(error: MultipartError) -> Error {
    match error.status() {
        StatusCode::PAYLOAD_TOO_LARGE => too_large(),
        _ => Error::BadRequest(error.body_text().into()),
    }
}

fn too_large() -> Error {
    Error::Refused {
        status: StatusCode::PAYLOAD_TOO_LARGE,
        code: "too-large",
        detail: "a thumbnail has at most 5 MB".into(),
    }
}
