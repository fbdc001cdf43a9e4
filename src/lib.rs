//! Lectern: self-hosted live classes. Broadcast by WHIP, watch by WHEP, replay by HLS; one binary.
//!
//! This crate is the control plane: it does all the I/O. The media engine (`lectern_media`) does none.
//!
//! | module | what it is for | knows |
//! |---|---|---|
//! | [`allocator`] | memory that stays flat | |
//! | [`config`] | the settings | |
//! | [`db`] | one SQL text, two databases | |
//! | [`jobs`] | work that is done later, and surely | `db` |
//! | [`events`] | the bus: what happens in a session, to all who follow it | `db` |
//! | [`notice`] | what somebody is to be told | `jobs` |
//! | [`http`] | routes, extractors, problem details, the web app | every capability's `routes` |
//! | [`live`] | the shell around the media engine | the engine; no HTTP, no SQL |
//! | [`accounts`] | users, logins, the first admin | `db` |
//! | [`tokens`] | what users pay with: the ledger, or an outside service | `accounts` |
//! | [`enrolments`] | rights to sessions, paid with tokens | `tokens` |
//! | [`settings`] | settings that admins change while the server runs | `accounts` |
//! | [`sessions`] | scheduled classes, from plan to replay | `accounts`, `enrolments`, `live` |
//! | [`chat`] | messages, reactions, raised hands | `sessions` |
//! | [`polls`] | polls and questions | `chat` |
//! | [`tracking`] | events for analytics, and their webhook | `jobs` |
//! | [`analytics`] | how sessions are watched | `sessions`, `tracking` |
//! | [`conversation`] | the WebSocket | `chat`, `polls` |
//! | [`storage`] | objects in an S3-compatible store | |
//! | [`metrics`] | what this server does, in numbers | `live`, `jobs` |
//! | [`recordings`] | replays: signed playlists and segments | `sessions` |
//! | [`notifications`] | mails, push messages, SMS, reminders | `sessions`, `jobs` |
//! | [`workouts`] | the catalogue of kept classes | `sessions`, `recordings` |
//! | [`daily`] | clean-up and the move to the catalogue | `recordings`, `workouts`, `jobs` |
//! | [`whip`] | WHIP and WHEP over HTTP | `sessions`, `live` |
//! | [`telemetry`] | the log, and traces | |
//! | [`demo`] | a made class for people without a camera | our own HTTP API |
//!
//! A capability is `mod.rs` (types and rules), `routes.rs` (HTTP only) and `store.rs` (SQL only). Start reading at
//! [`run`], then at `http/router.rs`.

pub mod accounts;
pub mod allocator;
pub mod analytics;
pub mod chat;
pub mod config;
pub mod conversation;
pub mod daily;
pub mod db;
pub mod demo;
pub mod enrolments;
pub mod error;
pub mod events;
pub mod http;
pub mod id;
pub mod jobs;
pub mod live;
pub mod metrics;
pub mod notice;
pub mod notifications;
pub mod polls;
pub mod recordings;
pub mod sessions;
pub mod settings;
pub mod storage;
pub mod tally;
pub mod task;
pub mod telemetry;
pub mod tokens;
pub mod tracking;
pub mod whip;
pub mod workouts;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use accounts::limits::Limits;
use accounts::oidc::Providers;
use accounts::outside_token::OutsideTokens;
use accounts::password::Hasher;
use accounts::secret::{ServerSecret, SigningKey};
use accounts::setup::Setup;
use config::{Config, TcpListen};
use db::Db;
use http::serve::Door;
use live::{Live, LiveConfig, LiveSockets};

/// Ports that are free for UDP and not for TCP are rare.
const MAX_TRIES: usize = 16;

/// What every handler can reach. Clones are the same one: routing makes many for each request.
#[derive(Clone)]
pub struct App(Arc<Parts>);

