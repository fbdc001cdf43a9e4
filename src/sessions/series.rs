//! Series: a weekly rule and what each session is planned with. Sessions are planned a quarter of a year ahead; each is a
//! session like any other, which can be moved, changed or cancelled by itself and stays so.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use uuid::Uuid;

use super::recurrence::Rule;
use super::{News, Plan, Session, StreamKey, news, store_series};
use crate::accounts::User;
use crate::db::{Ts, Tx};
use crate::error::{Error, Result};
use crate::{App, id};

/// How far ahead sessions are planned.
const AHEAD_S: i64 = 91 * 24 * 3600;
/// How often series are looked through for what has come nearer.
pub(super) const LOOK_EVERY: Duration = Duration::from_secs(3600);
/// A series of this many sessions in a quarter of a year is a mistake.
const MOST_AHEAD: usize = 100;

/// A row of `session_series`.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Series {
    /// Key.
    pub id: Uuid,
    /// Whose.
    pub instructor_id: Uuid,
    /// RRULE.
    pub rule: String,
    /// Local time of the first one.
    pub first_start: String,
    /// IANA name.
    pub time_zone: String,
    /// A [`Plan`] as JSON.
    pub plan: String,
    /// Sessions that start before this moment have their rows.
    pub planned_until: Ts,
    /// No more are planned since then.
    pub ended_at: Option<Ts>,
    /// When it was made.
    pub created_at: Ts,
}

/// Plans a series of `instructor`: sessions like `plan`, whose start is the first one's, by the RRULE `rule`.
///
/// # Errors
/// 422 for a rule that is not taken, does not fit the first start, or names nothing; 422 for a plan that cannot be.
pub async fn create(app: &App, instructor: &User, rule: &str, plan: Plan) -> Result<(Series, Vec<Session>)> {
    plan.check()?;
    let parsed: Rule = rule.parse().map_err(|why: String| Error::field("rule", why))?;
    let zone = TimeZone::get(&plan.time_zone).map_err(|error| Error::Internal(error.into()))?;
    let first = zone.to_datetime(plan.scheduled_start.timestamp());
    if !parsed.begins_on(first) {
        return Err(Error::field("rule", "does not name the day of the first session"));
    }
    let series = Series {
        id: id::new(),
        instructor_id: instructor.id,
        rule: rule.to_owned(),
        first_start: first.to_string(),
        time_zone: plan.time_zone.clone(),
        plan: serde_json::to_string(&plan).map_err(|error| Error::Internal(error.into()))?,
        planned_until: plan.scheduled_start,
        ended_at: None,
        created_at: Ts::now(),
    };
    let horizon = Ts::now().max(plan.scheduled_start).plus_s(AHEAD_S);
    let due = parsed.between(first, &zone, series.planned_until, horizon);
    if due.is_empty() || due.len() > MOST_AHEAD {
        return Err(Error::field(
            "rule",
            "names no session, or more than a hundred in a quarter of a year",
        ));
    }
    let mut tx = app.db.begin().await?;
    store_series::insert(&mut tx, &series).await?;
    let sessions = plan_sessions(&mut tx, &series, &instructor.name, &plan, due).await?;
    store_series::set_planned_until(&mut tx, series.id, horizon, Ts::now()).await?;
    if let Some(first) = sessions.first() {
        news::planned(&mut tx, first, Some(series.id)).await?;
    }
    tx.commit().await?;
    app.jobs.wake();
    tracing::info!(series = %series.id, instructor = %instructor.id, sessions = sessions.len(), "series planned");
    Ok((series, sessions))
}

/// Plans what has come nearer of every series that goes on. One that fails does not stop the others.
///
/// # Errors
/// The database's own.
pub async fn plan_ahead(app: &App, now: Ts) -> Result<()> {
    for series in store_series::list_open(&app.db, now.plus_s(AHEAD_S)).await? {
        if let Err(error) = extend(app, &series, now.plus_s(AHEAD_S)).await {
            tracing::error!(series = %series.id, error = format!("{error:#}"), "a series could not be planned ahead");
        }
    }
    Ok(())
}

