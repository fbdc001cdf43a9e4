//! What a WHEP endpoint does beyond a WHIP endpoint, as far as HTTP shows it (draft-ietf-wish-whep).

use super::offers::check_directions;
use crate::offer;
use crate::rule::{Outcome, Rule, broken, ensure, rule, unknown};
use crate::sdp::Description;
use crate::server::{Reply, SDP, Server};
use crate::session::Session;
use reqwest::Method;
use std::time::Duration;
use url::Url;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "E1",
        Should,
        "WHEP draft, WHEP Endpoint URL Discoverability",
        "HEAD on the endpoint is 200 with Content-Type: application/sdp",
        head
    ),
    rule!(
        "E2",
        Must,
        "WHEP draft, Media Direction Attributes",
        "The answer is sendonly; an offer that receives nothing is refused, sendrecv is taken",
        directions
    ),
    rule!(
        "E3",
        Must,
        "WHEP draft, Server Sends Counter-Offer",
        "Asked without an offer: 406 with Location and an offer; its answer by PATCH is 204",
        counter_offer
    ),
    rule!(
        "E4",
        Must,
        "WHEP draft, Server Sends Counter-Offer",
        "406 means a counter-offer and nothing else; codecs that nobody has are another 4xx",
        not_acceptable
    ),
    rule!(
        "E5",
        Must,
        "WHEP draft, Session Management",
        "Nobody publishing: the session waits (201), or 409 with Retry-After",
        nobody_publishing
    ),
    rule!(
        "E6",
        Must,
        "WHEP draft, Single MediaStream",
        "Every m-line has an msid of the same stream",
        one_stream
    ),
    rule!(
        "E9",
        Should,
        "WHEP draft, Codec Recommendations",
        "All codecs that are taken one by one are taken together",
        all_codecs
    ),
];

/// What takes long.
pub(super) const HEAVY: &[Rule] = &[rule!(
    "E3b",
    Must,
    "WHEP draft, Server Sends Counter-Offer",
    "A counter-offer that is older than valid-until says is no longer taken",
    late_answer
)];

async fn head(server: &Server) -> Outcome {
    let reply = server.ask(Method::HEAD, &server.url).send().await?;
    ensure(reply.is(200), || reply.brief())?;
    ensure(reply.media_type() == SDP, || {
        format!("200 as {:?}", reply.header("content-type"))
    })?;
    Ok("200, application/sdp".into())
}

async fn directions(server: &Server) -> Outcome {
    check_directions(server, "recvonly", "sendonly").await
}

/// Thirty seconds, and what a server may round up.
const OFFER_LIFETIME: Duration = Duration::from_secs(33);

/// An answer to a server's offer, with its own lines where they say what is agreed on.
fn answer_to(offer: &str) -> String {
    const DROPPED: [&str; 16] = [
        "candidate:",
        "end-of-candidates",
        "ice-",
        "fingerprint:",
        "setup:",
        "sendonly",
        "sendrecv",
        "recvonly",
        "ssrc",
        "msid",
        "rid:",
        "simulcast:",
        "rtcp:",
        "identity",
        "extmap-allow-mixed",
        "inactive",
    ];
    let (ufrag, pwd) = (offer::random(4), offer::random(12));
    let own = format!(
        "a=ice-ufrag:{ufrag}\r\na=ice-pwd:{pwd}\r\na=fingerprint:sha-256 {}\r\na=setup:active\r\na=recvonly\r\n",
        offer::FINGERPRINT
    );
    let mut answer = String::new();
    for line in offer.lines() {
        let attribute = line.strip_prefix("a=").unwrap_or_default();
        if !attribute.is_empty() && DROPPED.iter().any(|name| attribute.starts_with(name)) {
            continue;
        }
        answer += line;
        answer += "\r\n";
        if line.starts_with("m=") {
            answer += "c=IN IP4 0.0.0.0\r\n";
            answer += &own;
        }
    }
    // The offer's own c= lines would be second ones.
    let mut is_after_own = false;
    let lines = answer.split_inclusive("\r\n").filter(|line| {
        let is_second = is_after_own && line.starts_with("c=");
        is_after_own = !line.starts_with("m=") && (is_after_own || line.starts_with("c="));
        !is_second
    });
    lines.collect()
}

/// Asks for an offer of the server's.
async fn ask_for_offer(server: &Server) -> Outcome<(Reply, Url)> {
    let reply = server.ask(Method::POST, &server.url).body(SDP, "").send().await?;
    if !reply.is(406) {
        ensure(reply.is_refusal(), || format!("an empty POST: {}", reply.brief()))?;
        return unknown(format!(
            "the server makes no counter-offer, as it may ({})",
            reply.status.as_u16()
        ));
    }
    let Some(url) = reply.header("location").and_then(|to| reply.url.join(to).ok()) else {
        return broken("406 without Location");
    };
    Ok((reply, url))
}

async fn counter_offer(server: &Server) -> Outcome {
    let (reply, url) = ask_for_offer(server).await?;
    let outcome = take_counter_offer(server, &reply, &url).await;
    let ended = server.ask(Method::DELETE, &url).send().await?;
    let seen = outcome?;
    ensure(ended.status.is_success(), || {
        format!("DELETE at the Location: {}", ended.brief())
    })?;
    Ok(seen)
}

