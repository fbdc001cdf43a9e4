//! HTTP of one file of a recording: from memory, from the disk, or from the store, whole or by range.

use std::io::SeekFrom;
use std::ops::Range;
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::StatusCode;
use axum::http::header::{CACHE_CONTROL, LOCATION};
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use lectern_media::record::silence;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio_util::io::ReaderStream;
use uuid::Uuid;

use super::cache::{Admit, Place};
use super::files::{self, Kind};
use super::remembered::Remembered;
use super::{folder, object_name};
use crate::App;
use crate::config::Delivery;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::http::range::Representation;
use crate::sessions::RecordingState;
use crate::storage::{Store, StoreError};

/// Larger files are not taken into memory.
const MOST_IN_MEMORY: u64 = 16 << 20;

/// Files are read from the disk in pieces of this size.
const PIECE_BYTES: usize = 256 << 10;

/// Addresses in the store are good for this long, and are given to caches for a part of it.
const REDIRECT_S: i64 = 600;

/// Whether a recording is all in the store is asked of the database no more often than this, for so many recordings.
const UPLOADS_BELIEVED: Duration = Duration::from_secs(5);
/// See [`UPLOADS_BELIEVED`].
const MOST_UPLOADS: usize = 2_000;

const GONE: Error = Error::NotFound("segment");

const ON_ITS_WAY: Error = Error::Unavailable {
    detail: "this piece of the recording is on its way to the store",
    retry_after: Duration::from_secs(2),
};

/// Serves a file of a session's recording. What it holds never changes, so caches keep it for good, but not beyond
/// `until`, when its address ends.
///
/// # Errors
/// 404 when there is none that is whole; 503 when the store does not answer.
pub async fn serve(app: &App, session: Uuid, name: &str, kind: Kind, until: Ts, request: &Parts) -> Result<Response> {
    let answer = Answer {
        app,
        session,
        name,
        kind,
        left_s: (until.unix_s() - Ts::now().unix_s()).max(0),
        request,
    };
    if let Some(silence) = silence(name) {
        return answer.bytes(silence.into()).await;
    }
    let key = (session, name.to_owned());
    let cache = &app.recordings.cache;
    let place = cache.place(&key, Admit::SecondTime);
    if let Some(bytes) = place.as_ref().and_then(|place| place.get()) {
        return answer.bytes(bytes.clone()).await;
    }
    let (path, wanted) = (folder(app, session), name.to_owned());
    let local = tokio::task::spawn_blocking(move || files::whole_size(&path, &wanted));
    match (local.await.map_err(anyhow::Error::from)?, &app.recordings.store) {
        (Some(size), _) => match place.filter(|_| size <= MOST_IN_MEMORY) {
            Some(place) => answer.bytes(answer.read_into(&place).await?).await,
            None => answer.file(size).await,
        },
        (None, Some(store)) if app.config.storage.delivery == Delivery::Server => {
            match cache.place(&key, Admit::Always) {
                Some(place) => answer.bytes(answer.fetch_into(&place, store).await?).await,
                None => answer.bytes(answer.fetch(store).await?).await,
            }
        }
        (None, Some(store)) => answer.redirect(store).await,
        (None, None) => {
            cache.forget(&key);
            Err(GONE)
        }
    }
}

struct Answer<'a> {
    app: &'a App,
    session: Uuid,
    name: &'a str,
    kind: Kind,
    left_s: i64,
    request: &'a Parts,
}

