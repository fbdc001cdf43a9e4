//! What is made of real recordings, as viewers and instructors get it: thumbnails, the time line, the MP4, sound in AAC.

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use axum::http::{Method, Request};
use image::{ImageFormat, Rgb, RgbImage};
use lectern::accounts::Role;
use lectern::recordings::care::Care;
use lectern::recordings::{self, folder};
use serde_json::{Value, json};

use crate::app::{Answer, Browser, TestApp};
use crate::made_recording::{Clip, H264, VP9, probe};
use crate::recorded_class::RecordedClass;

/// A live session without a recording.
async fn live(toml: &str, is_public: bool) -> RecordedClass {
    RecordedClass::live(TestApp::with(toml).await, is_public).await
}

impl RecordedClass {
    async fn upload(&self, bytes: &[u8]) -> Answer {
        let path = format!("/api/instructor/streams/{}/thumbnail", self.id);
        let head = "--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\ncontent-type: image/png\r\n\r\n";
        let body = [head.as_bytes(), bytes, b"\r\n--x--\r\n"].concat();
        let request = Request::post(path)
            .header(CONTENT_TYPE, "multipart/form-data; boundary=x")
            .header(COOKIE, self.instructor.cookie.as_ref().unwrap());
        self.test.send(request.body(Body::from(body)).unwrap()).await
    }
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| Rgb([(x % 256) as u8, (y % 256) as u8, 90]));
    let mut bytes = std::io::Cursor::new(Vec::new());
    picture.write_to(&mut bytes, ImageFormat::Png).unwrap();
    bytes.into_inner()
}

#[tokio::test]
async fn a_class_has_a_picture_while_it_runs_for_those_who_may_watch() {
    for is_public in [true, false] {
        let class = live("", is_public).await;
        let nobody = Browser::default();
        assert_eq!(class.session().await["thumbnailUrl"], json!(null));
        let made = class.made().part(H264, 0);
        let mut care = Care::new(&class.test.app, class.id);
        for _ in 0..2 {
            care.step(&class.test.app).await.unwrap();
        }
        let seen = class.session().await;
        assert_eq!(seen["recording"]["state"], "live", "{seen}");
        let url = seen["thumbnailUrl"].as_str().unwrap().to_owned();
        let picture = class.test.get(&class.instructor, &url).await;
        assert_eq!(
            (picture.status.as_u16(), picture.header("content-type")),
            (200, "image/jpeg")
        );
        let decoded = image::load_from_memory(&picture.body).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (640, 360));
        let cache = if is_public {
            "public, max-age=31536000, immutable"
        } else {
            "private, max-age=86400, immutable"
        };
        assert_eq!(picture.header("cache-control"), cache);
        let expected = if is_public { 200 } else { 404 };
        assert_eq!(class.test.get(&nobody, &url).await.status, expected);
        assert_eq!(class.session_for(&nobody).await["thumbnailUrl"].is_null(), !is_public);
        made.end();
    }
}

#[tokio::test]
async fn black_pictures_are_passed_over_and_other_codecs_are_left_to_ffmpeg() {
    let black = Clip {
        source: "color",
        seconds: 4,
        ..H264
    };
    let class = live("", true).await;
    class.made().part(black, 0).part(Clip { seconds: 4, ..H264 }, 10).end();
    class.end().await;
    class.settle().await;
    let url = class.session().await["thumbnailUrl"].as_str().unwrap().to_owned();
    let picture = image::load_from_memory(&class.test.get(&class.instructor, &url).await.body).unwrap();
    assert!(!recordings::picture::is_blank(&picture.into_rgb8()));

    for (ffmpeg, has_picture) in [("ffmpeg", true), ("", false)] {
        let class = live(&format!("[recording]\nffmpeg = {ffmpeg:?}"), true).await;
        class.made().part(VP9, 0).end();
        class.end().await;
        class.settle().await;
        let session = class.session().await;
        assert_eq!(session["thumbnailUrl"].is_string(), has_picture, "{session}");
        assert_eq!(session["recording"]["hasStoryboard"], has_picture, "{session}");
        assert_eq!(session["recording"]["alert"], json!(null), "{session}");
        assert!(
            session["recording"]["codecs"][0].as_str().unwrap().starts_with("vp09"),
            "{session}"
        );
    }
}

