//! Enrolments over HTTP, on both databases: paid once, refunded once, and what they open; and an outside token service
//! that fails in the middle.

use axum::http::Method;
use lectern::accounts::{Role, Tier, User};
use lectern::config::Access;
use lectern::db::Ts;
use lectern::enrolments::{self, Enrolment, State, Watched};
use lectern::sessions::access::{self, Denied, Guest};
use lectern::sessions::{Plan, Session, Status};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Answer, Browser, TestApp};
use crate::token_service::{Fault, TokenService};

const LATER: fn() -> Ts = || Ts::now().plus_s(3600);

async fn act(test: &TestApp, who: &Browser, path: &str) -> Answer {
    test.ask(who, Method::POST, path, None).await
}

async fn enrol(test: &TestApp, who: &Browser, session: &str) -> Answer {
    act(test, who, &format!("/api/live/sessions/{session}/enrol")).await
}

async fn balance(test: &TestApp, who: &Browser) -> i64 {
    test.get(who, "/api/tokens/balance").await.json()["balance"]
        .as_i64()
        .unwrap()
}

async fn session(test: &TestApp, who: &Browser, id: &str) -> Value {
    test.get(who, &format!("/api/live/sessions/{id}")).await.json()
}

fn id_of(who: &Browser) -> Uuid {
    who.user.as_ref().unwrap().id
}

#[tokio::test]
async fn enrolling_pays_and_opens_the_session() {
    for test in TestApp::on_both("").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let id = test.plan_with(&anna, json!({"priceInTokens": 30})).await;
        test.give(&vic, 100).await;
        let token = format!("/api/live/sessions/{id}/watch-token");
        act(&test, &vic, &token).await.is_problem(403, "not-enrolled");
        let path = format!("/api/live/sessions/{id}/enrolment");
        assert_eq!(test.get(&vic, &path).await.json(), json!({"enrolment": null}));

        let made = enrol(&test, &vic, &id).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        assert_eq!((&made["success"], &made["newBalance"]), (&json!(true), &json!(70)));
        assert_eq!(
            (&made["enrolment"]["tokensPaid"], &made["enrolment"]["state"]),
            (&json!(30), &json!("active"))
        );
        let entry = test.get(&vic, "/api/tokens/transactions?limit=1").await.json();
        let entry = &entry["transactions"][0];
        assert_eq!((&entry["id"], &entry["amount"]), (&made["transactionId"], &json!(-30)));
        assert_eq!((&entry["kind"], &entry["sessionId"]), (&json!("enrolment"), &json!(id)));

        let again = enrol(&test, &vic, &id).await;
        assert_eq!(
            (again.status.as_u16(), &again.json()["enrolment"]),
            (200, &made["enrolment"])
        );
        assert_eq!(balance(&test, &vic).await, 70);
        assert_eq!(act(&test, &vic, &token).await.status, 200);
        let seen = session(&test, &vic, &id).await;
        assert_eq!((&seen["isEnrolled"], &seen["canWatch"]), (&json!(true), &json!(true)));
        assert_eq!(seen["totalEnrollments"], 1);
        let list = test.get(&vic, "/api/live/enrolments").await.json();
        assert_eq!(list, json!({"enrolments": [made["enrolment"]], "hasMore": false}));
    }
}

#[tokio::test]
async fn without_enough_tokens_nothing_is_left_behind() {
    for test in TestApp::on_both("").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let id = test.plan_with(&anna, json!({"priceInTokens": 30})).await;
        test.give(&vic, 29).await;
        let refused = enrol(&test, &vic, &id).await;
        refused.is_problem(402, "insufficient-balance");
        assert_eq!(
            (&refused.json()["balance"], &refused.json()["price"]),
            (&json!(29), &json!(30))
        );
        assert_eq!(balance(&test, &vic).await, 29);
        let seen = session(&test, &vic, &id).await;
        assert_eq!(
            (&seen["isEnrolled"], &seen["totalEnrollments"]),
            (&json!(false), &json!(0))
        );
        test.give(&vic, 1).await;
        assert_eq!(enrol(&test, &vic, &id).await.json()["newBalance"], 0);
    }
}

