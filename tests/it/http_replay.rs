//! Replays over HTTP: playlists, signed addresses, ranges, and who gets nothing.

use axum::body::Body;
use axum::http::{Method, Request};
use lectern::accounts::Role;
use lectern::db::Ts;
use lectern::recordings::signature::MediaGrant;
use lectern::recordings::upkeep;
use lectern::sessions::{self, EndDates, store};
use serde_json::json;
use uuid::Uuid;

use crate::app::{Answer, Browser, TestApp};

/// What a recorder writes for a class of two segments with sound; the third segment was being written.
pub(crate) const JOURNAL: &str = r#"{"entry":"start","version":1,"unix_us":1790000000000000}
{"entry":"init","rendition":"v0","kind":"video","part":0,"file":"v0-0.mp4","codecs":"avc1.42e01f","timescale":90000,"width":1280,"height":720}
{"entry":"init","rendition":"a0","kind":"audio","part":0,"file":"a0-0.mp4","codecs":"opus","timescale":48000,"width":0,"height":0}
{"entry":"segment","rendition":"v0","part":0,"file":"v0-0-00000.m4s","tfdt":0,"duration":180000,"bytes":500000,"frames":60,"pdt_us":1790000000000000,"key":true}
{"entry":"segment","rendition":"a0","part":0,"file":"a0-0-00000.m4s","tfdt":0,"duration":96000,"bytes":16000,"frames":100,"pdt_us":1790000000000000,"key":true}
{"entry":"segment","rendition":"v0","part":0,"file":"v0-0-00001.m4s","tfdt":180000,"duration":180000,"bytes":500000,"frames":60,"pdt_us":1790000002000000,"key":true}
{"entry":"segment","rendition":"a0","part":0,"file":"a0-0-00001.m4s","tfdt":96000,"duration":96000,"bytes":16000,"frames":100,"pdt_us":1790000002000000,"key":true}
{"entry":"segment","rendi"#;

const SEGMENT: &[u8] = b"0123456789abcdef";

struct Class {
    test: TestApp,
    id: Uuid,
    instructor: Browser,
}

/// A live session with a recording.
async fn class(is_public: bool) -> Class {
    let test = TestApp::new().await;
    let instructor = test.sign_in("anna", Role::Instructor).await;
    let id: Uuid = test.plan(&instructor, is_public).await.parse().unwrap();
    let session = sessions::get(&test.app, id).await.unwrap();
    sessions::start(&test.app, session).await.unwrap();
    let folder = lectern::recordings::folder(&test.app, id);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("journal.jsonl"), JOURNAL).unwrap();
    for file in ["v0-0.mp4", "a0-0.mp4", "v0-0-00000.m4s", "v0-0-00001.m4s"] {
        std::fs::write(folder.join(file), SEGMENT).unwrap();
    }
    store::set_recording_available(&test.app.db, id, true).await.unwrap();
    Class { test, id, instructor }
}

impl Class {
    async fn master(&self, browser: &Browser) -> Answer {
        self.test
            .get(browser, &format!("/api/live/sessions/{}/hls/master.m3u8", self.id))
            .await
    }

    async fn end(&self, at: Ts) {
        store::mark_ended(&self.test.app.db, self.id, EndDates::new(at, 7))
            .await
            .unwrap()
            .unwrap();
    }

    async fn fetch(&self, path: &str) -> Answer {
        self.test.get(&Browser::default(), path).await
    }

    /// A good address of `file`.
    fn signed(&self, file: &str) -> String {
        MediaGrant::new(self.id, Ts::now(), None).prefix(&self.test.app.keys.segments) + file
    }
}

/// The addresses in a playlist: lines of their own, and those in tags.
fn addresses(playlist: &str) -> Vec<&str> {
    let in_tags = playlist
        .lines()
        .filter_map(|line| line.split("URI=\"").nth(1)?.split('"').next());
    playlist
        .lines()
        .filter(|line| !line.starts_with('#') && !line.is_empty())
        .chain(in_tags)
        .collect()
}

