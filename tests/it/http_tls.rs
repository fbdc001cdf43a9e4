//! HTTPS by the server itself: given certificates, certificates that it gets from a real ACME server (Pebble), and plain
//! HTTP that is sent on.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use lectern::config::Config;
use reqwest::{Certificate, Client, StatusCode};
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::app::TestApp;
use crate::end_to_end_peer::PATIENCE;
use crate::end_to_end_server::Running;

/// A certificate in `tests/it/tls`, for localhost, by the root beside it. (`openssl x509 -in FILE -noout -text`)
fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/tls").join(name)
}

/// Believes this root and no other; every request is a new connection.
fn client(root: &[u8]) -> Client {
    let root = Certificate::from_pem(root).unwrap();
    Client::builder()
        .tls_certs_only([root])
        .pool_max_idle_per_host(0)
        .tls_info(true)
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap()
}

fn own_client() -> Client {
    client(&std::fs::read(file("root.pem")).unwrap())
}

/// The server's certificate in DER.
async fn certificate(client: &Client, url: &str) -> Option<Vec<u8>> {
    let answer = client.get(format!("{url}/healthz")).send().await.ok()?;
    let info = answer.extensions().get::<reqwest::tls::TlsInfo>().unwrap();
    info.peer_certificate().map(<[u8]>::to_vec)
}

/// Asks again until it is so: files are looked at now and then, authorities take their time.
async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            if let Some(seen) = look().await {
                return seen;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, looking)
        .await
        .unwrap_or_else(|_| panic!("{what}"))
}

async fn with_files(folder: &Path) -> Running {
    for name in ["pem", "key"] {
        std::fs::copy(file(&format!("first.{name}")), folder.join(name)).unwrap();
    }
    Running::with(|config| {
        config.tls.certificate = folder.join("pem");
        config.tls.key = folder.join("key");
        config.tls.redirect_listen = Some((Ipv4Addr::LOCALHOST, 0).into());
    })
    .await
}

#[tokio::test]
async fn new_certificates_are_taken_up_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let server = with_files(folder.path()).await;
    let url = server.url.as_str().trim_end_matches('/');
    let client = own_client();
    let first = certificate(&client, url).await.expect("HTTPS is there");
    let answer = client.get(format!("{url}/healthz")).send().await.unwrap();
    assert_eq!(answer.version(), reqwest::Version::HTTP_2);
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
    let form = json!({"name": "Bob", "email": "bob@example.org", "password": "12345678"});
    let signed_up = client
        .post(format!("{url}/api/auth/signup"))
        .json(&form)
        .send()
        .await
        .unwrap();
    let cookie = signed_up.headers()["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("Secure"), "{cookie}");

    std::fs::copy(file("second.pem"), folder.path().join("pem")).unwrap(); // half of the change: does not fit
    assert_eq!(certificate(&client, url).await.as_ref(), Some(&first));
    std::fs::copy(file("second.key"), folder.path().join("key")).unwrap();
    let changed = async || certificate(&client, url).await.filter(|now| *now != first);
    until("the new certificate is served", changed).await;
    server.stop().await;
}

#[tokio::test]
async fn a_certificate_that_does_not_fit_its_key_is_told_at_the_start() {
    for (certificate, key, want) in [
        ("first.pem", "second.key", "does not belong to the certificate"),
        ("nothing.pem", "first.key", "cannot read"),
        ("first.pem", "first.pem", "the key is no PEM file"),
    ] {
        let toml = format!("[tls]\ncertificate = {:?}\nkey = {:?}", file(certificate), file(key));
        let config = Config::from_toml(&toml).unwrap();
        let started = lectern::http::tls::start(&config.tls, Path::new("."), Default::default());
        let error = format!("{:#}", started.expect_err(certificate));
        assert!(
            error.contains("`tls.certificate` and `tls.key`") && error.contains(want),
            "{error}"
        );
    }
}

