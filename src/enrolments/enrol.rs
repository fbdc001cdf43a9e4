//! Enrolling. With tokens in our own ledger: one transaction, all or nothing. With an outside token service: a pending
//! row first, then the service, then the row is good; whatever breaks in between, the row's key finds out what the
//! service did, and `upkeep` goes on where this stopped.

use serde_json::json;
use uuid::Uuid;

use super::store::OpenSession;
use super::{Enrolment, State, news, refund, store};
use crate::accounts::User;
use crate::db::{Ts, Tx};
use crate::error::{Error, Result};
use crate::task::to_its_end;
use crate::tokens::outside::{Charge, Failure, Outside};
use crate::tokens::{self, Entry, Kind};
use crate::{App, id};

/// A good enrolment.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Enrolled {
    /// The enrolment.
    pub enrolment: Enrolment,
    /// What is left, if this call paid.
    pub balance: Option<i64>,
    /// False: it was there before.
    pub is_new: bool,
}

/// Enrols `user` in `session` for its price. Once: from two tabs, or again after a broken connection, the enrolment
/// that is there is given. Goes on to its end even if the caller does not wait.
///
/// # Errors
/// 404; 409 when the session is over and has no replay, or is the user's own; 402 with balance and price; 503 when the
/// outside token service does not answer (the enrolment is then completed or undone by itself).
pub async fn enrol(app: &App, user: &User, session: Uuid) -> Result<Enrolled> {
    let (app, user) = (app.clone(), user.clone());
    to_its_end(async move {
        if let Some(before) = store::find(&app.db, session, user.id).await?
            && before.state == State::Active
        {
            return Ok(found(before));
        }
        match &app.outside_tokens {
            None => enrol_here(&app, &user, session).await,
            Some(outside) => match reserve(&app, &user, session).await? {
                reserved if reserved.enrolment.state == State::Active => Ok(reserved),
                reserved => settle(&app, outside, &user, reserved.enrolment).await,
            },
        }
    })
    .await
}

async fn enrol_here(app: &App, user: &User, session: Uuid) -> Result<Enrolled> {
    let mut tx = app.db.begin().await?;
    let open = enter(&mut tx, user, session).await?;
    if let Some(before) = take_over(&mut tx, user, session).await? {
        return Ok(found(before));
    }
    let mut enrolment = new(user, session, &open, State::Active);
    let mut balance = None;
    if enrolment.tokens_paid > 0 {
        let booked = tokens::book(&mut tx, payment(&enrolment, &open.title))
            .await?
            .transaction();
        enrolment.token_transaction_id = Some(booked.id.to_string());
        balance = Some(booked.balance_after);
    }
    store::insert(&mut tx, &enrolment).await?;
    news::enrolled(&mut tx, &enrolment).await?;
    tx.commit().await?;
    app.jobs.wake();
    tracing::info!(%session, user = %user.id, tokens = enrolment.tokens_paid, "enrolled");
    Ok(Enrolled {
        enrolment,
        balance,
        is_new: true,
    })
}

/// The pending row for the outside service; one that is there is gone on with. A free one is good at once.
async fn reserve(app: &App, user: &User, session: Uuid) -> Result<Enrolled> {
    let mut tx = app.db.begin().await?;
    let open = enter(&mut tx, user, session).await?;
    if let Some(before) = take_over(&mut tx, user, session).await? {
        return Ok(found(before));
    }
    let is_free = open.price_in_tokens == 0;
    let state = if is_free { State::Active } else { State::Pending };
    let enrolment = new(user, session, &open, state);
    store::insert(&mut tx, &enrolment).await?;
    if is_free {
        news::enrolled(&mut tx, &enrolment).await?;
    }
    tx.commit().await?;
    app.jobs.wake();
    Ok(Enrolled {
        enrolment,
        balance: None,
        is_new: true,
    })
}

