//! What happened to a session, and who is told of it: followers of a new one, those who have a place in one that was moved
//! or cancelled.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::{Topic, about, moment, store};
use crate::App;
use crate::db::{Ts, Tx};
use crate::error::{Error, Result};
use crate::jobs::{self, Failure, NewJob, Work};
use crate::notice::{Notice, PUSH, Provided, SMS, Template, ToBrowser};
use crate::sessions::news::{Cancelled, Moved, Planned, SeriesCancelled};
use crate::sessions::{self, Session};

/// People told in one transaction.
const AT_ONCE: u8 = 200;
/// Sessions of a series that are attached to the mail about it.
const MOST_ATTACHED: usize = 30;

/// Somebody who is told, and by which ways.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Reached {
    /// Who.
    pub user_id: Uuid,
    /// For the summary that admins read.
    pub email: String,
    /// Whether by mail.
    pub by_mail: bool,
    /// Whether as a push message.
    pub by_push: bool,
    /// Whether by SMS.
    pub by_sms: bool,
    /// What they get back.
    pub tokens: i64,
}

/// Which people a notice is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Audience {
    /// Those enrolled in a session and those who set a reminder for it.
    Expecting(Uuid),
    /// Those who follow an instructor.
    Followers(Uuid),
    /// Those whose enrolment in a session opens its replay.
    Replay(Uuid),
    /// Those who had a place in a session, or a reminder set.
    Disappointed(Uuid),
    /// One user.
    One(Uuid),
}

