//! What happens when many come at once. Only with the owner's leave.

use crate::rule::{Outcome, Rule, ensure, rule};
use crate::server::{SDP, Server};
use crate::session::Session;
use futures_util::StreamExt;
use futures_util::stream;
use reqwest::Method;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

pub(super) const HEAVY: &[Rule] = &[rule!(
    "W24b",
    Should,
    "RFC 9725 section 5",
    "1,000 offers that never connect give no 5xx but 503, and a good one is answered within 1 s",
    flood
)];

const OFFERS: usize = 1000;
const AT_ONCE: usize = 50;
const SOON: Duration = Duration::from_secs(1);

async fn flood(server: &Server) -> Outcome {
    let posts = stream::iter(0..OFFERS).map(|_| {
        let ask = server.ask(Method::POST, &server.url).body(SDP, server.offer());
        ask.at_once().send()
    });
    let replies: Vec<_> = posts.buffer_unordered(AT_ONCE).collect().await;
    let mut statuses: BTreeMap<u16, usize> = BTreeMap::new();
    let mut opened = Vec::new();
    for reply in replies {
        let reply = reply?;
        *statuses.entry(reply.status.as_u16()).or_default() += 1;
        if let Ok(session) = Session::read(server, "", &reply) {
            opened.push(session);
        }
    }
    let began = Instant::now();
    let last = server
        .ask(Method::POST, &server.url)
        .body(SDP, server.offer())
        .at_once()
        .send()
        .await?;
    let took = began.elapsed();
    // Politely, after the limit of requests has passed: what is left open would disturb the rules after this one.
    for session in &opened {
        session.close().await;
    }
    let good = server.post(&server.offer()).await?;
    if let Ok(session) = Session::read(server, "", &good) {
        session.close().await;
    }
    let wrong = statuses.keys().find(|status| **status >= 500 && **status != 503);
    ensure(wrong.is_none(), || format!("{statuses:?}"))?;
    ensure(took <= SOON, || format!("{} after {took:?}", last.brief()))?;
    ensure(good.is(201), || format!("a good offer afterwards: {}", good.brief()))?;
    Ok(format!(
        "{statuses:?}; the next was answered with {} in {took:?}",
        last.status.as_u16()
    ))
}
