//! HTTP of the WHEP extensions: server-sent events and layer selection (webrtc-http-egress-events, in the working group's
//! repository).

use super::events::{Event, EventStream, EventStreams, NAMES, check_names};
use super::links::address;
use super::news::News;
use super::routes::{Resource, find};
use super::{Caller, expect_type};
use crate::App;
use crate::error::{Error, Result};
use crate::http::problem::Problem;
use crate::id::stream_of;
use crate::live::{LayerChoice, Role};
use axum::extract::{FromRequestParts, Path, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderMap, LOCATION};
use axum::http::request::Parts;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::sse::{KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::Stream;
use lectern_media::id::PeerId;
use serde::Deserialize;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;
use utoipa::ToSchema;
use uuid::Uuid;

/// A quiet event stream says this often that it is there: proxies close what is silent for a minute.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Two looks at what is new lie at least this far apart: a thousand viewers who join in one second are a few events.
const PACE: Duration = Duration::from_millis(250);

/// Opens an event stream of a viewer's connection
///
/// The body names the events that are wanted; without one it is all of them.
#[utoipa::path(post, path = "/whep/{session}/{peer}/sse", tag = "media", operation_id = "whep_open_events",
    params(("session" = Uuid, Path), ("peer" = String, Path)), request_body = Option<Vec<String>>, responses(
    (status = 201, headers(("Location" = String))),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn open(
    State(app): State<App>,
    Resource { session, peer }: Resource,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response> {
    caller.touch(&app, session, Role::Viewer).await?;
    find(&app, session, peer, Role::Viewer)?;
    app.whip.limits.patch(peer)?;
    let wanted = if body.is_empty() {
        all_events()
    } else {
        json(&headers, &body)?
    };
    check_names(&wanted)?;
    let end = app.live.end_of(peer).ok_or(Error::NotFound("connection"))?;
    let stream = app.whip.events.open(peer, wanted, &end)?;
    let at = address(&app, &format!("/whep/{session}/{peer}/sse/{}", stream.id));
    Ok((StatusCode::CREATED, [(LOCATION, at)]).into_response())
}

/// Streams the events that were asked for
///
/// `text/event-stream`. The address is the right to read it, since browsers' `EventSource` shows no token.
#[utoipa::path(get, path = "/whep/{session}/{peer}/sse/{stream}", tag = "media", operation_id = "whep_events",
    params(("session" = Uuid, Path), ("peer" = String, Path), ("stream" = u64, Path)), responses(
    (status = 200, body = String, content_type = "text/event-stream"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn read(State(app): State<App>, StreamAddress { resource, stream }: StreamAddress) -> Result<Response> {
    find(&app, resource.session, resource.peer, Role::Viewer)?;
    let stream = app
        .whip
        .events
        .find(resource.peer, stream)
        .ok_or(Error::NotFound("event stream"))?;
    Ok(tell(&app, resource, stream, None).await)
}

/// Streams all events
#[utoipa::path(get, path = "/whep/{session}/{peer}/sse", tag = "media", operation_id = "whep_all_events",
    params(("session" = Uuid, Path), ("peer" = String, Path)), responses(
    (status = 200, body = String, content_type = "text/event-stream"),
    (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn read_all(State(app): State<App>, resource: Resource) -> Result<Response> {
    let Resource { session, peer } = resource;
    find(&app, session, peer, Role::Viewer)?;
    let end = app.live.end_of(peer).ok_or(Error::NotFound("connection"))?;
    let stream = app.whip.events.open(peer, all_events(), &end)?;
    let closes = CloseOnDrop {
        streams: app.whip.events.clone(),
        peer,
        id: stream.id,
    };
    Ok(tell(&app, resource, stream, Some(closes)).await)
}

/// Ends an event stream
#[utoipa::path(delete, path = "/whep/{session}/{peer}/sse/{stream}", tag = "media", operation_id = "whep_close_events",
    params(("session" = Uuid, Path), ("peer" = String, Path), ("stream" = u64, Path)), responses(
    (status = 200), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn close(
    State(app): State<App>,
    StreamAddress { resource, stream }: StreamAddress,
    caller: Caller,
) -> Result<StatusCode> {
    caller.touch(&app, resource.session, Role::Viewer).await?;
    find(&app, resource.session, resource.peer, Role::Viewer)?;
    if app.whip.events.close(resource.peer, stream) {
        Ok(StatusCode::OK)
    } else {
        Err(Error::NotFound("event stream"))
    }
}

/// Which layer a viewer wants; what is not given is left to the server.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct Selection {
    /// The place of the section among those of the SDP, as text.
    media_id: Option<String>,
    /// A simulcast encoding. Earlier drafts call it `encodingId`.
    #[serde(alias = "encodingId")]
    rid: Option<String>,
    /// The same as `maxSpatialLayerId`, since a layer needs those below it.
    spatial_layer_id: Option<u8>,
    /// The same as `maxTemporalLayerId`.
    temporal_layer_id: Option<u8>,
    max_spatial_layer_id: Option<u8>,
    max_temporal_layer_id: Option<u8>,
    /// Pixels.
    max_width: Option<u16>,
    /// Pixels.
    max_height: Option<u16>,
    /// The lowest layer that there is, for a page that nobody looks at. Not of the draft.
    lowest: bool,
}

/// Chooses the layer of a viewer's picture
///
/// An empty object leaves the choice to the server again.
#[utoipa::path(post, path = "/whep/{session}/{peer}/layer", tag = "media", operation_id = "whep_choose_layer",
    params(("session" = Uuid, Path), ("peer" = String, Path)), request_body = Selection, responses(
    (status = 200), (status = "4XX", body = Problem, content_type = "application/problem+json")))]
pub async fn choose_layer(
    State(app): State<App>,
    Resource { session, peer }: Resource,
    caller: Caller,
    headers: HeaderMap,
    body: Bytes,
) -> Result<StatusCode> {
    caller.touch(&app, session, Role::Viewer).await?;
    find(&app, session, peer, Role::Viewer)?;
    app.whip.limits.patch(peer)?;
    // Through an object: a list is none, though the fields could be read from it in order.
    let object: serde_json::Map<String, serde_json::Value> = json(&headers, &body)?;
    let selection = Selection::deserialize(object).map_err(unreadable)?;
    let section = app.live.video_section(peer).await;
    let is_video = |id: &String| section.is_some_and(|section| section.to_string() == *id);
    if !selection.media_id.as_ref().map_or(section.is_some(), is_video) {
        return Err(no_layer("this connection has no picture in that section"));
    }
    if app.live.choose_layer(peer, selection.into()).await {
        Ok(StatusCode::OK)
    } else {
        Err(no_layer("the publisher sends no encoding of that name"))
    }
}

fn no_layer(detail: &'static str) -> Error {
    Error::Refused {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        code: "unknown-layer",
        detail: detail.into(),
    }
}

impl From<Selection> for LayerChoice {
    fn from(wanted: Selection) -> LayerChoice {
        let least = |a: Option<u8>, b: Option<u8>| a.into_iter().chain(b).min();
        LayerChoice {
            encoding_id: wanted.rid,
            max_spatial: least(wanted.spatial_layer_id, wanted.max_spatial_layer_id),
            max_temporal: least(wanted.temporal_layer_id, wanted.max_temporal_layer_id),
            max_width: wanted.max_width,
            max_height: wanted.max_height,
            lowest: wanted.lowest,
        }
    }
}

fn all_events() -> Vec<String> {
    NAMES.map(str::to_owned).into()
}

fn json<'a, T: Deserialize<'a>>(headers: &HeaderMap, body: &'a [u8]) -> Result<T> {
    expect_type(super::text(headers, CONTENT_TYPE), "application/json")?;
    serde_json::from_slice(body).map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn unreadable(error: serde_json::Error) -> Error {
    Error::BadRequest(format!("the body cannot be read: {error}").into())
}

/// Answers with a stream of events that ends with its connection, or when another reader comes.
async fn tell(app: &App, at: Resource, stream: Arc<EventStream>, closes: Option<CloseOnDrop>) -> Response {
    let reader = Reader {
        news: app.whip.news.follow(app, stream_of(at.session)).await,
        section: app.live.video_section(at.peer).await,
        elsewhere: app.config.media.drain_to.as_ref().map(|url| {
            let origin = url.origin().ascii_serialization();
            format!("{origin}/whep/{}", at.session)
        }),
        draining: app.live.draining().clone(),
        shutdown: app.shutdown.clone(),
        replaced: stream.read(),
        stream,
        next_look: Instant::now(),
        _closes: closes,
    };
    let heartbeat = KeepAlive::new().interval(HEARTBEAT);
    let headers = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        // nginx would keep back what is not a whole buffer
        (
            HeaderName::from_static("x-accel-buffering"),
            HeaderValue::from_static("no"),
        ),
    ];
    (headers, Sse::new(reader.events()).keep_alive(heartbeat)).into_response()
}

/// One that reads an event stream.
struct Reader {
    stream: Arc<EventStream>,
    news: watch::Receiver<News>,
    section: Option<usize>,
    /// Where to go when this server wants no viewers any more.
    elsewhere: Option<String>,
    draining: CancellationToken,
    shutdown: CancellationToken,
    replaced: watch::Receiver<u64>,
    next_look: Instant,
    _closes: Option<CloseOnDrop>,
}

impl Reader {
    fn events(self) -> impl Stream<Item = Result<axum::response::sse::Event, Infallible>> {
        futures_util::stream::unfold(self, |mut reader| async move {
            let (name, data) = reader.next().await?;
            let event = axum::response::sse::Event::default().event(name).data(data.to_string());
            Some((Ok(event), reader))
        })
    }

    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(event) = self.stream.next(&self.news.borrow_and_update(), self.section) {
                return Some(event);
            }
            // Who can go elsewhere goes at once; others keep their picture until it ends here.
            let leaves = self.shutdown.is_cancelled() || (self.draining.is_cancelled() && self.elsewhere.is_some());
            if leaves && let Some(event) = self.stream.reconnect(self.elsewhere.clone()) {
                return Some(event);
            }
            if self.shutdown.is_cancelled() {
                return None;
            }
            let news = async {
                sleep_until(self.next_look).await;
                self.news.changed().await
            };
            tokio::select! {
                () = self.stream.end.cancelled() => return None,
                _ = self.replaced.changed() => return None,
                () = self.shutdown.cancelled() => {}
                () = self.draining.cancelled(), if !self.draining.is_cancelled() => {}
                result = news => {
                    result.ok()?;
                    self.next_look = Instant::now() + PACE;
                }
            }
        }
    }
}

/// An event stream that nobody opened by POST ends with its reader.
struct CloseOnDrop {
    streams: EventStreams,
    peer: PeerId,
    id: u64,
}

impl Drop for CloseOnDrop {
    fn drop(&mut self) {
        self.streams.close(self.peer, self.id);
    }
}

/// The event stream in the path.
pub struct StreamAddress {
    resource: Resource,
    stream: u64,
}

impl FromRequestParts<App> for StreamAddress {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<StreamAddress> {
        let path = Path::<(Uuid, String, u64)>::from_request_parts(parts, app).await;
        let Path((session, peer, stream)) = path.map_err(|_| Error::NotFound("event stream"))?;
        let peer = peer.parse().map_err(|_| Error::NotFound("event stream"))?;
        let resource = Resource { session, peer };
        Ok(StreamAddress { resource, stream })
    }
}
