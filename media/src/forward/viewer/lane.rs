//! One outgoing RTP stream of one viewer: its numbers, and how they lie on the lines of the layers that it was sent.
//!
//! One 64-bit index per lane is sequence number, rollover count and SRTP nonce. A packet of the line has at most one
//! index in a lane, and is sealed under it at most once: in order, or late if it arrived late. Everything that is sent
//! again goes by RTX, which counts for itself. That is what keeps a nonce from being used for different bytes.

use crate::forward::layers::LayerId;
use smallvec::SmallVec;

/// Jumps remembered: NACKs for what was sent before the oldest are not answered.
const MAX_SPANS: usize = 8;

/// An index starts below 32768, or a lost first packet would make the receiver guess a wrong rollover count.
pub const MAX_FIRST_INDEX: u64 = 0x4000;

/// Part of the line that was, or is being, sent without a jump.
#[derive(Clone, Copy, Debug)]
struct Span {
    layer: LayerId,
    from: u64,
    /// One past the last; open for the current one.
    until: u64,
    index: u64,
    rtp_offset: u32,
}

/// A packet that was sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SentAs {
    /// Of which layer.
    pub layer: LayerId,
    /// Its number on that layer's line.
    pub seq: u64,
    /// What was added to its timestamp.
    pub rtp_offset: u32,
}

/// See the module.
pub struct Lane {
    /// Our source for this viewer.
    pub ssrc: u32,
    /// What the viewer calls the track's present codec; `None` while it cannot decode it.
    pub payload_type: Option<u8>,
    /// Retransmission, where negotiated.
    pub rtx: Option<Rtx>,
    /// What the viewer calls the present codec together with earlier frames (RFC 2198); `None` where it does not take
    /// them.
    pub red: Option<u8>,
    /// The layer that is sent at present.
    pub layer: LayerId,
    /// Added to the line's timestamps.
    pub rtp_offset: u32,
    /// The same as the publisher's clock would have it: what was added so that no time goes back is not kept for ever.
    pub aligned_offset: u32,
    /// Packets sent, for sender reports.
    pub packets: u32,
    /// Payload bytes sent, for sender reports.
    pub octets: u32,
    cursor: u64,
    spans: SmallVec<[Span; 2]>,
    first_index: u64,
}

/// Retransmission as RFC 4588 has it: a stream of its own.
#[derive(Clone, Copy, Debug)]
pub struct Rtx {
    /// Its source.
    pub ssrc: u32,
    /// The payload type that goes with [`Lane::payload_type`]; `None` when the viewer has none.
    pub payload_type: Option<u8>,
    /// Sequence number, rollover count and nonce of the next one.
    pub next_index: u64,
}

impl Lane {
    /// A lane that sends nothing before [`Lane::jump_to`]. `first_index` is taken below [`MAX_FIRST_INDEX`].
    pub fn new(ssrc: u32, rtx_ssrc: Option<u32>, first_index: u64, rtp_offset: u32) -> Lane {
        let first_index = 1 + first_index % MAX_FIRST_INDEX;
        let rtx = rtx_ssrc.map(|ssrc| Rtx {
            ssrc,
            payload_type: None,
            next_index: first_index,
        });
        let (payload_type, packets, octets, cursor) = (None, 0, 0, 0);
        Lane {
            ssrc,
            payload_type,
            rtx,
            red: None,
            layer: LayerId::default(),
            rtp_offset,
            aligned_offset: rtp_offset,
            packets,
            octets,
            cursor,
            spans: SmallVec::new(),
            first_index,
        }
    }

    /// The next packet of the line to send.
    pub fn cursor(&self) -> u64 {
        self.cursor
    }

    /// Whether anything can be sent: there was a jump.
    pub fn has_started(&self) -> bool {
        !self.spans.is_empty()
    }

    /// Everything below `seq` is sent, or never will be (but for what arrives late).
    pub fn advance_to(&mut self, seq: u64) {
        self.cursor = self.cursor.max(seq);
    }

    /// Goes on at `seq` instead of the cursor; the viewer's numbers go on without a hole. Jumping back is not possible:
    /// those packets have their index already.
    pub fn jump_to(&mut self, seq: u64) {
        if self.has_started() && seq <= self.cursor {
            return;
        }
        self.start_span(seq);
    }

    /// Goes on with another layer at `seq`; the viewer's numbers go on without a hole. `rtp_offset` is to be added to
    /// its timestamps from now on; see [`Lane::aligned_offset`] for the other.
    pub fn switch_to(&mut self, layer: LayerId, seq: u64, aligned_offset: u32, rtp_offset: u32) {
        let seq = seq.max(self.sent_until(layer));
        (self.aligned_offset, self.rtp_offset) = (aligned_offset, rtp_offset);
        let old = std::mem::replace(&mut self.layer, layer);
        debug_assert!(old != layer, "a layer is left for another");
        self.start_span(seq);
    }

