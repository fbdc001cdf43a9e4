//! The listener: no connection may be slow for ever, and the end comes within a bounded time.

use std::future::pending;
use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum_server::Handle;
use axum_server::accept::NoDelayAcceptor;
use hyper_util::rt::TokioTimer;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

/// A client that takes longer to say what it wants is not waited for; nor is one that says nothing more.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// HTTP/2 connections are asked this often whether somebody is there.
const PING_INTERVAL: Duration = Duration::from_secs(30);

/// Serves until `shutdown`, then finishes the open requests for at most `patience`.
///
/// # Errors
/// The listener's own.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
    patience: Duration,
) -> std::io::Result<()> {
    let handle = Handle::new();
    let mut server = axum_server::from_tcp(listener.into_std()?)?
        .acceptor(NoDelayAcceptor::new())
        .handle(handle.clone());
    let http = server.http_builder();
    http.http1()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT);
    http.http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_INTERVAL)
        .enable_connect_protocol();
    let end = async {
        shutdown.cancelled().await;
        handle.graceful_shutdown(Some(patience));
        pending().await
    };
    tokio::select! {
        result = server.serve(router.into_make_service_with_connect_info::<SocketAddr>()) => result,
        never = end => never,
    }
}
