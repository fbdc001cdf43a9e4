//! How many watch on the other servers of one PostgreSQL.
//!
//! Each server tells the others its own numbers: one that changes at once, and all of them every few seconds. A number
//! that is not said again counts no more, because its server has died. A SQLite file has one server, with nobody to ask.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use uuid::Uuid;

use super::note::Note;
use super::{Bus, Subject};
use crate::db::Db;
use crate::error::Result;
use crate::{App, id};

/// How often the numbers are said again.
const SAY_EVERY: Duration = Duration::from_secs(2);
/// After how long a number that was not said again is forgotten: two may be late or lost.
const FORGET_AFTER: Duration = Duration::from_secs(7);
/// Sessions in one note, which has room for twice as many.
const SESSIONS_IN_NOTE: usize = 80;

/// Viewers of a session on one server.
pub(super) type Number = (Uuid, u32);

/// What this server said of itself, and what the others said.
pub(super) struct Elsewhere {
    /// This run of this server.
    server: Uuid,
    said: Mutex<HashMap<Uuid, u32>>,
    /// By session and server.
    heard: Mutex<HashMap<Uuid, HashMap<Uuid, Heard>>>,
}

/// A number of another server.
struct Heard {
    viewers: u32,
    at: Instant,
}

impl Default for Elsewhere {
    fn default() -> Elsewhere {
        Elsewhere {
            server: id::new(),
            said: Mutex::default(),
            heard: Mutex::default(),
        }
    }
}

impl Elsewhere {
    /// Notes what is said now; false when it was said already.
    fn note_said(&self, (session, viewers): Number) -> bool {
        let mut said = self.said.lock();
        match viewers {
            0 => said.remove(&session).is_some(),
            viewers => said.insert(session, viewers) != Some(viewers),
        }
    }

    /// Takes up what a server says; gives the sessions whose sum is another now.
    pub(super) fn hear(&self, server: Uuid, numbers: &[Number], now: Instant) -> Vec<Uuid> {
        if server == self.server {
            return Vec::new();
        }
        let mut heard = self.heard.lock();
        let mut changed = Vec::new();
        for &(session, viewers) in numbers {
            let before = match viewers {
                0 => heard.get_mut(&session).and_then(|servers| servers.remove(&server)),
                viewers => {
                    let servers = heard.entry(session).or_default();
                    servers.insert(server, Heard { viewers, at: now })
                }
            };
            if before.map_or(0, |before| before.viewers) != viewers {
                changed.push(session);
            }
        }
        heard.retain(|_, servers| !servers.is_empty());
        changed
    }

    /// Forgets what was not said again; gives the sessions that this concerns.
    fn forget(&self, now: Instant) -> Vec<Uuid> {
        let mut changed = Vec::new();
        self.heard.lock().retain(|&session, servers| {
            let before = servers.len();
            servers.retain(|_, heard| now.saturating_duration_since(heard.at) < FORGET_AFTER);
            if servers.len() != before {
                changed.push(session);
            }
            !servers.is_empty()
        });
        changed
    }

    fn sum(&self, session: Uuid) -> u32 {
        let heard = self.heard.lock();
        let servers = heard.get(&session).into_iter().flat_map(HashMap::values);
        servers.fold(0, |sum, heard| sum.saturating_add(heard.viewers))
    }
}

impl Bus {
    /// How many watch `session` on the other servers.
    #[must_use]
    pub fn viewers_elsewhere(&self, session: Uuid) -> u32 {
        self.elsewhere().sum(session)
    }

    /// Tells the other servers how many watch `session` on this one, if they do not know yet.
    ///
    /// # Errors
    /// The database's own; they are told again in a moment.
    pub async fn tell_viewers_here(&self, db: &Db, session: Uuid, viewers: u32) -> Result<()> {
        let number = (session, viewers);
        if matches!(db, Db::Postgres(_)) && self.elsewhere().note_said(number) {
            self.say(db, &[number]).await?;
        }
        Ok(())
    }

