//! The real command: how it starts, what it says when it cannot, what else it does, how it ends.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::process::{Process, lectern};

/// Runs a command that should end by itself; gives its exit code and what it said.
async fn outcome(command: &mut Command) -> (Option<i32>, String) {
    let output = command.output().await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code(), String::from_utf8(said).unwrap())
}

#[tokio::test]
async fn check_names_what_is_wrong_and_where_it_was_set() {
    let data = tempfile::tempdir().unwrap();
    assert_eq!(
        outcome(lectern(data.path()).arg("check")).await,
        (Some(0), "the settings are right\n".into())
    );

    let by_environment = outcome(
        lectern(data.path())
            .arg("check")
            .env("LECTERN_HTTP__SHUTDOWN_S", "soon"),
    )
    .await;
    assert_eq!(by_environment.0, Some(1));
    assert!(by_environment.1.contains("http.shutdown_s: "), "{by_environment:?}");
    assert!(
        by_environment.1.contains("(set in LECTERN_HTTP__SHUTDOWN_S)"),
        "{by_environment:?}"
    );

    // The names that clocks of other systems use.
    let mut plain = lectern(data.path());
    plain.arg("check").env("CRON_SECRET", "short");
    let refused = outcome(&mut plain).await;
    assert_eq!(refused.0, Some(1));
    assert!(refused.1.contains("jobs.cron_secret: "), "{refused:?}");
    assert!(refused.1.contains("(set in CRON_SECRET)"), "{refused:?}");
    plain.env("LECTERN_JOBS__CRON_SECRET", "0123456789abcdef0123456789abcdef");
    assert_eq!(outcome(&mut plain).await.0, Some(0), "the full name goes before");

    std::fs::write(data.path().join("config.toml"), "[recording]\nretension_days = 3\n").unwrap();
    let by_file = outcome(lectern(data.path()).arg("check")).await;
    assert_eq!(by_file.0, Some(1));
    assert!(by_file.1.contains("recording.retension_days"), "{by_file:?}");
    assert!(
        by_file.1.contains("did you mean `recording.retention_days`?"),
        "{by_file:?}"
    );
    assert!(by_file.1.contains("config.toml"), "{by_file:?}");
}

#[tokio::test]
async fn migrate_makes_the_tables_and_admin_create_the_first_admin() {
    let data = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        let migrated = outcome(lectern(data.path()).arg("migrate")).await;
        assert_eq!(migrated, (Some(0), "the tables are up to date\n".into()));
    }
    assert!(data.path().join("lectern.sqlite").exists());
    let create = ["admin", "create", "Ann@example.org", "--name", "Ann"];
    let made = outcome(
        lectern(data.path())
            .args(create)
            .env("LECTERN_PASSWORD", "correct horse"),
    )
    .await;
    assert_eq!(made, (Some(0), "ann@example.org is admin (made)\n".into()));
    let (code, said) = outcome(lectern(data.path()).args(create).env("LECTERN_PASSWORD", "short")).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("8 to 128 characters"), "{said}");
    let nowhere = lectern(data.path())
        .arg("migrate")
        .env("LECTERN_DATABASE__URL", "postgres://nobody@127.0.0.1:1/none")
        .output()
        .await
        .unwrap();
    assert_eq!(nowhere.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nowhere.stderr).contains("`database.url`"));
}

#[tokio::test]
async fn a_start_that_fails_names_the_setting() {
    let data = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let nothing_there = "postgres://nobody@127.0.0.1:1/none";
    let file = data.path().join("file");
    std::fs::write(&file, "").unwrap();
    let cases = [
        ("LECTERN_HTTP__LISTEN", address.as_str(), "`http.listen`"),
        ("LECTERN_DATABASE__URL", nothing_there, "`database.url`"),
        ("LECTERN_DATA__DIR", file.to_str().unwrap(), "`data.dir`"),
    ];
    for (variable, value, setting) in cases {
        let (code, said) = outcome(lectern(data.path()).env(variable, value)).await;
        assert_eq!(code, Some(1), "{said}");
        assert!(said.starts_with("lectern: ") && said.contains(setting), "{said}");
    }
}

#[tokio::test]
async fn a_request_that_does_not_end_cannot_keep_the_server_from_stopping() {
    let mut server = Process::start(&[("LECTERN_HTTP__SHUTDOWN_S", "1")]).await;
    let address = server.url.strip_prefix("http://localhost:").unwrap();
    let mut stuck = tokio::net::TcpStream::connect(format!("127.0.0.1:{address}"))
        .await
        .unwrap();
    let half =
        "POST /api/auth/login HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    stuck.write_all(half.as_bytes()).await.unwrap();
    // Its connection was taken before this one, so the server has it when this one is answered.
    server.http.get(format!("{}/healthz", server.url)).send().await.unwrap();

    let asked = Instant::now();
    server.terminate().await;
    let status = tokio::time::timeout(Duration::from_secs(20), server.child.wait())
        .await
        .expect("it ends")
        .unwrap();
    assert!(status.success(), "{}", server.log());
    assert!(
        asked.elapsed() >= Duration::from_millis(900),
        "the request had its time"
    );
    assert_eq!(stuck.read(&mut [0]).await.unwrap_or(0), 0, "the connection is closed");
}
