//! ICE-lite (RFC 8445 section 2.5): we answer checks and remember where the peer is. Consent (RFC 7675) is the peer's
//! own checks and its authenticated media.

use crate::net::Origin;
use crate::wire::stun::{self, BindingRequest};
use aws_lc_rs::hmac;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use smallvec::SmallVec;
use std::time::{Duration, Instant};

/// Addresses remembered for one peer. A phone on two networks with IPv6 has six; more would let one peer fill the map.
pub const MAX_ADDRESSES: usize = 8;

/// Characters of a ufrag (at least 4, RFC 8839 section 5.4). The first names the shard.
pub const UFRAG_CHARS: usize = 8;

const PASSWORD_CHARS: usize = 24;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// When nothing has come from the address that packets go to for this long, but something from another address of the
/// peer, the peer has moved: its router gave it another port, and a client that does not notice nominates nothing.
/// Clients that see or send media are heard of several times a second.
const MOVED_AFTER: Duration = Duration::from_millis(1500);

/// The same for a check from an address that was known before: browsers keep spare paths alive by a check now and then,
/// and one of those must not overtake the checks of the path in use, which may be 2.5 s apart.
const SPARE_AFTER: Duration = Duration::from_secs(6);

/// Our user name fragment: what a check is addressed to.
pub type Ufrag = [u8; UFRAG_CHARS];

/// Our side of one peer's ICE.
pub struct Agent {
    /// Sent in the answer.
    pub ufrag: Ufrag,
    /// Sent in the answer.
    pub password: String,
    key: hmac::Key,
    selected: Option<Origin>,
    /// When something authentic last came from there.
    selected_heard: Option<Instant>,
    addresses: SmallVec<[Origin; 2]>,
}

/// What a check changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Checked {
    /// An address that the peer was not known by.
    pub new_address: bool,
    /// The address that was forgotten for it: the oldest that packets do not go to.
    pub forgotten: Option<Origin>,
    /// The address to send to is another one now.
    pub new_selection: bool,
}

impl Agent {
    /// New credentials. The ufrag's first character says which shard (below 64) the peer lives on.
    pub fn new(shard: u8, rng: &mut ChaCha20Rng) -> Agent {
        let mut ufrag = [0; UFRAG_CHARS];
        fill_ice_chars(&mut ufrag, rng);
        ufrag[0] = ALPHABET[usize::from(shard) % ALPHABET.len()];
        let mut password = [0; PASSWORD_CHARS];
        fill_ice_chars(&mut password, rng);
        let password: String = password.iter().map(|&b| char::from(b)).collect();
        let key = stun::integrity_key(&password);
        Agent {
            ufrag,
            password,
            key,
            selected: None,
            selected_heard: None,
            addresses: SmallVec::new(),
        }
    }

    /// The ufrag as text.
    pub fn ufrag_text(&self) -> String {
        self.ufrag.iter().map(|&b| char::from(b)).collect()
    }

    /// Where packets for the peer go; `None` before its first check.
    pub fn selected(&self) -> Option<Origin> {
        self.selected
    }

    /// Every address that the peer has proved to be at.
    pub fn addresses(&self) -> &[Origin] {
        &self.addresses
    }

    /// Takes a check: writes the answer to `reply` and notes the address. `None` when it is not authentic; nothing
    /// changes then. The address to send to is the first one seen, then the one last nominated, or where the peer has
    /// moved to without a word (see [`Agent::note_heard`]). Beyond [`MAX_ADDRESSES`] the oldest other one is forgotten:
    /// over a long class a phone may have more, one at a time.
    pub fn handle_check(
        &mut self,
        now: Instant,
        request: &BindingRequest<'_>,
        from: Origin,
        reply: &mut Vec<u8>,
    ) -> Option<Checked> {
        if !request.is_authentic(&self.key) {
            return None;
        }
        let new_address = !self.knows(&from);
        let mut forgotten = None;
        if new_address {
            if self.addresses.len() == MAX_ADDRESSES {
                let is_spare = |known: &Origin| self.selected.is_none_or(|selected| !known.is_same_remote(&selected));
                forgotten = self
                    .addresses
                    .iter()
                    .position(is_spare)
                    .map(|oldest| self.addresses.remove(oldest));
            }
            self.addresses.push(from);
        }
        request.write_success(from.mapped_address(), &self.key, reply);
        let nominates = self
            .selected
            .is_none_or(|selected| request.use_candidate && selected != from);
        if nominates {
            self.select(from, now);
        }
        let patience = if new_address { MOVED_AFTER } else { SPARE_AFTER };
        let new_selection = self.hear(now, &from, patience) || nominates;
        Some(Checked {
            new_address,
            forgotten,
            new_selection,
        })
    }

