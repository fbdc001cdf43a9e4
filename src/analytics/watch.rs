//! Media connections become visits: who watched which session live, from when to when.
//!
//! The connections are looked at once a second and compared with what is known, so that nothing has to be announced and
//! nothing that is announced can be lost. A visit that is going on has a sign of life in the database; one whose server died
//! ends with its last one.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use lectern_media::id::PeerId;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::{replay, store};
use crate::accounts;
use crate::db::Ts;
use crate::enrolments::{self, Watched};
use crate::error::Result;
use crate::sessions::{self, Session, Status};
use crate::tracking::Event;
use crate::{App, id};

/// How often connections are looked at: shorter ones may be missed.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// How often a visit that is going on gives a sign of life.
const SIGN_EVERY: Duration = Duration::from_secs(15);
/// A visit without a sign of life for this long has ended with its server.
const LOST_AFTER_S: i64 = 60;
/// How often old visits are removed.
const PRUNE_EVERY: Duration = Duration::from_secs(3600);

/// A visit that is going on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Visit {
    id: Uuid,
    session: Uuid,
    user: Option<Uuid>,
    /// Whether it was told that somebody watches live.
    is_told: bool,
}

/// The visits of this run of this server.
#[derive(Debug)]
pub struct Visits {
    server: Uuid,
    going_on: HashMap<PeerId, Visit>,
}

impl Default for Visits {
    fn default() -> Visits {
        Visits {
            server: id::new(),
            going_on: HashMap::new(),
        }
    }
}

/// Runs until the server stops; then all its visits have ended.
pub async fn run(app: App) {
    let [mut look, mut sign, mut prune] = [LOOK_EVERY, SIGN_EVERY, PRUNE_EVERY].map(|period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    let mut visits = Visits::default();
    loop {
        let result = tokio::select! {
            () = app.shutdown.cancelled() => break,
            _ = look.tick() => visits.look(&app, Ts::now()).await,
            _ = sign.tick() => visits.give_sign(&app, Ts::now()).await,
            _ = prune.tick() => remove_old(&app).await,
        };
        note(result);
    }
    note(visits.end_all(&app, Ts::now()).await);
}

fn note(result: Result<()>) {
    if let Err(error) = result {
        tracing::error!(error = format!("{error:#}"), "who watches could not be written down");
    }
}

impl Visits {
    /// Compares the connections with what is known, and writes down who came and who went.
    ///
    /// # Errors
    /// The database's own; the next look makes up for it.
    pub async fn look(&mut self, app: &App, now: Ts) -> Result<()> {
        let watching = app.live.watching();
        let here: HashSet<PeerId> = watching.iter().map(|&(peer, ..)| peer).collect();
        let came: Vec<(PeerId, Visit)> = watching
            .into_iter()
            .filter(|(peer, ..)| !self.going_on.contains_key(peer))
            .map(|(peer, stream, user)| (peer, Visit::new(id::session_of(stream), user)))
            .collect();
        let went: Vec<PeerId> = self
            .going_on
            .keys()
            .copied()
            .filter(|peer| !here.contains(peer))
            .collect();
        if !came.is_empty() || !went.is_empty() {
            let mut tx = app.db.begin().await?;
            for (_, visit) in &came {
                store::insert_live(&mut tx, visit.id, visit.session, visit.user, self.server, now).await?;
            }
            for visit in went.iter().filter_map(|peer| self.going_on.get(peer)) {
                store::end(&mut tx, visit.id, now).await?;
            }
            tx.commit().await?;
            self.going_on.retain(|peer, _| here.contains(peer));
            self.going_on.extend(came);
        }
        self.tell(app).await
    }

    /// Notes of everybody who watches, once, that they do; those who wait for the class to begin only then.
    async fn tell(&mut self, app: &App) -> Result<()> {
        let mut sessions: HashMap<Uuid, Option<Session>> = HashMap::new();
        for visit in self.going_on.values_mut().filter(|visit| !visit.is_told) {
            if let std::collections::hash_map::Entry::Vacant(entry) = sessions.entry(visit.session) {
                let is_live = |session: &Session| session.status == Status::Live;
                entry.insert(sessions::get(app, visit.session).await.ok().filter(is_live));
            }
            if let Some(Some(session)) = sessions.get(&visit.session) {
                visit.is_told = true;
                tell_one(app, session, visit.user).await?;
            }
        }
        Ok(())
    }

    async fn give_sign(&self, app: &App, now: Ts) -> Result<()> {
        let mut tx = app.db.begin().await?;
        store::give_sign(&mut tx, self.server, now).await?;
        store::end_lost(&mut tx, now.plus_s(-LOST_AFTER_S)).await?;
        tx.commit().await?;
        replay::end_silent(app, now).await
    }

    async fn end_all(&self, app: &App, now: Ts) -> Result<()> {
        let mut tx = app.db.begin().await?;
        for visit in self.going_on.values() {
            store::end(&mut tx, visit.id, now).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

impl Visit {
    fn new(session: Uuid, user: Option<Uuid>) -> Visit {
        Visit {
            id: id::new(),
            session,
            user,
            is_told: false,
        }
    }
}

async fn tell_one(app: &App, session: &Session, user: Option<Uuid>) -> Result<()> {
    let viewer = match user {
        Some(user) => accounts::find(&app.db, user).await.ok(),
        None => None,
    };
    if let Some(viewer) = &viewer {
        enrolments::note_watched(app, session.id, viewer.id, Watched::Live).await?;
    }
    let tier = viewer.map(|viewer| (viewer.id, viewer.tier));
    app.tracker.note(Event::joined(session.id, &session.title, tier));
    Ok(())
}

async fn remove_old(app: &App) -> Result<()> {
    let days = i64::from(app.config.analytics.retention_days);
    if days > 0 {
        store::prune(&app.db, Ts::now().plus_s(-days * 86_400)).await?;
    }
    Ok(())
}
