//! What is old is forgotten, a few rows at a time, so that a server may run for years: conversations, the audit log, what
//! became of nightly work, mails in the outbox folder. Visits, events, jobs and logins are forgotten where they are kept.

use anyhow::Context;

use crate::App;
use crate::accounts::audit;
use crate::db::Ts;
use crate::error::Result;
use crate::notifications::outbox::Outbox;
use crate::{chat, polls};

use super::store;

/// How long it is remembered what the nightly work did.
const RUNS_S: i64 = 400 * DAY_S;
const DAY_S: i64 = 24 * 3600;

/// Forgets what is too old at `now`. Any server may, at any time.
///
/// # Errors
/// The database's own, the disk's; the rest is forgotten the next time.
pub async fn once(app: &App, now: Ts) -> Result<()> {
    let settings = app.settings.now();
    if let Some(before) = before(now, settings.conversation.retention_days) {
        chat::forget(app, before).await?;
        polls::forget(app, before).await?;
    }
    if let Some(before) = before(now, settings.accounts.audit_days) {
        audit::forget(app, before).await?;
    }
    store::prune(&app.db, now.plus_s(-RUNS_S)).await?;
    if let Some(before) = before(now, app.config.mail.outbox_days) {
        let outbox = Outbox::of(app);
        let forgotten = outbox.forget(before).await;
        forgotten.with_context(|| format!("old mails in {} stay", outbox.folder().display()))?;
    }
    Ok(())
}

/// The moment so many days ago; `None`: nothing is forgotten.
fn before(now: Ts, days: u32) -> Option<Ts> {
    (days > 0).then(|| now.plus_s(-DAY_S * i64::from(days)))
}
