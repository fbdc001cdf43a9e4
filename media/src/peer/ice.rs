//! ICE-lite (RFC 8445 section 2.5): we answer checks and remember where the peer is. Consent (RFC 7675) is the peer's
//! own checks and its authenticated media.

use crate::net::Origin;
use crate::wire::stun::{self, BindingRequest};
use aws_lc_rs::hmac;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use smallvec::SmallVec;

/// Addresses remembered for one peer. A phone on two networks with IPv6 has six; more would let one peer fill the map.
pub const MAX_ADDRESSES: usize = 8;

/// Characters of a ufrag (at least 4, RFC 8839 section 5.4). The first names the shard.
pub const UFRAG_CHARS: usize = 8;

const PASSWORD_CHARS: usize = 24;
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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
    /// changes then. The address to send to is the first one seen, then the one last nominated. Beyond
    /// [`MAX_ADDRESSES`] the oldest other one is forgotten: over a long class a phone may have more, one at a time.
    pub fn handle_check(&mut self, request: &BindingRequest<'_>, from: Origin, reply: &mut Vec<u8>) -> Option<Checked> {
        if !request.is_authentic(&self.key) {
            return None;
        }
        let new_address = !self.addresses.iter().any(|known| known.is_same_remote(&from));
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
        let new_selection = match self.selected {
            None => true,
            Some(selected) => request.use_candidate && selected != from,
        };
        if new_selection {
            self.selected = Some(from);
        }
        Some(Checked {
            new_address,
            forgotten,
            new_selection,
        })
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
    use rand_chacha::rand_core::SeedableRng;

    fn origin(port: u16) -> Origin {
        Origin::Udp {
            remote: ([192, 0, 2, 1], port).into(),
            local: None,
        }
    }

    fn check(agent: &mut Agent, port: u16, nominate: bool, password: Option<&str>) -> Option<Checked> {
        let mut bytes = vec![];
        let key = stun::integrity_key(password.unwrap_or(&agent.password));
        stun::write_request(
            &format!("{}:peer", agent.ufrag_text()),
            nominate,
            [1; 12],
            &key,
            &mut bytes,
        );
        agent.handle_check(&BindingRequest::parse(&bytes).unwrap(), origin(port), &mut vec![])
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
    fn the_ufrag_names_the_shard() {
        let agent = agent();
        assert_eq!(shard_of(&agent.ufrag), Some(5));
        assert_eq!(shard_of(b"-x"), None);
        assert_eq!(shard_of(b""), None);
    }
}
