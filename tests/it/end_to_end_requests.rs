//! The whole server on loopback: what a connected or hostile client may ask, and what it gets.

use std::net::{Ipv4Addr, UdpSocket};
use std::time::Duration;

use lectern::id::stream_of;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, ETAG, IF_MATCH};

use crate::end_to_end_peer::{GROUP, Publisher, Viewer};
use crate::end_to_end_server::Running;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn garbage_does_no_harm() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut viewer = Viewer::connect(&class.whep, None).await;
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let to = (Ipv4Addr::LOCALHOST, server.media_port);
    for first in 0..=255u8 {
        for length in [0, 1, 4, 12, 20, 100, 1400, 4000] {
            let mut datagram = vec![first; length];
            if let Some(cookie) = datagram.get_mut(4..8) {
                cookie.copy_from_slice(&0x2112_a442_u32.to_be_bytes());
            }
            stranger.send_to(&datagram, to).unwrap();
        }
    }
    for (bad, want) in [
        (&b""[..], 400),
        (b"v=0", 400),
        (b"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n", 422),
        (b"\0\0\0\0", 400),
        (&[b'a'; 70_000], 413),
        (&[0xff; 1000], 400),
    ] {
        for (url, token) in [(&class.whip, Some(&class.key)), (&class.whep, None)] {
            // Without an offer a viewer is made one.
            let want = if bad.is_empty() && token.is_none() { 406 } else { want };
            let mut request = reqwest::Client::new()
                .post(url.clone())
                .header(CONTENT_TYPE, "application/sdp")
                .body(bad.to_vec());
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), want, "{} bytes at {url}", bad.len());
            let content_type = response.headers()[CONTENT_TYPE].to_str().unwrap();
            assert_eq!(
                content_type == "application/problem+json",
                want != 406,
                "{content_type}"
            );
            assert_eq!(response.headers()["access-control-allow-origin"], "*");
        }
    }
    publisher.send(2 * GROUP).await;
    let (start, _) = viewer.video_until(publisher.next_number() - 1).await;
    assert_eq!(start.number, 0);
    let peers: usize = server.app.live.counters().iter().map(|shard| shard.size.0).sum();
    assert!(peers <= 3, "{peers}: a refused offer left something");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_client_asks_of_its_connection_needs_the_token_it_came_with() {
    let server = Running::new().await;
    let class = server.plan().await;
    let other = server.plan().await;
    let publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let viewer = Viewer::connect(&class.whep, None).await;
    let http = reqwest::Client::new();
    let wrong_session = publisher
        .resource
        .as_str()
        .replace(&class.id.to_string(), &other.id.to_string());
    for (url, token, want) in [
        (publisher.resource.as_str(), None, 401),
        (publisher.resource.as_str(), Some("nonsense"), 401),
        (publisher.resource.as_str(), Some(other.key.as_str()), 403),
        (&wrong_session, Some(other.key.as_str()), 404),
        (
            &viewer.resource.as_str().replace("/whep/", "/whip/"),
            Some(class.key.as_str()),
            404,
        ),
        (publisher.resource.as_str(), Some(class.key.as_str()), 200),
        (publisher.resource.as_str(), Some(class.key.as_str()), 404),
        (viewer.resource.as_str(), None, 200),
    ] {
        let mut request = http.delete(url);
        if let Some(token) = token {
            request = request.bearer_auth(token);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), want, "{url} with {token:?}");
        assert_eq!(response.headers().contains_key("www-authenticate"), want == 401);
    }
    let preflight = http.request(Method::OPTIONS, class.whep.clone()).send().await.unwrap();
    assert!(preflight.status().is_success());
    assert_eq!(preflight.headers()["accept-post"], "application/sdp");
    assert!(
        preflight.headers()["access-control-allow-headers"]
            .to_str()
            .unwrap()
            .contains("authorization")
    );
    let nobody = http
        .post(format!("{}?wait=false", class.whep))
        .header(CONTENT_TYPE, "application/sdp")
        .send();
    let nobody = nobody.await.unwrap();
    assert_eq!(
        (nobody.status().as_u16(), nobody.headers().contains_key("retry-after")),
        (409, true)
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn candidates_and_ice_restarts_come_by_patch() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut viewer = Viewer::connect(&class.whep, None).await;
    let fragment = "application/trickle-ice-sdpfrag";
    let candidate = "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 1000 typ host\r\n";
    let restart = "a=ice-ufrag:newone\r\na=ice-pwd:0123456789012345678901234\r\n";
    let patch = async |content_type: &str, if_match: Option<&str>, body: &str| {
        let mut request = reqwest::Client::new()
            .patch(viewer.resource.clone())
            .header(CONTENT_TYPE, content_type)
            .body(body.to_owned());
        if let Some(tag) = if_match {
            request = request.header(IF_MATCH, tag);
        }
        request.send().await.unwrap()
    };
    for (content_type, if_match, body, want) in [
        (fragment, None, candidate, 204),
        ("Application/Trickle-ICE-SDPfrag; x=y", None, candidate, 204),
        ("application/sdp", None, candidate, 409),
        ("text/plain", None, candidate, 415),
        (fragment, None, "", 400),
        (fragment, None, "nonsense", 400),
        (fragment, Some("\"not-this-one\""), candidate, 412),
        (fragment, Some("\"not-this-one\""), restart, 412),
    ] {
        let response = patch(content_type, if_match, body).await;
        assert_eq!(response.status(), want, "{content_type} {if_match:?} {body}");
        assert!(!response.headers().contains_key(ETAG));
    }
    let restarted = patch(fragment, Some("*"), restart).await;
    assert_eq!(restarted.status(), 200);
    assert_eq!(restarted.headers()[CONTENT_TYPE], fragment);
    let tag = restarted.headers()[ETAG].to_str().unwrap().to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"') && tag.len() > 10, "{tag}");
    assert!(restarted.text().await.unwrap().contains("a=ice-ufrag:"));
    assert_eq!(patch(fragment, Some(&tag), candidate).await.status(), 204);
    // Until the client uses the new credentials, media goes where it went.
    publisher.send(2 * GROUP).await;
    assert_eq!(viewer.video_until(publisher.next_number() - 1).await.0.number, 0);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_of_offers_that_never_connect_leaves_room_for_a_good_one() {
    let server = Running::new().await;
    let class = server.plan().await;
    let viewer = Viewer::connect(&class.whep, None).await;
    let offer = viewer.offer().await;
    let http = reqwest::Client::new();
    for _ in 0..20 {
        let posts = (0..50).map(|_| {
            let request = http.post(class.whep.clone()).header(CONTENT_TYPE, "application/sdp");
            request.body(offer.clone()).send()
        });
        for response in futures_util::future::join_all(posts).await {
            assert_eq!(response.unwrap().status(), 201);
        }
    }
    let started = std::time::Instant::now();
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut good = Viewer::connect(&class.whep, None).await;
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    publisher.send(GROUP).await;
    good.video_until(publisher.next_number() - 1).await;
    assert_eq!(
        server.app.live.status(stream_of(class.id)).viewers,
        2,
        "only those that are connected count"
    );
    server.stop().await;
}
