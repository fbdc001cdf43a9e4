//! SQL of events for analytics.

use uuid::Uuid;

use super::Event;
use crate::args;
use crate::db::{Db, Ts, Tx};

/// Adds an event.
///
/// # Errors
/// The database's own.
pub async fn insert(tx: &mut Tx, event: &Event, batch: Option<Uuid>) -> sqlx::Result<()> {
    let sql = "INSERT INTO analytics_events (id, name, session_id, user_id, properties, at, batch) \
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let values = args![
        event.id,
        &event.name,
        event.session_id,
        event.user_id,
        &event.properties,
        event.at,
        batch
    ];
    tx.exec(sql, values).await.map(drop)
}

/// Lists the events of a batch in their order.
///
/// # Errors
/// The database's own.
pub async fn list_batch(db: &Db, batch: Uuid) -> sqlx::Result<Vec<Event>> {
    let sql = "SELECT id, name, session_id, user_id, properties, at FROM analytics_events WHERE batch = $1 ORDER BY id";
    db.all(sql, args![batch]).await
}

/// Removes events from before `before`.
///
/// # Errors
/// The database's own.
pub async fn prune(db: &Db, before: Ts) -> sqlx::Result<()> {
    let sql = "DELETE FROM analytics_events WHERE id IN (SELECT id FROM analytics_events WHERE at < $1 LIMIT $2)";
    db.forget(sql, before).await
}
