//! ICE candidates (RFC 8839 section 5.1): the server's own are written, a client's are read.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// What carries the packets of a candidate.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Transport {
    /// UDP.
    Udp,
    /// TCP to a listening socket of the candidate's owner (RFC 6544).
    TcpPassive,
    /// TCP that the candidate's owner opens (RFC 6544): nothing can be sent to its address.
    TcpActive,
}

/// An address at which its owner may be reached.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Candidate {
    /// Where.
    pub addr: SocketAddr,
    /// How.
    pub transport: Transport,
}

impl Candidate {
    /// Puts candidates in the order in which they are announced: UDP over IPv4 first, since some clients try only the
    /// first one, then UDP over IPv6, then TCP.
    pub(super) fn sorted(candidates: &[Candidate]) -> Vec<Candidate> {
        let mut sorted = candidates.to_vec();
        sorted.sort_by_key(|candidate| (candidate.transport, candidate.addr.is_ipv6()));
        sorted
    }

    /// The text after `a=` of the candidate that stands at `index`: `candidate:1 1 udp 2130706431 192.0.2.1 8189 typ
    /// host`. Earlier ones have the higher priority (RFC 8445 section 5.1.2, RFC 6544 section 4.2).
    pub(super) fn line(&self, index: usize) -> impl fmt::Display {
        struct Line(Candidate, u32);
        impl fmt::Display for Line {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let Line(Candidate { addr, transport }, index) = *self;
                let (name, type_preference, suffix) = match transport {
                    Transport::Udp => ("udp", 126u32, ""),
                    Transport::TcpPassive => ("tcp", 90, " tcptype passive"),
                    Transport::TcpActive => ("tcp", 90, " tcptype active"),
                };
                let priority = (type_preference << 24) | ((65_535 - index) << 8) | 255;
                let foundation = index + 1;
                let (ip, port) = (addr.ip(), addr.port());
                write!(
                    f,
                    "candidate:{foundation} 1 {name} {priority} {ip} {port} typ host{suffix}"
                )
            }
        }
        Line(*self, u32::try_from(index).unwrap_or(u32::MAX).min(65_535))
    }

    /// Reads the text after `candidate:`. `Ok(None)` is a candidate that cannot be used and does no harm: another
    /// component, an unknown transport, a name instead of an address (`….local`).
    pub(super) fn parse(value: &str) -> Result<Option<Candidate>, MalformedCandidate> {
        let words: Vec<&str> = value.split_ascii_whitespace().collect();
        let [
            foundation,
            component,
            transport,
            priority,
            address,
            port,
            "typ",
            _kind,
            extensions @ ..,
        ] = words.as_slice()
        else {
            return Err(MalformedCandidate);
        };
        let component: u16 = component.parse().map_err(|_| MalformedCandidate)?;
        let _priority: u32 = priority.parse().map_err(|_| MalformedCandidate)?;
        let port: u16 = port.parse().map_err(|_| MalformedCandidate)?;
        if foundation.len() > 32 || extensions.len() > MAX_EXTENSION_WORDS {
            return Err(MalformedCandidate);
        }
        let tcptype = extensions.chunks(2).find_map(|pair| match pair {
            ["tcptype", kind] => Some(*kind),
            _ => None,
        });
        let transport = match (transport.to_ascii_lowercase().as_str(), tcptype) {
            ("udp", _) => Transport::Udp,
            ("tcp", Some("passive")) => Transport::TcpPassive,
            ("tcp", Some("active")) => Transport::TcpActive,
            _ => return Ok(None),
        };
        let Ok(ip) = address.parse::<IpAddr>() else {
            return Ok(None);
        };
        Ok((component == 1).then_some(Candidate {
            addr: SocketAddr::new(ip, port),
            transport,
        }))
    }
}

/// Not a candidate line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct MalformedCandidate;

/// Browsers add up to 14 words after the type (`raddr`, `generation`, `network-cost`, …).
const MAX_EXTENSION_WORDS: usize = 64;
