//! The WebSocket `/live/{session}` with a real client against a server that listens, on both databases.

use std::time::{Duration, Instant};

use lectern::accounts::{Role, login};
use lectern::events::Push;
use lectern::sessions;
use lectern::sessions::bans::{self, BanKind};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::app::Browser;
use crate::end_to_end_server::Running;
use crate::follower::{Follower, live_session, on_postgres, servers, sign_in};

/// The time in which a right that has ended closes what it opened.
const CUT: Duration = Duration::from_secs(2);

async fn session_of(server: &Running, id: Uuid) -> sessions::Session {
    sessions::get(&server.app, id).await.unwrap()
}

#[tokio::test]
async fn what_is_sent_reaches_everybody_as_clients_know_it() {
    for server in servers().await {
        let id = live_session(&server).await;
        let sarah = sign_in(&server.app, "Sarah van Dijk", Role::Viewer).await;
        let mut own = Follower::new(&server, id, &sarah).await;
        let mut other = Follower::new(&server, id, &Browser::default()).await;
        own.send("chat:send", json!({"message": "Geweldige tip!"})).await;
        for follower in [&mut own, &mut other] {
            let message = follower.until("chat:message").await;
            let want = json!({
                "id": message["id"], "sessionId": id, "userId": sarah.user.as_ref().unwrap().id,
                "userName": "Sarah van Dijk", "userInitials": "SV", "message": "Geweldige tip!", "isHost": false,
                "isPinned": false, "createdAt": message["createdAt"],
            });
            assert_eq!(message, want);
        }
        let host = server.app.db.clone();
        let anna = lectern::accounts::find(&host, session_of(&server, id).await.instructor_id)
            .await
            .unwrap();
        let session = session_of(&server, id).await;
        let options = ["Prijsbezwaren".to_owned(), "Timing bezwaren (uitstel)".to_owned()];
        lectern::polls::create(&server.app, &session, &anna, "Waar loop je tegenaan?", &options)
            .await
            .unwrap();
        let poll = other.until("poll:changed").await["poll"].take();
        assert_eq!((&poll["userVoted"], &poll["isActive"]), (&Value::Null, &json!(true)));
        let vote = json!({"pollId": poll["id"], "optionId": poll["options"][1]["id"]});
        own.send("poll:vote", vote.clone()).await;
        let mut want = vote;
        want["voteCount"] = 1.into();
        want["totalVotes"] = 1.into();
        assert_eq!(other.until("poll:update").await, want);
        own.send("reaction:send", json!({"emoji": "👏"})).await;
        assert_eq!(other.until("reaction").await, json!({"emoji": "👏", "count": 1}));
        own.send("hand:raise", json!({})).await;
        assert_eq!(other.until("hand:raised").await["userInitials"], "SV");
        own.send("hand:lower", json!({})).await;
        assert_eq!(
            other.until("hand:lowered").await["userId"],
            json!(sarah.user.unwrap().id)
        );
        server.stop().await;
    }
}

#[tokio::test]
async fn status_and_viewers_are_pushed() {
    for server in servers().await {
        let id = server.plan().await.id;
        let mut follower = Follower::try_new(&server.url, &id.to_string(), &Browser::default(), None)
            .await
            .unwrap();
        let status = |status: &str| json!({"sessionId": id, "status": status, "viewerCount": 0});
        assert_eq!(follower.until("session:status").await, status("upcoming"));
        let session = sessions::start(&server.app, session_of(&server, id).await)
            .await
            .unwrap();
        assert_eq!(follower.until("session:status").await, status("live"));
        server.app.events.count(lectern::events::Subject::Viewers(id));
        assert_eq!(
            follower.until("viewer:count").await,
            json!({"sessionId": id, "viewerCount": 0})
        );
        sessions::end(&server.app, session).await.unwrap();
        assert_eq!(follower.until("session:status").await, status("ended"));
        server.stop().await;
    }
}

