//! How often somebody may try: guesses at passwords and set-up links, and new accounts.

use std::hash::Hash;
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{Error, Result};

/// Keys remembered before the quiet ones are forgotten; a key is about 100 bytes.
const MOST_KEYS: usize = 50_000;

/// The limits of everything that needs no login.
#[derive(Clone)]
pub struct Limits {
    /// Logins and set-up attempts from one address.
    pub login_address: Keyed<IpAddr>,
    /// Logins into one account, whoever tries: by address in lower case.
    pub login_account: Keyed<String>,
    /// New accounts from one address.
    pub sign_up: Keyed<IpAddr>,
    /// Links by mail asked for from one address.
    pub link_address: Keyed<IpAddr>,
    /// Links to one mailbox, whoever asks: by address in lower case.
    pub link_email: Keyed<String>,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            login_address: Keyed::new(30, Duration::from_secs(2)),
            login_account: Keyed::new(10, Duration::from_secs(6)),
            sign_up: Keyed::new(20, Duration::from_secs(30)),
            link_address: Keyed::new(20, Duration::from_secs(30)),
            link_email: Keyed::new(3, Duration::from_secs(300)),
        }
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
    fn an_ipv6_household_is_one_key() {
        let key = |text: &str| address_key(text.parse().unwrap());
        assert_eq!(key("2001:db8:1:2:aaaa::1"), key("2001:db8:1:2:bbbb::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("::ffff:192.0.2.1"), key("192.0.2.1"));
    }
}
