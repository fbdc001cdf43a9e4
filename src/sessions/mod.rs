//! Sessions: scheduled classes, from the plan to the replay. What they are and what may happen to them.
//!
//! | file | what it is for |
//! |---|---|
//! | `access` | who may broadcast, watch, see the replay and take part in the conversation |
//! | `bans` | who may not speak, or not be there |
//! | `token` | short-lived bearer tokens for WHIP and WHEP |
//! | `lifecycle` | states that move with the media and the clock |
//! | `pushes` | what those who follow a session are told |
//! | `plan` | what is decided about one, what is looked for, the dates that its end sets |
//! | `recurrence`, `series` | weekly rules, and the sessions that they plan |
//! | `calendar`, `feed` | calendar files, and the address of a user's feed |
//! | `news` | what is told to others as jobs: planned, cancelled |
//! | `recording` | what is known of its recording and its picture |
//! | `retention` | how long recordings stay |
//! | `view` | sessions as JSON |
//! | `routes`, `calendars` | HTTP for viewers |
//! | `instructor`, `series_routes` | HTTP for instructors |

pub mod access;
pub mod bans;
pub mod calendar;
pub mod calendars;
pub mod feed;
pub mod instructor;
pub mod lifecycle;
pub mod news;
mod plan;
pub mod pushes;
mod recording;
pub mod recurrence;
pub mod retention;
pub mod routes;
pub mod series;
pub mod series_routes;
pub mod store;
pub mod store_bans;
pub mod store_retention;
pub mod store_series;
pub mod store_viewers;
pub mod token;
pub mod view;

use serde_json::json;
use uuid::Uuid;

use crate::accounts::audit::{self, Deed};
use crate::accounts::login::random_text;
use crate::accounts::{Role, User};
use crate::db::Ts;
use crate::enrolments;
use crate::error::{Error, Result};
use crate::task::to_its_end;
use crate::tracking::Event;
use crate::{App, id};

pub use plan::{EndDates, Plan, Search};
pub use recording::{RecordingPlace, RecordingState, RecordingView, ThumbnailKind};
pub use view::thumbnail_url;

/// A scheduled class: a row of `live_sessions`.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Session {
    /// Key; also the stream's.
    pub id: Uuid,
    /// For people.
    pub title: String,
    /// For people.
    pub description: Option<String>,
    /// Whose class it is.
    pub instructor_id: Uuid,
    /// Their name when it was planned.
    pub instructor_name: String,
    /// Planned start.
    pub scheduled_start: Ts,
    /// Planned length.
    pub duration_minutes: i64,
    /// IANA name of the zone in which it was planned.
    pub time_zone: String,
    /// When it went live.
    pub actual_start: Option<Ts>,
    /// When it was ended.
    pub actual_end: Option<Ts>,
    /// Where it is in its life.
    #[sqlx(try_from = "String")]
    pub status: Status,
    /// For people.
    pub topic: Option<String>,
    /// 1 preparation, 2 discovery, 3 recommendation, 4 decision.
    pub phase_id: Option<i64>,
    /// For people.
    pub level: Option<String>,
    /// A picture.
    pub thumbnail_url: Option<String>,
    /// What enrolling costs.
    pub price_in_tokens: i64,
    /// Watched without a login.
    pub is_public: bool,
    /// Watched live by subscribers without enrolling.
    pub is_open_to_subscribers: bool,
    /// Whether the first media makes it live; otherwise only its instructor does.
    pub goes_live_with_media: bool,
    /// Whether its recording is kept for the catalogue.
    pub is_kept_for_catalogue: bool,
    /// What OBS and others publish with.
    #[sqlx(try_from = "String")]
    pub stream_key: StreamKey,
    /// Most viewers at the same time.
    pub max_viewers: i64,
    /// Good enrolments.
    pub total_enrollments: i64,
    /// Whether it is to be recorded.
    pub recording_enabled: bool,
    /// Whether there is media to replay.
    pub recording_available: bool,
    /// End of the replay; `None` before the end of the session, and where replays are kept for ever.
    pub recording_expires_at: Option<Ts>,
    /// The entry of the catalogue that it became.
    pub migrated_to_workout_id: Option<Uuid>,
    /// Where the recording is in its life.
    #[sqlx(try_from = "String")]
    pub recording_state: RecordingState,
    /// Whether what is made of the recording after the class is made.
    pub recording_is_processed: bool,
    /// Since when all of the recording is in the store.
    pub recording_stored_at: Option<Ts>,
    /// How much room the recording takes.
    pub recording_bytes: i64,
    /// How long the recording is.
    pub recording_duration_us: i64,
    /// Codecs of its pictures (RFC 6381), with spaces between.
    pub recording_codecs: String,
    /// Codecs of its sound.
    pub recording_audio_codecs: String,
    /// Whether there are pictures for its time line.
    pub recording_has_storyboard: bool,
    /// What cannot be done with the recording at present.
    pub recording_error: Option<String>,
    /// Where the picture that stands for it comes from.
    #[sqlx(try_from = "String")]
    pub thumbnail_kind: ThumbnailKind,
    /// When that picture was made.
    pub thumbnail_at: Option<Ts>,
    /// When it was taken off the schedule; only seen by those who clean up after it.
    pub deleted_at: Option<Ts>,
    /// The series that planned it.
    pub series_id: Option<Uuid>,
    /// Grows with every change that calendars should show (RFC 5545 section 3.8.7.4).
    pub sequence: i64,
    /// Last change of the row.
    pub updated_at: Ts,
}

