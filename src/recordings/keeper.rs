//! Finds the recordings of this server and takes each into care, by a task of its own, until it is in its last place.

use std::collections::HashSet;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};
use uuid::Uuid;

use super::care::{Care, Next};
use crate::App;

/// How often it is looked for recordings that have begun, and each of them is looked after.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The pause after the database or the disk has failed.
const PAUSE: Duration = Duration::from_secs(30);

/// Runs until the server stops.
pub async fn run(app: App) {
    let mut tick = interval(LOOK_EVERY);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut known, mut tasks) = (HashSet::new(), JoinSet::new());
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => break,
            _ = tick.tick() => {}
            Some(ended) = tasks.join_next() => {
                if let Err(error) = ended {
                    tracing::error!(%error, "the care for a recording has failed");
                }
                continue;
            }
        }
        for session in recordings(&app) {
            if known.insert(session) {
                tasks.spawn(care(app.clone(), session));
            }
        }
    }
    tasks.shutdown().await; // everything is gone on with after the next start
}

async fn care(app: App, session: Uuid) {
    let mut care = Care::new(&app, session);
    loop {
        let pause = match care.step(&app).await {
            Ok(Next::Settled) => return,
            Ok(Next::Look) => LOOK_EVERY,
            Err(error) => {
                tracing::error!(%session, error = format!("{error:#}"), "a recording cannot be looked after");
                PAUSE
            }
        };
        tokio::time::sleep(pause).await;
    }
}

/// The sessions that have a folder here. That there is none at all is told by the recorder.
fn recordings(app: &App) -> Vec<Uuid> {
    let entries = std::fs::read_dir(app.config.data.recordings()).into_iter().flatten();
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .collect()
}
