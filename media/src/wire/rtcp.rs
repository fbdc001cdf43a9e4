//! RTCP (RFC 3550 section 6, RFC 4585, RFC 5104): what a peer tells us, read in place, and what we tell it.

use super::{u16_at, u32_at, u64_at};

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const BYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

/// One packet of a compound. Slices borrow from the compound.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Packet<'a> {
    /// The sender's clock (RFC 3550 section 6.4.1).
    SenderReport {
        /// Who sends.
        ssrc: u32,
        /// 32.32 fixed-point seconds since 1900.
        ntp_time: u64,
        /// The same moment on the RTP clock, without rollover.
        rtp_time: u32,
    },
    /// Reception statistics about one of our streams; a report with several blocks gives several of these.
    Reception(ReceptionReport),
    /// Packets that did not arrive (RFC 4585 section 6.2.1), as pairs of first number and bit mask.
    Nack {
        /// Whose packets.
        media_ssrc: u32,
        /// 4 bytes each.
        items: &'a [u8],
    },
    /// A decoder needs a key frame (PLI, RFC 4585 section 6.3.1, or FIR, RFC 5104 section 4.3.1).
    KeyFrameRequest {
        /// Of which source; 0 in a FIR, which names its sources behind.
        media_ssrc: u32,
    },
    /// Transport-wide feedback, unread.
    TransportCc(&'a [u8]),
    /// The receiver's own estimate of what its line carries, in bit/s (REMB, draft-alvestrand-rmcat-remb-03).
    Remb(u64),
    /// The source says good-bye.
    Bye,
}

/// A report block (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ReceptionReport {
    /// Which of the receiver's sources it speaks of.
    pub ssrc: u32,
    /// Of the packets since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Since the beginning; at most 24 bits are sent.
    pub packets_lost: u32,
    /// With 16 bits of rollover.
    pub highest_seq: u32,
    /// In RTP clock units.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's NTP time; 0 for none.
    pub last_sender_report: u32,
    /// Since that report arrived, in 1/65536 s.
    pub delay_since: u32,
}

/// Calls `each` for every packet in a compound that this server understands; stops at the first malformed one.
pub fn read_compound<'a>(mut compound: &'a [u8], mut each: impl FnMut(Packet<'a>)) {
    while let Some((packet, rest)) = split_packet(compound) {
        read_packet(packet, &mut each);
        compound = rest;
    }
}

fn split_packet(compound: &[u8]) -> Option<(&[u8], &[u8])> {
    if *compound.first()? >> 6 != 2 {
        return None;
    }
    compound.split_at_checked(4 * (usize::from(u16_at(compound, 2)?) + 1))
}

fn read_packet<'a>(packet: &'a [u8], each: &mut impl FnMut(Packet<'a>)) -> Option<()> {
    let count = *packet.first()? & 0x1f;
    match (*packet.get(1)?, count) {
        (SENDER_REPORT, _) => {
            let (ssrc, ntp_time, rtp_time) = (u32_at(packet, 4)?, u64_at(packet, 8)?, u32_at(packet, 16)?);
            each(Packet::SenderReport {
                ssrc,
                ntp_time,
                rtp_time,
            });
            read_blocks(packet.get(28..)?, count, each);
        }
        (RECEIVER_REPORT, _) => read_blocks(packet.get(8..)?, count, each),
        (TRANSPORT_FEEDBACK, 1) => each(Packet::Nack {
            media_ssrc: u32_at(packet, 8)?,
            items: packet.get(12..)?,
        }),
        (TRANSPORT_FEEDBACK, 15) => each(Packet::TransportCc(packet.get(12..)?)),
        (PAYLOAD_FEEDBACK, 1 | 4) => each(Packet::KeyFrameRequest {
            media_ssrc: u32_at(packet, 8).unwrap_or(0),
        }),
        (PAYLOAD_FEEDBACK, 15) if packet.get(12..16)? == b"REMB" => {
            // The count of SSRCs, then six bits of exponent and eighteen of mantissa.
            let word = u32_at(packet, 16)?;
            let (exponent, mantissa) = (word >> 18 & 0x3f, u64::from(word & 0x3_ffff));
            each(Packet::Remb(mantissa << exponent.min(40)));
        }
        (BYE, _) => each(Packet::Bye),
        _ => {}
    }
    Some(())
}

fn read_blocks<'a>(blocks: &'a [u8], count: u8, each: &mut impl FnMut(Packet<'a>)) {
    for block in blocks.chunks_exact(24).take(usize::from(count)) {
        let word = |at| u32_at(block, at).unwrap_or(0);
        each(Packet::Reception(ReceptionReport {
            ssrc: word(0),
            fraction_lost: block.get(4).copied().unwrap_or(0),
            packets_lost: word(4) & 0xff_ffff,
            highest_seq: word(8),
            jitter: word(12),
            last_sender_report: word(16),
            delay_since: word(20),
        }));
    }
}

/// The sequence numbers that a NACK's items name, without rollover.
pub fn nacked(items: &[u8]) -> impl Iterator<Item = u16> + '_ {
    items.chunks_exact(4).flat_map(|item| {
        let first = u16_at(item, 0).unwrap_or(0);
        let mask = u16_at(item, 2).unwrap_or(0);
        (0..=16u16)
            .filter(move |&i| i == 0 || mask >> (i - 1) & 1 == 1)
            .map(move |i| first.wrapping_add(i))
    })
}

