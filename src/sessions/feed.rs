//! The address of a user's calendar feed: whoever has it can read it, and a new version voids the old one.
//!
//! A token is base64url of `user (16 bytes) | version (8, big endian) | HMAC-SHA-256 (32)`; nothing of it is stored.

use uuid::Uuid;

use crate::accounts::secret::SigningKey;

const CLAIM_BYTES: usize = 16 + 8;

/// Whose feed, and which version of its address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FeedToken {
    /// Whose.
    pub user: Uuid,
    /// Must be the user's present one.
    pub version: i64,
}

impl FeedToken {
    /// The text to hand out.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        key.seal(&self.claims())
    }

    /// Reads a token that this server signed; `None` for anything else.
    #[must_use]
    pub fn read(text: &str, key: &SigningKey) -> Option<FeedToken> {
        let claims: [u8; CLAIM_BYTES] = key.unseal(text)?;
        let (user, rest) = claims.split_first_chunk()?;
        let (version, _) = rest.split_first_chunk()?;
        Some(FeedToken {
            user: Uuid::from_bytes(*user),
            version: i64::from_be_bytes(*version),
        })
    }

    fn claims(&self) -> [u8; CLAIM_BYTES] {
        let mut claims = [0; CLAIM_BYTES];
        let (user, version) = claims.split_at_mut(16);
        user.copy_from_slice(self.user.as_bytes());
        version.copy_from_slice(&self.version.to_be_bytes());
        claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_says_what_was_signed_and_nothing_once_touched() {
        let key = SigningKey::from_bytes([1; 32]);
        let token = FeedToken {
            user: Uuid::from_u128(7),
            version: 3,
        };
        let text = token.sign(&key);
        assert_eq!(FeedToken::read(&text, &key), Some(token));
        assert_eq!(FeedToken::read(&text, &SigningKey::from_bytes([2; 32])), None);
        for at in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(
                FeedToken::read(&String::from_utf8(changed).unwrap(), &key),
                None,
                "{at}"
            );
            assert_eq!(FeedToken::read(&text[..at], &key), None, "{at}");
        }
    }
}
