//! How somebody showed who they are; whether it still holds may be looked at again later.

use uuid::Uuid;

use super::{User, login, store};
use crate::App;
use crate::db::Ts;
use crate::error::Result;

/// A login's token is a secret of the one who showed it: this has no `Debug`.
#[derive(Clone)]
pub enum Proof {
    /// The token of a login, from a cookie.
    Login(String),
    /// A token of an embedding site, which said whose it is when it was shown. What rights it gave they were given then;
    /// from then on their account has them, where an admin may change them.
    OutsideToken {
        /// Whose it is.
        user: Uuid,
        /// It holds no longer than this.
        until: Ts,
    },
}

impl Proof {
    /// Whose it is at this moment, with the rights of this moment; `None`: nobody's any more.
    ///
    /// # Errors
    /// The database's own.
    pub async fn user(&self, app: &App) -> Result<Option<User>> {
        match self {
            Proof::Login(token) => login::user_of(&app.db, token).await,
            Proof::OutsideToken { until, .. } if *until < Ts::now() => Ok(None),
            Proof::OutsideToken { user, .. } => Ok(store::user_by_id(&app.db, *user).await?),
        }
    }
}
