//! HTTP of downloads.

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::http::header::CONTENT_DISPOSITION;
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;

use super::download;
use crate::App;
use crate::error::{Error, Result};
use crate::http::extract::{Id, Instructor, Params};
use crate::http::problem::Problem;
use crate::http::range::Representation;
use crate::sessions;

/// Which file.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct DownloadParams {
    /// Where the recording makes several: 1, 2, …
    part: Option<usize>,
}

/// Gives the whole replay as one MP4. Where its pictures changed their codec there are several: without `part`, 409 says so
#[utoipa::path(get, path = "/api/instructor/streams/{id}/download", tag = "recordings",
    params(("id" = uuid::Uuid, Path), DownloadParams),
    responses((status = 200, body = Vec<u8>, content_type = "video/mp4"), (status = 206),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn download(
    State(app): State<App>,
    Instructor(user): Instructor,
    Id(id): Id,
    Params(params): Params<DownloadParams>,
    request: Request,
) -> Result<Response> {
    let session = sessions::get_own(&app, id, &user).await?;
    let number = params.part.unwrap_or(1);
    let file = download::open(&app, id, number.wrapping_sub(1)).await?;
    if file.files() > 1 && params.part.is_none() {
        return Err(Error::Refused {
            status: axum::http::StatusCode::CONFLICT,
            code: "download-in-parts",
            detail: format!(
                "the picture changed its codec, which one MP4 cannot: ask for ?part=1 to ?part={}",
                file.files()
            )
            .into(),
        });
    }
    let movie = Representation {
        etag: format!("\"{number:x}-{:x}\"", file.bytes),
        bytes: file.bytes,
        content_type: "video/mp4",
        cache: "private, no-cache".to_owned(),
    };
    let body = async |range| Ok(Body::from_stream(file.read(range)));
    let mut response = movie.answer(request.method(), request.headers(), body).await?;
    response
        .headers_mut()
        .insert(CONTENT_DISPOSITION, attachment(&session.title));
    Ok(response)
}

/// RFC 6266 with RFC 8187: the title as the file's name, in letters that every system takes, and in its own.
fn attachment(title: &str) -> HeaderValue {
    let plain: String = title
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || " -_.".contains(c) {
                c
            } else {
                '_'
            }
        })
        .take(100)
        .collect();
    let exact: String = title
        .chars()
        .filter(|c| !c.is_control())
        .take(100)
        .flat_map(|c| c.to_string().into_bytes())
        .map(|byte| match byte.is_ascii_alphanumeric() {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        })
        .collect();
    let text = format!("attachment; filename=\"{plain}.mp4\"; filename*=UTF-8''{exact}.mp4");
    text.parse().expect("only plain letters are left")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_becomes_a_file_name_that_cannot_leave_its_header() {
        let header = attachment("Fase 2: \"élan\"\r\nX: y");
        let text = header.to_str().unwrap();
        assert!(
            text.starts_with("attachment; filename=\"Fase 2_ __lan___X_ y.mp4\""),
            "{text}"
        );
        assert!(
            text.contains("filename*=UTF-8''Fase%202%3A%20%22%C3%A9lan%22X%3A%20y.mp4"),
            "{text}"
        );
    }
}
