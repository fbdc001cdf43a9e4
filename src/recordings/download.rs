//! The whole replay as one MP4, for its instructor. Nothing is coded anew and nothing is stored twice: what is kept is the
//! file's beginning and a list of where the rest is in the recording's segments; it is put together while it is sent, from
//! any byte on.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use futures_util::stream::{BoxStream, StreamExt, try_unfold};
use lectern_media::record::Catalogue;
use lectern_media::record::movie::{Movie, Piece, movie, reels};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::object_name;
use crate::App;
use crate::error::{Error, Result};
use crate::storage::StoreError;

/// Segments that are in memory for one download: pictures and sound, and one more of each where they overlap.
const SEGMENTS_HELD: usize = 4;

/// Where the bytes of the file are.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Index {
    /// How many files the recording makes.
    files: usize,
    /// Names of segments.
    segments: Vec<String>,
    /// What is in none of them; counted behind them.
    added: Vec<Vec<u8>>,
    /// Which segment, where in it, how many bytes.
    pieces: Vec<(usize, u64, u64)>,
}

/// A file that can be sent.
#[derive(Clone)]
pub struct Download {
    app: App,
    session: Uuid,
    header: Bytes,
    index: Arc<Index>,
    /// Where each piece begins in the file.
    starts: Arc<Vec<u64>>,
    /// Size of the file.
    pub bytes: u64,
}

/// Writes what downloads of the recording in `folder` need beside it.
///
/// # Errors
/// The disk's.
pub async fn prepare(folder: &Path, catalogue: &Catalogue) -> anyhow::Result<()> {
    let (folder, catalogue) = (folder.to_owned(), catalogue.clone());
    let work = move || -> anyhow::Result<()> {
        let reels = reels(&catalogue);
        for (number, reel) in reels.iter().enumerate() {
            let read = |file: &lectern_media::record::FileName| std::fs::read(folder.join(file.as_str()));
            let movie = movie(&catalogue, reel, read).context("a segment cannot be read")?;
            std::fs::write(folder.join(header_name(number)), &movie.header)?;
            let index = Index::of(&movie, reels.len());
            // whole under another name first: that it is there says that both are
            let new = folder.join(format!("{}.new", index_name(number)));
            std::fs::write(&new, serde_json::to_vec(&index)?)?;
            std::fs::rename(new, folder.join(index_name(number)))?;
        }
        Ok(())
    };
    tokio::task::spawn_blocking(work).await?
}

/// The file number `number` of a session's recording, counted from 0.
///
/// # Errors
/// 404 when there is none; 409 while the recording is not finished.
pub async fn open(app: &App, session: Uuid, number: usize) -> Result<Download> {
    let folder = super::folder(app, session);
    let read = async |name: String| -> Result<Option<Bytes>> {
        match (tokio::fs::read(folder.join(&name)).await, &app.recordings.store) {
            (Ok(bytes), _) => Ok(Some(bytes.into())),
            (Err(_), None) => Ok(None),
            (Err(_), Some(store)) => match store.get_all(&object_name(session, &name)).await {
                Ok(bytes) => Ok(Some(bytes)),
                Err(StoreError::NotFound) => Ok(None),
                Err(error) => Err(error.into()),
            },
        }
    };
    if read(index_name(0)).await?.is_none() {
        let (catalogue, _) = Catalogue::read(&super::journal(app, session).await?);
        if !catalogue.ended() {
            return Err(Error::Conflict {
                code: "recording-not-finished",
                detail: "the recording can be downloaded when the class has ended",
            });
        }
        prepare(&folder, &catalogue).await?; // of a recording that is older than this
    }
    let none = || Error::NotFound("part of the recording");
    let index = read(index_name(number)).await?.ok_or_else(none)?;
    let header = read(header_name(number)).await?.ok_or_else(none)?;
    let index: Index = serde_json::from_slice(&index).map_err(anyhow::Error::from)?;
    Ok(Download::new(app, session, header, index))
}

impl Index {
    fn of(movie: &Movie, files: usize) -> Index {
        let mut index = Index {
            files,
            segments: Vec::new(),
            added: Vec::new(),
            pieces: Vec::new(),
        };
        let mut places = HashMap::new();
        for piece in &movie.pieces {
            if let Piece::Stored { file, .. } = piece {
                places.entry(file).or_insert_with(|| {
                    index.segments.push(file.to_string());
                    index.segments.len() - 1
                });
            }
        }
        for piece in &movie.pieces {
            match piece {
                Piece::Stored { file, offset, bytes } => {
                    let place = places.get(file).copied().unwrap_or_default();
                    index.pieces.push((place, *offset, *bytes));
                }
                Piece::Added(bytes) => {
                    let known = index.added.iter().position(|known| known == bytes);
                    let place = known.unwrap_or_else(|| {
                        index.added.push(bytes.clone());
                        index.added.len() - 1
                    });
                    let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                    index.pieces.push((index.segments.len() + place, 0, length));
                }
            }
        }
        index
    }
}

