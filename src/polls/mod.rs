//! Polls of a session, and the questions that its viewers ask: one vote each, counted right, results for everybody.
//!
//! | file | what it is for |
//! |---|---|
//! | `questions` | what viewers ask and others want answered |
//! | `routes`, `question_routes` | HTTP |
//! | `store`, `store_questions` | SQL |
//!
//! That somebody votes once is kept by the votes' primary key. The count stands beside the option and is raised in the
//! same transaction as the vote.

pub mod question_routes;
pub mod questions;
pub mod routes;
pub mod store;
pub mod store_questions;

use std::collections::HashMap;

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::accounts::User;
use crate::chat::expect_live;
use crate::db::{MOST_NOTE_BYTES, Ts};
use crate::error::{Error, Result};
use crate::events::{Push, Subject};
use crate::sessions::Session;
use crate::sessions::access::authorize_conversation;
use crate::tracking::Event;
use crate::{App, id, sessions};

/// Polls of one session.
const MOST_POLLS: i64 = 100;

/// A row of `live_polls`.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Row {
    /// Key.
    pub id: Uuid,
    /// Where it is asked.
    pub session_id: Uuid,
    /// What is asked.
    pub question: String,
    /// Whether it takes votes.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Ts,
}

/// A row of `live_poll_options`.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct OptionRow {
    /// Key.
    pub id: Uuid,
    /// Of which poll.
    pub poll_id: Uuid,
    /// For people.
    pub option_text: String,
    /// So many have chosen it.
    pub vote_count: i64,
}

/// A poll as clients see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Poll {
    id: Uuid,
    session_id: Uuid,
    question: String,
    /// Whether it takes votes.
    is_active: bool,
    options: Vec<PollOption>,
    total_votes: i64,
    /// Whether the caller has voted; `null` where it goes to everybody.
    user_voted: Option<bool>,
    /// What the caller has voted for.
    user_vote_option_id: Option<Uuid>,
    created_at: Ts,
}

/// An answer to choose.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PollOption {
    id: Uuid,
    text: String,
    vote_count: i64,
}

/// Whose votes a poll is shown with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Eyes {
    /// It goes to everybody.
    All,
    /// The caller's, who has chosen this.
    One(Option<Uuid>),
}

impl Poll {
    fn new(row: Row, options: Vec<OptionRow>, eyes: Eyes) -> Poll {
        let (user_voted, user_vote_option_id) = match eyes {
            Eyes::All => (None, None),
            Eyes::One(choice) => (Some(choice.is_some()), choice),
        };
        let option = |row: OptionRow| PollOption {
            id: row.id,
            text: row.option_text,
            vote_count: row.vote_count,
        };
        Poll {
            id: row.id,
            session_id: row.session_id,
            question: row.question,
            is_active: row.is_active,
            total_votes: options.iter().map(|row| row.vote_count).sum(),
            options: options.into_iter().map(option).collect(),
            user_voted,
            user_vote_option_id,
            created_at: row.created_at,
        }
    }

    /// `poll:changed`
    fn changed(&self) -> Push {
        Push::new(self.session_id, "poll:changed", &json!({ "poll": self }))
    }
}

