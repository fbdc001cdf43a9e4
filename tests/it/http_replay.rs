//! Replays over HTTP: playlists, signed addresses, ranges, and who gets nothing.

use axum::body::Body;
use axum::http::{Method, Request};
use lectern::accounts::Role;
use lectern::db::Ts;
use lectern::recordings::signature::MediaGrant;
use lectern::recordings::upkeep;
use lectern::sessions::access::{Denied, ReplayRight};
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

    /// A good address of `file`, for anybody.
    fn signed(&self, file: &str) -> String {
        self.signed_for(None, file)
    }

    /// A good address of `file` for this user.
    fn signed_for(&self, viewer: Option<Uuid>, file: &str) -> String {
        let (prefix, query) = MediaGrant::new(self.id, Ts::now(), None).address(&self.test.app, viewer);
        format!("{prefix}{file}{query}")
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
        assert_eq!(playlists.len(), 3, "a picture, its sound, and the sound alone: {text}");
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
                let folder = address.split('?').next().unwrap().rsplit_once('/').unwrap().0;
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
    let master = class.master(&viewer).await;
    assert_eq!(master.status, 200);
    let watched = async || {
        let list = class.test.get(&viewer, "/api/live/enrolments").await.json();
        ["watchedLive", "watchedReplay"].map(|flag| list["enrolments"][0][flag].as_bool().unwrap())
    };
    let text = master.text();
    let playlist = addresses(&text)
        .into_iter()
        .find(|address| address.contains("v0"))
        .unwrap();
    let segments = class.fetch(playlist).await.text();
    assert_eq!(
        watched().await,
        [false, false],
        "who looks at the table of contents has not watched"
    );
    let folder = playlist.split('?').next().unwrap().rsplit_once('/').unwrap().0;
    let segment = addresses(&segments)
        .into_iter()
        .find(|file| file.contains(".m4s"))
        .unwrap();
    assert_eq!(class.fetch(&format!("{folder}/{segment}")).await.status, 200);
    assert_eq!(watched().await, [true, false], "live: the class goes on");
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
async fn a_forged_or_expired_address_gets_nothing_and_is_told_which() {
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
    let (id, query) = (class.id, good.query(None, &keys.segments));
    let later = good.expires_s + 3600;
    let another = good.query(None, &keys.tokens);
    let cases = [
        (
            "prolonged",
            format!("/media/{id}/{later}/{}/v0-0.mp4{query}", signature(good)),
        ),
        (
            "another session's",
            format!(
                "/media/{id}/{}/{}/v0-0.mp4{query}",
                good.expires_s,
                signature(elsewhere)
            ),
        ),
        ("another key's", good.prefix(&keys.tokens) + "v0-0.mp4" + &query),
        (
            "no signature",
            format!("/media/{id}/{}/x/v0-0.mp4{query}", good.expires_s),
        ),
        (
            "no time",
            format!("/media/{id}/soon/{}/v0-0.mp4{query}", signature(good)),
        ),
        ("nobody's", good.prefix(&keys.segments) + "v0-0.mp4"),
        (
            "a user of another key",
            good.prefix(&keys.segments) + "v0-0.mp4" + &another,
        ),
    ];
    for (name, address) in cases {
        let answer = class.fetch(&address).await;
        assert_eq!(answer.status, 403, "{name}");
        answer.is_problem(403, "link-invalid");
    }
    let (prefix, query) = expired.address(&class.test.app, None);
    class
        .fetch(&format!("{prefix}v0-0.mp4{query}"))
        .await
        .is_problem(403, "link-expired");
    assert_eq!(class.fetch(&class.signed("v0-0.mp4")).await.status, 200, "the good one");
}

#[tokio::test]
async fn an_address_is_good_for_its_user_as_long_as_they_have_the_right() {
    let class = class(false).await;
    let viewer = class.test.sign_in("vic", Role::Viewer).await;
    let of = |browser: &Browser| browser.user.as_ref().map(|user| user.id);
    let own = class.signed_for(of(&viewer), "v0-0.mp4");
    class
        .fetch(&class.signed("v0-0.mp4"))
        .await
        .is_problem(403, "forbidden");
    class.fetch(&own).await.is_problem(403, "not-enrolled");
    let path = format!("/api/live/sessions/{}/enrol", class.id);
    class.test.post(&viewer, &path, json!({})).await;
    class.test.app.recordings.admissions.forget(class.id);
    assert_eq!(class.fetch(&own).await.status, 200);
    let host = class.signed_for(of(&class.instructor), "v0-0.mp4");
    assert_eq!(class.fetch(&host).await.status, 200);
    let paths = [&own, &host].map(|address| address.split('?').next().unwrap().to_owned());
    assert_eq!(paths[0], paths[1], "a cache keeps one copy for both");

    class.end(Ts::now().plus_s(-8 * 24 * 3600)).await;
    class.test.app.recordings.admissions.forget(class.id);
    class.fetch(&own).await.is_problem(403, "replay-expired");
    assert_eq!(class.fetch(&host).await.status, 200, "who runs it still can");
}

#[tokio::test]
async fn a_replay_ends_at_the_second_also_for_addresses_from_before() {
    let class = class(true).await;
    let before = class.signed("v0-0.mp4");
    assert_eq!(class.fetch(&before).await.status, 200);
    let seven_days = 7 * 24 * 3600;
    class.end(Ts::now().plus_s(3 - seven_days)).await;
    class.test.app.recordings.admissions.forget(class.id);
    let end = sessions::get(&class.test.app, class.id)
        .await
        .unwrap()
        .recording_expires_at
        .unwrap();
    let master = class.master(&Browser::default()).await.text();
    let expires = addresses(&master)[0].split('/').nth(3).unwrap().to_owned();
    assert_eq!(expires, end.unix_s().to_string(), "new addresses end with the replay");
    let session = class
        .test
        .get(&Browser::default(), &format!("/api/live/sessions/{}", class.id))
        .await
        .json();
    assert!(
        (0..=3).contains(&session["recordingExpiresInS"].as_i64().unwrap()),
        "{session}"
    );
    // The same right, read once and asked again: it is open until the last moment, and closed from then on.
    let right = ReplayRight::read(&class.test.app, class.id, None).await.unwrap();
    assert_eq!(right.check(&class.test.app, Ts(end.0 - 1)), Ok(()));
    assert_eq!(right.check(&class.test.app, end), Err(Denied::Expired));
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
    let growing = lectern::recordings::folder(&class.test.app, class.id).join("v0-0-00002.m4s");
    std::fs::write(growing, "half of it").unwrap();
    let answer = class.fetch(&class.signed("v0-0-00002.m4s")).await;
    answer.is_problem(404, "not-found"); // a cache would keep the half for good
}

#[tokio::test]
async fn segments_come_whole_in_ranges_or_not_at_all() {
    let class = class(true).await;
    let address = class.signed("v0-0-00000.m4s");
    let whole = class.fetch(&address).await;
    assert_eq!(whole.header("content-type"), "video/mp4");
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert_eq!(whole.header("access-control-allow-origin"), "*");
    let cache = whole.header("cache-control");
    let seconds = cache
        .strip_prefix("public, max-age=")
        .and_then(|rest| rest.strip_suffix(", immutable"));
    let expires: i64 = address.split('/').nth(3).unwrap().parse().unwrap();
    let left = expires - Ts::now().unix_s();
    assert!(
        (left..left + 5).contains(&seconds.unwrap().parse().unwrap()),
        "as long as the address: {cache}"
    );

    let with = |name: &'static str, value: &str| {
        let request = Request::get(&address).header(name, value).body(Body::empty()).unwrap();
        class.test.send(request)
    };
    let part = with("range", "bytes=4-7").await;
    assert_eq!((part.status.as_u16(), part.text().as_str()), (206, "4567"));
    assert_eq!(part.header("content-range"), "bytes 4-7/16");
    let end = with("range", "bytes=-3").await;
    assert_eq!((end.status.as_u16(), end.text().as_str()), (206, "def"));
    let beyond = with("range", "bytes=99-").await;
    assert_eq!(beyond.header("content-range"), "bytes */16");
    beyond.is_problem(416, "range-not-satisfiable");
    for (tag, status) in [(whole.header("etag"), 206), ("\"other\"", 200)] {
        let request = Request::get(&address)
            .header("range", "bytes=4-7")
            .header("if-range", tag);
        let answer = class.test.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(answer.status, status, "{tag}");
    }
    with("if-match", "\"other\"")
        .await
        .is_problem(412, "precondition-failed");
    let same = with("if-none-match", whole.header("etag")).await;
    assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));

    let head = class.test.ask(&Browser::default(), Method::HEAD, &address, None).await;
    assert_eq!(
        (head.status.as_u16(), head.header("content-length"), head.body.len()),
        (200, "16", 0)
    );
}

