//! Example data: people, classes that are to come and that took place, a replay, a conversation, polls. Loaded once, by
//! an administrator or on the command line; everything in it belongs to people of one domain, by which it is found
//! again and taken away.

mod content;
mod recording;
pub mod routes;
mod store;

use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan, Zoned};
use uuid::Uuid;

use self::content::{INSTRUCTOR, MESSAGES, PAST, PEOPLE, POLL_MINUTES, POLLS, Past, QUESTIONS, UPCOMING, Upcoming};
use self::store::DOMAIN;
use crate::accounts::{Role, User};
use crate::config::Config;
use crate::db::{Db, Ts, Tx, is_duplicate};
use crate::error::{Error, Result};
use crate::sessions::{EndDates, Plan, Status};
use crate::{App, accounts, id, sessions};

/// Where the example classes are held.
const ZONE: &str = "Europe/Amsterdam";
/// At two in the afternoon.
const HOUR: i8 = 14;

/// Whether it is there.
///
/// # Errors
/// The database's own.
pub async fn is_loaded(db: &Db) -> Result<bool> {
    Ok(!store::list_people(db).await?.is_empty())
}

/// Loads it, all or nothing.
///
/// # Errors
/// 409 when it is there; the disk's.
pub async fn load(db: &Db, config: &Config) -> Result<()> {
    let (to_come, over) = starts(Timestamp::now())?;
    let cast = Cast::new();
    let recordings = config.data.recordings();
    // The folder gets its session's name when the session is there: who looks for recordings finds both or none.
    let unnamed = recordings.join(format!("sample-{}", id::new()));
    let mut replay = None;
    let mut tx = db.begin().await?;
    for user in cast.everybody() {
        store::insert_user(&mut tx, user).await.map_err(already)?;
    }
    for (class, start) in UPCOMING.iter().zip(to_come) {
        announce(&mut tx, &cast, class, start).await?;
    }
    for (class, began) in PAST.iter().zip(over) {
        let session = hold(&mut tx, &cast, class, began, config).await?;
        if class.has_replay {
            converse(&mut tx, &cast, session, began).await?;
            store::mark_recorded(&mut tx, session).await?;
            let folder = unnamed.clone();
            let made = tokio::task::spawn_blocking(move || recording::make(&folder, began.into())).await;
            made.map_err(anyhow::Error::from)??;
            replay = Some(session);
        }
    }
    tx.commit().await?;
    if let Some(session) = replay {
        tokio::fs::rename(&unnamed, recordings.join(session.to_string())).await?;
    }
    tracing::info!("example data loaded");
    Ok(())
}

/// Takes it away, with what others have added to it: enrolments are paid back. Doing it again is right when it failed in
/// the middle.
///
/// # Errors
/// The database's own.
pub async fn remove(app: &App) -> Result<()> {
    for (key,) in store::list_people(&app.db).await? {
        let person = accounts::find(&app.db, key).await?;
        for (session,) in store::list_sessions(&app.db, person.id).await? {
            let session = sessions::get(app, session).await?;
            if session.status == Status::Live {
                sessions::end(app, session.clone()).await?;
            }
            sessions::delete(app, session.id, None).await?;
        }
        accounts::admin::delete(app, &person).await?;
    }
    tracing::info!("example data removed");
    Ok(())
}

/// The example people.
struct Cast {
    instructor: User,
    viewers: Vec<User>,
}

impl Cast {
    fn new() -> Cast {
        let viewer = |(at, name): (usize, &&str)| User::new(name, &format!("viewer{at}@{DOMAIN}"), Role::Viewer);
        Cast {
            instructor: User::new(INSTRUCTOR, &format!("instructor@{DOMAIN}"), Role::Instructor),
            viewers: PEOPLE.iter().enumerate().map(viewer).collect(),
        }
    }

    fn everybody(&self) -> impl Iterator<Item = &User> {
        std::iter::once(&self.instructor).chain(&self.viewers)
    }

    /// Their keys, by their places in [`PEOPLE`].
    fn keys(&self, places: &[usize]) -> Vec<Uuid> {
        places
            .iter()
            .filter_map(|place| Some(self.viewers.get(*place)?.id))
            .collect()
    }
}

