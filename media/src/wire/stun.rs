//! STUN binding requests as ICE sends them, and our answers (RFC 8489, RFC 8445).

use super::{u16_at, u32_at};
use aws_lc_rs::hmac;
use std::net::{IpAddr, SocketAddr};

/// The longest request that is accepted; real ones are below 200 bytes.
pub const MAX_REQUEST_BYTES: usize = 548;

const HEADER_BYTES: usize = 20;
const MAGIC_COOKIE: u32 = 0x2112_A442;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const USERNAME: u16 = 0x0006;
const MESSAGE_INTEGRITY: u16 = 0x0008;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const USE_CANDIDATE: u16 = 0x0025;
const FINGERPRINT: u16 = 0x8028;
const FINGERPRINT_XOR: u32 = 0x5354_554e;
const INTEGRITY_BYTES: usize = 20;

/// A binding request, not yet authenticated.
#[derive(Clone, Copy, Debug)]
pub struct BindingRequest<'a> {
    bytes: &'a [u8],
    /// The part of USERNAME before the colon: the ufrag of the side that receives.
    pub local_ufrag: &'a [u8],
    /// Whether the controlling side nominates this pair.
    pub use_candidate: bool,
    integrity_at: usize,
}

impl<'a> BindingRequest<'a> {
    /// Reads a request that carries USERNAME and MESSAGE-INTEGRITY; attributes after the integrity other than
    /// FINGERPRINT are ignored (RFC 8489 section 14.5). `None` for anything else.
    pub fn parse(bytes: &'a [u8]) -> Option<BindingRequest<'a>> {
        let length = usize::from(u16_at(bytes, 2)?);
        if u16_at(bytes, 0)? != BINDING_REQUEST
            || u32_at(bytes, 4)? != MAGIC_COOKIE
            || bytes.len() > MAX_REQUEST_BYTES
            || length + HEADER_BYTES != bytes.len()
        {
            return None;
        }
        let mut username = None;
        let mut use_candidate = false;
        let mut at = HEADER_BYTES;
        while at < bytes.len() {
            let kind = u16_at(bytes, at)?;
            let len = usize::from(u16_at(bytes, at + 2)?);
            let value = bytes.get(at + 4..at + 4 + len)?;
            match kind {
                USERNAME => username = Some(value),
                USE_CANDIDATE => use_candidate = true,
                MESSAGE_INTEGRITY if len == INTEGRITY_BYTES => {
                    let local_ufrag = username?.split(|&b| b == b':').next()?;
                    return Some(BindingRequest {
                        bytes,
                        local_ufrag,
                        use_candidate,
                        integrity_at: at,
                    });
                }
                _ => {}
            }
            at += 4 + len.next_multiple_of(4);
        }
        None
    }

    /// Whether the request was made with this password (short-term credentials, RFC 8489 section 9.1).
    pub fn is_authentic(&self, key: &hmac::Key) -> bool {
        let Some(value) = self
            .bytes
            .get(self.integrity_at + 4..self.integrity_at + 4 + INTEGRITY_BYTES)
        else {
            return false;
        };
        let Some(attributes) = self.bytes.get(4..self.integrity_at) else {
            return false;
        };
        let length = self.integrity_at + 4 + INTEGRITY_BYTES - HEADER_BYTES;
        let mut context = hmac::Context::with_key(key);
        context.update(&BINDING_REQUEST.to_be_bytes());
        context.update(&u16::try_from(length).unwrap_or(0).to_be_bytes());
        context.update(attributes);
        aws_lc_rs::constant_time::verify_slices_are_equal(context.sign().as_ref(), value).is_ok()
    }

    /// Appends the success response to `out`: the address it came from, integrity and fingerprint.
    pub fn write_success(&self, from: SocketAddr, key: &hmac::Key, out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(&BINDING_SUCCESS.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
        out.extend_from_slice(self.bytes.get(4..HEADER_BYTES).unwrap_or(&[0; 16]));
        write_xor_mapped_address(from, self.bytes.get(4..HEADER_BYTES).unwrap_or(&[0; 16]), out);

        set_length(out, start, 4 + INTEGRITY_BYTES);
        let tag = hmac::sign(key, out.get(start..).unwrap_or_default());
        out.extend_from_slice(&MESSAGE_INTEGRITY.to_be_bytes());
        out.extend_from_slice(&20u16.to_be_bytes());
        out.extend_from_slice(tag.as_ref());

        set_length(out, start, 8);
        let crc = crc32(out.get(start..).unwrap_or_default()) ^ FINGERPRINT_XOR;
        out.extend_from_slice(&FINGERPRINT.to_be_bytes());
        out.extend_from_slice(&4u16.to_be_bytes());
        out.extend_from_slice(&crc.to_be_bytes());
    }
}

/// The HMAC key for an ICE password.
pub fn integrity_key(password: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, password.as_bytes())
}

/// Writes a binding request as a client sends it: for tests and the simulator.
pub fn write_request(username: &str, use_candidate: bool, transaction: [u8; 12], key: &hmac::Key, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&BINDING_REQUEST.to_be_bytes());
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&MAGIC_COOKIE.to_be_bytes());
    out.extend_from_slice(&transaction);
    out.extend_from_slice(&USERNAME.to_be_bytes());
    out.extend_from_slice(&u16::try_from(username.len()).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(username.as_bytes());
    out.resize(start + (out.len() - start).next_multiple_of(4), 0);
    if use_candidate {
        out.extend_from_slice(&USE_CANDIDATE.to_be_bytes());
        out.extend_from_slice(&[0, 0]);
    }
    set_length(out, start, 4 + INTEGRITY_BYTES);
    let tag = hmac::sign(key, out.get(start..).unwrap_or_default());
    out.extend_from_slice(&MESSAGE_INTEGRITY.to_be_bytes());
    out.extend_from_slice(&20u16.to_be_bytes());
    out.extend_from_slice(tag.as_ref());
}

