//! Who may have a piece of media: the rule of replays, asked for every request and every second, with what the database
//! said some moments ago.

use std::sync::Arc;
use std::time::{Duration, Instant};

use uuid::Uuid;

use super::remembered::Remembered;
use super::signature::{MediaGrant, Scope};
use super::store;
use crate::App;
use crate::db::Ts;
use crate::error::{Error, Result};
use crate::sessions::RecordingState;
use crate::sessions::access::{Denied, ReplayRight};

/// What the database said is believed for this long: a right that is taken away ends replays that soon. Moments that were
/// known before (the end of a replay) are kept to the second.
const BELIEVED: Duration = Duration::from_secs(10);

/// So many viewers' rights are remembered.
const MOST: usize = 20_000;

/// Whose right to which session; nobody's, where anybody may.
type Holder = (Uuid, Option<Uuid>);

/// Rights that were read; cheap to clone.
#[derive(Clone, Debug)]
pub struct Admissions(Remembered<Holder, Arc<ReplayRight>>);

impl Admissions {
    /// Checks that the holder of an address made for `viewer` may have a file of the recording at this moment.
    ///
    /// # Errors
    /// 403 with the reason; 404 when there is nothing (any more).
    pub async fn check(&self, app: &App, grant: &MediaGrant, viewer: Option<Uuid>) -> Result<()> {
        match grant.scope {
            Scope::Replay => {
                let right = self.right(app, grant.session, viewer).await?;
                right.check(app, Ts::now()).map_err(|denied| match denied {
                    Denied::Unknown => {
                        Error::Forbidden("this address was made for somebody who may not see it any more")
                    }
                    denied => denied.into(),
                })
            }
            // Who made this address has asked who may; here it is asked whether there is something. The session itself
            // may be gone from the schedule.
            Scope::Library => match store::find(&app.db, grant.session)
                .await?
                .map(|row| row.recording_state)
            {
                None | Some(RecordingState::Deleting | RecordingState::Deleted) => Err(Error::NotFound("recording")),
                Some(_) => Ok(()),
            },
        }
    }

    /// Forgets what is known of a session, because it has changed.
    pub fn forget(&self, session: Uuid) {
        self.0.forget(|(of, _)| *of == session);
    }

    async fn right(&self, app: &App, session: Uuid, viewer: Option<Uuid>) -> Result<Arc<ReplayRight>> {
        let read = async || Ok(Arc::new(ReplayRight::read(app, session, viewer).await?));
        self.0.ask(Instant::now(), (session, viewer), read).await
    }
}

impl Default for Admissions {
    fn default() -> Admissions {
        Admissions(Remembered::new(BELIEVED, MOST))
    }
}