/// Where a session is in its life.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Planned. The API says `upcoming`.
    #[serde(rename = "upcoming", alias = "scheduled")]
    Scheduled,
    /// Now.
    Live,
    /// Over.
    Ended,
    /// Never to be.
    Cancelled,
}

/// The secret that a session is published with; shown to its instructor, never in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct StreamKey(String);

impl StreamKey {
    /// A new, unguessable key.
    #[must_use]
    pub fn random() -> StreamKey {
        StreamKey(format!("sk_{}", random_text::<24>()))
    }

    /// The key itself.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for StreamKey {
    fn from(text: String) -> StreamKey {
        StreamKey(text)
    }
}

impl std::fmt::Debug for StreamKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StreamKey(…)")
    }
}

impl Status {
    /// As in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Scheduled => "scheduled",
            Status::Live => "live",
            Status::Ended => "ended",
            Status::Cancelled => "cancelled",
        }
    }
}

impl TryFrom<String> for Status {
    type Error = String;

    fn try_from(text: String) -> Result<Status, String> {
        [Status::Scheduled, Status::Live, Status::Ended, Status::Cancelled]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or_else(|| format!("unknown status {text}"))
    }
}

impl Session {
    /// When the plan says that it is over.
    #[must_use]
    pub fn scheduled_end(&self) -> Ts {
        self.scheduled_start.plus_s(self.duration_minutes.saturating_mul(60))
    }

    /// Whether `user` runs it: its instructor, or an admin.
    #[must_use]
    pub fn is_run_by(&self, user: &User) -> bool {
        user.role == Role::Admin || (user.role == Role::Instructor && user.id == self.instructor_id)
    }

    /// Whether nothing more will happen in it.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.status, Status::Ended | Status::Cancelled)
    }

    /// What was decided about it.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan {
            title: self.title.clone(),
            description: self.description.clone(),
            scheduled_start: self.scheduled_start,
            duration_minutes: self.duration_minutes,
            time_zone: self.time_zone.clone(),
            topic: self.topic.clone(),
            phase_id: self.phase_id,
            level: self.level.clone(),
            thumbnail_url: self.thumbnail_url.clone(),
            price_in_tokens: self.price_in_tokens,
            is_public: self.is_public,
            is_open_to_subscribers: self.is_open_to_subscribers,
            goes_live_with_media: self.goes_live_with_media,
            is_kept_for_catalogue: self.is_kept_for_catalogue,
            recording_enabled: self.recording_enabled,
        }
    }
}

/// Plans a session of `instructor`.
///
/// # Errors
/// 422 for a plan that cannot be.
pub async fn create(app: &App, instructor: &User, plan: Plan) -> Result<Session> {
    plan.check()?;
    let mut tx = app.db.begin().await?;
    let session = store::insert(&mut tx, id::new(), instructor, &plan, &StreamKey::random()).await?;
    news::planned(&mut tx, &session, None).await?;
    tx.commit().await?;
    app.jobs.wake();
    tracing::info!(session = %session.id, instructor = %instructor.id, "session planned");
    Ok(session)
}

