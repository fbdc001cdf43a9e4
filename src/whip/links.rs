//! `Link` headers (RFC 8288): ICE servers (RFC 9725 section 4.6) and the extensions of WHEP.

use crate::App;
use axum::http::HeaderValue;
use lectern_media::id::PeerId;
use secrecy::ExposeSecret;
use uuid::Uuid;

/// Server-sent events.
pub const EVENTS: &str = "urn:ietf:params:whep:ext:core:server-sent-events";

/// Layer selection.
pub const LAYER: &str = "urn:ietf:params:whep:ext:core:layer";

/// The address of something on this server: absolute where the settings know how the world calls it, so that it holds
/// after a redirect from another server whatever the client makes of that.
pub fn address(app: &App, path: &str) -> String {
    match &app.config.http.public_url {
        Some(url) => format!("{}{path}", url.origin().ascii_serialization()),
        None => path.to_owned(),
    }
}

/// The STUN and TURN servers of the settings. Only for those who may be here: there are passwords in them.
pub fn ice_servers(app: &App) -> impl Iterator<Item = HeaderValue> {
    app.config.media.ice_servers.iter().filter_map(|server| {
        let mut link = format!("<{}>; rel=\"ice-server\"", server.url);
        if !server.username.is_empty() {
            link += &format!(
                "; username={}; credential={}; credential-type=\"password\"",
                quoted(&server.username),
                quoted(server.credential.expose_secret())
            );
        }
        let mut value = HeaderValue::try_from(link).ok()?;
        value.set_sensitive(true);
        Some(value)
    })
}

/// Where a viewer's connection takes the requests of the extensions.
pub fn extensions(app: &App, session: Uuid, peer: PeerId) -> impl Iterator<Item = HeaderValue> {
    let at = |name| address(app, &format!("/whep/{session}/{peer}/{name}"));
    let events = super::events::NAMES.join(",");
    [
        format!("<{}>; rel=\"{EVENTS}\"; events=\"{events}\"", at("sse")),
        format!("<{}>; rel=\"{LAYER}\"", at("layer")),
    ]
    .into_iter()
    .filter_map(|link| HeaderValue::try_from(link).ok())
}

/// A quoted-string (RFC 9110 section 5.6.4).
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_end_a_string_is_escaped() {
        assert_eq!(quoted(r#"a"b\c; d="#), r#""a\"b\\c; d=""#);
    }
}
