//! Chat: how long one message takes to thousands of WebSockets, all of them in this process and the server in another, so
//! that both share the machine's cores.

use crate::class::Class;
use crate::server::Server;
use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::mpsc;

/// Messages that are timed: as many as one user may write in a minute.
const MESSAGES: usize = 5;
/// Handshakes at the same time, below the usual backlog of a listener.
const AT_ONCE: usize = 100;

/// The times from before a message was posted until the last of so many clients had read it.
///
/// # Errors
/// Somebody did not get in, or did not get a message.
pub(crate) fn measure(sockets: usize) -> Result<Vec<Duration>> {
    raise_file_limit()?; // before the server starts: it inherits the limit
    let server = Server::start()?;
    Runtime::new()?.block_on(run(&server.class, sockets))
}

async fn run(class: &Class, sockets: usize) -> Result<Vec<Duration>> {
    let (read, mut reads) = mpsc::unbounded_channel();
    let mut opened = 0;
    while opened < sockets {
        let some = AT_ONCE.min(sockets - opened);
        let opening: Vec<_> = (0..some).map(|_| tokio::spawn(open(class.live.clone()))).collect();
        for socket in opening {
            tokio::spawn(read_messages(socket.await??, read.clone()));
        }
        opened += some;
    }
    let http = reqwest::Client::new();
    let mut times = Vec::new();
    for _ in 0..MESSAGES {
        let started = Instant::now();
        let post = http
            .post(&class.chat)
            .header("cookie", &class.cookie)
            .header("content-type", "application/json")
            .body(r#"{"message":"Can everybody hear me?"}"#);
        let posting = tokio::spawn(post.send());
        for seen in 0..sockets {
            let wait = tokio::time::timeout(Duration::from_secs(30), reads.recv()).await;
            wait.with_context(|| format!("only {seen} of {sockets} got the message"))?
                .context("the clients are there")?;
        }
        times.push(started.elapsed());
        ensure!(posting.await??.status() == 201, "the message was not taken");
    }
    Ok(times)
}

/// Opens a WebSocket (RFC 6455 section 4.1).
async fn open(url: String) -> Result<TcpStream> {
    let (host, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .context("an address")?;
    let mut stream = TcpStream::connect(host).await?;
    stream.set_nodelay(true)?;
    let request = format!(
        "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await?);
    }
    let answer = String::from_utf8_lossy(&answer);
    ensure!(answer.starts_with("HTTP/1.1 101"), "refused: {answer}");
    Ok(stream)
}

/// Counts the chat messages that come.
async fn read_messages(stream: TcpStream, read: mpsc::UnboundedSender<()>) -> Result<()> {
    let mut stream = BufReader::with_capacity(1024, stream);
    let mut payload = Vec::new();
    loop {
        let [first, length] = [stream.read_u8().await?, stream.read_u8().await?];
        let length = match length {
            126 => stream.read_u16().await?.into(),
            127 => bail!("nothing here is that long"),
            short => usize::from(short),
        };
        payload.resize(length, 0);
        stream.read_exact(&mut payload).await?;
        let is_text = first & 0x0f == 1;
        if is_text && payload.windows(14).any(|window| window == b"\"chat:message\"") {
            read.send(())?;
        }
    }
}

fn raise_file_limit() -> Result<()> {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: maximum,
        maximum,
    };
    setrlimit(Resource::Nofile, raised).context("the limit of open files cannot be raised")
}
