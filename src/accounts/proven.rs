//! The account of an address that was shown to be somebody's own: by a link in a mail, or by an account elsewhere.
//!
//! Signing up with a password does not show that; anybody may have typed any address. So the first proof voids what was
//! set up without one: who made the account before keeps no way in.

use jiff::tz::TimeZone;

use super::{Language, Role, User, store, store_sign_in};
use crate::App;
use crate::db::{Ts, Tx};
use crate::error::{Error, Result};

/// Somebody whose address is theirs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Proven {
    /// Any case.
    pub email: String,
    /// What they are called elsewhere, for a new account.
    pub name: Option<String>,
    /// For a new account.
    pub language: Language,
    /// For a new account: what their browser says. One that does not exist is not heeded.
    pub time_zone: Option<String>,
}

/// Longest name of an account.
const NAME_CHARS: usize = 100;

/// Finds the account of a proven address, or makes one where the settings let people sign up.
///
/// # Errors
/// 403 where they do not.
pub(super) async fn account_of(app: &App, tx: &mut Tx, who: &Proven) -> Result<User> {
    let email = super::normal_email(&who.email);
    if let Some(user) = store_sign_in::verify_address(tx, &email, Ts::now()).await? {
        tracing::info!(user = %user.id, "address shown to be their own; earlier password and logins are void");
        return Ok(user);
    }
    if let Some(user) = store_sign_in::find_by_address(tx, &email).await? {
        return Ok(user);
    }
    if !app.settings.now().accounts.sign_up {
        return Err(sign_up_closed());
    }
    let plain = User::new(&who.account_name(), &email, Role::Viewer).vouched_for();
    let user = User {
        language: who.language,
        time_zone: who.known_zone().unwrap_or(plain.time_zone),
        ..plain
    };
    if store::insert_user_if_new(tx, &user).await? {
        tracing::info!(user = %user.id, role = user.role.as_str(), "account made");
        return Ok(user);
    }
    let found = store_sign_in::find_by_address(tx, &email).await?; // somebody signed up at the same moment
    found.ok_or(Error::NotFound("user"))
}

impl Proven {
    /// What they are called; otherwise what stands before the @ of their address.
    fn account_name(&self) -> String {
        let given = self.name.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let name = given.unwrap_or_else(|| self.email.split('@').next().unwrap_or_default());
        name.chars().take(NAME_CHARS).collect()
    }

    fn known_zone(&self) -> Option<String> {
        self.time_zone.clone().filter(|zone| TimeZone::get(zone).is_ok())
    }
}

/// Nobody may make an account of their own here.
pub(super) fn sign_up_closed() -> Error {
    Error::Refused {
        status: http::StatusCode::FORBIDDEN,
        code: "sign-up-closed",
        detail: "accounts are made by the admins of this site".into(),
    }
}
