//! The whole server on loopback: from a publisher to the files of a replay, through restarts, crashes and failing disks.

use lectern::id::stream_of;
use lectern::live::{LiveEvent, RecordingStatus};
use lectern_media::record::playlist;
use reqwest::Method;

use crate::end_to_end_peer::{GROUP, Publisher, Viewer};
use crate::end_to_end_server::{Running, event};

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
