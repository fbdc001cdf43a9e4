//! Who is where: which shard carries a stream's publisher, which shards have viewers of it, and what that asks for.
//!
//! A stream's publisher lives on its *home* shard, which follows from the stream's name alone, so that a publisher who
//! comes late, comes back or takes over needs no search. A viewer goes to the shard that has the fewest packets to pass
//! on; when that is not the home shard, the first viewer there starts a relay and the last one stops it. Plain tables: no
//! threads, no clock.

use lectern_media::engine::Role;
use lectern_media::id::{PeerId, StreamId};
use std::collections::{HashMap, HashSet};
use uuid::Uuid;

/// What a viewer of a class is taken to cost before it has begun, in packets a second: a usual picture and its sound.
const USUAL_COST: u32 = 320;

/// See the module.
pub(super) struct Directory {
    shards: usize,
    streams: HashMap<StreamId, Entry>,
    peers: HashMap<PeerId, Peer>,
    breaks: u64,
    /// How often peers were cut off because they lost a right.
    pub(super) cuts: u64,
}

/// One peer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Peer {
    /// Which shard it is on.
    pub(super) shard: usize,
    /// Which stream it belongs to.
    pub(super) stream: StreamId,
    /// What it does.
    pub(super) role: Role,
    /// Whose it is; `None`: nobody signed in.
    pub(super) user: Option<Uuid>,
    is_connected: bool,
}

struct Entry {
    /// Peers of each shard that view or are about to.
    viewers: Vec<u32>,
    /// Peers of the home shard that publish or are about to.
    publishers: u32,
    /// Packets a second that each of them is about to get, or to send.
    cost: u32,
    connected_viewers: u32,
    publisher: Option<PeerId>,
    /// Which break between two publishers this is, while the grace time runs.
    in_break: Option<u64>,
}

/// What a connection that came or went means for its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Change {
    /// Media comes in.
    Published,
    /// The publisher is gone; the break has a number.
    PublisherGone(u64),
    /// So many viewers are connected now.
    Viewers(u32),
}

/// A shard that no longer needs a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct StopRelay {
    /// Where the publisher is or would be.
    pub(super) home: usize,
    /// Where the last viewer was.
    pub(super) shard: usize,
}

impl Directory {
    /// An empty table for so many shards.
    pub(super) fn new(shards: usize) -> Directory {
        Directory {
            shards,
            streams: HashMap::new(),
            peers: HashMap::new(),
            breaks: 0,
            cuts: 0,
        }
    }

    /// The shard of a stream's publisher.
    pub(super) fn home(&self, stream: StreamId) -> usize {
        // The low half of a session's UUID (version 7) is random.
        let shards = u128::try_from(self.shards.max(1)).unwrap_or(1);
        usize::try_from((stream.0 & u128::from(u64::MAX)) % shards).unwrap_or(0)
    }

    /// Makes room for a publisher; returns its shard.
    pub(super) fn place_publisher(&mut self, stream: StreamId) -> usize {
        self.entry(stream).publishers += 1;
        self.home(stream)
    }

    /// Notes what a viewer of a stream is sent, in packets a second.
    pub(super) fn weigh(&mut self, stream: StreamId, cost: u32) {
        if let Some(entry) = self.streams.get_mut(&stream) {
            entry.cost = cost;
        }
    }

    /// Packets a second that each shard has to pass on, those for peers included whose offer is on its way.
    fn loads(&self) -> Vec<u64> {
        let mut loads = vec![0; self.shards];
        for (&stream, entry) in &self.streams {
            let home = self.home(stream);
            for (shard, (load, &viewers)) in loads.iter_mut().zip(&entry.viewers).enumerate() {
                let publishers = if shard == home { entry.publishers } else { 0 };
                *load += u64::from(viewers + publishers) * u64::from(entry.cost);
            }
        }
        loads
    }

    /// Makes room for a viewer; returns its shard, and whether a relay to it has to be started.
    pub(super) fn place_viewer(&mut self, stream: StreamId) -> (usize, bool) {
        let home = self.home(stream);
        let loads = self.loads().into_iter().enumerate();
        let least = loads.min_by_key(|&(shard, load)| (load, shard != home));
        let shard = least.map_or(0, |(shard, _)| shard);
        let is_first = self.entry(stream).add_viewer(shard);
        (shard, is_first && shard != home)
    }

