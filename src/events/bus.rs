//! Who follows which session on this server, and what is told to them.
//!
//! All followers of a session share one ring of messages. Whoever falls behind by the whole ring is told so and has to
//! go: a follower that does not read costs its place in the ring and nothing more.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio::sync::{Mutex as AsyncMutex, broadcast};
use uuid::Uuid;

use super::elsewhere::Elsewhere;
use super::note::Note;
use super::summary::{Subject, Summary};
use super::{Heard, Push, Rights};
use crate::db::{Db, Tx};
use crate::error::Result;

/// Messages that a follower may be behind: some seconds of a lively class.
const RING: usize = 256;
/// Changes of rights that a slow listener may be behind.
const RIGHTS: usize = 1024;

/// The bus of this server. Clones are the same one.
#[derive(Clone)]
pub struct Bus(Arc<Inner>);

struct Inner {
    rings: Mutex<HashMap<Uuid, broadcast::Sender<Heard>>>,
    rights: broadcast::Sender<Rights>,
    /// Held from a commit until what it tells is told, so that the order is the same (SQLite only).
    in_order: AsyncMutex<()>,
    summary: Summary,
    elsewhere: Elsewhere,
}

/// Somebody who follows a session; what is told from now on waits for them.
#[derive(Debug)]
pub struct Following {
    events: broadcast::Receiver<Heard>,
}

/// Whoever asks next has fallen behind too far.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooSlow;

impl Default for Bus {
    fn default() -> Bus {
        Bus(Arc::new(Inner {
            rings: Mutex::default(),
            rights: broadcast::channel(RIGHTS).0,
            in_order: AsyncMutex::default(),
            summary: Summary::default(),
            elsewhere: Elsewhere::default(),
        }))
    }
}

impl Bus {
    /// Follows `session` from now on.
    #[must_use]
    pub fn follow(&self, session: Uuid) -> Following {
        let mut rings = self.0.rings.lock();
        let ring = rings.entry(session).or_insert_with(|| broadcast::channel(RING).0);
        Following {
            events: ring.subscribe(),
        }
    }

    /// Hears of rights that may have ended, in every session and on every server.
    #[must_use]
    pub fn rights(&self) -> broadcast::Receiver<Rights> {
        self.0.rights.subscribe()
    }

    /// Commits `tx` and tells `pushes`: neither without the other, and in the order of the commits.
    ///
    /// # Errors
    /// The database's own; then nothing is told.
    pub async fn commit(&self, mut tx: Tx, pushes: Vec<Push>) -> Result<()> {
        if let Tx::Postgres(_) = tx {
            for push in &pushes {
                tx.notify(&Note::write_push(push)).await?;
            }
            tx.commit().await?;
            return Ok(());
        }
        let _in_order = self.0.in_order.lock().await;
        tx.commit().await?;
        pushes.into_iter().for_each(|push| self.deliver(push));
        Ok(())
    }

    /// Tells `push` beside any transaction.
    ///
    /// # Errors
    /// The database's own; then nothing is told.
    pub async fn push(&self, db: &Db, push: Push) -> Result<()> {
        match db {
            Db::Sqlite { .. } => self.deliver(push),
            Db::Postgres(_) => db.notify(&Note::write_push(&push)).await?,
        }
        Ok(())
    }

    /// Tells `push` to those who follow on this server; the others have their own to tell.
    pub fn push_here(&self, push: Push) {
        self.deliver(push);
    }

    /// Tells every server that somebody may have lost a right, after what was told before.
    ///
    /// # Errors
    /// The database's own; then this server's connections are checked all the same.
    pub async fn rights_changed(&self, db: &Db, rights: Rights) -> Result<()> {
        let told = match db {
            Db::Sqlite { .. } => Ok(()),
            Db::Postgres(_) => db.notify(&Note::write_rights(rights)).await,
        };
        if told.is_err() || matches!(db, Db::Sqlite { .. }) {
            self.recheck(rights);
        }
        Ok(told?)
    }

    /// Counts something that is told in a moment, together with what else there is to tell of it.
    pub fn count(&self, subject: Subject) {
        self.0.summary.count(subject);
    }

    /// Waits until something was counted, and takes it all.
    pub async fn counted(&self) -> HashMap<Subject, u64> {
        self.0.summary.take().await
    }

    pub(super) fn elsewhere(&self) -> &Elsewhere {
        &self.0.elsewhere
    }

