//! What goes in and out of [`Live`](super::Live).

use lectern_media::engine::{IfMatch, Refused, Role};
use lectern_media::id::StreamId;
use lectern_media::peer::sdp::OfferError;
use std::net::{AddrParseError, IpAddr, SocketAddr, TcpListener, UdpSocket};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// Where all media comes in and goes out; bound before the start, so that a taken port is told at once.
#[derive(Debug)]
pub struct LiveSockets {
    /// All of UDP.
    pub udp: UdpSocket,
    /// For networks that block UDP; `None`: not served.
    pub tcp: Option<TcpListener>,
}

/// An address at which the world reaches this server, as a router in front of it maps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PublicAddress {
    /// The outer address.
    pub ip: IpAddr,
    /// The outer port; `None`: the same as the inner one.
    pub port: Option<u16>,
}

impl FromStr for PublicAddress {
    type Err = AddrParseError;

    /// `203.0.113.7`, `203.0.113.7:40000`, `2001:db8::7` or `[2001:db8::7]:40000`.
    fn from_str(text: &str) -> Result<PublicAddress, AddrParseError> {
        if let Ok(ip) = text.parse() {
            return Ok(PublicAddress { ip, port: None });
        }
        text.parse().map(|address: SocketAddr| PublicAddress {
            ip: address.ip(),
            port: Some(address.port()),
        })
    }
}

/// What the media part needs from the settings.
#[derive(Clone, Debug)]
pub struct LiveConfig {
    /// Addresses that are offered before the machine's own, for a server behind NAT.
    pub public_addresses: Vec<PublicAddress>,
    /// A STUN server, `host:port`, that is asked for the public address where none is given.
    pub stun_server: Option<String>,
    /// Keeps each media thread on a processor core of its own.
    pub pin_threads: bool,
    /// Media threads; 0: one per core. More than 64 are not used.
    pub shards: usize,
    /// How long a stream waits for a publisher that dropped out.
    pub grace: Duration,
    /// Whether trickled candidates are taken without `If-Match`.
    pub lenient_trickle: bool,
    /// The folder of recordings, one folder a stream in it; `None`: nothing is recorded.
    pub recordings: Option<PathBuf>,
}

/// Whether a publisher's stream is recorded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Recording {
    /// As far as the settings allow it. The answer puts codecs first that a recording can hold.
    Wanted,
    /// Not at all.
    Off,
}

/// Why an offer was not taken; nothing is kept of it then.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LiveError {
    /// The offer's fault; it knows its HTTP status.
    #[error(transparent)]
    Offer(#[from] OfferError),
    /// There is no room for one more, or the server is stopping.
    #[error("the server has no room for another connection now")]
    Overloaded,
}

impl From<Refused> for LiveError {
    fn from(refused: Refused) -> LiveError {
        match refused {
            Refused::Offer(error) => LiveError::Offer(error),
            Refused::Full => LiveError::Overloaded,
        }
    }
}

/// Who a peer is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PeerInfo {
    /// The stream it belongs to.
    pub stream: StreamId,
    /// What it does there.
    pub role: Role,
}

/// Which version of a connection's ICE session a client believes to change (`If-Match`).
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Precondition {
    /// It does not say.
    None,
    /// `*`.
    Any,
    /// An entity tag without quotes.
    Tag(String),
}

impl Precondition {
    pub(super) fn if_match(&self) -> IfMatch<'_> {
        match self {
            Precondition::None => IfMatch::Missing,
            Precondition::Any => IfMatch::Any,
            Precondition::Tag(tag) => IfMatch::Tag(tag),
        }
    }
}

/// An address that answers offer, and what a test of it from this machine has shown.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Offered {
    /// Where.
    pub address: SocketAddr,
    /// Whether it is TCP; otherwise UDP.
    pub is_tcp: bool,
    /// Whether this server answered there. If not, it need not be wrong: many routers do not let a machine reach itself
    /// by its outer address.
    pub answers: bool,
}

/// A stream at this moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct StreamStatus {
    /// Whether a publisher is connected.
    pub publishing: bool,
    /// Connected viewers.
    pub viewers: u32,
    /// How its recording is doing.
    pub recording: RecordingStatus,
}

/// How a recording is doing.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RecordingStatus {
    /// There is none.
    #[default]
    Off,
    /// It is being written, or waits for its publisher.
    Writing,
    /// The disk takes nothing; it is tried again. The class goes on.
    DiskFailing,
}

/// What happened to a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum LiveEvent {
    /// A publisher is connected: the first, one that came back, or one that took over.
    Published(StreamId),
    /// The publisher left or was lost; the grace time runs.
    PublisherGone(StreamId),
    /// The grace time is over and nobody came back.
    GraceOver(StreamId),
    /// So many viewers are connected now.
    ViewerCount(StreamId, u32),
    /// The publisher sends other layers than before.
    Layers(StreamId),
    /// There is something to replay.
    RecordingStarted(StreamId),
    /// Nothing more will be written.
    RecordingEnded(StreamId),
    /// The disk takes nothing: what is said meanwhile will be missing in the replay.
    RecordingFailing(StreamId),
}
