//! SQL of signing in without a password: links by mail, accounts elsewhere, addresses shown to be somebody's own.

use uuid::Uuid;

use super::User;
use super::magic_link::Link;
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Remembers a link.
///
/// # Errors
/// The database's own.
pub async fn insert_link(tx: &mut Tx, link: &Link) -> sqlx::Result<()> {
    let sql = "INSERT INTO login_links (id, email, language, next_path, created_at, expires_at) \
               VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![
        link.id,
        &link.email,
        link.language.as_str(),
        link.next_path.clone(),
        link.created_at,
        link.expires_at
    ];
    tx.exec(sql, values).await.map(drop)
}

/// Finds a link that is still good.
///
/// # Errors
/// The database's own.
pub async fn open_link(db: &Db, id: Uuid, now: Ts) -> sqlx::Result<Option<Link>> {
    let sql = "SELECT * FROM login_links WHERE id = $1 AND used_at IS NULL AND expires_at > $2";
    db.opt(sql, args![id, now]).await
}

/// Uses a link up; nothing when it is not good any more.
///
/// # Errors
/// The database's own.
pub async fn use_link(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<Option<Link>> {
    let sql = "UPDATE login_links SET used_at = $2 WHERE id = $1 AND used_at IS NULL AND expires_at > $2 RETURNING *";
    tx.opt(sql, args![id, now]).await
}

/// Forgets the links whose time is over.
///
/// # Errors
/// The database's own.
pub async fn delete_expired_links(db: &Db, now: Ts) -> sqlx::Result<u64> {
    db.exec("DELETE FROM login_links WHERE expires_at <= $1", args![now])
        .await
}

/// Finds a user by who they are elsewhere.
///
/// # Errors
/// The database's own.
pub async fn user_by_identity(db: &Db, issuer: &str, subject: &str) -> sqlx::Result<Option<User>> {
    let sql = "SELECT users.* FROM outside_identities JOIN users ON users.id = outside_identities.user_id \
               WHERE outside_identities.issuer = $1 AND outside_identities.subject = $2";
    db.opt(sql, args![issuer, subject]).await
}

/// Remembers who a user is elsewhere; false when somebody else was faster.
///
/// # Errors
/// The database's own.
pub async fn insert_identity(tx: &mut Tx, issuer: &str, subject: &str, user: Uuid, now: Ts) -> sqlx::Result<bool> {
    let sql = "INSERT INTO outside_identities (issuer, subject, user_id, created_at) VALUES ($1, $2, $3, $4) \
               ON CONFLICT DO NOTHING";
    Ok(tx.exec(sql, args![issuer, subject, user, now]).await? == 1)
}

/// Notes that the address of an account was shown to be its user's own for the first time, and voids what was set up
/// before that: the password and the signed-in browsers. Nothing when there is no such account, or it was shown before.
///
/// # Errors
/// The database's own.
pub async fn verify_address(tx: &mut Tx, email: &str, now: Ts) -> sqlx::Result<Option<User>> {
    let sql = "UPDATE users SET email_verified_at = $2, password_hash = NULL, updated_at = $2 \
               WHERE lower(email) = $1 AND email_verified_at IS NULL RETURNING *";
    let Some(user) = tx.opt::<User>(sql, args![email, now]).await? else {
        return Ok(None);
    };
    tx.exec("DELETE FROM login_sessions WHERE user_id = $1", args![user.id])
        .await?;
    Ok(Some(user))
}

/// Finds the account of an address inside a transaction.
///
/// # Errors
/// The database's own.
pub async fn find_by_address(tx: &mut Tx, email: &str) -> sqlx::Result<Option<User>> {
    tx.opt("SELECT * FROM users WHERE lower(email) = $1", args![email])
        .await
}

/// Sets a password.
///
/// # Errors
/// The database's own.
pub async fn set_password(db: &Db, user: Uuid, hash: &str, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE users SET password_hash = $2, updated_at = $3 WHERE id = $1";
    db.exec(sql, args![user, hash, now]).await.map(drop)
}
