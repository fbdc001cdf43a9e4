//! Questions: viewers ask, others want the same answered, the host marks what is.

use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store_questions as store;
use crate::accounts::User;
use crate::chat::{check_text, initials, may_write};
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::events::{Push, Subject};
use crate::sessions::Session;
use crate::sessions::access::authorize_conversation;
use crate::{App, id, sessions};

/// Questions of a session that are listed: those that most want answered.
const MOST_LISTED: i64 = 200;
/// Open questions of one user in one session.
const MOST_OPEN: i64 = 5;

/// A question as it is stored.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Row {
    /// Key.
    pub id: Uuid,
    /// Where it was asked.
    pub session_id: Uuid,
    /// By whom.
    pub user_id: Uuid,
    /// Their name today.
    pub user_name: String,
    /// What they ask.
    pub question: String,
    /// So many want it answered.
    pub upvotes: i64,
    /// When it was answered.
    pub answered_at: Option<Ts>,
    /// When it was asked.
    pub created_at: Ts,
}

/// A question as clients see it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Question {
    id: Uuid,
    session_id: Uuid,
    user_id: Uuid,
    user_name: String,
    /// For a circle.
    user_initials: String,
    question: String,
    /// So many want it answered.
    upvotes: i64,
    /// Whether the caller does; `null` where it goes to everybody.
    user_upvoted: Option<bool>,
    is_answered: bool,
    created_at: Ts,
}

impl Question {
    fn new(row: Row, user_upvoted: Option<bool>) -> Question {
        Question {
            id: row.id,
            session_id: row.session_id,
            user_id: row.user_id,
            user_initials: initials::of(&row.user_name),
            user_name: row.user_name,
            question: row.question,
            upvotes: row.upvotes,
            user_upvoted,
            is_answered: row.answered_at.is_some(),
            created_at: row.created_at,
        }
    }
}

/// `question:changed`
fn changed(row: Row) -> Push {
    let session = row.session_id;
    let question = Question::new(row, None);
    Push::new(session, "question:changed", &json!({ "question": question }))
}

/// The questions of `session` as `user` sees them, those first that most want answered.
///
/// # Errors
/// The database's own.
pub async fn list(app: &App, session: Uuid, user: Option<&User>) -> Result<Vec<Question>> {
    let rows = store::list(&app.db, session, MOST_LISTED).await?;
    let upvoted = match user {
        Some(user) => store::upvoted_by(&app.db, session, user.id).await?,
        None => Vec::new(),
    };
    let view = |row: Row| {
        let own = upvoted.contains(&row.id);
        Question::new(row, Some(own))
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Asks. The same rules as for chat hold for the text and for who may.
///
/// # Errors
/// 409 after the end, or with enough open questions; 422 for the text; 403 for who is muted.
pub async fn ask(app: &App, session: &Session, user: &User, text: &str) -> Result<Question> {
    let question = check_text(text, &app.settings.now().conversation.banned_words)?;
    may_write(app, session, user).await?;
    let row = Row {
        id: id::new(),
        session_id: session.id,
        user_id: user.id,
        user_name: user.name.clone(),
        question,
        upvotes: 0,
        answered_at: None,
        created_at: Ts::now(),
    };
    let mut tx = app.db.begin().await?;
    store::lock_asker(&mut tx, user.id).await?;
    if store::count_open(&mut tx, session.id, user.id).await? >= MOST_OPEN {
        return Err(Error::Conflict {
            code: "too-many-questions",
            detail: "wait until one of your questions is answered, or take one back",
        });
    }
    store::insert(&mut tx, &row).await?;
    app.events.commit(tx, vec![changed(row.clone())]).await?;
    Ok(Question::new(row, Some(false)))
}

/// Wants a question answered, or no longer; as often as one likes, it counts once.
///
/// # Errors
/// 404, 401, 403; 409 after the end.
pub async fn set_upvote(app: &App, question: Uuid, user: &User, is_wanted: bool) -> Result<Question> {
    let row = find(app, question).await?;
    let session = authorize_conversation(app, row.session_id, Some(user)).await?;
    may_write(app, &session, user).await?;
    let is_new = match is_wanted {
        true => store::insert_vote(&app.db, question, user.id, Ts::now()).await?,
        false => store::delete_vote(&app.db, question, user.id).await?,
    };
    if is_new {
        app.events.count(Subject::Question(question));
    }
    Ok(Question::new(find(app, question).await?, Some(is_wanted)))
}

/// Tells everybody how a question stands now. Its row is locked meanwhile, so that of two servers the one that counted
/// later tells later.
///
/// # Errors
/// The database's own.
pub async fn tell(app: &App, question: Uuid) -> Result<()> {
    let mut tx = app.db.begin().await?;
    if !store::lock(&mut tx, question, Ts::now()).await? {
        return Ok(()); // deleted meanwhile
    }
    let told = store::find_in(&mut tx, question).await?.map(changed);
    app.events.commit(tx, told.into_iter().collect()).await
}

/// Marks a question as answered, or not, in a session that `host` runs.
///
/// # Errors
/// 404, 403.
pub async fn set_answered(app: &App, question: Uuid, host: &User, is_answered: bool) -> Result<Question> {
    let session = find(app, question).await?.session_id;
    sessions::get_own(app, session, host).await?;
    let now = Ts::now();
    let mut tx = app.db.begin().await?;
    store::set_answered(&mut tx, question, is_answered.then_some(now), now).await?;
    let row = store::find_in(&mut tx, question).await?;
    let row = row.ok_or(Error::NotFound("question"))?;
    app.events.commit(tx, vec![changed(row.clone())]).await?;
    let own = store::upvoted_by(&app.db, session, host.id).await?.contains(&question);
    Ok(Question::new(row, Some(own)))
}

/// Takes a question away. Its asker may, and who runs the session.
///
/// # Errors
/// 404; 403 for anybody else's.
pub async fn delete(app: &App, question: Uuid, user: &User) -> Result<()> {
    let row = find(app, question).await?;
    let session = authorize_conversation(app, row.session_id, Some(user)).await?;
    if row.user_id != user.id && !session.is_run_by(user) {
        return Err(Error::Forbidden("this is somebody else's question"));
    }
    let mut tx = app.db.begin().await?;
    store::mark_deleted(&mut tx, question, Ts::now()).await?;
    let told = Push::new(session.id, "question:deleted", &json!({ "id": question }));
    app.events.commit(tx, vec![told]).await
}

async fn find(app: &App, question: Uuid) -> Result<Row> {
    store::find(&app.db, question).await?.ok_or(Error::NotFound("question"))
}
