//! What the database said some moments ago: believed for a while, so that not every piece of media asks it.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::error::Result;

/// Answers by what was asked; cheap to clone, and clones are the same one.
#[derive(Debug)]
pub(super) struct Remembered<K, V> {
    known: Arc<Mutex<HashMap<K, Known<V>>>>,
    /// An answer is believed for this long.
    believed: Duration,
    /// So many are remembered.
    most: usize,
}

#[derive(Clone, Debug)]
struct Known<V> {
    answer: V,
    read_at: Instant,
}

impl<K: Eq + Hash, V: Clone> Remembered<K, V> {
    /// Nothing yet.
    #[must_use]
    pub(super) fn new(believed: Duration, most: usize) -> Remembered<K, V> {
        Remembered {
            known: Arc::default(),
            believed,
            most,
        }
    }

    /// What is known by `key` at `now`, or what `read` says.
    ///
    /// # Errors
    /// Those of `read`, which are not remembered.
    pub(super) async fn ask(&self, now: Instant, key: K, read: impl AsyncFnOnce() -> Result<V>) -> Result<V> {
        let known = self.known.lock().get(&key).cloned();
        if let Some(known) = known.filter(|known| self.believes(known, now)) {
            return Ok(known.answer);
        }
        let known = Known {
            answer: read().await?,
            read_at: now,
        };
        let answer = known.answer.clone();
        let mut all = self.known.lock();
        if all.len() >= self.most {
            all.retain(|_, known| self.believes(known, now));
        }
        if all.len() < self.most {
            all.insert(key, known);
        }
        Ok(answer)
    }

    fn believes(&self, known: &Known<V>, now: Instant) -> bool {
        now.saturating_duration_since(known.read_at) < self.believed
    }

    /// Forgets what `is_old` says of.
    pub(super) fn forget(&self, is_old: impl Fn(&K) -> bool) {
        self.known.lock().retain(|key, _| !is_old(key));
    }
}

impl<K, V> Clone for Remembered<K, V> {
    fn clone(&self) -> Remembered<K, V> {
        Remembered {
            known: Arc::clone(&self.known),
            ..*self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[tokio::test]
    async fn an_answer_is_believed_for_a_while_and_no_longer() {
        let remembered = Remembered::new(Duration::from_secs(5), 2);
        let begin = Instant::now();
        let ask = async |at_ms, key: &'static str, now: u8| {
            let at = begin + Duration::from_millis(at_ms);
            remembered.ask(at, key, async || Ok(now)).await.unwrap()
        };
        assert_eq!(ask(0, "a", 1).await, 1);
        assert_eq!(ask(4_999, "a", 2).await, 1);
        assert_eq!(ask(4_999, "b", 3).await, 3);
        remembered.forget(|key| *key == "b");
        assert_eq!(ask(4_999, "b", 4).await, 4, "forgotten");
        assert_eq!(ask(5_000, "a", 5).await, 5);
        assert_eq!(ask(5_000, "c", 6).await, 6);
        assert_eq!(ask(5_000, "c", 7).await, 7, "there is no room for more");
        assert_eq!(ask(9_999, "c", 8).await, 8);
        assert_eq!(ask(9_999, "c", 9).await, 8, "what is not believed any more makes room");
    }

    #[tokio::test]
    async fn an_error_is_not_remembered() {
        let remembered: Remembered<u8, u8> = Remembered::new(Duration::from_secs(5), 2);
        let now = Instant::now();
        assert!(
            remembered
                .ask(now, 1, async || Err(Error::NotFound("it")))
                .await
                .is_err()
        );
        assert_eq!(remembered.ask(now, 1, async || Ok(2)).await.unwrap(), 2);
    }
}
