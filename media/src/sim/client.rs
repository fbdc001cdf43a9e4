//! A WebRTC client as far as the network sees it: ICE checks, DTLS, SRTP. Publishers and viewers sit on it.

use super::publisher::{DESCRIPTOR_ID, TRANSPORT_CC_ID};
use crate::codec::Codec;
use crate::id::PeerId;
use crate::net::Origin;
use crate::peer::dtls::{Session, SharedConfig};
use crate::peer::replay::IndexEstimate;
use crate::peer::sdp::{Fingerprint, HashFunction};
use crate::peer::srtp::{Opener, Sealer, Side};
use crate::wire::dependency::DescriptorBytes;
use crate::wire::rtp::Header;
use crate::wire::{self, Protocol, stun};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::Rng;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

const CHECK_INTERVAL: Duration = Duration::from_millis(500);

/// What arrived, opened.
pub(super) enum Opened<'a> {
    Rtp {
        header: Header,
        index: u64,
        transport_number: Option<u16>,
        descriptor: DescriptorBytes,
        payload: &'a [u8],
    },
    Rtcp(&'a [u8]),
}

pub(super) struct Client {
    pub(super) peer: Option<PeerId>,
    pub(super) sealer: Option<Sealer>,
    /// Datagrams to send.
    pub(super) out: Vec<Vec<u8>>,
    opener: Option<Opener>,
    estimates: HashMap<u32, IndexEstimate>,
    host: u16,
    port: u16,
    /// The name of its TCP connection; 0: it uses UDP.
    connection: u64,
    /// Whether its checks say that this is the address to use.
    pub(super) nominates: bool,
    restarts: usize,
    shared: SharedConfig,
    session: Option<Session>,
    remote: Option<(String, aws_lc_rs::hmac::Key)>,
    next_check: Instant,
    transaction: u64,
}

impl Client {
    pub(super) fn new(number: usize, now: Instant, rng: &mut ChaCha20Rng) -> Client {
        let certificate = dimpl::certificate::generate_self_signed_certificate().expect("key generation works");
        Client {
            peer: None,
            sealer: None,
            out: Vec::new(),
            opener: None,
            estimates: HashMap::new(),
            host: u16::try_from(number).expect("few clients"),
            port: 40_000,
            connection: 0,
            nominates: true,
            restarts: 0,
            shared: SharedConfig::new(certificate).expect("the certificate is good"),
            session: None,
            remote: None,
            next_check: now,
            transaction: rng.next_u64(),
        }
    }

    pub(super) fn address(&self) -> SocketAddr {
        let [high, low] = self.host.to_be_bytes();
        SocketAddr::from(([198, 51, high, low], self.port))
    }

    /// The same as the engine sees it.
    pub(super) fn origin(&self) -> Origin {
        let remote = self.address();
        match self.connection {
            0 => Origin::Udp { remote, local: None },
            connection => Origin::Tcp { remote, connection },
        }
    }

    /// Another address, with UDP; or a new connection over TCP (`connection` is its name, not 0).
    pub(super) fn move_away(&mut self, connection: u64) {
        self.port += 1;
        self.connection = connection;
    }

    /// An offer with an audio and a video section; `sections` is a template for both.
    pub(super) fn offer(&self, sections: fn(Codec) -> String, direction: &str, codec: Codec) -> String {
        let transport = format!(
            "c=IN IP4 0.0.0.0\r\na=ice-ufrag:peer\r\na=ice-pwd:peerpeerpeerpeerpeerpeer\r\na=fingerprint:sha-256 {}\r\n\
             a=setup:actpass\r\na=rtcp-mux\r\na={direction}\r\n",
            colon_hex(&self.shared.fingerprint().bytes)
        );
        let sections = sections(codec).replace("TRANSPORT\r\n", &transport);
        format!("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n{sections}")
    }

    pub(super) fn take_answer(&mut self, peer: PeerId, answer: &str) {
        let value = |name: &str| {
            let line = answer.lines().find_map(|line| line.strip_prefix(name));
            line.expect("the answer has it").trim().to_owned()
        };
        let bytes = value("a=fingerprint:sha-256 ")
            .split(':')
            .map(|h| u8::from_str_radix(h, 16).expect("hex"))
            .collect();
        self.peer = Some(peer);
        self.remote = Some((value("a=ice-ufrag:"), stun::integrity_key(&value("a=ice-pwd:"))));
        self.expect(vec![Fingerprint {
            algorithm: HashFunction::Sha256,
            bytes,
        }]);
    }

    /// New credentials for an ICE restart: the fragment to send.
    pub(super) fn restart_fragment(&self) -> String {
        let ufrag = "again".repeat(self.restarts + 1);
        let password = "againagainagainagainagain";
        format!("a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:0\r\n")
    }