    /// Hands a push to those who follow here.
    pub(super) fn deliver(&self, push: Push) {
        let mut rings = self.0.rings.lock();
        let Some(ring) = rings.get(&push.session) else { return };
        let session = push.session;
        if ring.send(Heard::Push(Arc::new(push))).is_err() {
            rings.remove(&session); // the last one has left
        }
    }

    /// Has connections of this server checked again.
    pub(super) fn recheck(&self, rights: Rights) {
        self.to_rings(rights.session, &Heard::Rights(rights.user));
        let _ = self.0.rights.send(rights); // nobody listening is no failure
    }

    /// Tells everybody here that something may be missing.
    pub(super) fn gap(&self) {
        self.to_rings(None, &Heard::Gap);
        self.recheck(Rights {
            session: None,
            user: None,
        });
    }

    fn to_rings(&self, session: Option<Uuid>, heard: &Heard) {
        let mut rings = self.0.rings.lock();
        rings.retain(|&id, ring| session.is_some_and(|only| only != id) || ring.send(heard.clone()).is_ok());
    }
}

impl Following {
    /// Waits for what comes next.
    ///
    /// # Errors
    /// More came than could wait.
    pub async fn next(&mut self) -> Result<Heard, TooSlow> {
        match self.events.recv().await {
            Ok(heard) => Ok(heard),
            // Closed: the ring is taken away only when nobody follows, which is a slip of a moment.
            Err(RecvError::Lagged(_) | RecvError::Closed) => Err(TooSlow),
        }
    }

    /// What waits already, if anything.
    ///
    /// # Errors
    /// More came than could wait.
    pub fn ready(&mut self) -> Result<Option<Heard>, TooSlow> {
        match self.events.try_recv() {
            Ok(heard) => Ok(Some(heard)),
            Err(TryRecvError::Empty) => Ok(None),
            Err(TryRecvError::Lagged(_) | TryRecvError::Closed) => Err(TooSlow),
        }
    }
}

impl std::fmt::Debug for Bus {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bus").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: Uuid = Uuid::from_u128(1);

    fn push(session: Uuid, n: usize) -> Push {
        Push::new(session, "x", &n)
    }

    fn number(heard: Heard) -> usize {
        match heard {
            Heard::Push(push) => serde_json::from_slice::<serde_json::Value>(&push.text).unwrap()["data"]
                .as_u64()
                .unwrap()
                .try_into()
                .unwrap(),
            other => panic!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn followers_hear_their_own_session_in_order() {
        let bus = Bus::default();
        bus.deliver(push(CLASS, 0)); // nobody is there
        let (mut one, mut two) = (bus.follow(CLASS), bus.follow(CLASS));
        let mut other = bus.follow(Uuid::from_u128(2));
        for n in 1..=3 {
            bus.deliver(push(CLASS, n));
        }
        for n in 1..=3 {
            assert_eq!(number(one.next().await.unwrap()), n);
            assert_eq!(number(two.next().await.unwrap()), n);
        }
        assert!(one.ready().unwrap().is_none());
        assert!(other.ready().unwrap().is_none());
    }

    #[tokio::test]
    async fn who_falls_behind_by_the_whole_ring_has_to_go_and_the_others_stay() {
        let bus = Bus::default();
        let (mut slow, mut quick) = (bus.follow(CLASS), bus.follow(CLASS));
        for n in 0..=RING {
            bus.deliver(push(CLASS, n));
            assert_eq!(number(quick.next().await.unwrap()), n);
        }
        assert_eq!(slow.next().await.unwrap_err(), TooSlow);
    }

    #[tokio::test]
    async fn a_session_that_nobody_follows_any_more_is_forgotten() {
        let bus = Bus::default();
        drop(bus.follow(CLASS));
        bus.deliver(push(CLASS, 1));
        assert!(bus.0.rings.lock().is_empty());
        drop(bus.follow(CLASS));
        bus.gap();
        assert!(bus.0.rings.lock().is_empty());
    }

    #[tokio::test]
    async fn rights_are_told_where_they_count() {
        let bus = Bus::default();
        let (mut here, mut there, mut all) = (bus.follow(CLASS), bus.follow(Uuid::from_u128(2)), bus.rights());
        let rights = Rights {
            session: Some(CLASS),
            user: Some(Uuid::from_u128(7)),
        };
        bus.recheck(rights);
        assert!(matches!(here.next().await, Ok(Heard::Rights(user)) if user == rights.user));
        assert!(there.ready().unwrap().is_none());
        assert_eq!(all.recv().await.unwrap(), rights);
    }
}
