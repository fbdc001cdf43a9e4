//! HTTP of chat: reading, writing, taking away.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::ChatMessage;
use super::history::{self, Where};
use crate::App;
use crate::accounts::same_user;
use crate::error::Result;
use crate::http::extract::{Body, Id, Ids, MaybeUser, Params, Viewer};
use crate::http::problem::Problem;
use crate::http::rules::page_size;
use crate::sessions::access::authorize_conversation;

/// Which messages to read.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PageParams {
    /// At most this many, 1 to 100; 50 if not given.
    limit: Option<i64>,
    /// Only messages before this one (its key) or this moment (RFC 3339).
    before: Option<String>,
    /// Only messages after this one, the next ones first: what a client missed.
    after: Option<Uuid>,
}

/// Messages of a session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChatPage {
    /// Oldest first.
    messages: Vec<ChatMessage>,
    /// Whether there are more in the direction that was asked for.
    has_more: bool,
    /// The message that is shown above all others.
    pinned: Option<ChatMessage>,
}

/// A message to write.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct NewMessage {
    /// 1 to 500 characters.
    #[garde(skip)]
    message: String,
    /// The caller's own, if given.
    #[garde(skip)]
    user_id: Option<String>,
}

/// Reads messages of a session, oldest first
#[utoipa::path(get, path = "/api/live/sessions/{id}/chat", tag = "conversation", operation_id = "list_messages",
    params(("id" = Uuid, Path), PageParams), responses(
    (status = 200, body = ChatPage), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(app): State<App>,
    MaybeUser(user): MaybeUser,
    Id(id): Id,
    Params(params): Params<PageParams>,
) -> Result<Json<ChatPage>> {
    let limit = page_size(params.limit, 50)?;
    let at = Where::read(params.before.as_deref(), params.after)?;
    authorize_conversation(&app, id, user.as_ref()).await?;
    let (messages, has_more) = history::page(&app, id, at, limit).await?;
    let pinned = history::pinned_in(&app, id).await?;
    Ok(Json(ChatPage {
        messages,
        has_more,
        pinned,
    }))
}

/// Writes a message
#[utoipa::path(post, path = "/api/live/sessions/{id}/chat", tag = "conversation", operation_id = "post_message",
    params(("id" = Uuid, Path)), request_body = NewMessage, responses((status = 201, body = ChatMessage),
    (status = 429, body = Problem, content_type = "application/problem+json", headers(("Retry-After" = u64))),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn post(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    Body(new): Body<NewMessage>,
) -> Result<(StatusCode, Json<ChatMessage>)> {
    same_user(&user, new.user_id.as_deref())?;
    let session = authorize_conversation(&app, id, Some(&user)).await?;
    let message = super::post(&app, &session, &user, &new.message).await?;
    Ok((StatusCode::CREATED, Json(message)))
}

/// Takes a message away: one's own, or any where one runs the session
#[utoipa::path(delete, path = "/api/live/sessions/{id}/chat/{message}", tag = "conversation",
    operation_id = "delete_message", params(("id" = Uuid, Path), ("message" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(State(app): State<App>, Viewer(user): Viewer, Ids(id, message): Ids) -> Result<StatusCode> {
    let session = authorize_conversation(&app, id, Some(&user)).await?;
    super::delete(&app, &session, &user, message).await?;
    Ok(StatusCode::NO_CONTENT)
}
