//! Files that many viewers ask for, in memory: the newest segments of a class with a large audience, and what has to be
//! fetched from the store. One reads, the others wait for it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::OnceCell;
use uuid::Uuid;

use crate::error::Result;

/// So many names are remembered that were asked for once; then they are forgotten, all at once.
const MOST_ASKED: usize = 4096;

/// A file of a session's recording.
pub type Key = (Uuid, String);

/// A place for a file's bytes: the first who needs them fills it.
pub type Place = Arc<OnceCell<Bytes>>;

/// See the module. Holds whole files, as many as fit.
#[derive(Debug)]
pub struct Cache {
    most_bytes: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    files: HashMap<Key, Held>,
    /// Of those whose size is known.
    bytes: usize,
    /// Counts what is asked for: the order of use.
    clock: u64,
    asked_once: HashSet<Key>,
}

#[derive(Debug)]
struct Held {
    place: Place,
    used_at: u64,
    bytes: usize,
}

/// Which files get a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admit {
    /// Any.
    Always,
    /// Those that were asked for before: reading a replay once from end to end leaves the rest alone.
    SecondTime,
}

impl Cache {
    /// Of at most this size.
    #[must_use]
    pub fn new(most_bytes: usize) -> Cache {
        Cache {
            most_bytes,
            state: Mutex::default(),
        }
    }

    /// The place of a file; `None`: it has none.
    #[must_use]
    pub fn place(&self, key: &Key, admit: Admit) -> Option<Place> {
        if self.most_bytes == 0 {
            return None;
        }
        let mut state = self.state.lock();
        state.clock += 1;
        let used_at = state.clock;
        if let Some(held) = state.files.get_mut(key) {
            held.used_at = used_at;
            return Some(Arc::clone(&held.place));
        }
        if admit == Admit::SecondTime && !state.asked_once.remove(key) {
            if state.asked_once.len() >= MOST_ASKED {
                state.asked_once.clear();
            }
            state.asked_once.insert(key.clone());
            return None;
        }
        let place = Place::default();
        let held = Held {
            place: Arc::clone(&place),
            used_at,
            bytes: 0,
        };
        state.files.insert(key.clone(), held);
        Some(place)
    }

    /// What is in the place of a file; the first who asks fills it with what `load` gives.
    ///
    /// # Errors
    /// Those of `load`; then the place is given up.
    pub async fn fill(&self, key: &Key, place: &Place, load: impl AsyncFnOnce() -> Result<Bytes>) -> Result<Bytes> {
        let filled = place
            .get_or_try_init(async || {
                let bytes = load().await?;
                self.filled(key, bytes.len());
                Ok(bytes)
            })
            .await
            .cloned();
        if filled.is_err() {
            self.forget(key);
        }
        filled
    }

    /// Takes note of what a place was filled with, and makes room for it by forgetting what was used longest ago.
    fn filled(&self, key: &Key, bytes: usize) {
        let mut state = self.state.lock();
        let State { files, bytes: all, .. } = &mut *state;
        if let Some(held) = files.get_mut(key) {
            *all = *all - held.bytes + bytes;
            held.bytes = bytes;
        }
        while *all > self.most_bytes {
            let oldest = files.iter().filter(|(_, held)| held.bytes > 0);
            let Some(key) = oldest.min_by_key(|(_, held)| held.used_at).map(|(key, _)| key.clone()) else {
                return;
            };
            *all -= files.remove(&key).map_or(0, |held| held.bytes);
        }
    }

    /// Forgets a file, for example because there is none.
    pub fn forget(&self, key: &Key) {
        let mut state = self.state.lock();
        let bytes = state.files.remove(key).map_or(0, |held| held.bytes);
        state.bytes -= bytes;
    }

    /// Forgets everything of a session.
    pub fn forget_session(&self, session: Uuid) {
        let mut state = self.state.lock();
        let State { files, bytes, .. } = &mut *state;
        files.retain(|(of, _), held| {
            let stays = *of != session;
            *bytes -= if stays { 0 } else { held.bytes };
            stays
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> Key {
        (Uuid::nil(), name.to_owned())
    }

    async fn fill(cache: &Cache, name: &str, bytes: usize) {
        let place = cache.place(&key(name), Admit::Always).unwrap();
        place.get_or_init(async || Bytes::from(vec![0; bytes])).await;
        cache.filled(&key(name), bytes);
    }

    fn holds(cache: &Cache, name: &str) -> bool {
        cache.state.lock().files.contains_key(&key(name))
    }

    #[tokio::test]
    async fn what_was_used_longest_ago_makes_room() {
        let cache = Cache::new(100);
        fill(&cache, "a", 40).await;
        fill(&cache, "b", 40).await;
        assert!(cache.place(&key("a"), Admit::SecondTime).is_some(), "used again");
        fill(&cache, "c", 40).await;
        assert!(holds(&cache, "a") && holds(&cache, "c") && !holds(&cache, "b"));
        fill(&cache, "d", 101).await;
        assert!(!holds(&cache, "d"), "what does not fit is not kept");
        cache.forget_session(Uuid::nil());
        assert_eq!(cache.state.lock().bytes, 0);
    }

    #[test]
    fn a_file_gets_a_place_when_it_is_asked_for_again() {
        let cache = Cache::new(100);
        assert!(cache.place(&key("a"), Admit::SecondTime).is_none());
        assert!(cache.place(&key("a"), Admit::SecondTime).is_some());
        assert!(
            Cache::new(0).place(&key("a"), Admit::Always).is_none(),
            "there is no room at all"
        );
    }
}
