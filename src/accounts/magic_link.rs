//! Signing in by a link in a mail: no password, and it shows that the address is the person's own.
//!
//! Asking costs the same time whether there is an account or not, since nobody looks: a row and a job are written, and
//! the job's worker ([`letter`]) finds out. The token is the row's key, sealed by the server; neither the database nor
//! the job holds anything that signs in.

use serde_json::json;
use uuid::Uuid;

use super::proven::{self, Proven};
use super::{Language, User, store, store_sign_in};
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::id;
use crate::jobs::{self, NewJob};

/// How long a link is good.
pub const LIFETIME_S: i64 = 15 * 60;

/// The kind of the job that sends the mail.
pub const JOB: &str = "mail.magic-link";

/// A link that was asked for.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Link {
    /// Key.
    pub id: Uuid,
    /// Lower case; may have no account.
    pub email: String,
    /// What to write to somebody without an account in.
    #[sqlx(try_from = "String")]
    pub language: Language,
    /// Where on this site the person wanted to go.
    pub next_path: Option<String>,
    /// When it was asked for.
    pub created_at: Ts,
    /// When its time is over.
    pub expires_at: Ts,
}

/// What to write, and to whom.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Letter {
    /// The address.
    pub email: String,
    /// `None`: the link makes an account.
    pub name: Option<String>,
    /// What to write in.
    pub language: Language,
    /// Where the link leads. Whoever has it is the user: it goes into the mail and nowhere else.
    pub url: String,
}

/// Takes the wish for a link. Whether it is fulfilled shows in the mailbox only.
///
/// # Errors
/// The database's own.
pub async fn ask(app: &App, email: &str, next_path: Option<String>, language: Language) -> Result<()> {
    let now = Ts::now();
    let link = Link {
        id: id::new(),
        email: super::normal_email(email),
        language,
        next_path,
        created_at: now,
        expires_at: now.plus_s(LIFETIME_S),
    };
    let mut tx = app.db.begin().await?;
    store_sign_in::insert_link(&mut tx, &link).await?;
    jobs::enqueue_in(
        &mut tx,
        NewJob::new(JOB, "a link to sign in", &json!({ "link": link.id })),
    )
    .await?;
    tx.commit().await?;
    app.jobs.wake();
    Ok(())
}

/// What the mail with the link `id` says; nothing when none is to be sent: its time is over, or there is no such account
/// and people may not sign up.
///
/// # Errors
/// The database's own.
pub async fn letter(app: &App, id: Uuid) -> Result<Option<Letter>> {
    let Some(link) = store_sign_in::open_link(&app.db, id, Ts::now()).await? else {
        return Ok(None);
    };
    let user = store::user_by_email(&app.db, &link.email).await?.map(|row| row.user);
    if user.is_none() && !app.settings.now().accounts.sign_up {
        return Ok(None);
    }
    let token = app.keys.login_links.seal(id.as_bytes());
    Ok(Some(Letter {
        language: user.as_ref().map_or(link.language, |user| user.language),
        name: user.map(|user| user.name),
        email: link.email,
        url: format!("{}/login/link?token={token}", app.url),
    }))
}

/// Uses the link with this token up; gives its user, and where they wanted to go. A new account begins in `language`, or
/// the one of whoever asked for the link, and in `time_zone`.
///
/// # Errors
/// 410 when it is not good any more; 403 for a new address where people may not sign up.
pub async fn redeem(
    app: &App,
    token: &str,
    language: Option<Language>,
    time_zone: Option<String>,
) -> Result<(User, Option<String>)> {
    let id = app.keys.login_links.unseal::<16>(token).ok_or_else(expired)?;
    let mut tx = app.db.begin().await?;
    let link = store_sign_in::use_link(&mut tx, Uuid::from_bytes(id), Ts::now()).await?;
    let link = link.ok_or_else(expired)?;
    let who = Proven {
        email: link.email,
        name: None,
        language: language.unwrap_or(link.language),
        time_zone,
    };
    let user = proven::account_of(app, &mut tx, &who).await?;
    tx.commit().await?;
    Ok((user, link.next_path))
}

fn expired() -> Error {
    Error::Refused {
        status: http::StatusCode::GONE,
        code: "link-expired",
        detail: "this link was used before, or its time is over; ask for a new one".into(),
    }
}
