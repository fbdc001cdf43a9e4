//! Key pairs (ECDSA, P-256) that sign tokens in tests; made for them, and used nowhere else.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header};
use serde_json::{Value, json};

/// One of them.
pub(crate) struct KeyPair {
    pub(crate) id: &'static str,
    /// PKCS#8, as in Apple's `.p8` files.
    pub(crate) pem: &'static str,
    x: &'static str,
    y: &'static str,
}

pub(crate) const FIRST: KeyPair = KeyPair {
    id: "first",
    pem: "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgyqSfc0DUyQ7cw+vg
2MdQ/9hBZ/0OR6KB/oEY4pP7H0uhRANCAATJFRl9aZOnWEQygdg1E8FhmyG7wSUR
Ld77170AZaBw00ofHjUweHZItVLGlk3M/M6Ji7GMN8dvgD5SWVpUtzIf
-----END PRIVATE KEY-----",
    x: "yRUZfWmTp1hEMoHYNRPBYZshu8ElES3e-9e9AGWgcNM",
    y: "Sh8eNTB4dki1UsaWTcz8zomLsYw3x2-APlJZWlS3Mh8",
};

pub(crate) const SECOND: KeyPair = KeyPair {
    id: "second",
    pem: "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgjIkGh8btqNfgLj3S
HHRy6LDi9u7lysOIFucEeCkJzcOhRANCAASxxm8NSZEP6bpbQQ9Kb39olSAOK2BI
S2IWUgxtf0/oFCBDBCqgP9QjZ/yhW94k70ti0vYG/IQEhVzc7T6rZsiU
-----END PRIVATE KEY-----",
    x: "scZvDUmRD-m6W0EPSm9_aJUgDitgSEtiFlIMbX9P6BQ",
    y: "IEMEKqA_1CNn_KFb3iTvS2LS9gb8hASFXNztPqtmyJQ",
};

impl KeyPair {
    /// A token with these claims.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.id.into());
        let key = EncodingKey::from_ec_pem(self.pem.as_bytes()).unwrap();
        jsonwebtoken::encode(&header, claims, &key).unwrap()
    }

    /// The public half, as issuers publish it.
    pub(crate) fn jwk(&self) -> Value {
        json!({"kty": "EC", "crv": "P-256", "use": "sig", "alg": "ES256", "kid": self.id, "x": self.x, "y": self.y})
    }

    /// The public half, to check with.
    pub(crate) fn public(&self) -> DecodingKey {
        DecodingKey::from_ec_components(self.x, self.y).unwrap()
    }
}

/// Seconds since 1970.
pub(crate) fn now_s() -> i64 {
    lectern::db::Ts::now().0 / 1_000_000
}
