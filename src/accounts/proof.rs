//! How somebody shows who they are; it may be looked at again later.

use super::{User, login};
use crate::App;
use crate::error::Result;

/// A secret of the one who shows it: it has no `Debug`.
#[derive(Clone)]
pub enum Proof {
    /// The token of a login, from a cookie.
    Login(String),
    /// A token of an embedding site.
    OutsideToken(String),
}

impl Proof {
    /// Whose it is at this moment; `None`: nobody's any more.
    ///
    /// # Errors
    /// 401 for an outside token that does not hold, or not any more; the database's own.
    pub async fn user(&self, app: &App) -> Result<Option<User>> {
        match (self, &app.outside_logins) {
            (Proof::Login(token), _) => login::user_of(&app.db, token).await,
            (Proof::OutsideToken(token), Some(outside)) => outside.user(app, token).await.map(Some),
            (Proof::OutsideToken(_), None) => Ok(None),
        }
    }
}
