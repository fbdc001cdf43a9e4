//! What somebody gets who has enrolled: what it is, what they paid, and the class for their calendar.

use super::announcements::{Audience, of_session, tell};
use super::moment;
use crate::App;
use crate::db::Ts;
use crate::enrolments::news::NewEnrolment;
use crate::enrolments::{self, State};
use crate::jobs::{Failure, Work};
use crate::notice::{Notice, Provided, Template};
use crate::sessions::{self, Session, Status};

/// Tells somebody what they have enrolled in; a job of the kind [`enrolments::news::ENROLLED`].
///
/// # Errors
/// The database's own.
pub async fn enrolled(app: App, work: Work) -> Result<(), Failure> {
    let NewEnrolment {
        enrolment,
        user,
        session,
    } = work.payload()?;
    let found = enrolments::find(&app, session, user).await?;
    let Some(found) = found.filter(|found| found.id == enrolment && found.state == State::Active) else {
        return Ok(()); // it was undone again
    };
    let Some(session) = sessions::several(&app, &[session]).await?.pop() else {
        return Ok(());
    };
    let notice = match session.status {
        Status::Scheduled | Status::Live => of_class(&session),
        Status::Ended => of_replay(&session, found.replay_access_expires_at),
        Status::Cancelled => return Ok(()), // which they are told
    };
    let notice = notice.with("tokens", found.tokens_paid);
    tell(&app, Audience::One(user), &format!("enrolled:{enrolment}"), &notice).await?;
    Ok(())
}

fn of_class(session: &Session) -> Notice {
    let mut notice = of_session(Template::Enrolled, session);
    notice.provided = Some(Provided {
        session: session.id,
        start: None,
    });
    notice.calendar = vec![session.id];
    notice
}

fn of_replay(session: &Session, until: Option<Ts>) -> Notice {
    of_session(Template::EnrolledReplay, session).with("until", until.map(moment).unwrap_or_default())
}
