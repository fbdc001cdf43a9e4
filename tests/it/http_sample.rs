//! The example data, on both databases: loaded once, playable, taken away without a trace that anybody sees.

use axum::http::Method;
use lectern::accounts::Role;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};

const PATH: &str = "/api/admin/sample";

async fn sessions(test: &TestApp, status: &str) -> Vec<Value> {
    let path = format!("/api/live/sessions?status={status}&limit=50");
    test.get(&Browser::default(), &path).await.json()["sessions"]
        .as_array()
        .unwrap()
        .clone()
}

/// The first address in a playlist, as a player reads it.
fn first_of(playlist: &str, at: &str) -> String {
    let line = playlist
        .lines()
        .find(|line| !line.starts_with('#') && !line.is_empty())
        .unwrap();
    match line.starts_with('/') {
        true => line.to_owned(),
        false => format!("{}/{line}", at.rsplit_once('/').unwrap().0),
    }
}

#[tokio::test]
async fn the_example_data_is_loaded_once_and_has_a_replay_that_plays() {
    for test in TestApp::on_both("").await {
        let ada = test.sign_in("ada", Role::Admin).await;
        assert_eq!(test.get(&ada, PATH).await.json(), json!({"loaded": false}));
        let loaded = test.ask(&ada, Method::POST, PATH, None).await;
        assert_eq!(loaded.status, 201, "{}", loaded.text());
        assert_eq!(test.get(&ada, PATH).await.json(), json!({"loaded": true}));
        test.ask(&ada, Method::POST, PATH, None)
            .await
            .is_problem(409, "sample-loaded");

        assert_eq!(sessions(&test, "upcoming").await.len(), 5);
        let ended = sessions(&test, "ended").await;
        assert_eq!(ended.len(), 3);
        let playable: Vec<&Value> = ended.iter().filter(|one| one["recordingAvailable"] == true).collect();
        assert_eq!(playable.len(), 1);
        let hls = playable[0]["hlsUrl"].as_str().unwrap();
        let master = test.get(&ada, hls).await;
        assert_eq!(master.status, 200, "{}", master.text());
        assert!(
            master.text().contains("avc1") && master.text().contains("RESOLUTION=1280x720"),
            "{}",
            master.text()
        );
        let playlist = first_of(&master.text(), hls);
        let media = test.get(&ada, &playlist).await;
        assert_eq!(media.status, 200, "{playlist}: {}", media.text());
        assert!(media.text().contains("#EXT-X-ENDLIST"));
        let segment = test.get(&ada, &first_of(&media.text(), &playlist)).await;
        assert_eq!(segment.status, 200);
        assert!(segment.body.windows(4).any(|name| name == b"moof"));
    }
}

#[tokio::test]
async fn the_example_data_goes_with_what_others_added_to_it() {
    for test in TestApp::on_both("").await {
        let ada = test.sign_in("ada", Role::Admin).await;
        let vic = test.sign_in("vic", Role::Viewer).await;
        let own = test.plan(&ada, true).await;
        test.give(&vic, 100).await;
        assert_eq!(test.ask(&ada, Method::POST, PATH, None).await.status, 201);
        let paid = sessions(&test, "upcoming")
            .await
            .into_iter()
            .find(|one| one["priceInTokens"] == 15)
            .unwrap();
        let enrol = format!("/api/live/sessions/{}/enrol", paid["id"].as_str().unwrap());
        assert_eq!(test.ask(&vic, Method::POST, &enrol, None).await.status, 201);

        for _ in 0..2 {
            let removed = test.ask(&ada, Method::DELETE, PATH, None).await;
            assert_eq!(removed.status, 204, "{}", removed.text());
        }
        assert_eq!(test.get(&ada, PATH).await.json(), json!({"loaded": false}));
        assert!(sessions(&test, "ended").await.is_empty());
        let left = sessions(&test, "upcoming").await;
        assert_eq!(left.iter().map(|one| &one["id"]).collect::<Vec<_>>(), [&json!(own)]);
        assert_eq!(
            test.get(&vic, "/api/tokens/balance").await.json()["balance"],
            100,
            "paid back"
        );
        let people = test.get(&ada, "/api/admin/users?search=sample.invalid").await.json();
        assert_eq!(people["users"], json!([]));
        assert_eq!(
            test.ask(&ada, Method::POST, PATH, None).await.status,
            201,
            "and it can be loaded again"
        );
    }
}
