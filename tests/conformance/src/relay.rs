//! Stands between a peer and the server's UDP side, on loopback: counts what the server sends, cuts the line, and lets
//! a peer come from another port.

use crate::sdp::Candidate;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

/// A server has no more addresses than this that matter.
const ADDRESSES: usize = 8;

/// The line between one peer and the addresses of one answer.
pub(crate) struct Relay {
    seen: Arc<Seen>,
    tasks: Vec<JoinHandle<()>>,
}

/// What has passed.
struct Seen {
    is_cut: AtomicBool,
    began: Instant,
    /// Datagrams of the server's.
    all: AtomicU64,
    /// Of these, RTP and RTCP (RFC 7983).
    media: AtomicU64,
    first_media_after: Mutex<Option<Duration>>,
}

impl Relay {
    /// Stands in for every UDP address among `candidates`. Returns also where the peer finds them now.
    pub(crate) async fn new(candidates: &[Candidate<'_>]) -> std::io::Result<(Relay, Vec<SocketAddr>)> {
        let mut relay = Relay {
            seen: Arc::new(Seen {
                is_cut: AtomicBool::new(false),
                began: Instant::now(),
                all: AtomicU64::new(0),
                media: AtomicU64::new(0),
                first_media_after: Mutex::new(None),
            }),
            tasks: Vec::new(),
        };
        let mut stand_ins = Vec::new();
        for candidate in candidates.iter().filter(|candidate| candidate.is_udp()).take(ADDRESSES) {
            let Ok(host) = candidate.host.parse::<IpAddr>() else {
                continue;
            };
            let inner = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
            let any: IpAddr = if host.is_ipv4() {
                Ipv4Addr::UNSPECIFIED.into()
            } else {
                Ipv6Addr::UNSPECIFIED.into()
            };
            let outer = UdpSocket::bind((any, 0)).await?;
            stand_ins.push(inner.local_addr()?);
            let carry = carry(inner, outer, (host, candidate.port).into(), Arc::clone(&relay.seen));
            relay.tasks.push(tokio::spawn(carry));
        }
        Ok((relay, stand_ins))
    }

    /// Lets nothing pass from now on, in either direction. What the server sends is still counted.
    pub(crate) fn cut(&self) {
        self.seen.is_cut.store(true, Ordering::Relaxed);
    }

    /// Datagrams of the server's so far.
    pub(crate) fn count(&self) -> u64 {
        self.seen.all.load(Ordering::Relaxed)
    }

    /// RTP and RTCP of the server's so far.
    pub(crate) fn media_count(&self) -> u64 {
        self.seen.media.load(Ordering::Relaxed)
    }

    /// How long after it was set up the first RTP or RTCP of the server's came.
    pub(crate) fn first_media_after(&self) -> Option<Duration> {
        *self.seen.first_media_after.lock().expect("no thread panics with it")
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Seen {
    fn count(&self, datagram: &[u8]) {
        self.all.fetch_add(1, Ordering::Relaxed);
        if datagram.first().is_some_and(|first| (128..192).contains(first)) {
            self.media.fetch_add(1, Ordering::Relaxed);
            let mut first = self.first_media_after.lock().expect("no thread panics with it");
            first.get_or_insert_with(|| self.began.elapsed());
        }
    }
}

/// Carries datagrams both ways for ever. Errors of one datagram are as good as its loss.
async fn carry(inner: UdpSocket, outer: UdpSocket, server: SocketAddr, seen: Arc<Seen>) {
    let mut peer = None;
    let (mut out, mut back) = (vec![0; 2048], vec![0; 2048]);
    loop {
        tokio::select! {
            Ok((length, from)) = inner.recv_from(&mut out) => {
                peer = Some(from);
                if !seen.is_cut.load(Ordering::Relaxed) {
                    let _ = outer.send_to(out.get(..length).unwrap_or_default(), server).await;
                }
            }
            Ok((length, _)) = outer.recv_from(&mut back) => {
                let datagram = back.get(..length).unwrap_or_default();
                seen.count(datagram);
                if let (Some(peer), false) = (peer, seen.is_cut.load(Ordering::Relaxed)) {
                    let _ = inner.send_to(datagram, peer).await;
                }
            }
        }
    }
}
