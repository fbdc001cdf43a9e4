//! The DTLS handshake of one peer: keys out, nothing else. A thin skin over `dimpl`, so that it can be exchanged.

use super::sdp::{Fingerprint, HashFunction};
use super::srtp::{Profile, Side};
use aws_lc_rs::digest;
use dimpl::{Config, Dtls, DtlsCertificate, Output, SrtpProfile};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long we wait for the client's side before our own hello, where the client made us the DTLS client.
pub const CLIENT_START_DELAY: Duration = Duration::from_millis(50);

/// First retransmission of a flight; doubles each time.
const FLIGHT_TIMEOUT: Duration = Duration::from_millis(400);

/// The same for our own hello: one that arrives before the client listens is lost, and nothing else tells us.
const HELLO_TIMEOUT: Duration = Duration::from_millis(100);

/// Records fit every path (RFC 8261 section 5 assumes 1,200 bytes for WebRTC).
const MTU: usize = 1200;

/// What all connections share. Building it runs a self-test of half a millisecond, so there is one per process.
#[derive(Clone)]
pub struct SharedConfig {
    as_server: Arc<Config>,
    as_client: Arc<Config>,
    certificate: DtlsCertificate,
}

impl SharedConfig {
    /// Takes the server's certificate, which answers name by its fingerprint.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn new(certificate: DtlsCertificate) -> Result<SharedConfig, dimpl::Error> {
        let build = |timeout| {
            Config::builder()
                .use_server_cookie(false)
                .mtu(MTU)
                .flight_start_rto(timeout)
                .build()
        };
        let (as_server, as_client) = (Arc::new(build(FLIGHT_TIMEOUT)?), Arc::new(build(HELLO_TIMEOUT)?));
        Ok(SharedConfig {
            as_server,
            as_client,
            certificate,
        })
    }

    /// SHA-256 of the certificate.
    pub fn fingerprint(&self) -> Fingerprint {
        let bytes = digest::digest(&digest::SHA256, &self.certificate.certificate)
            .as_ref()
            .to_vec();
        Fingerprint {
            algorithm: HashFunction::Sha256,
            bytes,
        }
    }
}

/// What the handshake gave.
pub struct Keying {
    /// The chosen protection profile.
    pub profile: Profile,
    /// Exported keying material (RFC 5764 section 4.2).
    pub material: Vec<u8>,
    /// Our side of it.
    pub our_side: Side,
}

/// What a call into the handshake brought about.
#[derive(Default)]
pub struct Progress {
    /// Keys, once.
    pub keying: Option<Keying>,
    /// The connection is over, and why.
    pub end: Option<End>,
}

/// Why a connection is over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// The peer, which has keys, said good-bye or gave up.
    ByPeer,
    /// It never got keys: the reason, for people.
    HandshakeFailed(String),
}

/// The handshake of one peer.
pub struct Session {
    dtls: Dtls,
    our_side: Side,
    expected: Vec<Fingerprint>,
    certificate_matches: bool,
    has_keys: bool,
    timeout: Option<Instant>,
    has_begun: bool,
}

impl Session {
    /// Prepares a handshake. As [`Side::Client`] it speaks first, at `now` + [`CLIENT_START_DELAY`]. `expected`: the
    /// fingerprints of the peer's offer, one of which its certificate must have.
    pub fn new(shared: &SharedConfig, our_side: Side, expected: Vec<Fingerprint>, now: Instant) -> Session {
        let config = if our_side == Side::Client {
            &shared.as_client
        } else {
            &shared.as_server
        };
        let mut dtls = Dtls::new_12(config.clone(), shared.certificate.clone(), now);
        dtls.set_active(our_side == Side::Client);
        let start = if our_side == Side::Client {
            now + CLIENT_START_DELAY
        } else {
            now
        };
        Session {
            dtls,
            our_side,
            expected,
            certificate_matches: false,
            has_keys: false,
            timeout: Some(start),
            has_begun: false,
        }
    }

    /// When [`Session::handle_timeout`] wants to be called.
    pub fn timeout(&self) -> Option<Instant> {
        self.timeout
    }

