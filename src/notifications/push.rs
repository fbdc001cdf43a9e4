//! Push messages to browsers (RFC 8030), encrypted for the one browser that can read them (RFC 8291).

use std::time::Duration;

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use http::StatusCode;
use serde_json::json;
use url::Url;
use web_push_native::p256::PublicKey;
use web_push_native::{Auth, WebPushBuilder};

use super::vapid::Vapid;
use super::wording::{Wording, Words};
use super::{mail, store};
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::jobs::{Failure, Work};
use crate::notice::{Notice, ToBrowser};

/// Longest time for an answer of a push service.
const PATIENCE: Duration = Duration::from_secs(30);
/// A message that did not reach its browser within a day is old.
const LONGEST: Duration = Duration::from_secs(24 * 3600);
/// Longest text of a message: services take 4,096 bytes, some of which the encryption needs.
const TEXT_CHARS: usize = 600;
/// A random shared secret of 16 bytes (RFC 8291 section 3.2).
const AUTH_BYTES: usize = 16;

/// What push messages go out by.
#[derive(Debug)]
pub(super) struct Push {
    wording: Wording,
    client: reqwest::Client,
    vapid: Vapid,
    contact: String,
}

impl Push {
    pub(super) fn new(app: &App) -> Push {
        // A service that sends us elsewhere is none that was allowed.
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        Push {
            wording: Wording::new(),
            client: client.build().expect("a client without special wishes"),
            vapid: Vapid::new(&app.keys.push),
            contact: format!("mailto:{}", app.config.mail.from.email),
        }
    }

    /// Handles one job of the kind [`crate::notice::PUSH`].
    ///
    /// # Errors
    /// Whether it may be tried again.
    pub(super) async fn handle(&self, app: &App, work: Work) -> Result<(), Failure> {
        let ToBrowser { subscription, notice } = work.payload()?;
        let Some(notice) = super::current(app, notice).await? else {
            return Ok(());
        };
        let Some(browser) = store::subscription(&app.db, subscription).await? else {
            return Ok(()); // it was signed off
        };
        let Some((_, reader)) = mail::recipient(app, &notice).await? else {
            return Ok(());
        };
        let words = self
            .wording
            .say(notice.template, &reader, &notice.facts)
            .map_err(Failure::Hopeless)?;
        let request = self
            .request(app, &browser, &notice, &words)
            .map_err(Failure::Hopeless)?;
        work.begin().await?;
        match self.client.execute(request).await {
            Ok(answer) => self.judge(app, &work, &browser, answer.status()).await,
            Err(error) if error.is_connect() => {
                work.take_back().await?;
                Err(Failure::Again(
                    anyhow::Error::new(error).context("no line to the push service"),
                ))
            }
            Err(error) => Err(Failure::Unsure(error.into())),
        }
    }

    fn request(
        &self,
        app: &App,
        browser: &store::Subscription,
        notice: &Notice,
        words: &Words,
    ) -> anyhow::Result<reqwest::Request> {
        let endpoint: Url = browser.endpoint.parse()?;
        let (key, auth) = keys(&browser.p256dh, &browser.auth).context("the browser's keys cannot be read")?;
        let now = Ts::now();
        let left = notice.valid_until.map_or(LONGEST, |end| {
            Duration::from_secs(u64::try_from(end.unix_s() - now.unix_s()).unwrap_or(0)).min(LONGEST)
        });
        let message = json!({
            "title": short(&words.subject),
            "body": short(&words.short),
            "url": notice.link.as_ref().map(|path| format!("{}{path}", app.url)),
        });
        let sealed = WebPushBuilder::new(browser.endpoint.parse()?, key, auth)
            .with_valid_duration(left)
            .build(message.to_string())
            .map_err(|error| anyhow::anyhow!("the message cannot be encrypted: {error}"))?;
        let mut request = reqwest::Request::try_from(sealed)?;
        let authorization = self.vapid.authorization(&endpoint, &self.contact, now)?;
        request
            .headers_mut()
            .insert(http::header::AUTHORIZATION, authorization.parse()?);
        Ok(request)
    }

    /// What came of a message, by the service's answer (RFC 8030 section 5).
    async fn judge(
        &self,
        app: &App,
        work: &Work,
        browser: &store::Subscription,
        status: StatusCode,
    ) -> Result<(), Failure> {
        if status.is_success() {
            return Ok(());
        }
        if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
            store::forget_subscription(&app.db, browser.id).await?;
            tracing::info!(subscription = %browser.id, "a browser does not want push messages any more");
            return Ok(());
        }
        work.take_back().await?;
        let error = anyhow::anyhow!("the push service answered {status}");
        let is_passing =
            status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        Err(if is_passing {
            Failure::Again(error)
        } else {
            Failure::Hopeless(error)
        })
    }
}

/// Checks that messages may be sent to `endpoint` with these keys: it is a push service of the settings, so that nobody
/// makes this server call others.
///
/// # Errors
/// 422 with the field.
pub(super) fn check(app: &App, endpoint: &str, p256dh: &str, auth: &str) -> Result<()> {
    let url: Option<Url> = endpoint.parse().ok();
    let is_known = url.is_some_and(|url| {
        let host = url.host_str().unwrap_or_default();
        let is_service =
            |name: &String| host == name || host.strip_suffix(name).is_some_and(|rest| rest.ends_with('.'));
        let is_secure = url.scheme() == "https" || host == "127.0.0.1";
        is_secure && app.config.push.services.iter().any(is_service)
    });
    if !is_known {
        return Err(Error::field(
            "endpoint",
            "is no push service of `push.services` in the settings",
        ));
    }
    match keys(p256dh, auth) {
        Some(_) => Ok(()),
        None => Err(Error::field("keys", "are not those of a push subscription")),
    }
}

fn keys(p256dh: &str, auth: &str) -> Option<(PublicKey, Auth)> {
    let bytes = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok();
    let key = PublicKey::from_sec1_bytes(&bytes(p256dh)?).ok()?;
    let auth = bytes(auth).filter(|auth| auth.len() == AUTH_BYTES)?;
    Some((key, Auth::clone_from_slice(&auth)))
}

fn short(text: &str) -> String {
    text.chars().take(TEXT_CHARS).collect()
}
