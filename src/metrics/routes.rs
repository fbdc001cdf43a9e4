//! HTTP of the server's numbers.

use std::net::IpAddr;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{CONTENT_TYPE, FORWARDED};
use axum::response::IntoResponse;
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::Health;
use crate::App;
use crate::error::{Error, Result};
use crate::http::extract::{Admin, Bearer, ClientAddress};
use crate::http::problem::Problem;

const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Gives all numbers to Prometheus: with the token of the settings, or from this machine and private networks
#[utoipa::path(get, path = "/metrics", tag = "operations", responses((status = 200, body = String),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn metrics(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    bearer: Option<Bearer>,
    headers: HeaderMap,
) -> Result<impl IntoResponse> {
    let token = app.config.metrics.token.expose_secret();
    let is_allowed = if token.is_empty() {
        // a proxy that we do not know of hides where a request really comes from
        let is_passed_on = headers.contains_key(FORWARDED) || headers.contains_key("x-forwarded-for");
        is_near(address) && (app.config.http.trust_proxy || !is_passed_on)
    } else {
        let given = bearer.map(|Bearer(given)| given).unwrap_or_default();
        given.as_bytes().ct_eq(token.as_bytes()).into()
    };
    match (is_allowed, token.is_empty()) {
        (true, _) => Ok(([(CONTENT_TYPE, TEXT)], super::prometheus(&app).await?)),
        (false, true) => Err(Error::Forbidden("only from this machine and private networks")),
        (false, false) => Err(Error::Unauthenticated("the token of `metrics.token` is needed")),
    }
}

/// Tells how the server is doing
#[utoipa::path(get, path = "/api/admin/health", tag = "admin", operation_id = "server_health",
    responses((status = 200, body = Health),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn health(State(app): State<App>, _: Admin) -> Result<Json<Health>> {
    Ok(Json(super::health(&app).await?))
}

/// This machine, or a private network (RFC 1918, RFC 4193, link-local).
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_private() || v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
