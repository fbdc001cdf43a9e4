//! HTTP of accounts: set-up, sign-up, login, logout, me.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum_extra::extract::CookieJar;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::login::{Device, Term};
use super::{Language, NewUser, Role, Tier, User, admin, limits, login, proven, store};
use crate::App;
use crate::error::{Error, Result};
use crate::http::cookie;
use crate::http::extract::{Body, ClientAddress, MaybeUser, Origin};
use crate::http::problem::Problem;
use crate::http::rules::not_blank;

/// A user as they see themselves.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    id: Uuid,
    name: String,
    email: String,
    role: Role,
    tier: Tier,
    /// What mails are written in.
    language: Language,
    /// IANA name.
    time_zone: String,
}

/// The signed-in user, or nobody.
#[derive(Serialize, ToSchema)]
pub struct Me {
    user: Option<Account>,
}

/// Whether the first admin is missing.
#[derive(Serialize, ToSchema)]
pub struct SetupState {
    needed: bool,
}

/// The first admin.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct SetupForm {
    /// From the link that the server printed at its start.
    #[garde(length(bytes, max = 200))]
    token: String,
    #[garde(length(chars, min = 1, max = 100), custom(not_blank))]
    name: String,
    #[garde(email, length(bytes, max = 254))]
    email: String,
    /// 8 to 128 characters.
    #[garde(custom(password_length))]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// A new account.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct SignupForm {
    /// As shown to others.
    #[garde(length(chars, min = 1, max = 100), custom(not_blank))]
    name: String,
    #[garde(email, length(bytes, max = 254))]
    email: String,
    /// 8 to 128 characters.
    #[garde(custom(password_length))]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// An address and its password.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct LoginForm {
    #[garde(length(bytes, max = 254))]
    email: String,
    #[garde(skip)]
    #[schema(value_type = String, format = Password)]
    password: SecretString,
}

/// The access token for instructors, or an address and its password.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct InstructorLogin {
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Password)]
    token: Option<SecretString>,
    #[garde(length(bytes, max = 254))]
    email: Option<String>,
    #[garde(skip)]
    #[schema(value_type = Option<String>, format = Password)]
    password: Option<SecretString>,
}

/// Says whether the first admin is missing
#[utoipa::path(get, path = "/api/setup", tag = "accounts", responses((status = 200, body = SetupState)))]
pub async fn setup_state(State(app): State<App>) -> Result<Json<SetupState>> {
    Ok(Json(SetupState {
        needed: !store::has_admin(&app.db).await?,
    }))
}

/// Makes the first admin and signs them in
#[utoipa::path(post, path = "/api/setup", tag = "accounts", request_body = SetupForm, responses(
    (status = 201, body = Account), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn setup(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    origin: Origin,
    device: Device,
    jar: CookieJar,
    Body(form): Body<SetupForm>,
) -> Result<(StatusCode, CookieJar, Json<Account>)> {
    limits::login_from(&app, address)?;
    let new = NewUser {
        name: form.name,
        email: form.email,
        password: form.password,
    };
    let user = super::set_up(&app, &form.token, new).await?;
    Ok((
        StatusCode::CREATED,
        sign_in(&app, jar, &origin, &device, &user).await?,
        Json(user.into()),
    ))
}

/// Makes an account for a viewer and signs them in
#[utoipa::path(post, path = "/api/auth/signup", tag = "accounts", request_body = SignupForm, responses(
    (status = 201, body = Account), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn signup(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    origin: Origin,
    device: Device,
    jar: CookieJar,
    Body(form): Body<SignupForm>,
) -> Result<(StatusCode, CookieJar, Json<Account>)> {
    limits::sign_up_from(&app, address)?;
    super::passwords_are_on(&app)?;
    if !app.settings.now().accounts.sign_up {
        return Err(proven::sign_up_closed());
    }
    let new = NewUser {
        name: form.name,
        email: form.email,
        password: form.password,
    };
    let user = super::sign_up(&app, new, Role::Viewer).await?;
    Ok((
        StatusCode::CREATED,
        sign_in(&app, jar, &origin, &device, &user).await?,
        Json(user.into()),
    ))
}

