//! Accounts over HTTP and on the command line: rights and their log, profiles, browsers, export and deletion, the
//! instructors' login.

use std::process::Command;

use axum::body::Body;
use axum::http::header::{CONTENT_TYPE, USER_AGENT};
use axum::http::{Method, Request};
use lectern::accounts::{Role, Tier, store};
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};

async fn change(test: &TestApp, who: &Browser, path: &str, body: Value) -> crate::app::Answer {
    test.ask(who, Method::PATCH, path, Some(body)).await
}

#[tokio::test]
async fn an_admin_changes_rights_and_the_log_knows() {
    for test in TestApp::on_both("").await {
        let (ada, vic) = (
            test.sign_in("ada", Role::Admin).await,
            test.sign_in("vic", Role::Viewer).await,
        );
        let (ada_id, vic_id) = (ada.user.as_ref().unwrap().id, vic.user.as_ref().unwrap().id);
        let path = format!("/api/admin/users/{vic_id}");
        test.get(&vic, "/api/instructor/streams")
            .await
            .is_problem(403, "forbidden");
        let changed = change(&test, &ada, &path, json!({"role": "instructor"})).await.json();
        assert_eq!(
            (&changed["role"], &changed["tier"]),
            (&json!("instructor"), &json!("free"))
        );
        assert_eq!(test.get(&vic, "/api/instructor/streams").await.status, 200, "at once");
        change(&test, &ada, &path, json!({"tier": "pro"})).await;
        let user = lectern::accounts::find(&test.app.db, vic_id).await.unwrap();
        assert_eq!((user.role, user.tier), (Role::Instructor, Tier::Pro));
        change(&test, &ada, &path, json!({"role": "emperor"}))
            .await
            .is_problem(422, "invalid");

        let log = test
            .get(&ada, &format!("/api/admin/audit?subject={vic_id}"))
            .await
            .json();
        let entry = &log["entries"][1];
        assert_eq!(
            (&entry["action"], &entry["actorId"]),
            (&json!("user.rights"), &json!(ada_id))
        );
        assert_eq!(entry["detail"]["role"], json!({"from": "viewer", "to": "instructor"}));
        assert_eq!(
            (log["entries"].as_array().unwrap().len(), &log["hasMore"]),
            (2, &json!(false))
        );

        let own = format!("/api/admin/users/{ada_id}");
        change(&test, &ada, &own, json!({"role": "viewer"}))
            .await
            .is_problem(409, "last-admin");
        let deletion = json!({"email": "ada@example.org"});
        test.ask(&ada, Method::DELETE, "/api/auth/me", Some(deletion))
            .await
            .is_problem(409, "last-admin");
        change(&test, &ada, &path, json!({"role": "admin"})).await;
        assert_eq!(change(&test, &ada, &own, json!({"role": "viewer"})).await.status, 200);
    }
}

#[tokio::test]
async fn of_two_admins_who_go_at_once_one_stays() {
    for test in TestApp::on_both("").await {
        let (one, two) = (
            test.sign_in("one", Role::Admin).await,
            test.sign_in("two", Role::Admin).await,
        );
        let step_down = |who: &Browser| {
            let (db, id) = (test.app.db.clone(), who.user.as_ref().unwrap().id);
            async move {
                lectern::accounts::admin::change_rights(&db, None, id, Some(Role::Viewer), None)
                    .await
                    .is_ok()
            }
        };
        let (a, b) = tokio::join!(step_down(&one), step_down(&two));
        assert!(a != b, "{a} {b}");
        assert!(store::has_admin(&test.app.db).await.unwrap());
    }
}

#[tokio::test]
async fn users_are_found_by_name_address_and_role() {
    for test in TestApp::on_both("").await {
        let ada = test.sign_in("ada", Role::Admin).await;
        for name in ["vic", "Victoria", "wim"] {
            test.sign_in(name, Role::Viewer).await;
        }
        for (query, want) in [
            ("", vec!["wim", "Victoria", "vic", "ada"]),
            ("?search=VIC", vec!["Victoria", "vic"]),
            ("?search=%25", vec![]),
            ("?role=admin", vec!["ada"]),
            ("?limit=2", vec!["wim", "Victoria"]),
        ] {
            let found = test.get(&ada, &format!("/api/admin/users{query}")).await.json();
            let users = found["users"].as_array().unwrap().iter();
            let names: Vec<_> = users.map(|user| user["name"].as_str().unwrap()).collect();
            assert_eq!(names, want, "{query}");
            assert_eq!(found["hasMore"], query.contains("limit"), "{query}");
        }
    }
}

