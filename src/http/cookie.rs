//! The login cookie: out of reach of scripts, not sent by other sites' forms, encrypted where the site is.

use std::time::Duration;

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};

use super::extract::Origin;
use crate::accounts::login;

const NAME: &str = "lectern_session";

/// The cookie of a signed-in browser.
#[must_use]
pub fn signed_in(token: &str, origin: &Origin) -> Cookie<'static> {
    let lifetime = Duration::from_secs(login::LIFETIME_S.unsigned_abs());
    Cookie::build((NAME, token.to_owned()))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .secure(origin.is_https())
        .max_age(lifetime.try_into().expect("a week fits"))
        .build()
}

/// Takes the cookie back.
#[must_use]
pub fn signed_out() -> Cookie<'static> {
    let mut cookie = Cookie::build((NAME, ""))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .build();
    cookie.make_removal();
    cookie
}

/// The token in the cookie, if there is one.
#[must_use]
pub fn login_token(jar: &CookieJar) -> Option<&str> {
    jar.get(NAME).map(Cookie::value).filter(|token| !token.is_empty())
}