/// Signs in by e-mail and password
#[utoipa::path(post, path = "/api/auth/login", tag = "accounts", request_body = LoginForm, responses(
    (status = 200, body = Me), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn login(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    origin: Origin,
    device: Device,
    jar: CookieJar,
    Body(form): Body<LoginForm>,
) -> Result<(CookieJar, Json<Me>)> {
    limits::login_from(&app, address)?;
    limits::login_to(&app, &form.email)?;
    super::passwords_are_on(&app)?;
    let user = super::check_password(&app, &form.email, form.password).await?;
    Ok((
        sign_in(&app, jar, &origin, &device, &user).await?,
        Json(Me {
            user: Some(user.into()),
        }),
    ))
}

/// Signs an instructor in, by e-mail and password or by the access token of the settings
#[utoipa::path(post, path = "/api/instructor/login", tag = "instructor", operation_id = "instructor_login",
    request_body = InstructorLogin, responses((status = 200, body = Me),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn instructor_login(
    State(app): State<App>,
    ClientAddress(address): ClientAddress,
    origin: Origin,
    device: Device,
    jar: CookieJar,
    Body(form): Body<InstructorLogin>,
) -> Result<(CookieJar, Json<Me>)> {
    limits::login_from(&app, address)?;
    let user = match (form.token, form.email, form.password) {
        (Some(token), None, None) => admin::by_access_token(&app, &token).await?,
        (None, Some(email), Some(password)) => {
            limits::login_to(&app, &email)?;
            super::passwords_are_on(&app)?;
            super::check_password(&app, &email, password).await?
        }
        _ => return Err(Error::BadRequest("send either token, or email and password".into())),
    };
    if user.role < Role::Instructor {
        return Err(Error::Forbidden("your account may not do this"));
    }
    let jar = sign_in(&app, jar, &origin, &device, &user).await?;
    let me = Me {
        user: Some(user.into()),
    };
    Ok((jar, Json(me)))
}

/// Signs out
#[utoipa::path(post, path = "/api/auth/logout", tag = "accounts", responses((status = 204)))]
pub async fn logout(State(app): State<App>, jar: CookieJar) -> Result<(StatusCode, CookieJar)> {
    if let Some(token) = cookie::login_token(&jar) {
        let user = login::user_of(&app.db, token).await?;
        login::end(&app.db, token).await?;
        if let Some(user) = user {
            super::check_open(&app, user.id).await;
        }
    }
    Ok((StatusCode::NO_CONTENT, cookie::sign_out(jar)))
}

/// Tells who is signed in
#[utoipa::path(get, path = "/api/auth/me", tag = "accounts", responses((status = 200, body = Me)))]
pub async fn me(MaybeUser(user): MaybeUser, origin: Origin, jar: CookieJar) -> (CookieJar, Json<Me>) {
    let jar = match (&user, cookie::own_login_token(&jar).map(str::to_owned)) {
        (Some(_), Some(token)) => jar.add(cookie::signed_in(&token, &origin)), // the browser's copy moves its end, too
        _ => jar,
    };
    (
        jar,
        Json(Me {
            user: user.map(Account::from),
        }),
    )
}

/// Signs `user` in on the browser that asks.
pub(super) async fn sign_in(
    app: &App,
    jar: CookieJar,
    origin: &Origin,
    device: &Device,
    user: &User,
) -> Result<CookieJar> {
    let token = login::start_on(&app.db, user.id, device, Term::FromUse).await?;
    Ok(jar.add(cookie::signed_in(token.expose(), origin)))
}

/// 8 to 128 characters.
pub(super) fn password_length(password: &SecretString, (): &()) -> garde::Result {
    match password.expose_secret().chars().count() {
        8..=128 => Ok(()),
        _ => Err(garde::Error::new("must have 8 to 128 characters")),
    }
}

impl From<User> for Account {
    fn from(user: User) -> Account {
        Account {
            id: user.id,
            name: user.name,
            email: user.email,
            role: user.role,
            tier: user.tier,
            language: user.language,
            time_zone: user.time_zone,
        }
    }
}
