//! SQL of the audit log.

use uuid::Uuid;

use super::audit::{AuditEntry, Deed};
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Adds an entry.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, id: Uuid, at: Ts, deed: &Deed) -> sqlx::Result<()> {
    let sql = "INSERT INTO audit_log (id, at, actor_id, action, subject_id, detail) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![id, at, deed.actor, deed.action, deed.subject, deed.detail.to_string()];
    tx.exec(sql, values).await.map(drop)
}

/// Lists entries, latest first: those before the entry `before`, and about `subject` only if one is given.
///
/// # Errors
/// The database's own.
pub async fn list(db: &Db, subject: Option<Uuid>, before: Option<Uuid>, limit: i64) -> sqlx::Result<Vec<AuditEntry>> {
    let sql = "SELECT * FROM audit_log WHERE ($1 IS NULL OR subject_id = $1) AND ($2 IS NULL OR id < $2) \
               ORDER BY id DESC LIMIT $3";
    db.all(sql, args![subject, before, limit]).await
}
