//! HTTP of questions.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::questions::{self, Question};
use crate::App;
use crate::error::Result;
use crate::http::extract::{Body, Id, MaybeUser, Viewer};
use crate::http::problem::Problem;
use crate::sessions::access::authorize_conversation;

/// The questions of a session.
#[derive(Serialize, ToSchema)]
pub struct QuestionList {
    /// Those first that most want answered; two hundred at most.
    questions: Vec<Question>,
}

/// A question to ask.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct NewQuestion {
    /// 1 to 500 characters.
    #[garde(skip)]
    question: String,
}

/// Lists the questions of a session, those first that most want answered
#[utoipa::path(get, path = "/api/live/sessions/{id}/questions", tag = "conversation", operation_id = "list_questions",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = QuestionList), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Json<QuestionList>> {
    authorize_conversation(&app, id, user.as_ref()).await?;
    Ok(Json(QuestionList {
        questions: questions::list(&app, id, user.as_ref()).await?,
    }))
}

/// Asks a question
#[utoipa::path(post, path = "/api/live/sessions/{id}/questions", tag = "conversation", operation_id = "ask",
    params(("id" = Uuid, Path)), request_body = NewQuestion, responses(
    (status = 201, body = Question), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn ask(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    Body(new): Body<NewQuestion>,
) -> Result<(StatusCode, Json<Question>)> {
    let session = authorize_conversation(&app, id, Some(&user)).await?;
    let question = questions::ask(&app, &session, &user, &new.question).await?;
    Ok((StatusCode::CREATED, Json(question)))
}

/// Wants a question answered
#[utoipa::path(post, path = "/api/live/questions/{id}/upvote", tag = "conversation", operation_id = "upvote",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = Question), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn upvote(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<Question>> {
    Ok(Json(questions::set_upvote(&app, id, &user, true).await?))
}

/// Takes an upvote back
#[utoipa::path(delete, path = "/api/live/questions/{id}/upvote", tag = "conversation", operation_id = "take_upvote_back",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = Question), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn take_upvote_back(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<Question>> {
    Ok(Json(questions::set_upvote(&app, id, &user, false).await?))
}

/// Marks a question as answered
#[utoipa::path(post, path = "/api/live/questions/{id}/answered", tag = "conversation", operation_id = "mark_answered",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = Question), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn mark_answered(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<Question>> {
    Ok(Json(questions::set_answered(&app, id, &user, true).await?))
}

/// Marks a question as not answered
#[utoipa::path(delete, path = "/api/live/questions/{id}/answered", tag = "conversation", operation_id = "mark_open",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = Question), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn mark_open(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<Question>> {
    Ok(Json(questions::set_answered(&app, id, &user, false).await?))
}

/// Takes a question away: one's own, or any where one runs the session
#[utoipa::path(delete, path = "/api/live/questions/{id}", tag = "conversation", operation_id = "delete_question",
    params(("id" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<StatusCode> {
    questions::delete(&app, id, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}