/// A binding request without credentials, as STUN servers of the internet answer it.
pub fn plain_request(transaction: [u8; 12]) -> [u8; HEADER_BYTES] {
    let mut request = [0; HEADER_BYTES];
    request[..2].copy_from_slice(&BINDING_REQUEST.to_be_bytes());
    request[4..8].copy_from_slice(&MAGIC_COOKIE.to_be_bytes());
    request[8..].copy_from_slice(&transaction);
    request
}

/// The address in a success response to the request of this transaction (XOR-MAPPED-ADDRESS, RFC 8489 section 14.2);
/// `None` for anything else. The random transaction is all that authenticates it.
pub fn mapped_address(bytes: &[u8], transaction: [u8; 12]) -> Option<SocketAddr> {
    let length = usize::from(u16_at(bytes, 2)?);
    if u16_at(bytes, 0)? != BINDING_SUCCESS
        || u32_at(bytes, 4)? != MAGIC_COOKIE
        || bytes.get(8..HEADER_BYTES)? != transaction
        || length + HEADER_BYTES != bytes.len()
    {
        return None;
    }
    let mask = bytes.get(4..HEADER_BYTES)?;
    let mut at = HEADER_BYTES;
    while at < bytes.len() {
        let len = usize::from(u16_at(bytes, at + 2)?);
        let value = bytes.get(at + 4..at + 4 + len)?;
        if u16_at(bytes, at)? == XOR_MAPPED_ADDRESS {
            let port = u16_at(value, 2)? ^ (MAGIC_COOKIE >> 16) as u16;
            let mut octets = [0; 16];
            let masked = value.get(4..)?.iter().zip(mask).map(|(a, b)| a ^ b);
            octets.iter_mut().zip(masked).for_each(|(octet, byte)| *octet = byte);
            let ip = match (value.get(1)?, value.len()) {
                (1, 8) => IpAddr::from(*octets.first_chunk::<4>()?),
                (2, 20) => IpAddr::from(octets),
                _ => return None,
            };
            return Some(SocketAddr::new(ip, port));
        }
        at += 4 + len.next_multiple_of(4);
    }
    None
}

/// Sets the message length to what is there plus `more` bytes that follow.
fn set_length(out: &mut [u8], start: usize, more: usize) {
    let length = u16::try_from(out.len() - start + more - HEADER_BYTES).unwrap_or(0);
    if let Some(field) = out.get_mut(start + 2..start + 4) {
        field.copy_from_slice(&length.to_be_bytes());
    }
}

