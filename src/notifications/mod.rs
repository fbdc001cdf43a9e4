//! Telling people what they want to know: by mail, as a push message, by SMS, each thing at most once.
//!
//! | file | what it is for |
//! |---|---|
//! | `reminders` | what the clock makes due: reminders, replays that end |
//! | `announcements` | what happened to a session: who is told of it |
//! | `receipts` | what somebody gets who has enrolled |
//! | `mail`, `smtp` | mails, composed and handed over |
//! | `outbox` | mails as files |
//! | `push`, `vapid` | push messages to browsers |
//! | `sms` | by the gateway of the settings |
//! | `wording` | the texts |
//! | `unsubscribe` | the link under a mail that ends mails of its sort |
//! | `follows` | following an instructor |
//! | `routes`, `follow_routes` | HTTP |
//!
//! Each message to each person by each way is a job of its own ([`crate::notice::Notice`]), wanted once by its unique
//! key. What is to be told is decided in steps, each a job that can be repeated without harm; the last step, which
//! cannot, is begun at most once (see [`crate::jobs`]). So nothing is told twice, also when a server is killed at any
//! moment; a message that was just on its way at that moment is given up for an admin to see, who may send it again.

pub mod announcements;
pub mod follow_routes;
pub mod follows;
mod mail;
pub mod outbox;
mod push;
pub mod receipts;
pub mod reminders;
pub mod routes;
mod sms;
mod smtp;
pub mod store;
pub mod store_follows;
pub mod unsubscribe;
pub mod vapid;
mod wording;

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::App;
use crate::accounts::magic_link;
use crate::db::Ts;
use crate::enrolments;
use crate::error::{Error, Result};
use crate::jobs::{Effort, Handlers};
use crate::notice::{MAIL, Notice, PUSH, SMS, Template};
use crate::sessions::{self, Session, Status, news};

/// A server that takes mails does not wait for one that is slow.
const MAIL_EFFORT: Effort = Effort {
    at_once: 8,
    attempts: 14,
};
const MESSAGE_EFFORT: Effort = Effort {
    at_once: 8,
    attempts: 8,
};
const TELL_EFFORT: Effort = Effort {
    at_once: 2,
    attempts: 14,
};

/// What somebody can choose to be told.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Topic {
    /// A session starts in a day.
    Reminder24h,
    /// A session starts in a quarter of an hour.
    Reminder15m,
    /// An instructor whom they follow has planned something.
    NewSession,
    /// A replay ends in a day.
    ReplayExpires,
    /// They have enrolled in a session.
    Enrolled,
}

impl Topic {
    /// All of them; the place of each is its number in unsubscribing links.
    pub const ALL: [Topic; 5] = [
        Topic::Reminder24h,
        Topic::Reminder15m,
        Topic::NewSession,
        Topic::ReplayExpires,
        Topic::Enrolled,
    ];

    /// What a notice with this text is about; `None`: it is not for choosing.
    #[must_use]
    pub fn of(template: Template) -> Option<Topic> {
        match template {
            Template::Reminder24h => Some(Topic::Reminder24h),
            Template::Reminder15m => Some(Topic::Reminder15m),
            Template::NewSession | Template::NewSeries => Some(Topic::NewSession),
            Template::ReplayExpires => Some(Topic::ReplayExpires),
            Template::Enrolled | Template::EnrolledReplay => Some(Topic::Enrolled),
            Template::SessionMoved | Template::SessionCancelled | Template::SeriesCancelled | Template::MagicLink => {
                None
            }
        }
    }

    /// As in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Topic::Reminder24h => "reminder24h",
            Topic::Reminder15m => "reminder15m",
            Topic::NewSession => "new-session",
            Topic::ReplayExpires => "replay-expires",
            Topic::Enrolled => "enrolled",
        }
    }
}

/// Adds who handles the jobs of this capability.
pub fn add_handlers(app: &App, handlers: &mut Handlers) {
    let post = Arc::new(mail::Post::new(app));
    let for_links = post.clone();
    handlers.add(MAIL, MAIL_EFFORT, move |app, work| {
        let post = post.clone();
        async move { post.notice(&app, work).await }
    });
    handlers.add(magic_link::JOB, MAIL_EFFORT, move |app, work| {
        let post = for_links.clone();
        async move { post.magic_link(&app, work).await }
    });
    let push = Arc::new(push::Push::new(app));
    handlers.add(PUSH, MESSAGE_EFFORT, move |app, work| {
        let push = push.clone();
        async move { push.handle(&app, work).await }
    });
    let sms = Arc::new(sms::Gateway::new(app));
    handlers.add(SMS, MESSAGE_EFFORT, move |app, work| {
        let sms = sms.clone();
        async move { sms.handle(&app, work).await }
    });
    handlers.add(reminders::REMIND, TELL_EFFORT, reminders::remind);
    handlers.add(reminders::REPLAY_EXPIRES, TELL_EFFORT, reminders::replay_expires);
    handlers.add(enrolments::news::ENROLLED, TELL_EFFORT, receipts::enrolled);
    handlers.add(news::PLANNED, TELL_EFFORT, announcements::planned);
    handlers.add(news::MOVED, TELL_EFFORT, announcements::moved);
    handlers.add(news::CANCELLED, TELL_EFFORT, announcements::cancelled);
    handlers.add(news::SERIES_CANCELLED, TELL_EFFORT, announcements::series_cancelled);
}

/// `notice` as it is to be told at this moment; `None`: not any more.
async fn current(app: &App, mut notice: Notice) -> Result<Option<Notice>> {
    if notice.valid_until.is_some_and(|end| end <= Ts::now()) {
        return Ok(None);
    }
    if let Some(provided) = notice.provided {
        let session = match sessions::get(app, provided.session).await {
            Ok(session) => session,
            Err(Error::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let is_to_come = matches!(session.status, Status::Scheduled | Status::Live);
        if !is_to_come || provided.start.is_some_and(|start| start != session.scheduled_start) {
            return Ok(None);
        }
        notice = about(notice, &session);
    }
    Ok(Some(notice))
}

/// What every text about a session may say of it.
fn about(notice: Notice, session: &Session) -> Notice {
    notice
        .with("title", session.title.as_str())
        .with("instructor", session.instructor_name.as_str())
        .with("start", moment(session.scheduled_start))
        .with("minutes", session.duration_minutes)
}

/// Moments go into texts as they are written in JSON.
fn moment(at: Ts) -> String {
    at.timestamp().to_string()
}
