//! A store that speaks S3 (moto) on loopback, behind a line that can be cut.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// See the module. Ends with it.
pub(crate) struct Bucket {
    server: Child,
    direct: SocketAddr,
    line: SocketAddr,
    is_cut: watch::Sender<bool>,
    /// Bytes that went to the store through the line.
    sent: Arc<AtomicU64>,
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
        let is_cut = watch::Sender::new(false);
        let sent = Arc::new(AtomicU64::new(0));
        tokio::spawn(carry(listener, direct, is_cut.subscribe(), Arc::clone(&sent)));
        let bucket = Bucket {
            server,
            direct,
            line,
            is_cut,
            sent,
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
        self.is_cut.send_replace(is_cut);
    }

    pub(crate) fn sent_bytes(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
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

async fn carry(listener: TcpListener, to: SocketAddr, is_cut: watch::Receiver<bool>, sent: Arc<AtomicU64>) {
    while let Ok((mut client, _)) = listener.accept().await {
        let (mut is_cut, sent) = (is_cut.clone(), Arc::clone(&sent));
        tokio::spawn(async move {
            if *is_cut.borrow() {
                return;
            }
            let mut server = TcpStream::connect(to).await.unwrap();
            tokio::select! {
                copied = copy_bidirectional(&mut client, &mut server) => {
                    sent.fetch_add(copied.map_or(0, |(up, _)| up), Ordering::SeqCst);
                }
                _ = is_cut.wait_for(|is_cut| *is_cut) => {}
            }
        });
    }
}