impl Answer<'_> {
    fn representation(&self, bytes: u64) -> Representation {
        Representation {
            // Files only ever grew, and this one is whole: its size says which one it is, on every server.
            etag: format!("\"{bytes:x}\""),
            bytes,
            content_type: self.kind.content_type(),
            cache: format!("public, max-age={}, immutable", self.left_s),
        }
    }

    async fn bytes(&self, all: Bytes) -> Result<Response> {
        let size = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let body = async |range: Range<u64>| {
            let [start, end] = [range.start, range.end].map(|at| usize::try_from(at).unwrap_or(all.len()));
            Ok(Body::from(all.slice(start..end)))
        };
        let (method, headers) = (&self.request.method, &self.request.headers);
        self.representation(size).answer(method, headers, body).await
    }

    async fn file(&self, size: u64) -> Result<Response> {
        let path = folder(self.app, self.session).join(self.name);
        let body = async |range: Range<u64>| {
            let mut file = tokio::fs::File::open(path).await.map_err(|_| GONE)?;
            file.seek(SeekFrom::Start(range.start)).await?;
            let piece = file.take(range.end - range.start);
            Ok(Body::from_stream(ReaderStream::with_capacity(piece, PIECE_BYTES)))
        };
        let (method, headers) = (&self.request.method, &self.request.headers);
        self.representation(size).answer(method, headers, body).await
    }

    async fn redirect(&self, store: &Store) -> Result<Response> {
        if self.may_come().await? {
            let there = store.size(&object_name(self.session, self.name)).await;
            self.stored(there.map(|_| Bytes::new())).await?;
        }
        let lifetime_s = REDIRECT_S.min(self.left_s).max(1);
        let lifetime = Duration::from_secs(lifetime_s.unsigned_abs());
        let url = store
            .signed_url(&object_name(self.session, self.name), lifetime)
            .await?;
        let headers = [
            (LOCATION, url.to_string()),
            (CACHE_CONTROL, format!("public, max-age={}", lifetime_s / 2)),
        ];
        Ok((StatusCode::TEMPORARY_REDIRECT, headers).into_response())
    }

    async fn read_into(&self, place: &Place) -> Result<Bytes> {
        let path = folder(self.app, self.session).join(self.name);
        let load = async || Ok(Bytes::from(tokio::fs::read(path).await.map_err(|_| GONE)?));
        self.fill(place, load).await
    }

    async fn fetch_into(&self, place: &Place, store: &Store) -> Result<Bytes> {
        self.fill(place, async || self.fetch(store).await).await
    }

    async fn fetch(&self, store: &Store) -> Result<Bytes> {
        self.stored(store.get_all(&object_name(self.session, self.name)).await)
            .await
    }

    async fn fill(&self, place: &Place, load: impl AsyncFnOnce() -> Result<Bytes>) -> Result<Bytes> {
        let key = (self.session, self.name.to_owned());
        self.app.recordings.cache.fill(&key, place, load).await
    }

    /// The store's objects come from another server, which may still be at it: what it has not put there is to be asked for
    /// again, as long as its recording is not all there.
    async fn stored(&self, found: Result<Bytes, StoreError>) -> Result<Bytes> {
        match found {
            Err(StoreError::NotFound) if self.may_come().await? => Err(ON_ITS_WAY),
            found => Ok(found?),
        }
    }

    async fn may_come(&self) -> Result<bool> {
        let read = async || {
            let session = super::store::find(&self.app.db, self.session).await?;
            Ok(session.is_some_and(|session| {
                matches!(session.recording_state, RecordingState::Live | RecordingState::Kept)
                    && session.recording_stored_at.is_none()
            }))
        };
        self.app
            .recordings
            .uploads
            .0
            .ask(Instant::now(), self.session, read)
            .await
    }
}

/// Which recordings are not all in the store yet, as the database said some moments ago: one that has just become so is
/// looked for there a little longer.
#[derive(Clone, Debug)]
pub struct Uploads(Remembered<Uuid, bool>);

impl Uploads {
    /// Forgets what is known of a session, because it has changed.
    pub fn forget(&self, session: Uuid) {
        self.0.forget(|of| *of == session);
    }
}

impl Default for Uploads {
    fn default() -> Uploads {
        Uploads(Remembered::new(UPLOADS_BELIEVED, MOST_UPLOADS))
    }
}
