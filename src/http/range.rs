//! Conditional requests and ranges (RFC 9110 sections 13 and 14): which bytes of something an answer holds.
//!
//! What is served this way has a strong `ETag` and no date: ranges of two answers with the same tag fit together.

use std::ops::Range;

use axum::body::Body;
use axum::http::header::{
    ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderMap, IF_MATCH,
    IF_NONE_MATCH, IF_RANGE, RANGE,
};
use axum::http::{HeaderName, Method, StatusCode};
use axum::response::{IntoResponse, Response};

use crate::error::Result;

/// Something that has bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Representation {
    /// With its quotes; another one whenever the bytes are others.
    pub etag: String,
    /// How many.
    pub bytes: u64,
    /// Its media type.
    pub content_type: &'static str,
    /// `Cache-Control`.
    pub cache: String,
}

/// What a request wants of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// Everything.
    All,
    /// These bytes: at least one, all of them there.
    Part(Range<u64>),
    /// Nothing: the client has it (304).
    Known,
    /// Nothing: it is not what the client thinks it is (412).
    Other,
    /// Bytes that are not there (416).
    Beyond,
}

impl Representation {
    /// Answers a request; `body` gives the bytes of a range and is not called where none are sent.
    ///
    /// # Errors
    /// Those of `body`.
    pub async fn answer<F>(
        self,
        method: &Method,
        headers: &HeaderMap,
        body: impl FnOnce(Range<u64>) -> F,
    ) -> Result<Response>
    where
        F: Future<Output = Result<Body>>,
    {
        let wanted = wanted(headers, &self.etag, self.bytes);
        let (status, range) = match wanted {
            Wanted::All => (StatusCode::OK, 0..self.bytes),
            Wanted::Part(range) => (StatusCode::PARTIAL_CONTENT, range),
            Wanted::Known => return Ok((StatusCode::NOT_MODIFIED, self.validators()).into_response()),
            Wanted::Other => return Ok((StatusCode::PRECONDITION_FAILED, self.validators()).into_response()),
            Wanted::Beyond => {
                let size = [(CONTENT_RANGE, format!("bytes */{}", self.bytes))];
                return Ok((StatusCode::RANGE_NOT_SATISFIABLE, size).into_response());
            }
        };
        let mut response = (status, self.validators()).into_response();
        let out = response.headers_mut();
        out.insert(CONTENT_TYPE, self.content_type.parse().expect("a media type"));
        out.insert(CONTENT_LENGTH, (range.end - range.start).into());
        if status == StatusCode::PARTIAL_CONTENT {
            let text = format!("bytes {}-{}/{}", range.start, range.end - 1, self.bytes);
            out.insert(CONTENT_RANGE, text.parse().expect("digits"));
        }
        if method != Method::HEAD {
            *response.body_mut() = body(range).await?;
        }
        Ok(response)
    }

    fn validators(&self) -> [(HeaderName, String); 3] {
        [
            (ETAG, self.etag.clone()),
            (CACHE_CONTROL, self.cache.clone()),
            (ACCEPT_RANGES, "bytes".to_owned()),
        ]
    }
}

/// What a request with these headers wants of something with this tag and size. A range that cannot be read, and more
/// than one, are answered with everything, as section 14.2 allows.
#[must_use]
pub fn wanted(headers: &HeaderMap, etag: &str, bytes: u64) -> Wanted {
    let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if text(IF_MATCH).is_some_and(|tags| !lists(tags, etag, Comparison::Strong)) {
        return Wanted::Other;
    }
    if text(IF_NONE_MATCH).is_some_and(|tags| lists(tags, etag, Comparison::Weak)) {
        return Wanted::Known;
    }
    match text(RANGE) {
        Some(range) if text(IF_RANGE).is_none_or(|tag| tag.trim() == etag) => read_range(range, bytes),
        _ => Wanted::All,
    }
}

/// Section 8.8.3.2.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

