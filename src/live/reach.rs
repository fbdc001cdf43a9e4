//! Whether the addresses that answers offer can be reached, and what the operator is told about it.
//!
//! The server sends itself ICE checks from sockets of its own, one to each address. An answer shows that no firewall on
//! this machine is in the way, or, for an outer address, that the router forwards the port. No answer from an outer
//! address shows nothing: many routers do not let a machine reach itself that way.

use super::addresses::is_global;
use super::types::Offered;
use lectern_media::peer::ice::Probe;
use lectern_media::peer::sdp::{Candidate, Transport};
use lectern_media::wire::stun;
use std::collections::BTreeSet;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio::time::timeout;

/// Checks sent to one address; any of them may be lost.
const TRIES: usize = 3;

/// For each answer. Nothing of this waits for another continent.
const PATIENCE: Duration = Duration::from_millis(500);

/// Tries every address.
pub(super) async fn test(candidates: &[Candidate], probe: &Probe) -> Vec<Offered> {
    let tests = candidates.iter().map(|candidate| async move {
        let is_tcp = candidate.transport != Transport::Udp;
        let answers = if is_tcp {
            timeout(PATIENCE * 2, answers_over_tcp(candidate.addr, probe))
                .await
                .unwrap_or(Ok(false))
        } else {
            let transaction = transaction();
            ask(candidate.addr, &probe.request(transaction), transaction)
                .await
                .map(|answer| answer.is_some())
        };
        Offered {
            address: candidate.addr,
            is_tcp,
            answers: answers.unwrap_or(false),
        }
    });
    futures_util::future::join_all(tests).await
}

/// The address that a STUN server sees us come from; `None` when it does not say.
pub(super) async fn public_address(stun_server: &str) -> Option<IpAddr> {
    let servers = lookup_host(stun_server).await.ok()?;
    for server in servers {
        let transaction = transaction();
        if let Ok(Some(seen)) = ask(server, &stun::plain_request(transaction), transaction).await {
            return Some(seen.ip().to_canonical());
        }
    }
    None
}

/// Sends a STUN request and waits for its answer: the address that it names.
async fn ask(server: SocketAddr, request: &[u8], transaction: [u8; 12]) -> io::Result<Option<SocketAddr>> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    let mut buf = [0; 512];
    for _ in 0..TRIES {
        socket.send(request).await?;
        if let Ok(received) = timeout(PATIENCE, socket.recv(&mut buf)).await {
            let answer = buf.get(..received?).unwrap_or_default();
            if let Some(seen) = stun::mapped_address(answer, transaction) {
                return Ok(Some(seen));
            }
        }
    }
    Ok(None)
}

async fn answers_over_tcp(server: SocketAddr, probe: &Probe) -> io::Result<bool> {
    let transaction = transaction();
    let request = probe.request(transaction);
    let mut stream = TcpStream::connect(server).await?;
    stream.write_u16(u16::try_from(request.len()).unwrap_or(0)).await?;
    stream.write_all(&request).await?;
    let mut answer = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut answer).await?;
    Ok(stun::mapped_address(&answer, transaction).is_some())
}

fn transaction() -> [u8; 12] {
    let mut transaction = [0; 12];
    // Without random numbers the server would not have started; a known transaction only weakens a test of our own.
    let _ = getrandom::fill(&mut transaction);
    transaction
}

/// One line for the operator: what is offered, and what a viewer outside would see.
pub(super) fn describe(offered: &[Offered]) -> String {
    if offered.is_empty() {
        return "media cannot be reached: this machine has no address".into();
    }
    let ports = ports(offered);
    let is_silent = |ip: IpAddr| offered.iter().any(|one| one.address.ip() == ip && !one.answers);
    let (silent, answering): (Vec<IpAddr>, Vec<IpAddr>) = addresses(offered).into_iter().partition(|&ip| is_silent(ip));
    let mut line = format!("media is offered over {ports}");
    if !answering.is_empty() {
        line += &format!(" at {}", join(&answering));
    }
    if !silent.is_empty() {
        let also = if answering.is_empty() { " at" } else { " and at" };
        line += &format!(
            "{also} {}, which could not be verified from here: let {ports} through the firewall and the router to this \
             machine",
            join(&silent)
        );
    }
    if addresses(offered).iter().all(|ip| ip.is_loopback()) {
        line += "; only browsers on this machine can reach that";
    } else if !addresses(offered).iter().any(is_global) {
        line += "; these are addresses of a local network: for viewers elsewhere forward the port to this machine and \
                 set media.public_addresses";
    }
    line
}

