//! Links to STUN and TURN servers (RFC 9725 section 4.6).

use crate::rule::{Outcome, Rule, ensure, rule, unknown};
use crate::server::{SDP, Server};
use reqwest::Method;

pub(super) const RULES: &[Rule] = &[rule!(
    "W21",
    Must,
    "RFC 9725 section 4.6, RFC 8288 section 3",
    "Links to ICE servers are well formed, and only for who has shown a token",
    ice_servers
)];

/// One link: its target and its parameters, unquoted.
pub(super) struct Link {
    pub(super) target: String,
    pub(super) parameters: Vec<(String, String)>,
}

impl Link {
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let named = self.parameters.iter().find(|(known, _)| known == name);
        named.map(|(_, value)| value.as_str())
    }
}

/// Reads a Link header, or says from where on it is malformed.
pub(super) fn links(header: &str) -> Result<Vec<Link>, String> {
    let mut links = Vec::new();
    let mut rest = header.trim();
    while !rest.is_empty() {
        let (target, after) = rest
            .strip_prefix('<')
            .and_then(|inside| inside.split_once('>'))
            .ok_or(rest)?;
        rest = after.trim_start();
        let mut parameters = Vec::new();
        while let Some(after) = rest.strip_prefix(';') {
            let (name, after) = after.split_once('=').ok_or(rest)?;
            let (value, after) = value(after.trim_start()).ok_or(rest)?;
            parameters.push((name.trim().to_ascii_lowercase(), value));
            rest = after.trim_start();
        }
        links.push(Link {
            target: target.to_owned(),
            parameters,
        });
        if !rest.is_empty() {
            rest = rest.strip_prefix(',').ok_or(rest)?.trim_start();
        }
    }
    Ok(links)
}

/// A token or a quoted string (RFC 9110 section 5.6.4), and what follows.
fn value(text: &str) -> Option<(String, &str)> {
    let Some(mut rest) = text.strip_prefix('"') else {
        let end = text.find([';', ',', ' ']).unwrap_or(text.len());
        let token = text.get(..end)?;
        let is_token = !token.is_empty()
            && token
                .chars()
                .all(|c| c.is_ascii_graphic() && !"\"<>()[]{}@:/?=\\".contains(c));
        return is_token.then(|| (token.to_owned(), text.get(end..).unwrap_or_default()));
    };
    let mut value = String::new();
    loop {
        let character = rest.chars().next()?;
        rest = rest.get(character.len_utf8()..)?;
        match character {
            '"' => return Some((value, rest)),
            '\\' => {
                let escaped = rest.chars().next()?;
                value.push(escaped);
                rest = rest.get(escaped.len_utf8()..)?;
            }
            other => value.push(other),
        }
    }
}

async fn ice_servers(server: &Server) -> Outcome {
    let session = server.open(&server.offer()).await?;
    session.close().await;
    let told = session.created.list("link");
    let options = server.ask(Method::OPTIONS, &server.url).send().await?.list("link");
    for (what, header) in [("201", &told), ("OPTIONS", &options)] {
        let read = links(header);
        let read = read.map_err(|at| crate::rule::Miss::Broken(format!("the Link of {what} is malformed at {at}")))?;
        for link in read.iter().filter(|link| link.parameter("rel") == Some("ice-server")) {
            check(link)?;
        }
    }
    let refused = server
        .ask(Method::POST, &server.url)
        .body(SDP, "hello")
        .token(None)
        .send()
        .await?;
    let leaked = refused.list("link").contains("ice-server");
    ensure(!leaked, || {
        format!("{} without a token has the links", refused.status.as_u16())
    })?;
    if server.token.is_some() {
        let stranger = server.ask(Method::OPTIONS, &server.url).token(None).send().await?;
        let leaked = stranger.list("link").contains("credential");
        ensure(!leaked, || "OPTIONS without a token has credentials".into())?;
    }
    if !told.contains("ice-server") && !options.contains("ice-server") {
        return unknown("the server names no ICE servers, as it may");
    }
    Ok(told)
}

/// RFC 7064 and RFC 7065 for the address, and what a relay needs beside it.
fn check(link: &Link) -> Outcome<()> {
    let target = &link.target;
    let scheme = target.split(':').next().unwrap_or_default();
    let known = ["stun", "stuns", "turn", "turns"].contains(&scheme) && !target.contains("//");
    ensure(known, || format!("{target} is no address of an ICE server"))?;
    let is_password = link.parameter("credential-type").is_none_or(|kind| kind == "password");
    if scheme.starts_with("turn") && is_password {
        for name in ["username", "credential"] {
            let has = link.parameter(name).is_some_and(|value| !value.is_empty());
            ensure(has, || format!("{target} has no {name}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_read_strictly() {
        let two = r#"<stun:a.example>; rel="ice-server", <turn:b.example?transport=udp>; rel="ice-server"; username="u,\"v"; credential=x"#;
        let links = links(two).unwrap();
        assert_eq!(links.len(), 2);
        assert_eq!(links[1].target, "turn:b.example?transport=udp");
        assert_eq!(links[1].parameter("username"), Some("u,\"v"));
        assert!(check(&links[0]).is_ok() && check(&links[1]).is_ok());
        for bad in [
            "stun:a.example; rel=ice-server",
            "<a>; rel=\"open",
            "<a> <b>",
            "<a>; username=u:v",
            "<a>; rel=",
        ] {
            assert!(super::links(bad).is_err(), "{bad}");
        }
        let bare = super::links("<turn:b.example>; rel=ice-server").unwrap();
        assert!(check(&bare[0]).is_err());
    }
}
