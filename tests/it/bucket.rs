//! A store that speaks S3 (moto) on loopback, behind a line that can be cut.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// See the module. Ends with it.
pub(crate) struct Bucket {
    server: Child,
    direct: SocketAddr,
    line: SocketAddr,
    line_state: Line,
}

/// What the line knows of itself.
#[derive(Clone)]
struct Line {
    is_cut: watch::Sender<bool>,
    /// Bytes that went to the store.
    sent: Arc<AtomicU64>,
    /// Bytes that may still come from it; then the line is cut.
    left: Arc<AtomicU64>,
}

const NAME: &str = "classes";

impl Bucket {
    /// An empty one.
    pub(crate) async fn new() -> Bucket {
        let python = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin/python");
        let mut server = Command::new(python)
            .args(["-u", "-m", "moto.server", "-H", "127.0.0.1", "-p", "0"])
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = BufReader::new(server.stderr.take().unwrap());
        let (found, port) = tokio::sync::oneshot::channel();
        std::thread::spawn(move || {
            let mut found = Some(found);
            for line in said.lines().map_while(Result::ok) {
                if let Some(address) = line.split("http://").nth(1)
                    && let Some(found) = found.take()
                {
                    found.send(address.trim().parse::<SocketAddr>().unwrap()).unwrap();
                }
            }
        });
        let direct = port.await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let line = listener.local_addr().unwrap();
        let line_state = Line {
            is_cut: watch::Sender::new(false),
            sent: Arc::default(),
            left: Arc::new(AtomicU64::new(u64::MAX)),
        };
        tokio::spawn(carry(listener, direct, line_state.clone()));
        let bucket = Bucket {
            server,
            direct,
            line,
            line_state,
        };
        let made = reqwest::Client::new().put(bucket.address("")).send().await.unwrap();
        assert_eq!(made.status(), 200);
        bucket
    }

    /// Settings that use it.
    pub(crate) fn settings(&self) -> String {
        format!(
            "[storage]\nbucket = \"{NAME}\"\nendpoint = \"http://{}\"\nprefix = \"school\"\n\
             access_key_id = \"key\"\nsecret_access_key = \"secret\"\n",
            self.line
        )
    }

    /// Cuts the line, with everything that is on it, or mends it.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.line_state.left.store(u64::MAX, Ordering::SeqCst);
        self.line_state.is_cut.send_replace(is_cut);
    }

    /// Cuts the line when so many bytes have come through it from the store.
    pub(crate) fn cut_after(&self, bytes: u64) {
        self.line_state.left.store(bytes, Ordering::SeqCst);
    }

    pub(crate) fn sent_bytes(&self) -> u64 {
        self.line_state.sent.load(Ordering::SeqCst)
    }

    /// The names of all objects, as the store itself lists them.
    pub(crate) async fn objects(&self) -> Vec<String> {
        let list = reqwest::get(self.address("?list-type=2")).await.unwrap();
        let text = list.text().await.unwrap();
        let names = text.split("<Key>").skip(1);
        names
            .map(|rest| rest.split("</Key>").next().unwrap().to_owned())
            .collect()
    }

    /// All objects, as the store itself has them.
    pub(crate) async fn contents(&self) -> BTreeMap<String, Vec<u8>> {
        let mut contents = BTreeMap::new();
        for name in self.objects().await {
            let object = reqwest::Client::new().get(self.address(&format!("/{name}")));
            // It asks for a signature, and does not look at it.
            let object = object.header("authorization", "AWS key:any").send().await.unwrap();
            let object = object.error_for_status().unwrap();
            contents.insert(name, object.bytes().await.unwrap().into());
        }
        contents
    }

    fn address(&self, rest: &str) -> String {
        format!("http://{}/{NAME}{rest}", self.direct)
    }
}

impl Drop for Bucket {
    fn drop(&mut self) {
        self.server.kill().unwrap();
        self.server.wait().unwrap();
    }
}

async fn carry(listener: TcpListener, to: SocketAddr, line: Line) {
    while let Ok((client, _)) = listener.accept().await {
        let line = line.clone();
        tokio::spawn(async move {
            let mut is_cut = line.is_cut.subscribe();
            if *is_cut.borrow() {
                return;
            }
            let server = TcpStream::connect(to).await.unwrap();
            tokio::select! {
                () = line.join(client, server) => {}
                _ = is_cut.wait_for(|is_cut| *is_cut) => {}
            }
        });
    }
}

impl Line {
    /// Carries bytes both ways until both sides have ended.
    async fn join(&self, mut client: TcpStream, mut server: TcpStream) {
        let (mut from_client, mut to_client) = client.split();
        let (mut from_server, mut to_server) = server.split();
        let up = async {
            let copied = copy(&mut from_client, &mut to_server).await;
            self.sent.fetch_add(copied.unwrap_or(0), Ordering::SeqCst);
            let _ = to_server.shutdown().await;
        };
        let down = async {
            let mut piece = vec![0; 16 << 10];
            while let Ok(length @ 1..) = from_server.read(&mut piece).await {
                let took = self.take(length);
                if to_client.write_all(&piece[..took]).await.is_err() {
                    break;
                }
                if took < length {
                    self.is_cut.send_replace(true);
                }
            }
            let _ = to_client.shutdown().await;
        };
        tokio::join!(up, down);
    }

    /// How many of so many bytes may still come.
    fn take(&self, length: usize) -> usize {
        let length = length as u64;
        let less = |left: u64| Some(left.saturating_sub(length));
        let left = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, less)
            .unwrap();
        left.min(length) as usize
    }
}