#[tokio::test]
async fn plain_http_is_sent_on() {
    let router = |toml: &str| {
        let config = Config::from_toml(toml).unwrap();
        lectern::http::redirect::router(&config, 8443)
    };
    let public = "[http]\npublic_url = \"https://live.example.org\"";
    for (toml, host, path, want) in [
        ("", "live.test", "/streams?x=1", "https://live.test:8443/streams?x=1"),
        ("", "live.test:80", "/", "https://live.test:8443/"),
        ("", "[::1]:80", "/", "https://[::1]:8443/"),
        (public, "evil.example", "/a", "https://live.example.org/a"),
    ] {
        let mut test = TestApp::new().await;
        test.router = router(toml);
        let request = axum::http::Request::get(path).header("host", host);
        let answer = test.send(request.body(axum::body::Body::empty()).unwrap()).await;
        assert_eq!(
            (answer.status, answer.header("location")),
            (StatusCode::PERMANENT_REDIRECT, want)
        );
    }
}

/// Let's Encrypt's own test server, which checks that a name is ours on the port of `server`.
struct Pebble {
    child: Child,
    directory: String,
    management: String,
}

impl Pebble {
    async fn start(folder: &Path, tls_port: u16) -> Pebble {
        let target = std::env::current_exe().unwrap().ancestors().nth(3).unwrap().to_owned();
        let program = target.join("pebble/pebble");
        assert!(program.exists(), "scripts/test-needs {} installs it", target.display());
        let [listen, manage] = free_ports();
        let config = json!({"pebble": {
            "listenAddress": format!("127.0.0.1:{listen}"), "managementListenAddress": format!("127.0.0.1:{manage}"),
            "certificate": file("first.pem"), "privateKey": file("first.key"),
            "httpPort": 1, "tlsPort": tls_port, "ocspResponderURL": "", "externalAccountBindingRequired": false,
            "retryAfter": {"authz": 1, "order": 1}, "keyAlgorithm": "ecdsa",
            "profiles": {"default": {"description": "usual", "validityPeriod": 7_776_000}},
        }});
        let config_file = folder.join("pebble.json");
        std::fs::write(&config_file, config.to_string()).unwrap();
        let mut child = Command::new(program)
            .args(["-config", config_file.to_str().unwrap(), "-strict"])
            .env("PEBBLE_VA_NOSLEEP", "1")
            .env("PEBBLE_WFE_NONCEREJECT", "0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut said = BufReader::new(child.stdout.take().unwrap()).lines();
        while let Some(line) = said.next_line().await.unwrap() {
            if line.contains("ACME directory available") {
                break;
            }
        }
        tokio::spawn(async move { while let Ok(Some(_)) = said.next_line().await {} });
        Pebble {
            child,
            directory: format!("https://localhost:{listen}/dir"),
            management: format!("https://localhost:{manage}"),
        }
    }
}

fn free_ports() -> [u16; 2] {
    let sockets = [0; 2].map(|_| std::net::TcpListener::bind("127.0.0.1:0").unwrap());
    sockets.map(|socket| socket.local_addr().unwrap().port())
}

#[tokio::test]
async fn a_certificate_is_got_and_kept() {
    let folder = tempfile::tempdir().unwrap();
    let [port, _] = free_ports();
    let mut pebble = Pebble::start(folder.path(), port).await;
    let change = |config: &mut Config| {
        config.http.listen = (Ipv4Addr::LOCALHOST, port).into();
        config.tls.acme_domains = vec!["localhost".into()];
        config.tls.acme_email = "ann@example.org".into();
        config.tls.acme_directory = pebble.directory.parse().unwrap();
        config.tls.acme_root = file("root.pem");
    };
    let server = Running::with(change).await;
    let root = own_client()
        .get(format!("{}/roots/0", pebble.management))
        .send()
        .await
        .unwrap();
    let trusting = client(&root.bytes().await.unwrap());
    let url = format!("https://localhost:{port}");
    let got = until("a certificate is got", async || certificate(&trusting, &url).await).await;

    let data = server.stop().await;
    pebble.child.kill().await.unwrap();
    let again = Running::in_folder_with(data, change).await;
    let kept = until("the certificate was kept", async || certificate(&trusting, &url).await).await;
    assert_eq!(kept, got);
    again.stop().await;
}
