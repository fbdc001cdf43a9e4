//! The sections of the settings about accounts, sessions, rights and tokens.

use std::time::Duration;

use secrecy::SecretString;
use serde::Deserialize;
use url::Url;

use crate::accounts::Tier;

/// `[accounts]`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accounts {
    /// Signs in as a shared instructor; empty: nobody.
    pub instructor_access_token: SecretString,
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
    #[serde(deserialize_with = "super::empty_is_none")]
    pub api_url: Option<Url>,
    /// What the outside service knows us by.
    pub api_key: SecretString,
    /// Longest time for one answer.
    #[serde(rename = "timeout_s", deserialize_with = "super::seconds")]
    pub timeout: Duration,
    /// Most attempts for one request.
    pub attempts: u32,
}
