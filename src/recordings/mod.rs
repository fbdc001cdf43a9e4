//! Replays: who may see one, its playlists with signed addresses, its segments, and what is left over.
//!
//! | file | what it is for |
//! |---|---|
//! | `playlists` | HLS, written from the recording's journal |
//! | `signature` | addresses that are good for a while, for whoever has them |
//! | `files` | one file of a recording, by ranges |
//! | `routes` | HTTP |
//! | `removal`, `cleanup` | media goes: of one session, of all whose replay is over |
//! | `upkeep` | media that the database does not know of, or should not have any more |

pub mod cleanup;
pub mod files;
pub mod playlists;
mod removal;
pub mod routes;
pub mod signature;
pub mod upkeep;

use std::path::PathBuf;

use uuid::Uuid;

use crate::App;
use crate::db::Ts;
use crate::error::Result;

pub use removal::remove;
use signature::MediaGrant;

/// The folder of a session's recording.
#[must_use]
pub fn folder(app: &App, session: Uuid) -> PathBuf {
    app.config.data.recordings().join(session.to_string())
}

/// The master playlist of a recording that is kept for the catalogue, with signed addresses.
///
/// # Errors
/// 404 when there is none.
pub async fn library_master(app: &App, session: Uuid) -> Result<String> {
    let prefix = MediaGrant::new(session, Ts::now(), None).prefix(&app.keys.segments);
    playlists::master(folder(app, session), prefix, true).await
}
