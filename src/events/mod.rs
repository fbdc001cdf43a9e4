//! The bus: what happens in a session reaches everybody who follows it, on every server that shares the database.
//!
//! | file | what it is for |
//! |---|---|
//! | `bus` | who follows which session here, and what is told to them |
//! | `note` | what one server tells the others |
//! | `relay` | what the others tell this one (PostgreSQL) |
//! | `elsewhere` | how many watch on the other servers |
//! | `summary` | what happens often and is told at most four times a second |
//!
//! **Order.** What is told in a transaction ([`Bus::commit`]) is told if and only if it is committed, and in the order of the
//! commits: PostgreSQL promises that for NOTIFY, and on SQLite, where one server has one writer, commit and telling
//! are one step. So whoever writes a session's messages one after the other (by the lock of a row) has them told in
//! that order by every server.
//!
//! This is ground level like `db`: every capability may tell something. Who may follow a session is settled by
//! `conversation`, which is also where it goes out over the WebSocket.

mod bus;
pub mod elsewhere;
mod note;
mod relay;
mod summary;

use bytes::Bytes;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

pub use bus::{Bus, Following, TooSlow};
pub use relay::run;
pub use summary::Subject;

/// Something for those who follow a session, written once for all of them.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Push {
    /// Which session.
    pub session: Uuid,
    /// For this user only; `None`: for everybody.
    pub to: Option<Uuid>,
    /// The chat message that it carries. Those of one session are told in the order of these keys.
    pub message: Option<Uuid>,
    /// `{"type": …, "data": …}` in UTF-8.
    pub text: Bytes,
}

impl Push {
    /// For everybody in `session`.
    ///
    /// # Panics
    /// When `data` cannot be written as JSON: it is a type of ours.
    #[must_use]
    pub fn new(session: Uuid, kind: &'static str, data: &impl Serialize) -> Push {
        Push {
            session,
            to: None,
            message: None,
            text: text(kind, data),
        }
    }

    /// Only for `user`.
    #[must_use]
    pub fn to(self, user: Uuid) -> Push {
        Push { to: Some(user), ..self }
    }

    /// It carries the chat message with this key.
    #[must_use]
    pub fn carrying(self, message: Uuid) -> Push {
        Push {
            message: Some(message),
            ..self
        }
    }
}

/// One event as clients read it.
///
/// # Panics
/// When `data` cannot be written as JSON: it is a type of ours.
#[must_use]
pub fn text(kind: &'static str, data: &impl Serialize) -> Bytes {
    let event = json!({ "type": kind, "data": data });
    event.to_string().into()
}

/// Somebody may have lost a right: connections that it opened are checked again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rights {
    /// In this session; `None`: in all of them.
    pub session: Option<Uuid>,
    /// Of this user; `None`: of everybody.
    pub user: Option<Uuid>,
}

/// What a follower hears.
#[derive(Clone, Debug)]
pub enum Heard {
    /// Something for clients.
    Push(std::sync::Arc<Push>),
    /// The rights of this user, or of everybody, are to be checked again.
    Rights(Option<Uuid>),
    /// Something may be missing from now on: clients have to come back and read anew.
    Gap,
}
