//! The daily move of kept sessions into the catalogue.

use super::{Workout, store};
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::sessions::{self, Session, retention};
use crate::tally::Tally;
use crate::{App, id, recordings};

/// Makes a workout of each kept session whose time has come at `now`, once each: the entry and the note at the session
/// are one transaction. What fails does not keep the others from moving, and is due again the next time; what has
/// nothing to play is left out.
///
/// # Errors
/// The list of what is due cannot be read.
pub async fn migrate(app: &App, now: Ts) -> Result<Tally> {
    let mut tally = Tally::default();
    for session in retention::to_migrate(app, now).await? {
        match migrate_one(app, &session, now).await {
            Ok(false) => {}
            Ok(true) => {
                tracing::info!(session = %session.id, "a session moved to the catalogue");
                tally.note(session.id, Ok(()));
            }
            Err(error) => {
                tracing::error!(session = %session.id, error = format!("{error:#}"), "a session could not move to the catalogue");
                tally.note(session.id, Err(error));
            }
        }
    }
    Ok(tally)
}

async fn migrate_one(app: &App, session: &Session, now: Ts) -> Result<bool> {
    match recordings::library_master(app, session.id, None).await {
        Ok(_) => {}
        Err(Error::NotFound(_)) => return Ok(false),
        Err(error) => return Err(error),
    }
    let workout = Workout {
        id: id::new(),
        title: session.title.clone(),
        description: session.description.clone(),
        duration_minutes: minutes(session),
        thumbnail_url: sessions::thumbnail_url(session, true),
        playback_id: session.id,
        created_at: now,
        has_storyboard: session.recording_has_storyboard,
    };
    let mut tx = app.db.begin().await?;
    let is_new =
        store::insert(&mut tx, &workout).await? && retention::mark_migrated(&mut tx, session.id, workout.id).await?;
    if is_new {
        tx.commit().await?;
    }
    Ok(is_new)
}

/// As long as it was live, in begun minutes; as planned where that is not known.
fn minutes(session: &Session) -> i64 {
    match (session.actual_start, session.actual_end) {
        (Some(start), Some(end)) if end > start => (end.unix_s() - start.unix_s() + 59).div_euclid(60).max(1),
        _ => session.duration_minutes,
    }
}