async fn announce(tx: &mut Tx, cast: &Cast, class: &Upcoming, start: Ts) -> Result<()> {
    let session = id::new();
    let plan = Plan {
        description: Some(class.description.into()),
        duration_minutes: class.minutes,
        time_zone: ZONE.into(),
        phase_id: Some(class.phase),
        level: Some(class.level.into()),
        price_in_tokens: class.price,
        is_public: class.is_public,
        ..Plan::new(class.title, start)
    };
    store::insert_session(tx, session, &cast.instructor, &plan).await?;
    for viewer in cast.keys(class.enrolled) {
        store::enrol(tx, session, viewer, Ts::now(), false).await?;
    }
    Ok(())
}

async fn hold(tx: &mut Tx, cast: &Cast, class: &Past, began: Ts, config: &Config) -> Result<Uuid> {
    let session = id::new();
    let plan = Plan {
        description: Some(class.description.into()),
        duration_minutes: class.minutes,
        time_zone: ZONE.into(),
        phase_id: Some(class.phase),
        level: Some(class.level.into()),
        is_public: true,
        ..Plan::new(class.title, began)
    };
    store::insert_session(tx, session, &cast.instructor, &plan).await?;
    let end = EndDates::new(began.plus_s(class.minutes * 60), config.recording.retention_days);
    store::mark_held(tx, session, began, end, class.most_viewers).await?;
    for viewer in &cast.viewers {
        store::enrol(tx, session, viewer.id, began.plus_s(-3600), true).await?;
    }
    Ok(session)
}

async fn converse(tx: &mut Tx, cast: &Cast, session: Uuid, began: Ts) -> Result<()> {
    let at = |minute: i64| began.plus_s(minute * 60);
    let host = &cast.instructor;
    for (place, (minute, who, text)) in MESSAGES.iter().enumerate() {
        let author = who.and_then(|who| cast.viewers.get(who)).unwrap_or(host);
        // Messages of the same minute keep their order: the keys sort by time.
        let said = at(*minute).plus_s(i64::try_from(place).unwrap_or(0) % 50);
        let message = store::Message {
            id: key_at(said),
            text,
            is_host: author.id == host.id,
            at: said,
        };
        store::say(tx, session, author.id, &message).await?;
    }
    for (place, poll) in POLLS.iter().enumerate() {
        let asked = at(POLL_MINUTES[place]);
        let id = key_at(asked);
        store::insert_poll(tx, id, session, host.id, poll.question, asked).await?;
        for (position, (text, voters)) in (0..).zip(poll.options) {
            store::insert_option(tx, id, position, text, &cast.keys(voters), asked).await?;
        }
    }
    for question in &QUESTIONS {
        let asker = cast.keys(&[question.who]);
        let asked = at(question.minute);
        let answered = question.is_answered.then(|| asked.plus_s(120));
        for asker in asker {
            store::ask(
                tx,
                session,
                asker,
                question.text,
                answered,
                &cast.keys(question.also),
                asked,
            )
            .await?;
        }
    }
    Ok(())
}

/// A key that sorts as one made at `at`.
fn key_at(at: Ts) -> Uuid {
    let seconds = u64::try_from(at.unix_s()).unwrap_or(0);
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, 0))
}

/// When the classes that are to come begin, and when those that are over began.
fn starts(now: Timestamp) -> anyhow::Result<(Vec<Ts>, Vec<Ts>)> {
    let now = now.to_zoned(TimeZone::get(ZONE)?);
    let at_two = |day: Zoned| -> anyhow::Result<Ts> {
        let start = day.with().hour(HOUR).minute(0).second(0).subsec_nanosecond(0).build()?;
        Ok(start.timestamp().into())
    };
    let wednesday = |class: &Upcoming| at_two(now.nth_weekday(class.weeks, Weekday::Wednesday)?);
    let before = |class: &Past| at_two(now.checked_sub(class.days_ago.days())?);
    Ok((
        UPCOMING.iter().map(wednesday).collect::<anyhow::Result<_>>()?,
        PAST.iter().map(before).collect::<anyhow::Result<_>>()?,
    ))
}

fn already(error: sqlx::Error) -> Error {
    match is_duplicate(&error) {
        true => Error::Conflict {
            code: "sample-loaded",
            detail: "the example data is there already",
        },
        false => error.into(),
    }
}
