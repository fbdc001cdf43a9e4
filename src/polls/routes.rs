//! HTTP of polls.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::Poll;
use crate::App;
use crate::accounts::same_user;
use crate::error::Result;
use crate::http::extract::{Body, Id, MaybeUser, Viewer};
use crate::http::problem::Problem;
use crate::http::rules::not_blank;
use crate::sessions;
use crate::sessions::access::authorize_conversation;

/// The polls of a session.
#[derive(Serialize, ToSchema)]
pub struct PollList {
    /// In the order in which they were made.
    polls: Vec<Poll>,
}

/// A poll to make.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct NewPoll {
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    question: String,
    /// 2 to 8 different answers.
    #[garde(
        length(min = 2, max = 8),
        inner(length(chars, min = 1, max = 255), custom(not_blank))
    )]
    options: Vec<String>,
}

/// A vote.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct NewVote {
    #[garde(skip)]
    option_id: Uuid,
    /// The caller's own, if given.
    #[garde(skip)]
    user_id: Option<String>,
}

/// A vote that counts.
#[derive(Serialize, ToSchema)]
pub struct Voted {
    success: bool,
    poll: Poll,
}

/// Lists the polls of a session with their results
#[utoipa::path(get, path = "/api/live/sessions/{id}/polls", tag = "conversation", operation_id = "list_polls",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = PollList), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Json<PollList>> {
    let session = authorize_conversation(&app, id, user.as_ref()).await?;
    Ok(Json(PollList {
        polls: super::list(&app, &session, user.as_ref()).await?,
    }))
}

/// Asks everybody in a live session
#[utoipa::path(post, path = "/api/live/sessions/{id}/polls", tag = "conversation", operation_id = "create_poll",
    params(("id" = Uuid, Path)), request_body = NewPoll, responses(
    (status = 201, body = Poll), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn create(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    Body(new): Body<NewPoll>,
) -> Result<(StatusCode, Json<Poll>)> {
    let session = sessions::get_own(&app, id, &user).await?;
    let poll = super::create(&app, &session, &user, &new.question, &new.options).await?;
    Ok((StatusCode::CREATED, Json(poll)))
}

/// Votes, once and while the session is live
#[utoipa::path(post, path = "/api/live/polls/{id}/vote", tag = "conversation", operation_id = "vote",
    params(("id" = Uuid, Path)), request_body = NewVote, responses(
    (status = 200, body = Voted), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn vote(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    Body(new): Body<NewVote>,
) -> Result<Json<Voted>> {
    same_user(&user, new.user_id.as_deref())?;
    let poll = super::vote(&app, id, &user, new.option_id).await?;
    Ok(Json(Voted { success: true, poll }))
}

/// Takes no more votes
#[utoipa::path(post, path = "/api/live/polls/{id}/close", tag = "conversation", operation_id = "close_poll",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = Poll), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn close(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<Poll>> {
    Ok(Json(super::set_active(&app, id, &user, false).await?))
}

/// Takes votes again
#[utoipa::path(post, path = "/api/live/polls/{id}/reopen", tag = "conversation", operation_id = "reopen_poll",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = Poll), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn reopen(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<Poll>> {
    Ok(Json(super::set_active(&app, id, &user, true).await?))
}

/// Takes a poll and its votes away
#[utoipa::path(delete, path = "/api/live/polls/{id}", tag = "conversation", operation_id = "delete_poll",
    params(("id" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<StatusCode> {
    super::delete(&app, id, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