#[tokio::test]
async fn what_an_instructor_gives_wins_and_is_made_anew() {
    let class = live("", false).await;
    let answer = class.upload(&png(2000, 1000)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    let url = answer.json()["thumbnailUrl"].as_str().unwrap().to_owned();
    let nobody = Browser::default();
    let picture = class.test.get(&nobody, &url).await;
    assert_eq!(
        (picture.status.as_u16(), picture.header("content-type")),
        (200, "image/jpeg")
    );
    let decoded = image::load_from_memory(&picture.body).unwrap();
    assert_eq!((decoded.width(), decoded.height()), (1280, 640));
    class.made().part(Clip { seconds: 3, ..H264 }, 0).end();
    class.end().await;
    class.settle().await;
    assert_eq!(
        class.session_for(&nobody).await["thumbnailUrl"],
        url,
        "a frame does not replace it"
    );

    class.upload(b"<svg/>").await.is_problem(415, "unsupported-media-type");
    class.upload(&vec![0; (5 << 20) + 1]).await.is_problem(413, "too-large");
    class.upload(&vec![0; 6 << 20]).await.is_problem(413, "too-large");
    let path = format!("/api/instructor/streams/{}/thumbnail", class.id);
    let removed = class.test.ask(&class.instructor, Method::DELETE, &path, None).await;
    assert_eq!(removed.status, 204);
    assert_eq!(class.test.get(&nobody, &url).await.status, 404);
    let own = class.session().await["thumbnailUrl"].as_str().unwrap().to_owned();
    assert!(own != url, "the class's own is back");
    assert_eq!(class.test.get(&class.instructor, &own).await.status, 200);
}

#[tokio::test]
async fn a_replay_has_pictures_for_its_time_line() {
    let class = live("", true).await;
    class.made().part(H264, 0).part(H264, 100).end();
    class.end().await;
    class.settle().await;
    let path = format!("/api/live/sessions/{}/hls/storyboard.vtt", class.id);
    let index = class.test.get(&Browser::default(), &path).await;
    assert_eq!(
        (index.status.as_u16(), index.header("content-type")),
        (200, "text/vtt; charset=utf-8")
    );
    let text = index.text();
    let times: Vec<&str> = text.lines().filter(|line| line.contains("-->")).collect();
    // 16 seconds of class, the pause between its parts left out; one picture in five seconds at most
    assert_eq!(
        times,
        [
            "00:00:00.000 --> 00:00:06.000",
            "00:00:06.000 --> 00:00:12.000",
            "00:00:12.000 --> 00:00:16.000"
        ],
        "{text}"
    );
    let address = text.lines().find(|line| line.contains(".jpg")).unwrap();
    let (sheet, place) = address.split_once('#').unwrap();
    assert_eq!(place, "xywh=0,0,160,90");
    let sheet = class.test.get(&Browser::default(), sheet).await;
    assert_eq!(
        (sheet.status.as_u16(), sheet.header("content-type")),
        (200, "image/jpeg")
    );
    let picture = image::load_from_memory(&sheet.body).unwrap();
    assert_eq!((picture.width(), picture.height()), (480, 90));
}

#[tokio::test]
async fn the_whole_replay_is_one_mp4_across_a_restart_of_the_publisher() {
    let larger = Clip {
        size: "960x540",
        ..H264
    };
    let class = live("", true).await;
    class.made().part(H264, 0).part(H264, 60).part(larger, 200).end();
    class.end().await;
    class.settle().await;
    let path = format!("/api/instructor/streams/{}/download", class.id);
    let whole = class.test.get(&class.instructor, &path).await;
    assert_eq!(
        (whole.status.as_u16(), whole.header("content-type")),
        (200, "video/mp4")
    );
    assert_eq!(whole.header("content-length"), whole.body.len().to_string());
    assert!(
        whole
            .header("content-disposition")
            .starts_with("attachment; filename=\"Live Q&A.mp4\"")
            || whole
                .header("content-disposition")
                .starts_with("attachment; filename=\"Live Q_A.mp4\"")
    );

    let file = class.test.data.path().join("whole.mp4");
    std::fs::write(&file, &whole.body).unwrap();
    let seen = probe(&file, &["-show_format", "-show_streams", "-count_frames"]);
    let seconds = |value: &Value| value.as_str().unwrap().parse::<f64>().unwrap();
    assert!((seconds(&seen["format"]["duration"]) - 24.0).abs() < 0.1, "{seen}");
    let (video, audio) = (&seen["streams"][0], &seen["streams"][1]);
    assert_eq!(
        (&video["codec_name"], &audio["codec_name"]),
        (&json!("h264"), &json!("opus")),
        "{seen}"
    );
    assert_eq!(video["nb_read_frames"], "720", "every frame of all three parts: {seen}");
    assert!(
        (seconds(&video["duration"]) - seconds(&audio["duration"])).abs() < 0.1,
        "{seen}"
    );
    let packets = probe(&file, &["-show_entries", "packet=pts_time,stream_index"]);
    for stream in [0, 1] {
        let own = packets["packets"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|p| p["stream_index"] == stream);
        let times: Vec<f64> = own.map(|packet| seconds(&packet["pts_time"])).collect();
        let step = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
        assert!(step < 0.1, "stream {stream} has a hole of {step} s");
    }

    let size = whole.body.len();
    for (range, want) in [
        ("bytes=0-99".to_owned(), 0..100),
        (
            format!("bytes={}-{}", size / 2, size / 2 + 300_000),
            size / 2..size / 2 + 300_001,
        ),
        ("bytes=-1000".to_owned(), size - 1000..size),
    ] {
        let request = Request::get(&path)
            .header("range", &range)
            .header(COOKIE, class.instructor.cookie.as_ref().unwrap());
        let part = class.test.send(request.body(Body::empty()).unwrap()).await;
        assert_eq!(part.status, 206, "{range}");
        assert!(part.body == whole.body[want], "{range}");
    }
}

#[tokio::test]
async fn a_change_of_codec_makes_a_second_file_and_says_so() {
    let class = live("", true).await;
    class.made().part(Clip { seconds: 3, ..H264 }, 0).part(VP9, 10).end();
    class.end().await;
    class.settle().await;
    let path = format!("/api/instructor/streams/{}/download", class.id);
    class
        .test
        .get(&class.instructor, &path)
        .await
        .is_problem(409, "download-in-parts");
    for (part, codec) in [(1, "h264"), (2, "vp9")] {
        let answer = class.test.get(&class.instructor, &format!("{path}?part={part}")).await;
        assert_eq!(answer.status, 200);
        let file = class.test.data.path().join("part.mp4");
        std::fs::write(&file, &answer.body).unwrap();
        assert_eq!(probe(&file, &["-show_streams"])["streams"][0]["codec_name"], codec);
    }
    class
        .test
        .get(&class.instructor, &format!("{path}?part=3"))
        .await
        .is_problem(404, "not-found");
    class
        .test
        .get(&class.instructor, &format!("{path}?part=0"))
        .await
        .is_problem(404, "not-found");
}

#[tokio::test]
async fn a_running_class_cannot_be_downloaded_yet() {
    let class = live("", true).await;
    drop(class.made().part(Clip { seconds: 3, ..H264 }, 0));
    let path = format!("/api/instructor/streams/{}/download", class.id);
    class
        .test
        .get(&class.instructor, &path)
        .await
        .is_problem(409, "recording-not-finished");
}

#[tokio::test]
async fn players_without_opus_get_sound_in_aac_that_is_in_time() {
    let class = live("[recording]\naac = true", true).await;
    class.made().part(H264, 0).part(H264, 60).end();
    class.end().await;
    class.settle().await;
    let session = class.session_for(&Browser::default()).await;
    assert_eq!(session["recording"]["hasAac"], true, "{session}");
    assert_eq!(
        session["recording"]["audioCodecs"],
        json!(["Opus", "mp4a.40.2"]),
        "{session}"
    );
    let path = format!("/api/live/sessions/{}/hls/master.m3u8", class.id);
    let master = class.test.get(&Browser::default(), &path).await.text();
    let codecs: Vec<&str> = master
        .lines()
        .filter_map(|line| line.split("CODECS=\"").nth(1)?.split('"').next())
        .collect();
    assert_eq!(codecs.len(), 3, "a picture, and each sound alone: {master}");
    assert!(
        codecs[0].starts_with("avc1.") && codecs[0].ends_with(",mp4a.40.2"),
        "who decodes the picture decodes AAC: {master}"
    );
    assert_eq!(codecs[1..], ["Opus", "mp4a.40.2"], "{master}");
    assert_eq!(master.matches("#EXT-X-MEDIA").count(), 1, "{master}");
    assert!(master.contains("GROUP-ID=\"audio-mp4a\""), "{master}");

    let folder = folder(&class.test.app, class.id);
    let mut lengths = Vec::new();
    for rendition in ["aac", "audio1"] {
        let mut track = Vec::new();
        for entry in ["-0.mp4", "-0-00000.m4s", "-0-00001.m4s", "-0-00002.m4s", "-0-00003.m4s"] {
            track.extend(std::fs::read(folder.join(format!("{rendition}{entry}"))).unwrap_or_default());
        }
        let file = class.test.data.path().join("sound.mp4");
        std::fs::write(&file, track).unwrap();
        let seen = probe(&file, &["-show_packets", "-show_streams"]);
        let packets = seen["packets"].as_array().unwrap();
        let time =
            |packet: &Value, field: &str| packet[field].as_str().map_or(0.0, |text| text.parse::<f64>().unwrap());
        let last = packets.last().unwrap();
        lengths.push((
            time(&packets[0], "pts_time"),
            time(last, "pts_time") + time(last, "duration_time"),
        ));
    }
    let ((aac_start, aac_end), (opus_start, opus_end)) = (lengths[0], lengths[1]);
    assert!(
        (aac_start - opus_start).abs() < 0.022 && (aac_end - opus_end).abs() < 0.04,
        "{lengths:?}"
    );
}

#[tokio::test]
async fn admins_see_all_recordings_and_the_room_for_them() {
    let class = live("", true).await;
    class.made().part(Clip { seconds: 3, ..H264 }, 0).end();
    class.end().await;
    class.settle().await;
    let admin = class.test.sign_in("ada", Role::Admin).await;
    let list = class.test.get(&admin, "/api/admin/recordings").await.json();
    let entry = &list["recordings"][0];
    assert_eq!(
        (&entry["sessionId"], &entry["state"]),
        (&json!(class.id), &json!("local")),
        "{list}"
    );
    assert_eq!(
        (&entry["durationS"], &entry["error"]),
        (&json!(3), &json!(null)),
        "{list}"
    );
    assert!(
        entry["bytes"].as_i64().unwrap() > 10_000 && list["totalBytes"] == entry["bytes"],
        "{list}"
    );
    assert!(
        list["freeBytes"].as_u64().unwrap() > 0 && entry["expiresAt"].is_string(),
        "{list}"
    );

    recordings::remove(&class.test.app, class.id).await.unwrap();
    assert!(!folder(&class.test.app, class.id).exists());
    let list = class.test.get(&admin, "/api/admin/recordings").await.json();
    assert_eq!(list["recordings"][0]["state"], "deleted", "{list}");
    let session = class.session_for(&Browser::default()).await;
    assert_eq!(
        (&session["recordingAvailable"], &session["thumbnailUrl"]),
        (&json!(false), &json!(null))
    );
}
