//! The whole server as clients on difficult networks meet it: no UDP, IPv6, another address in the middle of a class, a
//! line on which nothing moves. The clients are the `webrtc` crate behind a router of the test's own.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::time::Duration;

use lectern::live::LiveEvent;
use reqwest::Method;
use tokio::time::{sleep, timeout};

use crate::end_to_end_peer::{GROUP, PATIENCE, Publisher, Viewer};
use crate::end_to_end_server::{Running, event};
use crate::network_router::{Line, Router};

impl Running {
    fn media_at(&self, ip: impl Into<std::net::IpAddr>) -> SocketAddr {
        SocketAddr::new(ip.into(), self.media_port)
    }

    /// Open TCP connections, bytes that wait for their clients, datagrams passed from thread to thread.
    fn transport(&self) -> (usize, usize, u64) {
        self.app.live.counters().iter().fold((0, 0, 0), |sum, shard| {
            let (connections, bytes, passed_on) = sum;
            (
                connections + shard.connections,
                bytes + shard.waiting_bytes,
                passed_on + shard.passed_on,
            )
        })
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let wait = async {
        while !is_so() {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(PATIENCE, wait)
        .await
        .unwrap_or_else(|_| panic!("never: {what}"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_without_udp_is_held_over_tcp() {
    let server = Running::new().await;
    let class = server.plan().await;
    let line = Line::Tcp(server.media_at(Ipv4Addr::LOCALHOST));
    let (near, far, other) = (
        Router::new(line).await,
        Router::new(line).await,
        Router::new(line).await,
    );
    let mut publisher = Publisher::connect_via(Some(&near), &class.whip, &class.key, 0).await;
    let mut viewers = [
        Viewer::connect_via(Some(&far), &class.whep, None).await,
        Viewer::connect_via(Some(&other), &class.whep, None).await,
        Viewer::connect(&class.whep, None).await,
    ];
    publisher.send(3 * GROUP).await;
    for viewer in &mut viewers {
        let (start, _) = viewer.video_until(publisher.next_number() - 1).await;
        assert_eq!(start.number, 0);
    }
    until("three connections", || server.transport().0 == 3).await;
    let offered = viewers[2].answer();
    let candidates: Vec<&str> = offered
        .lines()
        .filter(|line| line.starts_with("a=candidate:"))
        .collect();
    let port = server.media_port;
    assert!(
        candidates[0].contains(&format!(" udp 2130706431 127.0.0.1 {port} typ host")),
        "{candidates:?}"
    );
    assert!(
        candidates[1].ends_with(&format!(" 127.0.0.1 {port} typ host tcptype passive")),
        "{candidates:?}"
    );
    // Who leaves takes their connection with them.
    let gone = reqwest::Client::new()
        .delete(viewers[0].resource.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(gone.status(), 200);
    until("two connections", || server.transport().0 == 2).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_port_serves_ipv4_and_ipv6() {
    let server = Running::listening(tempfile::tempdir().unwrap(), Ipv6Addr::UNSPECIFIED.into()).await;
    let class = server.plan().await;
    let (v4, v6) = (
        server.media_at(Ipv4Addr::LOCALHOST),
        server.media_at(Ipv6Addr::LOCALHOST),
    );
    let near = Router::new(Line::Udp(v6)).await;
    let mut publisher = Publisher::connect_via(Some(&near), &class.whip, &class.key, 0).await;
    let mut routers = vec![];
    let mut viewers = vec![];
    for line in [Line::Udp(v4), Line::Udp(v6), Line::Tcp(v4), Line::Tcp(v6)] {
        let router = Router::new(line).await;
        viewers.push(Viewer::connect_via(Some(&router), &class.whep, None).await);
        routers.push(router);
    }
    publisher.send(2 * GROUP).await;
    for viewer in &mut viewers {
        viewer.video_until(publisher.next_number() - 1).await;
    }
    server.stop().await;
}

/// What a viewer sees of a publisher that goes on sending while `act` changes something: the longest hole in its numbers,
/// in frames of the publisher's.
async fn longest_hole(publisher: &mut Publisher, viewer: &mut Viewer, act: impl AsyncFnOnce(&mut Viewer)) -> u32 {
    let first = publisher.next_number();
    let sends = async {
        publisher.send(6 * GROUP).await;
        publisher.next_number() - 1
    };
    let watches = async {
        let mut previous = viewer.video_after(first).await.number;
        act(viewer).await;
        let mut hole = 0;
        let last = first + 6 * GROUP * 3 - 1;
        while previous < last {
            let number = viewer.video_after(previous).await.number;
            hole = hole.max((number - previous - 1) / 3);
            previous = number;
        }
        hole
    };
    let (_, hole) = tokio::join!(sends, watches);
    hole
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_whose_network_changes_keeps_the_class() {
    let server = Running::new().await;
    let class = server.plan().await;
    let at = server.media_at(Ipv4Addr::LOCALHOST);
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let router = Router::new(Line::Udp(at)).await;
    let mut viewer = Viewer::connect_via(Some(&router), &class.whep, None).await;
    publisher.send(GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await;
    // From Wi-Fi to a phone's network, to one without UDP, and back: a new address each time, then an ICE restart.
    for line in [Line::Udp(at), Line::Tcp(at), Line::Tcp(at), Line::Udp(at)] {
        let hole = longest_hole(&mut publisher, &mut viewer, async |viewer| {
            router.switch(line);
            viewer.restart_ice().await;
        })
        .await;
        assert!(hole < 60, "{hole} frames were lost on the way to {line:?}: two seconds");
        assert!(viewer.is_connected());
    }
    until("no connection", || server.transport().0 == 0).await;
    assert_eq!(server.app.live.status(lectern::id::stream_of(class.id)).viewers, 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_whose_network_changes_keeps_the_class() {
    let server = Running::new().await;
    let class = server.plan().await;
    let at = server.media_at(Ipv4Addr::LOCALHOST);
    let router = Router::new(Line::Udp(at)).await;
    let mut publisher = Publisher::connect_via(Some(&router), &class.whip, &class.key, 0).await;
    let mut viewer = Viewer::connect(&class.whep, None).await;
    publisher.send(GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await;
    for line in [Line::Udp(at), Line::Tcp(at), Line::Udp(at)] {
        router.switch(line);
        publisher.restart_ice(&class.key).await;
        let before = publisher.next_number();
        publisher.send(4 * GROUP).await;
        let next = viewer.video_after(before).await;
        let hole = (next.number - before) / 3;
        assert!(hole < 60, "{hole} frames were lost on the way to {line:?}: two seconds");
        viewer.video_after(publisher.next_number() - 2).await;
    }
    assert!(viewer.is_connected());
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_router_that_gives_a_viewer_another_port_does_not_end_its_class() {
    let server = Running::new().await;
    let class = server.plan().await;
    let at = server.media_at(Ipv4Addr::LOCALHOST);
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let router = Router::new(Line::Udp(at)).await;
    let mut viewer = Viewer::connect_via(Some(&router), &class.whep, None).await;
    // The client does not notice, so it restarts nothing: its next check shows where it is now.
    router.switch(Line::Udp(at));
    let before = publisher.next_number();
    publisher.send(10 * GROUP).await;
    let last = publisher.next_number() - 1;
    let next = viewer.video_after(before).await;
    assert!(next.number < last - GROUP, "{next:?} of {last}");
    viewer.video_after(last - 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_over_tcp_that_stops_reading_costs_bounded_memory_and_comes_back() {
    let server = Running::new().await;
    let class = server.plan().await;
    let line = Line::Tcp(server.media_at(Ipv4Addr::LOCALHOST));
    let router = Router::new(line).await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut stalled = Viewer::connect_via(Some(&router), &class.whep, None).await;
    let mut other = Viewer::connect(&class.whep, None).await;
    publisher.send(GROUP).await;
    stalled.video_until(publisher.next_number() - 1).await;
    router.switch(Line::Stalled);
    let mut waiting = Vec::new();
    for _ in 0..8 {
        publisher.send(GROUP).await;
        waiting.push(server.transport().1);
    }
    let most = waiting.iter().copied().max().unwrap_or(0);
    assert!((1..1 << 19).contains(&most), "bytes that waited: {waiting:?}");
    assert!(
        waiting[7] <= waiting[5] + 4096,
        "who does not read for long is sent no picture: {waiting:?}"
    );
    let (start, _) = other.video_until(publisher.next_number() - 1).await;
    assert_eq!(start.number, 0, "the other one lost nothing");
    // It gives up, and connects again with the same session.
    router.switch(line);
    stalled.restart_ice().await;
    let before = publisher.next_number();
    publisher.send(4 * GROUP).await;
    stalled.video_after(before).await;
    stalled.video_after(publisher.next_number() - 2).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn strangers_over_tcp_are_cut_off() {
    let server = Running::new().await;
    let class = server.plan().await;
    let connect = || {
        let stream = TcpStream::connect(server.media_at(Ipv4Addr::LOCALHOST)).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    };
    // A check for nobody: the right form, the wrong name.
    let mut check = vec![
        0, 1, 0, 36, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
    ];
    check.extend_from_slice(b"\0\x06\0\x08AAAA:abc\0\x08\0\x14");
    check.extend_from_slice(&[7; 20]);
    let framed = [&[0, 56][..], &check].concat();
    for bytes in [
        &b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"[..],
        &[0, 1, 0],
        &[0xff; 100],
        &framed,
    ] {
        let mut stream = connect();
        stream.write_all(bytes).unwrap();
        let ended = tokio::task::spawn_blocking(move || stream.read(&mut [0; 10]))
            .await
            .unwrap();
        assert!(
            matches!(ended, Ok(0)) || ended.is_err_and(|error| error.kind() == std::io::ErrorKind::ConnectionReset)
        );
    }
    // Those that say nothing keep nobody out.
    let silent: Vec<TcpStream> = (0..50).map(|_| connect()).collect();
    let router = Router::new(Line::Tcp(server.media_at(Ipv4Addr::LOCALHOST))).await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut viewer = Viewer::connect_via(Some(&router), &class.whep, None).await;
    publisher.send(GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await;
    assert!(server.app.live.refused_connections() >= 4);
    until("the silent are gone", || server.app.live.refused_connections() >= 54).await;
    drop(silent);
    assert_eq!(server.transport().0, 1);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_whose_connection_breaks_for_good_is_removed() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut events = server.app.live.subscribe();
    let router = Router::new(Line::Tcp(server.media_at(Ipv4Addr::LOCALHOST))).await;
    let viewer = Viewer::connect_via(Some(&router), &class.whep, None).await;
    let stream = lectern::id::stream_of(class.id);
    event(&mut events, |event| event == LiveEvent::ViewerCount(stream, 1)).await;
    router.switch(Line::Cut);
    event(&mut events, |event| event == LiveEvent::ViewerCount(stream, 0)).await;
    assert_eq!(server.transport().0, 0);
    viewer.vanish().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_server_knows_that_its_addresses_answer() {
    let server = Running::listening(tempfile::tempdir().unwrap(), Ipv6Addr::UNSPECIFIED.into()).await;
    until("the addresses are tried", || !server.app.live.offered().is_empty()).await;
    let offered = server.app.live.offered();
    assert!(offered.iter().all(|one| one.answers), "{offered:?}");
    assert!(offered.iter().any(|one| one.is_tcp) && offered.iter().any(|one| !one.is_tcp));
    let (status, text) = server.ask(Method::GET, "/readyz", None).await;
    assert_eq!(status, 200);
    assert!(
        text.contains(&format!("UDP and TCP port {}", server.media_port)),
        "{text}"
    );
    server.stop().await;
}

/// Sends junk to the media port until it is stopped: bytes of any kind, and checks for peers that no thread has.
struct Flood {
    over: mpsc::Sender<()>,
    thread: std::thread::JoinHandle<u64>,
}

impl Flood {
    fn start(to: SocketAddr) -> Flood {
        let (over, is_over) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            let sockets: Vec<UdpSocket> = (0..8).map(|_| UdpSocket::bind("127.0.0.1:0").unwrap()).collect();
            let mut sent = 0;
            // About 10,000 a second.
            while is_over.recv_timeout(Duration::from_millis(4)) == Err(mpsc::RecvTimeoutError::Timeout) {
                for (socket, shard) in sockets.iter().zip(b'A'..) {
                    let mut check = vec![
                        0, 1, 0, 36, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12,
                    ];
                    check.extend_from_slice(&[0, 6, 0, 8, shard]);
                    check.extend_from_slice(b"AAAAAAA\0\x08\0\x14");
                    check.extend_from_slice(&[7; 20]);
                    for junk in [&check[..], &[0x80; 1200], &[22; 200], &[0xff; 20], &[0x80, 200, 0, 1]] {
                        // A full socket is this test's own business.
                        sent += u64::from(socket.send_to(junk, to).is_ok());
                    }
                }
            }
            sent
        });
        Flood { over, thread }
    }

    fn stop(self) -> u64 {
        drop(self.over);
        self.thread.join().unwrap()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_junk_takes_nothing_from_the_class() {
    let server = Running::new().await;
    let class = server.plan().await;
    let flood = Flood::start(server.media_at(Ipv4Addr::LOCALHOST));
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut viewers = [
        Viewer::connect(&class.whep, None).await,
        Viewer::connect(&class.whep, None).await,
    ];
    publisher.send(4 * GROUP).await;
    for viewer in &mut viewers {
        let (start, _) = viewer.video_until(publisher.next_number() - 1).await;
        assert_eq!(start.number, 0);
    }
    let sent = flood.stop();
    assert!(sent > 2000, "{sent}");
    until("the junk is counted", || {
        let counters = server.app.live.counters();
        let dropped: u64 = counters.iter().map(|c| c.engine.malformed + c.engine.unknown).sum();
        dropped * 10 > sent * 9
    })
    .await;
    let lost: u64 = server.app.live.counters().iter().map(|shard| shard.inbox_dropped).sum();
    assert_eq!(lost, 0);
    server.stop().await;
}
