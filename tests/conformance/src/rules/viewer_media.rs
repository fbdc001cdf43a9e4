//! What viewers see of publishers that come and go.

use crate::peer::{Arrived, Peer};
use crate::rule::{Outcome, Rule, broken, ensure, rule, unknown};
use crate::server::Server;
use std::time::{Duration, Instant};

pub(super) const RULES: &[Rule] = &[rule!(
    "E10",
    Sense,
    "RFC 3550 section 5.1",
    "A publisher's restart leaves SSRC, sequence numbers and timestamps going on, and takes 2 s at most",
    new_publisher
)];

/// The number of the second publisher's first packet.
const SECOND: u32 = 1_000_000;
const PATIENCE: Duration = Duration::from_secs(5);
/// Sequence numbers that may be left out between two publishers: what is lost is asked for again, what never was is not.
const GAP: u16 = 1000;

async fn new_publisher(server: &Server) -> Outcome {
    let Some(endpoint) = &server.publish else {
        return unknown("a viewer alone cannot tell: give PUBLISH_URL");
    };
    let first = Peer::publish(endpoint, 0).await?;
    let mut viewer = match Peer::view(server).await {
        Ok(viewer) => viewer,
        Err(miss) => {
            first.close().await;
            return Err(miss);
        }
    };
    let outcome = watch_both(&mut viewer, first, endpoint).await;
    viewer.close().await;
    outcome
}

async fn watch_both(viewer: &mut Peer<'_>, first: Peer<'_>, endpoint: &Server) -> Outcome {
    let mut last = None;
    for _ in 0..90 {
        last = viewer.video(PATIENCE).await;
        if last.is_none() {
            break;
        }
    }
    first.close().await;
    let Some(mut last) = last else {
        return broken("nothing came of the first publisher's video");
    };
    let second = Peer::publish(endpoint, SECOND).await?;
    let began = Instant::now();
    let mut fresh = None;
    while let Some(next) = viewer.video(PATIENCE).await {
        if next.number >= SECOND {
            fresh = Some(next);
            break;
        }
        last = next;
    }
    let took = began.elapsed();
    second.close().await;
    match fresh {
        Some(fresh) => goes_on(last, fresh, took),
        None => broken("nothing came of the second publisher's video"),
    }
}

fn goes_on(last: Arrived, fresh: Arrived, took: Duration) -> Outcome {
    ensure(last.ssrc == fresh.ssrc, || {
        format!("SSRC {:08x} became {:08x}", last.ssrc, fresh.ssrc)
    })?;
    let step = fresh.seq.wrapping_sub(last.seq);
    ensure((1..GAP).contains(&step), || {
        format!("sequence number {} became {}", last.seq, fresh.seq)
    })?;
    let ahead = fresh.rtp_time.wrapping_sub(last.rtp_time);
    // A minute at 90 kHz.
    ensure((1..60 * 90_000).contains(&ahead), || {
        format!("timestamp {} became {}", last.rtp_time, fresh.rtp_time)
    })?;
    ensure(took <= Duration::from_secs(2), || {
        format!("the new picture came after {took:?}")
    })?;
    Ok(format!(
        "the new picture after {took:?}; one SSRC, {step} ahead, {} ms on",
        ahead / 90
    ))
}
