//! Video packets that came before the first of a key frame. Most are of no use; but where packets overtake one another,
//! some belong to that key frame, and nobody sends them twice.

use crate::forward::received::Received;
use crate::wire::dependency::Dependency;
use std::collections::VecDeque;

/// Packets kept: reordering reaches less far.
const MAX_PACKETS: usize = 64;

/// The last few packets of one track that could not be used yet.
#[derive(Debug, Default)]
pub struct Early {
    packets: VecDeque<(Place, Vec<u8>)>,
}

#[derive(Clone, Debug)]
struct Place {
    source: usize,
    extended: u64,
    timestamp: u32,
    marker: bool,
    dependency: Option<Dependency>,
}

impl Early {
    /// Keeps a packet; the oldest goes beyond 64.
    pub fn push(&mut self, received: &Received<'_>) {
        if self.packets.len() == MAX_PACKETS {
            self.packets.pop_front();
        }
        let &Received {
            source,
            extended,
            timestamp,
            marker,
            ..
        } = received;
        self.packets.push_back((
            Place {
                source,
                extended,
                timestamp,
                marker,
                dependency: received.dependency.clone(),
            },
            received.payload.to_vec(),
        ));
    }

    /// Gives back those that follow `first` in its source, and forgets all.
    pub fn drain_after<'a>(&'a mut self, first: &Received<'_>) -> impl Iterator<Item = Received<'a>> {
        let &Received {
            kind,
            encoding,
            parameters,
            source,
            extended,
            ..
        } = first;
        self.packets
            .retain(|(place, _)| place.source == source && place.extended > extended);
        self.packets.iter().map(move |(place, payload)| Received {
            kind,
            encoding,
            parameters,
            source,
            extended: place.extended,
            timestamp: place.timestamp,
            marker: place.marker,
            dependency: place.dependency.clone(),
            payload,
        })
    }
}
