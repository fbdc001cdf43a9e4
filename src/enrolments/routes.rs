//! HTTP of enrolments.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::{Enrolment, State as EnrolmentState, store};
use crate::App;
use crate::db::Ts;
use crate::error::Result;
use crate::http::extract::{Body, Id, OwnUser, Params, Viewer};
use crate::http::problem::Problem;
use crate::http::rules::{cut_page, page_size};

/// A user's right to one session.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Enrolment)]
pub struct EnrolmentView {
    id: Uuid,
    session_id: Uuid,
    state: EnrolmentState,
    tokens_paid: i64,
    token_transaction_id: Option<String>,
    can_watch_live: bool,
    can_watch_replay: bool,
    /// `null`: as long as there is a replay.
    replay_access_expires_at: Option<Ts>,
    watched_live: bool,
    watched_replay: bool,
    last_watched_at: Option<Ts>,
    enrolled_at: Ts,
}

/// An enrolment that was made, or was there.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentMade {
    success: bool,
    enrolment: EnrolmentView,
    /// What is left, if tokens were paid now.
    new_balance: Option<i64>,
    transaction_id: Option<String>,
}

/// The caller's enrolment, or none.
#[derive(Serialize, ToSchema)]
pub struct MaybeEnrolment {
    enrolment: Option<EnrolmentView>,
}

/// A page of enrolments.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EnrolmentList {
    /// Latest first.
    enrolments: Vec<EnrolmentView>,
    has_more: bool,
}

/// Which enrolments.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct EnrolmentParams {
    /// At most this many, 1 to 100; 50 if not given.
    limit: Option<i64>,
    /// Those before this one: the last of the page before.
    before: Option<Uuid>,
}

/// Enrols the caller for the session's price; again it gives the enrolment that is there (200)
#[utoipa::path(post, path = "/api/live/sessions/{id}/enrol", tag = "enrolments", params(("id" = Uuid, Path)),
    request_body(content = Option<OwnUser>), responses((status = 201, body = EnrolmentMade), (status = 200, body = EnrolmentMade),
    (status = 402, description = "The balance is lower than the price; the problem has both", body = Problem,
    content_type = "application/problem+json"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn enrol(
    State(app): State<App>,
    Viewer(user): Viewer,
    Id(id): Id,
    body: Option<Body<OwnUser>>,
) -> Result<(StatusCode, Json<EnrolmentMade>)> {
    OwnUser::check(body, &user)?;
    let enrolled = super::enrol(&app, &user, id).await?;
    let status = if enrolled.is_new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    let made = EnrolmentMade {
        success: true,
        new_balance: enrolled.balance,
        transaction_id: enrolled.enrolment.token_transaction_id.clone(),
        enrolment: enrolled.enrolment.into(),
    };
    Ok((status, Json(made)))
}

/// Tells whether the caller is enrolled
#[utoipa::path(get, path = "/api/live/sessions/{id}/enrolment", tag = "enrolments", operation_id = "own_enrolment",
    params(("id" = Uuid, Path)), responses((status = 200, body = MaybeEnrolment),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn show(State(app): State<App>, Viewer(user): Viewer, Id(id): Id) -> Result<Json<MaybeEnrolment>> {
    let found = super::find(&app, id, user.id).await?;
    Ok(Json(MaybeEnrolment {
        enrolment: found.map(EnrolmentView::from),
    }))
}

/// Lists the caller's enrolments, latest first
#[utoipa::path(get, path = "/api/live/enrolments", tag = "enrolments", operation_id = "own_enrolments",
    params(EnrolmentParams), responses((status = 200, body = EnrolmentList),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn list(
    State(app): State<App>,
    Viewer(user): Viewer,
    Params(params): Params<EnrolmentParams>,
) -> Result<Json<EnrolmentList>> {
    let limit = page_size(params.limit, 50)?;
    let found = store::list(&app.db, user.id, params.before, limit + 1).await?;
    let (found, has_more) = cut_page(found, limit);
    Ok(Json(EnrolmentList {
        enrolments: found.into_iter().map(EnrolmentView::from).collect(),
        has_more,
    }))
}

impl From<Enrolment> for EnrolmentView {
    fn from(enrolment: Enrolment) -> EnrolmentView {
        EnrolmentView {
            id: enrolment.id,
            session_id: enrolment.session_id,
            state: enrolment.state,
            tokens_paid: enrolment.tokens_paid,
            token_transaction_id: enrolment.token_transaction_id,
            can_watch_live: enrolment.can_watch_live,
            can_watch_replay: enrolment.can_watch_replay,
            replay_access_expires_at: enrolment.replay_access_expires_at,
            watched_live: enrolment.watched_live,
            watched_replay: enrolment.watched_replay,
            last_watched_at: enrolment.last_watched_at,
            enrolled_at: enrolment.enrolled_at,
        }
    }
}
