//! A notice: what somebody is to be told by mail, as a push message or by SMS. Any capability may send one; how it is
//! worded and how it gets there is for `notifications`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use crate::db::Ts;
use crate::jobs::NewJob;

/// The kind of jobs that mail a [`Notice`].
pub const MAIL: &str = "mail";
/// The kind of jobs that send an SMS.
pub const SMS: &str = "sms";
/// The kind of jobs that send a push message, to one browser each: [`ToBrowser`].
pub const PUSH: &str = "push";

/// What there is to tell. Each has its text, in every language, in `notifications/templates`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Template {
    /// A session starts in a day.
    Reminder24h,
    /// A session starts in a quarter of an hour.
    Reminder15m,
    /// An instructor has planned a session.
    NewSession,
    /// An instructor has planned a series.
    NewSeries,
    /// Somebody has enrolled in a session that is to come.
    Enrolled,
    /// Somebody has enrolled in a session that is over, for its replay.
    EnrolledReplay,
    /// A replay ends in a day.
    ReplayExpires,
    /// A session begins at another time.
    SessionMoved,
    /// A session does not take place.
    SessionCancelled,
    /// Several sessions of a series do not take place.
    SeriesCancelled,
    /// Somebody has asked for a link to sign in.
    MagicLink,
}

impl Template {
    /// All of them.
    pub const ALL: [Template; 11] = [
        Template::Reminder24h,
        Template::Reminder15m,
        Template::NewSession,
        Template::NewSeries,
        Template::Enrolled,
        Template::EnrolledReplay,
        Template::ReplayExpires,
        Template::SessionMoved,
        Template::SessionCancelled,
        Template::SeriesCancelled,
        Template::MagicLink,
    ];

    /// The name of its text, also in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Template::Reminder24h => "reminder24h",
            Template::Reminder15m => "reminder15m",
            Template::NewSession => "new-session",
            Template::NewSeries => "new-series",
            Template::Enrolled => "enrolled",
            Template::EnrolledReplay => "enrolled-replay",
            Template::ReplayExpires => "replay-expires",
            Template::SessionMoved => "session-moved",
            Template::SessionCancelled => "session-cancelled",
            Template::SeriesCancelled => "series-cancelled",
            Template::MagicLink => "magic-link",
        }
    }

    /// Whether it tells each reader how many tokens they get back.
    #[must_use]
    pub fn gives_back(self) -> bool {
        matches!(self, Template::SessionCancelled | Template::SeriesCancelled)
    }

    /// Whether it is something to keep, and so for the mailbox alone.
    #[must_use]
    pub fn is_receipt(self) -> bool {
        matches!(self, Template::Enrolled | Template::EnrolledReplay)
    }
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Template, String> {
        Template::ALL
            .into_iter()
            .find(|template| template.as_str() == text)
            .ok_or_else(|| format!("unknown text {text}"))
    }
}

impl From<Template> for String {
    fn from(template: Template) -> String {
        template.as_str().into()
    }
}

/// What somebody is to be told. It waits in a job until it is sent, at most once.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// Who.
    pub to: Uuid,
    /// What about.
    pub template: Template,
    /// What the text says beside the recipient's name: texts, numbers, moments (as text in RFC 3339).
    pub facts: BTreeMap<String, Value>,
    /// Path of the page that it leads to.
    pub link: Option<String>,
    /// Not to be sent any more from then on.
    pub valid_until: Option<Ts>,
    /// Only to be sent while this holds.
    pub provided: Option<Provided>,
    /// Sessions that are attached as a calendar file.
    pub calendar: Vec<Uuid>,
}

/// That a session is still to come, or live.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Provided {
    /// Which. What the text says of it is read when the notice is sent.
    pub session: Uuid,
    /// Only while it is to start at this moment.
    pub start: Option<Ts>,
}

/// A notice on its way to one browser.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ToBrowser {
    /// The subscription's key.
    pub subscription: Uuid,
    /// What to tell.
    pub notice: Notice,
}

impl Notice {
    /// A notice with the text `template` and nothing else.
    #[must_use]
    pub fn new(to: Uuid, template: Template) -> Notice {
        Notice {
            to,
            template,
            facts: BTreeMap::new(),
            link: None,
            valid_until: None,
            provided: None,
            calendar: Vec::new(),
        }
    }

    /// With one more fact for the text.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Notice {
        self.facts.insert(name.into(), value.into());
        self
    }

    /// With a page that it leads to: the path, from `/` on.
    #[must_use]
    pub fn to_page(self, path: impl Into<String>) -> Notice {
        Notice {
            link: Some(path.into()),
            ..self
        }
    }

    /// Not to be sent any more from `valid_until` on.
    #[must_use]
    pub fn until(self, valid_until: Ts) -> Notice {
        Notice {
            valid_until: Some(valid_until),
            ..self
        }
    }

    /// The job that mails it. `summary` is what admins read: without secrets.
    #[must_use]
    pub fn by_mail(&self, summary: impl Into<String>) -> NewJob {
        NewJob::new(MAIL, summary, self)
    }
}
