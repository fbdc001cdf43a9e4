//! Which peer owns a datagram: by its address once that is known, before that by the ufrag of its ICE check.
//! Both maps hold only what connections have put in, so the number of peers bounds them.

use crate::net::Origin;
use crate::peer::ice::{MAX_ADDRESSES, Ufrag};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;
use std::collections::hash_map::Entry;

/// Addresses of other shards' peers that this shard remembers: more than there are viewers at a server of many cores.
const MAX_FOREIGN: usize = 65_536;

/// Who an address belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Owner {
    /// A peer of this shard, by its place in the engine.
    Peer(usize),
    /// A peer of another shard.
    Shard(u8),
}

/// See the module.
#[derive(Default)]
pub struct Demux {
    addresses: FxHashMap<RemoteKey, Owner>,
    ufrags: FxHashMap<Ufrag, usize>,
    foreign: VecDeque<RemoteKey>,
}

/// The remote end of an [`Origin`]; the local address does not tell peers apart.
type RemoteKey = (std::net::SocketAddr, u64);

impl Demux {
    /// Whose an address is.
    pub fn by_address(&self, origin: &Origin) -> Option<Owner> {
        self.addresses.get(&origin.remote_key()).copied()
    }

    /// Whose a ufrag is.
    pub fn by_ufrag(&self, ufrag: &[u8]) -> Option<usize> {
        self.ufrags.get(<&Ufrag>::try_from(ufrag).ok()?).copied()
    }

    /// Announces a peer.
    pub fn add_ufrag(&mut self, ufrag: Ufrag, peer: usize) {
        self.ufrags.insert(ufrag, peer);
    }

    /// A peer has proved to be at this address; the latest proof wins.
    pub fn add_address(&mut self, origin: &Origin, peer: usize) {
        self.addresses.insert(origin.remote_key(), Owner::Peer(peer));
    }

    /// A check from this address was meant for another shard; the oldest such address is forgotten beyond 65,536. The
    /// check was not authenticated here, so it takes nothing from a peer of this shard: that one keeps its address until
    /// it is gone.
    pub fn add_foreign(&mut self, origin: &Origin, shard: u8) {
        let key = origin.remote_key();
        match self.addresses.entry(key) {
            Entry::Occupied(known) if matches!(known.get(), Owner::Peer(_)) => return,
            Entry::Occupied(mut known) => drop(known.insert(Owner::Shard(shard))),
            Entry::Vacant(free) => {
                free.insert(Owner::Shard(shard));
                self.foreign.push_back(key);
            }
        }
        if self.foreign.len() > MAX_FOREIGN
            && let Some(oldest) = self.foreign.pop_front()
            && let Some(Owner::Shard(_)) = self.addresses.get(&oldest)
        {
            self.addresses.remove(&oldest);
        }
    }

    /// Forgets a peer: its ufrag, and those of its addresses that no other peer has taken since.
    pub fn remove(&mut self, ufrag: &Ufrag, addresses: &[Origin], peer: usize) {
        debug_assert!(addresses.len() <= MAX_ADDRESSES, "the agent bounds them");
        self.ufrags.remove(ufrag);
        for origin in addresses {
            self.remove_address(origin, peer);
        }
    }

    /// A peer is no longer at this address, unless another has taken it since.
    pub fn remove_address(&mut self, origin: &Origin, peer: usize) {
        let key = origin.remote_key();
        if self.addresses.get(&key) == Some(&Owner::Peer(peer)) {
            self.addresses.remove(&key);
        }
    }

    /// How many addresses and ufrags are known.
    pub fn len(&self) -> (usize, usize) {
        (self.addresses.len(), self.ufrags.len())
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

    fn far(host: u8) -> Origin {
        Origin::Udp {
            remote: ([192, 0, 2, host + 10], 1).into(),
            local: None,
        }
    }

    #[test]
    fn a_removed_peer_leaves_nothing_and_takes_nothing_of_others() {
        let mut demux = Demux::default();
        demux.add_ufrag(*b"abcdefgh", 1);
        demux.add_address(&origin(1), 1);
        demux.add_address(&origin(2), 1);
        demux.add_address(&origin(2), 7);
        assert_eq!(demux.by_ufrag(b"abcdefgh"), Some(1));
        assert_eq!(demux.by_ufrag(b"abc"), None);
        demux.remove(b"abcdefgh", &[origin(1), origin(2)], 1);
        assert_eq!(demux.by_address(&origin(1)), None);
        assert_eq!(demux.by_address(&origin(2)), Some(Owner::Peer(7)));
        assert_eq!(demux.len(), (1, 0));
    }

    #[test]
    fn addresses_of_other_shards_are_bounded() {
        let mut demux = Demux::default();
        for port in 1..=u16::MAX {
            demux.add_foreign(&origin(port), 3);
        }
        (0..10).for_each(|host| demux.add_foreign(&far(host), 3));
        assert_eq!(demux.len().0, MAX_FOREIGN);
        assert_eq!(demux.by_address(&far(9)), Some(Owner::Shard(3)));
        assert_eq!(demux.by_address(&origin(1)), None);
    }

    #[test]
    fn a_check_for_another_shard_takes_no_peers_address() {
        let mut demux = Demux::default();
        demux.add_address(&origin(1), 4);
        demux.add_foreign(&origin(1), 3);
        assert_eq!(demux.by_address(&origin(1)), Some(Owner::Peer(4)));
    }
}
