//! How many WebSockets one user, or one address, may have open at the same time.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use http::StatusCode;
use parking_lot::Mutex;
use uuid::Uuid;

use crate::accounts::limits::address_key;
use crate::config::Conversation;
use crate::error::{Error, Result};

/// Whose place it is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Whose {
    User(Uuid),
    Address(IpAddr),
}

/// All places. Clones are the same ones.
#[derive(Clone)]
pub(super) struct Places {
    taken: Arc<Mutex<HashMap<Whose, u32>>>,
    most_of_user: u32,
    most_of_address: u32,
}

/// A place that is taken, free again when this is dropped.
pub(super) struct Place {
    taken: Arc<Mutex<HashMap<Whose, u32>>>,
    whose: Vec<Whose>,
}

impl Places {
    pub(super) fn new(config: &Conversation) -> Places {
        Places {
            taken: Arc::default(),
            most_of_user: config.sockets_per_user,
            most_of_address: config.sockets_per_address,
        }
    }

    /// Takes one.
    ///
    /// # Errors
    /// 429 when the user, or the address, has as many as it may have.
    pub(super) fn take(&self, user: Option<Uuid>, address: IpAddr) -> Result<Place> {
        let mut taken = self.taken.lock();
        let mut whose = vec![Whose::Address(address_key(address))];
        whose.extend(user.map(Whose::User));
        let is_full = |one: &Whose| {
            let most = match one {
                Whose::User(_) => self.most_of_user,
                Whose::Address(_) => self.most_of_address,
            };
            taken.get(one).is_some_and(|&count| count >= most)
        };
        if whose.iter().any(is_full) {
            return Err(Error::Refused {
                status: StatusCode::TOO_MANY_REQUESTS,
                code: "too-many-sockets",
                detail: "you follow as many sessions at the same time as you may".into(),
            });
        }
        whose.iter().for_each(|&one| *taken.entry(one).or_default() += 1);
        Ok(Place {
            taken: Arc::clone(&self.taken),
            whose,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.taken.lock();
        for one in &self.whose {
            if let Some(count) = taken.get_mut(one) {
                *count -= 1;
                if *count == 0 {
                    taken.remove(one);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn places_are_few_for_a_user_and_an_address_and_free_again_at_the_end() {
        let mut config = Config::from_toml("").unwrap().conversation;
        (config.sockets_per_user, config.sockets_per_address) = (2, 3);
        let places = Places::new(&config);
        let (anna, ben) = (Some(Uuid::from_u128(1)), Some(Uuid::from_u128(2)));
        let [home, school] = ["192.0.2.1", "192.0.2.2"].map(|text| text.parse::<IpAddr>().unwrap());
        let first = places.take(anna, home).unwrap();
        let _second = places.take(anna, school).unwrap();
        assert!(places.take(anna, home).is_err(), "anna has two");
        let _ben = places.take(ben, home).unwrap();
        let _nobody = places.take(None, home).unwrap();
        assert!(places.take(None, home).is_err(), "home has three");
        drop(first);
        assert!(places.take(anna, home).is_ok());
        drop((_second, _ben, _nobody));
        assert!(places.taken.lock().is_empty());
    }
}
