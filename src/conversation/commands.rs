//! What a client may send over the WebSocket. The same functions as behind the HTTP routes do it.

use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use crate::App;
use crate::accounts::User;
use crate::chat::{self, gestures};
use crate::error::{Error, Result};
use crate::polls;
use crate::sessions::access::authorize_conversation;

/// One message of a client.
#[derive(Debug, Deserialize)]
#[serde(tag = "type", content = "data")]
pub(super) enum Command {
    /// Writes a message.
    #[serde(rename = "chat:send")]
    Send {
        /// What.
        message: String,
    },
    /// Asks for what was missed.
    #[serde(rename = "chat:resume")]
    Resume {
        /// The last message that the client has.
        after: Uuid,
    },
    /// Votes.
    #[serde(rename = "poll:vote")]
    #[serde(rename_all = "camelCase")]
    Vote {
        /// In which poll.
        poll_id: Uuid,
        /// For what.
        option_id: Uuid,
    },
    /// Reacts.
    #[serde(rename = "reaction:send")]
    React {
        /// How.
        emoji: String,
    },
    /// Raises a hand.
    #[serde(rename = "hand:raise")]
    RaiseHand {},
    /// Lowers it.
    #[serde(rename = "hand:lower")]
    LowerHand {},
}

/// A message with the name that the client gave it, so that it knows an error of it.
pub(super) struct Request {
    /// Given back with an error.
    pub(super) reference: Option<Value>,
    /// What is wanted.
    pub(super) command: Result<Command>,
}

impl Request {
    /// Reads a message; what cannot be read is an error for its sender.
    pub(super) fn read(text: &str) -> Request {
        let unreadable = |error: serde_json::Error| Error::BadRequest(error.to_string().into());
        match serde_json::from_str::<Value>(text) {
            Ok(value) => Request {
                reference: value.pointer("/data/ref").filter(|name| is_name(name)).cloned(),
                command: serde_json::from_value(value).map_err(unreadable),
            },
            Err(error) => Request {
                reference: None,
                command: Err(unreadable(error)),
            },
        }
    }
}

/// Short enough to be given back.
fn is_name(value: &Value) -> bool {
    value.is_number() || value.as_str().is_some_and(|text| text.len() <= 100)
}

impl Command {
    /// Does what is wanted; nothing for [`Command::Resume`], which concerns the WebSocket alone.
    ///
    /// # Errors
    /// As the HTTP routes.
    pub(super) async fn execute(self, app: &App, session: Uuid, user: Option<&User>) -> Result<()> {
        let Some(user) = user else {
            return Err(Error::Unauthenticated("sign in first"));
        };
        if let Command::Vote { poll_id, option_id } = self {
            return polls::vote(app, poll_id, user, option_id).await.map(drop);
        }
        let session = authorize_conversation(app, session, Some(user)).await?;
        match self {
            Command::Send { message } => chat::post(app, &session, user, &message).await.map(drop),
            Command::React { emoji } => gestures::react(app, &session, user, &emoji),
            Command::RaiseHand {} => gestures::raise(app, &session, user).await,
            Command::LowerHand {} => gestures::lower(app, &session, user.id).await,
            Command::Vote { .. } | Command::Resume { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_read_as_clients_send_them() {
        let send = Request::read(r#"{"type":"chat:send","data":{"message":"Geweldige sessie!","ref":"a1"}}"#);
        assert_eq!(send.reference, Some("a1".into()));
        assert!(matches!(send.command, Ok(Command::Send { message }) if message == "Geweldige sessie!"));
        let vote = format!(
            r#"{{"type":"poll:vote","data":{{"pollId":"{0}","optionId":"{0}"}}}}"#,
            Uuid::nil()
        );
        assert!(matches!(Request::read(&vote).command, Ok(Command::Vote { .. })));
        let raise = Request::read(r#"{"type":"hand:raise","data":{}}"#);
        assert!(matches!(raise.command, Ok(Command::RaiseHand {})));
    }

    #[test]
    fn anything_else_is_the_clients_error() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"type":"dance","data":{}}"#,
            r#"{"type":"chat:send"}"#,
        ] {
            assert!(
                matches!(Request::read(text).command, Err(Error::BadRequest(_))),
                "{text}"
            );
        }
        let long = format!(r#"{{"type":"dance","data":{{"ref":"{}"}}}}"#, "x".repeat(101));
        assert_eq!(Request::read(&long).reference, None);
    }
}
