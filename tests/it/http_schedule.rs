//! The schedule over HTTP: the examples that clients were written by, reminders, series, what the clock does, search.

use axum::http::Method;
use lectern::accounts::Role;
use lectern::db::Ts;
use lectern::sessions::access::{self, Denied};
use lectern::sessions::{Plan, lifecycle, series, store};
use serde_json::{Value, json};

use crate::app::{Answer, Browser, TestApp};

async fn act(test: &TestApp, who: &Browser, method: Method, path: &str) -> Answer {
    test.ask(who, method, path, None).await
}

/// Every field of `example` is in `found` with a value of the same kind, and where `exact` says so with the same value.
#[track_caller]
fn is_like(found: &Value, example: &Value, exact: &[&str]) {
    for (name, value) in example.as_object().unwrap() {
        let there = found.get(name).unwrap_or_else(|| panic!("{name} is missing: {found}"));
        let same_kind = std::mem::discriminant(there) == std::mem::discriminant(value);
        assert!(
            same_kind || value.is_null() || there.is_null(),
            "{name}: {there}, not like {value}"
        );
        assert!(
            !exact.contains(&name.as_str()) || there == value,
            "{name}: {there}, not {value}"
        );
    }
}

#[tokio::test]
async fn sessions_are_told_as_in_the_examples() {
    let exact = [
        "title",
        "description",
        "scheduledDate",
        "duration",
        "topic",
        "phaseId",
        "status",
        "thumbnailUrl",
        "videoUrl",
        "hasReminder",
    ];
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let upcoming = json!({
            "id": "session-uuid-1",
            "title": "Live Q&A: Discovery Technieken",
            "description": "Leer de E.P.I.C. methode voor ontdekkingsgesprekken",
            "scheduledDate": "2027-01-22T14:00:00Z",
            "duration": 60,
            "topic": "Fase 2 • Ontdekkingsfase",
            "phaseId": 2,
            "status": "upcoming",
            "videoUrl": null,
            "thumbnailUrl": "https://example.org/picture.jpg",
            "viewerCount": 0,
            "hasReminder": false
        });
        let live = json!({
            "id": "session-uuid-2",
            "title": "Live Coaching: Bezwaarhandeling",
            "scheduledDate": "2027-01-15T14:00:00Z",
            "duration": 60,
            "topic": "Fase 4 • Beslissingsfase",
            "phaseId": 4,
            "status": "live",
            "videoUrl": "https://livestream.url",
            "viewerCount": 127
        });
        let mut ids = Vec::new();
        for example in [&upcoming, &live] {
            let mut fields = json!({
                "title": example["title"], "scheduledStart": example["scheduledDate"],
                "durationMinutes": example["duration"], "topic": example["topic"], "phaseId": example["phaseId"],
            });
            for name in ["description", "thumbnailUrl"] {
                if example[name].is_string() {
                    fields[name] = example[name].clone();
                }
            }
            ids.push(test.plan_with(&anna, fields).await);
        }
        act(
            &test,
            &anna,
            Method::POST,
            &format!("/api/instructor/streams/{}/start", ids[1]),
        )
        .await;

        let nobody = Browser::default();
        is_like(
            &test
                .get(&nobody, &format!("/api/live/sessions/{}", ids[0]))
                .await
                .json(),
            &upcoming,
            &exact,
        );
        let list = test.get(&anna, "/api/live/sessions").await.json();
        is_like(
            &list["sessions"][0],
            &live,
            &["title", "scheduledDate", "duration", "topic", "phaseId", "status"],
        );
        assert!(list["sessions"][0]["videoUrl"].is_string(), "what plays now");
        is_like(&list["sessions"][1], &upcoming, &exact);
        for (query, want) in [
            ("status=upcoming", vec![&ids[0]]),
            ("status=live", vec![&ids[1]]),
            ("status=ended", vec![]),
            ("limit=1", vec![&ids[1]]),
        ] {
            let found = test.get(&nobody, &format!("/api/live/sessions?{query}")).await.json();
            let found: Vec<_> = found["sessions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["id"].as_str().unwrap())
                .collect();
            assert_eq!(found, want, "{query}");
        }
    }
}

