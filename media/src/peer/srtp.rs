//! SRTP and SRTCP: AEAD_AES_128_GCM and AEAD_AES_256_GCM (RFC 7714), and AES_CM_128_HMAC_SHA1_80 (RFC 3711) for
//! publishers that offer nothing else.
//!
//! The caller owns the 48-bit packet index (rollover count and sequence number), so a nonce repeats only if the caller
//! repeats an index. It never does: see `forward::viewer::lane`.

use super::replay::ReplayWindow;
use crate::wire::u32_at;
use aws_lc_rs::aead::{AES_128_GCM, AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{AES_128, AES_256, EncryptingKey, EncryptionContext, UnboundCipherKey};
use aws_lc_rs::hmac;
use aws_lc_rs::iv::FixedLength;
use smallvec::SmallVec;

/// What a packet grows by at most: the GCM tag; with SRTCP the index word as well.
pub const MAX_OVERHEAD_BYTES: usize = 16 + 4;

const GCM_TAG_BYTES: usize = 16;
const SHA1_TAG_BYTES: usize = 10;
const RTCP_HEADER_BYTES: usize = 8;
const RTCP_INDEX_BYTES: usize = 4;
const ENCRYPTED_FLAG: u32 = 0x8000_0000;

/// A protection profile (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profile {
    /// `SRTP_AEAD_AES_128_GCM`.
    Aes128Gcm,
    /// `SRTP_AEAD_AES_256_GCM`.
    Aes256Gcm,
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    Aes128CmSha1,
}

impl Profile {
    /// Bytes of master key and master salt.
    pub fn lengths(self) -> (usize, usize) {
        match self {
            Profile::Aes128Gcm => (16, 12),
            Profile::Aes256Gcm => (32, 12),
            Profile::Aes128CmSha1 => (16, 14),
        }
    }
}

/// Which end of the DTLS handshake a key belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Side {
    /// Sent the ClientHello.
    Client,
    /// Answered it.
    Server,
}

/// Session keys of one direction.
struct Keys {
    rtp: Cipher,
    rtcp: Cipher,
}

/// One session key with its salt. The HMAC keys are boxed: only legacy publishers have them.
#[expect(
    clippy::large_enum_variant,
    reason = "the large one is the usual one, and the packet path follows no pointer"
)]
enum Cipher {
    Gcm {
        key: LessSafeKey,
        salt: [u8; 12],
    },
    Counter {
        key: EncryptingKey,
        salt: [u8; 14],
        authentication: Box<hmac::Key>,
    },
}

impl Keys {
    /// Derives from the material that DTLS exports: client key, server key, client salt, server salt
    /// (RFC 5764 section 4.2). `None` when it is too short.
    fn derive(profile: Profile, material: &[u8], side: Side) -> Option<Keys> {
        Some(Keys {
            rtp: Cipher::derive(profile, material, side, RTP_LABEL)?,
            rtcp: Cipher::derive(profile, material, side, RTCP_LABEL)?,
        })
    }
}

/// The labels of the encryption keys (RFC 3711 section 4.3.2); authentication and salt follow each.
const RTP_LABEL: u8 = 0;
const RTCP_LABEL: u8 = 3;

impl Cipher {
    fn derive(profile: Profile, material: &[u8], side: Side, label: u8) -> Option<Cipher> {
        let (key_len, salt_len) = profile.lengths();
        let second = usize::from(side == Side::Server);
        let master = material.get(second * key_len..)?.get(..key_len)?;
        let master_salt = material.get(2 * key_len + second * salt_len..)?.get(..salt_len)?;
        let derive = |label, out: &mut [u8]| derive_key(master, master_salt, label, out);
        if profile == Profile::Aes128CmSha1 {
            let (mut key, mut salt, mut authentication) = ([0; 16], [0; 14], [0; 20]);
            derive(label, &mut key)?;
            derive(label + 1, &mut authentication)?;
            derive(label + 2, &mut salt)?;
            let authentication = Box::new(hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &authentication));
            return Some(Cipher::Counter {
                key: counter_cipher(&key)?,
                salt,
                authentication,
            });
        }
        let (mut key, mut salt) = ([0; 32], [0; 12]);
        let key = key.get_mut(..master.len())?;
        derive(label, key)?;
        derive(label + 2, &mut salt)?;
        let algorithm = if profile == Profile::Aes128Gcm {
            &AES_128_GCM
        } else {
            &AES_256_GCM
        };
        Some(Cipher::Gcm {
            key: LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?),
            salt,
        })
    }
}

