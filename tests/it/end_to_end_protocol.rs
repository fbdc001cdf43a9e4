//! The whole server on loopback: what WHIP and WHEP promise about connections that carry media.

use std::time::Duration;

use lectern::id::stream_of;
use lectern::live::LiveEvent;
use reqwest::Method;
use reqwest::header::{CONTENT_TYPE, LOCATION};
use serde_json::json;
use tokio::time::timeout;
use url::Url;

use crate::end_to_end_network::until;
use crate::end_to_end_peer::{FRAME_PACKETS, GROUP, PATIENCE, Publisher, Viewer};
use crate::end_to_end_server::{Running, delete, event};

/// An event stream as a browser reads it.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    /// Opens one for these events.
    async fn open(viewer: &Viewer, wanted: &[&str]) -> Events {
        let http = reqwest::Client::new();
        let sse = format!("{}/sse", viewer.resource);
        let opened = http.post(sse).json(&wanted).send().await.unwrap();
        assert_eq!(opened.status(), 201);
        let location = opened.headers()[LOCATION].to_str().unwrap().to_owned();
        Events::read(viewer.resource.join(&location).unwrap()).await
    }

    async fn read(address: Url) -> Events {
        let response = reqwest::get(address).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        let text = String::new();
        Events { response, text }
    }

    /// The next event, with its data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<(String, String)> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    block
                        .lines()
                        .find_map(|line| line.strip_prefix(name))
                        .map(str::to_owned)
                };
                let event = field("event: ").zip(field("data: "));
                self.text = rest.to_owned();
                match event {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let piece = timeout(PATIENCE, self.response.chunk())
                .await
                .expect("an event in time");
            self.text += std::str::from_utf8(&piece.ok()??).unwrap();
        }
    }

    async fn expect(&mut self, name: &str, data: &str) {
        assert_eq!(self.next().await, Some((name.to_owned(), data.to_owned())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_hears_of_its_class_until_its_connection_ends() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut events = server.app.live.subscribe();
    let first = Viewer::connect(&class.whep, None).await;
    let mut told = Events::open(&first, &["active", "inactive", "layers"]).await;
    let mut counts = Events::open(&first, &["viewercount"]).await;
    let mut everything = Events::read(format!("{}/sse", first.resource).parse().unwrap()).await;
    counts.expect("viewercount", r#"{"viewercount":1}"#).await;
    everything.expect("viewercount", r#"{"viewercount":1}"#).await;
    let second = Viewer::connect(&class.whep, None).await;
    counts.expect("viewercount", r#"{"viewercount":2}"#).await;

    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    told.expect("active", "{}").await;
    publisher.send(GROUP).await;
    let (name, data) = told.next().await.unwrap();
    assert_eq!(name, "layers");
    let layers: serde_json::Value = serde_json::from_str(&data).unwrap();
    assert!(
        layers["0"][0]["rid"].is_string(),
        "the picture is this viewer's first section: {data}"
    );
    delete(&publisher.resource, &class.key).await;
    loop {
        match told.next().await.unwrap() {
            (name, _) if name == "layers" => {}
            (name, data) => break assert_eq!((name.as_str(), data.as_str()), ("inactive", "{}")),
        }
    }

    let left = reqwest::Client::new()
        .delete(second.resource.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(left.status(), 200);
    event(&mut events, |event| {
        event == LiveEvent::ViewerCount(stream_of(class.id), 1)
    })
    .await;
    counts.expect("viewercount", r#"{"viewercount":1}"#).await;
    let left = reqwest::Client::new()
        .delete(first.resource.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(left.status(), 200);
    while told.next().await.is_some() {}
    while counts.next().await.is_some() {}
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_viewer_that_is_made_an_offer_gets_every_packet() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut viewer = Viewer::offered(&class.whep).await;
    publisher.send(2 * GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_that_was_replaced_is_told_and_gone() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut first = Publisher::connect(&class.whip, &class.key, 0).await;
    let _second = Publisher::connect(&class.whip, &class.key, 1000).await;
    first.wait_until_gone().await;
    let http = reqwest::Client::new();
    for request in [
        http.delete(first.resource.clone()),
        http.patch(first.resource.clone())
            .header(CONTENT_TYPE, "application/trickle-ice-sdpfrag")
            .body("a=end-of-candidates\r\n"),
    ] {
        assert_eq!(request.bearer_auth(&class.key).send().await.unwrap().status(), 404);
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_sent_to_a_viewer_that_has_left() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut viewer = Viewer::connect(&class.whep, None).await;
    publisher.send(GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await;
    let left = reqwest::Client::new()
        .delete(viewer.resource.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(left.status(), 200);
    viewer.wait_until_gone().await;
    let sent = |server: &Running| -> u64 {
        let shards = server.app.live.counters();
        shards.iter().map(|shard| shard.engine.bytes_out).sum()
    };
    let received = |server: &Running| -> u64 {
        let shards = server.app.live.counters();
        shards.iter().map(|shard| shard.engine.datagrams_in).sum()
    };
    let viewers = |server: &Running| -> usize { server.app.live.counters().iter().map(|shard| shard.size.2).sum() };
    until("the viewer is counted no more", || viewers(&server) == 0).await;
    let (before, came) = (sent(&server), received(&server));
    publisher.send(2 * GROUP).await;
    let packets = u64::from(2 * GROUP * FRAME_PACKETS);
    until("the class is counted", || received(&server) >= came + packets).await;
    let after = sent(&server);
    assert!(
        after - before < 5_000,
        "{} bytes, with reports to the publisher",
        after - before
    );
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_made_private_or_ended_takes_its_media_along() {
    let server = Running::new().await;
    let (shown, ended) = (server.plan().await, server.plan().await);
    let mut viewers = [
        Viewer::connect(&shown.whep, None).await,
        Viewer::connect(&ended.whep, None).await,
    ];
    let mut publisher = Publisher::connect(&ended.whip, &ended.key, 0).await;
    publisher.send(GROUP).await;
    let end_of = |viewer: &Viewer| {
        let peer = viewer.resource.path().rsplit('/').next().unwrap().parse().unwrap();
        server.app.live.end_of(peer).unwrap()
    };
    let ends = [end_of(&viewers[0]), end_of(&viewers[1])];
    let path = |id| format!("/api/instructor/streams/{id}");
    let (status, text) = server
        .ask(Method::PATCH, &path(shown.id), Some(json!({"isPublic": false})))
        .await;
    assert_eq!(status, 200, "{text}");
    let (status, text) = server.ask(Method::POST, &format!("{}/end", path(ended.id)), None).await;
    assert_eq!(status, 200, "{text}");
    for end in ends {
        let wait = timeout(Duration::from_secs(2), end.cancelled());
        wait.await.expect("within two seconds");
    }
    for viewer in &mut viewers {
        viewer.wait_until_gone().await; // this peer needs some seconds to believe it
    }
    publisher.wait_until_gone().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_event_stream_says_where_to_go_when_the_server_stops() {
    let server = Running::with(|config| {
        config.media.drain = PATIENCE;
        config.media.drain_to = Some("https://live2.example.org".parse().unwrap());
    })
    .await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut viewer = Viewer::connect(&class.whep, None).await;
    let mut events = Events::open(&viewer, &["reconnect"]).await;
    server.asked_to_stop.cancel();
    let there = format!(r#"{{"url":"https://live2.example.org/whep/{}"}}"#, class.id);
    events.expect("reconnect", &there).await;
    publisher.send(GROUP).await;
    viewer.video_until(publisher.next_number() - 1).await;
    let http = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    assert_eq!(http.post(class.whep.clone()).send().await.unwrap().status(), 307);
    // The last one to go lets the server end.
    delete(&publisher.resource, &class.key).await;
    http.delete(viewer.resource.clone()).send().await.unwrap();
    while events.next().await.is_some() {}
    server.ended().await;
}