    /// The offer of somebody for whom there was room was refused.
    pub(super) fn refused(&mut self, stream: StreamId, role: Role, shard: usize) -> Option<StopRelay> {
        let stop = self.leave(stream, role, shard);
        self.forget_if_empty(stream);
        stop
    }

    /// The offer was taken.
    pub(super) fn accepted(&mut self, peer: PeerId, stream: StreamId, role: Role, shard: usize) {
        self.peers.insert(
            peer,
            Peer {
                shard,
                stream,
                role,
                user: None,
                is_connected: false,
            },
        );
    }

    /// Notes whose a peer is.
    pub(super) fn belongs_to(&mut self, peer: PeerId, user: Option<Uuid>) {
        if let Some(peer) = self.peers.get_mut(&peer) {
            peer.user = user;
        }
    }

    /// Every connected viewer: the connection, its stream, and whose it is.
    pub(super) fn watching(&self) -> Vec<(PeerId, StreamId, Option<Uuid>)> {
        let is_watching = |peer: &Peer| peer.role == Role::Viewer && peer.is_connected;
        let watching = self.peers.iter().filter(|(_, peer)| is_watching(peer));
        watching.map(|(&id, peer)| (id, peer.stream, peer.user)).collect()
    }

    /// Whose the viewers of a stream are, each once.
    pub(super) fn users_in(&self, stream: StreamId) -> HashSet<Option<Uuid>> {
        let viewers = self.peers.values();
        let viewers = viewers.filter(|peer| peer.stream == stream && peer.role == Role::Viewer);
        viewers.map(|peer| peer.user).collect()
    }

    /// The viewers of this user (`None`: those of nobody signed in), in one stream or in all.
    pub(super) fn viewers_of(&self, user: Option<Uuid>, stream: Option<StreamId>) -> Vec<PeerId> {
        let is_meant = |peer: &Peer| {
            peer.role == Role::Viewer && peer.user == user && stream.is_none_or(|stream| peer.stream == stream)
        };
        let meant = self.peers.iter().filter(|(_, peer)| is_meant(peer));
        meant.map(|(&id, _)| id).collect()
    }

    /// All peers of a shard.
    pub(super) fn peers_of(&self, shard: usize) -> Vec<PeerId> {
        self.peers
            .iter()
            .filter(|(_, peer)| peer.shard == shard)
            .map(|(&id, _)| id)
            .collect()
    }

    /// The peer has keys. `None`: it was ended meanwhile.
    pub(super) fn connected(&mut self, peer: PeerId) -> Option<Change> {
        let info = self.peers.get_mut(&peer)?;
        info.is_connected = true;
        let (stream, role) = (info.stream, info.role);
        let entry = self.entry(stream);
        match role {
            Role::Publisher => {
                entry.publisher = Some(peer);
                entry.in_break = None;
                Some(Change::Published)
            }
            Role::Viewer => {
                entry.connected_viewers += 1;
                Some(Change::Viewers(entry.connected_viewers))
            }
        }
    }

    /// The peer is gone; `is_replaced`: because another publisher has come.
    pub(super) fn closed(&mut self, peer: PeerId, is_replaced: bool) -> (Option<Change>, Option<StopRelay>) {
        let Some(Peer {
            shard,
            stream,
            role,
            is_connected,
            ..
        }) = self.peers.remove(&peer)
        else {
            return (None, None);
        };
        let stop = self.leave(stream, role, shard);
        let breaks = self.breaks + 1;
        let entry = self.entry(stream);
        let change = if role == Role::Viewer {
            is_connected.then(|| {
                entry.connected_viewers = entry.connected_viewers.saturating_sub(1);
                Change::Viewers(entry.connected_viewers)
            })
        } else if entry.publisher == Some(peer) && !is_replaced {
            entry.publisher = None;
            entry.in_break = Some(breaks);
            Some(Change::PublisherGone(breaks))
        } else {
            None
        };
        self.breaks = breaks;
        self.forget_if_empty(stream);
        (change, stop)
    }

    /// The grace time of a break is over; false when a publisher came back, or the stream was ended, before.
    pub(super) fn grace_over(&mut self, stream: StreamId, number: u64) -> bool {
        let Some(entry) = self
            .streams
            .get_mut(&stream)
            .filter(|entry| entry.in_break == Some(number))
        else {
            return false;
        };
        entry.in_break = None;
        self.forget_if_empty(stream);
        true
    }

