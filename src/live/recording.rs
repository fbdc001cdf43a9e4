//! From a stream to files.

use super::hub::Hub;
use super::types::RecordingStatus;
use lectern_media::forward::feed::Feed;
use lectern_media::id::StreamId;
use std::path::PathBuf;
use std::sync::Arc;

pub(super) struct Recorders;
pub(super) struct RecorderInput;

impl RecorderInput {
    pub(super) fn send(&mut self, _feed: Feed) -> bool {
        true
    }
}

impl Recorders {
    pub(super) fn new(_folder: Option<PathBuf>) -> Recorders {
        Recorders
    }
    pub(super) fn are_on(&self) -> bool {
        false
    }
    pub(super) fn status(&self, _stream: StreamId) -> Option<RecordingStatus> {
        None
    }
    pub(super) fn start(&self, _stream: StreamId, _hub: &Arc<Hub>) -> Option<RecorderInput> {
        None
    }
    pub(super) async fn finish(&self, _stream: StreamId, _hub: &Arc<Hub>) {}
    pub(super) fn wait(&self) {}
}
