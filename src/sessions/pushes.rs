//! What those who follow a session are told of it: that its status has changed, and how many watch.

use serde::Serialize;
use uuid::Uuid;

use super::{Session, Status, store};
use crate::error::Result;
use crate::events::{Push, Rights};
use crate::{App, id};

/// Where a session is in its life.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct StatusNews {
    session_id: Uuid,
    status: Status,
    viewer_count: u32,
}

/// How many watch.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ViewerNews {
    session_id: Uuid,
    viewer_count: u32,
}

/// `session:status`
#[must_use]
pub fn status(app: &App, session: &Session) -> Push {
    let news = StatusNews {
        session_id: session.id,
        status: session.status,
        viewer_count: match session.status {
            Status::Live => viewers(app, session.id),
            _ => 0,
        },
    };
    Push::new(session.id, "session:status", &news)
}

/// Tells everybody who follows `session` where it is in its life. What is told is not worth a class: a failure is
/// logged, and clients that come back read it anew.
pub async fn tell_status(app: &App, session: &Session) {
    tell(app, status(app, session)).await;
}

/// Tells everybody who follows `session` on this server how many watch it, and the other servers, which tell theirs, how
/// many do here.
///
/// # Errors
/// The database's own; who follows here is told all the same.
pub async fn tell_viewers(app: &App, session: Uuid) -> Result<()> {
    let (here, all) = (viewers_here(app, session), viewers(app, session));
    let news = ViewerNews {
        session_id: session,
        viewer_count: all,
    };
    app.events.push_here(Push::new(session, "viewer:count", &news));
    app.events.tell_viewers_here(&app.db, session, here).await?;
    if all > here {
        store::raise_max_viewers(&app.db, session, all.into()).await?;
    }
    Ok(())
}

/// How many watch `session` at this moment, on all servers.
#[must_use]
pub fn viewers(app: &App, session: Uuid) -> u32 {
    viewers_here(app, session).saturating_add(app.events.viewers_elsewhere(session))
}

/// Has everybody's right to `session` checked again, on every server.
pub(super) async fn tell_rights(app: &App, session: Uuid) {
    let rights = Rights {
        session: Some(session),
        user: None,
    };
    if let Err(error) = app.events.rights_changed(&app.db, rights).await {
        tracing::error!(%session, error = format!("{error:#}"), "other servers do not know that a right has ended");
    }
}

async fn tell(app: &App, push: Push) {
    let session = push.session;
    if let Err(error) = app.events.push(&app.db, push).await {
        tracing::error!(%session, error = format!("{error:#}"), "news of a session could not be told");
    }
}

fn viewers_here(app: &App, session: Uuid) -> u32 {
    app.live.status(id::stream_of(session)).viewers
}