#[tokio::test]
async fn a_profile_is_the_users_own() {
    for test in TestApp::on_both("").await {
        let vic = test.sign_in("vic", Role::Viewer).await;
        let new = json!({"name": " Vic V. ", "language": "nl", "timeZone": "Europe/Amsterdam"});
        assert_eq!(change(&test, &vic, "/api/auth/me", new).await.status, 200);
        let me = test.get(&vic, "/api/auth/me").await.json();
        let me = &me["user"];
        assert_eq!(
            (&me["name"], &me["language"], &me["timeZone"]),
            (&json!("Vic V."), &json!("nl"), &json!("Europe/Amsterdam"))
        );
        change(&test, &vic, "/api/auth/me", json!({"language": "en"})).await;
        assert_eq!(
            test.get(&vic, "/api/auth/me").await.json()["user"]["timeZone"],
            "Europe/Amsterdam"
        );
        for (field, value) in [("timeZone", "Europe/Atlantis"), ("name", "  ")] {
            let refused = change(&test, &vic, "/api/auth/me", json!({ field: value })).await;
            refused.is_problem(422, "invalid");
            assert_eq!(refused.json()["errors"][0]["path"], field);
        }
    }
}

async fn log_in(test: &TestApp, agent: &str) -> Browser {
    let form = json!({"email": "vic@example.org", "password": "a good password"});
    let request = Request::post("/api/auth/login")
        .header(CONTENT_TYPE, "application/json")
        .header(USER_AGENT, agent);
    test.send(request.body(Body::from(form.to_string())).unwrap())
        .await
        .browser()
}

