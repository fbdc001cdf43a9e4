//! Chat, gestures, polls and questions over HTTP, on both databases: the fields that clients know, the rules, the counts.

use axum::http::Method;
use futures_util::future::join_all;
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::{Answer, Browser, TestApp};

/// A live, public session of Hugo.
struct Class {
    test: TestApp,
    hugo: Browser,
    id: String,
}

impl Class {
    async fn on_both(toml: &str) -> Vec<Class> {
        let mut classes = Vec::new();
        for test in TestApp::on_both(toml).await {
            let hugo = test.sign_in("Hugo Herbots", Role::Instructor).await;
            let id = test.plan(&hugo, true).await;
            let start = format!("/api/instructor/streams/{id}/start");
            assert_eq!(test.ask(&hugo, Method::POST, &start, None).await.status, 200);
            classes.push(Class { test, hugo, id });
        }
        classes
    }

    fn path(&self, rest: &str) -> String {
        format!("/api/live/sessions/{}/{rest}", self.id)
    }

    async fn viewer(&self, name: &str) -> Browser {
        self.test.sign_in(name, Role::Viewer).await
    }

    async fn say(&self, who: &Browser, text: &str) -> Answer {
        self.test.post(who, &self.path("chat"), json!({"message": text})).await
    }

    async fn get(&self, who: &Browser, rest: &str) -> Value {
        let answer = self.test.get(who, &self.path(rest)).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    async fn ask(&self, who: &Browser, method: Method, path: &str) -> Answer {
        self.test.ask(who, method, path, None).await
    }

    async fn end(&self) {
        let end = format!("/api/instructor/streams/{}/end", self.id);
        assert_eq!(self.ask(&self.hugo, Method::POST, &end).await.status, 200);
    }

    async fn poll(&self, options: &[&str]) -> Value {
        let new = json!({"question": "Waar loop je het meest tegenaan?", "options": options});
        let made = self.test.post(&self.hugo, &self.path("polls"), new).await;
        assert_eq!(made.status, 201, "{}", made.text());
        made.json()
    }

    async fn vote(&self, who: &Browser, poll: &Value, option: usize) -> Answer {
        let path = format!("/api/live/polls/{}/vote", poll["id"].as_str().unwrap());
        let option = &poll["options"][option]["id"];
        self.test.post(who, &path, json!({"optionId": option})).await
    }
}

fn key(browser: &Browser) -> String {
    browser.user.as_ref().unwrap().id.to_string()
}

fn texts(page: &Value) -> Vec<&str> {
    let messages = page["messages"].as_array().unwrap();
    messages
        .iter()
        .map(|message| message["message"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn chat_has_the_fields_that_clients_know() {
    for class in Class::on_both("").await {
        let jan = class.viewer("Jan de Vries").await;
        let body = json!({"userId": key(&jan), "message": "Geweldige sessie, Hugo!"});
        let posted = class.test.post(&jan, &class.path("chat"), body).await;
        assert_eq!(posted.status, 201, "{}", posted.text());
        let posted = posted.json();
        let want = json!({
            "id": posted["id"], "sessionId": class.id, "userId": key(&jan), "userName": "Jan de Vries",
            "userInitials": "JV", "message": "Geweldige sessie, Hugo!", "isHost": false,
            "createdAt": posted["createdAt"], "isPinned": false,
        });
        assert_eq!(posted, want);
        let welcome = class.say(&class.hugo, "Welkom allemaal!").await.json();
        assert_eq!(
            (&welcome["isHost"], &welcome["userInitials"]),
            (&json!(true), &json!("HH"))
        );
        let page = class.get(&Browser::default(), "chat").await;
        assert_eq!(
            page,
            json!({"messages": [posted, welcome], "hasMore": false, "pinned": null})
        );
        let other = json!({"userId": key(&class.hugo), "message": "not me"});
        class
            .test
            .post(&jan, &class.path("chat"), other)
            .await
            .is_problem(403, "forbidden");
    }
}

#[tokio::test]
async fn history_is_paged_from_both_ends() {
    for class in Class::on_both("[conversation]\nmessages_per_minute = 100").await {
        let jan = class.viewer("Jan").await;
        let mut posted = Vec::new();
        for n in 0..7 {
            posted.push(class.say(&jan, &n.to_string()).await.json());
        }
        let id = |n: usize| posted[n]["id"].as_str().unwrap();
        let time = posted[4]["createdAt"].as_str().unwrap();
        for (query, want, has_more) in [
            ("limit=3".to_owned(), vec!["4", "5", "6"], true),
            ("limit=7".to_owned(), vec!["0", "1", "2", "3", "4", "5", "6"], false),
            (format!("limit=3&before={}", id(4)), vec!["1", "2", "3"], true),
            (format!("limit=3&before={time}"), vec!["1", "2", "3"], true),
            (format!("limit=3&before={}", id(1)), vec!["0"], false),
            (format!("limit=3&after={}", id(0)), vec!["1", "2", "3"], true),
            (format!("after={}", id(4)), vec!["5", "6"], false),
            (format!("after={}", id(6)), vec![], false),
        ] {
            let page = class.get(&jan, &format!("chat?{query}")).await;
            assert_eq!(texts(&page), want, "{query}");
            assert_eq!(page["hasMore"], has_more, "{query}");
        }
        for bad in ["limit=0", "limit=101", "before=yesterday", "after=x"] {
            let answer = class.test.get(&jan, &class.path(&format!("chat?{bad}"))).await;
            answer.is_problem(400, "bad-request");
        }
    }
}

#[tokio::test]
async fn a_user_writes_five_messages_a_minute_however_they_are_sent() {
    for class in Class::on_both("").await {
        let jan = class.viewer("Jan").await;
        let elsewhere = class.test.plan(&class.hugo, true).await;
        let elsewhere = format!("/api/live/sessions/{elsewhere}/chat");
        let posts = (0..20).map(|n| {
            let path = if n % 2 == 0 {
                class.path("chat")
            } else {
                elsewhere.clone()
            };
            let (test, jan) = (&class.test, &jan);
            async move { test.post(jan, &path, json!({"message": "x"})).await }
        });
        let answers = join_all(posts).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 5);
        let refused = answers.iter().find(|answer| answer.status != 201).unwrap();
        refused.is_problem(429, "chat-too-fast");
        assert!((1..=60).contains(&refused.header("retry-after").parse::<u32>().unwrap()));
        assert_eq!(class.say(&class.hugo, "I may").await.status, 201);
    }
}

#[tokio::test]
async fn each_refusal_says_why() {
    for class in Class::on_both("[conversation]\nbanned_words = [\"idioot\"]\nmessages_per_minute = 50").await {
        let jan = class.viewer("Jan").await;
        class.say(&jan, " \n ").await.is_problem(422, "chat-empty");
        class.say(&jan, &"é".repeat(501)).await.is_problem(422, "chat-too-long");
        assert_eq!(class.say(&jan, &"👏".repeat(500)).await.status, 201);
        class
            .say(&jan, "Wat een IDIOOT!")
            .await
            .is_problem(422, "chat-banned-words");
        assert_eq!(class.say(&jan, "Wat een idiote vraag").await.status, 201);
        let ask = json!({"question": "Ben jij een idioot?"});
        let asked = class.test.post(&jan, &class.path("questions"), ask).await;
        asked.is_problem(422, "chat-banned-words");
        class.end().await;
        class.say(&jan, "too late").await.is_problem(409, "session-not-live");
        assert_eq!(class.get(&jan, "chat").await["messages"].as_array().unwrap().len(), 2);
    }
}

#[tokio::test]
async fn hosts_keep_order() {
    for class in Class::on_both("").await {
        let (jan, mia) = (class.viewer("Jan").await, class.viewer("Mia").await);
        let message = class.say(&jan, "first").await.json()["id"].as_str().unwrap().to_owned();
        let own = class.say(&jan, "second").await.json()["id"]
            .as_str()
            .unwrap()
            .to_owned();
        let path = |id: &str| class.path(&format!("chat/{id}"));
        let pin = |id: &str| class.path(&format!("chat/{id}/pin"));

        class
            .ask(&jan, Method::POST, &pin(&message))
            .await
            .is_problem(403, "forbidden");
        assert_eq!(class.ask(&class.hugo, Method::POST, &pin(&message)).await.status, 204);
        assert_eq!(class.ask(&class.hugo, Method::POST, &pin(&own)).await.status, 204);
        let page = class.get(&mia, "chat").await;
        assert_eq!(page["pinned"]["id"], own);
        let pinned: Vec<_> = page["messages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| &one["isPinned"])
            .collect();
        assert_eq!(pinned, [&json!(false), &json!(true)], "one at a time");
        assert_eq!(class.ask(&class.hugo, Method::DELETE, &pin(&own)).await.status, 204);
        assert_eq!(class.get(&mia, "chat").await["pinned"], Value::Null);

        class
            .ask(&mia, Method::DELETE, &path(&message))
            .await
            .is_problem(403, "forbidden");
        assert_eq!(
            class.ask(&class.hugo, Method::DELETE, &path(&message)).await.status,
            204
        );
        assert_eq!(class.ask(&jan, Method::DELETE, &path(&own)).await.status, 204);
        class
            .ask(&jan, Method::DELETE, &path(&own))
            .await
            .is_problem(404, "not-found");
        assert_eq!(texts(&class.get(&mia, "chat").await), Vec::<&str>::new());

        let bans = class.path("chat/bans");
        let mute = json!({"userId": key(&jan), "kind": "mute", "minutes": 10});
        class
            .test
            .post(&mia, &bans, mute.clone())
            .await
            .is_problem(403, "forbidden");
        let muted = class.test.post(&class.hugo, &bans, mute).await;
        assert_eq!(muted.status, 201, "{}", muted.text());
        class.say(&jan, "hello?").await.is_problem(403, "chat-muted");
        let ban = json!({"userId": key(&mia), "kind": "ban"});
        assert_eq!(class.test.post(&class.hugo, &bans, ban).await.status, 201);
        class.say(&mia, "hello?").await.is_problem(403, "chat-banned");
        class
            .test
            .get(&mia, &class.path("chat"))
            .await
            .is_problem(403, "chat-banned");
        let watch = class.path("watch-token");
        class
            .ask(&mia, Method::POST, &watch)
            .await
            .is_problem(403, "chat-banned");
        let list = class.get(&class.hugo, "chat/bans").await;
        let want = json!([
            {"userId": key(&mia), "userName": "Mia", "kind": "ban", "untilAt": null},
            {"userId": key(&jan), "userName": "Jan", "kind": "mute", "untilAt": muted.json()["untilAt"]},
        ]);
        assert_eq!(list["bans"], want);
        let host = json!({"userId": key(&class.hugo), "kind": "ban"});
        class
            .test
            .post(&class.hugo, &bans, host)
            .await
            .is_problem(409, "is-host");
        for user in [&jan, &mia] {
            let lift = class.path(&format!("chat/bans/{}", key(user)));
            assert_eq!(class.ask(&class.hugo, Method::DELETE, &lift).await.status, 204);
            assert_eq!(class.say(user, "thank you").await.status, 201);
        }
    }
}

#[tokio::test]
async fn hands_go_up_and_down_and_reactions_are_few() {
    for class in Class::on_both("").await {
        let (jan, mia) = (class.viewer("Jan de Vries").await, class.viewer("Mia").await);
        let hand = class.path("hand");
        for _ in 0..2 {
            assert_eq!(class.ask(&jan, Method::POST, &hand).await.status, 204);
        }
        assert_eq!(class.ask(&mia, Method::POST, &hand).await.status, 204);
        let hands = class.get(&Browser::default(), "hands").await["hands"].take();
        assert_eq!(hands.as_array().unwrap().len(), 2);
        let first = json!({"userId": key(&jan), "userName": "Jan de Vries", "userInitials": "JV",
            "raisedAt": hands[0]["raisedAt"]});
        assert_eq!(hands[0], first);
        let of_jan = class.path(&format!("hands/{}", key(&jan)));
        class
            .ask(&mia, Method::DELETE, &of_jan)
            .await
            .is_problem(403, "forbidden");
        assert_eq!(class.ask(&class.hugo, Method::DELETE, &of_jan).await.status, 204);
        assert_eq!(class.ask(&mia, Method::DELETE, &hand).await.status, 204);
        assert_eq!(class.get(&jan, "hands").await, json!({"hands": []}));

        let react = async |emoji: &str| {
            class
                .test
                .post(&jan, &class.path("reactions"), json!({"emoji": emoji}))
                .await
        };
        for emoji in ["👍", "❤️", "❤", "😂", "👏", "🎉", "🤔"] {
            assert_eq!(react(emoji).await.status, 204, "{emoji}");
        }
        react("🦄").await.is_problem(422, "invalid");
        let answers = join_all((0..20).map(|_| react("👍"))).await;
        answers.last().unwrap().is_problem(429, "too-many-requests");
    }
}

#[tokio::test]
async fn polls_have_the_fields_that_clients_know() {
    for class in Class::on_both("").await {
        let jan = class.viewer("Jan").await;
        let poll = class.poll(&["Prijsbezwaren", "Timing bezwaren (uitstel)"]).await;
        let option = |n: usize, text: &str, votes: u32| json!({"id": poll["options"][n]["id"], "text": text, "voteCount": votes});
        let mut want = json!({
            "id": poll["id"], "sessionId": class.id, "question": "Waar loop je het meest tegenaan?", "isActive": true,
            "options": [option(0, "Prijsbezwaren", 0), option(1, "Timing bezwaren (uitstel)", 0)],
            "totalVotes": 0, "userVoted": false, "userVoteOptionId": null, "createdAt": poll["createdAt"],
        });
        assert_eq!(poll, want);
        assert_eq!(class.get(&jan, "polls").await, json!({"polls": [want]}));

        let voted = class.vote(&jan, &poll, 1).await;
        assert_eq!(voted.status, 200, "{}", voted.text());
        want["options"][1]["voteCount"] = 1.into();
        want["totalVotes"] = 1.into();
        want["userVoted"] = true.into();
        want["userVoteOptionId"] = poll["options"][1]["id"].clone();
        assert_eq!(voted.json(), json!({"success": true, "poll": want}));
        assert_eq!(class.get(&jan, "polls").await, json!({"polls": [want]}));
        want["userVoted"] = false.into();
        want["userVoteOptionId"] = Value::Null;
        assert_eq!(class.get(&Browser::default(), "polls").await, json!({"polls": [want]}));
    }
}

#[tokio::test]
async fn votes_count_once_and_only_while_they_may() {
    for class in Class::on_both("").await {
        let (jan, mia) = (class.viewer("Jan").await, class.viewer("Mia").await);
        let poll = class.poll(&["a", "b"]).await;
        let act = |what: &str| format!("/api/live/polls/{}/{what}", poll["id"].as_str().unwrap());
        assert_eq!(class.vote(&jan, &poll, 0).await.status, 200);
        assert_eq!(class.vote(&jan, &poll, 0).await.status, 200, "the same again");
        class.vote(&jan, &poll, 1).await.is_problem(409, "already-voted");
        let stranger = json!({"id": poll["id"], "options": [{"id": class.id}]});
        class.vote(&mia, &stranger, 0).await.is_problem(404, "not-found");
        class
            .ask(&jan, Method::POST, &act("close"))
            .await
            .is_problem(403, "forbidden");
        let closed = class.ask(&class.hugo, Method::POST, &act("close")).await.json();
        assert_eq!((&closed["isActive"], &closed["totalVotes"]), (&json!(false), &json!(1)));
        class.vote(&mia, &poll, 0).await.is_problem(409, "poll-closed");
        assert_eq!(
            class.ask(&class.hugo, Method::POST, &act("reopen")).await.json()["isActive"],
            true
        );
        assert_eq!(class.vote(&mia, &poll, 1).await.status, 200);
        class.end().await;
        class
            .vote(&class.hugo, &poll, 1)
            .await
            .is_problem(409, "session-not-live");
        class
            .ask(&class.hugo, Method::POST, &act("reopen"))
            .await
            .is_problem(409, "session-not-live");
        let polls = class.get(&jan, "polls").await;
        assert_eq!(
            (&polls["polls"][0]["isActive"], &polls["polls"][0]["totalVotes"]),
            (&json!(false), &json!(2))
        );
        let new = json!({"question": "?", "options": ["a", "b"]});
        class
            .test
            .post(&class.hugo, &class.path("polls"), new)
            .await
            .is_problem(409, "session-not-live");
        assert_eq!(
            class
                .ask(&class.hugo, Method::DELETE, act("x").trim_end_matches("/x"))
                .await
                .status,
            204
        );
        assert_eq!(class.get(&jan, "polls").await, json!({"polls": []}));
    }
}

#[tokio::test]
async fn two_hundred_votes_at_once_are_counted_right() {
    for class in Class::on_both("").await {
        let poll = class.poll(&["a", "b", "c"]).await;
        let mut voters = Vec::new();
        for n in 0..100 {
            voters.push(class.viewer(&format!("voter-{n}")).await);
        }
        // Everybody twice at the same time, for different options: one of the two counts.
        let votes = voters.iter().enumerate().flat_map(|(n, voter)| {
            let (class, poll) = (&class, &poll);
            [class.vote(voter, poll, n % 3), class.vote(voter, poll, (n + 1) % 3)]
        });
        let answers = join_all(votes).await;
        for pair in answers.chunks(2) {
            let statuses = [pair[0].status.as_u16(), pair[1].status.as_u16()];
            assert!(statuses == [200, 409] || statuses == [409, 200], "{statuses:?}");
        }
        let polls = class.get(&class.hugo, "polls").await;
        assert_eq!(polls["polls"][0]["totalVotes"], 100);
        for (n, option) in poll["options"].as_array().unwrap().iter().enumerate() {
            let sql = "SELECT COUNT(*) FROM live_poll_votes WHERE option_id = $1";
            let id: uuid::Uuid = option["id"].as_str().unwrap().parse().unwrap();
            let (votes,): (i64,) = class.test.app.db.one(sql, lectern::args![id]).await.unwrap();
            assert_eq!(polls["polls"][0]["options"][n]["voteCount"], votes);
        }
    }
}

#[tokio::test]
async fn polls_that_make_no_sense_are_refused() {
    for class in Class::on_both("").await {
        for (options, why) in [
            (vec!["one"], "too few"),
            (vec!["1", "2", "3", "4", "5", "6", "7", "8", "9"], "too many"),
            (vec!["same", " same "], "twice the same"),
            (vec!["a", " "], "blank"),
        ] {
            let new = json!({"question": "?", "options": options});
            let answer = class.test.post(&class.hugo, &class.path("polls"), new).await;
            assert_eq!(answer.status, 422, "{why}: {}", answer.text());
        }
        let long: Vec<String> = (0..8).map(|n| format!("{n}{}", "😀".repeat(254))).collect();
        let new = json!({"question": "?", "options": long});
        class
            .test
            .post(&class.hugo, &class.path("polls"), new)
            .await
            .is_problem(422, "invalid");
        assert_eq!(class.get(&class.hugo, "polls").await, json!({"polls": []}));
    }
}

#[tokio::test]
async fn questions_are_asked_wanted_and_answered() {
    for class in Class::on_both("").await {
        let (jan, mia) = (class.viewer("Jan de Vries").await, class.viewer("Mia").await);
        let questions = class.path("questions");
        let ask = async |who: &Browser, text: &str| class.test.post(who, &questions, json!({"question": text})).await;
        let first = ask(&jan, "Hoe begin ik?").await;
        assert_eq!(first.status, 201, "{}", first.text());
        let first = first.json();
        let want = json!({
            "id": first["id"], "sessionId": class.id, "userId": key(&jan), "userName": "Jan de Vries",
            "userInitials": "JV", "question": "Hoe begin ik?", "upvotes": 0, "userUpvoted": false, "isAnswered": false,
            "createdAt": first["createdAt"],
        });
        assert_eq!(first, want);
        let second = ask(&mia, "En daarna?").await.json();
        let act =
            |question: &Value, what: &str| format!("/api/live/questions/{}{what}", question["id"].as_str().unwrap());
        for _ in 0..2 {
            let upvoted = class.ask(&jan, Method::POST, &act(&second, "/upvote")).await.json();
            assert_eq!(
                (&upvoted["upvotes"], &upvoted["userUpvoted"]),
                (&json!(1), &json!(true))
            );
        }
        let list = class.get(&jan, "questions").await["questions"].take();
        assert_eq!(
            [&list[0]["id"], &list[1]["id"]],
            [&second["id"], &first["id"]],
            "most upvotes first"
        );
        assert_eq!(
            [&list[0]["userUpvoted"], &list[1]["userUpvoted"]],
            [&json!(true), &json!(false)]
        );
        let taken = class.ask(&jan, Method::DELETE, &act(&second, "/upvote")).await.json();
        assert_eq!((&taken["upvotes"], &taken["userUpvoted"]), (&json!(0), &json!(false)));

        class
            .ask(&jan, Method::POST, &act(&first, "/answered"))
            .await
            .is_problem(403, "forbidden");
        let answered = class
            .ask(&class.hugo, Method::POST, &act(&first, "/answered"))
            .await
            .json();
        assert_eq!(answered["isAnswered"], true);
        let open = class
            .ask(&class.hugo, Method::DELETE, &act(&first, "/answered"))
            .await
            .json();
        assert_eq!(open["isAnswered"], false);

        class
            .ask(&mia, Method::DELETE, &act(&first, ""))
            .await
            .is_problem(403, "forbidden");
        assert_eq!(class.ask(&jan, Method::DELETE, &act(&first, "")).await.status, 204);
        assert_eq!(
            class.ask(&class.hugo, Method::DELETE, &act(&second, "")).await.status,
            204
        );
        assert_eq!(class.get(&jan, "questions").await, json!({"questions": []}));
        let answers = join_all((0..8).map(|_| ask(&jan, "again?"))).await;
        assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 5);
        let refused = answers.iter().find(|answer| answer.status != 201).unwrap();
        refused.is_problem(409, "too-many-questions");
    }
}
