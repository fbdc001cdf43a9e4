//! HTTP of tokens.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Kind, MOST, Transaction};
use crate::App;
use crate::accounts::same_user;
use crate::db::Ts;
use crate::error::Result;
use crate::http::extract::{Admin, Body, Id, IdempotencyKey, Params, Viewer};
use crate::http::problem::Problem;
use crate::http::rules::{not_blank, page_size, small_object};

/// What the caller has.
#[derive(Serialize, ToSchema)]
pub struct Balance {
    /// Tokens.
    balance: i64,
}

/// What to take from the caller.
#[derive(Deserialize, ToSchema, garde::Validate)]
#[serde(rename_all = "camelCase")]
pub struct Deduction {
    /// Tokens.
    #[garde(range(min = 1, max = MOST))]
    amount: i64,
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    reason: String,
    /// A JSON object, kept with the transaction.
    #[serde(default)]
    #[garde(custom(small_object))]
    #[schema(value_type = Option<Object>)]
    metadata: Option<Value>,
    /// The caller's own, if given.
    #[garde(skip)]
    user_id: Option<String>,
}

/// What was taken.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Deducted {
    success: bool,
    new_balance: i64,
    transaction_id: String,
}

/// What to give.
#[derive(Deserialize, ToSchema, garde::Validate)]
pub struct TokenGrant {
    /// Tokens.
    #[garde(range(min = 1, max = MOST))]
    amount: i64,
    #[garde(length(chars, min = 1, max = 500), custom(not_blank))]
    reason: String,
}

/// Which part of the history.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct HistoryParams {
    /// At most this many, 1 to 100; 50 if not given.
    limit: Option<i64>,
    /// Those before this one: the last of the page before.
    before: Option<Uuid>,
}

/// One movement of tokens.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = TokenTransaction)]
pub struct TransactionView {
    id: Uuid,
    kind: Kind,
    /// Below zero: spent.
    amount: i64,
    balance_after: i64,
    reason: String,
    #[schema(value_type = Object)]
    metadata: Value,
    session_id: Option<Uuid>,
    created_at: Ts,
}

/// A page of the history.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokenHistory {
    /// Latest first.
    transactions: Vec<TransactionView>,
    has_more: bool,
}

/// Tells how many tokens the caller has
#[utoipa::path(get, path = "/api/tokens/balance", tag = "tokens", operation_id = "token_balance", responses(
    (status = 200, body = Balance), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn balance(State(app): State<App>, Viewer(user): Viewer) -> Result<Json<Balance>> {
    let balance = super::balance(&app, &user).await?;
    Ok(Json(Balance { balance }))
}

/// Takes tokens from the caller; the same Idempotency-Key takes them once
#[utoipa::path(post, path = "/api/tokens/deduct", tag = "tokens", request_body = Deduction, params(IdempotencyKey),
    responses((status = 200, body = Deducted), (status = 402, description = "Fewer are there", body = Problem,
    content_type = "application/problem+json"), (status = "4XX", body = Problem,
    content_type = "application/problem+json")))]
pub async fn deduct(
    State(app): State<App>,
    Viewer(user): Viewer,
    key: IdempotencyKey,
    Body(form): Body<Deduction>,
) -> Result<Json<Deducted>> {
    same_user(&user, form.user_id.as_deref())?;
    let metadata = form.metadata.unwrap_or_else(|| serde_json::json!({}));
    let booked = super::deduct(&app, &user, form.amount, form.reason, metadata, key.value).await?;
    Ok(Json(Deducted {
        success: true,
        new_balance: booked.balance_after,
        transaction_id: booked.external_id.unwrap_or_else(|| booked.id.to_string()),
    }))
}

/// Lists the caller's transactions, latest first
#[utoipa::path(get, path = "/api/tokens/transactions", tag = "tokens", operation_id = "token_transactions",
    params(HistoryParams), responses((status = 200, body = TokenHistory),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn transactions(
    State(app): State<App>,
    Viewer(user): Viewer,
    Params(params): Params<HistoryParams>,
) -> Result<Json<TokenHistory>> {
    let limit = page_size(params.limit, 50)?;
    let (found, has_more) = super::history(&app, user.id, params.before, limit).await?;
    Ok(Json(TokenHistory {
        transactions: found.into_iter().map(TransactionView::from).collect(),
        has_more,
    }))
}

/// Gives tokens to a user; the same Idempotency-Key gives them once
#[utoipa::path(post, path = "/api/admin/users/{id}/tokens", tag = "admin", operation_id = "grant_tokens",
    params(("id" = Uuid, Path), IdempotencyKey), request_body = TokenGrant, responses(
    (status = 201, body = TransactionView), (status = "4XX", body = Problem,
    content_type = "application/problem+json")))]
pub async fn grant(
    State(app): State<App>,
    Admin(admin): Admin,
    Id(id): Id,
    key: IdempotencyKey,
    Body(form): Body<TokenGrant>,
) -> Result<(StatusCode, Json<TransactionView>)> {
    let booked = super::grant(&app, Some(admin.id), id, form.amount, form.reason, key.value).await?;
    Ok((StatusCode::CREATED, Json(booked.into())))
}

impl From<Transaction> for TransactionView {
    fn from(transaction: Transaction) -> TransactionView {
        TransactionView {
            id: transaction.id,
            kind: transaction.kind,
            amount: transaction.amount,
            balance_after: transaction.balance_after,
            reason: transaction.reason,
            metadata: serde_json::from_str(&transaction.metadata).unwrap_or_default(),
            session_id: transaction.session_id,
            created_at: transaction.created_at,
        }
    }
}
