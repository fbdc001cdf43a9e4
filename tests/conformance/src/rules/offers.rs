//! Which offers are taken, and how the others are refused.

use crate::offer;
use crate::rule::{Outcome, Rule, broken, ensure, rule, unknown};
use crate::sdp::Description;
use crate::server::{Reply, SDP, Server};
use crate::session::Session;
use crate::target::Kind;
use reqwest::Method;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "W2",
        Must,
        "RFC 9725 section 4.2; WHEP draft, Error Conditions",
        "A POST of another media type, or of broken SDP, is a 4xx that opens nothing",
        broken_offers
    ),
    rule!(
        "W2b",
        Should,
        "RFC 9725 section 4.1, RFC 9457",
        "A refused POST says why, in problem details",
        problem_details
    ),
    rule!(
        "W3",
        Must,
        "RFC 9110 section 8.3.1",
        "Media types compare without case, and with parameters",
        media_types
    ),
    rule!(
        "W4",
        Must,
        "RFC 9725 section 4.2; WHEP draft, Server Accepts Client Offer",
        "A good offer gives 201, application/sdp and the Location of the session",
        created
    ),
    rule!(
        "W18",
        Must,
        "RFC 9725 sections 4.4.2 and 4.4.3; WHEP draft, Single MediaStream",
        "Two tracks of a kind, or unknown codecs: 422 or 400 for the whole, never half an answer",
        no_half_answers
    ),
    rule!(
        "W19",
        Should,
        "RFC 9725 section 4.4.4, RFC 8842 section 5.3",
        "Offers with setup:actpass and setup:active are both taken",
        setup
    ),
];

/// Of publishers alone.
pub(super) const WHIP: &[Rule] = &[
    rule!(
        "W5",
        Must,
        "RFC 9725 section 4.2",
        "The answer is recvonly; an offer that sends nothing is refused, sendrecv is taken",
        directions
    ),
    rule!(
        "W23",
        Must,
        "RFC 9725 section 4.8, RFC 8853 section 5.3.2",
        "Simulcast is answered with the accepted rids in order, paused ones too",
        simulcast
    ),
];

const LARGE: &str = "SDP of a megabyte";

/// Bodies that are no offer, by what is wrong with them.
fn bad_offers(server: &Server) -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let good = server.offer();
    let cut = good
        .find("m=video")
        .map_or(good.len() / 2, |at| at + "m=video 9 UDP/T".len());
    let large = good.clone() + &format!("a=x-pad:{}\r\n", "p".repeat(1000)).repeat(1024);
    let mut bad = vec![
        ("another media type", "text/plain", good.clone().into_bytes()),
        ("a longer media type", "application/sdp2", good.clone().into_bytes()),
        ("no SDP", SDP, b"hello".to_vec()),
        (
            "truncated SDP",
            SDP,
            good.as_bytes().get(..cut).unwrap_or_default().to_vec(),
        ),
        (
            "SDP with NUL",
            SDP,
            good.replace("a=rtcp-mux\r\n", "a=rtcp-mux\0\r\n").into_bytes(),
        ),
        (LARGE, SDP, large.into_bytes()),
        ("bytes that are no text", SDP, vec![0xff; 1000]),
    ];
    if server.kind == Kind::Whip {
        // A viewer's empty body may ask for a counter-offer.
        bad.push(("an empty body", SDP, Vec::new()));
    }
    bad
}

/// What each of them got. A server may hang up on a body that is too large for it (RFC 9110 section 15.5.14), and a
/// client that is still sending does not always see the answer before: such a one is left out.
async fn refusals(server: &Server) -> Outcome<Vec<(&'static str, Reply)>> {
    let mut replies = Vec::new();
    for (what, media_type, body) in bad_offers(server) {
        let post = server
            .ask(Method::POST, &server.url)
            .body(media_type, body)
            .send()
            .await;
        let reply = match post {
            Err(_) if what == LARGE => {
                server.ask(Method::GET, &server.url).send().await?;
                continue;
            }
            other => other?,
        };
        if reply.is(201)
            && let Ok(session) = Session::read(server, "", &reply)
        {
            session.close().await;
        }
        replies.push((what, reply));
    }
    Ok(replies)
}

async fn broken_offers(server: &Server) -> Outcome {
    let mut statuses = Vec::new();
    for (what, reply) in refusals(server).await? {
        ensure(reply.is_refusal(), || format!("{what}: {}", reply.brief()))?;
        ensure(reply.header("location").is_none(), || {
            format!("{what}: refused with a Location")
        })?;
        statuses.push(reply.status.as_u16().to_string());
    }
    Ok(format!(
        "{} ways of being wrong: {}",
        statuses.len(),
        statuses.join(", ")
    ))
}

async fn problem_details(server: &Server) -> Outcome {
    for (what, reply) in refusals(server).await? {
        ensure(reply.media_type() == "application/problem+json", || {
            format!("{what}: {} as {:?}", reply.status.as_u16(), reply.media_type())
        })?;
    }
    Ok("application/problem+json on each".into())
}

async fn media_types(server: &Server) -> Outcome {
    let offer = server.offer();
    for media_type in [
        "Application/SDP; charset=utf-8",
        "application/SDP",
        "application/sdp;charset=utf-8",
    ] {
        let reply = server
            .ask(Method::POST, &server.url)
            .body(media_type, offer.as_str())
            .send()
            .await?;
        ensure(reply.is(201), || format!("{media_type:?} gave {}", reply.brief()))?;
        Session::read(server, &offer, &reply)?.close().await;
    }
    Ok("taken in capitals and with a charset".into())
}

