//! What the servers of one PostgreSQL tell each other reaches those who follow here.

use std::time::{Duration, Instant};

use super::Subject;
use super::note::Note;
use crate::App;
use crate::db::{Heard, Notes};

/// How long to wait before a database that cannot be reached is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Passes on what is heard, until the server stops. When the connection was lost and is there again, followers are told
/// that something may be missing. `notes`: from before the first follower; `None` on SQLite, where nobody else is.
pub async fn run(app: App, notes: Option<Notes>) {
    let stop = app.shutdown.clone();
    if let Some(notes) = notes {
        stop.run_until_cancelled(pass_on_all(&app, notes)).await;
    }
}

async fn pass_on_all(app: &App, mut notes: Notes) {
    loop {
        match notes.next().await {
            Ok(Heard::Note(text)) => pass_on(app, &text),
            Ok(Heard::Gap) => note_gap(app),
            Err(error) => {
                tracing::error!(%error, "what other servers tell cannot be heard");
                notes = listen_again(app).await;
                note_gap(app);
            }
        }
    }
}

async fn listen_again(app: &App) -> Notes {
    loop {
        tokio::time::sleep(PAUSE).await;
        match app.db.listen().await {
            Ok(Some(notes)) => return notes,
            Ok(None) => unreachable!("a database stays what it is"),
            Err(error) => tracing::debug!(%error, "the database is still away"),
        }
    }
}

fn note_gap(app: &App) {
    tracing::warn!("the database was away for a moment: clients are asked to read anew");
    app.events.gap();
}

fn pass_on(app: &App, text: &str) {
    match Note::read(text) {
        Some(Note::Push(push)) => app.events.deliver(push),
        Some(Note::Rights(rights)) => app.events.recheck(rights),
        Some(Note::Viewers(server, numbers)) => {
            for session in app.events.elsewhere().hear(server, &numbers, Instant::now()) {
                app.events.count(Subject::Viewers(session));
            }
        }
        None => tracing::warn!("another server said something that this one does not understand"),
    }
}