async fn extend(app: &App, series: &Series, horizon: Ts) -> Result<()> {
    let broken = |what: &str| Error::Internal(anyhow::anyhow!("series {}: {what}", series.id));
    let rule: Rule = series.rule.parse().map_err(|why: String| broken(&why))?;
    let first: DateTime = series.first_start.parse().map_err(|_| broken("its first start"))?;
    let zone = TimeZone::get(&series.time_zone).map_err(|_| broken("its time zone"))?;
    let plan: Plan = serde_json::from_str(&series.plan).map_err(|_| broken("its plan"))?;
    let due = rule.between(first, &zone, series.planned_until, horizon);
    let instructor = crate::accounts::find(&app.db, series.instructor_id).await?;
    let mut tx = app.db.begin().await?;
    plan_sessions(&mut tx, series, &instructor.name, &plan, due).await?;
    store_series::set_planned_until(&mut tx, series.id, horizon, Ts::now()).await?;
    tx.commit().await?;
    Ok(())
}

/// Adds the sessions that start at `due`. Those that are there, moved or cancelled as they may be, stay as they are.
async fn plan_sessions(
    tx: &mut Tx,
    series: &Series,
    instructor_name: &str,
    plan: &Plan,
    due: Vec<Ts>,
) -> Result<Vec<Session>> {
    let mut planned = Vec::new();
    for at in due {
        let plan = Plan {
            scheduled_start: at,
            ..plan.clone()
        };
        let key = StreamKey::random();
        planned.extend(store_series::insert_session(tx, id::new(), series, instructor_name, &plan, &key).await?);
    }
    Ok(planned)
}

/// The series `id`, if `user` runs it.
///
/// # Errors
/// 404; 403 when it is somebody else's.
pub async fn find_own(app: &App, id: Uuid, user: &User) -> Result<Series> {
    let series = store_series::find(&app.db, id)
        .await?
        .ok_or(Error::NotFound("series"))?;
    if user.role != crate::accounts::Role::Admin && series.instructor_id != user.id {
        return Err(Error::Forbidden("this is somebody else's series"));
    }
    Ok(series)
}

/// Changes what a series plans its sessions with, and those that have not started. When each of them starts is its own.
/// Gives how many sessions that were. Doing it again is right when it failed in the middle.
///
/// # Errors
/// 422 for a plan that cannot be.
pub async fn change(app: &App, series: &Series, change: impl Fn(Plan) -> Plan) -> Result<usize> {
    let plan: Plan = serde_json::from_str(&series.plan).map_err(|error| Error::Internal(error.into()))?;
    let changed = change(plan);
    changed.check()?;
    let text = serde_json::to_string(&changed).map_err(|error| Error::Internal(error.into()))?;
    store_series::set_plan(&app.db, series.id, &text, Ts::now()).await?;
    let to_come = store_series::list_scheduled(&app.db, series.id).await?;
    for (session,) in &to_come {
        let session = super::get(app, *session).await?;
        super::change(app, &session, change(session.plan())).await?;
    }
    tracing::info!(series = %series.id, sessions = to_come.len(), "series changed");
    Ok(to_come.len())
}

/// Ends a series: nothing more is planned, and what has not started is cancelled, with everybody's tokens given back.
/// Gives how many sessions that were. People are told of all of them together.
///
/// # Errors
/// The database's own.
pub async fn cancel(app: &App, series: Uuid, actor: Option<Uuid>) -> Result<usize> {
    let mut tx = app.db.begin().await?;
    store_series::end(&mut tx, series, Ts::now()).await?;
    let to_come = store_series::scheduled(&mut tx, series).await?;
    news::series_cancelled(&mut tx, series, &to_come).await?;
    tx.commit().await?;
    app.jobs.wake();
    for session in &to_come {
        super::call_off(app, session.id, actor, News::Told).await?;
    }
    tracing::info!(%series, sessions = to_come.len(), "series cancelled");
    Ok(to_come.len())
}