#[tokio::test]
async fn what_is_asked_for_again_comes_from_memory_and_is_the_same() {
    let class = class(true).await;
    let address = class.signed("v0-0-00000.m4s");
    let first = class.fetch(&address).await;
    let second = class.fetch(&address).await;
    let path = lectern::recordings::folder(&class.test.app, class.id).join("v0-0-00000.m4s");
    std::fs::remove_file(path).unwrap();
    let third = class.fetch(&address).await;
    for answer in [&second, &third] {
        assert_eq!((answer.status, &answer.body), (first.status, &first.body));
        assert_eq!(answer.header("etag"), first.header("etag"));
    }
}

#[tokio::test]
async fn players_of_other_sites_may_ask_for_ranges() {
    let class = class(true).await;
    let request = Request::builder()
        .method(Method::OPTIONS)
        .uri(class.signed("v0-0.mp4"))
        .header("origin", "https://player.example")
        .header("access-control-request-method", "GET")
        .header("access-control-request-headers", "range,if-range");
    let answer = class.test.send(request.body(Body::empty()).unwrap()).await;
    assert_eq!(
        (answer.status.as_u16(), answer.header("access-control-allow-origin")),
        (200, "*")
    );
    let allowed = answer.header("access-control-allow-headers").to_lowercase();
    assert!(allowed.contains("range") && allowed.contains("if-range"), "{allowed}");
}

#[tokio::test]
async fn viewers_of_one_hour_share_addresses() {
    let class = class(true).await;
    let paths = async |browser: &Browser| {
        let text = class.master(browser).await.text();
        let paths = addresses(&text)
            .into_iter()
            .map(|address| address.split('?').next().unwrap().to_owned());
        paths.collect::<Vec<_>>()
    };
    assert_eq!(paths(&Browser::default()).await, paths(&class.instructor).await);
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
