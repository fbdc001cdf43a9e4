//! SQL of the ledger.

use uuid::Uuid;

use super::Transaction;
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Locks a user's account until the transaction ends; gives the balance.
///
/// # Errors
/// The database's own.
pub async fn lock(tx: &mut Tx, user: Uuid, now: Ts) -> sqlx::Result<i64> {
    let open = "INSERT INTO token_accounts (user_id, balance, updated_at) VALUES ($1, 0, $2) \
                ON CONFLICT (user_id) DO NOTHING";
    tx.exec(open, args![user, now]).await?;
    let lock = "UPDATE token_accounts SET updated_at = $2 WHERE user_id = $1 RETURNING balance";
    let (balance,): (i64,) = tx.one(lock, args![user, now]).await?;
    Ok(balance)
}

/// Writes the balance of a locked account.
///
/// # Errors
/// The database's own; a check violation below zero.
pub async fn set_balance(tx: &mut Tx, user: Uuid, balance: i64, now: Ts) -> sqlx::Result<()> {
    let sql = "UPDATE token_accounts SET balance = $2, updated_at = $3 WHERE user_id = $1";
    tx.exec(sql, args![user, balance, now]).await.map(drop)
}

/// Finds the entry of a key.
///
/// # Errors
/// The database's own.
pub async fn find_by_key(tx: &mut Tx, user: Uuid, key: &str) -> sqlx::Result<Option<Transaction>> {
    let sql = "SELECT * FROM token_ledger WHERE user_id = $1 AND idempotency_key = $2";
    tx.opt(sql, args![user, key]).await
}

/// Adds an entry.
///
/// # Errors
/// A duplicate when the key has one.
pub async fn insert(tx: &mut Tx, new: &Transaction) -> sqlx::Result<()> {
    let sql = "INSERT INTO token_ledger (id, user_id, kind, amount, balance_after, reason, metadata, \
               idempotency_key, session_id, external_id, actor_id, created_at) \
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let values = args![
        new.id,
        new.user_id,
        new.kind.as_str(),
        new.amount,
        new.balance_after,
        &new.reason,
        &new.metadata,
        new.idempotency_key.clone(),
        new.session_id,
        new.external_id.clone(),
        new.actor_id,
        new.created_at,
    ];
    tx.exec(sql, values).await.map(drop)
}

/// A user's balance; zero for one who never had any.
///
/// # Errors
/// The database's own.
pub async fn balance(db: &Db, user: Uuid) -> sqlx::Result<i64> {
    let sql = "SELECT balance FROM token_accounts WHERE user_id = $1";
    let found: Option<(i64,)> = db.opt(sql, args![user]).await?;
    Ok(found.map_or(0, |(balance,)| balance))
}

/// A user's entries, latest first, those before the entry `before`.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, user: Uuid, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<Transaction>> {
    let sql = "SELECT * FROM token_ledger WHERE user_id = $1 AND ($2 IS NULL OR id < $2) ORDER BY id DESC LIMIT $3";
    db.all(sql, args![user, before, limit]).await
}
