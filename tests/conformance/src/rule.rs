//! What a rule is, and what came of trying it.

use crate::server::Server;
use serde::Serialize;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

/// Longer than any rule takes that does not wait for a time limit of the server.
const PATIENCE: Duration = Duration::from_secs(90);

/// Who asks for it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// MUST, SHALL or REQUIRED in the text that the rule names.
    Must,
    /// SHOULD or RECOMMENDED there, or an optional part done as it says.
    Should,
    /// Good sense that no text demands.
    Sense,
}

/// One rule.
pub(crate) struct Rule {
    /// Its name in the table of rules, such as `W4`. What is tried apart has a letter behind.
    pub(crate) id: &'static str,
    pub(crate) level: Level,
    /// What a server should do, in one line.
    pub(crate) says: &'static str,
    /// Where that is written.
    pub(crate) section: &'static str,
    pub(crate) check: for<'a> fn(&'a Server) -> Checking<'a>,
}

/// A rule that is being tried.
pub(crate) type Checking<'a> = Pin<Box<dyn Future<Output = Outcome> + 'a>>;

/// What was seen of a server that keeps the rule, in one line, or why it cannot be said that it does.
pub(crate) type Outcome<T = String> = Result<T, Miss>;

/// Why a rule did not pass.
#[derive(Clone, Debug)]
pub(crate) enum Miss {
    /// The server breaks it: what was seen.
    Broken(String),
    /// It does not apply, or cannot be told from outside: why.
    Unknown(String),
}

/// What came of one rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// The server keeps it.
    Pass,
    /// The server breaks it.
    Fail,
    /// Not applicable, or it cannot be told.
    Unknown,
}

/// A [`Rule`] in a list.
macro_rules! rule {
    ($id:literal, $level:ident, $section:literal, $says:literal, $check:path) => {
        $crate::rule::Rule {
            id: $id,
            level: $crate::rule::Level::$level,
            says: $says,
            section: $section,
            check: |server| Box::pin($check(server)),
        }
    };
}
pub(crate) use rule;

/// Tries one rule.
pub(crate) async fn check(rule: &Rule, server: &Server) -> Outcome {
    let outcome = tokio::time::timeout(PATIENCE, (rule.check)(server)).await;
    outcome.unwrap_or_else(|_| broken(format!("not done after {} s", PATIENCE.as_secs())))
}

/// The rule is broken.
pub(crate) fn broken<T>(seen: impl Into<String>) -> Outcome<T> {
    Err(Miss::Broken(seen.into()))
}

/// It cannot be told.
pub(crate) fn unknown<T>(why: impl Into<String>) -> Outcome<T> {
    Err(Miss::Unknown(why.into()))
}

/// Goes on if `holds`.
pub(crate) fn ensure(holds: bool, seen: impl FnOnce() -> String) -> Outcome<()> {
    if holds { Ok(()) } else { broken(seen()) }
}