fn counter_cipher(key: &[u8]) -> Option<EncryptingKey> {
    let algorithm = if key.len() == 32 { &AES_256 } else { &AES_128 };
    EncryptingKey::ctr(UnboundCipherKey::new(algorithm, key).ok()?).ok()
}

fn apply_counter(key: &EncryptingKey, iv: [u8; 16], bytes: &mut [u8]) -> Option<()> {
    key.less_safe_encrypt(bytes, EncryptionContext::Iv128(FixedLength::from(iv)))
        .ok()
        .map(|_| ())
}

/// RFC 3711 section 4.3.1 with a key derivation rate of zero; RFC 7714 section 11 pads the salt with zeros.
fn derive_key(master: &[u8], master_salt: &[u8], label: u8, out: &mut [u8]) -> Option<()> {
    let mut iv = [0u8; 16];
    iv.get_mut(..master_salt.len())?.copy_from_slice(master_salt);
    iv[7] ^= label;
    apply_counter(&counter_cipher(master)?, iv, out)
}

/// RFC 7714 sections 8.1 (RTP: rollover count, sequence number) and 9.1 (RTCP: zeros, 31-bit index).
fn gcm_nonce(salt: &[u8; 12], ssrc: u32, index: u64) -> Nonce {
    let mut iv = *salt;
    let [_, _, low @ ..] = index.to_be_bytes();
    for (byte, value) in iv.iter_mut().skip(2).zip(ssrc.to_be_bytes().into_iter().chain(low)) {
        *byte ^= value;
    }
    Nonce::assume_unique_for_key(iv)
}

/// RFC 3711 section 4.1.1.
fn counter_iv(salt: &[u8; 14], ssrc: u32, index: u64) -> [u8; 16] {
    let mut iv = [0u8; 16];
    let [_, _, low @ ..] = index.to_be_bytes();
    for (byte, value) in iv.iter_mut().zip(salt) {
        *byte = *value;
    }
    for (byte, value) in iv.iter_mut().skip(4).zip(ssrc.to_be_bytes().into_iter().chain(low)) {
        *byte ^= value;
    }
    iv
}

/// The upper 32 bits of the packet index.
fn rollover(index: u64) -> [u8; 4] {
    ((index >> 16) as u32).to_be_bytes()
}

/// Protects what we send to one peer.
pub struct Sealer {
    keys: Keys,
    next_rtcp_index: u32,
}

impl Sealer {
    /// Keys for what `our_side` sends; `None` when the exported material does not fit the profile.
    pub fn new(profile: Profile, material: &[u8], our_side: Side) -> Option<Sealer> {
        Some(Sealer {
            keys: Keys::derive(profile, material, our_side)?,
            next_rtcp_index: 1,
        })
    }

    /// How many bytes an RTP packet grows by.
    pub fn rtp_overhead(&self) -> usize {
        match self.keys.rtp {
            Cipher::Gcm { .. } => GCM_TAG_BYTES,
            Cipher::Counter { .. } => SHA1_TAG_BYTES,
        }
    }

    /// Encrypts one packet: `out` starts with the finished header of `header_len` bytes; `payload` and then `padding`
    /// are encrypted straight behind it, without a copy first. Returns the packet's length, or `None` (and nothing to
    /// send) when `out` is too short. `index` must never repeat for an `ssrc`.
    #[inline]
    pub fn seal_rtp(
        &self,
        out: &mut [u8],
        header_len: usize,
        payload: &[u8],
        padding: &[u8],
        ssrc: u32,
        index: u64,
    ) -> Option<usize> {
        let plain_len = payload.len() + padding.len();
        let total = header_len + plain_len + self.rtp_overhead();
        let (header, body) = out.get_mut(..total)?.split_at_mut_checked(header_len)?;
        match &self.keys.rtp {
            Cipher::Gcm { key, salt } => {
                let (text, tail) = body.split_at_mut_checked(payload.len())?;
                let nonce = gcm_nonce(salt, ssrc, index);
                key.seal_out_of_place_scatter(nonce, Aad::from(&*header), payload, text, padding, tail)
                    .ok()?;
            }
            Cipher::Counter {
                key,
                salt,
                authentication,
            } => {
                let (text, tag) = body.split_at_mut_checked(plain_len)?;
                let (media, tail) = text.split_at_mut_checked(payload.len())?;
                media.copy_from_slice(payload);
                tail.copy_from_slice(padding);
                apply_counter(key, counter_iv(salt, ssrc, index), text)?;
                let mut context = hmac::Context::with_key(authentication);
                context.update(header);
                context.update(text);
                context.update(&rollover(index));
                tag.copy_from_slice(context.sign().as_ref().get(..SHA1_TAG_BYTES)?);
            }
        }
        Some(total)
    }

