//! Calendar files as other programs read them: the `icalendar` package of Python takes them apart, and a strict reader of
//! RFC 5545's lines checks their form.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use axum::http::Method;
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};

/// Prints what Python's parser finds, as JSON.
const PARSER: &str = r#"
import icalendar, json, sys
calendar = icalendar.Calendar.from_ical(sys.stdin.buffer.read())
def event(e):
    alarms = [a for a in e.walk("VALARM")]
    return {
        "uid": str(e["UID"]), "start": e["DTSTART"].dt.isoformat(), "end": e["DTEND"].dt.isoformat(),
        "summary": str(e["SUMMARY"]), "description": str(e["DESCRIPTION"]), "location": str(e["LOCATION"]),
        "url": str(e["URL"]), "status": str(e["STATUS"]), "sequence": int(e["SEQUENCE"]),
        "alarms": [a["TRIGGER"].dt.total_seconds() for a in alarms],
        "errors": [str(x) for x in e.errors],
    }
print(json.dumps({
    "method": str(calendar["METHOD"]), "version": str(calendar["VERSION"]), "errors": [str(x) for x in calendar.errors],
    "events": [event(e) for e in calendar.walk("VEVENT")],
}))
"#;

fn parse(text: &str) -> Value {
    let python = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin/python");
    let mut child = Command::new(&python)
        .args(["-c", PARSER])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{}: {error}; `scripts/test needs` makes it", python.display()));
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{complaints}\n`scripts/test needs` installs the parser\n{text}"
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// RFC 5545 section 3.1: lines end in CRLF, are at most 75 bytes long, and say `NAME[;PARAMETER=…]:value`; what begins
/// ends, and every component has what it must have, once.
fn check_form(text: &str) {
    assert!(text.ends_with("\r\n"), "{text}");
    let mut open: Vec<(String, Vec<String>)> = Vec::new();
    assert!(
        !text.replace("\r\n", "").contains(['\r', '\n']),
        "a bare line end: {text:?}"
    );
    assert!(
        text.split("\r\n").all(|line| line.len() <= 75),
        "a line is too long: {text}"
    );
    for line in text.replace("\r\n ", "").lines() {
        let (name, value) = line.split_once(':').unwrap_or_else(|| panic!("{line}"));
        let name = name.split(';').next().unwrap();
        assert!(
            name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'),
            "{line}"
        );
        match name {
            "BEGIN" => open.push((value.into(), Vec::new())),
            "END" => {
                let (component, mut names) = open.pop().unwrap();
                assert_eq!(component, value);
                for must in match value {
                    "VCALENDAR" => &["PRODID", "VERSION", "METHOD"][..],
                    "VEVENT" => &["UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS"],
                    "VALARM" => &["ACTION", "TRIGGER", "DESCRIPTION"],
                    other => panic!("{other}"),
                } {
                    assert!(names.contains(&(*must).to_owned()), "{value} without {must}: {text}");
                }
                names.sort();
                assert!(
                    names.windows(2).all(|pair| pair[0] != pair[1]),
                    "twice in {value}: {names:?}"
                );
            }
            _ => open.last_mut().unwrap().1.push(name.into()),
        }
    }
    assert!(open.is_empty());
}

#[tokio::test]
async fn a_calendar_file_says_what_was_planned_and_its_sequence_grows() {
    for test in TestApp::on_both("[http]\npublic_url = \"https://live.example\"").await {
        let anna = test.sign_in("anna", Role::Instructor).await;
        let title = "Live Q&A: Discovery; technieken, deel 2 \\ slot — één 🎥 en nog een heel lange titel";
        let description = "Leer de E.P.I.C. methode;\nvoor ontdekkingsgesprekken,\r\nmet voorbeelden";
        let id = test
            .plan_with(
                &anna,
                json!({
                    "title": title, "description": description, "topic": "Fase 2: Ontdekkingsfase",
                    "scheduledStart": "2027-01-22T15:00:00+01:00", "timeZone": "Europe/Amsterdam",
                }),
            )
            .await;
        let path = format!("/api/live/sessions/{id}/calendar");
        let nobody = Browser::default();
        let read = || test.get(&nobody, &path);
        let answer = read().await;
        assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
        assert_eq!(
            answer.header("content-disposition"),
            "attachment; filename=\"live-coaching-session.ics\""
        );
        for line in [
            "BEGIN:VCALENDAR",
            "VERSION:2.0",
            "CALSCALE:GREGORIAN",
            "METHOD:PUBLISH",
            "DTSTART:20270122T140000Z",
            "DTEND:20270122T150000Z",
            "STATUS:CONFIRMED",
            "SEQUENCE:0",
            "END:VEVENT",
        ] {
            assert!(
                answer.text().contains(&format!("{line}\r\n")),
                "{line} is missing: {}",
                answer.text()
            );
        }
        check_form(&answer.text());
        let found = parse(&answer.text());
        let url = format!("https://live.example/streams/{id}/watch");
        let event = json!({
            "uid": format!("{id}@lectern"),
            "start": "2027-01-22T14:00:00+00:00",
            "end": "2027-01-22T15:00:00+00:00",
            "summary": title,
            "description": format!("Fase 2: Ontdekkingsfase\n\n{}\n\n{url}", description.replace('\r', "")),
            "location": url,
            "url": url,
            "status": "CONFIRMED",
            "sequence": 0,
            "alarms": [-3600.0],
            "errors": [],
        });
        assert_eq!(
            found,
            json!({"method": "PUBLISH", "version": "2.0", "errors": [], "events": [event]})
        );

        let plan = format!("/api/instructor/streams/{id}");
        let moved = json!({"scheduledStart": "2027-01-23T14:00:00Z"});
        test.ask(&anna, Method::PATCH, &plan, Some(moved)).await;
        let event = parse(&read().await.text())["events"][0].clone();
        assert_eq!(
            (&event["start"], &event["sequence"]),
            (&json!("2027-01-23T14:00:00+00:00"), &json!(1))
        );
        assert_eq!(event["uid"], format!("{id}@lectern"));
        test.ask(&anna, Method::POST, &format!("{plan}/cancel"), None).await;
        let event = parse(&read().await.text())["events"][0].clone();
        assert_eq!((&event["status"], &event["sequence"]), (&json!("CANCELLED"), &json!(2)));
        assert_eq!(event["alarms"], json!([]));
    }
}

#[tokio::test]
async fn a_feed_shows_what_its_user_has_to_do_with_until_its_address_is_replaced() {
    for test in TestApp::on_both("").await {
        let (anna, otto) = (
            test.sign_in("anna", Role::Instructor).await,
            test.sign_in("otto", Role::Instructor).await,
        );
        let vic = test.sign_in("vic", Role::Viewer).await;
        let mut ids = Vec::new();
        for title in ["enrolled", "reminded", "neither"] {
            ids.push(test.plan_with(&anna, json!({ "title": title })).await);
        }
        test.plan_with(&otto, json!({"title": "otto's"})).await;
        for (id, action) in [(&ids[0], "enrol"), (&ids[1], "reminder")] {
            let path = format!("/api/live/sessions/{id}/{action}");
            assert!(test.ask(&vic, Method::POST, &path, None).await.status.is_success());
        }
        let address = async |who: &Browser| {
            let url = test.get(who, "/api/calendar").await.json()["url"]
                .as_str()
                .unwrap()
                .to_owned();
            url.strip_prefix("http://live.test").unwrap().to_owned()
        };
        let titles = async |path: &str| {
            let answer = test.get(&Browser::default(), path).await;
            assert_eq!(answer.header("content-type"), "text/calendar; charset=utf-8");
            check_form(&answer.text());
            let found = parse(&answer.text());
            let events = found["events"].as_array().unwrap().iter();
            let mut titles: Vec<_> = events
                .map(|event| event["summary"].as_str().unwrap().to_owned())
                .collect();
            titles.sort();
            titles
        };
        let path = address(&vic).await;
        assert_eq!(titles(&path).await, ["enrolled", "reminded"]);
        assert_eq!(
            titles(&address(&anna).await).await,
            ["enrolled", "neither", "reminded"],
            "her own"
        );

        let cancel = format!("/api/instructor/streams/{}/cancel", ids[0]);
        test.ask(&anna, Method::POST, &cancel, None).await;
        let feed = parse(&test.get(&Browser::default(), &path).await.text());
        let statuses: Vec<_> = feed["events"]
            .as_array()
            .unwrap()
            .iter()
            .map(|event| event["status"].clone())
            .collect();
        assert!(
            statuses.contains(&json!("CANCELLED")),
            "calendars hear of it: {statuses:?}"
        );

        test.ask(&vic, Method::POST, "/api/calendar/rotate", None).await;
        test.get(&Browser::default(), &path).await.is_problem(404, "not-found");
        assert_eq!(titles(&address(&vic).await).await, ["enrolled", "reminded"]);
        test.get(&Browser::default(), "/api/calendar/guess.ics")
            .await
            .is_problem(404, "not-found");
    }
}
