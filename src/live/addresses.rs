//! Which addresses the answers offer to browsers.

use super::hub::Hub;
use super::reach;
use super::types::PublicAddress;
use lectern_media::peer::ice::Probe;
use lectern_media::peer::sdp::{Candidate, Transport};
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

/// Answers must stay short (some clients read 8 KB), and a browser tries every one.
const MAX_UDP: usize = 12;

/// Who needs TCP needs one that works; each takes a browser a connection.
const MAX_TCP: usize = 6;

/// Between two looks at the machine's addresses.
const LOOK_INTERVAL: Duration = Duration::from_secs(10);

/// Where the media listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Bound {
    /// UDP.
    pub(super) udp: SocketAddr,
    /// TCP, unless that is switched off.
    pub(super) tcp: Option<SocketAddr>,
}

/// Candidates for the sockets: the operator's addresses first, then the machine's own, most useful first; UDP over IPv4,
/// UDP over IPv6, TCP. Some clients try only the first.
pub(super) fn candidates(bound: Bound, public: &[PublicAddress]) -> Vec<Candidate> {
    combine(bound, public, interfaces, default_route().as_slice())
}

/// Keeps the answers true: looks again and again whether the machine has joined another network (a laptop that wakes up
/// elsewhere), tries the addresses when they are new, and tells the operator. Asks `stun_server` first where the settings
/// name no public address.
pub(super) async fn watch(
    bound: Bound,
    mut public: Vec<PublicAddress>,
    stun_server: Option<String>,
    probe: Probe,
    hub: Arc<Hub>,
) {
    if let Some(server) = stun_server.filter(|_| public.is_empty()) {
        match reach::public_address(&server).await {
            Some(ip) => {
                tracing::info!("{server} sees this machine at {ip}");
                public.push(PublicAddress { ip, port: None });
            }
            None => tracing::warn!("{server} (`media.stun_server`) does not say what our public address is"),
        }
    }
    let mut known = None;
    loop {
        let now = candidates(bound, &public);
        if known.as_ref() != Some(&now) {
            hub.set_candidates(&now);
            let offered = reach::test(&now, &probe).await;
            tracing::info!("{}", reach::describe(&offered));
            *hub.offered.lock() = offered;
            known = Some(now);
        }
        tokio::time::sleep(LOOK_INTERVAL).await;
    }
}

fn combine(
    bound: Bound,
    public: &[PublicAddress],
    interfaces: impl Fn() -> Vec<IpAddr>,
    default: &[IpAddr],
) -> Vec<Candidate> {
    let own = |bound: SocketAddr| {
        let all = if bound.ip().is_unspecified() {
            interfaces()
        } else {
            vec![bound.ip().to_canonical()]
        };
        let is_heard = |ip: &IpAddr| bound.is_ipv6() || ip.is_ipv4();
        order(all.into_iter().filter(is_heard).collect(), default)
    };
    let udp_port = bound.udp.port();
    let udp = public
        .iter()
        .map(|address| SocketAddr::new(address.ip, address.port.unwrap_or(udp_port)));
    let own_udp = own(bound.udp).into_iter().map(|ip| SocketAddr::new(ip, udp_port));
    let mut candidates = list(Transport::Udp, udp.chain(own_udp), MAX_UDP);
    if let Some(bound) = bound.tcp {
        let port = bound.port();
        // A router that maps the UDP port to another one does so with the TCP port of the same number.
        let mapped = |address: &PublicAddress| address.port.filter(|_| port == udp_port).unwrap_or(port);
        let tcp = public
            .iter()
            .map(|address| SocketAddr::new(address.ip, mapped(address)));
        let own_tcp = own(bound).into_iter().map(|ip| SocketAddr::new(ip, port));
        candidates.extend(list(Transport::TcpPassive, tcp.chain(own_tcp), MAX_TCP));
    }
    candidates
}

/// The first `max` of them without doubles, IPv4 before IPv6.
fn list(transport: Transport, addresses: impl Iterator<Item = SocketAddr>, max: usize) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for addr in addresses {
        let candidate = Candidate { addr, transport };
        if candidates.len() < max && !candidates.contains(&candidate) {
            candidates.push(candidate);
        }
    }
    candidates.sort_by_key(|candidate| candidate.addr.is_ipv6());
    candidates
}

/// Those of the default routes, then the others. A loopback address is of use only where there is nothing else: a
/// browser on this machine reaches the other addresses just as well, and everybody else is sent to their own machine.
fn order(own: Vec<IpAddr>, default: &[IpAddr]) -> Vec<IpAddr> {
    let mut own: Vec<IpAddr> = own.into_iter().filter(is_useful).collect();
    if own.iter().any(|ip| !ip.is_loopback()) {
        own.retain(|ip| !ip.is_loopback());
    }
    own.sort_by_key(|ip| (!default.contains(ip), !is_global(ip)));
    own
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

/// Whether an address can be one of the internet, rather than of a local network.
pub(super) fn is_global(ip: &IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => !ip.is_private() && !ip.is_loopback() && !is_shared(ip),
        IpAddr::V6(ip) => !ip.is_unique_local() && !ip.is_loopback(),
    }
}

