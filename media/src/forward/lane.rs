//! One outgoing RTP stream of one viewer: its numbers, and how they lie on the track's line.
//!
//! One 64-bit index per lane is sequence number, rollover count and SRTP nonce. A packet of the line has at most one
//! index in a lane, and is sealed under it at most once: in order, or late if it arrived late. Everything that is sent
//! again goes by RTX, which counts for itself. That is what keeps a nonce from being used for different bytes.

use smallvec::SmallVec;

/// Jumps remembered: NACKs for what was sent before the oldest are not answered.
const MAX_SPANS: usize = 8;

/// An index starts below 32768, or a lost first packet would make the receiver guess a wrong rollover count.
pub const MAX_FIRST_INDEX: u64 = 0x4000;

/// Part of the line that was, or is being, sent without a jump.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: u64,
    /// One past the last; open for the current one.
    until: u64,
    index: u64,
}

/// See the module.
pub struct Lane {
    /// Our source for this viewer.
    pub ssrc: u32,
    /// What the viewer calls the track's present codec; `None` while it cannot decode it.
    pub payload_type: Option<u8>,
    /// Retransmission, where negotiated.
    pub rtx: Option<Rtx>,
    /// Added to the line's timestamps.
    pub rtp_offset: u32,
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
            rtp_offset,
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
            from: seq,
            until: u64::MAX,
            index,
        });
        self.cursor = seq;
    }

    /// The index of a packet of the line; `None` when this viewer does not get it.
    #[inline]
    pub fn index(&self, seq: u64) -> Option<u64> {
        let span = self.spans.iter().rev().find(|span| seq >= span.from)?;
        (seq < span.until).then(|| span.index + (seq - span.from))
    }

    /// The packet of the line that the viewer calls `number`, as far as it was sent: for NACKs.
    pub fn sent_as(&self, number: u16) -> Option<u64> {
        let current = self.spans.last()?;
        let next_index = current.index + self.cursor.saturating_sub(current.from);
        let index = crate::wire::extend_u16(number, next_index)?;
        if index >= next_index {
            return None;
        }
        let span = self.spans.iter().rev().find(|span| index >= span.index)?;
        let seq = span.from + (index - span.index);
        (seq < span.until).then_some(seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lane() -> Lane {
        Lane::new(1, Some(2), 99, 0)
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
        assert_eq!(lane.sent_as(100), None);
        lane.jump_to(500);
        lane.advance_to(510);
        lane.jump_to(600);
        lane.advance_to(601);
        assert_eq!(lane.sent_as(100), Some(500));
        assert_eq!(lane.sent_as(109), Some(509));
        assert_eq!(lane.sent_as(110), Some(600));
        assert_eq!(lane.sent_as(111), None, "not sent yet");
        assert_eq!(lane.sent_as(99), None, "never sent");
    }

    #[test]
    fn nacks_follow_the_rollover() {
        let mut lane = lane();
        lane.jump_to(0);
        lane.advance_to(200_000);
        assert_eq!(lane.sent_as(((100u64 + 199_990) & 0xffff) as u16), Some(199_990));
    }
}
