//! The rules of WHIP (RFC 9725) and WHEP (draft-ietf-wish-whep), tried from outside on any server by its URL.
//!
//! It knows HTTP and WebRTC and nothing of the server that it grades. [`grade`] runs every rule that fits the kind of
//! endpoint, one after the other, and gives a [`Report`]. One file of `rules` holds one group of rules; a rule is a
//! function from the [`server::Server`] to what was seen.

mod offer;
mod peer;
mod relay;
mod report;
mod rule;
mod rules;
mod sdp;
mod server;
mod session;
mod target;

pub use report::{Line, Report};
pub use rule::{Level, Verdict};
pub use target::{Depth, Kind, Target};

/// Tries every rule on `target`. Rules of media are left out, or those that disturb, as `depth` says.
///
/// What a rule opens it closes; a publisher of the same name that was there may be replaced.
pub async fn grade(target: &Target) -> Report {
    let server = server::Server::new(target);
    let mut report = Report::new(target);
    for rule in rules::of(target) {
        report.add(rule, rule::check(rule, &server).await);
    }
    report
}
