//! The shell around the media engine; a stand-in that carries no media.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use lectern_media::id::{PeerId, StreamId};
use tokio::sync::broadcast;

/// What the media part needs from the settings.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// Addresses announced instead of the machine's own.
    pub public_addresses: Vec<IpAddr>,
    /// Media threads; 0: one per core.
    pub shards: usize,
    /// How long a stream outlives its publisher.
    pub grace: Duration,
    /// Folder of recordings; `None`: nothing is recorded.
    pub recordings: Option<PathBuf>,
}

/// Handle of the running media part; cheap to clone.
#[derive(Clone, Debug)]
pub struct Live {
    events: broadcast::Sender<LiveEvent>,
}

/// The answer to an offer.
#[derive(Clone, Debug)]
pub struct Accepted {
    /// The WHIP or WHEP resource.
    pub peer: PeerId,
    /// SDP.
    pub answer: String,
    /// Quoted, strong.
    pub etag: String,
}

/// Why an offer was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LiveError {
    /// No room for one more.
    #[error("no media engine")]
    Overloaded,
}

/// Who a peer is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerInfo {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// What it does there.
    pub role: Role,
}

/// What a peer does in its stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Sends.
    Publisher,
    /// Receives.
    Viewer,
}

/// A stream at this moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StreamStatus {
    /// Whether media comes in.
    pub publishing: bool,
    /// Connected viewers.
    pub viewers: u32,
}

/// What happened to a stream.
#[derive(Clone, Debug)]
pub enum LiveEvent {
    /// Media comes in.
    Published(StreamId),
    /// The publisher left or was lost; the grace time runs.
    PublisherGone(StreamId),
    /// The grace time is over and nobody came back.
    GraceOver(StreamId),
    /// Viewers came or went.
    ViewerCount(StreamId, u32),
    /// The first segment can be played.
    RecordingStarted(StreamId),
    /// Nothing more will be written.
    RecordingEnded(StreamId),
}

impl Live {
    /// Starts the media threads on `socket`.
    ///
    /// # Errors
    /// None in this stand-in.
    pub fn start(_config: LiveConfig, _socket: std::net::UdpSocket) -> anyhow::Result<Live> {
        Ok(Live {
            events: broadcast::channel(64).0,
        })
    }

    /// Takes a publisher's offer.
    ///
    /// # Errors
    /// Always, in this stand-in.
    pub async fn publish(&self, _stream: StreamId, _offer: Bytes) -> Result<Accepted, LiveError> {
        Err(LiveError::Overloaded)
    }

    /// Takes a viewer's offer.
    ///
    /// # Errors
    /// Always, in this stand-in.
    pub async fn view(&self, _stream: StreamId, _offer: Bytes) -> Result<Accepted, LiveError> {
        Err(LiveError::Overloaded)
    }

    /// Closes a peer; false: there is none.
    pub async fn close(&self, _peer: PeerId) -> bool {
        false
    }

    /// Who a peer is.
    #[must_use]
    pub fn owner(&self, _peer: PeerId) -> Option<PeerInfo> {
        None
    }

    /// Ends a stream.
    pub async fn end(&self, _stream: StreamId) {}

    /// A stream at this moment.
    #[must_use]
    pub fn status(&self, _stream: StreamId) -> StreamStatus {
        StreamStatus::default()
    }

    /// What happens from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<LiveEvent> {
        self.events.subscribe()
    }

    /// Closes every peer and finishes all recordings.
    pub async fn stop(&self) {}
}
