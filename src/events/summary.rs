//! What happens often and is told at most four times a second: votes, reactions, viewers that come and go.

use std::collections::HashMap;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{Mutex as AsyncMutex, Notify};
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

/// Time between two tellings.
const EVERY: Duration = Duration::from_millis(250);

/// What was counted.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Subject {
    /// A vote for an option of a poll.
    Vote {
        /// The poll.
        poll: Uuid,
        /// Its option.
        option: Uuid,
    },
    /// An upvote of a question, given or taken back.
    Question(Uuid),
    /// A reaction in a session.
    Reaction {
        /// The session.
        session: Uuid,
        /// Which.
        emoji: &'static str,
    },
    /// Viewers of a session came or went.
    Viewers(Uuid),
}

/// Counts since the last telling: one entry for each subject, of which there are as many as polls and sessions.
pub(super) struct Summary {
    counts: Mutex<HashMap<Subject, u64>>,
    something: Notify,
    not_before: AsyncMutex<Instant>,
}

impl Default for Summary {
    fn default() -> Summary {
        Summary {
            counts: Mutex::default(),
            something: Notify::new(),
            not_before: AsyncMutex::new(Instant::now()),
        }
    }
}

impl Summary {
    pub(super) fn count(&self, subject: Subject) {
        *self.counts.lock().entry(subject).or_default() += 1;
        self.something.notify_one();
    }

    /// Waits until there is something, at once where the last telling is a while ago, and takes it all.
    pub(super) async fn take(&self) -> HashMap<Subject, u64> {
        let mut not_before = self.not_before.lock().await;
        loop {
            sleep_until(*not_before).await;
            let counts = std::mem::take(&mut *self.counts.lock());
            if !counts.is_empty() {
                *not_before = Instant::now() + EVERY;
                return counts;
            }
            self.something.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_is_told_at_once_and_the_next_ones_together() {
        let (summary, start) = (Summary::default(), Instant::now());
        let viewers = Subject::Viewers(Uuid::nil());
        summary.count(viewers);
        assert_eq!(summary.take().await, HashMap::from([(viewers, 1)]));
        (0..1000).for_each(|_| summary.count(viewers));
        assert_eq!(summary.take().await, HashMap::from([(viewers, 1000)]));
        assert!(start.elapsed() >= EVERY, "{:?}", start.elapsed());
    }
}
