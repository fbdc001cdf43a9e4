//! The checks that a full ICE agent sends (RFC 8445 section 7.1, RFC 8489). Answers to a server's own checks are
//! `lectern_media`'s.

use aws_lc_rs::hmac;

const HEADER_BYTES: usize = 20;
const MAGIC_COOKIE: [u8; 4] = [0x21, 0x12, 0xA4, 0x42];
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const PRIORITY: u16 = 0x0024;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const ICE_CONTROLLED: u16 = 0x8029;
const ICE_CONTROLLING: u16 = 0x802A;
const INTEGRITY_BYTES: usize = 20;

/// Type preference 110 (peer reflexive), RFC 8445 section 5.1.2.
const CHECK_PRIORITY: u32 = 110 << 24 | 0xFFFF << 8 | 0xFF;

/// Which agent nominates (RFC 8445 section 6.1.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    /// It made the offer, or the other one is lite.
    Controlling,
    /// The other one nominates.
    Controlled,
}

/// One connectivity check.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Check<'a> {
    /// `remote ufrag:own ufrag`.
    pub(crate) username: &'a str,
    /// Ours.
    pub(crate) role: Role,
    /// Settles a conflict of roles.
    pub(crate) tie_breaker: u64,
    /// Whether the pair is to be used.
    pub(crate) nominates: bool,
    /// Names the answer.
    pub(crate) transaction: [u8; 12],
}

/// What a datagram answers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// The pair works.
    Success([u8; 12]),
    /// The agent refused.
    Error([u8; 12]),
}

impl Check<'_> {
    /// Appends the request, signed with the remote password.
    pub(crate) fn write(&self, key: &hmac::Key, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&BINDING_REQUEST.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(&MAGIC_COOKIE);
        out.extend_from_slice(&self.transaction);
        attribute(USERNAME, self.username.as_bytes(), out);
        attribute(PRIORITY, &CHECK_PRIORITY.to_be_bytes(), out);
        let role = match self.role {
            Role::Controlling => ICE_CONTROLLING,
            Role::Controlled => ICE_CONTROLLED,
        };
        attribute(role, &self.tie_breaker.to_be_bytes(), out);
        if self.nominates {
            attribute(USE_CANDIDATE, &[], out);
        }
        set_length(out, start, 4 + INTEGRITY_BYTES);
        let tag = hmac::sign(key, &out[start..]);
        attribute(MESSAGE_INTEGRITY, tag.as_ref(), out);
        set_length(out, start, 8);
        let crc = crc32(&out[start..]) ^ 0x5354_554e;
        attribute(FINGERPRINT, &crc.to_be_bytes(), out);
    }
}

impl Answer {
    /// Reads the head of an answer; the transaction is what tells whose it is.
    pub(crate) fn parse(datagram: &[u8]) -> Option<Answer> {
        let head = datagram.get(..HEADER_BYTES)?;
        if head.get(4..8)? != MAGIC_COOKIE {
            return None;
        }
        let transaction = head.get(8..)?.try_into().ok()?;
        match u16::from_be_bytes(head.get(..2)?.try_into().ok()?) {
            BINDING_SUCCESS => Some(Answer::Success(transaction)),
            BINDING_ERROR => Some(Answer::Error(transaction)),
            _ => None,
        }
    }
}

fn attribute(kind: u16, value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(&kind.to_be_bytes());
    out.extend_from_slice(&u16::try_from(value.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(value);
    out.resize(out.len().next_multiple_of(4), 0);
}

/// What is there behind the header, and `more` bytes that follow. `out` holds whole words before `start`.
fn set_length(out: &mut [u8], start: usize, more: usize) {
    let length = u16::try_from(out.len() - start - HEADER_BYTES + more).unwrap_or(0);
    out[start + 2..start + 4].copy_from_slice(&length.to_be_bytes());
}

/// CRC-32 of ISO 3309 (RFC 8489 section 14.7).
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & 0u32.wrapping_sub(crc & 1));
    !bytes
        .iter()
        .fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), step))
}

#[cfg(test)]
mod tests {
    use super::*;
    use lectern_media::wire::stun::{BindingRequest, integrity_key};

    #[test]
    fn a_check_is_what_the_engine_takes_and_its_answer_is_understood() {
        let key = integrity_key("secretsecretsecretsecret");
        let check = Check {
            username: "theirs:ours",
            role: Role::Controlling,
            tie_breaker: 7,
            nominates: true,
            transaction: [9; 12],
        };
        let mut request = vec![];
        check.write(&key, &mut request);
        let parsed = BindingRequest::parse(&request).unwrap();
        assert!(parsed.is_authentic(&key) && parsed.use_candidate);
        assert_eq!(parsed.local_ufrag, b"theirs");
        let mut answer = vec![];
        parsed.write_success("192.0.2.1:5".parse().unwrap(), &key, &mut answer);
        assert_eq!(Answer::parse(&answer), Some(Answer::Success([9; 12])));
        assert_eq!(Answer::parse(&request), None);
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
    }
}