    /// Media or a report came from this address. True when packets go there from now on: it is one of the peer's, and
    /// nothing has come for 1.5 s from the one that they went to.
    pub fn note_heard(&mut self, now: Instant, from: &Origin) -> bool {
        self.hear(now, from, MOVED_AFTER)
    }

    fn hear(&mut self, now: Instant, from: &Origin, patience: Duration) -> bool {
        if self.selected.is_some_and(|selected| selected.is_same_remote(from)) {
            self.selected_heard = Some(now);
            return false;
        }
        let is_silent = |heard: Instant| now.saturating_duration_since(heard) >= patience;
        let has_moved = self.selected_heard.is_none_or(is_silent) && self.knows(from);
        if has_moved {
            self.select(*from, now);
        }
        has_moved
    }

    /// A TCP connection of the peer is closed. True when packets went there and go to another address of the peer from
    /// now on: the one learned last.
    pub fn forget(&mut self, now: Instant, gone: &Origin) -> bool {
        self.addresses.retain(|known| !known.is_same_remote(gone));
        let was_selected = self.selected.is_some_and(|selected| selected.is_same_remote(gone));
        if !was_selected {
            return false;
        }
        // With no other address, the next one that is heard of is it.
        self.selected_heard = None;
        let other = self.addresses.last().copied();
        if let Some(other) = other {
            self.select(other, now);
        }
        other.is_some()
    }

    fn knows(&self, address: &Origin) -> bool {
        self.addresses.iter().any(|known| known.is_same_remote(address))
    }

    fn select(&mut self, address: Origin, now: Instant) {
        self.selected = Some(address);
        self.selected_heard = Some(now);
    }
}

/// Credentials with which the server tests whether its own addresses can be reached. They open nothing: a check made
/// with them is answered, and that is all.
#[derive(Clone, Debug)]
pub struct Probe {
    ufrag: Ufrag,
    key: hmac::Key,
}

impl Probe {
    /// New credentials. `seed` must be unpredictable.
    pub fn new(seed: [u8; 32]) -> Probe {
        let agent = Agent::new(0, &mut ChaCha20Rng::from_seed(seed));
        Probe {
            ufrag: agent.ufrag,
            key: agent.key,
        }
    }

    /// A check to send to one of our own addresses.
    pub fn request(&self, transaction: [u8; 12]) -> Vec<u8> {
        let mut request = Vec::new();
        let ufrag = String::from_utf8_lossy(&self.ufrag);
        stun::write_request(&format!("{ufrag}:{ufrag}"), false, transaction, &self.key, &mut request);
        request
    }

    /// Whether a check is one of these.
    pub(crate) fn is_meant(&self, request: &BindingRequest<'_>) -> bool {
        request.local_ufrag == self.ufrag
    }

    /// Writes the answer; false when the check is not authentic.
    pub(crate) fn answer(&self, request: &BindingRequest<'_>, from: Origin, reply: &mut Vec<u8>) -> bool {
        let is_authentic = request.is_authentic(&self.key);
        if is_authentic {
            request.write_success(from.mapped_address(), &self.key, reply);
        }
        is_authentic
    }
}

/// The shard that a check is meant for, by the first character of the ufrag; `None` for a ufrag that is not ours.
pub fn shard_of(ufrag: &[u8]) -> Option<u8> {
    let first = ufrag.first()?;
    ALPHABET
        .iter()
        .position(|c| c == first)
        .and_then(|at| u8::try_from(at).ok())
}

