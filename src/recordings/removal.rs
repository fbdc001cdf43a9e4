//! The end of a recording: its media is deleted from everywhere.
//!
//! Deleting is noted first and done afterwards, from every place; only then is it noted as done. Whatever stops it in
//! between, [`super::upkeep`] goes on with it, and doing it again is right.

use std::io::ErrorKind;

use uuid::Uuid;

use super::{folder, objects, store, thumbnail};
use crate::App;
use crate::error::{Error, Result};
use crate::sessions::ThumbnailKind;

/// Deletes the media of a session from every place, with the pictures taken from it. One that is deleted stays so.
///
/// # Errors
/// 404 when there is no such session; the disk's and the store's own: then it is closed to everybody, and the rest is done
/// later.
pub async fn remove(app: &App, session: Uuid) -> Result<()> {
    if !store::mark_deleting(&app.db, session).await? {
        return Err(Error::NotFound("session"));
    }
    forget(app, session);
    if let Some(remote) = &app.recordings.store {
        remote.delete_folder(&objects(session)).await?;
    }
    remove_local(app, session).await?;
    if let Some(row) = store::find(&app.db, session).await?
        && (row.thumbnail_kind == ThumbnailKind::Frame || row.deleted_at.is_some())
    {
        thumbnail::forget(app, &row).await;
    }
    store::mark_deleted(&app.db, session).await?;
    forget(app, session);
    tracing::info!(%session, "the media of a recording is deleted");
    Ok(())
}

/// Removes what this server has of a recording.
///
/// # Errors
/// The disk's.
pub(super) async fn remove_local(app: &App, session: Uuid) -> Result<()> {
    match tokio::fs::remove_dir_all(folder(app, session)).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

fn forget(app: &App, session: Uuid) {
    app.recordings.admissions.forget(session);
    app.recordings.uploads.forget(session);
    app.recordings.cache.forget_session(session);
}