#[tokio::test]
async fn a_live_session_can_be_rewound_and_becomes_a_replay() {
    let class = class(true).await;
    for (is_over, state, kind) in [(false, "event-", "EVENT"), (true, "vod-", "VOD")] {
        if is_over {
            class.end(Ts::now()).await;
        }
        let master = class.master(&Browser::default()).await;
        assert_eq!(
            (master.status.as_u16(), master.header("content-type")),
            (200, "application/vnd.apple.mpegurl")
        );
        let text = master.text();
        assert!(text.contains("avc1.42e01f,opus") && text.contains("1280x720"), "{text}");
        let playlists = addresses(&text);
        assert_eq!(playlists.len(), 2, "{text}");
        for address in playlists {
            assert!(address.contains(state), "{address}");
            let playlist = class.fetch(address).await;
            assert_eq!(playlist.status, 200, "{address}");
            let text = playlist.text();
            assert!(text.contains(&format!("#EXT-X-PLAYLIST-TYPE:{kind}")), "{text}");
            assert_eq!(text.contains("#EXT-X-ENDLIST"), is_over, "{text}");
            assert_eq!(
                text.matches("#EXTINF").count(),
                2,
                "the torn line and the growing segment are left out: {text}"
            );
            if address.contains("v0") {
                let folder = address.rsplit_once('/').unwrap().0;
                for file in addresses(&text) {
                    let segment = class.fetch(&format!("{folder}/{file}")).await;
                    assert_eq!(
                        (segment.status.as_u16(), segment.body.as_slice()),
                        (200, SEGMENT),
                        "{file}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
async fn only_those_with_a_right_get_playlists() {
    let class = class(false).await;
    let viewer = class.test.sign_in("vic", Role::Viewer).await;
    class
        .master(&Browser::default())
        .await
        .is_problem(401, "unauthenticated");
    class.master(&viewer).await.is_problem(403, "not-enrolled");
    let path = format!("/api/live/sessions/{}/enrol", class.id);
    let enrolled = class.test.post(&viewer, &path, serde_json::json!({})).await;
    assert_eq!(enrolled.status, 201);
    assert_eq!(class.master(&viewer).await.status, 200);
    let list = class.test.get(&viewer, "/api/live/enrolments").await.json();
    assert!(
        list["enrolments"][0]["watchedLive"].as_bool() != list["enrolments"][0]["watchedReplay"].as_bool(),
        "{list}"
    );
    class.end(Ts::now().plus_s(-8 * 24 * 3600)).await;
    class.master(&viewer).await.is_problem(403, "replay-expired");
    assert_eq!(
        class.master(&class.instructor).await.status,
        200,
        "who runs it still can"
    );
    let session = class
        .test
        .get(&viewer, &format!("/api/live/sessions/{}", class.id))
        .await
        .json();
    assert_eq!(
        (&session["canWatch"], &session["hlsUrl"]),
        (&json!(false), &json!(null))
    );
}

#[tokio::test]
async fn a_forged_or_expired_address_gets_nothing() {
    let class = class(true).await;
    let keys = &class.test.app.keys;
    let good = MediaGrant::new(class.id, Ts::now(), None);
    let expired = MediaGrant {
        expires_s: Ts::now().unix_s() - 1,
        ..good
    };
    let elsewhere = MediaGrant {
        session: Uuid::nil(),
        ..good
    };
    let signature = |grant: MediaGrant| grant.prefix(&keys.segments).split('/').nth(4).unwrap().to_owned();
    let id = class.id;
    let cases = [
        ("expired", expired.prefix(&keys.segments) + "v0-0.mp4"),
        (
            "prolonged",
            format!("/media/{id}/{}/{}/v0-0.mp4", good.expires_s + 3600, signature(good)),
        ),
        (
            "another session's",
            format!("/media/{id}/{}/{}/v0-0.mp4", good.expires_s, signature(elsewhere)),
        ),
        ("another key's", good.prefix(&keys.tokens) + "v0-0.mp4"),
        ("no signature", format!("/media/{id}/{}/x/v0-0.mp4", good.expires_s)),
        ("no time", format!("/media/{id}/soon/{}/v0-0.mp4", signature(good))),
    ];
    for (name, address) in cases {
        let answer = class.fetch(&address).await;
        assert_eq!(answer.status, 403, "{name}");
        answer.is_problem(403, "link-expired");
    }
    assert_eq!(class.fetch(&class.signed("v0-0.mp4")).await.status, 200, "the good one");
}

#[tokio::test]
async fn an_address_leads_to_segments_only() {
    let class = class(true).await;
    std::fs::write(class.test.data.path().join("recordings/other.mp4"), "other").unwrap();
    let names = [
        "journal.jsonl",
        "%2e%2e%2fother.mp4",
        "..%2Fother.mp4",
        "nothing.m4s",
        "nothing.m3u8",
        "vod-.m3u8",
        "v0-0.mp4%00",
    ];
    for name in names {
        class.fetch(&class.signed(name)).await.is_problem(404, "not-found");
    }
}

#[tokio::test]
async fn segments_come_whole_in_ranges_or_not_at_all() {
    let class = class(true).await;
    let address = class.signed("v0-0-00000.m4s");
    let whole = class.fetch(&address).await;
    assert_eq!(whole.header("content-type"), "video/mp4");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("access-control-allow-origin"), "*");
    assert_eq!(whole.header("cache-control"), "no-cache", "it was written to just now");

    let with = |name: &'static str, value: &str| {
        let request = Request::get(&address).header(name, value).body(Body::empty()).unwrap();
        class.test.send(request)
    };
    let part = with("range", "bytes=4-7").await;
    assert_eq!((part.status.as_u16(), part.text().as_str()), (206, "4567"));
    assert_eq!(part.header("content-range"), "bytes 4-7/16");
    with("range", "bytes=99-")
        .await
        .is_problem(416, "range-not-satisfiable");
    let same = with("if-none-match", whole.header("etag")).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));

    let head = class.test.ask(&Browser::default(), Method::HEAD, &address, None).await;
    assert_eq!(
        (head.status.as_u16(), head.header("content-length"), head.body.len()),
        (200, "16", 0)
    );
}

#[tokio::test]
async fn a_settled_segment_is_kept_by_caches_for_good() {
    let class = class(true).await;
    let path = lectern::recordings::folder(&class.test.app, class.id).join("v0-0-00000.m4s");
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(60))
        .unwrap();
    let answer = class.fetch(&class.signed("v0-0-00000.m4s")).await;
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
}

#[tokio::test]
async fn viewers_of_one_hour_share_addresses() {
    let class = class(true).await;
    let one = class.master(&Browser::default()).await.text();
    let two = class.master(&class.instructor).await.text();
    assert_eq!(one, two);
}

#[tokio::test]
async fn a_deleted_session_takes_its_media_with_it() {
    let class = class(true).await;
    class.end(Ts::now()).await;
    let folder = lectern::recordings::folder(&class.test.app, class.id);
    let path = format!("/api/instructor/streams/{}", class.id);
    assert_eq!(
        class
            .test
            .ask(&class.instructor, Method::DELETE, &path, None)
            .await
            .status,
        204
    );
    upkeep::once(&class.test.app).await.unwrap();
    assert!(!folder.exists());
    class.master(&class.instructor).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_recording_that_a_killed_server_left_is_found_again() {
    let class = class(true).await;
    store::set_recording_available(&class.test.app.db, class.id, false)
        .await
        .unwrap();
    class.master(&Browser::default()).await.is_problem(404, "not-found");
    upkeep::once(&class.test.app).await.unwrap();
    assert_eq!(class.master(&Browser::default()).await.status, 200);
}
