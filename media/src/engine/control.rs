//! Small messages on their way out: STUN answers, DTLS flights, RTCP. Their memory is used again.

use super::Origin;
use std::collections::VecDeque;

/// Messages waiting at once. They are drained after every call, so this is reached only if the shell stops draining.
const MAX_WAITING: usize = 65_536;

/// Used messages kept.
const MAX_SPARE: usize = 256;

/// See the module.
#[derive(Default)]
pub(super) struct ControlQueue {
    waiting: VecDeque<(Origin, Vec<u8>)>,
    spare: Vec<Vec<u8>>,
}

impl ControlQueue {
    /// Lets `write` fill a message and queues it, unless that says that there is nothing to send or the queue is full.
    pub(super) fn write(&mut self, to: Origin, write: impl FnOnce(&mut Vec<u8>) -> bool) {
        let mut message = self.spare.pop().unwrap_or_default();
        message.clear();
        if write(&mut message) && self.waiting.len() < MAX_WAITING {
            self.waiting.push_back((to, message));
        } else {
            self.reuse(message);
        }
    }

    /// Queues a copy of a message.
    pub(super) fn push(&mut self, to: Origin, bytes: &[u8]) {
        self.write(to, |message| {
            message.extend_from_slice(bytes);
            true
        });
    }

    /// Copies the next message to the start of `out`; gives its length and where it goes.
    pub(super) fn pop(&mut self, out: &mut [u8]) -> Option<(Origin, usize)> {
        let (to, message) = self.waiting.pop_front()?;
        let len = message.len();
        out.get_mut(..len)?.copy_from_slice(&message);
        self.reuse(message);
        Some((to, len))
    }

    fn reuse(&mut self, message: Vec<u8>) {
        if self.spare.len() < MAX_SPARE {
            self.spare.push(message);
        }
    }
}
