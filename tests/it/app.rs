//! A server for one test: its own data folder, no fixed ports, requests by call or over TCP.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::header::{CONTENT_TYPE, COOKIE, HOST, SET_COOKIE};
use axum::http::{HeaderMap, Method, Request, StatusCode};
use lectern::accounts::{Role, User, login, store};
use lectern::config::Config;
use lectern::{App, Listeners, Server};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// The address that requests come from unless they say otherwise.
pub(crate) const CLIENT: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A server that was started but does not listen yet; requests go straight into its router.
pub(crate) struct TestApp {
    pub(crate) app: App,
    pub(crate) setup_link: Option<String>,
    pub(crate) router: Router,
    pub(crate) data: TempDir,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

/// Who asks: a user signed in, or nobody.
#[derive(Clone, Debug, Default)]
pub(crate) struct Browser {
    pub(crate) user: Option<User>,
    pub(crate) cookie: Option<String>,
}

impl TestApp {
    /// On SQLite, with the defaults.
    pub(crate) async fn new() -> TestApp {
        TestApp::with("").await
    }

    /// With these settings beside the ones that keep tests apart.
    pub(crate) async fn with(toml: &str) -> TestApp {
        TestApp::in_folder(tempfile::tempdir().unwrap(), toml).await
    }

    /// One on each database.
    pub(crate) async fn on_both(toml: &str) -> [TestApp; 2] {
        let url = crate::databases::postgres_url().await;
        let postgres = format!("{toml}\n[database]\nurl = {url:?}");
        [TestApp::with(toml).await, TestApp::with(&postgres).await]
    }

    /// Gives tokens to whoever sits at `browser`.
    pub(crate) async fn give(&self, browser: &Browser, tokens: i64) {
        let user = browser.user.as_ref().unwrap().id;
        lectern::tokens::grant(&self.app, None, user, tokens, "for a test".into(), None)
            .await
            .unwrap();
    }

    /// On a data folder that is there already: the server starts again.
    pub(crate) async fn in_folder(data: TempDir, toml: &str) -> TestApp {
        let mut config = Config::from_toml(toml).unwrap();
        config.data.dir = data.path().to_owned();
        config.http.listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.udp_listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.shards = 1;
        let listeners = Listeners::bind(&config).await.unwrap();
        let server = Box::pin(Server::start(config, listeners, CancellationToken::new()))
            .await
            .unwrap();
        let router = lectern::http::router::router(&server.app).unwrap();
        TestApp {
            app: server.app.clone(),
            setup_link: server.setup_link.clone(),
            router,
            data,
        }
    }

    /// Makes a user and signs them in.
    pub(crate) async fn sign_in(&self, name: &str, role: Role) -> Browser {
        let email = format!("{name}@example.org");
        let user = User::new(name, &email, role);
        store::insert_user(&self.app.db, &user, None).await.unwrap();
        let token = login::start(&self.app.db, user.id).await.unwrap();
        Browser {
            user: Some(user),
            cookie: Some(format!("lectern_session={}", token.expose())),
        }
    }

    /// Sends one request into the router.
    pub(crate) async fn send(&self, mut request: Request<Body>) -> Answer {
        let address = SocketAddr::from((CLIENT, 40_000));
        request
            .headers_mut()
            .entry(HOST)
            .or_insert("live.test".parse().unwrap());
        if request.extensions().get::<ConnectInfo<SocketAddr>>().is_none() {
            request.extensions_mut().insert(ConnectInfo(address));
        }
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let body = axum::body::to_bytes(body, 64 << 20).await.unwrap().to_vec();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    /// Sends one request as `browser`, with a JSON body if there is one.
    pub(crate) async fn ask(&self, browser: &Browser, method: Method, path: &str, body: Option<Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = &browser.cookie {
            request = request.header(COOKIE, cookie);
        }
        let body = match body {
            Some(json) => {
                request = request.header(CONTENT_TYPE, "application/json");
                Body::from(json.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    pub(crate) async fn get(&self, browser: &Browser, path: &str) -> Answer {
        self.ask(browser, Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, browser: &Browser, path: &str, body: Value) -> Answer {
        self.ask(browser, Method::POST, path, Some(body)).await
    }

    /// Plans a session as `instructor` with these fields beside the usual ones; gives its key as text.
    pub(crate) async fn plan_with(&self, instructor: &Browser, fields: Value) -> String {
        let mut new = plan(false);
        new.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        let answer = self.post(instructor, "/api/instructor/streams/create", new).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.json()["id"].as_str().unwrap().to_owned()
    }

    /// Plans a session as `instructor`; gives its key as text.
    pub(crate) async fn plan(&self, instructor: &Browser, is_public: bool) -> String {
        self.plan_with(instructor, json!({ "isPublic": is_public })).await
    }
}

/// A plan that is acceptable.
pub(crate) fn plan(is_public: bool) -> Value {
    json!({
        "title": "Live Q&A",
        "scheduledStart": "2026-12-02T14:00:00Z",
        "durationMinutes": 60,
        "isPublic": is_public,
    })
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .unwrap_or_else(|| panic!("no {name} in {:?}", self.headers))
            .to_str()
            .unwrap()
    }

    /// A browser that keeps the cookie of this answer.
    pub(crate) fn browser(&self) -> Browser {
        let cookie = self.headers.get(SET_COOKIE).and_then(|value| value.to_str().ok());
        Browser {
            user: None,
            cookie: cookie.and_then(|text| text.split(';').next()).map(str::to_owned),
        }
    }

    /// Checks that this is a problem of `status` whose type ends in `code`.
    #[track_caller]
    pub(crate) fn is_problem(&self, status: u16, code: &str) {
        assert_eq!(self.status, status, "{}", self.text());
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{code}"), "{problem}");
        assert_eq!(problem["status"], status, "{problem}");
        assert!(problem["title"].is_string(), "{problem}");
    }
}
