//! SQL of users and their signed-in browsers.

use uuid::Uuid;

use super::User;
use super::login::Device;
use crate::args;
use crate::db::{Db, Ts, Tx};

/// A user with what checks their password.
#[derive(Debug, sqlx::FromRow)]
pub struct UserWithPassword {
    /// The user.
    #[sqlx(flatten)]
    pub user: User,
    /// PHC string; `None`: signs in in another way.
    pub password_hash: Option<String>,
}

/// A user found by a cookie.
#[derive(Debug, sqlx::FromRow)]
pub struct SignedIn {
    /// The user.
    #[sqlx(flatten)]
    pub user: User,
    /// Last time that the row was renewed.
    pub seen_at: Ts,
}

/// Adds a user.
///
/// # Errors
/// A duplicate when the address has an account.
pub async fn insert_user(db: &Db, user: &User, password_hash: Option<&str>) -> sqlx::Result<()> {
    db.exec(INSERT_USER, insert_args(user, password_hash)).await.map(drop)
}

/// Adds a user who signs in without a password; false when the address has an account.
///
/// # Errors
/// The database's own.
pub async fn insert_user_if_new(tx: &mut Tx, user: &User) -> sqlx::Result<bool> {
    let sql = "INSERT INTO users (id, email, name, role, tier, language, time_zone, email_verified_at, created_at, \
               updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9) ON CONFLICT DO NOTHING";
    let values = args![
        user.id,
        &user.email,
        &user.name,
        user.role.as_str(),
        user.tier.as_str(),
        user.language.as_str(),
        &user.time_zone,
        user.email_verified_at,
        user.created_at
    ];
    Ok(tx.exec(sql, values).await? == 1)
}

/// Adds a user unless there is an admin; says whether it did.
///
/// # Errors
/// A duplicate when the address has an account.
pub async fn insert_first_admin(db: &Db, user: &User, password_hash: &str) -> sqlx::Result<bool> {
    let mut tx = db.begin().await?;
    let (admins,): (i64,) = tx.one(COUNT_ADMINS, args![]).await?;
    if admins > 0 {
        return Ok(false);
    }
    tx.exec(INSERT_USER, insert_args(user, Some(password_hash))).await?;
    tx.commit().await?;
    Ok(true)
}

/// Whether there is an admin.
///
/// # Errors
/// The database's own.
pub async fn has_admin(db: &Db) -> sqlx::Result<bool> {
    let (admins,): (i64,) = db.one(COUNT_ADMINS, args![]).await?;
    Ok(admins > 0)
}

/// Finds a user by their address in lower case.
///
/// # Errors
/// The database's own.
pub async fn user_by_email(db: &Db, email: &str) -> sqlx::Result<Option<UserWithPassword>> {
    db.opt("SELECT * FROM users WHERE lower(email) = $1", args![email])
        .await
}

/// Finds a user by their key.
///
/// # Errors
/// The database's own.
pub async fn user_by_id(db: &Db, id: Uuid) -> sqlx::Result<Option<User>> {
    db.opt("SELECT * FROM users WHERE id = $1 AND deleted_at IS NULL", args![id])
        .await
}

/// The version of a calendar's address.
///
/// # Errors
/// The database's own.
pub async fn calendar_version(db: &Db, id: Uuid) -> sqlx::Result<Option<i64>> {
    let found: Option<(i64,)> = db
        .opt("SELECT calendar_version FROM users WHERE id = $1", args![id])
        .await?;
    Ok(found.map(|(version,)| version))
}

/// Counts the version of a calendar's address up.
///
/// # Errors
/// The database's own.
pub async fn renew_calendar(db: &Db, id: Uuid) -> sqlx::Result<Option<i64>> {
    let sql = "UPDATE users SET calendar_version = calendar_version + 1, updated_at = $2 WHERE id = $1 \
               RETURNING calendar_version";
    let found: Option<(i64,)> = db.write_opt(sql, args![id, Ts::now()]).await?;
    Ok(found.map(|(version,)| version))
}

/// When a login ends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LoginEnd {
    /// If it is not used.
    pub at: Ts,
    /// Whether it ends then although it is used.
    pub is_fixed: bool,
}

/// Remembers a signed-in browser.
///
/// # Errors
/// The database's own.
pub async fn insert_login(
    db: &Db,
    token_hash: &[u8],
    user: Uuid,
    device: &Device,
    now: Ts,
    end: LoginEnd,
) -> sqlx::Result<()> {
    let sql = "INSERT INTO login_sessions \
               (token_hash, user_id, user_agent, address, created_at, seen_at, expires_at, has_fixed_end) \
               VALUES ($1, $2, $3, $4, $5, $5, $6, $7)";
    let (agent, address) = (device.user_agent.clone(), device.address.clone());
    let values = args![token_hash, user, agent, address, now, end.at, end.is_fixed];
    db.exec(sql, values).await.map(drop)
}

/// Finds the user of a signed-in browser.
///
/// # Errors
/// The database's own.
pub async fn user_by_login(db: &Db, token_hash: &[u8], now: Ts) -> sqlx::Result<Option<SignedIn>> {
    let sql = "SELECT users.*, login_sessions.seen_at FROM login_sessions \
               JOIN users ON users.id = login_sessions.user_id \
               WHERE login_sessions.token_hash = $1 AND login_sessions.expires_at > $2";
    db.opt(sql, args![token_hash, now]).await
}

/// Notes that a signed-in browser is used, and moves the end of its time if that is not fixed.
///
/// # Errors
/// The database's own.
pub async fn renew_login(db: &Db, token_hash: &[u8], now: Ts, expires_at: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE login_sessions SET seen_at = $2, \
               expires_at = CASE WHEN has_fixed_end THEN expires_at ELSE $3 END WHERE token_hash = $1";
    db.exec(sql, args![token_hash, now, expires_at]).await.map(drop)
}

/// Forgets a signed-in browser.
///
/// # Errors
/// The database's own.
pub async fn delete_login(db: &Db, token_hash: &[u8]) -> sqlx::Result<()> {
    db.exec("DELETE FROM login_sessions WHERE token_hash = $1", args![token_hash])
        .await
        .map(drop)
}

/// Forgets the browsers whose time is over.
///
/// # Errors
/// The database's own.
pub async fn delete_expired_logins(db: &Db, now: Ts) -> sqlx::Result<u64> {
    db.exec("DELETE FROM login_sessions WHERE expires_at <= $1", args![now])
        .await
}

const COUNT_ADMINS: &str = "SELECT COUNT(*) FROM users WHERE role = 'admin'";

const INSERT_USER: &str = "INSERT INTO users (id, email, name, password_hash, role, email_verified_at, created_at, updated_at) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $7)";

fn insert_args(user: &User, password_hash: Option<&str>) -> Vec<crate::db::Val> {
    args![
        user.id,
        &user.email,
        &user.name,
        password_hash,
        user.role.as_str(),
        user.email_verified_at,
        user.created_at
    ]
}
