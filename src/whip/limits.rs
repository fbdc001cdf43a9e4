//! How often clients may ask. `media.open_burst` and `media.open_per_s` in `config.toml` say why the numbers are large.
//!
//! Not here: what bounds memory. That is the engine's, which drops the oldest of too many offers that never connected.

use crate::App;
use crate::accounts::limits::{Keyed, address_key};
use crate::config::Media;
use crate::error::{Error, Result};
use crate::http::extract::ClientAddress;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use lectern_media::id::PeerId;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::time::Duration;

/// Requests that were refused, from one address: somebody guesses addresses or tokens, or a client is broken.
const FAILURES: (u32, Duration) = (600, Duration::from_millis(50));

/// Fragments for one connection: a client has a few dozen candidates, and restarts ICE when its network changes.
const PATCHES: (u32, Duration) = (100, Duration::from_millis(200));

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Limits {
    /// `None`: no limit is set.
    opened: Option<Opened>,
    failed_from: Keyed<IpAddr>,
    patched: Keyed<PeerId>,
}

#[derive(Clone)]
struct Opened {
    from: Keyed<IpAddr>,
    /// By hash, so that no token is kept.
    with: Keyed<u64>,
    hasher: RandomState,
}

impl Limits {
    /// As the settings say.
    #[must_use]
    pub fn new(config: &Media) -> Limits {
        let period = Duration::from_secs(1).checked_div(config.open_per_s);
        let opened = period.filter(|_| config.open_burst > 0).map(|period| Opened {
            from: Keyed::new(config.open_burst, period),
            with: Keyed::new(config.open_burst, period),
            hasher: RandomState::new(),
        });
        Limits {
            opened,
            failed_from: Keyed::new(FAILURES.0, FAILURES.1),
            patched: Keyed::new(PATCHES.0, PATCHES.1),
        }
    }

    /// Counts a connection that somebody wants to open.
    ///
    /// # Errors
    /// 429.
    pub fn open(&self, from: IpAddr, bearer: Option<&str>) -> Result<()> {
        let Some(opened) = &self.opened else { return Ok(()) };
        opened.from.check(&address_key(from))?;
        match bearer {
            Some(token) => opened.with.check(&opened.hasher.hash_one(token)),
            None => Ok(()),
        }
    }

    /// Counts a change that a client wants to make to its connection.
    ///
    /// # Errors
    /// 429.
    pub fn patch(&self, peer: PeerId) -> Result<()> {
        self.patched.check(&peer)
    }
}

/// Counts refused requests by address, and says 429 instead of the reason when there are too many.
pub async fn count_failures(
    State(app): State<App>,
    ClientAddress(from): ClientAddress,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    if !is_failure(response.status()) {
        return response;
    }
    match app.whip.limits.failed_from.check(&address_key(from)) {
        Ok(()) => response,
        Err(error) => Error::into_response(error),
    }
}

/// Refusals that no good client meets in numbers.
fn is_failure(status: StatusCode) -> bool {
    matches!(status.as_u16(), 400 | 401 | 403 | 404 | 405 | 413 | 415 | 422)
}
