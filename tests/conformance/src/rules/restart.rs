//! ICE restarts by PATCH (RFC 9725 section 4.3.3), as far as HTTP shows them.

use super::patch::takes_patches;
use crate::offer;
use crate::rule::{Outcome, Rule, broken, ensure, rule, unknown};
use crate::sdp::{Description, credentials};
use crate::server::{FRAGMENT, Reply, Server};
use crate::session::Session;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "W16",
        Must,
        "RFC 9725 section 4.3.3",
        "A restart (If-Match: *) gives 200, new credentials, candidates and a new ETag",
        restart
    ),
    rule!(
        "W16b",
        Must,
        "RFC 9725 section 4.3.3",
        "A restart that fails leaves the session as it was",
        failed_restart
    ),
    rule!(
        "W16c",
        Must,
        "RFC 9725 section 4.3.1",
        "After a restart a fragment with the old tag is 412",
        late_fragment
    ),
    rule!(
        "W16d",
        Must,
        "RFC 9725 section 4.3.3",
        "A restart's fragment has ice-lite and ice-options as the answer had",
        same_options
    ),
];

/// Restarts once, or says why that cannot be tried.
async fn restarted(session: &Session<'_>, if_match: &str) -> Outcome<Reply> {
    takes_patches(session).await?;
    let reply = session.patch(Some(if_match), &offer::restart()).await?;
    match reply.status.as_u16() {
        405 | 422 | 501 => unknown(format!("the server takes no restart ({})", reply.status.as_u16())),
        200 => Ok(reply),
        _ => broken(format!("If-Match: {if_match} gave {}", reply.brief())),
    }
}

async fn restart(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let mut known = vec![credentials(&session.answer).unwrap_or_default()];
            let mut tags = vec![session.etag.clone().unwrap_or_default()];
            for if_match in ["*", "\"*\""] {
                let reply = restarted(session, if_match).await?;
                let media_type = reply.media_type();
                ensure(media_type == FRAGMENT, || format!("200 as {media_type:?}"))?;
                let text = reply.text();
                let Some(new) = credentials(&text) else {
                    return broken("200 without ice-ufrag and ice-pwd");
                };
                let is_new = known.iter().all(|old| old.0 != new.0 && old.1 != new.1);
                ensure(is_new, || "credentials that were there before".into())?;
                known.push(new);
                let Some(tag) = reply.header("etag") else {
                    return broken("200 without ETag");
                };
                ensure(!tags.iter().any(|old| old == tag), || format!("the tag is still {tag}"))?;
                tags.push(tag.to_owned());
                let count = Description::read(&text).candidates().len();
                ensure(count > 0, || "no candidate in the fragment".into())?;
            }
            Ok("* with and without quotes: 200 with new credentials, tag and candidates".into())
        })
        .await
}

async fn failed_restart(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            takes_patches(session).await?;
            let half = "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:newone\r\n";
            let reply = session.patch(Some("*"), half).await?;
            ensure(reply.is_refusal(), || {
                format!("a new ufrag without password: {}", reply.brief())
            })?;
            let after = session.trickle().await?;
            ensure(after.is(204), || {
                format!("a candidate under the tag that was: {}", after.brief())
            })?;
            Ok(format!(
                "{}, and the session goes on under its tag",
                reply.status.as_u16()
            ))
        })
        .await
}

async fn late_fragment(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let Some(old) = session.etag.clone() else {
                return unknown("201 had no ETag");
            };
            restarted(session, "*").await?;
            let reply = session.patch(Some(&old), &offer::trickle(&session.offer, "")).await?;
            ensure(reply.is(412), || format!("the old tag: {}", reply.brief()))?;
            Ok("412".into())
        })
        .await
}

async fn same_options(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let text = restarted(session, "*").await?.text();
            let (answer, fragment) = (Description::read(&session.answer), Description::read(&text));
            for name in ["ice-lite", "ice-options", "ice-pacing"] {
                let (was, is) = (answer.all(name), fragment.all(name));
                ensure(was.first() == is.first(), || {
                    format!("{name} was {was:?} and is {is:?}")
                })?;
            }
            Ok("the same as in the answer".into())
        })
        .await
}
