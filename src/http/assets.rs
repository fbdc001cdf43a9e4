//! The web app: built into the binary in release builds, read from `web/dist` in debug builds.

use std::borrow::Cow;

use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, VARY,
};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode};
use axum::response::{Html, IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rust_embed::{Embed, EmbeddedFile};
use sha2::{Digest, Sha256};

use crate::error::Error;

#[derive(Embed)]
#[folder = "web/dist/"]
struct Dist;

/// File names with a hash of their content, by the bundler's rule: they never change.
const HASHED_PREFIX: &str = "assets/";
const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const NO_CACHE: &str = "no-cache";

/// Answers what no route does: a file of the web app, or its page for an address that the app itself knows.
pub async fn serve(request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return Error::NotFound("address").into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    let headers = request.headers();
    if let Some(response) = file(path, headers) {
        return response;
    }
    let is_page = !path.starts_with("api/") && !path.starts_with(HASHED_PREFIX) && wants_html(headers);
    if !is_page {
        return Error::NotFound("address").into_response();
    }
    file("index.html", headers).unwrap_or_else(missing_build)
}

/// What the content security policy says of the scripts that stand in the page itself: their hashes.
#[must_use]
pub fn own_scripts() -> String {
    let page = Dist::get("index.html").map(|file| file.data).unwrap_or_default();
    script_hashes(&String::from_utf8_lossy(&page))
}

/// As in `script-src`, each after a space (CSP level 3, section 2.3.1).
fn script_hashes(page: &str) -> String {
    page.split("<script>")
        .skip(1)
        .filter_map(|rest| rest.split("</script>").next())
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect()
}

fn wants_html(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT)
        .iter()
        .any(|value| value.to_str().is_ok_and(|text| text.contains("text/html")))
}

fn file(path: &str, request: &HeaderMap) -> Option<Response> {
    if path.is_empty() {
        return None;
    }
    let plain = Dist::get(path)?;
    let kind = plain.metadata.mimetype().to_owned();
    let (encoding, file) = precompressed(path, request).map_or((None, plain), |(name, file)| (Some(name), file));
    let etag = format!("\"{}\"", hex::encode(&file.metadata.sha256_hash()[..16]));
    let cache = if path.starts_with(HASHED_PREFIX) {
        IMMUTABLE
    } else {
        NO_CACHE
    };
    let mut headers = HeaderMap::new();
    let mut set = |name: HeaderName, value: &str| {
        headers.insert(name, value.parse().expect("our own values are plain ASCII"));
    };
    set(CACHE_CONTROL, cache);
    set(VARY, "accept-encoding");
    set(ETAG, &etag);
    if request
        .get_all(IF_NONE_MATCH)
        .iter()
        .any(|tags| tags.to_str().is_ok_and(|tags| tags.contains(&etag)))
    {
        return Some((StatusCode::NOT_MODIFIED, headers).into_response());
    }
    set(
        CONTENT_TYPE,
        if kind == "text/html" {
            "text/html; charset=utf-8"
        } else {
            &kind
        },
    );
    if let Some(encoding) = encoding {
        set(CONTENT_ENCODING, encoding);
    }
    let body = match file.data {
        Cow::Borrowed(bytes) => Body::from(bytes),
        Cow::Owned(bytes) => Body::from(bytes),
    };
    Some((headers, body).into_response())
}

/// The build's own `.br` or `.gz` beside a file, where the browser takes it: smaller than what can be made per request.
fn precompressed(path: &str, request: &HeaderMap) -> Option<(&'static str, EmbeddedFile)> {
    let accepted = request.get(ACCEPT_ENCODING)?.to_str().ok()?;
    let accepts = |name: &str| {
        accepted
            .split(',')
            .any(|entry| entry.trim().split(';').next() == Some(name))
    };
    [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| accepts(name))
        .find_map(|(name, suffix)| Some((name, Dist::get(&format!("{path}{suffix}"))?)))
}

fn missing_build() -> Response {
    let page = "<!doctype html><html lang=en><meta charset=utf-8><title>Lectern</title>\
                <h1>The web app is not built</h1>\
                <p>The server runs, but its pages are missing. Run <code>make run</code>, \
                or <code>npm ci &amp;&amp; npm run build</code> in <code>web/</code>, and reload.";
    (StatusCode::SERVICE_UNAVAILABLE, Html(page)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_in_the_page_are_named_by_their_hash() {
        let page =
            "<script>alert('Hello, world.');</script><script type=\"module\" src=\"/a.js\"></script><script>1</script>";
        let hello = " 'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='"; // the example of MDN, `script-src`
        let one = " 'sha256-a4ayc/80/OGda4BO/1o/V0etpOqiLx1JwB5S3beHW0s='";
        assert_eq!(script_hashes(page), format!("{hello}{one}"));
        assert_eq!(script_hashes("<script type=\"module\" src=\"/a.js\"></script>"), "");
    }
}