/// Tells the followers of an instructor of a new session or series; a job of the kind
/// [`crate::sessions::news::PLANNED`].
///
/// # Errors
/// The database's own.
pub async fn planned(app: App, work: Work) -> Result<(), Failure> {
    let Planned { session, series } = work.payload()?;
    let session = match sessions::get(&app, session).await {
        Ok(session) if !session.is_over() => session,
        Ok(_) | Err(Error::NotFound(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let template = match series {
        Some(_) => Template::NewSeries,
        None => Template::NewSession,
    };
    let mut notice = Notice::new(Uuid::nil(), template)
        .with("tokens", session.price_in_tokens)
        .to_page(format!("/streams/{}/watch", session.id))
        .until(session.scheduled_start);
    notice.provided = Some(Provided {
        session: session.id,
        start: None,
    });
    notice.calendar = match series {
        Some(series) => sessions::scheduled_in_series(&app, series, MOST_ATTACHED).await?,
        None => vec![session.id],
    };
    let key = format!("{}:{}", template.as_str(), series.unwrap_or(session.id));
    let notice = about(notice, &session);
    tell(&app, Audience::Followers(session.instructor_id), &key, &notice).await?;
    Ok(())
}

/// Tells those who expect a session that it begins at another time; a job of the kind [`crate::sessions::news::MOVED`].
/// Those who are not told yet when it moves again hear of its last time only.
///
/// # Errors
/// The database's own.
pub async fn moved(app: App, work: Work) -> Result<(), Failure> {
    let Moved { session, from, to } = work.payload()?;
    let Some(session) = sessions::several(&app, &[session]).await?.pop() else {
        return Ok(());
    };
    let mut notice = of_session(Template::SessionMoved, &session)
        .with("was", moment(from))
        .until(to);
    notice.provided = Some(Provided {
        session: session.id,
        start: Some(to),
    });
    notice.calendar = vec![session.id];
    let key = format!("session-moved:{}", work.job.id);
    tell(&app, Audience::Expecting(session.id), &key, &notice).await?;
    Ok(())
}

/// Tells those who had a place in a session that it does not take place; a job of the kind
/// [`crate::sessions::news::CANCELLED`].
///
/// # Errors
/// The database's own.
pub async fn cancelled(app: App, work: Work) -> Result<(), Failure> {
    let gone: Cancelled = work.payload()?;
    if gone.start < Ts::now().plus_s(-STALE_S) {
        return Ok(()); // old news: everybody has seen that it did not take place
    }
    let mut notice = Notice::new(Uuid::nil(), Template::SessionCancelled)
        .with("title", gone.title)
        .with("instructor", gone.instructor)
        .with("start", moment(gone.start))
        .to_page("/streams");
    notice.calendar = vec![gone.session];
    let key = format!("session-cancelled:{}", gone.session);
    tell(&app, Audience::Disappointed(gone.session), &key, &notice).await?;
    Ok(())
}

/// Tells those who had a place in sessions of a cancelled series which of theirs do not take place, each person once; a job
/// of the kind [`crate::sessions::news::SERIES_CANCELLED`].
///
/// # Errors
/// The database's own.
pub async fn series_cancelled(app: App, work: Work) -> Result<(), Failure> {
    let SeriesCancelled { series, sessions } = work.payload()?;
    let mut theirs: BTreeMap<Uuid, (Reached, Vec<&Cancelled>)> = BTreeMap::new();
    for session in &sessions {
        for person in everybody(&app, Audience::Disappointed(session.session)).await? {
            let (known, gone) = theirs.entry(person.user_id).or_insert_with(|| {
                let nothing = Reached {
                    tokens: 0,
                    ..person.clone()
                };
                (nothing, Vec::new())
            });
            known.tokens += person.tokens;
            gone.push(session);
        }
    }
    let Some(first) = sessions.first() else { return Ok(()) };
    let key = format!("series-cancelled:{series}:{}", first.session);
    let people: Vec<_> = theirs.into_values().collect();
    for some in people.chunks(AT_ONCE.into()) {
        let mut tx = app.db.begin().await.map_err(Error::from)?;
        for (person, gone) in some {
            want(&app, &mut tx, person, &key, &no_place(gone)).await?;
        }
        tx.commit().await.map_err(Error::from)?;
        app.jobs.wake();
    }
    Ok(())
}

/// What somebody is told of the sessions of a series that they had a place in.
fn no_place(gone: &[&Cancelled]) -> Notice {
    let template = match gone.len() {
        1 => Template::SessionCancelled,
        _ => Template::SeriesCancelled,
    };
    let starts: Vec<String> = gone.iter().map(|session| moment(session.start)).collect();
    let notice = match gone.first() {
        Some(first) => Notice::new(Uuid::nil(), template)
            .with("title", first.title.as_str())
            .with("instructor", first.instructor.as_str())
            .with("start", moment(first.start)),
        None => Notice::new(Uuid::nil(), template),
    };
    let mut notice = notice.with("starts", starts).to_page("/streams");
    notice.calendar = gone.iter().take(MOST_ATTACHED).map(|session| session.session).collect();
    notice
}

/// All of `audience`, whatever they have chosen.
async fn everybody(app: &App, audience: Audience) -> Result<Vec<Reached>> {
    let mut all: Vec<Reached> = Vec::new();
    loop {
        let after = all.last().map_or(Uuid::nil(), |last| last.user_id);
        let more = store::audience(&app.db, audience, None, after, AT_ONCE.into()).await?;
        if more.is_empty() {
            return Ok(all);
        }
        all.extend(more);
    }
}

/// Wants `notice` told to each of `audience` who wants to know such things, in the ways that each of them likes, once for `key`.
///
/// # Errors
/// The database's own; then some may have been told, who are not told again when this is repeated.
pub(super) async fn tell(app: &App, audience: Audience, key: &str, notice: &Notice) -> Result<()> {
    let topic = Topic::of(notice.template);
    let mut after = Uuid::nil();
    loop {
        let people = store::audience(&app.db, audience, topic, after, AT_ONCE.into()).await?;
        let Some(last) = people.last() else { return Ok(()) };
        after = last.user_id;
        let mut tx = app.db.begin().await?;
        for person in &people {
            want(app, &mut tx, person, key, notice).await?;
        }
        tx.commit().await?;
        app.jobs.wake();
    }
}

/// Wants `notice` told to one person, in the ways that they like, once for `key`.
async fn want(app: &App, tx: &mut Tx, person: &Reached, key: &str, notice: &Notice) -> Result<()> {
    let mut notice = notice.clone();
    notice.to = person.user_id;
    if notice.template.gives_back() {
        notice = notice.with("tokens", person.tokens);
    }
    let summary = format!("{} for {}", notice.template.as_str(), person.email);
    let key = |way: &str| format!("{way}:{key}:{}", person.user_id);
    if person.by_mail {
        jobs::enqueue_in(tx, notice.by_mail(&summary).once(key("mail"))).await?;
    }
    if notice.template.is_receipt() {
        return Ok(());
    }
    if person.by_sms && app.config.sms.url.is_some() {
        jobs::enqueue_in(tx, NewJob::new(SMS, &summary, &notice).once(key("sms"))).await?;
    }
    if person.by_push {
        for (subscription,) in store::subscriptions_of(tx, person.user_id).await? {
            let to_browser = ToBrowser {
                subscription,
                notice: notice.clone(),
            };
            let job = NewJob::new(PUSH, &summary, &to_browser);
            jobs::enqueue_in(tx, job.once(key(&format!("push:{subscription}")))).await?;
        }
    }
    Ok(())
}

/// A session that was to start longer ago than this is not worth a word any more.
const STALE_S: i64 = 24 * 3600;

/// What a notice about `session` says of it.
pub(super) fn of_session(template: Template, session: &Session) -> Notice {
    about(Notice::new(Uuid::nil(), template), session).to_page(format!("/streams/{}/watch", session.id))
}
