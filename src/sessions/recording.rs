//! What a session's row knows of its recording and of the picture that stands for it.

use serde::Serialize;
use utoipa::ToSchema;

use super::Session;
use crate::config::Config;
use crate::db::Ts;
use crate::live::RecordingStatus;

/// Where a recording is in its life, as in the database.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordingState {
    /// There is none.
    None,
    /// It is being written.
    Live,
    /// It is whole, for its viewers.
    Kept,
    /// Its media is being deleted.
    Deleting,
    /// Its media is gone.
    Deleted,
}

impl RecordingState {
    const ALL: [RecordingState; 5] = [
        RecordingState::None,
        RecordingState::Live,
        RecordingState::Kept,
        RecordingState::Deleting,
        RecordingState::Deleted,
    ];

    /// As in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            RecordingState::None => "none",
            RecordingState::Live => "live",
            RecordingState::Kept => "kept",
            RecordingState::Deleting => "deleting",
            RecordingState::Deleted => "deleted",
        }
    }
}

impl TryFrom<String> for RecordingState {
    type Error = String;

    fn try_from(text: String) -> Result<RecordingState, String> {
        let mut all = RecordingState::ALL.into_iter();
        all.find(|state| state.as_str() == text)
            .ok_or_else(|| format!("unknown recording state {text}"))
    }
}

/// Where the picture that stands for a session comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThumbnailKind {
    /// There is none.
    None,
    /// Taken from the class itself.
    Frame,
    /// Given by the instructor.
    Custom,
}

impl ThumbnailKind {
    /// As in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ThumbnailKind::None => "none",
            ThumbnailKind::Frame => "frame",
            ThumbnailKind::Custom => "custom",
        }
    }
}

impl TryFrom<String> for ThumbnailKind {
    type Error = String;

    fn try_from(text: String) -> Result<ThumbnailKind, String> {
        [ThumbnailKind::None, ThumbnailKind::Frame, ThumbnailKind::Custom]
            .into_iter()
            .find(|kind| kind.as_str() == text)
            .ok_or_else(|| format!("unknown kind of thumbnail {text}"))
    }
}

/// Where a recording's media is, for people.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum RecordingPlace {
    /// It is being written.
    Live,
    /// On the server's disk.
    Local,
    /// On the server's disk, on its way into the store.
    Uploading,
    /// In the store.
    Stored,
    /// Closed to viewers, kept for the catalogue.
    Archived,
    /// Gone.
    Deleted,
}

impl RecordingPlace {
    /// Of `session` at `now`; `None`: nothing was recorded.
    #[must_use]
    pub fn of(session: &Session, config: &Config, now: Ts) -> Option<RecordingPlace> {
        Some(match session.recording_state {
            RecordingState::None => return None,
            RecordingState::Live => RecordingPlace::Live,
            RecordingState::Kept if session.recording_expires_at.is_some_and(|end| end <= now) => {
                RecordingPlace::Archived
            }
            RecordingState::Kept if session.recording_stored_at.is_some() => RecordingPlace::Stored,
            RecordingState::Kept if config.storage.is_on() => RecordingPlace::Uploading,
            RecordingState::Kept => RecordingPlace::Local,
            RecordingState::Deleting | RecordingState::Deleted => RecordingPlace::Deleted,
        })
    }
}

/// A recording, for those who look at its session.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct RecordingView {
    /// Where it is.
    state: RecordingPlace,
    /// Of its pictures (RFC 6381), for a player that asks whether it can decode them.
    codecs: Vec<String>,
    /// Of its sound.
    audio_codecs: Vec<String>,
    /// Whether there is sound for players without Opus.
    has_aac: bool,
    /// Whether there are pictures for its time line.
    has_storyboard: bool,
    /// What is wrong with it, for those who run the session: `disk-failing`, `upload-failing` or `processing-failed`.
    alert: Option<String>,
}

impl RecordingView {
    /// Of `session` at this moment; `status` is how its recorder does, `is_host` whether it is for somebody who runs the
    /// session.
    #[must_use]
    pub fn of(session: &Session, config: &Config, status: RecordingStatus, is_host: bool) -> Option<RecordingView> {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        let is_failing = status == RecordingStatus::DiskFailing;
        let alert = match is_failing {
            true => Some("disk-failing".to_owned()),
            false => session.recording_error.clone(),
        };
        let audio_codecs = words(&session.recording_audio_codecs);
        Some(RecordingView {
            state: match RecordingPlace::of(session, config, Ts::now()) {
                None if is_failing => RecordingPlace::Live,
                place => place?,
            },
            codecs: words(&session.recording_codecs),
            has_aac: audio_codecs.iter().any(|codec| codec.starts_with("mp4a")),
            audio_codecs,
            has_storyboard: session.recording_has_storyboard,
            alert: alert.filter(|_| is_host),
        })
    }
}
