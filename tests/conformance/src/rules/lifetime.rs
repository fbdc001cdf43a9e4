//! How sessions end, and that nobody else can end them by guessing.

use crate::rule::{Outcome, Rule, ensure, rule};
use crate::server::Server;
use reqwest::Method;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "W6",
        Must,
        "RFC 9725 section 4.2; WHEP draft, Playback Session Termination",
        "DELETE is 200 and ends the session at once: a second one is 404",
        delete
    ),
    rule!(
        "W12",
        Must,
        "RFC 9725 section 4.3.1",
        "DELETE ignores entity tags",
        delete_ignores_tags
    ),
    rule!(
        "W24",
        Should,
        "RFC 9725 section 5",
        "Addresses of sessions cannot be guessed",
        unguessable
    ),
];

/// Characters in which two addresses differ at least: 64 bits in hex.
const RANDOM_CHARACTERS: usize = 16;

async fn delete(server: &Server) -> Outcome {
    let session = server.open(&server.offer()).await?;
    let first = session.delete().await?;
    ensure(first.is(200), || format!("DELETE: {}", first.brief()))?;
    let second = session.delete().await?;
    ensure(second.is(404), || format!("a second DELETE: {}", second.brief()))?;
    let late = session.trickle().await?;
    ensure(late.is_refusal(), || format!("PATCH afterwards: {}", late.brief()))?;
    Ok(format!("200, then 404; PATCH afterwards {}", late.status.as_u16()))
}

async fn delete_ignores_tags(server: &Server) -> Outcome {
    let session = server.open(&server.offer()).await?;
    let ask = server.ask(Method::DELETE, &session.url);
    let reply = ask.header("if-match", "\"not-this-one\"").send().await?;
    if !reply.status.is_success() {
        session.close().await;
    }
    ensure(reply.status.is_success(), || {
        format!("DELETE with another tag: {}", reply.brief())
    })?;
    Ok(format!("{} with another tag", reply.status.as_u16()))
}

async fn unguessable(server: &Server) -> Outcome {
    let mut addresses = Vec::new();
    for _ in 0..3 {
        let session = server.open(&server.offer()).await?;
        session.close().await;
        addresses.push(session.url.to_string());
    }
    let mut fewest = usize::MAX;
    for pair in addresses.windows(2) {
        if let [a, b] = pair {
            fewest = fewest.min(differing(a, b));
        }
    }
    ensure(fewest >= RANDOM_CHARACTERS, || {
        format!("the addresses differ in {fewest} characters: {}", addresses.join(" "))
    })?;
    Ok(format!(
        "the addresses of three sessions differ in {fewest} characters or more"
    ))
}

/// How long the part is in which two texts are not the same.
fn differing(a: &str, b: &str) -> usize {
    let same = |mut pairs: Box<dyn Iterator<Item = (u8, u8)>>| {
        let mut count = 0;
        while pairs.next().is_some_and(|(a, b)| a == b) {
            count += 1;
        }
        count
    };
    let (a, b) = (a.as_bytes().to_vec(), b.as_bytes().to_vec());
    let shorter = a.len().min(b.len());
    let before = same(Box::new(a.clone().into_iter().zip(b.clone())));
    let after = same(Box::new(a.into_iter().rev().zip(b.into_iter().rev())));
    shorter.saturating_sub(before + after)
}

#[cfg(test)]
mod tests {
    use super::differing;

    #[test]
    fn counted_addresses_differ_little() {
        assert_eq!(differing("http://h/s/41", "http://h/s/42"), 1);
        assert_eq!(differing("http://h/s/abcdef", "http://h/s/ghijkl"), 6);
        assert_eq!(differing("same", "same"), 0);
    }
}
