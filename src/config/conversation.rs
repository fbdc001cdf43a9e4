//! The section of the settings about what people say in a session.

use serde::Deserialize;

/// `[conversation]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conversation {
    /// Messages of one user in any minute.
    pub messages_per_minute: u32,
    /// Words, or several in a row, that a message may not have.
    pub banned_words: Vec<String>,
    /// Days of messages, polls and questions; 0: for ever.
    pub retention_days: u32,
    /// WebSockets that one user may have open.
    pub sockets_per_user: u32,
    /// WebSockets that one address may have open.
    pub sockets_per_address: u32,
}

impl Conversation {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        match self.messages_per_minute {
            1..=1000 => Ok(()),
            _ => Err(("conversation.messages_per_minute", "must be 1 to 1000".into())),
        }
    }
}
