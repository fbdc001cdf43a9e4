//! Tokens over HTTP: the ledger of our own on both databases, and an outside service that fails in every way.

use axum::body::Body;
use axum::http::Request;
use axum::http::header::{CONTENT_TYPE, COOKIE};
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::{Answer, Browser, TestApp};
use crate::token_service::{Fault, TokenService};

/// Sends a body with an `Idempotency-Key`.
pub(crate) async fn post_once(test: &TestApp, who: &Browser, path: &str, key: &str, body: Value) -> Answer {
    let request = Request::post(path)
        .header(COOKIE, who.cookie.as_ref().unwrap())
        .header(CONTENT_TYPE, "application/json")
        .header("idempotency-key", key);
    test.send(request.body(Body::from(body.to_string())).unwrap()).await
}

async fn balance(test: &TestApp, who: &Browser) -> i64 {
    test.get(who, "/api/tokens/balance").await.json()["balance"]
        .as_i64()
        .unwrap()
}

#[tokio::test]
async fn tokens_are_granted_spent_and_remembered() {
    for test in TestApp::on_both("").await {
        let (admin, vic) = (
            test.sign_in("ada", Role::Admin).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        assert_eq!(
            test.get(&vic, "/api/tokens/balance").await.json(),
            json!({"balance": 0})
        );
        let grant = format!("/api/admin/users/{}/tokens", vic.user.as_ref().unwrap().id);
        let granted = test
            .post(&admin, &grant, json!({"amount": 100, "reason": "Welcome"}))
            .await;
        assert_eq!(
            (granted.status.as_u16(), &granted.json()["balanceAfter"]),
            (201, &json!(100))
        );

        // the example of the token API, to the letter
        let body = json!({"amount": 10, "reason": "Stream enrollment", "metadata": {"streamId": "123"}});
        let spent = test.post(&vic, "/api/tokens/deduct", body).await.json();
        assert_eq!((&spent["success"], &spent["newBalance"]), (&json!(true), &json!(90)));
        assert_eq!(spent.as_object().unwrap().len(), 3, "{spent}");

        let history = test.get(&vic, "/api/tokens/transactions?limit=1").await.json();
        assert_eq!(history["hasMore"], true);
        let latest = &history["transactions"][0];
        assert_eq!(
            (&latest["id"], &latest["amount"]),
            (&spent["transactionId"], &json!(-10))
        );
        assert_eq!(latest["metadata"], json!({"streamId": "123"}));
        let path = format!("/api/tokens/transactions?before={}", latest["id"].as_str().unwrap());
        let rest = test.get(&vic, &path).await.json();
        assert_eq!(
            (&rest["hasMore"], &rest["transactions"][0]["kind"]),
            (&json!(false), &json!("grant"))
        );
        assert_eq!(
            test.get(&admin, "/api/tokens/transactions").await.json()["transactions"],
            json!([])
        );
    }
}

#[tokio::test]
async fn what_is_not_there_cannot_be_spent() {
    for test in TestApp::on_both("").await {
        let vic = test.sign_in("vic", Role::Viewer).await;
        test.give(&vic, 5).await;
        let refused = test
            .post(&vic, "/api/tokens/deduct", json!({"amount": 6, "reason": "x"}))
            .await;
        refused.is_problem(402, "insufficient-balance");
        assert_eq!(
            (&refused.json()["balance"], &refused.json()["price"]),
            (&json!(5), &json!(6))
        );
        assert_eq!(balance(&test, &vic).await, 5);
    }
}

#[tokio::test]
async fn a_retry_with_the_same_key_moves_nothing_again() {
    for test in TestApp::on_both("").await {
        let (admin, vic) = (
            test.sign_in("ada", Role::Admin).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let grant = format!("/api/admin/users/{}/tokens", vic.user.as_ref().unwrap().id);
        for _ in 0..2 {
            post_once(&test, &admin, &grant, "g1", json!({"amount": 100, "reason": "x"})).await;
        }
        let deduct = |key: &'static str, amount| {
            let (test, vic) = (&test, &vic);
            async move {
                post_once(
                    test,
                    vic,
                    "/api/tokens/deduct",
                    key,
                    json!({"amount": amount, "reason": "x"}),
                )
                .await
            }
        };
        let (one, two) = tokio::join!(deduct("k1", 10), deduct("\"k1\"", 10));
        assert_eq!(one.json(), two.json());
        assert_eq!(balance(&test, &vic).await, 90);
        deduct("k1", 20).await.is_problem(422, "idempotency-key-reused");
        assert_eq!(deduct("k2", 20).await.json()["newBalance"], 70);
        deduct(&"k".repeat(129).leak()[..], 1)
            .await
            .is_problem(400, "bad-request");

        let log = lectern::accounts::store_audit::list(&test.app.db, None, None, 10)
            .await
            .unwrap();
        assert_eq!(log.len(), 1, "one grant, one entry: {log:?}");
        assert_eq!(
            (log[0].action.as_str(), log[0].actor_id),
            ("tokens.grant", admin.user.map(|user| user.id))
        );
    }
}

#[tokio::test]
async fn two_hundred_at_once_spend_what_is_there_and_no_more() {
    for test in TestApp::on_both("").await {
        let vic = test.sign_in("vic", Role::Viewer).await;
        test.give(&vic, 50).await;
        let user = vic.user.clone().unwrap();
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let (app, user) = (test.app.clone(), user.clone());
            tasks.spawn(async move {
                lectern::tokens::deduct(&app, &user, 1, "x".into(), json!({}), None)
                    .await
                    .is_ok()
            });
        }
        let spent = tasks.join_all().await.into_iter().filter(|spent| *spent).count();
        assert_eq!((spent, balance(&test, &vic).await), (50, 0));
        let (rows, has_more) = lectern::tokens::history(&test.app, user.id, None, 100).await.unwrap();
        let sum: i64 = rows.iter().map(|row| row.amount).sum();
        assert_eq!(
            (rows.len(), has_more, sum),
            (51, false, 0),
            "the grant and fifty deductions"
        );
    }
}