    async fn say(&self, db: &Db, numbers: &[Number]) -> Result<()> {
        for some in numbers.chunks(SESSIONS_IN_NOTE) {
            db.notify(&Note::write_viewers(self.elsewhere().server, some)).await?;
        }
        Ok(())
    }

    /// Says all numbers again, and forgets those of servers that have fallen silent.
    async fn keep_numbers(&self, db: &Db) -> Result<()> {
        for session in self.elsewhere().forget(Instant::now()) {
            self.count(Subject::Viewers(session));
        }
        let said: Vec<Number> = self.elsewhere().said.lock().iter().map(|(&id, &n)| (id, n)).collect();
        self.say(db, &said).await
    }

    /// This server goes: nobody watches on it any more.
    async fn take_numbers_back(&self, db: &Db) -> Result<()> {
        let said: Vec<Number> = self.elsewhere().said.lock().drain().map(|(id, _)| (id, 0)).collect();
        self.say(db, &said).await
    }
}

/// Runs until the server stops.
pub async fn run(app: App) {
    if matches!(app.db, Db::Sqlite { .. }) {
        return;
    }
    let mut tick = tokio::time::interval(SAY_EVERY);
    while app.shutdown.run_until_cancelled(tick.tick()).await.is_some() {
        note(app.events.keep_numbers(&app.db).await);
    }
    note(app.events.take_numbers_back(&app.db).await);
}

fn note(result: Result<()>) {
    if let Err(error) = result {
        tracing::warn!(
            error = format!("{error:#}"),
            "other servers do not know how many watch here"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: Uuid = Uuid::from_u128(1);
    const OTHER: Uuid = Uuid::from_u128(2);
    const NONE: [Uuid; 0] = [];

    #[test]
    fn the_numbers_of_all_other_servers_are_summed() {
        let (elsewhere, now) = (Elsewhere::default(), Instant::now());
        let [one, two] = [10, 11].map(Uuid::from_u128);
        assert_eq!(elsewhere.hear(one, &[(CLASS, 3), (OTHER, 1)], now), [CLASS, OTHER]);
        assert_eq!(elsewhere.hear(two, &[(CLASS, 4)], now), [CLASS]);
        assert_eq!(elsewhere.hear(two, &[(CLASS, 4)], now), NONE, "nothing new");
        assert_eq!(elsewhere.hear(elsewhere.server, &[(CLASS, 100)], now), NONE, "our own");
        assert_eq!((elsewhere.sum(CLASS), elsewhere.sum(OTHER)), (7, 1));
        assert_eq!(elsewhere.hear(one, &[(CLASS, 0)], now), [CLASS]);
        assert_eq!(elsewhere.hear(one, &[(CLASS, 0)], now), NONE);
        assert_eq!(elsewhere.sum(CLASS), 4);
    }

    #[test]
    fn a_server_that_falls_silent_is_forgotten() {
        let (elsewhere, start) = (Elsewhere::default(), Instant::now());
        let [alive, dead] = [10, 11].map(Uuid::from_u128);
        elsewhere.hear(alive, &[(CLASS, 3)], start);
        elsewhere.hear(dead, &[(CLASS, 4), (OTHER, 1)], start);
        assert_eq!(elsewhere.forget(start + FORGET_AFTER / 2), NONE);
        elsewhere.hear(alive, &[(CLASS, 3)], start + FORGET_AFTER / 2);
        let mut changed = elsewhere.forget(start + FORGET_AFTER);
        changed.sort();
        assert_eq!(changed, [CLASS, OTHER]);
        assert_eq!((elsewhere.sum(CLASS), elsewhere.sum(OTHER)), (3, 0));
        assert_eq!(elsewhere.heard.lock().len(), 1, "what is over costs nothing");
    }

    #[test]
    fn a_number_is_said_when_it_is_new() {
        let elsewhere = Elsewhere::default();
        let said = [(0, false), (1, true), (1, false), (2, true), (0, true), (0, false)];
        for (viewers, is_new) in said {
            assert_eq!(elsewhere.note_said((CLASS, viewers)), is_new, "{viewers}");
        }
        assert!(elsewhere.said.lock().is_empty());
    }
}
