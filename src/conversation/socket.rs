//! HTTP of one open WebSocket, from the first to the last message.
//!
//! Everything that is sent here is bounded: what waits stands in the ring that all followers share (`events`), and a client
//! that does not read is left alone after [`PATIENCE`].

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use bytes::Bytes;
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};
use uuid::Uuid;

use super::commands::{Command, Request};
use super::places::Place;
use crate::accounts::User;
use crate::accounts::limits::Keyed;
use crate::accounts::proof::Proof;
use crate::chat::history;
use crate::error::{Error, Result};
use crate::events::{self, Following, Heard, Push, TooSlow};
use crate::http::problem::{Problem, whole_seconds};
use crate::sessions::access::authorize_conversation;
use crate::sessions::pushes;
use crate::{App, sessions};

/// When a client that was sent away by a restart may come back, at the latest.
pub(super) const RESTART: Duration = Duration::from_secs(3);
/// How long a client may take to read what is written to it.
const PATIENCE: Duration = Duration::from_secs(10);
/// How often a client is asked whether it is there.
const PING_EVERY: Duration = Duration::from_secs(25);
/// Who says nothing for this long, not even that it is there, is gone.
const SILENCE: Duration = Duration::from_secs(60);
/// How often a right is checked that ends by itself (a login, a token, a ban); what somebody ends is checked at once.
const CHECK_EVERY: Duration = Duration::from_secs(300);
/// Messages that are written at once, if so many wait.
const MOST_AT_ONCE: usize = 64;
/// What one client may send: so many at once, and one for each period after that.
const COMMANDS: (u32, Duration) = (20, Duration::from_millis(250));

/// Why a WebSocket is closed (RFC 6455 section 7.4.1; 4000 and up are ours).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum End {
    /// The client has gone, or does not read.
    Gone,
    /// It sent something that is no text.
    NoText,
    /// It sent too much.
    TooMuch,
    /// It did not keep up, or something may be missing: it is to come back.
    ComeBack,
    /// The server stops.
    Restart,
    /// Its right has ended.
    NoRight,
}

/// Who is there.
pub(super) struct Client {
    /// Free again when it goes.
    pub(super) _place: Place,
    /// How it showed whose it is, which may end.
    pub(super) proof: Option<Proof>,
    /// Whose it is.
    pub(super) user: Option<User>,
    /// What it follows.
    pub(super) session: Uuid,
}

/// Serves one client to its end.
pub(super) async fn run(app: App, socket: WebSocket, client: Client, following: Following, after: Option<Uuid>) {
    let (burst, period) = COMMANDS;
    let mut open = Open {
        socket,
        sent_up_to: after,
        commands: Keyed::new(burst, period),
        client,
        app,
    };
    let end = match open.begin(after).await {
        Ok(()) => open.serve(following).await,
        Err(end) => end,
    };
    open.say_goodbye(end).await;
}

struct Open {
    app: App,
    socket: WebSocket,
    client: Client,
    /// The last chat message that was sent; older ones that come again are left out.
    sent_up_to: Option<Uuid>,
    commands: Keyed<()>,
}

impl Open {
    /// Where the session is, and what the client missed.
    async fn begin(&mut self, after: Option<Uuid>) -> Result<(), End> {
        let session = sessions::get(&self.app, self.client.session)
            .await
            .map_err(|_| End::NoRight)?;
        self.feed(pushes::status(&self.app, &session).text).await?;
        if let Some(after) = after {
            self.catch_up(after).await?;
        }
        self.flush().await
    }

    async fn serve(&mut self, mut following: Following) -> End {
        let mut ping = every(PING_EVERY);
        let mut check = every(CHECK_EVERY);
        let mut heard_at = Instant::now();
        let stop = self.app.shutdown.clone();
        loop {
            let step = tokio::select! {
                () = stop.cancelled() => Err(End::Restart),
                heard = following.next() => match self.on_heard(heard).await {
                    Ok(()) => self.send_waiting(&mut following).await,
                    end => end,
                },
                message = self.socket.recv() => {
                    heard_at = Instant::now();
                    self.on_message(message.and_then(Result::ok)).await
                }
                _ = ping.tick() => match heard_at.elapsed() > SILENCE {
                    true => Err(End::Gone),
                    false => self.send(Message::Ping(Bytes::new())).await,
                },
                _ = check.tick() => self.check_right().await,
            };
            if let Err(end) = step {
                return end;
            }
        }
    }

    /// Writes what waits as well, then all of it at once.
    async fn send_waiting(&mut self, following: &mut Following) -> Result<(), End> {
        for _ in 0..MOST_AT_ONCE {
            match following.ready() {
                Ok(Some(heard)) => self.on_heard(Ok(heard)).await?,
                Ok(None) => break,
                Err(TooSlow) => return Err(End::ComeBack),
            }
        }
        self.flush().await
    }

    async fn on_heard(&mut self, heard: Result<Heard, TooSlow>) -> Result<(), End> {
        match heard {
            Ok(Heard::Push(push)) if self.is_for_me(&push) => self.feed(push.text.clone()).await,
            Ok(Heard::Push(_)) => Ok(()),
            Ok(Heard::Rights(user)) if user.is_none() || user == self.user_id() => self.check_right().await,
            Ok(Heard::Rights(_)) => Ok(()),
            Ok(Heard::Gap) | Err(TooSlow) => Err(End::ComeBack),
        }
    }

