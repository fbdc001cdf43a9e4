//! The daily work: media of replays that are over is deleted, kept classes move to the catalogue, each once.

use axum::body::Body;
use axum::http::{Method, Request};
use lectern::accounts::Role;
use lectern::daily::{self, Chore};
use lectern::db::Ts;
use lectern::sessions::{self, EndDates, store};
use lectern::workouts;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::app::{Answer, Browser, TestApp};
use crate::databases;
use crate::http_replay::JOURNAL;
use crate::post_office::work_off;

const SECRET: &str = "0123456789abcdef0123456789abcdef";
const SETTINGS: &str =
    "[jobs]\ncron_secret = \"0123456789abcdef0123456789abcdef\"\n[catalogue]\nkeep_from_enrolments = 2\n";
const DAY_S: i64 = 24 * 3600;

/// A class of so many days ago, with a recording.
pub(crate) async fn class(test: &TestApp, instructor: &Browser, days_ago: i64, fields: Value) -> Uuid {
    let id: Uuid = test.plan_with(instructor, fields).await.parse().unwrap();
    let session = sessions::get(&test.app, id).await.unwrap();
    sessions::start(&test.app, session).await.unwrap();
    let folder = lectern::recordings::folder(&test.app, id);
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("journal.jsonl"), JOURNAL).unwrap();
    std::fs::write(folder.join("v0-0-00000.m4s"), b"0123456789abcdef").unwrap();
    store::set_recording_available(&test.app.db, id, true).await.unwrap();
    let ended_at = Ts::now().plus_s(-days_ago * DAY_S);
    let ended = store::mark_ended(&test.app.db, id, EndDates::new(ended_at, 7)).await;
    ended.unwrap().unwrap();
    id
}

async fn cron(test: &TestApp, name: &str, authorization: Option<&str>) -> Answer {
    let mut request = Request::get(format!("/api/cron/{name}"));
    if let Some(value) = authorization {
        request = request.header("authorization", value);
    }
    test.send(request.body(Body::empty()).unwrap()).await
}