#[tokio::test]
async fn a_body_is_checked_and_names_nobody_else() {
    let test = TestApp::new().await;
    let (vic, eve) = (
        test.sign_in("vic", Role::Viewer).await,
        test.sign_in("eve", Role::Viewer).await,
    );
    test.give(&vic, 5).await;
    let deduct = |body| test.post(&vic, "/api/tokens/deduct", body);
    for (field, body) in [
        ("amount", json!({"amount": 0, "reason": "x"})),
        ("amount", json!({"amount": -5, "reason": "x"})),
        ("reason", json!({"amount": 1, "reason": " "})),
        ("metadata", json!({"amount": 1, "reason": "x", "metadata": [1]})),
        (
            "metadata",
            json!({"amount": 1, "reason": "x", "metadata": {"a": "x".repeat(5000)}}),
        ),
    ] {
        let answer = deduct(body).await;
        answer.is_problem(422, "invalid");
        assert_eq!(answer.json()["errors"][0]["path"], field);
    }
    let other = eve.user.unwrap().id.to_string();
    deduct(json!({"amount": 1, "reason": "x", "userId": other}))
        .await
        .is_problem(403, "forbidden");
    let own = vic.user.as_ref().unwrap().id.to_string();
    assert_eq!(
        deduct(json!({"amount": 1, "reason": "x", "userId": own})).await.status,
        200
    );
}

#[tokio::test]
async fn an_outside_service_keeps_the_tokens() {
    let service = TokenService::start().await;
    let test = TestApp::with(&service.settings()).await;
    let (admin, vic) = (
        test.sign_in("ada", Role::Admin).await,
        test.sign_in("vic", Role::Viewer).await,
    );
    service.give("vic@example.org", 120);
    assert_eq!(balance(&test, &vic).await, 120);
    let body = json!({"amount": 10, "reason": "Stream enrollment", "metadata": {"streamId": "123"}});
    let spent = test.post(&vic, "/api/tokens/deduct", body.clone()).await.json();
    assert_eq!(
        spent,
        json!({"success": true, "newBalance": 110, "transactionId": "outside-1"})
    );
    let (path, sent, headers) = service.requests().remove(0);
    assert_eq!((path.as_str(), sent), ("deduct", body));
    assert_eq!(
        headers["x-user-id"].to_str().unwrap(),
        vic.user.as_ref().unwrap().id.to_string()
    );
    let history = test.get(&vic, "/api/tokens/transactions").await.json();
    assert_eq!(history["transactions"][0]["balanceAfter"], 110);

    let poor = test
        .post(&vic, "/api/tokens/deduct", json!({"amount": 111, "reason": "x"}))
        .await;
    poor.is_problem(402, "insufficient-balance");
    assert_eq!(
        (&poor.json()["balance"], &poor.json()["price"]),
        (&json!(110), &json!(111))
    );
    let grant = format!("/api/admin/users/{}/tokens", vic.user.as_ref().unwrap().id);
    let refused = test.post(&admin, &grant, json!({"amount": 1, "reason": "x"})).await;
    refused.is_problem(409, "tokens-kept-outside");
}

#[tokio::test]
async fn an_outside_service_that_stumbles_charges_once() {
    use Fault::{AnswerLost, Broken, Silence};
    let service = TokenService::start().await;
    let test = TestApp::with(&service.settings()).await;
    let vic = test.sign_in("vic", Role::Viewer).await;
    service.give("vic@example.org", 100);
    let deduct = |key: &'static str| {
        let (test, vic) = (&test, &vic);
        async move {
            post_once(
                test,
                vic,
                "/api/tokens/deduct",
                key,
                json!({"amount": 10, "reason": "x"}),
            )
            .await
        }
    };
    for (key, faults, left) in [
        ("a", [Broken, Broken], 90),
        ("b", [AnswerLost, AnswerLost], 80),
        ("c", [Silence, Broken], 70),
    ] {
        service.fail_next(&faults);
        assert_eq!(deduct(key).await.json()["newBalance"], left, "{faults:?}");
    }
    let keys: Vec<_> = service
        .requests()
        .iter()
        .map(|(_, _, headers)| headers["idempotency-key"].clone())
        .collect();
    assert_eq!(keys.len(), 9);
    assert!(
        keys.chunks(3).all(|three| three[0] == three[1] && three[1] == three[2]),
        "{keys:?}"
    );

    service.fail_next(&[AnswerLost; 3]);
    let unknown = deduct("d").await;
    unknown.is_problem(503, "unavailable");
    assert!(unknown.headers.contains_key("retry-after"));
    assert_eq!(
        deduct("d").await.json()["newBalance"],
        60,
        "the caller's retry finds the charge"
    );
    assert_eq!(service.balance_of("vic@example.org"), 60);
}

#[tokio::test]
async fn an_outside_service_that_is_away_takes_nothing() {
    let service = TokenService::start().await;
    let url = service.settings().replace("/tokens\"", "/elsewhere\"");
    let test = TestApp::with(&url).await;
    let vic = test.sign_in("vic", Role::Viewer).await;
    test.get(&vic, "/api/tokens/balance")
        .await
        .is_problem(503, "unavailable");
    let answer = test
        .post(&vic, "/api/tokens/deduct", json!({"amount": 1, "reason": "x"}))
        .await;
    answer.is_problem(503, "unavailable");
    assert_eq!(
        test.get(&vic, "/api/tokens/transactions").await.json()["transactions"],
        json!([])
    );
}
