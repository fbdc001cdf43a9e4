//! No secret reaches the log: of a run with every secret set, every way in used, and everything logged.

use lectern::config::{Config, DEFAULTS};
use serde_json::{Value, json};

use crate::process::Process;

/// Every secret of the settings, by its key; and how the environment gives it.
const SETTINGS: &[(&str, &str, &str)] = &[
    (
        "analytics.webhook_secret",
        "webhook-secret-0123456789abcdef01",
        "webhook-secret-0123456789abcdef01",
    ),
    (
        "accounts.instructor_access_token",
        "instructor-secret-0123456789abcdef",
        "instructor-secret-0123456789abcdef",
    ),
    (
        "accounts.oidc",
        "oidc-client-5ecret",
        r#"[{id="school", name="School", issuer="http://127.0.0.1:1", client_id="x", client_secret="oidc-client-5ecret"}]"#,
    ),
    (
        "embedding.hs256_secret",
        "embedding-secret-0123456789abcdef",
        "embedding-secret-0123456789abcdef",
    ),
    (
        "jobs.cron_secret",
        "cron-secret-0123456789abcdef0123",
        "cron-secret-0123456789abcdef0123",
    ),
    ("mail.password", "mail-passw0rd", "mail-passw0rd"),
    (
        "media.ice_servers",
        "turn-5ecret",
        r#"[{url="turn:turn.example.org", username="class", credential="turn-5ecret"}]"#,
    ),
    ("metrics.token", "metrics-t0ken", "metrics-t0ken"),
    ("sms.authorization", "sms-auth0rization", "Bearer sms-auth0rization"),
    ("storage.access_key_id", "STORAGEKEY1D", "STORAGEKEY1D"),
    ("storage.secret_access_key", "storage-secret-k3y", "storage-secret-k3y"),
    ("tokens.api_key", "api-k3y-of-the-shop", "api-k3y-of-the-shop"),
];

/// Keys whose name sounds like a secret, and which are none.
const HARMLESS: &[&str] = &["accounts.passwords", "tls.key"]; // a switch, and the name of a file

#[test]
fn every_secret_of_the_settings_is_in_the_list() {
    let mut section = "";
    for line in DEFAULTS.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name;
        }
        let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) else {
            continue;
        };
        let key = format!("{section}.{name}");
        let sounds_secret = ["secret", "password", "token", "key", "authorization", "credential"]
            .iter()
            .any(|word| name.contains(word));
        let is_known = SETTINGS.iter().any(|(known, ..)| *known == key) || HARMLESS.contains(&key.as_str());
        assert!(
            !sounds_secret || is_known,
            "{key} looks like a secret: is it one of this test's?"
        );
    }
    for (key, ..) in SETTINGS {
        assert!(Config::from_toml("").unwrap().value(key).is_some(), "{key}");
    }
}

const PASSWORD: &str = "correct horse battery";
const PEER: &str = "0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn no_secret_reaches_the_log() {
    let mut database: url::Url = crate::databases::postgres_url().await.parse().unwrap();
    database.set_password(Some("database-passw0rd")).unwrap();
    let names: Vec<String> = SETTINGS
        .iter()
        .map(|(key, ..)| key.to_uppercase().replace('.', "__"))
        .collect();
    let names: Vec<String> = names.iter().map(|name| format!("LECTERN_{name}")).collect();
    let given = SETTINGS
        .iter()
        .zip(&names)
        .map(|((_, _, value), name)| (name.as_str(), *value));
    let mut variables: Vec<(&str, &str)> = given.collect();
    variables.extend([
        ("LECTERN_LOG__LEVEL", "trace"),
        ("LECTERN_LOG__FORMAT", "json"),
        ("LECTERN_DATABASE__URL", database.as_str()),
        ("LECTERN_TOKENS__API_URL", "http://127.0.0.1:1/tokens"),
        ("LECTERN_MAIL__USER", "lectern"),
        ("LECTERN_ANALYTICS__WEBHOOK_URL", "http://127.0.0.1:1/hook"),
        ("LECTERN_STORAGE__BUCKET", "replays"),
        ("LECTERN_STORAGE__ENDPOINT", "http://127.0.0.1:1"),
        ("LECTERN_SMS__URL", "http://127.0.0.1:1/sms"),
        ("LECTERN_EMBEDDING__ISSUER", "school"),
        ("LECTERN_EMBEDDING__AUDIENCE", "live"),
    ]);
    let mut server = Process::start(&variables).await;
    let mut secrets: Vec<String> = SETTINGS.iter().map(|(_, secret, _)| (*secret).to_owned()).collect();
    secrets.extend(["database-passw0rd".into(), PASSWORD.into(), PEER.into()]);
    let (setup, cookie) = server.set_up(PASSWORD).await;
    secrets.extend([setup.clone(), cookie.split_once('=').unwrap().1.to_owned()]);
    secrets.extend(use_every_way_in(&server, &setup).await);
    secrets.extend(publish(&server, &cookie).await);
    server.terminate().await;
    assert!(server.child.wait().await.unwrap().success());

    let log = server.log();
    assert!(log.contains("session planned"), "{log}");
    for secret in &secrets {
        let place = log.lines().find(|line| line.contains(secret.as_str()));
        assert!(place.is_none(), "{secret} is in the log: {}", place.unwrap_or_default());
    }
    for line in log.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}

