//! Plain HTTP beside HTTPS: sends everybody on.

use axum::Router;
use axum::extract::{Request, State};
use axum::http::Uri;
use axum::http::header::HOST;
use axum::http::uri::Authority;
use axum::response::{IntoResponse, Redirect, Response};

use crate::config::Config;
use crate::error::Error;

/// Where HTTPS is.
#[derive(Clone)]
enum Https {
    /// As the settings say.
    At(Authority),
    /// At the name that the client used, and this port.
    SameName(u16),
}

/// Answers every request with the same address under `https:`, at the settings' public address if there is one and
/// otherwise at `port` of the name that the client used.
pub fn router(config: &Config, port: u16) -> Router {
    let public = config.http.public_url.as_ref().filter(|url| url.scheme() == "https");
    let authority = public.and_then(|url| {
        let text = url.origin().ascii_serialization();
        text.strip_prefix("https://")?.parse().ok()
    });
    let https = authority.map_or(Https::SameName(port), Https::At);
    Router::new().fallback(send_on).with_state(https)
}

async fn send_on(State(https): State<Https>, request: Request) -> Response {
    let named = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let named: Option<Authority> = named.and_then(|host| host.parse().ok());
    let host = match (https, named) {
        (Https::At(authority), _) => authority.to_string(),
        (Https::SameName(443), Some(named)) => named.host().to_owned(),
        (Https::SameName(port), Some(named)) => format!("{}:{port}", named.host()),
        (Https::SameName(_), None) => return Error::BadRequest("the Host header is missing".into()).into_response(),
    };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    match format!("https://{host}{path}").parse::<Uri>() {
        Ok(uri) => Redirect::permanent(&uri.to_string()).into_response(),
        Err(_) => Error::BadRequest("this is no address".into()).into_response(),
    }
}
