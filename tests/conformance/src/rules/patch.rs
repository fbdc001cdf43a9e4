//! Candidates that come later by PATCH, and the tags that say which version is meant (RFC 9725 section 4.3).

use crate::offer;
use crate::rule::{Outcome, Rule, broken, ensure, rule, unknown};
use crate::server::{FRAGMENT, SDP, Server};
use crate::session::Session;
use reqwest::Method;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "W9",
        Must,
        "RFC 9725 section 4.3.1",
        "PATCH of another media type, or of no fragment, is a 4xx",
        malformed
    ),
    rule!(
        "W10",
        Must,
        "RFC 9725 section 4.3.1, RFC 9110 section 8.8.3",
        "201 has a strong, quoted ETag that no other session has",
        tag
    ),
    rule!(
        "W11",
        Must,
        "RFC 9725 section 4.3.1, RFC 6585 section 3",
        "A restart without If-Match is 428; a PATCH with a wrong tag is 412",
        preconditions
    ),
    rule!(
        "W13",
        Must,
        "RFC 9725 section 4.3.2",
        "A candidate that comes later gives 204 without body and ETag",
        trickle
    ),
    rule!(
        "W15",
        Must,
        "RFC 9725 section 4.3.2",
        "Unknown transports and names that nobody can resolve are skipped",
        strange_candidates
    ),
    rule!(
        "W15b",
        Must,
        "RFC 8840 section 4.4, RFC 5888 section 4",
        "A mid may be any token",
        strange_mid
    ),
];

/// PATCH is an option: most rules are about servers that take it.
pub(super) async fn takes_patches(session: &Session<'_>) -> Outcome<()> {
    let reply = session.trickle().await?;
    match reply.status.as_u16() {
        404 | 405 | 422 | 501 => unknown(format!("the server takes no PATCH ({})", reply.status.as_u16())),
        _ => Ok(()),
    }
}

async fn malformed(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let good = offer::trickle(&session.offer, "");
            let tag = session.etag.clone().unwrap_or_else(|| "*".into());
            let mut seen = Vec::new();
            for (what, media_type, body) in [
                ("application/json", "application/json", good.as_str()),
                ("an offer", SDP, session.offer.as_str()),
                ("an empty body", FRAGMENT, ""),
                ("no fragment", FRAGMENT, "hello"),
                (
                    "a candidate of no words",
                    FRAGMENT,
                    "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:\r\n",
                ),
            ] {
                let ask = server.ask(Method::PATCH, &session.url).body(media_type, body);
                let reply = ask.header("if-match", tag.as_str()).send().await?;
                // Lines that a server cannot use it may skip.
                let is_skipped = what == "a candidate of no words" && reply.is(204);
                ensure(reply.is_refusal() || is_skipped, || {
                    format!("{what}: {}", reply.brief())
                })?;
                seen.push(reply.status.as_u16().to_string());
            }
            Ok(seen.join(", "))
        })
        .await
}

async fn tag(server: &Server) -> Outcome {
    let mut tags = Vec::new();
    for _ in 0..2 {
        let session = server.open(&server.offer()).await?;
        let patched = takes_patches(&session).await;
        session.close().await;
        patched?;
        let Some(tag) = session.etag else {
            return broken("201 without ETag");
        };
        let is_strong = tag.len() > 2 && tag.starts_with('"') && tag.ends_with('"');
        ensure(is_strong, || format!("ETag: {tag}"))?;
        tags.push(tag);
    }
    ensure(tags.first() != tags.last(), || {
        format!("two sessions have {}", tags.concat())
    })?;
    Ok(tags.join(" and "))
}

async fn preconditions(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            takes_patches(session).await?;
            let restart = session.patch(None, &offer::restart()).await?;
            ensure(restart.is(428), || {
                format!("a restart without If-Match: {}", restart.brief())
            })?;
            let wrong = Some("\"not-this-one\"");
            let trickle = offer::trickle(&session.offer, "");
            for (what, fragment) in [("candidate", trickle.clone()), ("restart", offer::restart())] {
                let reply = session.patch(wrong, &fragment).await?;
                ensure(reply.is(412), || {
                    format!("a {what} with a wrong tag: {}", reply.brief())
                })?;
            }
            let lenient = session.patch(None, &trickle).await?;
            ensure(lenient.is(204) || lenient.is(428), || {
                format!("a candidate without If-Match: {}", lenient.brief())
            })?;
            Ok(format!(
                "428 and 412; a candidate without If-Match: {}",
                lenient.status.as_u16()
            ))
        })
        .await
}

async fn trickle(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            takes_patches(session).await?;
            let reply = session.trickle().await?;
            ensure(reply.is(204), || reply.brief())?;
            ensure(reply.body.is_empty(), || {
                format!("a body of {} bytes", reply.body.len())
            })?;
            ensure(reply.header("etag").is_none(), || "204 with an ETag".into())?;
            Ok("204".into())
        })
        .await
}

async fn strange_candidates(server: &Server) -> Outcome {
    const STRANGE: [&str; 4] = [
        "a=candidate:1 1 sctp 2122260223 192.0.2.1 61764 typ host\r\n",
        "a=candidate:2 1 udp 2122260223 5a1b2c3d-0000-4000-8000-000000000000.local 61764 typ host\r\n",
        "a=candidate:3 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active\r\n",
        "a=candidate:4 1 udp 2122260223 no-such-name.invalid 61764 typ host\r\n",
    ];
    server
        .with_session(&server.offer(), async |session| {
            takes_patches(session).await?;
            for line in STRANGE.into_iter().chain([STRANGE.concat().as_str()]) {
                let reply = session
                    .patch(session.etag.as_deref(), &offer::trickle(&session.offer, line))
                    .await?;
                ensure(reply.is(204), || format!("{}: {}", line.trim(), reply.brief()))?;
            }
            Ok("sctp, .local, tcp and a name without address: 204 each".into())
        })
        .await
}

async fn strange_mid(server: &Server) -> Outcome {
    let offer = server.offer();
    let offer = offer
        .replace("a=mid:0", "a=mid:au!d-i.o~")
        .replace("BUNDLE 0 1", "BUNDLE au!d-i.o~ 1");
    server
        .with_session(&offer, async |session| {
            takes_patches(session).await?;
            let reply = session.trickle().await?;
            ensure(reply.is(204), || format!("mid au!d-i.o~: {}", reply.brief()))?;
            Ok("mid au!d-i.o~: 204".into())
        })
        .await
}
