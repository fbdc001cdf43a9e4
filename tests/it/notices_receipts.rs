//! What somebody gets who has enrolled; by the files of the outbox.

use axum::http::Method;
use lectern::accounts::Role;
use lectern::db::Ts;
use lectern::enrolments;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::post_office::{take_mails, work_off};
use crate::token_service::{Fault, TokenService};

const DAY_S: i64 = 24 * 3600;

/// A class of Anna's, and Bob.
struct Scene {
    test: TestApp,
    anna: Browser,
    bob: Browser,
    session: String,
}

impl Scene {
    async fn on_both(toml: &str, price: i64) -> Vec<Scene> {
        let mut scenes = Vec::new();
        for test in TestApp::on_both(toml).await {
            let scene = Scene::of(test, price).await;
            scene.test.give(&scene.bob, 10).await;
            scenes.push(scene);
        }
        scenes
    }

    async fn of(test: TestApp, price: i64) -> Scene {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let bob = test.sign_in("bob", Role::Viewer).await;
        let class =
            json!({ "title": "Yoga & rust", "scheduledStart": Ts::now().plus_s(DAY_S * 3), "priceInTokens": price });
        let session = test.plan_with(&anna, class).await;
        let scene = Scene {
            test,
            anna,
            bob,
            session,
        };
        assert!(scene.mails().await.is_empty());
        scene
    }

    async fn enrol(&self) -> u16 {
        let path = format!("/api/live/sessions/{}/enrol", self.session);
        self.test.post(&self.bob, &path, json!({})).await.status.as_u16()
    }

    async fn step(&self, step: &str) {
        let path = format!("/api/instructor/streams/{}/{step}", self.session);
        let answer = self.test.ask(&self.anna, Method::POST, &path, None).await;
        assert!(answer.status.is_success(), "{}", answer.text());
    }

    async fn mails(&self) -> Vec<Value> {
        work_off(&self.test).await;
        take_mails(&self.test)
    }

    /// The one mail that is there, for Bob.
    async fn mail(&self) -> Value {
        let mut mails = self.mails().await;
        assert_eq!(mails.len(), 1, "{mails:?}");
        assert_eq!(mails[0]["to"], "bob@example.org");
        mails.remove(0)
    }
}

fn text<'a>(mail: &'a Value, part: &str) -> &'a str {
    mail[part].as_str().unwrap_or_else(|| panic!("no {part}: {mail}"))
}

#[tokio::test]
async fn who_enrols_gets_one_mail_with_what_it_cost_and_the_class_for_the_calendar() {
    for scene in Scene::on_both("", 3).await {
        assert_eq!(
            (scene.enrol().await, scene.enrol().await),
            (201, 200),
            "the second time it is there"
        );
        let mail = scene.mail().await;
        assert!(
            text(&mail, "subject").starts_with("You are enrolled: Yoga & rust, "),
            "{mail}"
        );
        assert!(text(&mail, "text").contains("You paid 3 tokens."), "{mail}");
        assert!(text(&mail, "html").contains("Yoga &amp; rust"), "{mail}");
        let link = format!("{}/streams/{}/watch", scene.test.app.url, scene.session);
        assert!(text(&mail, "text").contains(&link), "{mail}");
        let calendar = text(&mail, "calendar");
        assert!(
            calendar.contains(&format!("UID:{}@lectern", scene.session)) && calendar.contains("STATUS:CONFIRMED"),
            "{calendar}"
        );
        assert!(mail["headers"]["list-unsubscribe"].is_string(), "{mail}");

        scene.enrol().await;
        assert!(scene.mails().await.is_empty(), "once");
        scene.step("cancel").await;
        let mail = scene.mail().await;
        assert!(text(&mail, "subject").starts_with("Cancelled: "), "{mail}");
        assert!(text(&mail, "text").contains("what you paid: 3 tokens"), "{mail}");
        assert!(text(&mail, "calendar").contains("STATUS:CANCELLED"), "{mail}");
    }
}

