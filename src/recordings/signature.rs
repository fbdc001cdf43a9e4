//! Signed addresses of a recording's files: `/media/{session}/{expires}/{signature}/{file}`.
//!
//! A signature is for a whole recording until a moment. It names no user, and the moment is rounded, so that all
//! viewers of an hour ask for the same addresses and a cache in front can answer them. Checking one reads no database.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::accounts::secret::SigningKey;
use crate::db::Ts;

/// Longer than the longest class with a break: a player that keeps the page open does not come back for new addresses.
const LIFETIME_S: i64 = 12 * 3600;
/// Addresses change once in this time.
const ROUND_S: i64 = 3600;

/// The right to read the files of one recording until a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaGrant {
    /// Whose recording.
    pub session: Uuid,
    /// Until when, in seconds since 1970.
    pub expires_s: i64,
}

impl MediaGrant {
    /// From `now` for twelve to thirteen hours, but not beyond `end`.
    #[must_use]
    pub fn new(session: Uuid, now: Ts, end: Option<Ts>) -> MediaGrant {
        let rounded = (now.unix_s() + LIFETIME_S).div_euclid(ROUND_S) * ROUND_S + ROUND_S;
        MediaGrant {
            session,
            expires_s: end.map_or(rounded, |end| rounded.min(end.unix_s())),
        }
    }

    /// The address that a file's name is appended to.
    #[must_use]
    pub fn prefix(&self, key: &SigningKey) -> String {
        let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(&self.message()));
        format!("/media/{}/{}/{signature}/", self.session, self.expires_s)
    }

    /// Whether `signature` is ours for this grant, and its moment has not come.
    #[must_use]
    pub fn is_good(&self, signature: &str, key: &SigningKey, now: Ts) -> bool {
        let mut bytes = [0; 32];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes).unwrap_or(0);
        key.is_signed(&self.message(), bytes.get(..length).unwrap_or(&[])) && now.unix_s() < self.expires_s
    }

    fn message(&self) -> Vec<u8> {
        let mut message = self.session.as_bytes().to_vec();
        message.extend(self.expires_s.to_be_bytes());
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ts = Ts(1_790_000_000_000_000);
    const SESSION: Uuid = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0001);

    fn signature(grant: &MediaGrant, key: &SigningKey) -> String {
        grant.prefix(key).split('/').nth(4).unwrap().to_owned()
    }

    #[test]
    fn a_grant_is_good_for_its_session_and_time_only() {
        let key = SigningKey::from_bytes([1; 32]);
        let grant = MediaGrant::new(SESSION, NOW, None);
        let signature = signature(&grant, &key);
        assert!(grant.is_good(&signature, &key, NOW));
        assert!(
            !grant.is_good(&signature, &key, Ts(grant.expires_s * 1_000_000)),
            "too late"
        );
        assert!(
            !grant.is_good(&signature, &SigningKey::from_bytes([2; 32]), NOW),
            "another server's"
        );
        assert!(
            !MediaGrant {
                session: Uuid::from_u128(2),
                ..grant
            }
            .is_good(&signature, &key, NOW),
            "another session"
        );
        assert!(
            !MediaGrant {
                expires_s: grant.expires_s + 1,
                ..grant
            }
            .is_good(&signature, &key, NOW),
            "prolonged"
        );
        for bad in ["", "A", "not base64!", &signature[..42], &format!("{signature}A")] {
            assert!(!grant.is_good(bad, &key, NOW), "{bad}");
        }
    }

    #[test]
    fn viewers_of_the_same_hour_get_the_same_addresses() {
        let at = |s: i64| MediaGrant::new(SESSION, Ts(s * 1_000_000), None).expires_s;
        assert_eq!(at(7200), at(7200 + 3599));
        assert_ne!(at(7200), at(7200 + 3600));
        assert!(at(7200) - 7200 >= LIFETIME_S);
    }

    #[test]
    fn a_grant_ends_with_the_replay() {
        let end = NOW.plus_s(60);
        assert_eq!(MediaGrant::new(SESSION, NOW, Some(end)).expires_s, end.unix_s());
    }
}
