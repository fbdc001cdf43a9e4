//! The link under a mail that ends mails of its sort: it names the user and the topic, is signed, and works without a
//! login, with one click in the mail program (RFC 8058).

use uuid::Uuid;

use super::Topic;
use crate::App;
use crate::accounts::secret::SigningKey;
use crate::notice::Notice;

/// Who does not want what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unsubscription {
    /// Who.
    pub user: Uuid,
    /// What.
    pub topic: Topic,
}

/// The address for a notice; `None`: it is not for choosing.
pub(super) fn address(app: &App, notice: &Notice) -> Option<String> {
    let topic = Topic::of(notice.template)?;
    let token = Unsubscription { user: notice.to, topic }.sign(&app.keys.unsubscribe);
    Some(format!("{}/api/notifications/unsubscribe/{token}", app.url))
}

impl Unsubscription {
    /// As text for an address.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> String {
        let topic = Topic::ALL.iter().position(|topic| *topic == self.topic);
        let number = u8::try_from(topic.expect("all topics are listed")).expect("they are few");
        let mut claims = [0; 17];
        claims[..16].copy_from_slice(self.user.as_bytes());
        claims[16] = number;
        key.seal(&claims)
    }

    /// What `text` says, if this server has signed it.
    #[must_use]
    pub fn read(text: &str, key: &SigningKey) -> Option<Unsubscription> {
        let claims: [u8; 17] = key.unseal(text)?;
        let (user, topic) = claims.split_at(16);
        Some(Unsubscription {
            user: Uuid::from_slice(user).ok()?,
            topic: *Topic::ALL.get(usize::from(*topic.first()?))?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_names_its_user_and_topic_and_cannot_be_made_up() {
        let key = SigningKey::from_bytes([1; 32]);
        for topic in Topic::ALL {
            let link = Unsubscription {
                user: Uuid::from_u128(7),
                topic,
            };
            let text = link.sign(&key);
            assert_eq!(Unsubscription::read(&text, &key), Some(link));
            assert_eq!(Unsubscription::read(&text, &SigningKey::from_bytes([2; 32])), None);
            assert_eq!(Unsubscription::read(&text[1..], &key), None);
        }
    }
}
