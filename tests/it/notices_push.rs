//! Push messages and SMS, sent to servers of the tests; push messages are decrypted by a library that is not ours.

use axum::http::Method;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use lectern::accounts::Role;
use lectern::db::Ts;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::post_office::{Received, Sink, run_python, work_off};

const SERVICES: &str = "[push]\nservices = [\"127.0.0.1\"]\n";

/// A browser's keys: prints the public one, the shared secret and the private one.
pub(crate) const NEW_BROWSER: &str = r#"
import base64, json, os
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
b64 = lambda b: base64.urlsafe_b64encode(b).decode().rstrip("=")
key = ec.generate_private_key(ec.SECP256R1())
public = key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
print(json.dumps({"p256dh": b64(public), "auth": b64(os.urandom(16)), "private": hex(key.private_numbers().private_value)}))
"#;

/// Decrypts a message (RFC 8291) with those keys.
const DECRYPT: &str = r#"
import base64, sys, http_ece
from cryptography.hazmat.primitives.asymmetric import ec
unb64 = lambda s: base64.urlsafe_b64decode(s + "=" * (-len(s) % 4))
key = ec.derive_private_key(int(sys.argv[1], 16), ec.SECP256R1())
body = sys.stdin.buffer.read()
sys.stdout.buffer.write(http_ece.decrypt(body, private_key=key, auth_secret=unb64(sys.argv[2]), version="aes128gcm"))
"#;

struct SignedUp {
    keys: Value,
    endpoint: String,
}

impl SignedUp {
    async fn new(test: &TestApp, who: &Browser, sink: &Sink, name: &str) -> SignedUp {
        let keys: Value = serde_json::from_slice(&run_python(NEW_BROWSER, &[], b"")).unwrap();
        let endpoint = format!("http://{}/push/{name}", sink.address);
        let body = json!({ "endpoint": endpoint, "keys": { "p256dh": keys["p256dh"], "auth": keys["auth"] } });
        let answer = test.post(who, "/api/push/subscriptions", body).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        SignedUp { keys, endpoint }
    }

    fn read(&self, message: &Received) -> Value {
        let text = |name: &str| self.keys[name].as_str().unwrap();
        let plain = run_python(DECRYPT, &[text("private"), text("auth")], &message.body);
        serde_json::from_slice(&plain).unwrap()
    }
}

fn in_two_days() -> Value {
    json!({ "title": "Yoga", "scheduledStart": Ts::now().plus_s(2 * 24 * 3600) })
}

/// Bob, who follows Anna.
async fn follower(test: &TestApp) -> (Browser, Browser) {
    let anna = test.sign_in("anna", Role::Instructor).await;
    let bob = test.sign_in("bob", Role::Viewer).await;
    let path = format!("/api/instructors/{}/follow", anna.user.as_ref().unwrap().id);
    test.ask(&bob, Method::POST, &path, None).await;
    (anna, bob)
}

#[tokio::test]
async fn a_push_message_reaches_each_browser_that_signed_up_and_nobody_else_can_read_it() {
    for test in TestApp::on_both(SERVICES).await {
        let sink = Sink::start().await;
        let (anna, bob) = follower(&test).await;
        let browser = SignedUp::new(&test, &bob, &sink, "one").await;
        let session = test.plan_with(&anna, in_two_days()).await;
        work_off(&test).await;
        let messages = sink.take();
        assert_eq!(messages.len(), 1);
        let read = browser.read(&messages[0]);
        assert_eq!(read["title"], "anna has planned a new class: Yoga");
        assert_eq!(read["url"], format!("{}/streams/{session}/watch", test.app.url));
        let headers = &messages[0].headers;
        assert_eq!(headers["content-encoding"], "aes128gcm");
        let ttl: u64 = headers["ttl"].to_str().unwrap().parse().unwrap();
        assert!((1..=24 * 3600).contains(&ttl), "{ttl}");

        let public = test.get(&bob, "/api/push/key").await.json()["publicKey"]
            .as_str()
            .unwrap()
            .to_owned();
        let authorization = headers["authorization"].to_str().unwrap();
        let (token, key) = authorization
            .strip_prefix("vapid t=")
            .unwrap()
            .split_once(", k=")
            .unwrap();
        assert_eq!(key, public, "signed by whom the browser subscribed to");
        let point = BASE64_URL_SAFE_NO_PAD.decode(key).unwrap();
        let mut rules = Validation::new(Algorithm::ES256);
        rules.set_audience(&[format!("http://{}", sink.address)]);
        let coordinate = |range: std::ops::Range<usize>| BASE64_URL_SAFE_NO_PAD.encode(&point[range]);
        let key = DecodingKey::from_ec_components(&coordinate(1..33), &coordinate(33..65)).unwrap();
        let claims = jsonwebtoken::decode::<Value>(token, &key, &rules).unwrap().claims;
        assert_eq!(claims["sub"], "mailto:lectern@localhost");
    }
}

