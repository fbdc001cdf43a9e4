//! Our cookies, all out of reach of scripts and encrypted where the site is: the login, which other sites' forms do not
//! send; the login inside a frame of another site, which only frames of that site have; and what a browser keeps while
//! its user signs in elsewhere.

use std::time::Duration;

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::extract::Origin;
use crate::accounts::login;
use crate::accounts::oidc::{self, Attempt};

const NAME: &str = "lectern_session";
const FRAME: &str = "lectern_frame";
const ATTEMPT: &str = "lectern_oidc";

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

/// The cookie of a browser that is signed in inside a frame. Frames of another site get cookies only with `SameSite=None`;
/// `Partitioned` (CHIPS) keeps it to frames in pages of that one site. Browsers that do not know the word send it from
/// everywhere, where our check of where requests come from holds.
#[must_use]
pub fn signed_in_frame(token: &str) -> Cookie<'static> {
    let lifetime = Duration::from_secs(login::FRAME_LIFETIME_S.unsigned_abs());
    in_frame(token.to_owned(), lifetime)
}

fn in_frame(token: String, lifetime: Duration) -> Cookie<'static> {
    Cookie::build((FRAME, token))
        .path("/")
        .http_only(true)
        .same_site(SameSite::None)
        .secure(true) // or browsers do not take it
        .partitioned(true)
        .max_age(lifetime.try_into().expect("hours fit"))
        .build()
}

/// Takes the cookies of a login back.
pub fn sign_out(jar: CookieJar) -> CookieJar {
    let has_frame = jar.get(FRAME).is_some();
    let mut own = Cookie::build((NAME, ""))
        .path("/")
        .http_only(true)
        .same_site(SameSite::Lax)
        .build();
    own.make_removal();
    let jar = jar.add(own);
    match has_frame {
        true => jar.add(in_frame(String::new(), Duration::ZERO)),
        false => jar,
    }
}

/// The token of the login, if there is one: the browser's own, or else that of the frame.
#[must_use]
pub fn login_token(jar: &CookieJar) -> Option<&str> {
    own_login_token(jar).or_else(|| value(jar, FRAME))
}

/// The token of a login in a page of our own.
#[must_use]
pub fn own_login_token(jar: &CookieJar) -> Option<&str> {
    value(jar, NAME)
}

fn value<'a>(jar: &'a CookieJar, name: &str) -> Option<&'a str> {
    jar.get(name).map(Cookie::value).filter(|token| !token.is_empty())
}

/// What a browser keeps while its user is at the provider `id`. A provider that answers by a form posts it from its own
/// site: only cookies without any `SameSite` come with that, and browsers take those encrypted only.
#[must_use]
pub fn oidc_attempt(id: &str, attempt: &Attempt, form_post: bool, origin: &Origin) -> Cookie<'static> {
    let json = serde_json::to_vec(attempt).expect("texts are plain JSON");
    let lifetime = Duration::from_secs(oidc::ATTEMPT_S.unsigned_abs());
    let same_site = if form_post { SameSite::None } else { SameSite::Lax };
    Cookie::build((ATTEMPT, BASE64_URL_SAFE_NO_PAD.encode(json)))
        .path(attempt_path(id))
        .http_only(true)
        .same_site(same_site)
        .secure(form_post || origin.is_https())
        .max_age(lifetime.try_into().expect("ten minutes fit"))
        .build()
}

/// The attempt in the cookie, if there is one.
#[must_use]
pub fn read_oidc_attempt(jar: &CookieJar) -> Option<Attempt> {
    let json = BASE64_URL_SAFE_NO_PAD.decode(jar.get(ATTEMPT)?.value()).ok()?;
    serde_json::from_slice(&json).ok()
}

/// Takes the attempt back.
#[must_use]
pub fn no_oidc_attempt(id: &str) -> Cookie<'static> {
    let mut cookie = Cookie::build((ATTEMPT, "")).path(attempt_path(id)).build();
    cookie.make_removal();
    cookie
}

fn attempt_path(id: &str) -> String {
    format!("/api/auth/oidc/{id}")
}
