//! Keys and times of a session's messages that grow in the order in which they are committed, though several servers
//! write them and their clocks differ. Whoever writes holds the lock of the session's row from before it asks here until
//! its commit.

use uuid::Uuid;

use crate::db::Ts;
use crate::id;

/// The last message of a session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, sqlx::FromRow)]
pub struct Order {
    /// Its key.
    pub last_message: Option<Uuid>,
    /// Its time.
    pub last_at: Ts,
}

impl Order {
    /// Key and time of the next one.
    pub(super) fn next(self, now: Ts) -> (Uuid, Ts) {
        let (new, at) = (id::new(), now.max(Ts(self.last_at.0 + 1)));
        match self.last_message {
            Some(last) if last >= new => (after(last), at),
            _ => (new, at),
        }
    }
}

/// The next key: the last 62 bits of a UUID of version 7 are random, so there is room in them.
fn after(last: Uuid) -> Uuid {
    Uuid::from_u128(last.as_u128() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_times_grow_though_clocks_do_not() {
        let now = Ts::now();
        let ahead = Uuid::from_u128(id::new().as_u128() + (1 << 100)); // a server whose clock is fast
        let mut order = Order {
            last_message: Some(ahead),
            last_at: now.plus_s(60),
        };
        for _ in 0..3 {
            let (message, at) = order.next(now);
            assert!(Some(message) > order.last_message && at > order.last_at);
            assert_eq!(message.get_version_num(), 7);
            order = Order {
                last_message: Some(message),
                last_at: at,
            };
        }
        let first = Order {
            last_message: None,
            last_at: Ts(0),
        };
        assert_eq!(first.next(now).1, now);
    }
}