    /// Encrypts a compound RTCP packet in place and appends tag and index (RFC 3711 section 3.4, RFC 7714 section 9).
    pub fn seal_rtcp(&mut self, packet: &mut Vec<u8>) -> Option<()> {
        let index = self.next_rtcp_index;
        self.next_rtcp_index = index.wrapping_add(1) & !ENCRYPTED_FLAG;
        let ssrc = u32_at(packet, 4)?;
        let index_word = (ENCRYPTED_FLAG | index).to_be_bytes();
        let (header, text) = packet.split_at_mut_checked(RTCP_HEADER_BYTES)?;
        match &self.keys.rtcp {
            Cipher::Gcm { key, salt } => {
                let mut aad = [0u8; RTCP_HEADER_BYTES + RTCP_INDEX_BYTES];
                aad[..RTCP_HEADER_BYTES].copy_from_slice(header);
                aad[RTCP_HEADER_BYTES..].copy_from_slice(&index_word);
                let nonce = gcm_nonce(salt, ssrc, u64::from(index));
                let tag = key.seal_in_place_separate_tag(nonce, Aad::from(&aad), text).ok()?;
                packet.extend_from_slice(tag.as_ref());
                packet.extend_from_slice(&index_word);
            }
            Cipher::Counter {
                key,
                salt,
                authentication,
            } => {
                apply_counter(key, counter_iv(salt, ssrc, u64::from(index)), text)?;
                packet.extend_from_slice(&index_word);
                let tag = hmac::sign(authentication, packet);
                packet.extend_from_slice(tag.as_ref().get(..SHA1_TAG_BYTES)?);
            }
        }
        Some(())
    }
}

/// Opens what one peer sends.
pub struct Opener {
    rtp: Cipher,
    reports: ReportOpener,
}

/// Opens the reports of one peer; all that a viewer's side needs.
pub struct ReportOpener {
    rtcp: Cipher,
    /// Each source of the peer counts its reports for itself (RFC 3711 section 3.2.3).
    windows: SmallVec<[(u32, ReplayWindow<1>); 2]>,
}

impl Opener {
    /// Keys for what `their_side` sends; `None` when the exported material does not fit the profile.
    pub fn new(profile: Profile, material: &[u8], their_side: Side) -> Option<Opener> {
        Some(Opener {
            rtp: Cipher::derive(profile, material, their_side, RTP_LABEL)?,
            reports: ReportOpener::new(profile, material, their_side)?,
        })
    }

    /// Authenticates and decrypts an RTP packet in place; returns the payload, padding included. `None`: not from
    /// this peer. Whether `index` was seen before is the caller's business, after this has said yes.
    pub fn open_rtp<'a>(&self, packet: &'a mut [u8], header_len: usize, ssrc: u32, index: u64) -> Option<&'a mut [u8]> {
        match &self.rtp {
            Cipher::Gcm { key, salt } => {
                let (header, body) = packet.split_at_mut_checked(header_len)?;
                key.open_in_place(gcm_nonce(salt, ssrc, index), Aad::from(&*header), body)
                    .ok()
            }
            Cipher::Counter {
                key,
                salt,
                authentication,
            } => {
                let (text, tag) = packet.split_at_mut_checked(packet.len().checked_sub(SHA1_TAG_BYTES)?)?;
                let mut context = hmac::Context::with_key(authentication);
                context.update(text);
                context.update(&rollover(index));
                let want = context.sign();
                aws_lc_rs::constant_time::verify_slices_are_equal(want.as_ref().get(..SHA1_TAG_BYTES)?, tag).ok()?;
                let payload = text.get_mut(header_len..)?;
                apply_counter(key, counter_iv(salt, ssrc, index), payload)?;
                Some(payload)
            }
        }
    }

    /// As [`ReportOpener::open_rtcp`].
    pub fn open_rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        self.reports.open_rtcp(packet)
    }
}

