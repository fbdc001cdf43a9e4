//! The rules of WHIP and WHEP, tried on our own server from outside: none may be broken.

use lectern::config::Config;
use lectern_conformance::{Kind, Report, Target, Verdict, grade};

use crate::end_to_end_server::Running;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_whip_keeps_the_rules() {
    let server = with_ice_servers().await;
    let class = server.plan().await;
    let other = server.plan().await;
    let mut target = Target::new(Kind::Whip, class.whip);
    target.token = Some(class.key);
    target.other_token = Some(other.key);
    let report = grade(&target).await;
    // The log of a test goes nowhere.
    is_clean(&report, &["W25"]);
    server.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn our_whep_keeps_the_rules() {
    let server = with_ice_servers().await;
    let class = server.plan().await;
    let mut target = Target::new(Kind::Whep, class.whep);
    target.publish = Some((class.whip, Some(class.key)));
    let report = grade(&target).await;
    // A public class is watched without a token.
    is_clean(&report, &["W22", "W22b", "W25"]);
    server.stop().await;
}

async fn with_ice_servers() -> Running {
    Running::with(|config| {
        let toml = r#"media.ice_servers = [{ url = "stun:stun.example.org" },
            { url = "turn:turn.example.org?transport=udp", username = "class", credential = "a;\"b" }]"#;
        let toml = toml.replace('\n', " ");
        config.media.ice_servers = Config::from_toml(&toml).unwrap().media.ice_servers;
    })
    .await
}

/// No rule is broken, and all but these could be told.
fn is_clean(report: &Report, untold: &[&str]) {
    assert!(report.is_clean(), "\n{report}");
    let unknown: Vec<_> = report.with(Verdict::Unknown).map(|line| line.id).collect();
    assert_eq!(unknown, untold, "\n{report}");
}
