//! The class that the demo makes for itself: opened, broadcast and ended through the same HTTP API that the pages use.
//!
//! Whoever can write the server's data folder may do what they like with it, so the command asks for no password: it
//! signs in a demo instructor (an account without a password) by a row in the database, and signs out at the end.

use crate::accounts::{self, login};
use crate::config::Config;
use crate::db::Db;
use anyhow::{Context, Result, bail};
use reqwest::header::{COOKIE, HeaderMap, HeaderValue, ORIGIN};
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use url::Url;
use uuid::Uuid;

/// A public session that is live.
pub(super) struct Class {
    /// The session.
    pub(super) id: Uuid,
    /// What may publish to it.
    pub(super) stream_key: String,
    api: Api,
    db: Db,
    token: login::LoginToken,
}

impl Class {
    /// Makes a public class in the server's data, and starts it.
    ///
    /// # Errors
    /// When the server does not answer, or does not know the demo instructor: then the data folder is another one's.
    pub(super) async fn open(config: &Config, server: &Url) -> Result<Self> {
        let db = Db::open(config)
            .await
            .context("cannot open the server's data; run this on its machine and in its folder")?;
        let instructor =
            accounts::without_password(&db, "Demo teacher", "demo@localhost", accounts::Role::Instructor).await?;
        let token = login::start(&db, instructor.id).await?;
        let api = Api::new(server, &token)?;
        let plan = json!({
            "title": "Demo class",
            "description": "A made picture with a running clock and a beep every second.",
            "scheduledStart": jiff::Timestamp::now().to_string(),
            "durationMinutes": 60,
            "timeZone": jiff::tz::TimeZone::system().iana_name().unwrap_or("UTC"),
            "isPublic": true,
        });
        let Created { id } = api
            .call(Method::POST, "/api/instructor/streams/create", Some(plan))
            .await?;
        api.call::<Value>(Method::POST, &format!("/api/instructor/streams/{id}/start"), None)
            .await?;
        let ingest: Ingest = api
            .call(Method::GET, &format!("/api/instructor/streams/{id}/ingest"), None)
            .await?;
        Ok(Self {
            id,
            stream_key: ingest.stream_key,
            api,
            db,
            token,
        })
    }

    /// Ends the class; its replay stays.
    ///
    /// # Errors
    /// When the server does not answer.
    pub(super) async fn end(self) -> Result<()> {
        let path = format!("/api/instructor/streams/{}/end", self.id);
        let ended = self.api.call::<Value>(Method::POST, &path, None).await;
        login::end(&self.db, self.token.expose()).await?;
        ended.map(drop)
    }
}

#[derive(Deserialize)]
struct Created {
    id: Uuid,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ingest {
    stream_key: String,
}

/// The server's API as a signed-in user.
struct Api {
    http: reqwest::Client,
    server: Url,
}

impl Api {
    fn new(server: &Url, token: &login::LoginToken) -> Result<Self> {
        let mut cookie = HeaderValue::from_str(&format!("lectern_session={}", token.expose()))?;
        cookie.set_sensitive(true);
        let origin = HeaderValue::from_str(&server.origin().ascii_serialization())?;
        let headers = HeaderMap::from_iter([(COOKIE, cookie), (ORIGIN, origin)]);
        let http = reqwest::Client::builder().default_headers(headers).build()?;
        Ok(Self {
            http,
            server: server.clone(),
        })
    }

    async fn call<T: DeserializeOwned>(&self, method: Method, path: &str, body: Option<Value>) -> Result<T> {
        let mut request = self.http.request(method, self.server.join(path)?);
        if let Some(body) = &body {
            request = request.json(body);
        }
        let response = request
            .send()
            .await
            .with_context(|| format!("no server answers at {}", self.server))?;
        match response.status() {
            status if status.is_success() => Ok(response.json().await?),
            StatusCode::UNAUTHORIZED => {
                bail!(
                    "the server at {} uses another data folder than this one; see --config",
                    self.server
                )
            }
            status => bail!("{path} failed with {status}: {}", response.text().await?),
        }
    }
}
