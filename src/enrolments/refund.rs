//! Refunds: each enrolment of a cancelled session gives its tokens back once, however often this runs.

use serde_json::json;
use uuid::Uuid;

use super::{Enrolment, State, store};
use crate::App;
use crate::accounts;
use crate::db::Ts;
use crate::error::Result;
use crate::tokens::outside::{Charge, Outside};
use crate::tokens::{self, Entry, Kind};

/// Refunds looked at in one go.
const AT_ONCE: i64 = 200;

/// Gives back the tokens of every enrolment that is owed some: those of cancelled sessions, and those that an outside
/// token service has not given back yet. One that fails does not stop the others, and is tried again by `upkeep`. Gives
/// how many were refunded.
///
/// # Errors
/// The database's own.
pub async fn refund_cancelled(app: &App) -> Result<usize> {
    let mut refunded = 0;
    let mut after = Uuid::nil();
    loop {
        let owed = store::list_owed(&app.db, after, AT_ONCE).await?;
        let Some(last) = owed.last() else { return Ok(refunded) };
        after = last.id;
        for enrolment in owed {
            let (id, session) = (enrolment.id, enrolment.session_id);
            match refund(app, enrolment).await {
                Ok(()) => refunded += 1,
                Err(error) => {
                    tracing::error!(enrolment = %id, %session, error = format!("{error:#}"), "refund failed; it is tried again");
                }
            }
        }
    }
}

async fn refund(app: &App, enrolment: Enrolment) -> Result<()> {
    let charge = match &app.outside_tokens {
        Some(outside) if enrolment.tokens_paid > 0 => Some(refund_outside(app, outside, &enrolment).await?),
        _ => None,
    };
    let mut tx = app.db.begin().await?;
    // The session's row first, as enrolling does: the two never wait for each other in a circle.
    store::leave_session(&mut tx, &enrolment, Ts::now()).await?;
    if !store::mark_refunded(&mut tx, enrolment.id, Ts::now()).await? {
        return Ok(()); // another server, or another run, was faster; nothing of this one lasts
    }
    if enrolment.tokens_paid > 0 {
        let entry = repayment(&enrolment);
        match &charge {
            Some(charge) => tokens::copy(&mut tx, entry, charge).await?,
            None => tokens::book(&mut tx, entry).await?,
        };
    }
    tx.commit().await?;
    tracing::info!(
        enrolment = %enrolment.id, session = %enrolment.session_id, tokens = enrolment.tokens_paid, "refunded"
    );
    Ok(())
}

async fn refund_outside(app: &App, outside: &Outside, enrolment: &Enrolment) -> Result<Charge> {
    store::mark_refunding(&app.db, enrolment.id, Ts::now()).await?;
    let user = accounts::find(&app.db, enrolment.user_id).await?;
    let metadata = json!({
        "streamId": enrolment.session_id,
        "enrolmentId": enrolment.id,
        "transactionId": enrolment.token_transaction_id,
    });
    let key = format!("refund:{}", enrolment.id);
    Ok(outside
        .refund(&user, enrolment.tokens_paid, "Refund", &metadata, &key)
        .await?)
}

/// Remembers tokens that are owed for an enrolment whose row is gone; `upkeep` gives them back.
///
/// # Errors
/// The database's own.
pub(super) async fn remember(app: &App, owed: &Enrolment) -> Result<()> {
    debug_assert_eq!(owed.state, State::Refunding);
    let mut tx = app.db.begin().await?;
    store::insert(&mut tx, owed).await?;
    store::count_in(&mut tx, owed.session_id, Ts::now()).await?;
    tx.commit().await?;
    Ok(())
}

fn repayment(enrolment: &Enrolment) -> Entry {
    Entry {
        user: enrolment.user_id,
        kind: Kind::Refund,
        amount: enrolment.tokens_paid,
        reason: "Refund".into(),
        metadata: json!({ "streamId": enrolment.session_id, "enrolmentId": enrolment.id }),
        key: Some(format!("refund:{}", enrolment.id)),
        session: Some(enrolment.session_id),
        actor: None,
    }
}
