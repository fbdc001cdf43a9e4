//! A server with one public class, as a person would start it, but on ports and in a folder of its own.

use anyhow::{Context, Result};
use lectern::accounts::{self, Role, login};
use lectern::config::Config;
use lectern::{Listeners, Server};
use serde_json::{Value, json};
use std::net::Ipv4Addr;
use std::path::Path;
use tokio_util::sync::CancellationToken;

/// Where the class is.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Class {
    /// WHIP endpoint.
    pub(crate) whip: String,
    /// WHEP endpoint.
    pub(crate) whep: String,
    /// What may publish to it.
    pub(crate) key: String,
}

impl Class {
    /// Starts a server that runs as long as this process does.
    ///
    /// # Errors
    /// The server's.
    pub(crate) async fn start(data: &Path, shards: usize) -> Result<Class> {
        let mut config = Config::from_toml("")?;
        config.data.dir = data.to_owned();
        config.http.listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.udp_listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.shards = shards;
        let listeners = Listeners::bind(&config).await?;
        let url = format!("http://{}", listeners.http.local_addr()?);
        let server = Server::start(config, listeners, CancellationToken::new()).await?;
        let db = server.app.db.clone();
        tokio::spawn(server.serve());
        let user = accounts::without_password(&db, "Anna", "anna@example.org", Role::Instructor).await?;
        let token = login::start(&db, user.id).await?;
        let api = async |path: String, body: Option<Value>| {
            let http = reqwest::Client::new();
            let address = format!("{url}{path}");
            let request = match body {
                Some(body) => http
                    .post(address)
                    .header("content-type", "application/json")
                    .body(body.to_string()),
                None => http.get(address),
            };
            let cookie = format!("lectern_session={}", token.expose());
            let request = request.header("cookie", cookie).header("origin", &url);
            let answer = request.send().await?.text().await?;
            serde_json::from_str::<Value>(&answer).context(answer)
        };
        let plan = json!({
            "title": "Load",
            "scheduledStart": "2026-12-02T14:00:00Z",
            "durationMinutes": 60,
            "isPublic": true,
        });
        let created = api("/api/instructor/streams/create".to_owned(), Some(plan)).await?;
        let id = created["id"].as_str().context("a class has an id")?;
        let ingest = api(format!("/api/instructor/streams/{id}/ingest"), None).await?;
        let key = ingest["streamKey"].as_str().context("a class has a key")?;
        Ok(Class {
            whip: format!("{url}/whip/{id}"),
            whep: format!("{url}/whep/{id}"),
            key: key.to_owned(),
        })
    }
}
