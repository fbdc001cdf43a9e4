//! SMS by the HTTP gateway of the settings.

use std::time::Duration;

use http::StatusCode;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use secrecy::ExposeSecret;

use super::wording::{Wording, sms_body};
use super::{mail, store};
use crate::App;
use crate::error::Result;
use crate::jobs::{Failure, Work};
use crate::notice::Notice;

/// Longest time for an answer of the gateway.
const PATIENCE: Duration = Duration::from_secs(30);
/// Longest text: three messages of what an SMS with accents holds.
const TEXT_CHARS: usize = 200;

/// What SMS go out by.
#[derive(Debug)]
pub(super) struct Gateway {
    wording: Wording,
    client: reqwest::Client,
}

impl Gateway {
    pub(super) fn new(_: &App) -> Gateway {
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none());
        Gateway {
            wording: Wording::new(),
            client: client.build().expect("a client without special wishes"),
        }
    }

    /// Handles one job of the kind [`crate::notice::SMS`].
    ///
    /// # Errors
    /// Whether it may be tried again.
    pub(super) async fn handle(&self, app: &App, work: Work) -> Result<(), Failure> {
        let notice: Notice = work.payload()?;
        let Some(notice) = super::current(app, notice).await? else {
            return Ok(());
        };
        let Some(url) = &app.config.sms.url else {
            return Ok(());
        };
        let phone = store::preferences(&app.db, notice.to)
            .await?
            .and_then(|chosen| chosen.phone);
        let (Some(phone), Some((_, reader))) = (phone, mail::recipient(app, &notice).await?) else {
            return Ok(());
        };
        let words = self
            .wording
            .say(notice.template, &reader, &notice.facts)
            .map_err(Failure::Hopeless)?;
        let link = notice
            .link
            .as_ref()
            .map_or(String::new(), |path| format!(" {}{path}", app.url));
        let text: String = words.short.chars().take(TEXT_CHARS).collect();
        let settings = &app.config.sms;
        let body = sms_body(&settings.body, &phone, &(text + &link)).map_err(Failure::Hopeless)?;
        let mut request = self
            .client
            .post(url.clone())
            .header(CONTENT_TYPE, &settings.content_type)
            .body(body);
        if !settings.authorization.expose_secret().is_empty() {
            request = request.header(AUTHORIZATION, settings.authorization.expose_secret());
        }
        work.begin().await?;
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Ok(()),
            Ok(answer) => {
                work.take_back().await?;
                Err(refusal(answer.status()))
            }
            Err(error) if error.is_connect() => {
                work.take_back().await?;
                Err(Failure::Again(
                    anyhow::Error::new(error).context("no line to the SMS gateway"),
                ))
            }
            Err(error) => Err(Failure::Unsure(error.into())),
        }
    }
}

/// A server's error may come after it has sent; only a refusal of the request says that it did not.
fn refusal(status: StatusCode) -> Failure {
    let error = anyhow::anyhow!("the SMS gateway answered {status}");
    match status {
        StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => Failure::Again(error),
        status if status.is_server_error() => Failure::Unsure(error),
        _ => Failure::Hopeless(error),
    }
}
