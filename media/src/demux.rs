//! Which peer owns a datagram: by its address once that is known, before that by the ufrag of its ICE check.
//! What is known of this shard's peers is bounded by their number, what is known of others' by a constant.

use crate::net::Origin;
use crate::peer::ice::{MAX_ADDRESSES, Ufrag};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

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
    addresses: FxHashMap<RemoteKey, usize>,
    ufrags: FxHashMap<Ufrag, usize>,
    foreign: FxHashMap<RemoteKey, Foreign>,
    /// Each of them once, in the order in which they may be forgotten.
    foreign_order: VecDeque<RemoteKey>,
}

/// What is known of an address of another shard's peer.
struct Foreign {
    shard: u8,
    /// More has come from it since it was last considered for being forgotten.
    is_used: bool,
}

/// The remote end of an [`Origin`]; the local address does not tell peers apart.
type RemoteKey = (std::net::SocketAddr, u64);

impl Demux {
    /// Whose an address is; something came from it.
    pub fn by_address(&mut self, origin: &Origin) -> Option<Owner> {
        let key = origin.remote_key();
        if let Some(&peer) = self.addresses.get(&key) {
            return Some(Owner::Peer(peer));
        }
        let foreign = self.foreign.get_mut(&key)?;
        foreign.is_used = true;
        Some(Owner::Shard(foreign.shard))
    }

    /// Which peer of this shard an address belongs to.
    pub fn peer_at(&self, origin: &Origin) -> Option<usize> {
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
        self.addresses.insert(origin.remote_key(), peer);
    }

    /// A check from this address was meant for another shard. It was not authenticated here, so it takes nothing from a
    /// peer of this shard, and beyond 65,536 such addresses one is forgotten: the oldest from which nothing else came,
    /// so that made-up ones do not drive out those that are in use.
    pub fn add_foreign(&mut self, origin: &Origin, shard: u8) {
        let key = origin.remote_key();
        if let Some(known) = self.foreign.get_mut(&key) {
            known.shard = shard;
            return;
        }
        self.foreign.insert(key, Foreign { shard, is_used: false });
        self.foreign_order.push_back(key);
        if self.foreign_order.len() > MAX_FOREIGN {
            self.forget_a_foreign();
        }
    }

    /// Each address in use is passed over once for each time that this finds it in use, so the search ends.
    fn forget_a_foreign(&mut self) {
        while let Some(oldest) = self.foreign_order.pop_front() {
            let known = self.foreign.get_mut(&oldest);
            if !known.is_some_and(|foreign| std::mem::take(&mut foreign.is_used)) {
                self.foreign.remove(&oldest);
                return;
            }
            self.foreign_order.push_back(oldest);
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
        if self.addresses.get(&key) == Some(&peer) {
            self.addresses.remove(&key);
        }
    }

    /// How many addresses and ufrags are known.
    pub fn len(&self) -> (usize, usize) {
        (self.addresses.len() + self.foreign.len(), self.ufrags.len())
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

    fn host(host: u8, port: u16) -> Origin {
        Origin::Udp {
            remote: ([198, 51, 100, host], port).into(),
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
        assert_eq!(demux.by_address(&origin(2)), Some(Owner::Shard(3)), "it sends more");
        (0..10).for_each(|host| demux.add_foreign(&far(host), 3));
        assert_eq!(demux.len().0, MAX_FOREIGN);
        assert_eq!(demux.by_address(&far(9)), Some(Owner::Shard(3)));
        assert_eq!(demux.by_address(&origin(1)), None);
        assert_eq!(demux.by_address(&origin(2)), Some(Owner::Shard(3)));
        assert_eq!(demux.by_address(&origin(3)), None);
    }

    #[test]
    fn addresses_in_use_outlive_any_flood_of_others() {
        let mut demux = Demux::default();
        demux.add_foreign(&far(0), 2);
        for round in 0..3 {
            assert_eq!(demux.by_address(&far(0)), Some(Owner::Shard(2)), "round {round}");
            (1..=u16::MAX).for_each(|port| demux.add_foreign(&host(round, port), 3));
        }
        assert_eq!(demux.by_address(&far(0)), Some(Owner::Shard(2)));
        assert_eq!(demux.len().0, MAX_FOREIGN);
    }

    #[test]
    fn a_check_for_another_shard_takes_no_peers_address() {
        let mut demux = Demux::default();
        demux.add_address(&origin(1), 4);
        demux.add_foreign(&origin(1), 3);
        assert_eq!(demux.by_address(&origin(1)), Some(Owner::Peer(4)));
    }
}