#[tokio::test]
async fn a_reminder_is_set_once_and_taken_back() {
    for test in TestApp::on_both("").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let id = test.plan(&anna, false).await;
        let path = format!("/api/live/sessions/{id}/reminder");
        let own = json!({ "userId": vic.user.as_ref().unwrap().id });
        let set = test.post(&vic, &path, own.clone()).await;
        assert_eq!((set.status.as_u16(), &set.json()["success"]), (200, &json!(true)));
        assert_eq!(set.json().as_object().unwrap().len(), 2, "{}", set.text());
        let again = act(&test, &vic, Method::POST, &path).await;
        assert_eq!(
            again.json()["reminderId"],
            set.json()["reminderId"],
            "without a body, and twice"
        );
        let has = async |who: &Browser| {
            let one = test.get(who, &format!("/api/live/sessions/{id}")).await.json()["hasReminder"].clone();
            let list = test.get(who, "/api/live/sessions").await.json()["sessions"][0]["hasReminder"].clone();
            assert_eq!(one, list);
            one.as_bool().unwrap()
        };
        assert!(has(&vic).await);
        assert!(!has(&anna).await && !has(&Browser::default()).await);
        let foreign = json!({ "userId": anna.user.as_ref().unwrap().id });
        for body in [foreign, json!({"userId": "somebody"})] {
            test.post(&vic, &path, body.clone()).await.is_problem(403, "forbidden");
            test.post(&vic, &format!("/api/live/sessions/{id}/enrol"), body)
                .await
                .is_problem(403, "forbidden");
        }
        for _ in 0..2 {
            let gone = test.ask(&vic, Method::DELETE, &path, Some(own.clone())).await;
            assert_eq!((gone.status.as_u16(), gone.json()), (200, json!({"success": true})));
        }
        assert!(!has(&vic).await);
        act(
            &test,
            &anna,
            Method::POST,
            &format!("/api/instructor/streams/{id}/cancel"),
        )
        .await;
        act(&test, &vic, Method::POST, &path)
            .await
            .is_problem(409, "session-over");
    }
}

#[tokio::test]
async fn a_weekly_series_stands_still_on_the_clock_and_each_session_goes_its_own_way() {
    for test in TestApp::on_both("").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let session = json!({
            "title": "Every Wednesday", "scheduledStart": "2027-03-17T14:00:00+01:00", "durationMinutes": 60,
            "timeZone": "Europe/Amsterdam", "priceInTokens": 10,
        });
        let body = |rule: &str| json!({ "rule": rule, "session": session });
        let made = test
            .post(&anna, "/api/instructor/series", body("FREQ=WEEKLY;BYDAY=WE"))
            .await;
        assert_eq!(made.status, 201, "{}", made.text());
        let made = made.json();
        let sessions = made["sessions"].as_array().unwrap();
        let starts: Vec<_> = sessions
            .iter()
            .map(|one| one["scheduledDate"].as_str().unwrap())
            .collect();
        assert_eq!(
            starts[..3],
            ["2027-03-17T13:00:00Z", "2027-03-24T13:00:00Z", "2027-03-31T12:00:00Z"]
        );
        assert_eq!(starts.len(), 14, "a quarter of a year");
        assert!(sessions.iter().all(|one| one["seriesId"] == made["series"]["id"]));

        // One is moved, one cancelled, one deleted; then time goes on.
        let ids: Vec<_> = sessions
            .iter()
            .map(|one| one["id"].as_str().unwrap().to_owned())
            .collect();
        let path = |id: &str| format!("/api/instructor/streams/{id}");
        let moved = json!({"scheduledStart": "2027-03-18T13:00:00Z"});
        assert_eq!(
            test.ask(&anna, Method::PATCH, &path(&ids[0]), Some(moved)).await.status,
            200
        );
        assert_eq!(
            act(&test, &anna, Method::POST, &format!("{}/cancel", path(&ids[1])))
                .await
                .status,
            200
        );
        assert_eq!(act(&test, &anna, Method::DELETE, &path(&ids[2])).await.status, 204);
        let later = Ts::from("2027-06-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap());
        for _ in 0..2 {
            series::plan_ahead(&test.app, later).await.unwrap();
        }
        let all = test.get(&anna, "/api/live/sessions?limit=100").await.json();
        let starts: Vec<_> = all["sessions"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["scheduledDate"].as_str().unwrap())
            .collect();
        assert_eq!(
            starts[..2],
            ["2027-03-18T13:00:00Z", "2027-04-07T12:00:00Z"],
            "neither comes back"
        );
        assert_eq!(
            starts.last(),
            Some(&"2027-08-25T12:00:00Z"),
            "a quarter of a year after the first of June"
        );
        assert_eq!(starts.len(), 22);

        // The rest is cancelled, with the tokens given back.
        test.give(&vic, 10).await;
        act(
            &test,
            &vic,
            Method::POST,
            &format!("/api/live/sessions/{}/enrol", ids[5]),
        )
        .await;
        let cancel = format!(
            "/api/instructor/series/{}/cancel",
            made["series"]["id"].as_str().unwrap()
        );
        assert_eq!(
            act(&test, &anna, Method::POST, &cancel).await.json(),
            json!({"cancelledSessions": 22})
        );
        assert_eq!(test.get(&vic, "/api/tokens/balance").await.json()["balance"], 10);
        series::plan_ahead(&test.app, later.plus_s(365 * 86_400)).await.unwrap();
        assert_eq!(
            test.get(&anna, "/api/live/sessions").await.json()["sessions"],
            json!([])
        );
        assert!(test.get(&anna, "/api/instructor/series").await.json()["series"][0]["endedAt"].is_string());

        for rule in ["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO", "FREQ=WEEKLY;UNTIL=20200101"] {
            let refused = test.post(&anna, "/api/instructor/series", body(rule)).await;
            refused.is_problem(422, "invalid");
            assert_eq!(refused.json()["errors"][0]["path"], "rule", "{rule}");
        }
    }
}

