//! `lectern-load`: holds many WHEP viewers against any server and reports what they got.
//!
//! A viewer is not a browser and not the `webrtc` crate, but the least that a server takes for one: an offer as a browser
//! writes it, a full ICE agent, a DTLS handshake, receiver reports and transport-wide feedback, and counting. It decodes
//! nothing and decrypts only what it must look at, so that a core of the tester holds thousands.
//!
//! | module | what it is for |
//! |---|---|
//! | [`options`] | the command line |
//! | [`run`](mod@run) | the course of a run: publish, join, measure, end |
//! | [`report`], [`plot`] | what it found, as JSON, table and picture |
//! | `whep`, `sdp` | asking a server |
//! | `connection`, `stun`, `port` | one connection: ICE, DTLS, socket |
//! | `worker`, `viewer`, `line`, `tally` | threads, their viewers, and what these count |
//! | `publisher`, `clip`, `packetise`, `stamp` | sending a file with stamps |
//! | `process` | what the server's process uses |

mod clip;
mod connection;
mod line;
pub mod options;
mod packetise;
pub mod plot;
mod port;
mod process;
mod publisher;
pub mod report;
pub mod run;
mod sdp;
mod stamp;
mod stun;
mod tally;
mod viewer;
mod whep;
mod worker;

pub use options::Options;
pub use report::Report;
pub use run::run;
