//! Rules for fields that several bodies and queries share, beside those that `garde` brings.

use serde_json::Value;

use crate::error::{Error, Result};

/// Most rows on a page.
const MOST_ROWS: i64 = 100;
/// Longest JSON object that is kept for its sender.
const OBJECT_BYTES: usize = 4096;

/// Longest path that is kept to go back to.
const PATH_BYTES: usize = 500;

/// How many rows a page has: what was asked for, or `usual`.
///
/// # Errors
/// 400 outside of 1 to 100.
pub fn page_size(asked: Option<i64>, usual: i64) -> Result<i64> {
    match asked.unwrap_or(usual) {
        rows @ 1..=MOST_ROWS => Ok(rows),
        _ => Err(Error::BadRequest("limit must be 1 to 100".into())),
    }
}

/// Cuts `rows`, of which one more was asked for than a page has; says whether there are more.
#[must_use]
pub fn cut_page<T>(mut rows: Vec<T>, limit: i64) -> (Vec<T>, bool) {
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = rows.len() > most;
    rows.truncate(most);
    (rows, has_more)
}

/// A JSON object of at most 4 KB.
///
/// # Errors
/// Something else, or too long.
pub fn small_object(value: &Option<Value>, (): &()) -> garde::Result {
    let Some(value) = value else { return Ok(()) };
    if !value.is_object() || value.to_string().len() > OBJECT_BYTES {
        return Err(garde::Error::new("must be a JSON object of at most 4096 bytes"));
    }
    Ok(())
}

/// A path on this site, if one is given: nothing that a browser takes for another site's address.
///
/// # Errors
/// Anything else.
pub fn own_path(path: &Option<String>, (): &()) -> garde::Result {
    match path.as_deref() {
        Some(path) if !is_own_path(path) => Err(garde::Error::new("must be a path on this site, like /streams")),
        _ => Ok(()),
    }
}

/// Whether `path` leads to a page of this site, whoever reads it.
#[must_use]
pub fn is_own_path(path: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_graphic() && c != '\\';
    path.len() <= PATH_BYTES && path.starts_with('/') && !path.starts_with("//") && path.chars().all(is_plain)
}

/// Something other than spaces.
///
/// # Errors
/// Blank.
pub fn not_blank(text: &str, (): &()) -> garde::Result {
    if text.trim().is_empty() {
        return Err(garde::Error::new("must not be blank"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_site_are_own_paths() {
        for own in ["/", "/streams", "/streams/1/watch?tab=chat#top", "/%C3%A9"] {
            assert!(is_own_path(own), "{own}");
        }
        let long = format!("/{}", "x".repeat(500));
        for other in [
            "",
            "streams",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a\tb",
            "/a b",
            "/\r\nX: y",
            "javascript:alert(1)",
            long.as_str(),
        ] {
            assert!(!is_own_path(other), "{other}");
        }
    }
}
