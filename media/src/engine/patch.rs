//! What a client sends after its offer: trickled candidates, and ICE restarts (RFC 9725 section 4.3).

use super::receive::note_unused;
use super::{Engine, IfMatch, PatchError, Patched};
use crate::id::PeerId;
use crate::peer::ice;
use crate::peer::sdp::{Candidate, IceCredentials, fragment};
use rand_chacha::rand_core::Rng;
use std::time::Instant;

impl Engine {
    /// Takes a fragment. Candidates need no action: the server is ICE-lite and learns addresses from checks. Other
    /// credentials than before restart ICE; media goes on meanwhile, and the old credentials hold until the first check
    /// with the new ones has come.
    ///
    /// # Errors
    /// There is no such connection, the fragment is malformed, or the condition does not hold; nothing changes then.
    pub fn patch(
        &mut self,
        now: Instant,
        peer: PeerId,
        bytes: &[u8],
        if_match: IfMatch<'_>,
    ) -> Result<Patched, PatchError> {
        self.now = now;
        let key = *self.peer_ids.get(&peer).ok_or(PatchError::Unknown)?;
        let fragment = fragment::parse(bytes)?;
        let peer = self.peers.get(key).ok_or(PatchError::Unknown)?;
        // What comes before the answer is about the answer's credentials.
        let restart = fragment
            .ice
            .filter(|ice| ice.ufrag != peer.remote_ufrag && !peer.awaits_answer);
        match if_match {
            IfMatch::Tag(tag) if tag != peer.etag => return Err(PatchError::Stale),
            IfMatch::Missing if restart.is_some() || !self.config.lenient_trickle => {
                return Err(PatchError::Unconditional);
            }
            _ => {}
        }
        match restart {
            None => Ok(Patched::Trickled),
            Some(remote) => self.restart(key, remote).ok_or(PatchError::Unknown),
        }
    }

    fn restart(&mut self, key: usize, remote: IceCredentials) -> Option<Patched> {
        let next = ice::Agent::new(self.config.shard, &mut self.rng);
        let etag = self.new_etag();
        let peer = self.peers.get_mut(key)?;
        let credentials = IceCredentials {
            ufrag: next.ufrag_text(),
            pwd: next.password.clone(),
        };
        let fragment = fragment::write_restart(&peer.negotiated, &credentials, &self.config.candidates);
        self.demux.add_ufrag(next.ufrag, key);
        if let Some(unused) = peer.next_agent.replace(next) {
            self.demux.remove(&unused.ufrag, unused.addresses(), key);
            note_unused(&mut self.events, unused.addresses());
        }
        peer.remote_ufrag = remote.ufrag;
        peer.etag.clone_from(&etag);
        Some(Patched::Restarted { fragment, etag })
    }

    /// From now on answers list these addresses, as when the machine has joined another network.
    pub fn set_candidates(&mut self, candidates: Vec<Candidate>) {
        self.config.candidates = candidates;
    }

    /// An entity tag that was never used.
    pub(super) fn new_etag(&mut self) -> String {
        format!("{:016x}", self.rng.next_u64())
    }
}
