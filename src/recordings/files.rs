//! HTTP of one file of a recording: whole, by range (RFC 9110 section 14), or not at all when the client has it (`ETag`).

use std::path::Path;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue};
use axum::response::{IntoResponse, Response};
use tower::ServiceExt;
use tower_http::services::ServeFile;

use crate::error::{Error, Result};

/// A file that was not written to for this long is complete: the recorder adds to the open one twice a second.
const SETTLED: Duration = Duration::from_secs(30);

/// Longest name of a file in a recording.
const NAME_BYTES: usize = 64;

/// What a file of a recording is, by its name: lower-case letters, digits, `-`, `_` and one of the known endings. Nothing
/// else in the folder (the journal) is for viewers, and no name leads out of it.
#[must_use]
pub fn kind_of(name: &str) -> Option<Kind> {
    let (stem, ending) = name.rsplit_once('.')?;
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if name.len() > NAME_BYTES || stem.is_empty() || !stem.bytes().all(is_plain) {
        return None;
    }
    match ending {
        "m3u8" => Some(Kind::Playlist),
        "mp4" | "m4s" => Some(Kind::Media),
        _ => None,
    }
}

/// What a file of a recording is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A media playlist: written for each request, never stored.
    Playlist,
    /// An init segment or a media segment.
    Media,
}

/// Serves the media file at `path` for `request`.
///
/// # Errors
/// 404 when there is none.
pub async fn serve(path: &Path, request: Request) -> Result<Response> {
    let metadata = tokio::fs::metadata(path)
        .await
        .map_err(|_| Error::NotFound("segment"))?;
    let age = metadata
        .modified()
        .ok()
        .and_then(|at| SystemTime::now().duration_since(at).ok())
        .unwrap_or_default();
    let served = ServeFile::new(path).oneshot(request).await;
    let mut response = served.unwrap_or_else(|never| match never {}).map(Body::new);
    let is_success = response.status().is_success() || response.status() == StatusCode::NOT_MODIFIED;
    if response.status() == StatusCode::NOT_FOUND {
        return Ok(Error::NotFound("segment").into_response());
    }
    let cache = if is_success && age >= SETTLED {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static(cache));
    if is_success {
        response
            .headers_mut()
            .insert(CONTENT_TYPE, HeaderValue::from_static("video/mp4"));
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_playlists_and_segments_are_served() {
        let cases = [
            ("video.m3u8", Some(Kind::Playlist)),
            ("a0-init.mp4", Some(Kind::Media)),
            ("v0_000017.m4s", Some(Kind::Media)),
            ("journal.jsonl", None),
            ("..", None),
            ("../secret.mp4", None),
            ("..%2fsecret.mp4", None),
            ("a/b.m4s", None),
            (".m4s", None),
            ("a.b.m4s", None),
            ("A.m4s", None),
            ("", None),
        ];
        for (name, want) in cases {
            assert_eq!(kind_of(name), want, "{name}");
        }
        assert_eq!(kind_of(&format!("{}.m4s", "a".repeat(61))), None);
    }
}
