//! HTTP of the WebSocket: who may open one.

use axum::extract::State;
use axum::extract::ws::WebSocketUpgrade;
use axum::extract::ws::rejection::WebSocketUpgradeRejection;
use axum::http::header::ORIGIN;
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use serde::Deserialize;
use utoipa::IntoParams;
use uuid::Uuid;

use super::socket::{self, Client};
use crate::App;
use crate::accounts::proof::Proof;
use crate::error::{Error, Result};
use crate::http::extract::{ClientAddress, Id, MaybeProven, Origin, Params, SOCKET_PROTOCOL};
use crate::http::problem::Problem;
use crate::sessions::access::authorize_conversation;

/// Longest message of a client: 500 characters, each written as two escaped halves, and what is around them.
const MOST_MESSAGE_BYTES: usize = 16 * 1024;
/// What a connection reads and writes at once. The library's own 128 KiB would be a gigabyte for five thousand.
const BUFFER_BYTES: usize = 4 * 1024;
/// What may wait for a client that does not read, before it is not written to any more.
const MOST_WAITING_BYTES: usize = 128 * 1024;

/// Where to begin.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FollowParams {
    /// The last message that the client has: what came after it is sent before anything new.
    after: Option<Uuid>,
}

/// Opens a WebSocket with all that happens in a session
///
/// Messages are JSON, `{"type": …, "data": …}`. From the server: `chat:message`, `chat:deleted`, `chat:pinned`,
/// `chat:moderated`, `poll:update`, `poll:changed`, `poll:deleted`, `question:changed`, `question:deleted`, `reaction`,
/// `hand:raised`, `hand:lowered`, `session:status`, `viewer:count`, `error`, `server:restart`. To the server: `chat:send`,
/// `chat:resume`, `poll:vote`, `reaction:send`, `hand:raise`, `hand:lower`.
///
/// Pages of this site come with their cookie. A page of an embedding site offers two protocols, `lectern` and
/// `lectern.bearer.` with its user's token behind it; the connection ends when the token does.
#[utoipa::path(get, path = "/live/{id}", tag = "conversation", operation_id = "follow",
    params(("id" = Uuid, Path), FollowParams), responses((status = 101, description = "The WebSocket is open"),
    (status = 426, body = Problem, content_type = "application/problem+json"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
#[expect(clippy::too_many_arguments, reason = "each is a part of the request")]
pub async fn follow(
    State(app): State<App>,
    MaybeProven(proven): MaybeProven,
    Id(id): Id,
    Params(params): Params<FollowParams>,
    ClientAddress(address): ClientAddress,
    ours: Origin,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response> {
    check_page(&app, &headers, &ours, proven.as_ref().map(|(_, proof)| proof))?;
    let (user, proof) = proven.unzip();
    // What is told from here on waits, so that nothing falls between the check and the first message.
    let following = app.events.follow(id);
    let session = authorize_conversation(&app, id, user.as_ref()).await?;
    let upgrade = upgrade.map_err(|_| no_websocket())?;
    if app.shutdown.is_cancelled() {
        return Err(Error::Unavailable {
            detail: "the server is being restarted",
            retry_after: socket::RESTART,
        });
    }
    let client = Client {
        _place: app
            .conversation
            .places
            .take(user.as_ref().map(|user| user.id), address)?,
        proof,
        user,
        session: session.id,
    };
    let tracker = app.conversation.open.clone();
    Ok(upgrade
        .protocols([SOCKET_PROTOCOL])
        .read_buffer_size(BUFFER_BYTES)
        .write_buffer_size(BUFFER_BYTES)
        .max_write_buffer_size(MOST_WAITING_BYTES)
        .max_message_size(MOST_MESSAGE_BYTES)
        .max_frame_size(MOST_MESSAGE_BYTES)
        .on_upgrade(move |socket| tracker.track_future(socket::run(app, socket, client, following, params.after))))
}

/// Browsers send their cookie with any page's WebSocket (RFC 6455 section 10.2), so the page has to be one of ours; or one of
/// an embedding site, with a token of its own.
fn check_page(app: &App, headers: &HeaderMap, ours: &Origin, proof: Option<&Proof>) -> Result<()> {
    let Some(page) = headers.get(ORIGIN).map(HeaderValue::as_bytes) else {
        return Ok(()); // no browser
    };
    let mut embedding = app.config.embedding.origin_texts();
    let has_token = matches!(proof, Some(Proof::OutsideToken { .. }));
    if page == ours.join("").as_bytes() || has_token && embedding.any(|origin| origin.as_bytes() == page) {
        return Ok(());
    }
    Err(Error::Refused {
        status: StatusCode::FORBIDDEN,
        code: "cross-site",
        detail: "this request came from a page of another site".into(),
    })
}

fn no_websocket() -> Error {
    Error::Refused {
        status: StatusCode::UPGRADE_REQUIRED,
        code: "no-websocket",
        detail: "this address speaks WebSocket (RFC 6455)".into(),
    }
}
