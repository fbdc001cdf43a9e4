//! One connection of the tester: a full ICE agent with one host candidate, DTLS, SRTP keys. Viewers and the publisher
//! sit on it.

use crate::port::Port;
use crate::sdp::{Local, Remote};
use crate::stun::{Answer, Check, Role};
use anyhow::Result;
use aws_lc_rs::hmac;
use lectern_media::peer::dtls::{Progress, Session, SharedConfig};
use lectern_media::peer::srtp::{Opener, Sealer, Side};
use lectern_media::wire::stun::{BindingRequest, integrity_key};
use lectern_media::wire::{Protocol, protocol};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

/// The first retransmission of a check; doubles each time up to [`CHECK_INTERVAL`] (RFC 8445 section 14.3).
const FIRST_RETRANSMISSION: Duration = Duration::from_millis(100);

/// Between two checks of a pair in use (RFC 7675 section 5.1).
const CHECK_INTERVAL: Duration = Duration::from_secs(5);

/// Without an answer for so long the connection is lost (RFC 7675 section 5.1).
const CONSENT: Duration = Duration::from_secs(30);

/// Without a connection for so long it will not come.
const PATIENCE: Duration = Duration::from_secs(15);

/// What all connections of the tester share.
#[derive(Clone)]
pub(crate) struct Identity {
    shared: SharedConfig,
}

impl Identity {
    /// Makes a certificate.
    ///
    /// # Errors
    /// The cryptographic library's.
    pub(crate) fn new() -> Result<Identity> {
        let certificate = dimpl::certificate::generate_self_signed_certificate()?;
        Ok(Identity {
            shared: SharedConfig::new(certificate)?,
        })
    }

    /// Fresh credentials for a socket that is reached at `ip`.
    ///
    /// # Errors
    /// The kernel's.
    pub(crate) fn local(&self, ip: IpAddr, port: &Port) -> Result<Local> {
        Ok(Local {
            ufrag: hex::encode(random::<4>()?),
            pwd: hex::encode(random::<12>()?),
            fingerprint: self.shared.fingerprint(),
            address: SocketAddr::new(ip, port.number()?),
        })
    }
}

/// Random bytes.
///
/// # Errors
/// The kernel has none.
pub(crate) fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    Ok(bytes)
}

/// What a call brought about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Step {
    /// Nothing that matters outside.
    None,
    /// ICE has found a pair.
    Reachable,
    /// The keys are there.
    Connected,
    /// It is over, and why.
    Over(&'static str),
}

/// Keys of both directions.
pub(crate) struct Keys {
    pub(crate) sealer: Sealer,
    pub(crate) opener: Opener,
}

/// See the module.
pub(crate) struct Connection {
    pub(crate) keys: Option<Keys>,
    /// Where media comes from and goes to.
    pub(crate) selected: Option<SocketAddr>,
    /// The handshake, until it may begin.
    waiting: Option<(SharedConfig, Remote)>,
    session: Option<Session>,
    local_key: hmac::Key,
    remote_key: hmac::Key,
    username: String,
    role: Role,
    is_lite: bool,
    candidates: Vec<SocketAddr>,
    transaction: [u8; 12],
    next_check: Instant,
    retransmission: Duration,
    started: Instant,
    last_answer: Instant,
    has_nominated: bool,
}

impl Connection {
    /// `role` is ours; a lite agent on the other side makes us the controlling one in any case.
    ///
    /// # Errors
    /// There is no randomness.
    pub(crate) fn new(
        identity: &Identity,
        local: &Local,
        remote: &Remote,
        role: Role,
        now: Instant,
    ) -> Result<Connection> {
        let family = local.address.is_ipv4();
        Ok(Connection {
            keys: None,
            selected: None,
            waiting: Some((identity.shared.clone(), remote.clone())),
            session: None,
            local_key: integrity_key(&local.pwd),
            remote_key: integrity_key(&remote.pwd),
            username: format!("{}:{}", remote.ufrag, local.ufrag),
            role: if remote.is_lite { Role::Controlling } else { role },
            is_lite: remote.is_lite,
            candidates: remote
                .candidates
                .iter()
                .copied()
                .filter(|c| c.is_ipv4() == family)
                .collect(),
            transaction: random()?,
            next_check: now,
            retransmission: FIRST_RETRANSMISSION,
            started: now,
            last_answer: now,
            has_nominated: false,
        })
    }

    /// Takes what is neither RTP nor RTCP.
    pub(crate) fn take(&mut self, now: Instant, from: SocketAddr, datagram: &[u8], port: &Port) -> Step {
        match protocol(datagram) {
            Some(Protocol::Stun) => self.take_stun(now, from, datagram, port),
            Some(Protocol::Dtls) => {
                let (Some(session), Some(to)) = (&mut self.session, self.selected) else {
                    return Step::None;
                };
                let progress = session.handle_datagram(now, datagram, |out| port.send(to, out));
                self.progressed(progress)
            }
            _ => Step::None,
        }
    }

