//! Who may know whom among the Rust modules.
//!
//! The engine knows nothing of ours and does no I/O. `live` knows the engine, and no HTTP and no SQL. Only a
//! capability's `routes.rs` (or a file that opens with `//! HTTP of`) knows HTTP, only its `store.rs` SQL. Capabilities call each other only through the
//! functions of `mod.rs`, in one direction.

use super::tree::File;

/// Capabilities from the ground up: each may know those on earlier lines, and nobody else.
const CAPABILITIES: [&[&str]; 8] = [
    &["accounts"],
    &["tokens"],
    &["enrolments"],
    &["sessions"],
    &["chat"],
    &[
        "polls",
        "recordings",
        "studio",
        "notifications",
        "analytics",
        "payments",
        "rooms",
        "voice",
    ],
    &["booking", "conversation", "workouts"],
    &["daily"],
];

/// Names of crates and modules that mean HTTP.
const HTTP: [&str; 6] = [
    "axum::",
    "axum_extra::",
    "tower_http::",
    "utoipa_axum::",
    "hyper::",
    "crate::http::",
];
/// Names that mean SQL. A row's derive is none: it stands on the type that it fills.
const SQL: [&str; 6] = [
    "sqlx::query",
    "\"SELECT ",
    "\"INSERT ",
    "\"UPDATE ",
    "\"DELETE FROM ",
    "args![",
];
/// Names that mean I/O or the control plane, seen from the engine.
const OUTSIDE: [&str; 6] = ["tokio::", "axum::", "sqlx::", "quinn_udp::", "reqwest::", "lectern::"];

/// Every import, or full path, that crosses a border the wrong way. `exceptions` names files that may, until somebody
/// moves what they hold.
pub(super) fn rust(files: &[File], exceptions: &[&str]) -> Vec<String> {
    let mut complaints = Vec::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        let place = Place::of(file);
        let crossings: Vec<_> = file
            .product_lines()
            .filter_map(|(number, line)| Some((number, place.objection(line)?)))
            .collect();
        match (exceptions.contains(&file.path.as_str()), crossings.is_empty()) {
            (true, true) => complaints.push(file.complain(1, "keeps to its place now: remove its exception")),
            (false, false) => complaints.extend(crossings.iter().map(|(number, what)| file.complain(*number, what))),
            _ => {}
        }
    }
    complaints
}

/// Where a file stands.
struct Place<'a> {
    /// `src/chat/store.rs` → `chat`; `src/id.rs` → `id`.
    module: &'a str,
    /// `src/chat/store.rs` → `store`; the deepest name.
    file: &'a str,
    /// Whether it says of itself that it is a capability's HTTP.
    routes: bool,
    engine: bool,
    server: bool,
}

impl<'a> Place<'a> {
    fn of(file: &'a File) -> Self {
        let path = file.path.as_str();
        let inside = path.strip_prefix("src/");
        let module = inside
            .and_then(|rest| rest.split(['/', '.']).next())
            .unwrap_or_default();
        let name = path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs");
        let routes = name == "routes" || file.text.starts_with("//! HTTP ");
        Self {
            module,
            file: name,
            routes,
            engine: path.starts_with("media/src/"),
            server: inside.is_some(),
        }
    }

    fn objection(&self, line: &str) -> Option<String> {
        let names = |list: &[&'static str]| list.iter().copied().find(|name| mentions(line, name));
        if self.engine {
            return names(&OUTSIDE).map(|name| format!("the engine does not know {name}"));
        }
        if !self.server {
            return None;
        }
        // The face of the server, the start and the error type speak HTTP by their nature; WHIP is HTTP.
        let speaks_http = ["http", "whip", "lib", "main", "error"].contains(&self.module) || self.routes;
        if let Some(name) = names(&HTTP).filter(|_| !speaks_http) {
            return Some(format!("only routes.rs knows HTTP, this has {name}"));
        }
        let speaks_sql = ["db", "error"].contains(&self.module) || self.file.starts_with("store");
        if let Some(name) = names(&SQL).filter(|_| !speaks_sql) {
            return Some(format!("only store.rs knows SQL, this has {name}"));
        }
        if self.module == "live" && mentions(line, "crate::db") {
            return Some("live knows no database".to_owned());
        }
        self.wrong_capability(line)
    }

    fn wrong_capability(&self, line: &str) -> Option<String> {
        let own = level(self.module)?;
        for other in CAPABILITIES
            .iter()
            .flat_map(|names| names.iter())
            .filter(|name| **name != self.module)
        {
            let path = format!("crate::{other}::");
            if !mentions(line, &path) && !mentions(line, &format!("crate::{other};")) {
                continue;
            }
            if level(other) >= Some(own) {
                return Some(format!("{} does not know {other}", self.module));
            }
            if ["store", "routes"]
                .iter()
                .any(|inner| mentions(line, &format!("{path}{inner}")))
            {
                return Some(format!("{other} is called through its mod.rs only"));
            }
        }
        None
    }
}

fn level(module: &str) -> Option<usize> {
    CAPABILITIES.iter().position(|names| names.contains(&module))
}

/// Whether the name stands in the line as a word of its own: `http::` does not stand in `crate::http::`.
fn mentions(line: &str, name: &str) -> bool {
    let word = |character: char| character.is_alphanumeric() || character == '_' || character == ':';
    line.match_indices(name).any(|(at, _)| !line[..at].ends_with(word))
}
