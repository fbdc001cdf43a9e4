//! Mails: composed from a notice, handed to the SMTP server of the settings, or put as a file into the outbox folder.

use std::collections::BTreeMap;

use anyhow::Context;
use lettre::message::header::{ContentType, HeaderName, HeaderValue};
use lettre::message::{Attachment, Mailbox, Message, MultiPart, SinglePart};
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::outbox::Outbox;
use super::smtp::Smtp;
use super::unsubscribe;
use super::wording::{Reader, Wording};
use crate::App;
use crate::accounts::{self, magic_link};
use crate::error::Error;
use crate::jobs::{Failure, Job, Work};
use crate::notice::{Notice, Template};
use crate::sessions::{self, calendar};

/// The end of addresses that nobody has (RFC 2606 section 2).
const NOWHERE: &str = ".invalid";

/// What mails go out by.
#[derive(Debug)]
pub(super) struct Post {
    wording: Wording,
    smtp: Option<Smtp>,
    outbox: Outbox,
    from: Mailbox,
}

impl Post {
    /// By the settings of `app`.
    #[must_use]
    pub(super) fn new(app: &App) -> Post {
        Post {
            wording: Wording::new(),
            smtp: Smtp::new(&app.config.mail),
            outbox: Outbox::of(app),
            from: app.config.mail.from.clone(),
        }
    }

    /// Handles one job of the kind [`crate::notice::MAIL`].
    ///
    /// # Errors
    /// Whether it may be tried again.
    pub(super) async fn notice(&self, app: &App, work: Work) -> Result<(), Failure> {
        let Some(notice) = super::current(app, work.payload()?).await? else {
            return Ok(());
        };
        let Some((to, reader)) = recipient(app, &notice).await? else {
            return Ok(()); // the account is gone
        };
        if to.email.domain().ends_with(NOWHERE) {
            return Ok(()); // a user of an embedding site, which did not say where their mailbox is
        }
        let letter = Letter {
            template: notice.template,
            facts: &notice.facts,
            link: notice.link.as_ref().map(|path| format!("{}{path}", app.url)),
            stop: unsubscribe::address(app, &notice),
            calendar: self.calendar(app, &notice).await?,
        };
        self.send(&work, to, &reader, letter).await
    }

    /// Handles one job of the kind [`magic_link::JOB`].
    ///
    /// # Errors
    /// Whether it may be tried again.
    pub(super) async fn magic_link(&self, app: &App, work: Work) -> Result<(), Failure> {
        let MagicLink { link } = work.payload()?;
        let Some(asked) = magic_link::letter(app, link).await? else {
            return Ok(());
        };
        let reader = Reader {
            name: asked.name.unwrap_or_default(),
            language: asked.language,
            time_zone: "UTC".into(),
        };
        let minutes = (magic_link::LIFETIME_S / 60).into();
        let letter = Letter {
            template: Template::MagicLink,
            facts: &BTreeMap::from([("minutes".to_owned(), minutes)]),
            link: Some(asked.url),
            stop: None,
            calendar: None,
        };
        self.send(&work, mailbox(&asked.email, &reader.name)?, &reader, letter)
            .await
    }

    async fn send(&self, work: &Work, to: Mailbox, reader: &Reader, letter: Letter<'_>) -> Result<(), Failure> {
        let address = to.email.clone();
        let template = letter.template;
        let mail = self.compose(&work.job, to, reader, letter);
        let bytes = mail
            .context("the mail cannot be written")
            .map_err(Failure::Hopeless)?
            .formatted();
        match &self.smtp {
            Some(smtp) => smtp.send(work, &self.from.email, &address, &bytes).await,
            None => {
                let kept = self.outbox.keep(&work.job, template, bytes).await;
                kept.with_context(|| format!("cannot write into {}", self.outbox.folder().display()))
                    .map_err(Failure::Again)
            }
        }
    }

    fn compose(&self, job: &Job, to: Mailbox, reader: &Reader, letter: Letter<'_>) -> anyhow::Result<Message> {
        let words = self.wording.say(letter.template, reader, letter.facts)?;
        let (link, stop) = (letter.link.as_deref(), letter.stop.as_deref());
        let text = self.wording.text(&words, reader.language, link, stop)?;
        let html = self.wording.html(&words, reader.language, link, stop)?;
        let body = MultiPart::alternative_plain_html(text, html);
        let body = match letter.calendar {
            Some(file) => MultiPart::mixed().multipart(body).singlepart(file),
            None => body,
        };
        let mut message = Message::builder()
            .from(self.from.clone())
            .to(to)
            .date(std::time::SystemTime::from(job.created_at.timestamp()))
            .message_id(Some(format!("<{}@{}>", job.id, self.from.email.domain())))
            .subject(words.subject)
            .multipart(body)?;
        let mut header = |name, value: String| {
            let value = HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
            message.headers_mut().insert_raw(value);
        };
        header("Auto-Submitted", "auto-generated".into()); // RFC 3834 section 5
        if let Some(stop) = stop {
            header("List-Unsubscribe", format!("<{stop}>")); // RFC 2369 section 3.2
            header("List-Unsubscribe-Post", "List-Unsubscribe=One-Click".into()); // RFC 8058 section 3.1
        }
        Ok(message)
    }

    async fn calendar(&self, app: &App, notice: &Notice) -> Result<Option<SinglePart>, Failure> {
        let sessions = sessions::several(app, &notice.calendar).await?;
        if sessions.is_empty() {
            return Ok(None);
        }
        let text = calendar::write(&sessions, None, |session| {
            format!("{}/streams/{}/watch", app.url, session.id)
        });
        let kind = ContentType::parse("text/calendar; charset=utf-8; method=PUBLISH").expect("a media type");
        Ok(Some(Attachment::new("lectern.ics".into()).body(text, kind)))
    }
}

/// What a mail is made of.
struct Letter<'a> {
    template: Template,
    facts: &'a BTreeMap<String, Value>,
    /// A whole address.
    link: Option<String>,
    /// The address that ends mails of this sort.
    stop: Option<String>,
    calendar: Option<SinglePart>,
}

/// The payload of [`magic_link::JOB`].
#[derive(Deserialize)]
struct MagicLink {
    link: Uuid,
}

/// Whom a notice is for; `None`: their account is gone.
pub(super) async fn recipient(app: &App, notice: &Notice) -> Result<Option<(Mailbox, Reader)>, Failure> {
    let user = match accounts::find(&app.db, notice.to).await {
        Ok(user) => user,
        Err(Error::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mailbox = mailbox(&user.email, &user.name)?;
    let reader = Reader {
        name: user.name,
        language: user.language,
        time_zone: user.time_zone,
    };
    Ok(Some((mailbox, reader)))
}

fn mailbox(email: &str, name: &str) -> Result<Mailbox, Failure> {
    // A line break would end the header, and characters that control something belong into none.
    let name: String = name.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let name = Some(name.trim().to_owned()).filter(|name| !name.is_empty());
    match email.parse() {
        Ok(address) => Ok(Mailbox::new(name, address)),
        Err(_) => Err(Failure::Hopeless(anyhow::anyhow!(
            "{email} is no address that mail can go to"
        ))),
    }
}
