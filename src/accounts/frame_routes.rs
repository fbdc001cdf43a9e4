//! HTTP of signing in inside a frame: a site that embeds this one exchanges the token of its user for a cookie that only
//! frames in its own pages have.

use axum::Form;
use axum::extract::State;
use axum::response::Redirect;
use axum_extra::extract::CookieJar;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use utoipa::ToSchema;

use super::login::{self, Device, Term};
use crate::App;
use crate::error::{Error, Result};
use crate::http::cookie;
use crate::http::problem::Problem;
use crate::http::rules::is_own_path;

/// Who comes, and where to.
#[derive(Deserialize, ToSchema)]
pub struct FrameForm {
    /// The user's token, as it would stand after `Authorization: Bearer`.
    #[schema(value_type = String, format = Password)]
    token: SecretString,
    /// The page to show, a path on this site like `/streams`; left out: the first page.
    next: Option<String>,
}

/// Signs in inside a frame
///
/// For a site that embeds this one (`[embedding]` of the settings): its page sends a form with the token of its user into
/// the frame. The login lasts eight hours, and is good in frames of that site only.
#[utoipa::path(post, path = "/api/auth/frame", tag = "accounts", operation_id = "sign_in_frame",
    request_body(content = FrameForm, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To the page that was asked for"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn enter(
    State(app): State<App>,
    device: Device,
    jar: CookieJar,
    Form(form): Form<FrameForm>,
) -> Result<(CookieJar, Redirect)> {
    let outside = app.outside_logins.as_ref();
    let outside = outside.ok_or(Error::Unauthenticated("no tokens of other sites are taken here"))?;
    let (user, _) = outside.sign_in(&app, form.token.expose_secret()).await?;
    let token = login::start_on(&app.db, user.id, &device, Term::Fixed).await?;
    let next = form.next.filter(|next| is_own_path(next));
    Ok((
        jar.add(cookie::signed_in_frame(token.expose())),
        Redirect::to(next.as_deref().unwrap_or("/")),
    ))
}
