//! The section of the settings about sites that embed this one.

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::accounts::{Role, Tier};

/// `[embedding]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Embedding {
    /// Sites that show our pages in frames of theirs and call the API from their scripts.
    pub origins: Vec<Url>,
    /// Who signs the tokens of their users; empty: nobody.
    pub issuer: String,
    /// Whom the tokens are for.
    pub audience: String,
    /// What they are signed with, or…
    pub hs256_secret: SecretString,
    /// …where the keys are that they are checked with.
    #[serde(deserialize_with = "super::read::empty_is_none")]
    pub jwks_url: Option<Url>,
    /// Whether addresses are believed without `email_verified`.
    pub trust_email: bool,
    /// The claim with the role.
    pub role_claim: String,
    /// What its values mean; empty: roles are given here only.
    pub roles: Vec<RoleValue>,
    /// The claim with the tier.
    pub tier_claim: String,
    /// What its values mean; empty: tiers are given here only.
    pub tiers: Vec<TierValue>,
}

/// An entry of `embedding.roles`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoleValue {
    /// In the token.
    pub value: String,
    /// Here.
    pub role: Role,
}

/// An entry of `embedding.tiers`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TierValue {
    /// In the token.
    pub value: String,
    /// Here.
    pub tier: Tier,
}

/// Shorter secrets can be guessed (RFC 7518 section 3.2).
const SECRET_BYTES: usize = 32;

impl Embedding {
    /// The origins as browsers write them.
    pub fn origin_texts(&self) -> impl Iterator<Item = String> {
        self.origins.iter().map(|url| url.origin().ascii_serialization())
    }

    /// The rules that types cannot say.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if let Some(url) = self.origins.iter().find(|url| !super::read::is_origin(url)) {
            return Err(("embedding.origins", super::read::no_origin(url)));
        }
        if self.issuer.is_empty() {
            return Ok(());
        }
        if self.audience.is_empty() {
            let message = "is needed beside the issuer: or tokens for other sites would be taken here";
            return Err(("embedding.audience", message.into()));
        }
        let secret = self.hs256_secret.expose_secret().len();
        match (secret, &self.jwks_url) {
            (0, None) => Err(("embedding.issuer", "needs either hs256_secret or jwks_url".into())),
            (1.., Some(_)) => Err(("embedding.jwks_url", "and hs256_secret cannot both be set".into())),
            (1..SECRET_BYTES, None) => Err(("embedding.hs256_secret", "must have 32 characters or more".into())),
            _ if self.roles.iter().any(|one| one.role == Role::Admin) => {
                Err(("embedding.roles", "admins are made here only".into()))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Config;

    #[test]
    fn what_would_let_strangers_in_is_refused() {
        let secret = "0123456789abcdef0123456789abcdef";
        let cases = [
            ("origins = [\"https://x.example/path\"]".to_owned(), "embedding.origins"),
            ("issuer = \"x\"".into(), "embedding.audience"),
            ("issuer = \"x\"\naudience = \"y\"".into(), "embedding.issuer"),
            (
                "issuer = \"x\"\naudience = \"y\"\nhs256_secret = \"short\"".into(),
                "embedding.hs256_secret",
            ),
            (
                format!(
                    "issuer = \"x\"\naudience = \"y\"\nhs256_secret = \"{secret}\"\njwks_url = \"https://x.example\""
                ),
                "embedding.jwks_url",
            ),
            (
                format!(
                    "issuer = \"x\"\naudience = \"y\"\nhs256_secret = \"{secret}\"\n\
                         roles = [{{ value = \"boss\", role = \"admin\" }}]"
                ),
                "embedding.roles",
            ),
        ];
        for (toml, key) in cases {
            let error = Config::from_toml(&format!("[embedding]\n{toml}"))
                .expect_err(&toml)
                .to_string();
            assert!(error.contains(key), "{toml}: {error}");
        }
    }
}
