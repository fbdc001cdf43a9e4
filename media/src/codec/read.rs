//! Reading bytes that a stranger sent: every step checks its bounds and says where it failed.

/// Bytes that are not what their format demands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("malformed {what} at byte {at}")]
pub struct Malformed {
    /// What was being read.
    pub what: &'static str,
    /// Bytes from the start of the payload or file that was handed in.
    pub at: usize,
}

/// A cursor over borrowed bytes. Copying it is a cheap way to look ahead.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    at: usize,
    what: &'static str,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte of `bytes`; `what` names the thing in errors.
    pub(crate) fn new(bytes: &'a [u8], what: &'static str) -> Reader<'a> {
        Reader {
            rest: bytes,
            at: 0,
            what,
        }
    }

    /// An error at the present position.
    pub(crate) fn malformed(&self) -> Malformed {
        Malformed {
            what: self.what,
            at: self.at,
        }
    }

    /// What has not been read.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Bytes read so far.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// Whether everything has been read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `len` bytes.
    pub(crate) fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (head, rest) = self.rest.split_at_checked(len).ok_or(self.malformed())?;
        self.rest = rest;
        self.at += len;
        Ok(head)
    }

    /// The next `N` bytes as an array.
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let at = self.malformed();
        self.take(N)?.try_into().map_err(|_| at)
    }

    /// One byte.
    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// Two bytes, big-endian.
    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    /// Four bytes, big-endian.
    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    /// Eight bytes, big-endian.
    pub(crate) fn u64(&mut self) -> Result<u64, Malformed> {
        self.array().map(u64::from_be_bytes)
    }

    /// A length in the little-endian base-128 form of AV1 (AV1 specification section 4.10.5).
    pub(crate) fn leb128(&mut self) -> Result<usize, Malformed> {
        let mut value = 0u64;
        for shift in (0..56).step_by(7) {
            let byte = self.u8()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return usize::try_from(value).map_err(|_| self.malformed());
            }
        }
        Err(self.malformed())
    }
}

/// Appends `value` in the little-endian base-128 form of AV1, in as few bytes as possible.
pub(crate) fn push_leb128(out: &mut Vec<u8>, mut value: usize) {
    loop {
        let low = u8::try_from(value & 0x7f).expect("seven bits fit a byte");
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_read_says_where() {
        let mut r = Reader::new(&[1, 2, 3], "thing");
        assert_eq!(r.u16(), Ok(0x0102));
        assert_eq!(r.u16(), Err(Malformed { what: "thing", at: 2 }));
        assert_eq!(r.rest(), [3]);
    }

    #[test]
    fn leb128_survives_a_round_trip() {
        for value in [0, 1, 127, 128, 16_383, 16_384, 1 << 30] {
            let mut bytes = Vec::new();
            push_leb128(&mut bytes, value);
            assert_eq!(Reader::new(&bytes, "length").leb128(), Ok(value));
        }
        assert!(Reader::new(&[0x80; 9], "length").leb128().is_err());
    }
}
