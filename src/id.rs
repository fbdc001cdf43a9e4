//! Keys of rows, and how a session's key names its stream in the media engine.

use lectern_media::id::StreamId;
use uuid::Uuid;

/// A new key. Version 7 (RFC 9562 section 5.7), so that keys made later sort later in both databases.
#[must_use]
pub fn new() -> Uuid {
    Uuid::now_v7()
}

/// The stream that carries the media of `session`: the same 128 bits.
#[must_use]
pub fn stream_of(session: Uuid) -> StreamId {
    StreamId(session.as_u128())
}

/// The session whose media `stream` carries.
#[must_use]
pub fn session_of(stream: StreamId) -> Uuid {
    Uuid::from_u128(stream.0)
}
