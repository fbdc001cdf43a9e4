//! Which addresses the answers offer to browsers.

use lectern_media::peer::sdp::{Candidate, Transport};
use std::net::{IpAddr, SocketAddr, UdpSocket};

/// Answers must stay short (some clients read 8 KB), and a browser tries every one.
const MAX_ADDRESSES: usize = 12;

/// Candidates for a socket bound to `bound`: the operator's addresses first, then the machine's own, most useful first.
/// Some clients try only the first.
pub(super) fn candidates(bound: SocketAddr, public: &[IpAddr]) -> Vec<Candidate> {
    let own = if bound.ip().is_unspecified() {
        interfaces()
    } else {
        vec![bound.ip().to_canonical()]
    };
    let takes_v4 = bound.is_ipv4() || bound.ip().is_unspecified();
    let is_reachable = |ip: &IpAddr| {
        if bound.is_ipv4() {
            ip.is_ipv4()
        } else {
            ip.is_ipv6() || takes_v4
        }
    };
    let addresses = order(
        public,
        own.into_iter().filter(is_reachable).collect(),
        default_route().as_slice(),
    );
    let at = |ip| Candidate {
        addr: SocketAddr::new(ip, bound.port()),
        transport: Transport::Udp,
    };
    addresses.into_iter().map(at).collect()
}

/// The operator's as they stand, then those of the default routes, then the others; loopback last.
fn order(public: &[IpAddr], own: Vec<IpAddr>, default: &[IpAddr]) -> Vec<IpAddr> {
    let mut own: Vec<IpAddr> = own.into_iter().filter(is_useful).collect();
    own.sort_by_key(|ip| (ip.is_loopback(), !default.contains(ip), !is_global(ip)));
    let mut ordered = Vec::new();
    for ip in public.iter().copied().chain(own) {
        if !ordered.contains(&ip) {
            ordered.push(ip);
        }
    }
    ordered.truncate(MAX_ADDRESSES);
    ordered
}

fn interfaces() -> Vec<IpAddr> {
    match if_addrs::get_if_addrs() {
        Ok(interfaces) => interfaces.into_iter().map(|interface| interface.ip()).collect(),
        Err(error) => {
            tracing::warn!(%error, "cannot list the machine's addresses; only 127.0.0.1 is offered");
            vec![IpAddr::from([127, 0, 0, 1])]
        }
    }
}

/// The addresses that packets to the world would leave from. Connecting a UDP socket sends nothing.
fn default_route() -> Vec<IpAddr> {
    // Addresses for documentation (RFC 5737, RFC 3849): they belong to nobody.
    let far = [("0.0.0.0:0", "192.0.2.1:9"), ("[::]:0", "[2001:db8::1]:9")];
    let route = |(bind, to): (&str, &str)| {
        let socket = UdpSocket::bind(bind).ok()?;
        socket.connect(to).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    far.into_iter().filter_map(route).collect()
}

/// Link-local IPv6 addresses need a zone, which a candidate cannot carry.
fn is_useful(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_unspecified() && !ip.is_link_local(),
        IpAddr::V6(ip) => !ip.is_unspecified() && !ip.is_unicast_link_local(),
    }
}

fn is_global(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_private() && !ip.is_loopback(),
        IpAddr::V6(ip) => !ip.is_unique_local() && !ip.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    #[test]
    fn the_most_useful_address_comes_first_and_loopback_last() {
        let own = ips(&[
            "127.0.0.1",
            "172.17.0.1",
            "192.168.1.5",
            "::1",
            "fe80::1",
            "fd00::2",
            "198.51.100.3",
        ]);
        let ordered = order(&ips(&["203.0.113.7"]), own, &ips(&["192.168.1.5"]));
        let want = [
            "203.0.113.7",
            "192.168.1.5",
            "198.51.100.3",
            "172.17.0.1",
            "fd00::2",
            "127.0.0.1",
            "::1",
        ];
        assert_eq!(ordered, ips(&want));
    }

    #[test]
    fn a_socket_offers_what_it_listens_on() {
        let at = |bound: &str| candidates(bound.parse().unwrap(), &[]);
        let texts = |bound| at(bound).iter().map(|c| c.addr.to_string()).collect::<Vec<_>>();
        assert_eq!(texts("127.0.0.1:7000"), ["127.0.0.1:7000"]);
        assert_eq!(texts("[::1]:7000"), ["[::1]:7000"]);
        assert!(texts("0.0.0.0:7000").contains(&"127.0.0.1:7000".to_owned()));
        assert!(at("0.0.0.0:7000").iter().all(|candidate| candidate.addr.is_ipv4()));
        assert!(texts("[::]:7000").contains(&"127.0.0.1:7000".to_owned()));
    }
}
