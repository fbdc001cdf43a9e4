//! Tells what was counted: new votes, upvotes, reactions and viewers, at most four times a second whatever their number.

use std::collections::HashMap;

use uuid::Uuid;

use crate::App;
use crate::chat::gestures;
use crate::error::Result;
use crate::events::Subject;
use crate::polls::{self, questions};
use crate::sessions::pushes;

/// Runs until the server stops.
pub async fn run(app: App) {
    let stop = app.shutdown.clone();
    while let Some(counted) = stop.run_until_cancelled(app.events.counted()).await {
        tell(&app, counted).await;
    }
}

async fn tell(app: &App, counted: HashMap<Subject, u64>) {
    let mut votes: HashMap<Uuid, Vec<Uuid>> = HashMap::new();
    for (subject, count) in counted {
        let result = match subject {
            Subject::Vote { poll, option } => {
                votes.entry(poll).or_default().push(option);
                Ok(())
            }
            Subject::Question(question) => questions::tell(app, question).await,
            Subject::Reaction { session, emoji } => gestures::tell(app, session, emoji, count).await,
            Subject::Viewers(session) => {
                app.whip.news.note_viewers(app, session);
                pushes::tell_viewers(app, session).await
            }
        };
        note(result);
    }
    for (poll, options) in votes {
        note(polls::tell_votes(app, poll, &options).await);
    }
}

/// Clients read the numbers anew when they come back.
fn note(result: Result<()>) {
    if let Err(error) = result {
        tracing::error!(error = format!("{error:#}"), "what was counted could not be told");
    }
}