    /// Where a layer was left: what is before has its numbers already.
    pub fn sent_until(&self, layer: LayerId) -> u64 {
        let spans = self.spans.iter().filter(|span| span.layer == layer);
        spans.map(|span| span.until).max().unwrap_or(0)
    }

    fn start_span(&mut self, seq: u64) {
        let index = match self.spans.last_mut() {
            None => self.first_index,
            Some(span) => {
                span.until = self.cursor;
                span.index + (self.cursor - span.from)
            }
        };
        if self.spans.len() == MAX_SPANS {
            self.spans.remove(0);
        }
        self.spans.push(Span {
            layer: self.layer,
            from: seq,
            until: u64::MAX,
            index,
            rtp_offset: self.rtp_offset,
        });
        self.cursor = seq;
    }

    /// The index of a packet of the line; `None` when this viewer does not get it.
    #[inline]
    pub fn index(&self, seq: u64) -> Option<u64> {
        let is_of = |span: &&Span| seq >= span.from && span.layer == self.layer;
        let span = self.spans.iter().rev().find(is_of)?;
        (seq < span.until).then(|| span.index + (seq - span.from))
    }

    /// The packet that the viewer calls `number`, as far as it was sent: for NACKs.
    pub fn sent_as(&self, number: u16) -> Option<SentAs> {
        let current = self.spans.last()?;
        let next_index = current.index + self.cursor.saturating_sub(current.from);
        let index = crate::wire::extend_u16(number, next_index)?;
        if index >= next_index {
            return None;
        }
        let span = self.spans.iter().rev().find(|span| index >= span.index)?;
        let seq = span.from + (index - span.index);
        (seq < span.until).then_some(SentAs {
            layer: span.layer,
            seq,
            rtp_offset: span.rtp_offset,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane {
        Lane::new(1, Some(2), 99, 0)
    }

    fn seq_of(lane: &Lane, number: u16) -> Option<u64> {
        lane.sent_as(number).map(|sent| sent.seq)
    }

    #[test]
    fn numbers_go_on_over_jumps() {
        let mut lane = lane();
        assert_eq!(lane.index(500), None);
        lane.jump_to(500);
        assert_eq!(
            (lane.index(500), lane.index(501), lane.index(499)),
            (Some(100), Some(101), None)
        );
        lane.advance_to(510);
        lane.jump_to(600);
        assert_eq!(lane.index(600), Some(110));
        assert_eq!(lane.index(509), Some(109));
        assert_eq!(lane.index(510), None, "what was jumped over has no number");
    }

    #[test]
    fn a_jump_back_is_refused() {
        let mut lane = lane();
        lane.jump_to(500);
        lane.advance_to(510);
        lane.jump_to(505);
        assert_eq!(lane.cursor(), 510);
    }

    #[test]
    fn nacks_find_what_was_sent() {
        let mut lane = lane();
        assert_eq!(seq_of(&lane, 100), None);
        lane.jump_to(500);
        lane.advance_to(510);
        lane.jump_to(600);
        lane.advance_to(601);
        assert_eq!(seq_of(&lane, 100), Some(500));
        assert_eq!(seq_of(&lane, 109), Some(509));
        assert_eq!(seq_of(&lane, 110), Some(600));
        assert_eq!(seq_of(&lane, 111), None, "not sent yet");
        assert_eq!(seq_of(&lane, 99), None, "never sent");
    }

    #[test]
    fn nacks_follow_the_rollover() {
        let mut lane = lane();
        lane.jump_to(0);
        lane.advance_to(200_000);
        assert_eq!(seq_of(&lane, ((100u64 + 199_990) & 0xffff) as u16), Some(199_990));
    }

    #[test]
    fn numbers_go_on_over_layers() {
        let mut lane = lane();
        lane.jump_to(500);
        lane.advance_to(510);
        lane.switch_to(LayerId(1), 300, 7, 8);
        assert_eq!(
            (lane.index(300), lane.index(505)),
            (Some(110), Some(315)),
            "505 is one of the new layer"
        );
        lane.advance_to(305);
        lane.switch_to(LayerId(0), 505, 0, 0);
        assert_eq!(lane.cursor(), 510, "nothing is sent under two numbers");
        assert_eq!((lane.index(510), lane.index(509)), (Some(115), Some(109)));
        lane.advance_to(511);
        let sent = lane.sent_as(112).unwrap();
        assert_eq!((sent.layer, sent.seq, sent.rtp_offset), (LayerId(1), 302, 8));
        assert_eq!(lane.sent_as(115).unwrap().layer, LayerId(0));
    }
}
