//! Short-lived bearer tokens for WHIP and WHEP: what they say is signed, so that checking one reads no database.
//!
//! A token is base64url of `purpose (1 byte) | session (16) | user (16, zeros: nobody) | expiry (8, seconds since 1970,
//! big endian) | HMAC-SHA-256 (32)`.

use uuid::Uuid;

use crate::accounts::secret::SigningKey;
use crate::db::Ts;

/// Long enough to open a connection, however slow; the connection itself then lasts without it.
pub const LIFETIME_S: i64 = 10 * 60;

const CLAIM_BYTES: usize = 1 + 16 + 16 + 8;

/// What a token is good for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// WHIP.
    Publish,
    /// WHEP.
    Watch,
}

/// What a token says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaToken {
    /// What it is good for.
    pub purpose: Purpose,
    /// Where.
    pub session: Uuid,
    /// Who asked for it; `None`: nobody signed in.
    pub user: Option<Uuid>,
    /// Until when, in whole seconds.
    pub expires_at: Ts,
}

impl MediaToken {
    /// The text to hand out.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        key.seal(&self.claims())
    }

    /// Reads a token that this server signed; `None` for anything else. Whether its time is over, and whether it is for
    /// this session, is for the caller to see.
    #[must_use]
    pub fn read(text: &str, key: &SigningKey) -> Option<MediaToken> {
        let claims: [u8; CLAIM_BYTES] = key.unseal(text)?;
        let (purpose, rest) = claims.split_first()?;
        let (session, rest) = rest.split_first_chunk()?;
        let (user, rest) = rest.split_first_chunk()?;
        let (expiry, _) = rest.split_first_chunk()?;
        Some(MediaToken {
            purpose: match purpose {
                b'p' => Purpose::Publish,
                b'w' => Purpose::Watch,
                _ => return None,
            },
            session: Uuid::from_bytes(*session),
            user: Some(Uuid::from_bytes(*user)).filter(|user| !user.is_nil()),
            expires_at: Ts(0).plus_s(i64::from_be_bytes(*expiry)),
        })
    }

    fn claims(&self) -> [u8; CLAIM_BYTES] {
        let mut claims = [0; CLAIM_BYTES];
        let (purpose, rest) = claims.split_at_mut(1);
        let (session, rest) = rest.split_at_mut(16);
        let (user, expiry) = rest.split_at_mut(16);
        purpose.copy_from_slice(match self.purpose {
            Purpose::Publish => b"p",
            Purpose::Watch => b"w",
        });
        session.copy_from_slice(self.session.as_bytes());
        user.copy_from_slice(self.user.unwrap_or_default().as_bytes());
        expiry.copy_from_slice(&self.expires_at.unix_s().to_be_bytes());
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: MediaToken = MediaToken {
        purpose: Purpose::Publish,
        session: Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0001),
        user: Some(Uuid::from_u128(7)),
        expires_at: Ts(1_790_000_000_000_000),
    };

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_bytes([byte; 32])
    }

    #[test]
    fn a_token_says_what_was_signed() {
        let anybody = MediaToken {
            purpose: Purpose::Watch,
            user: None,
            ..TOKEN
        };
        for token in [TOKEN, anybody] {
            assert_eq!(MediaToken::read(&token.sign(&key(1)), &key(1)), Some(token));
        }
    }

    #[test]
    fn a_token_that_was_touched_says_nothing() {
        let text = TOKEN.sign(&key(1));
        assert_eq!(MediaToken::read(&text, &key(2)), None, "another server's");
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert_eq!(MediaToken::read(&changed, &key(1)), None, "changed at {at}");
            assert_eq!(MediaToken::read(&text[..at], &key(1)), None, "cut at {at}");
        }
        assert_eq!(MediaToken::read(&format!("{text}AAAA"), &key(1)), None, "longer");
    }
}
