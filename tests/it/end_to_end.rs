//! The whole server on loopback, over real HTTP and real UDP, with a WebRTC peer that is not ours: from a publisher to
//! its viewers.

use std::time::Duration;

use lectern::id::stream_of;
use lectern::live::LiveEvent;

use crate::end_to_end_peer::{FRAME_PACKETS, GROUP, Publisher, Viewer};
use crate::end_to_end_server::{Running, delete, event};

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
