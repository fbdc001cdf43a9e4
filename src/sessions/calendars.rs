//! HTTP of calendars: one session as a file, and the feed of a user's sessions.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::IntoResponse;
use serde::Serialize;
use utoipa::ToSchema;

use super::feed::FeedToken;
use super::{Session, calendar, store_viewers};
use crate::App;
use crate::accounts;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::extract::{Id, MaybeUser, Origin, Viewer};
use crate::http::problem::Problem;
use crate::tracking::Event;

/// RFC 5545 section 8.1
const CALENDAR: &str = "text/calendar; charset=utf-8";
/// A feed goes back this far.
const PAST_S: i64 = 90 * 24 * 3600;
/// More sessions than anybody looks at in a calendar.
const MOST_LISTED: i64 = 1000;

/// Where the caller's calendar can be subscribed to.
#[derive(Serialize, ToSchema)]
pub struct CalendarAddress {
    /// Whoever has it can read the calendar.
    url: String,
}

/// Gives a session as a calendar file
#[utoipa::path(get, path = "/api/live/sessions/{id}/calendar", tag = "calendar", operation_id = "session_calendar",
    params(("id" = uuid::Uuid, Path)), responses(
    (status = 200, body = String, content_type = "text/calendar"),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn file(
    State(app): State<App>,
    MaybeUser(user): MaybeUser,
    origin: Origin,
    Id(id): Id,
) -> Result<impl IntoResponse> {
    let session = super::get(&app, id).await?;
    let user = user.map(|user| user.id);
    app.tracker
        .note(Event::calendar_export(id, user, session.scheduled_start));
    let text = calendar::write(&[session], None, |session| watch_url(&origin, session));
    let disposition = "attachment; filename=\"live-coaching-session.ics\"";
    Ok(([(CONTENT_TYPE, CALENDAR), (CONTENT_DISPOSITION, disposition)], text))
}

/// Tells where the caller's calendar can be subscribed to
#[utoipa::path(get, path = "/api/calendar", tag = "calendar", operation_id = "calendar_address", responses(
    (status = 200, body = CalendarAddress), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn address(State(app): State<App>, Viewer(user): Viewer, origin: Origin) -> Result<Json<CalendarAddress>> {
    let version = accounts::calendar_version(&app.db, user.id).await?;
    Ok(Json(address_of(&app, &origin, user.id, version)))
}

/// Gives the caller's calendar a new address; the old one is void at once
#[utoipa::path(post, path = "/api/calendar/rotate", tag = "calendar", operation_id = "rotate_calendar_address",
    responses((status = 200, body = CalendarAddress),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn rotate(State(app): State<App>, Viewer(user): Viewer, origin: Origin) -> Result<Json<CalendarAddress>> {
    let version = accounts::renew_calendar(&app.db, user.id).await?;
    Ok(Json(address_of(&app, &origin, user.id, version)))
}

/// Gives the sessions of a user as a calendar: their own, those they are enrolled in, those they have a reminder for
#[utoipa::path(get, path = "/api/calendar/{file}", tag = "calendar", operation_id = "calendar_feed",
    params(("file" = String, Path, description = "the token of the address, and `.ics`")), responses(
    (status = 200, body = String, content_type = "text/calendar"),
    (status = 404, body = Problem, content_type = "application/problem+json")))]
pub async fn feed(State(app): State<App>, origin: Origin, Path(file): Path<String>) -> Result<impl IntoResponse> {
    const UNKNOWN: Error = Error::NotFound("calendar");
    let token = file.strip_suffix(".ics").ok_or(UNKNOWN)?;
    let token = FeedToken::read(token, &app.keys.calendars).ok_or(UNKNOWN)?;
    let user = accounts::find(&app.db, token.user).await.map_err(|_| UNKNOWN)?;
    if accounts::calendar_version(&app.db, user.id).await? != token.version {
        return Err(UNKNOWN);
    }
    let since = Ts::now().plus_s(-PAST_S);
    let sessions = store_viewers::calendar_of(&app.db, user.id, since, MOST_LISTED).await?;
    let text = calendar::write(&sessions, Some("Lectern"), |session| watch_url(&origin, session));
    Ok(([(CONTENT_TYPE, CALENDAR)], text))
}

fn watch_url(origin: &Origin, session: &Session) -> String {
    origin.join(&format!("/streams/{}/watch", session.id))
}

fn address_of(app: &App, origin: &Origin, user: uuid::Uuid, version: i64) -> CalendarAddress {
    let token = FeedToken { user, version }.sign(&app.keys.calendars);
    CalendarAddress {
        url: origin.join(&format!("/api/calendar/{token}.ics")),
    }
}