impl Deref for App {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

/// The parts of a running server.
pub struct Parts {
    /// The database.
    pub db: Db,
    /// The media.
    pub live: Live,
    /// The settings.
    pub config: Arc<Config>,
    /// Those of them that admins change while the server runs.
    pub settings: settings::Settings,
    /// Where a person finds this server, for links in mails: scheme and authority. Never what a request says.
    pub url: Arc<str>,
    /// What signatures are made with.
    pub keys: Arc<Keys>,
    /// The link for the first admin.
    pub setup: Setup,
    /// Passwords.
    pub hasher: Hasher,
    /// How often somebody may try.
    pub limits: Limits,
    /// What happens in sessions.
    pub events: events::Bus,
    /// Events for analytics.
    pub tracker: tracking::Tracker,
    /// What chat keeps.
    pub chat: chat::Shared,
    /// What the WebSockets have in common.
    pub conversation: conversation::Shared,
    /// What is counted.
    pub metrics: metrics::Metrics,
    /// Work that is done later.
    pub jobs: jobs::Jobs,
    /// Accounts elsewhere that people sign in with.
    pub oidc: Providers,
    /// Tokens with which other sites sign their users in; `None`: none are taken.
    pub outside_logins: Option<OutsideTokens>,
    /// Where tokens are kept, if not in our own ledger.
    pub outside_tokens: Option<tokens::outside::Outside>,
    /// What recordings keep.
    pub recordings: recordings::Shared,
    /// What WHIP and WHEP keep.
    pub whip: whip::Shared,
    /// Cancelled when the server stops; whatever would last longer ends on it.
    pub shutdown: CancellationToken,
}

/// One key per kind of signature.
pub struct Keys {
    /// Bearer tokens for WHIP and WHEP.
    pub tokens: SigningKey,
    /// Addresses of replay segments.
    pub segments: SigningKey,
    /// Addresses of calendar feeds.
    pub calendars: SigningKey,
    /// Links in mails that sign in.
    pub login_links: SigningKey,
    /// Links that end mails of a sort.
    pub unsubscribe: SigningKey,
    /// What the key pair for push messages comes from.
    pub push: SigningKey,
}

/// The sockets of a server, bound before it starts, so that a taken port is told at once.
#[derive(Debug)]
pub struct Listeners {
    /// HTTP, or HTTPS.
    pub http: TcpListener,
    /// Plain HTTP that sends on to HTTPS.
    pub redirect: Option<TcpListener>,
    /// All media.
    pub media: LiveSockets,
}

impl Listeners {
    /// Binds the addresses of the settings.
    ///
    /// # Errors
    /// Names the setting and the address.
    pub async fn bind(config: &Config) -> Result<Listeners> {
        let bind = async |setting, address| {
            let listener = TcpListener::bind(address).await;
            listener.with_context(|| taken(setting, address))
        };
        Ok(Listeners {
            http: bind("http.listen", config.http.listen).await?,
            redirect: match config.tls.redirect_listen {
                Some(address) => Some(bind("tls.redirect_listen", address).await?),
                None => None,
            },
            media: bind_media(&config.media)?,
        })
    }
}

/// UDP, and TCP beside it. Where the system chooses the port, it may choose one that is taken for TCP: it is asked again.
fn bind_media(media: &config::Media) -> Result<LiveSockets> {
    let wanted = media.udp_listen;
    for tries_left in (0..MAX_TRIES).rev() {
        let udp = live::bind_udp(wanted).with_context(|| taken("media.udp_listen", wanted))?;
        let address = match media.tcp_listen {
            TcpListen::Off => return Ok(LiveSockets { udp, tcp: None }),
            TcpListen::Same => udp.local_addr()?,
            TcpListen::At(address) => address,
        };
        match live::bind_tcp(address) {
            Ok(tcp) => return Ok(LiveSockets { udp, tcp: Some(tcp) }),
            Err(_) if tries_left > 0 && wanted.port() == 0 => {}
            Err(error) => return Err(error).with_context(|| taken("media.tcp_listen", address)),
        }
    }
    unreachable!("the last try returns")
}

fn taken(setting: &str, address: SocketAddr) -> String {
    format!("cannot listen on {address} (`{setting}`): is another program, or another Lectern, using it?")
}

/// A server that is ready to serve.
pub struct Server {
    /// Its parts.
    pub app: App,
    /// Where a person finds it.
    pub url: String,
    /// The one-time link for the first admin, while there is none.
    pub setup_link: Option<String>,
    router: axum::Router,
    door: Door,
    redirect: Option<TcpListener>,
    /// Cancelled when the operator wants the server to stop.
    asked_to_stop: CancellationToken,
}

/// Runs a server until `shutdown`, and prints where it is.
///
/// # Errors
/// What kept it from starting, with the setting to look at.
pub async fn run(config: Config, listeners: Listeners, shutdown: CancellationToken) -> Result<()> {
    let server = Server::start(config, listeners, shutdown).await?;
    announce(&server);
    server.serve().await
}

impl Server {
    /// Opens the data folder and the database, and starts the media.
    ///
    /// # Errors
    /// Names the setting to look at.
    pub async fn start(config: Config, listeners: Listeners, asked_to_stop: CancellationToken) -> Result<Server> {
        let dir = &config.data.dir;
        std::fs::create_dir_all(dir)
            .with_context(|| format!("cannot make the folder {} (`data.dir`): is it writable?", dir.display()))?;
        let secret = ServerSecret::load(dir)?;
        let jobs = jobs::Jobs::at(dir)?;
        let db = Db::open(&config).await?;
        let live = Live::start(live_config(&config), listeners.media).context("cannot start the media threads")?;
        let outside_tokens = outside_tokens(&config)?;
        let url = url_of(&config, listeners.http.local_addr()?);
        let shutdown = CancellationToken::new();
        let tls = http::tls::start(&config.tls, &config.data.dir, shutdown.clone())?;
        let config = Arc::new(config);
        let settings = settings::Settings::load(Arc::clone(&config), &db).await?;
        let app = App(Arc::new(Parts {
            db,
            live,
            recordings: recordings::Shared::new(&config)?,
            whip: whip::Shared::new(&config.media),
            oidc: Providers::new(&config.accounts)?,
            outside_logins: OutsideTokens::new(&config.embedding)?,
            conversation: conversation::Shared::new(&config.conversation),
            settings,
            config,
            url: url.as_str().into(),
            keys: Arc::new(Keys {
                tokens: secret.key("media tokens"),
                segments: secret.key("segments"),
                calendars: secret.key("calendars"),
                login_links: secret.key("login links"),
                unsubscribe: secret.key("unsubscribe"),
                push: secret.key("push"),
            }),
            setup: Setup::default(),
            hasher: Hasher::default(),
            limits: Limits::default(),
            metrics: metrics::Metrics::default(),
            jobs,
            events: events::Bus::default(),
            tracker: tracking::Tracker::default(),
            chat: chat::Shared::default(),
            outside_tokens,
            shutdown,
        }));
        let needs_setup = !accounts::store::has_admin(&app.db).await?;
        let setup_link = needs_setup.then(|| format!("{url}/setup?token={}", app.setup.renew()));
        Ok(Server {
            router: http::router::router(&app)?,
            app,
            url,
            setup_link,
            door: Door {
                listener: listeners.http,
                tls,
            },
            redirect: listeners.redirect,
            asked_to_stop,
        })
    }

