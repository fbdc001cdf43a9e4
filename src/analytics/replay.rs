//! Stretches of replay become visits. The player tells how long it has really played; it is believed as far as the clock
//! allows it.

use uuid::Uuid;

use super::store;
use crate::db::Ts;
use crate::enrolments::{self, Watched};
use crate::error::Result;
use crate::tracking::Event;
use crate::{App, id};

/// A visit without news for this long is over; the next news begins another one.
const SILENCE_S: i64 = 120;
/// How much more than the time since the last news is believed: news is late now and then.
const SLACK_S: i64 = 5;
/// Most that is believed of the first news: players tell every 15 seconds.
const FIRST_S: i64 = 20;

/// Notes that `user` has played so many seconds of the replay of `session` since they last said so.
///
/// # Errors
/// The database's own.
pub async fn played(app: &App, session: Uuid, user: Uuid, seconds: i64, now: Ts) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let since = now.plus_s(-SILENCE_S);
    match store::find_replay(&mut tx, session, user, since).await? {
        Some((visit, seen_at)) => {
            let most = (now.unix_s() - seen_at.unix_s()).max(0) + SLACK_S;
            store::extend_replay(&mut tx, visit, seconds.min(most), now).await?;
        }
        None => store::insert_replay(&mut tx, id::new(), session, user, seconds.min(FIRST_S), now).await?,
    }
    tx.commit().await?;
    enrolments::note_watched(app, session, user, Watched::Replay).await
}

/// Ends the visits that nothing was heard of, and notes how long each was. Of several servers one does.
///
/// # Errors
/// The database's own.
pub async fn end_silent(app: &App, now: Ts) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let ended = store::end_replays(&mut tx, now.plus_s(-SILENCE_S)).await?;
    tx.commit().await?;
    for (session, user, seconds) in ended {
        app.tracker.note(Event::recording_watched(session, user, seconds));
    }
    Ok(())
}