async fn created(server: &Server) -> Outcome {
    let offer = server.offer();
    let reply = server.post(&offer).await?;
    let session = Session::read(server, &offer, &reply)?;
    let answer = Description::read(&session.answer);
    let sections = Description::read(&offer).sections.len();
    let outcome = async {
        ensure(answer.sections.len() == sections, || {
            format!("the answer has {} m-lines, the offer {sections}", answer.sections.len())
        })?;
        ensure(session.url != server.url, || "Location is the endpoint itself".into())
    };
    let outcome = outcome.await;
    let deleted = session.delete().await?;
    outcome?;
    ensure(deleted.status.is_success(), || {
        format!("DELETE at the Location: {}", deleted.brief())
    })?;
    let location = reply.header("location").unwrap_or_default();
    let form = if location.contains("://") {
        "absolute"
    } else {
        "relative"
    };
    Ok(format!("201 with a Location that is {form}, and can be deleted"))
}

async fn no_half_answers(server: &Server) -> Outcome {
    let offer = server.offer();
    let mut seen = Vec::new();
    for (what, offer) in [
        ("two videos", offer::two_videos(&offer)),
        ("only unknown codecs", offer::unheard_of(&offer)),
        (
            "an unknown video codec",
            offer::unheard_of(&offer).replacen("X-NONE/48000/2", "opus/48000/2", 1),
        ),
    ] {
        let reply = server.post(&offer).await?;
        if let Ok(session) = Session::read(server, &offer, &reply) {
            session.close().await;
            let refused = Description::read(&session.answer)
                .sections
                .iter()
                .filter(|s| s.is_refused())
                .count();
            return broken(format!("{what}: 201, with {refused} m-lines refused"));
        }
        let is_right = reply.is(422) || reply.is(400);
        ensure(is_right, || format!("{what}: {}", reply.brief()))?;
        seen.push(format!("{what}: {}", reply.status.as_u16()));
    }
    Ok(seen.join("; "))
}

async fn setup(server: &Server) -> Outcome {
    let mut seen = Vec::new();
    for (role, allowed) in [("actpass", &["passive", "active"][..]), ("active", &["passive"])] {
        let offer = server.offer().replace("a=setup:actpass", &format!("a=setup:{role}"));
        let reply = server.post(&offer).await?;
        ensure(reply.is(201), || format!("setup:{role} gave {}", reply.brief()))?;
        let session = Session::read(server, &offer, &reply)?;
        session.close().await;
        let roles = Description::read(&session.answer).all("setup");
        let is_right = !roles.is_empty() && roles.iter().all(|role| allowed.contains(role));
        ensure(is_right, || format!("setup:{role} is answered with {roles:?}"))?;
        seen.push(format!("{role} → {}", roles.first().copied().unwrap_or_default()));
    }
    Ok(seen.join(", "))
}

async fn directions(server: &Server) -> Outcome {
    check_directions(server, "sendonly", "recvonly").await
}

/// The offer goes `ours`, and the answer must go `theirs`. Also the other directions are tried.
pub(super) async fn check_directions(server: &Server, ours: &str, theirs: &str) -> Outcome {
    let good = server.offer();
    let turned = |direction: &str| good.replace(&format!("a={ours}"), &format!("a={direction}"));
    for direction in [theirs, "inactive"] {
        let reply = server.post(&turned(direction)).await?;
        if let Ok(session) = Session::read(server, "", &reply) {
            session.close().await;
        }
        ensure(reply.is_refusal(), || {
            format!("an offer that is {direction}: {}", reply.brief())
        })?;
    }
    for direction in [ours, "sendrecv"] {
        let offer = turned(direction);
        let reply = server.post(&offer).await?;
        ensure(reply.is(201), || {
            format!("an offer that is {direction}: {}", reply.brief())
        })?;
        let session = Session::read(server, &offer, &reply)?;
        session.close().await;
        let answer = Description::read(&session.answer);
        let directions: Vec<_> = answer.sections.iter().map(|section| section.direction()).collect();
        ensure(directions.iter().all(|direction| *direction == theirs), || {
            format!("an offer that is {direction} is answered {directions:?}")
        })?;
    }
    Ok(format!(
        "{ours} and sendrecv are answered {theirs}; {theirs} and inactive are refused"
    ))
}

async fn simulcast(server: &Server) -> Outcome {
    let offer = offer::simulcast();
    let reply = server.post(&offer).await?;
    ensure(reply.is(201), || format!("an offer with simulcast: {}", reply.brief()))?;
    let session = Session::read(server, &offer, &reply)?;
    session.close().await;
    let answer = Description::read(&session.answer);
    let Some(video) = answer.sections.iter().find(|section| section.kind() == "video") else {
        return broken("the answer has no video");
    };
    let Some(simulcast) = video.attribute("simulcast") else {
        return unknown("simulcast is not answered: the server takes one encoding, as it may");
    };
    let Some(list) = simulcast.strip_prefix("recv ") else {
        return broken(format!("a=simulcast:{simulcast}"));
    };
    let accepted: Vec<&str> = list.split(';').map(|rid| rid.trim().trim_start_matches('~')).collect();
    let offered = ["q", "h", "f"];
    let in_order: Vec<&str> = offered.into_iter().filter(|rid| accepted.contains(rid)).collect();
    ensure(accepted == in_order, || format!("q;h;~f is answered with {list}"))?;
    ensure(accepted.contains(&"f"), || {
        format!("the paused one is left out: {list}")
    })?;
    let rids = video.attributes("rid");
    for rid in &accepted {
        let is_there = rids
            .iter()
            .any(|line| line.strip_prefix(rid).is_some_and(|rest| rest.starts_with(" recv")));
        ensure(is_there, || format!("no a=rid:{rid} recv"))?;
    }
    Ok(format!("q;h;~f → {list}"))
}