#[tokio::test]
async fn browsers_are_listed_and_signed_out_from_afar() {
    for test in TestApp::on_both("").await {
        let form = json!({"name": "Vic", "email": "vic@example.org", "password": "a good password"});
        assert_eq!(
            test.post(&Browser::default(), "/api/auth/signup", form).await.status,
            201
        );
        let (phone, laptop) = (log_in(&test, "Phone/1").await, log_in(&test, "Laptop/2").await);
        let list = test.get(&laptop, "/api/auth/sessions").await.json();
        let list = list["sessions"].as_array().unwrap();
        assert_eq!(list.len(), 3);
        let this: Vec<_> = list.iter().filter(|one| one["isThis"] == true).collect();
        assert_eq!(
            (this.len(), &this[0]["userAgent"], &this[0]["address"]),
            (1, &json!("Laptop/2"), &json!("127.0.0.1"))
        );
        assert!(!list.iter().any(|one| {
            one.to_string()
                .contains(laptop.cookie.as_ref().unwrap().split_once('=').unwrap().1)
        }));

        let lost = list.iter().find(|one| one["userAgent"] == "Phone/1").unwrap();
        let path = format!("/api/auth/sessions/{}", lost["id"].as_str().unwrap());
        let eve = test.sign_in("eve", Role::Viewer).await;
        test.ask(&eve, Method::DELETE, &path, None)
            .await
            .is_problem(404, "not-found");
        assert_eq!(test.ask(&laptop, Method::DELETE, &path, None).await.status, 204);
        test.get(&phone, "/api/auth/sessions")
            .await
            .is_problem(401, "unauthenticated");

        assert_eq!(
            test.ask(&laptop, Method::DELETE, "/api/auth/sessions", None)
                .await
                .status,
            204
        );
        let left = test.get(&laptop, "/api/auth/sessions").await.json();
        assert_eq!(left["sessions"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_account_is_exported_and_deleted_and_what_was_paid_stays() {
    for test in TestApp::on_both("").await {
        let (ada, anna) = (
            test.sign_in("ada", Role::Admin).await,
            test.sign_in("anna", Role::Instructor).await,
        );
        let vic = test.sign_in("vic", Role::Viewer).await;
        let vic_id = vic.user.as_ref().unwrap().id;
        test.give(&vic, 50).await;
        let id = test.plan_with(&anna, json!({"priceInTokens": 20})).await;
        for action in ["enrol", "reminder"] {
            test.ask(&vic, Method::POST, &format!("/api/live/sessions/{id}/{action}"), None)
                .await;
        }
        let export = test.get(&vic, "/api/auth/me/export").await.json();
        assert_eq!(export["account"]["email"], "vic@example.org");
        assert_eq!(
            (
                &export["enrolments"][0]["sessionId"],
                &export["enrolments"][0]["tokensPaid"]
            ),
            (&json!(id), &json!(20))
        );
        assert_eq!(export["tokenTransactions"].as_array().unwrap().len(), 2);
        assert_eq!(export["reminders"][0]["sessionId"], json!(id));
        assert!(!export.to_string().contains("password"), "{export}");

        let delete = |who: &Browser, email: &str| {
            let (test, who, body) = (&test, who.clone(), json!({ "email": email }));
            async move { test.ask(&who, Method::DELETE, "/api/auth/me", Some(body)).await }
        };
        delete(&vic, "anna@example.org").await.is_problem(422, "invalid");
        delete(&anna, "anna@example.org")
            .await
            .is_problem(409, "sessions-to-come");
        assert_eq!(delete(&vic, "Vic@example.org").await.status, 204);
        test.get(&vic, "/api/auth/sessions")
            .await
            .is_problem(401, "unauthenticated");
        assert!(
            store::user_by_email(&test.app.db, "vic@example.org")
                .await
                .unwrap()
                .is_none()
        );
        let users = test.get(&ada, "/api/admin/users").await.text();
        assert!(!users.contains(&vic_id.to_string()), "{users}");
        let (kept, _) = lectern::tokens::history(&test.app, vic_id, None, 10).await.unwrap();
        assert_eq!(kept.len(), 2, "the books stay whole");
        test.sign_in("vic", Role::Viewer).await; // the address is free again
    }
}

#[tokio::test]
async fn instructors_sign_in_with_their_password_or_the_access_token() {
    let token = "0123456789abcdef0123456789abcdef";
    let settings = format!("[accounts]\ninstructor_access_token = {token:?}");
    for test in TestApp::on_both(&settings).await {
        let log_in = |body: Value| test.post(Box::leak(Box::new(Browser::default())), "/api/instructor/login", body);
        for _ in 0..2 {
            let answer = log_in(json!({ "token": token })).await;
            assert_eq!(answer.json()["user"]["role"], "instructor", "{}", answer.text());
            let cookie = answer.header("set-cookie");
            assert!(
                cookie.contains("HttpOnly") && cookie.contains("Max-Age=604800"),
                "{cookie}"
            );
            assert_eq!(test.get(&answer.browser(), "/api/instructor/streams").await.status, 200);
        }
        log_in(json!({"token": "0123456789abcdef0123456789abcdeX"}))
            .await
            .is_problem(401, "unauthenticated");
        log_in(json!({"token": token, "email": "x@example.org"}))
            .await
            .is_problem(400, "bad-request");
        let form = json!({"name": "Vic", "email": "vic@example.org", "password": "a good password"});
        let vic = test.post(&Browser::default(), "/api/auth/signup", form).await.json();
        let form = json!({"email": "vic@example.org", "password": "a good password"});
        log_in(form.clone()).await.is_problem(403, "forbidden");
        let id = vic["id"].as_str().unwrap().parse().unwrap();
        let rights = lectern::accounts::admin::change_rights(&test.app.db, None, id, Some(Role::Instructor), None);
        rights.await.unwrap();
        assert_eq!(log_in(form).await.status, 200);
    }
    let test = TestApp::new().await;
    let none = test
        .post(&Browser::default(), "/api/instructor/login", json!({"token": ""}))
        .await;
    none.is_problem(401, "unauthenticated");
}

#[tokio::test]
async fn the_command_line_makes_accounts_and_gives_roles() {
    let postgres = crate::databases::postgres_url().await;
    for url in ["", &postgres] {
        let folder = tempfile::tempdir().unwrap();
        let run = |password: &str, words: &[&str]| {
            let output = Command::new(env!("CARGO_BIN_EXE_lectern"))
                .arg("admin")
                .args(words)
                .env("LECTERN_DATA__DIR", folder.path())
                .env("LECTERN_DATABASE__URL", url)
                .env("LECTERN_PASSWORD", password)
                .current_dir(folder.path())
                .output()
                .unwrap();
            let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
            (output.status.success(), text)
        };
        let (made, text) = run("a good password", &["create", "Root@example.org", "--name", "Root"]);
        assert!(made && text.contains("root@example.org is admin"), "{text}");
        let (again, text) = run("a good password", &["create", "root@example.org", "--name", "Root"]);
        assert!(!again && text.contains("there is an account"), "{text}");
        let (short, text) = run("short", &["create", "b@example.org", "--name", "B"]);
        assert!(!short && text.contains("8 to 128"), "{text}");
        let (last, text) = run("", &["set-role", "root@example.org", "viewer"]);
        assert!(!last && text.contains("last admin"), "{text}");
        let (other, _) = run(
            "a good password",
            &["create", "c@example.org", "--name", "C", "--role", "viewer"],
        );
        let (raised, text) = run("", &["set-role", "C@example.org", "instructor"]);
        assert!(
            other && raised && text.contains("c@example.org is instructor"),
            "{text}"
        );

        let settings = format!("[database]\nurl = {url:?}");
        let test = TestApp::in_folder(folder, &settings).await;
        assert!(test.setup_link.is_none(), "there is an admin");
        let form = json!({"email": "root@example.org", "password": "a good password"});
        assert_eq!(
            test.post(&Browser::default(), "/api/auth/login", form).await.json()["user"]["role"],
            "admin"
        );
    }
}
