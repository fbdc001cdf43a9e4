//! How often somebody may try: guesses at passwords and set-up links, and new accounts. The numbers are those of the
//! settings at each moment.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};
use parking_lot::RwLock;

use crate::App;
use crate::error::{Error, Result};

/// Keys remembered before the quiet ones are forgotten; a key is about 100 bytes.
const MOST_KEYS: usize = 50_000;

/// What is remembered of everything that needs no login.
#[derive(Clone)]
pub struct Limits {
    login_address: Changing<IpAddr>,
    login_account: Changing<String>,
    sign_up: Changing<IpAddr>,
    link_address: Changing<IpAddr>,
    link_mailbox: Changing<String>,
}

impl Default for Limits {
    fn default() -> Limits {
        let [minute, ten_minutes, quarter] = [1, 10, 15].map(|minutes| Duration::from_secs(60 * minutes));
        Limits {
            login_address: Changing::new(minute),
            login_account: Changing::new(minute),
            sign_up: Changing::new(ten_minutes),
            link_address: Changing::new(ten_minutes),
            link_mailbox: Changing::new(quarter),
        }
    }
}

/// Counts an attempt to sign in, or to set up, from an address.
///
/// # Errors
/// 429 with the time until the next one, as from all of these.
pub fn login_from(app: &App, address: IpAddr) -> Result<()> {
    let most = app.settings.now().limits.logins_per_address;
    app.limits.login_address.check(most, &address_key(address))
}

/// Counts an attempt to sign in to the account with this address, whoever tries.
///
/// # Errors
/// 429
pub fn login_to(app: &App, email: &str) -> Result<()> {
    let most = app.settings.now().limits.logins_per_account;
    app.limits.login_account.check(most, &super::normal_email(email))
}

/// Counts a new account from an address.
///
/// # Errors
/// 429
pub fn sign_up_from(app: &App, address: IpAddr) -> Result<()> {
    let most = app.settings.now().limits.sign_ups_per_address;
    app.limits.sign_up.check(most, &address_key(address))
}

/// Counts a link that is asked for from an address, and sent to a mailbox, whoever asks.
///
/// # Errors
/// 429
pub fn link(app: &App, from: IpAddr, to: &str) -> Result<()> {
    let limits = &app.settings.now().limits;
    let asked = &app.limits;
    asked.link_address.check(limits.links_per_address, &address_key(from))?;
    asked
        .link_mailbox
        .check(limits.links_per_mailbox, &super::normal_email(to))
}

/// A limit whose number may change: what was counted under another one is forgotten.
#[derive(Clone)]
struct Changing<K: Hash + Eq + Clone> {
    time: Duration,
    now: Arc<RwLock<Numbered<K>>>,
}

/// The number and what was counted under it, once it was asked for.
type Numbered<K> = Option<(u32, Keyed<K>)>;

impl<K: Hash + Eq + Clone> Changing<K> {
    /// So many as are said each time, in this time.
    fn new(time: Duration) -> Changing<K> {
        Changing {
            time,
            now: Arc::default(),
        }
    }

    fn check(&self, most: u32, key: &K) -> Result<()> {
        let known = self.now.read().clone().filter(|(number, _)| *number == most);
        let keyed = match known {
            Some((_, keyed)) => keyed,
            None => {
                let keyed = Keyed::new(most, self.time / most.max(1));
                *self.now.write() = Some((most, keyed.clone()));
                keyed
            }
        };
        keyed.check(key)
    }
}

/// A limit for each key: a burst, and one more per period (the generic cell rate algorithm). Cheap to clone.
#[derive(Clone)]
pub struct Keyed<K: Hash + Eq + Clone> {
    limiter: Arc<DefaultKeyedRateLimiter<K>>,
}

impl<K: Hash + Eq + Clone> Keyed<K> {
    /// `burst` at once, then one for every `period`.
    #[must_use]
    pub fn new(burst: u32, period: Duration) -> Keyed<K> {
        let burst = NonZeroU32::new(burst).unwrap_or(NonZeroU32::MIN);
        let quota = Quota::with_period(period)
            .expect("periods are constants above zero")
            .allow_burst(burst);
        Keyed {
            limiter: Arc::new(RateLimiter::keyed(quota)),
        }
    }

    /// Counts one attempt of `key`.
    ///
    /// # Errors
    /// 429 with the time until the next one.
    pub fn check(&self, key: &K) -> Result<()> {
        if self.limiter.len() >= MOST_KEYS {
            self.limiter.retain_recent();
        }
        self.limiter.check_key(key).map_err(|refused| {
            let retry_after = refused.wait_time_from(DefaultClock::default().now());
            Error::TooMany {
                retry_after: retry_after.max(Duration::from_secs(1)),
            }
        })
    }
}

/// What counts as one address: all of an IPv4 address, the network half of an IPv6 one (a household has all of the
/// other half to itself).
#[must_use]
pub fn address_key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6((v6.to_bits() & !u128::from(u64::MAX)).into()),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_passes_and_then_the_wait_is_told() {
        let limit = Keyed::new(3, Duration::from_secs(60));
        for _ in 0..3 {
            limit.check(&"anna").unwrap();
        }
        let Err(Error::TooMany { retry_after }) = limit.check(&"anna") else {
            panic!("not refused")
        };
        assert!(retry_after > Duration::from_secs(50), "{retry_after:?}");
        limit.check(&"bob").unwrap();
    }

    #[test]
    fn a_number_that_changes_counts_from_then_on() {
        let limit = Changing::new(Duration::from_secs(60));
        limit.check(1, &"anna").unwrap();
        limit.check(1, &"anna").unwrap_err();
        for _ in 0..2 {
            limit.check(2, &"anna").unwrap();
        }
        limit.check(2, &"anna").unwrap_err();
    }

    #[test]
    fn an_ipv6_household_is_one_key() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:aaaa::1"), key("2001:db8:1:2:bbbb::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