async fn clean_up(test: &TestApp) -> Value {
    let answer = cron(test, "cleanup-recordings", Some(&format!("Bearer {SECRET}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

async fn migrate(test: &TestApp) -> Value {
    let answer = cron(test, "migrate-streams-to-workouts", Some(&format!("Bearer {SECRET}"))).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()
}

/// Whether there is media on the disk, and whether the database says so.
async fn media(test: &TestApp, id: Uuid) -> (bool, bool) {
    let is_there = lectern::recordings::folder(&test.app, id)
        .join("journal.jsonl")
        .exists();
    (
        is_there,
        sessions::get(&test.app, id).await.unwrap().recording_available,
    )
}

#[tokio::test]
async fn only_the_secret_of_the_settings_opens_the_routes_of_the_clock() {
    for settings in [SETTINGS, ""] {
        let test = TestApp::with(settings).await;
        let half = format!("Bearer {}", &SECRET[..31]);
        for name in ["cleanup-recordings", "migrate-streams-to-workouts"] {
            for wrong in [
                None,
                Some("Bearer "),
                Some(SECRET),
                Some(half.as_str()),
                Some("Basic eDp4"),
            ] {
                let answer = cron(&test, name, wrong).await;
                answer.is_problem(401, "unauthenticated");
                assert_eq!(answer.json()["error"], "Unauthorized", "{wrong:?}");
            }
        }
        let admin = test.sign_in("admin", Role::Admin).await;
        assert_eq!(
            test.get(&admin, "/api/admin/runs").await.json()["runs"],
            json!([]),
            "nothing was done"
        );
    }
}

#[tokio::test]
async fn clean_up_deletes_what_is_over_and_one_that_fails_stops_nothing() {
    for test in TestApp::on_both(SETTINGS).await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let (bob, cees) = (
            test.sign_in("bob", Role::Viewer).await,
            test.sign_in("cees", Role::Viewer).await,
        );
        let stuck = class(&test, &anna, 9, json!({})).await;
        let over = class(&test, &anna, 8, json!({})).await;
        let fresh = class(&test, &anna, 6, json!({})).await;
        let kept = class(&test, &anna, 8, json!({ "isKeptForCatalogue": true })).await;
        let popular: Uuid = test.plan_with(&anna, json!({})).await.parse().unwrap();
        for viewer in [&bob, &cees] {
            test.post(viewer, &format!("/api/live/sessions/{popular}/enrol"), json!({}))
                .await;
        }
        let session = sessions::get(&test.app, popular).await.unwrap();
        sessions::start(&test.app, session).await.unwrap();
        let ended = EndDates::new(Ts::now().plus_s(-8 * DAY_S), 7);
        store::mark_ended(&test.app.db, popular, ended).await.unwrap().unwrap();
        store::set_recording_available(&test.app.db, popular, true)
            .await
            .unwrap();

        let folder = lectern::recordings::folder(&test.app, stuck);
        std::fs::remove_dir_all(&folder).unwrap();
        std::fs::write(&folder, "a file where a folder belongs cannot be removed as one").unwrap();
        let run = clean_up(&test).await;
        assert_eq!(
            (&run["success"], &run["done"], &run["failed"]),
            (&json!(false), &json!(1), &json!(1)),
            "{run}"
        );
        assert!(run["error"].as_str().unwrap().starts_with(&stuck.to_string()), "{run}");
        assert_eq!(media(&test, over).await, (false, false));
        assert_eq!(media(&test, fresh).await, (true, true));
        assert_eq!(media(&test, kept).await, (true, true));
        assert!(
            sessions::get(&test.app, popular).await.unwrap().recording_available,
            "enough have enrolled"
        );

        std::fs::remove_file(&folder).unwrap(); // as after a server that ended in the middle: the media is gone already
        let run = clean_up(&test).await;
        assert_eq!(
            (&run["success"], &run["done"], &run["failed"]),
            (&json!(true), &json!(1), &json!(0)),
            "{run}"
        );
        assert_eq!(media(&test, stuck).await, (false, false));
        assert_eq!(clean_up(&test).await["done"], 0, "once");

        let admin = test.sign_in("admin", Role::Admin).await;
        let runs = test.get(&admin, "/api/admin/runs").await.json();
        let done: Vec<i64> = runs["runs"]
            .as_array()
            .unwrap()
            .iter()
            .map(|run| run["done"].as_i64().unwrap())
            .collect();
        assert_eq!(done, [0, 1, 1], "{runs}");
    }
}

#[tokio::test]
async fn a_kept_class_is_closed_to_viewers_and_then_plays_from_the_catalogue() {
    for test in TestApp::on_both(SETTINGS).await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let bob = test.sign_in("bob", Role::Viewer).await;
        let nobody = Browser::default();
        let plan = json!({ "title": "Yoga", "description": "Slow", "isPublic": true, "isKeptForCatalogue": true });
        let kept = class(&test, &anna, 70, plan.clone()).await;
        let young = class(&test, &anna, 20, plan).await;
        let other = class(&test, &anna, 70, json!({})).await;
        let empty = class(&test, &anna, 70, json!({ "isKeptForCatalogue": true })).await;
        std::fs::remove_dir_all(lectern::recordings::folder(&test.app, empty)).unwrap();
        clean_up(&test).await;
        test.get(&bob, &format!("/api/live/sessions/{kept}/hls/master.m3u8"))
            .await
            .is_problem(403, "replay-expired");

        let (one, two) = tokio::join!(
            workouts::migrate(&test.app, Ts::now()),
            workouts::migrate(&test.app, Ts::now())
        );
        let moved: Vec<Uuid> = [one.unwrap(), two.unwrap()]
            .into_iter()
            .flat_map(|tally| tally.done)
            .collect();
        assert_eq!(moved, [kept], "once, though two did it at the same time");
        let run = migrate(&test).await;
        assert_eq!((&run["done"], &run["failed"]), (&json!(0), &json!(0)), "{run}");

        let list = test.get(&nobody, "/api/workouts").await.json();
        let entry = &list["workouts"][0];
        assert_eq!(list["workouts"].as_array().unwrap().len(), 1, "{list}");
        assert_eq!(
            (&entry["title"], &entry["description"]),
            (&json!("Yoga"), &json!("Slow"))
        );
        assert_eq!(entry["playbackId"], json!(kept));
        assert_eq!(entry["storyboardUrl"], json!(null), "nothing was made of its pictures");
        let path = format!("/api/workouts/{}", entry["id"].as_str().unwrap());
        assert_eq!(test.get(&nobody, &path).await.json(), *entry);
        let hls = entry["hlsUrl"].as_str().unwrap();
        test.get(&nobody, hls).await.is_problem(401, "unauthenticated");
        let master = test.get(&bob, hls).await;
        assert_eq!(master.status, 200, "{}", master.text());
        let text = master.text();
        let playlist = text.lines().find(|line| line.starts_with("/media/")).unwrap();
        let media_playlist = test.get(&nobody, playlist).await;
        assert!(
            media_playlist.text().contains("#EXT-X-ENDLIST"),
            "{}",
            media_playlist.text()
        );

        // Its instructor changes their mind, or deletes the session: the catalogue keeps what it has.
        test.ask(&anna, Method::DELETE, &format!("/api/instructor/streams/{kept}"), None)
            .await;
        clean_up(&test).await;
        lectern::recordings::upkeep::once(&test.app).await.unwrap();
        assert_eq!(test.get(&bob, hls).await.status, 200);
        assert_eq!(media(&test, young).await, (true, true));
        assert_eq!(media(&test, other).await, (false, false));
    }
}

#[tokio::test]
async fn several_servers_do_the_daily_work_once_a_day() {
    let url = databases::postgres_url().await;
    let settings = format!("[database]\nurl = {url:?}");
    let servers = [TestApp::with(&settings).await, TestApp::with(&settings).await];
    let noon: jiff::Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    for day in 0..2 {
        for _ in 0..3 {
            for server in &servers {
                daily::once(&server.app, Ts::from(noon).plus_s(day * DAY_S))
                    .await
                    .unwrap();
            }
        }
        let (one, two) = (work_off(&servers[0]), work_off(&servers[1]));
        tokio::join!(one, two);
    }
    let admin = servers[0].sign_in("admin", Role::Admin).await;
    let runs = servers[0].get(&admin, "/api/admin/runs").await.json();
    let mut names: Vec<&str> = runs["runs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|run| run["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    let (clean_up, migrate) = (
        Chore::CleanupRecordings.as_str(),
        Chore::MigrateStreamsToWorkouts.as_str(),
    );
    assert_eq!(names, [clean_up, clean_up, migrate, migrate]);
    assert!(
        runs["runs"]
            .as_array()
            .unwrap()
            .iter()
            .all(|run| run["finishedAt"].is_string()),
        "{runs}"
    );
}

#[tokio::test]
async fn admins_start_the_daily_work_and_that_is_written_down() {
    for test in TestApp::on_both("").await {
        let admin = test.sign_in("admin", Role::Admin).await;
        let anna = test.sign_in("anna", Role::Instructor).await;
        let over = class(&test, &anna, 8, json!({})).await;
        let run = test
            .ask(&admin, Method::POST, "/api/admin/runs/cleanup-recordings", None)
            .await
            .json();
        assert_eq!(
            (&run["name"], &run["done"]),
            (&json!("cleanup-recordings"), &json!(1)),
            "{run}"
        );
        assert_eq!(media(&test, over).await, (false, false));
        let subject = run["id"].as_str().unwrap();
        let audit = test
            .get(&admin, &format!("/api/admin/audit?subject={subject}"))
            .await
            .json();
        assert_eq!(audit["entries"][0]["action"], "run.start", "{audit}");
    }
}

#[tokio::test]
async fn what_is_old_is_forgotten_and_what_is_young_is_not() {
    let settings = "[conversation]\nretention_days = 30\n[accounts]\naudit_days = 30\n";
    for test in TestApp::on_both(settings).await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let admin = test.sign_in("admin", Role::Admin).await;
        let session = test.plan(&anna, true).await;
        test.post(&anna, &format!("/api/instructor/streams/{session}/start"), json!({}))
            .await;
        let path = |what: &str| format!("/api/live/sessions/{session}/{what}");
        test.post(&anna, &path("chat"), json!({"message": "hello"})).await;
        test.post(&anna, &path("questions"), json!({"question": "why?"})).await;
        let poll = json!({"question": "which?", "options": ["a", "b"]});
        let poll = test.post(&anna, &path("polls"), poll).await.json();
        let vote = json!({"optionId": poll["options"][0]["id"]});
        let path_of_poll = format!("/api/live/polls/{}/vote", poll["id"].as_str().unwrap());
        assert_eq!(test.post(&admin, &path_of_poll, vote).await.status, 200);
        test.give(&anna, 5).await;
        daily::perform(&test.app, Chore::CleanupRecordings).await.unwrap();
        let count = async |path: &str, list: &str| test.get(&admin, path).await.json()[list].as_array().unwrap().len();
        let counts = async || {
            [
                count(&path("chat"), "messages").await,
                count(&path("questions"), "questions").await,
                count(&path("polls"), "polls").await,
                usize::from(count("/api/admin/audit", "entries").await > 0),
                count("/api/admin/runs", "runs").await,
            ]
        };
        daily::forgetting::once(&test.app, Ts::now().plus_s(29 * DAY_S))
            .await
            .unwrap();
        assert_eq!(counts().await, [1, 1, 1, 1, 1]);
        daily::forgetting::once(&test.app, Ts::now().plus_s(31 * DAY_S))
            .await
            .unwrap();
        assert_eq!(counts().await, [0, 0, 0, 0, 1]);
        daily::forgetting::once(&test.app, Ts::now().plus_s(401 * DAY_S))
            .await
            .unwrap();
        assert_eq!(counts().await, [0; 5]);
    }
}

#[tokio::test]
async fn mails_leave_the_outbox_after_their_days_and_other_files_stay() {
    let test = TestApp::with("[mail]\noutbox_days = 7\n").await;
    let ask = json!({"email": "anna@example.org"});
    let asked = test.post(&Browser::default(), "/api/auth/magic-link", ask).await;
    assert_eq!(asked.status, 202, "{}", asked.text());
    work_off(&test).await;
    let folder = test.data.path().join("outbox");
    let files = || {
        let files = std::fs::read_dir(&folder).unwrap();
        let mut names: Vec<_> = files
            .map(|file| file.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let mails = files();
    assert_eq!(mails.len(), 1, "{mails:?}");
    let unfinished = format!(".{}.new", mails[0]);
    for name in [unfinished.as_str(), "letter.eml"] {
        std::fs::write(folder.join(name), "").unwrap();
    }
    for (days, want) in [(6, 3), (8, 1), (8, 1)] {
        daily::forgetting::once(&test.app, Ts::now().plus_s(days * DAY_S))
            .await
            .unwrap();
        assert_eq!(files().len(), want, "after {days} days");
    }
    assert_eq!(files(), ["letter.eml"]);

    let keeps = TestApp::with("[mail]\noutbox_days = 0\n").await;
    let folder = keeps.data.path().join("outbox");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("20010101T000000Z-magic-link-1.eml"), "").unwrap();
    daily::forgetting::once(&keeps.app, Ts::now()).await.unwrap();
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1, "for ever");
}
