//! The HTTP side of WHIP (RFC 9725) and WHEP: the exchange of descriptions, and the end.

use anyhow::{Context, Result, bail};
use reqwest::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use reqwest::{Method, Response, StatusCode};
use std::time::Duration;
use url::Url;

/// For one request.
const PATIENCE: Duration = Duration::from_secs(20);

/// Characters of a server's refusal that are told.
const MAX_REFUSAL: usize = 200;

const SDP: &str = "application/sdp";

/// Asks one endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Endpoint {
    http: reqwest::Client,
    url: Url,
    token: Option<String>,
}

/// What the server said to an offer, or its own offer.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) sdp: String,
    /// Where the connection is changed and ended.
    pub(crate) resource: Url,
}

/// A client that keeps connections to the server open.
///
/// # Errors
/// The TLS library's.
pub(crate) fn client(insecure: bool) -> Result<reqwest::Client> {
    Ok(reqwest::Client::builder()
        .timeout(PATIENCE)
        .danger_accept_invalid_certs(insecure)
        .build()?)
}

impl Endpoint {
    /// An endpoint of a server, with the bearer token that opens it.
    pub(crate) fn new(http: reqwest::Client, url: Url, token: Option<String>) -> Endpoint {
        Endpoint { http, url, token }
    }

    /// POSTs an offer; 201 with the answer.
    ///
    /// # Errors
    /// The server refuses, or says something else than SDP.
    pub(crate) async fn offer(&self, offer: String) -> Result<Told> {
        let response = self.send(Method::POST, &self.url, offer).await?;
        if response.status() == StatusCode::NOT_ACCEPTABLE {
            bail!("the server wants to make the offer itself (406): try --peer");
        }
        told(response, &[StatusCode::CREATED]).await
    }

    /// POSTs nothing; 406 or 201 with the server's offer.
    ///
    /// # Errors
    /// The server refuses, or says something else than SDP.
    pub(crate) async fn ask_for_offer(&self) -> Result<Told> {
        let response = self.send(Method::POST, &self.url, String::new()).await?;
        told(response, &[StatusCode::NOT_ACCEPTABLE, StatusCode::CREATED]).await
    }

    /// PATCHes the answer to the server's offer.
    ///
    /// # Errors
    /// The server refuses.
    pub(crate) async fn answer(&self, resource: &Url, answer: String) -> Result<()> {
        let response = self.send(Method::PATCH, resource, answer).await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(refusal(response).await)
    }

    /// DELETEs a connection.
    ///
    /// # Errors
    /// The server refuses.
    pub(crate) async fn end(&self, resource: &Url) -> Result<()> {
        let mut request = self.http.delete(resource.clone());
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await?;
        if response.status().is_success() {
            return Ok(());
        }
        Err(refusal(response).await)
    }

    async fn send(&self, method: Method, url: &Url, body: String) -> Result<Response> {
        let mut request = self.http.request(method, url.clone()).header(ACCEPT, SDP);
        request = request.header(CONTENT_TYPE, SDP).body(body);
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let sent = request.send().await;
        sent.map_err(|error| {
            let why = if error.is_timeout() {
                format!("took longer than {} s to answer", PATIENCE.as_secs())
            } else if error.is_connect() {
                "cannot be reached".to_owned()
            } else {
                format!("failed: {}", error.without_url())
            };
            anyhow::anyhow!("the server at {} {why}", url.origin().ascii_serialization())
        })
    }
}

async fn told(response: Response, wanted: &[StatusCode]) -> Result<Told> {
    if !wanted.contains(&response.status()) {
        return Err(refusal(response).await);
    }
    let base = response.url().clone();
    let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let resource = location.map(|location| base.join(location));
    let resource = resource.context("the server's answer has no Location")??;
    let sdp = response.text().await?;
    Ok(Told { sdp, resource })
}

async fn refusal(response: Response) -> anyhow::Error {
    let status = response.status();
    let text = response.text().await.unwrap_or_default();
    let text: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text: String = text.chars().take(MAX_REFUSAL).collect();
    anyhow::anyhow!(
        "the server answered {status}{}{text}",
        if text.is_empty() { "" } else { ": " }
    )
}
