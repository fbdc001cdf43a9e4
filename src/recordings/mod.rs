//! Replays: who may see one, its playlists with signed addresses, its segments, and what is left over.
//!
//! | file | what it is for |
//! |---|---|
//! | `signature` | addresses that are good for a while, for whoever has them |
//! | `files` | one file of a recording, by ranges |
//! | `routes` | HTTP |
//! | `upkeep` | media whose session was deleted |

pub mod files;
pub mod routes;
pub mod signature;
pub mod upkeep;
