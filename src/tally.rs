//! What came of work on many things, of which some may fail without keeping the others from being done.

use uuid::Uuid;

use crate::error::Error;

/// Which things are done and which are not.
#[derive(Debug, Default)]
pub struct Tally {
    /// These are.
    pub done: Vec<Uuid>,
    /// These are not, and why.
    pub failed: Vec<(Uuid, Error)>,
}

impl Tally {
    /// Notes what came of one thing.
    pub fn note(&mut self, id: Uuid, result: Result<(), Error>) {
        match result {
            Ok(()) => self.done.push(id),
            Err(error) => self.failed.push((id, error)),
        }
    }
}
