//! The media engine: WebRTC in from publishers, WebRTC out to viewers, CMAF out to recordings.
//!
//! It does no I/O. Facts come in (`handle_*`, commands), work comes out (`poll_*`), and time and randomness are
//! arguments. The shell in the server owns sockets, threads, clocks and files.
//!
//! | module | what it is for |
//! |---|---|
//! | [`engine`] | one shard: its face, its peers, its streams |
//! | [`net`] | where datagrams come from and go to |
//! | [`demux`] | which peer owns a datagram |
//! | [`peer`] | the layers of one connection: SDP, ICE-lite, DTLS, SRTP |
//! | [`stream`] | tracks and viewers of one stream |
//! | [`forward`] | from one received packet to many sent ones |
//! | [`codec`] | key frames, frames and parameter sets in RTP payloads |
//! | [`record`] | from packets to CMAF segments and playlists |
//! | `sim` | a simulated world, for tests and benches |
//! | [`wire`] | the few hot parsers, one file per format |

pub mod codec;
pub mod demux;
pub mod engine;
pub mod forward;
pub mod id;
pub mod net;
pub mod peer;
pub mod record;
#[cfg(any(test, feature = "sim"))]
pub mod sim;
pub mod stream;
pub mod wire;
