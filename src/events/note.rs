//! What one server tells the others: one line of text.

use bytes::Bytes;
use uuid::Uuid;

use super::elsewhere::Number;
use super::{Push, Rights};

/// A note that was read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Note {
    Push(Push),
    Rights(Rights),
    /// How many watch on a server.
    Viewers(Uuid, Vec<Number>),
}

/// What stands where there is no key.
const NONE: &str = "-";

impl Note {
    /// `push SESSION TO MESSAGE TEXT`
    pub(super) fn write_push(push: &Push) -> String {
        let [to, message] = [push.to, push.message].map(write_key);
        let text = String::from_utf8_lossy(&push.text);
        format!("push {} {to} {message} {text}", push.session.simple())
    }

    /// `rights SESSION USER`
    pub(super) fn write_rights(rights: Rights) -> String {
        let [session, user] = [rights.session, rights.user].map(write_key);
        format!("rights {session} {user}")
    }

    /// `viewers SERVER SESSION=NUMBER …`
    pub(super) fn write_viewers(server: Uuid, numbers: &[Number]) -> String {
        let number = |(session, viewers): &Number| format!(" {}={viewers}", session.simple());
        let numbers: String = numbers.iter().map(number).collect();
        format!("viewers {}{numbers}", server.simple())
    }

    /// What a note says; `None`: nothing that this version of the server understands.
    pub(super) fn read(note: &str) -> Option<Note> {
        if let Some(rest) = note.strip_prefix("viewers ") {
            return read_viewers(rest);
        }
        let mut words = note.splitn(5, ' ');
        match words.next()? {
            "push" => Some(Note::Push(Push {
                session: read_key(words.next()?)??,
                to: read_key(words.next()?)?,
                message: read_key(words.next()?)?,
                text: Bytes::from(words.next()?.to_owned()),
            })),
            "rights" => Some(Note::Rights(Rights {
                session: read_key(words.next()?)?,
                user: read_key(words.next()?)?,
            })),
            _ => None,
        }
    }
}

fn read_viewers(rest: &str) -> Option<Note> {
    let mut words = rest.split(' ');
    let server = words.next()?.parse().ok()?;
    let number = |word: &str| {
        let (session, viewers) = word.split_once('=')?;
        Some((session.parse().ok()?, viewers.parse().ok()?))
    };
    Some(Note::Viewers(server, words.map(number).collect::<Option<_>>()?))
}

fn write_key(key: Option<Uuid>) -> String {
    key.map_or_else(|| NONE.to_owned(), |key| key.simple().to_string())
}

/// Outer `None`: neither a key nor the sign for none.
fn read_key(word: &str) -> Option<Option<Uuid>> {
    match word {
        NONE => Some(None),
        word => word.parse().ok().map(Some),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let [a, b] = [1, 2].map(Uuid::from_u128);
        let plain = Push::new(a, "chat:message", &"two words, ünd 👏");
        for push in [plain.clone(), plain.clone().to(b), plain.carrying(b)] {
            assert_eq!(Note::read(&Note::write_push(&push)), Some(Note::Push(push)));
        }
        for (session, user) in [(None, None), (Some(a), None), (None, Some(b)), (Some(a), Some(b))] {
            let rights = Rights { session, user };
            assert_eq!(Note::read(&Note::write_rights(rights)), Some(Note::Rights(rights)));
        }
        for numbers in [vec![], vec![(b, 7)], vec![(b, u32::MAX); 80]] {
            let note = Note::write_viewers(a, &numbers);
            assert!(note.len() <= crate::db::MOST_NOTE_BYTES, "{}", note.len());
            assert_eq!(Note::read(&note), Some(Note::Viewers(a, numbers)));
        }
    }

    #[test]
    fn what_is_no_note_is_none() {
        for text in [
            "",
            "push",
            "push - - - {}",
            "push x - - {}",
            "rights -",
            "later - -",
            "viewers x",
            "viewers - a=b",
        ] {
            assert_eq!(Note::read(text), None, "{text}");
        }
    }
}
