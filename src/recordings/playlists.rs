//! Playlists of a recording. They are never stored: each is written from the recording's journal when it is asked for,
//! so that it lists just what is on the disk.

use bytes::Bytes;
use lectern_media::record::{Catalogue, playlist};

use crate::error::{Error, Result};

/// The file that lists what is whole, in each recording's folder.
pub const JOURNAL: &str = "journal.jsonl";

/// Media playlists are called by what they are, so that one that is over stays so for caches and players.
const EVENT: &str = "event-";
const VOD: &str = "vod-";

/// The master playlist of the recording with this journal; addresses begin with `prefix` and end with `query`. `is_over`:
/// the session has ended, so nothing will be added even if the recorder could not say so any more.
///
/// # Errors
/// 404 while there is nothing to play.
pub async fn master(journal: Bytes, prefix: String, query: String, is_over: bool) -> Result<String> {
    blocking(move || {
        let (catalogue, _) = Catalogue::read(&journal);
        let state = if is_over || catalogue.ended() { VOD } else { EVENT };
        playlist::master(&catalogue, |rendition| {
            format!("{prefix}{state}{rendition}.m3u8{query}")
        })
        .ok_or(NOTHING)
    })
    .await
}

/// The media playlist `name` of the recording with this journal; its addresses are beside its own, with `query` behind
/// them. Also whether it is over.
///
/// # Errors
/// 404 for a name that [`master`] does not give.
pub async fn media(journal: Bytes, name: String, query: String) -> Result<(String, bool)> {
    blocking(move || {
        let stem = name.strip_suffix(".m3u8").ok_or(NOTHING)?;
        let (is_vod, rendition) = match (stem.strip_prefix(VOD), stem.strip_prefix(EVENT)) {
            (Some(rendition), _) => (true, rendition),
            (None, Some(rendition)) => (false, rendition),
            (None, None) => return Err(NOTHING),
        };
        let (catalogue, _) = Catalogue::read(&journal);
        let is_over = is_vod || catalogue.ended();
        let text = playlist::media(&catalogue, rendition, |file| format!("{file}{query}"), is_over).ok_or(NOTHING)?;
        Ok((text, is_over))
    })
    .await
}

const NOTHING: Error = Error::NotFound("recording");

/// A class of three hours has a journal of two megabytes: some milliseconds of a core.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Internal(error.into()))?
}
