//! HTTP of chat for those who run a session: pins, mutes, bans.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::App;
use crate::error::Result;
use crate::http::extract::{Body, Id, Ids, Viewer};
use crate::http::problem::Problem;
use crate::sessions;
use crate::sessions::bans::{self, Ban, BanKind};

/// Longest mute or ban with an end: a month.
const MOST_MINUTES: i64 = 31 * 24 * 60;

/// Whom to mute or ban.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct NewBan {
    #[garde(skip)]
    user_id: Uuid,
    /// `mute`: may not write; `ban`: may not be there.
    #[garde(skip)]
    kind: BanKind,
    /// For how long; for the whole session if not given.
    #[garde(range(min = 1, max = MOST_MINUTES))]
    minutes: Option<i64>,
}

/// Who is muted or banned.
#[derive(Serialize, ToSchema)]
pub struct BanList {
    /// Latest first.
    bans: Vec<Ban>,
}

/// Shows a message above all others, in place of one that was
#[utoipa::path(post, path = "/api/live/sessions/{id}/chat/{message}/pin", tag = "conversation",
    operation_id = "pin_message", params(("id" = Uuid, Path), ("message" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn pin(State(app): State<App>, Viewer(user): Viewer, Ids(id, message): Ids) -> Result<StatusCode> {
    let session = sessions::get_own(&app, id, &user).await?;
    super::pin(&app, &session, message).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows a message among the others again
#[utoipa::path(delete, path = "/api/live/sessions/{id}/chat/{message}/pin", tag = "conversation",
    operation_id = "unpin_message", params(("id" = Uuid, Path), ("message" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn unpin(State(app): State<App>, Viewer(user): Viewer, Ids(id, message): Ids) -> Result<StatusCode> {
    let session = sessions::get_own(&app, id, &user).await?;
    super::unpin(&app, &session, message).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists who is muted or banned
#[utoipa::path(get, path = "/api/live/sessions/{id}/chat/bans", tag = "conversation", operation_id = "list_bans",
    params(("id" = Uuid, Path)), responses(
    (status = 200, body = BanList), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn bans(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<BanList>> {
    sessions::get_own(&app, id, &user).await?;
    Ok(Json(BanList {
        bans: bans::list(&app, id).await?,
    }))
}

/// Mutes or bans a user, in place of what held before
#[utoipa::path(post, path = "/api/live/sessions/{id}/chat/bans", tag = "conversation", operation_id = "ban",
    params(("id" = Uuid, Path)), request_body = NewBan, responses(
    (status = 201, body = Ban), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn ban(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    Body(new): Body<NewBan>,
) -> Result<(StatusCode, Json<Ban>)> {
    let session = sessions::get_own(&app, id, &user).await?;
    let ban = bans::set(&app, &session, &user, new.user_id, new.kind, new.minutes).await?;
    Ok((StatusCode::CREATED, Json(ban)))
}

/// Takes a mute or ban back
#[utoipa::path(delete, path = "/api/live/sessions/{id}/chat/bans/{user}", tag = "conversation",
    operation_id = "lift_ban", params(("id" = Uuid, Path), ("user" = Uuid, Path)), responses(
    (status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn lift(State(app): State<App>, Viewer(user): Viewer, Ids(id, whom): Ids) -> Result<StatusCode> {
    let session = sessions::get_own(&app, id, &user).await?;
    bans::lift(&app, &session, whom).await?;
    Ok(StatusCode::NO_CONTENT)
}