#[tokio::test]
async fn who_may_not_watch_may_not_follow() {
    for server in servers().await {
        let anna = server.app.db.clone();
        let public = server.plan().await.id;
        let host = lectern::accounts::find(&anna, session_of(&server, public).await.instructor_id)
            .await
            .unwrap();
        let plan = sessions::Plan::new("Private", lectern::db::Ts::now().plus_s(3600));
        let private = sessions::create(&server.app, &host, plan).await.unwrap().id.to_string();
        let ben = sign_in(&server.app, "Ben", Role::Viewer).await;
        let nobody = Browser::default();
        let ours = server.url.origin().ascii_serialization();
        let cases = [
            (&private, &nobody, None, Some(401)),
            (&private, &ben, None, Some(403)),
            (&public.to_string(), &nobody, None, None),
            (&public.to_string(), &ben, Some(ours.as_str()), None),
            (&public.to_string(), &ben, Some("https://evil.example"), Some(403)),
            (&Uuid::nil().to_string(), &nobody, None, Some(404)),
        ];
        for (id, browser, origin, refused) in cases {
            let tried = Follower::try_new(&server.url, id, browser, origin).await;
            assert_eq!(tried.err(), refused, "{id} {origin:?}");
        }
        let (status, _) = server.ask(reqwest::Method::GET, &format!("/live/{public}"), None).await;
        assert_eq!(status, 426, "no WebSocket");
        server.stop().await;
    }
}

#[tokio::test]
async fn who_loses_the_right_loses_the_socket() {
    for server in servers().await {
        let id = live_session(&server).await;
        let session = session_of(&server, id).await;
        let host = lectern::accounts::find(&server.app.db, session.instructor_id)
            .await
            .unwrap();
        let [banned, muted, gone] = ["Ben", "Mia", "Gus"].map(|name| sign_in(&server.app, name, Role::Viewer));
        let (banned, muted, gone) = (banned.await, muted.await, gone.await);
        let of_banned = Follower::new(&server, id, &banned).await;
        let mut of_muted = Follower::new(&server, id, &muted).await;
        let of_gone = Follower::new(&server, id, &gone).await;
        let of_nobody = Follower::new(&server, id, &Browser::default()).await;
        let key = |browser: &Browser| browser.user.as_ref().unwrap().id;

        bans::set(&server.app, &session, &host, key(&muted), BanKind::Mute, Some(5))
            .await
            .unwrap();
        let told = of_muted.until("chat:moderated").await;
        assert_eq!(told["kind"], "mute");
        assert!(told["untilAt"].is_string());
        of_muted
            .send("chat:send", json!({"message": "hello?", "ref": "m1"}))
            .await;
        let error = of_muted.until("error").await;
        assert_eq!(
            (&error["type"], &error["ref"]),
            (&json!("/problems/chat-muted"), &json!("m1"))
        );

        let started = Instant::now();
        bans::set(&server.app, &session, &host, key(&banned), BanKind::Ban, None)
            .await
            .unwrap();
        let (code, events) = of_banned.closed().await;
        assert_eq!(code, 4403);
        assert!(started.elapsed() < CUT, "{:?}", started.elapsed());
        assert!(
            events
                .iter()
                .any(|event| event["data"] == json!({"kind": "ban", "untilAt": null}))
        );
        let again = Follower::try_new(&server.url, &id.to_string(), &banned, None).await;
        assert_eq!(again.err(), Some(403));

        let token = gone.cookie.as_ref().unwrap().split('=').nth(1).unwrap();
        login::end(&server.app.db, token).await.unwrap();
        let rights = lectern::events::Rights {
            session: None,
            user: Some(key(&gone)),
        };
        server.app.events.rights_changed(&server.app.db, rights).await.unwrap();
        assert_eq!(of_gone.closed().await.0, 4403);

        let mut plan = session.plan();
        plan.is_public = false;
        sessions::change(&server.app, &session, plan).await.unwrap();
        assert_eq!(of_nobody.closed().await.0, 4403);
        server.stop().await;
    }
}