fn fill_ice_chars(out: &mut [u8], rng: &mut ChaCha20Rng) {
    rng.fill_bytes(out);
    for byte in out {
        *byte = ALPHABET[usize::from(*byte) % ALPHABET.len()];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(port: u16) -> Origin {
        Origin::Udp {
            remote: ([192, 0, 2, 1], port).into(),
            local: None,
        }
    }

    #[expect(clippy::disallowed_methods, reason = "any instant will do")]
    fn start() -> Instant {
        use std::sync::OnceLock;
        static START: OnceLock<Instant> = OnceLock::new();
        *START.get_or_init(Instant::now)
    }

    fn check(agent: &mut Agent, port: u16, nominate: bool, password: Option<&str>) -> Option<Checked> {
        let key = stun::integrity_key(password.unwrap_or(&agent.password));
        check_at(agent, start(), port, nominate, &key)
    }

    fn check_at(agent: &mut Agent, now: Instant, port: u16, nominate: bool, key: &hmac::Key) -> Option<Checked> {
        let mut bytes = vec![];
        let name = format!("{}:peer", agent.ufrag_text());
        stun::write_request(&name, nominate, [1; 12], key, &mut bytes);
        agent.handle_check(now, &BindingRequest::parse(&bytes).unwrap(), origin(port), &mut vec![])
    }

    fn agent() -> Agent {
        Agent::new(5, &mut ChaCha20Rng::from_seed([1; 32]))
    }

    fn told(new_address: bool, new_selection: bool) -> Option<Checked> {
        Some(Checked {
            new_address,
            forgotten: None,
            new_selection,
        })
    }

    #[test]
    fn media_goes_to_the_first_address_until_another_is_nominated() {
        let mut agent = agent();
        assert_eq!(check(&mut agent, 1, false, None), told(true, true));
        assert_eq!(check(&mut agent, 2, false, None), told(true, false));
        assert_eq!(agent.selected(), Some(origin(1)));
        assert_eq!(check(&mut agent, 2, true, None), told(false, true));
        assert_eq!(agent.selected(), Some(origin(2)));
    }

    #[test]
    fn a_wrong_password_changes_nothing() {
        let mut agent = agent();
        assert_eq!(check(&mut agent, 1, true, Some("guess")), None);
        assert_eq!((agent.selected(), agent.addresses().len()), (None, 0));
    }

    #[test]
    fn a_peer_may_move_as_often_as_it_likes_and_is_known_by_eight_addresses() {
        let mut agent = agent();
        for port in 0..100 {
            let checked = check(&mut agent, port, true, None).unwrap();
            assert_eq!(agent.selected(), Some(origin(port)));
            assert_eq!(checked.forgotten, port.checked_sub(8).map(origin));
        }
        assert_eq!(agent.addresses().len(), MAX_ADDRESSES);
        for port in 200..300 {
            check(&mut agent, port, false, None);
        }
        assert_eq!(
            agent.selected(),
            Some(origin(99)),
            "checks that nominate nothing move nothing"
        );
        assert!(agent.addresses().contains(&origin(99)) && agent.addresses().len() == MAX_ADDRESSES);
    }

    #[test]
    fn a_peer_whose_router_gave_it_another_port_is_followed_there() {
        let mut agent = agent();
        let key = agent.key.clone();
        let at = |ms| start() + Duration::from_millis(ms);
        check_at(&mut agent, at(0), 1, true, &key);
        check_at(&mut agent, at(10), 2, false, &key);
        assert!(!agent.note_heard(at(1000), &origin(1)));
        assert!(!agent.note_heard(at(2000), &origin(2)), "the first one is alive");
        assert!(!agent.note_heard(at(4000), &origin(3)), "nobody has proved to be there");
        check_at(&mut agent, at(4000), 2, false, &key);
        assert_eq!(agent.selected(), Some(origin(1)), "a spare path is kept alive");
        let checked = check_at(&mut agent, at(4000), 3, false, &key).unwrap();
        assert!(checked.new_selection && agent.selected() == Some(origin(3)));
    }

    #[test]
    fn a_closed_connection_is_forgotten_and_replaced() {
        let tcp = |connection| Origin::Tcp {
            remote: ([192, 0, 2, 1], 1).into(),
            connection,
        };
        let mut agent = agent();
        check(&mut agent, 1, true, None);
        assert!(!agent.forget(start(), &tcp(7)), "it never was");
        assert!(!agent.forget(start(), &origin(1)), "there is no other");
        assert!(agent.addresses().is_empty());
        let checked = check(&mut agent, 2, false, None).unwrap();
        assert!(checked.new_selection, "whatever comes next is it");
        check(&mut agent, 3, false, None);
        assert!(agent.forget(start(), &origin(2)));
        assert_eq!(agent.selected(), Some(origin(3)));
    }

    #[test]
    fn the_ufrag_names_the_shard() {
        let agent = agent();
        assert_eq!(shard_of(&agent.ufrag), Some(5));
        assert_eq!(shard_of(b"-x"), None);
        assert_eq!(shard_of(b""), None);
    }
}