/// Shows each kind of secret to the server once; gives those that were made up here.
async fn use_every_way_in(server: &Process, setup: &str) -> Vec<String> {
    let wrong = "a-wr0ng-password";
    let link = "a-magic-l1nk-token";
    let claims = json!({"iss": "school", "aud": "live", "sub": "1", "exp": crate::key_pair::now_s() + 60});
    let jwt = jsonwebtoken::encode(
        &jsonwebtoken::Header::default(),
        &claims,
        &jsonwebtoken::EncodingKey::from_secret(b"embedding-secret-0123456789abcdef"),
    )
    .unwrap();
    let posts = [
        (
            "/api/auth/login",
            json!({"email": "ann@example.org", "password": wrong}),
        ),
        (
            "/api/auth/login",
            json!({"email": "ann@example.org", "password": PASSWORD}),
        ),
        (
            "/api/instructor/login",
            json!({"token": "instructor-secret-0123456789abcdef"}),
        ),
        ("/api/auth/magic-link", json!({"email": "ann@example.org"})),
        ("/api/auth/magic-link/redeem", json!({"token": link})),
    ];
    for (path, body) in posts {
        let request = server.http.post(format!("{}{path}", server.url));
        request.json(&body).send().await.unwrap();
    }
    for (path, bearer) in [
        ("/api/auth/me", jwt.as_str()),
        ("/api/tokens/balance", jwt.as_str()),
        ("/metrics", "metrics-t0ken"),
        ("/api/cron/cleanup-recordings", "cron-secret-0123456789abcdef0123"),
        (&format!("/setup?token={setup}"), ""),
        (&format!("/login/link?token={link}"), ""),
        ("/api/auth/oidc/school/start", ""),
        ("/api/auth/oidc/school/callback?code=oidc-c0de-of-somebody&state=x", ""),
        (&format!("/media/{PEER}/1/{PEER}/a.m4s"), ""),
    ] {
        let request = server.http.get(format!("{}{path}", server.url));
        request.bearer_auth(bearer).send().await.unwrap();
    }
    let id = lectern::id::new();
    let socket = server.http.get(format!("{}/live/{id}", server.url));
    let socket = socket.header("sec-websocket-protocol", format!("lectern, lectern.bearer.{jwt}"));
    socket.send().await.unwrap();
    let frame = server.http.post(format!("{}/api/auth/frame", server.url));
    let frame = frame.header("content-type", "application/x-www-form-urlencoded");
    frame.body(format!("token={jwt}&next=/healthz")).send().await.unwrap();
    [wrong, link, &jwt, "oidc-c0de-of-somebody"].map(str::to_owned).into()
}

/// Publishes by stream key and by token; gives these, and the connections' secret names.
async fn publish(server: &Process, cookie: &str) -> Vec<String> {
    let id = server.plan(cookie, false).await;
    let key = server.stream_key(cookie, &id).await;
    let path = format!("/api/live/sessions/{id}/publish-token");
    let token: Value = server.post(&path, cookie, json!({})).await.json().await.unwrap();
    let token = token["token"].as_str().unwrap().to_owned();
    let mut secrets = vec![key.clone(), token.clone()];
    for bearer in [key, token] {
        let offer = include_str!("../../media/src/peer/sdp/golden/chromium-publish.offer.sdp");
        let whip = server
            .http
            .post(format!("{}/whip/{id}", server.url))
            .bearer_auth(&bearer);
        let made = whip
            .header("content-type", "application/sdp")
            .body(offer)
            .send()
            .await
            .unwrap();
        assert_eq!(made.status(), 201);
        assert!(made.headers()["link"].to_str().unwrap().contains("turn-5ecret"));
        let location = made.headers()["location"].to_str().unwrap().to_owned();
        for request in [
            server.http.patch(format!("{}{location}", server.url)).body("nonsense"),
            server.http.delete(format!("{}{location}", server.url)),
        ] {
            request.bearer_auth(&bearer).send().await.unwrap();
        }
        secrets.push(location.rsplit('/').next().unwrap().to_owned());
    }
    secrets
}
