//! SQL of the audit log.

use uuid::Uuid;

use crate::args;
use crate::db::{Db, Ts, Tx};

/// One entry of the log.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct AuditEntry {
    /// Key; later ones sort later.
    pub id: Uuid,
    /// When.
    pub at: Ts,
    /// Who; `None`: the server itself, or its command line.
    pub actor_id: Option<Uuid>,
    /// What.
    pub action: String,
    /// To what.
    pub subject_id: Option<Uuid>,
    /// A JSON object.
    pub detail: String,
}

/// Adds an entry.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, entry: &AuditEntry) -> sqlx::Result<()> {
    let sql = "INSERT INTO audit_log (id, at, actor_id, action, subject_id, detail) VALUES ($1, $2, $3, $4, $5, $6)";
    let values = args![
        entry.id,
        entry.at,
        entry.actor_id,
        &entry.action,
        entry.subject_id,
        &entry.detail
    ];
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

/// Forgets entries from before `before`.
///
/// # Errors
/// The database's own.
pub async fn forget(db: &Db, before: Ts) -> sqlx::Result<()> {
    let sql = "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE at < $1 ORDER BY id LIMIT $2)";
    db.forget(sql, before).await
}
