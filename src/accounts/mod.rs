//! Who people are: users and their roles, signing up, in and out, and the very first admin.
//!
//! | file | what it is for |
//! |---|---|
//! | `password` | argon2id, few at a time |
//! | `login` | signed-in browsers: the cookie's token and its row |
//! | `proof` | how somebody shows who they are |
//! | `setup` | the one-time link for the first admin |
//! | `magic_link` | signing in by a link in a mail |
//! | `proven` | the account of an address that was shown to be somebody's own |
//! | `oidc`, `apple`, `elsewhere` | signing in with an account elsewhere |
//! | `outside_token` | users of sites that embed this one |
//! | `secret` | the server's own key, from which signatures come |
//! | `limits` | how often somebody may try |
//! | `admin` | rights, profiles, export, deletion |
//! | `audit` | who did what to whom |

pub mod admin;
pub mod admin_routes;
pub mod apple;
pub mod audit;
pub mod elsewhere;
pub mod frame_routes;
pub mod limits;
pub mod login;
pub mod magic_link;
pub mod magic_link_routes;
pub mod oidc;
pub mod oidc_routes;
pub mod outside_token;
pub mod own_routes;
pub mod password;
pub mod proof;
pub mod proven;
pub mod routes;
pub mod secret;
pub mod setup;
pub mod store;
pub mod store_admin;
pub mod store_audit;
pub mod store_privacy;
pub mod store_sign_in;

use secrecy::SecretString;
use uuid::Uuid;

use crate::db::Ts;
use crate::error::{Error, Result};
use crate::events::Rights;
use crate::{App, id};

/// An account.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct User {
    /// Key.
    pub id: Uuid,
    /// Lower case; unique.
    pub email: String,
    /// As shown to others.
    pub name: String,
    /// What they may do.
    #[sqlx(try_from = "String")]
    pub role: Role,
    /// What they have subscribed to.
    #[sqlx(try_from = "String")]
    pub tier: Tier,
    /// What mails are written in.
    #[sqlx(try_from = "String")]
    pub language: Language,
    /// IANA name of the zone that times are told in.
    pub time_zone: String,
    /// When the address was shown to be theirs; `None`: they only say so.
    pub email_verified_at: Option<Ts>,
    /// When the account was made.
    pub created_at: Ts,
}

/// What an account has subscribed to. Which rights that gives is settled by `[access]` in the settings.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// Nothing.
    Free,
    /// Live sessions that are open to subscribers.
    Subscriber,
    /// Replays as well.
    Pro,
    /// As pro, for companies.
    Team,
}

impl Tier {
    /// As in the database and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Tier::Free => "free",
            Tier::Subscriber => "subscriber",
            Tier::Pro => "pro",
            Tier::Team => "team",
        }
    }
}

impl TryFrom<String> for Tier {
    type Error = String;

    fn try_from(text: String) -> Result<Tier, String> {
        let known = [Tier::Free, Tier::Subscriber, Tier::Pro, Tier::Team];
        let found = known.into_iter().find(|tier| tier.as_str() == text);
        found.ok_or_else(|| format!("unknown tier {text}"))
    }
}

/// A language that mails are written in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English
    En,
    /// Dutch
    Nl,
}

impl Language {
    /// As in the database and in JSON (BCP 47).
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Language::En => "en",
            Language::Nl => "nl",
        }
    }
}

impl TryFrom<String> for Language {
    type Error = String;

    fn try_from(text: String) -> Result<Language, String> {
        let found = [Language::En, Language::Nl]
            .into_iter()
            .find(|one| one.as_str() == text);
        found.ok_or_else(|| format!("unknown language {text}"))
    }
}

/// What an account may do; each includes the ones before it.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize, utoipa::ToSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Watches.
    Viewer,
    /// Broadcasts sessions of their own.
    Instructor,
    /// Everything.
    Admin,
}

impl Role {
    /// As in the database and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Instructor => "instructor",
            Role::Admin => "admin",
        }
    }
}

impl TryFrom<String> for Role {
    type Error = String;

    fn try_from(text: String) -> Result<Role, String> {
        match text.as_str() {
            "viewer" => Ok(Role::Viewer),
            "instructor" => Ok(Role::Instructor),
            "admin" => Ok(Role::Admin),
            _ => Err(format!("unknown role {text}")),
        }
    }
}

/// What somebody gives to get an account.
#[derive(Clone, Debug)]
pub struct NewUser {
    /// As shown to others.
    pub name: String,
    /// Any case.
    pub email: String,
    /// In clear.
    pub password: SecretString,
}

/// Makes an account with `role`.
///
/// # Errors
/// 409 when the address has one.
pub async fn sign_up(app: &App, new: NewUser, role: Role) -> Result<User> {
    let hash = app.hasher.hash(new.password).await?;
    let user = User::new(&new.name, &new.email, role);
    store::insert_user(&app.db, &user, Some(&hash))
        .await
        .map_err(email_taken)?;
    tracing::info!(user = %user.id, role = role.as_str(), "account made");
    Ok(user)
}

