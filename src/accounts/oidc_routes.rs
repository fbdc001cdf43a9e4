//! HTTP of signing in with an account elsewhere.

use axum::Form;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::Redirect;
use axum_extra::extract::CookieJar;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::limits;
use super::login::Device;
use super::oidc::{Attempt, Failure, Provider, Return, Wish};
use super::routes::sign_in;
use super::{Language, User};
use crate::App;
use crate::error::{Error, Result};
use crate::http::cookie;
use crate::http::extract::{ClientAddress, Origin, Params};
use crate::http::problem::Problem;
use crate::http::rules::is_own_path;

/// How people sign in here.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WaysIn {
    /// Accounts elsewhere.
    providers: Vec<ProviderView>,
    /// Whether passwords are used.
    passwords: bool,
    /// Whether people make accounts of their own.
    sign_up: bool,
}

/// A button.
#[derive(Serialize, ToSchema)]
#[schema(as = Provider)]
pub struct ProviderView {
    /// In `/api/auth/oidc/{provider}/start`.
    id: String,
    /// On it.
    name: String,
}

/// Where to go afterwards, and how a new account begins.
#[derive(Deserialize, IntoParams)]
#[serde(rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub struct StartParams {
    /// A path on this site.
    next: Option<String>,
    /// Without it, what the browser prefers.
    language: Option<Language>,
    /// IANA name; one that does not exist is not heeded.
    time_zone: Option<String>,
}

/// Longest name of a time zone that the browser's cookie keeps.
const ZONE_BYTES: usize = 100;

/// What a provider sends the browser back with.
#[derive(Deserialize, IntoParams, ToSchema)]
#[into_params(parameter_in = Query)]
pub struct ReturnParams {
    /// Which attempt it belongs to.
    state: Option<String>,
    /// What the provider's tokens are got with.
    code: Option<String>,
    /// Why there is none.
    error: Option<String>,
    /// Apple's: who signed in, the first time only.
    user: Option<String>,
}

/// Tells how people sign in here
#[utoipa::path(get, path = "/api/auth/providers", tag = "accounts", responses((status = 200, body = WaysIn)))]
pub async fn providers(State(app): State<App>) -> Json<WaysIn> {
    let view = |provider: &Provider| ProviderView {
        id: provider.config.id.clone(),
        name: provider.config.name.clone(),
    };
    Json(WaysIn {
        providers: app.oidc.iter().map(view).collect(),
        passwords: app.config.accounts.passwords,
        sign_up: app.settings.now().accounts.sign_up,
    })
}

/// Sends the browser to a provider
#[utoipa::path(get, path = "/api/auth/oidc/{provider}/start", tag = "accounts", operation_id = "start_oidc",
    params(("provider" = String, Path), StartParams), responses((status = 303, description = "To the provider"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn start(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    origin: Origin,
    jar: CookieJar,
    Path(id): Path<String>,
    Params(params): Params<StartParams>,
) -> Result<(CookieJar, Redirect)> {
    limits::login_from(&app, address)?;
    let provider = app.oidc.find(&id).ok_or(Error::NotFound("provider"))?;
    let wish = Wish {
        next: params.next.filter(|next| is_own_path(next)),
        language: params.language,
        time_zone: params.time_zone.filter(|zone| zone.len() <= ZONE_BYTES),
    };
    match provider.start(callback_address(&origin, &id), wish).await {
        Ok((url, attempt)) => {
            let cookie = cookie::oidc_attempt(&id, &attempt, provider.config.form_post, &origin);
            Ok((jar.add(cookie), Redirect::to(&url)))
        }
        Err(failure) => Ok((jar, told(provider, &failure))),
    }
}

/// Takes the browser back from a provider, and signs it in
#[utoipa::path(get, path = "/api/auth/oidc/{provider}/callback", tag = "accounts", operation_id = "finish_oidc",
    params(("provider" = String, Path), ReturnParams),
    responses((status = 303, description = "To where the person wanted to go, or to /login?problem=oidc-…"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn callback(
    State(app): State<App>,
    who: Caller,
    Path(id): Path<String>,
    Params(params): Params<ReturnParams>,
) -> Result<(CookieJar, Redirect)> {
    finish(&app, who, &id, params).await
}

/// Takes the browser back from a provider that answers by a form, as Apple does
#[utoipa::path(post, path = "/api/auth/oidc/{provider}/callback", tag = "accounts", operation_id = "finish_oidc_form",
    params(("provider" = String, Path)),
    request_body(content = ReturnParams, content_type = "application/x-www-form-urlencoded"),
    responses((status = 303, description = "To where the person wanted to go, or to /login?problem=oidc-…"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn callback_form(
    State(app): State<App>,
    who: Caller,
    Path(id): Path<String>,
    Form(params): Form<ReturnParams>,
) -> Result<(CookieJar, Redirect)> {
    finish(&app, who, &id, params).await
}

/// The browser that comes back.
#[derive(axum::extract::FromRequestParts)]
#[from_request(state(App))]
pub struct Caller {
    address: ClientAddress,
    origin: Origin,
    device: Device,
    language: Language,
    jar: CookieJar,
}

async fn finish(app: &App, who: Caller, id: &str, params: ReturnParams) -> Result<(CookieJar, Redirect)> {
    limits::login_from(app, who.address.0)?;
    let provider = app.oidc.find(id).ok_or(Error::NotFound("provider"))?;
    let attempt = cookie::read_oidc_attempt(&who.jar);
    let next = attempt.as_ref().and_then(|attempt| attempt.wish.next.clone());
    let back = Return {
        state: params.state,
        code: params.code,
        error: params.error,
        user: params.user,
    };
    let signed_in = identified(app, provider, &who, attempt, &back).await;
    let jar = who.jar.add(cookie::no_oidc_attempt(id)); // one attempt, one try
    match signed_in {
        Ok(user) => {
            let jar = sign_in(app, jar, &who.origin, &who.device, &user).await?;
            let next = next.filter(|next| is_own_path(next));
            Ok((jar, Redirect::to(next.as_deref().unwrap_or("/"))))
        }
        Err(Failure::Here(error)) => Err(error),
        Err(failure) => Ok((jar, told(provider, &failure))),
    }
}

async fn identified(
    app: &App,
    provider: &Provider,
    who: &Caller,
    attempt: Option<Attempt>,
    back: &Return,
) -> Result<User, Failure> {
    let attempt = attempt.ok_or(Failure::State)?;
    let callback = callback_address(&who.origin, &provider.config.id);
    provider.finish(app, callback, attempt, back, who.language).await
}

fn callback_address(origin: &Origin, id: &str) -> String {
    origin.join(&format!("/api/auth/oidc/{id}/callback"))
}

/// Back to the login page, which says what is wrong; the log says more.
fn told(provider: &Provider, failure: &Failure) -> Redirect {
    let provider = &provider.config.id;
    match failure {
        Failure::Provider(error) => tracing::warn!(provider, error = format!("{error:#}"), "login elsewhere failed"),
        failure => tracing::debug!(provider, %failure, "login elsewhere ended"),
    }
    Redirect::to(&format!("/login?problem=oidc-{}", failure.code()))
}
