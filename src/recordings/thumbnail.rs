//! The picture that stands for a session: from the class itself, renewed while it runs, or what its instructor gives.
//!
//! Each has a name of its own (`{session}-{moment}.jpg`), in the data folder and in the store if there is one; the
//! session's row says which one counts. A frame of a class that is not public is for those who may watch it; what an
//! instructor gives is for everybody, like the title.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use image::RgbImage;
use lectern_media::codec::Kind;
use lectern_media::record::{Catalogue, Segment};
use tokio::time::Instant;
use uuid::Uuid;

use super::cache::Admit;
use super::picture::{self, PictureError};
use super::store;
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::sessions::{Session, ThumbnailKind};

/// Largest size of a frame.
const FRAME_SIZE: (u32, u32) = (640, 360);
/// Largest size of what an instructor gives.
const CUSTOM_SIZE: (u32, u32) = (1280, 720);
const QUALITY: u8 = 82;

/// How often the frame is renewed while the class runs.
const RENEW_EVERY: Duration = Duration::from_secs(60);
/// After a frame that shows nothing, the next one is looked at this soon.
const AFTER_BLANK: Duration = Duration::from_secs(4);

/// So many frames of a recording that is over are looked at for one that shows something.
const CANDIDATES: usize = 5;

/// When the next frame is to be taken.
#[derive(Debug, Default)]
pub(super) struct Plan {
    next_at: Option<Instant>,
}

impl Plan {
    /// Takes a frame of a class that runs if it is time. What fails is logged: there will be others.
    pub(super) async fn step(&mut self, app: &App, session: &Session, folder: &Path, catalogue: &Catalogue) {
        let is_wanted = session.thumbnail_kind != ThumbnailKind::Custom;
        if session.is_over() || !is_wanted || self.next_at.is_some_and(|at| at > Instant::now()) {
            return;
        }
        let pause = match take(app, session, folder, catalogue).await {
            Ok(true) => RENEW_EVERY,
            Ok(false) => AFTER_BLANK,
            Err(error) => {
                tracing::warn!(session = %session.id, error = format!("{error:#}"), "no thumbnail can be taken");
                RENEW_EVERY
            }
        };
        self.next_at = Some(Instant::now() + pause);
    }
}

/// Takes a good frame of a recording that is over, for a session that has no picture.
///
/// # Errors
/// Pictures that cannot be decoded; the disk's, the store's and the database's own.
pub(super) async fn take_if_none(app: &App, session: &Session, folder: &Path, catalogue: &Catalogue) -> Result<()> {
    if session.thumbnail_kind == ThumbnailKind::None {
        take(app, session, folder, catalogue).await?;
    }
    Ok(())
}

/// Takes the newest frame, or a good one of a recording that is over; `false`: none shows anything.
async fn take(app: &App, session: &Session, folder: &Path, catalogue: &Catalogue) -> Result<bool> {
    for segment in candidates(catalogue, session.is_over()) {
        let Some(init) = catalogue.init(&segment.rendition, segment.part) else {
            continue;
        };
        let read = async |name: &str| tokio::fs::read(folder.join(name)).await;
        let (init, media) = (read(init.file.as_str()).await?, read(segment.file.as_str()).await?);
        match of_segment(app, init, media, FRAME_SIZE).await {
            Ok(picture) if picture::is_blank(&picture) => {}
            Ok(picture) => {
                let jpeg = picture::jpeg(&picture, QUALITY);
                keep(app, session, ThumbnailKind::Frame, jpeg).await?;
                return Ok(true);
            }
            Err(PictureError::NeedsFfmpeg) => return Ok(false),
            Err(error) => return Err(Error::Internal(error.into())),
        }
    }
    Ok(false)
}

/// The picture at the beginning of a segment; one at a time on the whole server.
pub(super) async fn of_segment(
    app: &App,
    init: Vec<u8>,
    segment: Vec<u8>,
    fit: (u32, u32),
) -> Result<RgbImage, PictureError> {
    let _turn = app.recordings.pictures.acquire().await;
    picture::of_segment(app.recordings.ffmpeg.as_ref(), init, segment, fit).await
}

/// Segments of the largest pictures that begin with a key frame.
fn candidates(catalogue: &Catalogue, is_over: bool) -> Vec<&Segment> {
    let of_pictures = catalogue.segments().iter().filter(|segment| {
        let init = catalogue.init(&segment.rendition, segment.part);
        segment.key && init.is_some_and(|init| init.kind == Kind::Video && is_largest(catalogue, init))
    });
    let all: Vec<&Segment> = of_pictures.collect();
    match is_over {
        false => all.last().copied().into_iter().collect(),
        true => (0..CANDIDATES)
            .filter_map(|n| all.get(all.len() * n / CANDIDATES).copied())
            .collect(),
    }
}

fn is_largest(catalogue: &Catalogue, init: &lectern_media::record::Init) -> bool {
    let area = |init: &lectern_media::record::Init| u32::from(init.width) * u32::from(init.height);
    let mut same_part = catalogue.inits().iter().filter(|other| other.part == init.part);
    same_part.all(|other| area(other) <= area(init))
}

