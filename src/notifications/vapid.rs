//! Who we are to push services (RFC 8292): a key pair of the server. It comes from the server's secret, so that it is there
//! from the first start on and the same on all servers that share the secret; browsers that subscribed keep working.

use anyhow::Context;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde::Serialize;
use url::Url;
use web_push_native::p256::SecretKey;
use web_push_native::p256::elliptic_curve::sec1::ToEncodedPoint;
use web_push_native::p256::pkcs8::EncodePrivateKey;

use crate::accounts::secret::SigningKey;
use crate::db::Ts;

/// Tokens are good for half of what RFC 8292 section 2 allows.
const LIFETIME_S: i64 = 12 * 3600;

/// The server's key pair on P-256.
#[derive(Clone)]
pub struct Vapid {
    key: EncodingKey,
    public: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    aud: String,
    exp: i64,
    sub: &'a str,
}

impl Vapid {
    /// The pair that comes from `secret`.
    ///
    /// # Panics
    /// When no key can be made, which cannot be: nearly every number is one, and the next one is tried.
    #[must_use]
    pub fn new(secret: &SigningKey) -> Vapid {
        let key = (0..=u8::MAX)
            .find_map(|round| SecretKey::from_slice(&secret.sign(&[round])).ok())
            .expect("one of 256 numbers is a key");
        let document = key.to_pkcs8_der().expect("a key has a document");
        Vapid {
            public: BASE64_URL_SAFE_NO_PAD.encode(key.public_key().to_encoded_point(false).as_bytes()),
            key: EncodingKey::from_ec_der(document.as_bytes()),
        }
    }

    /// The public key as browsers want it: an uncompressed point, base64url.
    #[must_use]
    pub fn public_key(&self) -> &str {
        &self.public
    }

    /// The `Authorization` header for a message to `endpoint`. `contact`: where the push service finds the operator.
    ///
    /// # Errors
    /// A key that does not sign.
    pub fn authorization(&self, endpoint: &Url, contact: &str, now: Ts) -> anyhow::Result<String> {
        let claims = Claims {
            aud: endpoint.origin().ascii_serialization(),
            exp: now.unix_s() + LIFETIME_S,
            sub: contact,
        };
        let token = jsonwebtoken::encode(&Header::new(Algorithm::ES256), &claims, &self.key);
        let token = token.context("the token for the push service cannot be signed")?;
        Ok(format!("vapid t={token}, k={}", self.public))
    }
}

impl std::fmt::Debug for Vapid {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vapid({})", self.public)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_stays_the_same_and_belongs_to_the_secret() {
        let key = |byte| Vapid::new(&SigningKey::from_bytes([byte; 32])).public_key().to_owned();
        assert_eq!(key(1), key(1));
        assert_ne!(key(1), key(2));
        assert_eq!(BASE64_URL_SAFE_NO_PAD.decode(key(1)).unwrap().len(), 65);
    }
}
