//! A router between a WebRTC client of a test and the server: what the client sends it over UDP goes on to the server
//! from an address of the router's own, over UDP or TCP, which can change at any moment, as a phone's does.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpSocket, UdpSocket};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

/// How the client's packets go on.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Line {
    /// From a new UDP port.
    Udp(SocketAddr),
    /// Over a new TCP connection.
    Tcp(SocketAddr),
    /// Not at all; a TCP connection is closed.
    Cut,
    /// Nothing that the server sends is read any more, and nothing is closed.
    Stalled,
}

/// See the module. Packets go nowhere once it is dropped.
pub(crate) struct Router {
    /// Where the client sends to.
    pub(crate) inner: SocketAddr,
    lines: mpsc::UnboundedSender<Line>,
    task: JoinHandle<()>,
}

/// The side of the server.
enum Outer {
    Udp(UdpSocket),
    Tcp(Reader, OwnedWriteHalf),
    None,
}

/// Cuts what comes over TCP into packets; what was read of one survives being interrupted.
struct Reader {
    half: OwnedReadHalf,
    bytes: Vec<u8>,
    is_stalled: bool,
}

impl Router {
    pub(crate) async fn new(line: Line) -> Router {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let inner = socket.local_addr().unwrap();
        let (lines, wanted) = mpsc::unbounded_channel();
        lines.send(line).unwrap();
        Router {
            inner,
            lines,
            task: tokio::spawn(carry(socket, wanted)),
        }
    }

    pub(crate) fn switch(&self, line: Line) {
        self.lines.send(line).unwrap();
    }

    /// An answer of the server in which the router stands for it.
    pub(crate) fn rewrite(&self, sdp: &str) -> String {
        let candidate = format!(
            "a=candidate:1 1 udp 2130706431 127.0.0.1 {} typ host",
            self.inner.port()
        );
        let mut lines: Vec<&str> = sdp.lines().filter(|line| !line.starts_with("a=candidate:")).collect();
        let at = lines.iter().position(|line| line.starts_with("a=ice-ufrag:"));
        lines.insert(at.expect("an answer has credentials"), &candidate);
        lines.join("\r\n") + "\r\n"
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn carry(inner: UdpSocket, mut wanted: mpsc::UnboundedReceiver<Line>) {
    let mut outer = Outer::None;
    let mut client = None;
    let (mut from_client, mut from_server) = (vec![0; 4096], vec![0; 4096]);
    loop {
        tokio::select! {
            line = wanted.recv() => match line {
                Some(line) => outer = outer.change(line).await,
                None => return,
            },
            received = inner.recv_from(&mut from_client) => {
                let (len, from) = received.unwrap();
                client = Some(from);
                outer.send(&from_client[..len]).await;
            }
            len = outer.receive(&mut from_server) => match (len, client) {
                (Some(len), Some(client)) => {
                    // A client that is gone is no failure of the router.
                    let _ = inner.send_to(&from_server[..len], client).await;
                }
                (None, _) => outer = Outer::None,
                _ => {}
            },
        }
    }
}

impl Outer {
    async fn change(self, line: Line) -> Outer {
        match (line, self) {
            (Line::Udp(server), _) => {
                let socket = match server {
                    SocketAddr::V4(_) => UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await,
                    SocketAddr::V6(_) => UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).await,
                };
                let socket = socket.unwrap();
                socket.connect(server).await.unwrap();
                Outer::Udp(socket)
            }
            (Line::Tcp(server), _) => {
                let socket = match server {
                    SocketAddr::V4(_) => TcpSocket::new_v4(),
                    SocketAddr::V6(_) => TcpSocket::new_v6(),
                };
                let socket = socket.unwrap();
                // Little: when it is not read from, the server is to notice before the class is over.
                socket.set_recv_buffer_size(4096).unwrap();
                let stream = socket.connect(server).await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (half, writer) = stream.into_split();
                let reader = Reader {
                    half,
                    bytes: Vec::new(),
                    is_stalled: false,
                };
                Outer::Tcp(reader, writer)
            }
            (Line::Stalled, Outer::Tcp(mut reader, writer)) => {
                reader.is_stalled = true;
                Outer::Tcp(reader, writer)
            }
            (Line::Stalled | Line::Cut, _) => Outer::None,
        }
    }

    async fn send(&mut self, packet: &[u8]) {
        // What cannot be sent is lost, as on any network.
        match self {
            Outer::Udp(socket) => drop(socket.send(packet).await),
            Outer::Tcp(_, writer) => {
                let length = u16::try_from(packet.len()).unwrap();
                drop(writer.write_all(&[&length.to_be_bytes(), packet].concat()).await);
            }
            Outer::None => {}
        }
    }

    /// The next packet from the server; `None` when its connection is closed.
    async fn receive(&mut self, buf: &mut [u8]) -> Option<usize> {
        match self {
            Outer::Udp(socket) => loop {
                // An error is that of an earlier send.
                if let Ok(len) = socket.recv(buf).await {
                    return Some(len);
                }
            },
            Outer::Tcp(reader, _) if !reader.is_stalled => reader.packet(buf).await,
            Outer::Tcp(..) | Outer::None => std::future::pending().await,
        }
    }
}

impl Reader {
    async fn packet(&mut self, buf: &mut [u8]) -> Option<usize> {
        loop {
            if let Some((length, rest)) = self.bytes.split_first_chunk::<2>() {
                let len = usize::from(u16::from_be_bytes(*length));
                if let Some(packet) = rest.get(..len) {
                    buf[..len].copy_from_slice(packet);
                    self.bytes.drain(..2 + len);
                    return Some(len);
                }
            }
            if self.half.read_buf(&mut self.bytes).await.ok()? == 0 {
                return None;
            }
        }
    }
}