fn lists(tags: &str, etag: &str, comparison: Comparison) -> bool {
    let mut tags = tags.split(',').map(str::trim);
    tags.any(|tag| match tag.strip_prefix("W/") {
        Some(weak) => comparison == Comparison::Weak && weak == etag,
        None => tag == "*" || tag == etag,
    })
}

fn read_range(text: &str, bytes: u64) -> Wanted {
    let Some((unit, range)) = text.split_once('=') else {
        return Wanted::All;
    };
    let Some((first, last)) = range.trim().split_once('-') else {
        return Wanted::All;
    };
    let number = |text: &str| match text.bytes().all(|b| b.is_ascii_digit()) {
        true => text.parse::<u64>().ok(),
        false => None,
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return Wanted::All;
    }
    let range = match (first.is_empty(), last.is_empty(), number(first), number(last)) {
        (true, false, _, Some(suffix)) => bytes.saturating_sub(suffix)..bytes,
        (false, true, Some(first), _) => first..bytes,
        (false, false, Some(first), Some(last)) if first <= last => first..bytes.min(last.saturating_add(1)),
        _ => return Wanted::All,
    };
    match range.is_empty() {
        true => Wanted::Beyond,
        false => Wanted::Part(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"a1\"";

    #[test]
    fn ranges_and_conditions_are_those_of_rfc_9110() {
        use Wanted::{All, Beyond, Known, Other, Part};
        let table: &[(&[(HeaderName, &str)], Wanted)] = &[
            (&[], All),
            (&[(RANGE, "bytes=4-7")], Part(4..8)),
            (&[(RANGE, "bytes=4-")], Part(4..16)),
            (&[(RANGE, "bytes=4-99")], Part(4..16)),
            (&[(RANGE, "bytes=15-15")], Part(15..16)),
            (&[(RANGE, "bytes=-4")], Part(12..16)),
            (&[(RANGE, "bytes=-99")], Part(0..16)),
            (&[(RANGE, "bytes=-0")], Beyond),
            (&[(RANGE, "bytes=16-")], Beyond),
            (&[(RANGE, "bytes=99999999999999999999-")], All),
            (&[(RANGE, "bytes=7-4")], All),
            (&[(RANGE, "bytes=0-1,4-5")], All),
            (&[(RANGE, "bytes=+1-2")], All),
            (&[(RANGE, "lines=0-1")], All),
            (&[(RANGE, "bytes")], All),
            (&[(RANGE, "bytes=0-1"), (IF_RANGE, TAG)], Part(0..2)),
            (&[(RANGE, "bytes=0-1"), (IF_RANGE, "\"b2\"")], All),
            (&[(RANGE, "bytes=0-1"), (IF_RANGE, "W/\"a1\"")], All),
            (
                &[(RANGE, "bytes=0-1"), (IF_RANGE, "Wed, 21 Oct 2026 07:28:00 GMT")],
                All,
            ),
            (&[(IF_NONE_MATCH, "\"a1\"")], Known),
            (&[(IF_NONE_MATCH, "\"b2\", W/\"a1\"")], Known),
            (&[(IF_NONE_MATCH, "*")], Known),
            (&[(IF_NONE_MATCH, "\"b2\"")], All),
            (&[(IF_NONE_MATCH, "\"a1\""), (RANGE, "bytes=99-")], Known),
            (&[(IF_MATCH, "\"a1\"")], All),
            (&[(IF_MATCH, "W/\"a1\"")], Other),
            (&[(IF_MATCH, "\"b2\"")], Other),
            (&[(IF_MATCH, "*")], All),
        ];
        for (headers, want) in table {
            let map: HeaderMap = headers
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()))
                .collect();
            assert_eq!(wanted(&map, TAG, 16), *want, "{headers:?}");
        }
    }

    #[test]
    fn nothing_has_no_ranges() {
        let map: HeaderMap = [(RANGE, "bytes=0-".parse().unwrap())].into_iter().collect();
        assert_eq!(wanted(&map, TAG, 0), Wanted::Beyond);
    }
}
