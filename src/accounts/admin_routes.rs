//! HTTP of accounts for admins.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::store_audit::{self, AuditEntry};
use super::{Role, Tier, User, admin, store_admin};
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::http::extract::{Admin, Body, Id, Params};
use crate::http::problem::Problem;
use crate::http::rules::{cut_page, page_size};

/// Which users.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct UserParams {
    /// Part of the name or the address.
    search: Option<String>,
    /// Only users with this role.
    role: Option<Role>,
    /// At most this many, 1 to 100; 50 if not given.
    limit: Option<i64>,
    /// Those before this one: the last of the page before.
    before: Option<Uuid>,
}

/// A user as admins see them.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserView {
    id: Uuid,
    email: String,
    name: String,
    role: Role,
    tier: Tier,
    created_at: Ts,
}

/// A page of users.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserList {
    /// Latest first.
    users: Vec<UserView>,
    has_more: bool,
}

/// What to change; what is not given stays.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct RightsChange {
    #[garde(skip)]
    role: Option<Role>,
    #[garde(skip)]
    tier: Option<Tier>,
}

/// Which part of the audit log.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct AuditParams {
    /// Only what was done to this user or session.
    subject: Option<Uuid>,
    /// At most this many, 1 to 100; 50 if not given.
    limit: Option<i64>,
    /// Those before this one: the last of the page before.
    before: Option<Uuid>,
}

/// Something that was done.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = AuditEntry)]
pub struct AuditView {
    id: Uuid,
    at: Ts,
    /// `null`: the server itself, or its command line.
    actor_id: Option<Uuid>,
    action: String,
    subject_id: Option<Uuid>,
    #[schema(value_type = Object)]
    detail: Value,
}

/// A page of the audit log.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct AuditLog {
    /// Latest first.
    entries: Vec<AuditView>,
    has_more: bool,
}

/// Lists users, latest first
#[utoipa::path(get, path = "/api/admin/users", tag = "admin", operation_id = "list_users", params(UserParams),
    responses((status = 200, body = UserList),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn users(State(app): State<App>, _: Admin, Params(params): Params<UserParams>) -> Result<Json<UserList>> {
    let limit = page_size(params.limit, 50)?;
    let text = params.search.as_deref().map(str::trim).filter(|text| !text.is_empty());
    let found = store_admin::list_users(&app.db, text, params.role, params.before, limit + 1).await?;
    let (users, has_more) = cut_page(found, limit);
    Ok(Json(UserList {
        users: users.into_iter().map(UserView::from).collect(),
        has_more,
    }))
}

/// Changes what a user may do and has subscribed to
#[utoipa::path(patch, path = "/api/admin/users/{id}", tag = "admin", operation_id = "change_user",
    params(("id" = Uuid, Path)), request_body = RightsChange, responses((status = 200, body = UserView),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<App>,
    Admin(actor): Admin,
    Id(id): Id,
    Body(form): Body<RightsChange>,
) -> Result<Json<UserView>> {
    let user = admin::change_rights(&app.db, Some(actor.id), id, form.role, form.tier).await?;
    super::check_open(&app, user.id).await;
    Ok(Json(user.into()))
}

/// Shows what was done, latest first
#[utoipa::path(get, path = "/api/admin/audit", tag = "admin", operation_id = "audit_log", params(AuditParams),
    responses((status = 200, body = AuditLog),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn audit(State(app): State<App>, _: Admin, Params(params): Params<AuditParams>) -> Result<Json<AuditLog>> {
    let limit = page_size(params.limit, 50)?;
    let found = store_audit::list(&app.db, params.subject, params.before, limit + 1).await?;
    let (entries, has_more) = cut_page(found, limit);
    Ok(Json(AuditLog {
        entries: entries.into_iter().map(AuditView::from).collect(),
        has_more,
    }))
}

impl From<User> for UserView {
    fn from(user: User) -> UserView {
        UserView {
            id: user.id,
            email: user.email,
            name: user.name,
            role: user.role,
            tier: user.tier,
            created_at: user.created_at,
        }
    }
}

impl From<AuditEntry> for AuditView {
    fn from(entry: AuditEntry) -> AuditView {
        AuditView {
            id: entry.id,
            at: entry.at,
            actor_id: entry.actor_id,
            action: entry.action,
            subject_id: entry.subject_id,
            detail: serde_json::from_str(&entry.detail).unwrap_or_default(),
        }
    }
}
