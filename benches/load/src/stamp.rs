//! The send stamp: when a frame left the publisher, as an SEI message inside the H.264 (user_data_unregistered, ITU-T
//! H.264 section D.1.7). A server that forwards packets does not touch it, and decoders skip it.

/// Names the message: this run's, so that another tester's stamps are not taken for ours.
const NAME_BYTES: usize = 16;
const TIME_BYTES: usize = 10;
const SEI: u8 = 6;
const STAP_A: u8 = 24;
const USER_DATA_UNREGISTERED: u8 = 5;

/// The longest RTP payload that is searched for a stamp.
pub(crate) const MAX_PAYLOAD_BYTES: usize = 200;

/// Writes and finds the stamps of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stamp {
    name: [u8; NAME_BYTES],
}

impl Stamp {
    /// `name` is random; zeros are avoided, so that no emulation prevention is needed (section 7.4.1).
    pub(crate) fn new(name: [u8; NAME_BYTES]) -> Stamp {
        Stamp {
            name: name.map(|byte| byte | 0x80),
        }
    }

    /// A NAL unit that says `time_us`, in whatever clock publisher and viewers share.
    pub(crate) fn nal(&self, time_us: u64) -> Vec<u8> {
        let mut nal = vec![SEI, USER_DATA_UNREGISTERED, (NAME_BYTES + TIME_BYTES) as u8];
        nal.extend_from_slice(&self.name);
        nal.extend((0..TIME_BYTES).map(|i| 0x80 | ((time_us >> (7 * i)) & 0x7f) as u8));
        nal.push(0x80);
        nal
    }

    /// The time in an RTP payload that is a stamp or has one among its aggregated units (RFC 6184 section 5.7.1).
    pub(crate) fn find(&self, payload: &[u8]) -> Option<u64> {
        match payload.first()? & 0x1f {
            SEI => self.read(payload),
            STAP_A => {
                let mut rest = payload.get(1..)?;
                while let Some((len, tail)) = rest.split_first_chunk() {
                    let (unit, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes(*len)))?;
                    if let Some(time_us) = self.read(unit) {
                        return Some(time_us);
                    }
                    rest = tail;
                }
                None
            }
            _ => None,
        }
    }

    fn read(&self, nal: &[u8]) -> Option<u64> {
        let body = nal.strip_prefix(&[SEI, USER_DATA_UNREGISTERED, (NAME_BYTES + TIME_BYTES) as u8])?;
        let digits = body.strip_prefix(&self.name)?.get(..TIME_BYTES)?;
        Some(
            digits
                .iter()
                .rev()
                .fold(0, |time, &digit| time << 7 | u64::from(digit & 0x7f)),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_read_alone_and_among_others() {
        let stamp = Stamp::new([0; 16]);
        for time_us in [0, 1, 1_764_000_000_000_000, u64::MAX] {
            let nal = stamp.nal(time_us);
            assert!(!nal.contains(&0) && nal.len() <= MAX_PAYLOAD_BYTES);
            assert_eq!(stamp.find(&nal), Some(time_us));
            let mut aggregate = vec![STAP_A, 0, 2, 0x67, 1, 0, nal.len() as u8];
            aggregate.extend_from_slice(&nal);
            assert_eq!(stamp.find(&aggregate), Some(time_us));
        }
        assert_eq!(Stamp::new([1; 16]).find(&stamp.nal(5)), None, "another run's");
        for broken in [&[][..], &[SEI], &[SEI, 5, 26, 1], &[STAP_A, 0, 9, 1], &[STAP_A, 0]] {
            assert_eq!(stamp.find(broken), None);
        }
    }
}
