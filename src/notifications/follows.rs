//! Following an instructor: who does is told when they plan something.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::store_follows as store;
use crate::App;
use crate::accounts::{self, Role, User};
use crate::db::Ts;
use crate::error::{Error, Result};

/// An instructor as others see them.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
pub struct Instructor {
    /// Key.
    pub id: Uuid,
    /// Their name.
    pub name: String,
    /// Whether the caller follows them.
    pub following: bool,
    /// How many do.
    pub followers: i64,
    /// Sessions that they have planned or held; cancelled ones are left out.
    pub sessions: i64,
}

/// An instructor, as `viewer` sees them.
///
/// # Errors
/// 404 when nobody with that key gives classes.
pub async fn show(app: &App, instructor: Uuid, viewer: Option<&User>) -> Result<Instructor> {
    let user = find(app, instructor).await?;
    let (followers, sessions) = store::counts(&app.db, instructor).await?;
    let following = match viewer {
        Some(viewer) => store::follows(&app.db, viewer.id, instructor).await?,
        None => false,
    };
    Ok(Instructor {
        id: user.id,
        name: user.name,
        following,
        followers,
        sessions,
    })
}

/// Follows an instructor, once.
///
/// # Errors
/// 404 when nobody with that key gives classes.
pub async fn follow(app: &App, user: &User, instructor: Uuid) -> Result<()> {
    find(app, instructor).await?;
    Ok(store::follow(&app.db, user.id, instructor, Ts::now()).await?)
}

/// Follows an instructor no more; not having followed is fine, too.
///
/// # Errors
/// 404 when nobody with that key gives classes.
pub async fn unfollow(app: &App, user: &User, instructor: Uuid) -> Result<()> {
    find(app, instructor).await?;
    Ok(store::unfollow(&app.db, user.id, instructor).await?)
}

async fn find(app: &App, instructor: Uuid) -> Result<User> {
    match accounts::find(&app.db, instructor).await {
        Ok(user) if user.role >= Role::Instructor => Ok(user),
        Ok(_) | Err(Error::NotFound(_)) => Err(Error::NotFound("instructor")),
        Err(error) => Err(error),
    }
}