#[tokio::test]
async fn many_tabs_pay_once() {
    for test in TestApp::on_both("").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let id: Uuid = test
            .plan_with(&anna, json!({"priceInTokens": 30}))
            .await
            .parse()
            .unwrap();
        test.give(&vic, 100).await;
        let mut tabs = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let (app, user) = (test.app.clone(), vic.user.clone().unwrap());
            tabs.spawn(async move { enrolments::enrol(&app, &user, id).await.unwrap() });
        }
        let made = tabs.join_all().await;
        assert_eq!(made.iter().filter(|one| one.is_new).count(), 1);
        assert!(made.iter().all(|one| one.enrolment.id == made[0].enrolment.id));
        assert_eq!(balance(&test, &vic).await, 70);
        assert_eq!(session(&test, &vic, &id.to_string()).await["totalEnrollments"], 1);
    }
}

#[tokio::test]
async fn of_two_hundred_enrolments_at_once_fifty_can_be_paid() {
    for test in TestApp::on_both("").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        test.give(&vic, 50).await;
        let plan = Plan {
            price_in_tokens: 1,
            ..Plan::new("One of many", LATER())
        };
        let mut all = tokio::task::JoinSet::new();
        for _ in 0..200 {
            let id = lectern::sessions::create(&test.app, anna.user.as_ref().unwrap(), plan.clone())
                .await
                .unwrap()
                .id;
            let (app, user) = (test.app.clone(), vic.user.clone().unwrap());
            all.spawn(async move { (id, enrolments::enrol(&app, &user, id).await.is_ok()) });
        }
        let (mut paid, mut unpaid) = (Vec::new(), Vec::new());
        for (id, enrolled) in all.join_all().await {
            if enrolled { &mut paid } else { &mut unpaid }.push(id);
        }
        assert_eq!((paid.len(), unpaid.len(), balance(&test, &vic).await), (50, 150, 0));
        let good = enrolments::among(&test.app, id_of(&vic), &paid).await.unwrap();
        assert!(good.len() == 50 && good.iter().all(|one| one.state == enrolments::State::Active));
        for id in unpaid {
            let left = enrolments::find(&test.app, id, id_of(&vic)).await.unwrap();
            assert!(left.is_none(), "{left:?}");
        }
    }
}

#[tokio::test]
async fn two_hundred_people_at_once_are_counted_right() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let id: Uuid = test
            .plan_with(&anna, json!({"priceInTokens": 2}))
            .await
            .parse()
            .unwrap();
        let mut all = tokio::task::JoinSet::new();
        for at in 0..200 {
            let one = test.sign_in(&format!("viewer-{at}"), Role::Viewer).await;
            if at % 4 == 0 {
                test.give(&one, 2).await; // fifty of them can pay
            }
            let app = test.app.clone();
            all.spawn(async move { enrolments::enrol(&app, &one.user.unwrap(), id).await.is_ok() });
        }
        let enrolled = all.join_all().await.into_iter().filter(|one| *one).count();
        assert_eq!(enrolled, 50);
        assert_eq!(session(&test, &anna, &id.to_string()).await["totalEnrollments"], 50);
    }
}