/// Changes what was decided about a session.
///
/// # Errors
/// 422 for a plan that cannot be; 409 when its time changes after it went live.
pub async fn change(app: &App, session: &Session, plan: Plan) -> Result<Session> {
    plan.check()?;
    let is_moved = plan.scheduled_start != session.scheduled_start || plan.duration_minutes != session.duration_minutes;
    if is_moved && session.status != Status::Scheduled {
        return Err(Error::Conflict {
            code: "session-started",
            detail: "the time of a session is fixed once it started",
        });
    }
    let mut tx = app.db.begin().await?;
    let changed = found(store::update_plan(&mut tx, session.id, &plan).await?)?;
    if changed.scheduled_start != session.scheduled_start {
        news::moved(&mut tx, &changed, session.scheduled_start).await?;
    }
    tx.commit().await?;
    app.jobs.wake();
    let is_closed = |before: bool, after: bool| before && !after;
    if is_closed(session.is_public, changed.is_public)
        || is_closed(session.is_open_to_subscribers, changed.is_open_to_subscribers)
    {
        access::cut_off(app, &changed).await?;
        pushes::tell_rights(app, changed.id).await;
    }
    Ok(changed)
}

/// Reminds `user` of `session` before it starts; gives the reminder's key, the same when it was set before.
///
/// # Errors
/// 404; 409 when it is over.
pub async fn set_reminder(app: &App, session: Uuid, user: &User) -> Result<Uuid> {
    let planned = get(app, session).await?;
    if planned.is_over() {
        return Err(over());
    }
    let new = id::new();
    let reminder = store_viewers::set_reminder(&app.db, new, session, user.id, Ts::now()).await?;
    if reminder == new {
        let event = Event::reminder_set(session, user.id, planned.scheduled_start);
        app.tracker.note(event);
    }
    Ok(reminder)
}

/// Takes a reminder back; none is fine, too.
///
/// # Errors
/// 404.
pub async fn remove_reminder(app: &App, session: Uuid, user: &User) -> Result<()> {
    get(app, session).await?;
    Ok(store_viewers::delete_reminder(&app.db, session, user.id).await?)
}

/// Marks a session as live; one that is live stays so.
///
/// # Errors
/// 409 when it is over.
pub async fn start(app: &App, session: Session) -> Result<Session> {
    if session.status == Status::Live {
        return Ok(session);
    }
    match store::mark_live(&app.db, session.id, Ts::now()).await? {
        Some(session) => {
            tracing::info!(session = %session.id, "session is live");
            pushes::tell_status(app, &session).await;
            Ok(session)
        }
        None => found(store::find(&app.db, session.id).await?).and_then(|now| match now.status {
            Status::Live => Ok(now),
            _ => Err(over()),
        }),
    }
}

/// Ends a session: closes its publisher, tells its viewers, finishes its recording, and sets when the replay ends and
/// when it moves to the catalogue. One that has ended stays as it is. Goes on to its end even if the caller does not
/// wait for it.
///
/// # Errors
/// 409 when it never started.
pub async fn end(app: &App, session: Session) -> Result<Session> {
    let app = app.clone();
    to_its_end(async move {
        match session.status {
            Status::Ended => return Ok(session),
            Status::Live => {}
            Status::Scheduled => {
                return Err(Error::Conflict {
                    code: "session-not-live",
                    detail: "the session has not started",
                });
            }
            Status::Cancelled => return Err(over()),
        }
        let dates = EndDates::new(Ts::now(), app.settings.now().recording.retention_days);
        // First the row: a publisher that dials again at this moment is refused.
        if let Some(ended) = store::mark_ended(&app.db, session.id, dates).await? {
            tracing::info!(session = %session.id, "session ended");
            pushes::tell_status(&app, &ended).await;
            enrolments::set_replay_end(&app, session.id, dates.recording_expires_at).await?;
        }
        app.live.end(id::stream_of(session.id)).await;
        found(store::find(&app.db, session.id).await?)
    })
    .await
}

/// Calls a session off: nobody gets in any more, and everybody gets their tokens back. One that is cancelled stays so.
/// Goes on to its end even if the caller does not wait; refunds that fail are tried again by themselves. `actor`: who
/// does it; `None`: the server.
///
/// # Errors
/// 409 when it has ended.
pub async fn cancel(app: &App, session: Uuid, actor: Option<Uuid>) -> Result<Session> {
    call_off(app, session, actor, News::ToTell).await
}

/// Whether people hear of a cancelled session by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum News {
    /// They do.
    ToTell,
    /// They hear of it together with others.
    Told,
}