#[tokio::test]
async fn a_session_that_never_started_is_cancelled_by_the_clock() {
    for test in TestApp::on_both("[sessions]\ncancel_unstarted_after_minutes = 30").await {
        let (anna, vic) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let at = |minutes: i64| Ts::now().plus_s(60 * minutes);
        let mut ids = Vec::new();
        for start in [10, 10, 40] {
            let id = test
                .plan_with(&anna, json!({"scheduledStart": at(start), "priceInTokens": 5}))
                .await;
            test.give(&vic, 5).await;
            assert_eq!(
                act(&test, &vic, Method::POST, &format!("/api/live/sessions/{id}/enrol"))
                    .await
                    .status,
                201
            );
            ids.push(id);
        }
        act(
            &test,
            &anna,
            Method::POST,
            &format!("/api/instructor/streams/{}/start", ids[1]),
        )
        .await;
        let statuses = async || {
            let mut found = Vec::new();
            for id in &ids {
                found.push(test.get(&anna, &format!("/api/live/sessions/{id}")).await.json()["status"].clone());
            }
            found
        };
        lifecycle::cancel_never_started(&test.app, at(99)).await.unwrap();
        assert_eq!(
            statuses().await,
            ["upcoming", "live", "upcoming"],
            "an hour, and half an hour of patience"
        );
        lifecycle::cancel_never_started(&test.app, at(101)).await.unwrap();
        assert_eq!(statuses().await, ["cancelled", "live", "upcoming"]);
        assert_eq!(test.get(&vic, "/api/tokens/balance").await.json()["balance"], 5);
    }
}

#[tokio::test]
async fn media_makes_a_session_live_only_where_it_is_set_so() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        for by_media in [true, false] {
            let id = test
                .plan_with(&anna, json!({"goesLiveWithMedia": by_media, "isPublic": true}))
                .await;
            let session = lectern::sessions::get(&test.app, id.parse().unwrap()).await.unwrap();
            let nobody = access::may_watch(&session, None, None, &test.app.keys.tokens, Ts::now());
            assert_eq!(
                nobody,
                if by_media { Ok(()) } else { Err(Denied::NotYet) },
                "nobody sees a rehearsal"
            );
            let owner = access::guest(&test.app, anna.user.as_ref(), None);
            assert_eq!(
                access::may_watch(&session, None, owner, &test.app.keys.tokens, Ts::now()),
                Ok(())
            );
            let live = store::mark_live_with_media(&test.app.db, session.id, Ts::now())
                .await
                .unwrap();
            assert_eq!(live.is_some(), by_media);
        }
    }
}

