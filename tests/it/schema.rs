//! What the tables themselves refuse, whatever the code above them does; on SQLite and on PostgreSQL.

use std::path::Path;

use lectern::args;
use lectern::db::{Db, Val, is_duplicate};
use lectern::id;
use uuid::Uuid;

use crate::databases;

const NOW: i64 = 1_790_000_000_000_000;

/// A user, a session of theirs, a poll with one option.
struct Rows {
    user: Uuid,
    session: Uuid,
    poll: Uuid,
    option: Uuid,
}

async fn rows(db: &Db) -> Rows {
    let [user, session, poll, option] = std::array::from_fn(|_| id::new());
    let users =
        "INSERT INTO users (id, email, name, role, created_at, updated_at) VALUES ($1, $2, 'A', 'viewer', $3, $3)";
    db.exec(users, args![user, format!("{user}@example.org"), NOW])
        .await
        .unwrap();
    let sessions = "INSERT INTO live_sessions (id, title, instructor_id, instructor_name, scheduled_start, stream_key, \
                    created_at, updated_at) VALUES ($1, 'T', $2, 'A', $3, $4, $3, $3)";
    db.exec(sessions, args![session, user, NOW, session.to_string()])
        .await
        .unwrap();
    let polls = "INSERT INTO live_polls (id, session_id, question, created_by, created_at, updated_at) \
                 VALUES ($1, $2, 'Q', $3, $4, $4)";
    db.exec(polls, args![poll, session, user, NOW]).await.unwrap();
    let options = "INSERT INTO live_poll_options (id, poll_id, position, option_text) VALUES ($1, $2, $3, 'O')";
    db.exec(options, args![option, poll, 1]).await.unwrap();
    Rows {
        user,
        session,
        poll,
        option,
    }
}

#[tokio::test]
async fn one_enrolment_one_reminder_one_vote_one_follow() {
    for (name, db, _folder) in databases::both().await {
        let Rows {
            user,
            session,
            poll,
            option,
        } = rows(&db).await;
        let twice: [(&str, &dyn Fn() -> Vec<Val>); 5] = [
            (
                "INSERT INTO enrolments (id, session_id, user_id, state, tokens_paid, enrolled_at, updated_at) \
                 VALUES ($1, $2, $3, 'active', 0, $4, $4)",
                &|| args![id::new(), session, user, NOW],
            ),
            (
                "INSERT INTO live_session_reminders (id, session_id, user_id, created_at) VALUES ($1, $2, $3, $4)",
                &|| args![id::new(), session, user, NOW],
            ),
            (
                "INSERT INTO live_poll_votes (poll_id, user_id, option_id, created_at) VALUES ($1, $2, $3, $4)",
                &|| args![poll, user, option, NOW],
            ),
            (
                "INSERT INTO instructor_follows (user_id, instructor_id, created_at) VALUES ($1, $1, $2)",
                &|| args![user, NOW],
            ),
            (
                "INSERT INTO workouts (id, title, duration_minutes, playback_id, created_at, updated_at) \
                 VALUES ($1, 'T', 60, $2, $3, $3)",
                &|| args![id::new(), session, NOW],
            ),
        ];
        for (sql, values) in twice {
            db.exec(sql, values())
                .await
                .unwrap_or_else(|error| panic!("{name}: {sql}: {error}"));
            let error = db.exec(sql, values()).await.unwrap_err();
            assert!(is_duplicate(&error), "{name}: {sql}: {error}");
        }
    }
}

#[tokio::test]
async fn a_balance_is_never_negative_and_the_ledger_never_changes() {
    for (name, db, _folder) in databases::both().await {
        let Rows { user, .. } = rows(&db).await;
        let refused = async |sql: &'static str, values: Vec<Val>| {
            let error = db.exec(sql, values).await.expect_err(sql);
            assert!(error.as_database_error().is_some(), "{name}: {sql}: {error}");
        };
        refused(
            "INSERT INTO token_accounts (user_id, balance, updated_at) VALUES ($1, $2, $3)",
            args![user, -1, NOW],
        )
        .await;
        let entry = "INSERT INTO token_ledger (id, user_id, kind, amount, balance_after, reason, metadata, created_at) \
                     VALUES ($1, $2, 'grant', $3, $4, 'r', '{}', $5)";
        refused(entry, args![id::new(), user, -5, -5, NOW]).await;
        refused(entry, args![id::new(), user, 0, 5, NOW]).await;
        db.exec(entry, args![id::new(), user, 5, 5, NOW]).await.unwrap();
        refused("UPDATE token_ledger SET amount = $1", args![6]).await;
        refused("DELETE FROM token_ledger WHERE user_id = $1", args![user]).await;
    }
}

#[tokio::test]
async fn a_vote_is_for_an_option_of_its_own_poll() {
    for (name, db, _folder) in databases::both().await {
        let (one, two) = (rows(&db).await, rows(&db).await);
        let vote = "INSERT INTO live_poll_votes (poll_id, user_id, option_id, created_at) VALUES ($1, $2, $3, $4)";
        let error = db
            .exec(vote, args![one.poll, one.user, two.option, NOW])
            .await
            .unwrap_err();
        let is_foreign = error.as_database_error().is_some_and(|e| e.is_foreign_key_violation());
        assert!(is_foreign, "{name}: {error}");
    }
}

#[test]
fn every_update_says_when() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tables: Vec<String> = std::fs::read_dir(root.join("migrations"))
        .unwrap()
        .flat_map(|file| tables_with_updated_at(&std::fs::read_to_string(file.unwrap().path()).unwrap()))
        .collect();
    assert!(tables.len() >= 5, "{tables:?}");
    let mut complaints = Vec::new();
    for folder in std::fs::read_dir(root.join("src")).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).into_iter().flatten() {
            let path = file.unwrap().path();
            if path.file_name().unwrap().to_string_lossy().starts_with("store") {
                let text = std::fs::read_to_string(&path).unwrap();
                let silent = silent_updates(&text, &tables);
                complaints.extend(silent.into_iter().map(|sql| format!("{}: {sql}", path.display())));
            }
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
    let planted = "\"UPDATE users SET name = $1 WHERE id = $2\"";
    assert_eq!(silent_updates(planted, &["users".into()]).len(), 1);
}

fn tables_with_updated_at(sql: &str) -> Vec<String> {
    let tables = sql.split("CREATE TABLE ").skip(1);
    let stamped = tables.filter(|table| table.split(");").next().unwrap().contains("updated_at"));
    stamped
        .map(|table| table.split_whitespace().next().unwrap().to_owned())
        .collect()
}

/// The `UPDATE`s of these tables, up to the end of the literal, that do not set `updated_at`.
fn silent_updates(text: &str, tables: &[String]) -> Vec<String> {
    let updates = text.split("UPDATE ").skip(1);
    updates
        .map(|rest| rest.split('"').next().unwrap())
        .filter(|sql| tables.iter().any(|table| sql.starts_with(&format!("{table} SET"))))
        .filter(|sql| !sql.contains("updated_at"))
        .map(str::to_owned)
        .collect()
}