/// The polls of `session` as `user` sees them, in the order in which they were made.
///
/// # Errors
/// The database's own.
pub async fn list(app: &App, session: &Session, user: Option<&User>) -> Result<Vec<Poll>> {
    let rows = store::list(&app.db, session.id, MOST_POLLS).await?;
    let mut options: HashMap<Uuid, Vec<OptionRow>> = HashMap::new();
    for option in store::options_of_session(&app.db, session.id).await? {
        options.entry(option.poll_id).or_default().push(option);
    }
    let choices: HashMap<Uuid, Uuid> = match user {
        Some(user) => store::choices_of(&app.db, session.id, user.id)
            .await?
            .into_iter()
            .collect(),
        None => HashMap::new(),
    };
    let is_over = session.is_over();
    let view = |mut row: Row| {
        row.is_active &= !is_over;
        let (options, choice) = (
            options.remove(&row.id).unwrap_or_default(),
            choices.get(&row.id).copied(),
        );
        Poll::new(row, options, Eyes::One(choice))
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Asks everybody in a live session.
///
/// # Errors
/// 409 when it is not live, or has enough polls; 422 for texts that are the same, or too long together.
pub async fn create(app: &App, session: &Session, host: &User, question: &str, options: &[String]) -> Result<Poll> {
    expect_live(session)?;
    let options: Vec<&str> = options.iter().map(|text| text.trim()).collect();
    let is_twice = |(index, text): (usize, &&str)| options.iter().take(index).any(|earlier| earlier == text);
    if options.iter().enumerate().any(is_twice) {
        return Err(Error::field("options", "must differ from each other"));
    }
    let now = Ts::now();
    let row = Row {
        id: id::new(),
        session_id: session.id,
        question: question.trim().to_owned(),
        is_active: true,
        created_at: now,
    };
    let mut tx = app.db.begin().await?;
    if store::count(&mut tx, session.id).await? >= MOST_POLLS {
        return Err(Error::Conflict {
            code: "too-many-polls",
            detail: "a session has at most 100 polls",
        });
    }
    store::insert(&mut tx, &row, host.id).await?;
    let mut rows = Vec::new();
    for (position, text) in options.into_iter().enumerate() {
        let option = OptionRow {
            id: id::new(),
            poll_id: row.id,
            option_text: text.to_owned(),
            vote_count: 0,
        };
        store::insert_option(&mut tx, &option, position).await?;
        rows.push(option);
    }
    let told = Poll::new(row.clone(), rows.clone(), Eyes::All).changed();
    // What all servers hear must fit into one note, with room for the keys around it.
    if told.text.len() > MOST_NOTE_BYTES - 200 {
        return Err(Error::field("options", "are too long together"));
    }
    app.events.commit(tx, vec![told]).await?;
    Ok(Poll::new(row, rows, Eyes::One(None)))
}

/// Votes. The same vote again is fine.
///
/// # Errors
/// 404; 409 when the session is not live, the poll is closed, or `user` has voted for something else.
pub async fn vote(app: &App, poll: Uuid, user: &User, option: Uuid) -> Result<Poll> {
    let session = session_of(app, poll).await?;
    let session = authorize_conversation(app, session, Some(user)).await?;
    expect_live(&session)?;
    let mut tx = app.db.begin().await?;
    let row = store::lock_active(&mut tx, poll, Ts::now()).await?.ok_or(closed())?;
    let is_counted = match store::choice_of(&mut tx, poll, user.id).await? {
        Some(earlier) if earlier == option => false,
        Some(_) => {
            return Err(Error::Conflict {
                code: "already-voted",
                detail: "you have voted already",
            });
        }
        None => {
            if !store::raise_count(&mut tx, poll, option).await? {
                return Err(Error::NotFound("option"));
            }
            store::insert_vote(&mut tx, poll, user.id, option, Ts::now()).await?;
            true
        }
    };
    let options = store::options(&mut tx, poll).await?;
    tx.commit().await?;
    if is_counted {
        app.events.count(Subject::Vote { poll, option });
        app.tracker.note(Event::poll_voted(session.id, user.id, poll, option));
    }
    Ok(Poll::new(row, options, Eyes::One(Some(option))))
}

/// Tells everybody how many votes these options of a poll have now. The poll's row is locked meanwhile, so that of two
/// servers the one that counted later tells later.
///
/// # Errors
/// The database's own.
pub async fn tell_votes(app: &App, poll: Uuid, changed: &[Uuid]) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let Some(row) = store::lock(&mut tx, poll, Ts::now()).await? else {
        return Ok(()); // deleted meanwhile
    };
    let options = store::options(&mut tx, poll).await?;
    let total: i64 = options.iter().map(|option| option.vote_count).sum();
    let told = options
        .iter()
        .filter(|option| changed.contains(&option.id))
        .map(|option| {
            let data = json!({
                "pollId": poll,
                "optionId": option.id,
                "voteCount": option.vote_count,
                "totalVotes": total,
            });
            Push::new(row.session_id, "poll:update", &data)
        });
    app.events.commit(tx, told.collect()).await
}

/// Closes a poll, or opens it again, in a session that `host` runs.
///
/// # Errors
/// 404, 403; 409 when the session is not live.
pub async fn set_active(app: &App, poll: Uuid, host: &User, is_active: bool) -> Result<Poll> {
    let session = sessions::get_own(app, session_of(app, poll).await?, host).await?;
    expect_live(&session)?;
    let mut tx = app.db.begin().await?;
    let row = store::set_active(&mut tx, poll, is_active, Ts::now()).await?;
    let row = row.ok_or(Error::NotFound("poll"))?;
    let options = store::options(&mut tx, poll).await?;
    let choice = store::choice_of(&mut tx, poll, host.id).await?;
    let told = Poll::new(row.clone(), options.clone(), Eyes::All).changed();
    app.events.commit(tx, vec![told]).await?;
    Ok(Poll::new(row, options, Eyes::One(choice)))
}

/// Takes a poll and its votes away, in a session that `host` runs.
///
/// # Errors
/// 404, 403.
pub async fn delete(app: &App, poll: Uuid, host: &User) -> Result<()> {
    let session = sessions::get_own(app, session_of(app, poll).await?, host).await?;
    let mut tx = app.db.begin().await?;
    if !store::delete(&mut tx, poll).await? {
        return Err(Error::NotFound("poll"));
    }
    let told = Push::new(session.id, "poll:deleted", &json!({ "pollId": poll }));
    app.events.commit(tx, vec![told]).await
}

async fn session_of(app: &App, poll: Uuid) -> Result<Uuid> {
    store::session_of(&app.db, poll).await?.ok_or(Error::NotFound("poll"))
}

fn closed() -> Error {
    Error::Conflict {
        code: "poll-closed",
        detail: "this poll takes no votes any more",
    }
}

/// Forgets polls and questions from before `before`.
///
/// # Errors
/// The database's own.
pub async fn forget(app: &App, before: Ts) -> Result<()> {
    store::forget(&app.db, before).await?;
    store_questions::forget(&app.db, before).await?;
    Ok(())
}
