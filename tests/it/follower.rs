//! A WebSocket client that is not ours, for a server that listens.

use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use lectern::App;
use lectern::accounts::{Role, User, login, store};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use url::Url;
use uuid::Uuid;

use crate::app::Browser;
use crate::end_to_end_server::Running;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Somebody who follows a session.
pub(crate) struct Follower {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

/// One server on each database.
pub(crate) async fn servers() -> [Running; 2] {
    [
        Running::new().await,
        on_postgres(&crate::databases::postgres_url().await).await,
    ]
}

/// A server on this PostgreSQL.
pub(crate) async fn on_postgres(url: &str) -> Running {
    Running::with(|config| config.database.url = url.to_owned().into()).await
}

/// Makes a user and signs them in.
pub(crate) async fn sign_in(app: &App, name: &str, role: Role) -> Browser {
    let user = User::new(name, &format!("{}@example.org", lectern::id::new()), role);
    store::insert_user(&app.db, &user, None).await.unwrap();
    let token = login::start(&app.db, user.id).await.unwrap();
    Browser {
        user: Some(user),
        cookie: Some(format!("lectern_session={}", token.expose())),
    }
}

/// A live, public session of the server's own instructor.
pub(crate) async fn live_session(server: &Running) -> Uuid {
    let id = server.plan().await.id;
    let session = lectern::sessions::get(&server.app, id).await.unwrap();
    lectern::sessions::start(&server.app, session).await.unwrap();
    id
}

impl Follower {
    /// Follows a session as `browser`; what is told of it at the beginning is read.
    pub(crate) async fn new(server: &Running, session: Uuid, browser: &Browser) -> Follower {
        let mut follower = Follower::try_new(&server.url, &session.to_string(), browser, None)
            .await
            .unwrap();
        follower.until("session:status").await;
        follower
    }

    /// Follows a session from after a message on.
    pub(crate) async fn after(server: &Running, session: Uuid, browser: &Browser, message: &str) -> Follower {
        let path = format!("{session}?after={message}");
        let mut follower = Follower::try_new(&server.url, &path, browser, None).await.unwrap();
        follower.until("session:status").await;
        follower
    }

    /// Tries to; gives the HTTP status of the refusal.
    pub(crate) async fn try_new(
        url: &Url,
        path: &str,
        browser: &Browser,
        origin: Option<&str>,
    ) -> Result<Follower, u16> {
        let cookie = browser.cookie.as_deref().map(|cookie| ("cookie", cookie));
        let origin = origin.map(|origin| ("origin", origin));
        let headers: Vec<_> = cookie.into_iter().chain(origin).collect();
        Follower::with_headers(url, path, &headers).await
    }

    /// Tries to, with these headers; gives the HTTP status of the refusal.
    pub(crate) async fn with_headers(url: &Url, path: &str, given: &[(&'static str, &str)]) -> Result<Follower, u16> {
        let mut address = url.join(&format!("/live/{path}")).unwrap();
        address.set_scheme("ws").unwrap();
        let mut request = address.as_str().into_client_request().unwrap();
        for (name, value) in given {
            request.headers_mut().insert(*name, value.parse().unwrap());
        }
        match connect_async(request).await {
            Ok((socket, _)) => Ok(Follower { socket }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    /// The next event.
    pub(crate) async fn next(&mut self) -> Value {
        loop {
            let message = timeout(PATIENCE, self.socket.next()).await.expect("an event comes");
            match message.expect("the socket is open").unwrap() {
                Message::Text(text) => return serde_json::from_str(&text).unwrap(),
                Message::Close(frame) => panic!("closed: {frame:?}"),
                _ => {}
            }
        }
    }

    /// The data of the next event of this kind; others are passed over.
    pub(crate) async fn until(&mut self, kind: &str) -> Value {
        loop {
            let mut event = self.next().await;
            if event["type"] == kind {
                return event["data"].take();
            }
        }
    }

    /// Sends a command.
    pub(crate) async fn send(&mut self, kind: &str, data: Value) {
        let text = json!({"type": kind, "data": data}).to_string();
        self.socket.send(Message::text(text)).await.unwrap();
    }

    /// Sends something that is no command.
    pub(crate) async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.unwrap();
    }

    /// Waits for the end; gives its code, and the events before it.
    pub(crate) async fn closed(mut self) -> (u16, Vec<Value>) {
        let mut events = Vec::new();
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("it is closed") {
                Some(Ok(Message::Text(text))) => events.push(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return (frame.expect("it says why").code.into(), events),
                Some(Ok(_)) => {}
                other => panic!("no goodbye: {other:?}"),
            }
        }
    }
}
