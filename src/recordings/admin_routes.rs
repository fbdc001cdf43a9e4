//! HTTP of recordings for admins.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store;
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::http::extract::Admin;
use crate::http::problem::Problem;
use crate::sessions::RecordingPlace;

/// As many recordings as a page shows.
const MOST: i64 = 500;

/// A recording, for admins.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AdminRecording)]
pub struct RecordingEntry {
    session_id: Uuid,
    title: String,
    /// Where it is.
    state: RecordingPlace,
    /// How much room it takes.
    bytes: i64,
    duration_s: i64,
    /// When its viewers' time is over.
    expires_at: Option<Ts>,
    /// What cannot be done with it at present.
    error: Option<String>,
}

/// Recordings, and the room for them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordingList {
    /// The latest first.
    recordings: Vec<RecordingEntry>,
    /// Of all of them.
    total_bytes: i64,
    /// On the disk of the data folder.
    free_bytes: u64,
}

/// Lists recordings, the latest first, with the room that they take and that is left
#[utoipa::path(get, path = "/api/admin/recordings", tag = "admin", operation_id = "list_recordings", responses((status = 200, body = RecordingList),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, Admin(_admin): Admin) -> Result<Json<RecordingList>> {
    let entries = store::list(&app.db, MOST).await?.into_iter().filter_map(|session| {
        Some(RecordingEntry {
            state: RecordingPlace::of(&session, &app.config, Ts::now())?,
            session_id: session.id,
            bytes: session.recording_bytes,
            duration_s: session.recording_duration_us / 1_000_000,
            expires_at: session.recording_expires_at,
            error: session.recording_error,
            title: session.title,
        })
    });
    Ok(Json(RecordingList {
        recordings: entries.collect(),
        total_bytes: store::total_bytes(&app.db).await?,
        free_bytes: super::free_bytes(&app)?,
    }))
}