#[tokio::test]
async fn sessions_are_found_by_words_dates_and_pages() {
    for test in TestApp::on_both("").await {
        let (anna, otto) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("otto", Role::Instructor).await,
        );
        for (who, title, topic, phase, day) in [
            (&anna, "Discovery 100%", "Vragen", 2, 1),
            (&anna, "Closing", "Discovery again, ÉLAN 👏", 4, 2),
            (&otto, "Objections_1", "Prijs", 4, 3),
        ] {
            let start = format!("2027-05-0{day}T10:00:00Z");
            test.plan_with(
                who,
                json!({"title": title, "topic": topic, "phaseId": phase, "scheduledStart": start}),
            )
            .await;
        }
        let otto_id = otto.user.as_ref().unwrap().id;
        let cases = [
            ("search=discovery".to_owned(), vec!["Discovery 100%", "Closing"]),
            ("search=DISCOVERY%20100%25".to_owned(), vec!["Discovery 100%"]),
            ("search=%25".to_owned(), vec!["Discovery 100%"]),
            ("search=_".to_owned(), vec!["Objections_1"]),
            ("search=%C3%89LAN".to_owned(), vec!["Closing"]),
            ("search=%F0%9F%91%8F".to_owned(), vec!["Closing"]),
            ("search=otto".to_owned(), vec!["Objections_1"]),
            (format!("instructor={otto_id}"), vec!["Objections_1"]),
            ("phase=4".to_owned(), vec!["Closing", "Objections_1"]),
            ("from=2027-05-02T10:00:00Z".to_owned(), vec!["Closing", "Objections_1"]),
            ("until=2027-05-02T10:00:00Z".to_owned(), vec!["Discovery 100%"]),
            ("skip=1&limit=1".to_owned(), vec!["Closing"]),
        ];
        for (query, want) in cases {
            let found = test
                .get(&Browser::default(), &format!("/api/live/sessions?{query}"))
                .await
                .json();
            let titles: Vec<_> = found["sessions"]
                .as_array()
                .unwrap()
                .iter()
                .map(|one| one["title"].as_str().unwrap())
                .collect();
            assert_eq!(titles, want, "{query}");
            assert_eq!(found["hasMore"], query.contains("limit=1"), "{query}");
        }
        for query in [
            "limit=0",
            "limit=101",
            "skip=-1",
            "phase=x",
            "from=yesterday",
            "status=gone",
        ] {
            let path = format!("/api/live/sessions?{query}");
            test.get(&Browser::default(), &path)
                .await
                .is_problem(400, "bad-request");
        }
    }
}

#[tokio::test]
async fn everything_that_is_decided_about_a_session_can_be_changed() {
    for test in TestApp::on_both("").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let id = test.plan(&anna, false).await;
        let change = json!({
            "level": "Beginner", "priceInTokens": 25, "isOpenToSubscribers": true, "goesLiveWithMedia": false,
            "isKeptForCatalogue": true, "thumbnailUrl": "https://example.org/a.jpg",
        });
        let path = format!("/api/instructor/streams/{id}");
        let changed = test.ask(&anna, Method::PATCH, &path, Some(change.clone())).await.json();
        is_like(
            &changed,
            &change,
            &[
                "level",
                "priceInTokens",
                "isOpenToSubscribers",
                "goesLiveWithMedia",
                "isKeptForCatalogue",
                "thumbnailUrl",
            ],
        );
        let plan = lectern::sessions::get(&test.app, id.parse().unwrap())
            .await
            .unwrap()
            .plan();
        let again: Plan = serde_json::from_str(&serde_json::to_string(&plan).unwrap()).unwrap();
        assert_eq!(again, plan, "as series keep it");
        for (field, value) in [("priceInTokens", json!(-1)), ("thumbnailUrl", json!("not a link"))] {
            let refused = test
                .ask(&anna, Method::PATCH, &path, Some(json!({ field: value })))
                .await;
            refused.is_problem(422, "invalid");
            assert_eq!(refused.json()["errors"][0]["path"], field);
        }
    }
}