/// Each once, in order.
fn addresses(offered: &[Offered]) -> Vec<IpAddr> {
    let mut seen = BTreeSet::new();
    let all = offered.iter().map(|one| one.address.ip());
    all.filter(|&ip| seen.insert(ip)).collect()
}

/// `UDP port 8189 and TCP port 443`.
fn ports(offered: &[Offered]) -> String {
    let ports = |is_tcp| -> BTreeSet<u16> {
        let of_kind = offered.iter().filter(|one| one.is_tcp == is_tcp);
        of_kind.map(|one| one.address.port()).collect()
    };
    let text = |ports: &BTreeSet<u16>| join(&ports.iter().collect::<Vec<_>>());
    let (udp, tcp) = (ports(false), ports(true));
    if tcp.is_empty() {
        format!("UDP port {}", text(&udp))
    } else if udp == tcp {
        format!("UDP and TCP port {}", text(&udp))
    } else {
        format!("UDP port {} and TCP port {}", text(&udp), text(&tcp))
    }
}

fn join(parts: &[impl ToString]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(offered: &[(&str, bool, bool)]) -> String {
        let offered: Vec<Offered> = offered
            .iter()
            .map(|&(address, is_tcp, answers)| Offered {
                address: address.parse().unwrap(),
                is_tcp,
                answers,
            })
            .collect();
        describe(&offered)
    }

    #[test]
    fn the_operator_reads_what_a_viewer_outside_would_see() {
        assert_eq!(
            line(&[
                ("203.0.113.7:8189", false, false),
                ("192.168.1.5:8189", false, true),
                ("203.0.113.7:8189", true, false),
                ("192.168.1.5:8189", true, true),
            ]),
            "media is offered over UDP and TCP port 8189 at 192.168.1.5 and at 203.0.113.7, which could not be verified \
             from here: let UDP and TCP port 8189 through the firewall and the router to this machine"
        );
        assert_eq!(
            line(&[("198.51.100.3:8189", false, true), ("198.51.100.3:443", true, true)]),
            "media is offered over UDP port 8189 and TCP port 443 at 198.51.100.3"
        );
        assert_eq!(
            line(&[("192.168.1.5:8189", false, true), ("[fd00::2]:8189", false, true)]),
            "media is offered over UDP port 8189 at 192.168.1.5, fd00::2; these are addresses of a local network: for \
             viewers elsewhere forward the port to this machine and set media.public_addresses"
        );
        assert_eq!(
            line(&[("127.0.0.1:8189", false, true)]),
            "media is offered over UDP port 8189 at 127.0.0.1; only browsers on this machine can reach that"
        );
        assert_eq!(line(&[]), "media cannot be reached: this machine has no address");
    }

    #[tokio::test]
    async fn an_outside_server_tells_the_public_address() {
        let server = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let name = format!("localhost:{}", server.local_addr().unwrap().port());
        let answer = async {
            let mut buf = [0; 100];
            let (len, from) = server.recv_from(&mut buf).await.unwrap();
            assert_eq!(len, 20);
            // A success response that names 203.0.113.7:32853.
            let mut response = vec![1, 1, 0, 12];
            response.extend_from_slice(&buf[4..20]);
            response.extend_from_slice(&[0, 0x20, 0, 8, 0, 1, 0xa1, 0x47]);
            let masked = [203, 0, 113, 7]
                .iter()
                .zip([0x21, 0x12, 0xa4, 0x42])
                .map(|(a, b)| a ^ b);
            response.extend(masked);
            server.send_to(&response, from).await.unwrap();
        };
        let (seen, ()) = tokio::join!(public_address(&name), answer);
        assert_eq!(seen, Some([203, 0, 113, 7].into()));
    }
}
