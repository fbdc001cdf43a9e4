//! Bounds on what a viewer can make us send again: not the same packet twice within a round trip, and in all not more
//! than a share of what it is sent anyway.

use crate::codec::Kind;

/// Packets whose last repetition is remembered.
const REMEMBERED: usize = 64;

/// Credit in bytes that a viewer begins with and may have at most: 200 packets, an outage of 0.6 s at 2.5 Mb/s.
const MAX_CREDIT: u32 = 256 * 1024;

/// What a byte sent for the first time earns: a half.
const EARN_SHIFT: u32 = 1;

/// What a repetition costs; about a packet.
const COST: u32 = 1_250;

/// Of a round trip, in 1/4: a viewer's own estimate may be shorter than ours.
const QUARTERS_OF_RTT: u64 = 3;

/// A round trip is not believed to be shorter than this: requests for one packet come in twos then.
const MIN_INTERVAL_MS: u64 = 5;

/// See the module.
#[derive(Debug)]
pub(super) struct Repeats {
    recent: [(u32, u32); REMEMBERED],
    credit: u32,
}

impl Repeats {
    /// Nothing repeated yet.
    pub(super) fn new() -> Repeats {
        Repeats {
            recent: [(u32::MAX, 0); REMEMBERED],
            credit: MAX_CREDIT,
        }
    }

    /// Notes bytes that were sent for the first time.
    #[inline]
    pub(super) fn earn(&mut self, bytes: u32) {
        self.credit = (self.credit + (bytes >> EARN_SHIFT)).min(MAX_CREDIT);
    }

    /// Whether the packet that the viewer calls `number` is to be sent again now; takes note of it then.
    pub(super) fn allow(&mut self, kind: Kind, number: u16, rtt_us: u64, now_us: u64) -> bool {
        let interval = (rtt_us * QUARTERS_OF_RTT / 4000).max(MIN_INTERVAL_MS);
        let now = ((now_us / 1000) & 0xffff_ffff) as u32;
        let name = u32::from(number) | u32::from(kind == Kind::Audio) << 16;
        let Some((last, at)) = self.recent.get_mut(usize::from(number) % REMEMBERED) else {
            return false;
        };
        let is_on_its_way = *last == name && u64::from(now.wrapping_sub(*at)) < interval;
        if is_on_its_way || self.credit < COST {
            return false;
        }
        (*last, *at) = (name, now);
        self.credit -= COST;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RTT_US: u64 = 80_000;

    #[test]
    fn a_packet_is_not_sent_twice_within_a_round_trip() {
        let mut repeats = Repeats::new();
        let mut allow = |number, ms: u64| repeats.allow(Kind::Video, number, RTT_US, ms * 1000);
        assert!(allow(7, 1000));
        assert!(!allow(7, 1030), "it is on its way");
        assert!(allow(7, 1070), "it was lost as well");
        assert!(allow(8, 1000));
    }

    #[test]
    fn a_hostile_viewer_gets_half_of_what_it_is_sent_and_no_more() {
        let mut repeats = Repeats::new();
        let mut again = 0u32;
        let sent = 60 * 312_500;
        for ms in 0..60_000u64 {
            repeats.earn(312);
            for number in 0..100u16 {
                let number = number.wrapping_add((ms as u16).wrapping_mul(100));
                again += u32::from(repeats.allow(Kind::Video, number, RTT_US, ms * 1000));
            }
        }
        let again = again * COST;
        assert!(again <= MAX_CREDIT + sent / 2, "{again} of {sent}");
        assert!(again >= sent * 4 / 10, "{again} of {sent}");
    }
}
