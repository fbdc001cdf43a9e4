//! A publisher's packet, opened and not yet on the stream's line.

use crate::codec::{CodecParameters, Kind};
use crate::wire::dependency::Dependency;

/// What a packet said, decrypted.
pub struct Received<'a> {
    /// Sound or picture.
    pub kind: Kind,
    /// Which of the publisher's simulcast encodings, in the order of its offer; 0 without simulcast and for sound.
    pub encoding: u8,
    /// What it is coded in.
    pub parameters: CodecParameters,
    /// Which of the publisher's sources; see [`super::ingest::Ingest::source`].
    pub source: usize,
    /// Sequence number with rollover, in the source's own counting.
    pub extended: u64,
    /// Without rollover.
    pub timestamp: u32,
    /// Last packet of a video frame.
    pub marker: bool,
    /// Which layers inside the encoding it belongs to, where the publisher says so.
    pub dependency: Option<Dependency>,
    /// Without padding; empty for a probe.
    pub payload: &'a [u8],
}
