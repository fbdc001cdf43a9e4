//! Who is told what, and when: reminders, new sessions, ending replays, cancellations; by the files of the outbox.

use axum::http::Method;
use lectern::accounts::Role;
use lectern::db::Ts;
use lectern::jobs::admin;
use lectern::notifications::reminders;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::post_office::{recipients, take_mails, work_off};

const DAY_S: i64 = 24 * 3600;

/// Starts so long from now.
fn starts(in_seconds: i64) -> Value {
    json!({ "title": "Yoga & rust", "scheduledStart": Ts::now().plus_s(in_seconds), "priceInTokens": 3 })
}

/// Somebody with an account and some tokens.
async fn viewer(test: &TestApp, name: &str) -> Browser {
    let viewer = test.sign_in(name, Role::Viewer).await;
    test.give(&viewer, 10).await;
    viewer
}

/// Enrols somebody, and gives the mails that this makes.
async fn enrol(test: &TestApp, who: &Browser, session: &str) -> Vec<Value> {
    let answer = test
        .post(who, &format!("/api/live/sessions/{session}/enrol"), json!({}))
        .await;
    assert_eq!(answer.status, 201, "{}", answer.text());
    work_off(test).await;
    take_mails(test)
}

async fn remind(test: &TestApp, who: &Browser, session: &str) {
    let answer = test
        .post(who, &format!("/api/live/sessions/{session}/reminder"), json!({}))
        .await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

async fn follow(test: &TestApp, who: &Browser, instructor: &Browser) {
    let path = format!("/api/instructors/{}/follow", instructor.user.as_ref().unwrap().id);
    let answer = test.ask(who, Method::POST, &path, None).await;
    assert_eq!(answer.json(), json!({ "following": true }));
}

async fn prefer(test: &TestApp, who: &Browser, change: impl FnOnce(&mut Value)) {
    let path = "/api/notifications/preferences";
    let mut chosen = test.get(who, path).await.json();
    change(&mut chosen);
    let answer = test.ask(who, Method::PUT, path, Some(chosen.clone())).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!(test.get(who, path).await.json(), chosen);
}

async fn move_to(test: &TestApp, instructor: &Browser, session: &str, in_seconds: i64) {
    let path = format!("/api/instructor/streams/{session}");
    let change = json!({ "scheduledStart": Ts::now().plus_s(in_seconds) });
    let answer = test.ask(instructor, Method::PATCH, &path, Some(change)).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
}

/// What is due now is told.
async fn tick(test: &TestApp) -> Vec<Value> {
    reminders::once(&test.app, Ts::now()).await.unwrap();
    work_off(test).await;
    take_mails(test)
}

#[tokio::test]
async fn who_enrolled_or_asked_is_reminded_once_in_their_language_and_zone() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (bob, cees) = (viewer(&test, "bob").await, viewer(&test, "cees").await);
        viewer(&test, "dora").await;
        let profile = json!({ "language": "nl", "timeZone": "Europe/Amsterdam" });
        test.ask(&bob, Method::PATCH, "/api/auth/me", Some(profile)).await;
        let session = test.plan_with(&anna, starts(DAY_S - 5)).await;
        enrol(&test, &bob, &session).await;
        remind(&test, &bob, &session).await;
        remind(&test, &cees, &session).await;

        let mails = tick(&test).await;
        assert_eq!(recipients(&mails), ["bob@example.org", "cees@example.org"]);
        let (dutch, english) = (&mails[0], &mails[1]);
        assert!(
            dutch["subject"]
                .as_str()
                .unwrap()
                .starts_with("Herinnering: Yoga & rust, "),
            "{dutch}"
        );
        assert!(
            dutch["text"]
                .as_str()
                .unwrap()
                .contains("(Europe/Amsterdam), 60 minuten"),
            "{dutch}"
        );
        assert!(
            english["subject"]
                .as_str()
                .unwrap()
                .starts_with("Reminder: Yoga & rust, "),
            "{english}"
        );
        let link = format!("{}/streams/{session}/watch", test.app.url);
        assert!(english["text"].as_str().unwrap().contains(&link), "{english}");
        let html = english["html"].as_str().unwrap().replace("&#x2f;", "/");
        assert!(
            html.contains("Yoga &amp; rust") && html.contains(&format!("href=\"{link}\"")),
            "{html}"
        );
        assert!(
            english["calendar"]
                .as_str()
                .unwrap()
                .contains(&format!("UID:{session}@lectern")),
            "{english}"
        );
        assert_eq!(english["headers"]["auto-submitted"], "auto-generated");

        assert!(tick(&test).await.is_empty(), "nobody is reminded twice");
    }
}

