//! For load balancers and service managers.

use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::response::IntoResponse;

use crate::App;
use crate::error::{Error, Result};

/// Says that the process answers
#[utoipa::path(get, path = "/healthz", tag = "operations", responses((status = 200, body = String)))]
pub async fn alive() -> impl IntoResponse {
    ([(CACHE_CONTROL, "no-store")], "ok")
}

/// Says whether new work should be sent here: not while stopping, and not without a database
#[utoipa::path(get, path = "/readyz", tag = "operations", responses((status = 200, body = String), (status = 503)))]
pub async fn ready(State(app): State<App>) -> Result<impl IntoResponse> {
    let unavailable = |detail| Error::Unavailable {
        detail,
        retry_after: std::time::Duration::from_secs(5),
    };
    if app.shutdown.is_cancelled() || app.live.draining().is_cancelled() {
        return Err(unavailable("the server is stopping"));
    }
    app.db
        .ping()
        .await
        .map_err(|_| unavailable("the database is not answering"))?;
    Ok((
        [(CACHE_CONTROL, "no-store")],
        format!("ok\n{}\n", app.live.reachability()),
    ))
}