/// The account of `email` that nobody signs in to with a password, made when there is none: for what runs on the
/// server's own machine.
///
/// # Errors
/// 409 when somebody has signed up with that address, or it has another role.
pub async fn without_password(db: &crate::Db, name: &str, email: &str, role: Role) -> Result<User> {
    match store::user_by_email(db, &normal_email(email)).await? {
        Some(found) if found.password_hash.is_none() && found.user.role == role => Ok(found.user),
        Some(_) => Err(Error::Conflict {
            code: "email-taken",
            detail: "this address has an account of its own",
        }),
        None => {
            let user = User::new(name, email, role);
            store::insert_user(db, &user, None).await.map_err(email_taken)?;
            Ok(user)
        }
    }
}

/// Finds the account of `email` if `password` is its password.
///
/// # Errors
/// 401, the same for a wrong password and an unknown address, after the same time.
pub async fn check_password(app: &App, email: &str, password: SecretString) -> Result<User> {
    let found = store::user_by_email(&app.db, &normal_email(email)).await?;
    let (user, hash) = found.map_or((None, None), |row| (Some(row.user), row.password_hash));
    let right = app.hasher.verify(password, hash).await?;
    match user {
        Some(user) if right => Ok(user),
        _ => Err(Error::Unauthenticated(
            "the e-mail address or the password is not right",
        )),
    }
}

/// Checks that passwords are in use here.
///
/// # Errors
/// 403 where people sign in by other means only.
pub(crate) fn passwords_are_on(app: &App) -> Result<()> {
    match app.config.accounts.passwords {
        true => Ok(()),
        false => Err(Error::Forbidden("passwords are not used on this site")),
    }
}

/// Makes the first admin for the holder of the set-up link.
///
/// # Errors
/// 409 when there is an admin; 403 when the token is not the one that this start printed.
pub async fn set_up(app: &App, token: &str, new: NewUser) -> Result<User> {
    if store::has_admin(&app.db).await? {
        return Err(setup_done());
    }
    if !app.setup.is_right(token) {
        return Err(Error::Forbidden(
            "this set-up link is not valid; the server prints a new one at each start",
        ));
    }
    let hash = app.hasher.hash(new.password).await?;
    let user = User::new(&new.name, &new.email, Role::Admin).vouched_for();
    if !store::insert_first_admin(&app.db, &user, &hash)
        .await
        .map_err(email_taken)?
    {
        return Err(setup_done());
    }
    app.setup.used();
    tracing::info!(user = %user.id, "first admin made");
    Ok(user)
}

/// The user with that key.
///
/// # Errors
/// 404 when there is none.
pub async fn find(db: &crate::Db, id: Uuid) -> Result<User> {
    store::user_by_id(db, id).await?.ok_or(Error::NotFound("user"))
}

/// The version of the address of a user's calendar feed.
///
/// # Errors
/// 404 when there is no such user.
pub async fn calendar_version(db: &crate::Db, id: Uuid) -> Result<i64> {
    store::calendar_version(db, id).await?.ok_or(Error::NotFound("user"))
}

/// Voids the address of a user's calendar feed; gives the version of the new one.
///
/// # Errors
/// 404 when there is no such user.
pub async fn renew_calendar(db: &crate::Db, id: Uuid) -> Result<i64> {
    store::renew_calendar(db, id).await?.ok_or(Error::NotFound("user"))
}

/// Has what `user` has open checked again, on every server: a login of theirs, their role or their tier has changed. A
/// failure is logged: the change itself holds.
pub(crate) async fn check_open(app: &App, user: Uuid) {
    let rights = Rights {
        session: None,
        user: Some(user),
    };
    if let Err(error) = app.events.rights_changed(&app.db, rights).await {
        tracing::error!(%user, error = format!("{error:#}"), "other servers do not know that a right has ended");
    }
}

/// Checks the `userId` that a body may carry: the login decides who asks, so that it can only be the caller's own.
///
/// # Errors
/// 403 for anybody else's.
pub fn same_user(user: &User, named: Option<&str>) -> Result<()> {
    match named {
        Some(named) if named.parse() != Ok(user.id) => {
            Err(Error::Forbidden("userId is not the one of the signed-in user"))
        }
        _ => Ok(()),
    }
}

impl User {
    /// A new account without anything beside its role.
    #[must_use]
    pub fn new(name: &str, email: &str, role: Role) -> User {
        User {
            id: id::new(),
            email: normal_email(email),
            name: name.trim().to_owned(),
            role,
            tier: Tier::Free,
            language: Language::En,
            time_zone: "UTC".into(),
            email_verified_at: None,
            created_at: Ts::now(),
        }
    }

    /// The same, with an address that somebody with power over this server answers for.
    #[must_use]
    pub fn vouched_for(self) -> User {
        User {
            email_verified_at: Some(self.created_at),
            ..self
        }
    }
}

/// Addresses are compared without case. (The part before the @ may by RFC 5321 depend on it; nobody's does.)
fn normal_email(email: &str) -> String {
    email.trim().to_lowercase()
}

fn email_taken(error: sqlx::Error) -> Error {
    if crate::db::is_duplicate(&error) {
        return Error::Conflict {
            code: "email-taken",
            detail: "there is an account with this e-mail address",
        };
    }
    error.into()
}

fn setup_done() -> Error {
    Error::Conflict {
        code: "setup-done",
        detail: "this server has an admin already",
    }
}
