//! The catalogue: recordings of classes that are kept, two months after the class, for everybody with an account.

mod migration;
pub mod routes;
pub mod store;

use uuid::Uuid;

use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};

pub use migration::migrate;

/// A row of `workouts`.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Workout {
    /// Key.
    pub id: Uuid,
    /// For people.
    pub title: String,
    /// For people.
    pub description: Option<String>,
    /// How long it plays.
    pub duration_minutes: i64,
    /// A picture.
    pub thumbnail_url: Option<String>,
    /// The session whose recording it plays.
    pub playback_id: Uuid,
    /// When it came into the catalogue.
    pub created_at: Ts,
    /// Whether its recording has pictures for the time line.
    #[sqlx(rename = "recording_has_storyboard")]
    pub has_storyboard: bool,
}

/// The workout with that key.
///
/// # Errors
/// 404 when there is none.
pub async fn find(app: &App, id: Uuid) -> Result<Workout> {
    store::find(&app.db, id).await?.ok_or(Error::NotFound("workout"))
}
