//! Every word that a problem's `type` can end in. Clients have a text for each: the API's description lists them, and a
//! build with debug assertions refuses to send another.

use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaType, Type};

/// What stands before the word.
const PREFIX: &str = "/problems/";

/// In the order of the alphabet.
const CODES: &[&str] = &[
    "already-voted",
    "bad-request",
    "chat-banned",
    "chat-banned-words",
    "chat-empty",
    "chat-muted",
    "chat-too-fast",
    "chat-too-long",
    "cross-site",
    "download-in-parts",
    "email-taken",
    "enrolment-undone",
    "error",
    "forbidden",
    "idempotency-key-reused",
    "insufficient-balance",
    "internal",
    "invalid",
    "is-host",
    "job-done",
    "job-running",
    "last-admin",
    "link-expired",
    "link-invalid",
    "malformed-answer",
    "malformed-fragment",
    "malformed-offer",
    "method-not-allowed",
    "no-answer-awaited",
    "no-websocket",
    "not-enrolled",
    "not-found",
    "not-publishing",
    "own-session",
    "poll-closed",
    "precondition-failed",
    "precondition-required",
    "range-not-satisfiable",
    "recording-not-finished",
    "refund-pending",
    "replay-expired",
    "sample-loaded",
    "session-live",
    "session-not-live",
    "session-over",
    "session-started",
    "sessions-to-come",
    "setup-done",
    "sign-up-closed",
    "tokens-kept-outside",
    "too-large",
    "too-many-event-streams",
    "too-many-polls",
    "too-many-questions",
    "too-many-requests",
    "too-many-sockets",
    "unauthenticated",
    "unavailable",
    "unknown-event",
    "unknown-layer",
    "unsupported-answer",
    "unsupported-media-type",
    "unsupported-offer",
];

/// A problem's `type`.
pub(super) fn problem_type(code: &str) -> String {
    debug_assert!(
        CODES.binary_search(&code).is_ok(),
        "`{code}` is not in the list of problems"
    );
    format!("{PREFIX}{code}")
}

/// What a problem's `type` can be, for the API's description.
pub(super) fn schema() -> Schema {
    ObjectBuilder::new()
        .schema_type(SchemaType::Type(Type::String))
        .description(Some("Which kind of problem, for programs"))
        .enum_values(Some(CODES.iter().map(|code| format!("{PREFIX}{code}"))))
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(CODES.is_sorted());
    }

    #[test]
    #[should_panic(expected = "not in the list")]
    fn a_problem_that_clients_have_no_text_for_is_refused() {
        problem_type("made-up");
    }
}
