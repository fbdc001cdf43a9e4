//! HTTP of reactions and raised hands.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::gestures::{self, Hand};
use crate::App;
use crate::error::Result;
use crate::http::extract::{Body, Id, Ids, MaybeUser, Viewer};
use crate::http::problem::Problem;
use crate::sessions;
use crate::sessions::access::authorize_conversation;

/// A reaction to show.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct NewReaction {
    /// 👍 ❤️ 😂 👏 🎉 or 🤔
    #[garde(length(bytes, max = 32))]
    emoji: String,
}

/// The hands that are up.
#[derive(Serialize, ToSchema)]
pub struct HandList {
    /// Those first that wait longest.
    hands: Vec<Hand>,
}

/// Shows a reaction to everybody
#[utoipa::path(post, path = "/api/live/sessions/{id}/reactions", tag = "conversation", operation_id = "react",
    params(("id" = Uuid, Path)), request_body = NewReaction, responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn react(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    Body(new): Body<NewReaction>,
) -> Result<StatusCode> {
    let session = authorize_conversation(&app, id, Some(&user)).await?;
    gestures::react(&app, &session, &user, &new.emoji)?;
    Ok(StatusCode::NO_CONTENT)
}

/// Raises the caller's hand
#[utoipa::path(post, path = "/api/live/sessions/{id}/hand", tag = "conversation", operation_id = "raise_hand",
    params(("id" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn raise(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<StatusCode> {
    let session = authorize_conversation(&app, id, Some(&user)).await?;
    gestures::raise(&app, &session, &user).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lowers the caller's hand
#[utoipa::path(delete, path = "/api/live/sessions/{id}/hand", tag = "conversation", operation_id = "lower_hand",
    params(("id" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn lower(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<StatusCode> {
    let session = authorize_conversation(&app, id, Some(&user)).await?;
    gestures::lower(&app, &session, user.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the hands that are up, those first that wait longest
#[utoipa::path(get, path = "/api/live/sessions/{id}/hands", tag = "conversation", operation_id = "list_hands",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = HandList), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(State(app): State<App>, MaybeUser(user): MaybeUser, Id(id): Id) -> Result<Json<HandList>> {
    let session = authorize_conversation(&app, id, user.as_ref()).await?;
    Ok(Json(HandList {
        hands: gestures::hands(&app, &session).await?,
    }))
}

/// Lowers the hand of somebody in a session that the caller runs
#[utoipa::path(delete, path = "/api/live/sessions/{id}/hands/{user}", tag = "conversation",
    operation_id = "lower_hand_of", params(("id" = Uuid, Path), ("user" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn lower_other(State(app): State<App>, Viewer(user): Viewer, Ids(id, whom): Ids) -> Result<StatusCode> {
    let session = sessions::get_own(&app, id, &user).await?;
    gestures::lower(&app, &session, whom).await?;
    Ok(StatusCode::NO_CONTENT)
}