    /// Also notes what was sent, so that a message that was caught up with is not sent again.
    fn is_for_me(&mut self, push: &Push) -> bool {
        if push.to.is_some() && push.to != self.user_id() {
            return false;
        }
        if push.message.is_some() {
            if push.message <= self.sent_up_to {
                return false;
            }
            self.sent_up_to = push.message;
        }
        true
    }

    async fn on_message(&mut self, message: Option<Message>) -> Result<(), End> {
        let text = match message {
            Some(Message::Text(text)) => text,
            Some(Message::Ping(_) | Message::Pong(_)) => return Ok(()),
            Some(Message::Binary(_)) => return Err(End::NoText),
            Some(Message::Close(_)) | None => return Err(End::Gone),
        };
        self.commands.check(&()).map_err(|_| End::TooMuch)?;
        let request = Request::read(text.as_str());
        let done = match request.command {
            Ok(Command::Resume { after }) => return self.resume(after).await,
            Ok(command) => {
                let user = self.client.user.as_ref();
                command.execute(&self.app, self.client.session, user).await
            }
            Err(error) => Err(error),
        };
        match done {
            Ok(()) => Ok(()),
            Err(error) => self.send_error(error, request.reference).await,
        }
    }

    async fn resume(&mut self, after: Uuid) -> Result<(), End> {
        self.catch_up(after).await?;
        self.flush().await
    }

    /// Writes what came after a message, in its order. What comes meanwhile waits in the ring, and what is in both is
    /// sent once: each message is committed before it is told.
    async fn catch_up(&mut self, after: Uuid) -> Result<(), End> {
        let session = self.client.session;
        let come_back = |error: Error| {
            tracing::warn!(error = format!("{error:#}"), "a client could not be brought up to date");
            End::ComeBack
        };
        for change in history::changes_since(&self.app, session, after)
            .await
            .map_err(come_back)?
        {
            self.feed(change.text).await?;
        }
        let mut last = after;
        loop {
            let missed = history::missed(&self.app, session, last).await.map_err(come_back)?;
            let Some(newest) = missed.last().and_then(|push| push.message) else {
                return Ok(());
            };
            for push in missed {
                self.feed(push.text).await?;
            }
            last = newest;
            self.sent_up_to = self.sent_up_to.max(Some(last));
        }
    }

    /// Whether the client still may be here.
    async fn check_right(&mut self) -> Result<(), End> {
        match self.right().await {
            Ok(()) => Ok(()),
            Err(Error::Internal(_) | Error::Unavailable { .. }) => Err(End::ComeBack), // it is checked when it does
            Err(_) => Err(End::NoRight),
        }
    }

    async fn right(&mut self) -> Result<()> {
        if let Some(proof) = &self.client.proof {
            let found = proof.user(&self.app).await?;
            self.client.user = Some(found.ok_or(Error::Unauthenticated("signed out"))?);
        }
        let user = self.client.user.as_ref();
        authorize_conversation(&self.app, self.client.session, user)
            .await
            .map(drop)
    }

    async fn send_error(&mut self, error: Error, reference: Option<Value>) -> Result<(), End> {
        let wait = error.retry_after().map(whole_seconds);
        let problem = Problem::from(error);
        let mut data = json!({ "type": problem.kind, "title": problem.title, "detail": problem.detail });
        if let Some(wait) = wait {
            data["retryAfter"] = wait.into();
        }
        if let Some(reference) = reference {
            data["ref"] = reference;
        }
        self.feed(events::text("error", &data)).await?;
        self.flush().await
    }

    async fn say_goodbye(mut self, end: End) {
        if end == End::Gone {
            return;
        }
        if matches!(end, End::Restart | End::ComeBack) {
            let data = json!({ "retryAfterMs": come_back_in().as_millis() });
            let _ = self.feed(events::text("server:restart", &data)).await; // it may have gone itself
        }
        let (code, reason) = end.describe();
        let frame = CloseFrame {
            code,
            reason: Utf8Bytes::from_static(reason),
        };
        let _ = self.send(Message::Close(Some(frame))).await;
    }

    /// Puts a text before the client, to be written with the next [`Open::flush`].
    async fn feed(&mut self, text: Bytes) -> Result<(), End> {
        let text = Utf8Bytes::try_from(text).expect("events are JSON");
        in_time(self.socket.feed(Message::Text(text))).await
    }

    async fn flush(&mut self) -> Result<(), End> {
        in_time(self.socket.flush()).await
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        in_time(self.socket.send(message)).await
    }

    fn user_id(&self) -> Option<Uuid> {
        self.client.user.as_ref().map(|user| user.id)
    }
}

async fn in_time(writing: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
    match timeout(PATIENCE, writing).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) | Err(_) => Err(End::Gone),
    }
}

/// The first tick comes after one period.
fn every(period: Duration) -> tokio::time::Interval {
    let mut ticks = interval_at(Instant::now() + period, period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}

/// Spread, so that thousands of clients do not come back in the same instant.
fn come_back_in() -> Duration {
    let share = f64::from(getrandom::u32().unwrap_or(0)) / f64::from(u32::MAX);
    RESTART.mul_f64(0.2 + 0.8 * share)
}

impl End {
    fn describe(self) -> (u16, &'static str) {
        match self {
            End::Gone => (1001, "gone"),
            End::NoText => (1003, "only text is understood"),
            End::TooMuch => (1008, "too many messages"),
            End::Restart => (1012, "the server is being restarted"),
            End::ComeBack => (1013, "come back and read anew"),
            End::NoRight => (4403, "the right to be here has ended"),
        }
    }
}
