//! Who really watches a recording: whoever gets pieces of its media, not who has only opened its playlist. Where pieces
//! come from a cache in front of this server, the player tells (`analytics`).

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use crate::App;
use crate::sessions::access;

/// Somebody who goes on watching is noted once in this time.
const AGAIN: Duration = Duration::from_secs(60);
/// So many are remembered; more are noted more often.
const MOST: usize = 20_000;

/// A recording and a viewer.
type Watching = (Uuid, Uuid);

/// Who was noted lately. Clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Watchers(Arc<Mutex<HashMap<Watching, Instant>>>);

impl Watchers {
    /// Notes that `viewer` was given a piece of the recording of `session`.
    pub async fn note(&self, app: &App, session: Uuid, viewer: Uuid) {
        if self.is_news((session, viewer), Instant::now()) {
            access::note_watching(app, session, viewer).await;
        }
    }

    fn is_news(&self, watching: Watching, now: Instant) -> bool {
        let is_young = |at: &Instant| now.saturating_duration_since(*at) < AGAIN;
        let mut noted = self.0.lock();
        if noted.get(&watching).is_some_and(is_young) {
            return false;
        }
        if noted.len() >= MOST {
            noted.retain(|_, at| is_young(at));
        }
        if noted.len() < MOST {
            noted.insert(watching, now);
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_noted_once_a_minute() {
        let (watchers, start) = (Watchers::default(), Instant::now());
        let [ann, bob] = [1, 2].map(|viewer| (Uuid::from_u128(9), Uuid::from_u128(viewer)));
        assert!(watchers.is_news(ann, start) && watchers.is_news(bob, start));
        assert!(!watchers.is_news(ann, start + AGAIN / 2));
        assert!(watchers.is_news(ann, start + AGAIN));
    }
}