#[tokio::test]
async fn a_moved_session_is_reminded_of_at_its_new_time_and_a_cancelled_one_never() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let bob = viewer(&test, "bob").await;
        let session = test.plan_with(&anna, starts(15 * 60 - 5)).await;
        remind(&test, &bob, &session).await;
        work_off(&test).await;

        // Due, and moved before it was told.
        reminders::once(&test.app, Ts::now()).await.unwrap();
        move_to(&test, &anna, &session, 2 * 3600).await;
        work_off(&test).await;
        assert_eq!(sorts(&take_mails(&test)), ["New time"], "it is not soon any more");
        assert!(tick(&test).await.is_empty());

        move_to(&test, &anna, &session, 15 * 60 - 60).await;
        let mails = tick(&test).await;
        assert_eq!(recipients(&mails), ["bob@example.org", "bob@example.org"]);
        assert_eq!(sorts(&mails), ["New time", "Starting soon"]);

        move_to(&test, &anna, &session, 15 * 60 - 120).await;
        reminders::once(&test.app, Ts::now()).await.unwrap();
        let path = format!("/api/instructor/streams/{session}/cancel");
        test.ask(&anna, Method::POST, &path, None).await;
        work_off(&test).await;
        assert_eq!(sorts(&take_mails(&test)), ["Cancelled"]);
    }
}

/// What each subject begins with, in the order of the alphabet.
fn sorts(mails: &[Value]) -> Vec<&str> {
    let subjects = mails.iter().filter_map(|mail| mail["subject"].as_str());
    let mut sorts: Vec<&str> = subjects.filter_map(|subject| subject.split(':').next()).collect();
    sorts.sort_unstable();
    sorts
}

#[tokio::test]
async fn what_came_due_while_the_server_was_down_is_told_late_only_if_it_helps() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let bob = viewer(&test, "bob").await;
        let cases = [
            (DAY_S - 2 * 3600, 1, "two hours late: still a day ahead, nearly"),
            (DAY_S - 4 * 3600, 0, "four hours late for a day ahead"),
            (5 * 60, 1, "ten minutes late: five are left"),
            (2 * 60, 0, "thirteen minutes late"),
            (-60, 0, "it was to have started"),
            (DAY_S + 60, 0, "too early"),
        ];
        for (in_seconds, want, why) in cases {
            let session = test.plan_with(&anna, starts(in_seconds)).await;
            remind(&test, &bob, &session).await;
            assert_eq!(tick(&test).await.len(), want, "{why}");
        }
    }
}