async fn take_counter_offer(server: &Server, reply: &Reply, url: &Url) -> Outcome {
    ensure(reply.media_type() == SDP, || format!("406 as {:?}", reply.media_type()))?;
    let text = reply.text();
    let counter = Description::read(&text);
    ensure(!counter.sections.is_empty(), || {
        "the counter-offer has no m-line".into()
    })?;
    for section in &counter.sections {
        let direction = section.direction();
        let is_right = !["audio", "video"].contains(&section.kind()) || direction.starts_with("send");
        ensure(is_right, || format!("the counter-offer is {direction}"))?;
    }
    let until = reply
        .header("content-type")
        .unwrap_or_default()
        .split_once("valid-until=");
    let date = until.map(|(_, date)| date.trim().trim_matches('"'));
    // An HTTP-date is as long as this (RFC 9110 section 5.6.7).
    let is_date = date.is_none_or(|date| date.len() == "Wed, 09 Oct 2024 10:00:00 GMT".len() && date.ends_with(" GMT"));
    ensure(is_date, || format!("valid-until is {date:?}"))?;
    let bad = server.ask(Method::PATCH, url).body(SDP, "hello").send().await?;
    ensure(bad.is_refusal(), || {
        format!("an answer that is no SDP: {}", bad.brief())
    })?;
    let good = server
        .ask(Method::PATCH, url)
        .body(SDP, answer_to(&text))
        .send()
        .await?;
    ensure(good.is(204), || format!("a good answer: {}", good.brief()))?;
    Ok(format!(
        "406, valid until {}; a bad answer {}, a good one 204",
        date.unwrap_or("30 s later"),
        bad.status.as_u16()
    ))
}

async fn late_answer(server: &Server) -> Outcome {
    let (reply, url) = ask_for_offer(server).await?;
    if reply.header("content-type").unwrap_or_default().contains("valid-until") {
        return unknown("the server names a time of its own");
    }
    tokio::time::sleep(OFFER_LIFETIME).await;
    let late = server
        .ask(Method::PATCH, &url)
        .body(SDP, answer_to(&reply.text()))
        .send()
        .await?;
    server.ask(Method::DELETE, &url).send().await?;
    ensure(late.is_refusal(), || {
        format!("an answer after {OFFER_LIFETIME:?}: {}", late.brief())
    })?;
    Ok(format!("{} after {OFFER_LIFETIME:?}", late.status.as_u16()))
}

async fn not_acceptable(server: &Server) -> Outcome {
    let reply = server.post(&offer::unheard_of(&server.offer())).await?;
    if let Ok(session) = Session::read(server, "", &reply) {
        session.close().await;
    }
    if reply.is(406) {
        let is_offer = reply.media_type() == SDP && reply.header("location").is_some();
        ensure(is_offer, || format!("406 that is no counter-offer: {}", reply.brief()))?;
        return Ok("406 with an offer of the server's own".into());
    }
    ensure(reply.is_refusal(), || {
        format!("codecs that nobody has: {}", reply.brief())
    })?;
    Ok(format!("codecs that nobody has: {}", reply.status.as_u16()))
}

async fn nobody_publishing(server: &Server) -> Outcome {
    let mut url = server.url.clone();
    url.query_pairs_mut().append_pair("wait", "false");
    let mut seen = Vec::new();
    for (what, url) in [("", &server.url), ("wait=false: ", &url)] {
        let reply = server.ask(Method::POST, url).body(SDP, server.offer()).send().await?;
        if let Ok(session) = Session::read(server, "", &reply) {
            session.close().await;
        }
        ensure(reply.is(201) || reply.is(409), || format!("{what}{}", reply.brief()))?;
        let retry = reply.header("retry-after").map(str::trim);
        let is_told = reply.is(201) || retry.is_some_and(|seconds| seconds.parse::<u32>().is_ok());
        ensure(is_told, || format!("{what}409 with Retry-After {retry:?}"))?;
        seen.push(format!("{what}{}", reply.status.as_u16()));
    }
    Ok(format!(
        "{} (whether somebody publishes cannot be told)",
        seen.join(", ")
    ))
}

async fn one_stream(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let answer = Description::read(&session.answer);
            let mut streams = Vec::new();
            for section in &answer.sections {
                let Some(msid) = section.attribute("msid") else {
                    return broken(format!("{} has no msid", section.kind()));
                };
                streams.push(msid.split(' ').next().unwrap_or_default());
            }
            ensure(streams.windows(2).all(|pair| pair.first() == pair.last()), || {
                format!("streams {streams:?}")
            })?;
            Ok(format!("stream {}", streams.first().copied().unwrap_or_default()))
        })
        .await
}

async fn all_codecs(server: &Server) -> Outcome {
    let mut taken = Vec::new();
    for codec in offer::VIDEO_CODECS {
        let offer = offer::view_one(codec);
        let reply = server.post(&offer).await?;
        if let Ok(session) = Session::read(server, &offer, &reply) {
            session.close().await;
            taken.push(codec.to_owned());
        }
    }
    server
        .with_session(&server.offer(), async |session| {
            let answer = Description::read(&session.answer);
            let video = answer.sections.iter().find(|section| section.kind() == "video");
            let together = video.map(|section| section.codecs()).unwrap_or_default();
            let missing: Vec<_> = taken.iter().filter(|codec| !together.contains(codec)).collect();
            ensure(missing.is_empty(), || {
                format!("taken alone but not together: {missing:?}")
            })?;
            Ok(taken.join(", "))
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_every_line_once() {
        let offer = offer::view().replace("a=recvonly", "a=sendonly");
        let answer = answer_to(&offer);
        let read = Description::read(&answer);
        assert_eq!(read.sections.len(), 2);
        assert!(read.sections.iter().all(|section| section.direction() == "recvonly"));
        for name in ["ice-ufrag", "ice-pwd", "fingerprint", "setup", "mid", "rtcp-mux"] {
            assert!(
                read.sections.iter().all(|section| section.attributes(name).len() == 1),
                "{name}\n{answer}"
            );
        }
        assert_eq!(answer.matches("c=IN IP4").count(), 2, "{answer}");
    }
}