    /// Checks go to the server's new credentials from now on.
    pub(super) fn take_restart(&mut self, fragment: &str, now: Instant) {
        let value = |name: &str| {
            let line = fragment.lines().find_map(|line| line.strip_prefix(name));
            line.expect("the fragment has it").trim().to_owned()
        };
        self.remote = Some((value("a=ice-ufrag:"), stun::integrity_key(&value("a=ice-pwd:"))));
        self.next_check = now;
        self.restarts += 1;
    }

    fn expect(&mut self, fingerprints: Vec<Fingerprint>) {
        self.session = Some(Session::new(&self.shared, Side::Client, fingerprints, self.next_check));
    }

    /// Checks and the handshake.
    pub(super) fn tick(&mut self, now: Instant) {
        if now >= self.next_check
            && let Some((ufrag, key)) = &self.remote
        {
            self.next_check = now + CHECK_INTERVAL;
            self.transaction += 1;
            let mut transaction = [0; 12];
            transaction[..8].copy_from_slice(&self.transaction.to_be_bytes());
            let mut check = Vec::new();
            stun::write_request(&format!("{ufrag}:peer"), self.nominates, transaction, key, &mut check);
            self.out.push(check);
        }
        if let Some(session) = &mut self.session
            && self.sealer.is_none()
            && session.timeout().is_some_and(|at| at <= now)
        {
            let out = &mut self.out;
            session.handle_timeout(now, |datagram| out.push(datagram.to_vec()));
        }
    }

    /// Takes a datagram; media and reports come back opened.
    pub(super) fn take_datagram<'a>(&mut self, now: Instant, datagram: &'a mut [u8]) -> Option<Opened<'a>> {
        match wire::protocol(datagram)? {
            Protocol::Stun => None,
            Protocol::Dtls => {
                let out = &mut self.out;
                let progress = self
                    .session
                    .as_mut()?
                    .handle_datagram(now, datagram, |datagram| out.push(datagram.to_vec()));
                if let Some(keying) = progress.keying {
                    self.sealer = Sealer::new(keying.profile, &keying.material, Side::Client);
                    self.opener = Opener::new(keying.profile, &keying.material, Side::Server);
                }
                None
            }
            Protocol::Rtcp => Some(Opened::Rtcp(self.opener.as_mut()?.open_rtcp(datagram)?)),
            Protocol::Rtp => {
                let header = Header::parse(datagram)?;
                let number = header
                    .extension(datagram, TRANSPORT_CC_ID)
                    .and_then(<[u8]>::first_chunk);
                let transport_number = number.map(|bytes| u16::from_be_bytes(*bytes));
                let descriptor = header.extension(datagram, DESCRIPTOR_ID).unwrap_or_default();
                let descriptor = DescriptorBytes::from_slice(descriptor);
                let estimate = self.estimates.entry(header.ssrc).or_default();
                let extended = estimate.extend(header.seq)?;
                let index = IndexEstimate::index(extended);
                let sealed = self
                    .opener
                    .as_ref()?
                    .open_rtp(datagram, header.len, header.ssrc, index)?;
                estimate.note(extended);
                Some(Opened::Rtp {
                    header,
                    index,
                    transport_number,
                    descriptor,
                    payload: header.strip_padding(sealed)?,
                })
            }
        }
    }

    /// Seals a packet that somebody else made; the rollover count is 0. Nothing when it has no header, or there are no
    /// keys yet.
    pub(super) fn seal(&mut self, packet: &[u8]) -> Option<Vec<u8>> {
        let sealer = self.sealer.as_mut()?;
        if wire::protocol(packet) == Some(Protocol::Rtcp) {
            let mut sealed = packet.to_vec();
            sealer.seal_rtcp(&mut sealed)?;
            return Some(sealed);
        }
        let header = Header::parse(packet)?;
        let (_, payload) = packet.split_at_checked(header.len)?;
        let mut sealed = packet.to_vec();
        sealed.resize(packet.len() + sealer.rtp_overhead(), 0);
        sealer.seal_rtp(
            &mut sealed,
            header.len,
            payload,
            &[],
            header.ssrc,
            u64::from(header.seq),
        )?;
        Some(sealed)
    }

    pub(super) fn send_rtcp(&mut self, mut compound: Vec<u8>) {
        if let Some(sealer) = &mut self.sealer
            && sealer.seal_rtcp(&mut compound).is_some()
        {
            self.out.push(compound);
        }
    }
}

fn colon_hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02X}")).collect::<Vec<_>>().join(":")
}
