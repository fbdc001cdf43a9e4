//! Signed-in browsers: a random token in a cookie, its digest in the database, an end that moves with use.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{User, store, store_sign_in};
use crate::App;
use crate::db::{Db, Ts};
use crate::error::Result;

/// A browser that is not used for this long has to sign in again.
pub const LIFETIME_S: i64 = 7 * 24 * 3600;
/// A login in a frame of another site lasts this long: longer than a class, and no longer than a day at school.
pub const FRAME_LIFETIME_S: i64 = 8 * 3600;
/// The end is moved at most this often, so that reading a page does not write to the database.
const RENEW_AFTER_S: i64 = 3600;

const FORGET_EVERY: Duration = Duration::from_secs(3600);

const TOKEN_BYTES: usize = 32;

/// What the cookie holds: 32 random bytes as base64url. Whoever has it is the user.
#[derive(Clone)]
pub struct LoginToken(String);

impl LoginToken {
    /// The cookie's value.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// How long a login lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Term {
    /// [`LIFETIME_S`] from its last use.
    FromUse,
    /// [`FRAME_LIFETIME_S`] from its start.
    Fixed,
}

/// What is known of the browser that signs in.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Device {
    /// What it calls itself.
    pub user_agent: Option<String>,
    /// Where it is.
    pub address: Option<String>,
}

/// Signs a user in.
///
/// # Errors
/// The database's own.
pub async fn start(db: &Db, user: Uuid) -> Result<LoginToken> {
    start_on(db, user, &Device::default(), Term::FromUse).await
}

/// Signs a user in, on a browser that they will recognise in the list of theirs.
///
/// # Errors
/// The database's own.
pub async fn start_on(db: &Db, user: Uuid, device: &Device, term: Term) -> Result<LoginToken> {
    let token = random_text::<TOKEN_BYTES>();
    let now = Ts::now();
    let lifetime = match term {
        Term::FromUse => LIFETIME_S,
        Term::Fixed => FRAME_LIFETIME_S,
    };
    let end = store::LoginEnd {
        at: now.plus_s(lifetime),
        is_fixed: term == Term::Fixed,
    };
    store::insert_login(db, &digest(&token), user, device, now, end).await?;
    Ok(LoginToken(token))
}

/// The user whose browser holds `token`, if its time is not over; moves the end of it.
///
/// # Errors
/// The database's own.
pub async fn user_of(db: &Db, token: &str) -> Result<Option<User>> {
    let hash = digest(token);
    let now = Ts::now();
    let Some(found) = store::user_by_login(db, &hash, now).await? else {
        return Ok(None);
    };
    if found.seen_at.plus_s(RENEW_AFTER_S) < now {
        store::renew_login(db, &hash, now, now.plus_s(LIFETIME_S)).await?;
    }
    Ok(Some(found.user))
}

/// Signs the browser that holds `token` out.
///
/// # Errors
/// The database's own.
pub async fn end(db: &Db, token: &str) -> Result<()> {
    Ok(store::delete_login(db, &digest(token)).await?)
}

/// Forgets the browsers and links whose time is over, now and then, until the server stops.
pub async fn forget_expired(app: App) {
    let mut tick = tokio::time::interval(FORGET_EVERY);
    loop {
        tokio::select! {
            () = app.shutdown.cancelled() => return,
            _ = tick.tick() => {}
        }
        if let Err(error) = store::delete_expired_logins(&app.db, Ts::now()).await {
            tracing::error!(%error, "old logins could not be removed");
        }
        if let Err(error) = store_sign_in::delete_expired_links(&app.db, Ts::now()).await {
            tracing::error!(%error, "old login links could not be removed");
        }
    }
}

/// `N` bytes of the system's randomness as base64url.
#[must_use]
pub fn random_text<const N: usize>() -> String {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system gives random bytes");
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}

/// SHA-256. Enough for random tokens: there is nothing to guess.
pub(super) fn digest(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}