impl ReportOpener {
    /// The key for the reports that `their_side` sends; `None` when the exported material does not fit the profile.
    pub fn new(profile: Profile, material: &[u8], their_side: Side) -> Option<ReportOpener> {
        Some(ReportOpener {
            rtcp: Cipher::derive(profile, material, their_side, RTCP_LABEL)?,
            windows: SmallVec::new(),
        })
    }

    /// Authenticates and decrypts a compound RTCP packet in place; `None` when it is forged, replayed or cut off.
    pub fn open_rtcp<'a>(&mut self, packet: &'a mut [u8]) -> Option<&'a [u8]> {
        let ssrc = u32_at(packet, 4)?;
        let (index, plain_end) = match &self.rtcp {
            Cipher::Gcm { key, salt } => {
                let end = packet.len().checked_sub(RTCP_INDEX_BYTES)?;
                let word = u32_at(packet, end)?;
                let index = u64::from(word & !ENCRYPTED_FLAG);
                let mut aad = [0u8; RTCP_HEADER_BYTES + RTCP_INDEX_BYTES];
                aad[..RTCP_HEADER_BYTES].copy_from_slice(packet.get(..RTCP_HEADER_BYTES)?);
                aad[RTCP_HEADER_BYTES..].copy_from_slice(&word.to_be_bytes());
                let text = packet.get_mut(RTCP_HEADER_BYTES..end)?;
                let plain = key
                    .open_in_place(gcm_nonce(salt, ssrc, index), Aad::from(&aad), text)
                    .ok()?;
                (index, RTCP_HEADER_BYTES + plain.len())
            }
            Cipher::Counter {
                key,
                salt,
                authentication,
            } => {
                let tag_at = packet.len().checked_sub(SHA1_TAG_BYTES)?;
                let (signed, tag) = packet.split_at_mut_checked(tag_at)?;
                let want = hmac::sign(authentication, signed);
                aws_lc_rs::constant_time::verify_slices_are_equal(want.as_ref().get(..SHA1_TAG_BYTES)?, tag).ok()?;
                let end = tag_at.checked_sub(RTCP_INDEX_BYTES)?;
                let index = u64::from(u32_at(signed, end)? & !ENCRYPTED_FLAG);
                apply_counter(
                    key,
                    counter_iv(salt, ssrc, index),
                    signed.get_mut(RTCP_HEADER_BYTES..end)?,
                )?;
                (index, end)
            }
        };
        self.window(ssrc)?
            .accept(index)
            .then(|| packet.get(..plain_end))
            .flatten()
    }

    /// Which reports of a source were seen; `None` for one source too many.
    fn window(&mut self, ssrc: u32) -> Option<&mut ReplayWindow<1>> {
        let known = self.windows.iter().position(|(source, _)| *source == ssrc);
        if known.is_none() && self.windows.len() < MAX_RTCP_SOURCES {
            self.windows.push((ssrc, ReplayWindow::default()));
        }
        let at = known.unwrap_or_else(|| self.windows.len() - 1);
        let (source, window) = self.windows.get_mut(at)?;
        (*source == ssrc).then_some(window)
    }
}