/// Appends a sender report without blocks.
pub fn write_sender_report(ssrc: u32, ntp_time: u64, rtp_time: u32, packets: u32, octets: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x80, SENDER_REPORT, 0, 6]);
    out.extend_from_slice(&ssrc.to_be_bytes());
    out.extend_from_slice(&ntp_time.to_be_bytes());
    for word in [rtp_time, packets, octets] {
        out.extend_from_slice(&word.to_be_bytes());
    }
}

/// Appends a receiver report with these blocks, at most 31.
pub fn write_receiver_report(from: u32, blocks: &[ReceptionReport], out: &mut Vec<u8>) {
    let count = u8::try_from(blocks.len().min(31)).unwrap_or(31);
    out.extend_from_slice(&[0x80 | count, RECEIVER_REPORT, 0, 1 + 6 * count]);
    out.extend_from_slice(&from.to_be_bytes());
    for block in blocks.iter().take(usize::from(count)) {
        out.extend_from_slice(&block.ssrc.to_be_bytes());
        let lost = u32::from(block.fraction_lost) << 24 | block.packets_lost.min(0x7f_ffff);
        for word in [
            lost,
            block.highest_seq,
            block.jitter,
            block.last_sender_report,
            block.delay_since,
        ] {
            out.extend_from_slice(&word.to_be_bytes());
        }
    }
}

/// Appends a picture loss indication.
pub fn write_pli(from: u32, media_ssrc: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(&[0x81, PAYLOAD_FEEDBACK, 0, 2]);
    out.extend_from_slice(&from.to_be_bytes());
    out.extend_from_slice(&media_ssrc.to_be_bytes());
}

/// Appends a generic NACK for these sequence numbers, which must ascend; numbers within 16 of one another share an item.
pub fn write_nack(from: u32, media_ssrc: u32, missing: &[u16], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0x81, TRANSPORT_FEEDBACK, 0, 0]);
    out.extend_from_slice(&from.to_be_bytes());
    out.extend_from_slice(&media_ssrc.to_be_bytes());
    let mut rest = missing.iter().copied().peekable();
    while let Some(first) = rest.next() {
        let mut mask = 0u16;
        while let Some(distance) = rest
            .peek()
            .map(|n| n.wrapping_sub(first))
            .filter(|d| (1..=16).contains(d))
        {
            mask |= 1 << (distance - 1);
            rest.next();
        }
        out.extend_from_slice(&first.to_be_bytes());
        out.extend_from_slice(&mask.to_be_bytes());
    }
    let words = u16::try_from((out.len() - start) / 4 - 1).unwrap_or(0);
    if let Some(field) = out.get_mut(start + 2..start + 4) {
        field.copy_from_slice(&words.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(bytes: &[u8]) -> Vec<Packet<'_>> {
        let mut all = vec![];
        read_compound(bytes, |p| all.push(p));
        all
    }

    #[test]
    fn what_is_written_is_read() {
        let block = ReceptionReport {
            ssrc: 5,
            fraction_lost: 12,
            packets_lost: 300,
            highest_seq: 70_000,
            jitter: 9,
            last_sender_report: 0xabcd,
            delay_since: 77,
        };
        let mut bytes = vec![];
        write_sender_report(1, 0x0102_0304_0506_0708, 90_000, 10, 1000, &mut bytes);
        write_receiver_report(1, &[block], &mut bytes);
        write_pli(1, 2, &mut bytes);
        write_nack(1, 2, &[65535, 0, 3, 40], &mut bytes);
        let all = read(&bytes);
        assert_eq!(
            all[0],
            Packet::SenderReport {
                ssrc: 1,
                ntp_time: 0x0102_0304_0506_0708,
                rtp_time: 90_000
            }
        );
        assert_eq!(all[1], Packet::Reception(block));
        assert!(matches!(all[2], Packet::KeyFrameRequest { .. }));
        let Packet::Nack { media_ssrc: 2, items } = all[3] else {
            panic!("{all:?}")
        };
        assert_eq!(nacked(items).collect::<Vec<_>>(), [65535, 0, 3, 40]);
        assert_eq!(all.len(), 4);
    }

    #[test]
    fn an_estimate_of_the_receiver_is_read() {
        let remb = [
            0x8f, 206, 0, 5, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 1, 0x0a, 0x7d, 0, 0, 0, 0, 9,
        ];
        assert_eq!(read(&remb), [Packet::Remb(163_072 << 2)]);
    }

    #[test]
    fn a_malformed_packet_ends_the_reading() {
        let mut bytes = vec![];
        write_pli(1, 2, &mut bytes);
        bytes.extend_from_slice(&[0x81, 206, 0, 200, 1, 2]);
        assert!(matches!(read(&bytes)[..], [Packet::KeyFrameRequest { .. }]));
        assert!(matches!(
            read(&[0x81, 206, 0, 0])[..],
            [Packet::KeyFrameRequest { media_ssrc: 0 }]
        ));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            read_compound(&bytes, |packet| if let Packet::Nack { items, .. } = packet { let _ = nacked(items).count(); });
        }
    }
}