#[tokio::test]
async fn followers_hear_of_a_new_session_and_once_of_a_series() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (bob, cees) = (viewer(&test, "bob").await, viewer(&test, "cees").await);
        follow(&test, &bob, &anna).await;
        follow(&test, &bob, &anna).await;
        follow(&test, &cees, &anna).await;
        let path = format!("/api/instructors/{}", anna.user.as_ref().unwrap().id);
        let shown = test.get(&bob, &path).await.json();
        assert_eq!(
            (&shown["followers"], &shown["following"]),
            (&json!(2), &json!(true)),
            "{shown}"
        );

        test.plan_with(&anna, starts(3 * DAY_S)).await;
        work_off(&test).await;
        let mails = take_mails(&test);
        assert_eq!(recipients(&mails), ["bob@example.org", "cees@example.org"]);
        assert_eq!(mails[0]["subject"], "anna has planned a new class: Yoga & rust");
        assert!(mails[0]["text"].as_str().unwrap().contains("3 tokens"), "{}", mails[0]);

        test.ask(&cees, Method::DELETE, &format!("{path}/follow"), None).await;
        let mut session = starts(3 * DAY_S);
        session["durationMinutes"] = 60.into();
        let series = json!({ "rule": "FREQ=WEEKLY", "session": session });
        let answer = test.post(&anna, "/api/instructor/series", series).await;
        assert_eq!(answer.status, 201, "{}", answer.text());
        work_off(&test).await;
        let mails = take_mails(&test);
        assert_eq!(recipients(&mails), ["bob@example.org"], "one mail for all of it");
        assert!(
            mails[0]["subject"].as_str().unwrap().contains("new series"),
            "{}",
            mails[0]
        );
        let events = mails[0]["calendar"].as_str().unwrap().matches("BEGIN:VEVENT").count();
        assert!(events >= 12, "the planned dates are attached: {events}");
    }
}

#[tokio::test]
async fn a_cancelled_series_is_one_mail_that_names_all_of_ones_classes() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (bob, cees) = (viewer(&test, "bob").await, viewer(&test, "cees").await);
        let mut session = starts(3 * DAY_S);
        session["durationMinutes"] = 60.into();
        session["priceInTokens"] = 2.into();
        let series = json!({ "rule": "FREQ=WEEKLY;COUNT=5", "session": session });
        let made = test.post(&anna, "/api/instructor/series", series).await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        let class = |n: usize| made["sessions"][n]["id"].as_str().unwrap();
        test.give(&bob, 4).await;
        enrol(&test, &bob, class(0)).await;
        enrol(&test, &bob, class(3)).await;
        remind(&test, &bob, class(4)).await;
        remind(&test, &cees, class(1)).await;

        let path = format!(
            "/api/instructor/series/{}/cancel",
            made["series"]["id"].as_str().unwrap()
        );
        let cancelled = test.post(&anna, &path, json!({})).await;
        assert_eq!(cancelled.status, 200, "{}", cancelled.text());
        test.post(&anna, &path, json!({})).await; // again
        work_off(&test).await;
        let mails = take_mails(&test);
        assert_eq!(recipients(&mails), ["bob@example.org", "cees@example.org"]);
        let text = mails[0]["text"].as_str().unwrap();
        assert_eq!(mails[0]["subject"], "Cancelled: Yoga & rust, 3 classes");
        assert_eq!(text.matches("(UTC)").count(), 3, "{text}");
        assert!(text.contains("what you paid: 4 tokens"), "{text}");
        let calendar = mails[0]["calendar"].as_str().unwrap();
        assert_eq!(calendar.matches("STATUS:CANCELLED").count(), 3, "{calendar}");
        let one = mails[1]["subject"].as_str().unwrap();
        assert!(
            one.starts_with("Cancelled: Yoga & rust, ") && one.contains(" at "),
            "{one}"
        );
    }
}

#[tokio::test]
async fn a_mail_has_a_link_that_ends_its_sort_with_one_click() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let bob = viewer(&test, "bob").await;
        follow(&test, &bob, &anna).await;
        let first = test.plan_with(&anna, starts(DAY_S - 5)).await;
        work_off(&test).await;
        let mails = take_mails(&test);
        let headers = &mails[0]["headers"];
        assert_eq!(headers["list-unsubscribe-post"], "List-Unsubscribe=One-Click");
        let address = headers["list-unsubscribe"].as_str().unwrap().trim_matches(['<', '>']);
        let path = address.strip_prefix(&*test.app.url).expect("it leads here");
        assert!(mails[0]["text"].as_str().unwrap().contains(address));

        let nobody = Browser::default();
        let asked = test.get(&nobody, path).await;
        assert!(
            asked.text().contains("<form method=\"post\">"),
            "following the link only asks"
        );
        test.plan_with(&anna, starts(2 * DAY_S)).await;
        work_off(&test).await;
        assert_eq!(take_mails(&test).len(), 1);

        assert_eq!(test.ask(&nobody, Method::POST, path, None).await.status, 200);
        test.plan_with(&anna, starts(2 * DAY_S)).await;
        work_off(&test).await;
        assert!(take_mails(&test).is_empty(), "no more of this sort");
        remind(&test, &bob, &first).await;
        assert_eq!(tick(&test).await.len(), 1, "others still come");
        test.ask(&nobody, Method::GET, &format!("{path}x"), None)
            .await
            .is_problem(404, "not-found");
    }
}