#[tokio::test]
async fn a_client_that_comes_back_misses_nothing_and_sees_nothing_twice() {
    for server in servers().await {
        let id = live_session(&server).await;
        let session = session_of(&server, id).await;
        let writers: Vec<_> =
            futures_util::future::join_all((0..60).map(|n| async move { n.to_string() }).collect::<Vec<_>>()).await;
        let mut users = Vec::new();
        for name in &writers {
            users.push(sign_in(&server.app, name, Role::Viewer).await.user.unwrap());
        }
        let mut follower = Follower::new(&server, id, &Browser::default()).await;
        let first = lectern::chat::post(&server.app, &session, &users[0], "first")
            .await
            .unwrap();
        assert_eq!(follower.until("chat:message").await["id"], json!(first.id));
        let mut seen = vec![first.id.to_string()];
        // The others write all at once, while the client goes and comes back again and again.
        let (app, users_of_task, session_of_task) = (server.app.clone(), users.clone(), session.clone());
        let writing = tokio::spawn(async move {
            let posts = users_of_task
                .iter()
                .skip(1)
                .map(|user| lectern::chat::post(&app, &session_of_task, user, "all at once"));
            for posted in futures_util::future::join_all(posts).await {
                posted.unwrap();
            }
        });
        while seen.len() < users.len() {
            drop(follower);
            follower = Follower::after(&server, id, &Browser::default(), seen.last().unwrap()).await;
            for _ in 0..7.min(users.len() - seen.len()) {
                seen.push(follower.until("chat:message").await["id"].as_str().unwrap().to_owned());
            }
        }
        writing.await.unwrap();
        let (page, has_more) =
            lectern::chat::history::page(&server.app, id, lectern::chat::history::Where::Latest, 100)
                .await
                .unwrap();
        let stored: Vec<String> = page.iter().map(|message| message.id.to_string()).collect();
        assert!(!has_more);
        assert_eq!(seen, stored);

        // What was deleted while it was away is told, and `chat:resume` does the same later.
        lectern::chat::delete(&server.app, &session, &users[0], first.id)
            .await
            .unwrap();
        let last = seen.last().unwrap();
        let mut back = Follower::after(&server, id, &Browser::default(), last).await;
        assert_eq!(back.until("chat:deleted").await, json!({"id": first.id}));
        back.send("chat:resume", json!({"after": seen[57]})).await;
        for id in &seen[58..] {
            assert_eq!(back.until("chat:message").await["id"], json!(id));
        }
        server.stop().await;
    }
}

#[tokio::test]
async fn two_servers_tell_all_followers_the_same_in_the_same_order() {
    let url = crate::databases::postgres_url().await;
    let (one, two) = (on_postgres(&url).await, on_postgres(&url).await);
    let id = live_session(&one).await;
    let session = session_of(&one, id).await;
    let mut users = Vec::new();
    for n in 0..40 {
        users.push(sign_in(&one.app, &n.to_string(), Role::Viewer).await.user.unwrap());
    }
    let mut of_one = Follower::new(&one, id, &Browser::default()).await;
    let mut of_two = Follower::new(&two, id, &Browser::default()).await;
    let posts = users.iter().enumerate().map(|(n, user)| {
        let app = if n % 2 == 0 { &one.app } else { &two.app };
        lectern::chat::post(app, &session, user, "hello")
    });
    let posted = futures_util::future::join_all(posts).await;
    let mut keys: Vec<String> = posted
        .into_iter()
        .map(|message| message.unwrap().id.to_string())
        .collect();
    keys.sort();
    for key in &keys {
        assert_eq!(of_one.until("chat:message").await["id"], json!(key));
        assert_eq!(of_two.until("chat:message").await["id"], json!(key));
    }
    // A ban by one server closes what is open on the other.
    let ben = sign_in(&one.app, "Ben", Role::Viewer).await;
    let of_ben = Follower::new(&two, id, &ben).await;
    let host = lectern::accounts::find(&one.app.db, session.instructor_id)
        .await
        .unwrap();
    bans::set(&one.app, &session, &host, ben.user.unwrap().id, BanKind::Ban, None)
        .await
        .unwrap();
    assert_eq!(of_ben.closed().await.0, 4403);
    one.stop().await;
    two.stop().await;
}

#[tokio::test]
async fn when_the_database_was_away_clients_are_asked_to_come_back() {
    let server = on_postgres(&crate::databases::postgres_url().await).await;
    let id = live_session(&server).await;
    let follower = Follower::new(&server, id, &Browser::default()).await;
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
               WHERE datname = current_database() AND query LIKE 'LISTEN%'";
    let (was_cut,): (bool,) = server.app.db.one(cut, vec![]).await.unwrap();
    assert!(was_cut);
    let (code, events) = follower.closed().await;
    assert_eq!(code, 1013);
    assert_eq!(events.last().unwrap()["type"], "server:restart");
    // Whoever comes back hears what is new.
    let mut back = Follower::new(&server, id, &Browser::default()).await;
    server
        .app
        .events
        .push(&server.app.db, Push::new(id, "news", &1))
        .await
        .unwrap();
    assert_eq!(back.until("news").await, json!(1));
    server.stop().await;
}

