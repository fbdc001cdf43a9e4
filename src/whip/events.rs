//! Viewers' event streams: which there are, and what each has still to tell (WHEP extension for server-sent events).
//!
//! An event stream keeps no queue. It remembers what it told last, and tells what is different now, so that a client
//! that does not read costs nothing and one that comes back gets what it missed.

use super::news::News;
use crate::error::{Error, Result};
use crate::live::LayerInfo;
use axum::http::StatusCode;
use lectern_media::id::PeerId;
use parking_lot::Mutex;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What can be told.
pub const NAMES: [&str; 5] = ["active", "inactive", "layers", "viewercount", "reconnect"];

/// Event streams of one connection.
const MOST_STREAMS: usize = 4;

/// All event streams. Clones are the same one.
#[derive(Clone, Default)]
pub struct EventStreams(Arc<Mutex<HashMap<PeerId, Vec<Arc<EventStream>>>>>);

/// One event stream.
pub struct EventStream {
    /// Its name in its address.
    pub id: u64,
    /// Cancelled when it is to end.
    pub end: CancellationToken,
    wanted: Vec<String>,
    told: Mutex<Told>,
    readers: watch::Sender<u64>,
}

/// What was told last.
#[derive(Default)]
struct Told {
    is_active: bool,
    viewers: Option<u32>,
    layers: Option<Arc<[LayerInfo]>>,
    reconnect: bool,
}

/// An event: its name and its data.
pub type Event = (&'static str, Value);

/// Checks what a client wants to be told.
///
/// # Errors
/// 400 for an event that there is none of.
pub fn check_names(wanted: &[String]) -> Result<()> {
    match wanted.iter().find(|name| !NAMES.contains(&name.as_str())) {
        Some(_) => Err(Error::Refused {
            status: StatusCode::BAD_REQUEST,
            code: "unknown-event",
            detail: format!(
                "an event that was asked for does not exist; there are {}",
                NAMES.join(", ")
            )
            .into(),
        }),
        None => Ok(()),
    }
}

impl EventStreams {
    /// Makes one for a connection that ends with `end`.
    ///
    /// # Errors
    /// 409 when the connection has enough of them.
    pub fn open(&self, peer: PeerId, wanted: Vec<String>, end: &CancellationToken) -> Result<Arc<EventStream>> {
        let mut all = self.0.lock();
        let streams = all.entry(peer).or_insert_with(|| {
            let (all, end) = (self.clone(), end.clone());
            tokio::spawn(async move {
                end.cancelled().await;
                all.0.lock().remove(&peer);
            });
            Vec::new()
        });
        if streams.len() >= MOST_STREAMS {
            return Err(Error::Conflict {
                code: "too-many-event-streams",
                detail: "this connection has as many event streams as it may have",
            });
        }
        let id = streams.iter().map(|stream| stream.id + 1).max().unwrap_or(1);
        let stream = Arc::new(EventStream {
            id,
            end: end.child_token(),
            wanted,
            told: Mutex::default(),
            readers: watch::Sender::new(0),
        });
        streams.push(Arc::clone(&stream));
        Ok(stream)
    }

    /// The one of this name.
    #[must_use]
    pub fn find(&self, peer: PeerId, id: u64) -> Option<Arc<EventStream>> {
        let all = self.0.lock();
        all.get(&peer)?.iter().find(|stream| stream.id == id).cloned()
    }

    /// Ends one; false when there is none of this name.
    pub fn close(&self, peer: PeerId, id: u64) -> bool {
        let mut all = self.0.lock();
        let Some(streams) = all.get_mut(&peer) else {
            return false;
        };
        let Some(index) = streams.iter().position(|stream| stream.id == id) else {
            return false;
        };
        streams.remove(index).end.cancel();
        true
    }
}

impl EventStream {
    /// A new reader takes the place of one that is there; that one sees the number change.
    pub fn read(&self) -> watch::Receiver<u64> {
        self.readers.send_modify(|number| *number += 1);
        let mut readers = self.readers.subscribe();
        readers.mark_unchanged();
        readers
    }

    /// The next thing to tell, if there is any. `section` is where the picture stands among the viewer's sections.
    pub fn next(&self, news: &News, section: Option<usize>) -> Option<Event> {
        let mut told = self.told.lock();
        loop {
            let (name, data) = told.next(news, section)?;
            if self.wants(name) {
                return Some((name, data));
            }
        }
    }

    /// The wish that the client comes back somewhere else, once.
    pub fn reconnect(&self, url: Option<String>) -> Option<Event> {
        let is_first = !std::mem::replace(&mut self.told.lock().reconnect, true);
        let data = url.map_or_else(|| json!({}), |url| json!({ "url": url }));
        (is_first && self.wants("reconnect")).then_some(("reconnect", data))
    }

    fn wants(&self, name: &str) -> bool {
        self.wanted.iter().any(|wanted| wanted == name)
    }
}

impl Told {
    fn next(&mut self, news: &News, section: Option<usize>) -> Option<Event> {
        if self.is_active != news.is_active {
            self.is_active = news.is_active;
            return Some((if news.is_active { "active" } else { "inactive" }, json!({})));
        }
        let is_known = |known: &Arc<[LayerInfo]>| same_layers(known, &news.layers);
        if !self.layers.as_ref().map_or(news.layers.is_empty(), is_known) {
            self.layers = Some(Arc::clone(&news.layers));
            return Some(("layers", layers(&news.layers, section?)));
        }
        if self.viewers != Some(news.viewers) {
            self.viewers = Some(news.viewers);
            return Some(("viewercount", json!({ "viewercount": news.viewers })));
        }
        None
    }
}

/// Whether two lists differ in bit rates only.
fn same_layers(a: &[LayerInfo], b: &[LayerInfo]) -> bool {
    let without_rate = |layer: &LayerInfo| LayerInfo {
        bitrate_bps: 0,
        ..layer.clone()
    };
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| without_rate(a) == without_rate(b))
}

