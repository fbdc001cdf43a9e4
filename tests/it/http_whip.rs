//! WHIP and WHEP over HTTP: what a client is answered, by the rules of RFC 9725 and the WHEP draft. What is WHEP's alone
//! is in `http_whep`, what the settings decide in `http_whip_settings`; media is tested in `end_to_end`.

use axum::body::Body;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, IF_MATCH};
use axum::http::{Method, Request};
use lectern::accounts::Role;
use serde_json::json;

use crate::app::{Answer, Browser, TestApp};

pub(crate) const PUBLISH: &str = include_str!("../../media/src/peer/sdp/golden/chromium-publish.offer.sdp");
pub(crate) const VIEW: &str = include_str!("../../media/src/peer/sdp/golden/chromium-view.offer.sdp");
pub(crate) const SDP: &str = "application/sdp";
pub(crate) const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// What Chromium trickles after the offer above.
pub(crate) const TRICKLE: &str = "a=ice-ufrag:uFyp\r\na=ice-pwd:IJhZfeVcQyZ7FMzVywwj+hcN\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n\
                       a=mid:0\r\na=candidate:1 1 udp 2122194687 192.0.2.2 40401 typ host\r\n\
                       a=candidate:2 1 udp 2122194687 6a3f.local 40401 typ host\r\na=end-of-candidates\r\n";

pub(crate) const RESTART: &str = "a=ice-ufrag:Again\r\na=ice-pwd:IJhZfeVcQyZ7FMzVywwj+again\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\n\
                       a=mid:0\r\n";

/// A public session of an instructor, and its stream key.
pub(crate) struct Class {
    pub(crate) app: TestApp,
    pub(crate) id: String,
    pub(crate) key: String,
}

impl Class {
    pub(crate) async fn new() -> Class {
        Class::with("").await
    }

    pub(crate) async fn with(toml: &str) -> Class {
        let app = TestApp::with(toml).await;
        let instructor = app.sign_in("Ann", Role::Instructor).await;
        let id = app.plan(&instructor, true).await;
        let ingest = app
            .get(&instructor, &format!("/api/instructor/streams/{id}/ingest"))
            .await;
        let key = ingest.json()["streamKey"].as_str().unwrap().to_owned();
        Class { app, id, key }
    }

    pub(crate) fn whip(&self) -> String {
        format!("/whip/{}", self.id)
    }

