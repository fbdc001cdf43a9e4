//! The sections of the settings about work that is done later, and about telling people things.

use std::path::PathBuf;
use std::time::Duration;

use lettre::message::Mailbox;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

/// `[jobs]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Jobs {
    /// How long a job is claimed for before its claim must be renewed.
    #[serde(rename = "lease_s", deserialize_with = "super::read::seconds")]
    pub lease: Duration,
    /// Days after which work for a server that has not been there may be done by others.
    pub absent_days: u32,
    /// Opens the two routes that an outside clock may call; empty: nobody.
    pub cron_secret: SecretString,
}

/// `[mail]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mail {
    /// The SMTP server; `None`: mails are put into the outbox folder.
    #[serde(deserialize_with = "super::read::empty_is_no_text")]
    pub host: Option<String>,
    /// Days that those stay there; 0: for ever.
    pub outbox_days: u32,
    /// Its port.
    pub port: u16,
    /// How the line to it is protected.
    pub tls: MailTls,
    /// PEM file with the root of its certificate; empty: the usual roots.
    pub root: PathBuf,
    /// Its user; empty: it wants none.
    pub user: String,
    /// The user's password.
    pub password: SecretString,
    /// The sender.
    #[serde(deserialize_with = "mailbox")]
    pub from: Mailbox,
}

/// How the line to a mail server is protected.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTls {
    /// From a command on; a server that does not know it gets no mail.
    StartTls,
    /// From the start.
    Tls,
    /// Not at all.
    Off,
}

/// `[push]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Push {
    /// Hosts that push messages may be sent to, with their subdomains.
    pub services: Vec<String>,
}

/// `[sms]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sms {
    /// The gateway; `None`: no SMS is sent.
    #[serde(deserialize_with = "super::read::empty_is_none")]
    pub url: Option<Url>,
    /// The value of its `Authorization` header.
    pub authorization: SecretString,
    /// What kind of text the body is.
    pub content_type: String,
    /// The body, with `{{ to }}` and `{{ text }}` in it.
    pub body: String,
}

/// `[catalogue]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalogue {
    /// Enrolments from which on a session is kept; 0: only where its instructor says so.
    pub keep_from_enrolments: u32,
}

impl Jobs {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if !(3..=3600).contains(&self.lease.as_secs()) {
            return Err(("jobs.lease_s", "must be 3 to 3600".into()));
        }
        if !(1..=365).contains(&self.absent_days) {
            return Err(("jobs.absent_days", "must be 1 to 365".into()));
        }
        if (1..32).contains(&self.cron_secret.expose_secret().len()) {
            return Err(("jobs.cron_secret", "must have 32 characters or more".into()));
        }
        Ok(())
    }
}

impl Mail {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.user.is_empty() != self.password.expose_secret().is_empty() {
            return Err(("mail.user", "needs mail.password, and the other way round".into()));
        }
        if !(self.root.as_os_str().is_empty() || self.root.is_file()) {
            return Err(("mail.root", format!("there is no file {}", self.root.display())));
        }
        Ok(())
    }
}

impl Sms {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let is_web = |url: &Url| matches!(url.scheme(), "http" | "https");
        if !self.url.as_ref().is_none_or(is_web) {
            return Err(("sms.url", "is not a web address".into()));
        }
        if !self.content_type.is_ascii() || self.content_type.contains(char::is_control) {
            return Err(("sms.content_type", "is not a type like application/json".into()));
        }
        let body = minijinja::Environment::new().template_from_str(&self.body).map(drop);
        body.map_err(|error| ("sms.body", format!("{error}")))
    }
}

fn mailbox<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Mailbox, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse()
        .map_err(|_| serde::de::Error::custom(format!("{text:?} is no sender like \"Lectern <classes@example.org>\"")))
}
