//! The audit log: who did what to whom, for everything that admins do and everything that moves tokens.

use serde_json::Value;
use uuid::Uuid;

use super::store_audit;
use crate::db::{Ts, Tx};
use crate::error::Result;
use crate::id;

/// One entry before it is written.
#[derive(Clone, Debug)]
pub struct Deed {
    /// Who; `None`: the server itself, or its command line.
    pub actor: Option<Uuid>,
    /// What, for example `user.role`.
    pub action: &'static str,
    /// To what.
    pub subject: Option<Uuid>,
    /// A JSON object without secrets.
    pub detail: Value,
}

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

/// Writes `deed` in the transaction of what was done: neither lasts without the other.
///
/// # Errors
/// The database's own.
pub async fn record(tx: &mut Tx, deed: &Deed) -> Result<()> {
    Ok(store_audit::insert(tx, id::new(), Ts::now(), deed).await?)
}
