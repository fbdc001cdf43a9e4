//! Keys that do not exist, with the nearest one that does; and where a key was set.

use figment::value::{Dict, Value};
use figment::{Figment, Metadata};

/// Calls `report(path, nearest)` for each key of `given` that `known` does not have.
pub(super) fn find_unknown(
    given: &Dict,
    known: &Dict,
    path: &mut Vec<String>,
    report: &mut dyn FnMut(&[String], Option<String>),
) {
    for (key, value) in given {
        path.push(key.clone());
        match (known.get(key), value) {
            (None, _) => report(path, nearest(known, path)),
            (Some(Value::Dict(_, known)), Value::Dict(_, given)) => find_unknown(given, known, path, report),
            (Some(_), _) => {} // a section where a value belongs, or the reverse, fails when the types are read
        }
        path.pop();
    }
}

/// The known key beside the last of `path` that looks most like it, written in full; none if nothing is like it.
fn nearest(known: &Dict, path: &[String]) -> Option<String> {
    let (key, parents) = path.split_last()?;
    let best = known
        .keys()
        .max_by(|a, b| strsim::jaro_winkler(a, key).total_cmp(&strsim::jaro_winkler(b, key)))?;
    (strsim::jaro_winkler(best, key) > 0.6).then(|| parents.iter().chain([best]).cloned().collect::<Vec<_>>().join("."))
}

/// What to say of a key that does not exist.
pub(super) fn describe_unknown(figment: &Figment, path: &[String], near: Option<String>) -> String {
    let key = path.join(".");
    let near = near.map_or_else(
        || "config.toml in the sources lists all keys".into(),
        |near| format!("did you mean `{near}`?"),
    );
    let source = source_of(figment, &key).unwrap_or_default();
    format!("{key}: there is no such key; {near}{source}")
}

/// Where a key was set.
pub(super) fn source_of(figment: &Figment, key: &str) -> Option<String> {
    figment.find_metadata(key).map(describe_source)
}

/// The same, where that is known already.
pub(super) fn describe_source(metadata: &Metadata) -> String {
    let source = metadata.source.as_ref();
    source.map_or_else(String::new, |source| format!(" (set in {source})"))
}