    /// The stream is over; nothing is known of it from now on. Returns its peers.
    pub(super) fn ended(&mut self, stream: StreamId) -> Vec<PeerId> {
        let is_of = |_: &PeerId, peer: &mut Peer| peer.stream == stream;
        let gone = self.peers.extract_if(is_of).map(|(id, _)| id).collect();
        self.cuts += 1;
        self.streams.remove(&stream);
        gone
    }

    /// All streams whose publisher lives on this shard.
    pub(super) fn streams_of(&self, home: usize) -> Vec<StreamId> {
        self.streams
            .keys()
            .copied()
            .filter(|&stream| self.home(stream) == home)
            .collect()
    }

    /// Whether there is no peer.
    pub(super) fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Who a peer is.
    pub(super) fn peer(&self, peer: PeerId) -> Option<Peer> {
        self.peers.get(&peer).copied()
    }

    /// How many publishers and viewers are connected.
    pub(super) fn connected_peers(&self) -> (usize, usize) {
        let connected = |role| {
            let peers = self.peers.values();
            peers.filter(move |peer| peer.is_connected && peer.role == role).count()
        };
        (connected(Role::Publisher), connected(Role::Viewer))
    }

    /// Whether there is a connected publisher, and how many connected viewers.
    pub(super) fn status(&self, stream: StreamId) -> (bool, u32) {
        let entry = self.streams.get(&stream);
        entry.map_or((false, 0), |entry| (entry.publisher.is_some(), entry.connected_viewers))
    }

    fn entry(&mut self, stream: StreamId) -> &mut Entry {
        let shards = self.shards;
        self.streams.entry(stream).or_insert_with(|| Entry {
            viewers: vec![0; shards],
            publishers: 0,
            cost: USUAL_COST,
            connected_viewers: 0,
            publisher: None,
            in_break: None,
        })
    }

    fn leave(&mut self, stream: StreamId, role: Role, shard: usize) -> Option<StopRelay> {
        let home = self.home(stream);
        let entry = self.streams.get_mut(&stream)?;
        if role == Role::Publisher {
            entry.publishers = entry.publishers.saturating_sub(1);
            return None;
        }
        let viewers = entry.viewers.get_mut(shard).filter(|viewers| **viewers > 0)?;
        *viewers -= 1;
        (*viewers == 0 && shard != home).then_some(StopRelay { home, shard })
    }

    fn forget_if_empty(&mut self, stream: StreamId) {
        let is_empty = |entry: &Entry| {
            let has_peers = entry.publishers > 0 || entry.viewers.iter().any(|&count| count > 0);
            entry.publisher.is_none() && entry.in_break.is_none() && !has_peers
        };
        if self.streams.get(&stream).is_some_and(is_empty) {
            self.streams.remove(&stream);
        }
    }
}