impl Download {
    fn new(app: &App, session: Uuid, header: Bytes, index: Index) -> Download {
        let mut at = u64::try_from(header.len()).unwrap_or(u64::MAX);
        let starts = index.pieces.iter().map(|(_, _, bytes)| {
            let start = at;
            at += bytes;
            start
        });
        Download {
            app: app.clone(),
            session,
            starts: Arc::new(starts.collect()),
            index: Arc::new(index),
            header,
            bytes: at,
        }
    }

    /// How many files the recording makes: more than one where its pictures change their codec.
    #[must_use]
    pub fn files(&self) -> usize {
        self.index.files
    }

    /// These bytes of the file, as they are read.
    #[must_use]
    pub fn read(self, range: Range<u64>) -> BoxStream<'static, std::io::Result<Bytes>> {
        let reading = Reading {
            piece: self
                .starts
                .partition_point(|start| *start <= range.start)
                .saturating_sub(1),
            at: range.start,
            end: range.end,
            held: VecDeque::new(),
            file: self,
        };
        try_unfold(reading, async |mut reading: Reading| {
            Ok(reading.next().await?.map(|bytes| (bytes, reading)))
        })
        .boxed()
    }
}

struct Reading {
    file: Download,
    at: u64,
    end: u64,
    piece: usize,
    /// Segments that were read last.
    held: VecDeque<(usize, Bytes)>,
}

impl Reading {
    async fn next(&mut self) -> std::io::Result<Option<Bytes>> {
        if self.at >= self.end {
            return Ok(None);
        }
        let header_bytes = u64::try_from(self.file.header.len()).unwrap_or(u64::MAX);
        if self.at < header_bytes {
            let bytes = cut(&self.file.header, self.at, self.end.min(header_bytes))?;
            self.at += u64::try_from(bytes.len()).unwrap_or(0);
            return Ok(Some(bytes));
        }
        let torn = || std::io::Error::other("the file is not as long as it should be");
        let (segment, offset, length) = *self.file.index.pieces.get(self.piece).ok_or_else(torn)?;
        let start = *self.file.starts.get(self.piece).ok_or_else(torn)?;
        let (from, to) = (self.at - start, length.min(self.end - start));
        let whole = self.segment(segment).await?;
        let bytes = cut(&whole, offset + from, offset + to)?;
        self.at += to - from;
        self.piece += 1;
        Ok(Some(bytes))
    }

    async fn segment(&mut self, index: usize) -> std::io::Result<Bytes> {
        if let Some((_, bytes)) = self.held.iter().find(|(held, _)| *held == index) {
            return Ok(bytes.clone());
        }
        let Download {
            app,
            session,
            index: list,
            ..
        } = &self.file;
        if let Some(added) = index.checked_sub(list.segments.len()).and_then(|at| list.added.get(at)) {
            return Ok(Bytes::copy_from_slice(added));
        }
        let name = list
            .segments
            .get(index)
            .ok_or_else(|| std::io::Error::other("no such segment"))?;
        let local = tokio::fs::read(super::folder(app, *session).join(name)).await;
        let bytes = match (local, &app.recordings.store) {
            (Ok(bytes), _) => Bytes::from(bytes),
            (Err(error), None) => return Err(error),
            (Err(_), Some(store)) => {
                let got = store.get_all(&object_name(*session, name)).await;
                got.map_err(std::io::Error::other)?
            }
        };
        if self.held.len() >= SEGMENTS_HELD {
            self.held.pop_front();
        }
        self.held.push_back((index, bytes.clone()));
        Ok(bytes)
    }
}

fn cut(bytes: &Bytes, from: u64, to: u64) -> std::io::Result<Bytes> {
    let [from, to] = [from, to].map(|at| usize::try_from(at).unwrap_or(usize::MAX));
    if from > to || to > bytes.len() {
        return Err(std::io::Error::other("a segment is shorter than it was"));
    }
    Ok(bytes.slice(from..to))
}

fn header_name(number: usize) -> String {
    format!("download-{number}.head")
}

fn index_name(number: usize) -> String {
    format!("download-{number}.index")
}
