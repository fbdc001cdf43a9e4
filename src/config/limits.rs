//! The section of the settings about how often somebody may try.

use serde::Deserialize;

/// `[limits]`
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Attempts to sign in, from one address in a minute.
    pub logins_per_address: u32,
    /// Attempts to sign in, into one account in a minute.
    pub logins_per_account: u32,
    /// New accounts, from one address in ten minutes.
    pub sign_ups_per_address: u32,
    /// Links to sign in, from one address in ten minutes.
    pub links_per_address: u32,
    /// Links to sign in, to one mailbox in a quarter of an hour.
    pub links_per_mailbox: u32,
}

/// So many are no limit any more.
const MOST: u32 = 100_000;

impl Limits {
    /// The rules that types cannot say.
    pub(super) fn check(&self) -> Result<(), (&'static str, String)> {
        let all = [
            ("limits.logins_per_address", self.logins_per_address),
            ("limits.logins_per_account", self.logins_per_account),
            ("limits.sign_ups_per_address", self.sign_ups_per_address),
            ("limits.links_per_address", self.links_per_address),
            ("limits.links_per_mailbox", self.links_per_mailbox),
        ];
        match all.into_iter().find(|(_, most)| !(1..=MOST).contains(most)) {
            Some((key, _)) => Err((key, format!("must be 1 to {MOST}"))),
            None => Ok(()),
        }
    }
}
