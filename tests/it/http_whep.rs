//! WHEP over HTTP: what WHIP has not. The server's own offer, event streams, layers, and the end of a right.

use std::time::Duration;

use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use lectern::accounts::Role;
use lectern::db::Ts;
use serde_json::json;

use crate::app::Answer;
use crate::http_whip::{Class, FRAGMENT, SDP, TRICKLE, VIEW};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
const AS_SDP: [(&str, &str); 1] = [("content-type", SDP)];

impl Class {
    async fn view(&self) -> String {
        let answer = self.ask(Method::POST, &self.whep(), &AS_SDP, VIEW).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer.header("location").to_owned()
    }
}

/// As a browser answers that takes sound and one kind of picture.
fn answer_to(offer: &str) -> String {
    let takes = |line: &&str| {
        let of_other =
            |line: &str, name: &str| line.starts_with(name) && !line.contains(":111 ") && !line.contains(":96 ");
        !["a=candidate", "a=end-of", "a=ssrc", "a=msid", "a=ice-lite"]
            .iter()
            .any(|name| line.starts_with(name))
            && !["a=rtpmap", "a=fmtp", "a=rtcp-fb"]
                .iter()
                .any(|name| of_other(line, name))
    };
    let lines: Vec<String> = offer
        .lines()
        .filter(takes)
        .map(|line| match line {
            "a=sendonly" => "a=recvonly".to_owned(),
            "a=setup:actpass" => "a=setup:active".to_owned(),
            sound if sound.starts_with("m=audio") => "m=audio 9 UDP/TLS/RTP/SAVPF 111".to_owned(),
            video if video.starts_with("m=video") => "m=video 9 UDP/TLS/RTP/SAVPF 96".to_owned(),
            other => other.to_owned(),
        })
        .collect();
    lines.join("\r\n") + "\r\n"
}

#[tokio::test]
async fn who_sends_no_offer_gets_one_and_answers_it() {
    let class = Class::new().await;
    let asked = format!("{}?offer=server", class.whep());
    let (endpoint, nothing): (_, &[_]) = (class.whep(), &[]);
    for (path, headers, body) in [
        (&endpoint, nothing, ""),
        (&endpoint, &AS_SDP, ""),
        (&asked, &AS_SDP, VIEW),
    ] {
        let offered = class.ask(Method::POST, path, headers, body).await;
        assert_eq!(offered.status, 406, "{}", offered.text());
        let content_type = offered.header("content-type").to_owned();
        let until = content_type
            .strip_prefix("application/sdp; valid-until=\"")
            .unwrap()
            .trim_end_matches('"');
        let until = jiff::fmt::rfc2822::parse(until).unwrap().timestamp().as_second();
        assert!((25..=31).contains(&(until - Ts::now().unix_s())), "{content_type}");
        let (location, etag) = (offered.header("location").to_owned(), offered.header("etag").to_owned());
        assert!(location.starts_with(&format!("{}/", class.whep())), "{location}");
        let offer = offered.text();
        for line in [
            "a=ice-lite",
            "a=setup:actpass",
            "a=sendonly",
            "a=group:BUNDLE 0 1",
            "a=msid:lectern video",
        ] {
            assert!(offer.lines().any(|l| l == line), "no {line} in {offer}");
        }
        assert_eq!(offer.matches("a=sendonly").count(), 2);
        assert!(!offer.contains("x-google"), "that is for publishers");

        let trickled = [("content-type", FRAGMENT), ("if-match", etag.as_str())];
        assert_eq!(
            class.ask(Method::PATCH, &location, &trickled, TRICKLE).await.status,
            204
        );
        let stale = [("content-type", SDP), ("if-match", "\"other\"")];
        let answer = answer_to(&offer);
        class
            .ask(Method::PATCH, &location, &stale, &answer)
            .await
            .is_problem(412, "precondition-failed");
        for (bad, status, code) in [
            ("", 400, "malformed-answer"),
            ("v=0\r\n", 400, "malformed-answer"),
            (&answer.replace("a=recvonly", "a=sendonly"), 422, "unsupported-answer"),
            (&answer.replace("opus", "G722"), 422, "unsupported-answer"),
        ] {
            let refused = class.ask(Method::PATCH, &location, &AS_SDP, bad).await;
            refused.is_problem(status, code);
            assert!(
                !refused.json()["detail"].as_str().unwrap().contains("offer"),
                "{}",
                refused.text()
            );
        }
        let good = [("content-type", SDP), (IF_MATCH.as_str(), etag.as_str())];
        let taken = class.ask(Method::PATCH, &location, &good, &answer).await;
        assert_eq!((taken.status.as_u16(), taken.text().as_str()), (204, ""));
        class
            .ask(Method::PATCH, &location, &good, &answer)
            .await
            .is_problem(409, "no-answer-awaited");
        assert_eq!(class.ask(Method::DELETE, &location, &[], "").await.status, 200);
    }
    class
        .ask_as_publisher(Method::POST, &class.whip(), &AS_SDP, "")
        .await
        .is_problem(400, "malformed-offer");
    let impossible = VIEW.replace("opus/48000/2", "G722/8000");
    class
        .ask(Method::POST, &class.whep(), &AS_SDP, &impossible)
        .await
        .is_problem(422, "unsupported-offer");
    let location = class.view().await;
    class
        .ask(Method::PATCH, &location, &AS_SDP, VIEW)
        .await
        .is_problem(409, "no-answer-awaited");
}