#[tokio::test]
async fn a_cancelled_session_gives_everybody_their_tokens_back_once() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let id = test.plan_with(&anna, json!({"priceInTokens": 30})).await;
        let free = test.plan_with(&anna, json!({})).await;
        let mut people = Vec::new();
        for name in ["vic", "wim", "xia"] {
            let one = test.sign_in(name, Role::Viewer).await;
            test.give(&one, 100).await;
            assert_eq!(enrol(&test, &one, &id).await.status, 201);
            assert_eq!(enrol(&test, &one, &free).await.status, 201);
            people.push(one);
        }
        let path = format!("/api/instructor/streams/{id}/cancel");
        assert_eq!(act(&test, &anna, &path).await.json()["status"], "cancelled");
        let (app, runs) = (&test.app, 0..5);
        let again = runs.map(|_| enrolments::refund_cancelled(app));
        futures_util::future::try_join_all(again).await.unwrap();
        assert_eq!(act(&test, &anna, &path).await.status, 200, "pressed twice");
        for one in &people {
            assert_eq!(balance(&test, one).await, 100);
            let latest = test.get(one, "/api/tokens/transactions?limit=1").await.json();
            assert_eq!(latest["transactions"][0]["kind"], "refund");
            assert_eq!(session(&test, one, &id).await["isEnrolled"], false);
            assert_eq!(session(&test, one, &free).await["isEnrolled"], true, "another session");
            enrol(&test, one, &id).await.is_problem(409, "session-over");
        }
        let list = test.get(&people[0], "/api/live/enrolments").await.json();
        assert_eq!(
            (&list["enrolments"][1]["state"], &list["enrolments"][0]["state"]),
            (&json!("refunded"), &json!("active"))
        );
        act(&test, &anna, &format!("/api/instructor/streams/{id}/start"))
            .await
            .is_problem(409, "session-over");
        let log = lectern::accounts::store_audit::list(&test.app.db, None, None, 1)
            .await
            .unwrap();
        assert_eq!(
            (log[0].action.as_str(), log[0].actor_id),
            ("session.cancel", Some(id_of(&anna)))
        );
    }
}

#[tokio::test]
async fn deleting_a_planned_session_refunds_and_deleting_one_that_took_place_does_not() {
    for test in TestApp::on_both("").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        test.give(&vic, 100).await;
        for (took_place, left) in [(false, 100), (true, 70)] {
            let id = test.plan_with(&anna, json!({"priceInTokens": 30})).await;
            assert_eq!(enrol(&test, &vic, &id).await.status, 201);
            if took_place {
                act(&test, &anna, &format!("/api/instructor/streams/{id}/start")).await;
                act(&test, &anna, &format!("/api/instructor/streams/{id}/end")).await;
            }
            let path = format!("/api/instructor/streams/{id}");
            assert_eq!(test.ask(&anna, Method::DELETE, &path, None).await.status, 204);
            enrolments::refund_cancelled(&test.app).await.unwrap();
            assert_eq!(balance(&test, &vic).await, left, "took place: {took_place}");
        }
    }
}

#[tokio::test]
async fn cancelling_and_enrolling_at_the_same_time_lose_no_token() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let id: Uuid = test
            .plan_with(&anna, json!({"priceInTokens": 5}))
            .await
            .parse()
            .unwrap();
        let (mut people, mut all) = (Vec::new(), tokio::task::JoinSet::new());
        for at in 0..30 {
            let one = test.sign_in(&format!("viewer-{at}"), Role::Viewer).await;
            test.give(&one, 5).await;
            let (app, user) = (test.app.clone(), one.user.clone().unwrap());
            all.spawn(async move {
                if at == 10 {
                    lectern::sessions::cancel(&app, id, None).await.unwrap();
                }
                enrolments::enrol(&app, &user, id).await.is_ok()
            });
            people.push(one);
        }
        all.join_all().await;
        enrolments::refund_cancelled(&test.app).await.unwrap();
        for one in &people {
            assert_eq!(balance(&test, one).await, 5);
        }
    }
}

