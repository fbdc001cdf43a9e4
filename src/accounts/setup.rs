//! The first admin: a one-time link, printed at each start while there is no admin. No default password exists.

use std::sync::Arc;

use parking_lot::Mutex;
use subtle::ConstantTimeEq;

use super::login::{digest, random_text};

/// The set-up link of this start; only a digest of its token is kept.
#[derive(Clone, Default)]
pub struct Setup {
    digest: Arc<Mutex<Option<[u8; 32]>>>,
}

impl Setup {
    /// A new token for the link; the one before it is void.
    #[must_use]
    pub fn renew(&self) -> String {
        let token = random_text::<32>();
        *self.digest.lock() = Some(digest(&token));
        token
    }

    /// Whether `token` is the one that was printed, and was not used.
    #[must_use]
    pub fn is_right(&self, token: &str) -> bool {
        let given = digest(token);
        self.digest.lock().is_some_and(|right| right.ct_eq(&given).into())
    }

    /// Voids the link.
    pub fn used(&self) {
        *self.digest.lock() = None;
    }
}
