//! Bearer tokens (RFC 9725 section 4.7).

use crate::rule::{Outcome, Rule, ensure, rule, unknown};
use crate::server::{FRAGMENT, Reply, SDP, Server};
use reqwest::Method;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "W22",
        Must,
        "RFC 9725 section 4.7.1, RFC 6750 section 3",
        "A missing or bad token is 401 with WWW-Authenticate, on POST, PATCH and DELETE",
        tokens
    ),
    rule!(
        "W22b",
        Should,
        "RFC 6750 section 3.1",
        "A good token of another stream is refused",
        other_token
    ),
    rule!(
        "W25",
        Sense,
        "RFC 6750 section 5.3",
        "Tokens do not stand in the log",
        quiet_log
    ),
];

fn is_unauthorized(what: &str, reply: &Reply) -> Outcome<()> {
    ensure(reply.is(401), || format!("{what}: {}", reply.brief()))?;
    let challenge = reply.list("www-authenticate").to_ascii_lowercase();
    let is_bearer = challenge.split([' ', ',']).any(|word| word == "bearer");
    ensure(is_bearer, || format!("{what}: 401 with WWW-Authenticate {challenge:?}"))
}

async fn tokens(server: &Server) -> Outcome {
    if server.token.is_none() {
        return unknown("no TOKEN was given: the endpoint may be open to all");
    }
    for (what, token) in [
        ("POST without a token", None),
        ("POST with a bad token", Some("nonsense")),
    ] {
        let ask = server
            .ask(Method::POST, &server.url)
            .body(SDP, server.offer())
            .token(token);
        is_unauthorized(what, &ask.send().await?)?;
    }
    server
        .with_session(&server.offer(), async |session| {
            let fragment = crate::offer::trickle(&session.offer, "");
            for (what, token) in [("without a token", None), ("with a bad token", Some("nonsense"))] {
                let tag = session.etag.clone().unwrap_or_else(|| "*".into());
                let patch = server
                    .ask(Method::PATCH, &session.url)
                    .body(FRAGMENT, fragment.as_str());
                let reply = patch.header("if-match", tag).token(token).send().await?;
                is_unauthorized(&format!("PATCH {what}"), &reply)?;
                let delete = server.ask(Method::DELETE, &session.url).token(token);
                is_unauthorized(&format!("DELETE {what}"), &delete.send().await?)?;
            }
            let own = session.delete().await?;
            ensure(own.status.is_success(), || {
                format!("its own token afterwards: {}", own.brief())
            })?;
            Ok("401 with a challenge on POST, PATCH and DELETE; the session is untouched".into())
        })
        .await
}

async fn other_token(server: &Server) -> Outcome {
    let Some(other) = server.other_token.as_deref() else {
        return unknown("no OTHER_TOKEN was given");
    };
    let post = server
        .ask(Method::POST, &server.url)
        .body(SDP, server.offer())
        .token(Some(other));
    let refused = post.send().await?;
    ensure(refused.is(403) || refused.is(401), || {
        format!("POST: {}", refused.brief())
    })?;
    server
        .with_session(&server.offer(), async |session| {
            let delete = server
                .ask(Method::DELETE, &session.url)
                .token(Some(other))
                .send()
                .await?;
            let is_right = [401, 403, 404].iter().any(|status| delete.is(*status));
            ensure(is_right, || format!("DELETE: {}", delete.brief()))?;
            Ok(format!(
                "POST {}, DELETE {}",
                refused.status.as_u16(),
                delete.status.as_u16()
            ))
        })
        .await
}

async fn quiet_log(server: &Server) -> Outcome {
    let Some(path) = &server.log else {
        return unknown("no LOG was given");
    };
    let Ok(log) = std::fs::read(path) else {
        return unknown("the log cannot be read");
    };
    let log = String::from_utf8_lossy(&log);
    let publisher = server.publish.as_ref().and_then(|publisher| publisher.token.as_deref());
    let tokens = [server.token.as_deref(), server.other_token.as_deref(), publisher];
    for token in tokens.into_iter().flatten() {
        ensure(!log.contains(token), || "a token stands in the log".into())?;
    }
    Ok(format!("none in {} lines", log.lines().count()))
}
