//! Requests to those who know people elsewhere: OpenID providers, and whoever publishes the keys of outside tokens.

use std::pin::Pin;
use std::time::Duration;

use openidconnect::{AsyncHttpClient, HttpRequest, HttpResponse};

const TIMEOUT: Duration = Duration::from_secs(10);
/// Longest answer that is read.
const ANSWER_BYTES: usize = 1 << 20;

/// A client that waits and reads with limits, and is not sent to other addresses; cheap to clone.
#[derive(Clone, Debug)]
pub struct Elsewhere(reqwest::Client);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum NoAnswer {
    /// It could not be had.
    #[error(transparent)]
    Request(#[from] reqwest::Error),
    /// It is no HTTP.
    #[error(transparent)]
    Response(#[from] http::Error),
    /// It has no end.
    #[error("the answer is longer than a megabyte")]
    TooLong,
}

impl Elsewhere {
    /// A client.
    ///
    /// # Errors
    /// No TLS on this machine.
    pub fn new() -> anyhow::Result<Elsewhere> {
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Elsewhere(http))
    }

    /// Sends one request.
    ///
    /// # Errors
    /// No answer within ten seconds, or too long a one.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, NoAnswer> {
        let mut response = self.0.execute(request.try_into()?).await?;
        let mut answer = http::Response::builder().status(response.status());
        if let Some(headers) = answer.headers_mut() {
            headers.clone_from(response.headers());
        }
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            if body.len() + chunk.len() > ANSWER_BYTES {
                return Err(NoAnswer::TooLong);
            }
            body.extend_from_slice(&chunk);
        }
        Ok(answer.body(body)?)
    }
}

impl<'c> AsyncHttpClient<'c> for Elsewhere {
    type Error = NoAnswer;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, NoAnswer>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}
