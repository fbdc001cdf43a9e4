//! Passwords: argon2id, off the async threads and few at a time, because each one costs 19 MiB and tens of
//! milliseconds of a core.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use anyhow::anyhow;
use argon2::Argon2;
use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, Result};

/// Hashes at the same time: leaves cores for the media beside a storm of logins.
const AT_ONCE: usize = 2;
/// A login that waits longer than this is told to come back.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// Verified when there is no such account, so that this takes as long as a wrong password.
static NOBODY: LazyLock<String> = LazyLock::new(|| hash("nobody").expect("the default parameters are valid"));

/// Makes and checks password hashes; cheap to clone.
#[derive(Clone, Debug)]
pub struct Hasher {
    slots: Arc<Semaphore>,
}

impl Default for Hasher {
    fn default() -> Hasher {
        Hasher {
            slots: Arc::new(Semaphore::new(AT_ONCE)),
        }
    }
}

impl Hasher {
    /// The hash to store, in PHC format with a salt of its own (argon2id, 19 MiB, 2 passes: OWASP's first choice).
    ///
    /// # Errors
    /// 503 under a storm of logins.
    pub async fn hash(&self, password: SecretString) -> Result<String> {
        let _slot = self.slot().await?;
        blocking(move || hash(password.expose_secret())).await?
    }

    /// Whether `stored` is a hash of `password`; false after the usual time when nothing is stored.
    ///
    /// # Errors
    /// 503 under a storm of logins; a stored hash that cannot be read.
    pub async fn verify(&self, password: SecretString, stored: Option<String>) -> Result<bool> {
        let _slot = self.slot().await?;
        blocking(move || {
            let text = stored.as_ref().unwrap_or(&NOBODY);
            let parsed =
                PasswordHash::new(text).map_err(|error| Error::Internal(anyhow!("stored password: {error}")))?;
            let right = Argon2::default()
                .verify_password(password.expose_secret().as_bytes(), &parsed)
                .is_ok();
            Ok(right && stored.is_some())
        })
        .await?
    }

    async fn slot(&self) -> Result<SemaphorePermit<'_>> {
        let busy = Error::Unavailable {
            detail: "too many people are signing in",
            retry_after: LONGEST_WAIT,
        };
        let slot = tokio::time::timeout(LONGEST_WAIT, self.slots.acquire())
            .await
            .map_err(|_| busy)?;
        Ok(slot.expect("this semaphore is never closed"))
    }
}

fn hash(password: &str) -> Result<String> {
    let hash = Argon2::default().hash_password(password.as_bytes());
    Ok(hash
        .map_err(|error| Error::Internal(anyhow!("password hash: {error}")))?
        .to_string())
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Internal(error.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_is_right() {
        let hasher = Hasher::default();
        let stored = hasher.hash("correct horse".into()).await.unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert!(
            hasher
                .verify("correct horse".into(), Some(stored.clone()))
                .await
                .unwrap()
        );
        assert!(!hasher.verify("Correct horse".into(), Some(stored)).await.unwrap());
        assert!(!hasher.verify("nobody".into(), None).await.unwrap());
    }
}
