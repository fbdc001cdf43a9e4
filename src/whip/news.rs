//! What is new about the streams that somebody listens to: the state behind viewers' event streams.

use crate::live::{LayerInfo, LiveEvent};
use crate::sessions::pushes;
use crate::{App, id};
use lectern_media::id::StreamId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;
use uuid::Uuid;

/// A stream at this moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct News {
    /// Whether somebody publishes.
    pub is_active: bool,
    /// Connected viewers, on all servers.
    pub viewers: u32,
    /// What the picture can be had in, best first.
    pub layers: Arc<[LayerInfo]>,
}

/// The streams that somebody listens to. Clones are the same one.
#[derive(Clone, Default)]
pub struct Bulletin(Arc<Mutex<HashMap<StreamId, watch::Sender<News>>>>);

impl Bulletin {
    /// What is known of a stream, and what comes.
    pub async fn follow(&self, app: &App, stream: StreamId) -> watch::Receiver<News> {
        let layers = app.live.layers(stream).await.into();
        let mut streams = self.0.lock();
        let entry = streams
            .entry(stream)
            .or_insert_with(|| watch::Sender::new(News::default()));
        entry.send_if_modified(|news| news.update(app, stream, Some(layers)));
        entry.subscribe()
    }

    /// Keeps what is known up to date until the server stops.
    pub async fn run(self, app: App) {
        let mut events = app.live.subscribe();
        loop {
            let event = tokio::select! {
                () = app.shutdown.cancelled() => return,
                event = events.recv() => event,
            };
            match event {
                Ok(LiveEvent::Published(stream) | LiveEvent::PublisherGone(stream) | LiveEvent::Layers(stream)) => {
                    self.refresh(&app, stream).await;
                }
                Ok(LiveEvent::ViewerCount(stream, _)) => self.note(&app, stream, None),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    let all: Vec<StreamId> = self.0.lock().keys().copied().collect();
                    for stream in all {
                        self.refresh(&app, stream).await;
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    /// Passes on that viewers of a session came or went, here or elsewhere.
    pub fn note_viewers(&self, app: &App, session: Uuid) {
        self.note(app, id::stream_of(session), None);
    }

    async fn refresh(&self, app: &App, stream: StreamId) {
        if self.0.lock().contains_key(&stream) {
            let layers = app.live.layers(stream).await.into();
            self.note(app, stream, Some(layers));
        }
    }

    /// Passes on what is new, and forgets a stream that nobody listens to any more.
    fn note(&self, app: &App, stream: StreamId, layers: Option<Arc<[LayerInfo]>>) {
        let mut streams = self.0.lock();
        let Some(entry) = streams.get(&stream) else { return };
        if entry.is_closed() {
            streams.remove(&stream);
        } else {
            entry.send_if_modified(|news| news.update(app, stream, layers));
        }
    }
}

impl News {
    /// Says whether anything is new.
    fn update(&mut self, app: &App, stream: StreamId, layers: Option<Arc<[LayerInfo]>>) -> bool {
        let now = News {
            is_active: app.live.status(stream).publishing,
            viewers: pushes::viewers(app, id::session_of(stream)),
            layers: layers.unwrap_or_else(|| Arc::clone(&self.layers)),
        };
        let is_new = *self != now;
        *self = now;
        is_new
    }
}
