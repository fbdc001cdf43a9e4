//! States that move by themselves: first media makes a session live where it is set so; a publisher that stays away
//! after the scheduled end makes it ended; one that never started is cancelled. The buttons of the instructor do the
//! same earlier. Series are planned ahead here, too.

use std::collections::HashMap;
use std::time::Duration;

use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, MissedTickBehavior, interval};
use uuid::Uuid;

use super::{pushes, series, store};
use crate::db::Ts;
use crate::error::Result;
use crate::events::Subject;
use crate::live::LiveEvent;
use crate::{App, id};

/// How often live sessions are looked through for those that nobody publishes into any more.
const LOOK_EVERY: Duration = Duration::from_secs(15);

/// Runs until the server stops.
pub async fn run(app: App) {
    let mut events = app.live.subscribe();
    let mut look = interval(LOOK_EVERY);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut plan = interval(series::LOOK_EVERY);
    plan.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut silent = Silent::default();
    loop {
        let result = tokio::select! {
            () = app.shutdown.cancelled() => return,
            event = events.recv() => match event {
                Ok(event) => on_event(&app, event).await,
                Err(RecvError::Lagged(missed)) => {
                    tracing::warn!(missed, "media events came faster than they were handled");
                    Ok(()) // the next look sees what they would have told
                }
                Err(RecvError::Closed) => return,
            },
            now = look.tick() => match end_abandoned(&app, &mut silent, now).await {
                Ok(()) => cancel_never_started(&app, Ts::now()).await,
                failed => failed,
            },
            _ = plan.tick() => series::plan_ahead(&app, Ts::now()).await,
        };
        if let Err(error) = result {
            tracing::error!(error = format!("{error:#}"), "a session's state could not be updated");
        }
    }
}

async fn on_event(app: &App, event: LiveEvent) -> Result<()> {
    match event {
        LiveEvent::Published(stream) => {
            if let Some(session) = store::mark_live_with_media(&app.db, id::session_of(stream), Ts::now()).await? {
                tracing::info!(session = %session.id, "session is live");
                pushes::tell_status(app, &session).await;
            }
        }
        LiveEvent::ViewerCount(stream, viewers) => {
            app.events.count(Subject::Viewers(id::session_of(stream)));
            store::raise_max_viewers(&app.db, id::session_of(stream), viewers.into()).await?;
        }
        LiveEvent::RecordingStarted(stream) => {
            store::set_recording_available(&app.db, id::session_of(stream), true).await?;
        }
        LiveEvent::PublisherGone(_)
        | LiveEvent::GraceOver(_)
        | LiveEvent::Layers(_)
        | LiveEvent::RecordingEnded(_)
        | LiveEvent::RecordingFailing(_) => {}
    }
    Ok(())
}

/// Since when nobody publishes into a live session. Kept here and not in the database: after a restart the publisher
/// gets the whole grace time again.
#[derive(Default)]
struct Silent(HashMap<Uuid, Instant>);

impl Silent {
    /// Notes what is seen at `now`; says for how long it has been silent.
    fn observe(&mut self, session: Uuid, is_publishing: bool, now: Instant) -> Duration {
        if is_publishing {
            self.0.remove(&session);
            return Duration::ZERO;
        }
        now - *self.0.entry(session).or_insert(now)
    }
}

async fn end_abandoned(app: &App, silent: &mut Silent, now: Instant) -> Result<()> {
    let sessions = store::list_live(&app.db).await?;
    silent
        .0
        .retain(|id, _| sessions.iter().any(|session| session.id == *id));
    for session in sessions {
        let is_publishing = app.live.status(id::stream_of(session.id)).publishing;
        let for_how_long = silent.observe(session.id, is_publishing, now);
        let is_due = session.scheduled_end() <= Ts::now();
        if !is_publishing && for_how_long >= app.config.media.grace && is_due {
            tracing::info!(session = %session.id, "nobody came back to publish, and the planned time is over");
            super::end(app, session).await?;
        }
    }
    Ok(())
}

/// Cancels the sessions that did not start until some time after their planned end, with everybody's tokens given back.
/// One that somebody is just publishing into is left alone.
///
/// # Errors
/// The database's own.
pub async fn cancel_never_started(app: &App, now: Ts) -> Result<()> {
    let minutes = i64::from(app.settings.now().sessions.cancel_unstarted_after_minutes);
    if minutes == 0 {
        return Ok(());
    }
    for (session,) in store::list_never_started(&app.db, now.plus_s(-60 * minutes)).await? {
        if !app.live.status(id::stream_of(session)).publishing {
            tracing::info!(%session, "it never started, and its time is over");
            super::cancel(app, session, None).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_counted_from_its_start_and_forgotten_when_media_comes() {
        let mut silent = Silent::default();
        let (session, start) = (Uuid::from_u128(1), Instant::now());
        let at = |s| start + Duration::from_secs(s);
        assert_eq!(silent.observe(session, false, at(0)), Duration::ZERO);
        assert_eq!(silent.observe(session, false, at(50)), Duration::from_secs(50));
        assert_eq!(silent.observe(session, true, at(60)), Duration::ZERO);
        assert_eq!(silent.observe(session, false, at(90)), Duration::ZERO);
    }
}
