//! What stands in an answer: the bundle, the candidates, and how soon it comes.

use crate::rule::{Outcome, Rule, broken, ensure, rule};
use crate::sdp::Description;
use crate::server::{SDP, Server};
use crate::session::Session;
use reqwest::Method;
use std::net::IpAddr;
use std::time::Duration;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "W17",
        Must,
        "RFC 9725 section 4.4.1, RFC 8858 section 3",
        "One BUNDLE of all m-lines, each with rtcp-mux and rtcp-mux-only",
        bundle
    ),
    rule!(
        "W14",
        Must,
        "RFC 9725 section 4.3.2",
        "The answer holds the server's candidates: literal addresses, UDP over IPv4, then IPv6, then TCP",
        candidates
    ),
    rule!(
        "W14b",
        Sense,
        "none",
        "The answer comes within 50 ms, the way there and back not counted",
        soon
    ),
];

/// Browsers wait for nothing else while they wait for this.
const SOON: Duration = Duration::from_millis(50);
/// The best of so many counts, since the rule is about the server and not about the line to it.
const TRIES: usize = 5;

async fn bundle(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let answer = Description::read(&session.answer);
            let mids = answer.all("mid");
            ensure(answer.bundle() == mids && !mids.is_empty(), || {
                format!("m-lines {mids:?}, BUNDLE {:?}", answer.bundle())
            })?;
            for section in &answer.sections {
                for name in ["rtcp-mux", "rtcp-mux-only"] {
                    ensure(section.has(name), || format!("{} without {name}", section.kind()))?;
                }
            }
            Ok(format!(
                "BUNDLE {}, each with rtcp-mux and rtcp-mux-only",
                mids.join(" ")
            ))
        })
        .await
}

async fn candidates(server: &Server) -> Outcome {
    server
        .with_session(&server.offer(), async |session| {
            let answer = Description::read(&session.answer);
            let candidates = answer.candidates();
            let mut ranks = Vec::new();
            for candidate in &candidates {
                let host = candidate.host;
                let Ok(address) = host.parse::<IpAddr>() else {
                    return broken(format!("{host} is no literal address"));
                };
                ensure(!address.is_unspecified(), || format!("{host} is nowhere"))?;
                ranks.push(match (candidate.is_udp(), address.is_ipv4()) {
                    (true, true) => 0,
                    (true, false) => 1,
                    (false, _) => 2,
                });
            }
            let list: Vec<_> = candidates
                .iter()
                .map(|c| format!("{} {}", c.transport, c.host))
                .collect();
            let list = list.join(", ");
            ensure(!candidates.is_empty(), || {
                "no candidate, and none can come later".into()
            })?;
            ensure(ranks.is_sorted(), || format!("in this order: {list}"))?;
            Ok(list)
        })
        .await
}

async fn soon(server: &Server) -> Outcome {
    let mut way = PATIENCE;
    let mut best = PATIENCE;
    for _ in 0..TRIES {
        way = way.min(server.ask(Method::OPTIONS, &server.url).send().await?.took);
        let offer = server.offer();
        let reply = server
            .ask(Method::POST, &server.url)
            .body(SDP, offer.as_str())
            .send()
            .await?;
        Session::read(server, &offer, &reply)?.close().await;
        best = best.min(reply.took);
    }
    let own = best.saturating_sub(way);
    ensure(own <= SOON, || format!("{own:?} beside {way:?} for an OPTIONS"))?;
    Ok(format!("{own:?} beside {way:?} for an OPTIONS, the best of {TRIES}"))
}

const PATIENCE: Duration = Duration::from_secs(3600);
