//! The section of the settings about live media.

use std::net::SocketAddr;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use super::read::{empty_is_no_text, empty_is_none, is_origin, no_origin, seconds, tcp_listen, texts};
use crate::live::PublicAddress;

/// `[media]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Media {
    /// UDP address of all publishers and viewers.
    pub udp_listen: SocketAddr,
    /// TCP address of the same, for networks that block UDP.
    #[serde(deserialize_with = "tcp_listen")]
    pub tcp_listen: TcpListen,
    /// Addresses announced before the machine's own.
    #[serde(deserialize_with = "texts")]
    pub public_addresses: Vec<PublicAddress>,
    /// A STUN server that is asked for the public address.
    #[serde(deserialize_with = "empty_is_no_text")]
    pub stun_server: Option<String>,
    /// Media threads; 0: one per core.
    pub shards: usize,
    /// Whether each media thread stays on one core.
    pub pin_threads: bool,
    /// How long a stream outlives its publisher.
    #[serde(rename = "grace_s", deserialize_with = "seconds")]
    pub grace: Duration,
    /// What clients are told to use besides this server.
    pub ice_servers: Vec<IceServer>,
    /// Whether trickled candidates are taken without `If-Match`.
    pub lenient_trickle: bool,
    /// Longest offer or answer.
    pub max_sdp_bytes: usize,
    /// Connections opened at once from one address or with one token.
    pub open_burst: u32,
    /// Connections opened a second after that.
    pub open_per_s: u32,
    /// How long running classes go on at the end.
    #[serde(rename = "drain_s", deserialize_with = "seconds")]
    pub drain: Duration,
    /// Where new connections are sent meanwhile.
    #[serde(deserialize_with = "empty_is_none")]
    pub drain_to: Option<Url>,
}

/// An entry of `media.ice_servers`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IceServer {
    /// As RFC 7064 and RFC 7065 have it: `stun:…`, `turns:…?transport=tcp`.
    pub url: String,
    /// For TURN.
    #[serde(default)]
    pub username: String,
    /// For TURN.
    #[serde(default)]
    pub credential: SecretString,
}

/// Where media over TCP is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TcpListen {
    /// At the address and port number of `udp_listen`.
    Same,
    /// Nowhere.
    Off,
    /// Here.
    At(SocketAddr),
}

impl Media {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if self.shards > 256 {
            return Err((
                "media.shards",
                "at most 256 threads make sense; 0 takes one for each core".into(),
            ));
        }
        if self
            .public_addresses
            .iter()
            .any(|address| address.ip.is_unspecified() || address.port == Some(0))
        {
            return Err((
                "media.public_addresses",
                "an address or a port of zeros reaches nobody".into(),
            ));
        }
        if let Some(server) = &self.stun_server
            && !server
                .rsplit_once(':')
                .is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok())
        {
            let message = format!("{server:?} is not host and port; write for example \"stun.example.org:3478\"");
            return Err(("media.stun_server", message));
        }
        if !(1..=65_536).contains(&self.max_sdp_bytes) {
            return Err(("media.max_sdp_bytes", "must be between 1 and 65536".into()));
        }
        if let Some(url) = self.drain_to.as_ref().filter(|url| !is_origin(url)) {
            return Err(("media.drain_to", no_origin(url)));
        }
        match self.ice_servers.iter().find(|server| !server.is_good()) {
            Some(server) => Err((
                "media.ice_servers",
                format!(
                    "{:?} cannot be told to clients: a url starts with stun:, stuns:, turn: or turns:, turn needs username and credential, and all are plain ASCII",
                    server.url
                ),
            )),
            None => Ok(()),
        }
    }
}

impl IceServer {
    /// Whether it can stand in a header, and a client can use it.
    fn is_good(&self) -> bool {
        let is_plain = |text: &str| text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        let (username, credential) = (self.username.as_str(), self.credential.expose_secret());
        let has_login = !username.is_empty() && !credential.is_empty();
        let is_url = self
            .url
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"<>\"\\".contains(&b));
        let is_kind = match self.url.split_once(':') {
            Some(("stun" | "stuns", host)) => !host.is_empty(),
            Some(("turn" | "turns", host)) => !host.is_empty() && has_login,
            _ => false,
        };
        is_url && is_kind && is_plain(username) && is_plain(credential)
    }
}