    /// Takes a datagram; calls `send` for every datagram to send. As a client it takes none before its own hello: whatever
    /// comes then is no answer, and `dimpl` cannot bear it.
    pub fn handle_datagram(&mut self, now: Instant, datagram: &[u8], send: impl FnMut(&[u8])) -> Progress {
        if self.our_side == Side::Client && !self.has_begun {
            return Progress::default();
        }
        let before = if self.our_side == Side::Server {
            self.dtls.handle_timeout(now)
        } else {
            Ok(())
        };
        let result = before.and_then(|()| self.dtls.handle_packet(datagram));
        self.drain(result, send)
    }

    /// Starts the handshake or sends a flight again; calls `send` for every datagram to send.
    pub fn handle_timeout(&mut self, now: Instant, send: impl FnMut(&[u8])) -> Progress {
        self.has_begun = true;
        let result = self.dtls.handle_timeout(now);
        self.drain(result, send)
    }

    /// Tells the peer that it is over; calls `send` with the alert.
    pub fn close(&mut self, send: impl FnMut(&[u8])) {
        let result = self.dtls.close();
        self.drain(result, send);
    }

    fn drain(&mut self, result: Result<(), dimpl::Error>, mut send: impl FnMut(&[u8])) -> Progress {
        let mut progress = Progress {
            keying: None,
            end: result.err().map(|error| self.end(&error)),
        };
        // Not kept: thousands of finished handshakes would hold it for nothing.
        let mut scratch = vec![0; 2048];
        loop {
            match self.dtls.poll_output(&mut scratch) {
                Output::Packet(datagram) => send(datagram),
                Output::Timeout(at) => {
                    self.timeout = Some(at);
                    break;
                }
                Output::BufferTooSmall { needed } => scratch.resize(needed, 0),
                Output::PeerCert(der) => {
                    self.certificate_matches = self.expected.iter().any(|f| is_fingerprint_of(f, der));
                    if !self.certificate_matches {
                        let why = "its certificate is not the one that its offer names";
                        progress.end = Some(End::HandshakeFailed(why.to_owned()));
                    }
                }
                Output::KeyingMaterial(material, profile) => {
                    let profile = match profile {
                        SrtpProfile::AEAD_AES_128_GCM => Profile::Aes128Gcm,
                        SrtpProfile::AEAD_AES_256_GCM => Profile::Aes256Gcm,
                        SrtpProfile::AES128_CM_SHA1_80 => Profile::Aes128CmSha1,
                        _ => {
                            let why = format!("the SRTP profile {profile:?} is not known");
                            progress.end = Some(End::HandshakeFailed(why));
                            continue;
                        }
                    };
                    self.has_keys = true;
                    progress.keying = Some(Keying {
                        profile,
                        material: material.to_vec(),
                        our_side: self.our_side,
                    });
                }
                Output::CloseNotify => progress.end = Some(End::ByPeer),
                _ => {}
            }
        }
        if !self.certificate_matches {
            progress.keying = None;
        }
        progress
    }

    fn end(&self, error: &dimpl::Error) -> End {
        if self.has_keys {
            return End::ByPeer;
        }
        End::HandshakeFailed(error.to_string())
    }
}