/// RFC 8489 section 14.2; `mask` is the cookie followed by the transaction id.
fn write_xor_mapped_address(address: SocketAddr, mask: &[u8], out: &mut Vec<u8>) {
    let port = address.port() ^ (MAGIC_COOKIE >> 16) as u16;
    let (family, octets, len): (u8, [u8; 16], usize) = match address.ip().to_canonical() {
        IpAddr::V4(ip) => {
            let mut octets = [0; 16];
            octets[..4].copy_from_slice(&ip.octets());
            (1, octets, 4)
        }
        IpAddr::V6(ip) => (2, ip.octets(), 16),
    };
    out.extend_from_slice(&XOR_MAPPED_ADDRESS.to_be_bytes());
    out.extend_from_slice(&u16::try_from(4 + len).unwrap_or(0).to_be_bytes());
    out.extend_from_slice(&[0, family]);
    out.extend_from_slice(&port.to_be_bytes());
    out.extend(octets.iter().zip(mask).take(len).map(|(a, b)| a ^ b));
}

/// CRC-32 of ISO 3309, as FINGERPRINT uses it (RFC 8489 section 14.7).
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = !0u32;
    for &byte in bytes {
        crc ^= u32::from(byte);
        for _ in 0..8 {
            crc = if crc & 1 != 0 {
                (crc >> 1) ^ 0xEDB8_8320
            } else {
                crc >> 1
            };
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The request of RFC 5769 section 2.1.
    const SAMPLE: &str = "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff\
        80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a280280004e57a3bcf";

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_hexdigit).collect();
        digits
            .chunks(2)
            .map(|c| u8::from_str_radix(std::str::from_utf8(c).unwrap(), 16).unwrap())
            .collect()
    }

    #[test]
    fn the_sample_of_rfc_5769_is_authentic() {
        let bytes = hex(SAMPLE);
        let request = BindingRequest::parse(&bytes).unwrap();
        assert_eq!(request.local_ufrag, b"evtj");
        assert!(!request.use_candidate);
        assert!(request.is_authentic(&integrity_key("VOkJxbRl1RmTxUk/WvJxBt")));
        assert!(!request.is_authentic(&integrity_key("VOkJxbRl1RmTxUk/WvJxBu")));
    }

    #[test]
    fn an_answer_tells_the_address_and_is_authentic() {
        let key = integrity_key("secret");
        for (from, want) in [
            ("192.0.2.1:32853", "0001a147e112a643"),
            (
                "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
                "0002a1470113a9fafecf8f2e",
            ),
        ] {
            let mut request = vec![];
            write_request("abcd:efgh", true, [7; 12], &key, &mut request);
            let parsed = BindingRequest::parse(&request).unwrap();
            assert!(parsed.use_candidate && parsed.is_authentic(&key));
            let mut answer = vec![];
            parsed.write_success(from.parse().unwrap(), &key, &mut answer);
            let (body, fingerprint) = answer.split_at(answer.len() - 8);
            assert_eq!(usize::from(u16_at(&answer, 2).unwrap()) + 20, answer.len());
            assert_eq!(u32_at(fingerprint, 4).unwrap(), crc32(body) ^ FINGERPRINT_XOR);
            assert_eq!(mapped_address(&answer, [7; 12]), Some(from.parse().unwrap()));
            assert_eq!(mapped_address(&answer, [8; 12]), None, "the answer to something else");
            assert!(
                answer[24..].starts_with(&hex(want)[..8]),
                "{from}: {:02x?}",
                &answer[24..]
            );
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120)) {
            let mut framed = vec![0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42];
            framed.extend_from_slice(&bytes);
            if framed.len() >= 20 {
                let length = u16::try_from(framed.len() - 20).unwrap();
                framed[2..4].copy_from_slice(&length.to_be_bytes());
            }
            if let Some(request) = BindingRequest::parse(&framed) {
                prop_assert!(!request.is_authentic(&integrity_key("x")));
            }
            if framed.len() >= 20 {
                framed[0] = 1;
                let transaction = *framed[8..20].first_chunk().unwrap();
                mapped_address(&framed, transaction);
            }
        }
    }
}
