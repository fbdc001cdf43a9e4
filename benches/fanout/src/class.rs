//! A server with one public class, as a person would start it, but on ports and in a folder of its own.

use anyhow::{Context, Result};
use lectern::accounts::{self, Role, login};
use lectern::config::Config;
use lectern::db::Ts;
use lectern::recordings::{self, signature::MediaGrant};
use lectern::{App, Listeners, Server, sessions};
use serde_json::{Value, json};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
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
    /// Its WebSocket.
    pub(crate) live: String,
    /// Its chat.
    pub(crate) chat: String,
    /// The login of its instructor.
    pub(crate) cookie: String,
    /// Its recording.
    pub(crate) replay: Replay,
}

/// Where a recording is.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Replay {
    /// Of the server.
    pub(crate) address: SocketAddr,
    /// On the disk.
    pub(crate) folder: PathBuf,
    /// What comes before and behind a file's name in signed addresses.
    pub(crate) prefix: String,
    /// See `prefix`.
    pub(crate) query: String,
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
        config.conversation.sockets_per_address = u32::MAX;
        let listeners = Listeners::bind(&config).await?;
        let address = listeners.http.local_addr()?;
        let url = format!("http://{address}");
        let server = Server::start(config, listeners, CancellationToken::new()).await?;
        let (app, db) = (server.app.clone(), server.app.db.clone());
        tokio::spawn(server.serve());
        let user = accounts::without_password(&db, "Anna", "anna@example.org", Role::Instructor).await?;
        let token = login::start(&db, user.id).await?;
        let cookie = format!("lectern_session={}", token.expose());
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
            let request = request.header("cookie", &cookie).header("origin", &url);
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
            live: format!("{url}/live/{id}"),
            chat: format!("{url}/api/live/sessions/{id}/chat"),
            cookie,
            replay: Replay::new(&app, address, id).await?,
        })
    }
}

impl Replay {
    /// An empty one, open to everybody.
    async fn new(app: &App, address: SocketAddr, class: &str) -> Result<Replay> {
        let session = class.parse()?;
        let folder = recordings::folder(app, session);
        std::fs::create_dir_all(&folder)?;
        sessions::set_recording_available(app, session, true).await?;
        let (prefix, query) = MediaGrant::new(session, Ts::now(), None).address(app, None);
        Ok(Replay {
            address,
            folder,
            prefix,
            query,
        })
    }
}