#[tokio::test]
async fn who_opens_the_doors() {
    let test = TestApp::new().await;
    let anna = test.sign_in("anna", Role::Instructor).await.user.unwrap();
    let base = lectern::sessions::create(&test.app, &anna, Plan::new("Doors", LATER()))
        .await
        .unwrap();
    let now = Ts::now();
    let live = Session {
        status: Status::Live,
        recording_available: true,
        ..base.clone()
    };
    let ended = Session {
        status: Status::Ended,
        recording_available: true,
        recording_expires_at: Some(now.plus_s(100)),
        ..base.clone()
    };
    let expired = Session {
        recording_expires_at: Some(now),
        ..ended.clone()
    };
    let for_subscribers = Session {
        is_open_to_subscribers: true,
        ..live.clone()
    };
    let tiers = Access {
        subscriber_tiers: vec![Tier::Subscriber, Tier::Pro, Tier::Team],
        replay_tiers: vec![Tier::Pro, Tier::Team],
    };
    let tier = |tier| User {
        tier,
        ..User::new("v", "v@example.org", Role::Viewer)
    };
    let (free, subscriber, pro) = (tier(Tier::Free), tier(Tier::Subscriber), tier(Tier::Pro));
    let admin = User::new("a", "a@example.org", Role::Admin);
    let full = enrolment(State::Active, Some(now.plus_s(50)));
    let late = enrolment(State::Active, Some(now));
    let live_only = Enrolment {
        can_watch_replay: false,
        ..full.clone()
    };
    let back = enrolment(State::Refunded, None);
    let (no, yes) = (Err(Denied::NotEnrolled), Ok(()));
    let gone = Err(Denied::Expired);

    // who; live; live and open to subscribers; replay; replay after its time
    type Row<'a> = (&'a str, &'a User, Option<&'a Enrolment>, [Result<(), Denied>; 4]);
    let table: [Row<'_>; 9] = [
        ("nothing", &free, None, [no, no, no, gone]),
        ("a subscription", &subscriber, None, [no, yes, no, gone]),
        ("a pro subscription", &pro, None, [no, yes, yes, gone]),
        ("an enrolment", &free, Some(&full), [yes, yes, yes, gone]),
        (
            "an enrolment whose replay is over",
            &free,
            Some(&late),
            [yes, yes, gone, gone],
        ),
        (
            "an enrolment without replay",
            &free,
            Some(&live_only),
            [yes, yes, no, gone],
        ),
        ("a refunded enrolment", &free, Some(&back), [no, no, no, gone]),
        ("its instructor", &anna, None, [yes, yes, yes, yes]),
        ("an admin", &admin, None, [yes, yes, yes, yes]),
    ];
    for (name, user, enrolment, want) in table {
        let guest = Some(Guest::new(user, enrolment, &tiers));
        let watch = |session| access::may_watch(session, None, guest, &test.app.keys.tokens, now);
        let replay = |session| access::may_replay(session, guest, now);
        let found = [watch(&live), watch(&for_subscribers), replay(&ended), replay(&expired)];
        assert_eq!(found, want, "{name}");
    }
}

fn enrolment(state: State, replay_end: Option<Ts>) -> Enrolment {
    Enrolment {
        id: Uuid::nil(),
        session_id: Uuid::nil(),
        user_id: Uuid::nil(),
        state,
        tokens_paid: 0,
        token_transaction_id: None,
        can_watch_live: true,
        can_watch_replay: true,
        replay_access_expires_at: replay_end,
        watched_live: false,
        watched_replay: false,
        last_watched_at: None,
        enrolled_at: Ts(0),
    }
}

#[tokio::test]
async fn the_end_of_a_session_sets_the_end_of_the_replay_and_watching_is_noted() {
    for test in TestApp::on_both("").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let id = test.plan_with(&anna, json!({})).await;
        assert_eq!(enrol(&test, &vic, &id).await.status, 201);
        act(&test, &anna, &format!("/api/instructor/streams/{id}/start")).await;
        let ended = act(&test, &anna, &format!("/api/instructor/streams/{id}/end"))
            .await
            .json();
        let (key, user) = (id.parse().unwrap(), id_of(&vic));
        let found = async || enrolments::find(&test.app, key, user).await.unwrap().unwrap();
        let before = found().await;
        assert_eq!(json!(before.replay_access_expires_at), ended["recordingExpiresAt"]);
        assert_eq!(
            (before.watched_live, before.watched_replay, before.last_watched_at),
            (false, false, None)
        );
        enrolments::note_watched(&test.app, key, user, Watched::Live)
            .await
            .unwrap();
        assert!(found().await.watched_live && !found().await.watched_replay);
        enrolments::note_watched(&test.app, key, user, Watched::Replay)
            .await
            .unwrap();
        assert!(found().await.watched_live && found().await.watched_replay && found().await.last_watched_at.is_some());
    }
}

