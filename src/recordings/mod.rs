//! Replays: who may see one, its playlists with signed addresses, its segments, and what is left over.
//!
//! | file | what it is for |
//! |---|---|
//! | `playlists` | HLS, written from the recording's journal |
//! | `signature` | addresses that are good for a while, for whoever has them |
//! | `files` | one file of a recording, by ranges |
//! | `routes` | HTTP |
//! | `upkeep` | media that the database does not know of, or should not have any more |

pub mod files;
pub mod playlists;
pub mod routes;
pub mod signature;
pub mod upkeep;

use std::path::PathBuf;

use uuid::Uuid;

use crate::App;

/// The folder of a session's recording.
#[must_use]
pub fn folder(app: &App, session: Uuid) -> PathBuf {
    app.config.data.recordings().join(session.to_string())
}