fn is_fingerprint_of(fingerprint: &Fingerprint, der: &[u8]) -> bool {
    let algorithm = match fingerprint.algorithm {
        HashFunction::Sha256 => &digest::SHA256,
        HashFunction::Sha384 => &digest::SHA384,
        HashFunction::Sha512 => &digest::SHA512,
    };
    digest::digest(algorithm, der).as_ref() == fingerprint.bytes.as_slice()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_comes_before_our_own_hello_is_left_alone() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        let certificate = dimpl::certificate::generate_self_signed_certificate().unwrap();
        let shared = SharedConfig::new(certificate).unwrap();
        // A fatal alert (RFC 6347 section 4.1), as an earlier connection of the same address may leave behind.
        let alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40];
        let handshake = [
            22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
        ];
        let mut session = Session::new(&shared, Side::Client, Vec::new(), now);
        for datagram in [&alert[..], &handshake] {
            let progress = session.handle_datagram(now, datagram, |_| panic!("it says nothing yet"));
            assert!(progress.end.is_none() && progress.keying.is_none());
        }
        let mut hellos = 0;
        session.handle_timeout(now + CLIENT_START_DELAY, |_| hellos += 1);
        assert_eq!(hellos, 1, "the handshake begins as if nothing had come");
    }

    fn shared() -> SharedConfig {
        SharedConfig::new(dimpl::certificate::generate_self_signed_certificate().unwrap()).unwrap()
    }

    /// Lets a client and a server shake hands; what the server and the client came to.
    fn shake_hands(server: &mut Session, client: &mut Session, now: Instant) -> [Progress; 2] {
        let (mut to_server, mut to_client) = (Vec::new(), Vec::new());
        client.handle_timeout(now, |datagram| to_server.push(datagram.to_vec()));
        let mut came_to = [Progress::default(), Progress::default()];
        let note = |so_far: &mut Progress, progress: Progress| {
            so_far.keying = progress.keying.or(so_far.keying.take());
            so_far.end = progress.end.or(so_far.end.take());
        };
        while !(to_server.is_empty() && to_client.is_empty()) {
            for datagram in std::mem::take(&mut to_server) {
                let progress = server.handle_datagram(now, &datagram, |out| to_client.push(out.to_vec()));
                note(&mut came_to[0], progress);
            }
            for datagram in std::mem::take(&mut to_client) {
                let progress = client.handle_datagram(now, &datagram, |out| to_server.push(out.to_vec()));
                note(&mut came_to[1], progress);
            }
        }
        came_to
    }

    /// Two sessions that have shaken hands.
    fn pair(now: Instant) -> (Session, Session) {
        let (ours, theirs) = (shared(), shared());
        let mut server = Session::new(&ours, Side::Server, vec![theirs.fingerprint()], now);
        let mut client = Session::new(&theirs, Side::Client, vec![ours.fingerprint()], now);
        let came_to = shake_hands(&mut server, &mut client, now);
        assert!(came_to.iter().all(|progress| progress.keying.is_some()));
        (server, client)
    }

    #[test]
    fn a_certificate_of_somebody_else_ends_the_handshake_and_it_is_said_why() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        let (ours, theirs) = (shared(), shared());
        let mut server = Session::new(&ours, Side::Server, vec![shared().fingerprint()], now);
        let mut client = Session::new(&theirs, Side::Client, vec![ours.fingerprint()], now);
        let [progress, _] = shake_hands(&mut server, &mut client, now);
        assert!(progress.keying.is_none());
        let Some(End::HandshakeFailed(why)) = progress.end else {
            panic!("the handshake has failed: {:?}", progress.end);
        };
        assert!(why.contains("certificate"), "{why}");
    }

    #[test]
    fn an_alert_before_there_are_keys_is_a_failed_handshake() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        let mut server = Session::new(&shared(), Side::Server, Vec::new(), now);
        let alert = [21, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 2, 40];
        let end = server.handle_datagram(now, &alert, |_| {}).end;
        assert!(
            matches!(&end, Some(End::HandshakeFailed(why)) if why.contains("40")),
            "{end:?}"
        );
    }

    #[test]
    fn what_others_forge_does_not_end_a_connection() {
        #[expect(clippy::disallowed_methods, reason = "any instant will do")]
        let now = Instant::now();
        let (mut server, mut client) = pair(now);
        let record = |kind: u8, epoch: u8, number: u8, body: &[u8]| {
            let mut record = vec![kind, 254, 253, 0, epoch, 0, 0, 0, 0, 0, number, 0, body.len() as u8];
            record.extend_from_slice(body);
            record
        };
        for forged in [
            record(21, 1, 9, &[0x55; 26]),
            record(23, 1, 9, &[0x55; 40]),
            record(22, 1, 9, &[0x55; 40]),
            record(21, 0, 9, &[2, 40]),
            record(21, 0, 9, &[1, 0]),
            record(22, 0, 9, &[0x55; 40]),
            record(20, 0, 9, &[1]),
            record(21, 1, 9, &[0x55]),
            record(21, 1, 9, &[]),
            record(21, 2, 9, &[0x55; 26]),
            vec![21, 254, 253, 0, 1],
            vec![20; 40],
        ] {
            for session in [&mut server, &mut client] {
                let side = session.our_side;
                assert_eq!(
                    session.handle_datagram(now, &forged, |_| {}).end,
                    None,
                    "{side:?}: {forged:02x?}"
                );
            }
        }
        let mut farewell = Vec::new();
        client.close(|datagram| farewell.push(datagram.to_vec()));
        assert_eq!(
            server.handle_datagram(now, &farewell[0], |_| {}).end,
            Some(End::ByPeer),
            "the real one ends it"
        );
    }
}
