//! Tokens: what users pay with. An append-only ledger of our own, or an outside token service.
//!
//! | file | what it is for |
//! |---|---|
//! | `outside` | the outside service over HTTP: time-outs, retries that cannot charge twice |
//! | `routes` | HTTP: balance, deduction, history, grants |
//!
//! Whoever moves tokens with something else (an enrolment, a refund) books with [`book`] in the transaction of that
//! something. With an outside service our ledger is a copy of what it told us; it never decides.

pub mod outside;
pub mod routes;
pub mod store;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::accounts::User;
use crate::accounts::audit::{self, Deed};
use crate::db::{Ts, Tx};
use crate::error::{Error, Result};
use crate::{App, id};
use outside::Charge;

/// Most tokens that one entry moves.
pub const MOST: i64 = 1_000_000_000;

/// One entry of the ledger.
#[derive(Clone, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Transaction {
    /// Key; later ones sort later.
    pub id: Uuid,
    /// Whose tokens.
    pub user_id: Uuid,
    /// Why they moved.
    #[sqlx(try_from = "String")]
    pub kind: Kind,
    /// Below zero: spent.
    pub amount: i64,
    /// What was left.
    pub balance_after: i64,
    /// For people.
    pub reason: String,
    /// A JSON object.
    pub metadata: String,
    /// A retry with the same one books nothing.
    pub idempotency_key: Option<String>,
    /// The session that it was about.
    pub session_id: Option<Uuid>,
    /// The outside service's name for it.
    pub external_id: Option<String>,
    /// The admin who granted it.
    pub actor_id: Option<Uuid>,
    /// When.
    pub created_at: Ts,
}

/// Why tokens move.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Given by an admin.
    Grant,
    /// Bought.
    Purchase,
    /// Spent on something of the caller's own.
    Deduction,
    /// Spent on a session.
    Enrolment,
    /// Given back.
    Refund,
}

impl Kind {
    const ALL: [Kind; 5] = [
        Kind::Grant,
        Kind::Purchase,
        Kind::Deduction,
        Kind::Enrolment,
        Kind::Refund,
    ];

    /// As in the database and in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Grant => "grant",
            Kind::Purchase => "purchase",
            Kind::Deduction => "deduction",
            Kind::Enrolment => "enrolment",
            Kind::Refund => "refund",
        }
    }
}

impl TryFrom<String> for Kind {
    type Error = String;

    fn try_from(text: String) -> Result<Kind, String> {
        let known = Kind::ALL.into_iter().find(|kind| kind.as_str() == text);
        known.ok_or_else(|| format!("unknown kind {text}"))
    }
}

/// What is to be booked.
#[derive(Clone, PartialEq, Debug)]
pub struct Entry {
    /// Whose tokens.
    pub user: Uuid,
    /// Why.
    pub kind: Kind,
    /// Below zero: spends.
    pub amount: i64,
    /// For people.
    pub reason: String,
    /// A JSON object.
    pub metadata: Value,
    /// Unique among the user's entries; with one, booking again gives the entry that is there.
    pub key: Option<String>,
    /// The session that it is about.
    pub session: Option<Uuid>,
    /// The admin who does it.
    pub actor: Option<Uuid>,
}

/// An entry that is in the ledger.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Booked {
    /// Since this call.
    Now(Transaction),
    /// Since an earlier call with the same key.
    Before(Transaction),
}

impl Booked {
    /// The entry, whenever it was booked.
    #[must_use]
    pub fn transaction(self) -> Transaction {
        let (Booked::Now(transaction) | Booked::Before(transaction)) = self;
        transaction
    }
}

/// Books `entry` in our own ledger. The user's account is locked until the transaction ends, so that what is read here
/// still holds when it is written.
///
/// # Errors
/// 402 when less is there than is to be spent; 422 when the key stands for another entry.
pub async fn book(tx: &mut Tx, entry: Entry) -> Result<Booked> {
    let now = Ts::now();
    let balance = store::lock(tx, entry.user, now).await?;
    if let Some(before) = find_booked(tx, &entry).await? {
        return Ok(Booked::Before(before));
    }
    let price = entry.amount.saturating_neg();
    let left = balance
        .checked_add(entry.amount)
        .filter(|left| *left >= 0)
        .ok_or(Error::InsufficientBalance {
            balance: Some(balance),
            price,
        })?;
    store::set_balance(tx, entry.user, left, now).await?;
    let transaction = transaction(entry, left, None, now);
    store::insert(tx, &transaction).await?;
    Ok(Booked::Now(transaction))
}

/// Copies into our ledger what the outside service booked. Copying again gives the entry that is there.
///
/// # Errors
/// The database's own.
pub async fn copy(tx: &mut Tx, entry: Entry, charge: &Charge) -> Result<Booked> {
    let now = Ts::now();
    store::lock(tx, entry.user, now).await?;
    if let Some(before) = find_booked(tx, &entry).await? {
        return Ok(Booked::Before(before));
    }
    let left = charge.new_balance.max(0);
    let transaction = transaction(entry, left, Some(charge.transaction_id.clone()), now);
    store::insert(tx, &transaction).await?;
    Ok(Booked::Now(transaction))
}

