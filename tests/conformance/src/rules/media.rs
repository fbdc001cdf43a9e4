//! What shows only with real media, for publishers and viewers alike.

use crate::peer::Peer;
use crate::rule::{Outcome, Rule, broken, ensure, rule, unknown};
use crate::server::Server;
use crate::target::Kind;
use std::time::Duration;
use tokio::time::sleep;

pub(super) const RULES: &[Rule] = &[
    rule!(
        "W6b",
        Must,
        "RFC 9725 section 4.2, RFC 7675 section 5.2",
        "A second after DELETE the server's UDP side is silent",
        silence
    ),
    rule!(
        "W16e",
        Must,
        "RFC 9725 section 4.3.3",
        "After a restart media goes on from another port in under 2 s",
        restart
    ),
];

pub(super) const HEAVY: &[Rule] = &[rule!(
    "W8",
    Should,
    "RFC 9725 section 4.2, RFC 7675 section 5.1",
    "A peer that is gone without a word is removed within 30 s",
    vanish
)];

/// The peer of the kind that the server serves, and a publisher beside a viewer when there is one to be had.
async fn peers(server: &Server) -> Outcome<(Peer<'_>, Option<Peer<'_>>)> {
    match (server.kind, &server.publish) {
        (Kind::Whip, _) => Ok((Peer::publish(server, 0).await?, None)),
        (Kind::Whep, None) => Ok((Peer::view(server).await?, None)),
        (Kind::Whep, Some(publisher)) => {
            let publisher = Peer::publish(publisher, 0).await?;
            match Peer::view(server).await {
                Ok(viewer) => Ok((viewer, Some(publisher))),
                Err(miss) => {
                    publisher.close().await;
                    Err(miss)
                }
            }
        }
    }
}

/// Tries something with connected peers, and ends them whatever comes.
async fn with_peers(server: &Server, check: impl AsyncFnOnce(&mut Peer<'_>, bool) -> Outcome) -> Outcome {
    let (mut peer, publisher) = peers(server).await?;
    let outcome = check(&mut peer, publisher.is_some()).await;
    peer.close().await;
    if let Some(publisher) = publisher {
        publisher.close().await;
    }
    outcome
}

async fn silence(server: &Server) -> Outcome {
    with_peers(server, async |peer, _| {
        sleep(Duration::from_secs(1)).await;
        let before = peer.relay.count();
        let reply = peer.session.delete().await?;
        ensure(reply.status.is_success(), || format!("DELETE: {}", reply.brief()))?;
        sleep(Duration::from_secs(1)).await;
        let (last, media) = (peer.relay.count(), peer.relay.media_count());
        // Our peer goes on asking, by STUN and with what it sends.
        sleep(Duration::from_secs(2)).await;
        let more = peer.relay.count() - last;
        let media = peer.relay.media_count() - media;
        ensure(more == 0, || {
            format!("{more} datagrams more in 2 s, {media} of them media")
        })?;
        Ok(format!(
            "{before} datagrams before DELETE, {} in the second after it, then none",
            last - before
        ))
    })
    .await
}

async fn restart(server: &Server) -> Outcome {
    with_peers(server, async |peer, has_publisher| {
        peer.restart().await?;
        if server.kind == Kind::Whip {
            return restarted_publisher(peer).await;
        }
        if !has_publisher {
            return unknown("nobody publishes: give PUBLISH_URL");
        }
        peer.forget();
        let arrived = peer.video(Duration::from_secs(5)).await;
        let took = peer.relay.first_media_after();
        match (arrived, took) {
            (Some(_), Some(took)) => {
                ensure(took < Duration::from_secs(2), || format!("after {took:?}"))?;
                Ok(format!("media through the new port after {took:?}"))
            }
            _ => broken("no media through the new port in 5 s"),
        }
    })
    .await
}

/// A publisher sees that its media arrives by the reports that come back, which may take 5 s (RFC 3550 section 6.2).
async fn restarted_publisher(peer: &mut Peer<'_>) -> Outcome {
    for _ in 0..70 {
        if let Some(took) = peer.relay.first_media_after() {
            return Ok(format!("the server's reports come through the new port after {took:?}"));
        }
        sleep(Duration::from_millis(100)).await;
    }
    if peer.relay.count() == 0 {
        return broken("nothing came through the new port in 7 s");
    }
    broken("the new port is answered, but no report came in 7 s")
}

async fn vanish(server: &Server) -> Outcome {
    with_peers(server, async |peer, _| {
        peer.relay.cut();
        sleep(Duration::from_secs(31)).await;
        let before = peer.relay.count();
        sleep(Duration::from_secs(2)).await;
        let more = peer.relay.count() - before;
        ensure(more == 0, || {
            format!("{more} datagrams in 2 s to a peer that was silent for 31 s")
        })?;
        let reply = peer.session.delete().await?;
        ensure(reply.is(404), || format!("DELETE after 33 s: {}", reply.brief()))?;
        Ok("silent, and 404 for its session".into())
    })
    .await
}
