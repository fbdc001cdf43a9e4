//! The audit log: who did what to whom, for everything that admins do and everything that moves tokens.

use serde_json::Value;
use uuid::Uuid;

use super::store_audit::{self, AuditEntry};
use crate::db::{Ts, Tx};
use crate::error::Result;
use crate::{App, id};

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

/// Writes `deed` in the transaction of what was done: neither lasts without the other.
///
/// # Errors
/// The database's own.
pub async fn record(tx: &mut Tx, deed: &Deed) -> Result<()> {
    let entry = AuditEntry {
        id: id::new(),
        at: Ts::now(),
        actor_id: deed.actor,
        action: deed.action.to_owned(),
        subject_id: deed.subject,
        detail: deed.detail.to_string(),
    };
    Ok(store_audit::insert(tx, &entry).await?)
}

/// Forgets what was done before `before`.
///
/// # Errors
/// The database's own.
pub async fn forget(app: &App, before: Ts) -> Result<()> {
    Ok(store_audit::forget(&app.db, before).await?)
}
