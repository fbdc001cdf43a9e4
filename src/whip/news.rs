//! What is new about the streams that somebody listens to: the state behind viewers' event streams.

use crate::App;
use crate::live::{LayerInfo, Live, LiveEvent};
use lectern_media::id::StreamId;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::watch;

/// A stream at this moment.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct News {
    /// Whether somebody publishes.
    pub is_active: bool,
    /// Connected viewers.
    pub viewers: u32,
    /// What the picture can be had in, best first.
    pub layers: Arc<[LayerInfo]>,
}

/// The streams that somebody listens to. Clones are the same one.
#[derive(Clone, Default)]
pub struct Bulletin(Arc<Mutex<HashMap<StreamId, watch::Sender<News>>>>);

impl Bulletin {
    /// What is known of a stream, and what comes.
    pub async fn follow(&self, live: &Live, stream: StreamId) -> watch::Receiver<News> {
        let layers = live.layers(stream).await.into();
        let mut streams = self.0.lock();
        let entry = streams
            .entry(stream)
            .or_insert_with(|| watch::Sender::new(News::default()));
        entry.send_if_modified(|news| news.update(live, stream, Some(layers)));
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
                    self.refresh(&app.live, stream).await;
                }
                Ok(LiveEvent::ViewerCount(stream, _)) => self.note(&app.live, stream, None),
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => {
                    let all: Vec<StreamId> = self.0.lock().keys().copied().collect();
                    for stream in all {
                        self.refresh(&app.live, stream).await;
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn refresh(&self, live: &Live, stream: StreamId) {
        if self.0.lock().contains_key(&stream) {
            let layers = live.layers(stream).await.into();
            self.note(live, stream, Some(layers));
        }
    }

    /// Passes on what is new, and forgets a stream that nobody listens to any more.
    fn note(&self, live: &Live, stream: StreamId, layers: Option<Arc<[LayerInfo]>>) {
        let mut streams = self.0.lock();
        let Some(entry) = streams.get(&stream) else { return };
        if entry.is_closed() {
            streams.remove(&stream);
        } else {
            entry.send_if_modified(|news| news.update(live, stream, layers));
        }
    }
}

impl News {
    /// Says whether anything is new.
    fn update(&mut self, live: &Live, stream: StreamId, layers: Option<Arc<[LayerInfo]>>) -> bool {
        let status = live.status(stream);
        let now = News {
            is_active: status.publishing,
            viewers: status.viewers,
            layers: layers.unwrap_or_else(|| Arc::clone(&self.layers)),
        };
        let is_new = *self != now;
        *self = now;
        is_new
    }
}