/// Makes what an instructor gives the picture of a session.
///
/// # Errors
/// 415 and 413 for what is no picture, or too large; the disk's and the store's own.
pub async fn set_custom(app: &App, session: &Session, bytes: Vec<u8>) -> Result<()> {
    let turn = app.recordings.pictures.acquire().await;
    let work = move || picture::of_upload(&bytes, CUSTOM_SIZE).map(|picture| picture::jpeg(&picture, QUALITY));
    let made = tokio::task::spawn_blocking(work).await.map_err(anyhow::Error::from)?;
    drop(turn);
    let refused = |status, code, detail: PictureError| Error::Refused {
        status,
        code,
        detail: detail.to_string().into(),
    };
    let jpeg = made.map_err(|error| match error {
        PictureError::TooLarge => refused(http::StatusCode::PAYLOAD_TOO_LARGE, "too-large", error),
        error => refused(
            http::StatusCode::UNSUPPORTED_MEDIA_TYPE,
            "unsupported-media-type",
            error,
        ),
    })?;
    keep(app, session, ThumbnailKind::Custom, jpeg).await
}

/// Takes away what an instructor gave; the class's own picture is back with the next frame, or at once when it is over.
///
/// # Errors
/// The database's own.
pub async fn remove_custom(app: &App, session: &Session) -> Result<()> {
    if session.thumbnail_kind != ThumbnailKind::Custom {
        return Ok(());
    }
    store::set_thumbnail(&app.db, session.id, ThumbnailKind::None, Ts::now()).await?;
    forget(app, session).await;
    let folder = super::folder(app, session.id);
    if let Ok(journal) = tokio::fs::read(folder.join(super::playlists::JOURNAL)).await {
        let bare = Session {
            thumbnail_kind: ThumbnailKind::None,
            ..session.clone()
        };
        let (catalogue, _) = Catalogue::read(&journal);
        if let Err(error) = take_if_none(app, &bare, &folder, &catalogue).await {
            tracing::warn!(session = %session.id, error = format!("{error:#}"), "no thumbnail can be taken");
        }
    }
    Ok(())
}

/// The picture of a session, as JPEG.
///
/// # Errors
/// 404 when there is none.
pub async fn read(app: &App, session: &Session) -> Result<Bytes> {
    let name = name_of(session).ok_or(NONE)?;
    let key = (session.id, name.clone());
    let load = async || match (tokio::fs::read(path(app, &name)).await, &app.recordings.store) {
        (Ok(bytes), _) => Ok(Bytes::from(bytes)),
        (Err(_), Some(remote)) => remote.get_all(&object(&name)).await.map_err(|_| NONE),
        (Err(_), None) => Err(NONE),
    };
    let Some(place) = app.recordings.cache.place(&key, Admit::Always) else {
        return load().await;
    };
    app.recordings.cache.fill(&key, &place, load).await
}

/// Removes the picture of a session from everywhere.
pub(super) async fn forget(app: &App, session: &Session) {
    let Some(name) = name_of(session) else { return };
    if let Err(error) = tokio::fs::remove_file(path(app, &name)).await
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(%error, name, "an old thumbnail cannot be removed");
    }
    if let Some(remote) = &app.recordings.store
        && let Err(error) = remote.delete(&object(&name)).await
    {
        tracing::warn!(%error, name, "an old thumbnail cannot be removed from the store");
    }
}

async fn keep(app: &App, session: &Session, kind: ThumbnailKind, jpeg: Vec<u8>) -> Result<()> {
    let now = Ts::now();
    let name = file_name(session.id, now);
    let path = path(app, &name);
    let folder = path.parent().expect("it is in the data folder");
    tokio::fs::create_dir_all(folder).await?;
    tokio::fs::write(&path, &jpeg).await?;
    if let Some(remote) = &app.recordings.store {
        // the copy here serves until the store is back
        if let Err(error) = remote.put(&object(&name), jpeg.into(), "image/jpeg").await {
            tracing::warn!(session = %session.id, %error, "a thumbnail cannot be uploaded");
        }
    }
    let is_set = store::set_thumbnail(&app.db, session.id, kind, now).await?;
    let old = match is_set {
        true => session.clone(),
        false => Session {
            thumbnail_at: Some(now), // something better came first
            ..session.clone()
        },
    };
    forget(app, &old).await;
    Ok(())
}

const NONE: Error = Error::NotFound("thumbnail");

fn name_of(session: &Session) -> Option<String> {
    Some(file_name(session.id, session.thumbnail_at?))
}

fn file_name(session: Uuid, at: Ts) -> String {
    format!("{session}-{}.jpg", at.0)
}

fn path(app: &App, name: &str) -> PathBuf {
    app.config.data.dir.join("thumbnails").join(name)
}

fn object(name: &str) -> String {
    format!("thumbnails/{name}")
}
