//! A server that runs as in real life, for tests from outside.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;

use lectern::accounts::{self, Role, login};
use lectern::config::Config;
use lectern::live::LiveEvent;
use lectern::{App, Listeners, Server};
use lectern_media::record::Catalogue;
use reqwest::header::{COOKIE, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::app::plan;
use crate::end_to_end_peer::PATIENCE;

/// A server that runs as in real life, on ports of its own, with two media threads.
pub(crate) struct Running {
    pub(crate) app: App,
    pub(crate) url: Url,
    cookie: String,
    pub(crate) media_port: u16,
    /// As a signal does.
    pub(crate) asked_to_stop: CancellationToken,
    task: JoinHandle<()>,
    pub(crate) data: TempDir,
}

/// One planned class.
pub(crate) struct Class {
    pub(crate) id: Uuid,
    pub(crate) whip: Url,
    pub(crate) whep: Url,
    pub(crate) key: String,
}

impl Running {
    pub(crate) async fn new() -> Running {
        Running::in_folder(tempfile::tempdir().unwrap()).await
    }

    pub(crate) async fn in_folder(data: TempDir) -> Running {
        Running::listening(data, Ipv4Addr::LOCALHOST.into()).await
    }

    /// With other settings.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Running {
        Running::start(tempfile::tempdir().unwrap(), Ipv4Addr::LOCALHOST.into(), change).await
    }

    /// On a data folder that is there already, with other settings.
    pub(crate) async fn in_folder_with(data: TempDir, change: impl FnOnce(&mut Config)) -> Running {
        Running::start(data, Ipv4Addr::LOCALHOST.into(), change).await
    }

    /// With media at this address of the machine.
    pub(crate) async fn listening(data: TempDir, media: IpAddr) -> Running {
        Running::start(data, media, |_| {}).await
    }

    async fn start(data: TempDir, media: IpAddr, change: impl FnOnce(&mut Config)) -> Running {
        let mut config = Config::from_toml("").unwrap();
        config.data.dir = data.path().to_owned();
        config.http.listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.udp_listen = (media, 0).into();
        config.media.shards = 2;
        change(&mut config);
        let listeners = Listeners::bind(&config).await.unwrap();
        let media_port = listeners.media.udp.local_addr().unwrap().port();
        let scheme = if config.tls.is_on() { "https" } else { "http" };
        let url = format!("{scheme}://{}", listeners.http.local_addr().unwrap())
            .parse()
            .unwrap();
        let asked_to_stop = CancellationToken::new();
        let server = Server::start(config, listeners, asked_to_stop.clone()).await.unwrap();
        let app = server.app.clone();
        let user = accounts::without_password(&app.db, "Anna", "anna@example.org", Role::Instructor)
            .await
            .unwrap();
        let token = login::start(&app.db, user.id).await.unwrap();
        let cookie = format!("lectern_session={}", token.expose());
        let task = tokio::spawn(async move { server.serve().await.unwrap() });
        Running {
            app,
            url,
            cookie,
            media_port,
            asked_to_stop,
            task,
            data,
        }
    }

    /// The cookie of an admin.
    pub(crate) async fn admin(&self) -> String {
        let admin = accounts::without_password(&self.app.db, "Ada", "ada@example.org", Role::Admin).await;
        let token = login::start(&self.app.db, admin.unwrap().id).await.unwrap();
        format!("lectern_session={}", token.expose())
    }

    /// Stops the server as an operator does, and gives its folder.
    pub(crate) async fn stop(self) -> TempDir {
        self.app.shutdown.cancel();
        self.task.await.unwrap();
        self.data
    }

    /// Waits until the server has stopped by itself.
    pub(crate) async fn ended(self) {
        let ended = tokio::time::timeout(PATIENCE, self.task).await;
        ended.expect("it ends").unwrap();
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, String) {
        let mut request = reqwest::Client::new().request(method, self.url.join(path).unwrap());
        request = request
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, self.url.origin().ascii_serialization());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// Plans a public class.
    pub(crate) async fn plan(&self) -> Class {
        let (status, created) = self
            .ask(Method::POST, "/api/instructor/streams/create", Some(plan(true)))
            .await;
        assert_eq!(status, 201, "{created}");
        let id: Uuid = json(&created)["id"].as_str().unwrap().parse().unwrap();
        self.class(id).await
    }

    pub(crate) async fn class(&self, id: Uuid) -> Class {
        let (_, ingest) = self
            .ask(Method::GET, &format!("/api/instructor/streams/{id}/ingest"), None)
            .await;
        Class {
            id,
            whip: self.url.join(&format!("/whip/{id}")).unwrap(),
            whep: self.url.join(&format!("/whep/{id}")).unwrap(),
            key: json(&ingest)["streamKey"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) fn recording(&self, class: &Class) -> PathBuf {
        self.data.path().join("recordings").join(class.id.to_string())
    }

    pub(crate) fn catalogue(&self, class: &Class) -> Catalogue {
        let journal = self.recording(class).join("journal.jsonl");
        Catalogue::read(&std::fs::read(journal).unwrap_or_default()).0
    }
}

pub(crate) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Waits for an event that `is_wanted`.
pub(crate) async fn event(events: &mut broadcast::Receiver<LiveEvent>, is_wanted: impl Fn(LiveEvent) -> bool) {
    let wait = async { while !is_wanted(events.recv().await.unwrap()) {} };
    timeout(PATIENCE, wait).await.expect("the event comes");
}

/// Closes a connection.
pub(crate) async fn delete(resource: &Url, key: &str) {
    let response = reqwest::Client::new()
        .delete(resource.clone())
        .bearer_auth(key)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}