/// Sources whose reports are taken from one peer: three layers with retransmission, and sound, and as many again.
const MAX_RTCP_SOURCES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    const PROFILES: [Profile; 3] = [Profile::Aes128Gcm, Profile::Aes256Gcm, Profile::Aes128CmSha1];

    fn material() -> Vec<u8> {
        (0..120u8).collect()
    }

    fn pair(profile: Profile) -> (Sealer, Opener) {
        let material = material();
        (
            Sealer::new(profile, &material, Side::Server).unwrap(),
            Opener::new(profile, &material, Side::Server).unwrap(),
        )
    }

    const HEADER: [u8; 12] = [0x80, 96, 0, 7, 0, 0, 0, 1, 0, 0, 0, 9];

    #[test]
    fn rtp_is_opened_as_it_was_sealed_and_not_otherwise() {
        for profile in PROFILES {
            let (sealer, opener) = pair(profile);
            let mut out = [0u8; 64];
            out[..12].copy_from_slice(&HEADER);
            let len = sealer.seal_rtp(&mut out, 12, b"payload", &[0, 2], 9, 0x1_0007).unwrap();
            assert_eq!(len, 12 + 9 + sealer.rtp_overhead(), "{profile:?}");
            for byte in [0, 12, len - 1] {
                let mut broken = out[..len].to_vec();
                broken[byte] ^= 1;
                assert!(
                    opener.open_rtp(&mut broken, 12, 9, 0x1_0007).is_none(),
                    "{profile:?} byte {byte}"
                );
            }
            assert!(
                opener.open_rtp(&mut out[..len].to_vec(), 12, 9, 7).is_none(),
                "{profile:?} wrong rollover"
            );
            assert_eq!(
                opener.open_rtp(&mut out[..len], 12, 9, 0x1_0007).unwrap(),
                b"payload\0\x02",
                "{profile:?}"
            );
        }
    }

    #[test]
    fn a_buffer_that_is_too_short_seals_nothing() {
        for profile in PROFILES {
            let (sealer, _) = pair(profile);
            assert_eq!(sealer.seal_rtp(&mut [0; 20], 12, b"payload", &[], 9, 1), None);
        }
    }

    #[test]
    fn rtcp_is_opened_once() {
        for profile in PROFILES {
            let (mut sealer, mut opener) = pair(profile);
            let plain = [0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2];
            let mut packet = plain.to_vec();
            sealer.seal_rtcp(&mut packet).unwrap();
            let mut again = packet.clone();
            let mut cut = packet[..packet.len() - 1].to_vec();
            assert_eq!(opener.open_rtcp(&mut cut), None);
            assert_eq!(opener.open_rtcp(&mut packet), Some(&plain[..]), "{profile:?}");
            assert_eq!(opener.open_rtcp(&mut again), None, "{profile:?} replayed");
        }
    }

    #[test]
    fn every_source_of_a_peer_counts_its_reports_for_itself() {
        for profile in PROFILES {
            let (mut picture, mut opener) = pair(profile);
            let (mut sound, _) = pair(profile);
            for (sealer, ssrc) in [(&mut picture, 1), (&mut sound, 2)] {
                let plain = [0x80, 201, 0, 1, 0, 0, 0, ssrc];
                let mut packet = plain.to_vec();
                sealer.seal_rtcp(&mut packet).unwrap();
                assert_eq!(
                    opener.open_rtcp(&mut packet),
                    Some(&plain[..]),
                    "{profile:?}, source {ssrc}"
                );
            }
        }
    }

    #[test]
    fn reports_of_countless_sources_are_not_taken() {
        let (mut sealer, mut opener) = pair(Profile::Aes128Gcm);
        let mut is_taken = |ssrc: u8| {
            let mut packet = vec![0x80, 201, 0, 1, 0, 0, 0, ssrc];
            sealer.seal_rtcp(&mut packet).unwrap();
            opener.open_rtcp(&mut packet).is_some()
        };
        let taken = (0..200).filter(|&ssrc| is_taken(ssrc)).count();
        assert_eq!(taken, MAX_RTCP_SOURCES);
        assert!(is_taken(0), "who is known stays known");
    }

    /// RFC 3711 appendix B.3: key derivation test vectors.
    #[test]
    fn keys_are_derived_as_the_rfc_says() {
        let master = [
            0xE1, 0xF9, 0x7A, 0x0D, 0x3E, 0x01, 0x8B, 0xE0, 0xD6, 0x4F, 0xA3, 0x2C, 0x06, 0xDE, 0x41, 0x39,
        ];
        let salt = [
            0x0E, 0xC6, 0x75, 0xAD, 0x49, 0x8A, 0xFE, 0xEB, 0xB6, 0x96, 0x0B, 0x3A, 0xAB, 0xE6,
        ];
        let mut key = [0; 16];
        derive_key(&master, &salt, 0, &mut key).unwrap();
        assert_eq!(key, 0xC61E_7A93_744F_39EE_1073_4AFE_3FF7_A087_u128.to_be_bytes());
        let mut derived_salt = [0; 14];
        derive_key(&master, &salt, 2, &mut derived_salt).unwrap();
        assert_eq!(
            derived_salt,
            [
                0x30, 0xCB, 0xBC, 0x08, 0x86, 0x3D, 0x8C, 0x85, 0xD4, 0x9D, 0xB3, 0x4A, 0x9A, 0xE1
            ]
        );
    }

    #[test]
    fn short_material_gives_no_keys() {
        assert!(Sealer::new(Profile::Aes256Gcm, &[0; 87], Side::Server).is_none());
    }
}
