//! Signed addresses of a recording's files: `/media/{session}/{expires}/{signature}/{file}?v={viewer}`.
//!
//! The path is for a whole recording until a moment. It names no user, and the moment is rounded, so that all viewers of
//! an hour ask for the same paths and a cache in front can answer them by the path alone; nobody guesses one. The query
//! binds an address to the user it was made for: the server checks it, and with it the user's right at this second. A
//! cache that leaves the query out of its keys hands out what it holds until the moment in the path, at the latest;
//! `docs/replays.md` says what that means. Checking an address reads no database.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use uuid::Uuid;

use crate::accounts::secret::SigningKey;
use crate::db::Ts;

/// Longer than the longest class with a break: a player that keeps the page open does not come back for new addresses.
const LIFETIME_S: i64 = 12 * 3600;
/// Paths change once in this time.
const ROUND_S: i64 = 3600;
/// Of the viewer's signature, half of it is kept (RFC 2104 section 5): it stands behind every segment in a playlist.
const TAG_BYTES: usize = 16;

/// The right to read the files of one recording until a moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MediaGrant {
    /// Whose recording.
    pub session: Uuid,
    /// Until when, in seconds since 1970.
    pub expires_s: i64,
    /// As what.
    pub scope: Scope,
}

/// As what a recording is played.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// As the replay of its session.
    Replay,
    /// From the catalogue, after the replay's time.
    Library,
}

impl MediaGrant {
    /// For a replay: from `now` for twelve to thirteen hours, but not beyond `end`.
    #[must_use]
    pub fn new(session: Uuid, now: Ts, end: Option<Ts>) -> MediaGrant {
        let rounded = (now.unix_s() + LIFETIME_S).div_euclid(ROUND_S) * ROUND_S + ROUND_S;
        MediaGrant {
            session,
            expires_s: end.map_or(rounded, |end| rounded.min(end.unix_s())),
            scope: Scope::Replay,
        }
    }

    /// For a recording in the catalogue.
    #[must_use]
    pub fn for_library(session: Uuid, now: Ts) -> MediaGrant {
        MediaGrant {
            scope: Scope::Library,
            ..MediaGrant::new(session, now, None)
        }
    }

    /// The grant that the parts of a path speak of, if `signature` is ours for it. Its moment may have come.
    #[must_use]
    pub fn read(session: Uuid, expires_s: i64, signature: &str, key: &SigningKey) -> Option<MediaGrant> {
        let mut bytes = [0; 32];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(signature, &mut bytes).unwrap_or(0);
        let signature = bytes.get(..length)?;
        let grant = |scope| MediaGrant {
            session,
            expires_s,
            scope,
        };
        [Scope::Replay, Scope::Library]
            .map(grant)
            .into_iter()
            .find(|grant| key.is_signed(&grant.message(), signature))
    }

    /// The address that a file's name is appended to.
    #[must_use]
    pub fn prefix(&self, key: &SigningKey) -> String {
        let signature = BASE64_URL_SAFE_NO_PAD.encode(key.sign(&self.message()));
        format!("/media/{}/{}/{signature}/", self.session, self.expires_s)
    }

    /// What comes behind a file's name: for `viewer`, or for anybody where that is enough.
    #[must_use]
    pub fn query(&self, viewer: Option<Uuid>, key: &SigningKey) -> String {
        let viewer = viewer.unwrap_or_default();
        let tag = key.sign(&self.viewer_message(viewer));
        let text = BASE64_URL_SAFE_NO_PAD.encode([viewer.as_bytes(), &tag[..TAG_BYTES]].concat());
        format!("?v={text}")
    }

    /// For whom an address was made, by the value behind `v=`; nothing when that is not ours for this grant.
    #[must_use]
    pub fn viewer(&self, text: &str, key: &SigningKey) -> Option<Option<Uuid>> {
        let mut bytes = [0; 16 + TAG_BYTES];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (viewer, tag) = bytes.get(..length)?.split_first_chunk::<16>()?;
        let viewer = Uuid::from_bytes(*viewer);
        let is_ours = subtle::ConstantTimeEq::ct_eq(&key.sign(&self.viewer_message(viewer))[..TAG_BYTES], tag);
        bool::from(is_ours).then_some(Some(viewer).filter(|viewer| !viewer.is_nil()))
    }