#[tokio::test]
async fn a_browser_that_is_gone_is_forgotten_and_a_busy_service_is_asked_again() {
    for test in TestApp::on_both(SERVICES).await {
        let sink = Sink::start().await;
        let (anna, bob) = follower(&test).await;
        let admin = test.sign_in("admin", Role::Admin).await;
        SignedUp::new(&test, &bob, &sink, "one").await;
        sink.answer(410);
        test.plan_with(&anna, in_two_days()).await;
        work_off(&test).await;
        assert_eq!(sink.take().len(), 1);
        test.plan_with(&anna, in_two_days()).await;
        work_off(&test).await;
        assert!(sink.take().is_empty(), "it is forgotten");

        let browser = SignedUp::new(&test, &bob, &sink, "two").await;
        sink.answer(503);
        test.plan_with(&anna, in_two_days()).await;
        let runner = tokio::spawn(lectern::jobs::run(test.app.clone(), lectern::handlers(&test.app)));
        let failed = async {
            loop {
                let list = test.get(&admin, "/api/admin/jobs?kind=push&state=ready").await.json();
                if let Some(error) = list["jobs"][0]["lastError"].as_str() {
                    return (list["jobs"][0]["id"].as_str().unwrap().to_owned(), error.to_owned());
                }
                tokio::time::sleep(std::time::Duration::from_millis(20)).await;
            }
        };
        let (id, error) = tokio::time::timeout(crate::post_office::PATIENCE, failed)
            .await
            .unwrap();
        runner.abort();
        assert!(error.contains("503"), "{error}");
        sink.take();
        sink.answer(201);
        test.ask(&admin, Method::POST, &format!("/api/admin/jobs/{id}/retry"), None)
            .await;
        work_off(&test).await;
        assert_eq!(sink.take().len(), 1);

        let body = Some(json!({ "endpoint": browser.endpoint }));
        test.ask(&bob, Method::DELETE, "/api/push/subscriptions", body).await;
        test.plan_with(&anna, in_two_days()).await;
        work_off(&test).await;
        assert!(sink.take().is_empty(), "it was signed off");
    }
}

#[tokio::test]
async fn the_server_cannot_be_made_to_call_others() {
    let test = TestApp::new().await;
    let bob = test.sign_in("bob", Role::Viewer).await;
    let keys: Value = serde_json::from_slice(&run_python(NEW_BROWSER, &[], b"")).unwrap();
    let ask = async |endpoint: &str, auth: &Value| {
        let body = json!({ "endpoint": endpoint, "keys": { "p256dh": keys["p256dh"], "auth": auth } });
        test.post(&bob, "/api/push/subscriptions", body).await.status.as_u16()
    };
    let auth = &keys["auth"];
    assert_eq!(
        ask("https://updates.push.services.mozilla.com/wpush/v2/x", auth).await,
        201
    );
    assert_eq!(ask("https://fcm.googleapis.com/fcm/send/x", auth).await, 201);
    for endpoint in [
        "http://fcm.googleapis.com/fcm/send/x",
        "https://evilfcm.googleapis.com.example/x",
        "https://evil-push.apple.com/x",
        "http://127.0.0.1:8080/x",
        "https://169.254.169.254/latest",
        "file:///etc/passwd",
        "x",
    ] {
        assert_eq!(ask(endpoint, auth).await, 422, "{endpoint}");
    }
    assert_eq!(ask("https://fcm.googleapis.com/x", &json!("short")).await, 422);
}

#[tokio::test]
async fn an_sms_goes_to_the_gateway_of_the_settings() {
    let sink = Sink::start().await;
    let settings = format!(
        "[sms]\nurl = \"http://{}/send\"\nauthorization = \"Bearer s3cret\"\n",
        sink.address
    );
    for test in TestApp::on_both(&settings).await {
        let (anna, bob) = follower(&test).await;
        let path = "/api/notifications/preferences";
        let mut chosen = test.get(&bob, path).await.json();
        chosen["sms"] = true.into();
        chosen["phone"] = "+31612345678".into();
        assert_eq!(test.ask(&bob, Method::PUT, path, Some(chosen)).await.status, 200);
        let session = test.plan_with(&anna, in_two_days()).await;
        work_off(&test).await;
        let messages = sink.take();
        assert_eq!(messages.len(), 1);
        assert_eq!(messages[0].headers["authorization"], "Bearer s3cret");
        let body: Value = serde_json::from_slice(&messages[0].body).unwrap();
        assert_eq!(body["to"], "+31612345678");
        let text = body["text"].as_str().unwrap();
        assert!(text.starts_with("New class of anna: Yoga, "), "{text}");
        assert!(text.ends_with(&format!("/streams/{session}/watch")), "{text}");

        sink.answer(500); // it may have been sent
        test.plan_with(&anna, in_two_days()).await;
        work_off(&test).await;
        assert_eq!(sink.take().len(), 1, "and is not sent again");
        sink.answer(201);
    }
}