/// Asks the outside service for the tokens of a pending enrolment, and makes it good or takes it away. Asking again with
/// the same enrolment charges nothing again.
///
/// # Errors
/// 402; 503 when the service does not answer: then the enrolment stays pending.
pub(super) async fn settle(app: &App, outside: &Outside, user: &User, pending: Enrolment) -> Result<Enrolled> {
    let metadata = json!({ "streamId": pending.session_id, "enrolmentId": pending.id });
    let asked = outside
        .deduct(user, pending.tokens_paid, "Enrolment", &metadata, &key_of(&pending))
        .await;
    let charge = match asked {
        Ok(charge) => charge,
        Err(failure) => {
            if !matches!(failure, Failure::Unknown(_)) {
                store::drop_pending(&app.db, &pending, Ts::now()).await?;
            }
            return Err(failure.into());
        }
    };
    let mut tx = app.db.begin().await?;
    let is_new = match store::activate(&mut tx, pending.id, &charge.transaction_id, Ts::now()).await? {
        store::Activated::Now => true,
        store::Activated::Before => false,
        store::Activated::Gone => {
            drop(tx);
            return Err(compensate(app, pending, &charge).await);
        }
    };
    tokens::copy(&mut tx, payment(&pending, "Enrolment"), &charge).await?;
    news::enrolled(&mut tx, &pending).await?;
    tx.commit().await?;
    app.jobs.wake();
    tracing::info!(session = %pending.session_id, user = %user.id, tokens = pending.tokens_paid, "enrolled");
    Ok(Enrolled {
        balance: Some(charge.new_balance),
        is_new,
        enrolment: Enrolment {
            state: State::Active,
            token_transaction_id: Some(charge.transaction_id),
            ..pending
        },
    })
}

/// The service charged, and the enrolment was taken away meanwhile (another attempt was refused): the tokens go back.
async fn compensate(app: &App, pending: Enrolment, charge: &Charge) -> Error {
    tracing::warn!(enrolment = %pending.id, "charged for an enrolment that is gone; giving the tokens back");
    let owed = Enrolment {
        state: State::Refunding,
        token_transaction_id: Some(charge.transaction_id.clone()),
        ..pending
    };
    match refund::remember(app, &owed).await {
        Ok(()) => Error::Conflict {
            code: "enrolment-undone",
            detail: "the enrolment was undone, and the tokens are given back; try again",
        },
        Err(error) => error,
    }
}

/// Locks the session's row and counts the user in.
async fn enter(tx: &mut Tx, user: &User, session: Uuid) -> Result<OpenSession> {
    match store::enter_session(tx, session, Ts::now()).await? {
        Some(open) if open.instructor_id == user.id => Err(Error::Conflict {
            code: "own-session",
            detail: "this is your own session; you need no enrolment",
        }),
        Some(open) => Ok(open),
        None if store::is_session(tx, session).await? => Err(Error::Conflict {
            code: "session-over",
            detail: "the session is over",
        }),
        None => Err(Error::NotFound("session")),
    }
}

/// The enrolment that is there already, seen under the session's lock; one whose tokens went back makes room.
async fn take_over(tx: &mut Tx, user: &User, session: Uuid) -> Result<Option<Enrolment>> {
    match store::find_in(tx, session, user.id).await? {
        Some(before) if before.state == State::Refunded => {
            store::delete_refunded(tx, before.id).await?;
            Ok(None)
        }
        Some(before) if before.state == State::Refunding => Err(Error::Conflict {
            code: "refund-pending",
            detail: "the tokens of an earlier enrolment are still being given back; try again later",
        }),
        before => Ok(before),
    }
}

fn found(enrolment: Enrolment) -> Enrolled {
    Enrolled {
        enrolment,
        balance: None,
        is_new: false,
    }
}

fn new(user: &User, session: Uuid, open: &OpenSession, state: State) -> Enrolment {
    Enrolment {
        id: id::new(),
        session_id: session,
        user_id: user.id,
        state,
        tokens_paid: open.price_in_tokens,
        token_transaction_id: None,
        can_watch_live: true,
        can_watch_replay: true,
        replay_access_expires_at: open.recording_expires_at,
        watched_live: false,
        watched_replay: false,
        last_watched_at: None,
        enrolled_at: Ts::now(),
    }
}

fn payment(enrolment: &Enrolment, reason: &str) -> Entry {
    Entry {
        user: enrolment.user_id,
        kind: Kind::Enrolment,
        amount: -enrolment.tokens_paid,
        reason: reason.to_owned(),
        metadata: json!({ "streamId": enrolment.session_id, "enrolmentId": enrolment.id }),
        key: Some(key_of(enrolment)),
        session: Some(enrolment.session_id),
        actor: None,
    }
}

fn key_of(enrolment: &Enrolment) -> String {
    format!("enrolment:{}", enrolment.id)
}
