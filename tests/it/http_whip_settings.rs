//! WHIP and WHEP over HTTP: what depends on the settings. Links, sizes, strictness, limits, and the end of a server.

use axum::http::Method;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use lectern::accounts::Role;

use crate::app::Answer;
use crate::http_whip::{Class, PUBLISH, SDP, TRICKLE, VIEW};

const SERVERS: &str = r#"
    [media]
    ice_servers = [
        { url = "stun:stun.example.org:3478" },
        { url = "turn:turn.example.org?transport=udp", username = "a class", credential = 'se"cr\et' },
    ]
"#;

fn links(answer: &Answer, rel: &str) -> Vec<String> {
    let rel = format!("rel=\"{rel}\"");
    let links = answer.headers.get_all("link").iter().map(|link| link.to_str().unwrap());
    links.filter(|link| link.contains(&rel)).map(str::to_owned).collect()
}

#[tokio::test]
async fn ice_servers_are_told_to_those_who_may_be_here() {
    let class = Class::with(SERVERS).await;
    let sdp = [(CONTENT_TYPE.as_str(), SDP)];
    let want = [
        "<stun:stun.example.org:3478>; rel=\"ice-server\"",
        "<turn:turn.example.org?transport=udp>; rel=\"ice-server\"; username=\"a class\"; \
         credential=\"se\\\"cr\\\\et\"; credential-type=\"password\"",
    ];
    assert_eq!(links(&class.publish().await, "ice-server"), want);
    let view = class.ask(Method::POST, &class.whep(), &sdp, VIEW).await;
    assert_eq!(links(&view, "ice-server"), want);
    let asked = class.ask_as_publisher(Method::OPTIONS, &class.whip(), &[], "").await;
    assert_eq!(links(&asked, "ice-server"), want);
    assert_eq!(asked.header("accept-post"), SDP);

    let preflight = [
        ("access-control-request-method", "POST"),
        ("origin", "https://school.example"),
    ];
    let unauthorised = [
        class.ask(Method::OPTIONS, &class.whip(), &[], "").await,
        class.ask(Method::OPTIONS, &class.whep(), &[], "").await,
        class
            .ask_as_publisher(Method::OPTIONS, &class.whip(), &preflight, "")
            .await,
        class
            .ask(
                Method::OPTIONS,
                &class.whip(),
                &[(AUTHORIZATION.as_str(), "Bearer guess")],
                "",
            )
            .await,
        class.ask(Method::POST, &class.whip(), &sdp, PUBLISH).await,
        class.ask_as_publisher(Method::POST, &class.whip(), &sdp, "v=0").await,
        class.ask(Method::POST, &class.whep(), &[], "").await,
    ];
    for answer in unauthorised {
        assert_eq!(links(&answer, "ice-server"), Vec::<String>::new(), "{}", answer.status);
    }
}

#[tokio::test]
async fn a_server_that_knows_its_name_says_so_in_every_address() {
    let class = Class::with("[http]\npublic_url = \"https://live.example.org\"").await;
    let view = class
        .ask(Method::POST, &class.whep(), &[(CONTENT_TYPE.as_str(), SDP)], VIEW)
        .await;
    let location = view.header("location");
    assert!(location.starts_with("https://live.example.org/whep/"), "{location}");
    let events = links(&view, "urn:ietf:params:whep:ext:core:server-sent-events").remove(0);
    assert!(events.starts_with(&format!("<{location}/sse>")), "{events}");
}

#[tokio::test]
async fn the_longest_offer_is_a_setting() {
    let class = Class::with("[media]\nmax_sdp_bytes = 1000").await;
    let answer = class
        .ask_as_publisher(Method::POST, &class.whip(), &[(CONTENT_TYPE.as_str(), SDP)], PUBLISH)
        .await;
    answer.is_problem(413, "too-large");
}

