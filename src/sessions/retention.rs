//! How long a recording stays: until its replay ends, or for the catalogue where its instructor, or enough enrolments, say so.

use uuid::Uuid;

use super::{Session, store_retention};
use crate::App;
use crate::db::{Ts, Tx};
use crate::error::Result;

/// Keys of sessions whose replay is over and whose media is not kept for the catalogue; to be deleted.
///
/// # Errors
/// The database's own.
pub async fn to_delete(app: &App, now: Ts) -> Result<Vec<Uuid>> {
    let found = store_retention::list_expired(&app.db, now, keep_from(app)).await?;
    Ok(found.into_iter().map(|(id,)| id).collect())
}

/// Sessions that are kept for the catalogue and whose time to move there has come.
///
/// # Errors
/// The database's own.
pub async fn to_migrate(app: &App, now: Ts) -> Result<Vec<Session>> {
    Ok(store_retention::list_to_migrate(&app.db, now, keep_from(app)).await?)
}

/// Notes that a session is in the catalogue, in the transaction that puts it there; false: it was there, or is gone.
///
/// # Errors
/// The database's own.
pub async fn mark_migrated(tx: &mut Tx, session: Uuid, workout: Uuid) -> Result<bool> {
    Ok(store_retention::mark_migrated(tx, session, workout, Ts::now()).await?)
}

fn keep_from(app: &App) -> i64 {
    app.config.catalogue.keep_from_enrolments.into()
}
