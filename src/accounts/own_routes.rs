//! HTTP of a user's own account: profile, signed-in browsers, export, deletion.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::routes::{Account, password_length};
use super::store_privacy::Browser;
use super::{Language, admin, limits, login, normal_email, store_privacy};
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::cookie;
use crate::http::extract::{Body, Id, Viewer};
use crate::http::problem::Problem;
use crate::http::rules::not_blank;

/// What to change; what is not given stays.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct ProfileChange {
    #[garde(length(chars, min = 1, max = 100), inner(custom(not_blank)))]
    name: Option<String>,
    /// What mails are written in.
    #[garde(skip)]
    language: Option<Language>,
    /// IANA name.
    #[garde(length(bytes, max = 64))]
    time_zone: Option<String>,
}

/// A new password.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct PasswordForm {
    /// The one until now; an account that has none leaves it out.
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Password)]
    current_password: Option<SecretString>,
    /// 8 to 128 characters.
    #[garde(custom(password_length))]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// Makes sure.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct DeletionForm {
    /// The account's own address, typed again.
    #[garde(length(bytes, max = 254))]
    email: String,
}

/// A signed-in browser.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SignedInBrowser)]
pub struct BrowserView {
    id: Uuid,
    /// What it calls itself.
    user_agent: Option<String>,
    /// Where it signed in from.
    address: Option<String>,
    created_at: Ts,
    seen_at: Ts,
    expires_at: Ts,
    /// Whether it is the one that asks.
    is_this: bool,
}

/// The caller's browsers.
#[derive(Serialize, ToSchema)]
pub struct BrowserList {
    /// Last used first.
    sessions: Vec<BrowserView>,
}

/// Changes the caller's name, language or time zone
#[utoipa::path(patch, path = "/api/auth/me", tag = "accounts", operation_id = "change_profile",
    request_body = ProfileChange, responses((status = 200, body = Account),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn change(
    State(app): State<App>,
    Viewer(user): Viewer,
    Body(form): Body<ProfileChange>,
) -> Result<Json<Account>> {
    let (name, zone) = (form.name.as_deref(), form.time_zone.as_deref());
    let user = admin::change_profile(&app, &user, name, form.language, zone).await?;
    Ok(Json(user.into()))
}

/// Sets the caller's password, or another one in its place; other browsers are signed out
#[utoipa::path(put, path = "/api/auth/me/password", tag = "accounts", operation_id = "set_password",
    request_body = PasswordForm, responses((status = 204),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn set_password(
    State(app): State<App>,
    Viewer(user): Viewer,
    jar: CookieJar,
    Body(form): Body<PasswordForm>,
) -> Result<StatusCode> {
    limits::login_to(&app, &user.email)?;
    admin::set_password(&app, &user, form.current_password, form.password).await?;
    let this = cookie::login_token(&jar).map(login::digest).unwrap_or_default();
    store_privacy::delete_other_browsers(&app.db, user.id, &this).await?;
    super::check_open(&app, user.id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Lists the browsers in which the caller is signed in
#[utoipa::path(get, path = "/api/auth/sessions", tag = "accounts", operation_id = "list_logins", responses(
    (status = 200, body = BrowserList), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn browsers(State(app): State<App>, Viewer(user): Viewer, jar: CookieJar) -> Result<Json<BrowserList>> {
    let this = cookie::login_token(&jar).map(login::digest);
    let found = store_privacy::list_browsers(&app.db, user.id, Ts::now()).await?;
    Ok(Json(BrowserList {
        sessions: found.into_iter().map(|one| BrowserView::new(one, this)).collect(),
    }))
}

/// Signs one browser of the caller out
#[utoipa::path(delete, path = "/api/auth/sessions/{id}", tag = "accounts", operation_id = "end_login",
    params(("id" = Uuid, Path)), responses((status = 204),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn revoke(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<StatusCode> {
    match store_privacy::delete_browser(&app.db, user.id, id).await? {
        true => super::check_open(&app, user.id).await,
        false => return Err(Error::NotFound("login")),
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Signs all browsers of the caller out but this one
#[utoipa::path(delete, path = "/api/auth/sessions", tag = "accounts", operation_id = "end_other_logins",
    responses((status = 204), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn revoke_others(State(app): State<App>, Viewer(user): Viewer, jar: CookieJar) -> Result<StatusCode> {
    let this = cookie::login_token(&jar).map(login::digest).unwrap_or_default();
    store_privacy::delete_other_browsers(&app.db, user.id, &this).await?;
    super::check_open(&app, user.id).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Gives everything that is known of the caller
#[utoipa::path(get, path = "/api/auth/me/export", tag = "accounts", operation_id = "export_account", responses(
    (status = 200, body = Object), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn export(State(app): State<App>, Viewer(user): Viewer) -> Result<Json<Value>> {
    Ok(Json(admin::export(&app, &user).await?))
}

/// Deletes the caller's account: what is personal goes; what was paid stays, under a key that names nobody
#[utoipa::path(delete, path = "/api/auth/me", tag = "accounts", operation_id = "delete_account",
    request_body = DeletionForm, responses((status = 204),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn delete(
    State(app): State<App>,
    Viewer(user): Viewer,
    jar: CookieJar,
    Body(form): Body<DeletionForm>,
) -> Result<(StatusCode, CookieJar)> {
    if normal_email(&form.email) != user.email {
        return Err(Error::field("email", "is not the address of this account"));
    }
    admin::delete(&app, &user).await?;
    Ok((StatusCode::NO_CONTENT, cookie::sign_out(jar)))
}

impl BrowserView {
    fn new(browser: Browser, this: Option<[u8; 32]>) -> BrowserView {
        let start = browser.token_hash.first_chunk().copied().unwrap_or_default();
        BrowserView {
            id: Uuid::from_bytes(start), // half of a digest of random bytes: a name, and nothing to sign in with
            is_this: this.is_some_and(|this| this.as_slice() == browser.token_hash),
            user_agent: browser.user_agent,
            address: browser.address,
            created_at: browser.created_at,
            seen_at: browser.seen_at,
            expires_at: browser.expires_at,
        }
    }
}
