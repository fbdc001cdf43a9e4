//! The whole server on loopback, over real HTTP and real UDP, with a WebRTC peer that is not ours.

use std::net::{Ipv4Addr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use lectern::accounts::{self, Role, login};
use lectern::config::Config;
use lectern::id::stream_of;
use lectern::live::{LiveEvent, RecordingStatus};
use lectern::{App, Listeners, Server};
use lectern_media::record::{Catalogue, playlist};
use reqwest::header::{CONTENT_TYPE, COOKIE, ETAG, IF_MATCH, ORIGIN};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use url::Url;
use uuid::Uuid;

use crate::app::plan;
use crate::end_to_end_peer::{FRAME_PACKETS, GROUP, PATIENCE, Publisher, Viewer};

/// A server that runs as in real life, on ports of its own, with two media threads.
struct Running {
    app: App,
    url: Url,
    cookie: String,
    media_port: u16,
    task: JoinHandle<()>,
    data: TempDir,
}

/// One planned class.
struct Class {
    id: Uuid,
    whip: Url,
    whep: Url,
    key: String,
}

impl Running {
    async fn new() -> Running {
        Running::in_folder(tempfile::tempdir().unwrap()).await
    }

    async fn in_folder(data: TempDir) -> Running {
        let mut config = Config::from_toml("").unwrap();
        config.data.dir = data.path().to_owned();
        config.http.listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.udp_listen = (Ipv4Addr::LOCALHOST, 0).into();
        config.media.shards = 2;
        let listeners = Listeners::bind(&config).await.unwrap();
        let media_port = listeners.media.local_addr().unwrap().port();
        let url = format!("http://{}", listeners.http.local_addr().unwrap())
            .parse()
            .unwrap();
        let server = Server::start(config, listeners, CancellationToken::new())
            .await
            .unwrap();
        let app = server.app.clone();
        let user = accounts::without_password(&app.db, "Anna", "anna@example.org", Role::Instructor)
            .await
            .unwrap();
        let token = login::start(&app.db, user.id).await.unwrap();
        let cookie = format!("lectern_session={}", token.expose());
        let task = tokio::spawn(async move { server.serve().await.unwrap() });
        Running {
            app,
            url,
            cookie,
            media_port,
            task,
            data,
        }
    }

    /// Stops the server as an operator does, and gives its folder.
    async fn stop(self) -> TempDir {
        self.app.shutdown.cancel();
        self.task.await.unwrap();
        self.data
    }

    async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> (StatusCode, String) {
        let mut request = reqwest::Client::new().request(method, self.url.join(path).unwrap());
        request = request
            .header(COOKIE, &self.cookie)
            .header(ORIGIN, self.url.origin().ascii_serialization());
        if let Some(body) = body {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.text().await.unwrap())
    }

    /// Plans a public class.
    async fn plan(&self) -> Class {
        let (status, created) = self
            .ask(Method::POST, "/api/instructor/streams/create", Some(plan(true)))
            .await;
        assert_eq!(status, 201, "{created}");
        let id: Uuid = json(&created)["id"].as_str().unwrap().parse().unwrap();
        self.class(id).await
    }

    async fn class(&self, id: Uuid) -> Class {
        let (_, ingest) = self
            .ask(Method::GET, &format!("/api/instructor/streams/{id}/ingest"), None)
            .await;
        Class {
            id,
            whip: self.url.join(&format!("/whip/{id}")).unwrap(),
            whep: self.url.join(&format!("/whep/{id}")).unwrap(),
            key: json(&ingest)["streamKey"].as_str().unwrap().to_owned(),
        }
    }

    fn recording(&self, class: &Class) -> PathBuf {
        self.data.path().join("recordings").join(class.id.to_string())
    }

    fn catalogue(&self, class: &Class) -> Catalogue {
        let journal = self.recording(class).join("journal.jsonl");
        Catalogue::read(&std::fs::read(journal).unwrap_or_default()).0
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// Waits for an event that `is_wanted`.
async fn event(events: &mut broadcast::Receiver<LiveEvent>, is_wanted: impl Fn(LiveEvent) -> bool) {
    let wait = async { while !is_wanted(events.recv().await.unwrap()) {} };
    timeout(PATIENCE, wait).await.expect("the event comes");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn viewers_of_both_media_threads_get_every_packet_in_order() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    let mut first = Viewer::connect(&class.whep, None).await;
    let mut second = Viewer::connect(&class.whep, None).await;
    let mut third = Viewer::connect(&class.whep, None).await;
    publisher.send(4 * GROUP + 5).await;
    let last = publisher.next_number() - 1;
    for viewer in [&mut first, &mut second, &mut third] {
        let (start, _) = viewer.video_until(last).await;
        assert_eq!(start.number, 0, "the viewer was there before the first packet");
    }
    assert_eq!(server.app.live.status(stream_of(class.id)).viewers, 3);
    let viewers: Vec<usize> = server.app.live.counters().iter().map(|shard| shard.size.2).collect();
    assert!(viewers.iter().all(|&count| count > 0), "{viewers:?}");

    // No key frame comes now: a new viewer starts with the last one, and goes over to what is live without a seam.
    let live = publisher.next_number();
    let mut late = Viewer::connect(&class.whep, None).await;
    publisher.send(5).await;
    let (start, took) = late.video_until(publisher.next_number() - 1).await;
    // This peer drops what arrives in the instant in which its handshake ends.
    let old = 4 * GROUP * FRAME_PACKETS..live;
    assert!(old.contains(&start.number), "{start:?} is not from {old:?}");
    assert!(took < Duration::from_millis(1500), "{took:?}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_media_thread_whose_viewers_have_left_gets_the_stream_again() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut events = server.app.live.subscribe();
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    for round in 0..3 {
        // The publisher's thread has the publisher, so a single viewer is on the other one.
        let mut viewer = Viewer::connect(&class.whep, None).await;
        publisher.send(GROUP).await;
        let (start, _) = viewer.video_until(publisher.next_number() - 1).await;
        assert!(start.number <= round * GROUP * FRAME_PACKETS, "{start:?}");
        let left = reqwest::Client::new()
            .delete(viewer.resource.clone())
            .send()
            .await
            .unwrap();
        assert_eq!(left.status(), 200);
        event(&mut events, |event| {
            event == LiveEvent::ViewerCount(stream_of(class.id), 0)
        })
        .await;
        viewer.vanish().await;
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_publisher_that_comes_back_or_takes_over_keeps_its_viewers() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut events = server.app.live.subscribe();
    // The viewers come first, one on each media thread.
    let mut viewers = [
        Viewer::connect(&class.whep, None).await,
        Viewer::connect(&class.whep, None).await,
    ];
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    publisher.send(GROUP).await;
    let last = publisher.next_number() - 1;
    let mut seqs = vec![];
    for viewer in &mut viewers {
        let (start, _) = viewer.video_until(last).await;
        assert_eq!(start.number, 0);
        seqs.push(start.seq.wrapping_add(u16::try_from(last).unwrap()));
    }
    delete(&publisher.resource, &class.key).await;
    publisher.vanish().await;
    event(&mut events, |event| {
        event == LiveEvent::PublisherGone(stream_of(class.id))
    })
    .await;
    assert!(!server.app.live.status(stream_of(class.id)).publishing);

    let mut publisher = Publisher::connect(&class.whip, &class.key, 30_000).await;
    publisher.send(GROUP).await;
    for (viewer, seq) in viewers.iter_mut().zip(&mut seqs) {
        let (start, _) = viewer.video_until(publisher.next_number() - 1).await;
        assert_eq!(
            (start.number, start.seq),
            (30_000, seq.wrapping_add(1)),
            "the line goes on"
        );
        *seq = start
            .seq
            .wrapping_add(u16::try_from(publisher.next_number() - 1 - start.number).unwrap());
    }

    let mut other = Publisher::connect(&class.whip, &class.key, 60_000).await;
    publisher.wait_until_gone().await;
    other.send(GROUP).await;
    for (viewer, seq) in viewers.iter_mut().zip(&seqs) {
        let (start, _) = viewer.video_until(other.next_number() - 1).await;
        assert_eq!(
            (start.number, start.seq),
            (60_000, seq.wrapping_add(1)),
            "the line goes on"
        );
        assert!(viewer.is_connected());
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_class_is_recorded_while_it_is_live_and_whole_when_it_ends() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut events = server.app.live.subscribe();
    let mut viewer = Viewer::connect(&class.whep, None).await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    publisher.send(8 * GROUP).await;
    event(&mut events, |event| {
        event == LiveEvent::RecordingStarted(stream_of(class.id))
    })
    .await;
    let live = server.catalogue(&class);
    assert!(!live.ended() && !live.segments().is_empty());

    let (status, ended) = server
        .ask(Method::POST, &format!("/api/instructor/streams/{}/end", class.id), None)
        .await;
    assert_eq!(status, 200, "{ended}");
    let whole = server.catalogue(&class);
    assert!(whole.ended());
    // 8 groups of 15 frames at 30 a second; the last frame's length is a guess.
    let seconds = whole.duration_us() as f64 / 1e6;
    assert!((3.9..4.3).contains(&seconds), "{seconds} s");
    assert_eq!(whole.renditions().len(), 2);
    for rendition in whole.renditions() {
        let text = playlist::media(&whole, rendition, str::to_owned, true).unwrap();
        assert!(text.contains("#EXT-X-ENDLIST"), "{text}");
        for segment in whole.segments() {
            let file = server.recording(&class).join(segment.file.as_str());
            assert_eq!(std::fs::metadata(file).unwrap().len(), segment.bytes, "{segment:?}");
        }
    }
    assert!(playlist::master(&whole, str::to_owned).unwrap().contains("avc1."));
    viewer.wait_until_gone().await;
    publisher.wait_until_gone().await;
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_goes_on_after_the_server_was_stopped() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    publisher.send(2 * GROUP).await;
    let id = class.id;
    let data = server.stop().await;

    let server = Running::in_folder(data).await;
    let class = server.class(id).await;
    let before = server.catalogue(&class);
    assert!(!before.ended() && before.end_us() > 900_000, "{before:?}");
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    publisher.send(2 * GROUP).await;
    let (status, ended) = server
        .ask(Method::POST, &format!("/api/instructor/streams/{id}/end"), None)
        .await;
    assert_eq!(status, 200, "{ended}");
    let after = server.catalogue(&class);
    assert!(
        after.ended() && after.last_part() == before.last_part() + 1,
        "{after:?}"
    );
    let text = playlist::media(&after, after.renditions()[0], str::to_owned, true).unwrap();
    assert!(text.contains("#EXT-X-DISCONTINUITY"), "{text}");
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_recording_that_a_crash_cuts_off_is_made_whole() {
    let server = Running::new().await;
    let class = server.plan().await;
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    publisher.send(6 * GROUP).await;
    // What the disk holds at this moment is what a killed server leaves; and a power cut tears the last line.
    let folder = server.recording(&class);
    let left = tempfile::tempdir().unwrap();
    let copy = left.path().join("recordings").join(class.id.to_string());
    std::fs::create_dir_all(&copy).unwrap();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.join(path.file_name().unwrap())).unwrap();
    }
    let mut journal = std::fs::read(copy.join("journal.jsonl")).unwrap();
    journal.extend_from_slice(b"{\"entry\":\"segm");
    std::fs::write(copy.join("journal.jsonl"), journal).unwrap();
    server.stop().await;

    let server = Running::in_folder(left).await;
    let repaired = server.catalogue(&class);
    let seconds = repaired.duration_us() as f64 / 1e6;
    assert!((2.0..3.1).contains(&seconds), "{seconds} s of 3 s are there");
    for segment in repaired.segments() {
        let length = std::fs::metadata(server.recording(&class).join(segment.file.as_str()))
            .unwrap()
            .len();
        assert_eq!(length, segment.bytes, "{segment:?}");
    }
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disk_that_fails_costs_the_replay_a_part_and_the_class_nothing() {
    let server = Running::new().await;
    let class = server.plan().await;
    let stream = stream_of(class.id);
    let mut events = server.app.live.subscribe();
    let in_the_way = server.recording(&class);
    std::fs::create_dir_all(in_the_way.parent().unwrap()).unwrap();
    std::fs::write(&in_the_way, b"not a folder").unwrap();
    let mut publisher = Publisher::connect(&class.whip, &class.key, 0).await;
    event(&mut events, |event| event == LiveEvent::RecordingFailing(stream)).await;
    let mut viewer = Viewer::connect(&class.whep, None).await;
    publisher.send(2 * GROUP).await;
    assert_eq!(viewer.video_until(publisher.next_number() - 1).await.0.number, 0);
    assert_eq!(server.app.live.status(stream).recording, RecordingStatus::DiskFailing);

    std::fs::remove_file(&in_the_way).unwrap();
    publisher.send(10 * GROUP).await;
    event(&mut events, |event| event == LiveEvent::RecordingStarted(stream)).await;
    assert_eq!(server.app.live.status(stream).recording, RecordingStatus::Writing);
    server.app.live.end(stream).await;
    let whole = server.catalogue(&class);
    assert!(whole.ended() && whole.renditions().len() == 2, "{whole:?}");
    server.stop().await;
}

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
            let mut request = reqwest::Client::new()
                .post(url.clone())
                .header(CONTENT_TYPE, "application/sdp")
                .body(bad.to_vec());
            if let Some(token) = token {
                request = request.bearer_auth(token);
            }
            let response = request.send().await.unwrap();
            assert_eq!(response.status(), want, "{} bytes at {url}", bad.len());
            assert_eq!(response.headers()[CONTENT_TYPE], "application/problem+json");
            assert_eq!(response.headers()["access-control-allow-origin"], "*");
        }
    }
    publisher.send(2 * GROUP).await;
    let (start, _) = viewer.video_until(publisher.next_number() - 1).await;
    assert_eq!(start.number, 0);
    let peers: usize = server.app.live.counters().iter().map(|shard| shard.size.0).sum();
    assert!(peers <= 2, "{peers}: a refused offer left something");
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
        ("application/sdp", None, candidate, 415),
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

async fn delete(resource: &Url, key: &str) {
    let response = reqwest::Client::new()
        .delete(resource.clone())
        .bearer_auth(key)
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), 200);
}