async fn find_booked(tx: &mut Tx, entry: &Entry) -> Result<Option<Transaction>> {
    let Some(key) = &entry.key else { return Ok(None) };
    let found = store::find_by_key(tx, entry.user, key).await?;
    if found
        .as_ref()
        .is_some_and(|found| found.amount != entry.amount || found.kind != entry.kind)
    {
        return Err(Error::Refused {
            status: http::StatusCode::UNPROCESSABLE_ENTITY,
            code: "idempotency-key-reused",
            detail: "this Idempotency-Key was used for something else".into(),
        });
    }
    Ok(found)
}

fn transaction(entry: Entry, balance_after: i64, external_id: Option<String>, now: Ts) -> Transaction {
    Transaction {
        id: id::new(),
        user_id: entry.user,
        kind: entry.kind,
        amount: entry.amount,
        balance_after,
        reason: entry.reason,
        metadata: entry.metadata.to_string(),
        idempotency_key: entry.key,
        session_id: entry.session,
        external_id,
        actor_id: entry.actor,
        created_at: now,
    }
}

/// How many tokens `user` has.
///
/// # Errors
/// 503 when the outside service does not answer.
pub async fn balance(app: &App, user: &User) -> Result<i64> {
    match &app.outside_tokens {
        Some(outside) => Ok(outside.balance(user).await?),
        None => Ok(store::balance(&app.db, user.id).await?),
    }
}

/// Takes tokens from `user` for something of their own. The same key takes them once.
///
/// # Errors
/// 402 with the balance; 422 when the key stands for something else; 503 when the outside service does not answer.
pub async fn deduct(
    app: &App,
    user: &User,
    amount: i64,
    reason: String,
    metadata: Value,
    key: Option<String>,
) -> Result<Transaction> {
    let key = key.unwrap_or_else(|| id::new().to_string());
    let entry = Entry {
        user: user.id,
        kind: Kind::Deduction,
        amount: -amount,
        reason,
        metadata,
        key: Some(format!("deduct:{key}")),
        session: None,
        actor: Some(user.id),
    };
    let charge = match &app.outside_tokens {
        Some(outside) => {
            let key = format!("{}:deduct:{key}", user.id);
            Some(
                outside
                    .deduct(user, amount, &entry.reason, &entry.metadata, &key)
                    .await?,
            )
        }
        None => None,
    };
    let mut tx = app.db.begin().await?;
    let booked = match &charge {
        Some(charge) => copy(&mut tx, entry, charge).await?,
        None => book(&mut tx, entry).await?,
    };
    let booked = booked.transaction();
    tx.commit().await?;
    tracing::info!(user = %user.id, amount, transaction = %booked.id, "tokens deducted");
    Ok(booked)
}

/// Gives `amount` tokens to the user `to`, and notes in the audit log who did. The same key gives them once.
///
/// # Errors
/// 404 when there is no such user; 409 where an outside service keeps the tokens.
pub async fn grant(
    app: &App,
    admin: Option<Uuid>,
    to: Uuid,
    amount: i64,
    reason: String,
    key: Option<String>,
) -> Result<Transaction> {
    if app.outside_tokens.is_some() {
        return Err(Error::Conflict {
            code: "tokens-kept-outside",
            detail: "tokens are kept by an outside service; grant them there",
        });
    }
    crate::accounts::find(&app.db, to).await?;
    let mut tx = app.db.begin().await?;
    let entry = Entry {
        user: to,
        kind: Kind::Grant,
        amount,
        reason,
        metadata: json!({}),
        key: key.map(|key| format!("grant:{key}")),
        session: None,
        actor: admin,
    };
    let booked = match book(&mut tx, entry).await? {
        Booked::Before(transaction) => return Ok(transaction),
        Booked::Now(transaction) => transaction,
    };
    let deed = Deed {
        actor: admin,
        action: "tokens.grant",
        subject: Some(to),
        detail: json!({ "amount": amount, "transaction": booked.id, "balance": booked.balance_after }),
    };
    audit::record(&mut tx, &deed).await?;
    tx.commit().await?;
    tracing::info!(user = %to, amount, "tokens granted");
    Ok(booked)
}

/// The user's entries, latest first, those before the entry `before`; at most `limit`, and whether there are more.
///
/// # Errors
/// The database's own.
pub async fn history(app: &App, user: Uuid, before: Option<Uuid>, limit: i64) -> Result<(Vec<Transaction>, bool)> {
    let mut found = store::list(&app.db, user, before, limit.saturating_add(1)).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > most;
    found.truncate(most);
    Ok((found, has_more))
}
