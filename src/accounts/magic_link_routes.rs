//! HTTP of signing in by a link in a mail.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::limits;
use super::login::Device;
use super::routes::{Account, sign_in};
use super::{Language, magic_link};
use crate::App;
use crate::error::Result;
use crate::http::extract::{Body, ClientAddress, Origin};
use crate::http::problem::Problem;
use crate::http::rules::own_path;

/// Where to send a link.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct LinkForm {
    #[garde(email, length(bytes, max = 254))]
    email: String,
    /// Where on this site to go afterwards: a path.
    #[garde(custom(own_path))]
    next: Option<String>,
    /// What the mail and a new account are in; without it, what the browser prefers.
    #[garde(skip)]
    language: Option<Language>,
}

/// The token of a link, and how a new account begins.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct RedeemForm {
    #[garde(length(bytes, max = 200))]
    token: String,
    /// Without it, the one that the link was asked for in.
    #[garde(skip)]
    language: Option<Language>,
    /// IANA name; one that does not exist is not heeded.
    #[garde(length(bytes, max = 100))]
    time_zone: Option<String>,
}

/// Who has signed in, and where they wanted to go.
#[derive(Serialize, ToSchema)]
pub struct SignedIn {
    user: Account,
    next: Option<String>,
}

/// Sends a link that signs in, if there is an account or people may sign up; the answer is the same either way
#[utoipa::path(post, path = "/api/auth/magic-link", tag = "accounts", operation_id = "ask_magic_link",
    request_body = LinkForm, responses((status = 202),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn ask(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    language: Language,
    Body(form): Body<LinkForm>,
) -> Result<StatusCode> {
    limits::link(&app, address, &form.email)?;
    magic_link::ask(&app, &form.email, form.next, form.language.unwrap_or(language)).await?;
    Ok(StatusCode::ACCEPTED)
}

/// Signs in by the token of a link, once; makes the account where there is none
#[utoipa::path(post, path = "/api/auth/magic-link/redeem", tag = "accounts", operation_id = "redeem_magic_link",
    request_body = RedeemForm, responses((status = 200, body = SignedIn),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn redeem(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    origin: Origin,
    device: Device,
    jar: CookieJar,
    Body(form): Body<RedeemForm>,
) -> Result<(CookieJar, Json<SignedIn>)> {
    limits::login_from(&app, address)?;
    let (user, next) = magic_link::redeem(&app, &form.token, form.language, form.time_zone).await?;
    let jar = sign_in(&app, jar, &origin, &device, &user).await?;
    let user = user.into();
    Ok((jar, Json(SignedIn { user, next })))
}