impl Entry {
    /// Whether it is the shard's first.
    fn add_viewer(&mut self, shard: usize) -> bool {
        let Some(count) = self.viewers.get_mut(shard) else {
            return false;
        };
        *count += 1;
        *count == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STREAM: StreamId = StreamId(0);
    const OTHER: StreamId = StreamId(1);

    fn view(directory: &mut Directory, id: u128) -> (usize, bool) {
        let (shard, relay) = directory.place_viewer(STREAM);
        directory.accepted(PeerId(id), STREAM, Role::Viewer, shard);
        directory.connected(PeerId(id));
        (shard, relay)
    }

    fn publish(directory: &mut Directory, id: u128) -> Option<Change> {
        let shard = directory.place_publisher(STREAM);
        assert_eq!(shard, directory.home(STREAM));
        directory.accepted(PeerId(id), STREAM, Role::Publisher, shard);
        directory.connected(PeerId(id))
    }

    #[test]
    fn viewers_spread_and_a_relay_lives_as_long_as_it_has_viewers() {
        let mut directory = Directory::new(2);
        assert_eq!(publish(&mut directory, 100), Some(Change::Published));
        assert_eq!(
            view(&mut directory, 1),
            (1, true),
            "the home shard has the publisher already"
        );
        assert_eq!(view(&mut directory, 2), (0, false), "the home shard needs no relay");
        assert_eq!(view(&mut directory, 3), (1, false), "the relay is there");
        assert_eq!(directory.status(STREAM), (true, 3));
        assert_eq!(directory.closed(PeerId(1), false), (Some(Change::Viewers(2)), None));
        let stop = Some(StopRelay { home: 0, shard: 1 });
        assert_eq!(directory.closed(PeerId(3), false), (Some(Change::Viewers(1)), stop));
        assert_eq!(view(&mut directory, 4), (1, true), "a new viewer starts it again");
    }

    #[test]
    fn a_refused_viewer_leaves_nothing() {
        let mut directory = Directory::new(2);
        directory.place_publisher(OTHER);
        assert_eq!(directory.place_viewer(OTHER), (0, true));
        let stop = Some(StopRelay { home: 1, shard: 0 });
        assert_eq!(directory.refused(OTHER, Role::Viewer, 0), stop);
        assert_eq!(directory.refused(OTHER, Role::Publisher, 1), None);
        assert!(directory.streams.is_empty());
        assert_eq!(directory.loads(), [0, 0]);
    }

    #[test]
    fn a_viewer_goes_where_the_fewest_packets_are_passed_on() {
        let mut directory = Directory::new(2);
        // Its home is shard 1.
        for id in 0..11 {
            let shard = if id == 0 {
                directory.place_publisher(OTHER)
            } else {
                directory.entry(OTHER).add_viewer(1);
                1
            };
            let role = if id == 0 { Role::Publisher } else { Role::Viewer };
            directory.accepted(PeerId(id), OTHER, role, shard);
            directory.connected(PeerId(id));
        }
        directory.weigh(OTHER, 50);
        publish(&mut directory, 100);
        directory.weigh(STREAM, 300);
        assert_eq!(directory.loads(), [300, 11 * 50]);
        let shards: Vec<usize> = (101..106).map(|id| view(&mut directory, id).0).collect();
        assert_eq!(
            shards,
            [0, 1, 0, 1, 0],
            "eleven with sound alone weigh as two with a picture"
        );
        directory.weigh(OTHER, 300);
        assert_eq!(view(&mut directory, 106).0, 0, "now they have a picture as well");
    }

    #[test]
    fn viewers_who_wait_for_their_class_are_spread_as_well() {
        let mut directory = Directory::new(2);
        let shards: Vec<usize> = (1..5).map(|id| view(&mut directory, id).0).collect();
        assert_eq!(shards, [0, 1, 0, 1]);
    }

    #[test]
    fn a_break_is_over_only_when_nobody_came_back() {
        let mut directory = Directory::new(1);
        publish(&mut directory, 1);
        let (change, _) = directory.closed(PeerId(1), false);
        assert_eq!(change, Some(Change::PublisherGone(1)));
        publish(&mut directory, 2);
        assert!(!directory.grace_over(STREAM, 1), "somebody came back");
        let (change, _) = directory.closed(PeerId(2), false);
        assert_eq!(change, Some(Change::PublisherGone(2)));
        assert!(!directory.grace_over(STREAM, 1));
        assert!(directory.grace_over(STREAM, 2));
        assert!(!directory.grace_over(STREAM, 2), "once");
        assert!(directory.streams.is_empty());
    }

    #[test]
    fn a_publisher_that_is_replaced_is_no_break() {
        let mut directory = Directory::new(1);
        publish(&mut directory, 1);
        let shard = directory.place_publisher(STREAM);
        directory.accepted(PeerId(2), STREAM, Role::Publisher, shard);
        assert_eq!(directory.closed(PeerId(1), true), (None, None));
        assert_eq!(directory.connected(PeerId(2)), Some(Change::Published));
        assert_eq!(directory.status(STREAM), (true, 0));
    }

    #[test]
    fn an_ended_stream_is_forgotten_whatever_comes_after() {
        let mut directory = Directory::new(2);
        publish(&mut directory, 1);
        view(&mut directory, 2);
        directory.ended(STREAM);
        assert_eq!(directory.closed(PeerId(1), false), (None, None));
        assert_eq!(directory.closed(PeerId(2), false), (None, None));
        assert_eq!(directory.connected(PeerId(2)), None);
        assert_eq!(
            (directory.status(STREAM), directory.peer(PeerId(1))),
            ((false, 0), None)
        );
        assert_eq!(directory.loads(), [0, 0]);
    }
}
