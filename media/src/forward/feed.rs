//! What leaves a stream besides packets to its own viewers: the same facts go to a recorder, to another shard and to
//! another node. Cloning one copies no media.

use super::batch::Batch;
use super::layers::Shape;
use crate::codec::CodecParameters;
use crate::id::TrackId;
use std::sync::Arc;
use std::time::Instant;

/// One fact about a stream's media. The order in which the engine gives them is the order in which they hold.
#[derive(Clone, Debug)]
pub enum Feed {
    /// A publisher (the first one, one that came back, or another one) sends this track from here on, in this codec.
    /// The sequence and timestamp line of the track goes on. A new `epoch` means that the publisher changed: a
    /// decoder must start anew, and earlier [`Feed::SenderReport`]s no longer hold.
    Track {
        /// Which track.
        track: TrackId,
        /// Counts publishers of the stream from 0; all tracks of one publisher have the same.
        epoch: u32,
        /// What it is coded in.
        parameters: CodecParameters,
        /// Its packets have this sequence number and higher ones.
        starts_at: u64,
        /// What the publisher calls it where it sends the same picture in several encodings (its rid); else empty.
        name: Arc<str>,
    },
    /// What is in an encoding, when that was found out or has changed.
    Shape {
        /// Which track.
        track: TrackId,
        /// What is in it.
        shape: Shape,
    },
    /// Packets of a track.
    Packets {
        /// Which track.
        track: TrackId,
        /// The packets.
        batch: Arc<Batch>,
    },
    /// The publisher's clock: at `ntp_time` its RTP clock for the track stood at `rtp_time` (RFC 3550 section 6.4.1).
    SenderReport {
        /// Which track.
        track: TrackId,
        /// Seconds since 1900 as 32.32 fixed point, by the publisher's clock.
        ntp_time: u64,
        /// On the stream's line, with rollover.
        rtp_time: u64,
        /// When the report arrived.
        arrived: Instant,
    },
    /// The publisher is gone; another may come.
    PublisherGone,
    /// The stream is over; nothing follows.
    Ended,
}
