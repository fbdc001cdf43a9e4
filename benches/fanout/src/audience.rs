//! What viewers send while the bench measures the engine alone: feedback about everything they were sent, as browsers
//! send it every 50 to 100 ms, and requests for packets. Without feedback the engine would take their lines for dead and
//! feed them drop by drop. It is made outside of the measurement; taking it is part of what is measured.

use lectern_media::engine::Origin;
use lectern_media::sim::Sim;
use lectern_media::wire::rtcp;
use lectern_media::wire::rtp::Header;
use lectern_media::wire::transport_cc::Arrivals;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// As the simulated viewers offer it.
const TRANSPORT_CC_ID: u8 = 3;

const FEEDBACK_INTERVAL: Duration = Duration::from_millis(100);

/// Header with one extension.
const HEAD_BYTES: usize = 20;

/// Of so many packets, one is asked for again.
const NACK_EVERY: u64 = 100;

const OUR_SSRC: u32 = 7;

/// See the module.
#[derive(Default)]
pub(crate) struct Audience {
    heads: Vec<(SocketAddr, [u8; HEAD_BYTES])>,
    arrivals: HashMap<SocketAddr, (Arrivals, Instant)>,
    received: u64,
    /// Whether one packet in [`NACK_EVERY`] is asked for again.
    pub(crate) asks_again: bool,
    /// What the engine is to be given next.
    pub(crate) says: Vec<(Origin, Vec<u8>)>,
}

impl Audience {
    /// Notes what was sent; the cheap half, inside of the measurement.
    pub(crate) fn note(&mut self, to: SocketAddr, contents: &[u8], segment_bytes: Option<usize>) {
        for datagram in contents.chunks(segment_bytes.unwrap_or(contents.len()).max(1)) {
            self.heads.extend(datagram.first_chunk().map(|head| (to, *head)));
        }
    }

    /// Makes what the viewers say to it.
    pub(crate) fn answer(&mut self, sim: &mut Sim, now: Instant) {
        self.says.clear();
        for (viewer, head) in self.heads.drain(..) {
            let Some(header) = Header::parse(&head) else { continue };
            let first = || (Arrivals::new(now), now + FEEDBACK_INTERVAL);
            let (arrivals, due) = self.arrivals.entry(viewer).or_insert_with(first);
            let mut compound = Vec::new();
            if let Some(&[high, low]) = header.extension(&head, TRANSPORT_CC_ID) {
                arrivals.note(u16::from_be_bytes([high, low]), now);
                if now >= *due {
                    *due = now + FEEDBACK_INTERVAL;
                    arrivals.write_feedback(OUR_SSRC, header.ssrc, &mut compound);
                }
            }
            self.received += 1;
            if self.asks_again && self.received.is_multiple_of(NACK_EVERY) {
                rtcp::write_nack(OUR_SSRC, header.ssrc, &[header.seq], &mut compound);
            }
            if !compound.is_empty() {
                self.says.extend(sim.sealed(viewer, compound));
            }
        }
    }
}