    /// Serves until the shutdown given at the start; running classes then have the time of the settings, open requests
    /// are finished, recordings closed.
    ///
    /// # Errors
    /// The listener's own.
    pub async fn serve(self) -> Result<()> {
        let Server {
            app,
            router,
            door,
            redirect,
            asked_to_stop,
            ..
        } = self;
        let notes = app.db.listen().await?; // before anybody follows a session
        let mut background = JoinSet::new();
        background.spawn(drain(app.clone(), asked_to_stop));
        background.spawn(events::run(app.clone(), notes));
        background.spawn(events::elsewhere::run(app.clone()));
        background.spawn(conversation::teller::run(app.clone()));
        background.spawn(tracking::run(app.clone()));
        background.spawn(analytics::watch::run(app.clone()));
        background.spawn(sessions::lifecycle::run(app.clone()));
        background.spawn(sessions::access::follow_rights(app.clone()));
        background.spawn(enrolments::upkeep::run(app.clone()));
        background.spawn(recordings::upkeep::run(app.clone()));
        background.spawn(daily::run(app.clone()));
        background.spawn(notifications::reminders::run(app.clone()));
        background.spawn(jobs::run(app.clone(), handlers(&app)));
        background.spawn(recordings::keeper::run(app.clone()));
        background.spawn(app.whip.news.clone().run(app.clone()));
        background.spawn(accounts::login::forget_expired(app.clone()));
        background.spawn(metrics::run(app.clone()));
        background.spawn(settings::run(app.clone()));
        if let Some(listener) = redirect {
            let router = http::redirect::router(&app.config, door.listener.local_addr()?.port());
            let door = Door { listener, tls: None };
            let (shutdown, patience) = (app.shutdown.clone(), app.config.http.shutdown);
            background.spawn(async move {
                if let Err(error) = http::serve::serve(door, router, shutdown, patience).await {
                    tracing::error!(%error, "plain HTTP is not sent on to HTTPS any more");
                }
            });
        }
        http::serve::serve(door, router, app.shutdown.clone(), app.config.http.shutdown).await?;
        app.shutdown.cancel(); // also when the listener ended by itself
        let _ = tokio::time::timeout(app.config.http.shutdown, app.conversation.closed()).await; // some never read
        app.live.stop().await;
        while background.join_next().await.is_some() {}
        app.db.close().await;
        tracing::info!("stopped");
        Ok(())
    }
}

/// Who does which kind of work: each capability brings its own.
#[must_use]
pub fn handlers(app: &App) -> jobs::Handlers {
    let mut handlers = jobs::Handlers::default();
    notifications::add_handlers(app, &mut handlers);
    daily::add_handlers(&mut handlers);
    tracking::add_handlers(&mut handlers);
    recordings::add_handlers(&mut handlers);
    handlers
}

/// When the operator asks for it: sends new connections away, gives running classes their time, and stops the server.
async fn drain(app: App, asked_to_stop: CancellationToken) {
    tokio::select! {
        () = app.shutdown.cancelled() => return,
        () = asked_to_stop.cancelled() => {}
    }
    app.live.drain();
    let patience = app.config.media.drain;
    if !patience.is_zero() {
        tracing::info!(
            seconds = patience.as_secs(),
            "new connections are sent away; running classes go on"
        );
        tokio::select! {
            () = app.shutdown.cancelled() => {}
            () = app.live.emptied() => {}
            () = tokio::time::sleep(patience) => {}
        }
    }
    app.shutdown.cancel();
}

fn live_config(config: &Config) -> LiveConfig {
    LiveConfig {
        public_addresses: config.media.public_addresses.clone(),
        stun_server: config.media.stun_server.clone(),
        pin_threads: config.media.pin_threads,
        shards: config.media.shards,
        grace: config.media.grace,
        lenient_trickle: config.media.lenient_trickle,
        recordings: config.recording.enabled.then(|| config.data.recordings()),
    }
}

fn outside_tokens(config: &Config) -> Result<Option<tokens::outside::Outside>> {
    let tokens = &config.tokens;
    let client = |url: &url::Url| {
        tokens::outside::Outside::new(url.clone(), tokens.api_key.clone(), tokens.timeout, tokens.attempts)
    };
    tokens.api_url.as_ref().map(client).transpose()
}

/// An address that opens in a browser on this machine, unless the settings know a better one.
fn url_of(config: &Config, listening: SocketAddr) -> String {
    let scheme = if config.tls.is_on() { "https" } else { "http" };
    match &config.http.public_url {
        Some(url) => url.origin().ascii_serialization(),
        None if listening.ip().is_unspecified() || listening.ip().is_loopback() => {
            format!("{scheme}://localhost:{}", listening.port())
        }
        None => format!("{scheme}://{listening}"),
    }
}

/// Tells the person at the terminal. Not by the log: the set-up link is a secret.
#[expect(
    clippy::print_stdout,
    reason = "the address and the set-up link are this command's output"
)]
fn announce(server: &Server) {
    println!("Lectern is at {}", server.url);
    if let Some(link) = &server.setup_link {
        println!("Make the first admin here (the link works once): {link}");
    }
}
