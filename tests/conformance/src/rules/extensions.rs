//! The two extensions of WHEP: events and the choice of a layer (wish-wg, webrtc-http-egress-events).

use super::links::{Link, links};
use crate::rule::{Outcome, Rule, broken, ensure, rule, unknown};
use crate::server::Server;
use crate::session::Session;
use reqwest::Method;
use url::Url;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "E7",
        Must,
        "WHEP events draft, Server Sent Events extension",
        "POST of event names: 201 and a text/event-stream; an unknown name: 400; DELETE ends it",
        events
    ),
    rule!(
        "E7b",
        Sense,
        "what deployed players do",
        "A bare GET on the advertised link is the event stream as well",
        bare_events
    ),
    rule!(
        "E8",
        Must,
        "WHEP events draft, Video Layer Selection extension",
        "POST of a layer: 200; an empty object returns to automatic; no JSON: 4xx",
        layers
    ),
];

const EVENTS: &str = "urn:ietf:params:whep:ext:core:server-sent-events";
const LAYER: &str = "urn:ietf:params:whep:ext:core:layer";
const JSON: &str = "application/json";
const STREAM: &str = "text/event-stream";

/// The link to an extension that a session advertises.
fn advertised(session: &Session<'_>, relation: &str) -> Outcome<(Url, Link)> {
    let header = session.created.list("link");
    let links = match links(&header) {
        Ok(links) => links,
        Err(at) => return broken(format!("the Link of 201 is malformed at {at}")),
    };
    let Some(link) = links.into_iter().find(|link| link.parameter("rel") == Some(relation)) else {
        return unknown("the extension is not advertised: it is an option");
    };
    match session.created.url.join(&link.target) {
        Ok(url) => Ok((url, link)),
        Err(_) => broken(format!("{} is no address", link.target)),
    }
}

async fn events(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let (url, link) = advertised(session, EVENTS)?;
            let names = link.parameter("events").unwrap_or("active,inactive").to_owned();
            let list: Vec<&str> = names.split(',').map(str::trim).collect();
            let wanted = serde_json::to_string(&list).unwrap_or_default();
            let unheard = server
                .ask(Method::POST, &url)
                .body(JSON, r#"["no-such-event"]"#)
                .send()
                .await?;
            ensure(unheard.is(400), || format!("an unknown event: {}", unheard.brief()))?;
            let reply = server.ask(Method::POST, &url).body(JSON, wanted).send().await?;
            ensure(reply.is(201), || format!("POST of {names}: {}", reply.brief()))?;
            let Some(stream) = reply.header("location").and_then(|to| reply.url.join(to).ok()) else {
                return broken("201 without Location");
            };
            let open = server.ask(Method::GET, &stream).head_only().send().await?;
            ensure(open.is(200) && open.media_type() == STREAM, || {
                format!("GET of the stream: {} as {:?}", open.status.as_u16(), open.media_type())
            })?;
            let ended = server.ask(Method::DELETE, &stream).send().await?;
            ensure(ended.status.is_success(), || {
                format!("DELETE of the stream: {}", ended.brief())
            })?;
            let after = server.ask(Method::GET, &stream).head_only().send().await?;
            ensure(after.is(404), || format!("GET afterwards: {}", after.status.as_u16()))?;
            Ok(format!("{names}: 201, a stream, and 404 after DELETE"))
        })
        .await
}

async fn bare_events(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let (url, _) = advertised(session, EVENTS)?;
            let open = server.ask(Method::GET, &url).head_only().send().await?;
            ensure(open.is(200) && open.media_type() == STREAM, || {
                format!("{} as {:?}", open.status.as_u16(), open.media_type())
            })?;
            Ok("200, text/event-stream".into())
        })
        .await
}

async fn layers(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let (url, _) = advertised(session, LAYER)?;
            for (what, body) in [("a largest width", r#"{"maxWidth":8192}"#), ("an empty object", "{}")] {
                let reply = server.ask(Method::POST, &url).body(JSON, body).send().await?;
                ensure(reply.is(200), || format!("{what}: {}", reply.brief()))?;
            }
            let bad = server.ask(Method::POST, &url).body(JSON, "{").send().await?;
            ensure(bad.is_refusal(), || format!("what is no JSON: {}", bad.brief()))?;
            Ok(format!(
                "200 for a limit and for none; {} for what is no JSON",
                bad.status.as_u16()
            ))
        })
        .await
}