    /// Whether its moment has come.
    #[must_use]
    pub fn is_over(&self, now: Ts) -> bool {
        now.unix_s() >= self.expires_s
    }

    fn message(&self) -> Vec<u8> {
        let mut message = self.session.as_bytes().to_vec();
        message.extend(self.expires_s.to_be_bytes());
        message.push(match self.scope {
            Scope::Replay => 0,
            Scope::Library => 1,
        });
        message
    }

    fn viewer_message(&self, viewer: Uuid) -> Vec<u8> {
        let mut message = self.message();
        message.extend(viewer.as_bytes());
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Ts = Ts(1_790_000_000_000_000);
    const SESSION: Uuid = Uuid::from_u128(0x0191_0000_0000_7000_8000_0000_0000_0001);
    const ANNA: Uuid = Uuid::from_u128(7);

    fn signature(grant: &MediaGrant, key: &SigningKey) -> String {
        grant.prefix(key).split('/').nth(4).unwrap().to_owned()
    }

    #[test]
    fn a_path_is_good_for_its_session_and_time_only() {
        let key = SigningKey::from_bytes([1; 32]);
        let grant = MediaGrant::new(SESSION, NOW, None);
        let signature = signature(&grant, &key);
        let (session, expires_s) = (SESSION, grant.expires_s);
        assert_eq!(MediaGrant::read(session, expires_s, &signature, &key), Some(grant));
        assert!(!grant.is_over(NOW) && grant.is_over(Ts(expires_s * 1_000_000)));
        let other = SigningKey::from_bytes([2; 32]);
        assert_eq!(MediaGrant::read(session, expires_s, &signature, &other), None);
        assert_eq!(MediaGrant::read(Uuid::from_u128(2), expires_s, &signature, &key), None);
        assert_eq!(
            MediaGrant::read(session, expires_s + 1, &signature, &key),
            None,
            "prolonged"
        );
        for bad in ["", "A", "not base64!", &signature[..42], &format!("{signature}A")] {
            assert_eq!(MediaGrant::read(session, expires_s, bad, &key), None, "{bad}");
        }
    }

    #[test]
    fn a_replay_and_the_catalogue_have_paths_of_their_own() {
        let key = SigningKey::from_bytes([1; 32]);
        let grant = MediaGrant::for_library(SESSION, NOW);
        let read = MediaGrant::read(SESSION, grant.expires_s, &signature(&grant, &key), &key);
        assert_eq!(read, Some(grant));
        assert_ne!(grant.prefix(&key), MediaGrant::new(SESSION, NOW, None).prefix(&key));
    }

    #[test]
    fn an_address_names_its_user_and_no_other_can_be_put_there() {
        let key = SigningKey::from_bytes([1; 32]);
        let grant = MediaGrant::new(SESSION, NOW, None);
        let tag = |viewer| grant.query(viewer, &key).strip_prefix("?v=").unwrap().to_owned();
        assert_eq!(grant.viewer(&tag(Some(ANNA)), &key), Some(Some(ANNA)));
        assert_eq!(grant.viewer(&tag(None), &key), Some(None));
        let other = MediaGrant { expires_s: 1, ..grant };
        assert_eq!(other.viewer(&tag(Some(ANNA)), &key), None, "another path's");
        let forged = BASE64_URL_SAFE_NO_PAD.encode([&[9; 16][..], &[0; TAG_BYTES]].concat());
        for bad in ["", "A", &forged, &tag(None)[..42]] {
            assert_eq!(grant.viewer(bad, &key), None, "{bad}");
        }
    }

    #[test]
    fn viewers_of_the_same_hour_get_the_same_paths() {
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
