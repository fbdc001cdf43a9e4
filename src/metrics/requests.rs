//! How long requests took, by method, route and status.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use crate::live::Histogram;

/// What is told apart. Routes are patterns, statuses few: this has a bound.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key {
    /// As the router knows it, for example `/api/live/sessions/{id}`.
    pub route: String,
    /// Verb.
    pub method: String,
    /// Status.
    pub status: u16,
}

/// Most keys: some hundred routes with a few statuses each stay far below.
const MOST_KEYS: usize = 4096;

/// The counts; cheap to clone.
#[derive(Clone, Default)]
pub struct Requests(Arc<Mutex<BTreeMap<Key, Histogram>>>);

impl Requests {
    /// Counts one request.
    pub fn note(&self, route: &str, method: &str, status: u16, took: Duration) {
        let key = Key {
            route: route.to_owned(),
            method: method.to_owned(),
            status,
        };
        let mut all = self.0.lock();
        if all.len() < MOST_KEYS || all.contains_key(&key) {
            all.entry(key).or_default().note(took);
        }
    }

    /// All counts, sorted.
    #[must_use]
    pub fn all(&self) -> Vec<(Key, Histogram)> {
        let all = self.0.lock();
        all.iter().map(|(key, times)| (key.clone(), *times)).collect()
    }
}
