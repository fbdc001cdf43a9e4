//! Apple's client secrets: there is no fixed one; each is a short-lived token signed with the developer's key.

use anyhow::Context;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use openidconnect::ClientSecret;
use serde::Serialize;

use crate::config::AppleKey;
use crate::db::Ts;

/// Who the tokens are for, whatever the issuer in the settings.
const AUDIENCE: &str = "https://appleid.apple.com";
/// Apple takes up to six months; one is made for each login.
const LIFETIME_S: i64 = 300;

/// Makes client secrets.
#[derive(Clone)]
pub struct SecretMaker {
    team_id: String,
    key_id: String,
    client_id: String,
    key: EncodingKey,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    sub: &'a str,
    aud: &'static str,
    iat: i64,
    exp: i64,
}

impl SecretMaker {
    /// Reads the key.
    ///
    /// # Errors
    /// The file cannot be read, or holds no such key.
    pub fn load(apple: &AppleKey, client_id: &str) -> anyhow::Result<SecretMaker> {
        let file = apple.key_file.display();
        let pem = std::fs::read(&apple.key_file).with_context(|| format!("cannot read {file}"))?;
        let key = EncodingKey::from_ec_pem(&pem).with_context(|| format!("{file} holds no key of Apple's kind"))?;
        Ok(SecretMaker {
            team_id: apple.team_id.clone(),
            key_id: apple.key_id.clone(),
            client_id: client_id.to_owned(),
            key,
        })
    }

    /// A client secret for the next minutes.
    ///
    /// # Errors
    /// The key cannot sign.
    pub fn make(&self, now: Ts) -> anyhow::Result<ClientSecret> {
        let mut header = Header::new(Algorithm::ES256);
        header.kid = Some(self.key_id.clone());
        let iat = now.0.div_euclid(1_000_000);
        let claims = Claims {
            iss: &self.team_id,
            sub: &self.client_id,
            aud: AUDIENCE,
            iat,
            exp: iat + LIFETIME_S,
        };
        Ok(ClientSecret::new(jsonwebtoken::encode(&header, &claims, &self.key)?))
    }
}