/// A paid session, and somebody with tokens in the outside service.
async fn outside() -> (TestApp, TokenService, Browser, Browser, String) {
    let service = TokenService::start().await;
    let test = TestApp::with(&service.settings()).await;
    let (anna, vic) = (
        test.sign_in("anna", Role::Instructor).await,
        test.sign_in("vic", Role::Viewer).await,
    );
    let id = test.plan_with(&anna, json!({"priceInTokens": 30})).await;
    service.give("vic@example.org", 100);
    (test, service, anna, vic, id)
}

#[tokio::test]
async fn an_outside_service_is_paid_once_and_pays_back_once() {
    let (test, service, anna, vic, id) = outside().await;
    service.fail_next(&[Fault::AnswerLost, Fault::Broken]);
    let made = enrol(&test, &vic, &id).await;
    assert_eq!((made.status.as_u16(), &made.json()["newBalance"]), (201, &json!(70)));
    assert_eq!(made.json()["transactionId"], "outside-1");
    let (path, body, _) = service.requests().remove(0);
    assert_eq!(
        (path.as_str(), &body["amount"], &body["metadata"]["streamId"]),
        ("deduct", &json!(30), &json!(id))
    );
    assert_eq!(enrol(&test, &vic, &id).await.status, 200);

    service.fail_next(&[Fault::AnswerLost; 3]);
    act(&test, &anna, &format!("/api/instructor/streams/{id}/cancel")).await;
    assert_eq!(
        session(&test, &vic, &id).await["isEnrolled"],
        false,
        "no door stays open while the refund waits"
    );
    enrolments::upkeep::once(&test.app, Ts::now()).await.unwrap();
    enrolments::upkeep::once(&test.app, Ts::now()).await.unwrap();
    assert_eq!(service.balance_of("vic@example.org"), 100);
    let list = test.get(&vic, "/api/live/enrolments").await.json();
    assert_eq!(list["enrolments"][0]["state"], "refunded");
    let history = test.get(&vic, "/api/tokens/transactions").await.json();
    let amounts: Vec<_> = history["transactions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["amount"].clone())
        .collect();
    assert_eq!(amounts, [json!(30), json!(-30)]);
}

#[tokio::test]
async fn an_outside_charge_whose_answer_is_lost_becomes_an_enrolment() {
    let (test, service, _anna, vic, id) = outside().await;
    service.fail_next(&[Fault::AnswerLost; 3]);
    enrol(&test, &vic, &id).await.is_problem(503, "unavailable");
    assert_eq!(session(&test, &vic, &id).await["isEnrolled"], false);
    enrolments::upkeep::once(&test.app, Ts::now()).await.unwrap();
    assert_eq!(session(&test, &vic, &id).await["isEnrolled"], true);
    assert_eq!(service.balance_of("vic@example.org"), 70);
    assert_eq!(enrol(&test, &vic, &id).await.status, 200);
}

#[tokio::test]
async fn an_outside_refusal_leaves_no_half_enrolment() {
    let (test, service, _anna, vic, id) = outside().await;
    service.give("vic@example.org", 29);
    let refused = enrol(&test, &vic, &id).await;
    refused.is_problem(402, "insufficient-balance");
    assert_eq!(
        (&refused.json()["balance"], &refused.json()["price"]),
        (&json!(29), &json!(30))
    );
    let list = test.get(&vic, "/api/live/enrolments").await.json();
    assert_eq!(list["enrolments"], json!([]));
    assert_eq!(session(&test, &vic, &id).await["totalEnrollments"], 0);
    service.give("vic@example.org", 30);
    let mut tabs = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let (app, user, id) = (test.app.clone(), vic.user.clone().unwrap(), id.parse().unwrap());
        tabs.spawn(async move { enrolments::enrol(&app, &user, id).await.is_ok() });
    }
    assert!(tabs.join_all().await.into_iter().all(|enrolled| enrolled));
    assert_eq!(service.balance_of("vic@example.org"), 0);
    assert_eq!(session(&test, &vic, &id).await["totalEnrollments"], 1);
}
