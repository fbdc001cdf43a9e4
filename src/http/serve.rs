//! The listeners: no connection may be slow for ever, and the end comes within a bounded time.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum_server::accept::NoDelayAcceptor;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A client that takes longer to say what it wants is not waited for; nor is one that says nothing more.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// HTTP/2 connections are asked this often whether somebody is there.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Where requests come in, and how.
pub struct Door {
    /// The socket.
    pub listener: TcpListener,
    /// HTTPS; `None`: plain.
    pub tls: Option<RustlsConfig>,
}

/// Serves until `shutdown`, then finishes the open requests for at most `patience`.
///
/// # Errors
/// The listener's own.
pub async fn serve(door: Door, router: Router, shutdown: CancellationToken, patience: Duration) -> std::io::Result<()> {
    let handle = Handle::new();
    let server = limited(door.listener, handle.clone())?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let end = async {
        shutdown.cancelled().await;
        handle.graceful_shutdown(Some(patience));
        pending().await
    };
    let serving = async {
        match door.tls {
            Some(tls) => {
                let acceptor = RustlsAcceptor::new(tls).acceptor(NoDelayAcceptor::new());
                server.acceptor(acceptor).serve(service).await
            }
            None => server.acceptor(NoDelayAcceptor::new()).serve(service).await,
        }
    };
    tokio::select! {
        result = serving => result,
        never = end => never,
    }
}

fn limited(listener: TcpListener, handle: Handle<SocketAddr>) -> std::io::Result<Server<SocketAddr>> {
    let mut server = axum_server::from_tcp(listener.into_std()?)?.handle(handle);
    let http = server.http_builder();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .enable_connect_protocol();
    Ok(server)
}
