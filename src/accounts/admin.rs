//! What admins do with accounts, each with its row in the audit log; and what users do with their own: profile,
//! browsers, export, deletion.

use jiff::tz::TimeZone;
use secrecy::SecretString;
use serde_json::{Value, json};
use uuid::Uuid;

use super::audit::{self, Deed};
use super::{Language, NewUser, Role, Tier, User, store, store_admin, store_privacy, store_sign_in};
use crate::App;
use crate::db::{Db, Ts, Tx};
use crate::error::{Error, Result};

/// Changes what the user `id` may do and has subscribed to; what is not given stays.
///
/// # Errors
/// 404; 409 for the last admin's role.
pub async fn change_rights(
    db: &Db,
    actor: Option<Uuid>,
    id: Uuid,
    role: Option<Role>,
    tier: Option<Tier>,
) -> Result<User> {
    let mut tx = db.begin().await?;
    let admins = store_admin::lock_admins(&mut tx, Ts::now()).await?;
    let before = store_admin::lock_user(&mut tx, id, Ts::now())
        .await?
        .ok_or(Error::NotFound("user"))?;
    let (role, tier) = (role.unwrap_or(before.role), tier.unwrap_or(before.tier));
    if before.role == Role::Admin && role != Role::Admin && admins == 1 {
        return Err(last_admin());
    }
    let now = store_admin::update_rights(&mut tx, id, role, tier, Ts::now())
        .await?
        .ok_or(Error::NotFound("user"))?;
    let detail = json!({
        "role": { "from": before.role, "to": now.role },
        "tier": { "from": before.tier, "to": now.tier },
    });
    note(&mut tx, actor, "user.rights", id, detail).await?;
    tx.commit().await?;
    tracing::info!(user = %id, role = role.as_str(), tier = tier.as_str(), "rights changed");
    Ok(now)
}

/// Makes an account with `role` from the command line of the server's machine.
///
/// # Errors
/// 409 when the address has one.
pub async fn create(db: &Db, hasher: &super::password::Hasher, new: NewUser, role: Role) -> Result<User> {
    let hash = hasher.hash(new.password).await?;
    let user = User::new(&new.name, &new.email, role).vouched_for();
    store::insert_user(db, &user, Some(&hash))
        .await
        .map_err(super::email_taken)?;
    let mut tx = db.begin().await?;
    note(&mut tx, None, "user.create", user.id, json!({ "role": role })).await?;
    tx.commit().await?;
    Ok(user)
}

/// Gives the account of `email` another role, from the command line of the server's machine.
///
/// # Errors
/// 404 when there is none; 409 for the last admin.
pub async fn set_role(db: &Db, email: &str, role: Role) -> Result<User> {
    let found = store::user_by_email(db, &super::normal_email(email)).await?;
    let user = found.ok_or(Error::NotFound("user"))?.user;
    change_rights(db, None, user.id, Some(role), None).await
}

/// Signs in the holder of the access token for instructors: a shared account, which is made at the first time.
///
/// # Errors
/// 401 for any other token, and where none is set.
pub async fn by_access_token(app: &App, token: &SecretString) -> Result<User> {
    use secrecy::ExposeSecret;
    use subtle::ConstantTimeEq;
    let right = app.config.accounts.instructor_access_token.expose_secret();
    let is_right: bool = right.as_bytes().ct_eq(token.expose_secret().as_bytes()).into();
    if right.is_empty() || !is_right {
        return Err(Error::Unauthenticated("the access token is not right"));
    }
    super::without_password(&app.db, "Instructor", "instructor@localhost", Role::Instructor).await
}

/// Changes what `user` says of themselves; what is not given stays.
///
/// # Errors
/// 422 for a zone that does not exist.
pub async fn change_profile(
    app: &App,
    user: &User,
    name: Option<&str>,
    language: Option<Language>,
    zone: Option<&str>,
) -> Result<User> {
    let zone = zone.unwrap_or(&user.time_zone);
    if TimeZone::get(zone).is_err() {
        return Err(Error::field(
            "timeZone",
            "is not an IANA time zone like Europe/Amsterdam",
        ));
    }
    let name = name.map_or(user.name.as_str(), str::trim);
    let language = language.unwrap_or(user.language);
    store_privacy::update_profile(&app.db, user.id, name, language, zone)
        .await?
        .ok_or(Error::NotFound("user"))
}

/// Sets the password of `user`, who must know the present one if there is one.
///
/// # Errors
/// 422 when they do not; 403 where passwords are not used.
pub async fn set_password(app: &App, user: &User, current: Option<SecretString>, new: SecretString) -> Result<()> {
    super::passwords_are_on(app)?;
    let stored = store::user_by_email(&app.db, &user.email).await?;
    if let Some(hash) = stored.and_then(|row| row.password_hash) {
        let is_right = app.hasher.verify(current.unwrap_or_default(), Some(hash)).await?;
        if !is_right {
            return Err(Error::field("currentPassword", "is not the password of this account"));
        }
    }
    let hash = app.hasher.hash(new).await?;
    store_sign_in::set_password(&app.db, user.id, &hash, Ts::now()).await?;
    tracing::info!(user = %user.id, "password set");
    Ok(())
}

/// Everything that is known of `user`, as JSON.
///
/// # Errors
/// The database's own.
pub async fn export(app: &App, user: &User) -> Result<Value> {
    let browsers = store_privacy::list_browsers(&app.db, user.id, Ts::now()).await?;
    let browsers: Vec<Value> = browsers
        .into_iter()
        .map(|one| json!({"userAgent": one.user_agent, "address": one.address, "at": one.created_at}))
        .collect();
    let mut all = json!({
        "account": {
            "id": user.id, "email": user.email, "name": user.name, "role": user.role, "tier": user.tier,
            "language": user.language, "timeZone": user.time_zone, "createdAt": user.created_at,
        },
        "browsers": browsers,
    });
    for (kind, rows) in store_privacy::everything_of(&app.db, user.id).await? {
        all[kind] = rows.into();
    }
    Ok(all)
}

/// Deletes an account: what is personal goes; what was paid stays, under a key that names nobody.
///
/// # Errors
/// 409 for the last admin, and for an instructor whose sessions are still to come.
pub async fn delete(app: &App, user: &User) -> Result<()> {
    let mut tx = app.db.begin().await?;
    let admins = store_admin::lock_admins(&mut tx, Ts::now()).await?;
    if user.role == Role::Admin && admins == 1 {
        return Err(last_admin());
    }
    if store_privacy::count_open_sessions(&mut tx, user.id).await? > 0 {
        return Err(Error::Conflict {
            code: "sessions-to-come",
            detail: "cancel or end your sessions first",
        });
    }
    store_privacy::erase(&mut tx, user.id, Ts::now()).await?;
    note(&mut tx, Some(user.id), "user.delete", user.id, json!({})).await?;
    tx.commit().await?;
    super::check_open(app, user.id).await;
    tracing::info!(user = %user.id, "account deleted");
    Ok(())
}

async fn note(tx: &mut Tx, actor: Option<Uuid>, action: &'static str, subject: Uuid, detail: Value) -> Result<()> {
    let deed = Deed {
        actor,
        action,
        subject: Some(subject),
        detail,
    };
    audit::record(tx, &deed).await
}

fn last_admin() -> Error {
    Error::Conflict {
        code: "last-admin",
        detail: "this is the last admin; make another one first",
    }
}