#[tokio::test]
async fn people_choose_what_they_are_told() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (bob, cees) = (viewer(&test, "bob").await, viewer(&test, "cees").await);
        prefer(&test, &bob, |chosen| chosen["events"]["reminder24h"] = false.into()).await;
        prefer(&test, &cees, |chosen| chosen["email"] = false.into()).await;
        let session = test.plan_with(&anna, starts(DAY_S - 5)).await;
        for person in [&bob, &cees] {
            enrol(&test, person, &session).await;
        }
        assert!(tick(&test).await.is_empty());

        let path = "/api/notifications/preferences";
        let mut chosen = test.get(&bob, path).await.json();
        chosen["sms"] = true.into();
        let answer = test.ask(&bob, Method::PUT, path, Some(chosen.clone())).await;
        assert_eq!(answer.json()["errors"][0]["path"], "phone");
        for bad in ["0612345678", "+31 6 12345678", "+0123456789", "+3161234567890123"] {
            chosen["phone"] = bad.into();
            let answer = test.ask(&bob, Method::PUT, path, Some(chosen.clone())).await;
            assert_eq!(answer.status, 422, "{bad}");
        }
    }
}

#[tokio::test]
async fn a_cancelled_session_tells_everybody_and_what_they_get_back() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (bob, cees) = (viewer(&test, "bob").await, viewer(&test, "cees").await);
        prefer(&test, &bob, |chosen| chosen["email"] = false.into()).await;
        let session = test.plan_with(&anna, starts(DAY_S)).await;
        enrol(&test, &bob, &session).await;
        remind(&test, &cees, &session).await;
        let answer = test
            .ask(
                &anna,
                Method::DELETE,
                &format!("/api/instructor/streams/{session}"),
                None,
            )
            .await;
        assert_eq!(answer.status, 204);
        work_off(&test).await;
        let mails = take_mails(&test);
        assert_eq!(
            recipients(&mails),
            ["bob@example.org", "cees@example.org"],
            "whatever they chose"
        );
        let text = |mail: &Value| mail["text"].as_str().unwrap().to_owned();
        assert!(
            text(&mails[0]).contains("You get back what you paid: 3 tokens."),
            "{}",
            mails[0]
        );
        assert!(!text(&mails[1]).contains("token"), "{}", mails[1]);
        assert!(mails[0]["headers"].get("list-unsubscribe").is_none());
    }
}

#[tokio::test]
async fn a_word_comes_a_day_before_a_replay_ends() {
    for test in TestApp::on_both("[recording]\nretention_days = 1").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let bob = viewer(&test, "bob").await;
        let session = test.plan_with(&anna, starts(60)).await;
        enrol(&test, &bob, &session).await;
        let id = session.parse().unwrap();
        for step in ["start", "end"] {
            let path = format!("/api/instructor/streams/{session}/{step}");
            assert_eq!(test.ask(&anna, Method::POST, &path, None).await.status, 200);
        }
        assert!(tick(&test).await.is_empty(), "there is nothing to replay");
        lectern::sessions::set_recording_available(&test.app, id, true)
            .await
            .unwrap();
        let mails = tick(&test).await;
        assert_eq!(recipients(&mails), ["bob@example.org"]);
        assert!(
            mails[0]["subject"]
                .as_str()
                .unwrap()
                .starts_with("The replay of Yoga & rust ends "),
            "{}",
            mails[0]
        );
        assert!(tick(&test).await.is_empty());
    }
}

