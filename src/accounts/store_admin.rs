//! SQL of what admins see and change.

use uuid::Uuid;

use super::{Role, Tier, User};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Lists users, latest first, those before the user `before`; only those with `text` in their name or address, and of
/// that role, if given.
///
/// # Errors
/// The database's own.
pub async fn list_users(
    db: &Db,
    text: Option<&str>,
    role: Option<Role>,
    before: Option<Uuid>,
    limit: i64,
) -> sqlx::Result<Vec<User>> {
    let sql = "SELECT * FROM users WHERE deleted_at IS NULL AND ($1 IS NULL OR id < $1) \
               AND ($2 IS NULL OR role = $2) \
               AND ($3 IS NULL OR lower(name) LIKE lower($3) ESCAPE '!' OR lower(email) LIKE lower($3) ESCAPE '!') \
               ORDER BY id DESC LIMIT $4";
    let pattern = text.map(crate::db::like);
    db.all(sql, args![before, role.map(Role::as_str), pattern, limit]).await
}

/// Changes what a user may do and has subscribed to; `None`: there is no such user.
///
/// # Errors
/// The database's own.
pub async fn update_rights(tx: &mut Tx, id: Uuid, role: Role, tier: Tier, now: Ts) -> sqlx::Result<Option<User>> {
    let sql = "UPDATE users SET role = $2, tier = $3, updated_at = $4 WHERE id = $1 AND deleted_at IS NULL RETURNING *";
    tx.opt(sql, args![id, role.as_str(), tier.as_str(), now]).await
}

/// Finds a user and locks their row until the transaction ends.
///
/// # Errors
/// The database's own.
pub async fn lock_user(tx: &mut Tx, id: Uuid, now: Ts) -> sqlx::Result<Option<User>> {
    let sql = "UPDATE users SET updated_at = $2 WHERE id = $1 AND deleted_at IS NULL RETURNING *";
    tx.opt(sql, args![id, now]).await
}

/// Locks all admins until the transaction ends, so that no two of them go at the same time; gives how many there are.
///
/// # Errors
/// The database's own.
pub async fn lock_admins(tx: &mut Tx, now: Ts) -> sqlx::Result<usize> {
    let sql = "UPDATE users SET updated_at = $1 WHERE role = 'admin' AND deleted_at IS NULL RETURNING id";
    let admins: Vec<(Uuid,)> = tx.all(sql, args![now]).await?;
    Ok(admins.len())
}