#[tokio::test]
async fn who_has_a_place_is_told_when_the_class_is_moved() {
    for scene in Scene::on_both("", 0).await {
        scene.enrol().await;
        scene.mail().await;
        let change = async |change: Value| {
            let path = format!("/api/instructor/streams/{}", scene.session);
            let answer = scene.test.ask(&scene.anna, Method::PATCH, &path, Some(change)).await;
            assert_eq!(answer.status, 200, "{answer:?}");
        };
        change(json!({ "title": "Yoga for all" })).await;
        assert!(scene.mails().await.is_empty(), "its time is the same");

        change(json!({ "scheduledStart": "2046-12-02T14:00:00Z" })).await;
        change(json!({ "scheduledStart": "2046-12-03T15:30:00Z" })).await;
        let mail = scene.mail().await;
        assert_eq!(
            text(&mail, "subject"),
            "New time: Yoga for all, Monday 3 December 2046 at 15:30 (UTC)",
            "the last one only"
        );
        let calendar = text(&mail, "calendar");
        assert!(
            calendar.contains("DTSTART:20461203T153000Z") || calendar.contains("T153000"),
            "{calendar}"
        );
        assert!(
            calendar.contains("SEQUENCE:3") && calendar.contains("STATUS:CONFIRMED"),
            "{calendar}"
        );
        assert!(scene.mails().await.is_empty(), "once");
    }
}

#[tokio::test]
async fn a_receipt_is_in_the_readers_language_and_only_for_who_wants_it() {
    for scene in Scene::on_both("", 0).await {
        let profile = json!({ "language": "nl" });
        scene
            .test
            .ask(&scene.bob, Method::PATCH, "/api/auth/me", Some(profile))
            .await;
        scene.enrol().await;
        let mail = scene.mail().await;
        assert!(
            text(&mail, "subject").starts_with("Je bent ingeschreven: Yoga & rust, "),
            "{mail}"
        );
        assert!(!text(&mail, "text").contains("token"), "it is free: {mail}");

        let address = text(&mail["headers"], "list-unsubscribe")
            .trim_matches(['<', '>'])
            .to_owned();
        let path = address.strip_prefix(&*scene.test.app.url).expect("it leads here");
        let stopped = scene.test.ask(&Browser::default(), Method::POST, path, None).await;
        assert_eq!(stopped.status, 200);
        let chosen = scene
            .test
            .get(&scene.bob, "/api/notifications/preferences")
            .await
            .json();
        assert_eq!(
            (&chosen["events"]["enrolled"], &chosen["events"]["reminder24h"]),
            (&json!(false), &json!(true))
        );
        let next = json!({ "title": "Another", "scheduledStart": Ts::now().plus_s(DAY_S * 3) });
        let next = scene.test.plan_with(&scene.anna, next).await;
        let path = format!("/api/live/sessions/{next}/enrol");
        assert_eq!(scene.test.post(&scene.bob, &path, json!({})).await.status, 201);
        assert!(scene.mails().await.is_empty());
    }
}

#[tokio::test]
async fn a_receipt_for_a_replay_says_until_when_it_is_there() {
    for scene in Scene::on_both("[recording]\nretention_days = 7", 2).await {
        scene.step("start").await;
        scene.step("end").await;
        let id = scene.session.parse().unwrap();
        lectern::sessions::set_recording_available(&scene.test.app, id, true)
            .await
            .unwrap();
        assert_eq!(scene.enrol().await, 201);
        let mail = scene.mail().await;
        assert_eq!(mail["subject"], "You can watch the replay: Yoga & rust");
        let words = text(&mail, "text");
        assert!(
            words.contains("It is there until ") && words.contains("You paid 2 tokens."),
            "{words}"
        );
        assert!(mail["calendar"].is_null(), "{mail}");
    }
}

#[tokio::test]
async fn a_class_that_is_cancelled_before_the_mail_is_written_is_only_told_as_cancelled() {
    for scene in Scene::on_both("", 3).await {
        scene.enrol().await;
        scene.step("cancel").await;
        let mail = scene.mail().await;
        assert!(text(&mail, "subject").starts_with("Cancelled: "), "{mail}");
    }
}

#[tokio::test]
async fn an_enrolment_that_an_outside_service_pays_for_is_told_when_it_is_good() {
    let service = TokenService::start().await;
    for test in TestApp::on_both(&service.settings()).await {
        service.give("bob@example.org", 10);
        let scene = Scene::of(test, 3).await;
        service.fail_next(&[Fault::AnswerLost; 3]);
        assert_eq!(scene.enrol().await, 503, "nobody knows yet");
        assert!(scene.mails().await.is_empty());
        enrolments::upkeep::once(&scene.test.app, Ts::now()).await.unwrap();
        let mail = scene.mail().await;
        assert!(text(&mail, "text").contains("You paid 3 tokens."), "{mail}");
        assert_eq!(service.balance_of("bob@example.org"), 7);
        enrolments::upkeep::once(&scene.test.app, Ts::now()).await.unwrap();
        assert!(scene.mails().await.is_empty(), "once");
    }
}