    pub(crate) fn whep(&self) -> String {
        format!("/whep/{}", self.id)
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.app.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    pub(crate) async fn watch_token(&self, viewer: &Browser) -> String {
        let path = format!("/api/live/sessions/{}/watch-token", self.id);
        let answer = self.app.post(viewer, &path, json!({})).await;
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    /// With the stream key.
    pub(crate) async fn ask_as_publisher(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let bearer = format!("Bearer {}", self.key);
        let headers: Vec<_> = headers
            .iter()
            .copied()
            .chain([(AUTHORIZATION.as_str(), bearer.as_str())])
            .collect();
        self.ask(method, path, &headers, body).await
    }

    pub(crate) async fn publish(&self) -> Answer {
        let answer = self
            .ask_as_publisher(Method::POST, &self.whip(), &[(CONTENT_TYPE.as_str(), SDP)], PUBLISH)
            .await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        answer
    }

    pub(crate) async fn patch(&self, resource: &str, if_match: Option<&str>, fragment: &str) -> Answer {
        let mut headers = vec![(CONTENT_TYPE.as_str(), FRAGMENT)];
        headers.extend(if_match.map(|tag| (IF_MATCH.as_str(), tag)));
        self.ask_as_publisher(Method::PATCH, resource, &headers, fragment).await
    }
}

#[tokio::test]
async fn an_offer_is_answered_as_the_standard_says() {
    let class = Class::new().await;
    let answer = class.publish().await;
    assert_eq!(answer.header("content-type"), SDP);
    let location = answer.header("location").to_owned();
    assert!(location.starts_with(&format!("{}/", class.whip())), "{location}");
    let etag = answer.header("etag");
    assert!(
        etag.len() > 10 && etag.starts_with('"') && etag.ends_with('"'),
        "{etag}"
    );
    let sdp = answer.text();
    for line in [
        "a=ice-lite",
        "a=ice-options:trickle ice2",
        "a=rtcp-mux-only",
        "a=recvonly",
        "a=setup:passive",
        "a=rtcp-mux",
        "a=group:BUNDLE 0 1",
    ] {
        assert!(sdp.lines().any(|l| l == line), "no {line} in {sdp}");
    }

    let shouted = [(CONTENT_TYPE.as_str(), "Application/SDP; charset=utf-8")];
    let view = class.ask(Method::POST, &class.whep(), &shouted, VIEW).await;
    assert_eq!(view.status, 201, "{}", view.text());
    assert!(view.text().contains("a=sendonly"), "{}", view.text());
    assert_ne!(view.header("location"), location);
}

#[tokio::test]
async fn what_is_not_an_acceptable_offer_is_refused_with_a_reason() {
    let class = Class::new().await;
    let cut = &PUBLISH[..PUBLISH.len() / 2];
    let large = "a".repeat(70_000);
    let wrong_way = PUBLISH.replace("a=sendonly", "a=recvonly");
    let inactive = PUBLISH.replace("a=sendonly", "a=inactive");
    let nul = PUBLISH.replace("a=rtcp-mux\n", "a=rtcp-mux\0\n");
    let two_videos = format!(
        "{PUBLISH}{}",
        PUBLISH[PUBLISH.find("m=video").unwrap()..].replace("a=mid:1", "a=mid:2")
    );
    let two_videos = two_videos.replace("BUNDLE 0 1", "BUNDLE 0 1 2");
    for (kind, body, status) in [
        (SDP, "", 400),
        (SDP, "hello", 400),
        (SDP, cut, 400),
        (SDP, nul.as_str(), 400),
        (SDP, large.as_str(), 413),
        (SDP, wrong_way.as_str(), 422),
        (SDP, inactive.as_str(), 422),
        (SDP, two_videos.as_str(), 422),
        ("application/json", PUBLISH, 415),
        ("", PUBLISH, 415),
    ] {
        let answer = class
            .ask_as_publisher(Method::POST, &class.whip(), &[(CONTENT_TYPE.as_str(), kind)], body)
            .await;
        assert_eq!(answer.status, status, "{kind} {:.40}: {}", body, answer.text());
        assert_eq!(answer.header("content-type"), "application/problem+json");
    }
}

#[tokio::test]
async fn a_token_is_needed_and_opens_only_its_own_session() {
    let class = Class::new().await;
    let instructor = class.app.sign_in("Ben", Role::Instructor).await;
    let other = class.app.plan(&instructor, false).await;
    let sdp = [(CONTENT_TYPE.as_str(), SDP)];

    let nobody = class.ask(Method::POST, &class.whip(), &sdp, PUBLISH).await;
    nobody.is_problem(401, "unauthenticated");
    assert!(nobody.header("www-authenticate").starts_with("Bearer"));
    let stranger = class
        .ask_as_publisher(Method::POST, &format!("/whip/{other}"), &sdp, PUBLISH)
        .await;
    assert!([401, 403].contains(&stranger.status.as_u16()), "{}", stranger.text());
    assert_eq!(
        class
            .ask(Method::POST, &format!("/whep/{other}"), &sdp, VIEW)
            .await
            .status,
        401
    );

    let location = class.publish().await.header("location").to_owned();
    assert_eq!(
        class.ask(Method::DELETE, &location, &[], "").await.status,
        401,
        "the address alone ends nothing"
    );
}

#[tokio::test]
async fn a_connection_ends_once() {
    let class = Class::new().await;
    let location = class.publish().await.header("location").to_owned();
    let as_viewer = location.replace("/whip/", "/whep/");
    assert_eq!(
        class.ask_as_publisher(Method::DELETE, &as_viewer, &[], "").await.status,
        404
    );
    let stale = [(IF_MATCH.as_str(), "\"anything\"")];
    assert_eq!(
        class
            .ask_as_publisher(Method::DELETE, &location, &stale, "")
            .await
            .status,
        200
    );
    assert_eq!(
        class.ask_as_publisher(Method::DELETE, &location, &[], "").await.status,
        404
    );
    assert_eq!(class.patch(&location, None, TRICKLE).await.status, 404);
}

#[tokio::test]
async fn candidates_come_later_and_restarts_change_the_tag() {
    let class = Class::new().await;
    let answer = class.publish().await;
    let (location, etag) = (answer.header("location").to_owned(), answer.header("etag").to_owned());

    for tag in [None, Some(etag.as_str()), Some("*")] {
        let trickled = class.patch(&location, tag, TRICKLE).await;
        assert_eq!(trickled.status, 204, "{tag:?} {}", trickled.text());
        assert!(trickled.body.is_empty() && !trickled.headers.contains_key("etag"));
    }
    class
        .patch(&location, Some("\"other\""), TRICKLE)
        .await
        .is_problem(412, "precondition-failed");
    class
        .patch(&location, None, RESTART)
        .await
        .is_problem(428, "precondition-required");
    class
        .patch(&location, None, "no fragment")
        .await
        .is_problem(400, "malformed-fragment");
    let wrong_type = [(CONTENT_TYPE.as_str(), SDP)];
    assert_eq!(
        class
            .ask_as_publisher(Method::PATCH, &location, &wrong_type, TRICKLE)
            .await
            .status,
        415
    );

    let restarted = class.patch(&location, Some("\"*\""), RESTART).await;
    assert_eq!(restarted.status, 200, "{}", restarted.text());
    assert_eq!(restarted.header("content-type"), FRAGMENT);
    assert_ne!(restarted.header("etag"), etag);
    let fragment = restarted.text();
    assert!(
        fragment.starts_with("a=ice-lite\r\na=ice-options:trickle ice2\r\n"),
        "as in the answer"
    );
    assert!(
        fragment.contains("a=ice-ufrag:") && fragment.contains("a=candidate:"),
        "{fragment}"
    );
    class
        .patch(&location, Some(&etag), TRICKLE)
        .await
        .is_problem(412, "precondition-failed");
}

#[tokio::test]
async fn nobody_publishing_is_waited_for_unless_the_client_says_otherwise() {
    let class = Class::new().await;
    let sdp = [(CONTENT_TYPE.as_str(), SDP)];
    let waits = class.ask(Method::POST, &class.whep(), &sdp, VIEW).await;
    assert_eq!(waits.status, 201, "{}", waits.text());
    let refused = class
        .ask(Method::POST, &format!("{}?wait=false", class.whep()), &sdp, VIEW)
        .await;
    refused.is_problem(409, "not-publishing");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
}

#[tokio::test]
async fn pages_of_other_sites_may_ask() {
    let class = Class::new().await;
    let preflight = [
        ("origin", "https://school.example"),
        ("access-control-request-method", "POST"),
    ];
    for path in [class.whip(), class.whep()] {
        let answer = class.ask(Method::OPTIONS, &path, &preflight, "").await;
        assert!(answer.status.is_success(), "{}", answer.text());
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("accept-post"), SDP);
        assert!(answer.header("access-control-allow-methods").contains("POST"));
        assert!(answer.header("access-control-allow-headers").contains("authorization"));
        assert!(
            !answer.headers.contains_key("link"),
            "no relay credentials for strangers"
        );
        let get = class.ask(Method::GET, &path, &[], "").await;
        assert!(get.status.is_success() && get.body.is_empty());
        let head = class.ask(Method::HEAD, &path, &[], "").await;
        assert_eq!((head.status.as_u16(), head.header("content-type")), (200, SDP));
    }
    let refused = class
        .ask(Method::POST, &class.whip(), &[("origin", "https://school.example")], "")
        .await;
    assert_eq!(
        refused.header("access-control-allow-origin"),
        "*",
        "a page can read why"
    );
}

#[tokio::test]
async fn every_method_wants_the_right_token() {
    let class = Class::new().await;
    let instructor = class.app.sign_in("Ben", Role::Instructor).await;
    let other = class.app.plan(&instructor, false).await;
    let path = format!("/api/instructor/streams/{other}/ingest");
    let other_key = class.app.get(&instructor, &path).await.json()["streamKey"]
        .as_str()
        .unwrap()
        .to_owned();
    let location = class.publish().await.header("location").to_owned();
    let nobodys = format!("{}/{}", class.whip(), "0".repeat(32));
    let methods = [
        (Method::POST, SDP, PUBLISH),
        (Method::PATCH, FRAGMENT, TRICKLE),
        (Method::DELETE, SDP, ""),
    ];
    for (method, content_type, body) in methods {
        let path = if method == Method::POST {
            class.whip()
        } else {
            location.clone()
        };
        for (token, want) in [(None, 401), (Some("guess"), 401), (Some(other_key.as_str()), 403)] {
            let bearer = token.map(|token| format!("Bearer {token}"));
            let mut headers = vec![(CONTENT_TYPE.as_str(), content_type)];
            headers.extend(bearer.as_deref().map(|bearer| (AUTHORIZATION.as_str(), bearer)));
            let answer = class.ask(method.clone(), &path, &headers, body).await;
            assert_eq!(answer.status, want, "{method} with {token:?}: {}", answer.text());
            assert_eq!(answer.headers.contains_key("www-authenticate"), want == 401);
        }
        if method != Method::POST {
            let headers = [(CONTENT_TYPE.as_str(), content_type)];
            let answer = class.ask_as_publisher(method.clone(), &nobodys, &headers, body).await;
            assert_eq!(answer.status, 404, "{method}");
        }
    }
    assert_eq!(
        class.patch(&location, None, TRICKLE).await.status,
        204,
        "nothing of it did harm"
    );
}

#[tokio::test]
async fn every_mid_and_unusable_candidates_are_passed_over() {
    let class = Class::new().await;
    let location = class.publish().await.header("location").to_owned();
    for line in [
        "a=mid:any-token_1.2",
        "a=candidate:9 1 sctp 1 192.0.2.9 1000 typ host",
        "a=candidate:9 1 udp 1 4f9c2a1e.local 1000 typ host",
        "a=candidate:9 1 tcp 1 192.0.2.9 9 typ host tcptype active",
        "a=something-new",
    ] {
        let answer = class.patch(&location, None, &format!("{line}\r\n{TRICKLE}")).await;
        assert_eq!(answer.status, 204, "{line}: {}", answer.text());
    }
    class
        .patch(&location, Some("*"), "a=ice-ufrag:Again\r\na=ice-pwd:short\r\n")
        .await
        .is_problem(400, "malformed-fragment");
    let trickled = class.patch(&location, None, TRICKLE).await;
    assert_eq!(
        trickled.status, 204,
        "a restart that failed leaves the session as it was"
    );
}