#[tokio::test]
async fn a_client_that_does_not_read_is_left_alone_and_costs_the_others_nothing() {
    let server = Running::new().await;
    let id = live_session(&server).await;
    let lazy = Follower::new(&server, id, &Browser::default()).await;
    let mut quick = Follower::new(&server, id, &Browser::default()).await;
    assert_eq!(server.app.conversation.open(), 2);
    // More than the kernel keeps for a connection (a few megabytes for each side).
    let text = "x".repeat(64 * 1024);
    for n in 0..400 {
        server
            .app
            .events
            .push(&server.app.db, Push::new(id, "news", &json!([n, text])))
            .await
            .unwrap();
        assert_eq!(quick.until("news").await[0], json!(n));
    }
    let wait = async {
        while server.app.conversation.open() > 1 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), wait)
        .await
        .expect("the lazy one is dropped");
    server
        .app
        .events
        .push(&server.app.db, Push::new(id, "news", &"still here"))
        .await
        .unwrap();
    assert_eq!(quick.until("news").await, "still here");
    drop(lazy);
    server.stop().await;
}

#[tokio::test]
async fn what_is_no_command_is_answered_and_floods_are_ended() {
    let server = Running::new().await;
    let id = live_session(&server).await;
    let ben = sign_in(&server.app, "Ben", Role::Viewer).await;
    let mut follower = Follower::new(&server, id, &ben).await;
    for (kind, data, want) in [
        ("dance", json!({}), "bad-request"),
        ("chat:send", json!({"message": "  "}), "chat-empty"),
        ("chat:send", json!({"message": "x".repeat(501)}), "chat-too-long"),
        ("reaction:send", json!({"emoji": "x"}), "invalid"),
        ("poll:vote", json!({"pollId": id, "optionId": id}), "not-found"),
    ] {
        follower.send(kind, data).await;
        let error = follower.until("error").await;
        assert_eq!(error["type"], format!("/problems/{want}"), "{error}");
        assert!(error["title"].is_string());
    }
    for _ in 0..5 {
        follower.send("chat:send", json!({"message": "hello"})).await;
        follower.until("chat:message").await;
    }
    follower.send("chat:send", json!({"message": "hello"})).await;
    let error = follower.until("error").await;
    assert_eq!(error["type"], "/problems/chat-too-fast");
    assert!((1..=60).contains(&error["retryAfter"].as_i64().unwrap()), "{error}");
    let mut nobody = Follower::new(&server, id, &Browser::default()).await;
    nobody.send("chat:send", json!({"message": "hello"})).await;
    assert_eq!(nobody.until("error").await["type"], "/problems/unauthenticated");
    nobody.send_raw(Message::binary(vec![1, 2, 3])).await;
    assert_eq!(nobody.closed().await.0, 1003);
    for _ in 0..100 {
        follower.send("hand:lower", json!({})).await;
    }
    assert_eq!(follower.closed().await.0, 1008);
    server.stop().await;
}

#[tokio::test]
async fn a_restart_is_told() {
    let server = Running::new().await;
    let id = live_session(&server).await;
    let follower = Follower::new(&server, id, &Browser::default()).await;
    let stopped = server.stop();
    let (end, _folder) = tokio::join!(follower.closed(), stopped);
    let (code, events) = end;
    assert_eq!(code, 1012);
    let restart = events.last().unwrap();
    assert_eq!(restart["type"], "server:restart");
    assert!(
        (600..=3000).contains(&restart["data"]["retryAfterMs"].as_u64().unwrap()),
        "{restart}"
    );
}

#[tokio::test]
async fn one_user_has_so_many_sockets() {
    let server = Running::with(|config| config.conversation.sockets_per_user = 2).await;
    let id = live_session(&server).await;
    let ben = sign_in(&server.app, "Ben", Role::Viewer).await;
    let first = Follower::new(&server, id, &ben).await;
    let _second = Follower::new(&server, id, &ben).await;
    let third = Follower::try_new(&server.url, &id.to_string(), &ben, None).await;
    assert_eq!(third.err(), Some(429));
    drop(first);
    while server.app.conversation.open() > 1 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Follower::new(&server, id, &ben).await;
    server.stop().await;
}