async fn call_off(app: &App, session: Uuid, actor: Option<Uuid>, telling: News) -> Result<Session> {
    let app = app.clone();
    to_its_end(async move {
        let mut tx = app.db.begin().await?;
        let cancelled = store::mark_cancelled(&mut tx, session, Ts::now()).await?;
        if let Some(cancelled) = cancelled {
            audit::record(&mut tx, &deed(actor, "session.cancel", &cancelled)).await?;
            if telling == News::ToTell {
                news::cancelled(&mut tx, &cancelled).await?;
            }
            tx.commit().await?;
            app.jobs.wake();
            tracing::info!(%session, "session cancelled");
            pushes::tell_status(&app, &cancelled).await;
            app.live.end(id::stream_of(session)).await;
        } else {
            drop(tx);
        }
        let now = found(store::find(&app.db, session).await?)?;
        match now.status {
            Status::Cancelled => enrolments::refund_cancelled(&app).await?,
            _ => return Err(over()),
        };
        pushes::tell_rights(&app, session).await; // what was refunded opens nothing any more
        Ok(now)
    })
    .await
}

/// Takes a session off the schedule, together with its replay; one that did not take place is cancelled by that. Goes
/// on to its end even if the caller does not wait.
///
/// # Errors
/// 409 while it is live.
pub async fn delete(app: &App, session: Uuid, actor: Option<Uuid>) -> Result<()> {
    let app = app.clone();
    to_its_end(async move {
        let mut tx = app.db.begin().await?;
        let Some(deleted) = store::mark_deleted(&mut tx, session, Ts::now()).await? else {
            return Err(Error::Conflict {
                code: "session-live",
                detail: "end the session before you delete it",
            });
        };
        audit::record(&mut tx, &deed(actor, "session.delete", &deleted)).await?;
        if deleted.status == Status::Cancelled {
            news::cancelled(&mut tx, &deleted).await?;
        }
        tx.commit().await?;
        app.jobs.wake();
        app.live.end(id::stream_of(session)).await;
        tracing::info!(%session, "session deleted");
        pushes::tell_rights(&app, session).await;
        enrolments::refund_cancelled(&app).await?;
        Ok(())
    })
    .await
}

fn deed(actor: Option<Uuid>, action: &'static str, session: &Session) -> Deed {
    Deed {
        actor,
        action,
        subject: Some(session.id),
        detail: json!({ "title": session.title, "enrolments": session.total_enrollments }),
    }
}

/// Replaces the stream key; the old one is void at once.
///
/// # Errors
/// 404 when the session is gone.
pub async fn rotate_key(app: &App, session: Uuid) -> Result<Session> {
    found(store::set_stream_key(&app.db, session, &StreamKey::random()).await?)
}

/// A session by its key.
///
/// # Errors
/// 404 when there is none, or it was deleted.
pub async fn get(app: &App, id: Uuid) -> Result<Session> {
    found(store::find(&app.db, id).await?)
}

/// The sessions with these keys that are there.
///
/// # Errors
/// The database's own.
pub async fn several(app: &App, ids: &[Uuid]) -> Result<Vec<Session>> {
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        found.extend(store::find(&app.db, *id).await?);
    }
    Ok(found)
}

/// Keys of the first `most` sessions of a series that are to come.
///
/// # Errors
/// The database's own.
pub async fn scheduled_in_series(app: &App, series: Uuid, most: usize) -> Result<Vec<Uuid>> {
    let keys = store_series::list_scheduled(&app.db, series).await?;
    Ok(keys.into_iter().take(most).map(|(id,)| id).collect())
}

/// A session that `user` runs.
///
/// # Errors
/// 404 when there is none; 403 when it is somebody else's.
pub async fn get_own(app: &App, id: Uuid, user: &User) -> Result<Session> {
    let session = get(app, id).await?;
    if !session.is_run_by(user) {
        return Err(Error::Forbidden("this is somebody else's session"));
    }
    Ok(session)
}

/// Keys of the sessions that went live and have nothing to replay, as far as the database knows.
///
/// # Errors
/// The database's own.
pub async fn without_recording(app: &App) -> Result<Vec<Uuid>> {
    Ok(store::list_without_recording(&app.db)
        .await?
        .into_iter()
        .map(|(id,)| id)
        .collect())
}

/// Notes whether there is media to replay.
///
/// # Errors
/// The database's own.
pub async fn set_recording_available(app: &App, session: Uuid, available: bool) -> Result<()> {
    Ok(store::set_recording_available(&app.db, session, available).await?)
}

fn found(session: Option<Session>) -> Result<Session> {
    session.ok_or(Error::NotFound("session"))
}

fn over() -> Error {
    Error::Conflict {
        code: "session-over",
        detail: "the session is over",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_key_is_not_printed_by_accident() {
        let key = StreamKey::random();
        assert!(!format!("{key:?}").contains(key.expose()));
    }
}