#[tokio::test]
async fn a_link_to_sign_in_is_mailed_and_leaves_no_trace_in_the_queue() {
    for test in TestApp::on_both("").await {
        viewer(&test, "bob").await;
        let nobody = Browser::default();
        let asked = json!({ "email": "bob@example.org" });
        assert_eq!(test.post(&nobody, "/api/auth/magic-link", asked).await.status, 202);
        work_off(&test).await;
        let mails = take_mails(&test);
        assert_eq!(recipients(&mails), ["bob@example.org"]);
        let text = mails[0]["text"].as_str().unwrap();
        let token = text.split("/login/link?token=").nth(1).unwrap().lines().next().unwrap();
        let answer = test
            .post(&nobody, "/api/auth/magic-link/redeem", json!({ "token": token }))
            .await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let jobs = lectern::jobs::store_admin::list(&test.app.db, &admin::Filter::default(), None, 10).await;
        assert!(jobs.unwrap().iter().all(|job| job.payload == "{}"));
    }
}

#[tokio::test]
async fn a_deleted_account_is_told_nothing_and_named_nowhere() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (bob, cees) = (viewer(&test, "bob").await, viewer(&test, "cees").await);
        let session = test.plan_with(&anna, starts(DAY_S - 5)).await;
        for person in [&bob, &cees] {
            remind(&test, person, &session).await;
        }
        assert_eq!(tick(&test).await.len(), 2);
        let gone = bob.user.unwrap().id;
        let mut tx = test.app.db.begin().await.unwrap();
        lectern::accounts::store_privacy::erase(&mut tx, gone, Ts::now())
            .await
            .unwrap();
        tx.commit().await.unwrap();
        move_to(&test, &anna, &session, DAY_S - 60).await;
        let mails = tick(&test).await;
        assert!(
            recipients(&mails).iter().all(|to| *to == "cees@example.org"),
            "{mails:?}"
        );
        assert_eq!(sorts(&mails), ["New time", "Reminder"]);
        let jobs = lectern::jobs::store_admin::list(&test.app.db, &admin::Filter::default(), None, 50).await;
        let summaries: Vec<String> = jobs.unwrap().into_iter().map(|job| job.summary).collect();
        assert!(
            summaries.iter().any(|summary| summary.contains("cees@")),
            "{summaries:?}"
        );
        assert!(
            !summaries.iter().any(|summary| summary.contains("bob@")),
            "{summaries:?}"
        );
    }
}

#[tokio::test]
async fn admins_see_what_is_to_be_done_try_it_again_and_remove_it() {
    for test in TestApp::on_both("").await {
        let admin = test.sign_in("admin", Role::Admin).await;
        let anna = test.sign_in("anna", Role::Instructor).await;
        test.plan_with(&anna, starts(DAY_S)).await;
        let list = test.get(&admin, "/api/admin/jobs?state=ready").await.json();
        assert_eq!(
            list["counts"],
            json!({ "ready": 1, "running": 0, "done": 0, "dead": 0 })
        );
        let job = &list["jobs"][0];
        assert_eq!(
            (&job["kind"], &job["summary"]),
            (&json!("session-planned"), &json!("Yoga & rust"))
        );
        assert!(job.get("payload").is_none());
        work_off(&test).await;
        let id = job["id"].as_str().unwrap();
        test.ask(&admin, Method::POST, &format!("/api/admin/jobs/{id}/retry"), None)
            .await
            .is_problem(409, "job-done");
        let answer = test
            .ask(&admin, Method::DELETE, &format!("/api/admin/jobs/{id}"), None)
            .await;
        assert_eq!(answer.status, 204);
        assert_eq!(test.get(&admin, "/api/admin/jobs").await.json()["jobs"], json!([]));
        let audit = test.get(&admin, &format!("/api/admin/audit?subject={id}")).await.json();
        assert_eq!(audit["entries"][0]["action"], "job.delete", "{audit}");
    }
}