#[tokio::test]
async fn a_strict_server_wants_every_fragment_to_say_what_it_changes() {
    let class = Class::with("[media]\nlenient_trickle = false").await;
    let answer = class.publish().await;
    let (location, etag) = (answer.header("location"), answer.header("etag"));
    class
        .patch(location, None, TRICKLE)
        .await
        .is_problem(428, "precondition-required");
    assert_eq!(class.patch(location, Some(etag), TRICKLE).await.status, 204);
    assert_eq!(
        class.ask_as_publisher(Method::DELETE, location, &[], "").await.status,
        200,
        "DELETE needs no tag"
    );
}

#[tokio::test]
async fn who_opens_too_many_connections_is_told_to_wait() {
    let class = Class::with("[media]\nopen_burst = 5\nopen_per_s = 1").await;
    let sdp = [(CONTENT_TYPE.as_str(), SDP)];
    let mut location = String::new();
    for _ in 0..5 {
        let answer = class.ask(Method::POST, &class.whep(), &sdp, VIEW).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        location = answer.header("location").to_owned();
    }
    let refused = class.ask(Method::POST, &class.whep(), &sdp, VIEW).await;
    refused.is_problem(429, "too-many-requests");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(
        class.ask(Method::DELETE, &location, &[], "").await.status,
        200,
        "who is there may go"
    );
}

#[tokio::test]
async fn a_thousand_viewers_behind_one_address_are_let_in_at_once() {
    let class = Class::new().await;
    let user = class.app.sign_in("Eva", Role::Viewer).await;
    let bearer = format!("Bearer {}", class.watch_token(&user).await);
    let headers = [(CONTENT_TYPE.as_str(), SDP), (AUTHORIZATION.as_str(), bearer.as_str())];
    for number in 0..1000 {
        let answer = class.ask(Method::POST, &class.whep(), &headers, VIEW).await;
        assert_eq!(answer.status, 201, "viewer {number}: {}", answer.text());
    }
}

#[tokio::test]
async fn fragments_and_failures_have_a_limit_too() {
    let class = Class::new().await;
    let location = class.publish().await.header("location").to_owned();
    let mut last = class.patch(&location, None, TRICKLE).await;
    for _ in 0..150 {
        last = class.patch(&location, None, TRICKLE).await;
    }
    last.is_problem(429, "too-many-requests");
    let nobodys = format!("{}/{}", class.whip(), "0".repeat(32));
    for _ in 0..700 {
        last = class.ask_as_publisher(Method::DELETE, &nobodys, &[], "").await;
    }
    last.is_problem(429, "too-many-requests");
    assert!(last.headers.contains_key("retry-after"));
    assert_eq!(
        class.ask_as_publisher(Method::DELETE, &location, &[], "").await.status,
        200,
        "what is right still works"
    );
}

#[tokio::test]
async fn a_server_that_is_about_to_stop_takes_no_new_connections_and_keeps_the_others() {
    let class = Class::new().await;
    let location = class.publish().await.header("location").to_owned();
    class.app.app.live.drain();
    let refused = class
        .ask(Method::POST, &class.whep(), &[(CONTENT_TYPE.as_str(), SDP)], VIEW)
        .await;
    refused.is_problem(503, "unavailable");
    assert!(refused.header("retry-after").parse::<u32>().is_ok());
    assert_eq!(class.patch(&location, None, TRICKLE).await.status, 204);
    assert_eq!(
        class.ask_as_publisher(Method::DELETE, &location, &[], "").await.status,
        200
    );
}

#[tokio::test]
async fn new_connections_are_sent_to_another_server_where_there_is_one() {
    let class = Class::with("[media]\ndrain_to = \"https://live2.example.org\"").await;
    class.app.app.live.drain();
    let path = format!("{}?wait=false", class.whep());
    let sent_away = class
        .ask(Method::POST, &path, &[(CONTENT_TYPE.as_str(), SDP)], VIEW)
        .await;
    assert_eq!(sent_away.status, 307, "and never 301 or 302, which make a GET of it");
    assert_eq!(sent_away.header("location"), format!("https://live2.example.org{path}"));
}