    fn take_stun(&mut self, now: Instant, from: SocketAddr, datagram: &[u8], port: &Port) -> Step {
        if let Some(answer) = Answer::parse(datagram) {
            return match answer {
                Answer::Success(transaction) if transaction[..8] == self.transaction[..8] => {
                    self.last_answer = now;
                    self.select(now, from, port)
                }
                _ => Step::None,
            };
        }
        let Some(request) = BindingRequest::parse(datagram).filter(|request| request.is_authentic(&self.local_key))
        else {
            return Step::None;
        };
        let mut answer = Vec::new();
        request.write_success(from, &self.local_key, &mut answer);
        port.send(from, &answer);
        if !self.candidates.contains(&from) {
            // Peer-reflexive (RFC 8445 section 7.3.1.3); bounded by the password that it had to know.
            self.candidates.push(from);
            self.next_check = now;
        }
        if request.use_candidate && self.role == Role::Controlled {
            return self.select(now, from, port);
        }
        Step::None
    }

    /// The pair works: nominates it, and lets the handshake begin.
    fn select(&mut self, now: Instant, address: SocketAddr, port: &Port) -> Step {
        if self.selected.is_some() {
            return Step::None;
        }
        self.selected = Some(address);
        self.next_check = now + CHECK_INTERVAL;
        if self.role == Role::Controlling && !self.has_nominated {
            self.check(address, port);
        }
        if let Some((shared, remote)) = self.waiting.take() {
            let side = if remote.setup == "active" {
                Side::Server
            } else {
                Side::Client
            };
            let mut session = Session::new(&shared, side, remote.fingerprints, now);
            if side == Side::Client {
                let progress = session.handle_timeout(now, |out| port.send(address, out));
                if progress.end.is_some() {
                    return Step::Over("the DTLS handshake did not begin");
                }
            }
            self.session = Some(session);
        }
        Step::Reachable
    }

    fn check(&mut self, to: SocketAddr, port: &Port) {
        let nominates = self.role == Role::Controlling && (self.is_lite || self.selected.is_some());
        self.has_nominated |= nominates;
        // The first eight bytes name the connection, the rest the check.
        let [.., a, b, c, d] = self.transaction;
        let number = u32::from_be_bytes([a, b, c, d]).wrapping_add(1);
        self.transaction[8..].copy_from_slice(&number.to_be_bytes());
        let mut datagram = Vec::with_capacity(128);
        let check = Check {
            username: &self.username,
            role: self.role,
            tie_breaker: 1,
            nominates,
            transaction: self.transaction,
        };
        check.write(&self.remote_key, &mut datagram);
        port.send(to, &datagram);
    }

    fn progressed(&mut self, progress: Progress) -> Step {
        if let Some(keying) = progress.keying {
            let (ours, theirs) = match keying.our_side {
                Side::Client => (Side::Client, Side::Server),
                Side::Server => (Side::Server, Side::Client),
            };
            let sealer = Sealer::new(keying.profile, &keying.material, ours);
            let opener = Opener::new(keying.profile, &keying.material, theirs);
            self.keys = sealer.zip(opener).map(|(sealer, opener)| Keys { sealer, opener });
            return Step::Connected;
        }
        if progress.end.is_some() {
            let why = if self.keys.is_some() {
                "the server closed it"
            } else {
                "the DTLS handshake failed"
            };
            return Step::Over(why);
        }
        Step::None
    }

    /// Checks and retransmissions that are due.
    pub(crate) fn handle_timeout(&mut self, now: Instant, port: &Port) -> Step {
        if self.keys.is_none() && now >= self.started + PATIENCE {
            return Step::Over(if self.selected.is_some() {
                "the DTLS handshake did not end"
            } else {
                "no UDP address of the server answered"
            });
        }
        if now >= self.last_answer + CONSENT && self.role == Role::Controlling {
            return Step::Over("the server no longer answers");
        }
        if now >= self.next_check {
            match self.selected {
                Some(address) => {
                    self.check(address, port);
                    self.next_check = now + CHECK_INTERVAL;
                }
                None => {
                    for at in 0..self.candidates.len() {
                        self.check(self.candidates[at], port);
                    }
                    self.next_check = now + self.retransmission;
                    self.retransmission = (2 * self.retransmission).min(CHECK_INTERVAL);
                }
            }
        }
        if self.keys.is_none()
            && let (Some(session), Some(to)) = (&mut self.session, self.selected)
            && session.timeout().is_some_and(|at| at <= now)
        {
            let progress = session.handle_timeout(now, |out| port.send(to, out));
            return self.progressed(progress);
        }
        Step::None
    }

    /// When [`Connection::handle_timeout`] wants to be called.
    pub(crate) fn timeout(&self) -> Instant {
        let session = self.session.as_ref().filter(|_| self.keys.is_none());
        let handshake = session.and_then(Session::timeout);
        handshake.map_or(self.next_check, |at| at.min(self.next_check))
    }

    /// Protects a compound RTCP packet and sends it.
    pub(crate) fn send_rtcp(&mut self, compound: &mut Vec<u8>, port: &Port) {
        if let (Some(keys), Some(to)) = (&mut self.keys, self.selected)
            && keys.sealer.seal_rtcp(compound).is_some()
        {
            port.send(to, compound);
        }
    }
}
