//! Which server this is, among those that share a database: some work is about what is on one server's disk.
//!
//! Each says now and then that it is there. Work for one that has been absent for long (`jobs.absent_days`) may be done by
//! any other, which gives up what it cannot do; until then admins see what it waits for.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::{Job, store_places};
use crate::App;
use crate::db::Ts;

const FILE: &str = "server-id";
/// Where Linux says what the machine is called.
const MACHINE: &str = "/proc/sys/kernel/hostname";

/// How often a server says that it is there.
pub(super) const ANNOUNCE_EVERY: Duration = Duration::from_secs(30);
/// One that has not said so for this long is away: some may have been lost.
const AWAY_S: i64 = 120;
/// One that has been away for this long is forgotten, as its jobs are.
const FORGOTTEN_S: i64 = 400 * DAY_S;
const DAY_S: i64 = 24 * 3600;

/// This server.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// Of its data folder, wherever that moves.
    pub(super) id: Arc<str>,
    /// For people: the machine, and the folder there.
    name: Arc<str>,
}

/// A row of `servers`.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Server {
    /// What [`Job::place`] names.
    pub id: String,
    /// For people: the machine, and the data folder there.
    pub name: String,
    /// When it was there last.
    pub seen_at: Ts,
}

impl Server {
    /// Whether it has not said for some minutes that it is there.
    #[must_use]
    pub fn is_away(&self, now: Ts) -> bool {
        self.seen_at < now.plus_s(-AWAY_S)
    }
}

impl Place {
    /// The server with the data folder `dir`; it gets its name at its first start.
    ///
    /// # Errors
    /// The disk's.
    pub(super) fn of(dir: &Path) -> Result<Place> {
        let machine = std::fs::read_to_string(MACHINE).unwrap_or_default();
        let folder = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
        Ok(Place {
            id: id_of(dir)?,
            name: format!("{}:{}", machine.trim(), folder.display()).into(),
        })
    }
}

/// Says that this server is there, and forgets those that have not been for very long.
///
/// # Errors
/// The database's own.
pub(super) async fn announce(app: &App, now: Ts) -> sqlx::Result<()> {
    let Place { id, name } = &app.jobs.place;
    store_places::announce(&app.db, id, name, now).await?;
    store_places::forget(&app.db, now.plus_s(-FORGOTTEN_S)).await
}

/// Servers that have not been there since this moment are absent.
pub(super) fn absent_since(app: &App, now: Ts) -> Ts {
    now.plus_s(-DAY_S * i64::from(app.config.jobs.absent_days))
}

/// The servers that `jobs` are for alone.
///
/// # Errors
/// The database's own.
pub async fn servers_of(app: &App, jobs: &[Job]) -> sqlx::Result<Vec<Server>> {
    match jobs.iter().any(|job| job.place.is_some()) {
        true => store_places::all(&app.db).await,
        false => Ok(Vec::new()),
    }
}

fn id_of(dir: &Path) -> Result<Arc<str>> {
    let path = dir.join(FILE);
    match std::fs::read_to_string(&path) {
        Ok(known) if !known.trim().is_empty() => return Ok(known.trim().into()),
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
        _ => {}
    }
    let new = crate::id::new().to_string();
    std::fs::write(&path, &new).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(new.into())
}