/// The layers of the section at this place. A layer without a bit rate is not active. `encodingId` is what earlier
/// drafts call a `rid`.
fn layers(layers: &[LayerInfo], section: usize) -> Value {
    let layer = |layer: &LayerInfo| {
        let mut fields = serde_json::Map::new();
        let mut put = |name: &str, value: Option<Value>| {
            if let Some(value) = value {
                fields.insert(name.to_owned(), value);
            }
        };
        put("rid", Some(json!(layer.encoding_id)));
        put("encodingId", Some(json!(layer.encoding_id)));
        put("spatialLayerId", layer.spatial.map(Value::from));
        put("temporalLayerId", layer.temporal.map(Value::from));
        put("bitrate", layer.is_active.then(|| json!(layer.bitrate_bps)));
        put("width", layer.width.map(Value::from));
        put("height", layer.height.map(Value::from));
        Value::Object(fields)
    };
    json!({ section.to_string(): layers.iter().map(layer).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stream(wanted: &[&str]) -> Arc<EventStream> {
        let wanted = wanted.iter().map(|&name| name.to_owned()).collect();
        let open = EventStreams::default().open(PeerId(1), wanted, &CancellationToken::new());
        open.unwrap_or_else(|_| unreachable!())
    }

    fn told(stream: &EventStream, news: &News) -> Vec<(String, String)> {
        std::iter::from_fn(|| stream.next(news, Some(1)))
            .map(|(name, data)| (name.to_owned(), data.to_string()))
            .collect()
    }

    #[tokio::test]
    async fn what_is_different_is_told_once_and_nothing_before_there_is_something() {
        let stream = stream(&NAMES);
        let mut news = News::default();
        let count = |n: u32| ("viewercount".to_owned(), format!("{{\"viewercount\":{n}}}"));
        let plain = |name: &str| (name.to_owned(), "{}".to_owned());
        assert_eq!(told(&stream, &news), [count(0)], "not inactive: it never was active");
        news.is_active = true;
        news.viewers = 2;
        assert_eq!(told(&stream, &news), [plain("active"), count(2)]);
        assert_eq!(told(&stream, &news), []);
        let layer = LayerInfo {
            encoding_id: "h".into(),
            width: Some(1280),
            bitrate_bps: 9,
            is_active: true,
            ..LayerInfo::default()
        };
        news.layers = vec![layer.clone()].into();
        let text = r#"{"1":[{"bitrate":9,"encodingId":"h","rid":"h","width":1280}]}"#;
        assert_eq!(told(&stream, &news), [("layers".to_owned(), text.to_owned())]);
        news.layers = vec![LayerInfo {
            bitrate_bps: 8,
            ..layer
        }]
        .into();
        assert_eq!(told(&stream, &news), [], "a rate alone is no news");
        news.is_active = false;
        assert_eq!(told(&stream, &news), [plain("inactive")]);
    }

    #[tokio::test]
    async fn only_what_is_wanted_is_told() {
        let stream = stream(&["inactive"]);
        let mut news = News {
            is_active: true,
            viewers: 5,
            ..News::default()
        };
        assert_eq!(told(&stream, &news), []);
        news.is_active = false;
        assert_eq!(told(&stream, &news), [("inactive".to_owned(), "{}".to_owned())]);
        assert_eq!(stream.reconnect(None), None);
    }

    #[tokio::test]
    async fn streams_are_few_and_end_with_their_connection() {
        let (streams, end) = (EventStreams::default(), CancellationToken::new());
        let opened: Vec<_> = (0..MOST_STREAMS)
            .map(|_| streams.open(PeerId(1), vec![], &end).ok().unwrap())
            .collect();
        assert!(streams.open(PeerId(1), vec![], &end).is_err());
        assert!(streams.close(PeerId(1), opened[0].id) && !streams.close(PeerId(1), opened[0].id));
        assert!(opened[0].end.is_cancelled() && !opened[1].end.is_cancelled());
        assert!(streams.open(PeerId(1), vec![], &end).is_ok());
        end.cancel();
        assert!(opened[1].end.is_cancelled());
        while streams.find(PeerId(1), opened[1].id).is_some() {
            tokio::task::yield_now().await;
        }
    }
}