#[tokio::test]
async fn a_viewer_is_told_where_its_events_and_layers_are() {
    let class = Class::new().await;
    for (body, status) in [(VIEW, 201), ("", 406)] {
        let answer = class.ask(Method::POST, &class.whep(), &AS_SDP, body).await;
        assert_eq!(answer.status, status);
        let location = answer.header("location");
        let links: Vec<_> = answer
            .headers
            .get_all("link")
            .iter()
            .map(|link| link.to_str().unwrap())
            .collect();
        let want = [
            format!(
                "<{location}/sse>; rel=\"urn:ietf:params:whep:ext:core:server-sent-events\"; \
                 events=\"active,inactive,layers,viewercount,reconnect\""
            ),
            format!("<{location}/layer>; rel=\"urn:ietf:params:whep:ext:core:layer\""),
        ];
        assert_eq!(links, want);
    }
}

#[tokio::test]
async fn event_streams_are_opened_and_closed() {
    let class = Class::new().await;
    let location = class.view().await;
    let sse = format!("{location}/sse");
    let open = async |body: &str| class.ask(Method::POST, &sse, &JSON, body).await;
    open(r#"["active","rain"]"#).await.is_problem(400, "unknown-event");
    open(r#"{"active":true}"#).await.is_problem(400, "bad-request");
    class
        .ask(Method::POST, &sse, &AS_SDP, r#"["active"]"#)
        .await
        .is_problem(415, "unsupported-media-type");
    let opened = open(r#"["active","viewercount"]"#).await;
    assert_eq!(opened.status, 201, "{}", opened.text());
    let stream = opened.header("location").to_owned();
    assert!(stream.starts_with(&format!("{sse}/")), "{stream}");
    assert_eq!(class.ask(Method::DELETE, &stream, &[], "").await.status, 200);
    class
        .ask(Method::DELETE, &stream, &[], "")
        .await
        .is_problem(404, "not-found");
    class
        .ask(Method::GET, &stream, &[], "")
        .await
        .is_problem(404, "not-found");

    let streams: Vec<Answer> = [open("[]").await, open("[]").await, open("").await, open("").await].into();
    assert!(streams.iter().all(|answer| answer.status == 201));
    open("[]").await.is_problem(409, "too-many-event-streams");
    let stream = streams[0].header("location").to_owned();
    assert_eq!(class.ask(Method::DELETE, &location, &[], "").await.status, 200);
    for path in [&sse, &stream] {
        class.ask(Method::GET, path, &[], "").await.is_problem(404, "not-found");
    }
    open("[]").await.is_problem(404, "not-found");
}

#[tokio::test]
async fn a_layer_can_be_chosen_and_left_to_the_server() {
    let class = Class::new().await;
    let location = class.view().await;
    let layer = format!("{location}/layer");
    let choose = async |body: serde_json::Value| class.ask(Method::POST, &layer, &JSON, &body.to_string()).await;
    for good in [
        json!({}),
        json!({"mediaId": "1"}),
        json!({"maxHeight": 360, "maxWidth": 640}),
        json!({"mediaId": "1", "maxTemporalLayerId": 1, "spatialLayerId": 0}),
        json!({"lowest": true}),
        json!({"unknown": 1}),
    ] {
        let answer = choose(good.clone()).await;
        assert_eq!(answer.status, 200, "{good}: {}", answer.text());
    }
    choose(json!({"rid": "no-such"})).await.is_problem(422, "unknown-layer");
    choose(json!({"encodingId": "no-such"}))
        .await
        .is_problem(422, "unknown-layer");
    choose(json!({"mediaId": "0"})).await.is_problem(422, "unknown-layer");
    choose(json!({"maxHeight": "tall"}))
        .await
        .is_problem(400, "bad-request");
    choose(json!([])).await.is_problem(400, "bad-request");
    class
        .ask(Method::POST, &layer, &AS_SDP, "{}")
        .await
        .is_problem(415, "unsupported-media-type");
    let nobodys = format!("{}/{}/layer", class.whep(), "0".repeat(32));
    class
        .ask(Method::POST, &nobodys, &JSON, "{}")
        .await
        .is_problem(404, "not-found");
}

#[tokio::test]
async fn extensions_of_a_private_session_want_its_token() {
    let class = Class::new().await;
    let instructor = class.app.sign_in("Ben", Role::Instructor).await;
    let private = class.app.plan(&instructor, false).await;
    let nobodys = format!("/whep/{private}/{}", "0".repeat(32));
    for path in [format!("{nobodys}/sse"), format!("{nobodys}/layer")] {
        class
            .ask(Method::POST, &path, &JSON, "{}")
            .await
            .is_problem(401, "unauthenticated");
    }
}

#[tokio::test]
async fn who_may_no_longer_watch_is_cut_off() {
    let class = Class::new().await;
    let eva = class.app.sign_in("Eva", Role::Viewer).await;
    let teacher = class.app.sign_in("Tom", Role::Admin).await;
    let mut peers = vec![];
    for who in [None, Some(&eva), Some(&teacher)] {
        let bearer = match who {
            Some(who) => Some(format!("Bearer {}", class.watch_token(who).await)),
            None => None,
        };
        let mut headers = vec![(CONTENT_TYPE.as_str(), SDP)];
        headers.extend(bearer.as_deref().map(|bearer| (AUTHORIZATION.as_str(), bearer)));
        let answer = class.ask(Method::POST, &class.whep(), &headers, VIEW).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        peers.push(answer.header("location").rsplit('/').next().unwrap().parse().unwrap());
    }
    let live = &class.app.app.live;
    let ends: Vec<_> = peers.iter().map(|&peer| live.end_of(peer).unwrap()).collect();
    let gone = async |index: usize| {
        let wait = tokio::time::timeout(Duration::from_secs(2), ends[index].cancelled());
        wait.await.expect("within two seconds");
    };

    let session = lectern::sessions::get(&class.app.app, class.id.parse().unwrap())
        .await
        .unwrap();
    let plan = lectern::sessions::Plan {
        is_public: false,
        ..session.plan()
    };
    lectern::sessions::change(&class.app.app, &session, plan).await.unwrap();
    gone(0).await;
    gone(1).await;
    assert!(!ends[2].is_cancelled(), "an admin may watch what is private");
    assert_eq!(class.ask(Method::POST, &class.whep(), &AS_SDP, VIEW).await.status, 401);

    assert_eq!(live.close_viewers_of(teacher.user.map(|user| user.id), None), 1);
    gone(2).await;
}
