//! The WebSocket `/live/{session}`: what happens in a session goes out to those who follow it, and what they do comes in.
//!
//! | file | what it is for |
//! |---|---|
//! | `routes` | who may open one |
//! | `socket` | one open WebSocket, from the first to the last message |
//! | `commands` | what a client may send |
//! | `places` | how many one user, or one address, may have open |
//! | `teller` | tells what was counted: votes, reactions, viewers |

mod commands;
mod places;
pub mod routes;
mod socket;
pub mod teller;

use tokio_util::task::TaskTracker;

use crate::config::Conversation;
use places::Places;

/// What the WebSockets have in common. Clones are the same one.
#[derive(Clone)]
pub struct Shared {
    places: Places,
    open: TaskTracker,
}

impl Shared {
    /// Nobody is there yet.
    #[must_use]
    pub fn new(config: &Conversation) -> Shared {
        Shared {
            places: Places::new(config),
            open: TaskTracker::new(),
        }
    }

    /// Waits until every WebSocket has said goodbye, which each does by itself when the server stops.
    pub async fn closed(&self) {
        self.open.close();
        self.open.wait().await;
    }

    /// How many are open.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }
}
