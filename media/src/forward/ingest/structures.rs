//! The structures that a source's dependency descriptors speak of. Each holds from the packet that brought it on, so that
//! packets from before, which come late, are read by the one before.

use crate::wire::dependency::{Dependency, Structure, Unread};
use smallvec::SmallVec;
use std::sync::Arc;

/// Structures that are remembered: packets do not come later than two key frames.
const MAX_STRUCTURES: usize = 3;

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Structures {
    /// Each with the number of its packet, ascending.
    known: SmallVec<[(u64, Arc<Structure>); MAX_STRUCTURES]>,
}

impl Structures {
    /// Reads the descriptor of a packet.
    ///
    /// # Errors
    /// See [`Unread`].
    pub(super) fn read(&mut self, extended: u64, descriptor: &[u8]) -> Result<Dependency, Unread> {
        let behind = self.known.partition_point(|(since, _)| *since <= extended);
        let before = behind.checked_sub(1).and_then(|at| self.known.get(at));
        let mut structure = before.map(|(_, structure)| Arc::clone(structure));
        let dependency = Dependency::read(descriptor, &mut structure)?;
        if dependency.brings_structure() {
            self.known.insert(behind, (extended, Arc::clone(&dependency.structure)));
            if self.known.len() > MAX_STRUCTURES {
                self.known.remove(0);
            }
        }
        Ok(dependency)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::dependency::tests::{short, with_structure_l1t3};

    #[test]
    fn a_late_packet_is_read_by_the_structure_of_its_time() {
        let mut structures = Structures::default();
        assert_eq!(structures.read(9, &short(1, 1)).err(), Some(Unread::Unknown));
        let first = structures.read(10, &with_structure_l1t3()).unwrap().structure;
        let third = structures.read(30, &with_structure_l1t3()).unwrap().structure;
        let second = structures.read(20, &with_structure_l1t3()).unwrap().structure;
        for (extended, structure) in [(11, &first), (25, &second), (31, &third), (19, &first)] {
            let read = structures.read(extended, &short(1, 1)).unwrap();
            assert!(Arc::ptr_eq(&read.structure, structure), "{extended}");
        }
        assert_eq!(structures.read(9, &short(1, 1)).err(), Some(Unread::Unknown));
    }
}
