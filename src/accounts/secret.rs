//! The server's own secret: 32 random bytes in the data folder, from which the keys of all signatures come.

use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use anyhow::{Context, bail};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;

const FILE: &str = "secret.key";
const BYTES: usize = 32;

/// The longest text that is opened, in bytes: more than any that is sealed.
const MAX_SEALED_BYTES: usize = 128;

/// Signs and checks for one purpose (HMAC-SHA-256, RFC 2104). Keys of different purposes have nothing in common.
#[derive(Clone)]
pub struct SigningKey([u8; BYTES]);

/// The server's secret.
#[derive(Clone)]
pub struct ServerSecret([u8; BYTES]);

impl ServerSecret {
    /// Reads the secret of the data folder `dir`, or makes it, readable by the owner only.
    ///
    /// # Errors
    /// The file cannot be read or written, or is not 32 bytes long.
    pub fn load(dir: &Path) -> anyhow::Result<ServerSecret> {
        let path = dir.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == ErrorKind::NotFound => create(&path)?,
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        match bytes.try_into() {
            Ok(bytes) => Ok(ServerSecret(bytes)),
            Err(_) => bail!(
                "{} is damaged: it should be {BYTES} bytes. Restore it, or delete it: links and tokens given out \
                 before are then void",
                path.display()
            ),
        }
    }

    /// The key for one purpose.
    #[must_use]
    pub fn key(&self, purpose: &str) -> SigningKey {
        SigningKey(SigningKey(self.0).sign(purpose.as_bytes()))
    }
}

impl SigningKey {
    /// `claims` and their signature as text for addresses and headers: base64url of `claims | HMAC-SHA-256 (32 bytes)`.
    #[must_use]
    pub fn seal(&self, claims: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([claims, &self.sign(claims)].concat())
    }

    /// The claims of a text that this key has sealed; `None` for anything else.
    #[must_use]
    pub fn unseal<const N: usize>(&self, text: &str) -> Option<[u8; N]> {
        let mut bytes = [0; MAX_SEALED_BYTES];
        let length = BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let (claims, signature) = bytes.get(..length)?.split_first_chunk()?;
        self.is_signed(claims, signature).then_some(*claims)
    }

    /// A key that is not of this server; for tests.
    #[must_use]
    pub fn from_bytes(bytes: [u8; BYTES]) -> SigningKey {
        SigningKey(bytes)
    }

    /// The signature of `message`.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(message);
        mac.finalize().into_bytes().into()
    }

    /// Whether `signature` is the one of `message`, in constant time.
    #[must_use]
    pub fn is_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        self.sign(message).ct_eq(signature).into()
    }
}

/// Written whole under another name first: a crash never leaves half a secret.
fn create(path: &Path) -> anyhow::Result<Vec<u8>> {
    let mut bytes = vec![0; BYTES];
    getrandom::fill(&mut bytes).context("no randomness from the system")?;
    let new = path.with_extension("new");
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    let write = || {
        let mut file = options.open(&new)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        std::fs::rename(&new, path)
    };
    write().with_context(|| format!("cannot write {}: check that `data.dir` is writable", path.display()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_secret_survives_a_restart_and_is_private() {
        let dir = tempfile::tempdir().unwrap();
        let first = ServerSecret::load(dir.path()).unwrap().key("x").sign(b"m");
        assert_eq!(ServerSecret::load(dir.path()).unwrap().key("x").sign(b"m"), first);
        assert_eq!(
            std::fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }

    #[test]
    fn a_damaged_secret_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(FILE), b"short").unwrap();
        let error = ServerSecret::load(dir.path()).err().unwrap().to_string();
        assert!(error.contains("secret.key is damaged"), "{error}");
    }

    #[test]
    fn a_signature_is_good_for_its_message_key_and_purpose_only() {
        let secret = ServerSecret([7; BYTES]);
        let signature = secret.key("tokens").sign(b"message");
        assert!(secret.key("tokens").is_signed(b"message", &signature));
        assert!(!secret.key("tokens").is_signed(b"massage", &signature));
        assert!(!secret.key("segments").is_signed(b"message", &signature));
        assert!(!secret.key("tokens").is_signed(b"message", &signature[..31]));
    }
}