/// Between a provider's router and its customers' (RFC 6598).
fn is_shared(ip: &Ipv4Addr) -> bool {
    matches!(ip.octets(), [100, 64..=127, ..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn offered(udp: &str, tcp: Option<&str>, public: &[&str], own: &[&str]) -> Vec<String> {
        let bound = Bound {
            udp: udp.parse().unwrap(),
            tcp: tcp.map(|tcp| tcp.parse().unwrap()),
        };
        let public: Vec<PublicAddress> = public.iter().map(|text| text.parse().unwrap()).collect();
        let candidates = combine(bound, &public, || ips(own), &ips(&["192.168.1.5", "2001:db8::5"]));
        let text = |candidate: &Candidate| match candidate.transport {
            Transport::Udp => format!("udp {}", candidate.addr),
            _ => format!("tcp {}", candidate.addr),
        };
        candidates.iter().map(text).collect()
    }

    #[test]
    fn the_most_useful_address_comes_first_and_tcp_last() {
        let own = [
            "127.0.0.1",
            "172.17.0.1",
            "::1",
            "fe80::1",
            "fd00::2",
            "2001:db8::5",
            "192.168.1.5",
            "198.51.100.3",
        ];
        assert_eq!(
            offered("[::]:8189", Some("[::]:8189"), &["203.0.113.7"], &own),
            [
                "udp 203.0.113.7:8189",
                "udp 192.168.1.5:8189",
                "udp 198.51.100.3:8189",
                "udp 172.17.0.1:8189",
                "udp [2001:db8::5]:8189",
                "udp [fd00::2]:8189",
                "tcp 203.0.113.7:8189",
                "tcp 192.168.1.5:8189",
                "tcp 198.51.100.3:8189",
                "tcp 172.17.0.1:8189",
                "tcp [2001:db8::5]:8189",
                "tcp [fd00::2]:8189",
            ]
        );
        let many: Vec<String> = (0..40).map(|host| format!("10.0.0.{host}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(offered("[::]:1", Some("[::]:1"), &[], &many).len(), MAX_UDP + MAX_TCP);
    }

    #[test]
    fn a_router_may_map_the_port_to_another_one() {
        let public = ["203.0.113.7:40000", "[2001:db8::7]:40001", "203.0.113.8"];
        assert_eq!(
            offered("0.0.0.0:8189", Some("0.0.0.0:8189"), &public, &[]),
            [
                "udp 203.0.113.7:40000",
                "udp 203.0.113.8:8189",
                "udp [2001:db8::7]:40001",
                "tcp 203.0.113.7:40000",
                "tcp 203.0.113.8:8189",
                "tcp [2001:db8::7]:40001",
            ]
        );
        assert_eq!(
            offered("0.0.0.0:8189", Some("0.0.0.0:443"), &["203.0.113.7:40000"], &[]),
            ["udp 203.0.113.7:40000", "tcp 203.0.113.7:443"]
        );
    }

    #[test]
    fn a_socket_offers_what_it_listens_on() {
        let own = ["127.0.0.1", "::1", "192.168.1.5", "2001:db8::5"];
        assert_eq!(offered("127.0.0.1:7", None, &[], &own), ["udp 127.0.0.1:7"]);
        assert_eq!(offered("[::1]:7", None, &[], &own), ["udp [::1]:7"]);
        assert_eq!(offered("0.0.0.0:7", None, &[], &own), ["udp 192.168.1.5:7"]);
        assert_eq!(
            offered("[::]:7", Some("0.0.0.0:7"), &[], &own),
            ["udp 192.168.1.5:7", "udp [2001:db8::5]:7", "tcp 192.168.1.5:7"]
        );
        let offline = ["127.0.0.1", "::1"];
        assert_eq!(
            offered("[::]:7", None, &[], &offline),
            ["udp 127.0.0.1:7", "udp [::1]:7"],
            "a laptop without a network"
        );
    }

    #[test]
    fn addresses_of_local_networks_are_known() {
        for (ip, want) in [
            ("192.168.1.5", false),
            ("100.64.0.1", false),
            ("100.128.0.1", true),
            ("203.0.113.7", true),
            ("fd00::2", false),
            ("2001:db8::5", true),
        ] {
            assert_eq!(is_global(&ip.parse().unwrap()), want, "{ip}");
        }
    }
}
