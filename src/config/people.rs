//! The sections of the settings about accounts, sessions, rights and tokens.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;

use crate::accounts::Tier;

/// `[accounts]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Signs in as a shared instructor; empty: nobody.
    pub instructor_access_token: SecretString,
    /// Whether people make accounts of their own.
    pub sign_up: bool,
    /// Whether people sign in with passwords.
    pub passwords: bool,
    /// Accounts elsewhere that people sign in with.
    pub oidc: Vec<OidcProvider>,
    /// Days of the audit log; 0: for ever.
    pub audit_days: u32,
}

/// An entry of `accounts.oidc`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OidcProvider {
    /// In addresses: lower-case letters, digits and dashes.
    pub id: String,
    /// On the button.
    pub name: String,
    /// Where `/.well-known/openid-configuration` is found.
    pub issuer: String,
    /// What it knows us by.
    pub client_id: String,
    /// What it knows us by, in secret; empty for a client without, and for Apple.
    #[serde(default)]
    pub client_secret: SecretString,
    /// What is asked for beside `openid`.
    #[serde(default = "usual_scopes")]
    pub scopes: Vec<String>,
    /// Whether its addresses are believed where it does not say that they were verified.
    #[serde(default)]
    pub trust_email: bool,
    /// Whether it answers by a form that the browser posts, as Apple does.
    #[serde(default)]
    pub form_post: bool,
    /// For Apple: what its client secrets are made with.
    #[serde(default)]
    pub apple: Option<AppleKey>,
}

/// Apple's key, from which client secrets are made.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AppleKey {
    /// The developer team.
    pub team_id: String,
    /// The key's name.
    pub key_id: String,
    /// The `.p8` file.
    pub key_file: PathBuf,
}

fn usual_scopes() -> Vec<String> {
    ["email", "profile"].map(str::to_owned).into()
}

impl Accounts {
    /// The rules that types cannot say.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        if (1..32).contains(&self.instructor_access_token.expose_secret().len()) {
            let message = "must have 32 characters or more";
            return Err(("accounts.instructor_access_token", message.into()));
        }
        let mut ids = HashSet::new();
        for provider in &self.oidc {
            provider.check().map_err(|message| ("accounts.oidc", message))?;
            if !ids.insert(&provider.id) {
                return Err(("accounts.oidc", format!("two providers have the id {:?}", provider.id)));
            }
        }
        Ok(())
    }
}

impl OidcProvider {
    fn check(&self) -> Result<(), String> {
        let id = &self.id;
        let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if id.is_empty() || !id.chars().all(is_id) {
            return Err(format!(
                "the id {id:?} is not made of lower-case letters, digits and dashes"
            ));
        }
        let issuer = Url::parse(&self.issuer)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https"));
        if issuer.is_none_or(|url| url.query().is_some()) {
            return Err(format!("the issuer {:?} of {id:?} is not a web address", self.issuer));
        }
        if self.client_id.is_empty() || self.name.trim().is_empty() {
            return Err(format!("{id:?} needs a name and a client_id"));
        }
        Ok(())
    }
}

/// `[sessions]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sessions {
    /// Minutes after the planned end; 0: never.
    pub cancel_unstarted_after_minutes: u32,
}

/// `[access]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Access {
    /// Who may watch live sessions that are open to subscribers.
    pub subscriber_tiers: Vec<Tier>,
    /// Who may see every replay.
    pub replay_tiers: Vec<Tier>,
}

/// `[tokens]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Where an outside service keeps them; `None`: our own ledger.
    #[serde(deserialize_with = "super::read::empty_is_none")]
    pub api_url: Option<Url>,
    /// What the outside service knows us by.
    pub api_key: SecretString,
    /// Longest time for one answer.
    #[serde(rename = "timeout_s", deserialize_with = "super::read::seconds")]
    pub timeout: Duration,
    /// Most attempts for one request.
    pub attempts: u32,
}

impl Tokens {
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let is_plain = |url: &Url| matches!(url.scheme(), "http" | "https") && url.query().is_none();
        if let Some(url) = self.api_url.as_ref().filter(|url| !is_plain(url)) {
            return Err(("tokens.api_url", format!("{url} is not a plain web address")));
        }
        match (1..=10).contains(&self.attempts) {
            true => Ok(()),
            false => Err(("tokens.attempts", "must be 1 to 10".into())),
        }
    }
}
